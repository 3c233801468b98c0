"""Tasks: what they are on average, how they are drawn, and what they refuse."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine import tasks


def test_a_process_keeps_a_law_for_each_transition():
    process = tasks.markov_reward_process(
        [[0, 0.25, 0.75], [0, 0, 1], [0, 0, 0]],
        {0: ([1.0, 3.0], [1, 1]), (0, 2): ([-1.0], [5.0])},
        discount=0.5,
        terminal=[2],
        names=["a", "b", "end"],
    )
    np.testing.assert_array_equal(process.transitions.toarray(), [[0, 0.25, 0.75], [0, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(process.reward_starts, [0, 2, 3, 4])
    np.testing.assert_array_equal(process.reward_values, [1, 3, -1, 0])
    np.testing.assert_array_equal(process.reward_weights, [0.5, 0.5, 1, 1])
    np.testing.assert_array_equal(process.sources, [0, 0, 1])
    np.testing.assert_allclose(process.expected_rewards, [0.25 * 2 - 0.75, 0, 0])
    assert process.n_states == 3


def test_rewards_may_be_given_by_state_or_by_transition():
    matrix = [[0.5, 0.5], [0, 1]]
    np.testing.assert_array_equal(
        tasks.markov_reward_process(matrix, [1.0, 2.0], 0.9).reward_values, [1, 1, 2]
    )
    np.testing.assert_array_equal(
        tasks.markov_reward_process(matrix, [[1.0, 2.0], [9.0, 3.0]], 0.9).reward_values, [1, 2, 3]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"transitions": [[0.5, 0.4], [0, 1]]},
            "transitions must sum to one in each row, found 0.9 in row 0",
        ),
        ({"transitions": [[0.5, 0.5]]}, "transitions must be a square matrix"),
        ({"transitions": [[1.5, -0.5], [0, 1]]}, "transitions must hold probabilities, found -0.5"),
        ({"transitions": [[np.nan, 0.5], [0, 1]]}, "transitions must be finite"),
        ({"terminal": [1]}, "transitions must be empty in the row of a terminal state"),
        ({"terminal": [2]}, "terminal must hold states below 2, found 2"),
        ({"names": ["a"]}, "names must hold one name for each of 2 states, found 1"),
        ({"rewards": [1.0]}, "rewards must have shape"),
        ({"rewards": [1.0, np.inf]}, "rewards must be finite"),
        ({"rewards": {(1, 0): ([1.0], [1.0])}}, "rewards must be for states or transitions that exist"),
        ({"rewards": {0: ([1.0], [-1.0])}}, "weights must be non-negative"),
        ({"rewards": {0: ([1.0, 2.0], [1.0])}}, "weights must have length 2, found 1"),
        ({"discount": 1.5}, "discount must lie between 0 and 1, found 1.5"),
    ],
)
def test_what_is_not_a_process_is_refused(arguments, message):
    fine = {"transitions": [[0.5, 0.5], [0, 1]], "rewards": [0.0, 1.0], "discount": 0.9}
    with pytest.raises(ValueError, match=message):
        tasks.markov_reward_process(**(fine | arguments))


def test_episodes_follow_the_process():
    process = tasks.markov_reward_process(
        [[0.2, 0.3, 0.5], [0, 0, 1], [0, 0, 0]], {0: ([0, 1], [0.3, 0.7])}, 0.8, terminal=[2]
    )
    episodes = tasks.sample_episodes(process, 20_000, np.random.default_rng(1), start=[0.75, 0.25, 0.0])
    assert episodes.n_episodes == 20_000
    first = episodes.states[episodes.starts[:-1]]
    assert np.mean(first == 0) == pytest.approx(0.75, abs=0.01)
    assert (episodes.next_states[episodes.starts[1:] - 1] == 2).all()
    within = np.setdiff1d(np.arange(len(episodes.states) - 1), episodes.starts[1:] - 1)
    np.testing.assert_array_equal(episodes.next_states[within], episodes.states[within + 1])
    np.testing.assert_array_equal(episodes.discounts, np.where(episodes.next_states == 2, 0.0, 0.8))
    left = episodes.states == 0
    shares = np.bincount(episodes.next_states[left], minlength=3) / left.sum()
    np.testing.assert_allclose(shares, [0.2, 0.3, 0.5], atol=0.01)
    assert episodes.rewards[left].mean() == pytest.approx(0.7, abs=0.01)
    assert not episodes.rewards[~left].any()


def test_episodes_repeat_with_their_seed_and_are_cut_at_max_steps():
    process = tasks.markov_reward_process([[0.0, 1.0], [1.0, 0.0]], [1.0, 2.0], 0.9)
    one, two = (tasks.sample_episodes(process, 2, np.random.default_rng(3), max_steps=5) for _ in range(2))
    np.testing.assert_array_equal(one.states, [0, 1, 0, 1, 0] * 2)
    np.testing.assert_array_equal(one.rewards, [1, 2, 1, 2, 1] * 2)
    np.testing.assert_array_equal(one.discounts, np.full(10, 0.9))
    np.testing.assert_array_equal(one.starts, [0, 5, 10])
    np.testing.assert_array_equal(one.rewards, two.rewards)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_episodes": 0}, "n_episodes must be a whole number of at least 1, found 0"),
        ({"max_steps": 1.5}, "max_steps must be a whole number"),
        ({"start": 7}, "start must hold states below 7, found 7"),
        ({"start": 6}, "start must not be a terminal state"),
        ({"start": [1.0, 0.0]}, "start must have length 7, found 2"),
    ],
)
def test_episodes_that_cannot_be_drawn_are_refused(arguments, message):
    fine = {"n_episodes": 1, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=message):
        tasks.sample_episodes(tasks.random_walk(), **(fine | arguments))


def test_sweeps_leave_each_state_once():
    process = tasks.random_walk(3)
    sweeps = tasks.sample_sweeps(process, 4_000, np.random.default_rng(2))
    np.testing.assert_array_equal(sweeps.states[:6], [0, 1, 2, 0, 1, 2])
    np.testing.assert_array_equal(np.diff(sweeps.starts), np.full(4_000, 3))
    assert np.mean(sweeps.next_states[sweeps.states == 1] == 2) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(sweeps.rewards, (sweeps.next_states == 4).astype(float))
    np.testing.assert_array_equal(sweeps.discounts, (sweeps.next_states < 3).astype(float))
    nowhere = tasks.markov_reward_process([[0.0]], [0.0], 1.0, terminal=[0])
    with pytest.raises(ValueError, match="process must have a state that is not terminal"):
        tasks.sample_sweeps(nowhere, 1, np.random.default_rng(0))


def test_variable_magnitude_has_the_published_moments():
    law = tasks.variable_magnitude()
    assert law.weights.sum() == pytest.approx(1.0, abs=1e-15)
    assert law.mean == pytest.approx(5.208, abs=5e-4)
    assert np.sqrt(law.variance) == pytest.approx(5.27, abs=5e-3)
    drawn = law.sample(50_000, np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(law.mean, abs=0.1)


def test_utility_is_odd_increasing_and_half_way_at_200():
    volumes = np.array([0.0, 0.1, 5.0, 20.0, 200.0, 1e6])
    utilities = tasks.utility(volumes)
    assert (np.diff(utilities) > 0).all()
    np.testing.assert_array_equal(tasks.utility(-volumes), -utilities)
    assert tasks.utility(200.0) == 5.0
    assert tasks.utility(50.0) == pytest.approx(10 / 3)  # sqrt(50) is half of sqrt(200)
    with pytest.raises(ValueError, match="reward must be finite"):
        tasks.utility([np.nan])


def test_variable_probability_pays_with_its_chances():
    process = tasks.variable_probability(discount=0.9, delay=2)
    assert process.names[:3] == ("10%", "50%", "90%")
    assert process.names[-1] == "end"
    np.testing.assert_allclose(process.expected_rewards, [0, 0, 0, 0.1, 0.5, 0.9, 0])
    for cue in range(3):
        assert process.transitions[[cue], [3 + cue]] == 1.0
        assert process.transitions[[3 + cue], [6]] == 1.0


def test_cues_without_outcomes_are_refused():
    with pytest.raises(ValueError, match="outcomes must hold at least one cue"):
        tasks.cues_and_outcomes({})
    with pytest.raises(ValueError, match="delay must be a whole number of at least 1, found 0"):
        tasks.variable_probability(delay=0)


def test_both_arms_of_the_choice_pay_the_same_on_average():
    safe, risky = tasks.risky_choice(mean=3.0, chance=0.25)
    np.testing.assert_array_equal(risky.values, [0, 12])
    assert safe.mean == risky.mean == 3.0
    assert risky.variance == 27.0
    with pytest.raises(ValueError, match="chance must be above zero"):
        tasks.risky_choice(chance=0.0)


def test_a_chain_slips_back_and_pays_at_its_end():
    process = tasks.chain(3, ([1.0, 2.0], [0.5, 0.5]), discount=0.9, backward=0.2)
    np.testing.assert_allclose(
        process.transitions.toarray(),
        [[0.2, 0.8, 0, 0], [0.2, 0, 0.8, 0], [0, 0.2, 0, 0.8], [0, 0, 0, 0]],
    )
    np.testing.assert_allclose(process.expected_rewards, [0, 0, 0.8 * 1.5, 0])
    with pytest.raises(ValueError, match="backward must be below one"):
        tasks.chain(3, ([1.0], [1.0]), backward=1.0)


def test_a_chain_of_one_state_stays_or_ends():
    process = tasks.chain(1, ([1.0], [1.0]), backward=0.25)
    np.testing.assert_allclose(process.transitions.toarray(), [[0.25, 0.75], [0, 0]])


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_random_processes_are_sparse_processes(n_states, n_successors, seed):
    if n_successors > n_states:
        with pytest.raises(ValueError, match="n_successors must be at most n_states"):
            tasks.random_process(n_states, np.random.default_rng(seed), n_successors)
        return
    process = tasks.random_process(n_states, np.random.default_rng(seed), n_successors, n_rewards=2)
    np.testing.assert_array_equal(np.diff(process.transitions.indptr), np.full(n_states, n_successors))
    np.testing.assert_allclose(process.transitions.sum(axis=1), 1.0)
    sums = [process.reward_weights[a:b].sum() for a, b in itertools.pairwise(process.reward_starts)]
    np.testing.assert_allclose(sums, 1.0)
