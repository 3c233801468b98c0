"""What the reference build drew, offered under each figure that this build drew from simulated data."""

from __future__ import annotations

import posixpath
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from papermill_book.errors import BookError
from papermill_book.figure_colours import darken_svg
from papermill_book.pages import current_build
from papermill_book.reference import picture_of
from papermill_book.svg import size_attributes

if TYPE_CHECKING:
    from sphinx.writers.html import HTMLTranslator


class reference_picture(nodes.General, nodes.Element):
    """The same figure as the reference build drew it, folded away."""


def place_reference_pictures(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the reference build's picture under each figure of a chapter that ran on simulated data."""
    build = current_build(app)
    run = build.by_docname(docname)
    if app.builder.format != "html" or run is None or not run.simulated:
        return
    for figure in doctree.findall(nodes.figure):
        for name in figure["names"]:
            try:
                svg = picture_of(build.settings, name)
            except BookError as error:
                raise ExtensionError(str(error), modname="papermill_book") from None
            if svg is None:
                continue
            folder = Path(app.outdir) / "_images"
            folder.mkdir(exist_ok=True)
            for suffix, text in (("", svg), ("-dark", darken_svg(svg))):
                (folder / f"reference-{name}{suffix}.svg").write_text(text, encoding="utf-8")
            figure += nodes.legend("", reference_picture("", name=name, size=size_attributes(svg)))


def _visit(self: HTMLTranslator, node: nodes.Element) -> None:
    address = escape(posixpath.join(self.builder.imgpath, f"reference-{node['name']}"))
    # The caption above says what is seen. Lazy, so that nothing is fetched while it is folded.
    images = "".join(
        f'<img class="{shown}" src="{address}{suffix}.svg"{node["size"]} loading="lazy" decoding="async" '
        'alt="The figure above, as the reference build drew it from the recordings." />'
        for shown, suffix in (("only-light", ""), ("only-dark", "-dark"))
    )
    self.body.append(
        '<details class="pb-reference"><summary>The same figure from the recordings, in the reference build'
        f'</summary><div class="pb-picture">{images}</div></details>\n'
    )


def _depart(_: Any, __: nodes.Element) -> None:
    """All has been written on the way in."""


def setup_reference(app: Sphinx) -> None:
    """Register the node and the hook, which comes after the figures' own lines."""
    app.add_node(reference_picture, html=(_visit, _depart))
    app.connect("doctree-resolved", place_reference_pictures, priority=600)
