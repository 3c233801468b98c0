"""Whether the reversal points of one random half of the trials return in the other half.

The published P value (Dabney et al. 2020, figure 2) comes from one random split. Here the split is repeated,
and the distribution of correlations and P values over splits is the result. Splits share their trials, so
this distribution says how much the published number depends on the split; it is no confidence interval over
cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from distributional_dopamine._checks import count
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.regression import correlate_rows, median_of_finite
from distributional_dopamine.evidence.responses import Responses, to_arrays
from distributional_dopamine.evidence.reversal_points import (
    TIE_NOISE,
    Estimator,
    checked_axis,
    estimator_code,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

BELOW = "reversal point below the smallest reward"
"""Reason to leave a cell out of a split."""

ABOVE = "reversal point above the largest reward"
"""Reason to leave a cell out of a split."""


@dataclass(frozen=True, eq=False)
class SplitCorrelations:
    """Correlations across cells between two estimates from independent halves, over many random splits.

    Attributes
    ----------
    r
        (n_splits,) Pearson correlation over the cells that remain; NaN where fewer than three do.
    p
        (n_splits,) Two-sided P of the slope of the ordinary linear regression over the same cells (equal to
        that of r): t = r sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom.
    n_cells
        (n_splits,) Number of cells that remain.
    excluded
        Reason -> (n_splits,) number of cells left out for it. A cell is counted for the first reason that
        holds.
    first, second
        (n_splits, n_cells) The two estimates; NaN where there is none.
    cells
        (n_cells,) Names.
    """

    r: FloatArray
    p: FloatArray
    n_cells: IntArray
    excluded: Mapping[str, IntArray] = field(repr=False)
    first: FloatArray = field(repr=False)
    second: FloatArray = field(repr=False)
    cells: tuple[str, ...] = field(repr=False)

    @property
    def n_splits(self) -> int:
        """Number of random splits."""
        return int(self.r.size)

    @property
    def r_median(self) -> float:
        """Median correlation over splits; NaN if no split has one."""
        return median_of_finite(self.r)

    @property
    def r_interval(self) -> tuple[float, float]:
        """2.5 and 97.5 % quantile of the correlation over splits."""
        low, high = np.nanquantile(self.r, [0.025, 0.975])
        return float(low), float(high)

    @property
    def p_geometric_mean(self) -> float:
        """Geometric mean of P over splits, exp(mean(log P))."""
        p = self.p[np.isfinite(self.p)]
        return float(np.exp(np.log(np.maximum(p, np.finfo(float).tiny)).mean()))

    @property
    def p_median(self) -> float:
        """Median of P over splits."""
        return float(np.nanmedian(self.p))

    def share_below(self, published_p: float) -> float:
        """Give the share of splits whose P is below ``published_p``; one without P is not."""
        return float(np.mean(self.p < published_p))

    @property
    def n_cells_median(self) -> float:
        """Median over splits of the number of cells that remain."""
        return float(np.median(self.n_cells))

    def excluded_share(self) -> FloatArray:
        """Give, for each cell, the share of splits in which it is left out."""
        return np.asarray((~(np.isfinite(self.first) & np.isfinite(self.second))).mean(axis=0))


def summarise_splits(
    first: FloatArray,
    second: FloatArray,
    reasons: Mapping[str, BoolArray],
    cells: tuple[str, ...],
) -> SplitCorrelations:
    """Leave out cells, count why, and correlate what remains, split by split.

    Parameters
    ----------
    first, second
        (n_splits, n_cells) The two estimates.
    reasons
        Reason -> (n_splits, n_cells) whether it holds; a cell is counted for the first that does.
    cells
        (n_cells,) Names.

    Returns
    -------
    SplitCorrelations
    """
    out = np.zeros(first.shape, dtype=bool)
    excluded: dict[str, IntArray] = {}
    for reason, holds in reasons.items():
        excluded[reason] = (holds & ~out).sum(axis=1)
        out |= holds
    first = np.where(out, np.nan, first)
    second = np.where(out, np.nan, second)
    r, p, n = correlate_rows(first, second)
    return SplitCorrelations(r, p, n, MappingProxyType(excluded), first, second, cells)


def split_half_reversal_points(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_splits: int = 1000,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
) -> SplitCorrelations:
    """Correlate the reversal points of two random halves of the trials, over many splits.

    For each cell and magnitude a random half of the trials, rounded down, goes into the first half and the
    others into the second. Cells whose reversal point is off either end in either half are left out and
    counted.

    Parameters
    ----------
    responses
        Responses of the cells, one kind of trials or pooled.
    utility_axis
        (n_magnitudes,) Place of each magnitude on the axis wanted.
    rng
        Draws the halves and breaks ties.
    n_splits
        Number of random splits.
    estimator
        ``counting``, ``summing`` or ``piecewise``.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.

    Returns
    -------
    SplitCorrelations
        ``first`` and ``second`` hold the reversal points of both halves.
    """
    arrays = to_arrays(responses)
    axis = checked_axis(arrays, utility_axis)
    code = estimator_code(estimator)
    splits = count("n_splits", n_splits)
    points, places = _compiled.reversal_of_halves(
        arrays.values, arrays.offsets, axis, code, splits, tie_noise, rng
    )
    reasons = {
        BELOW: np.asarray((places < 0).any(axis=1)),
        ABOVE: np.asarray((places > 0).any(axis=1)),
    }
    return summarise_splits(points[:, 0], points[:, 1], reasons, arrays.cells)


def correlate_reversal_points(
    first: Responses,
    second: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
) -> SplitCorrelations:
    """Correlate the reversal points of the same cells from two sets of trials, as expected and unexpected.

    Parameters
    ----------
    first, second
        Responses of the same cells in the same order; both are used whole.
    utility_axis
        (n_magnitudes,) Place of each magnitude on the axis wanted.
    rng
        Breaks ties.
    estimator
        ``counting``, ``summing`` or ``piecewise``.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.

    Returns
    -------
    SplitCorrelations
        With a single row.

    Raises
    ------
    ValueError
        If the cells differ.
    """
    arrays = to_arrays(first), to_arrays(second)
    if arrays[0].cells != arrays[1].cells:
        raise ValueError(
            f"first and second must hold the same cells in the same order; found {len(arrays[0].cells)} and "
            f"{len(arrays[1].cells)}, or another order: use select() on one of them"
        )
    points, places = [], []
    for one in arrays:
        axis = checked_axis(one, utility_axis)
        sums = _compiled.sums_by_condition(one.values, one.offsets)
        point, place = _compiled.reversal_of_cells(sums, axis, estimator_code(estimator), tie_noise, rng)
        points.append(point[None])
        places.append(place)
    both = np.stack(places)
    reasons = {
        BELOW: np.asarray((both < 0).any(axis=0))[None],
        ABOVE: np.asarray((both > 0).any(axis=0))[None],
    }
    return summarise_splits(points[0], points[1], reasons, arrays[0].cells)
