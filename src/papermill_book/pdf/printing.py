"""Print the gathered book with Chromium: twice, since only a printed book knows the pages of its contents."""

from __future__ import annotations

import html
import json
import logging
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

from papermill_book.citation import Citation, address_of, citation_of
from papermill_book.errors import BookError
from papermill_book.pdf.gathering import Gathering, Heading, read_order
from papermill_book.provenance import combine, git_state, hash_code
from papermill_book.scratch import Scratch
from papermill_book.settings import Settings

# Chromium counts the objects of large files a little differently from pypdf, which would say so each time.
logging.getLogger("pypdf").setLevel(logging.ERROR)

#: Where the browser is, if it is not on the path under one of these names.
CHROMIUM_VARIABLE = "CHROMIUM"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Seconds for one print; a whole book takes well under a minute.
_PATIENCE = 600
_NOT_PRINTED = (
    "Printed as on the web pages, with two exceptions: code that only loads or draws, which the pages fold "
    "away, is left out, and so are the reference of the functions and the table of every reported number. "
    "Solutions of the exercises are printed where they stand."
)


@dataclass(frozen=True)
class Printed:
    """A PDF of the book."""

    path: Path
    pages: int
    """Number of pages."""
    without_font: tuple[str, ...] = ()
    """Languages of pages for which this machine has no font, so that their letters are empty boxes."""


def find_chromium() -> str:
    """Find the browser that prints.

    Returns
    -------
    str
        Its path.

    Raises
    ------
    BookError
        If there is none.
    """
    wanted = os.environ.get(CHROMIUM_VARIABLE)
    found = [path for name in ([wanted] if wanted else _CHROMIUM) if (path := shutil.which(name))]
    if not found:
        raise BookError(
            f"no Chromium found ({wanted or ', '.join(_CHROMIUM)}): install it, or name its path in "
            f"{CHROMIUM_VARIABLE}. It prints the PDF; nothing else in the book needs it."
        )
    return found[0]


def check_current(settings: Settings) -> None:
    """See that the pages of the last build are made from the sources and the code as they are now.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    BookError
        If a page has not been built, or its source or the code has changed since.
    """
    root = settings.root
    code = combine(hash_code(root, settings.code))
    for path in sorted((root / "_build" / "records").glob("*.json")):
        if json.loads(path.read_text(encoding="utf-8"))["code"]["sha256"] != code:
            raise BookError("the code has changed since the last build; build the book first")
    for entry in read_order(root / "_toc.yml"):
        kept = root / "_build" / "html" / "_sources" / f"{entry.docname}.md"
        source = root / f"{entry.docname}.md"
        if not kept.is_file() or kept.read_bytes() != source.read_bytes():
            raise BookError(f"{source.name} is not in the last build as it is now; build the book first")


def cover(citation: Citation, settings: Settings, built: str) -> str:
    """Write the first page.

    Parameters
    ----------
    citation : Citation
    settings : Settings
    built : str
        From what the pages were built.

    Returns
    -------
    str
        HTML.
    """
    lines = [
        f"Version {citation.version}, {citation.date.isoformat()}. {built}",
        _NOT_PRINTED,
        "Licences: " + ", ".join(citation.licenses) + ".",
    ]
    if address := address_of(citation, settings):
        lines.append(f'<a href="{html.escape(address)}">{html.escape(address)}</a>')
    about = "".join(f"<p>{line if line.startswith('<a') else html.escape(line)}</p>" for line in lines)
    return (
        f'<div class="cover"><h1>{html.escape(citation.title)}</h1>'
        f'<p class="authors">{html.escape(citation.signed)}</p>'
        f"<p>{html.escape(citation.abstract)}</p>"
        f'<div class="about">{about}</div></div>'
    )


def contents(headings: list[Heading], pages: Mapping[str, int]) -> str:
    """Write the table of contents.

    Parameters
    ----------
    headings : list of Heading
    pages : mapping of str to int
        Page of each heading's anchor, from 1; one that is missing gets no number yet.

    Returns
    -------
    str
        HTML.
    """
    items = "".join(
        f'<li class="level-{heading.level}"><a href="#{html.escape(heading.id)}">'
        f"{html.escape(heading.words)}</a><span>{pages.get(heading.id, '000')}</span></li>"
        for heading in headings
    )
    return f'<nav><h1 class="contents">Contents</h1><ol>{items}</ol></nav>'


def document(
    gathering: Gathering, citation: Citation, settings: Settings, pages: Mapping[str, int], built: str
) -> str:
    """Write the whole book as one HTML page.

    Parameters
    ----------
    gathering : Gathering
    citation : Citation
    settings : Settings
    pages : mapping of str to int
        As `contents` takes it.
    built : str
        As `cover` takes it.

    Returns
    -------
    str
    """
    style = Path(__file__).with_name("print.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{gathering.language}" data-theme="light"><head><meta charset="utf-8">',
            f"<title>{html.escape(citation.title)}</title>",
            '<link rel="stylesheet" href="_static/pygments.css">',
            f"<style>{style}</style>",
            gathering.math,
            "</head><body>",
            cover(citation, settings, built),
            contents(gathering.headings, pages),
            gathering.body,
            "</body></html>",
        ]
    )


def print_page(chromium: str, page: Path, target: Path, profile: Path) -> None:
    """Print one HTML file.

    Parameters
    ----------
    chromium : str
        Path of the browser.
    page, target : Path
        HTML in, PDF out.
    profile : Path
        Folder for what the browser keeps; nothing of the reader's own is used.

    Raises
    ------
    BookError
        If the browser fails or takes too long.
    """
    command = [
        chromium,
        "--headless",
        "--no-sandbox",  # the page is our own, and in containers there is no sandbox to be had
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing outside the site
        "--allow-file-access-from-files",
        f"--user-data-dir={profile}",
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",
        # Its own clock, which stops while scripts work: the print waits until the last formula is set.
        "--virtual-time-budget=600000",
        f"--print-to-pdf={target}",
        page.as_uri(),
    ]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BookError(f"{chromium} printed nothing in {_PATIENCE} s") from error
    if not target.is_file():
        raise BookError(f"{chromium} printed nothing:\n{done.stderr[-2000:]}")


def without_font(languages: Iterable[str]) -> tuple[str, ...]:
    """Ask the system for which languages it has no font.

    Parameters
    ----------
    languages : iterable of str
        Such as ``zh-Hans``.

    Returns
    -------
    tuple of str
        Empty as well where the system cannot be asked.
    """
    ask = shutil.which("fc-list")
    if ask is None:
        return ()
    missing = []
    for language in languages:
        done = subprocess.run(  # noqa: S603
            [ask, f":lang={language.split('-')[0]}", "family"], capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and not done.stdout.strip():
            missing.append(language)
    return tuple(missing)


def pages_of(path: Path) -> dict[str, int]:
    """Find the page on which each linked anchor stands.

    Parameters
    ----------
    path : Path
        A PDF.

    Returns
    -------
    dict of str to int
        Pages count from 1.
    """
    reader = PdfReader(path)
    return {
        name.removeprefix("/"): number + 1
        for name, place in reader.named_destinations.items()
        if (number := reader.get_destination_page_number(place)) is not None
    }


def settle(path: Path, target: Path, citation: Citation) -> int:
    """Write a PDF again with the book's metadata and without clock times.

    Parameters
    ----------
    path, target : Path
    citation : Citation

    Returns
    -------
    int
        Number of pages.
    """
    writer = PdfWriter(clone_from=path)
    released = datetime.combine(citation.date, time(), tzinfo=UTC).strftime("D:%Y%m%d%H%M%SZ")
    writer.metadata = None
    writer.add_metadata(
        {
            "/Title": citation.title,
            "/Author": citation.signed,
            "/Keywords": ", ".join(citation.keywords),
            "/CreationDate": released,
            "/ModDate": released,
        }
    )
    # Open with the bookmarks beside the page.
    writer.root_object[NameObject("/PageMode")] = NameObject("/UseOutlines")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        writer.write(file)
    return len(writer.pages)


def make_pdf(settings: Settings, target: Path) -> Printed:
    """Print the last build of the book.

    Parameters
    ----------
    settings : Settings
    target : Path
        The PDF.

    Returns
    -------
    Printed

    Raises
    ------
    BookError
        If there is no site, no citation file or no browser, or the browser fails.
    """
    citation = citation_of(settings)
    if citation is None:
        raise BookError(f"{settings.root / settings.citation} is missing; the first page is made from it")
    chromium = find_chromium()
    site = settings.root / "_build" / "html"
    gathering = Gathering(
        site, read_order(settings.root / "_toc.yml"), settings.not_in_pdf, settings.site_url
    )
    git = git_state(settings.root)
    built = f"Sources at commit {git['commit']}" if git else "Not built from a git checkout"
    built += ", with changes that are not committed." if git.get("changed") else "."
    with Scratch() as place:
        scratch = place.path
        for part in site.iterdir():
            (scratch / part.name).symlink_to(part.resolve())
        page, printed = scratch / "print-the-book.html", scratch / "print-the-book.pdf"
        pages: dict[str, int] = {}
        for _ in range(2):
            page.write_text(document(gathering, citation, settings, pages, built), encoding="utf-8")
            print_page(chromium, page, printed, scratch / ".chromium")
            pages = pages_of(printed)
        n_pages = settle(printed, target, citation)
    return Printed(target, n_pages, without_font(sorted(gathering.languages)))
