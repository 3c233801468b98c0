"""Reader of the public MATLAB files: one light-identified dopamine unit each.

The files (MATLAB 5, times in ms) hold two structures. Of ``events``: ``odorOn``, the time of each trial's
event; ``trialType``, 1-7 for an unexpected reward of the seven volumes, 8-14 for an odour and then a reward
of the seven volumes, 15 for another odour and no reward, NaN for no label; ``odorID``; ``freeLaserOn``, the
pulses of light. Of ``responses``: ``spike``, and what the pulses of light did. Volumes, types and times are
described in the scripts that travel with the files.

What is wrong with a file, and what becomes of it:

* not MATLAB, truncated, damaged, a field missing, not numbers, lengths that differ, times that are NaN, out
  of order or no clock times in ms, a type of trial that the task does not have, no spike, no labelled
  trial: the file is refused with a :class:`RecordingsError`. Nothing is repaired.
* a trial without label (NaN): left out of the table and counted; 19 of the 40 public files have some.
* no pulses of light: the unit is read without its light-identification. Pulses with damaged data are refused.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine.recordings.mat5 import load_structures
from distributional_dopamine.recordings.model import (
    MAGNITUDES,
    FloatArray,
    LightIdentification,
    RecordingsError,
    Unit,
    make_trials,
)

ODD_TRIAL_TOLERANCE = 0.01
"""Seconds. The odd trials of the public files lie 1.499 to 1.506 s after an odour, no other within 2.1 s."""

_SUFFIXES = re.compile(r"(_CommonFormat)?(_verified)?(_Common)?$")
_TETRODE_AND_UNIT = re.compile(r"_TT\d+_\d+$")
_LATEST_MS = 1e9  # more than eleven days: a session lasts an hour, so larger numbers are no times in ms
_EVOKED_WITHIN = 0.0101  # s: evoked spikes are those within 10 ms of a pulse
_N_MAGNITUDES = len(MAGNITUDES)
_NO_REWARD = 2 * _N_MAGNITUDES + 1


def read_unit(path: Path | str) -> tuple[Unit, int]:
    """Read one unit from one of the public MATLAB files.

    Parameters
    ----------
    path
        The file. Its name tells the unit, the session (without tetrode and unit) and the group (up to the
        first underscore).

    Returns
    -------
    unit : Unit
        The unit, times in seconds.
    n_unlabelled : int
        Number of trials that the file gives no type, which are not in ``unit.trials``.

    Raises
    ------
    RecordingsError
        If the file is not what it should be; see the head of this module.
    """
    path = Path(path)
    try:
        events, responses = load_structures(path, ("events", "responses"))
        spikes = _times(responses, "spike")
        if spikes.size == 0:
            raise RecordingsError("responses.spike is empty; a unit needs at least one spike.")
        trials, n_unlabelled = _read_trials(events)
        name = _SUFFIXES.sub("", path.stem)
        unit = Unit(
            name=name,
            session=_TETRODE_AND_UNIT.sub("", name),
            group=name.split("_", maxsplit=1)[0],
            spike_times=spikes,
            trials=trials,
            identification=_read_identification(events, responses),
        )
    except RecordingsError as error:
        raise RecordingsError(f"{path.name}: {error}") from error
    return unit, n_unlabelled


def odd_trials(unit: Unit, tolerance: float = ODD_TRIAL_TOLERANCE) -> npt.NDArray[np.bool_]:
    """Mark the "unexpected" trials that lie where the reward of an expected trial is due.

    In some files an unexpected trial begins 1.5 s after the odour of an expected one, at the moment of its
    reward, and carries the label of another volume. They are kept by default; this finds them.

    Parameters
    ----------
    unit
        Any unit.
    tolerance
        Largest distance from the due time that counts, s.

    Returns
    -------
    (n_trials,) array of bool
        True on the odd trials, in the order of ``unit.trials``.
    """
    trials = unit.trials
    kinds = trials["kind"].to_numpy(dtype=object)
    due = trials["reward_time"].to_numpy()[kinds == "expected"]
    event = trials["event_time"].to_numpy()
    if due.size == 0:
        return np.zeros(event.size, dtype=bool)
    after = (
        np.clip(np.searchsorted(due, event), 1, due.size - 1) if due.size > 1 else np.zeros(event.size, int)
    )
    distance = np.minimum(np.abs(event - due[after]), np.abs(event - due[np.maximum(after - 1, 0)]))
    return np.asarray((kinds == "unexpected") & (distance <= tolerance))


def numbers(holder: object, field: str, ndim: int = 1) -> FloatArray:
    """Give a field of a MATLAB structure as real numbers with that many dimensions.

    Parameters
    ----------
    holder
        The structure.
    field
        Name of the field.
    ndim
        How many dimensions the result has.

    Returns
    -------
    array
        In the unit that the file has it in.

    Raises
    ------
    RecordingsError
        If the field is missing, or holds anything else.
    """
    if not hasattr(holder, "_fieldnames") or field not in holder._fieldnames:
        raise RecordingsError(f"has no field {field}; it is needed.")
    array = np.asarray(getattr(holder, field))
    if array.dtype.kind not in "iuf":
        raise RecordingsError(f"{field} must be an array of real numbers; found type {array.dtype}.")
    if array.ndim == 0:  # squeezed away by the reader
        array = array.reshape(1)
    if array.size == 0:
        array = array.reshape((0,) * ndim)
    if array.ndim != ndim:
        raise RecordingsError(
            f"{field} must have {ndim} dimension(s); found an array of shape {array.shape}."
        )
    return array.astype(np.float64)


def _times(holder: object, field: str) -> FloatArray:
    """Give times of a field in seconds, in ascending order; the file has ms."""
    ms = numbers(holder, field)
    bad = np.flatnonzero(~(np.isfinite(ms) & (ms >= 0) & (ms <= _LATEST_MS)))
    if bad.size:
        raise RecordingsError(
            f"{field} must hold times in ms on the recorder's clock, from 0 to {_LATEST_MS:g}; found "
            f"{ms[bad[0]]} at index {bad[0]} ({bad.size} such value(s))."
        )
    down = np.flatnonzero(np.diff(ms) < 0)
    if down.size:
        i = int(down[0])
        raise RecordingsError(
            f"{field} must be in ascending order; found {ms[i + 1]} ms after {ms[i]} ms at index {i + 1} "
            f"({down.size} such step(s)). The file is damaged, or its columns are mixed up."
        )
    return ms / 1000


def _read_trials(events: object) -> tuple[pd.DataFrame, int]:
    """Give the table of labelled trials and the number of those without label."""
    types = numbers(events, "trialType")
    onsets = numbers(events, "odorOn")
    odours = numbers(events, "odorID")
    if not types.size == onsets.size == odours.size:
        raise RecordingsError(
            "trialType, odorOn and odorID must have one value per trial; "
            f"found {types.size}, {onsets.size} and {odours.size}."
        )
    labelled = ~np.isnan(types)
    kept = types[labelled]
    if kept.size == 0:
        raise RecordingsError("trialType labels no trial; a unit needs at least one trial of types 1 to 15.")
    wrong = ~np.isin(kept, np.arange(1, _NO_REWARD + 1))
    if wrong.any():
        raise RecordingsError(
            f"trialType must be a whole number from 1 to {_NO_REWARD}, or NaN for no label; "
            f"found {kept[wrong][0]} ({wrong.sum()} such value(s))."
        )
    kept_odours = odours[labelled]
    if not np.all(np.isin(kept_odours, np.arange(256))):
        raise RecordingsError("odorID must be a whole number from 0 to 255 on labelled trials.")
    code = kept.astype(int) - 1
    volumes = np.array([*MAGNITUDES, *MAGNITUDES, np.nan])
    kinds = np.array(["unexpected"] * _N_MAGNITUDES + ["expected"] * _N_MAGNITUDES + ["no_reward"])
    seconds = _clock_seconds(onsets[labelled])
    return make_trials(seconds, kinds[code].tolist(), volumes[code], kept_odours), int((~labelled).sum())


def _clock_seconds(ms: FloatArray) -> FloatArray:
    """Give onsets of labelled trials in seconds; they must be clock times, each later than the one before."""
    if not np.all(np.isfinite(ms) & (ms >= 0) & (ms <= _LATEST_MS)):
        raise RecordingsError(
            f"odorOn must hold times in ms, from 0 to {_LATEST_MS:g}, on every labelled trial; "
            "found NaN or a number that is none."
        )
    if np.any(np.diff(ms) <= 0):
        i = int(np.flatnonzero(np.diff(ms) <= 0)[0])
        raise RecordingsError(
            f"odorOn must be in ascending order; found {ms[i + 1]} ms after {ms[i]} ms (labelled trial "
            f"{i + 1})."
        )
    return ms / 1000


def _read_identification(events: object, responses: object) -> LightIdentification | None:
    """Give the light-identification, or None where no pulse of light is on file."""
    if "freeLaserOn" not in getattr(events, "_fieldnames", ()):
        return None
    onsets = _times(events, "freeLaserOn")
    if onsets.size == 0:
        return None
    latencies = None
    if "LaserLatency" in getattr(responses, "_fieldnames", ()):
        latencies = numbers(responses, "LaserLatency") / 1000
    return LightIdentification(
        laser_onsets=onsets,
        latencies=latencies,
        evoked_spikes=_evoked_seconds(numbers(responses, "laserEvokedSpikes"), onsets),
        waveform_laser=numbers(responses, "meanLaserWaveform", ndim=2),
        waveform_laser_sem=numbers(responses, "stderrLaserWaveform", ndim=2),
        waveform_spontaneous=numbers(responses, "meanNoLaserWaveform", ndim=2),
        waveform_spontaneous_sem=numbers(responses, "stderrNoLaserWaveform", ndim=2),
    )


def _evoked_seconds(evoked: FloatArray, onsets: FloatArray) -> FloatArray:
    """Give the evoked spikes in seconds.

    Some files hold them in ms and some in tenths of a ms, and none says which. Evoked spikes follow a pulse
    within 10 ms, which only the right unit makes true.
    """
    if evoked.size == 0:
        return evoked
    if not np.all(np.isfinite(evoked)):
        raise RecordingsError("laserEvokedSpikes must be finite; found NaN or infinite values.")
    for per_second in (1000, 10_000):
        seconds = evoked / per_second
        last = np.searchsorted(onsets, seconds, side="right") - 1
        delay = seconds - onsets[np.maximum(last, 0)]
        if np.all((last >= 0) & (delay <= _EVOKED_WITHIN)):
            return seconds
    raise RecordingsError(
        "laserEvokedSpikes must lie within 10 ms of a pulse of freeLaserOn, in ms or in tenths of a ms; "
        "found spikes that do in neither unit."
    )
