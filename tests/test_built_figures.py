"""The figures of the last build, as readers get them; continuous integration runs this after the build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from papermill_book.figure_colours import DARK_PAGE, contrast, darken_hex
from papermill_book.svg import SVG_MIME

NOTEBOOKS = sorted((Path(__file__).parents[1] / "_build" / "notebooks").glob("*.ipynb"))
#: Letters stand in groups of their own; white ones stand on something dark, and are their halos as well.
_LETTERS = re.compile(r'<g id="text_\d+">(.*?)</g>', re.DOTALL)
_FILL = re.compile(r"fill: (#[0-9a-f]{6})")


def drawings() -> Iterator[tuple[str, str]]:
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                if SVG_MIME in output.get("data", {}):
                    name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")
                    yield f"{path.stem}: {name}", output.data[SVG_MIME]


@pytest.mark.skipif(not NOTEBOOKS, reason="no book has been built")
def test_letters_stand_out_on_light_and_on_dark_pages():
    pale = {}
    for name, svg in drawings():
        for letters in _LETTERS.findall(svg):
            colour = (_FILL.findall(letters) or ["#000000"])[-1]
            least = min(contrast(colour, "#ffffff"), contrast(darken_hex(colour), DARK_PAGE))
            if colour != "#ffffff" and least < 4.5:
                pale[name, colour] = round(least, 2)
    assert pale == {}


@pytest.mark.skipif(not NOTEBOOKS, reason="no book has been built")
def test_no_drawing_is_heavy():
    assert {name: len(svg) for name, svg in drawings() if len(svg) > 400_000} == {}
