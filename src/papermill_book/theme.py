"""What the theme puts on every page, made lighter, and said in words where it only shows a picture."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from papermill_book.pages import current_build

_TEMPLATES = Path(__file__).parent / "templates"

#: Longest description of a page; search engines and cards cut longer ones.
LONGEST_DESCRIPTION = 200

#: Files of the theme that no page asks for: its sources, and FontAwesome, for which pb-theme.css stands in.
_UNUSED = (
    "scripts/*.map",
    "styles/*.map",
    "scripts/fontawesome.js*",
    "vendor/fontawesome",
    "locales",
    "sphinx-thebe.*",
)


def describe(text: str, longest: int = LONGEST_DESCRIPTION) -> str:
    """Cut a text to whole sentences, or to whole words if its first sentence is too long.

    Parameters
    ----------
    text : str
    longest : int
        Characters.

    Returns
    -------
    str

    Examples
    --------
    >>> describe("A bell rings. A drop falls. Nobody is surprised.", longest=30)
    'A bell rings. A drop falls.'
    >>> describe("A bell that nobody had heard before rings.", longest=20)
    'A bell that nobody…'
    >>> describe("A bell rings (Fig. 1, left): who is surprised (Fig. 2)?")
    'A bell rings: who is surprised?'
    """
    # Where a description is read, no figure stands beside it.
    text = re.sub(r"\s*\(Fig\.[^()]*\)", "", " ".join(text.split()))
    if len(text) <= longest:
        return text
    sentences = re.findall(r".+?[.?!](?=\s|$)", text[: longest + 1])
    if sentences and len("".join(sentences)) <= longest:
        return "".join(sentences).strip()
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def first_words(doctree: nodes.document) -> str:
    """Find the first paragraph of a page that is its own text: not a note, a table or small print."""
    for paragraph in doctree.findall(nodes.paragraph):
        ancestor: nodes.Element | None = paragraph.parent
        while ancestor is not None:
            if isinstance(ancestor, nodes.Admonition | nodes.table | nodes.figure | nodes.list_item):
                break
            if "pb-ran" in ancestor["classes"]:
                break
            ancestor = ancestor.parent
        else:
            return paragraph.astext()
    return ""


def add_description(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give each page what a search engine or a card in a message shows: title, words, a picture."""
    book = app.config.html_title
    is_cover = pagename == app.config.root_doc
    title = book if is_cover else re.sub(r"<[^>]+>", "", context.get("title") or book)
    text = describe(first_words(doctree)) if doctree is not None else ""
    content = {
        "og:title": title,
        "og:description": text or f"{title}: a page of {book}.",
        "og:type": "book" if is_cover else "article",
        "og:site_name": book,
    }
    build = current_build(app)
    image = context.get("social_image")
    # The picture is of recorded data: beside a book of simulated ones it would claim what is not there.
    if image and not build.simulated:
        site = build.settings.site_url
        # Cards want a whole address; without a public one, the picture is at least found in a folder.
        content["og:image"] = (
            f"{site}/_static/{image}" if site else context["pathto"](f"_static/{image}", True)
        )
        content["og:image:alt"] = context.get("social_image_alt", title)
        content["twitter:card"] = "summary_large_image"
    lines = [f'<meta name="description" content="{escape(content["og:description"])}" />']
    for name, value in content.items():
        kind = "name" if name.startswith("twitter") else "property"
        lines.append(f'<meta {kind}="{name}" content="{escape(value)}" />')
    context["metatags"] = context.get("metatags", "") + "\n    " + "\n    ".join(lines) + "\n"


def drop_unused(_: Sphinx, __: str, ___: str, context: dict[str, Any], ____: nodes.document) -> None:
    """Drop the scripts and styles of thebe, which would fetch a kernel from the network."""

    def is_used(asset: Any) -> bool:
        name = getattr(asset, "filename", asset) or ""
        body = getattr(asset, "attributes", {}).get("body") or ""
        return "thebe" not in str(name) and "thebe" not in body.lower()

    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context.get(kind, []) if is_used(asset)]


def mend_markup(_: Sphinx, __: str, ___: str, context: dict[str, Any], ____: nodes.document) -> None:
    """Put right what a screen reader or a keyboard stumbles over in the pages that others write."""
    body = context.get("body")
    if body:
        context["body"] = mended(body)


def mended(body: str) -> str:
    """Mend the markup of a page.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
        The same, where what folds away is called by the words on it and holds no links, the bibliography is
        not a list without items, a table that scrolls sideways can be reached with the keyboard, and nothing
        is left of thebe.

    Examples
    --------
    >>> mended('<summary aria-label="Toggle hidden content">Show <a href="#f">f</a></summary>')
    '<summary>Show f</summary>'
    >>> mended('<div class="pb-table pb-claims docutils container">')
    '<div tabindex="0" role="region" aria-label="Table" class="pb-table pb-claims docutils container">'
    """
    body = body.replace('<summary aria-label="Toggle hidden content"', "<summary")
    body = re.sub(
        r"<summary\b.*?</summary>",
        lambda summary: re.sub(r"</?a\b[^>]*>", "", summary[0]),
        body,
        flags=re.DOTALL,
    )
    body = body.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    body = body.replace(' role="doc-biblioentry"', "")
    body = re.sub(r'<script type="text/x-thebe-config">.*?</script>\s*', "", body, flags=re.DOTALL)
    return re.sub(r'<div (?=class="pb-table)', '<div tabindex="0" role="region" aria-label="Table" ', body)


def remove_unused(app: Sphinx, exception: Exception | None) -> None:
    """Take files that no page asks for out of the site."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for pattern in _UNUSED:
        for path in sorted(static.glob(pattern)):
            if path.is_dir():
                for file in sorted(path.rglob("*"), reverse=True):
                    file.rmdir() if file.is_dir() else file.unlink()
                path.rmdir()
            else:
                path.unlink()


def add_templates(app: Sphinx, config: Config) -> None:
    """Put this package's templates before the theme's."""
    # From the book's folder: Sphinx hashes its configuration into the site, which is to be the same anywhere.
    config.templates_path.insert(0, os.path.relpath(_TEMPLATES, app.confdir))


def setup_theme(app: Sphinx) -> None:
    """Register what this module does to pages."""
    app.add_css_file("pb-theme.css")
    app.add_js_file("pb-theme.js", loading_method="defer")
    app.connect("config-inited", add_templates)
    app.connect("html-page-context", add_description, priority=600)
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("html-page-context", mend_markup, priority=900)
    # Before the site is put in place.
    app.connect("build-finished", remove_unused, priority=900)
