"""Ways out of a page: run it on Colab or Binder, see its source, mend it, open an issue about it.

All of them need the public address of the sources. While none is set, a page has none of these buttons:
a door that leads nowhere is worse than none.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from docutils import nodes
from sphinx.application import Sphinx

from papermill_book.pages import current_build
from papermill_book.settings import Settings


def _owner_and_name(settings: Settings) -> str:
    return settings.repository.removeprefix("https://github.com/")


def colab_url(settings: Settings, docname: str) -> str:
    """Address that opens a chapter's notebook on Colab.

    Parameters
    ----------
    settings : Settings
        With a repository.
    docname : str
        Of the chapter.

    Returns
    -------
    str
    """
    place = _owner_and_name(settings)
    branch = settings.notebooks_branch
    return f"https://colab.research.google.com/github/{place}/blob/{branch}/{quote(docname)}.ipynb"


def binder_url(settings: Settings, docname: str) -> str:
    """Address that opens a chapter's notebook on Binder, in the environment of the repository.

    Parameters
    ----------
    settings : Settings
        With a repository.
    docname : str
        Of the chapter.

    Returns
    -------
    str
    """
    place = _owner_and_name(settings)
    branch = quote(settings.notebooks_branch, safe="")
    return (
        f"https://mybinder.org/v2/gh/{place}/{branch}?urlpath={quote(f'lab/tree/{docname}.ipynb', safe='')}"
    )


def edit_url(settings: Settings, source: str) -> str:
    """Address at which the source of a page can be edited.

    Parameters
    ----------
    settings : Settings
        With a repository.
    source : str
        Path below the book's root.

    Returns
    -------
    str
    """
    return f"{settings.repository}/edit/{settings.branch}/{quote(source)}"


def issue_url(settings: Settings, title: str, source: str) -> str:
    """Address of a new issue about a page, which names it already.

    Parameters
    ----------
    settings : Settings
        With a repository.
    title : str
        Of the page.
    source : str
        Path below the book's root.

    Returns
    -------
    str
    """
    words = {"title": f"On “{title}”", "body": f"Page: `{source}`\n\n"}
    return f"{settings.repository}/issues/new?{urlencode(words, quote_via=quote)}"


def _link(text: str, tooltip: str, url: str, icon: str, label: str) -> dict[str, str]:
    return {"type": "link", "text": text, "tooltip": tooltip, "url": url, "icon": icon, "label": label}


def header_buttons(settings: Settings, docname: str, title: str, is_chapter: bool) -> list[dict[str, Any]]:
    """Make the buttons of a page, as sphinx-book-theme describes them.

    Parameters
    ----------
    settings : Settings
    docname : str
    title : str
        Of the page.
    is_chapter : bool
        Whether there is a notebook to open.

    Returns
    -------
    list of dict
        Empty while the sources have no public address.
    """
    if not settings.repository:
        return []
    source = f"{docname}.md"
    run = [
        _link("Colab", "Run this chapter on Google Colab", colab_url(settings, docname),
              "_static/images/logo_colab.png", "launch-colab-button"),
        _link("Binder", "Run this chapter on Binder", binder_url(settings, docname),
              "_static/images/logo_binder.svg", "launch-binder-button"),
    ]  # fmt: skip
    mend = [
        _link("Repository", "All sources", settings.repository, "fab fa-github", "source-repository-button"),
        _link("Suggest edit", "Edit the source of this page", edit_url(settings, source),
              "fas fa-pencil-alt", "source-edit-button"),
        _link("Open issue", "Open an issue about this page", issue_url(settings, title, source),
              "fas fa-lightbulb", "source-issues-button"),
    ]  # fmt: skip
    groups = []
    if is_chapter:
        groups.append({"type": "group", "tooltip": "Run this chapter", "icon": "fas fa-rocket",
                       "buttons": run, "label": "launch-buttons"})  # fmt: skip
    groups.append({"type": "group", "tooltip": "Sources", "icon": "fab fa-github",
                   "buttons": mend, "label": "source-buttons"})  # fmt: skip
    return groups


def open_doors(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the buttons into the header of a page that has a source."""
    if doctree is None:
        return
    build = current_build(app)
    title = app.env.titles[pagename].astext()
    is_chapter = build.by_docname(pagename) is not None
    buttons = header_buttons(build.settings, pagename, title, is_chapter)
    context["header_buttons"] = buttons + context.get("header_buttons", [])


def setup_doors(app: Sphinx) -> None:
    """Register the hook."""
    # After the theme has made its own buttons (501).
    app.connect("html-page-context", open_doors, priority=510)
