"""Reversal points: the reward at which a cell's response goes from below baseline to above it.

Three estimators. *Counting* (Dabney et al. 2020, figures 4 and 5) takes the cut between magnitudes that puts
most positive single-trial responses above it and most negative ones below; *summing* (figure 2b) the cut with
the largest sum of responses above minus sum below. Both then place the point between the two neighbouring
magnitudes m-, m+ with weights 1/|fall of the criterion to the next cut on that side|. *Piecewise* fits two
lines with slopes not below zero that meet at a zero crossing, by least squares over the trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine._checks import finite_array
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.responses import ResponseArrays, Responses, to_arrays

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Estimator = Literal["counting", "summing", "piecewise"]

TIE_NOISE = 1e-3
"""Standard deviation of the noise that breaks ties between cuts: trials for counting, Hz for summing."""

_CODES = {"counting": _compiled.COUNTING, "summing": _compiled.SUMMING, "piecewise": _compiled.PIECEWISE}


@dataclass(frozen=True, eq=False)
class ReversalPoints:
    """The reversal point of each cell.

    Attributes
    ----------
    cells
        (n_cells,) Names.
    reversal_point
        (n_cells,) On the axis that was passed (utility: Hz; or µL, or index); NaN where it is off either end.
    place
        (n_cells,) 0: within the magnitudes; -1: below the smallest (every response counts as better than
        expected), 1: above the largest.
    estimator
        ``counting``, ``summing`` or ``piecewise``.
    axis
        (n_magnitudes,) Place of each magnitude on the axis.
    """

    cells: tuple[str, ...]
    reversal_point: FloatArray
    place: IntArray
    estimator: Estimator
    axis: FloatArray

    @property
    def within(self) -> npt.NDArray[np.bool_]:
        """(n_cells,) Whether the reversal point lies within the magnitudes."""
        return np.asarray(self.place == 0)

    @property
    def n_below(self) -> int:
        """Number of cells whose reversal point is below the smallest magnitude."""
        return int((self.place < 0).sum())

    @property
    def n_above(self) -> int:
        """Number of cells whose reversal point is above the largest magnitude."""
        return int((self.place > 0).sum())

    def capped(self, low: float = 0.01, high: float = 0.1) -> FloatArray:
        """Give the points with those off the ends set just inside them, as the paper's code does.

        Parameters
        ----------
        low
            Distance of the lower cap from the smallest magnitude, in the unit of the axis.
        high
            Distance of the upper cap from the largest magnitude.

        Returns
        -------
        array
            (n_cells,) points without NaN.
        """
        out = np.where(self.place < 0, self.axis[0] + low, self.reversal_point)
        return np.where(self.place > 0, self.axis[-1] - high, out)

    def to_frame(self) -> pd.DataFrame:
        """Give ``cell``, ``reversal_point`` and ``place`` (below, within, above), one row a cell."""
        words = np.array(["below", "within", "above"], dtype=object)
        return pd.DataFrame(
            {"cell": self.cells, "reversal_point": self.reversal_point, "place": words[self.place + 1]}
        )


def estimate_reversal_points(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
) -> ReversalPoints:
    """Estimate the reversal point of every cell from all its trials.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis
        (n_magnitudes,) Place of each magnitude on the axis wanted: utility (Hz), µL, or 1 to 7.
    rng
        Breaks ties; not used by ``piecewise``.
    estimator
        ``counting``, ``summing`` or ``piecewise``.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.

    Returns
    -------
    ReversalPoints

    Raises
    ------
    ValueError
        If the axis has another length than there are magnitudes, or the estimator is not one of the three.

    Examples
    --------
    Two trials of each of three magnitudes: the best cut lies below the second; its criterion, 6, falls to 4
    on either side, so that the point lies in the middle between the first and the second.

    >>> table = pd.DataFrame({"cell": "a", "magnitude": [0.1, 0.1, 0.3, 0.3, 1.2, 1.2], "expected": True,
    ...                       "trial": range(6), "response": [-2.0, -1.0, 1.0, 2.0, 3.0, 2.0]})
    >>> arrays = to_arrays(table, magnitudes=(0.1, 0.3, 1.2))
    >>> rng = np.random.default_rng(1)
    >>> estimate_reversal_points(arrays, [1.0, 2.0, 3.0], rng, tie_noise=0.0).reversal_point.tolist()
    [1.5]
    """
    arrays = to_arrays(responses)
    axis = checked_axis(arrays, utility_axis)
    sums = _compiled.sums_by_condition(arrays.values, arrays.offsets)
    points, places = _compiled.reversal_of_cells(sums, axis, estimator_code(estimator), tie_noise, rng)
    return ReversalPoints(arrays.cells, points, places, estimator, axis)


def estimator_code(estimator: Estimator) -> int:
    """Give the number by which the compiled loops know an estimator.

    Raises
    ------
    ValueError
        If it is not one of the three.
    """
    if estimator not in _CODES:
        raise ValueError(f"estimator must be one of {', '.join(_CODES)}; found {estimator!r}")
    return _CODES[estimator]


def checked_axis(arrays: ResponseArrays, utility_axis: npt.ArrayLike) -> FloatArray:
    """Give the axis as an array, or refuse one of the wrong length or with NaN.

    Parameters
    ----------
    arrays
        Pooled responses.
    utility_axis
        (n_magnitudes,) What stands for the utility of each magnitude, in its unit.

    Returns
    -------
    array
        The same.

    Raises
    ------
    ValueError
        If its length is not the number of magnitudes, or it is not finite.
    """
    return finite_array("utility_axis", utility_axis, ndim=1, length=arrays.n_magnitudes)
