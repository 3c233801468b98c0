"""How a book is cited: what is read from CITATION.cff, and the forms in which it is said."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from papermill_book.citation import (
    Citation,
    address_of,
    as_apa,
    as_bibtex,
    citation_of,
    read_citation,
    swhid,
)
from papermill_book.errors import BookError
from papermill_book.provenance import git_state
from papermill_book.settings import Settings, read_settings
from tests.papermill_book.conftest import CITATION, Book

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(Path(__file__).with_name("cff-1.2.0").joinpath("schema.json").read_text())


def citation(tmp_path: Path, text: str = CITATION) -> Citation:
    path = tmp_path / "CITATION.cff"
    path.write_text(text, encoding="utf-8")
    return read_citation(path)


def as_the_schema_wants(text: str) -> Any:
    """YAML with dates as strings, which is how the schema describes them."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


@pytest.mark.parametrize("text", [(ROOT / "CITATION.cff").read_text(encoding="utf-8"), CITATION])
def test_the_file_is_valid_against_its_schema(text: str) -> None:
    jsonschema.validate(as_the_schema_wants(text), SCHEMA)


@pytest.mark.parametrize(("old", "new"), [("version: 1.2.3", "versoin: 1.2.3"), ("2026-01-31", "31.1.2026")])
def test_the_schema_finds_a_fault(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_the_schema_wants(CITATION.replace(old, new)), SCHEMA)


def test_the_line_for_the_doi_is_there_and_works(tmp_path: Path) -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert "# doi: 10.NNNN/NAME\n" in text
    with_doi = text.replace("# doi: 10.NNNN/NAME", "doi: 10.5281/zenodo.1234")
    jsonschema.validate(as_the_schema_wants(with_doi), SCHEMA)
    one = citation(tmp_path, with_doi)
    assert one.doi_url == "https://doi.org/10.5281/zenodo.1234"
    assert address_of(one, Settings(tmp_path, site_url="https://s.org")) == one.doi_url
    assert "doi     = {10.5281/zenodo.1234}," in as_bibtex(one, one.doi_url)


def test_no_doi_and_no_address_is_made_up() -> None:
    settings = read_settings(ROOT)
    one = citation_of(settings)
    assert one is not None
    assert address_of(replace(one, doi=""), replace(settings, site_url="", repository="")) == ""
    for form in (as_apa(replace(one, doi="")), as_bibtex(replace(one, doi=""))):
        assert "http" not in form
        assert "doi" not in form
    repository = replace(settings, site_url="", repository="https://github.com/o/r")
    assert address_of(replace(one, doi=""), repository) == "https://github.com/o/r"
    site = replace(repository, site_url="https://s.org")
    assert address_of(replace(one, doi=""), site) == "https://s.org"


def test_groups_and_people(tmp_path: Path) -> None:
    one = citation(
        tmp_path,
        CITATION.replace(
            "  - name: Nobody",
            "  - {family-names: Beer, name-particle: de, given-names: Ann Bee, orcid: https://orcid.org/0}\n"
            "  - name: The 10% & co",
        ),
    )
    person, group = one.authors
    assert (person.name, person.listed, person.abbreviated) == (
        "Ann Bee de Beer",
        "de Beer, Ann Bee",
        "de Beer, A. B.",
    )
    assert person.url == "https://orcid.org/0"
    assert group.is_group
    assert one.signed == "Ann Bee de Beer, The 10% & co"
    assert as_apa(one, "https://s.org") == (
        "de Beer, A. B., & The 10% & co. (2026). Tiny (Version 1.2.3) [Executable book]. https://s.org"
    )
    assert r"author  = {de Beer, Ann Bee and {The 10\% \& co}}," in as_bibtex(one)


def test_bibtex_of_a_group(tmp_path: Path) -> None:
    assert as_bibtex(citation(tmp_path), commit="0123456789abcdef") == (
        "@misc{nobody-2026,\n"
        "  author  = {{Nobody}},\n"
        "  title   = {{Tiny}},\n"
        "  year    = {2026},\n"
        "  month   = jan,\n"
        "  version = {1.2.3},\n"
        "  note    = {Executable book, version 1.2.3, commit 0123456789ab},\n"
        "}"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 1.2.3\n", "", "version missing"),
        ("2026-01-31", "soon", "date-released is 'soon'; expected a date"),
        ("title: Tiny", "title: Tiny\ndoi: https://doi.org/10.1234/x", "without an address before it"),
        ("  - name: Nobody", "  - given-names: Ann", "neither name nor family-names"),
        ("title: Tiny", "title: [", "not valid YAML"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(BookError, match=re.escape(message)):
        citation(tmp_path, CITATION.replace(old, new))


def test_a_book_without_the_file_has_no_citation(tmp_path: Path) -> None:
    assert citation_of(Settings(tmp_path)) is None


def test_swhid_is_what_git_and_the_standard_say(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    (tmp_path / "a").write_text("hello\n")
    for words in (["init", "-q"], ["add", "a"], ["commit", "-q", "-m", "m"]):
        subprocess.run([*git, *words], check=True)
    # By the standard: the SHA-1 of kind, length and bytes, first of the file, then of the list that names it.
    file = hashlib.sha1(b"blob 6\0hello\n").digest()  # noqa: S324 - no secret rests on it
    folder = hashlib.sha1(b"tree 29\0" + b"100644 a\0" + file).hexdigest()  # noqa: S324
    assert swhid(git_state(tmp_path)) == f"swh:1:dir:{folder}"
    assert not git_state(tmp_path)["changed"]
    (tmp_path / "a").write_text("other\n")
    assert git_state(tmp_path)["changed"]
    assert swhid({}) == ""


def test_the_page_shows_every_form(built_book: Book) -> None:
    page = built_book.page("cite")
    assert "Nobody. (2026). Tiny (Version 1.2.3) [Executable book]." in page
    assert "@misc" in page
    assert "No public address or DOI has been set" in page
    assert "cff-version" in page
    assert "made from a git checkout, so its tree has no identifier" in page
    assert "tiny recordings (recorded)" in page
    assert "nobody2020" in page
    # What the copy buttons act on.
    assert len(re.findall(r'<div class="[^"]*highlight-\w+ notranslate">', page)) == 4
    assert (built_book.site / "_static" / "clipboard.min.js").is_file()
