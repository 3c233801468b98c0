"""The pages at the back: a bibliography that can be followed, a glossary that leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pybtex.database import BibliographyData, Entry, parse_file

from papermill_book.docstrings import public_modules
from papermill_book.settings import read_settings
from papermill_book.terms import read_glossary

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "book").rglob("*.md"))
#: In the bibliography without being cited on a page: the source of a data set that can be loaded.
WANTED = {"rothenhoefer2021"}


@pytest.fixture(scope="module")
def bibliography() -> BibliographyData:
    return parse_file(str(ROOT / "book" / "references.bib"))


def cited_keys() -> dict[str, str]:
    """Every key that a page or a claim cites, and one place where it does."""
    keys = {
        key.strip(): page.name
        for page in PAGES
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", page.read_text(encoding="utf-8"))
        for key in keys.split(",")
    }
    claims = yaml.safe_load((ROOT / "book" / "published.yml").read_text(encoding="utf-8"))
    return keys | {claim["source"]["cite"]: claim["id"] for claim in claims}


def address(entry: Entry) -> str:
    fields = entry.fields
    return str(fields.get("doi") or fields.get("url") or fields.get("howpublished", ""))


def test_every_citation_is_in_the_bibliography(bibliography: BibliographyData) -> None:
    assert {key: where for key, where in cited_keys().items() if key not in bibliography.entries} == {}


def test_every_entry_is_cited(bibliography: BibliographyData) -> None:
    assert set(bibliography.entries) - set(cited_keys()) <= WANTED


def test_every_entry_has_an_address_that_lasts(bibliography: BibliographyData) -> None:
    lasting = re.compile(r"10\.\d{4,9}/\S+|(?:\\url\{)?https?://[\w.-]+\.\w+/?\S*")
    addresses = {key: address(entry) for key, entry in bibliography.entries.items()}
    assert {key: where for key, where in addresses.items() if not lasting.fullmatch(where)} == {}
    without_prefix = [where.lower() for where in addresses.values()]
    assert len(set(without_prefix)) == len(without_prefix), "one work stands there under two keys"


def test_every_entry_says_who_what_and_when(bibliography: BibliographyData) -> None:
    for key, entry in bibliography.entries.items():
        assert entry.persons.get("author"), key
        assert entry.fields.get("title"), key
        assert re.fullmatch(r"(?:19|20)\d\d", entry.fields.get("year", "")), key


def test_every_definition_leads_to_a_chapter_that_uses_the_term() -> None:
    path = ROOT / "book" / "back" / "glossary.md"
    glossary = read_glossary(path, read_settings(ROOT).everyday_terms)
    entries = re.split(r"\n\n(?=\S)", path.read_text(encoding="utf-8").partition(":sorted:")[2].strip("`\n "))
    assert len(entries) == len(set(glossary.terms.values()))
    for entry in entries:
        (link,) = re.findall(r"\[\]\(\.\./([\w./-]+\.md)\)$", entry)
        chapter = ROOT / "book" / link
        if chapter.is_file():  # a dead link is the build's to refuse
            text = chapter.read_text(encoding="utf-8").lower()
            terms = [line.lower() for line in entry.split("\n") if not line.startswith(" ")]
            assert any(all_words_of(term, text) for term in terms), f"{link} does not speak of {terms}"


def all_words_of(term: str, text: str) -> bool:
    return all(re.search(rf"\b{re.escape(word.removesuffix('y'))}", text) for word in term.split())


def test_notation_leads_to_chapters() -> None:
    text = (ROOT / "book" / "back" / "notation.md").read_text(encoding="utf-8")
    rows = [line for line in text.split("\n") if line.startswith("| $")]
    assert len(rows) > 40
    for row in rows:
        # A formula may hold a bar, but no row of ours does: four columns, the last of them a link.
        assert row.count(" | ") == 3, row
        (link,) = re.findall(r"\[\]\(\.\./([\w./-]+\.md)\) \|$", row)
        assert (ROOT / "book" / link).is_file()


def test_every_public_module_is_in_the_reference() -> None:
    folder = ROOT / "src"
    named = {
        line
        for page in (ROOT / "book" / "back").glob("api-*.md")
        for line in page.read_text(encoding="utf-8")
        .partition("```{api}\n")[2]
        .partition("\n```")[0]
        .split("\n")
    }
    documented = {name for line in named for name, _ in public_modules([folder], line)}
    everything = {name for package in folder.glob("*/__init__.py")
                  for name, _ in public_modules([folder], package.parent.name)}  # fmt: skip
    assert everything - documented <= {"distributional_dopamine"}
