"""The ``{results}`` directive: every number that a build reported, in one table.

A book reports thousands of numbers. As a Markdown table they would be tens of thousands of nodes, which every
later step of a build walks through again; so the page holds one small node, which becomes the finished table
only when the page is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from papermill_book.chapters import Chapter
from papermill_book.formatting import format_value
from papermill_book.pages import anchor_of, current_build, print_result

if TYPE_CHECKING:
    from papermill_book.build import Build

#: The name in a role: what stands before the colon of the format.
_REPORTED = re.compile(r"\{reported\}`\s*([\w.]+)")

#: Heading and width, in per cent, of each column.
_COLUMNS = {"Result": 30, "Value": 25, "Interval": 20, "n": 8, "Chapter": 17}


class all_results(nodes.General, nodes.Element):
    """Where the table goes."""


@dataclass(frozen=True)
class Cell:
    """What stands in one cell."""

    text: str
    link: str = ""
    """Where its text leads; empty if nowhere."""
    code: bool = False
    """Whether it is a name in code."""
    number: bool = False
    """Whether it is a number out of this build."""
    simulated: bool = False
    """Whether that number comes from data that stand in for recordings."""
    beside: str = ""
    """What is said after the number: its unit, the recorded result."""


@dataclass(frozen=True)
class Row:
    """One result."""

    id: str
    """The row's anchor."""
    cells: tuple[Cell, ...]
    """One for each column."""


class ResultsTable(SphinxDirective):
    """``{results}`` lists every number that this build reported."""

    def run(self) -> list[nodes.Node]:
        """Hold the place of the table."""
        return [all_results()]


class _WriteResults(SphinxPostTransform):
    """Make the table: finished HTML where a browser will read it, and a table of nodes elsewhere."""

    default_priority = 5

    def run(self, **_: Any) -> None:
        """Put the table in its place."""
        for place in list(self.document.findall(all_results)):
            rows = result_rows(self.app, self.env.docname)
            if self.app.builder.format == "html":
                place.replace_self(nodes.raw("", results_html(rows), format="html"))
            else:
                place.replace_self(results_nodes(rows))


def result_rows(app: Sphinx, docname: str) -> Iterator[Row]:
    """Lay out the results of the build that `app` is making.

    Parameters
    ----------
    app : Sphinx
    docname : str
        The page on which the table stands.

    Yields
    ------
    Row
        In the order of the names.
    """
    build = current_build(app)
    ways, titles, printed = {}, {}, {}
    for chapter, run in build.runs.items():
        ways[chapter] = app.builder.get_relative_uri(docname, run.chapter.docname)
        titles[chapter] = app.env.titles[run.chapter.docname].astext()
        printed[chapter] = printed_in(run.chapter)
    for name, result in sorted(build.results.items()):
        chapter = build.reported_by[name]
        way = ways[chapter]
        spec, unit = _default_spec(result["value"]), result["unit"]
        yield Row(
            "result-" + name.replace(".", "-").replace("_", "-"),
            (
                Cell(name, f"{way}#{anchor_of(name)}" if name in printed[chapter] else "", code=True),
                _number(build, f"{name}:{spec}", f" {unit}" if unit else ""),
                Cell("–") if result["interval"] is None else _number(build, f"{name}.interval:.3g"),
                Cell("–" if result["n"] is None else format_value(result["n"])),
                Cell(titles[chapter], way),
            ),
        )


def _number(build: Build, reference: str, unit: str = "") -> Cell:
    printed = print_result(build, reference)
    return Cell(printed.text, number=True, simulated=printed.simulated, beside=printed.beside + unit)


def results_html(rows: Iterator[Row]) -> str:
    """Write the table as the HTML that the same table of nodes would give.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    str
    """
    columns = "".join(f'<col style="width: {width}%" />' for width in _COLUMNS.values())
    head = "".join(f'<th class="head">{heading}</th>' for heading in _COLUMNS)
    # a click on a number copies the address of its row
    body = "\n".join(
        f'<tr id="{escape(row.id)}">'
        # the search drops tags, and would take words that only tags part for one
        + "\n".join(f"<td>{_cell_html(cell, row.id)}</td>" for cell in row.cells)
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="pb-table pb-results container"><div class="pst-scrollable-table-container">'
        f'<table class="table">\n<colgroup>{columns}</colgroup>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div></div>"
    )


def _cell_html(cell: Cell, id_: str) -> str:
    text = escape(cell.text)
    if cell.code:
        text = f'<code class="literal notranslate"><span class="pre">{text}</span></code>'
    if cell.number:
        kind = "pb-reported pb-simulated" if cell.simulated else "pb-reported"
        text = f'<span class="{kind}" data-anchor="{escape(id_)}">{text}</span>'
    if cell.beside:
        beside = escape(cell.beside)
        text += f'<span class="pb-beside">{beside}</span>' if cell.simulated else beside
    return f'<a class="reference internal" href="{escape(cell.link)}">{text}</a>' if cell.link else text


def results_nodes(rows: Iterator[Row]) -> nodes.table:
    """Make the table of nodes, which any builder can write.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    docutils table
    """
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in _COLUMNS.values()))
    group["cols"] = len(_COLUMNS)
    group += nodes.thead("", _row_nodes(Row("", tuple(Cell(heading) for heading in _COLUMNS))))
    group += nodes.tbody("", *map(_row_nodes, rows))
    return nodes.table("", group)


def _row_nodes(row: Row) -> nodes.row:
    made = nodes.row("", ids=[row.id] if row.id else [])
    for cell in row.cells:
        text: nodes.Node = nodes.literal("", cell.text) if cell.code else nodes.Text(cell.text)
        if cell.link:
            text = nodes.reference("", "", text, refuri=cell.link, internal=True)
        made += nodes.entry("", nodes.paragraph("", "", text, nodes.Text(cell.beside)))
    return made


def _default_spec(value: Any) -> str:
    sample = value[0] if isinstance(value, list) and value else value
    return ".4g" if isinstance(sample, float) else ""


def printed_in(chapter: Chapter) -> set[str]:
    """Names of the results that the text of a chapter prints, headings aside.

    Parameters
    ----------
    chapter : Chapter

    Returns
    -------
    set of str
        May hold names with a part, such as ``x.interval``, as well.
    """
    return {
        name
        for cell in chapter.notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if not line.startswith("#")
        for name in _REPORTED.findall(line)
    }


def setup_results_table(app: Sphinx) -> None:
    """Register the directive and what becomes of it."""
    app.add_node(all_results)
    app.add_directive("results", ResultsTable)
    app.add_post_transform(_WriteResults)
