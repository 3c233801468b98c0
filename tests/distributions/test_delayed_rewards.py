"""The way back to amount and time: exact where it can be, and as blind as it must be."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine.distributions import expectiles, impute_on_support
from distributional_dopamine.distributions.delayed_rewards import (
    decode_expectiles,
    decode_thresholds,
    discounted_expectiles,
    joint_matrix,
    map_distance,
    reward_map,
)
from distributional_dopamine.distributions.laplace import (
    laplace_matrix,
    nonnegative_inverse,
    smoothed_inverse,
)
from distributional_dopamine.learning.time_and_amount import threshold_sensitivity

# --- one dimension ---


def test_smoothed_inverse_is_ridge_regression_where_nothing_is_negative():
    rng = np.random.default_rng(0)
    matrix = rng.uniform(size=(6, 4))
    y = matrix @ np.array([[0.4, 0.1], [0.2, 0.3], [0.3, 0.5], [0.1, 0.1]])
    ridge = np.linalg.solve(matrix.T @ matrix + 0.01 * np.eye(4), matrix.T @ y)
    assert ridge.min() > 0
    np.testing.assert_allclose(smoothed_inverse(matrix, y, 0.1), ridge / ridge.sum(axis=0), rtol=1e-9)


def test_smoothed_inverse_cuts_what_is_negative_and_shares_out_nothing():
    np.testing.assert_allclose(smoothed_inverse(np.eye(3), [-1.0, 1.0, 3.0], 1e-9), [0, 0.25, 0.75])
    np.testing.assert_allclose(smoothed_inverse(np.eye(2), [-1.0, -1.0], 1e-9), [0.5, 0.5])


def test_nonnegative_inverse_meets_the_conditions_of_a_minimum():
    rng = np.random.default_rng(1)
    matrix, y, smoothing = laplace_matrix(rng.uniform(0.2, 1, 12), np.arange(8.0)), rng.uniform(size=12), 0.2
    p = nonnegative_inverse(matrix, y, smoothing)
    # Karush, Kuhn and Tucker, for the multiple of p that is the minimum: the scale solves the normal equation
    fit = matrix @ p
    scale = (fit @ y) / (fit @ fit + smoothing**2 * (p @ p))
    slope = matrix.T @ (scale * fit - y) + smoothing**2 * scale * p
    assert np.all(slope > -1e-9)
    np.testing.assert_allclose(slope[p > 0], 0, atol=1e-9)


@given(st.floats(0, 7), st.floats(0.2, 1.0))
@settings(max_examples=25, deadline=None)
def test_delays_are_found_without_noise(delay, share):
    grid = np.unique([0.0, 2.0, 4.0, 6.0, 8.0, delay])
    gammas = np.exp(-np.linspace(0.01, 3, 30))
    matrix = laplace_matrix(gammas, grid)
    truth = np.where(grid == delay, share, 0.0) + np.where(grid == 8.0, 1 - share, 0.0)
    found = nonnegative_inverse(matrix, matrix @ truth, 0.0)
    assert found @ grid == pytest.approx(truth @ grid / truth.sum(), abs=1e-3)


def test_a_coin_between_two_delays_and_one_sure_delay_look_alike():
    # The number on the page: no discount factor separates the two by more than 0.52 % of a full response.
    gammas = np.linspace(0, 1, 10_001)
    coin, sure = laplace_matrix(gammas, [3.0, 4.5]).mean(axis=1), laplace_matrix(gammas, [3.65])[:, 0]
    assert 0.005 < np.abs(coin - sure).max() < 0.0052


# --- two dimensions ---

RNG = np.random.default_rng(2)
GAMMAS = np.exp(-RNG.gamma(1.0, 0.3, 120))
TAUS = RNG.uniform(0.05, 0.95, 120)
THRESHOLDS = RNG.uniform(0, 9, 120)
DELAYS, AMOUNTS = np.arange(0, 7.0), np.arange(1.0, 9.0)


def a_map(*pairs):
    probabilities = np.zeros((7, 8))
    for delay, amount, share in pairs:
        probabilities[delay, amount - 1] = share
    return reward_map(DELAYS, AMOUNTS, probabilities)


MAPS = {
    "sure": a_map((3, 4, 1.0)),
    "small soon": a_map((1, 2, 0.5), (6, 7, 0.5)),
    "large soon": a_map((1, 7, 0.5), (6, 2, 0.5)),
    "three": a_map((0, 8, 0.2), (2, 3, 0.3), (5, 6, 0.5)),
}


@pytest.mark.parametrize("name", MAPS)
def test_both_codes_give_back_a_map_on_the_grid(name):
    truth = MAPS[name]
    felt = threshold_sensitivity(AMOUNTS, THRESHOLDS, 0.5)
    values = joint_matrix(GAMMAS, DELAYS, felt) @ truth.probabilities.ravel()
    found = decode_thresholds(values, GAMMAS, felt, DELAYS, AMOUNTS, 1e-6)
    assert map_distance(found, truth, 6, 8) < 0.01
    values = discounted_expectiles(truth, GAMMAS, TAUS)
    found = decode_expectiles(values, GAMMAS, TAUS, DELAYS, AMOUNTS, 1e-6)
    assert map_distance(found, truth, 6, 8) < 0.01


def test_marginals_alone_cannot_tell_the_two_cues_apart():
    one, two = (MAPS[name].product_of_marginals() for name in ("small soon", "large soon"))
    np.testing.assert_allclose(one.probabilities, two.probabilities, atol=1e-15)
    assert MAPS["small soon"].correlation == pytest.approx(1)
    assert MAPS["large soon"].correlation == pytest.approx(-1)
    assert one.correlation == pytest.approx(0, abs=1e-12)
    assert MAPS["sure"].correlation == 0.0


def test_without_delay_a_cell_holds_the_expectile_of_the_amount():
    truth = a_map((0, 2, 0.3), (0, 5, 0.5), (0, 8, 0.2))
    values = discounted_expectiles(truth, GAMMAS, TAUS)
    np.testing.assert_allclose(values, expectiles([2, 5, 8], TAUS, [0.3, 0.5, 0.2]), rtol=1e-12)
    on_line = impute_on_support(values, TAUS, AMOUNTS).weights
    at_once = decode_expectiles(values, GAMMAS, TAUS, [0.0], AMOUNTS, 0.0)
    np.testing.assert_allclose(at_once.amount_probabilities, on_line, atol=1e-6)


def test_sampling_follows_the_map():
    delays, amounts = MAPS["three"].sample(20_000, np.random.default_rng(3))
    for delay, amount, share in ((0, 8, 0.2), (2, 3, 0.3), (5, 6, 0.5)):
        assert np.mean((delays == delay) & (amounts == amount)) == pytest.approx(share, abs=0.015)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_map_distance_agrees_with_pot(seed):
    rng = np.random.default_rng(seed)
    one = reward_map([0.0, 1.5, 4.0], [1.0, 2.0], rng.integers(0, 4, (3, 2)) + np.eye(3, 2))
    two = reward_map([0.5, 3.0], [1.0, 2.5, 8.0], rng.integers(0, 4, (2, 3)) + np.eye(2, 3))
    cost = np.zeros((6, 6))
    for i, (d, r) in enumerate((d, r) for d in one.delays for r in one.amounts):
        for j, (e, s) in enumerate((e, s) for e in two.delays for s in two.amounts):
            cost[i, j] = abs(d - e) / 6 + abs(r - s) / 8
    exact = ot.emd2(one.probabilities.ravel(), two.probabilities.ravel(), cost)
    assert map_distance(one, two, 6, 8) == pytest.approx(exact, abs=1e-9)
    assert map_distance(two, one, 6, 8) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: laplace_matrix([1.2], [1.0]), r"discounts must lie in \[0, 1\] per second"),
        (lambda: laplace_matrix([0.5], [-1.0]), "delays must be zero or positive, found -1"),
        (lambda: smoothed_inverse(np.eye(2), [1.0, 0.0], 0.0), "smoothing must be above 0"),
        (lambda: nonnegative_inverse(np.eye(2), [1.0], 0.0), "one row for each of 2 cells"),
        (lambda: nonnegative_inverse(np.eye(2), np.eye(2), 0.0), "responses must be one vector"),
        (lambda: nonnegative_inverse(np.eye(2), [1.0, 0.0], -1.0), "smoothing must be zero or positive"),
        (lambda: nonnegative_inverse([1.0, 2.0], [1.0, 0.0], 0.0), "cells as rows"),
        (lambda: reward_map([1, 0], [1], [[1], [1]]), "delays must be strictly increasing"),
        (lambda: reward_map([-1, 0], [1], [[1], [1]]), "delays must be zero or positive"),
        (lambda: reward_map([0, 1], [1], [[1, 1]]), r"shape \(2, 1\), delays by amounts"),
        (lambda: joint_matrix([0.5], [1.0], [[1.0, 2.0]]), "sensitivities must be amounts by cells"),
        (lambda: discounted_expectiles(MAPS["sure"], [0.5], [0.5, 0.6]), "taus must have one order"),
        (lambda: decode_expectiles([1.0], [0.5, 0.6], [0.5], [0], [1], 0.0), "must have one entry a cell"),
        (lambda: decode_expectiles([1.0], [0.5], [0.5], [0], [1], -1.0), "smoothing must be zero or"),
        (lambda: map_distance(MAPS["sure"], MAPS["sure"], 0, 1), "longest and largest must be above 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
