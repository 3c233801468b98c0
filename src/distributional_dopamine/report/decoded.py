"""The distribution of rewards decoded from the cells of a report, with what shuffles and halves give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.decoding import (
    DecodingDistances,
    Effort,
    decode,
    decode_independent_halves,
    decode_shuffled,
)
from distributional_dopamine.evidence.responses import ResponseArrays

FloatArray = npt.NDArray[np.float64]
Summary = tuple[float, tuple[float, float]]
_EFFORT = Effort(route="convex", n_support=100)
_DRAWN = 20  # shuffles that a figure shows


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded distribution, and distances from the true one.

    Attributes
    ----------
    support, weights
        Of the decoded distribution: utility, and probability.
    w1
        Wasserstein-1 distance from the true one, in the unit of the axis.
    shuffled, halves
        Median, and 2.5 and 97.5 % quantile, of this distance with asymmetries shuffled among the cells, and
        from independent halves of the trials.
    p
        Share of shuffles at least as near, the data counted among them.
    n_cells
        Number of cells decoded from.
    shuffled_weights
        (n, n_support) Some of the shuffles, on the same support.
    """

    support: FloatArray
    weights: FloatArray
    w1: float
    shuffled: Summary
    halves: Summary
    p: float
    n_cells: int
    shuffled_weights: FloatArray


def decode_cells(
    arrays: ResponseArrays,
    axis: FloatArray,
    weights: FloatArray,
    rng: np.random.Generator,
    *,
    n_shuffles: int = 100,
    n_splits: int = 40,
) -> Decoded | None:
    """Decode the distribution of rewards, as often as it takes to say what that is worth.

    Parameters
    ----------
    arrays
        Pooled responses.
    axis, weights
        (n_magnitudes,) Utility and probability of each reward.
    rng
        Draws halves and shuffles, and breaks ties.
    n_shuffles, n_splits
        Number of shuffles, and of random splits into halves.

    Returns
    -------
    Decoded or None
        None where fewer than two cells have a reversal point and an asymmetry.
    """
    found = estimate_asymmetry(arrays, axis, rng)
    points, taus = found.reversal.reversal_point, found.asymmetry
    usable = np.isfinite(points) & np.isfinite(taus)
    if usable.sum() < 2 or np.ptp(axis) == 0.0:
        return None
    own = decode(points, taus, axis, weights, rng, _EFFORT)
    shuffles = decode_shuffled(points, taus, axis, weights, rng, n_shuffles=n_shuffles, effort=_EFFORT)
    drawn = [
        decode(points[usable], rng.permutation(taus[usable]), axis, weights, rng, _EFFORT).imputation.weights
        for _ in range(min(_DRAWN, n_shuffles))
    ]
    try:
        halves = _summary(
            decode_independent_halves(arrays, axis, weights, rng, n_splits=n_splits, effort=_EFFORT)
        )
    except ValueError:  # a split that leaves no cell: too few trials for halves
        halves = float("nan"), (float("nan"), float("nan"))
    return Decoded(
        own.imputation.support,
        own.imputation.weights,
        own.w1,
        _summary(shuffles),
        halves,
        float((1 + (shuffles.w1 <= own.w1).sum()) / (1 + n_shuffles)),
        own.n_cells,
        np.array(drawn),
    )


def _summary(distances: DecodingDistances) -> Summary:
    return distances.w1_median, distances.w1_interval
