"""Widgets: what a chapter may send, what its page gets, and what the checks ask of the cell."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from papermill_book.checks import check_sources
from papermill_book.settings import read_settings
from papermill_book.widgets import LARGEST, WIDGET_MIME, as_json, widget
from tests.papermill_book.conftest import TOP_MATTER, Book

CHAPTER = (
    TOP_MATTER
    + """\
# Playing

```{code-cell} python
---
mystnb:
  image: {alt: A line.}
  figure: {name: fig-line, caption: A line that can be bent.}
---
import matplotlib.pyplot as plt
from papermill_book import widget
_ = plt.plot([0, 1])
widget("bend", {"kind": 'a "b"', "words": "</script><!-- µ", "numbers": [0.123456, 2.0]})
```
"""
)


def sent(data: dict[str, Any], **options: Any) -> Any:
    with mock.patch("papermill_book.widgets.display") as display:
        widget("a-name", data, **options)
    (call,) = display.call_args_list
    made = call.args[0][WIDGET_MIME]
    assert made["name"] == "a-name"
    return made["data"]


def test_data_are_cast_and_rounded() -> None:
    data = {
        "a": np.array([1 / 3, -12345.678, 0.0]),
        "b": {"c": (2, 2.0, True, None, "1.23456")},
        "d": math.nan,
    }
    assert sent(data) == {"a": [0.3333, -12350, 0], "b": {"c": [2, 2, True, None, "1.23456"]}, "d": None}
    assert sent({"a": np.float64(1 / 3)}, digits=2) == {"a": 0.33}


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match=r"found|name is 'A b'"):
        widget("A b", {})
    with pytest.raises(ValueError, match=f"a page has room for {LARGEST:,}"):
        widget("a", {"a": "x" * LARGEST})
    with pytest.raises(TypeError, match=r"the data of 'a'\.b is set"):
        widget("a", {"b": {1}})


def test_json_cannot_end_its_element() -> None:
    text = as_json({"a": "</script><!--"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--"}


def playing(book: Book) -> Book:
    (book.root / "book" / "playing.md").write_text(CHAPTER, encoding="utf-8")
    book.edit("_toc.yml", "- file: book/other\n", "- file: book/other\n- file: book/playing\n")
    book.edit("_config.yml", "    papermill_book:\n", "    html_static_path: [static]\n    papermill_book:\n")
    (book.root / "static" / "widgets").mkdir(parents=True)
    for name in ("common.js", "widgets.css", "bend.js"):
        (book.root / "static" / "widgets" / name).write_text("", encoding="utf-8")
    return book


def test_a_page_gets_its_widget_and_no_other_page_does(fresh_book: Book) -> None:
    done = playing(fresh_book).build("-W", "-n", "--keep-going")
    assert done.returncode == 0, done.stderr
    page = fresh_book.page("playing")
    figure = re.search(r'<figure[^>]*id="fig-line".*?</figure>', page, re.DOTALL)
    assert figure is not None
    assert "pb-has-widget" in figure.group()
    assert "<img" in figure.group()  # the picture, for those whose browser runs no scripts
    (content,) = re.findall(r'<script type="application/json">(.*?)</script>', figure.group())
    assert 'data-widget="bend" data-kind="a &quot;b&quot;">' in figure.group()
    assert json.loads(content) == {"kind": 'a "b"', "words": "</script><!-- µ", "numbers": [0.1235, 2]}
    common, own = (page.index(f"widgets/{name}.js") for name in ("common", "bend"))
    assert common < own
    assert "widgets/widgets.css" in page
    assert "widgets/" not in fresh_book.page("good")


def test_a_widget_without_a_figure_or_a_script_fails_the_build(fresh_book: Book) -> None:
    book = playing(fresh_book)
    (book.root / "static" / "widgets" / "bend.js").unlink()
    done = book.build("-W", "--keep-going")
    assert done.returncode != 0
    assert "there is no widgets/bend.js" in done.stderr
    book.edit("book/playing.md", "name: fig-line, ", "")
    done = book.build("-W", "--keep-going")
    assert done.returncode != 0
    assert "its cell has no figure of its own" in done.stderr


def test_the_checks_ask_for_name_caption_and_alt_text(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text("sphinx: {config: {papermill_book: {}}}\n", encoding="utf-8")
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "playing.md"
    page.write_text(CHAPTER, encoding="utf-8")
    settings = read_settings(tmp_path)
    assert check_sources(settings) == []
    page.write_text(re.sub(r"---\nmystnb:.*?---\n", "", CHAPTER, flags=re.DOTALL), encoding="utf-8")
    found = [problem.message for problem in check_sources(settings)]
    for option in ("image.alt", "figure.name", "figure.caption"):
        assert f"this cell makes a widget: add mystnb.{option} to its options" in found
