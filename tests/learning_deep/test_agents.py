"""The agents learn, are reproducible, and are alike but for their heads."""

# ruff: noqa: ARG005 - the lambdas of the toy environments have the signatures of real ones

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from distributional_dopamine.learning.deep import agents
from distributional_dopamine.learning.deep.agents import AgentSettings, compare_on_seeds, train_agents
from distributional_dopamine.learning.deep.environments import CART_POLE, Environment
from distributional_dopamine.learning.deep.networks import (
    apply_network,
    categorical_head,
    init_network,
    last_hidden,
    quantile_head,
    scalar_head,
)

#: One state, two actions that pay 0.2 and 0.8 and end the episode; the score is whether the better is chosen.
TWO_LEVERS = Environment(
    name="two levers",
    n_actions=2,
    n_features=1,
    discount=0.9,
    max_steps=5,
    return_range=(-1.0, 2.0),
    n_noise=1,
    reset=lambda noise: jnp.int32(0),
    step=lambda noise, state, action: (state, jnp.where(action == 1, 0.8, 0.2), jnp.array(True)),
    observe=lambda state: jnp.ones(1),
    evaluate=lambda policy, noise: jnp.float32(policy(jnp.ones((1, 1)))[0]),
    score_unit="chooses the better lever",
)
TINY = AgentSettings(n_updates=200, n_evaluations=2, target_period=50, hidden=(8, 8), batch_size=16)


@pytest.mark.parametrize(
    "head", [scalar_head(), categorical_head(-1, 2, 7), quantile_head(5)], ids=lambda h: h.name
)
def test_agents_find_the_better_lever_and_repeat_themselves(head):
    curves = train_agents(TWO_LEVERS, head, [1e-2] * 4, np.random.default_rng(1), TINY)
    assert_array_equal(curves.steps, [400, 800])
    assert_array_equal(curves.scores[:, -1], 1.0)
    again = train_agents(TWO_LEVERS, head, [1e-2] * 4, np.random.default_rng(1), TINY)
    assert_array_equal(curves.scores, again.scores)


def test_heads_that_differ_in_a_number_share_a_compiled_loop_but_not_what_they_learn():
    step_sizes, before = [1e-2] * 3, agents._compiled._cache_size()
    huber, squared = (
        train_agents(CART_POLE, head, step_sizes, np.random.default_rng(1), TINY)
        for head in (scalar_head(0.1), dataclasses.replace(scalar_head(float("inf")), name="squared"))
    )
    assert agents._compiled._cache_size() == before + 1
    assert np.any(huber.scores != squared.scores)


def test_the_step_size_is_chosen_on_other_seeds_than_those_of_the_score(monkeypatch):
    calls = []

    def fake(environment, head, step_sizes, rng, settings):
        calls.append((np.array(step_sizes), rng.integers(2**32)))
        # The score of a lane is higher, the nearer its step size to 0.01.
        scores = -np.abs(np.log10(np.array(step_sizes)) + 2)[:, None] * np.ones((1, 3))
        return agents.LearningCurves(np.arange(3), scores)

    monkeypatch.setattr(agents, "train_agents", fake)
    heads = (scalar_head(), quantile_head(3))
    dqn, qr = compare_on_seeds(TWO_LEVERS, heads, [1e-3, 1e-2, 1e-1], 6, np.random.default_rng(0))
    assert dqn.chosen == qr.chosen == 1e-2
    assert dqn.tuning_scores.shape == (3, 2)
    assert dqn.curves.scores.shape == (6, 3)
    tuning, scoring, *other_agent = calls
    assert_array_equal(tuning[0], np.repeat([1e-3, 1e-2, 1e-1], 2))
    assert_array_equal(scoring[0], np.full(6, 1e-2))
    assert tuning[1] != scoring[1]
    assert [seed for _, seed in other_agent] == [tuning[1], scoring[1]]


def test_memory_rows_survive_packing():
    row = agents._Transitions(
        jnp.array([[1.0, 2.0]]), jnp.array([3]), jnp.array([-0.5]), jnp.array([0.9]), jnp.array([[4.0, 5.0]])
    )
    for before, after in zip(row, agents._unpack(agents._pack(row)), strict=True):
        assert_array_equal(before, after)


def test_a_cut_episode_starts_anew_but_keeps_its_discount():
    counting = dataclasses.replace(
        TWO_LEVERS,
        max_steps=2,
        step=lambda noise, state, action: (state + 1, jnp.float32(1.0), noise[0] > 0.5),
        observe=lambda state: state[None].astype(jnp.float32),
    )
    network = tuple(jax.tree.map(lambda x: x[0], init_network(np.random.default_rng(0), (1, 4, 2), 1)))
    # Three actors: in mid-episode, at the cut, and one whose step ends the episode.
    actors = agents._Actors(jnp.array([0, 1, 0]), jnp.array([0, 1, 0]))
    noise = jnp.array([[1.0, 0.0, 0.0, 0.0]] * 2 + [[1.0, 0.0, 0.9, 0.0]])
    after, row = agents._act(counting, actors, network, scalar_head(), jnp.float32(0.0), noise)
    assert after.state.tolist() == [1, 0, 0]
    assert after.age.tolist() == [1, 0, 0]
    assert row.discount.tolist() == [pytest.approx(0.9), pytest.approx(0.9), 0.0]
    assert row.next_observation.tolist() == [[1.0], [2.0], [1.0]]


def test_networks_in_lockstep_are_networks_one_by_one():
    networks = init_network(np.random.default_rng(2), (3, 5, 4, 2), 6)
    assert [layer.weights.shape for layer in networks] == [(6, 3, 5), (6, 5, 4), (6, 4, 2)]
    x = np.random.default_rng(3).normal(size=3)
    outputs = jax.vmap(apply_network, in_axes=(0, None))(networks, jnp.asarray(x, jnp.float32))
    for i in range(6):
        (w1, b1), (w2, b2), (w3, b3) = (tuple(np.asarray(part[i]) for part in layer) for layer in networks)
        hidden = np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0)
        assert_allclose(outputs[i], hidden @ w3 + b3, rtol=1e-4, atol=1e-6)
        one = jax.tree.map(lambda leaf, i=i: leaf[i], networks)
        assert_allclose(last_hidden(one, jnp.asarray(x, jnp.float32)), hidden, rtol=1e-4, atol=1e-6)


def test_bad_input_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="step_sizes: found"):
        train_agents(TWO_LEVERS, scalar_head(), [0.1, -0.1], rng, TINY)
    with pytest.raises(ValueError, match="n_seeds: found 5"):
        compare_on_seeds(TWO_LEVERS, (scalar_head(),), [0.1, 0.2], 5, rng, TINY)
    with pytest.raises(ValueError, match="n_updates: found 210"):
        AgentSettings(n_updates=210, n_evaluations=2)
