"""Reader of Neurodata Without Borders (NWB) files, one session each.

Taken are, of ``units``: ``spike_times``, ``obs_intervals`` if there, and a column of names if there (else the
ids); of ``trials``: the columns that :mod:`~.columns` finds or was told; the session's and the subject's id.
Everything else is left alone. Times are seconds from the start of the session, as the format says.

Spikes of a large file stay in it: all are read once, unit by unit, to be checked, and again when asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine.recordings.assembling import ReadSession, ReadUnit
from distributional_dopamine.recordings.clocks import ask_about_spikes, check_spikes, scale
from distributional_dopamine.recordings.columns import Columns, listed
from distributional_dopamine.recordings.model import FloatArray, LightIdentification, RecordingsError
from distributional_dopamine.recordings.trial_columns import as_names, needed_columns, read_trials

KEPT_IN_MEMORY = 1_000_000
"""Number of spikes of a file (8 MB) above which they stay in it."""

LIGHT_TIMES = ("laser_onsets", "laser_latencies", "evoked_spikes")
LIGHT_WAVEFORMS = (
    "waveform_laser",
    "waveform_laser_sem",
    "waveform_spontaneous",
    "waveform_spontaneous_sem",
)
"""Columns of units in which our own writer keeps what pulses of light did."""

UNLABELLED = "n_unlabelled"
"""Column of units in which our own writers keep the number of trials without label."""

SIMULATED = "simulated"
"""Keyword of files, and column of tables of units, by which our own writers say that nobody recorded this."""

_MOST_PACKED = 1100  # no more bytes than this come out of one byte of a compressed file (deflate: 1032)


@dataclass(frozen=True)
class StoredSpikes:
    """Where the spikes of a unit are in a file; calling it reads them.

    Attributes
    ----------
    path, dataset
        The file, and the name of the array in it.
    start, stop
        Part of the array.
    per_second
        Number of the clock's units in a second.
    """

    path: Path
    dataset: str
    start: int
    stop: int
    per_second: float = 1.0

    def __call__(self) -> FloatArray:
        """Read the spikes, s."""
        try:
            with h5py.File(self.path, "r") as file:
                stored = np.asarray(file[self.dataset][self.start : self.stop], dtype=np.float64)
        except Exception as error:  # h5py raises a dozen types
            raise RecordingsError(f"{self.path.name}: the spikes can no longer be read ({error}).") from error
        return stored / self.per_second


def read_nwb(path: Path | str, columns: Columns | None = None) -> ReadSession:
    """Read a session from an NWB file.

    Parameters
    ----------
    path
        The file.
    columns
        Which columns are which, where the usual names do not tell.

    Raises
    ------
    RecordingsError
        If the file is not NWB, is damaged, or lacks what is needed; the message says what.
    """
    path = Path(path)
    columns = columns or Columns()
    try:
        with _opened(path) as file:
            return _read(file, path, columns)
    except RecordingsError:
        raise
    except Exception as error:  # a damaged file raises whatever its readers meet first
        raise RecordingsError(
            f"{path.name} cannot be read as an NWB file ({_first_line(error)}). It is damaged, incomplete, "
            "or "
            "something else."
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        if not h5py.is_hdf5(path):
            raise RecordingsError(
                f"{path.name} is not an NWB file: it is not HDF5, or its beginning is damaged."
            )
    except OSError as error:
        raise RecordingsError(f"{path.name} cannot be opened ({error.strerror or error}).") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cached specifications and the like, none of which matters here
        from pynwb import NWBHDF5IO  # takes two seconds, which only readers of such files should wait

        with NWBHDF5IO(str(path), "r") as reader:
            yield reader.read()


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:200] + "..."


def _read(file: Any, path: Path, columns: Columns) -> ReadSession:
    where = path.name
    if file.units is None:
        raise RecordingsError(f"{where} has no units: no spike times to analyse.")
    if file.trials is None:
        others = list(file.intervals or {})
        raise RecordingsError(
            f"{where} has no trials. Each trial needs the time and the size of its reward"
            f"{'; the file has the intervals ' + listed(others) if others else ''}."
        )
    session = str(file.session_id or path.stem)
    subject = str(file.subject.subject_id or "") if file.subject is not None else ""
    simulated = SIMULATED in [str(word) for word in (file.keywords if file.keywords is not None else [])]
    reader = _Reader(path.stat().st_size, where)
    frame, description = reader.trials(file.trials, columns)
    trials = read_trials(frame, columns, where=where, session=session, size_description=description)
    units, notes = _units(reader, file.units, columns)
    ask_about_spikes(where, [unit.summary for unit in units], columns.spikes_in)
    return ReadSession(where, session, subject, tuple(units), trials, tuple(notes), simulated)


@dataclass(frozen=True)
class _Reader:
    """Reads columns of a file, none larger than the file can hold."""

    n_bytes: int
    where: str

    def array(self, data: Any, start: int | None = None, stop: int | None = None) -> npt.NDArray[Any]:
        """Give (a part of) a column's data, wherever they are."""
        shape = getattr(data, "shape", None)
        if shape is not None:
            rows = (shape[0] if stop is None else stop) - (start or 0)
            size = getattr(getattr(data, "dtype", None), "itemsize", 8)
            if rows * int(np.prod(shape[1:], dtype=np.int64)) * size > self.n_bytes * _MOST_PACKED + 4096:
                raise RecordingsError(f"{self.where} is damaged: it claims to hold more than it can.")
        return np.asarray(data[slice(start, stop)])

    def trials(self, table: Any, columns: Columns) -> tuple[pd.DataFrame, str]:
        """Give the columns of trials that are needed, and the description of that of sizes."""
        scalar = [name for name in table.colnames if not _is_ragged(table[name])]
        asked = [
            getattr(columns, name) for name in ("reward_time", "reward_size", "cue", "cue_time", "expected")
        ]
        ragged = [name for name in asked if name in set(table.colnames) - set(scalar)]
        if ragged:
            raise RecordingsError(
                f"{self.where}: the column {ragged[0]!r} of the trials has several values a trial; one is "
                "needed."
            )
        names = needed_columns(scalar, columns, f"{self.where}, trials,")
        taken = {}
        for name in dict.fromkeys([*names.values(), "start_time"]):
            values = self.array(table[name].data)
            if values.ndim != 1 or len(values) != len(table.id):
                raise RecordingsError(
                    f"{self.where}: the column {name!r} of the trials must hold one value a trial; found "
                    "shape "
                    f"{values.shape} for {len(table.id)} trials."
                )
            taken[name] = pd.Series(values)
        return pd.DataFrame(taken), str(table[names["reward_size"]].description or "")

    def ragged(self, column: Any) -> tuple[Any, npt.NDArray[np.int64]]:
        """Give the data of a ragged column, and where each row's begin, and the last end."""
        ends = self.array(column.data).astype(np.int64)
        bounds = np.concatenate(([0], ends))
        data = column.target.data
        if np.any(np.diff(bounds) < 0) or bounds[-1] > len(data):
            raise RecordingsError(
                f"{self.where} is damaged: the index of {column.target.name!r} is out of order."
            )
        return data, bounds


def _is_ragged(column: Any) -> bool:
    return hasattr(column, "target")


def _units(reader: _Reader, table: Any, columns: Columns) -> tuple[list[ReadUnit], list[str]]:
    where = reader.where
    n_units = len(table.id)
    if n_units == 0:
        raise RecordingsError(f"{where}: the table of units is empty.")
    if "spike_times" not in table.colnames:
        raise RecordingsError(f"{where}: units have no spike_times; they have {listed(table.colnames)}.")
    names, notes = _unit_names(reader, table, columns)
    stored, bounds = reader.ragged(table["spike_times"])
    if bounds.size != n_units + 1:
        raise RecordingsError(f"{where} is damaged: spikes of {bounds.size - 1} units for {n_units} units.")
    if np.asarray(stored[:0]).dtype.kind not in "iuf":
        raise RecordingsError(
            f"{where}: spike_times must be numbers; found type {np.asarray(stored[:0]).dtype}."
        )
    total, per_second = int(bounds[-1]), scale(columns.spikes_in)
    in_file = total > KEPT_IN_MEMORY and isinstance(stored, h5py.Dataset)
    everything = None if in_file else reader.array(stored).astype(np.float64)
    observed = _observed(reader, table, n_units)
    light = _light(reader, table)
    unlabelled = (
        reader.array(table[UNLABELLED].data).astype(np.int64)
        if UNLABELLED in table.colnames
        else np.zeros(n_units, dtype=np.int64)
    )
    units = []
    for i, name in enumerate(names):
        start, stop = int(bounds[i]), int(bounds[i + 1])
        if everything is None:
            source = StoredSpikes(Path(stored.file.filename), stored.name, start, stop, per_second)
            summary = check_spikes(name, reader.array(stored, start, stop).astype(np.float64) / per_second)
            units.append(ReadUnit(name, source, summary, observed[i], int(unlabelled[i]), light[i]))
        else:
            spikes = everything[start:stop] / per_second
            summary = check_spikes(name, spikes)
            units.append(ReadUnit(name, spikes, summary, observed[i], int(unlabelled[i]), light[i]))
    if all(unit.summary.count == 0 for unit in units):
        raise RecordingsError(f"{where}: none of the {n_units} units has a spike.")
    return units, notes


def _unit_names(reader: _Reader, table: Any, columns: Columns) -> tuple[list[str], list[str]]:
    """Give the units' names: a column of names if there, else their ids."""
    where = reader.where
    scalar = [name for name in table.colnames if not _is_ragged(table[name])]
    column = columns.find("unit", scalar, f"{where}, units,")
    notes: list[str] = []
    if column is not None:
        values = as_names(pd.Series(reader.array(table[column].data)))
        unique = len(set(values)) == len(values) and "" not in values
        if unique:
            prefix = "" if column.endswith("name") or not all(v.isdigit() for v in values) else "unit "
            return [prefix + str(value) for value in values], notes
        if columns.unit is not None:
            raise RecordingsError(
                f"{where}: names of units must be there and differ; in {column!r} they do not. Name another "
                "column with --unit, or none, so that ids serve."
            )
        notes.append(f"{where}: the names in {column!r} do not tell its units apart; their ids serve.")
    ids = reader.array(table.id.data)
    distinct, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise RecordingsError(
            f"{where}: each unit needs an id of its own; found twice: "
            f"{listed(distinct[counts > 1].tolist())}."
        )
    return [f"unit {i}" for i in ids], notes


def _observed(reader: _Reader, table: Any, n_units: int) -> list[FloatArray | None]:
    if "obs_intervals" not in table.colnames or not _is_ragged(table["obs_intervals"]):
        return [None] * n_units
    data, bounds = reader.ragged(table["obs_intervals"])
    intervals = reader.array(data).astype(np.float64)
    if intervals.ndim != 2 or intervals.shape[1] != 2:
        raise RecordingsError(
            f"{reader.where}: obs_intervals must hold a start and an end each; found shape {intervals.shape}."
        )
    rows = [intervals[bounds[i] : bounds[i + 1]] for i in range(n_units)]
    return [row if len(row) else None for row in rows]


def _light(reader: _Reader, table: Any) -> list[LightIdentification | None]:
    """Give what our own writer keeps of the pulses of light, None for each unit where it is not there."""
    n_units = len(table.id)
    if not set(LIGHT_TIMES + LIGHT_WAVEFORMS) <= set(table.colnames):
        return [None] * n_units
    times: dict[str, list[FloatArray]] = {}
    for name in LIGHT_TIMES:
        data, bounds = reader.ragged(table[name])
        flat = reader.array(data).astype(np.float64)
        times[name] = [flat[bounds[i] : bounds[i + 1]] for i in range(n_units)]
    waveforms = {name: reader.array(table[name].data).astype(np.float64) for name in LIGHT_WAVEFORMS}
    found: list[LightIdentification | None] = []
    for i in range(n_units):
        if times["laser_onsets"][i].size == 0:
            found.append(None)
            continue
        found.append(
            LightIdentification(
                laser_onsets=times["laser_onsets"][i],
                latencies=times["laser_latencies"][i] if times["laser_latencies"][i].size else None,
                evoked_spikes=times["evoked_spikes"][i],
                waveform_laser=waveforms["waveform_laser"][i],
                waveform_laser_sem=waveforms["waveform_laser_sem"][i],
                waveform_spontaneous=waveforms["waveform_spontaneous"][i],
                waveform_spontaneous_sem=waveforms["waveform_spontaneous_sem"][i],
            )
        )
    return found
