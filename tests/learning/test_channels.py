"""Wired channels: by hand, against the unwired learners, at rest, and mapped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.learning import channels
from distributional_dopamine.learning import distributional as dist


def test_wired_population_by_hand():
    # cell 0 hears 1 and errs by 2, cell 1 hears the mean, 2, and errs by 1; both teach prediction 1 alike
    history = channels.wired_population(
        [3.0], [0.5, 0.2], [9.0, 9.0], [[1, 0], [0.5, 0.5]], [[1, 0], [0.5, 0.5]], values=[1.0, 3.0]
    )
    np.testing.assert_allclose(history[-1], [1.0 + 1.0, 3.0 + 0.5 * (1.0 + 0.2)])
    # a negative error takes alpha-
    history = channels.wired_population([0.0], [9.0], [0.25], [[1.0]], [[1.0]], values=[2.0])
    np.testing.assert_allclose(history[-1], [1.5])


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(0, 9), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_wired_population_is_the_two_equations(seed, n_cells, n_trials, record_every):
    rng = np.random.default_rng(seed)
    rewards = rng.normal(size=n_trials)
    plus, minus = rng.random((2, n_cells))
    hearing, teaching = rng.dirichlet(np.ones(n_cells), size=(2, n_cells))
    v = rng.normal(size=n_cells)
    found = channels.wired_population(rewards, plus, minus, hearing, teaching, v, record_every)
    expected = [v]
    for trial, reward in enumerate(rewards, start=1):
        delta = reward - hearing @ v
        v = v + teaching @ (np.where(delta > 0, plus, minus) * delta)
        if trial % record_every == 0:
            expected.append(v)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_without_mixing_it_is_the_population_of_the_earlier_chapters():
    rng = np.random.default_rng(1)
    rewards, plus, minus = rng.normal(size=40), rng.random(6) / 2, rng.random(6) / 2
    alone = np.eye(6)
    np.testing.assert_allclose(
        channels.wired_population(rewards, plus, minus, alone, alone, record_every=1),
        dist.expectile_population(rewards, plus, minus, record_every=1),
        atol=1e-14,
    )
    mixing = dist.gaussian_mixing(6, 1.5)
    np.testing.assert_allclose(
        channels.wired_population(rewards, plus, minus, mixing, alone, record_every=1),
        dist.coupled_population(rewards, plus, minus, mixing, record_every=1),
        atol=1e-12,
    )


@pytest.mark.parametrize("width", [0.0, 0.7, 1.0])
def test_cells_hear_their_expectiles_whatever_the_mixing(width):
    outcomes, weights = [0.0, 1.0, 5.0], [0.5, 0.3, 0.2]
    taus = dist.midpoints(7)
    mixing = dist.gaussian_mixing(7, width)
    rates = 0.2 * taus, 0.2 * (1 - taus)
    rest = channels.expected_path(outcomes, weights, *rates, mixing, mixing, n_trials=200_000)[-1]
    np.testing.assert_allclose(mixing @ rest, expectiles(outcomes, taus, weights), atol=1e-6)


def test_a_flat_mixture_shares_one_prediction():
    flat, taus = np.full((5, 5), 0.2), dist.midpoints(5)
    path = channels.expected_path([0, 1], [3, 1], taus, 1 - taus, flat, flat, n_trials=200)
    # the mean bend is even, so that the one prediction is the mean
    np.testing.assert_allclose(path[-1], 0.25, atol=1e-9)


def test_small_steps_keep_to_the_expected_path():
    rng = np.random.default_rng(2)
    taus, mixing = dist.midpoints(5), dist.gaussian_mixing(5, 1.0)
    plus, minus = 2e-3 * taus, 2e-3 * (1 - taus)
    rewards = rng.integers(0, 2, size=20_000).astype(float)
    path = channels.expected_path([0, 1], [0.5, 0.5], plus, minus, mixing, mixing, 20_000, record_every=5000)
    found = channels.wired_population(rewards, plus, minus, mixing, mixing, record_every=5000)
    np.testing.assert_allclose(found, path, atol=0.05)
    assert np.ptp(path[-1]) > 0.5


def test_without_chance_the_expected_path_is_the_path():
    rng = np.random.default_rng(5)
    hearing, teaching = rng.dirichlet(np.ones(4), size=(2, 4))
    arguments = *rng.random((2, 4)), hearing, teaching
    np.testing.assert_allclose(
        channels.expected_path([2.0], [1.0], *arguments, 6, record_every=2),
        channels.wired_population([2.0] * 6, *arguments, record_every=2),
        atol=1e-12,
    )


def test_the_expected_path_starts_where_it_is_told_and_weighs_outcomes():
    path = channels.expected_path([0.0, 4.0], [3, 1], [0.5], [0.1], [[1]], [[1]], 1, values=[2.0])
    np.testing.assert_allclose(path, [[2.0], [2.0 + 0.75 * 0.1 * -2 + 0.25 * 0.5 * 2]])
    assert channels.expected_path([0.0], [1], [0.5], [0.1], [[1]], [[1]], 0).tolist() == [[0.0]]


@given(st.floats(0.05, 0.95), st.floats(-3, 3), st.floats(0.1, 4))
@settings(max_examples=40, deadline=None)
def test_a_line_through_two_responses_crosses_at_one_minus_the_asymmetry(tau, low, width):
    rewards = [low, low + width]
    answers = dist.population_responses([low + width / 2], rewards, [tau], [1 - tau])
    assert channels.line_reversal_points(rewards, answers)[0] == pytest.approx(low + width * (1 - tau))


def test_line_reversal_points_are_those_of_least_squares():
    rng = np.random.default_rng(3)
    rewards, responses = rng.normal(size=7), rng.normal(size=(4, 7))
    for row, found in zip(responses, channels.line_reversal_points(rewards, responses), strict=True):
        slope, intercept = np.polyfit(rewards, row, 1)
        assert found == pytest.approx(-intercept / slope)
    assert not np.isfinite(channels.line_reversal_points([0, 1], [[1.0, 1.0]]))[0]


ONE = ([1.0], [0.1], [0.1], [[1.0]], [[1.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: channels.wired_population([1], [0.1], [0.1], [[0.5]], [[1]]), "hearing must have rows"),
        (lambda: channels.wired_population([1], [0.1], [0.1], [[1]], [[1, 0]]), "teaching must have shape"),
        (lambda: channels.wired_population([1], [-0.1], [0.1], [[1]], [[1]]), "alpha_plus must be zero or"),
        (lambda: channels.wired_population([1], [0.1], [0.1, 0.2], [[1]], [[1]]), "alpha_minus must have le"),
        (lambda: channels.wired_population(*ONE, values=[1, 2]), "values must have length 1"),
        (lambda: channels.wired_population(*ONE, record_every=0), "record_every must be a whole number"),
        (lambda: channels.expected_path([0, 1], [1], *ONE[1:], 1), "weights must have length 2"),
        (lambda: channels.expected_path([0, 1], [0, 0], *ONE[1:], 1), "weights must be non-negative"),
        (lambda: channels.line_reversal_points([0, 1], [[1.0, 2.0, 3.0]]), "a column for each of 2 rewards"),
        (lambda: channels.line_reversal_points([1, 1], [[1.0, 2.0]]), "at least two different rewards"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
