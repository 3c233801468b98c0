"""Cells with a constant each that cannot fire below zero: what a floor makes of cells without a code.

Take cells that share one value, have one slope each, and a constant each that is added to all responses. A
cell whose constant is negative reverses at a larger reward, and it is the first whose rate would fall below
zero at the small ones. It cannot, so its responses flatten out there, and it looks steeper above its reversal
point than below: asymmetry follows the reversal point though nobody learned a distribution. How much of that
to expect is known from the rates before the event.

Each cell's constant and slope are fitted to its mean responses, with the floor; the utilities are fitted
too, since those of the mean cell are bent by the floor already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from distributional_dopamine._checks import finite_array
from distributional_dopamine.evidence.responses import ResponseArrays

FloatArray = npt.NDArray[np.float64]

_ROUNDS = 300  # of fitting cells and sizes in turn; the responses of forty cells are settled after a third


@dataclass(frozen=True, eq=False)
class ConstantCells:
    """Cells that respond with one slope about one value, plus a constant, but never below a floor.

    Attributes
    ----------
    utility
        (n_magnitudes,) u, Hz.
    gain, constant
        (n_cells,) g, and k (Hz): the response that nothing limits is g u + k.
    lowest
        (n_cells, 2) Lowest mean response, Hz, to expected and to unexpected rewards; minus infinity where
        there is no floor, or nobody knows of one.
    share
        (n_cells, 2) Share of the trials of a cell that are expected, and unexpected.
    """

    utility: FloatArray
    gain: FloatArray
    constant: FloatArray
    lowest: FloatArray
    share: FloatArray

    def means(self) -> FloatArray:
        """Give the (n_cells, n_magnitudes) mean responses, Hz."""
        return _bounded(self._free(), self.lowest, self.share)

    def select(self, cells: npt.NDArray[np.int64]) -> ConstantCells:
        """Give some of the cells, by index."""
        return ConstantCells(
            self.utility, self.gain[cells], self.constant[cells], self.lowest[cells], self.share[cells]
        )

    def _free(self) -> FloatArray:
        return self.gain[:, None] * self.utility + self.constant[:, None]


def _bounded(free: FloatArray, lowest: FloatArray, share: FloatArray) -> FloatArray:
    return np.asarray(
        (share[:, None, :] * np.maximum(free[:, :, None], lowest[:, None, :])).sum(axis=2), dtype=np.float64
    )


def lowest_responses(baselines: Mapping[str, float], shift: float, cells: tuple[str, ...]) -> FloatArray:
    """Give the mean responses of a cell that falls silent.

    Parameters
    ----------
    baselines
        Cell -> mean rate before the event, Hz; empty where rates are not known.
    shift
        Number by which unexpected responses were shifted when they were pooled, Hz.
    cells
        Names, in order.

    Returns
    -------
    array
        (n_cells, 2) Hz: minus the baseline; the same, shifted. Minus infinity for cells without a baseline.
    """
    floor = np.array([-baselines.get(name, np.inf) for name in cells])
    return np.column_stack([floor, floor + shift])


def shares_of_kinds(arrays: ResponseArrays) -> FloatArray:
    """Give the (n_cells, 2) shares of expected and of unexpected trials of each cell.

    Parameters
    ----------
    arrays
        Pooled responses.

    Returns
    -------
    array
        (n_cells, 2) Shares of all trials of a cell; each row sums to one.
    """
    n_trials = arrays.counts().sum(axis=1)
    cell = np.repeat(np.arange(arrays.n_cells), n_trials)
    expected = np.bincount(cell, weights=arrays.expected, minlength=arrays.n_cells) / n_trials
    return np.column_stack([expected, 1.0 - expected])


def fit_constant_cells(arrays: ResponseArrays, axis: FloatArray, lowest: npt.ArrayLike) -> ConstantCells:
    """Fit slope, constant and utilities to mean responses, by least squares over the trials.

    Parameters
    ----------
    arrays
        Pooled responses; every magnitude of every cell.
    axis
        (n_magnitudes,) Utilities to start from, Hz.
    lowest
        (n_cells, 2) As in :class:`ConstantCells`.

    Returns
    -------
    ConstantCells
        A local minimum, reached by fitting cells and sizes in turn to the responses that nothing limits;
        where a response lies on the floor, what it would be without is left as it is.
    """
    counts = arrays.counts().astype(np.float64)
    means = finite_array("means of the responses", arrays.means(), ndim=2)
    share = shares_of_kinds(arrays)
    floor = np.asarray(lowest, dtype=np.float64)
    # A cell all of whose trials are of one kind has no floor of the other: 0 times infinity is no number.
    bounded = np.where(share > 0.0, floor, 0.0)
    found = ConstantCells(axis, *_fit_cells(means, counts, axis), bounded, share)
    if not np.isfinite(floor).any():
        return found
    for _ in range(_ROUNDS):
        free = found._free()
        slope = (share[:, None, :] * (free[:, :, None] > bounded[:, None, :])).sum(axis=2)
        wanted = free + slope * (means - _bounded(free, bounded, share))
        gain, constant = _fit_cells(wanted, counts, found.utility)
        weights = counts * gain[:, None]
        scale = (weights * gain[:, None]).sum(axis=0)
        utility = (weights * (wanted - constant[:, None])).sum(axis=0) / np.where(scale > 0.0, scale, 1.0)
        found = ConstantCells(np.where(scale > 0.0, utility, found.utility), gain, constant, bounded, share)
    return found


def _fit_cells(means: FloatArray, counts: FloatArray, utility: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit (n_cells,) slopes and constants by regression of means on utilities, trials as weights."""
    total = counts.sum(axis=1)
    centre = counts @ utility / total
    middle = (counts * means).sum(axis=1) / total
    from_centre = utility - centre[:, None]
    squares = (counts * from_centre**2).sum(axis=1)
    slope = (counts * from_centre * means).sum(axis=1) / np.where(squares > 0.0, squares, 1.0)
    return slope, middle - slope * centre
