"""Keep on one line what a reader takes for one word, and say what a fold holds.

A browser sees a formula as a box and breaks the line on either side of it, so that the stop after it may open
the next line. And a folded cell, code and output alike, is called its "content", which tells nobody what is
in it.
"""

from __future__ import annotations

import re
from typing import Any, cast

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

#: What closes a phrase, and belongs to the word or formula before it.
_CLOSING = re.compile(r"[.,;:!?)\]’”]+")
#: What stands at a formula without a space, such as a bracket, and belongs to it.
_OPENING = re.compile(r"\S+$")


class HoldPunctuation(SphinxPostTransform):
    """Put each formula within a line into one box with what stands before and after it without a space."""

    default_priority = 400

    def run(self, **_: Any) -> None:
        """Wrap them."""
        for formula in list(self.document.findall(nodes.math)):
            parent = cast(nodes.Element, formula.parent)
            place = parent.index(formula)
            before, after = _text_at(parent, place - 1), _text_at(parent, place + 1)
            opening, closing = _OPENING.search(before), _CLOSING.match(after)
            if not opening and not closing:
                continue
            held = nodes.inline("", "", formula, classes=["pb-held"])
            parent[place] = held
            if opening:
                held.insert(0, nodes.Text(opening.group()))
                parent[place - 1] = nodes.Text(before[: opening.start()])
            if closing:
                held.append(nodes.Text(closing.group()))
                parent[place + 1] = nodes.Text(after[closing.end() :])


def _text_at(parent: nodes.Element, place: int) -> str:
    """The text at a place among the children; empty if something else or nothing is there."""
    found = parent[place] if 0 <= place < len(parent) else None
    return found.astext() if isinstance(found, nodes.Text) else ""


class NameFolds(SphinxPostTransform):
    """Name what is under a cell that is folded whole; myst-nb folds it at priority 199."""

    default_priority = 198
    formats = ("html",)

    def run(self, **_: Any) -> None:
        """Replace the name."""
        for cell in self.document.findall(nodes.container):
            if cell.get("hide_mode") == "all":
                for prompt in ("prompt_show", "prompt_hide"):
                    cell[prompt] = cell[prompt].replace("{type}", "code and what it prints")


def setup_holding(app: Sphinx) -> None:
    """Register both.

    Parameters
    ----------
    app : sphinx.application.Sphinx
    """
    app.add_post_transform(HoldPunctuation)
    app.add_post_transform(NameFolds)
