"""Two light environments as pure functions, for agents that learn under `jax.jit` and `jax.vmap`.

The pole has no randomness but its start; the windy cliff has randomness in its transitions and its rewards,
and is small enough to be solved exactly, so that a learned policy can be scored without noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

__all__ = [
    "CART_POLE",
    "N_EVALUATION_EPISODES",
    "WINDY_CLIFF",
    "CliffModel",
    "Environment",
    "cart_pole_step",
    "solve_windy_cliff",
    "windy_cliff_model",
]

#: Episodes in one evaluation, where it cannot be exact.
N_EVALUATION_EPISODES = 8

Policy = Callable[[Array], Array]
"""From a batch of observations (..., n_features) to actions (...)."""


@dataclass(frozen=True)
class Environment:
    """An episodic environment: pure functions of a state, an action and random numbers."""

    #: Name as in the figures.
    name: str
    #: Number of actions.
    n_actions: int
    #: Length of an observation.
    n_features: int
    #: Discount per step.
    discount: float
    #: Steps after which an episode is cut off. A cut is no end: the value of the state still counts.
    max_steps: int
    #: Lowest and highest return that a support should cover, in units of reward.
    return_range: tuple[float, float]
    #: How many random numbers a reset and a step take.
    n_noise: int
    #: (noise) -> state of a new episode. Noise: shape (n_noise,), independent, uniform in [0, 1).
    reset: Callable[[Array], Array]
    #: (noise, state, action) -> (next state, reward, whether the episode ended).
    step: Callable[[Array, Array, Array], tuple[Array, Array, Array]]
    #: (state) -> observation, shape (n_features,).
    observe: Callable[[Array], Array]
    #: (policy, noise) -> how well a policy does; see `score_unit`. Noise: (N_EVALUATION_EPISODES, n_noise).
    evaluate: Callable[[Policy, Array], Array]
    #: What `evaluate` returns, for the axis of a figure.
    score_unit: str


# --- Cart and pole -------------------------------------------------------------------------------------

_GRAVITY = 9.8  # m/s^2
_MASS_CART, _MASS_POLE = 1.0, 0.1  # kg
_HALF_LENGTH = 0.5  # m, half of a uniform pole
_FORCE = 10.0  # N
_TIME_STEP = 0.02  # s
_LIMIT_POSITION = 2.4  # m
_LIMIT_ANGLE = 12 * np.pi / 180  # rad
_MAX_STEPS_POLE = 500


def cart_pole_step(state: Array, force: Array) -> tuple[Array, Array]:
    r"""Advance the cart and its pole by one Euler step.

    Without friction, with :math:`M = m_c + m_p` and `l` half the pole's length,

    .. math::
        \ddot\theta &= \frac{g \sin\theta - \cos\theta \, (F + m_p l \dot\theta^2 \sin\theta) / M}
                            {l \, (4/3 - m_p \cos^2\theta / M)} \\
        \ddot x &= (F + m_p l (\dot\theta^2 \sin\theta - \ddot\theta \cos\theta)) / M .

    Parameters
    ----------
    state : Array, shape (4,)
        Position (m), velocity (m/s), angle from upright (rad), angular velocity (rad/s).
    force : Array, shape ()
        Horizontal force on the cart (N).

    Returns
    -------
    state : Array, shape (4,)
        The state 20 ms later.
    accelerations : Array, shape (2,)
        Of the cart (m/s^2) and of the angle (rad/s^2), from which it was computed.

    References
    ----------
    Barto, A. G., Sutton, R. S. & Anderson, C. W. (1983). Neuronlike adaptive elements that can solve
    difficult learning control problems. *IEEE Trans. SMC* 13, 834-846, appendix.
    """
    _, velocity, angle, spin = state
    sine, cosine, mass = jnp.sin(angle), jnp.cos(angle), _MASS_CART + _MASS_POLE
    push = (force + _MASS_POLE * _HALF_LENGTH * spin**2 * sine) / mass
    angular = (_GRAVITY * sine - cosine * push) / (_HALF_LENGTH * (4 / 3 - _MASS_POLE * cosine**2 / mass))
    linear = push - _MASS_POLE * _HALF_LENGTH * angular * cosine / mass
    change = jnp.stack([velocity, linear, spin, angular])
    return state + _TIME_STEP * change, jnp.stack([linear, angular])


def _pole_reset(noise: Array) -> Array:
    return 0.1 * noise - 0.05


def _pole_step(noise: Array, state: Array, action: Array) -> tuple[Array, Array, Array]:
    del noise  # the pole has no randomness but its start
    arrived, _accelerations = cart_pole_step(state, jnp.where(action == 1, _FORCE, -_FORCE))
    fallen = (jnp.abs(arrived[0]) > _LIMIT_POSITION) | (jnp.abs(arrived[2]) > _LIMIT_ANGLE)
    return arrived, jnp.float32(1.0), fallen


def _pole_evaluate(policy: Policy, noise: Array) -> Array:
    """Return the mean number of steps for which the policy keeps the pole up, over eight episodes."""

    def advance(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        states, up = carry
        arrived, _reward, fallen = jax.vmap(_pole_step)(noise, states, policy(states))
        return (arrived, up & ~fallen), up

    start = (jax.vmap(_pole_reset)(noise), jnp.ones(N_EVALUATION_EPISODES, bool))
    _, up = jax.lax.scan(advance, start, length=_MAX_STEPS_POLE)
    return up.sum(axis=0).mean()


#: Balance a pole on a cart: reward 1 a step, until it falls or the cart leaves the track.
CART_POLE = Environment(
    name="pole on a cart",
    n_actions=2,
    n_features=4,
    discount=0.99,
    max_steps=_MAX_STEPS_POLE,
    return_range=(0.0, 100.0),
    n_noise=4,
    reset=_pole_reset,
    step=_pole_step,
    observe=lambda state: state,
    evaluate=_pole_evaluate,
    score_unit="steps upright (at most 500)",
)


# --- Windy cliff ---------------------------------------------------------------------------------------

_N_ROWS, _N_COLUMNS = 4, 7
_N_CELLS = _N_ROWS * _N_COLUMNS
_START = (_N_ROWS - 1) * _N_COLUMNS
_GOAL = _N_CELLS - 1
_GUST = 0.2  # probability that a gust pushes one cell further down, towards the cliff
_STEP_REWARD, _NOISE = -1.0, 4.0
_GOAL_REWARD, _CLIFF_REWARD = 20.0, -20.0
_MAX_STEPS_CLIFF = 50
_DISCOUNT_CLIFF = 0.95
_N_SWEEPS = 300  # of dynamic programming; what is left out is below 0.95^300 = 2e-7 of a value
_MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left


@dataclass(frozen=True)
class CliffModel:
    """The windy cliff as a table."""

    #: Probability of the next cell, shape (cells, actions, cells); cells in rows, the top left first.
    transitions: NDArray[np.float64]
    #: Mean reward on entering a cell, shape (cells,).
    mean_rewards: NDArray[np.float64]
    #: Whether entering the cell ends the episode (cliff or goal), shape (cells,).
    terminal: NDArray[np.bool_]
    #: Number of the cell where episodes start.
    start: int
    #: Discount per step.
    discount: float


def windy_cliff_model() -> CliffModel:
    """Return the windy cliff as a table of transitions and mean rewards.

    A grid of four rows and seven columns. The start is the lower left cell, the goal the lower right one,
    and the five cells between them are a cliff. The agent goes up, right, down or left (into a wall: stays);
    with probability 0.2 a gust then pushes it one cell further down. The goal brings 20, the cliff -20, both
    end the episode; any other step brings -1 + 4 or -1 - 4, equally likely.

    Returns
    -------
    CliffModel
        The table.

    References
    ----------
    Sutton, R. S. & Barto, A. G. (2018). *Reinforcement Learning*, 2nd ed.: a mixture of its cliff (Example
    6.6) and its windy gridworld (Example 6.5), with noise in the rewards.
    """
    transitions = np.zeros((_N_CELLS, len(_MOVES), _N_CELLS))
    for cell in range(_N_CELLS):
        for action, (down, right) in enumerate(_MOVES):
            row = np.clip(cell // _N_COLUMNS + down, 0, _N_ROWS - 1)
            column = np.clip(cell % _N_COLUMNS + right, 0, _N_COLUMNS - 1)
            blown = min(row + 1, _N_ROWS - 1)
            transitions[cell, action, row * _N_COLUMNS + column] += 1 - _GUST
            transitions[cell, action, blown * _N_COLUMNS + column] += _GUST
    mean_rewards = np.full(_N_CELLS, _STEP_REWARD)
    mean_rewards[_START + 1 : _GOAL] = _CLIFF_REWARD
    mean_rewards[_GOAL] = _GOAL_REWARD
    terminal = np.zeros(_N_CELLS, bool)
    terminal[_START + 1 :] = True
    return CliffModel(transitions, mean_rewards, terminal, _START, _DISCOUNT_CLIFF)


def solve_windy_cliff(
    model: CliffModel, policy: NDArray[np.float64] | None = None, *, tolerance: float = 1e-12
) -> NDArray[np.float64]:
    """Solve the windy cliff by dynamic programming.

    Parameters
    ----------
    model : CliffModel
        From :func:`windy_cliff_model`.
    policy : ndarray, shape (cells, actions), optional
        Probability of each action in each cell. None for the best policy.
    tolerance : float, default 1e-12
        Stop when no value moves by more.

    Returns
    -------
    ndarray, shape (cells, actions)
        Expected return of each action in each cell, then following the policy (or the best one).
    """
    q_values = np.zeros(model.transitions.shape[:2])
    while True:
        values = q_values.max(axis=1) if policy is None else (policy * q_values).sum(axis=1)
        updated: NDArray[np.float64] = model.transitions @ (
            model.mean_rewards + model.discount * values * ~model.terminal
        )
        if np.abs(updated - q_values).max() <= tolerance:
            return updated
        q_values = updated


_MODEL = windy_cliff_model()
_BEST = float(solve_windy_cliff(_MODEL).max(axis=1)[_START])
_RANDOM = float(solve_windy_cliff(_MODEL, np.full((_N_CELLS, len(_MOVES)), 0.25)).mean(axis=1)[_START])


def _cliff_observe(cell: Array) -> Array:
    row = jax.nn.one_hot(cell // _N_COLUMNS, _N_ROWS)
    return jnp.concatenate([row, jax.nn.one_hot(cell % _N_COLUMNS, _N_COLUMNS)])


def _cliff_step(noise: Array, cell: Array, action: Array) -> tuple[Array, Array, Array]:
    gust, good = noise < jnp.array([_GUST, 0.5])
    down, right = jnp.asarray(_MOVES)[action]
    row = jnp.clip(jnp.clip(cell // _N_COLUMNS + down, 0, _N_ROWS - 1) + gust, 0, _N_ROWS - 1)
    cell = row * _N_COLUMNS + jnp.clip(cell % _N_COLUMNS + right, 0, _N_COLUMNS - 1)
    terminal = jnp.asarray(_MODEL.terminal)[cell]
    noise = jnp.where(terminal, 0.0, jnp.where(good, _NOISE, -_NOISE))
    return cell, jnp.asarray(_MODEL.mean_rewards, jnp.float32)[cell] + noise, terminal


def _cliff_evaluate(policy: Policy, noise: Array) -> Array:
    """Return the exact value of the policy at the start, 0 for a random policy and 1 for the best."""
    del noise  # exact: nothing is drawn
    actions = policy(jax.vmap(_cliff_observe)(jnp.arange(_N_CELLS)))
    transitions = jnp.asarray(_MODEL.transitions, jnp.float32)[jnp.arange(_N_CELLS), actions]
    rewards = transitions @ jnp.asarray(_MODEL.mean_rewards, jnp.float32)
    onwards = _DISCOUNT_CLIFF * transitions * jnp.asarray(~_MODEL.terminal, jnp.float32)
    values: Array = jax.lax.fori_loop(0, _N_SWEEPS, lambda _, values: rewards + onwards @ values, rewards)
    return (values[_START] - _RANDOM) / (_BEST - _RANDOM)


#: Walk along a cliff in gusts of wind, with noisy rewards; see :func:`windy_cliff_model`.
WINDY_CLIFF = Environment(
    name="windy cliff",
    n_actions=4,
    n_features=_N_ROWS + _N_COLUMNS,
    discount=_DISCOUNT_CLIFF,
    max_steps=_MAX_STEPS_CLIFF,
    return_range=(-50.0, 50.0),
    n_noise=2,
    reset=lambda noise: jnp.int32(_START),  # noqa: ARG005 - every environment's reset takes noise
    step=_cliff_step,
    observe=_cliff_observe,
    evaluate=_cliff_evaluate,
    score_unit="exact value (random policy 0, best 1)",
)
