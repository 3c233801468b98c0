"""What the book's widgets are given of the cells: responses by size and counts, and never a spike time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.responses import Responses, to_arrays

IntArray = npt.NDArray[np.int64]


def count_signs(responses: Responses) -> IntArray:
    """Count the trials of each cell and magnitude, and those with a response above and below zero.

    The counting estimator of reversal points asks no more of the trials than this.

    Parameters
    ----------
    responses
        Responses of the cells.

    Returns
    -------
    array
        (n_cells, n_magnitudes, 3) Number of trials, of responses above zero, of responses below zero.
    """
    arrays = to_arrays(responses)
    sums = _compiled.sums_by_condition(arrays.values, arrays.offsets)
    counts = sums[:, [_compiled.N, _compiled.POSITIVE, _compiled.NEGATIVE]].astype(np.int64)
    return np.asarray(counts.reshape(arrays.n_cells, arrays.n_magnitudes, 3))


def describe_cells(
    responses: Responses, utility_axis: npt.ArrayLike, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Describe every cell by its mean responses and what is estimated from them, in order of reversal point.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    rng
        Breaks ties between cuts.

    Returns
    -------
    list of dict
        For each cell ``mean`` and ``error``, (n_magnitudes,) mean response and its standard error, Hz;
        ``reversal_point``, Hz, None if off either end; ``place``, -1, 0 or 1: below, within or above the
        magnitudes; ``slope_above`` and ``slope_below``, Hz per Hz, and ``asymmetry``, None where the cell has
        none. Cells below all magnitudes come first, those above all of them last.
    """
    arrays = to_arrays(responses)
    estimate = estimate_asymmetry(arrays, utility_axis, rng)
    place, point = estimate.reversal.place, estimate.reversal.reversal_point
    means = arrays.means()
    errors = np.array(
        [
            [_standard_error(arrays.condition(cell, m)) for m in range(arrays.n_magnitudes)]
            for cell in range(arrays.n_cells)
        ]
    )
    numbers = {
        "reversal_point": point,
        "slope_above": estimate.slope_above,
        "slope_below": estimate.slope_below,
        "asymmetry": estimate.asymmetry,
    }
    placed = np.select([place < 0, place > 0], [-np.inf, np.inf], point)
    order = np.argsort(placed, kind="stable")
    return [
        {
            "mean": means[cell].tolist(),
            "error": errors[cell].tolist(),
            "place": int(place[cell]),
            **{name: float(v[cell]) if np.isfinite(v[cell]) else None for name, v in numbers.items()},
        }
        for cell in order
    ]


def _standard_error(values: npt.NDArray[np.float64]) -> float:
    """Give the standard error of a mean, 0 for a single value."""
    return float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else 0.0
