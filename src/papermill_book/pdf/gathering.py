"""Gather the pages of a built site into one page, in the order of reading, for print."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag

from papermill_book.errors import BookError

#: What a page shows to those who can click: it goes without saying on paper.
_FOR_SCREENS = (
    "script, style, button, template, .headerlink, .only-dark, .sd-stretched-link, .pb-offers, .pb-live, "
    ".tag_hide-input .cell_input"
)
#: What is too long for paper, and what stands there instead.
_TOO_LONG = {".pb-results": "Left out in print; it is on the web page, and in the results of the build."}


@dataclass(frozen=True)
class Entry:
    """One page of the table of contents."""

    docname: str
    part: str
    """Caption of the part it opens; empty otherwise."""


@dataclass(frozen=True)
class Heading:
    """A line of the printed contents."""

    id: str
    words: str
    level: int
    """1 for a part, 2 for a page, 3 for a section of a page."""


def read_order(path: Path) -> list[Entry]:
    """Read the order of reading from a ``_toc.yml``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Entry
        The first page first.

    Raises
    ------
    BookError
        If it is no table of contents of a book.
    """
    toc = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(toc, Mapping) or "root" not in toc:
        raise BookError(f"{path}: expected a table of contents with a root")

    def below(node: Mapping[str, Any]) -> Iterator[str]:
        for child in [*node.get("chapters", ()), *node.get("sections", ())]:
            if "file" in child:
                yield child["file"]
            yield from below(child)

    entries = [Entry(toc["root"], "")]
    entries += [Entry(docname, "") for docname in below(toc)]
    for part in toc.get("parts", ()):
        caption = part.get("caption", "")
        for docname in below(part):
            entries.append(Entry(docname, caption))
            caption = ""
    return entries


def slug(docname: str) -> str:
    """Prefix that keeps the anchors of one page apart from those of all others.

    Parameters
    ----------
    docname : str

    Returns
    -------
    str

    Examples
    --------
    >>> slug("book/1-learning/td")
    'book-1-learning-td'
    """
    return re.sub(r"[^\w-]", "-", docname)


def _is_outside(address: str) -> bool:
    return bool(re.match(r"[a-z][a-z0-9+.-]*:", address, re.IGNORECASE))


class Gathering:
    """The pages of a site, gathered into one.

    Parameters
    ----------
    site : Path
        The built site.
    entries : sequence of Entry
    left_out : collection of str
        Docnames that are not printed.
    site_url : str
        Public address, for links to what is not printed; empty for none.

    Raises
    ------
    BookError
        If a page has not been built.
    """

    def __init__(
        self, site: Path, entries: Sequence[Entry], left_out: Collection[str] = (), site_url: str = ""
    ) -> None:
        self.site = site
        self.site_url = site_url
        self.headings: list[Heading] = []
        self.math = ""
        self.language = "en"
        self.languages: set[str] = set()
        self._printed = {entry.docname for entry in entries} - set(left_out)
        self._first = entries[0].docname
        pages: list[str | Tag] = []
        part = ""
        for entry in entries:
            part = entry.part or part
            if entry.docname in self._printed:
                if part:
                    pages.append(self._open_part(part))
                    part = ""
                pages.append(self._page(entry.docname))
        self._unlink_what_is_not_there([page for page in pages if isinstance(page, Tag)])
        self.body = "\n".join(str(page) for page in pages)

    def _page(self, docname: str) -> Tag:
        path = self.site / f"{docname}.html"
        try:
            soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        except OSError as error:
            raise BookError(f"{path}: {error.strerror}; build the book first") from error
        article = soup.find("article")
        if not isinstance(article, Tag):
            raise BookError(f"{path}: no article in it")
        if docname == self._first and isinstance(soup.html, Tag):
            self.language = str(soup.html.get("lang") or self.language)
        self.math = self.math or _math_scripts(soup, posixpath.dirname(docname))
        _leave_out(article)
        _unfold(article)
        self._readdress(article, docname)
        self._lower_headings(article)
        self.languages |= {str(element["lang"]) for element in article.find_all(lang=True)}
        article.name = "section"
        article.attrs = {"class": "page", "id": slug(docname)}
        return article

    def _open_part(self, caption: str) -> str:
        id_ = f"part-{len(self.headings)}"
        self.headings.append(Heading(id_, caption, 1))
        return f'<h1 class="part" id="{id_}">{html.escape(caption)}</h1>'

    def _readdress(self, article: Tag, docname: str) -> None:
        """Make anchors unique in the whole book, and addresses such as hold from its root."""
        folder = posixpath.dirname(docname)
        for element in article.find_all(id=True):
            element["id"] = f"{slug(docname)}--{element['id']}"
        for name in ("aria-labelledby", "aria-describedby"):
            for element in article.select(f"[{name}]"):
                element[name] = " ".join(f"{slug(docname)}--{word}" for word in str(element[name]).split())
        for element in article.find_all("img", src=True):
            if not _is_outside(str(element["src"])):
                element["src"] = posixpath.normpath(posixpath.join(folder, str(element["src"])))
            element.attrs.pop("loading", None)  # what no screen has shown is printed all the same
        for element in article.find_all("a", href=True):
            address = str(element["href"])
            if _is_outside(address):
                continue
            path, _, fragment = address.partition("#")
            target = posixpath.normpath(posixpath.join(folder, path)) if path else f"{docname}.html"
            page = target.removesuffix(".html")
            if page in self._printed:
                element["href"] = "#" + slug(page) + (f"--{fragment}" if fragment else "")
            elif self.site_url:
                element["href"] = f"{self.site_url}/{target}" + (f"#{fragment}" if fragment else "")
            else:
                element.unwrap()

    def _lower_headings(self, article: Tag) -> None:
        """Leave the first level to the parts, and note what belongs into the contents."""
        for heading in article.find_all(re.compile("^h[1-6]$")):
            level = int(heading.name[1]) + 1
            heading.name = f"h{min(level, 6)}"
            section = heading.find_parent("section", id=True)
            if level <= 3 and section is not None:
                self.headings.append(Heading(str(section["id"]), " ".join(heading.get_text().split()), level))

    def _unlink_what_is_not_there(self, pages: Sequence[Tag]) -> None:
        """Keep no link to an anchor that is not printed, such as one in a table that is left out."""
        anchors = {str(element["id"]) for page in pages for element in page.find_all(id=True)}
        anchors |= {slug(docname) for docname in self._printed}
        for page in pages:
            for element in page.find_all("a", href=re.compile("^#")):
                if str(element["href"])[1:] not in anchors:
                    element.unwrap()


def _leave_out(article: Tag) -> None:
    for element in article.select(_FOR_SCREENS):
        if not element.decomposed:
            element.decompose()
    for selector, words in _TOO_LONG.items():
        for element in article.select(selector):
            element.name, element.attrs = "p", {}
            element.string = words
    for element in article.find_all("noscript"):
        element.unwrap()


def _unfold(article: Tag) -> None:
    for details in article.find_all("details"):
        details["open"] = ""
        if "hide" in details.get_attribute_list("class"):
            for summary in details.find_all("summary", recursive=False):
                summary.decompose()
            details.unwrap()


def _math_scripts(soup: BeautifulSoup, folder: str) -> str:
    """The scripts that draw formulas, as a page has them; empty if it has none."""
    loaded, said = [], []
    for script in soup.find_all("script"):
        source = str(script.get("src") or "").split("?")[0]
        if "mathjax" in source:
            place = source if _is_outside(source) else posixpath.normpath(posixpath.join(folder, source))
            loaded.append(f'<script src="{html.escape(place)}"></script>')
        elif "MathJax" in script.text:
            said.append(f"<script>{script.text}</script>")
    return "\n".join(said + loaded) if loaded else ""
