"""Whether times can be what they are said to be: seconds, on one clock, from the start of the session on.

A file does not say whether its clock counts seconds or milliseconds, and nothing crashes if it is taken for
the other: all results are then wrong. Rates tell. No population of neurons has a median rate of one spike in
a minute, and nobody waits ten minutes between rewards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from distributional_dopamine.recordings.columns import TimeUnit
from distributional_dopamine.recordings.model import FloatArray, RecordingsError

SLOWEST, FASTEST = 0.02, 1000.0
"""Hz. A median rate of the units outside these is asked about."""

LONGEST_WAIT, SHORTEST_WAIT = 600.0, 0.05
"""Seconds. A median time between rewards outside these is asked about."""

_ENOUGH = 20  # spikes, or rewards, without which a rate says nothing
_SLACK = 60.0  # s that trials may lie beyond the spikes


@dataclass(frozen=True)
class SpikeSummary:
    """What is known of a unit's spikes once they were read through.

    Attributes
    ----------
    count
        Number of spikes.
    first, last
        Times of the first and last spike, s; NaN without spikes.
    """

    count: int
    first: float
    last: float


def scale(unit: TimeUnit | None) -> float:
    """Give the number of a clock's units in a second."""
    return 1000.0 if unit == "ms" else 1.0


def check_spikes(name: str, spikes: FloatArray) -> SpikeSummary:
    """Check the times of a unit's spikes, s, and sum them up.

    Parameters
    ----------
    name
        Of the unit.
    spikes
        (n_spikes,) Times, s.

    Returns
    -------
    SpikeSummary
        How many there are, and the first and last of them.

    Raises
    ------
    RecordingsError
        If a time is not finite, before the start, or earlier than the one before it.
    """
    bad = np.flatnonzero(~np.isfinite(spikes))
    if bad.size:
        raise RecordingsError(
            f"Unit {name!r}: times of spikes must be finite; found {spikes[bad[0]]} as spike {bad[0]} "
            f"({bad.size} such)."
        )
    if spikes.size == 0:
        return SpikeSummary(0, float("nan"), float("nan"))
    down = np.flatnonzero(np.diff(spikes) < 0)
    if down.size:
        i = int(down[0])
        raise RecordingsError(
            f"Unit {name!r}: times of spikes must be in ascending order; found {spikes[i + 1]} s after "
            f"{spikes[i]} s as spike {i + 1} ({down.size} such step(s)). Sort them if the order is all that "
            "is "
            "wrong; if not, units or sessions are mixed up."
        )
    if spikes[0] < 0:
        raise RecordingsError(
            f"Unit {name!r}: times of spikes count from the start; found {spikes[0]} s "
            f"({int((spikes < 0).sum())} before the start). Shift spikes and trials to one clock that starts "
            "at 0, or cut what lies before."
        )
    return SpikeSummary(int(spikes.size), float(spikes[0]), float(spikes[-1]))


def ask_about_spikes(where: str, summaries: Sequence[SpikeSummary], told: TimeUnit | None) -> None:
    """Refuse spikes whose rates no neurons have, and ask whether they are in milliseconds.

    Raises
    ------
    RecordingsError
        If the median rate is implausible and nobody said that the unit is right.
    """
    if told is not None:
        return
    usable = [one for one in summaries if one.count >= _ENOUGH and one.last > one.first]
    if not usable:
        return
    rate = float(np.median([(one.count - 1) / (one.last - one.first) for one in usable]))
    length = max(one.last for one in usable) - min(one.first for one in usable)
    if rate < SLOWEST:
        raise RecordingsError(
            f"{where}: are the times of spikes in milliseconds? If they are seconds, the units fire at a "
            f"median of {rate:.3g} Hz over {length / 3600:.3g} hours; if milliseconds, at {1000 * rate:.3g} "
            f"Hz over {length / 3.6e6:.3g} hours. Say which: --spikes-in ms, or --spikes-in s."
        )
    if rate > FASTEST:
        raise RecordingsError(
            f"{where}: are the times of spikes in seconds? The units would fire at a median of {rate:.3g} Hz "
            f"over {length:.3g} s. Convert them to seconds, or say --spikes-in s if that is right."
        )


def ask_about_trials(where: str, reward_times: FloatArray, told: TimeUnit | None) -> None:
    """Refuse rewards that come implausibly seldom or often, and ask whether they are in milliseconds.

    Parameters
    ----------
    where
        File and place, for the message.
    reward_times
        (n_trials,) Times of rewards, s.
    told
        The unit, if somebody said it.

    Raises
    ------
    RecordingsError
        If the median time between rewards is implausible and nobody said that the unit is right.
    """
    times = np.unique(reward_times)
    if told is not None or times.size < _ENOUGH:
        return
    wait = float(np.median(np.diff(times)))
    if wait > LONGEST_WAIT:
        raise RecordingsError(
            f"{where}: are the times of trials in milliseconds? If they are seconds, rewards are a median of "
            f"{wait:.3g} s apart. Say which: --trials-in ms, or --trials-in s."
        )
    if wait < SHORTEST_WAIT:
        raise RecordingsError(
            f"{where}: are the times of trials in seconds? Rewards would be a median of {wait:.3g} s apart. "
            "Convert them to seconds, or say --trials-in s if that is right."
        )


def check_overlap(where: str, summaries: Sequence[SpikeSummary], reward_times: FloatArray) -> None:
    """Refuse spikes and trials that cannot be on one clock.

    Parameters
    ----------
    where
        File and place, for the message.
    summaries
        One for each unit.
    reward_times
        (n_trials,) Times of rewards, s.

    Raises
    ------
    RecordingsError
        If no reward lies between the first and the last spike, or nearly so.
    """
    usable = [one for one in summaries if one.count]
    if not usable or reward_times.size == 0:
        return
    first, last = min(one.first for one in usable), max(one.last for one in usable)
    inside = (reward_times >= first - _SLACK) & (reward_times <= last + _SLACK)
    if not inside.any():
        raise RecordingsError(
            f"{where}: spikes and trials must be on one clock; the spikes are from {first:.6g} to {last:.6g} "
            f"s, the rewards from {reward_times.min():.6g} to {reward_times.max():.6g} s. Are some of them "
            "in "
            "milliseconds? Say so: --spikes-in ms, --trials-in ms."
        )
    # One clock in seconds and the other in ms overlap at their beginnings.
    span, spread = last - first, float(np.ptp(reward_times))
    if min(span, spread) > 0 and max(span / spread, spread / span) > 100 and reward_times.size >= _ENOUGH:
        raise RecordingsError(
            f"{where}: spikes and trials must be on one clock; the spikes span {span:.6g} s, the rewards "
            f"{spread:.6g} s. Are some of them in milliseconds? Say so: --spikes-in ms, --trials-in ms."
        )
