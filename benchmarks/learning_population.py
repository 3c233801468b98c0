"""Speed of the asymmetric rule for a population of cells, beside a NumPy loop over trials and a JAX scan."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
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
from distributional_dopamine.learning.distributional import expectile_population

Floats = NDArray[np.float64]


def numpy_loop(rewards: Floats, alpha_plus: Floats, alpha_minus: Floats) -> Floats:
    """Learn as one would write it down: all cells at once, one trial after the other."""
    values = np.zeros_like(alpha_plus)
    for reward in rewards:
        delta = reward - values
        values += np.where(delta > 0, alpha_plus, alpha_minus) * delta
    return values


def jax_scan(dtype: type, unroll: int) -> Callable[[Floats, Floats, Floats], jax.Array]:
    """Learn with rlax's error inside a compiled scan over trials."""
    error = jax.vmap(rlax.td_learning, in_axes=(0, None, None, None))

    @jax.jit
    def learn(rewards: jax.Array, alpha_plus: jax.Array, alpha_minus: jax.Array) -> jax.Array:
        def trial(values: jax.Array, reward: jax.Array) -> tuple[jax.Array, None]:
            delta = error(values, reward, 0.0, 0.0)
            return values + jnp.where(delta > 0, alpha_plus, alpha_minus) * delta, None

        return jax.lax.scan(trial, jnp.zeros_like(alpha_plus), rewards, unroll=unroll)[0]

    return lambda *arrays: learn(*(jnp.asarray(array, dtype) for array in arrays)).block_until_ready()


def take_turns(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Return the shortest time of each call, all called in turn: a slow spell of the machine falls on all."""
    return [
        min(times)
        for times in zip(*([best_seconds(call, 1, 0) for call in calls] for _ in range(rounds)), strict=True)
    ]


def main() -> int:
    """Time 1,000 cells over 100,000 trials."""
    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(1)
    n_cells, n_trials = 1_000, 100_000
    rewards = rng.normal(size=n_trials)
    plus, minus = 0.02 * rng.random((2, n_cells))
    what = "asymmetric rule, 1,000 cells x 100,000 trials"
    learned = expectile_population(rewards, plus, minus)[-1]
    np.testing.assert_allclose(learned, numpy_loop(rewards, plus, minus), rtol=0, atol=1e-12)
    scans = {}
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        for unroll in (1, 16):
            scan = jax_scan(dtype, unroll)
            np.testing.assert_allclose(scan(rewards, plus, minus), learned, rtol=0, atol=tolerance)
            scans[dtype.__name__, unroll] = scan
    ours, *peers = take_turns(
        [partial(call, rewards, plus, minus) for call in (expectile_population, *scans.values())], rounds=30
    )
    loop = best_seconds(partial(numpy_loop, rewards, plus, minus), repeats=3, warm_up=0)
    lines = [Comparison(what, ours, loop, "NumPy, loop over trials", required=20)]
    for (precision, unroll), seconds in zip(scans, peers, strict=True):
        # Single precision is another computation, and half the work: shown, but nothing is promised.
        required = 1 if precision == "float64" else None
        name = f"rlax in jax.lax.scan, {precision}, unroll={unroll}"
        lines.append(Comparison(what, ours, seconds, name, required))
    return report_table(lines)


if __name__ == "__main__":
    sys.exit(main())
