"""The Laplace code: by hand, local, at its fixed point against every path, and read back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine import tasks
from distributional_dopamine.distributions import wasserstein_distance
from distributional_dopamine.learning import laplace
from distributional_dopamine.learning.dynamic_programming import enumerate_returns, return_mean
from distributional_dopamine.learning.temporal_difference import td0

THRESHOLDS, DISCOUNTS = [0.0, 1.5], [0.5, 1.0]


def soon_or_late(discount):
    transitions = np.zeros((6, 6))
    transitions[0, [1, 2]] = 0.25, 0.75
    transitions[1, 5] = transitions[2, 3] = transitions[3, 4] = transitions[4, 5] = 1.0
    rewards = {(1, 5): ([1.0, 2.0], [0.5, 0.5]), (4, 5): ([0.0, 2.0], [0.4, 0.6])}
    return tasks.markov_reward_process(transitions, rewards, discount, terminal=[5])


def test_laplace_td_by_hand():
    before, after = [[0.0, 1.0], [0.2, 0.4]], [[0.6, 0.5], [0.0, 0.3]]
    new = laplace.laplace_td(before, 1.0, after, THRESHOLDS, DISCOUNTS, learning_rate=0.1)
    np.testing.assert_allclose(new, [[0.13, 0.9 + 0.15], [0.18, 0.36 + 0.03]])


@given(st.integers(0, 1000), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_each_unit_learns_from_itself_alone(seed, unit):
    rng = np.random.default_rng(seed)
    before, after = rng.random((2, 2, 2))
    new = laplace.laplace_td(before, 1.0, after, THRESHOLDS, DISCOUNTS, 0.3)
    after.flat[unit] += 1.0
    before.flat[unit] += 1.0
    changed = laplace.laplace_td(before, 1.0, after, THRESHOLDS, DISCOUNTS, 0.3) != new
    assert changed.ravel().tolist() == [other == unit for other in range(4)]


@given(st.integers(0, 1000), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_learning_repeats_the_rule(seed, record_every):
    rng = np.random.default_rng(seed)
    episodes = tasks.sample_episodes(soon_or_late(1.0), 6, rng)
    values = rng.random((6, 2, 2))
    found = laplace.laplace_td_learning(episodes, values, THRESHOLDS, DISCOUNTS, 0.2, record_every)
    expected, now = [values], values.copy()
    for episode in range(6):
        for t in range(episodes.starts[episode], episodes.starts[episode + 1]):
            after = now[episodes.next_states[t]] * (episodes.discounts[t] > 0)
            state = episodes.states[t]
            now[state] = laplace.laplace_td(
                now[state], episodes.rewards[t], after, THRESHOLDS, DISCOUNTS, 0.2
            )
        if (episode + 1) % record_every == 0:
            expected.append(now.copy())
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_a_unit_is_plain_td_on_crossings():
    episodes = tasks.sample_episodes(soon_or_late(1.0), 50, np.random.default_rng(1))
    found = laplace.laplace_td_learning(episodes, np.zeros((6, 1, 1)), [1.5], [1.0], 0.1)
    crossings = tasks.Episodes(
        episodes.states,
        (episodes.rewards > 1.5).astype(float),
        episodes.discounts,
        episodes.next_states,
        episodes.starts,
    )
    np.testing.assert_allclose(found[-1, :, 0, 0], td0(crossings, np.zeros(6), 0.1)[-1], atol=1e-14)


def test_the_fixed_point_by_hand():
    values = laplace.laplace_fixed_point(soon_or_late(1.0), THRESHOLDS, DISCOUNTS)
    np.testing.assert_allclose(values[4], [[0.6, 0.6], [0.6, 0.6]])
    early, late = 0.25 * np.array([[1.0], [0.5]]) * [0.5, 1.0], 0.75 * 0.6 * np.array([0.5**3, 1.0])
    np.testing.assert_allclose(values[0], early + late)
    np.testing.assert_array_equal(values[5], 0.0)


def test_the_fixed_point_is_the_value_of_crossings():
    rng = np.random.default_rng(4)
    process = tasks.random_process(6, rng, discount=0.8)
    theta = np.array([0.0, 0.7])
    values = laplace.laplace_fixed_point(process, theta, [0.8])
    for h, threshold in enumerate(theta):
        crossed = (process.reward_values > threshold).astype(float)
        counting = tasks.MarkovRewardProcess(
            process.transitions,
            process.reward_starts,
            crossed,
            process.reward_weights,
            0.8,
            process.terminal,
            process.names,
        )
        np.testing.assert_allclose(values[:, h, 0], return_mean(counting), atol=1e-12)


def test_learning_comes_to_its_fixed_point():
    process = soon_or_late(1.0)
    episodes = tasks.sample_episodes(process, 20_000, np.random.default_rng(2))
    learned = laplace.laplace_td_learning(episodes, np.zeros((6, 2, 2)), THRESHOLDS, DISCOUNTS, 0.01, 10)
    settled = learned[len(learned) // 4 :].mean(axis=0)
    np.testing.assert_allclose(
        settled, laplace.laplace_fixed_point(process, THRESHOLDS, DISCOUNTS), atol=0.02
    )


def test_amounts_are_differences_of_survival():
    np.testing.assert_allclose(laplace.amount_probabilities([1.0, 0.7, 0.1]), [0.3, 0.6, 0.1])
    # learned units may be out of order by a little
    np.testing.assert_allclose(laplace.amount_probabilities([0.5, 0.6]), [0.0, 0.6])


@pytest.mark.parametrize("discount", [0.3, 0.8, 1.0])
def test_one_set_of_units_gives_the_return_at_any_discount(discount):
    gamma = np.linspace(0.1, 1.0, 8)
    units = laplace.laplace_fixed_point(soon_or_late(1.0), THRESHOLDS, gamma)[0]
    chances = laplace.time_and_amount_probabilities(units, gamma, n_steps=6)
    expected = np.zeros((2, 6))
    expected[:, 1], expected[1, 3] = 0.125, 0.45
    np.testing.assert_allclose(chances, expected, atol=1e-9)
    found = laplace.return_distribution(chances, [1.0, 2.0], discount)
    true = enumerate_returns(soon_or_late(discount), 0, 6)
    assert wasserstein_distance(found.values, true.values, found.weights, true.weights) < 1e-8


def test_chances_of_more_than_one_are_scaled_down():
    law = laplace.return_distribution([[0.9, 0.6]], [2.0], 0.5)
    np.testing.assert_allclose(law.weights, [0.6, 0.4, 0.0])
    np.testing.assert_allclose(law.values, [2.0, 1.0, 0.0])


EPISODE = tasks.sample_episodes(soon_or_late(1.0), 1, np.random.default_rng(0))
LOOP = tasks.markov_reward_process([[1.0]], [1.0], 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: laplace.laplace_td([[0.0]], 1, [[0.0]], [-1.0], [1.0], 0.1), "thresholds must be strictly"),
        (lambda: laplace.laplace_td([[0.0]], 1, [[0.0]], [0.0], [], 0.1), "discounts must be strictly"),
        (lambda: laplace.laplace_td([[0.0]], 1, [[0.0, 1]], [0.0], [1.0], 0.1), "values_t must have shape"),
        (
            lambda: laplace.laplace_td([[0.0]], 1, [[0.0]], [0.0], [1.0], 1.1),
            "learning_rate must lie between",
        ),
        (
            lambda: laplace.laplace_td_learning(EPISODE, np.zeros((2, 1, 1)), [0.0], [1.0], 0.1),
            "a row for each state, found 2 but 5",
        ),
        (lambda: laplace.laplace_fixed_point(LOOP, [0.0], [1.0]), "discounts must be below one"),
        (lambda: laplace.time_and_amount_probabilities([[1.0]], [0.5, 1.0], 2), "values must have 2 columns"),
        (lambda: laplace.return_distribution([[-0.1]], [1.0], 0.5), "probabilities must be zero or positive"),
        (lambda: laplace.return_distribution([[0.1]], [1.0, 2.0], 0.5), "amounts must have length 1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
