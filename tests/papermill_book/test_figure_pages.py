"""Figures on the pages: what a kernel sends along, what the line under one says, which files it offers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat import v4

from papermill_book.build import Build
from papermill_book.execution import ChapterRun, for_page
from papermill_book.figure_capture import load_ipython_extension
from papermill_book.figure_pages import describe_commit, describe_data, find_drawings, write_drawing
from papermill_book.provenance import combine
from papermill_book.reporting import FIGURE_MIME
from papermill_book.svg import SVG_MIME, size_attributes, slim_svg

mpl.use("agg")

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90pt" height="45.3pt"><path style="fill: #ffffff"/></svg>'
)


def a_run(outputs, data=()):
    cell = v4.new_code_cell("draw()", metadata={"mystnb": {"figure": {"name": "fig-rates"}}}, outputs=outputs)
    notebook = v4.new_notebook(cells=[v4.new_code_cell("a = 1"), cell])
    chapter = SimpleNamespace(name="rates-of-cells", docname="book/rates-of-cells")
    return ChapterRun(
        chapter=chapter,
        parameters={},
        overridden=(),
        seconds=0.0,
        ended=datetime(2026, 1, 1, tzinfo=UTC),
        notebook=notebook,
        failure=None,
        results={},
        data=tuple(data),
    )


def test_a_figure_that_is_shown_takes_its_table_along_and_nothing_else_does():
    formatter = DisplayFormatter()
    load_ipython_extension(SimpleNamespace(display_formatter=formatter))
    figure, ax = plt.subplots()
    empty, _ = formatter.format(figure)
    assert FIGURE_MIME not in empty
    ax.plot([1], [2], "o")
    shown, _ = formatter.format(figure)
    plt.close(figure)
    assert shown[FIGURE_MIME]["csv"].splitlines()[1].startswith("1,,#1f77b4,point,1,2")
    other, _ = formatter.format([1, 2])
    assert list(other) == ["text/plain"]


def test_the_table_stays_off_the_page_where_mystnb_would_warn_of_it():
    output = v4.new_output("display_data", data={SVG_MIME: DRAWING, FIGURE_MIME: {"csv": "x\n1\n"}})
    run = a_run([output])
    page = nbformat.from_dict(run.notebook)
    page.cells[1].outputs = []
    assert for_page(run.notebook, page).cells[1].outputs[0].data == {SVG_MIME: DRAWING}


def test_a_drawing_is_found_by_the_name_that_mystnb_gives_its_file(tmp_path):
    output = v4.new_output("display_data", data={SVG_MIME: DRAWING + "\n", FIGURE_MIME: {"csv": "x\n1\n"}})
    run = a_run([output, v4.new_output("display_data", data={SVG_MIME: DRAWING.replace("90", "60")})])
    found = find_drawings(Build(settings=None, runs={"rates-of-cells": run}))
    drawing = found[hashlib.sha256(DRAWING.encode()).hexdigest()]
    assert (drawing.name, drawing.cell) == ("rates-of-cells-rates", 2)
    assert size_attributes(drawing.svg) == ' width="120" height="60"'
    assert sorted(one.name for one in found.values()) == ["rates-of-cells-rates", "rates-of-cells-rates-2"]
    for one in found.values():
        write_drawing(one, tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "_downloads/rates-of-cells-rates.csv",
        "_images/rates-of-cells-rates-2-dark.svg",
        "_images/rates-of-cells-rates-2.svg",
        "_images/rates-of-cells-rates-dark.svg",
        "_images/rates-of-cells-rates.svg",
    ]
    assert "#121212" in (tmp_path / "_images/rates-of-cells-rates-dark.svg").read_text()


@pytest.mark.parametrize(
    ("git", "words"),
    [
        ({}, "sources not under version control"),
        ({"commit": "0123456789abcdef", "changed": False}, "commit 0123456789"),
        ({"commit": "0123456789abcdef", "changed": True}, "commit 0123456789 with changes"),
    ],
)
def test_the_commit_is_said_plainly(git, words):
    assert describe_commit(git).startswith(words)
    assert ("changes" in describe_commit(git)) == bool(git.get("changed"))


def test_the_data_are_named_by_the_hash_of_their_files():
    files = {"b.nwb": "02", "a.nwb": "01"}
    recorded = {"name": "cells", "kind": "recorded", "files": files}
    assert describe_data(a_run([], [recorded])) == f"data {combine(files)[:12]}"
    assert describe_data(a_run([], [recorded, {**recorded, "kind": "simulated"}])).startswith("simulated")
    assert describe_data(a_run([])) == "no data files"


def test_a_slim_drawing_keeps_its_scales_its_pixels_and_its_colours():
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "a"\n "b">\n<svg width="10.123456pt">\n'
        " <metadata>\n  who\n </metadata>\n <!-- a\n word -->\n"
        '  <g transform="translate(10.123456 20.98765) scale(0.09 -0.015625)" style="fill: #123456">\n'
        '   <path d="M 0.123456 -0.00001 \nL 5 10.5 \nz\n"/>\n'
        '   <image href="data:image/png;base64,AB0.1234CD/+=="/>\n  </g>\n</svg>\n'
    )
    slim = slim_svg(svg)
    assert 'translate(10.12 20.99) scale(0.09 -0.015625)" style="fill: #123456"' in slim
    assert '<path d="M.12 0L5 10.5z"/>' in slim
    assert not any(word in slim for word in ("DOCTYPE", "who", "word", "\n<g"))
