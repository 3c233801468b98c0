"""Asymmetric scaling: how much steeper a cell answers to better than expected than to worse.

tau = alpha+ / (alpha+ + alpha-), where alpha+ and alpha- are least-squares slopes, through the origin, of
single responses on (utility - reversal point), above and below the reversal point (Dabney et al. 2020, figure
4). Distributional TD says that a cell of larger tau has a higher reversal point.

A reversal point and a tau from the *same* trials are related for a plain reason, whatever the cells do: noise
that moves the reversal point up leaves fewer and steeper responses above it. So tau must come from other
trials, about a reversal point of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from distributional_dopamine._checks import count
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.regression import LinearRelation, relate
from distributional_dopamine.evidence.responses import Responses, to_arrays
from distributional_dopamine.evidence.reversal_points import (
    TIE_NOISE,
    Estimator,
    ReversalPoints,
    checked_axis,
    estimate_reversal_points,
    estimator_code,
)
from distributional_dopamine.evidence.split_half import ABOVE, BELOW, SplitCorrelations, summarise_splits

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SLOPE = "slope not above zero"
"""Reason to leave a cell out of a split."""


@dataclass(frozen=True, eq=False)
class Asymmetry:
    """The asymmetric scaling of each cell, about its own reversal point.

    Attributes
    ----------
    cells
        (n_cells,) Names.
    reversal
        The reversal points, from the same trials.
    slope_above, slope_below
        (n_cells,) alpha+ and alpha-: sum(x r) / sum(x^2) over the trials with x > 0 or x < 0, where x is
        utility minus reversal point and r the response; Hz per unit of the axis. NaN where the reversal point
        is off an end.
    asymmetry
        (n_cells,) tau = alpha+ / (alpha+ + alpha-); NaN where the cell is not usable.
    """

    cells: tuple[str, ...]
    reversal: ReversalPoints
    slope_above: FloatArray
    slope_below: FloatArray
    asymmetry: FloatArray

    @property
    def usable(self) -> BoolArray:
        """(n_cells,) Whether the reversal point is within the magnitudes and both slopes are above zero."""
        return np.isfinite(self.asymmetry)

    @property
    def mean(self) -> float:
        """Mean tau over the usable cells."""
        return float(np.nanmean(self.asymmetry))

    def excluded(self) -> dict[str, tuple[str, ...]]:
        """Give the names of the cells that are not usable, by reason."""
        reasons = {
            BELOW: self.reversal.place < 0,
            ABOVE: self.reversal.place > 0,
            SLOPE: self.reversal.within & ~self.usable,
        }
        return {reason: tuple(np.array(self.cells, dtype=object)[holds]) for reason, holds in reasons.items()}

    def to_frame(self) -> pd.DataFrame:
        """Give ``cell``, ``reversal_point``, both slopes and ``asymmetry``, one row a cell."""
        return pd.DataFrame(
            {
                "cell": self.cells,
                "reversal_point": self.reversal.reversal_point,
                "slope_above": self.slope_above,
                "slope_below": self.slope_below,
                "asymmetry": self.asymmetry,
            }
        )


def estimate_asymmetry(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
) -> Asymmetry:
    """Estimate the asymmetric scaling of every cell from all its trials.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    rng
        Breaks ties between cuts.
    estimator
        Of the reversal point: ``counting``, ``summing`` or ``piecewise``.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.

    Returns
    -------
    Asymmetry

    Examples
    --------
    A cell that answers three times as steeply above its reversal point, 0, as below it:

    >>> table = pd.DataFrame({"cell": "a", "magnitude": [0.1, 0.3, 1.2, 2.5], "expected": True,
    ...                       "trial": range(4), "response": [-2.0, -1.0, 3.0, 6.0]})
    >>> arrays = to_arrays(table, magnitudes=(0.1, 0.3, 1.2, 2.5))
    >>> rng = np.random.default_rng(1)
    >>> found = estimate_asymmetry(arrays, [-2.0, -1.0, 1.0, 2.0], rng, tie_noise=0.0)
    >>> found.asymmetry.tolist()
    [0.75]
    """
    arrays = to_arrays(responses)
    reversal = estimate_reversal_points(arrays, utility_axis, rng, estimator=estimator, tie_noise=tie_noise)
    sums = _compiled.sums_by_condition(arrays.values, arrays.offsets)
    slopes = _compiled.slopes_of_cells(sums, reversal.axis, reversal.reversal_point)
    slopes[~reversal.within] = np.nan
    asymmetry = np.full(arrays.n_cells, np.nan)
    usable = (slopes > 0.0).all(axis=1)
    asymmetry[usable] = slopes[usable, 0] / slopes[usable].sum(axis=1)
    return Asymmetry(arrays.cells, reversal, slopes[:, 0], slopes[:, 1], asymmetry)


def asymmetry_against_reversal(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_splits: int = 1000,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
    same_trials: bool = False,
) -> SplitCorrelations:
    """Correlate asymmetric scaling with reversal points from the other half of the trials, over many splits.

    The first half gives the reversal points; the second gives its own reversal points and the slopes about
    them. Left out of a split, and counted: cells whose reversal point is off either end in either half, and
    those with a slope that is not above zero.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    rng
        Draws the halves and breaks ties.
    n_splits
        Number of random splits.
    estimator
        Of the reversal point: ``counting``, ``summing`` or ``piecewise``.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.
    same_trials
        Take the reversal points of the second half as well, for the same cells: a relation that is there
        without any distributional code, and is shown only to be warned of.

    Returns
    -------
    SplitCorrelations
        ``first``: reversal points, ``second``: tau.
    """
    arrays = to_arrays(responses)
    axis = checked_axis(arrays, utility_axis)
    code = estimator_code(estimator)
    splits = count("n_splits", n_splits)
    points, places, slopes = _compiled.reversal_and_slopes_of_halves(
        arrays.values, arrays.offsets, axis, code, splits, tie_noise, rng
    )
    reasons: Mapping[str, BoolArray] = {
        BELOW: np.asarray((places < 0).any(axis=1)),
        ABOVE: np.asarray((places > 0).any(axis=1)),
        SLOPE: ~np.asarray((slopes > 0.0).all(axis=2)),
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = slopes[:, :, 0] / slopes.sum(axis=2)
    return summarise_splits(points[:, 1 if same_trials else 0], tau, reasons, arrays.cells)


@dataclass(frozen=True, eq=False)
class FoldAnova:
    """One-way analysis of variance over cells of tau from disjoint folds, for many random partitions.

    Attributes
    ----------
    f
        (n_partitions,) F = mean square between cells / mean square within cells.
    p
        (n_partitions,) Probability of such an F or a larger one, with the degrees of freedom below.
    df_between, df_within
        Degrees of freedom: cells - 1, and cells (folds - 1).
    cells
        Names of the cells that are in.
    excluded
        Reason -> names of cells left out.
    asymmetry
        (n_partitions, n_folds, n_cells) tau of each fold.
    """

    f: FloatArray
    p: FloatArray
    df_between: int
    df_within: int
    cells: tuple[str, ...] = field(repr=False)
    excluded: Mapping[str, tuple[str, ...]] = field(repr=False)
    asymmetry: FloatArray = field(repr=False)

    @property
    def f_median(self) -> float:
        """Median F over partitions."""
        return float(np.median(self.f))

    @property
    def f_interval(self) -> tuple[float, float]:
        """2.5 and 97.5 % quantile of F over partitions."""
        low, high = np.quantile(self.f, [0.025, 0.975])
        return float(low), float(high)

    @property
    def f_range(self) -> tuple[float, float]:
        """Smallest and largest F over partitions."""
        return float(self.f.min()), float(self.f.max())

    def share_below(self, published_p: float) -> float:
        """Give the share of partitions whose P is below ``published_p``."""
        return float(np.mean(self.p < published_p))


def asymmetry_anova(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_folds: int = 7,
    n_partitions: int = 1000,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
    bounded: bool = False,
) -> FoldAnova:
    """Test whether cells differ in tau more than folds of one cell's trials do.

    As in the paper's code, each cell is aligned to the reversal point of all its trials, and every fold has
    the same number of each condition's trials (rounded down). The folds share that reversal point, so they
    are not independent estimates of tau, and F is no longer an F statistic: compare it with simulated cells.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    rng
        Draws the folds and breaks ties.
    n_folds
        Number of disjoint folds.
    n_partitions
        Number of random partitions into folds.
    estimator
        Of the reversal point: ``counting``, ``summing`` or ``piecewise``.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.
    bounded
        Move estimates outside 0 to 1 to the nearer end. In a fold of a few trials a slope can be negative and
        tau far outside; one such fold makes the mean square within cells, and F, arbitrary. False as in the
        paper.

    Returns
    -------
    FoldAnova
        Cells whose reversal point is off an end, or that lack trials for a slope in a fold, are left out.

    Raises
    ------
    ValueError
        If fewer than two cells or folds remain.
    """
    arrays = to_arrays(responses)
    folds = count("n_folds", n_folds, minimum=2)
    partitions = count("n_partitions", n_partitions)
    reversal = estimate_reversal_points(arrays, utility_axis, rng, estimator=estimator, tie_noise=tie_noise)
    slopes = _compiled.slopes_of_folds(
        arrays.values, arrays.offsets, reversal.axis, reversal.reversal_point, folds, partitions, rng
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = slopes[..., 0] / slopes.sum(axis=-1)
    if bounded:
        tau = np.clip(tau, 0.0, 1.0)
    complete = np.isfinite(tau).all(axis=(0, 1))
    names = np.array(arrays.cells, dtype=object)
    excluded = {
        BELOW: tuple(names[reversal.place < 0]),
        ABOVE: tuple(names[reversal.place > 0]),
        "too few trials for a slope in every fold": tuple(names[reversal.within & ~complete]),
    }
    tau = tau[:, :, complete]
    n_cells = tau.shape[2]
    if n_cells < 2:
        raise ValueError(f"responses must leave at least two cells with tau in every fold; found {n_cells}")
    means = tau.mean(axis=1)
    between = folds * ((means - means.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / (n_cells - 1)
    within = ((tau - means[:, None]) ** 2).sum(axis=(1, 2)) / (n_cells * (folds - 1))
    f = between / within
    df = n_cells - 1, n_cells * (folds - 1)
    cells = tuple(str(name) for name in names[complete])
    return FoldAnova(f, np.asarray(stats.f.sf(f, *df)), *df, cells, MappingProxyType(excluded), tau)


def relate_to_baseline(
    estimate: npt.ArrayLike, cells: tuple[str, ...], baseline: pd.DataFrame
) -> LinearRelation:
    """Regress an estimate per cell (tau, or reversal point) on the cells' baseline rates.

    Parameters
    ----------
    estimate
        (n_cells,) One value a cell; NaN leaves the cell out.
    cells
        (n_cells,) Their names.
    baseline
        Table of ``baseline_rates``: ``cell``, ``baseline`` (Hz).

    Returns
    -------
    LinearRelation
        x: baseline rate (Hz), y: the estimate.

    Raises
    ------
    ValueError
        If a cell has no baseline rate in the table.
    """
    rates = baseline.set_index("cell")["baseline"]
    missing = [cell for cell in cells if cell not in rates.index]
    if missing:
        raise ValueError(f"baseline must have a row for every cell; missing: {', '.join(missing)}")
    return relate(rates.loc[list(cells)].to_numpy(dtype=np.float64), estimate)
