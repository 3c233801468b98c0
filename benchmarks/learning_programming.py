"""Speed of categorical dynamic programming with sparse transitions, beside NumPy and rlax's projection."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

# One thread for all: JAX heeds neither OMP_NUM_THREADS nor its own flags in every release, but it cannot use
# cores that the process may not run on.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np
import rlax
from numpy.typing import NDArray

from benchmarks.timing import Comparison, best_seconds, report_table
from distributional_dopamine.learning.dynamic_programming import (
    NotConvergedError,
    categorical_dynamic_programming,
    categorical_sweep,
)
from distributional_dopamine.tasks import MarkovRewardProcess, markov_reward_process, random_process

Floats = NDArray[np.float64]


def with_rewards_by_transition(process: MarkovRewardProcess, rng: np.random.Generator) -> MarkovRewardProcess:
    """Let each transition pay a reward of its own, which is the general case."""
    pairs = zip(process.sources.tolist(), process.transitions.indices.tolist(), strict=True)
    laws = {pair: ([rng.normal()], [1.0]) for pair in pairs}
    return markov_reward_process(process.transitions, laws, process.discount)


def numpy_sweep(process: MarkovRewardProcess, probabilities: Floats, support: Floats) -> Floats:
    """Sweep with one vectorised projection for all transitions (equal spacing, one sure reward each)."""
    spacing = support[1] - support[0]
    place = (process.reward_values[:, None] + process.discount * support[None] - support[0]) / spacing
    place = np.clip(place, 0, len(support) - 1)
    low = np.minimum(place.astype(np.int64), len(support) - 2)
    share = place - low
    mass = process.transitions.data[:, None] * probabilities[process.transitions.indices]
    new = np.zeros_like(probabilities)
    rows = process.sources[:, None]
    np.add.at(new, (rows, low), mass * (1 - share))
    np.add.at(new, (rows, low + 1), mass * share)
    return new


def rlax_sweep(
    process: MarkovRewardProcess,
    support: Floats,
    dtype: type,
    n_states: int,
    batch_size: int,
    mix_first: bool,
) -> Callable[[jax.Array], jax.Array]:
    """Sweep the first states with rlax's projection, in batches, since all at once would need gigabytes.

    With ``mix_first`` the next states of a state are mixed before they are projected, which is possible where
    the reward depends on the state alone; rlax leaves that to its user, our sweep sees it by itself.
    """
    shape = process.n_states, int(process.transitions.indptr[1])
    targets = jnp.asarray(process.transitions.indices.reshape(shape))
    chances = jnp.asarray(process.transitions.data.reshape(shape), dtype)
    rewards = jnp.asarray(process.reward_values.reshape(shape), dtype)
    points = jnp.asarray(support, dtype)

    def project(reward: jax.Array, probabilities: jax.Array) -> jax.Array:
        return rlax.categorical_l2_project(reward + process.discount * points, probabilities, points)

    @jax.jit
    def sweep(probabilities: jax.Array) -> jax.Array:
        def state(arguments: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
            reward, after, chance = arguments
            if mix_first:
                return project(reward[0], chance @ probabilities[after])
            return chance @ jax.vmap(project)(reward, probabilities[after])

        first = rewards[:n_states], targets[:n_states], chances[:n_states]
        return jax.lax.map(state, first, batch_size=batch_size)

    return sweep


def finished(sweep: Callable[[jax.Array], jax.Array], given: jax.Array) -> jax.Array:
    """Sweep, and wait for the result: JAX returns before it is there."""
    return sweep(given).block_until_ready()


def seconds_of_sweep(process: MarkovRewardProcess, support: Floats, n_sweeps: int) -> float:
    """Return the seconds of one sweep of dynamic programming, which is nothing but sweeps."""

    def solve() -> None:
        try:
            categorical_dynamic_programming(process, support, tolerance=0.0, max_sweeps=n_sweeps)
        except NotConvergedError:
            return

    return best_seconds(solve, repeats=7) / n_sweeps


def main() -> int:
    """Time sweeps of 1,000 states with five successors each."""
    jax.config.update("jax_enable_x64", True)
    by_state = random_process(1_000, np.random.default_rng(1), n_successors=5, discount=0.95)
    by_transition = with_rewards_by_transition(by_state, np.random.default_rng(3))
    lines = []
    for n_points, n_timed, batch_sizes in ((51, 1_000, (8, 100)), (1_001, 50, (1, 10))):
        support = np.linspace(-10, 10, n_points)
        probabilities = np.random.default_rng(2).dirichlet(np.ones(n_points), size=by_state.n_states)
        for process, kind in ((by_transition, "transition"), (by_state, "state")):
            what = f"1,000 states x {n_points:,} atoms, rewards by {kind}"
            new = categorical_sweep(process, probabilities, support)
            np.testing.assert_allclose(numpy_sweep(process, probabilities, support), new, rtol=0, atol=1e-12)
            ours = seconds_of_sweep(process, support, n_sweeps=20)
            seconds = best_seconds(partial(numpy_sweep, process, probabilities, support), repeats=3)
            lines.append(Comparison(what, ours, seconds, "NumPy, np.add.at"))
            # The trick of mixing first is our own; where rlax is given it too, nothing is promised.
            for mix_first in (False,) if kind == "transition" else (False, True):
                for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-5)):
                    given = jnp.asarray(probabilities, dtype)
                    seconds = np.inf  # of the faster batch size
                    for batch_size in batch_sizes:
                        sweep = rlax_sweep(process, support, dtype, n_timed, batch_size, mix_first)
                        np.testing.assert_allclose(sweep(given), new[:n_timed], rtol=0, atol=tolerance)
                        seconds = min(seconds, best_seconds(partial(finished, sweep, given), 2, 0))
                    seconds *= by_state.n_states / n_timed
                    name = f"rlax, jitted, {dtype.__name__}{', mixed first' * mix_first}"
                    name += f" ({n_timed} states, scaled)" * (n_timed < by_state.n_states)
                    lines.append(Comparison(what, ours, seconds, name, None if mix_first else 10))
    return report_table(lines)


if __name__ == "__main__":
    sys.exit(main())
