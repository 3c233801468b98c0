"""What programs read of a page: citation tags, schema.org data, and the typed links of FAIR Signposting.

Zotero and Google Scholar read the ``citation_*`` tags, search engines the JSON-LD, harvesters the links.
All of it comes from ``CITATION.cff``, the settings and this build; an address that has not been set is left
out, and so is everything that would need one.
"""

from __future__ import annotations

import html
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from papermill_book.build import Build
from papermill_book.citation import Author, Citation, citation_of
from papermill_book.pages import current_build
from papermill_book.widgets import as_json

NOTEBOOK_TYPE = "application/x-ipynb+json"
_SCHEMA = "https://schema.org/"
_CITATION_FILE = "CITATION.cff"
#: Kinds of reference in the Citation File Format, in the words of schema.org; the rest are creative works.
_KINDS = {"article": "ScholarlyArticle", "book": "Book", "data": "Dataset", "software": "SoftwareSourceCode"}


@dataclass(frozen=True)
class Page:
    """What this module needs to know of one page."""

    docname: str
    """Path of its source below the book's root, without suffix."""
    title: str
    kind: str
    """``Book`` for the first page, ``Chapter`` for a chapter, ``WebPage`` for any other."""
    language: str
    """Of its text, such as ``en-GB``."""
    up: str
    """The way from this page to the root of the site, such as ``../../``."""
    position: int = 0
    """Of a chapter, from 1."""


def license_url(identifier: str) -> str:
    """Address of a licence.

    Parameters
    ----------
    identifier : str
        SPDX identifier.

    Returns
    -------
    str

    Examples
    --------
    >>> license_url("BSD-3-Clause")
    'https://spdx.org/licenses/BSD-3-Clause'
    """
    return f"https://spdx.org/licenses/{identifier}"


def _page_url(page: Page, build: Build) -> str:
    """Public address of a page; empty while the site has none."""
    site = build.settings.site_url
    return f"{site}/{page.docname}.html" if site else ""


def _text_license(build: Build, citation: Citation) -> str:
    return build.settings.text_license or citation.licenses[0]


def citation_tags(page: Page, build: Build, citation: Citation) -> list[tuple[str, str]]:
    """The ``citation_*`` tags of a page, as Google Scholar and Zotero read them.

    Parameters
    ----------
    page : Page
    build : Build
    citation : Citation

    Returns
    -------
    list of (str, str)
        Name and content.
    """
    tags = [("citation_title", citation.title if page.kind == "Book" else page.title)]
    if page.kind != "Book":
        tags.append(("citation_inbook_title", citation.title))
    tags += [("citation_author", author.listed) for author in citation.authors]
    tags.append(("citation_publication_date", citation.date.strftime("%Y/%m/%d")))
    tags.append(("citation_language", page.language))
    tags += [("citation_keywords", word) for word in citation.keywords if page.kind == "Book"]
    if citation.doi and page.kind == "Book":
        tags.append(("citation_doi", citation.doi))
    if url := _page_url(page, build):
        tags.append(("citation_fulltext_html_url", url))
    return tags


def typed_links(
    page: Page, build: Build, citation: Citation, root: str, items: Iterable[str]
) -> list[tuple[str, str, str]]:
    """The typed links of a page, as FAIR Signposting asks for them.

    Parameters
    ----------
    page : Page
    build : Build
    citation : Citation
    root : str
        Docname of the first page.
    items : iterable of str
        Docnames of the chapters, which are the items of the first page.

    Returns
    -------
    list of (str, str, str)
        Relation, address, media type (empty where it goes without saying).
    """
    links = []
    # A page is cited by its own address; the DOI names the whole book.
    if cite_as := (citation.doi_url if page.kind == "Book" else "") or _page_url(page, build):
        links.append(("cite-as", cite_as, ""))
    links += [("author", author.url, "") for author in citation.authors if author.url]
    links.append(("license", license_url(_text_license(build, citation)), ""))
    links.append(("type", _SCHEMA + ("ScholarlyArticle" if page.kind == "Chapter" else page.kind), ""))
    links.append(("describedby", page.up + _CITATION_FILE, "application/yaml"))
    if page.kind == "Chapter":
        links.append(("item", f"{page.up}_sources/{page.docname}.ipynb", NOTEBOOK_TYPE))
    if page.kind == "Book":
        links += [("item", f"{page.up}{item}.html", "text/html") for item in items]
    else:
        links.append(("collection", f"{page.up}{root}.html", "text/html"))
    return links


def _people(authors: Iterable[Author]) -> list[dict[str, str]]:
    return [
        {
            "@type": "Organization" if author.is_group else "Person",
            "name": author.name,
            **({"url": author.url} if author.url else {}),
        }
        for author in authors
    ]


def _reference(entry: Mapping[str, Any]) -> dict[str, str]:
    work = {"@type": _KINDS.get(str(entry.get("type")), "CreativeWork"), "name": str(entry["title"])}
    if address := f"https://doi.org/{entry['doi']}" if entry.get("doi") else entry.get("url"):
        work["@id"] = str(address)
    return work


def linked_data(page: Page, build: Build, citation: Citation, items: Mapping[str, str]) -> dict[str, Any]:
    """What a page is, in the words of schema.org.

    Parameters
    ----------
    page : Page
    build : Build
    citation : Citation
    items : mapping of str to str
        Docname of each chapter to its title, in the order of reading.

    Returns
    -------
    dict
        Ready for JSON-LD.
    """
    settings = build.settings
    book: dict[str, Any] = {
        "@type": "Book",
        "name": citation.title,
        "author": _people(citation.authors),
        "datePublished": citation.date.isoformat(),
        "version": citation.version,
        "license": license_url(_text_license(build, citation)),
    }
    if identifier := citation.doi_url or settings.site_url:
        book["@id"] = identifier
    if page.kind != "Book":
        data: dict[str, Any] = {
            "@context": _SCHEMA,
            "@type": ["Chapter", "ScholarlyArticle"] if page.kind == "Chapter" else page.kind,
            **{key: value for key, value in book.items() if key not in ("@type", "@id")},
            "name": page.title,
            "inLanguage": page.language,
            "isAccessibleForFree": True,
            "isPartOf": book,
        }
        if page.kind == "Chapter":
            data["headline"] = page.title
            data["position"] = page.position
            data["encoding"] = {
                "@type": "MediaObject",
                "name": "The chapter as it ran, with its outputs",
                "contentUrl": f"{page.up}_sources/{page.docname}.ipynb",
                "encodingFormat": NOTEBOOK_TYPE,
            }
    else:
        software: dict[str, Any] = {
            "@type": "SoftwareSourceCode",
            "name": citation.title,
            "author": _people(citation.authors),
            "version": citation.version,
            "programmingLanguage": "Python",
            "license": [license_url(identifier) for identifier in citation.licenses],
        }
        if settings.repository:
            software["codeRepository"] = settings.repository
        data = {
            "@context": _SCHEMA,
            **book,
            "abstract": citation.abstract,
            "keywords": list(citation.keywords),
            "inLanguage": page.language,
            "isAccessibleForFree": True,
            "hasPart": [
                {
                    "@type": ["Chapter", "ScholarlyArticle"],
                    "name": title,
                    "position": number,
                    "url": f"{page.up}{docname}.html",
                }
                for number, (docname, title) in enumerate(items.items(), 1)
            ]
            + [software],
            "citation": [_reference(entry) for entry in citation.references],
        }
    if url := _page_url(page, build):
        data["url"] = url
    return data


def _attributes(**values: str) -> str:
    return " ".join(f'{name}="{html.escape(value, quote=True)}"' for name, value in values.items() if value)


def head_of(page: Page, build: Build, citation: Citation, root: str, items: Mapping[str, str]) -> str:
    """Everything of this module for the head of one page.

    Parameters
    ----------
    page : Page
    build : Build
    citation : Citation
    root : str
        Docname of the first page.
    items : mapping of str to str
        Docname of each chapter to its title, in the order of reading.

    Returns
    -------
    str
        Lines of HTML.
    """
    lines = [
        f"<meta {_attributes(name=name, content=content)} />"
        for name, content in citation_tags(page, build, citation)
    ]
    lines += [
        f"<link {_attributes(rel=relation, href=address, type=media)} />"
        for relation, address, media in typed_links(page, build, citation, root, items)
    ]
    data = as_json(linked_data(page, build, citation, items))
    lines.append(f'<script type="application/ld+json">{data}</script>')
    return "\n".join(lines)


def describe_page(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the metadata to the head of a page that has a source."""
    build = current_build(app)
    citation = citation_of(build.settings)
    if doctree is None or citation is None:
        return
    titles = {
        run.chapter.docname: app.env.titles[run.chapter.docname].astext() for run in build.runs.values()
    }
    root = app.config.root_doc
    kind = "Book" if pagename == root else "Chapter" if pagename in titles else "WebPage"
    page = Page(
        docname=pagename,
        title=app.env.titles[pagename].astext(),
        kind=kind,
        language=str(app.env.metadata[pagename].get("lang") or app.config.language),
        up="../" * pagename.count("/"),
        position=list(titles).index(pagename) + 1 if kind == "Chapter" else 0,
    )
    context["metatags"] = context.get("metatags", "") + "\n" + head_of(page, build, citation, root, titles)


def offer_citation(app: Sphinx, exception: Exception | None) -> None:
    """Put the citation file into the site, where the pages say that it is."""
    if exception is None and app.builder.format == "html":
        settings = current_build(app).settings
        if citation_of(settings) is not None:
            shutil.copyfile(settings.root / settings.citation, Path(app.outdir) / _CITATION_FILE)


def set_site_address(app: Sphinx) -> None:
    """Have Sphinx say on each page what its own address is, if the site has one."""
    if site := current_build(app).settings.site_url:
        app.config.html_baseurl = site


def setup_metadata(app: Sphinx) -> None:
    """Register the hooks."""
    # After the build is known (900).
    app.connect("builder-inited", set_site_address, priority=950)
    app.connect("html-page-context", describe_page)
    # Before the site is put in place (1000).
    app.connect("build-finished", offer_citation, priority=900)
