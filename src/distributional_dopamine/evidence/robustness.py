"""A thousand ways to run it: the same question under every combination of choices that could be defended.

A :class:`Specification` holds one choice of everything that the chapters before had to choose: the window,
the smoothing, the trials, the scale of rewards, the estimator, the cells. ``run_specifications`` runs any
list of them on random halves of the trials, and ``joint_test`` asks whether the whole curve of results could
come from cells whose estimates were dealt to them at random (Simonsohn, Simmons & Nelson 2020, Nature Human
Behaviour 4:1208-1214).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from distributional_dopamine._checks import count
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.clustering import shuffled_correlations, weighted_correlations
from distributional_dopamine.evidence.regression import correlate_rows
from distributional_dopamine.evidence.responses import (
    FIGURES_4_5,
    PLAIN,
    ResponseArrays,
    Responses,
    TrialSet,
    compute_responses,
    find_odd_trials,
    pool_trials,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.evidence.reversal_points import (
    TIE_NOISE,
    Estimator,
    estimate_reversal_points,
    estimator_code,
)
from distributional_dopamine.evidence.split_half import (
    correlate_reversal_points,
    split_half_reversal_points,
)
from distributional_dopamine.recordings.model import Recordings

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Scale = Literal["utility", "order", "volume"]
Relation = Literal["asymmetry", "reversal"]
Window: TypeAlias = tuple[int, int]

WINDOWS: tuple[Window, ...] = (
    (0, 400),
    (0, 600),
    (100, 500),
    (200, 400),
    (200, 600),
    (200, 800),
    (200, 1000),
    (300, 600),
)
"""Windows for responses, ms after the reward."""

ALL_CELLS = "all"
"""Name of the choice to keep every cell."""


@dataclass(frozen=True)
class Specification:
    """One way to run the analysis.

    Attributes
    ----------
    window
        Start and end of the window for responses, ms after the reward.
    trials
        ``pooled`` (unexpected responses shifted, as in the paper), ``expected`` or ``unexpected``.
    scale
        Axis on which reversal points are placed and slopes taken: ``utility`` (mean response of the cells,
        computed from the trials and cells of the specification), ``order`` (1 to 7) or ``volume`` (µL).
    smoothing
        Whether spikes are smoothed, as in figures 4 and 5 of the paper.
    odd_trials
        Whether the odd trials, whose label is wrong, are kept.
    estimator
        Of the reversal point.
    cells
        Name of the choice of cells: ``all``, or one of those that are passed to :func:`run_specifications`.
    """

    window: Window = (200, 600)
    trials: TrialSet = "pooled"
    scale: Scale = "utility"
    smoothing: bool = True
    odd_trials: bool = True
    estimator: Estimator = "piecewise"
    cells: str = ALL_CELLS


def specification_grid(
    *,
    windows: Sequence[Window] = WINDOWS,
    trials: Sequence[TrialSet] = ("pooled", "expected", "unexpected"),
    scales: Sequence[Scale] = ("utility", "order", "volume"),
    smoothing: Sequence[bool] = (True, False),
    odd_trials: Sequence[bool] = (True, False),
    estimators: Sequence[Estimator] = ("counting", "summing", "piecewise"),
    cells: Sequence[str] = (ALL_CELLS,),
) -> tuple[Specification, ...]:
    """Combine every choice with every other.

    The odd trials are labelled as unexpected, so that to keep or to drop them is no choice where expected
    trials are used alone: such a specification is there once.

    Parameters
    ----------
    windows, trials, scales, smoothing, odd_trials, estimators, cells
        The choices, in the order in which they are to come; see :class:`Specification`.

    Returns
    -------
    tuple of Specification

    Examples
    --------
    >>> grid = specification_grid(windows=[(200, 600)], scales=["utility"], estimators=["piecewise"])
    >>> len(grid)  # smoothing: 2; trials with odd ones or without: 2 pooled, 2 unexpected, 1 expected
    10
    """
    product = itertools.product(windows, smoothing, odd_trials, trials, scales, cells, estimators)
    return tuple(
        Specification(window, kind, scale, smooth, odd, estimator, chosen)
        for window, smooth, odd, kind, scale, chosen, estimator in product
        if not (kind == "expected" and odd != odd_trials[0])
    )


class ResponseTables:
    """The responses of recordings for any window and smoothing, each computed once, when first asked for.

    Parameters
    ----------
    recordings
        The units.
    """

    def __init__(self, recordings: Recordings) -> None:
        self.recordings = recordings
        self._odd = pd.MultiIndex.from_frame(find_odd_trials(recordings)[["cell", "trial"]])
        self._tables: dict[tuple[Window, bool, bool], pd.DataFrame] = {}

    def table(self, window: Window, *, smoothing: bool = True, odd_trials: bool = True) -> pd.DataFrame:
        """Give the table of ``compute_responses`` for a choice of window, smoothing and odd trials.

        Parameters
        ----------
        window
            Start and end of the window, ms after the reward.
        smoothing
            Whether spikes are smoothed, as in figures 4 and 5 of the paper.
        odd_trials
            Whether the odd trials are kept.

        Returns
        -------
        pandas.DataFrame
            The same object each time: not to be changed.
        """
        key = window, smoothing, odd_trials
        if key not in self._tables and odd_trials:
            definition = replace(FIGURES_4_5 if smoothing else PLAIN, window=window)
            self._tables[key] = compute_responses(self.recordings, definition)
        elif key not in self._tables:
            whole = self.table(window, smoothing=smoothing)
            odd = pd.MultiIndex.from_frame(whole[["cell", "trial"]]).isin(self._odd)
            self._tables[key] = whole[~odd].reset_index(drop=True)
        return self._tables[key]


def prepare(
    responses: pd.DataFrame, specification: Specification, left_out: Collection[str] = ()
) -> tuple[ResponseArrays, FloatArray]:
    """Bring responses into the form that a specification asks for.

    Parameters
    ----------
    responses
        Responses for its window, smoothing and odd trials (``compute_responses``).
    specification
        The choices.
    left_out
        Names of cells to leave out, before anything is computed from them.

    Returns
    -------
    arrays, axis
        The responses, and the (n_magnitudes,) place of each magnitude on the scale.
    """
    kept = responses[~responses["cell"].isin(list(left_out))] if left_out else responses
    arrays = to_arrays(pool_trials(kept, specification.trials))
    if specification.scale == "utility":
        return arrays, utility_axis(arrays)
    if specification.scale == "order":
        return arrays, np.arange(1.0, arrays.n_magnitudes + 1.0)
    if specification.scale == "volume":
        return arrays, np.array(arrays.magnitudes)
    raise ValueError(f"scale must be 'utility', 'order' or 'volume'; found {specification.scale!r}")


@dataclass(frozen=True, eq=False)
class SpecificationRuns:
    """What every specification gives, from random halves of the trials.

    Attributes
    ----------
    specifications
        The specifications, in the order in which they were asked for.
    cells
        (n_cells,) Names of all cells.
    first, second
        (n_specifications, n_splits, n_cells) Reversal points of the two halves, on the specification's own
        scale; NaN where one is off either end, or the cell is left out.
    asymmetry
        (n_specifications, n_splits, n_cells) tau of the second half, about its own reversal point; NaN also
        where a slope is not above zero.
    """

    specifications: tuple[Specification, ...]
    cells: tuple[str, ...]
    first: FloatArray = field(repr=False)
    second: FloatArray = field(repr=False)
    asymmetry: FloatArray = field(repr=False)

    def pair(self, relation: Relation) -> tuple[FloatArray, FloatArray]:
        """Give the two estimates of a relation, (n_specifications, n_splits, n_cells) each.

        ``asymmetry``: reversal points of the first half and tau of the second; ``reversal``: reversal points
        of both halves.

        Raises
        ------
        ValueError
            If the relation is neither.
        """
        if relation not in ("asymmetry", "reversal"):
            raise ValueError(f"relation must be 'asymmetry' or 'reversal'; found {relation!r}")
        return self.first, self.asymmetry if relation == "asymmetry" else self.second

    def correlations(self, relation: Relation) -> FloatArray:
        """Give the correlation across cells in each split, (n_specifications, n_splits)."""
        x, y = self.pair(relation)
        r, _, _ = correlate_rows(x.reshape(-1, len(self.cells)), y.reshape(-1, len(self.cells)))
        return r.reshape(x.shape[:2])

    def n_cells(self, relation: Relation) -> FloatArray:
        """Give the median over splits of the number of cells that remain, (n_specifications,)."""
        x, y = self.pair(relation)
        return np.asarray(np.median((np.isfinite(x) & np.isfinite(y)).sum(axis=2), axis=1))

    def select(self, kept: npt.ArrayLike) -> SpecificationRuns:
        """Give the same for some of the specifications, by a mask or by their indices."""
        chosen = np.arange(len(self.specifications))[np.asarray(kept)]
        return SpecificationRuns(
            tuple(self.specifications[i] for i in chosen),
            self.cells,
            self.first[chosen],
            self.second[chosen],
            self.asymmetry[chosen],
        )

    def to_frame(self, relation: Relation) -> pd.DataFrame:
        """Give one row a specification: its choices, and what it finds.

        Returns
        -------
        pandas.DataFrame
            The fields of :class:`Specification`; ``r``, median correlation over splits; ``r_low``,
            ``r_high``, its 2.5 and 97.5 % quantiles over splits; ``n``, median number of cells; ``p``,
            two-sided P of the linear regression in n cells with the correlation r. NaN where no split leaves
            three cells.
        """
        r = self.correlations(relation)
        low, middle, high = _quantiles(r, [0.025, 0.5, 0.975])
        n = self.n_cells(relation)
        table = pd.DataFrame([asdict(one) for one in self.specifications])
        return table.assign(r=middle, r_low=low, r_high=high, n=n, p=p_of_correlation(middle, n))


def p_of_correlation(r: npt.ArrayLike, n: npt.ArrayLike) -> FloatArray:
    """Give the two-sided P of correlations r in n independent cells each.

    Parameters
    ----------
    r
        Correlations, between -1 and 1.
    n
        Numbers of cells; of a shape that goes with that of `r`.

    Returns
    -------
    array
        P of t = r sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom; NaN where n < 3.
    """
    r, n = np.asarray(r, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(r) * np.sqrt((n - 2.0) / ((1.0 - r) * (1.0 + r)))
    return np.asarray(2.0 * special.stdtr(n - 2.0, -t))


def run_specifications(
    tables: ResponseTables,
    specifications: Sequence[Specification],
    rng: np.random.Generator,
    *,
    n_splits: int = 20,
    left_out: Mapping[str, Collection[str]] | None = None,
    tie_noise: float = TIE_NOISE,
) -> SpecificationRuns:
    """Run every specification on random halves of the trials.

    Each specification has a random stream of its own, so that what it finds does not depend on which others
    are run after it.

    Parameters
    ----------
    tables
        Responses of the recordings: ``ResponseTables(recordings)``.
    specifications
        What to run.
    rng
        Spawns the streams that draw the halves and break ties.
    n_splits
        Number of random splits of each specification.
    left_out
        Name of a choice of cells -> names of the cells that it leaves out.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.

    Returns
    -------
    SpecificationRuns

    Raises
    ------
    ValueError
        If there is no specification, or one names a choice of cells that ``left_out`` does not have.
    """
    splits = count("n_splits", n_splits)
    if not specifications:
        raise ValueError("specifications must hold at least one; found none")
    choices: dict[str, Collection[str]] = {ALL_CELLS: (), **(left_out or {})}
    unknown = sorted({one.cells for one in specifications} - set(choices))
    if unknown:
        raise ValueError(
            f"left_out must name the cells of each choice; no entry for {', '.join(unknown)}, found "
            f"{', '.join(sorted(choices))}"
        )
    cells = tuple(unit.name for unit in tables.recordings.units)
    column = {name: i for i, name in enumerate(cells)}
    shape = len(specifications), splits, len(cells)
    first, second, asymmetry = (np.full(shape, np.nan) for _ in range(3))
    prepared: dict[Specification, tuple[ResponseArrays, FloatArray]] = {}
    for i, (one, stream) in enumerate(zip(specifications, rng.spawn(len(specifications)), strict=True)):
        data = replace(one, estimator="counting")  # the data are the same whatever the estimator
        if data not in prepared:
            table = tables.table(one.window, smoothing=one.smoothing, odd_trials=one.odd_trials)
            prepared[data] = prepare(table, one, choices[one.cells])
        arrays, axis = prepared[data]
        points, places, slopes = _compiled.reversal_and_slopes_of_halves(
            arrays.values, arrays.offsets, axis, estimator_code(one.estimator), splits, tie_noise, stream
        )
        here = [column[name] for name in arrays.cells]
        within = (places == 0).all(axis=1)
        usable = within & (slopes > 0.0).all(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            tau = slopes[:, :, 0] / slopes.sum(axis=2)
        first[i][:, here] = np.where(within, points[:, 0], np.nan)
        second[i][:, here] = np.where(within, points[:, 1], np.nan)
        asymmetry[i][:, here] = np.where(usable, tau, np.nan)
    return SpecificationRuns(tuple(specifications), cells, first, second, asymmetry)


def interval_over_draws(runs: SpecificationRuns, relation: Relation, weights: FloatArray) -> FloatArray:
    """Give, for each specification, how far its median correlation moves when cells are drawn again.

    Parameters
    ----------
    runs
        What the specifications give.
    relation
        ``asymmetry`` or ``reversal``.
    weights
        (n_draws, n_cells) How often each cell is in (``cluster_weights``), the same draws for all.

    Returns
    -------
    array
        (n_specifications, 2) 2.5 and 97.5 % quantile over draws of the median over splits.
    """
    x, y = runs.pair(relation)
    out = np.empty((len(runs.specifications), 2))
    for i in range(len(out)):
        over_draws = _quantiles(weighted_correlations(x[i], y[i], weights), [0.5])[0]
        out[i] = _quantiles(over_draws[None], [0.025, 0.975])[:, 0]
    return out


def shuffled_curves(runs: SpecificationRuns, relation: Relation, orders: npt.NDArray[np.int64]) -> FloatArray:
    """Give what the specifications find once cells have changed places, alike in all specifications.

    Parameters
    ----------
    runs
        What the specifications give.
    relation
        ``asymmetry``: the cells' asymmetries are dealt to other cells; ``reversal``: the reversal points of
        the second half.
    orders
        (n_permutations, n_cells) From ``draw_orders``.

    Returns
    -------
    array
        (n_permutations, n_specifications) median correlation over splits.
    """
    x, y = runs.pair(relation)
    return np.column_stack(
        [
            _quantiles(shuffled_correlations(one, other, orders), [0.5])[0]
            for one, other in zip(x, y, strict=True)
        ]
    )


def _quantiles(r: FloatArray, q: Sequence[float]) -> FloatArray:
    """Give quantiles along the rows, (n_q, n_rows); what is NaN is passed over, a row of NaN gives NaN."""
    out = np.full((len(q), len(r)), np.nan)
    whole = np.isfinite(r).all(axis=1)
    part = ~whole & np.isfinite(r).any(axis=1)
    if whole.any():
        out[:, whole] = np.quantile(r[whole], q, axis=1)  # much faster than its sibling below
    if part.any():
        out[:, part] = np.nanquantile(r[part], q, axis=1)
    return out


@dataclass(frozen=True, eq=False)
class JointTest:
    """Whether a whole curve of specifications could have come about by chance.

    Attributes
    ----------
    median, share_positive, share_significant
        Of the curve: median correlation over specifications, share of specifications with r > 0, and with r >
        0 and P < 0.05.
    median_shuffled, share_positive_shuffled, share_significant_shuffled
        (n_permutations,) The same of the shuffled curves.
    p_median, p_share_positive, p_share_significant
        (1 + number of shuffled curves with at least as much) / (1 + number of shuffled curves).
    n_specifications
        Number of specifications.
    """

    median: float
    share_positive: float
    share_significant: float
    median_shuffled: FloatArray = field(repr=False)
    share_positive_shuffled: FloatArray = field(repr=False)
    share_significant_shuffled: FloatArray = field(repr=False)
    p_median: float
    p_share_positive: float
    p_share_significant: float
    n_specifications: int


def joint_test(r: npt.ArrayLike, n: npt.ArrayLike, shuffled: FloatArray) -> JointTest:
    """Test a whole curve against curves whose cells have changed places.

    One P value a statistic for the whole curve, so that the number of specifications needs no correction.
    Cells change places alike in every specification, which keeps the likeness of specifications to one
    another.

    Parameters
    ----------
    r
        (n_specifications,) Correlation of each specification.
    n
        (n_specifications,) Number of cells in each.
    shuffled
        (n_permutations, n_specifications) From :func:`shuffled_curves`.

    Returns
    -------
    JointTest

    Raises
    ------
    ValueError
        If the shapes do not agree.

    Examples
    --------
    >>> found = joint_test([0.5, 0.2], [30, 30], np.array([[0.1, -0.1], [-0.2, 0.0], [0.6, 0.4]]))
    >>> found.median, found.share_significant, found.p_median
    (0.35, 0.5, 0.5)
    """
    curve, numbers = np.asarray(r, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if curve.ndim != 1 or numbers.shape != curve.shape or shuffled.shape[1:] != curve.shape:
        raise ValueError(
            "r, n and shuffled must be of the same specifications; found shapes "
            f"{curve.shape}, {numbers.shape} and {shuffled.shape}"
        )

    def statistics(curves: FloatArray) -> FloatArray:
        significant = (curves > 0.0) & (p_of_correlation(curves, numbers) < 0.05)
        return np.stack([np.median(curves, axis=-1), (curves > 0.0).mean(axis=-1), significant.mean(axis=-1)])

    found, by_chance = statistics(curve), statistics(shuffled)
    p = (1.0 + (by_chance >= found[:, None]).sum(axis=1)) / (1.0 + len(shuffled))
    return JointTest(
        median=float(found[0]),
        share_positive=float(found[1]),
        share_significant=float(found[2]),
        median_shuffled=by_chance[0],
        share_positive_shuffled=by_chance[1],
        share_significant_shuffled=by_chance[2],
        p_median=float(p[0]),
        p_share_positive=float(p[1]),
        p_share_significant=float(p[2]),
        n_specifications=curve.size,
    )


@dataclass(frozen=True, eq=False)
class KindsCompared:
    """Whether expected and unexpected trials place the cells' reversal points alike.

    Attributes
    ----------
    cells
        (n_cells,) Names.
    expected, unexpected
        (n_cells,) Reversal points from all trials of one kind, utility in Hz; NaN off either end.
    r
        Correlation of the two.
    n
        Number of cells that have both.
    within_expected, within_unexpected
        Median split-half correlation within one kind.
    ceiling
        sqrt(R_expected R_unexpected), with R = 2 w / (1 + w) the reliability of all trials of a kind whose
        halves correlate with w (Spearman & Brown; w below zero counts as zero): what noise would leave of a
        perfect agreement.
    difference
        Mean over the cells that have both of unexpected minus expected reversal point, Hz.
    """

    cells: tuple[str, ...]
    expected: FloatArray = field(repr=False)
    unexpected: FloatArray = field(repr=False)
    r: float
    n: int
    within_expected: float
    within_unexpected: float
    ceiling: float
    difference: float


def compare_kinds(
    responses: pd.DataFrame,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "piecewise",
    n_splits: int = 100,
    shifted: bool = True,
) -> KindsCompared:
    """Estimate reversal points from expected and from unexpected trials, on one utility axis.

    Parameters
    ----------
    responses
        Responses to both kinds of trials, not pooled yet.
    rng
        Draws the halves and breaks ties.
    estimator
        Of the reversal points.
    n_splits
        Number of random splits within each kind.
    shifted
        Shift unexpected responses by one number for all cells, as pooling does.

    Returns
    -------
    KindsCompared
    """
    pooled = pool_trials(responses)
    axis = utility_axis(pooled)
    expected = responses["expected"].to_numpy(dtype=bool)
    table = pooled if shifted else responses
    kinds = to_arrays(table[expected]), to_arrays(table[~expected])
    between = correlate_reversal_points(*kinds, axis, rng, estimator=estimator)
    within = [
        split_half_reversal_points(kind, axis, rng, n_splits=n_splits, estimator=estimator).r
        for kind in kinds
    ]
    w = [float(_quantiles(r[None], [0.5])[0, 0]) for r in within]
    reliability = [2.0 * max(one, 0.0) / (1.0 + max(one, 0.0)) for one in w]
    first, second = between.first[0], between.second[0]
    both = np.isfinite(first) & np.isfinite(second)
    return KindsCompared(
        cells=between.cells,
        expected=first,
        unexpected=second,
        r=float(between.r[0]),
        n=int(between.n_cells[0]),
        within_expected=w[0],
        within_unexpected=w[1],
        ceiling=float(np.sqrt(reliability[0] * reliability[1])),
        difference=float((second - first)[both].mean()) if both.any() else float("nan"),
    )


@dataclass(frozen=True)
class ReversalSpread:
    """How far apart the cells' reversal points lie.

    Attributes
    ----------
    sd
        Standard deviation over cells of the reversal points from all trials, Hz.
    sd_lasting
        sqrt of the covariance over cells of the reversal points of two random halves, median over splits, Hz:
        the part of the spread that is no noise of single trials. Zero where the covariance is negative.
    n_cells
        Number of cells with a reversal point from all trials.
    """

    sd: float
    sd_lasting: float
    n_cells: int


def spread_of_reversal_points(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "counting",
    n_splits: int = 100,
) -> ReversalSpread:
    """Measure how far apart reversal points lie, with noise and without.

    Parameters
    ----------
    responses
        Responses of the cells, pooled.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    rng
        Draws the halves and breaks ties.
    estimator
        Of the reversal points.
    n_splits
        Number of random splits.

    Returns
    -------
    ReversalSpread
    """
    points = estimate_reversal_points(responses, utility_axis, rng, estimator=estimator).reversal_point
    splits = split_half_reversal_points(responses, utility_axis, rng, n_splits=n_splits, estimator=estimator)
    both = np.isfinite(splits.first) & np.isfinite(splits.second)
    n = both.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (
            np.where(both, half - np.where(both, half, 0.0).sum(axis=1, keepdims=True) / n, 0.0)
            for half in (splits.first, splits.second)
        )
        covariance = (first * second).sum(axis=1) / (n[:, 0] - 1.0)
    lasting = float(_quantiles(covariance[None], [0.5])[0, 0])
    there = points[np.isfinite(points)]
    return ReversalSpread(float(there.std(ddof=1)), float(np.sqrt(max(lasting, 0.0))), there.size)


def variance_shares(table: pd.DataFrame, value: str = "r") -> pd.Series:
    """Give the share of the variance over specifications that goes with each choice by itself.

    Parameters
    ----------
    table
        From ``SpecificationRuns.to_frame``.
    value
        Column whose variance is split up.

    Returns
    -------
    pandas.Series
        Choice -> sum of squares between its options over the sum of squares in all, largest first.
        What is left is made by combinations of choices, and by the random splits.

    Examples
    --------
    >>> table = pd.DataFrame({"trials": ["a", "a", "b", "b"], "smoothing": [True, False, True, False],
    ...                       "r": [0.0, 0.1, 0.4, 0.5]})
    >>> variance_shares(table).round(3).to_dict()
    {'trials': 0.941, 'smoothing': 0.059}
    """
    choices = [name for name in Specification.__dataclass_fields__ if name in table.columns]
    values = table[value]
    total = float(((values - values.mean()) ** 2).sum())
    shares = {
        name: float(((table.groupby(name)[value].transform("mean") - values.mean()) ** 2).sum()) / total
        for name in choices
    }
    return pd.Series(shares).sort_values(ascending=False, kind="stable")
