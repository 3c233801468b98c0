"""DQN, QR-DQN and C51 on the same budget, every seed in lockstep inside one compiled loop.

The three agents are one function. They share the network's hidden layers, the replay memory, the slowly
copied target network, epsilon-greedy actors and the optimiser; they differ in the head alone
(:class:`~.networks.Head`), and all of them act on the *mean* of what the head predicts. Seeds (and step
sizes) are lanes of a `jax.vmap`; the loop over steps is a `jax.lax.scan`, so that nothing returns to Python
before the run is over and the same code runs on a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine.learning.deep import compile_lanes
from distributional_dopamine.learning.deep.environments import N_EVALUATION_EPISODES, Environment
from distributional_dopamine.learning.deep.networks import (
    Head,
    Network,
    apply_network,
    init_network,
)

__all__ = ["AgentSettings", "Comparison", "LearningCurves", "compare_on_seeds", "train_agents"]


@dataclass(frozen=True)
class AgentSettings:
    """The budget and the settings that all agents share."""

    #: Steps of every actor after the first, random ones; one gradient step follows each.
    n_updates: int = 5000
    #: Number of evaluations, equally spaced, the last one at the end.
    n_evaluations: int = 20
    #: Actors that fill one memory side by side, each in its own copy of the environment.
    n_actors: int = 4
    #: Transitions in a minibatch.
    batch_size: int = 32
    #: Updates between two copies of the network to the target network.
    target_period: int = 50
    #: Units in each hidden layer.
    hidden: tuple[int, ...] = (32, 32)
    #: Probability of a random action: at the start, and after the first half of the updates.
    epsilon: tuple[float, float] = (1.0, 0.05)

    def __post_init__(self) -> None:
        copies = self.n_evaluations * self.target_period
        if self.n_updates <= 0 or self.n_updates % copies:
            raise ValueError(
                f"n_updates: found {self.n_updates}, expected a positive multiple of n_evaluations x "
                f"target_period = {copies}. Choose another number of updates or of evaluations."
            )


@dataclass(frozen=True)
class LearningCurves:
    """How well agents did while they learned."""

    #: Steps in the environment (all actors together) before each evaluation, shape (evaluations,).
    steps: NDArray[np.int64]
    #: Score of the greedy policy, in the environment's `score_unit`, shape (lanes, evaluations).
    scores: NDArray[np.float64]


class _Transitions(NamedTuple):
    """A batch of transitions."""

    observation: Array
    action: Array
    reward: Array
    discount: Array
    next_observation: Array


def _pack(row: _Transitions) -> Array:
    """Lay transitions out as rows of numbers, so that the memory is one array: one write, one read a step."""
    numbers = jnp.stack([row.action.astype(jnp.float32), row.reward, row.discount], axis=-1)
    return jnp.concatenate([numbers, row.observation, row.next_observation], axis=-1)


def _unpack(rows: Array) -> _Transitions:
    observation, next_observation = jnp.split(rows[:, 3:], 2, axis=1)
    return _Transitions(observation, rows[:, 0].astype(jnp.int32), rows[:, 1], rows[:, 2], next_observation)


class _Actors(NamedTuple):
    """Where each actor is, and for how many steps its episode has lasted."""

    state: Array
    age: Array


class _Noise(NamedTuple):
    """Every random number of a run, uniform in [0, 1), drawn before it begins; loops come before lanes."""

    #: For the first reset, (lanes, actors, n_noise).
    start: Array
    #: For each step of each actor: whether to explore, which action, the step, the reset.
    act: Array
    #: For each member of each minibatch: which step, which actor.
    batch: Array
    #: For the evaluations.
    evaluation: Array


class _Carry(NamedTuple):
    """What changes from one update to the next."""

    network: Network
    target_network: Network
    optimiser_state: optax.OptState
    memory: Array
    actors: _Actors
    now: Array


_OPTIMISER = optax.flatten(optax.scale_by_adam())


def _greedy(network: Network, head: Head, n_actions: int, observation: Array) -> Array:
    outputs = apply_network(network, observation)
    return jnp.argmax(head.mean(outputs.reshape(*outputs.shape[:-1], n_actions, head.n_outputs)), axis=-1)


def _act(
    environment: Environment, actors: _Actors, network: Network, head: Head, epsilon: Array, noise: Array
) -> tuple[_Actors, _Transitions]:
    """Let every actor take one epsilon-greedy step; return the actors and the row to remember."""
    whether, which, step_noise, reset_noise = jnp.split(noise, (1, 2, 2 + environment.n_noise), axis=1)
    observation = jax.vmap(environment.observe)(actors.state)
    greedy = _greedy(network, head, environment.n_actions, observation)
    at_random = jnp.int32(which[:, 0] * environment.n_actions)
    action = jnp.where(whether[:, 0] < epsilon, at_random, greedy)
    arrived, reward, ended = jax.vmap(environment.step)(step_noise, actors.state, action)
    # An episode that is cut off starts anew too, but keeps its discount: the value beyond the cut counts.
    row = _Transitions(
        observation,
        action,
        reward,
        environment.discount * (1.0 - ended),
        jax.vmap(environment.observe)(arrived),
    )
    over = ended | (actors.age + 1 >= environment.max_steps)
    fresh = jax.vmap(environment.reset)(reset_noise)
    state = jnp.where(over.reshape(-1, *[1] * (fresh.ndim - 1)), fresh, arrived)
    return _Actors(state, jnp.where(over, 0, actors.age + 1)), row


def _loss(
    network: Network,
    target_network: Network,
    head: Head,
    parameters: tuple[Array, ...],
    n_actions: int,
    batch: _Transitions,
) -> Array:
    """Return the mean loss of a minibatch; the target network both picks and values the next action."""
    n = batch.action.shape[0]
    outputs_tm1 = apply_network(network, batch.observation).reshape(n, n_actions, head.n_outputs)
    outputs_t = apply_network(target_network, batch.next_observation).reshape(n, n_actions, head.n_outputs)
    action_t = jnp.argmax(head.mean(outputs_t), axis=-1)
    each = jnp.arange(n)

    def loss(*transition: Array) -> Array:
        return head.loss(*transition, *parameters)

    return jnp.mean(
        jax.vmap(loss)(
            outputs_tm1[each, batch.action], batch.reward, batch.discount, outputs_t[each, action_t]
        )
    )


def _update_one(
    carry: _Carry,
    step_size: Array,
    act_noise: Array,
    batch_noise: Array,
    parameters: tuple[Array, ...],
    environment: Environment,
    head: Head,
    settings: AgentSettings,
) -> _Carry:
    """Let the actors of one agent take a step, and learn from one minibatch."""
    network, target_network, optimiser_state, memory, actors, now = carry
    when, who = batch_noise
    progress = jnp.minimum(1.0, now / (settings.n_updates / 2))
    epsilon = settings.epsilon[0] + progress * (settings.epsilon[1] - settings.epsilon[0])
    actors, row = _act(environment, actors, network, head, epsilon, act_noise)
    memory = jax.lax.dynamic_update_index_in_dim(memory, _pack(row), now, 0)
    batch = _unpack(memory[jnp.int32(when * (now + 1)), jnp.int32(who * settings.n_actors)])
    gradient = jax.grad(_loss)(network, target_network, head, parameters, environment.n_actions, batch)
    change, optimiser_state = _OPTIMISER.update(gradient, optimiser_state)
    network = jax.tree.map(lambda x, d: x - step_size * d, network, change)
    return _Carry(network, target_network, optimiser_state, memory, actors, now + 1)


def _train_lanes(
    networks: Network,
    step_sizes: Array,
    noise: _Noise,
    parameters: tuple[Array, ...],
    environment: Environment,
    head: Head,
    settings: AgentSettings,
) -> Array:
    """Train agents in lockstep and return their scores, shape (evaluations, lanes).

    The lanes lie inside the loops: a loop inside the lanes would be traced again for each loop around it.
    """
    n_lanes, n_actors = step_sizes.size, settings.n_actors
    every_lane = _Carry(0, 0, 0, 0, 0, None)  # type: ignore[arg-type]  # but all lanes are at the same step
    one = partial(_update_one, parameters=parameters, environment=environment, head=head, settings=settings)
    update_lanes = jax.vmap(one, in_axes=(every_lane, 0, 0, 0), out_axes=every_lane)

    def update(carry: _Carry, noise: tuple[Array, Array]) -> tuple[_Carry, None]:
        return update_lanes(carry, step_sizes, *noise), None

    def until_copy(carry: _Carry, noise: tuple[Array, Array]) -> tuple[_Carry, None]:
        return jax.lax.scan(update, carry._replace(target_network=carry.network), noise)

    def evaluate(network: Network, noise: Array) -> Array:
        return environment.evaluate(partial(_greedy, network, head, environment.n_actions), noise)

    def until_evaluation(carry: _Carry, noise: tuple[Array, Array, Array]) -> tuple[_Carry, Array]:
        act_noise, batch_noise, evaluation_noise = noise
        carry, _ = jax.lax.scan(until_copy, carry, (act_noise, batch_noise))
        return carry, jax.vmap(evaluate)(carry.network, evaluation_noise)

    actors = _Actors(
        jax.vmap(jax.vmap(environment.reset))(noise.start), jnp.zeros((n_lanes, n_actors), jnp.int32)
    )
    memory = jnp.zeros((n_lanes, settings.n_updates, n_actors, 2 * environment.n_features + 3))
    optimiser_state = jax.vmap(_OPTIMISER.init)(networks)
    carry = _Carry(networks, networks, optimiser_state, memory, actors, jnp.int32(0))
    _, scores = jax.lax.scan(until_evaluation, carry, (noise.act, noise.batch, noise.evaluation))
    return scores


_compiled = compile_lanes(_train_lanes, static=(4, 5, 6))


def _draw_noise(
    rng: np.random.Generator, n_lanes: int, environment: Environment, settings: AgentSettings
) -> _Noise:
    n_copies = settings.n_updates // (settings.n_evaluations * settings.target_period)
    loops = (settings.n_evaluations, n_copies, settings.target_period)

    def uniform(loops: tuple[int, ...], *shape: int) -> Array:
        drawn = rng.random((n_lanes, *loops, *shape), dtype=np.float32)  # one lane after the other
        return jnp.asarray(np.moveaxis(drawn, 0, len(loops)))

    return _Noise(
        start=uniform((), settings.n_actors, environment.n_noise),
        act=uniform(loops, settings.n_actors, 2 + 2 * environment.n_noise),
        batch=uniform(loops, 2, settings.batch_size),
        evaluation=uniform(loops[:1], N_EVALUATION_EPISODES, environment.n_noise),
    )


def train_agents(
    environment: Environment,
    head: Head,
    step_sizes: ArrayLike,
    rng: np.random.Generator,
    settings: AgentSettings | None = None,
) -> LearningCurves:
    """Train agents in lockstep, each with its own random seed and its own step size.

    Parameters
    ----------
    environment : Environment
        Where they act.
    head : Head
        What they learn: the mean (DQN), a categorical distribution (C51) or quantiles (QR-DQN).
    step_sizes : array_like, shape (lanes,)
        Step size of Adam, one for each agent.
    rng : numpy.random.Generator
        Source of all randomness. Agents of different heads that are given generators of the same seed start
        from the same hidden layers and meet the same random numbers.
    settings : AgentSettings, optional
        Budget and shared settings. None for the defaults.

    Returns
    -------
    LearningCurves
        Steps, and the score of each agent's greedy policy.

    Raises
    ------
    ValueError
        If `step_sizes` is not one-dimensional or holds anything but positive numbers.

    References
    ----------
    Mnih et al. (2015), *Nature* 518, 529-533; Bellemare et al. (2017), *ICML*; Dabney et al. (2018), *AAAI*.
    """
    settings = AgentSettings() if settings is None else settings
    sizes = np.asarray(step_sizes, dtype=np.float32)
    if sizes.ndim != 1 or not sizes.size or not np.all(np.isfinite(sizes) & (sizes > 0)):
        raise ValueError(
            f"step_sizes: found {step_sizes!r}, expected a list of positive numbers. "
            "Give one step size an agent."
        )
    noise = _draw_noise(rng, sizes.size, environment, settings)
    layers = (environment.n_features, *settings.hidden, environment.n_actions * head.n_outputs)
    networks = init_network(rng, layers, sizes.size)
    parameters = tuple(np.float32(number) for number in head.parameters)
    nameless = replace(head, name="", parameters=())
    scores = _compiled(networks, jnp.asarray(sizes), noise, parameters, environment, nameless, settings)
    per_evaluation = settings.n_actors * settings.n_updates // settings.n_evaluations
    steps = per_evaluation * np.arange(1, settings.n_evaluations + 1)
    return LearningCurves(steps, np.asarray(scores, dtype=np.float64).T)


@dataclass(frozen=True)
class Comparison:
    """One agent on one environment, its step size chosen on some seeds and scored on others."""

    #: Name of the head.
    agent: str
    #: Step sizes that were tried, shape (step sizes,).
    step_sizes: NDArray[np.float64]
    #: Mean score over the whole learning curve of the tuning seeds, shape (step sizes, tuning seeds).
    tuning_scores: NDArray[np.float64]
    #: The step size with the highest mean tuning score.
    chosen: float
    #: Curves at that step size on fresh seeds: lanes are seeds.
    curves: LearningCurves


def compare_on_seeds(
    environment: Environment,
    heads: Sequence[Head],
    step_sizes: ArrayLike,
    n_seeds: int,
    rng: np.random.Generator,
    settings: AgentSettings | None = None,
) -> tuple[Comparison, ...]:
    """Compare agents fairly: the same budget, the same choice of step sizes, fresh seeds for the score.

    Parameters
    ----------
    environment : Environment
        Where they act.
    heads : sequence of Head
        The agents.
    step_sizes : array_like, shape (k,)
        Step sizes to choose from, for every agent the same.
    n_seeds : int
        Seeds for the choice (shared out among the step sizes) and again for the score; a multiple of k.
    rng : numpy.random.Generator
        Source of randomness. All agents and all step sizes meet the same random numbers.
    settings : AgentSettings, optional
        Budget and shared settings. None for the defaults.

    Returns
    -------
    tuple of Comparison
        One for each head.

    Raises
    ------
    ValueError
        If `n_seeds` is not a positive multiple of the number of step sizes.
    """
    sizes = np.asarray(step_sizes, dtype=np.float64)
    if n_seeds <= 0 or n_seeds % sizes.size:
        raise ValueError(
            f"n_seeds: found {n_seeds}, expected a positive multiple of the {sizes.size} step sizes, because "
            "the tuning seeds are shared out among them. Choose another number."
        )
    tuning_seed, scoring_seed = rng.integers(2**63, size=2)
    comparisons = []
    for head in heads:
        # Both runs have as many lanes, so that the loop is compiled once.
        lanes = np.repeat(sizes, n_seeds // sizes.size)
        tuning = train_agents(environment, head, lanes, np.random.default_rng(tuning_seed), settings)
        tuning_scores = tuning.scores.mean(axis=1).reshape(sizes.size, -1)
        chosen = float(sizes[np.argmax(tuning_scores.mean(axis=1))])
        scoring_rng = np.random.default_rng(scoring_seed)
        curves = train_agents(environment, head, np.full(n_seeds, chosen), scoring_rng, settings)
        comparisons.append(Comparison(head.name, sizes, tuning_scores, chosen, curves))
    return tuple(comparisons)
