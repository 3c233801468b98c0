"""What programs read of a page, and the doors that lead out of it: with public addresses and without."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup

from papermill_book.doors import binder_url, colab_url, edit_url, header_buttons, issue_url
from papermill_book.errors import BookError
from papermill_book.languages import in_language
from papermill_book.settings import Settings, make_settings
from tests.papermill_book.conftest import Book, write_book

HOSTILE = 'Tiny </script><script>alert("1")</script> & "co"'
PUBLIC = "https://example.org/tiny"
REPOSITORY = "https://github.com/some-one/tiny.book"


@pytest.fixture(scope="session")
def public_book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book with public addresses, a DOI, and a title that would break out of a careless page."""
    book = write_book(tmp_path_factory.mktemp("public") / "book")
    settings = ["code: [src]", f"site_url: {PUBLIC}/", f"repository: {REPOSITORY}", "branch: trunk"]
    book.edit("_config.yml", "code: [src]", "\n      ".join(settings))
    book.edit("CITATION.cff", "title: Tiny", f"title: {json.dumps(HOSTILE)}\ndoi: 10.1234/tiny")
    book.edit("CITATION.cff", "  - name: Nobody", "  - {name: Nobody, website: https://example.org/nobody}")
    book.edit("book/back.md", "# Back", "---\nlang: zh-Hans\n---\n# Back")
    done = book.build("-W", "-n", "--keep-going")
    assert done.returncode == 0, done.stdout + done.stderr
    return book


class Head:
    """What the head of a page says."""

    def __init__(self, book: Book, name: str) -> None:
        self.soup = BeautifulSoup(book.page(name), "html.parser")

    def tags(self, name: str) -> list[str]:
        return [str(tag["content"]) for tag in self.soup.find_all("meta", attrs={"name": name})]

    def links(self, relation: str) -> list[str]:
        return [str(tag["href"]) for tag in self.soup.find_all("link", rel=relation)]

    @property
    def data(self) -> dict[str, Any]:
        (script,) = self.soup.find_all("script", type="application/ld+json")
        data = json.loads(script.text)
        assert isinstance(data, dict)
        return data


def addresses_in(book: Book, name: str) -> set[str]:
    """Every address in the head of a page that this package has put there."""
    head = Head(book, name)
    found = {
        str(tag["content"]) for tag in head.soup.find_all("meta", attrs={"name": re.compile("^citation_")})
    }
    found |= {str(tag["href"]) for tag in head.soup.find_all("link", href=True)}
    return {address for address in found if address.startswith("http")}


def test_a_chapter_without_addresses(built_book: Book) -> None:
    head = Head(built_book, "good")
    assert head.tags("citation_title") == ["Good"]
    assert head.tags("citation_inbook_title") == ["Tiny"]
    assert head.tags("citation_author") == ["Nobody"]
    assert head.tags("citation_publication_date") == ["2026/01/31"]
    assert head.links("item") == ["../_sources/book/good.ipynb"]
    assert head.links("collection") == ["../book/index.html"]
    assert head.links("describedby") == ["../CITATION.cff"]
    assert head.links("license") == ["https://spdx.org/licenses/BSD-3-Clause"]
    assert head.links("type") == ["https://schema.org/ScholarlyArticle"]
    assert head.links("cite-as") == head.links("author") == head.links("canonical") == []
    assert head.tags("citation_fulltext_html_url") == head.tags("citation_doi") == []
    data = head.data
    assert data["@type"] == ["Chapter", "ScholarlyArticle"]
    assert data["isPartOf"]["name"] == "Tiny"
    assert data["position"] == 1
    assert "url" not in data


def test_every_relative_address_leads_to_a_file(built_book: Book) -> None:
    for name in ("index", "good", "other", "back"):
        head = Head(built_book, name)
        for relation in ("item", "collection", "describedby"):
            for address in head.links(relation):
                assert (built_book.site / "book" / address).resolve().is_file(), (name, address)


def test_no_address_is_invented(built_book: Book) -> None:
    known = ("https://spdx.org/licenses/", "https://schema.org/")
    for name in ("index", "good", "back"):
        for address in addresses_in(built_book, name):
            assert address.startswith(known), address


def test_the_first_page_is_the_book(built_book: Book) -> None:
    head = Head(built_book, "index")
    assert head.tags("citation_title") == ["Tiny"]
    assert head.tags("citation_keywords") == ["small"]
    assert head.links("item") == ["../book/good.html", "../book/other.html"]
    data = head.data
    assert data["@type"] == "Book"
    assert [part["name"] for part in data["hasPart"]] == ["Good", "Other", "Tiny"]
    assert data["hasPart"][-1]["@type"] == "SoftwareSourceCode"
    assert "codeRepository" not in data["hasPart"][-1]
    assert data["citation"] == [
        {"@type": "ScholarlyArticle", "name": "T", "@id": "https://doi.org/10.1234/t"}
    ]


def test_another_page_is_a_page(built_book: Book) -> None:
    head = Head(built_book, "back")
    assert head.data["@type"] == "WebPage"
    assert head.links("item") == []


def test_with_addresses(public_book: Book) -> None:
    chapter, book = Head(public_book, "good"), Head(public_book, "index")
    assert chapter.tags("citation_fulltext_html_url") == [f"{PUBLIC}/book/good.html"]
    assert chapter.links("cite-as") == chapter.links("canonical") == [f"{PUBLIC}/book/good.html"]
    assert chapter.links("author") == ["https://example.org/nobody"]
    assert chapter.data["isPartOf"]["@id"] == "https://doi.org/10.1234/tiny"
    assert book.links("cite-as") == ["https://doi.org/10.1234/tiny"]
    assert book.tags("citation_doi") == ["10.1234/tiny"]
    assert book.data["hasPart"][-1]["codeRepository"] == REPOSITORY


def test_a_hostile_title_stays_a_title(public_book: Book) -> None:
    head = Head(public_book, "good")
    assert head.tags("citation_inbook_title") == [HOSTILE]
    assert head.data["isPartOf"]["name"] == HOSTILE
    assert "alert" not in [script.text for script in head.soup.find_all("script")]
    assert '<script>alert("1")' not in public_book.page("good")


def test_a_page_in_another_language_says_so(public_book: Book) -> None:
    head = Head(public_book, "back")
    assert head.tags("citation_language") == ["zh-Hans"]
    foot = head.soup.find(class_="pb-ran")
    assert foot is not None
    assert foot["lang"] == "en"
    assert head.soup.select_one('[lang="zh-Hans"] h1') is not None
    assert Head(public_book, "good").soup.find(lang="zh-Hans") is None


def test_language_is_escaped() -> None:
    assert in_language("<p>a</p>", '"><b>', "en") == '<div lang="&quot;&gt;&lt;b&gt;"><p>a</p></div>'


def test_no_door_without_an_address(built_book: Book) -> None:
    for name in ("good", "index"):
        page = built_book.page(name)
        for word in ("colab", "mybinder", "github.com", "launch-buttons", "source-buttons"):
            assert word not in page.lower().replace("fab fa-github", ""), word


def test_doors_open_the_right_files(public_book: Book) -> None:
    page = BeautifulSoup(public_book.page("good"), "html.parser")
    found = {str(link["href"]) for link in page.find_all("a", href=re.compile("^https://"))}
    place = "some-one/tiny.book"
    assert f"https://colab.research.google.com/github/{place}/blob/notebooks/book/good.ipynb" in found
    assert f"https://mybinder.org/v2/gh/{place}/notebooks?urlpath=lab%2Ftree%2Fbook%2Fgood.ipynb" in found
    assert f"{REPOSITORY}/edit/trunk/book/good.md" in found
    (issue,) = [address for address in found if "/issues/new" in address]
    assert issue.startswith(f"{REPOSITORY}/issues/new?title=On%20%E2%80%9CGood%E2%80%9D&body=")
    assert "book%2Fgood.md" in issue
    # A page without a notebook has no door to run it.
    other = public_book.page("reproduction")
    assert "colab" not in other
    assert f"{REPOSITORY}/edit/trunk/book/reproduction.md" in other


def test_addresses_are_quoted(tmp_path: Path) -> None:
    settings = Settings(tmp_path, repository="https://github.com/o/r", notebooks_branch="a/b")
    assert colab_url(settings, "book/ü & x").endswith("/blob/a/b/book/%C3%BC%20%26%20x.ipynb")
    assert "/o/r/a%2Fb?urlpath=lab%2Ftree%2F" in binder_url(settings, "book/x")
    assert edit_url(settings, "a b.md").endswith("/edit/main/a%20b.md")
    assert issue_url(settings, "A & B?", "x.md").count("&") == 1
    assert header_buttons(Settings(tmp_path), "x", "X", is_chapter=True) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("repository", "https://gitlab.com/o/r"),
        ("repository", "https://github.com/o"),
        ("site_url", "javascript:alert(1)"),
        ("site_url", 'https://x.org/"><script>'),
        ("branch", "a b"),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(BookError, match=f"papermill_book.{key}"):
        make_settings(tmp_path, {key: value})


def test_numbers_have_addresses(built_book: Book) -> None:
    page = BeautifulSoup(built_book.page("good"), "html.parser")
    (mean,) = page.find_all(id="number-good.mean")
    assert "pb-reported" in mean["class"]
    # The interval is of the same result: it leads to the same anchor.
    assert [span["data-anchor"] for span in page.find_all(attrs={"data-anchor": True})] == [
        "number-good.mean"
    ]
    table = BeautifulSoup(built_book.page("reproduction"), "html.parser")
    row = table.find("tr", id="result-good-mean")
    assert row is not None
    assert row.find("a", href="good.html#number-good.mean") is not None
    for name in ("index", "good", "other", "back", "cite", "reproduction"):
        soup = BeautifulSoup(built_book.page(name), "html.parser")
        ids = [str(element["id"]) for element in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), name
    assert (built_book.site / "_static" / "pb-addresses.js").is_file()


def test_the_citation_file_is_in_the_site(built_book: Book) -> None:
    assert yaml.safe_load((built_book.site / "CITATION.cff").read_text())["title"] == "Tiny"
