"""Writers: recordings to NWB files, or to tables, such that reading them back gives the same numbers.

Nothing is left half-written: a file is written beside its place and moved there when it is complete.
"""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import fastparquet
import h5py
import numpy as np
import pandas as pd

from distributional_dopamine.recordings.model import FloatArray, Recordings, RecordingsError, Unit
from distributional_dopamine.recordings.nwb import LIGHT_TIMES, LIGHT_WAVEFORMS, SIMULATED, UNLABELLED

TableFormat = Literal["csv", "parquet"]

_NOT_KNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # the format wants a date; recordings hold none


def write_nwb(recordings: Recordings, folder: Path | str) -> list[Path]:
    """Write recordings to NWB files, one a session, named ``session-1.nwb`` and so on.

    Parameters
    ----------
    recordings
        The units; those of a session must have its trials in common.
    folder
        Folder to write to; it is made if it is not there.

    Returns
    -------
    list of Path
        The files, in order of the sessions' names.

    Raises
    ------
    RecordingsError
        If units of a session differ in their trials or animal, or a file cannot be written.
    """
    folder = _make_folder(Path(folder))
    sessions = _by_session(recordings)
    digits = len(str(len(sessions)))
    paths = []
    for i, units in enumerate(sessions):
        path = folder / f"session-{i + 1:0{digits}d}.nwb"
        write_session(units, path, recordings)
        paths.append(path)
    return paths


def write_session(units: Sequence[Unit], path: Path | str, recordings: Recordings) -> None:
    """Write units of one session to an NWB file, whole or not at all.

    Parameters
    ----------
    units
        Units of one session, which have its trials in common.
    path
        The file to write; one that is there already is replaced.
    recordings
        What they are units of, for the unit of sizes and the number of trials without label.

    Raises
    ------
    RecordingsError
        If the units differ in their trials, session or animal, or the file cannot be written.
    """
    _check_one_session(units)
    path = Path(path)

    def write(target: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on metadata that recordings do not hold
            from pynwb import NWBHDF5IO

            # In memory first: on a full disk HDF5 does not only fail, it takes the process with it.
            content = io.BytesIO()
            with h5py.File(content, "w") as stored, NWBHDF5IO(file=stored, mode="w") as writer:
                writer.write(_nwb_file(units, recordings))
        target.write_bytes(content.getbuffer())

    with _whole_or_not_at_all(path) as target:
        _run(write, target, path)


def write_tables(recordings: Recordings, folder: Path | str, *, format: TableFormat = "csv") -> list[Path]:
    """Write recordings to three tables: spikes, trials and units. What pulses of light did is not in them.

    Parameters
    ----------
    recordings
        The units; those of a session must have its trials in common.
    folder
        Folder to write to; it is made if it is not there.
    format
        ``csv`` or ``parquet``.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    RecordingsError
        If units of a session differ in their trials or animal, or a file cannot be written.
    """
    if format not in ("csv", "parquet"):
        raise ValueError(f"format must be 'csv' or 'parquet'; found {format!r}")
    folder = _make_folder(Path(folder))
    sessions = _by_session(recordings)
    spikes = pd.concat(
        [pd.DataFrame({"unit": unit.name, "time": unit.spike_times}) for unit in recordings.units],
        ignore_index=True,
    )
    trials = pd.concat(
        [_trial_columns(units[0]).assign(session=units[0].session) for units in sessions], ignore_index=True
    )
    units = pd.DataFrame(
        {
            "unit": [unit.name for unit in recordings.units],
            "session": [unit.session for unit in recordings.units],
            "subject": [unit.group for unit in recordings.units],
            UNLABELLED: [recordings.n_unlabelled[unit.name] for unit in recordings.units],
            "size_unit": recordings.size_unit,
            SIMULATED: recordings.provenance.kind == "simulated",
        }
    )
    paths = []
    for name, table in (("spikes", spikes), ("trials", trials), ("units", units)):
        path = folder / f"{name}.{format}"

        def write(target: Path, table: pd.DataFrame = table) -> None:
            if format == "csv":
                table.to_csv(target, index=False)
            else:
                fastparquet.write(str(target), table, write_index=False)

        with _whole_or_not_at_all(path) as target:
            _run(write, target, path)
        paths.append(path)
    return paths


def _run(write: Callable[[Path], None], target: Path, path: Path) -> None:
    try:
        write(target)
    except RecordingsError:
        raise
    except Exception as error:  # h5py and fastparquet raise what they like on a full disk
        raise RecordingsError(
            f"{path.name} cannot be written ({' '.join(str(error).split())[:200] or type(error).__name__}). "
            "Is the disk full, or the folder not yours?"
        ) from error


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    """Give the name of a file to write; move it to its place if all went well, else delete it."""
    try:
        handle, name = tempfile.mkstemp(suffix=path.suffix, prefix=".", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise RecordingsError(f"{path} cannot be written ({error.strerror}).") from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise RecordingsError(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        temporary.unlink(missing_ok=True)


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingsError(f"The folder {folder} cannot be made ({error.strerror}).") from error
    return folder


def _by_session(recordings: Recordings) -> list[list[Unit]]:
    if not len(recordings):
        raise RecordingsError("There are no units to write.")
    sessions: dict[str, list[Unit]] = {}
    for unit in recordings.units:
        sessions.setdefault(unit.session, []).append(unit)
    for units in sessions.values():
        _check_one_session(units)
    return [sessions[name] for name in sorted(sessions)]


def _check_one_session(units: Sequence[Unit]) -> None:
    first = units[0]
    for unit in units[1:]:
        if (unit.session, unit.group) != (first.session, first.group):
            raise RecordingsError(
                f"Units of one file must be of one session and animal; found {unit.name!r} of "
                f"{unit.group!r}, {unit.session!r} and {first.name!r} of {first.group!r}, {first.session!r}."
            )
        if not unit.trials.equals(first.trials):
            raise RecordingsError(
                f"Units of one session must have its trials in common; those of {unit.name!r} and "
                f"{first.name!r}, {first.session!r}, differ."
            )


def _trial_columns(unit: Unit) -> pd.DataFrame:
    """Give the trials of a unit in columns that our readers take for what they are."""
    trials = unit.trials
    kind = trials["kind"].to_numpy()
    return pd.DataFrame(
        {
            "cue_time": trials["event_time"].where(kind != "unexpected"),
            "reward_time": trials["reward_time"],
            "reward_size": trials["magnitude"].fillna(0.0),
            "expected": kind == "expected",
            "cue": trials["cue"],
        }
    )


def _nwb_file(units: Sequence[Unit], recordings: Recordings) -> Any:
    from pynwb import NWBFile
    from pynwb.core import ElementIdentifiers, VectorData, VectorIndex
    from pynwb.epoch import TimeIntervals
    from pynwb.file import Subject
    from pynwb.misc import Units

    first = units[0]
    provenance = recordings.provenance
    file = NWBFile(
        session_description=f"{provenance.kind}: {provenance.name}. {provenance.note}".strip(),
        identifier=f"{provenance.name} {first.session}",
        session_start_time=_NOT_KNOWN,
        session_id=first.session,
        keywords=[SIMULATED] if provenance.kind == "simulated" else None,
        notes="The date is not known; 1970-01-01 stands for that.",
        subject=Subject(subject_id=first.group, description="As far as the recordings tell."),
    )
    sizes = (
        f"Size of the reward, in {recordings.size_unit}." if recordings.size_unit else "Size of the reward."
    )
    described = {
        "cue_time": "Onset of the cue, s; NaN without.",
        "reward_time": "Time of the reward, s; NaN without.",
        "reward_size": f"{sizes} 0 without.",
        "expected": "Whether a cue announced the reward.",
        "cue": "Name of the cue; empty without.",
    }
    trials = _trial_columns(first)
    event = first.trials["event_time"].to_numpy()
    last = first.trials[["event_time", "reward_time"]].max(axis=1).to_numpy()
    file.trials = TimeIntervals(
        name="trials",
        description="One row a trial.",
        id=ElementIdentifiers(name="id", data=np.arange(len(trials))),
        columns=[
            VectorData(name="start_time", description="Start of the trial, s.", data=event),
            VectorData(name="stop_time", description="End of the trial, s.", data=last + 1.0),
            *(
                VectorData(name=name, description=text, data=_plain_array(trials[name]))
                for name, text in described.items()
            ),
        ],
    )

    def ragged(name: str, description: str, rows: Sequence[FloatArray]) -> list[Any]:
        data = VectorData(name=name, description=description, data=np.concatenate(rows))
        ends = np.cumsum([len(row) for row in rows])
        return [data, VectorIndex(name=f"{name}_index", data=ends, target=data)]

    columns = [
        VectorData(name="unit_name", description="Name of the unit.", data=[unit.name for unit in units]),
        VectorData(
            name=UNLABELLED,
            description="Number of its trials without a label, which are not among the trials.",
            data=[recordings.n_unlabelled.get(unit.name, 0) for unit in units],
        ),
        *ragged("spike_times", "Times of the spikes, s.", [unit.spike_times for unit in units]),
        *_light_columns(units, ragged, VectorData),
    ]
    file.units = Units(
        name="units",
        description="One row a unit.",
        id=ElementIdentifiers(name="id", data=np.arange(len(units))),
        columns=columns,
    )
    return file


def _plain_array(column: pd.Series) -> Any:
    return column.to_numpy() if column.dtype.kind in "bif" else [str(value) for value in column]


def _light_columns(
    units: Sequence[Unit], ragged: Callable[[str, str, Sequence[FloatArray]], list[Any]], column: Any
) -> list[Any]:
    """Give the columns of units that hold what pulses of light did, none if no unit has any."""
    lights = [unit.identification for unit in units]
    shapes = {light.waveform_laser.shape for light in lights if light is not None}
    if not shapes:
        return []
    if len(shapes) > 1:
        raise RecordingsError(
            f"Waveforms of one session must have one shape; found {sorted(shapes)} in {units[0].session!r}."
        )
    none = np.empty(0)
    nothing = np.full(shapes.pop(), np.nan)
    times = {
        "laser_onsets": [none if one is None else one.laser_onsets for one in lights],
        "laser_latencies": [
            none if one is None or one.latencies is None else one.latencies for one in lights
        ],
        "evoked_spikes": [none if one is None else one.evoked_spikes for one in lights],
    }
    texts = dict(
        zip(
            LIGHT_TIMES,
            (
                "Onsets of pulses of light, s.",
                "Time from each pulse to the spike it evoked, s; NaN where none, empty where not known.",
                "Times of spikes soon after a pulse, s.",
            ),
            strict=True,
        )
    )
    out = [part for name in LIGHT_TIMES for part in ragged(name, texts[name], times[name])]
    for name in LIGHT_WAVEFORMS:
        data = np.stack([nothing if one is None else getattr(one, name) for one in lights])
        out.append(column(name=name, description="Waveform, in the recorder's unit.", data=data))
    return out
