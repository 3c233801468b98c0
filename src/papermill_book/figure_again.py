"""A figure of one chapter, shown again on another page: a cover needs no analysis of its own."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from papermill_book.errors import known
from papermill_book.figure_pages import Drawing, drawn_by, find_drawings, picture, write_drawing
from papermill_book.pages import current_build

logger = logging.getLogger(__name__)


class again(nodes.General, nodes.Element):
    """The place of the figure, until the page is written."""


class FigureAgain(SphinxDirective):
    """``{figure-again}`` shows the figure of the given name; its content is the caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012 - docutils reads it from the class

    def run(self) -> list[nodes.Node]:
        """Make the figure."""
        figure = nodes.figure("", again("", figure=self.arguments[0], alt=self.options.get("alt", "")))
        self.set_source_info(figure)
        caption = nodes.caption("", "")
        for paragraph in self.parse_content_to_nodes():
            caption += paragraph.children
        figure += caption
        return [figure]


def find_by_label(drawings: list[Drawing]) -> dict[str, Drawing]:
    """Give each drawing the name that its cell gave the figure, without ``fig-``."""
    return {drawing.name.removeprefix(f"{drawing.run.chapter.name}-"): drawing for drawing in drawings}


def place_again(app: Sphinx, doctree: nodes.document, _: str) -> None:
    """Put the drawings where they were asked for; only pages of a site have them."""
    wanted = list(doctree.findall(again))
    if not wanted:
        return
    drawings = find_by_label(list(find_drawings(current_build(app)).values()))
    for node in wanted:
        figure = node.parent
        drawing = drawings.get(node["figure"].removeprefix("fig-"))
        if drawing is None:
            logger.warning(
                "figure-again: no figure called %r. %s",
                node["figure"],
                known(node["figure"].removeprefix("fig-"), drawings),
                location=figure,
                type="papermill_book",
                subtype="figure",
            )
        if drawing is None or app.builder.format != "html":
            figure.parent.remove(figure)
            continue
        write_drawing(drawing, Path(app.outdir))
        node.replace_self(picture("", drawing=drawing, alt=node["alt"], classes=[]))
        figure.append(nodes.legend("", drawn_by("", drawing=drawing)))


def setup_figure_again(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("figure-again", FigureAgain)
    app.connect("doctree-resolved", place_again)
