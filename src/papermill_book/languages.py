"""A page in another language than the book's: ``lang: zh-Hans`` in its top matter marks its text as such."""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def in_language(body: str, language: str, of_the_book: str) -> str:
    """Mark the text of a page as written in a language, and the line at its foot as in the book's own.

    Parameters
    ----------
    body : str
        HTML of the page's text.
    language, of_the_book : str
        Such as ``zh-Hans`` and ``en-GB``.

    Returns
    -------
    str
    """
    foot = '<div class="pb-ran'
    body = body.replace(foot, foot.replace("<div", f'<div lang="{html.escape(of_the_book)}"'))
    return f'<div lang="{html.escape(language)}">{body}</div>'


def mark_language(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Mark the text of a page that says which language it is in."""
    language = app.env.metadata[pagename].get("lang") if doctree is not None else None
    if language:
        context["body"] = in_language(context["body"], language, str(app.config.language))


def setup_languages(app: Sphinx) -> None:
    """Register the hook."""
    app.connect("html-page-context", mark_language)
