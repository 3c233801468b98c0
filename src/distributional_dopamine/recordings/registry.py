"""The public data: what each file is called, its checksum, its address, whom to cite, and where it is found.

Every data set is looked for, file by file, in this order: the folder named by
``DISTRIBUTIONAL_DOPAMINE_DATA`` (with all folders in it; by name, or by checksum where files were renamed),
the cache, the network. Each file is checked by its sha256 wherever it was found, on every load. What
happens when something is not as it should be:

* the folder does not exist: :class:`RecordingsError`;
* a file of the right name has a wrong checksum: :class:`RecordingsError` that names it (a damaged file of the
  cache is fetched again where the network is allowed);
* the folder has a part of the set and the rest is nowhere: :class:`RecordingsError` that names the rest;
* the network gives a web page or other bytes: :class:`RecordingsError` that names the file;
* the network is not allowed, is silent, too slow or refuses: :class:`NotAvailableError`, after the first
  such file;
* the cache cannot be written to: :class:`NotAvailableError`.

Only :class:`NotAvailableError` lets a simulation stand in: data that are there and wrong are never replaced.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests.exceptions import HTTPError, RequestException, Timeout

from distributional_dopamine.recordings.model import Provenance, RecordingsError

with warnings.catch_warnings():
    # In a notebook without ipywidgets the progress bars that pooch imports warn, though none is ever shown.
    warnings.simplefilter("ignore")
    import pooch

DATA_VARIABLE = "DISTRIBUTIONAL_DOPAMINE_DATA"
"""Environment variable: folder with the public files, in whatever folders they were downloaded."""

CACHE_VARIABLE = "DISTRIBUTIONAL_DOPAMINE_CACHE"
"""Environment variable: folder where downloads are kept, instead of the usual one of the operating system."""

OFFLINE_VARIABLE = "DISTRIBUTIONAL_DOPAMINE_OFFLINE"
"""Environment variable: 1 forbids the network."""

TIMEOUT = 5.0
"""Seconds that a server may be silent before it is given up."""

SLOWEST = 50_000
"""Bytes a second below which a server is given up: one that drips is never silent, and would never end."""

_logger = logging.getLogger(__name__)


class NotAvailableError(RecordingsError):
    """A data set that cannot be had here and now.

    Attributes
    ----------
    note
        The reason, in words fit for a page: no path, no address.
    """

    def __init__(self, message: str, note: str) -> None:
        super().__init__(message)
        self.note = note


@dataclass(frozen=True)
class PublicFile:
    """One public file: its name, its sha256 and its size in bytes."""

    name: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class DataSet:
    """One public data set.

    Attributes
    ----------
    name
        Its name here.
    description
        What it is, in a sentence.
    base_url
        Address that, with a file's name behind it, gives the file.
    files
        The files by name.
    citation
        The reference, in words.
    citation_keys
        The same as keys of the book's bibliography.
    """

    name: str
    description: str
    base_url: str
    files: Mapping[str, PublicFile]
    citation: str
    citation_keys: tuple[str, ...]

    def provenance(self, origin: str) -> Provenance:
        """Give the provenance of the whole set, found in ``origin``."""
        return Provenance(
            name=self.name,
            kind="recorded",
            origin=origin,
            files={file.name: file.sha256 for file in self.files.values()},
            citation=self.citation,
            citation_keys=self.citation_keys,
        )


@dataclass(frozen=True)
class Located:
    """Where the files of a data set are on this machine.

    Attributes
    ----------
    paths
        Name of each file -> where it is. Each had the right checksum a moment ago.
    origin
        ``folder``, ``cache`` or ``network``; joined with `` + `` where files come from more than one.
    """

    paths: Mapping[str, Path]
    origin: str


@cache
def data_sets() -> Mapping[str, DataSet]:
    """Give the public data sets by name.

    Returns
    -------
    Mapping of str to DataSet
        ``variable_magnitude``, ``variable_probability`` and ``rothenhoefer``.

    Examples
    --------
    >>> [(name, len(data_set.files)) for name, data_set in data_sets().items()]
    [('variable_magnitude', 40), ('variable_probability', 4), ('rothenhoefer', 1)]
    """
    text = package_files(__package__).joinpath("registry.json").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            name: DataSet(
                name=name,
                description=entry["description"],
                base_url=entry["base_url"],
                files=MappingProxyType(
                    {
                        file: PublicFile(file, facts["sha256"], facts["bytes"])
                        for file, facts in sorted(entry["files"].items())
                    }
                ),
                citation=entry["citation"],
                citation_keys=tuple(entry["citation_keys"]),
            )
            for name, entry in json.loads(text).items()
        }
    )


def cache_folder() -> Path:
    """Give the folder where downloads are kept: the one that the environment names, or the usual one."""
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("distributional-dopamine")).expanduser()


def offline() -> bool:
    """Tell whether the environment forbids the network."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip() not in ("", "0")


def locate(
    data_set: DataSet, *, base_url: str | None = None, timeout: float = TIMEOUT, allow_network: bool = True
) -> Located:
    """Find every file of a data set: in the folder, in the cache, or in the network.

    Parameters
    ----------
    data_set
        One of :func:`data_sets`.
    base_url
        Fetch from there instead of the public address.
    timeout
        Seconds that a server may be silent. A file may take four times as long, and its size over
        :data:`SLOWEST` more.
    allow_network
        False forbids the network, as the environment variable ``DISTRIBUTIONAL_DOPAMINE_OFFLINE`` does.

    Returns
    -------
    Located
        All files, each with the right checksum.

    Raises
    ------
    NotAvailableError
        If files are nowhere to be had and none was in the folder.
    RecordingsError
        If a file is not what it should be, or the folder has only a part of the set and the rest is nowhere.
    """
    folder = _data_folder()
    in_folder = _find_in_folder(data_set, folder) if folder else {}
    missing = [file for file in data_set.files.values() if file.name not in in_folder]
    try:
        in_cache, fetched = _fetch(
            data_set, missing, base_url or data_set.base_url, timeout, allow_network and not offline()
        )
    except NotAvailableError as error:
        if not in_folder:
            where = f"the folder of {DATA_VARIABLE} ({folder})" if folder else f"{DATA_VARIABLE} is not set"
            note = f"{'None of its files is in the given folder. ' if folder else ''}{error.note}"
            raise NotAvailableError(
                f"{data_set.name} is not to be had: {'nothing in ' if folder else ''}{where}; {error} "
                f"To have it, put the files in a folder and name that in {DATA_VARIABLE}.",
                note,
            ) from error
        names = ", ".join(file.name for file in missing)
        raise RecordingsError(
            f"The folder of {DATA_VARIABLE} ({folder}) has {len(in_folder)} of the {len(data_set.files)} "
            f"files of {data_set.name}; missing: {names}. {error} Put the missing files there, allow "
            "the network, or ask for simulated recordings."
        ) from error
    paths = {**in_folder, **in_cache, **fetched}
    found = {"folder": in_folder, "cache": in_cache, "network": fetched}
    return Located(
        MappingProxyType({name: paths[name] for name in data_set.files}),
        " + ".join(origin for origin, some in found.items() if some),
    )


def _data_folder() -> Path | None:
    """Give the folder that the environment names, if it does."""
    value = os.environ.get(DATA_VARIABLE, "").strip()
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise RecordingsError(
            f"{DATA_VARIABLE} names {value!r}, which is no folder. Correct it, or unset it to do without."
        )
    return folder


def _find_in_folder(data_set: DataSet, folder: Path) -> dict[str, Path]:
    """Find the files of a set in a folder and all folders in it, by name or else by checksum."""
    by_name: dict[str, list[Path]] = {}
    by_size: dict[int, list[Path]] = {}
    sizes = {file.n_bytes for file in data_set.files.values()}
    for path in _walk(folder):
        if path.name in data_set.files:
            by_name.setdefault(path.name, []).append(path)
        elif (size := path.stat().st_size) in sizes:
            by_size.setdefault(size, []).append(path)
    found: dict[str, Path] = {}
    for file in data_set.files.values():
        named = by_name.get(file.name, [])
        # A deposit may well hold another file of the same name or a copy; one with the right checksum will
        # do.
        for path in [*named, *by_size.get(file.n_bytes, [])]:
            if sha256(path) == file.sha256:
                found[file.name] = path
                break
        else:
            if named:
                raise RecordingsError(_wrong_checksum(file, named[0], f"the folder of {DATA_VARIABLE}"))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """Give every file below a folder, in an order that does not depend on the machine."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():  # no broken link, no pipe
                yield path


def sha256(path: Path) -> str:
    """Give the sha256 of a file, in hexadecimal; RecordingsError if it cannot be read."""
    try:
        return str(pooch.file_hash(path, alg="sha256"))
    except OSError as error:
        raise RecordingsError(f"{path} cannot be read ({error.strerror}).") from error


def _wrong_checksum(file: PublicFile, path: Path, where: str) -> str:
    return (
        f"{file.name} in {where} is not the public file: its sha256 is {sha256(path)}, expected "
        f"{file.sha256} "
        f"({path}). It is damaged or was changed; replace it or take it away."
    )


def _fetch(
    data_set: DataSet, wanted: list[PublicFile], base_url: str, timeout: float, allow_network: bool
) -> tuple[dict[str, Path], dict[str, Path]]:
    """Give the wanted files that were in the cache, and those that the network gave."""
    if not wanted:
        return {}, {}
    folder = cache_folder()
    cached: dict[str, Path] = {}
    damaged: list[PublicFile] = []
    for file in wanted:
        path = folder / file.name
        if path.is_file():
            if sha256(path) == file.sha256:
                cached[file.name] = path
            else:
                damaged.append(file)
    missing = [file for file in wanted if file.name not in cached]
    if not missing:
        return cached, {}
    try:
        if not allow_network:
            why = f"may not be asked (see {OFFLINE_VARIABLE})" if offline() else "is not asked"
            raise NotAvailableError(
                f"the cache ({folder}) has {len(cached)} of the {len(wanted)} files, and the network {why}.",
                "The network was not asked.",
            )
        return cached, _download(data_set, missing, folder, base_url, timeout)
    except NotAvailableError as error:
        for file in damaged:
            if sha256(folder / file.name) != file.sha256:
                wrong = _wrong_checksum(file, folder / file.name, "the cache")
                raise RecordingsError(f"{wrong} It was not fetched again: {error}") from error
        raise


def _download(
    data_set: DataSet,
    missing: list[PublicFile],
    folder: Path,
    base_url: str,
    timeout: float,
) -> dict[str, Path]:
    """Fetch the missing files into the cache; give up at the first that does not come."""
    _check_writable(folder)
    base_url = base_url if base_url.endswith("/") else base_url + "/"
    host = urlsplit(base_url).netloc
    keeper = pooch.create(
        path=folder,
        base_url=base_url,
        registry={file.name: f"sha256:{file.sha256}" for file in missing},
        urls={file.name: base_url + quote(file.name) for file in missing},
    )
    _logger.info("Fetching %d file(s) of %s from %s.", len(missing), data_set.name, host)
    fetched: dict[str, Path] = {}
    with _quiet_pooch():
        for file in missing:
            try:
                fetched[file.name] = Path(
                    keeper.fetch(
                        file.name, downloader=_Downloader(timeout, 4 * timeout + file.n_bytes / SLOWEST)
                    )
                )
            except RequestException as error:
                raise NotAvailableError(
                    f"{host} did not give {file.name} ({_reason(error, timeout)}); gave up after "
                    f"{len(fetched)} of {len(missing)} file(s). Set {OFFLINE_VARIABLE}=1 not to ask.",
                    "The network did not give it.",
                ) from error
            except OSError as error:
                raise _unwritable(folder, error) from error
            except ValueError as error:  # pooch found a wrong checksum, and kept nothing
                raise RecordingsError(
                    f"{file.name} from {host} is not the public file: {error} Nothing of it was kept. "
                    f"Fetch it by hand, put it in a folder and name that in {DATA_VARIABLE}, or set "
                    f"{OFFLINE_VARIABLE}=1."
                ) from error
    return fetched


def _reason(error: RequestException, timeout: float) -> str:
    """Say in a few words what requests needs a paragraph for."""
    if isinstance(error, HTTPError) and error.response is not None:
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, _TooSlowError):
        return str(error)
    if isinstance(error, Timeout):
        return f"no answer within {timeout:g} s"
    return f"no connection, {type(error).__name__}"


class _TooSlowError(Timeout):
    """A server that gives something now and then, but not enough."""


@dataclass(frozen=True)
class _Downloader:
    """What pooch calls to fetch a file; unlike its own, it closes every connection, and knows a web page."""

    timeout: float
    deadline: float
    """Seconds that all of a file may take, after an answer has begun, and as many until then."""

    def __call__(self, url: str, output_file: str, _keeper: object) -> None:
        with self._answer(url) as response:
            response.raise_for_status()
            with Path(output_file).open("wb") as file:
                for chunk in self._chunks(response):
                    file.write(chunk)
        start = Path(output_file).read_bytes()[:512].lstrip().lower()
        if start.startswith((b"<!doctype html", b"<html")):
            raise ValueError("the answer was a web page (HTML), perhaps of a login or of an error.")

    def _answer(self, url: str) -> requests.Response:
        """Ask, and wait for the header of the answer; requests itself would wait while bytes drip."""
        answers: queue.SimpleQueue[requests.Response | Exception] = queue.SimpleQueue()
        given_up = threading.Event()

        def ask() -> None:
            try:
                response = requests.get(url, timeout=self.timeout, stream=True)
            except Exception as error:  # whatever it is, it belongs to whoever waits
                answers.put(error)
                return
            if given_up.is_set():
                response.close()
            answers.put(response)

        # A daemon: nothing can stop it, and nobody waits for it when the program ends.
        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self.deadline)
        except queue.Empty:
            given_up.set()
            raise _TooSlowError(f"too slow: no whole header in {self.deadline:.3g} s") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        """Give what comes as it comes: `iter_content` would wait for a full chunk, however long."""
        begin = time.monotonic()
        given = 0
        try:
            while chunk := response.raw.read1(2**16, decode_content=True):
                given += len(chunk)
                if time.monotonic() - begin > self.deadline:
                    raise _TooSlowError(f"too slow: {given} bytes in {self.deadline:.3g} s")
                yield chunk
        except urllib3.exceptions.ReadTimeoutError as error:
            raise Timeout(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise RequestException(error) from error


def _check_writable(folder: Path) -> None:
    """Refuse a cache that cannot be made or written to, before anything is asked of the network."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> NotAvailableError:
    return NotAvailableError(
        f"the cache ({folder}) cannot be written to ({error.strerror}); "
        f"name another folder in {CACHE_VARIABLE}.",
        "The cache could not be written to.",
    )


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from a line per file: one line per data set is said here."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
