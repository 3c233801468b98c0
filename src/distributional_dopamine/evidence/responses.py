"""Responses of each cell to each reward: from spike times to a tidy table of rates.

Whatever the definition (plain rates in a window, or the smoothed rates of the figures), a response is a
weighted sum over the spikes of its trial: binning, smoothing, subtracting the baseline and averaging over a
window are all linear. So the weight of each millisecond is worked out once, by running the definition's steps
backwards, and the responses of forty cells take milliseconds.

The definitions are those of Dabney et al. 2020 (Nature 577:671-675), figures 2, 4 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine.recordings.matlab import odd_trials
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import MAGNITUDES, Recordings, Unit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
TrialSet = Literal["pooled", "expected", "unexpected"]

TRACE = (-1000, 3000)
"""Milliseconds around the event (cue, or unexpected reward) over which spikes are counted.

Where the reward comes more than 1,500 ms after the event, the end is that much later.
"""

BASELINE = (-1000, 0)
"""Milliseconds around the event that give the baseline, the end not included."""

RESPONSE_COLUMNS = ("cell", "magnitude", "expected", "trial", "response")

_USUAL_DELAY = 1500  # ms from odour to reward in the public data, whose trace of 3,000 ms holds the reward

# Rates that differ from zero only by rounding are set to zero, so that a trial whose response is exactly zero
# counts neither as a positive nor as a negative one, on every machine. The smallest true response is some
# 1e-4 Hz.
_ZERO = 1e-9


@dataclass(frozen=True)
class ResponseDefinition:
    """How the spikes of a trial become one response.

    The steps, in order: spikes are put into bins of 1 ms relative to the event; the causal kernel is laid
    after each spike; the baseline is the mean of that trace over the 1,000 ms before the event, and is
    subtracted from it; the trace is convolved with the centred kernel; the response is its mean over the
    window.

    Attributes
    ----------
    window
        Start and end of the window, ms after the reward, whole numbers, the end not included.
    causal_smoothing
        Time constant T (ms) of the kernel (1 - exp(-t)) exp(-t / T), t = 0, 1, ... 2.5 T ms, laid from each
        spike forwards; None for no such step.
    centred_smoothing
        Time constant (ms) of the same kernel in the second step, which MATLAB's ``conv(..., 'same')`` shifts
        back by half its length; None for no such step.
    rounded_bins
        True: a spike belongs to the nearest millisecond, halves away from zero, as MATLAB rounds. False: bins
        begin at whole milliseconds, so that a window without smoothing holds exactly the spikes within it.
    """

    window: tuple[int, int] = (200, 600)
    causal_smoothing: float | None = None
    centred_smoothing: float | None = None
    rounded_bins: bool = True

    def __post_init__(self) -> None:
        """Check the window and the time constants."""
        start, stop = self.window
        if int(start) != start or int(stop) != stop or not start < stop:
            raise ValueError(
                f"window must be two whole numbers of ms, the first the smaller; found {self.window}"
            )
        for name in ("causal_smoothing", "centred_smoothing"):
            constant = getattr(self, name)
            if constant is not None and not constant > 0:
                raise ValueError(f"{name} must be a time constant above 0 ms, or None; found {constant}")


PLAIN = ResponseDefinition(rounded_bins=False)
"""Mean rate 200-600 ms after the reward minus mean rate in the 1,000 ms before the event."""

FIGURES_4_5 = ResponseDefinition(causal_smoothing=20.0, centred_smoothing=20.0)
"""Smoothed twice with 20 ms, as in figures 4 and 5 of Dabney et al. 2020."""

FIGURE_2B = ResponseDefinition(centred_smoothing=50.0)
"""Smoothed once with 50 ms, baseline from the raw counts, as in figure 2b (there expected trials only)."""


def smoothing_kernel(time_constant: float) -> FloatArray:
    """Give the paper's kernel (1 - exp(-t)) exp(-t / T), t = 0, 1, ... 2.5 T ms, scaled to a sum of one.

    Parameters
    ----------
    time_constant
        T, ms.

    Returns
    -------
    array
        (floor(2.5 T) + 1,) weights; the first is zero.
    """
    t = np.arange(int(np.floor(2.5 * time_constant + 1e-9)) + 1, dtype=np.float64)
    kernel = (1.0 - np.exp(-t)) * np.exp(-t / time_constant)
    return np.asarray(kernel / kernel.sum())


def spike_weights(definition: ResponseDefinition, reward_delay: int = 0) -> FloatArray:
    """Give what one spike in each millisecond of a trial adds to the response.

    Parameters
    ----------
    definition
        How spikes become a response.
    reward_delay
        Whole ms from the event to the reward: 0 on unexpected trials; 1,500 on expected ones of the public
        data.

    Returns
    -------
    array
        (4001,) weights in Hz per spike for the bins -1000, ... 3000 ms relative to the event; more where the
        reward is later than 1,500 ms.

    Raises
    ------
    ValueError
        If the window reaches beyond the trace.
    """
    end = int(_trace_end(np.asarray(reward_delay)))
    n_bins = end - TRACE[0] + 1
    start, stop = (int(edge) + reward_delay - TRACE[0] for edge in definition.window)
    if start < 0 or stop > n_bins:
        raise ValueError(
            f"window must lie within {TRACE[0]} to {end} ms of the event; found {definition.window} ms "
            f"after a reward that comes {reward_delay} ms after it"
        )
    # Backwards through the steps (the adjoint of each): window, centred kernel, baseline, causal kernel.
    weights = np.zeros(n_bins)
    weights[start:stop] = 1.0 / (stop - start)
    if definition.centred_smoothing is not None:
        kernel = smoothing_kernel(definition.centred_smoothing)
        # 'same' keeps the n_bins values of the full convolution that begin at index (length of kernel) // 2
        full = np.zeros(n_bins + kernel.size - 1)
        full[kernel.size // 2 : kernel.size // 2 + n_bins] = weights
        weights = np.correlate(full, kernel, mode="valid")
    first, last = BASELINE[0] - TRACE[0], BASELINE[1] - TRACE[0]
    weights[first:last] -= weights.sum() / (last - first)
    if definition.causal_smoothing is not None:
        kernel = smoothing_kernel(definition.causal_smoothing)
        weights = np.correlate(np.concatenate((weights, np.zeros(kernel.size - 1))), kernel, mode="valid")
    return np.asarray(1000.0 * weights)


def _trace_end(delays: npt.NDArray[np.int64]) -> IntArray:
    """Give the last bin of a trace, ms after the event, for rewards that come ``delays`` ms after it."""
    return np.asarray(TRACE[1] + np.maximum(delays - _USUAL_DELAY, 0), dtype=np.int64)


@lru_cache(maxsize=2048)  # sessions whose delays vary have some hundred; 32 kB each
def _cached_weights(definition: ResponseDefinition, reward_delay: int) -> FloatArray:
    return spike_weights(definition, reward_delay)


def round_half_away(x: FloatArray) -> IntArray:
    """Round to the nearest whole number, halves away from zero, as MATLAB's ``round`` does.

    Parameters
    ----------
    x
        Finite numbers of any shape.

    Returns
    -------
    array of int
        Of the same shape.

    Examples
    --------
    >>> round_half_away(np.array([0.5, 1.5, 2.5, -0.5, -1.4])).tolist()
    [1, 2, 3, -1, -1]
    """
    whole = np.trunc(x)
    return np.asarray(whole + np.sign(x) * (np.abs(x - whole) >= 0.5), dtype=np.int64)


def _milliseconds(seconds: npt.ArrayLike) -> FloatArray:
    """Give times in ms as the files hold them: rounding to 1 ns undoes the division by 1,000 exactly."""
    return np.asarray(np.round(np.asarray(seconds, dtype=np.float64) * 1e3, 6))


def _spikes_by_trial(
    spikes: FloatArray, events: FloatArray, ends: IntArray, rounded: bool
) -> tuple[IntArray, IntArray]:
    """Give (trial, bin) of every spike strictly within the trace around an event; all times in ms."""
    first = np.searchsorted(spikes, events + TRACE[0], side="right")
    last = np.searchsorted(spikes, events + ends, side="left")
    counts = np.maximum(last - first, 0)
    trial = np.repeat(np.arange(events.size), counts)
    within = np.arange(trial.size) - np.repeat(np.cumsum(counts) - counts, counts)
    relative = spikes[np.repeat(first, counts) + within] - events[trial]
    bins = round_half_away(relative) if rounded else np.floor(relative).astype(np.int64)
    return trial, bins - TRACE[0]


def _unit_responses(unit: Unit, definition: ResponseDefinition) -> dict[str, npt.NDArray[Any]]:
    """Give the columns of the table of responses for one unit, all but its name."""
    kinds = unit.trials["kind"].to_numpy(dtype=object)
    rewarded = (kinds == "expected") | (kinds == "unexpected")
    events = _milliseconds(unit.trials["event_time"].to_numpy()[rewarded])
    delays = round_half_away(_milliseconds(unit.trials["reward_time"].to_numpy()[rewarded]) - events)
    spikes = _milliseconds(unit.spike_times)
    trial, bins = _spikes_by_trial(spikes, events, _trace_end(delays), definition.rounded_bins)
    response = np.zeros(events.size)
    if trial.size:
        distinct, which = np.unique(delays, return_inverse=True)
        each = [_cached_weights(definition, int(delay)) for delay in distinct]
        starts = np.cumsum([0, *(weights.size for weights in each)])[:-1]
        weights = np.concatenate(each)[starts[which[trial]] + bins]
        response += np.bincount(trial, weights=weights, minlength=events.size)
    response[np.abs(response) < _ZERO] = 0.0
    return {
        "magnitude": unit.trials["magnitude"].to_numpy(dtype=np.float64)[rewarded],
        "expected": kinds[rewarded] == "expected",
        "trial": unit.trials.index.to_numpy(dtype=np.int64)[rewarded],
        "response": response,
    }


def compute_responses(
    recordings: Recordings | MeasuredResponses,
    definition: ResponseDefinition = PLAIN,
    *,
    drop_odd_trials: bool = False,
) -> pd.DataFrame:
    """Compute the response of every cell to every reward.

    Parameters
    ----------
    recordings
        The units, with their spikes and trials; or responses measured otherwise, which are given as they are,
        whatever the definition.
    definition
        How the spikes of a trial become a response: ``PLAIN``, ``FIGURES_4_5``, ``FIGURE_2B``, or your own
        (``dataclasses.replace(PLAIN, window=(100, 500))``).
    drop_odd_trials
        Leave out the trials that :func:`find_odd_trials` finds.

    Returns
    -------
    pandas.DataFrame
        One row a rewarded trial: ``cell`` (name of the unit), ``magnitude`` (in the unit of the recordings),
        ``expected`` (bool), ``trial`` (its index in the unit's table of trials), ``response`` (Hz above
        baseline). A response that differs from zero by less than 1e-9 Hz is zero. The table remembers all
        sizes of the recordings, ``attrs["magnitudes"]``, for :func:`to_arrays`.

    Raises
    ------
    ValueError
        If there are no units, or the window reaches beyond -1,000 to 3,000 ms of the event (beyond 1,500 ms
        after the reward, where that is later).
    """
    if isinstance(recordings, MeasuredResponses):
        return recordings.responses.copy()
    if not len(recordings):
        raise ValueError("recordings must hold at least one unit; found none")
    parts = [_unit_responses(unit, definition) for unit in recordings.units]
    names = np.array([unit.name for unit in recordings.units], dtype=object)
    # one frame for all units: to make and join a frame a unit takes ten times as long
    cell = pd.array(np.repeat(names, [part["trial"].size for part in parts]), dtype="str")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in RESPONSE_COLUMNS[1:]}
    table = pd.DataFrame({"cell": cell, **columns})
    if drop_odd_trials:
        odd = pd.MultiIndex.from_frame(find_odd_trials(recordings)[["cell", "trial"]])
        keep = ~pd.MultiIndex.from_frame(table[["cell", "trial"]]).isin(odd)
        table = table[keep].reset_index(drop=True)
    table.attrs["magnitudes"] = recordings.magnitudes
    return table


def find_odd_trials(recordings: Recordings) -> pd.DataFrame:
    """List the "unexpected" rewards that come just when the reward of the expected trial before them is due.

    Their label is unrelated to that of the expected trial, and their "baseline" is the time between odour and
    reward, so they are no unexpected rewards whatever else they are.

    Parameters
    ----------
    recordings
        The units.

    Returns
    -------
    pandas.DataFrame
        One row a trial found: ``cell``; ``trial``, its index; ``gap`` (s) since the event before, the odour;
        ``magnitude`` (µL) by its own label; ``magnitude_of_odour`` (µL), that of the expected trial before
        it.
    """
    tables = []
    for unit in recordings.units:
        trials, odd = unit.trials, odd_trials(unit)
        magnitude = trials["magnitude"].to_numpy()
        tables.append(
            pd.DataFrame(
                {
                    "cell": unit.name,
                    "trial": trials.index[odd].to_numpy(dtype=np.int64),
                    "gap": np.diff(trials["event_time"].to_numpy(), prepend=np.nan)[odd],
                    "magnitude": magnitude[odd],
                    "magnitude_of_odour": np.concatenate(([np.nan], magnitude))[:-1][odd],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def pool_trials(responses: pd.DataFrame, trials: TrialSet = "pooled") -> pd.DataFrame:
    """Choose the expected or the unexpected trials, or pool both as the paper does.

    For pooling, every unexpected response is shifted by one number, so that the grand means of both kinds
    agree; the grand mean is the mean over magnitudes of the mean over cells of the mean over trials. Where
    all trials are of one kind there is nothing to shift.

    Parameters
    ----------
    responses
        The table of :func:`compute_responses`.
    trials
        ``pooled``, ``expected`` or ``unexpected``.

    Returns
    -------
    pandas.DataFrame
        The same columns.

    Raises
    ------
    ValueError
        If ``trials`` is none of the three, or there are no trials of the kind asked for, or none at all.

    Examples
    --------
    The mean of the unexpected trials, 6 Hz, is brought to that of the expected one, 1 Hz:

    >>> table = pd.DataFrame({"cell": "a", "magnitude": 5.0, "expected": [True, False, False],
    ...                       "trial": [0, 1, 2], "response": [1.0, 4.0, 8.0]})
    >>> pool_trials(table)["response"].tolist()
    [1.0, -1.0, 3.0]
    """
    check_responses(responses)
    expected = responses["expected"].to_numpy(dtype=bool)
    if trials not in ("pooled", "expected", "unexpected"):
        raise ValueError(f"trials must be 'pooled', 'expected' or 'unexpected'; found {trials!r}")
    chosen = {"expected": expected, "unexpected": ~expected}.get(trials, np.ones_like(expected))
    if not chosen.any():
        raise ValueError(f"trials={trials!r} needs such trials; responses hold none")
    if trials != "pooled":
        return responses[chosen].reset_index(drop=True)
    out = responses.copy()
    out.loc[~expected, "response"] += pooling_shift(responses)
    return out


def pooling_shift(responses: pd.DataFrame) -> float:
    """Give the number by which :func:`pool_trials` shifts unexpected responses.

    Parameters
    ----------
    responses
        The table of :func:`compute_responses`.

    Returns
    -------
    float
        Hz; 0 where all trials are of one kind.
    """
    expected = responses["expected"].to_numpy(dtype=bool)
    if expected.all() or not expected.any():
        return 0.0
    return _grand_mean(responses[expected]) - _grand_mean(responses[~expected])


def _grand_mean(responses: pd.DataFrame) -> float:
    means = responses.groupby(["cell", "magnitude"], observed=True, sort=False)["response"].mean()
    return float(means.groupby(level="magnitude").mean().mean())


def pool_arrays(arrays: ResponseArrays) -> ResponseArrays:
    """Pool expected and unexpected trials as :func:`pool_trials` does, in the compact form.

    Parameters
    ----------
    arrays
        Responses, not pooled yet.

    Returns
    -------
    ResponseArrays
        The same, with the unexpected responses shifted; as they are where all trials are of one kind.
    """
    if arrays.expected.all() or not arrays.expected.any():
        return arrays
    n_conditions = arrays.offsets.size - 1
    condition = np.repeat(np.arange(n_conditions), np.diff(arrays.offsets))
    of_kind = condition + n_conditions * ~arrays.expected
    counts = np.bincount(of_kind, minlength=2 * n_conditions)
    sums = np.bincount(of_kind, weights=arrays.values, minlength=2 * n_conditions)
    means = np.full(2 * n_conditions, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    grand = []
    for table in means.reshape(2, arrays.n_cells, arrays.n_magnitudes):
        there = table[:, np.isfinite(table).any(axis=0)]
        grand.append(float(np.nanmean(there, axis=0).mean()))
    values = arrays.values + np.where(arrays.expected, 0.0, grand[0] - grand[1])
    return replace(arrays, values=values)


def normalise_by_cell(responses: pd.DataFrame) -> pd.DataFrame:
    """Divide each cell's responses by the standard deviation over magnitudes of its mean responses.

    So are the responses of figure 2b scaled.

    Parameters
    ----------
    responses
        A table of responses, Hz.

    Returns
    -------
    pandas.DataFrame
        The same columns; ``response`` is then without unit. The standard deviation has n - 1 below the line.
    """
    check_responses(responses)
    means = responses.groupby(["cell", "magnitude"], observed=True, sort=False)["response"].mean()
    spread = means.groupby(level="cell").std(ddof=1)
    out = responses.copy()
    out["response"] = responses["response"].to_numpy() / spread.loc[responses["cell"]].to_numpy()
    return out


def check_responses(responses: pd.DataFrame) -> None:
    """Refuse a table that lacks one of the columns of a table of responses.

    Parameters
    ----------
    responses
        What may be a table of responses.

    Raises
    ------
    ValueError
        If it does.
    """
    missing = [column for column in RESPONSE_COLUMNS if column not in responses.columns]
    if missing:
        raise ValueError(
            f"responses must have the columns {', '.join(RESPONSE_COLUMNS)}; {', '.join(missing)} missing: "
            "compute_responses() makes such a table"
        )


@dataclass(frozen=True, eq=False)
class ResponseArrays:
    """The responses of all cells in the compact form that compiled loops take.

    Attributes
    ----------
    cells
        (n_cells,) Names, in the order of the table they came from.
    magnitudes
        (n_magnitudes,) Sizes of the rewards, ascending; µL in the public data.
    values
        (n_trials,) Responses of all cells, Hz, cell by cell and, within a cell, magnitude by magnitude.
    offsets
        (n_cells * n_magnitudes + 1,) The responses of cell c to magnitude m are
        ``values[offsets[c * n_magnitudes + m] : offsets[c * n_magnitudes + m + 1]]``.
    expected
        (n_trials,) Whether the reward was announced by an odour.
    """

    cells: tuple[str, ...]
    magnitudes: tuple[float, ...]
    values: FloatArray
    offsets: IntArray
    expected: npt.NDArray[np.bool_]

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.cells)

    @property
    def n_magnitudes(self) -> int:
        """Number of magnitudes."""
        return len(self.magnitudes)

    def condition(self, cell: int, magnitude: int) -> FloatArray:
        """Give the responses (Hz) of one cell, by index, to one magnitude, by index."""
        k = cell * self.n_magnitudes + magnitude
        return self.values[self.offsets[k] : self.offsets[k + 1]]

    def counts(self) -> IntArray:
        """Give the (n_cells, n_magnitudes) numbers of trials."""
        return np.diff(self.offsets).reshape(self.n_cells, self.n_magnitudes)

    def means(self) -> FloatArray:
        """Give the (n_cells, n_magnitudes) mean responses, Hz; NaN where a cell has no trial."""
        counts = self.counts().ravel()
        sums = np.zeros(counts.size)
        filled = counts > 0
        # reduceat over the filled conditions only: for an empty one it would give the next value, not zero
        if filled.any():
            sums[filled] = np.add.reduceat(self.values, self.offsets[:-1][filled])
        means = np.full(counts.size, np.nan)
        means[filled] = sums[filled] / counts[filled]
        return means.reshape(self.n_cells, self.n_magnitudes)

    def select(self, cells: Sequence[str]) -> ResponseArrays:
        """Give the same for some of the cells, in the order asked for."""
        index = {name: i for i, name in enumerate(self.cells)}
        unknown = [name for name in cells if name not in index]
        if unknown:
            raise ValueError(f"cells must be among those of the responses; not there: {', '.join(unknown)}")
        chosen = np.array([index[name] for name in cells], dtype=np.int64)
        starts, stops = self.offsets[:-1], self.offsets[1:]
        rows = np.arange(self.n_cells * self.n_magnitudes).reshape(self.n_cells, -1)[chosen].ravel()
        take = np.concatenate([np.arange(starts[k], stops[k]) for k in rows])
        return ResponseArrays(
            tuple(cells),
            self.magnitudes,
            self.values[take],
            np.concatenate(([0], np.cumsum(stops[rows] - starts[rows]))),
            self.expected[take],
        )

    def to_frame(self) -> pd.DataFrame:
        """Give the tidy table; ``trial`` numbers the trials of a cell from 0."""
        counts = self.counts()
        per_cell = counts.sum(axis=1)
        return pd.DataFrame(
            {
                "cell": np.repeat(np.array(self.cells, dtype=object), per_cell),
                "magnitude": np.repeat(np.tile(self.magnitudes, self.n_cells), counts.ravel()),
                "expected": self.expected,
                "trial": np.concatenate([np.arange(n) for n in per_cell]),
                "response": self.values,
            }
        )


Responses: TypeAlias = pd.DataFrame | ResponseArrays
"""What every analysis takes: the tidy table, or its compact form."""


def to_arrays(responses: Responses, magnitudes: Sequence[float] | None = None) -> ResponseArrays:
    """Bring the tidy table into the compact form for compiled loops; a compact form is given back as it is.

    Parameters
    ----------
    responses
        The tidy table, with one kind of trials or pooled.
    magnitudes
        The sizes of reward to take, ascending. By default those that the table remembers from its recordings;
        else the seven of the public data, if it holds no others; else those it holds.

    Returns
    -------
    ResponseArrays
        Cells in order of first appearance; within a cell and magnitude the trials in the order of the table.

    Raises
    ------
    ValueError
        If a column is missing, a response is not finite, a magnitude is not among ``magnitudes`` or these are
        not ascending.
    """
    if isinstance(responses, ResponseArrays):
        return responses
    check_responses(responses)
    values = responses["response"].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"response must be finite; found {int((~np.isfinite(values)).sum())} that are not")
    code, cells = pd.factorize(responses["cell"])
    if magnitudes is None:
        magnitudes = _magnitudes_of(responses)
    grid = np.asarray(magnitudes, dtype=np.float64)
    if grid.size == 0 or not np.all(np.diff(grid) > 0):
        raise ValueError(f"magnitudes must be one or more numbers in ascending order; found {magnitudes}")
    size = np.searchsorted(grid, responses["magnitude"].to_numpy(dtype=np.float64)).clip(max=grid.size - 1)
    strangers = sorted({float(m) for m in responses["magnitude"][grid[size] != responses["magnitude"]]})
    if strangers:
        raise ValueError(f"magnitude must be one of {tuple(magnitudes)}; found {strangers}")
    condition = code * grid.size + size
    order = np.argsort(condition, kind="stable")
    counts = np.bincount(condition, minlength=len(cells) * grid.size)
    return ResponseArrays(
        cells=tuple(str(name) for name in cells),
        magnitudes=tuple(float(m) for m in grid),
        values=np.ascontiguousarray(values[order]),
        offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        expected=responses["expected"].to_numpy(dtype=bool)[order],
    )


def _magnitudes_of(responses: pd.DataFrame) -> Sequence[float]:
    """Give the sizes of reward that a table was made with, as far as it tells."""
    found = np.unique(responses["magnitude"].to_numpy(dtype=np.float64))
    for known in (responses.attrs.get("magnitudes"), MAGNITUDES):
        if known and np.isin(found, known).all():
            return tuple(known)
    return tuple(found.tolist())


def utility_axis(responses: Responses) -> FloatArray:
    """Give the empirical utility of each magnitude: the mean over cells of each cell's mean response to it.

    Parameters
    ----------
    responses
        Responses, pooled as the paper does (``pool_trials``).

    Returns
    -------
    array
        (n_magnitudes,) Hz above baseline.
    """
    means = to_arrays(responses).means()
    empty = np.isnan(means).all(axis=0)
    if empty.any():
        raise ValueError(f"responses hold no trial of magnitude number(s) {np.flatnonzero(empty).tolist()}")
    return np.asarray(np.nanmean(means, axis=0))


def reward_probabilities(responses: Responses) -> FloatArray:
    """Give the share of each magnitude among the trials of all cells.

    Returns
    -------
    array
        (n_magnitudes,) shares that sum to one.
    """
    counts = to_arrays(responses).counts().sum(axis=0)
    return np.asarray(counts / counts.sum())


def baseline_rates(recordings: Recordings) -> pd.DataFrame:
    """Give each cell's mean rate in the 1,000 ms before the event of its rewarded trials.

    Returns
    -------
    pandas.DataFrame
        ``cell``; ``baseline`` (Hz); ``n_trials``.
    """
    rows = []
    for unit in recordings.units:
        trials = unit.trials[unit.trials["kind"].isin(["expected", "unexpected"])]
        events, spikes = _milliseconds(trials["event_time"]), _milliseconds(unit.spike_times)
        counts = np.searchsorted(spikes, events) - np.searchsorted(spikes, events + BASELINE[0])
        rows.append({"cell": unit.name, "baseline": float(counts.mean()), "n_trials": len(trials)})
    return pd.DataFrame(rows)
