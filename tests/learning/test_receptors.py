"""Receptor occupancy: closed forms, slopes by difference, symmetries, and learners that know nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine.learning import receptors

LEVELS = st.floats(0.01, 100)


def test_occupancy_by_hand():
    np.testing.assert_allclose(receptors.occupancy([0, 2, 6], 2.0), [0, 0.5, 0.75])
    np.testing.assert_allclose(receptors.occupancy([2, 6], 2.0, hill=2.0), [0.5, 0.9])
    assert receptors.occupancy(3.0, [3.0, 1.0]).tolist() == [0.5, 0.75]


@given(LEVELS, LEVELS, st.floats(0.5, 3))
@settings(max_examples=60, deadline=None)
def test_the_slope_is_the_derivative(c, k, hill):
    step = 1e-5 * c
    rise = receptors.occupancy(c + step, k, hill) - receptors.occupancy(c - step, k, hill)
    assert receptors.occupancy_slope(c, k, hill) == pytest.approx(rise / (2 * step), rel=1e-4, abs=1e-12)


def test_the_slope_without_dopamine():
    assert receptors.occupancy_slope(0.0, 4.0) == pytest.approx(0.25)
    assert receptors.occupancy_slope(0.0, 4.0, hill=2.0) == 0.0


@given(LEVELS, st.floats(0.05, 50), st.floats(0.1, 10))
@settings(max_examples=60, deadline=None)
def test_tonic_asymmetry_has_its_closed_form_and_symmetries(tonic, ratio, unit):
    k1, k2 = np.sqrt(ratio) * unit, unit / np.sqrt(ratio)
    balance = ratio * ((tonic + k2) / (tonic + k1)) ** 2
    tau = receptors.tonic_asymmetry(tonic, k1, k2)
    assert tau == pytest.approx(balance / (1 + balance))
    # the receptors' places swapped; and the tonic level mirrored about the balanced one
    assert receptors.tonic_asymmetry(tonic, k2, k1) == pytest.approx(1 - tau)
    assert receptors.tonic_asymmetry(unit**2 / tonic, k1, k2) == pytest.approx(1 - tau)


def test_tonic_asymmetry_at_its_ends_and_its_middle():
    ends = receptors.tonic_asymmetry([0.0, 6.0, 1e9], 12.0, 3.0)
    np.testing.assert_allclose(ends, [1 / 5, 1 / 2, 4 / 5], atol=1e-6)


def test_a_learner_by_hand():
    # up: D1 occupancy from 1/2 to 2/3; down: D2 occupancy from 1/3 to 0, for a dip cannot go below zero
    up = receptors.receptor_population([1.0], [1.0], 1.0, 2.0, release=1.0, learning_rate=0.6)
    np.testing.assert_allclose(up, [[0.0], [0.1]])
    down = receptors.receptor_population([0.0], [1.0], 1.0, 2.0, 1.0, 0.6, values=[3.0])
    np.testing.assert_allclose(down[-1], [3.0 - 0.2])


@pytest.mark.parametrize("hill", [1.0, 2.0])
def test_small_errors_teach_the_expectile_of_the_tonic_asymmetry(hill):
    # of a fair coin, whose expectile is the order itself
    coin = np.tile([0.0, 1.0, 1.0, 0.0], 10_000)
    levels = np.array([0.3, 1.0, 3.0])
    release = 1e-3
    learned = receptors.receptor_population(
        coin, levels, 3.0, 1 / 3, release, 0.02 / release, hill, np.full(3, 0.5), record_every=4
    )
    settled = learned[len(learned) // 2 :].mean(axis=0)
    np.testing.assert_allclose(settled, receptors.tonic_asymmetry(levels, 3.0, 1 / 3, hill), atol=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: receptors.occupancy(-1.0, 1.0), "concentration must be zero or positive, found -1.0"),
        (lambda: receptors.occupancy(1.0, 0.0), "half_occupancy must be above zero, found 0.0"),
        (lambda: receptors.occupancy(1.0, 1.0, 0.0), "hill must be above zero, found 0.0"),
        (lambda: receptors.occupancy_slope(0.0, 1.0, 0.5), "the slope has no limit"),
        (
            lambda: receptors.receptor_population([1], [0.0], 1, 1, 1, 1),
            "tonic must be above zero, found 0.0",
        ),
        (
            lambda: receptors.receptor_population([1], [1.0], 1, -2, 1, 1),
            "half_occupancy_d2 must be above zero",
        ),
        (lambda: receptors.receptor_population([1], [1.0], 1, 1, 0, 1), "release must be above zero"),
        (
            lambda: receptors.receptor_population([1], [1.0], 1, 1, 1, -1),
            "learning_rate must be zero or posit",
        ),
        (
            lambda: receptors.receptor_population([1], [1.0], 1, 1, 1, 1, values=[0, 0]),
            "values must have leng",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
