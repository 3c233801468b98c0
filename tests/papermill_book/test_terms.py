"""Terms of a glossary: found in prose, linked where they first occur, by a person or by the tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from papermill_book.checks import check_sources
from papermill_book.errors import BookError
from papermill_book.settings import read_settings
from papermill_book.terms import find_unlinked, link_terms, read_glossary
from tests.papermill_book.conftest import Book

GLOSSARY = """\
# Glossary

```{glossary}
:sorted:

return
  All the reward to come.

return distribution
  Every return with its probability.

step size
learning rate
  A share of the error.

policy
  What to do.

TD error
  A difference.
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "glossary.md").write_text(GLOSSARY)
    (tmp_path / "_config.yml").write_text(
        "sphinx: {config: {papermill_book: {glossary: book/glossary.md, everyday_terms: [return]}}}\n"
    )
    return tmp_path


def uses(folder: Path, text: str, *everyday: str) -> list[tuple[int, str, str]]:
    page = folder / "book" / "page.md"
    page.write_text(text)
    glossary = read_glossary(folder / "book" / "glossary.md", everyday)
    return [(use.line, use.words, use.link) for use in find_unlinked(page, glossary)]


def test_terms_that_share_a_definition_share_an_entry(folder: Path) -> None:
    terms = read_glossary(folder / "book" / "glossary.md").terms
    assert list(terms) == [
        "return",
        "return distribution",
        "step size",
        "learning rate",
        "policy",
        "TD error",
    ]
    assert terms["step size"] == terms["learning rate"]
    assert len(set(terms.values())) == 5


def test_first_use_in_running_text_is_found(folder: Path) -> None:
    text = "# A return\n\nThe first policy\nand other policies.\n\nA Policy.\n"
    assert uses(folder, text) == [(3, "policy", "{term}`policy`")]
    text = "Two policies.\n"
    assert uses(folder, text) == [(1, "policies", "{term}`policies <policy>`")]
    assert uses(folder, "Returns fall.\n") == [(1, "Returns", "{term}`Returns <return>`")]


def test_the_longer_term_is_meant(folder: Path) -> None:
    assert uses(folder, "A return distribution, no more.\n") == [
        (1, "return distribution", "{term}`return distribution`")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "A {term}`policy`, and a policy.\n",
        "Two {term}`policies <policy>`, and a policy.\n",
        "A {term}`learning rate` is a step size.\n",
        "# Of policy\n\nNothing.\n",
        "Code `policy`, maths $policy$, a [policy](x.md).\n",
        "```python\npolicy = 1\n```\n",
        "```{figure} a.png\n:alt: A policy.\n\nThe policy of the figure.\n```\n",
        ":::{admonition} A policy\nWords.\n:::\n",
        "A policymaker, a td error, a half-return.\n",
    ],
)
def test_no_link_is_asked_for(folder: Path, text: str) -> None:
    assert uses(folder, text) == []


def test_a_link_further_down_does_not_do(folder: Path) -> None:
    assert uses(folder, "A policy.\n\nA {term}`policy`.\n") == [(1, "policy", "{term}`policy`")]


def test_prose_inside_a_directive_counts(folder: Path) -> None:
    text = "# T\n\n:::{note}\n:class: tip\nA policy.\n:::\n"
    assert uses(folder, text) == [(5, "policy", "{term}`policy`")]


def test_everyday_words_are_left_to_people(folder: Path) -> None:
    assert uses(folder, "They return.\n", "return") == []
    with pytest.raises(
        BookError, match="everyday_terms: 'retrun' is not in the glossary. Did you mean 'return'"
    ):
        read_glossary(folder / "book" / "glossary.md", ["retrun"])


def test_links_are_written_into_the_source(folder: Path) -> None:
    text = "See `policy` and [a policy](x.md), a *policy* and its learning rates; a learning rate.\n"
    page = folder / "book" / "page.md"
    page.write_text(text)
    glossary = read_glossary(folder / "book" / "glossary.md")
    linked, left = link_terms(text, find_unlinked(page, glossary), glossary)
    assert linked == (
        "See `policy` and [a policy](x.md), a *{term}`policy`* and its "
        "{term}`learning rates <learning rate>`; a learning rate.\n"
    )
    assert left == []
    page.write_text(linked)
    assert find_unlinked(page, glossary) == []


def test_check_names_file_and_line(folder: Path) -> None:
    (folder / "book" / "page.md").write_text("# T\n\nThey return.\nA policy.\n")
    (problem,) = check_sources(read_settings(folder))
    assert str(problem).startswith("book/page.md:4: 'policy' is in the glossary, and not linked")
    assert "{term}`policy`" in str(problem)


def test_command_lists_and_writes(folder: Path) -> None:
    book = Book(folder)
    page = folder / "book" / "page.md"
    page.write_text("A TD error.\n")
    done = book.cli("terms")
    assert done.returncode == 1
    assert done.stdout == "book/page.md:1: 'TD error': {term}`TD error`\n"
    before = (folder / "book" / "glossary.md").read_text()
    assert book.cli("terms", "--write", "book/page.md", "book/glossary.md").returncode == 0
    assert (folder / "book" / "glossary.md").read_text() == before  # its own heads are no uses
    assert page.read_text() == "A {term}`TD error`.\n"
    assert book.cli("terms").returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Nothing\n", "no {glossary} directive"),
        ("```{glossary}\na\n  x\n\na\n  y\n```\n", "the term 'a' stands there twice"),
    ],
)
def test_a_page_that_is_no_glossary(folder: Path, text: str, message: str) -> None:
    (folder / "book" / "glossary.md").write_text(text)
    with pytest.raises(BookError, match=message):
        read_glossary(folder / "book" / "glossary.md")
