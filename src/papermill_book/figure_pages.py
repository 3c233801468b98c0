"""Figures on the pages: one drawing for light pages, its counterpart for dark ones, and where both come from.

Each figure that a chapter drew as SVG stands on its page twice, by two addresses of which a browser fetches
the one it shows; under it a line names the cell, the commit and the data that it was drawn from, and offers
the figure, its numbers and the executed notebook.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx

from papermill_book.drawing import title_of
from papermill_book.execution import ChapterRun, own_code_cells
from papermill_book.figure_colours import darken_svg
from papermill_book.pages import current_build
from papermill_book.provenance import combine
from papermill_book.reporting import FIGURE_MIME
from papermill_book.svg import SVG_MIME, size_attributes

if TYPE_CHECKING:
    from sphinx.writers.html import HTMLTranslator

    from papermill_book.build import Build

#: Class by which a chapter says that a figure is too wide to be read at the width of a phone, among the
#: options of its image: ``image: {classes: pb-wide}``.
WIDE = "pb-wide"
WIDE_LABEL = "Figure; on a narrow screen it scrolls sideways"


@dataclass(frozen=True)
class Drawing:
    """One figure as a chapter drew it."""

    run: ChapterRun
    """The chapter."""
    cell: int
    """Which of the chapter's code cells, from 1."""
    name: str
    """Name of its files, without suffix: that of the chapter, then that of the figure."""
    svg: str
    """The drawing, on white."""
    table: str | None
    """Its numbers as CSV; None if it has none to share."""
    has_pixels: bool
    """Whether some of it was drawn as pixels, so that its numbers are not all in the table."""


class picture(nodes.General, nodes.Inline, nodes.Element):
    """The image of a figure, for both kinds of page."""


class drawn_by(nodes.General, nodes.Element):
    """The line under a figure. It holds no text, so that the search does not find it."""


def find_drawings(build: Build) -> dict[str, Drawing]:
    """Find every figure that the chapters drew as SVG.

    Parameters
    ----------
    build : Build

    Returns
    -------
    dict of str to Drawing
        SHA-256 of the drawing, by which MyST-NB names the file, to what is known of it.
    """
    drawings = {}
    for run in build.runs.values():
        if run.notebook is None:
            continue
        for number, cell in enumerate(own_code_cells(run.notebook), 1):
            own = str((cell.metadata.get("mystnb") or {}).get("figure", {}).get("name") or f"cell-{number}")
            shown = [output.data for output in cell.outputs if SVG_MIME in output.get("data", {})]
            for place, data in enumerate(shown):
                svg, beside = data[SVG_MIME], data.get(FIGURE_MIME, {})
                suffix = f"-{place + 1}" if place else ""
                written = os.linesep.join(svg.splitlines())  # as MyST-NB writes it to a file
                drawings[hashlib.sha256(written.encode()).hexdigest()] = Drawing(
                    run=run,
                    cell=number,
                    name=f"{run.chapter.name}-{own.removeprefix('fig-')}{suffix}",
                    svg=svg,
                    table=beside.get("csv"),
                    has_pixels="<image" in svg,
                )
    return drawings


def describe_commit(git: Mapping[str, Any]) -> str:
    """Say which sources a build was made from, plainly where nobody can get them back.

    Examples
    --------
    >>> describe_commit({"commit": "0123456789abcdef", "changed": True})
    'commit 0123456789 with changes that are not committed'
    >>> describe_commit({})
    'sources not under version control'
    """
    if not git:
        return "sources not under version control"
    return f"commit {git['commit'][:10]}" + (" with changes that are not committed" if git["changed"] else "")


def describe_data(run: ChapterRun) -> str:
    """Say which data a chapter used, by the hash of its files."""
    files = {name: digest for part in run.data for name, digest in part["files"].items()}
    if run.simulated:
        return "simulated cells, no recordings"
    return f"data {combine(files)[:12]}" if files else "no data files"


def place_drawings(app: Sphinx, doctree: nodes.document, _: str) -> None:
    """Put the drawings of a page in the place of Sphinx's images, and their files in the site."""
    if app.builder.format != "html":
        return
    drawings = find_drawings(current_build(app))
    for figure in list(doctree.findall(nodes.figure)):
        for image in list(figure.findall(nodes.image)):
            drawing = drawings.get(posixpath.basename(image["uri"]).partition(".")[0])
            if drawing is None:
                continue
            write_drawing(drawing, Path(app.outdir))
            shown = picture("", drawing=drawing, alt=image.get("alt", ""), classes=image["classes"])
            image.replace_self(shown)
            line = nodes.legend("", drawn_by("", drawing=drawing))
            figure += line


def write_drawing(drawing: Drawing, site: Path) -> None:
    """Write the files of one figure: both drawings and the table."""
    for folder, suffix, text in (
        ("_images", ".svg", drawing.svg),
        ("_images", "-dark.svg", darken_svg(drawing.svg)),
        ("_downloads", ".csv", drawing.table),
    ):
        if text is not None:
            path = site / folder / f"{drawing.name}{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _visit_picture(self: HTMLTranslator, node: nodes.Element) -> None:
    drawing: Drawing = node["drawing"]
    address = posixpath.join(self.builder.imgpath, drawing.name)
    size = size_attributes(drawing.svg)
    # Lazy, so that a browser fetches only what it shows. The classes are those of the theme.
    images = "".join(
        f'<img class="{shown}" src="{escape(address)}{suffix}.svg" alt="{escape(node["alt"])}"{size} '
        'loading="lazy" decoding="async" />'
        for shown, suffix in (("only-light", ""), ("only-dark", "-dark"))
    )
    # What a chapter says is wide scrolls in a box of its own on a phone, so the box must take the keyboard.
    wide = f' tabindex="0" role="group" aria-label="{WIDE_LABEL}"' if WIDE in node["classes"] else ""
    names = " ".join(["pb-picture", *node["classes"]])
    self.body.append(f'<div class="{names}"{wide}>{images}</div>\n')


def _visit_drawn_by(self: HTMLTranslator, node: nodes.Element) -> None:
    drawing: Drawing = node["drawing"]
    build = current_build(self.builder.app)
    root = posixpath.dirname(self.builder.imgpath)
    notebook = posixpath.join(root, "_sources", f"{drawing.run.chapter.docname}.ipynb")
    words = " · ".join(
        f"<span>{part}</span>"
        for part in (
            f"Cell {drawing.cell} of <cite>{escape(title_of(drawing.run))}</cite>",
            escape(describe_commit(build.git)),
            escape(describe_data(drawing.run)),
        )
    )
    links = [
        '<button type="button" class="pb-enlarge">Enlarge</button>',
        _link(posixpath.join(self.builder.imgpath, f"{drawing.name}.svg"), "SVG", "SVG of this figure"),
    ]
    if drawing.table is not None:
        what = "CSV: the numbers of this figure"
        what += ", except what is drawn as pixels" if drawing.has_pixels else ""
        links.append(_link(posixpath.join(self.builder.dlpath, f"{drawing.name}.csv"), "CSV", what))
    elif drawing.has_pixels:
        links.append("<span>single events, so a picture and no data</span>")
    links.append(_link(notebook, "Notebook", "Notebook that drew this figure, as executed"))
    self.body.append(
        f'<p class="pb-drawn"><span>{words}</span> <span class="pb-offers">{" ".join(links)}</span></p>\n'
    )


def _link(address: str, text: str, label: str) -> str:
    return f'<a href="{escape(address)}" download title="{label}" aria-label="{label}">{text}</a>'


def _depart(_: Any, __: nodes.Element) -> None:
    """All has been written on the way in."""


def setup_figures(app: Sphinx) -> None:
    """Register nodes, hooks, style and script. The static folder of this package is registered already."""
    app.add_node(picture, html=(_visit_picture, _depart))
    app.add_node(drawn_by, html=(_visit_drawn_by, _depart))
    app.connect("doctree-resolved", place_drawings)
    app.add_css_file("pb-figures.css")
    app.add_js_file("pb-figures.js", loading_method="defer")
