"""The pole against the mechanics it stands for; the cliff against its own table and dynamic programming."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from distributional_dopamine.learning.deep.environments import (
    CART_POLE,
    N_EVALUATION_EPISODES,
    WINDY_CLIFF,
    cart_pole_step,
    solve_windy_cliff,
    windy_cliff_model,
)


def test_the_first_push_by_hand():
    # Upright and at rest: push 10 / 1.1, angle -(10 / 1.1) / (0.5 (4/3 - 0.1 / 1.1)) = -600 / 41 rad/s^2.
    state, (linear, angular) = cart_pole_step(jnp.zeros(4), jnp.float32(10.0))
    assert_allclose(angular, -600 / 41, rtol=1e-6)
    assert_allclose(linear, (10 + 0.05 * 600 / 41) / 1.1, rtol=1e-6)
    assert_allclose(state, [0.0, 0.02 * float(linear), 0.0, 0.02 * float(angular)], rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_accelerations_solve_the_equations_of_motion(seed):
    # Lagrange's equations of a cart (1 kg) and a uniform rod (0.1 kg, half-length 0.5 m) hinged on it.
    rng = np.random.default_rng(seed)
    state, force = rng.normal(size=4), rng.normal() * 10
    _, velocity, angle, spin = state
    after, (linear, angular) = cart_pole_step(jnp.asarray(state, jnp.float32), jnp.float32(force))
    cart = 1.1 * linear + 0.05 * (angular * np.cos(angle) - spin**2 * np.sin(angle))
    rod = 4 / 3 * 0.5 * angular + linear * np.cos(angle)
    assert_allclose(cart, force, rtol=1e-4, atol=1e-4)
    assert_allclose(rod, 9.8 * np.sin(angle), rtol=1e-4, atol=1e-4)
    assert_allclose(after[0], state[0] + 0.02 * velocity, rtol=1e-5)


def test_a_pole_that_is_only_ever_pushed_one_way_falls_within_a_dozen_steps():
    noise = jnp.full((N_EVALUATION_EPISODES, 4), 0.5)  # the middle of the range of starts: exactly upright
    steps = CART_POLE.evaluate(lambda states: jnp.ones(states.shape[0], jnp.int32), noise)
    state, n = np.zeros(4), 0
    while abs(state[2]) <= np.deg2rad(12) and abs(state[0]) <= 2.4:
        state, n = np.array(cart_pole_step(jnp.asarray(state), jnp.float32(10.0))[0]), n + 1
    assert steps == n
    assert 5 < n < 12


def test_the_table_of_the_cliff_is_a_table_of_probabilities():
    model = windy_cliff_model()
    assert_allclose(model.transitions.sum(axis=2), 1.0)
    assert model.terminal.tolist() == [False] * 22 + [True] * 6
    # From the start, to the right is the cliff; up leads to row 2 and a gust of wind back again.
    assert model.transitions[model.start, 1, 22] == 1.0
    assert_allclose(model.transitions[model.start, 0, [14, 21]], [0.8, 0.2])


def test_dynamic_programming_agrees_with_a_linear_system():
    model = windy_cliff_model()
    best = solve_windy_cliff(model)
    actions = best.argmax(axis=1)
    policy = np.eye(4)[actions]
    chosen = model.transitions[np.arange(28), actions]
    system = np.eye(28) - model.discount * chosen * ~model.terminal
    values = np.linalg.solve(system, chosen @ model.mean_rewards)
    assert_allclose(best.max(axis=1), values, atol=1e-9)
    assert_allclose((policy * solve_windy_cliff(model, policy)).sum(axis=1), values, atol=1e-9)
    # Bellman's optimality equation holds: no single change of action helps.
    q = model.transitions @ (model.mean_rewards + model.discount * values * ~model.terminal)
    assert (q <= values[:, None] + 1e-9).all()


def test_the_score_is_1_for_the_best_policy_and_its_exact_value_for_another():
    model = windy_cliff_model()
    noise = jnp.zeros((N_EVALUATION_EPISODES, 2))
    best = jnp.asarray(solve_windy_cliff(model).argmax(axis=1))
    assert_allclose(WINDY_CLIFF.evaluate(lambda _: best, noise), 1.0, atol=1e-5)
    into_the_cliff = WINDY_CLIFF.evaluate(lambda obs: jnp.ones(obs.shape[0], jnp.int32), noise)
    random = (np.full((28, 4), 0.25) * solve_windy_cliff(model, np.full((28, 4), 0.25))).sum(axis=1)[
        model.start
    ]
    top = solve_windy_cliff(model)[model.start].max()
    assert_allclose(into_the_cliff, (-20 - random) / (top - random), atol=1e-5)


def test_simulated_steps_follow_the_table():
    model, rng = windy_cliff_model(), np.random.default_rng(0)
    n = 20_000
    for cell, action in ((8, 1), (21, 0), (6, 2)):
        noise = jnp.asarray(rng.random((n, 2)), jnp.float32)
        cells, rewards, ended = jax.vmap(
            lambda u, c=cell, a=action: WINDY_CLIFF.step(u, jnp.int32(c), jnp.int32(a))
        )(noise)
        shares = np.bincount(np.asarray(cells), minlength=28) / n
        assert_allclose(shares, model.transitions[cell, action], atol=0.015)
        assert_allclose(
            np.asarray(rewards).mean(), model.transitions[cell, action] @ model.mean_rewards, atol=0.15
        )
        assert (np.asarray(ended) == model.terminal[np.asarray(cells)]).all()
        assert set(np.unique(np.asarray(rewards)[~np.asarray(ended)])) <= {-5.0, 3.0}


def test_an_observation_names_row_and_column():
    assert jnp.flatnonzero(WINDY_CLIFF.observe(jnp.int32(16))).tolist() == [2, 4 + 2]
