"""An address for each reported number: an anchor where it first stands on a page; a script copies it."""

from __future__ import annotations

import os
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from papermill_book.pages import anchor_of, reported

#: Scripts and styles that this package puts on pages.
STATIC = Path(__file__).with_name("static")


def anchor_numbers(doctree: nodes.document) -> None:
    """Give each reported number an anchor at its first place on a page.

    Parameters
    ----------
    doctree : docutils document
        Changed in place; a repetition is told the anchor.
    """
    taken: set[str] = set()
    for node in doctree.findall(reported):
        # A heading is printed again in menus and contents, where its anchor would be a second one.
        in_heading = any(isinstance(up, nodes.title) for up in _ancestors(node))
        if in_heading:
            continue
        if node["name"] in taken:
            node["anchor"] = anchor_of(node["name"])
        else:
            taken.add(node["name"])
            node["ids"].append(anchor_of(node["name"]))


def _ancestors(node: nodes.Node) -> list[nodes.Node]:
    above = []
    while (parent := node.parent) is not None:
        above.append(parent)
        node = parent
    return above


def _anchor_page(_: Sphinx, doctree: nodes.document) -> None:
    anchor_numbers(doctree)


def _offer_static(app: Sphinx, config: Config) -> None:
    # From the book's folder: Sphinx hashes its configuration into the site, which is to be the same anywhere.
    config.html_static_path.append(os.path.relpath(STATIC, app.confdir))


def setup_anchors(app: Sphinx) -> None:
    """Register the hooks and the script."""
    app.connect("config-inited", _offer_static)
    app.connect("doctree-read", _anchor_page)
    app.add_js_file("pb-addresses.js", loading_method="defer")
    app.add_css_file("pb-addresses.css")
