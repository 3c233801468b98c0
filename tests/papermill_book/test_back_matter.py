"""The drawing of how a book is made, its colophon, and the reference of its code."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from papermill_book.docstrings import Item, parse_docstring, public_modules, read_module
from papermill_book.drawing import ChapterCounts, DataSet, Making, describe_making, draw_making
from papermill_book.errors import BookError
from papermill_book.provenance import combine, locked_versions, sha256
from tests.papermill_book.conftest import SIZES, Book

SVG = "{http://www.w3.org/2000/svg}"


def a_making(kind: str = "recorded") -> Making:
    chapters = tuple(
        ChapterCounts(f"c{number}", f"Title {number} & more", number, 1, 10 * number, 0)
        for number in (1, 2, 3)
    )
    data = (
        DataSet("spikes", kind, 40, frozenset({"c2", "c3"})),
        DataSet(
            "a name that is much too long for one line of so narrow a box", "recorded", 1, frozenset({"c1"})
        ),
    )
    return Making(data, chapters, (("reproduced", 2), ("not reproduced", 1)), 7)


def test_drawing_is_sound_and_says_what_it_shows() -> None:
    root = ElementTree.fromstring(draw_making(a_making()))  # noqa: S314 - our own text
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    words = [element.text for element in root.iter(f"{SVG}text")]
    for expected in ("1. Title 1 & more", "3 cells · 1 figure · 30 results", "60 results", "7 pages"):
        assert expected in words
    assert "2 reproduced, 1 not reproduced" in words
    assert description.text == describe_making(a_making())
    assert "3 published claims: 2 reproduced, 1 not reproduced" in str(description.text)


def test_nothing_leaves_the_drawing() -> None:
    root = ElementTree.fromstring(draw_making(a_making()))  # noqa: S314 - our own text
    _, _, width, height = map(int, str(root.get("viewBox")).split())
    for element in root.iter(f"{SVG}text"):
        size, x, y = (int(str(element.get(name))) for name in ("font-size", "x", "y"))
        # No letter of a sans-serif type is wider, on average, than six tenths of its height.
        assert x + 0.6 * size * len(str(element.text)) <= width
        assert 0 < y < height
    for element in root.iter(f"{SVG}rect"):
        x, y, w, h = (int(str(element.get(name))) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height


def test_bars_are_as_long_as_results_are_many() -> None:
    root = ElementTree.fromstring(draw_making(a_making()))  # noqa: S314 - our own text
    widths = [int(str(bar.get("width"))) for bar in root.iter(f"{SVG}rect") if bar.get("rx") == "2"]
    np.testing.assert_allclose(np.array(widths) / widths[-1], [1 / 3, 2 / 3, 1], atol=0.02)


def test_a_line_leads_from_data_to_each_chapter_that_used_them() -> None:
    for kind, fill in (("recorded", "currentColor"), ("simulated", "none")):
        root = ElementTree.fromstring(draw_making(a_making(kind)))  # noqa: S314 - our own text
        dots = [(dot.get("cx"), dot.get("fill")) for dot in root.iter(f"{SVG}circle")]
        assert [fill_ for x, fill_ in dots if x == "8"] == [fill, fill]
        assert [fill_ for x, fill_ in dots if x == "22"] == ["currentColor"]


def test_a_book_without_data_or_claims_is_drawn_too() -> None:
    making = Making((), a_making().chapters, (), 1)
    assert "0 published claims" not in draw_making(making).partition("</desc>")[2]
    assert "the data: none" in describe_making(making)


def test_back_page_of_a_built_book(built_book: Book) -> None:
    page = built_book.page("back")
    drawing = page[
        page.index('<svg class="pb-made"') : page.index("</svg>", page.index('<svg class="pb-made"'))
    ]
    words = re.sub(r"<[^>]*>", "\n", drawing)
    for expected in ("Tiny recordings", "recorded; 1 file", "1. Good", "2 cells · 1 figure · 1 result",
                     "2. Other", "2 results", "1 published claim", "1 reproduced", "6 pages"):  # fmt: skip
        assert expected in words
    # The colophon: what ran, and what the lock has instead.
    assert np.__version__ in page
    assert "where the lock has 0.1" in page
    assert combine({"a.dat": "00"}) in page
    sources = {name: sha256(built_book.root / "book" / f"{name}.md") for name in ("good", "other")}
    assert all(digest in page for digest in sources.values())
    assert combine({f"book/{name}": digest for name, digest in sources.items()}) in page
    assert "not built from a git checkout" in page
    # The reference, and a link into it from the text.
    text = re.sub(r"<[^>]*>", "", page)
    assert "grow(size, by=2.0)" in text
    assert "Not public" not in text
    assert re.search(r'href="#sizes\.grow"', page)
    assert re.search(r'href="#term-answer"', page)


def test_module_is_read_without_being_run(tmp_path: Path) -> None:
    (tmp_path / "sizes.py").write_text(SIZES)  # it imports a library that is not there
    ((name, path),) = public_modules([tmp_path], "sizes")
    module = read_module(name, path)
    assert (module.doc.summary, module.doc.body) == ("How large things are.", "Made of `Size` alone.")
    scale, size, grow = module.objects
    assert (scale.name, scale.kind, scale.doc.summary) == ("scale", "data", "Of everything.")
    assert (size.signature, grow.signature) == ("(metres, *, exact=True)", "(size, by=2.0)")
    assert size.fields == (Item("unit", "str", "What it is given in."),)
    ((doubled),) = size.members
    assert (doubled.name, doubled.kind, doubled.signature) == ("doubled", "property", "")
    assert [title for title, _ in grow.doc.sections] == ["Parameters", "Returns", "Raises"]
    assert grow.doc.sections[1][1] == (Item("", "Size", "The larger one, :math:`s b`."),)


def test_docstring_of_items_without_types_and_with_many_lines() -> None:
    doc = parse_docstring(
        """Do it.

        More.

        Attributes
        ----------
        a, b
            First.

            Second paragraph.
        c : int
            Third.

        References
        ----------
        Somebody (1990), equation 2.
        """
    )
    fields, source = doc.sections
    assert doc.body == "More."
    assert fields == (
        "Attributes",
        (Item("a, b", "", "First.\n\nSecond paragraph."), Item("c", "int", "Third.")),
    )
    assert source == ("References", "Somebody (1990), equation 2.")


def test_public_modules_of_a_package(tmp_path: Path) -> None:
    for name in ("pack/__init__.py", "pack/b.py", "pack/_a.py", "pack/deep/__init__.py", "pack/deep/c.py",
                 "pack/__main__.py", "pack/_no/d.py"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    names = [name for name, _ in public_modules([tmp_path], "pack")]
    assert names == ["pack", "pack.b", "pack.deep", "pack.deep.c"]
    with pytest.raises(BookError, match="no module or package called 'pakc'. Did you mean 'pack'"):
        list(public_modules([tmp_path], "pakc"))


def test_locked_versions(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        "# comment\nnumpy==2.4.6 ; python_version < '3.12' \\\n    --hash=sha256:0\n"
        "numpy==2.5.5 ; python_version >= '3.12' \\\n    --hash=sha256:1\nPy_YAML==6.0.1\n"
    )
    assert locked_versions(lock) == {"numpy": ["2.4.6", "2.5.5"], "py-yaml": ["6.0.1"]}
    assert locked_versions(tmp_path / "absent.txt") == {}
