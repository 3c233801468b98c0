"""One call for recordings of any laboratory: whatever the files are, they come out as one data model.

Known are NWB files, tables (CSV or Parquet) and the MATLAB files of the public data. What a file is, is told
by its first bytes, not by its name. Files may be named one by one, then each must be sound; or by their
folder, then those that are not are left out, and named with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from distributional_dopamine.recordings.assembling import ReadSession, assemble
from distributional_dopamine.recordings.columns import Columns
from distributional_dopamine.recordings.design import check_design
from distributional_dopamine.recordings.matlab import read_unit
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import Exclusion, Provenance, Recordings, RecordingsError
from distributional_dopamine.recordings.nwb import read_nwb
from distributional_dopamine.recordings.registry import sha256
from distributional_dopamine.recordings.tables import (
    SUFFIXES,
    first_bytes,
    measured_of_tables,
    read_tables,
    sessions_of_tables,
)

Format = Literal["nwb", "matlab", "table"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_NAMED = {".nwb": "nwb", ".mat": "matlab", **dict.fromkeys(SUFFIXES, "table")}

Read = TypeVar("Read")


def read_recordings(
    paths: Path | str | Sequence[Path | str], columns: Columns | None = None, *, name: str = "own"
) -> Recordings | MeasuredResponses:
    """Read recordings of any laboratory, and check that something can be asked of them.

    Parameters
    ----------
    paths
        Files, or folders of them: NWB, tables, or MATLAB files like the public ones, one kind at a time.
    columns
        Which columns are which, where the usual names do not tell.
    name
        Name of the data set, for the provenance.

    Returns
    -------
    Recordings or MeasuredResponses
        The latter if what is given is a table of responses. Everything left out is in ``excluded``, what a
        reader must know in ``notes``, the sha256 of each file in ``provenance.files``.

    Raises
    ------
    RecordingsError
        If they cannot be used; the message says what was found, what is needed, and what to do.
    """
    given = [Path(paths)] if isinstance(paths, Path | str) else [Path(path) for path in paths]
    if not given:
        raise RecordingsError("Name at least one file or folder with recordings.")
    columns = columns or Columns()
    files = find_files(given)
    formats = {told for _, told, _ in files}
    if len(formats) > 1:
        counts = ", ".join(f"{sum(f[1] == one for f in files)} {one}" for one in sorted(formats))
        raise RecordingsError(f"Files must be of one kind; found {counts}. Name those to read.")
    found_by_folder = {path for path, _, by_folder in files if by_folder}
    ordered = [path for path, _, _ in files]
    told = formats.pop()
    recordings: Recordings | MeasuredResponses
    if told == "matlab":
        recordings = _matlab(ordered, found_by_folder, name)
    elif told == "nwb":
        sessions, excluded, read = _each(ordered, found_by_folder, lambda path: read_nwb(path, columns))
        recordings = assemble(sessions, _provenance(read, name), excluded)
    else:
        recordings = _tables(ordered, columns, name)
    check_design(recordings)
    return recordings


def find_files(given: Sequence[Path]) -> list[tuple[Path, Format, bool]]:
    """Find the files to read: path, what it is, and whether it was found in a folder.

    Raises
    ------
    RecordingsError
        If something is not there, cannot be opened, is none of the known kinds, or was named twice.
    """
    found: list[tuple[Path, Format, bool]] = []
    for path in given:
        try:
            if path.is_dir():
                inside = sorted(_walk(path))
                if not inside:
                    raise RecordingsError(
                        f"The folder {path} has no recordings: no file that ends in {', '.join(_NAMED)}."
                    )
                found += [(file, _format_by_name(file), True) for file in inside]
                continue
            exists = path.exists()
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise RecordingsError(f"{str(path)!r} cannot be opened ({reason}).") from error
        if not exists:
            raise RecordingsError(f"There is no file or folder {path}.")
        if not path.is_file():
            raise RecordingsError(f"{path} is neither a file nor a folder.")
        found.append((path, recognise(path), False))
    seen: set[Path] = set()
    for path, _, _ in found:
        real = path.resolve()
        if real in seen:
            raise RecordingsError(f"{path} is named twice; its units would count twice.")
        seen.add(real)
    return found


def recognise(path: Path) -> Format:
    """Tell by its first bytes, then by its name, what a file is.

    Raises
    ------
    RecordingsError
        If it is empty, cannot be opened, or is none of the known kinds.
    """
    start = first_bytes(path, 1024)
    if not start:
        raise RecordingsError(f"{path.name} is empty.")
    if start.startswith(_HDF5):
        return "nwb"
    if start.startswith(b"MATLAB 7.3"):
        raise RecordingsError(
            f"{path.name} is a MATLAB 7.3 file; only those of MATLAB 5 are read. Save it again with -v7."
        )
    if start.startswith(b"MATLAB 5.0"):
        return "matlab"
    if start.startswith(b"PAR1"):
        return "table"
    if path.suffix.lower() in _NAMED:
        return _format_by_name(path)
    raise RecordingsError(
        f"{path.name} is none of the files that can be read: NWB (HDF5), CSV, Parquet, or MATLAB 5."
    )


def _format_by_name(path: Path) -> Format:
    told = _NAMED[path.suffix.lower()]
    return "nwb" if told == "nwb" else "matlab" if told == "matlab" else "table"


def _walk(folder: Path) -> Iterator[Path]:
    """Give all files below a folder that may be recordings; one that cannot be looked into is an error."""

    def refuse(error: OSError) -> None:
        raise error

    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(here) / name
            if path.suffix.lower() in _NAMED and not name.startswith(".") and path.is_file():
                yield path


def _each(
    paths: Sequence[Path], by_folder: set[Path], read: Callable[[Path], Read]
) -> tuple[list[Read], list[Exclusion], list[Path]]:
    """Read each file; leave out those of folders that cannot be read, and say so, unless none can."""
    done, excluded, sound = [], [], []
    first: RecordingsError | None = None
    for path in paths:
        try:
            done.append(read(path))
        except RecordingsError as error:
            if path not in by_folder:
                raise
            first = first or error
            excluded.append(Exclusion("file", path.name, str(error).removeprefix(f"{path.name}: ")))
        else:
            sound.append(path)
    if first is not None and not done:
        if len(paths) == 1:
            raise first
        raise RecordingsError(f"None of the {len(paths)} files can be read; the first: {first}") from first
    return done, excluded, sound


def _matlab(paths: Sequence[Path], by_folder: set[Path], name: str) -> Recordings:
    read, excluded, sound = _each(paths, by_folder, read_unit)
    units, unlabelled = [], {}
    for path, (unit, n_unlabelled) in zip(list(sound), read, strict=True):
        if unit.name in unlabelled:
            if path not in by_folder:
                raise RecordingsError(
                    f"{path.name}: a unit of that name was read already; names tell units apart."
                )
            excluded.append(
                Exclusion("file", path.name, f"a unit of the name {unit.name!r} was read already")
            )
            sound.remove(path)
            continue
        units.append(unit)
        unlabelled[unit.name] = n_unlabelled
    return Recordings(tuple(units), _provenance(sound, name), tuple(excluded), unlabelled)


def _tables(paths: Sequence[Path], columns: Columns, name: str) -> Recordings | MeasuredResponses:
    """Read tables, those of one folder as belonging together."""
    tables = read_tables(paths, columns)
    provenance = _provenance(paths, name)
    if any(table.role == "responses" for table in tables):
        return measured_of_tables(tables, provenance, columns)
    folders: dict[Path, list[int]] = {}
    for i, path in enumerate(paths):
        folders.setdefault(path.parent, []).append(i)
    # One set of tables may lie in several folders, or each folder may be a set of its own.
    whole = all({"spikes", "trials"} <= {tables[i].role for i in chosen} for chosen in folders.values())
    groups = list(folders.values()) if whole else [list(range(len(tables)))]
    sessions: list[ReadSession] = []
    for chosen in groups:
        fallback = paths[chosen[0]].resolve().parent.name if len(groups) > 1 else ""
        sessions += sessions_of_tables([tables[i] for i in chosen], columns, fallback=fallback)
    return assemble(sessions, provenance)


def _provenance(paths: Sequence[Path], name: str) -> Provenance:
    """Give names and checksums of files; a name with as much of its folders as tells it from the others."""
    try:
        sums = [sha256(path) for path in paths]
    except OSError as error:
        raise RecordingsError(f"A file can no longer be read ({error}).") from error
    parts = [path.resolve().parts for path in paths]
    depth = 1
    while depth < max(map(len, parts)) and len({part[-depth:] for part in parts}) < len(parts):
        depth += 1
    names = ["/".join(part[-depth:]) for part in parts]
    return Provenance(name, "recorded", "files", files=dict(zip(names, sums, strict=True)))
