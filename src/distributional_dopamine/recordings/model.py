"""The one data model: units with spike times, and trials with what was given and when.

Every reader makes these objects and every analysis takes them, so that recorded and simulated cells, and the
cells of another laboratory, go the same way. Times are in seconds, sizes of rewards in the unit that the
recordings name (µL in the public data). The objects check themselves when they are made: whatever holds a
:class:`Recordings` need not check it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
Kind = Literal["recorded", "simulated"]

MAGNITUDES: tuple[float, ...] = (0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0)
"""The seven volumes of the variable-magnitude task, in µL (Dabney et al. 2020; Eshel et al. 2015)."""

ODOUR_TO_REWARD = 1.5
"""Seconds from the onset of the odour to the reward on expected trials of the public data."""

TRIAL_KINDS: tuple[str, ...] = ("expected", "unexpected", "no_reward")
"""A cue and then a reward; a reward without a cue; no reward."""

TRIAL_COLUMNS: tuple[str, ...] = ("event_time", "reward_time", "magnitude", "kind", "odour")

_KIND = pd.CategoricalDtype(list(TRIAL_KINDS))
_USUAL_DELAYS = np.array([ODOUR_TO_REWARD, 0.0, np.nan])  # s from event to reward, by kind of trial

MICROLITRES = "µL"
"""Unit of the sizes of rewards in the public data."""


class RecordingsError(ValueError):
    """Recordings that cannot be used; the message says what was found, what was expected, what to do."""


def _frozen(array: npt.ArrayLike, name: str, ndim: int) -> FloatArray:
    """Give a read-only float copy of an array with the right number of dimensions."""
    try:
        out = np.array(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordingsError(f"{name} must be numbers; found something else ({error}).") from error
    if out.ndim != ndim:
        raise RecordingsError(f"{name} must have {ndim} dimension(s); found an array of shape {out.shape}.")
    out.setflags(write=False)
    return out


def _check_times(times: FloatArray, name: str, *, ascending: bool = True) -> None:
    """Refuse times that are not finite or, if asked, not in ascending order."""
    bad = np.flatnonzero(~np.isfinite(times))
    if bad.size:
        raise RecordingsError(
            f"{name} must be finite; found {bad.size} NaN or infinite value(s), the first at index {bad[0]}."
        )
    if ascending and times.size > 1:
        down = np.flatnonzero(np.diff(times) < 0)
        if down.size:
            i = int(down[0])
            raise RecordingsError(
                f"{name} must be in ascending order; found {times[i + 1]} s after {times[i]} s "
                f"at index {i + 1} ({down.size} such step(s)). Sort them, if the order is all that is wrong."
            )


def _spikes(times: npt.ArrayLike) -> FloatArray:
    """Give times of spikes read-only, in s, or refuse them."""
    spikes = _frozen(times, "spike_times", 1)
    _check_times(spikes, "spike_times")
    return spikes


@dataclass(frozen=True, eq=False)
class LightIdentification:
    """What shows that a unit is a dopamine neuron: its spikes to pulses of light.

    Attributes
    ----------
    laser_onsets
        (n_pulses,) Onsets of the pulses of light, s, ascending.
    latencies
        (n_pulses,) Time from each pulse to the spike that it evoked, s; NaN where it evoked none. None where
        the file does not tell.
    evoked_spikes
        (n_evoked,) Times of the spikes within 10 ms of a pulse, s, ascending. In the
        public files without latencies these are more than the unit's own: no subset of ``Unit.spike_times``.
    waveform_laser, waveform_laser_sem
        (n_samples, n_channels) Mean and standard error of the waveform of the light-evoked spikes, in the
        recorder's unit, which the files do not state.
    waveform_spontaneous, waveform_spontaneous_sem
        (n_samples, n_channels) The same of the spikes without light.
    """

    laser_onsets: FloatArray
    evoked_spikes: FloatArray
    waveform_laser: FloatArray
    waveform_laser_sem: FloatArray
    waveform_spontaneous: FloatArray
    waveform_spontaneous_sem: FloatArray
    latencies: FloatArray | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays and check them against one another."""
        for name in ("laser_onsets", "evoked_spikes"):
            times = _frozen(getattr(self, name), name, 1)
            _check_times(times, name)
            object.__setattr__(self, name, times)
        shapes = {}
        for name in (
            "waveform_laser",
            "waveform_laser_sem",
            "waveform_spontaneous",
            "waveform_spontaneous_sem",
        ):
            waveform = _frozen(getattr(self, name), name, 2)
            if not np.all(np.isfinite(waveform)):
                raise RecordingsError(f"{name} must be finite; found NaN or infinite values.")
            shapes[name] = waveform.shape
            object.__setattr__(self, name, waveform)
        if len(set(shapes.values())) > 1:
            raise RecordingsError(
                f"The waveforms must have one shape (n_samples, n_channels); found {shapes}."
            )
        if self.latencies is not None:
            latencies = _frozen(self.latencies, "latencies", 1)
            if latencies.shape != self.laser_onsets.shape:
                raise RecordingsError(
                    f"latencies must be one per pulse of light; found {latencies.size} for "
                    f"{self.laser_onsets.size} pulses."
                )
            if np.any(np.isinf(latencies)) or np.any(latencies < 0):
                raise RecordingsError("latencies must be positive, or NaN where a pulse evoked no spike.")
            object.__setattr__(self, "latencies", latencies)


@dataclass(frozen=True, eq=False)
class Unit:
    """One neuron in one session: its spikes, and the trials it was recorded in.

    Attributes
    ----------
    name
        Name of the unit, unique within its recordings.
    session
        Name of the session; units with the same session were recorded together.
    group
        The animal, or where the files do not tell it, the next best: the month of the session in the public
        data, the session in those of other laboratories.
    spike_times
        (n_spikes,) Times of the spikes, s, ascending. Of a unit made by :meth:`lazy` they are read anew each
        time they are asked for.
    trials
        One row a labelled trial, in order of time. Columns:
        ``event_time`` (s): what the baseline goes before: onset of the cue on expected and no-reward trials,
        the reward on unexpected ones, and on expected ones whose cue has no time; ``reward_time`` (s): not
        before ``event_time``, NaN without reward (``event_time`` + 1.5 on expected trials of the public
        data); ``magnitude`` (in the ``size_unit`` of the recordings): size of the reward, NaN without;
        ``kind``: one of ``TRIAL_KINDS`` (categorical); ``odour``: number of the cue as the recorder wrote it
        (on unexpected trials no odour was given and the number says nothing); ``cue``: name of the cue, empty
        where there was none.
    identification
        Evidence that the unit is a dopamine neuron, or None.
    """

    name: str
    session: str
    group: str
    spike_times: FloatArray
    trials: pd.DataFrame
    identification: LightIdentification | None = None

    def __post_init__(self) -> None:
        """Freeze the spikes and check every column of the trials."""
        try:
            if callable(self.spike_times):
                object.__setattr__(self, "_read_spikes", self.spike_times)
                object.__delattr__(self, "spike_times")
            else:
                object.__setattr__(self, "spike_times", _spikes(self.spike_times))
            object.__setattr__(self, "trials", _checked_trials(self.trials))
        except RecordingsError as error:
            raise RecordingsError(f"Unit {self.name!r}: {error}") from error

    @classmethod
    def lazy(
        cls,
        name: str,
        session: str,
        group: str,
        read_spikes: Callable[[], FloatArray],
        trials: pd.DataFrame,
        identification: LightIdentification | None = None,
    ) -> Unit:
        """Make a unit whose spikes stay in their file until they are asked for, and are not kept afterwards.

        Parameters
        ----------
        read_spikes
            Gives the times of the spikes, s; checked like others each time.
        name, session, group, trials, identification
            As in the class.
        """
        return cls(name, session, group, cast(FloatArray, read_spikes), trials, identification)

    def __getattr__(self, attribute: str) -> FloatArray:
        """Read the spikes of a lazy unit."""
        read_spikes = self.__dict__.get("_read_spikes")
        if attribute != "spike_times" or read_spikes is None:
            raise AttributeError(f"a unit has no attribute {attribute!r}")
        try:
            return _spikes(read_spikes())
        except RecordingsError as error:
            raise RecordingsError(f"Unit {self.name!r}: {error}") from error

    @property
    def duration(self) -> float:
        """Seconds from the first spike to the last."""
        spikes = self.spike_times
        return float(spikes[-1] - spikes[0]) if spikes.size > 1 else 0.0


def make_trials(
    event_time: npt.ArrayLike,
    kind: Sequence[str],
    magnitude: npt.ArrayLike,
    odour: npt.ArrayLike | None = None,
    *,
    reward_time: npt.ArrayLike | None = None,
    cue: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Make the table of trials of a unit from times, kinds and sizes of rewards, in order of time.

    Parameters
    ----------
    event_time
        (n_trials,) Onset of the cue, or on unexpected trials the reward, s.
    kind
        (n_trials,) One of ``TRIAL_KINDS`` each.
    magnitude
        (n_trials,) Size of the reward; NaN on no-reward trials.
    odour
        (n_trials,) Number of the cue; by default 0 for none, 1 before a reward, 2 before nothing.
    reward_time
        (n_trials,) Time of the reward, s, NaN on no-reward trials; by default as in the public data, 1.5 s
        after the event on expected trials and the event itself on unexpected ones.
    cue
        (n_trials,) Name of the cue; by default its number, and empty for number 0.

    Returns
    -------
    pandas.DataFrame
        The columns of ``Unit.trials``.

    Raises
    ------
    RecordingsError
        Where the lengths differ or a column holds what it must not.
    """
    times = _frozen(event_time, "event_time", 1)
    volumes = _frozen(magnitude, "magnitude", 1)
    kinds = np.asarray(kind, dtype=object)
    if odour is None:
        odour = [{"unexpected": 0, "expected": 1}.get(str(k), 2) for k in kinds]
    odours = _whole(odour)
    lengths = {"event_time": times.size, "kind": kinds.size, "magnitude": volumes.size, "odour": odours.size}
    if reward_time is not None:
        rewards = _frozen(reward_time, "reward_time", 1)
        lengths["reward_time"] = rewards.size
    if cue is not None:
        lengths["cue"] = len(cue)
    if len(set(lengths.values())) > 1:
        raise RecordingsError(f"The columns of the trials must have one length; found {lengths}.")
    codes = _kind_codes(kinds)
    if reward_time is None:
        rewards = times + _USUAL_DELAYS[codes]
    order = np.argsort(times, kind="stable")
    names = None if cue is None else [str(name) for name in cue]
    return _table(
        times[order],
        rewards[order],
        volumes[order],
        codes[order],
        odours[order],
        names and [names[i] for i in order],
    )


def _kind_codes(kinds: npt.NDArray[np.object_]) -> npt.NDArray[np.int8]:
    """Give the place of each kind in ``TRIAL_KINDS``, or refuse a kind that is none of them."""
    codes = {kind: code for code, kind in enumerate(TRIAL_KINDS)}
    named = [str(k) for k in kinds]
    unknown = sorted(set(named) - set(codes))
    if unknown:
        raise RecordingsError(f"kind must be one of {', '.join(TRIAL_KINDS)}; found {', '.join(unknown)}.")
    return np.array([codes[name] for name in named], dtype=np.int8)


def _whole(odour: npt.ArrayLike) -> npt.NDArray[np.int64]:
    numbers = _frozen(odour, "odour", 1)
    if not np.all(np.isfinite(numbers) & (numbers == np.round(numbers))):
        raise RecordingsError("odour must be a whole number on every trial.")
    return numbers.astype(np.int64)


def _checked_trials(table: pd.DataFrame) -> pd.DataFrame:
    """Give the table with its columns in order and of the right types, or refuse it."""
    missing = [column for column in TRIAL_COLUMNS if column not in table.columns]
    if missing:
        raise RecordingsError(
            f"trials must have the columns {', '.join(TRIAL_COLUMNS)}; {', '.join(missing)} missing. "
            "make_trials() builds the table."
        )
    return _table(
        _frozen(table["event_time"], "event_time", 1),
        _frozen(table["reward_time"], "reward_time", 1),
        _frozen(table["magnitude"], "magnitude", 1),
        _kind_codes(table["kind"].to_numpy(dtype=object)),
        _whole(table["odour"]),
        [str(name) for name in table["cue"].tolist()] if "cue" in table else None,
    )


def _table(
    event: FloatArray,
    reward: FloatArray,
    volume: FloatArray,
    codes: npt.NDArray[np.int8],
    odours: npt.NDArray[np.int64],
    cues: list[str] | None,
) -> pd.DataFrame:
    """Make the table from its columns, kinds as places in ``TRIAL_KINDS``, or refuse them."""
    _check_times(event, "event_time")
    kinds = np.array(TRIAL_KINDS)[codes]
    given = kinds != "no_reward"
    for name, column in (("reward_time", reward), ("magnitude", volume)):
        wrong = np.flatnonzero(np.isfinite(column) != given)
        if wrong.size:
            raise RecordingsError(
                f"{name} must be a finite number on trials with a reward and NaN on those without; "
                f"found {column[wrong[0]]} on trial {wrong[0]} of kind {kinds[wrong[0]]}."
            )
    if np.any(volume[given] <= 0):
        raise RecordingsError(f"magnitude must be above 0; found {volume[given].min()}.")
    # Of expected trials, a cue comes before its reward; an unexpected reward is its own event.
    wrong_way = given & np.where(kinds == "expected", reward < event, np.abs(reward - event) > 1e-6)
    off = np.flatnonzero(wrong_way)
    if off.size:
        raise RecordingsError(
            "reward_time must not be before event_time on expected trials, and must be event_time on "
            f"unexpected ones; trial {off[0]} ({kinds[off[0]]}) has its reward "
            f"{reward[off[0]] - event[off[0]]} s after its event."
        )
    if cues is None:
        cues = [str(n) if n else "" for n in odours.tolist()]
    return pd.DataFrame(
        {
            "event_time": event,
            "reward_time": reward,
            "magnitude": volume,
            "kind": pd.Categorical.from_codes(codes, dtype=_KIND),
            "odour": odours,
            "cue": pd.array(cues, dtype="str"),
        }
    )


@dataclass(frozen=True)
class Provenance:
    """Where a data set comes from; safe to print on a page, since it holds no path of any machine.

    Attributes
    ----------
    name
        Name of the data set, such as ``variable_magnitude``.
    kind
        ``recorded`` or ``simulated``.
    origin
        ``folder`` (that of DISTRIBUTIONAL_DOPAMINE_DATA), ``cache``, ``network`` or ``simulator``; joined
        with `` + `` where the files come from more than one.
    files
        Name of each file -> its sha256, in alphabetical order; empty for simulated data.
    citation
        The reference, in words.
    citation_keys
        The same as keys of the book's bibliography.
    note
        Anything that a reader must know, such as why the simulator stood in.
    """

    name: str
    kind: Kind
    origin: str
    files: Mapping[str, str] = field(default_factory=dict)
    citation: str = ""
    citation_keys: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Put the files in order, and check the kind."""
        if self.kind not in ("recorded", "simulated"):
            raise RecordingsError(f"kind must be 'recorded' or 'simulated'; found {self.kind!r}.")
        object.__setattr__(self, "files", dict(sorted(self.files.items())))


@dataclass(frozen=True)
class Exclusion:
    """Something that was left out, and why.

    Attributes
    ----------
    what
        ``file``, ``unit`` or ``trials``.
    name
        Name of the file or unit, or of the session whose trials they are.
    reason
        Why, in words.
    count
        How many: 1, or the number of trials.
    """

    what: Literal["file", "unit", "trials"]
    name: str
    reason: str
    count: int = 1


@dataclass(frozen=True, eq=False)
class Recordings:
    """All units of a data set, what was left out of it, and where it comes from.

    Attributes
    ----------
    units
        The units, in order of name.
    provenance
        Where they come from.
    excluded
        Every file, unit or set of trials left out, with the reason.
    n_unlabelled
        Name of each unit -> number of its trials that the file gives no type, which are in no table.
    size_unit
        Unit of the sizes of rewards, such as µL; empty where nobody said.
    notes
        What a reader must know of how they were read, a sentence each.
    """

    units: tuple[Unit, ...]
    provenance: Provenance
    excluded: tuple[Exclusion, ...] = ()
    n_unlabelled: Mapping[str, int] = field(default_factory=dict)
    size_unit: str = MICROLITRES
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that every unit has a name of its own, and count none twice."""
        names = [unit.name for unit in self.units]
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise RecordingsError(f"Every unit must have a name of its own; found twice: {', '.join(twice)}.")
        strangers = sorted(set(self.n_unlabelled) - set(names))
        if strangers:
            raise RecordingsError(f"n_unlabelled names units that are not there: {', '.join(strangers)}.")
        object.__setattr__(self, "units", tuple(sorted(self.units, key=lambda unit: unit.name)))
        object.__setattr__(
            self,
            "n_unlabelled",
            {name: self.n_unlabelled.get(name, 0) for name in sorted(names)},
        )

    def __len__(self) -> int:
        return len(self.units)

    @property
    def magnitudes(self) -> tuple[float, ...]:
        """Sizes of reward that any unit received, ascending."""
        if not self.units:
            return ()
        sizes = np.unique(np.concatenate([unit.trials["magnitude"].to_numpy() for unit in self.units]))
        return tuple(sizes[~np.isnan(sizes)].tolist())

    def cells(self) -> pd.DataFrame:
        """Say of every unit where it was recorded.

        Returns
        -------
        pandas.DataFrame
            Index: ``cell``, its name. Columns: ``session``, ``group``.
        """
        rows = [(unit.name, unit.session, unit.group) for unit in self.units]
        return pd.DataFrame(rows, columns=["cell", "session", "group"]).set_index("cell")

    def unit(self, name: str) -> Unit:
        """Give the unit of that name.

        Raises
        ------
        RecordingsError
            If there is none.
        """
        for unit in self.units:
            if unit.name == name:
                return unit
        known = ", ".join(unit.name for unit in self.units) or "none"
        raise RecordingsError(f"There is no unit {name!r}; the units are: {known}.")

    def inventory(self) -> pd.DataFrame:
        """Count what there is, a row per unit.

        Returns
        -------
        pandas.DataFrame
            Index: name of the unit. Columns: ``session``, ``group``; number of trials that are ``expected``,
            ``unexpected``, ``no_reward``, ``unlabelled``, and ``trials``, their sum; number of ``spikes``;
            ``mean_rate`` (Hz): spikes per second from the first spike to the last; ``duration`` (s) between
            them.
        """
        rows = []
        for unit in self.units:
            counts = unit.trials["kind"].value_counts()
            kinds = {kind: int(counts[kind]) for kind in TRIAL_KINDS}
            unlabelled = self.n_unlabelled[unit.name]
            intervals = max(unit.spike_times.size - 1, 0)
            rows.append(
                {
                    "name": unit.name,
                    "session": unit.session,
                    "group": unit.group,
                    **kinds,
                    "unlabelled": unlabelled,
                    "trials": sum(kinds.values()) + unlabelled,
                    "spikes": unit.spike_times.size,
                    "mean_rate": intervals / unit.duration if unit.duration > 0 else float("nan"),
                    "duration": unit.duration,
                }
            )
        columns = [
            "session",
            "group",
            *TRIAL_KINDS,
            "unlabelled",
            "trials",
            "spikes",
            "mean_rate",
            "duration",
        ]
        return pd.DataFrame(rows, columns=["name", *columns]).set_index("name")
