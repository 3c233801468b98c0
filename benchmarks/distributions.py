"""Speed of `distributional_dopamine.distributions` beside NumPy, SciPy and POT."""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import ot
from numpy.typing import NDArray
from scipy import stats

from benchmarks.timing import Comparison, best_seconds, report_table
from distributional_dopamine.distributions import (
    categorical_projection,
    cramer_distance,
    expectiles,
    impute_on_support,
    quantiles,
    wasserstein_distance,
)

Floats = NDArray[np.float64]


def dense_projection(values: Floats, weights: Floats, support: Floats) -> Floats:
    """Project as most NumPy code does, by a matrix of atoms times points of the support (equal spacing)."""
    spacing = support[1] - support[0]
    clipped = np.clip(values, support[0], support[-1])
    shares = np.clip(1 - np.abs(clipped[:, None] - support[None]) / spacing, 0, 1)
    return np.asarray(weights @ shares)


def main() -> int:
    """Time each task and its peer."""
    rng = np.random.default_rng(1)
    n, taus = 1_000_000, np.linspace(0, 1, 1000)
    values, others, weights = rng.normal(size=n), rng.exponential(size=n), rng.random(n)
    lines = []

    sort = best_seconds(partial(np.sort, values), repeats=9)
    ours = best_seconds(partial(expectiles, values, taus), repeats=9)
    lines.append(Comparison("expectiles of 10^6 values at 1,000 taus", ours, sort, "np.sort", required=1 / 4))
    few = np.array([0.1, 0.5, 0.9])
    of_three = best_seconds(lambda: [stats.expectile(values, alpha=tau) for tau in few], repeats=1, warm_up=0)
    np.testing.assert_allclose(
        expectiles(values, few), [stats.expectile(values, alpha=tau) for tau in few], rtol=0, atol=1e-9
    )
    lines.append(
        Comparison(
            "expectiles of 10^6 values at 1,000 taus",
            ours,
            of_three * taus.size / few.size,
            "scipy.stats.expectile, 3 taus timed and scaled to 1,000",
        )
    )
    lines.append(
        Comparison(
            "expectiles of 10^6 weighted values",
            best_seconds(partial(expectiles, values, taus, weights)),
            best_seconds(partial(np.argsort, values, kind="stable")),
            "np.argsort, stable",
        )
    )
    lines.append(
        Comparison(
            "quantiles of 10^6 values at 1,000 taus",
            best_seconds(partial(quantiles, values, taus)),
            best_seconds(partial(np.quantile, values, taus, method="inverted_cdf")),
            "np.quantile, inverted_cdf",
        )
    )

    lines.append(
        Comparison(
            "1-Wasserstein distance, 10^6 against 10^6",
            best_seconds(partial(wasserstein_distance, values, others)),
            best_seconds(partial(stats.wasserstein_distance, values, others), repeats=2),
            "scipy.stats.wasserstein_distance",
            required=1,
        )
    )
    lines.append(
        Comparison(
            "2-Wasserstein distance, 10^6 against 10^6",
            best_seconds(partial(wasserstein_distance, values, others, p=2)),
            best_seconds(partial(ot.wasserstein_1d, values, others, p=2), repeats=2),
            "ot.wasserstein_1d",
            required=1,
        )
    )
    lines.append(
        Comparison(
            "Cramér distance, 10^6 against 10^6",
            best_seconds(partial(cramer_distance, values, others)),
            best_seconds(partial(stats.energy_distance, values, others), repeats=2),
            "scipy.stats.energy_distance",
            required=1,
        )
    )

    support = np.linspace(-3, 3, 51)
    some, some_weights = values[:10_000], weights[:10_000] / weights[:10_000].sum()
    np.testing.assert_allclose(
        categorical_projection(some, some_weights, support),
        dense_projection(some, some_weights, support),
        atol=1e-12,
    )
    lines.append(
        Comparison(
            "categorical projection, 10^4 atoms on 51",
            best_seconds(partial(categorical_projection, some, some_weights, support), repeats=20),
            best_seconds(partial(dense_projection, some, some_weights, support)),
            "NumPy, atoms x support",
            required=1,
        )
    )

    juice = np.array([0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0])
    orders = np.linspace(0.02, 0.98, 40)
    points = expectiles(juice, orders)
    for noise, kind in ((0.0, "exact"), (0.5, "noisy")):
        given = points + noise * rng.normal(size=orders.size)
        for n_atoms in (101, 201):
            bins = np.linspace(0, 20.1, n_atoms)
            lines.append(
                Comparison(
                    f"impute from 40 {kind} expectiles on {n_atoms}",
                    best_seconds(partial(impute_on_support, given, orders, bins), repeats=20),
                    0.020,
                    "20 ms allowed",
                    required=1,
                )
            )
    return report_table(lines)


if __name__ == "__main__":
    sys.exit(main())
