"""Cells of many horizons: what they come to hold, by hand and in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from distributional_dopamine.distributions.delayed_rewards import (
    discounted_expectiles,
    joint_matrix,
    reward_map,
)
from distributional_dopamine.learning import time_and_amount as ta


def test_first_trials_by_hand():
    # Delay of one step, gamma 1/4 per second, so 1/2 a step; learning rate 1/2, reward 8. Only the moment of
    # the reward learns in the first trial; in the second the cue hears of it: 1/2 (1/2 * 4 - 0) = 1.
    first = ta.learn_delayed_rewards([[8.0]], [0.5], [0.25], [0.5], [0.5], 0.5)
    np.testing.assert_allclose(first, [[0.0], [4.0]])
    both = ta.learn_delayed_rewards([[8.0]] * 2, [0.5] * 2, [0.25], [0.5], [0.5], 0.5)
    np.testing.assert_allclose(both, [[1.0], [6.0]])  # the second half of two trials is the second


def test_asymmetric_rates_by_hand():
    # Errors +4 and then 1 - 2 = -1, with rates 1/2 up and 1/4 down.
    values = ta.learn_delayed_rewards([[4.0], [1.0]], [0.0, 0.0], [0.9], [0.5], [0.25], 1.0)
    np.testing.assert_allclose(values, [[2.0 - 0.25]])


def test_even_cells_come_to_hold_the_discounted_mean():
    truth = reward_map([0.0, 1.0, 3.0], [1.0, 5.0], [[1, 2], [3, 1], [0, 3]])
    rng = np.random.default_rng(0)
    gammas, thresholds = np.array([0.2, 0.6, 0.95]), np.array([0.5, 3.0, 4.8])
    delays, amounts = truth.sample(60_000, rng)
    felt = ta.threshold_sensitivity(amounts, thresholds, 0.5)
    rate = np.full(3, 0.01)
    values = ta.learn_delayed_rewards(felt, delays, gammas, rate, rate, 0.5)[0]
    sensitivities = ta.threshold_sensitivity(truth.amounts, thresholds, 0.5)
    exact = joint_matrix(gammas, truth.delays, sensitivities) @ truth.probabilities.ravel()
    np.testing.assert_allclose(values, exact, atol=0.01)


def test_asymmetric_cells_hold_the_expectile_when_there_is_a_single_fork():
    # A small reward soon or a large one late: what is uncertain is settled at one moment.
    truth = reward_map([0.5, 1.5], [2.0, 6.0], [[1, 0], [0, 1]])
    gammas, taus = np.array([0.5, 0.8, 0.9]), np.array([0.2, 0.5, 0.8])
    delays, amounts = truth.sample(60_000, np.random.default_rng(1))
    felt = np.repeat(amounts[:, None], 3, axis=1)
    values = ta.learn_delayed_rewards(felt, delays, gammas, 0.01 * taus, 0.01 * (1 - taus), 0.5)[0]
    np.testing.assert_allclose(values, discounted_expectiles(truth, gammas, taus), atol=0.05)


@given(st.floats(0, 20), st.floats(0.2, 5), st.floats(0.02, 2))
@settings(max_examples=30, deadline=None)
def test_mean_discount_is_the_integral_over_rates(delay, shape, scale):
    law = stats.gamma(shape, scale=scale)
    # over orders and not over rates: nothing is singular, and no tail is cut
    integral = integrate.quad(lambda order: np.exp(-delay * law.ppf(order)), 0, 1, limit=200)[0]
    assert ta.mean_discount(delay, shape, scale) == pytest.approx(integral, abs=2e-5)


def test_mean_discount_with_shape_one_is_a_hyperbola_and_tends_to_an_exponential():
    delays = np.linspace(0, 10, 7)
    np.testing.assert_allclose(ta.mean_discount(delays, 1.0, 0.3), 1 / (1 + 0.3 * delays), rtol=1e-15)
    np.testing.assert_allclose(ta.mean_discount(delays, 1e7, 0.3e-7), np.exp(-0.3 * delays), rtol=1e-5)


def test_thresholds_rise_from_zero_to_one():
    felt = ta.threshold_sensitivity([0.0, 2.0, 4.0], [2.0], 0.5)[:, 0]
    np.testing.assert_allclose(felt, stats.logistic.cdf([-4.0, 0.0, 4.0]), rtol=1e-12)
    np.testing.assert_array_equal(ta.threshold_sensitivity([1e6, -1e6], [2.0], 1e-3)[:, 0], [1.0, 0.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"delays": [0.3]}, "delays must be multiples of the step 0.5"),
        ({"delays": [-0.5]}, "delays must be multiples of the step 0.5, at least 0"),
        ({"discounts": [1.5]}, "discounts must lie between 0 and 1"),
        ({"alpha_minus": [0.1, 0.1]}, "alpha_minus must have length 1, found 2"),
        ({"step": 0.0}, "step must be above 0"),
        ({"rewards": np.zeros((0, 1)), "delays": []}, "rewards must hold at least one trial"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {
        "rewards": [[1.0]],
        "delays": [0.5],
        "discounts": [0.5],
        "alpha_plus": [0.1],
        "alpha_minus": [0.1],
        "step": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        ta.learn_delayed_rewards(**(good | change))


def test_negative_rates_and_delays_are_refused():
    with pytest.raises(ValueError, match="rates must be zero or positive, found -1"):
        ta.discount_factors([0.1, -1.0])
    with pytest.raises(ValueError, match="delays must be zero or positive"):
        ta.mean_discount([-1.0], 1.0, 1.0)
