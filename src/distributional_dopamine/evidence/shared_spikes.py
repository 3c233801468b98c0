"""Are two units of a session two neurons? Spikes that both claim at the same moment.

Two neurons fire within the same tenth of a millisecond by chance only, and hardly ever. Units whose spikes
often fall together were not told apart when the recording was sorted into units: they hold, in part, the same
spikes, and must not be counted as two witnesses.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine._checks import finite_array
from distributional_dopamine.recordings.model import Recordings

TOLERANCE = 0.00005
"""Seconds. The spikes of the public files come in steps of about 0.1 ms or less."""


def count_shared_spikes(first: npt.ArrayLike, second: npt.ArrayLike, tolerance: float = TOLERANCE) -> int:
    """Count the spikes of one unit that coincide with a spike of another.

    Parameters
    ----------
    first, second
        (n_spikes,) Times, s, ascending.
    tolerance
        Largest distance that counts, s.

    Returns
    -------
    int
        Number of spikes of ``first`` with a spike of ``second`` no further away than ``tolerance``.

    Raises
    ------
    ValueError
        If times are not finite.

    Examples
    --------
    >>> count_shared_spikes([1.0, 2.0, 3.0], [2.00004, 3.5])
    1
    """
    ours = finite_array("first", first, ndim=1)
    theirs = np.concatenate(([-np.inf], finite_array("second", second, ndim=1), [np.inf]))
    after = np.searchsorted(theirs, ours)
    distance = np.minimum(theirs[after] - ours, ours - theirs[after - 1])
    return int((distance <= tolerance).sum())


def find_shared_spikes(recordings: Recordings, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Compare every two units of each session.

    Parameters
    ----------
    recordings
        The units.
    tolerance
        Largest distance that counts as the same moment, s.

    Returns
    -------
    pandas.DataFrame
        A row a pair, the largest share first: ``session``; ``smaller`` and ``larger``, names of the units
        with fewer and with more spikes; ``n_smaller``, ``n_larger``, their numbers of spikes; ``shared``,
        number of spikes of the smaller that the larger has too; ``share``, shared / n_smaller; ``chance``,
        the share to be expected of independent units, 1 - exp(-2 tolerance x mean rate of the larger).
    """
    columns = ["session", "smaller", "larger", "n_smaller", "n_larger", "shared", "share", "chance"]
    rows = []
    for one, other in itertools.combinations(recordings.units, 2):
        if one.session != other.session:
            continue
        smaller, larger = sorted((one, other), key=lambda unit: unit.spike_times.size)
        shared = count_shared_spikes(smaller.spike_times, larger.spike_times, tolerance)
        n_smaller, n_larger = smaller.spike_times.size, larger.spike_times.size
        rate = n_larger / larger.duration if larger.duration > 0 else float("nan")
        rows.append(
            {
                "session": one.session,
                "smaller": smaller.name,
                "larger": larger.name,
                "n_smaller": n_smaller,
                "n_larger": n_larger,
                "shared": shared,
                "share": shared / n_smaller if n_smaller else float("nan"),
                "chance": float(-np.expm1(-2 * tolerance * rate)),
            }
        )
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
