"""One call per data set: what is recorded if it can be had, and for the units a simulation if it cannot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np

from distributional_dopamine.recordings.matlab import read_unit
from distributional_dopamine.recordings.model import Exclusion, Provenance, Recordings, RecordingsError
from distributional_dopamine.recordings.registry import (
    TIMEOUT,
    NotAvailableError,
    data_sets,
    locate,
    sha256,
)
from distributional_dopamine.recordings.simulator import Population, simulate
from distributional_dopamine.recordings.summaries import (
    HISTOGRAMS,
    DigitisedSlopes,
    Histograms,
    read_histogram,
    read_slopes,
)

Source = Literal["auto", "recorded", "simulated"]

_logger = logging.getLogger(__name__)


def load_recordings(
    source: Source = "auto",
    *,
    rng: np.random.Generator | None = None,
    population: Population = "distributional",
    base_url: str | None = None,
    timeout: float = TIMEOUT,
) -> Recordings:
    """Load the forty light-identified dopamine units of the variable-magnitude task, or simulate them.

    Parameters
    ----------
    source
        ``recorded``: the public files, from the folder that ``DISTRIBUTIONAL_DOPAMINE_DATA`` names, the
        cache or the network, and an error if they cannot be had; ``simulated``: the simulator; ``auto``:
        the public files, or the simulator if they cannot be had. Files that are there and wrong are an
        error in any case.
    rng
        Source of randomness of the simulator, touched only if it is needed; by default one that gives the
        same units in every chapter.
    population
        Population that the simulator draws; see :func:`~.simulator.simulate`.
    base_url
        Fetch the files from there instead of their public address.
    timeout
        Seconds that a server may be silent before it is given up.

    Returns
    -------
    Recordings
        The units; ``provenance.kind`` tells which they are.

    Raises
    ------
    RecordingsError
        If a file is not what it should be, or ``recorded`` was asked for and cannot be had.
    ValueError
        If the source is unknown.
    """
    if source not in get_args(Source):
        raise ValueError(f"source must be one of {', '.join(get_args(Source))}; found {source!r}.")
    note = ""
    if source != "simulated":
        data_set = data_sets()["variable_magnitude"]
        try:
            located = locate(data_set, base_url=base_url, timeout=timeout)
        except NotAvailableError as error:
            if source == "recorded":
                raise
            _logger.info("Simulated units stand in: %s", error)
            note = f"They stand in for the recordings. {error.note}"
        else:
            read = [read_unit(path) for path in located.paths.values()]
            return Recordings(
                tuple(unit for unit, _ in read),
                data_set.provenance(located.origin),
                n_unlabelled={unit.name: n for unit, n in read},
            )
    return simulate(rng or np.random.default_rng(0), population=population, note=note).recordings


def load_histograms(*, base_url: str | None = None, timeout: float = TIMEOUT) -> Histograms:
    """Load the released histograms of the variable-probability task.

    Parameters
    ----------
    base_url, timeout
        As in :func:`load_recordings`.

    Returns
    -------
    Histograms
        The four histograms.

    Raises
    ------
    NotAvailableError
        If they cannot be had; nothing stands in for them.
    RecordingsError
        If a file is not what it should be.
    """
    data_set = data_sets()["variable_probability"]
    located = locate(data_set, base_url=base_url, timeout=timeout)
    return Histograms(
        {name: read_histogram(located.paths[file]) for name, file in HISTOGRAMS.items()},
        data_set.provenance(located.origin),
    )


def load_rothenhoefer(*, base_url: str | None = None, timeout: float = TIMEOUT) -> DigitisedSlopes:
    """Load the digitised slopes of forty macaque dopamine cells under two reward distributions.

    Parameters
    ----------
    base_url, timeout
        As in :func:`load_recordings`.

    Returns
    -------
    DigitisedSlopes
        The slopes.

    Raises
    ------
    NotAvailableError
        If they cannot be had; nothing stands in for them.
    RecordingsError
        If the file is not what it should be.
    """
    data_set = data_sets()["rothenhoefer"]
    located = locate(data_set, base_url=base_url, timeout=timeout)
    uniform, normal = read_slopes(located.paths["rothenhoefer.csv"])
    return DigitisedSlopes(uniform, normal, data_set.provenance(located.origin))


Loaded = TypeVar("Loaded")


def if_available(load: Callable[[], Loaded]) -> Loaded | None:
    """Give what a loader gives, or None where its data cannot be had.

    Parameters
    ----------
    load
        Such as :func:`load_histograms`.

    Returns
    -------
    object or None
        None only if the loader raised :class:`NotAvailableError`; files that are wrong stay an error.
    """
    try:
        return load()
    except NotAvailableError:
        return None


def read_folder(folder: Path | str, *, name: str = "own", citation: str = "") -> Recordings:
    """Read every MATLAB file of a folder, your own for example, and report those that cannot be read.

    Parameters
    ----------
    folder
        Folder with files in the format of the public ones; folders in it are read too.
    name, citation
        For the provenance.

    Returns
    -------
    Recordings
        The units that could be read. ``excluded`` names each other file, with the reason.

    Raises
    ------
    RecordingsError
        If there is no file to read, or none can be read.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.rglob("*.mat") if path.is_file())
    if not paths:
        raise RecordingsError(f"{folder} has no .mat file. Name the folder that holds the recordings.")
    units, unlabelled, excluded, checksums = [], {}, [], {}
    for path in paths:
        try:
            unit, n = read_unit(path)
            if unit.name in unlabelled:
                raise RecordingsError(
                    f"{path.name}: a unit of that name was read already; names tell units apart."
                )
        except RecordingsError as error:
            excluded.append(Exclusion("file", path.name, str(error).removeprefix(f"{path.name}: ")))
            continue
        units.append(unit)
        unlabelled[unit.name] = n
        checksums[path.name] = sha256(path)
    if not units:
        raise RecordingsError(
            f"None of the {len(paths)} .mat file(s) can be read; the first: {excluded[0].reason}"
        )
    provenance = Provenance(name, "recorded", "folder", files=checksums, citation=citation)
    return Recordings(tuple(units), provenance, tuple(excluded), unlabelled)
