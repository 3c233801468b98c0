"""Learning one number: hand-worked steps, forward against backward views, rlax, and the conditioning task."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine import tasks
from distributional_dopamine.learning import temporal_difference as td


def one_episode(states, rewards, discounts, next_states):
    return tasks.Episodes(
        np.array(states),
        np.array(rewards, dtype=float),
        np.array(discounts, dtype=float),
        np.array(next_states),
        np.array([0, len(states)]),
    )


def test_td_error_and_update_take_numbers_and_arrays():
    assert td.td_error(2.0, 1.0, 0.5, 4.0) == 1.0
    np.testing.assert_array_equal(td.td_error(np.array([2.0, 0.0]), 1.0, 0.5, np.array([4.0, 1.0])), [1, 1.5])
    assert td.td_update(2.0, 1.0, 0.0, 99.0, 0.5) == 1.5  # a terminal state: what follows does not count
    assert td.td_update(2.0, 1.0, 0.5, 4.0, 0.0) == 2.0


@pytest.mark.filterwarnings("ignore")  # JAX's own
def test_errors_and_lambda_returns_agree_with_rlax():
    import jax
    import jax.numpy as jnp
    import rlax

    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, 9))
    discounts = rng.random(9)
    assert td.td_error(0.3, 1.2, 0.9, 0.7) == pytest.approx(
        float(rlax.td_learning(0.3, 1.2, 0.9, 0.7)), rel=1e-6
    )
    scanned = jax.jit(rlax.lambda_returns)
    for lambda_ in (0.0, 0.3, 1.0):
        ours = td.lambda_returns(rewards, discounts, values, lambda_)
        theirs = scanned(jnp.array(rewards), jnp.array(discounts), jnp.array(values), lambda_)
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_lambda_returns_by_hand():
    # backwards from the end: 4; 2 + 0.5 (0.5 * 8 + 0.5 * 4) = 5; 1 + 0.5 (0.5 * 6 + 0.5 * 5) = 3.75
    np.testing.assert_array_equal(
        td.lambda_returns([1, 2, 4], [0.5, 0.5, 0.0], [6, 8, 99], lambda_=0.5), [3.75, 5, 4]
    )


def test_td0_by_hand():
    episodes = one_episode([0, 1], [1, 2], [0.5, 0.0], [1, 2])
    # state 0 sees v_1 = 4 before it changes: 0 + 0.1 (1 + 2 - 0); state 1: 4 + 0.1 (2 - 4)
    np.testing.assert_allclose(td.td0(episodes, [0, 4, 7], 0.1), [[0, 4, 7], [0.3, 3.8, 7]])


def test_td_lambda_by_hand():
    episodes = one_episode([0, 1], [0, 1], [0.5, 0.0], [1, 2])
    # errors 0 and 1; the trace of state 0 at the second step is 0.5 * 0.8
    np.testing.assert_allclose(td.td_lambda(episodes, [0, 0, 0], 0.1, 0.8)[-1], [0.04, 0.1, 0])
    again = one_episode([0, 0], [1, 1], [1.0, 0.0], [0, 1])
    # online: v = 0.5, then error 0.5 meets an accumulated trace of two
    np.testing.assert_allclose(td.td_lambda(again, [0, 0], 0.5, 1.0)[-1], [1.0, 0])
    # offline: errors 1 and 1 with traces 1 and 2
    np.testing.assert_allclose(td.td_lambda_offline(again, [0, 0], 0.5, 1.0)[-1], [1.5, 0])


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_forward_and_backward_views_are_equal_offline(seed, lambda_, learning_rate, discount):
    rng = np.random.default_rng(seed)
    process = tasks.chain(4, rng.normal(size=(2, 3)) ** [[1], [2]], discount, backward=0.4)
    episodes = tasks.sample_episodes(process, 3, rng, start=[0.5, 0.5, 0, 0, 0], max_steps=30)
    values = rng.normal(size=5)
    backward = td.td_lambda_offline(episodes, values, learning_rate, lambda_)
    forward = td.td_lambda_forward(episodes, values, learning_rate, lambda_)
    np.testing.assert_allclose(backward, forward, rtol=1e-9, atol=1e-9 * np.abs(forward).max())


def test_online_and_offline_agree_to_first_order_in_the_step_size():
    process = tasks.random_walk()
    episodes = tasks.sample_episodes(process, 1, np.random.default_rng(5), start=2)
    start = np.linspace(0, 1, 7) ** 2
    gaps = []
    for rate in (1e-3, 1e-4):
        online = td.td_lambda(episodes, start, rate, 0.7)
        offline = td.td_lambda_offline(episodes, start, rate, 0.7)
        gaps.append(np.abs(online - offline).max())
    assert gaps[0] > 0
    assert gaps[1] == pytest.approx(gaps[0] / 100, rel=0.05)


def test_without_discount_td0_and_lambda_do_not_differ():
    process = tasks.markov_reward_process([[0.0, 1.0], [1.0, 0.0]], [1.0, 2.0], discount=0.0)
    episodes = tasks.sample_episodes(process, 2, np.random.default_rng(0), max_steps=200)
    expected = td.td0(episodes, [9, 9], 0.5)
    np.testing.assert_array_equal(td.td_lambda(episodes, [9, 9], 0.5, 1.0), expected)
    np.testing.assert_allclose(expected[-1], [1, 2])  # only the next reward counts


def test_the_random_walk_is_learned():
    process = tasks.random_walk()
    episodes = tasks.sample_episodes(process, 40_000, np.random.default_rng(11), start=2)
    for learn in (td.td_lambda, td.td_lambda_offline):
        history = learn(episodes, np.zeros(7), 0.005, 0.3)
        late = history[len(history) // 4 :].mean(axis=0)
        np.testing.assert_allclose(late[:5], np.arange(1, 6) / 6, atol=0.01)
        assert not late[5:].any()


def test_a_discount_near_one_is_learned():
    process = tasks.markov_reward_process([[1.0]], [1.0], discount=0.999)
    episodes = tasks.sample_episodes(process, 1, np.random.default_rng(0), max_steps=20_000)
    np.testing.assert_allclose(td.td_lambda(episodes, [0.0], 0.1, 0.9)[-1], [1000.0], rtol=1e-6)


def test_zero_step_size_and_no_episode_change_nothing():
    episodes = tasks.sample_episodes(tasks.random_walk(), 3, np.random.default_rng(0), start=2)
    for learn in (td.td_lambda, td.td_lambda_offline, td.td_lambda_forward):
        np.testing.assert_array_equal(
            learn(episodes, np.arange(7.0), 0.0, 0.5), np.tile(np.arange(7.0), (4, 1))
        )
    empty = tasks.Episodes(
        np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64), np.zeros(1, np.int64)
    )
    np.testing.assert_array_equal(td.td0(empty, [1.0], 0.1), [[1.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda e: td.td0(e, [0.0] * 6, 0.1),
            "values must hold one entry for each state, found 6 but state 6",
        ),
        (lambda e: td.td0(e, [np.nan] * 7, 0.1), "values must be finite"),
        (lambda e: td.td0(e, [0.0] * 7, -0.1), "learning_rate must be zero or positive, found -0.1"),
        (lambda e: td.td_lambda(e, [0.0] * 7, 0.1, 1.1), "lambda_ must lie between 0 and 1, found 1.1"),
        (lambda _: td.lambda_returns([1.0], [2.0], [0.0], 0.5), "discount_t must lie between 0 and 1"),
        (
            lambda _: td.lambda_returns([1.0], [1.0, 1.0], [0.0], 0.5),
            "discount_t must have length 1, found 2",
        ),
        (lambda _: td.lambda_returns([], [], [], 0.5), "r_t must hold at least one step"),
        (lambda _: td.lambda_returns(["a"], [1.0], [0.0], 0.5), "r_t must be numbers"),
        (lambda _: td.conditioning([0.0, 1.0], 0, 0.1), "rewards must have 2 dimension"),
        (
            lambda _: td.conditioning([[0.0, 1.0]], 2, 0.1),
            "cue_times must lie within the trial, 0 to 1, found",
        ),
        (lambda _: td.conditioning([[0.0, 1.0]], 0.5, 0.1), "cue_times must be one or more whole numbers"),
        (lambda _: td.conditioning([[0.0, 1.0]], 0, 0.1, weights=[[0.0]]), "weights must have shape"),
        (
            lambda _: td.conditioning([[0.0, 1.0]], 0, 0.1, cues_present=[[1, 1]]),
            "cues_present must have shape",
        ),
        (lambda _: td.conditioning([[0.0, 1.0]], 0, 0.1, discount=-1), "discount must lie between 0 and 1"),
        (
            lambda _: td.conditioning(np.zeros((0, 3)), 0, 0.1),
            "rewards must hold at least one trial and one time",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    episodes = tasks.sample_episodes(tasks.random_walk(), 50, np.random.default_rng(0), start=2)
    with pytest.raises(ValueError, match=message):
        call(episodes)


def test_conditioning_by_hand():
    # cue at 1, reward at 3, alpha 1/2: the first trial teaches the tap before the reward, the second the one
    # before that from what the first left behind
    run = td.conditioning([[0, 0, 0, 1, 0]] * 2, cue_times=1, learning_rate=0.5)
    np.testing.assert_array_equal(run.td_error, [[0, 0, 0, 1, 0], [0, 0, 0.5, 0.5, 0]])
    np.testing.assert_array_equal(run.values, [[0, 0, 0, 0, 0], [0, 0, 0.5, 0, 0]])
    np.testing.assert_array_equal(run.weights[:, 0], [[0] * 5, [0, 0.5, 0, 0, 0], [0.25, 0.75, 0, 0, 0]])


@pytest.mark.parametrize("lambda_", [0.0, 0.9])
def test_burst_shift_and_pause(lambda_):
    discount, cue, reward, n_times = 0.98, 3, 9, 15
    rewards = np.zeros((3_000, n_times))
    rewards[:, reward] = 2.0
    trained = td.conditioning(rewards, cue, 0.2, discount, lambda_)
    burst, shift = np.zeros(n_times), np.zeros(n_times)
    burst[reward] = 2.0
    # the cue starts the delay line; its worth is the reward, discounted over the steps between them
    shift[cue] = discount * 2.0 * discount ** (reward - cue - 1)
    np.testing.assert_allclose(trained.td_error[0], burst)
    np.testing.assert_allclose(trained.td_error[-1], shift, atol=1e-9)
    probe = td.conditioning(np.zeros((1, n_times)), cue, 0.0, discount, lambda_, weights=trained.weights[-1])
    np.testing.assert_allclose(probe.td_error[0], shift - burst, atol=1e-9)
    np.testing.assert_array_equal(probe.weights[0], probe.weights[1])


def test_traces_teach_the_cue_at_once():
    rewards = [[0, 0, 0, 0, 1.0]]
    assert not td.conditioning(rewards, 0, 0.5, lambda_=0.0).weights[-1, 0, 0]
    np.testing.assert_array_equal(
        td.conditioning(rewards, 0, 0.5, lambda_=1.0).weights[-1, 0], [0.5] * 4 + [0]
    )


def test_a_learned_cue_blocks_another():
    rewards = np.tile([0, 0, 0, 1.0], (400, 1))
    only_first = np.tile([True, False], (400, 1))
    first = td.conditioning(rewards, [0, 0], 0.3, cues_present=only_first)
    np.testing.assert_allclose(first.weights[-1], [[1, 1, 1, 0], [0, 0, 0, 0]], atol=1e-6)
    both = td.conditioning(rewards, [0, 0], 0.3, weights=first.weights[-1])
    np.testing.assert_allclose(both.weights[-1, 1], 0.0, atol=1e-6)
    together = td.conditioning(rewards, [0, 0], 0.3)
    np.testing.assert_allclose(together.weights[-1], [[0.5, 0.5, 0.5, 0]] * 2, atol=1e-6)
