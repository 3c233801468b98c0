"""What the book's Python says to the questions that its widgets answer in JavaScript.

``python -m tests.widgets.oracle`` writes ``oracle.json`` beside this file; ``test_widgets.py`` fails when it
is no longer what this module computes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from distributional_dopamine.distributions import (
    expectiles,
    impute_on_support,
    quantiles,
    wasserstein_distance,
)
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.learning.distributional import expectile_population, quantile_population
from distributional_dopamine.learning.temporal_difference import conditioning

FILE = Path(__file__).with_name("oracle.json")


def _statistics(rng: np.random.Generator) -> dict[str, Any]:
    values, weights = np.sort(rng.normal(3, 2, 12)), rng.random(12)
    weights[[0, 5, 11]] = 0  # atoms that cannot come
    taus = np.array([0.02, 0.25, 0.5, 0.7, 0.98])
    other = np.sort(rng.normal(2, 1, 5))
    shares = rng.dirichlet(np.ones(5))
    return {
        "values": values,
        "weights": weights,
        "taus": taus,
        "expectiles": expectiles(values, taus, weights),
        "quantiles": quantiles(values, taus, weights),
        "other": other,
        "shares": shares,
        "wasserstein": wasserstein_distance(values, other, weights, shares),
    }


def _learning() -> dict[str, Any]:
    rewards = np.zeros((12, 10))
    rewards[:8, 7] = 1.0
    rewards[10:, 7] = 1.0  # water, two trials without, water
    run = conditioning(rewards, 2, 0.3, 0.95)
    return {
        "task": {"n_times": 10, "cue": 2, "reward_at": 7, "discount": 0.95},
        "rate": 0.3,
        "water": (rewards[:, 7] > 0).tolist(),
        "errors": run.td_error,
        "values": run.weights[-1][0][:8],
    }


def _population(rng: np.random.Generator) -> dict[str, Any]:
    taus = (np.arange(7) + 0.5) / 7
    rewards = rng.choice(np.arange(6) + 0.5, 300)
    rates = 2 * 0.04 * taus, 2 * 0.04 * (1 - taus)
    return {
        "taus": taus,
        "rate": 0.04,
        "rewards": rewards,
        "size": expectile_population(rewards, *rates)[-1],
        "sign": quantile_population(rewards, *rates)[-1],
    }


def _cells(rng: np.random.Generator) -> dict[str, Any]:
    axis = np.array([-3.5, -3.2, -2.7, -1.7, 0.3, 4.4, 8.3])
    # Cells that change over at every cut, one that never does, and random ones, with ties among their cuts.
    counts = np.zeros((40, 7, 3), dtype=np.int64)
    for cell in range(40):
        chance = 1 / (1 + np.exp(-(axis - rng.normal(-1, 3)) / 2))
        trials = rng.integers(4, 30, 7)
        above = rng.binomial(trials, chance)
        counts[cell] = np.stack([trials, above, rng.binomial(trials - above, 0.9)], axis=1)
    counts[0] = [[9, 9, 0]] * 7
    counts[1] = [[9, 0, 9]] * 7
    sums = np.concatenate([counts.reshape(-1, 3), np.zeros((280, 1), dtype=np.int64)], axis=1).astype(float)
    points, places = _compiled.reversal_of_cells(sums, axis, _compiled.COUNTING, 0.0, rng)
    return {
        "axis": axis,
        "counts": counts,
        "points": [float(e) if p == 0 else None for e, p in zip(points, places, strict=True)],
    }


def _imputations(rng: np.random.Generator) -> dict[str, Any]:
    support = np.linspace(-3.5, 8.3, 60)
    atoms = np.array([-3.5, -3.2, -2.7, -1.7, 0.3, 4.4, 8.3])
    taus = rng.uniform(0.1, 0.9, 36)
    points = expectiles(atoms, taus) + rng.normal(0, 1.2, 36)  # as noisy, and contradictory, as measured ones
    cases = []
    # Without smoothness the answer is unique where points contradict each other, as those of many cells do.
    for n, smoothness in (
        (36, 1e-6),
        (10, 1e-6),
        (3, 1e-6),
        (1, 1e-6),
        (36, 1e-8),
        (3, 1e-8),
        (36, 0.0),
        (20, 0.0),
    ):
        found = impute_on_support(points[:n], taus[:n], support, smoothness=smoothness)
        cases.append({"n": n, "smoothness": smoothness, "weights": found.weights})
    return {"support": support, "points": points, "taus": taus, "cases": cases}


def compute() -> dict[str, Any]:
    """Everything, in plain Python types."""
    rng = np.random.default_rng(20200115)
    parts = {
        "statistics": _statistics(rng),
        "learning": _learning(),
        "population": _population(rng),
        "cells": _cells(rng),
        "imputations": _imputations(rng),
    }
    plain: dict[str, Any] = json.loads(json.dumps(parts, default=lambda array: array.tolist()))
    return plain


if __name__ == "__main__":
    FILE.write_text(json.dumps(compute(), separators=(",", ":")) + "\n", encoding="utf-8")
