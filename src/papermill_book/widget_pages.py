"""Where widgets stand: the data inside the figure whose place each takes, its script on its page alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from papermill_book.execution import ChapterRun, own_code_cells
from papermill_book.pages import current_build
from papermill_book.widgets import WIDGET_MIME, as_json, figure_option

logger = logging.getLogger(__name__)

#: What every widget shares; a book may have either, or neither.
SHARED_SCRIPT, SHARED_STYLE = "widgets/common.js", "widgets/widgets.css"


@dataclass(frozen=True)
class Widget:
    """A widget as a cell made it."""

    name: str
    """Of its script."""
    figure: str
    """Name of the figure that it takes the place of; empty if the cell's options have none."""
    data: Any
    """What its script works with."""
    line: int
    """Line of the chapter's source on which the cell begins."""


def widgets_of(run: ChapterRun) -> Iterator[Widget]:
    """Find the widgets in an executed chapter.

    Parameters
    ----------
    run : ChapterRun

    Yields
    ------
    Widget
        In the order of the cells.
    """
    if run.notebook is None:
        return
    numbers = [n for n, cell in enumerate(run.chapter.notebook.cells) if cell.cell_type == "code"]
    for number, cell in zip(numbers, own_code_cells(run.notebook), strict=True):
        for output in cell.outputs:
            made = output.get("data", {}).get(WIDGET_MIME)
            if made is not None:
                own = run.chapter.notebook.cells[number]
                yield Widget(
                    made["name"], figure_option(own, "name"), made["data"], run.chapter.lines[number]
                )


def _static_file(app: Sphinx, name: str) -> bool:
    folders = [Path(app.confdir) / folder for folder in app.config.html_static_path]
    return any((folder / name).is_file() for folder in folders)


def _warn(run: ChapterRun, one: Widget, message: str) -> None:
    place = f"{run.chapter.path}:{one.line}"
    logger.warning(
        "widget %r: %s", one.name, message, location=place, type="papermill_book", subtype="widget"
    )


def place_widgets(app: Sphinx, doctree: nodes.document) -> None:
    """Put each widget's data into the figure whose place it takes."""
    run = current_build(app).by_docname(app.env.docname)
    if run is None:
        return
    figures = {name: figure for figure in doctree.findall(nodes.figure) for name in figure["names"]}
    for one in widgets_of(run):
        figure = figures.pop(nodes.fully_normalize_name(one.figure), None)
        if figure is None:
            _warn(
                run,
                one,
                "its cell has no figure of its own: draw one, and name it in the options of the cell",
            )
            continue
        if not _static_file(app, f"widgets/{one.name}.js"):
            _warn(run, one, f"there is no widgets/{one.name}.js in the folders of html_static_path")
        figure["classes"].append("pb-has-widget")
        kind = f' data-kind="{escape(str(one.data["kind"]))}"' if "kind" in one.data else ""
        html = (
            f'<div class="pb-widget" data-widget="{one.name}"{kind}>'
            f'<script type="application/json">{as_json(one.data)}</script></div>'
        )
        caption = figure.first_child_matching_class(nodes.caption)
        figure.insert(len(figure) if caption is None else caption, nodes.raw("", html, format="html"))


def add_scripts(
    app: Sphinx, pagename: str, _: str, __: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page the scripts of its own widgets, and no other page."""
    run = current_build(app).by_docname(pagename)
    names = list(dict.fromkeys(one.name for one in widgets_of(run))) if run and doctree else []
    if not names:
        return
    if _static_file(app, SHARED_STYLE):
        app.add_css_file(SHARED_STYLE)
    shared = [SHARED_SCRIPT] if _static_file(app, SHARED_SCRIPT) else []
    for script in [*shared, *(f"widgets/{name}.js" for name in names)]:
        app.add_js_file(script, loading_method="defer")


def setup_widgets(app: Sphinx) -> None:
    """Connect what pages with widgets need."""
    app.connect("doctree-read", place_widgets)
    # Before the extension drops scripts that stand on a page twice.
    app.connect("html-page-context", add_scripts, priority=400)
