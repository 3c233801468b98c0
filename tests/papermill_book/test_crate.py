"""The crate of a tiny book: what it says, that it holds against its profile, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from papermill_book.crate import drawings_of, make_crate, read_sources
from papermill_book.errors import BookError
from papermill_book.reporting import FIGURE_MIME
from papermill_book.settings import read_settings
from tests.papermill_book.conftest import Book
from tests.papermill_book.crate_profile import problems_of

CITATION = """\
cff-version: 1.2.0
message: Please cite it.
title: Tiny
abstract: A tiny book.
version: "1.0"
date-released: 2020-02-03
authors: [{name: The Tiny contributors}]
license: [BSD-3-Clause, CC-BY-4.0]
keywords: [tiny, book]
references:
  - {type: article, title: Long ago, doi: 10.1000/long.ago, authors: [{name: Somebody}]}
"""
REGISTER = {
    "set": {
        "base_url": "https://example.org/a%20folder/",
        "citation": "Body 1990.",
        "files": {"a file.dat": {"sha256": "00", "bytes": 3}},
    }
}


@pytest.fixture
def citable(book: Book) -> Book:
    """The built tiny book, with all that a crate needs."""
    (book.root / "CITATION.cff").write_text(CITATION)
    (book.root / "LICENSE").write_text("Do as you like.\n")
    (book.root / "register.json").write_text(json.dumps(REGISTER))
    book.edit(
        "_config.yml", "      code: [src]", "      code: [src]\n      data_register: register.json\n"
        "      text_license: CC-BY-4.0"
    )  # fmt: skip
    return book


def make(book: Book, agent: str = "") -> Path:
    target = book.root / "_build" / "crate.zip"
    make_crate(read_settings(book.root), book.root / "_build", target, agent)
    return target


def entities(crate: Path) -> dict[str, dict[str, Any]]:
    with zipfile.ZipFile(crate) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    return {entity["@id"]: entity for entity in graph}


def ids(value: Any) -> set[str]:
    return {one["@id"] for one in (value if isinstance(value, list) else [value])}


def test_there_is_an_action_a_chapter_with_what_went_in_and_came_out(citable: Book) -> None:
    crate = make(citable)
    known = entities(crate)
    assert ids(known["./"]["mentions"]) == {"#run-good", "#run-other"}
    run = known["#run-good"]
    assert run["@type"] == "CreateAction"
    assert {"book/good.md", "#parameter-good-seed", "#parameter-good-n"} < ids(run["object"])
    assert known["#parameter-good-n"]["value"] == 100
    results = ids(run["result"])
    assert {"notebooks/good.ipynb", "results/good.json", "records/good.json"} <= results
    record = json.loads((citable.root / "_build/records/good.json").read_text())
    assert run["endTime"] == record["ended"]
    assert known[run["instrument"]["@id"]]["version"] == record["packages"]["papermill"]
    assert known[run["agent"]["@id"]]["name"] == "The Tiny contributors"
    root = known["./"]
    assert root["datePublished"] == "2020-02-03"
    assert ids(root["license"]) == {
        "https://spdx.org/licenses/BSD-3-Clause",
        "https://spdx.org/licenses/CC-BY-4.0",
    }
    assert ids(root["citation"]) == {"https://doi.org/10.1000/long.ago"}
    with zipfile.ZipFile(crate) as archive:
        for name in ids(root["hasPart"]):
            if not name.startswith("https://"):
                assert known[name]["sha256"] == hashlib.sha256(archive.read(name)).hexdigest()
                assert int(known[name]["contentSize"]) == archive.getinfo(name).file_size
        assert (
            archive.read("notebooks/good.ipynb")
            == (citable.root / "_build/notebooks/good.ipynb").read_bytes()
        )


def test_data_are_named_by_address_and_hash_and_not_included(citable: Book) -> None:
    crate = make(citable)
    known = entities(crate)
    address = "https://example.org/a%20folder/a%20file.dat"
    assert address in ids(known["#run-other"]["object"])
    assert (known[address]["sha256"], known[address]["contentSize"]) == ("00", "3")
    with zipfile.ZipFile(crate) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".dat")]


def test_crate_holds_against_its_profile(citable: Book) -> None:
    crate = make(citable, agent="Ada Lovelace")
    assert problems_of(crate) == []
    assert entities(crate)["#agent"]["name"] == "Ada Lovelace"


def test_faults_in_a_crate_are_found(citable: Book, tmp_path: Path) -> None:
    crate = make(citable)
    spoiled = tmp_path / "spoiled.zip"
    with zipfile.ZipFile(crate) as good, zipfile.ZipFile(spoiled, "w") as bad:
        metadata = json.loads(good.read("ro-crate-metadata.json"))
        known = {entity["@id"]: entity for entity in metadata["@graph"]}
        del known["#run-good"]["instrument"], known["#run-other"]["endTime"], known["./"]["license"]
        known["book/good.md"]["encodingFormat"] = "words"
        for name in good.namelist():
            if name == "ro-crate-metadata.json":
                bad.writestr(name, json.dumps(metadata))
            elif name != "results/claims.json":
                bad.writestr(name, good.read(name))
    found = "\n".join(problems_of(spoiled))
    for words in (
        "MUST have an instrument",
        "SHOULD have an endTime",
        "license",
        "encodingFormat",
        "claims.json",
    ):
        assert words in found


def test_the_same_build_gives_the_same_bytes_without_a_trace_of_the_machine(citable: Book) -> None:
    first = make(citable).read_bytes()
    assert make(citable).read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert str(citable.root).encode() not in archive.read("ro-crate-metadata.json")
    assert not list((citable.root / "_build").glob(".crate-*"))


def test_data_without_an_address_or_without_files_are_told_in_words(citable: Book) -> None:
    path = citable.root / "_build/records/other.json"
    record = json.loads(path.read_text())
    part = record["data"][0]
    record["data"] = [
        {**part, "files": {"b.dat": "11"}},
        {**part, "name": "stand-in", "kind": "simulated", "files": {}, "note": "No network."},
    ]
    path.write_text(json.dumps(record))
    known = entities(make(citable))
    assert "no public address" in known["#sha256-11"]["description"]
    (stand_in,) = [one for one in known.values() if one.get("name") == "stand-in"]
    assert stand_in["description"] == "simulated data, from the folder. No network."
    assert stand_in["@id"] in ids(known["#run-other"]["object"])


def test_what_cannot_be_packed_is_refused(citable: Book) -> None:
    make(citable)
    citable.edit("book/good.md", "# Good", "# Better")
    with pytest.raises(BookError, match=r"book/good\.md was edited after it ran; build the book again"):
        make(citable)
    citable.edit("book/good.md", "# Better", "# Good")
    (citable.root / "_build/notebooks/good.ipynb").unlink()
    with pytest.raises(BookError, match=r"good\.ipynb: No such file or directory; build the book again"):
        make(citable)
    (citable.root / "CITATION.cff").unlink()
    with pytest.raises(BookError, match="a crate needs a title and authors"):
        make(citable)
    assert zipfile.is_zipfile(citable.root / "_build/crate.zip")  # the last good one stays


@pytest.mark.parametrize("text", ["[]", "{", '{"set": {"files": {"a": {}}}}'])
def test_a_register_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "register.json").write_text(text)
    with pytest.raises(BookError, match=r"register\.json is no register of data files"):
        read_sources(tmp_path / "register.json")


def test_command_line_without_a_build_says_what_to_do(fresh_book: Book) -> None:
    (fresh_book.root / "CITATION.cff").write_text(CITATION)
    done = fresh_book.cli("crate")
    assert done.returncode == 2
    assert "build the book first" in done.stderr


def test_figures_are_taken_with_their_numbers_and_unnamed_ones_left() -> None:
    def cell(name: str, *outputs: dict[str, Any]) -> Any:
        shown = [nbformat.v4.new_output("display_data", data=data) for data in outputs]
        figure = {"figure": {"name": name, "caption": "Two\n words."}} if name else {}
        return nbformat.v4.new_code_cell("", outputs=shown, metadata={"mystnb": figure})

    notebook = nbformat.v4.new_notebook(
        cells=[
            cell("fig-a", {"text/plain": "x"}, {"image/svg+xml": "<svg/>", FIGURE_MIME: {"csv": "x\n1\n"}}),
            cell("", {"image/svg+xml": "<svg/>"}),
            cell("fig-b"),
            nbformat.v4.new_markdown_cell("words"),
        ]
    )
    (drawing,) = drawings_of(notebook)
    assert (drawing.name, drawing.caption) == ("fig-a", "Two words.")
    assert drawing.files == {".svg": b"<svg/>", ".csv": b"x\n1\n"}
