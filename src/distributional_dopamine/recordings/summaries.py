"""The two small public data sets that are no recordings: histograms of Fig. 3, and digitised slopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from distributional_dopamine.recordings.mat5 import load_structures
from distributional_dopamine.recordings.model import FloatArray, Provenance, RecordingsError

HISTOGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "dopamine": "DopamineTHist.mat",
        "gaba": "GABATHist.mat",
        "classical": "SimulationClassicalHist.mat",
        "distributional": "SimulationDistHist.mat",
    }
)
"""Name of a histogram -> its file: recorded dopamine and GABA cells, and two simulations."""

_LARGEST_COUNT = 1000  # a bar of more cells than that is beyond any data set of single units


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many cells have which t statistic of the response to the 50 % cue (Dabney et al. 2020, Fig. 3).

    Attributes
    ----------
    centres
        (n_bins,) Centres of the bins, in units of t; the end bins hold everything beyond.
    heights
        (n_bins,) Heights as released: count / largest count.
    counts
        (n_bins,) Number of cells, the smallest whole numbers with these heights.
    """

    centres: FloatArray
    heights: FloatArray
    counts: FloatArray

    @property
    def n_cells(self) -> int:
        """Number of cells in all bins."""
        return int(self.counts.sum())


@dataclass(frozen=True, eq=False)
class Histograms:
    """The released histograms of the variable-probability task.

    Attributes
    ----------
    histograms
        ``dopamine``, ``gaba``, ``classical`` and ``distributional`` -> its histogram. The first two are of
        recorded cells, the others of the authors' simulations.
    provenance
        Where they come from.
    """

    histograms: Mapping[str, Histogram]
    provenance: Provenance


@dataclass(frozen=True, eq=False)
class DigitisedSlopes:
    """Slopes of macaque dopamine cells under two reward distributions, read off a figure.

    Attributes
    ----------
    uniform, normal
        (n_cells,) Slope of the response to reward under the uniform and under the normal distribution, in
        the unit of the figure; which column is which is inferred, since the file has no header.
    provenance
        Where they come from.
    """

    uniform: FloatArray
    normal: FloatArray
    provenance: Provenance


def read_histogram(path: Path | str) -> Histogram:
    """Read one of the released histograms.

    Parameters
    ----------
    path
        A MATLAB file with ``hcenters`` and ``ckhist`` = counts / largest count.

    Returns
    -------
    Histogram
        Bars, and the counts behind them.

    Raises
    ------
    RecordingsError
        If the file is not what it should be, or its heights are no ratios of whole numbers.
    """
    path = Path(path)
    try:
        columns = [np.atleast_1d(np.asarray(v)) for v in load_structures(path, ("hcenters", "ckhist"))]
        if any(column.dtype.kind not in "iuf" or column.ndim != 1 for column in columns):
            raise RecordingsError("hcenters and ckhist must be rows of real numbers.")
        centres, heights = (column.astype(np.float64) for column in columns)
        if centres.shape != heights.shape:
            raise RecordingsError(
                f"hcenters and ckhist must have one length; found {centres.size} and {heights.size}."
            )
        if not np.all(np.isfinite(centres)) or np.any(np.diff(centres) <= 0):
            raise RecordingsError("hcenters must be finite and ascending.")
        if not np.all((heights >= 0) & (heights <= 1)) or heights.max(initial=0.0) != 1:
            raise RecordingsError("ckhist must be from 0 to 1, and 1 in the highest bin.")
        return Histogram(centres, heights, _counts(heights))
    except RecordingsError as error:
        raise RecordingsError(f"{path.name}: {error}") from error


def _counts(heights: FloatArray) -> FloatArray:
    """Give the smallest whole numbers whose ratios to their largest are the heights."""
    for largest in range(1, _LARGEST_COUNT + 1):
        counts = heights * largest
        if np.all(np.abs(counts - np.round(counts)) < 1e-6):
            return np.round(counts)
    raise RecordingsError(f"ckhist must be counts / largest count; no count up to {_LARGEST_COUNT} gives it.")


def read_slopes(path: Path | str) -> tuple[FloatArray, FloatArray]:
    """Read the digitised slopes: two columns of numbers, no header.

    Parameters
    ----------
    path
        A csv file.

    Returns
    -------
    uniform, normal : (n_cells,) arrays
        See :class:`DigitisedSlopes`.

    Raises
    ------
    RecordingsError
        If the file does not hold two columns of finite numbers.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        table = np.array([[float(cell) for cell in line.split(",")] for line in lines if line.strip()])
    except (OSError, ValueError) as error:
        raise RecordingsError(f"{path.name}: cannot be read as two columns of numbers ({error}).") from error
    if table.ndim != 2 or table.shape[1] != 2 or not np.all(np.isfinite(table)):
        raise RecordingsError(
            f"{path.name}: must hold two columns of finite numbers; found an array of shape {table.shape}."
        )
    return table[:, 0].copy(), table[:, 1].copy()
