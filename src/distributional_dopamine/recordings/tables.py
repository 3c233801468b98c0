"""Reader of tidy tables, CSV or Parquet: a row a spike, a row a trial, and if you like a row a unit.

* spikes: ``unit``, ``time`` (s); ``session``, unless a table of units tells it or there is only one;
* trials: time and size of the reward, and as in :mod:`~.columns` cue, time of the cue, expected; ``session``;
* units: ``unit``, and if known ``session``, ``subject``, ``size_unit``;
* instead of spikes and trials, responses that were measured otherwise: ``unit``, size, ``response``, and if
  known ``expected`` or ``cue``, ``session``, ``subject``.

A table is told by its name (``spikes.csv``, ``mouse1_trials.parquet``), else by its columns.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine.recordings.assembling import ReadSession, ReadUnit
from distributional_dopamine.recordings.clocks import ask_about_spikes, check_spikes, scale
from distributional_dopamine.recordings.columns import Columns, listed, size_unit_of
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import Exclusion, FloatArray, Provenance, RecordingsError
from distributional_dopamine.recordings.nwb import SIMULATED, UNLABELLED
from distributional_dopamine.recordings.parquet import read_parquet
from distributional_dopamine.recordings.trial_columns import (
    as_names,
    as_numbers,
    check_number_of_sizes,
    read_announced,
    read_sizes,
    read_trials,
)

Role = Literal["spikes", "trials", "units", "responses"]

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")

_NOTHING = ("", "NA", "NaN", "nan", "None", "null")  # how a missing number is written

_TEXT = ("unit", "cue", "session", "subject")  # meanings whose columns are names, whatever they look like


@dataclass(frozen=True, eq=False)
class Table:
    """A table as read.

    Attributes
    ----------
    path
        Its file.
    role
        What it is.
    frame
        Its columns; those of names as text, of CSV files with empty text where nothing was.
    """

    path: Path
    role: Role
    frame: pd.DataFrame


def read_tables(paths: Sequence[Path], columns: Columns | None = None) -> list[Table]:
    """Read tables and tell what each is.

    Raises
    ------
    RecordingsError
        If a file is no table, or none of those that can be used.
    """
    columns = columns or Columns()
    packed = [path for path in paths if is_parquet(path)]
    frames = dict(zip(packed, read_parquet(packed), strict=True))
    return [
        _as_table(path, frames[path] if path in frames else _read_csv(path, columns), columns)
        for path in paths
    ]


def _as_table(path: Path, frame: pd.DataFrame, columns: Columns) -> Table:
    names = [str(name) for name in frame.columns]
    _check_columns(path, names)
    frame.columns = pd.Index(names)
    role = _role(path, names, columns)
    if frame.empty:
        raise RecordingsError(f"{path.name}: the table of {role} is empty.")
    return Table(path, role, frame)


def _check_columns(path: Path, names: Sequence[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise RecordingsError(f"{path.name}: a column must be there once; found twice: {listed(twice)}.")


def is_parquet(path: Path) -> bool:
    """Say whether a file begins as Parquet files do.

    Raises
    ------
    RecordingsError
        If it cannot be opened.
    """
    return first_bytes(path, 4) == b"PAR1"


def first_bytes(path: Path, n: int) -> bytes:
    """Give the first bytes of a file.

    Raises
    ------
    RecordingsError
        If it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(n)
    except OSError as error:
        raise RecordingsError(f"{path} cannot be opened ({error.strerror}).") from error


def _read_csv(path: Path, columns: Columns) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline(100_000)
        if not header.strip():
            raise RecordingsError(
                f"{path.name} is empty, or its first line is: the names of columns belong there."
            )
        if "\0" in header:
            raise RecordingsError(f"{path.name} is not a table: its first line is no text.")
        separator = max((",", ";", "\t"), key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
        _check_columns(path, names)
        text = {
            columns.find(meaning, names, path.name)
            for meaning in _TEXT
            if getattr(columns, meaning) in [None, *names]
        }
        frame = pd.read_csv(
            path,
            sep=separator,
            encoding="utf-8-sig",
            header=0,
            names=names,
            dtype={name: "str" for name in text if name is not None},
            # A unit may be called NA; a time may not.
            keep_default_na=False,
            na_values={name: [*_NOTHING] for name in names if name not in text},
            low_memory=False,
        )
        if not isinstance(frame.index, pd.RangeIndex):
            raise RecordingsError(f"{path.name}: rows have more values than the first line has columns.")
        return frame
    except RecordingsError:
        raise
    except UnicodeDecodeError as error:
        raise RecordingsError(f"{path.name} is not a table of text in UTF-8 ({error.reason}).") from error
    except Exception as error:  # pandas raises several types on lines it cannot take apart
        raise RecordingsError(f"{path.name} cannot be read as a table ({_first_line(error)}).") from error


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _role(path: Path, names: list[str], columns: Columns) -> Role:
    """Tell what a table is by its name, else by its columns."""
    roles: tuple[Role, ...] = ("spikes", "trials", "units", "responses")
    by_name = [role for role in roles if role.rstrip("s") in path.stem.lower()]
    if len(by_name) == 1:
        return by_name[0]

    def has(meaning: str) -> bool:
        if getattr(columns, meaning) not in [None, *names]:
            return False
        return columns.find(meaning, names, path.name) is not None

    if has("reward_size"):
        return "responses" if has("unit") and has("response") else "trials"
    if has("unit"):
        return "spikes" if has("spike_time") else "units"
    raise RecordingsError(
        f"{path.name} is none of the tables that can be used: spikes (unit, time), trials (reward time, "
        "reward "
        f"size), units (unit, session, subject) or responses (unit, reward size, response). Its columns are "
        f"{listed(names)}. Name the file after what it is (spikes.csv), and say which column is which."
    )


def sessions_of_tables(
    tables: Sequence[Table], columns: Columns | None = None, *, fallback: str = ""
) -> list[ReadSession]:
    """Make sessions of tables of spikes, trials and units that belong together.

    Parameters
    ----------
    tables
        One or more of spikes and of trials, and units if you like; those of one role are laid end to end.
    columns
        Which columns are which.
    fallback
        Name of the session where no table names it; by default the file of the spikes.

    Raises
    ------
    RecordingsError
        If spikes or trials are missing or do not belong together, or hold what they must not.
    """
    columns = columns or Columns()
    spikes, trials = _one(tables, "spikes"), _one(tables, "trials")
    here = ", ".join(table.path.name for table in tables)
    if spikes is None or trials is None:
        missing = "spikes" if spikes is None else "trials"
        raise RecordingsError(f"A table of {missing} is needed beside {here}.")
    units = _Units.of(_one(tables, "units"), columns)
    frame, where = spikes
    names = [str(name) for name in frame.columns]
    unit = _filled(frame, columns.need("unit", names, where), where)
    time = _spike_times(frame, columns.need("spike_time", names, where), where, columns)
    session_column = columns.find("session", names, where) if columns.session in [None, *names] else None
    subject_column = columns.find("subject", names, where) if columns.subject in [None, *names] else None
    by_trial = _sessions_of_trials(trials, columns)
    default = next(iter(by_trial)) if len(by_trial) == 1 else None

    table = pd.DataFrame({"unit": unit, "time": time})
    if session_column:
        table["session"] = _filled(frame, session_column, where)
    elif units.session:
        table["session"] = [units.session.get(name, "") for name in unit]
    elif default is not None:
        table["session"] = default
    else:
        raise RecordingsError(
            f"{where}: the trials are of {len(by_trial)} sessions, and nothing tells of which the units are. "
            "Add a column session to the spikes, or a table of units with their sessions."
        )
    if default == "":  # trials that name no session belong to the only one there is
        only = set(table["session"])
        if len(only) == 1:
            by_trial = {str(only.pop()): by_trial[""]}
    unknown = sorted(set(table["session"]) - set(by_trial))
    if unknown:
        raise RecordingsError(
            f"{where}: each session needs trials; there are none for {listed(unknown)}. Sessions with "
            "trials: "
            f"{listed(sorted(by_trial))}."
        )
    if subject_column:
        subjects = as_names(frame[subject_column])
        table["subject"] = subjects
    else:
        table["subject"] = [units.subject.get(name, "") for name in unit]
    return _sessions(table, by_trial, trials[1], where, units, columns, fallback or where)


def _sessions(
    table: pd.DataFrame,
    by_trial: dict[str, pd.DataFrame],
    trials_where: str,
    where: str,
    units: _Units,
    columns: Columns,
    fallback: str,
) -> list[ReadSession]:
    found = []
    for session, own in table.groupby("session", sort=True):
        label = str(session) or fallback
        read = []
        subjects = sorted(set(own["subject"]) - {""})
        if len(subjects) > 1:
            raise RecordingsError(
                f"{where}: a session must be of one subject; {label!r} is of {listed(subjects)}."
            )
        for name, times in own.groupby("unit", sort=True)["time"]:
            spikes = times.to_numpy()
            summary = check_spikes(str(name), spikes)
            read.append(ReadUnit(str(name), spikes, summary, None, units.unlabelled.get(str(name), 0)))
        listed_here = [name for name, of in units.session.items() if of == session]
        silent = sorted(set(listed_here) - {unit.name for unit in read})
        nothing = np.empty(0)
        read += [ReadUnit(name, nothing, check_spikes(name, nothing)) for name in silent]
        told = Columns(**{**vars(columns), "size_unit": columns.size_unit or units.size_unit or None})
        trials = read_trials(by_trial[str(session)], told, where=trials_where, session=label)
        ask_about_spikes(where, [unit.summary for unit in read], columns.spikes_in)
        found.append(
            ReadSession(
                where, label, subjects[0] if subjects else "", tuple(read), trials, (), units.simulated
            )
        )
    return found


@dataclass(frozen=True)
class _Units:
    """What a table of units tells, by the name of the unit; empty without one."""

    session: dict[str, str]
    subject: dict[str, str]
    unlabelled: dict[str, int]
    size_unit: str
    simulated: bool

    @classmethod
    def of(cls, table: tuple[pd.DataFrame, str] | None, columns: Columns) -> _Units:
        if table is None:
            return cls({}, {}, {}, "", False)
        frame, where = table
        names = [str(name) for name in frame.columns]
        unit = _filled(frame, columns.need("unit", names, where), where)
        twice = sorted(name for name, count in Counter(unit).items() if count > 1)
        if twice:
            raise RecordingsError(f"{where}: a unit must be there once; found twice: {listed(twice)}.")

        def column(meaning: str) -> dict[str, str]:
            if getattr(columns, meaning) not in [None, *names]:
                return {}
            name = columns.find(meaning, names, where)
            return {} if name is None else dict(zip(unit, as_names(frame[name]), strict=True))

        unlabelled: dict[str, int] = {}
        if UNLABELLED in names:
            counts = as_numbers(frame[UNLABELLED], UNLABELLED, where)
            unlabelled = {n: int(c) for n, c in zip(unit, counts, strict=True) if np.isfinite(c)}
        simulated = SIMULATED in names and "True" in set(as_names(frame[SIMULATED]))
        size_units = sorted(set(as_names(frame["size_unit"])) - {""}) if "size_unit" in names else []
        if len(size_units) > 1:
            raise RecordingsError(
                f"{where}: sizes of rewards must be in one unit; found {listed(size_units)}. Convert them."
            )
        return cls(
            column("session"), column("subject"), unlabelled, size_units[0] if size_units else "", simulated
        )


def _one(tables: Sequence[Table], role: Role) -> tuple[pd.DataFrame, str] | None:
    """Lay the tables of a role end to end."""
    chosen = [table for table in tables if table.role == role]
    if not chosen:
        return None
    where = ", ".join(table.path.name for table in chosen)
    if len({tuple(sorted(table.frame.columns)) for table in chosen}) > 1:
        raise RecordingsError(f"{where}: tables of {role} that are read together must have the same columns.")
    return pd.concat([table.frame for table in chosen], ignore_index=True), where


def _sessions_of_trials(trials: tuple[pd.DataFrame, str], columns: Columns) -> dict[str, pd.DataFrame]:
    frame, where = trials
    names = [str(name) for name in frame.columns]
    column = columns.find("session", names, where) if columns.session in [None, *names] else None
    if column is None:
        return {"": frame}
    sessions = _filled(frame, column, where)
    return {str(name): frame[sessions == name].reset_index(drop=True) for name in sorted(set(sessions))}


def _spike_times(frame: pd.DataFrame, column: str, where: str, columns: Columns) -> FloatArray:
    return as_numbers(frame[column], column, where) / scale(columns.spikes_in)


def _filled(frame: pd.DataFrame, column: str, where: str) -> npt.NDArray[np.object_]:
    """Give a column of names, none of which may be missing."""
    names = as_names(frame[column])
    empty = np.flatnonzero(names == "")
    if empty.size:
        raise RecordingsError(
            f"{where}: the column {column!r} must name something in every row; row {empty[0]} is empty "
            f"({empty.size} such)."
        )
    return names


def measured_of_tables(
    tables: Sequence[Table], provenance: Provenance, columns: Columns | None = None
) -> MeasuredResponses:
    """Make measured responses of a table that holds them.

    Parameters
    ----------
    tables
        One or more tables of responses, and units if you like.
    provenance
        Where they come from.
    columns
        Which columns are which.

    Raises
    ------
    RecordingsError
        If a column is missing or holds what it must not, or no row is left.
    """
    columns = columns or Columns()
    responses = _one(tables, "responses")
    if responses is None:
        raise RecordingsError("A table of responses is needed.")
    others = sorted({table.role for table in tables} - {"responses", "units"})
    if others:
        raise RecordingsError(
            f"{responses[1]} holds responses, so that {' and '.join(others)} beside it would say the same "
            "twice. "
            "Give one or the other."
        )
    frame, where = responses
    names = [str(name) for name in frame.columns]
    found = {meaning: columns.need(meaning, names, where) for meaning in ("unit", "reward_size", "response")}
    for meaning in ("cue", "expected", "session", "subject"):
        name = columns.find(meaning, names, where) if getattr(columns, meaning) in [None, *names] else None
        if name is not None:
            found[meaning] = name
    units = _Units.of(_one(tables, "units"), columns)
    unit = _filled(frame, found["unit"], where)
    size = read_sizes(frame[found["reward_size"]], found["reward_size"], where)
    response = as_numbers(frame[found["response"]], found["response"], where)
    infinite = np.flatnonzero(np.isinf(response))
    if infinite.size:
        raise RecordingsError(
            f"{where}: responses must be finite; found {response[infinite[0]]} in row {infinite[0]}."
        )
    expected, unsaid = read_announced(frame, found, where)
    kept = np.ones(unit.size, dtype=bool)
    exclusions = []
    for wrong, reason in (
        (np.isnan(size), "no size of the reward"),
        (size == 0, "no reward (size 0)"),
        (np.isnan(response), "no response"),
        (unsaid, f"the column {found.get('expected', '')!r} does not say whether expected"),
    ):
        if (wrong & kept).any():
            exclusions.append(Exclusion("trials", where, reason, int((wrong & kept).sum())))
        kept &= ~wrong
    if not kept.any():
        reasons = "; ".join(f"{one.count}: {one.reason}" for one in exclusions)
        raise RecordingsError(f"{where}: no response to a reward is left ({reasons}).")
    check_number_of_sizes(size[kept], found["reward_size"], where)
    session = (
        _filled(frame, found["session"], where)
        if "session" in found
        else np.array([units.session.get(name) or where for name in unit], dtype=object)
    )
    subject = (
        as_names(frame[found["subject"]])
        if "subject" in found
        else np.array([units.subject.get(name, "") for name in unit], dtype=object)
    )
    places = pd.DataFrame(
        {"cell": unit, "session": session, "group": np.where(subject == "", session, subject)}
    )
    places = places.drop_duplicates(ignore_index=True)
    if not places["cell"].is_unique:  # the same name in several sessions: other cells
        label = {(c, s): f"{s} {c}" for c, s in zip(places["cell"], places["session"], strict=True)}
        unit = np.array([label[c, s] for c, s in zip(unit, session, strict=True)], dtype=object)
        places["cell"] = [label[c, s] for c, s in zip(places["cell"], places["session"], strict=True)]
        if not places["cell"].is_unique:
            twice = sorted(places.loc[places["cell"].duplicated(), "cell"])
            raise RecordingsError(
                f"{where}: a cell must be of one session and subject; not so {listed(twice)}."
            )
    for lost in sorted(set(unit) - set(unit[kept])):
        exclusions.append(Exclusion("unit", str(lost), "no response to a reward"))
    table = pd.DataFrame(
        {"cell": unit.astype(str), "magnitude": size, "expected": expected, "response": response}
    )[kept]
    table.insert(3, "trial", table.groupby("cell", sort=False).cumcount().astype(np.int64))
    table = table.sort_values("cell", kind="stable", ignore_index=True)
    notes = [
        "Responses were measured, not computed from spikes: windows, baselines, smoothing, light and spikes "
        "that "
        "units share cannot be looked at."
    ]
    if not ("expected" in found or "cue" in found):
        notes.append("Nothing tells expected rewards from others: all count as unexpected.")
    if (subject == "").any():
        notes.append("Not every cell has a subject: where it has not, the session stands for it.")
    where_table = places[places["cell"].isin(set(table["cell"]))].set_index("cell").sort_index()
    return MeasuredResponses(
        table,
        where_table,
        provenance,
        tuple(exclusions),
        columns.size_unit or units.size_unit or size_unit_of(found["reward_size"]),
        tuple(notes),
    )
