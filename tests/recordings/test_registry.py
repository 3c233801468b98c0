"""Where the public files are looked for, and what is refused; a server on loopback stands in for theirs."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import pytest
from requests.exceptions import Timeout

from distributional_dopamine.recordings import NotAvailableError, RecordingsError
from distributional_dopamine.recordings.registry import (
    CACHE_VARIABLE,
    DATA_VARIABLE,
    OFFLINE_VARIABLE,
    DataSet,
    PublicFile,
    _Downloader,
    cache_folder,
    data_sets,
    locate,
)

CONTENT = {"a b.mat": b"first file", "b.mat": b"second file, longer", "c.mat": b"third"}
PAGE = b"\n<!DOCTYPE html>\n<html><body>Please log in</body></html>"


@pytest.fixture
def data_set() -> DataSet:
    files = {
        name: PublicFile(name, hashlib.sha256(data).hexdigest(), len(data)) for name, data in CONTENT.items()
    }
    return DataSet(
        "made", "Three files.", "http://127.0.0.1:9/", MappingProxyType(files), "Someone 2020", ("some",)
    )


class Server:
    """A server on loopback: what it gives for each path, and what it was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | int] = {
            "/" + name.replace(" ", "%20"): data for name, data in CONTENT.items()
        }
        self.asked: list[str] = []
        self.silent = False
        self.drips = False
        self.drips_from_the_start = False
        self.cut: int | None = None
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                if outer.silent:
                    outer.closing.wait(10)
                    return
                if outer.drips_from_the_start:
                    self._drip(b"HTTP/1.0 200 OK\r\nX-Slow: " + bytes(2000))
                    return
                answer = outer.answers.get(self.path, 404)
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                if outer.drips:
                    self._drip(answer)
                else:
                    self.wfile.write(answer[: outer.cut])

            def _drip(self, answer: bytes) -> None:
                for byte in answer:
                    with contextlib.suppress(OSError):  # whoever asked has gone
                        self.wfile.write(bytes([byte]))
                    if outer.closing.wait(0.05):
                        return

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = False  # so that closing waits for every answer to end
        self.url = f"http://127.0.0.1:{self.http.server_port}/"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.closing.set()
    made.http.shutdown()
    thread.join()
    made.http.server_close()


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No folder, an empty cache of this test's own, and a network that reaches loopback past any proxy."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.delenv(OFFLINE_VARIABLE)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    monkeypatch.setenv(DATA_VARIABLE, str(made))
    return made


def put(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    for name in names:
        (folder / name).write_bytes(CONTENT[name])


def test_the_registry_itself() -> None:
    sets = data_sets()
    assert {name: len(data_set.files) for name, data_set in sets.items()} == {
        "variable_magnitude": 40,
        "variable_probability": 4,
        "rothenhoefer": 1,
    }
    for data_set in sets.values():
        assert data_set.base_url.startswith("https://raw.githubusercontent.com/")
        assert data_set.base_url.endswith("/")
        assert " " not in data_set.base_url
        assert "doi:" in data_set.citation
        for name, file in data_set.files.items():
            assert name == file.name
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.n_bytes > 0


def test_folder_needs_neither_cache_nor_network(data_set: DataSet, folder: Path) -> None:
    put(folder / "deep" / "er", "a b.mat")
    put(folder, "b.mat", "c.mat")
    located = locate(data_set)
    assert located.origin == "folder"
    assert {name: path.read_bytes() for name, path in located.paths.items()} == CONTENT
    assert not cache_folder().exists()


def test_renamed_files_are_known_by_their_checksum(data_set: DataSet, folder: Path) -> None:
    put(folder, *CONTENT)
    (folder / "b.mat").rename(folder / "whatever.bin")
    (folder / "other.bin").write_bytes(b"X" * len(CONTENT["b.mat"]))
    assert locate(data_set).paths["b.mat"].name == "whatever.bin"


def test_a_namesake_beside_the_right_file_does_no_harm(data_set: DataSet, folder: Path) -> None:
    put(folder, *CONTENT)
    (folder / "another").mkdir()
    (folder / "another" / "b.mat").write_bytes(b"fitted values of that cell")
    assert locate(data_set).paths["b.mat"] == folder / "b.mat"


def test_wrong_checksum_in_the_folder_is_refused_by_name(
    data_set: DataSet, folder: Path, server: Server
) -> None:
    put(folder, *CONTENT)
    (folder / "b.mat").write_bytes(b"second file, lonGer")
    with pytest.raises(
        RecordingsError, match=f"b.mat in the folder of {DATA_VARIABLE} is not the public"
    ) as caught:
        locate(data_set, base_url=server.url)
    assert not isinstance(caught.value, NotAvailableError)
    assert server.asked == []


def test_a_folder_that_does_not_exist(data_set: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, "/no/such/folder")
    with pytest.raises(RecordingsError, match="names '/no/such/folder', which is no folder") as caught:
        locate(data_set)
    assert not isinstance(caught.value, NotAvailableError)


def test_a_part_in_the_folder_is_completed(data_set: DataSet, folder: Path, server: Server) -> None:
    put(folder, "a b.mat")
    put(cache_folder(), "c.mat")
    assert locate(data_set, base_url=server.url).origin == "folder + cache + network"
    assert server.asked == ["/b.mat"]


def test_a_part_in_the_folder_alone_is_an_error(data_set: DataSet, folder: Path) -> None:
    put(folder, "a b.mat")
    with pytest.raises(
        RecordingsError, match=r"has 1 of the 3 files of made; missing: b\.mat, c\.mat"
    ) as caught:
        locate(data_set, allow_network=False)
    assert not isinstance(caught.value, NotAvailableError)


def test_an_empty_folder_leaves_the_rest_to_others(data_set: DataSet, folder: Path) -> None:
    with pytest.raises(NotAvailableError, match="nothing in the folder") as caught:
        locate(data_set, allow_network=False)
    assert caught.value.note == "None of its files is in the given folder. The network was not asked."
    assert str(folder) not in caught.value.note


def test_network_then_cache(data_set: DataSet, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        located = locate(data_set, base_url=server.url.rstrip("/"))
    assert located.origin == "network"
    assert {name: path.read_bytes() for name, path in located.paths.items()} == CONTENT
    host = server.url.removeprefix("http://").rstrip("/")
    assert [record.getMessage() for record in caplog.records] == [f"Fetching 3 file(s) of made from {host}."]
    assert server.asked == ["/a%20b.mat", "/b.mat", "/c.mat"]
    again = locate(data_set, base_url=server.url)
    assert (again.origin, len(server.asked)) == ("cache", 3)
    assert sorted(path.name for path in cache_folder().iterdir()) == sorted(CONTENT)


def test_offline_never_asks(data_set: DataSet, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    with pytest.raises(NotAvailableError, match=f"network may not be asked \\(see {OFFLINE_VARIABLE}\\)"):
        locate(data_set, base_url=server.url)
    assert server.asked == []
    monkeypatch.setenv(OFFLINE_VARIABLE, "0")
    # Whoever looks for that variable then would not find it.
    with pytest.raises(NotAvailableError, match=r"and the network is not asked\. "):
        locate(data_set, base_url=server.url, allow_network=False)
    assert locate(data_set, base_url=server.url).origin == "network"


def test_a_damaged_cache_is_fetched_again(data_set: DataSet, server: Server) -> None:
    put(cache_folder(), *CONTENT)
    (cache_folder() / "b.mat").write_bytes(b"half")
    located = locate(data_set, base_url=server.url)
    assert (located.origin, server.asked) == ("cache + network", ["/b.mat"])
    assert located.paths["b.mat"].read_bytes() == CONTENT["b.mat"]


@pytest.mark.parametrize("allow_network", [True, False])
def test_a_damaged_cache_that_stays_so_is_refused_by_name(
    data_set: DataSet, server: Server, allow_network: bool
) -> None:
    put(cache_folder(), "b.mat")
    (cache_folder() / "c.mat").write_bytes(b"half")
    server.answers = {}
    with pytest.raises(RecordingsError, match=r"c\.mat in the cache is not the public file") as caught:
        locate(data_set, base_url=server.url, allow_network=allow_network)
    assert not isinstance(caught.value, NotAvailableError)
    assert "It was not fetched again" in str(caught.value)


def test_wrong_bytes_from_the_network(data_set: DataSet, server: Server) -> None:
    server.answers["/b.mat"] = b"second file, lonGer"
    with pytest.raises(
        RecordingsError, match=r"b\.mat from 127\.0\.0\.1:\d+ is not the public file"
    ) as caught:
        locate(data_set, base_url=server.url)
    assert not isinstance(caught.value, NotAvailableError)
    assert [path.name for path in cache_folder().iterdir()] == ["a b.mat"]


def test_a_web_page_instead_of_a_file(data_set: DataSet, server: Server) -> None:
    server.answers["/a%20b.mat"] = PAGE
    with pytest.raises(
        RecordingsError, match=r"a b\.mat from .* the answer was a web page \(HTML\)"
    ) as caught:
        locate(data_set, base_url=server.url)
    assert not isinstance(caught.value, NotAvailableError)
    assert list(cache_folder().iterdir()) == []


def test_a_server_that_refuses_is_asked_once(data_set: DataSet, server: Server) -> None:
    server.answers = {}
    with pytest.raises(
        NotAvailableError, match=r"HTTP status 404\); gave up after 0 of 3 file\(s\)"
    ) as caught:
        locate(data_set, base_url=server.url)
    assert server.asked == ["/a%20b.mat"]
    assert caught.value.note == "The network did not give it."


def test_a_silent_server_is_given_up_once(data_set: DataSet, server: Server) -> None:
    server.silent = True
    with pytest.raises(NotAvailableError, match=r"no answer within 0\.2 s"):
        locate(data_set, base_url=server.url, timeout=0.2)
    assert len(server.asked) == 1


def test_a_server_that_drips_is_given_up(data_set: DataSet, server: Server) -> None:
    server.drips = True
    server.answers["/a%20b.mat"] = bytes(2000)  # at this rate it would take 100 s
    begin = time.monotonic()
    with pytest.raises(NotAvailableError, match=r"too slow: \d+ bytes in 2 s\); gave up after 0 of 3"):
        locate(data_set, base_url=server.url, timeout=0.5)
    assert time.monotonic() - begin < 10
    assert list(cache_folder().iterdir()) == []


def test_a_server_that_drips_its_header_is_given_up(server: Server, tmp_path: Path) -> None:
    server.drips_from_the_start = True
    target = tmp_path / "a b.mat"
    begin = time.monotonic()
    # It is never silent for long, so that only the deadline can end this, however busy the machine is.
    with pytest.raises(Timeout, match=r"too slow: no whole header in 0\.5 s"):
        _Downloader(timeout=60, deadline=0.5)(server.url + "a%20b.mat", str(target), None)
    assert time.monotonic() - begin < 30
    assert len(server.asked) == 1
    assert not target.exists()


def test_an_answer_that_breaks_off(data_set: DataSet, server: Server) -> None:
    server.cut = 3
    with pytest.raises(NotAvailableError, match="did not give a b.mat"):
        locate(data_set, base_url=server.url, timeout=1)
    assert list(cache_folder().iterdir()) == []


def test_a_set_that_breaks_off_leaves_what_came(data_set: DataSet, server: Server) -> None:
    del server.answers["/c.mat"]
    with pytest.raises(NotAvailableError, match=r"gave up after 2 of 3 file\(s\)"):
        locate(data_set, base_url=server.url)
    server.answers["/c.mat"] = CONTENT["c.mat"]
    assert locate(data_set, base_url=server.url).origin == "cache + network"
    assert server.asked.count("/b.mat") == 1


def test_nobody_there(data_set: DataSet, server: Server) -> None:
    server.http.server_close()
    with pytest.raises(NotAvailableError, match="no connection"):
        locate(data_set, base_url=server.url)


def test_a_cache_that_cannot_be_written(
    data_set: DataSet, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    with pytest.raises(
        NotAvailableError, match=f"cannot be written to .*; name another folder in {CACHE_VARIABLE}"
    ):
        locate(data_set, base_url=server.url)
    assert server.asked == []


def test_the_usual_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "distributional-dopamine"


def test_provenance_has_no_path(data_set: DataSet, folder: Path) -> None:
    put(folder, *CONTENT)
    provenance = replace(data_set).provenance(locate(data_set).origin)
    assert (provenance.kind, provenance.origin, provenance.citation) == ("recorded", "folder", "Someone 2020")
    assert provenance.files["c.mat"] == hashlib.sha256(b"third").hexdigest()
    assert str(folder) not in repr(provenance)
