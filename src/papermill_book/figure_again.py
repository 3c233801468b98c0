"""A figure of one chapter, shown again on another page: a cover needs no analysis of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from papermill_book.errors import known
from papermill_book.figure_pages import Drawing, drawn_by, find_drawings, picture, write_drawing
from papermill_book.pages import current_build

if TYPE_CHECKING:
    from sphinx.writers.html import HTMLTranslator

logger = logging.getLogger(__name__)


class again(nodes.General, nodes.Element):
    """The place of the drawing, until the page is written."""


class figure_again(nodes.General, nodes.Element):
    """A figure without a number: it has one where it was drawn."""


class words_again(nodes.General, nodes.Element):
    """What stands under it."""


def _open_figure(self: HTMLTranslator, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "figure", CLASS="align-default"))


def _close_figure(self: HTMLTranslator, _: nodes.Element) -> None:
    self.body.append("</figure>\n")


def _open_words(self: HTMLTranslator, _: nodes.Element) -> None:
    self.body.append("<figcaption>\n")


def _close_words(self: HTMLTranslator, _: nodes.Element) -> None:
    self.body.append("</figcaption>\n")


class FigureAgain(SphinxDirective):
    """``{figure-again}`` shows the figure of the given name; its content is the caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012 - docutils reads it from the class

    def run(self) -> list[nodes.Node]:
        """Make the figure."""
        place = again("", figure=self.arguments[0], alt=self.options.get("alt", ""))
        figure = figure_again("", place, words_again("", *self.parse_content_to_nodes()))
        figure["ids"].append(self.arguments[0])  # its address here; its number is that of the chapter
        self.set_source_info(figure)
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
        figure: nodes.Element = node.parent
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
        for words in figure.findall(words_again):
            words += nodes.legend("", drawn_by("", drawing=drawing))


def setup_figure_again(app: Sphinx) -> None:
    """Register the directive."""
    app.add_node(figure_again, html=(_open_figure, _close_figure))
    app.add_node(words_again, html=(_open_words, _close_words))
    app.add_directive("figure-again", FigureAgain)
    app.connect("doctree-resolved", place_again)
