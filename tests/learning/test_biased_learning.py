"""Moods and surges: against the expectile, a numerical stability analysis and closed forms of the climb."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.learning import biased_learning as biased
from distributional_dopamine.learning.distributional import expectile_population


def averaged_step(state, values, weights, alpha, eta, gain, log_odds):
    """One trial of the learner with a mood, averaged over the law of the reward: written out anew."""
    v, m = state
    tau = 1 / (1 + np.exp(-(log_odds + gain * m)))
    felt = sum(w * 2 * (tau if x > v else 1 - tau) * (x - v) for x, w in zip(values, weights, strict=True))
    return np.array([v + alpha * felt, m + eta * (felt - m)])


def spectral_radius(values, weights, alpha, eta, gain, tau):
    log_odds = np.log(tau / (1 - tau))
    rest = np.array([expectiles(values, tau, weights).item(), 0.0])
    step = 1e-6
    jacobian = np.stack(
        [
            averaged_step(rest + d, values, weights, alpha, eta, gain, log_odds)
            - averaged_step(rest - d, values, weights, alpha, eta, gain, log_odds)
            for d in step * np.eye(2)
        ],
        axis=1,
    ) / (2 * step)
    return np.abs(np.linalg.eigvals(jacobian)).max()


def test_mood_by_hand():
    # even: felt 2, V 0.2, m 1; then tau = logistic(2) for the error -0.2
    tau = 1 / (1 + np.exp(-2.0))
    run = biased.mood_learning([2.0, 0.0], 0.1, 0.5, 2.0)
    felt = 2 * (1 - tau) * -0.2
    np.testing.assert_allclose(run.values[:, 0], [0, 0.2, 0.2 + 0.1 * felt])
    np.testing.assert_allclose(run.moods[:, 0], [0, 1, 1 + 0.5 * (felt - 1)])
    np.testing.assert_allclose(run.asymmetries[:2, 0], [0.5, tau])


@pytest.mark.parametrize("tau", [0.2, 0.5, 0.7])
def test_without_gain_it_is_the_asymmetric_learner_and_rests_at_the_expectile(tau):
    rng = np.random.default_rng(5)
    rewards = rng.choice([0.0, 1.0, 4.0], size=60_000, p=[0.5, 0.3, 0.2])
    run = biased.mood_learning(rewards, 0.005, 0.1, 0.0, asymmetry=tau)
    cells = expectile_population(rewards, [2 * 0.005 * tau], [2 * 0.005 * (1 - tau)], record_every=1)
    np.testing.assert_allclose(run.values, cells, rtol=1e-12)
    settled = run.values[10_000:].mean()
    assert settled == pytest.approx(expectiles([0, 1, 4], tau, [0.5, 0.3, 0.2]).item(), abs=0.03)


@given(
    st.floats(0.1, 0.9),
    st.floats(0.01, 0.2),
    st.floats(0.02, 0.5),
    st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_threshold_is_where_the_averaged_learner_loses_its_stability(tau, alpha, eta, weights):
    values, chances = np.array([0.0, 1.3, 5.0]), np.array(weights) / sum(weights)
    if np.abs(values - expectiles(values, tau, chances)).min() < 1e-3:
        return
    gain = biased.swing_threshold(values, chances, alpha, eta, tau)
    assert spectral_radius(values, chances, alpha, eta, 0.97 * gain, tau) < 1
    assert spectral_radius(values, chances, alpha, eta, 1.03 * gain, tau) > 1


def test_above_the_threshold_the_average_swings_for_ever_and_below_it_dies_down():
    law, threshold = ([0.0, 2.0], [0.5, 0.5]), biased.swing_threshold([0, 2], [0.5, 0.5], 0.05, 0.05)
    for gain, swings in ((0.8 * threshold, False), (1.5 * threshold, True)):
        state, late = np.array([1.05, 0.0]), []
        for trial in range(4000):
            state = averaged_step(state, *law, 0.05, 0.05, gain, 0.0)
            if trial >= 3000:
                late.append(state[0])
        assert (np.ptp(late) > 0.1) == swings
        assert swings or np.ptp(late) < 1e-6


def test_mean_error_of_a_settled_learner_is_the_mean_less_the_expectile():
    # an optimist is disappointed on average, by exactly as much as it expects too much
    law = np.array([0.0, 2.0])
    rewards = np.random.default_rng(2).choice(law, 200_000)
    values = expectile_population(rewards, [0.015], [0.005], record_every=1)[:-1, 0]
    errors = (rewards - values)[20_000:]
    assert errors.mean() == pytest.approx(1.0 - 1.5, abs=0.01)


def test_a_surge_climbs_as_the_closed_form_says():
    alpha, reward, surge, n = 0.1, 1.0, 0.5, 60
    run = biased.surge_learning(np.full(n, reward), alpha, surge)[:, 0]
    first = int(np.argmax(run >= reward))
    before = np.arange(first + 1)
    np.testing.assert_allclose(run[: first + 1], (reward + surge) * (1 - (1 - alpha) ** before))
    np.testing.assert_allclose(np.diff(run[first:]), alpha * surge)


def test_without_surge_it_rises_to_the_expectile_of_order_one():
    rewards = np.random.default_rng(3).choice([0.0, 1.0, 3.0], 3000)
    run = biased.surge_learning(rewards, [0.1, 0.3], 0.0)
    assert (np.diff(run, axis=0) >= 0).all()
    np.testing.assert_allclose(run[-1], expectiles([0, 1, 3], 1.0))


def test_the_loop_is_the_rule():
    rewards = np.random.default_rng(4).normal(size=50)
    run = biased.surge_learning(rewards, 0.2, [0.0, 0.3])
    for trial, r_t in enumerate(rewards):
        error = biased.surge_error(run[trial], r_t, [0.0, 0.3])
        np.testing.assert_allclose(run[trial + 1], run[trial] + 0.2 * error)
        assert (error >= [0.0, 0.3]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: biased.mood_learning([1.0], 0.6, 0.1, 1.0), "learning_rate must be at most 0.5"),
        (lambda: biased.mood_learning([1.0], 0.1, 1.5, 1.0), "mood_rate must lie between 0 and 1"),
        (lambda: biased.mood_learning([1.0], 0.1, 0.1, [-1.0]), "mood_gain must be numbers of at least zero"),
        (lambda: biased.mood_learning([1.0], 0.1, 0.1, 1.0, asymmetry=1.0), "asymmetry must lie strictly"),
        (lambda: biased.swing_threshold([1.0], [1.0], 0.1, 0.1), "values must vary"),
        (lambda: biased.swing_threshold([0.0, 1.0], [1, 1], 0.1, 0.0), "mood_rate must be above zero"),
        (lambda: biased.surge_error(0.0, 1.0, -0.1), "surge must be zero or positive, found -0.1"),
        (lambda: biased.surge_learning([1.0], 1.2, 0.0), "learning_rate must lie between 0 and 1"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
