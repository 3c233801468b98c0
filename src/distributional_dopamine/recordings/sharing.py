"""What may be shared and what may not: results travel, the times of single spikes stay with the recordings.

Figures, their tables and executed notebooks are made to be taken away. `spike_sequences` tells whether
numbers in them run along a recorded spike train, and `tick_marks` whether a vector drawing holds a raster.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from distributional_dopamine.recordings.model import Recordings

#: Resolution at which intervals are compared, seconds: that of the recordings.
RESOLUTION = 1e-4
_BITS = 20  # of one interval: up to 105 s
_TICK = re.compile(r"M\s*(-?[\d.]+)[ ,](-?[\d.]+)\s*L\s*(-?[\d.]+)[ ,](-?[\d.]+)(?![\d.]*\s*[LCQZz])")


def _keys(intervals: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Three intervals in a row as one number, and which of them a spike train could have."""
    first, second, third = intervals[:-2], intervals[1:-1], intervals[2:]
    rows = np.stack([first, second, third])
    # a regular grid, such as the edges of bins, says nothing about spikes
    possible = ((rows > 0) & (rows < 2**_BITS)).all(axis=0) & ~((first == second) & (second == third))
    return (first << 2 * _BITS) | (second << _BITS) | third, possible


def interval_index(recordings: Recordings) -> npt.NDArray[np.int64]:
    """Index every three consecutive intervals between spikes of every unit.

    Parameters
    ----------
    recordings : Recordings

    Returns
    -------
    array
        Sorted keys, for `spike_sequences`.
    """
    found = []
    for unit in recordings.units:
        at: npt.NDArray[np.int64] = np.rint(np.sort(unit.spike_times) / RESOLUTION).astype(np.int64)
        keys, possible = _keys(at[1:] - at[:-1])
        found.append(keys[possible])
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))


def spike_sequences(values: npt.ArrayLike, index: npt.NDArray[np.int64]) -> int:
    """Count the places where four numbers in a row are as far apart as four spikes in a row.

    Times may be told from any event and in seconds or in milliseconds: only intervals are compared.

    Parameters
    ----------
    values : array
        (n,) Numbers in the order in which a file holds them; undefined ones break a sequence.
    index : array
        From `interval_index`.

    Returns
    -------
    int
        By chance about one number in a million is such a place; in a shared raster nearly every one is.
    """
    times = np.asarray(values, dtype=np.float64)
    hits = 0
    for unit in (1.0, 1e-3):
        steps = np.diff(times * unit) / RESOLUTION
        known = np.isfinite(steps) & (np.abs(steps) < 2**_BITS)
        keys, possible = _keys(np.where(known, np.rint(np.where(known, steps, 0)), 0).astype(np.int64))
        keys = keys[possible]
        place = np.minimum(np.searchsorted(index, keys), max(index.size - 1, 0))
        hits = max(hits, int((index[place] == keys).sum()) if index.size else 0)
    return hits


def tick_marks(svg: str) -> int:
    """Count the upright strokes of one length that a vector drawing holds: a raster has one a spike.

    Parameters
    ----------
    svg : str

    Returns
    -------
    int
        The number of strokes of the most frequent length, rounded to a tenth of a point.
    """
    lengths: Counter[float] = Counter()
    for x1, y1, x2, y2 in _TICK.findall(svg):
        if x1 == x2 and y1 != y2:
            lengths[round(abs(float(y2) - float(y1)), 1)] += 1
    return max(lengths.values(), default=0)


def numbers_in(texts: Iterable[str]) -> npt.NDArray[np.float64]:
    """Give all numbers of some texts, in their order.

    Parameters
    ----------
    texts
        Words with numbers among them.

    Returns
    -------
    array
        (n_numbers,) As they come, whatever their unit.
    """
    pattern = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])")
    return np.array([float(found) for text in texts for found in pattern.findall(text)], dtype=np.float64)
