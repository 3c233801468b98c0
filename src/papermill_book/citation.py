"""How the book is cited: read from ``CITATION.cff``, said in the forms that people and programs use."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from papermill_book.errors import BookError
from papermill_book.settings import Settings

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
#: What the schema of the Citation File Format 1.2.0 demands, and what the forms below need besides.
_NEEDED = ("cff-version", "message", "title", "authors", "version", "date-released", "license")


@dataclass(frozen=True)
class Author:
    """A person, or a group that signs as one."""

    name: str
    """As it is printed in full: ``Clara Kwon Starkweather``, or the name of the group."""
    family: str = ""
    """Family name, with its particle; empty for a group."""
    given: str = ""
    """Given names; empty for a group."""
    url: str = ""
    """ORCID, else a website; empty if there is neither."""

    @property
    def is_group(self) -> bool:
        """Whether this is a group rather than a person."""
        return not self.family

    @property
    def listed(self) -> str:
        """As it stands in a list of references: family name first; a group as it is."""
        return self.name if self.is_group else f"{self.family}, {self.given}".rstrip(", ")

    @property
    def abbreviated(self) -> str:
        """As `listed`, with initials for given names."""
        if self.is_group:
            return self.name
        initials = " ".join(f"{word[0]}." for word in self.given.split())
        return f"{self.family}, {initials}".rstrip(", ")


@dataclass(frozen=True)
class Citation:
    """What ``CITATION.cff`` says."""

    title: str
    abstract: str
    version: str
    date: datetime.date
    """When this version was released."""
    authors: tuple[Author, ...]
    licenses: tuple[str, ...]
    """SPDX identifiers."""
    keywords: tuple[str, ...]
    doi: str
    """Such as ``10.5281/zenodo.1234``; empty while there is none."""
    references: tuple[Mapping[str, Any], ...]
    """What the file asks to be cited besides, as it stands there."""
    text: str
    """The file itself."""

    @property
    def doi_url(self) -> str:
        """Address that leads from the DOI to the work; empty while there is no DOI."""
        return f"https://doi.org/{self.doi}" if self.doi else ""

    @property
    def signed(self) -> str:
        """The authors in one line, in full."""
        return ", ".join(author.name for author in self.authors)


def _author(entry: Any, path: Path) -> Author:
    if not isinstance(entry, Mapping):
        raise BookError(f"{path}: an author is {entry!r}; expected a mapping with a name")
    url = str(entry.get("orcid") or entry.get("website") or "")
    if "name" in entry:
        return Author(name=str(entry["name"]), url=url)
    family = " ".join(str(entry[key]) for key in ("name-particle", "family-names") if entry.get(key))
    given = str(entry.get("given-names") or "")
    if not family:
        raise BookError(f"{path}: an author has neither name nor family-names: {dict(entry)!r}")
    return Author(name=f"{given} {family}".strip(), family=family, given=given, url=url)


def read_citation(path: Path) -> Citation:
    """Read a ``CITATION.cff``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Citation

    Raises
    ------
    BookError
        If the file is not YAML, lacks what a citation needs, or holds a date or a DOI that is none.
    """
    text = path.read_text(encoding="utf-8")
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BookError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(entries, Mapping):
        raise BookError(f"{path}: expected a mapping as in the Citation File Format 1.2.0")
    missing = [key for key in _NEEDED if not entries.get(key)]
    if missing:
        raise BookError(f"{path}: {', '.join(missing)} missing; a citation needs it")
    date = entries["date-released"]
    if not isinstance(date, datetime.date):
        raise BookError(f"{path}: date-released is {date!r}; expected a date such as 2026-01-31")
    doi = str(entries.get("doi") or "")
    if doi and not _DOI.fullmatch(doi):
        raise BookError(f"{path}: doi is {doi!r}; expected 10.NNNN/NAME, without an address before it")
    licenses = entries["license"]
    return Citation(
        title=str(entries["title"]),
        abstract=" ".join(str(entries.get("abstract") or "").split()),
        version=str(entries["version"]),
        date=date,
        authors=tuple(_author(entry, path) for entry in entries["authors"]),
        licenses=(licenses,) if isinstance(licenses, str) else tuple(licenses),
        keywords=tuple(str(word) for word in entries.get("keywords") or ()),
        doi=doi,
        references=tuple(entries.get("references") or ()),
        text=text,
    )


def citation_of(settings: Settings) -> Citation | None:
    """The citation of a book, or None if it has no citation file.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    Citation or None
    """
    path = settings.root / settings.citation
    return read_citation(path) if path.is_file() else None


def address_of(citation: Citation, settings: Settings) -> str:
    """Where the book is to be found: its DOI, else its site, else its sources; empty if none is set.

    Parameters
    ----------
    citation : Citation
    settings : Settings

    Returns
    -------
    str
    """
    return citation.doi_url or settings.site_url or settings.repository


def _braced(text: str) -> str:
    """Keep BibTeX from reading a letter of `text` as a command, or changing its case."""
    escaped = re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", r"\textbackslash "))
    return f"{{{escaped}}}"


def as_bibtex(citation: Citation, address: str = "", commit: str = "") -> str:
    """Say how to cite the book in BibTeX.

    Parameters
    ----------
    citation : Citation
    address : str
        As `address_of` gives it.
    commit : str
        Of the sources; may be empty.

    Returns
    -------
    str
    """
    authors = " and ".join(
        _braced(author.name) if author.is_group else author.listed for author in citation.authors
    )
    first = citation.authors[0].family or citation.authors[0].name
    words = re.findall(r"[a-z0-9]+", first.lower())
    key = "-".join(word for word in words if word not in ("the", "a", "an"))
    note = f"Executable book, version {citation.version}" + (f", commit {commit[:12]}" if commit else "")
    fields = {
        "author": f"{{{authors}}}",
        "title": f"{{{_braced(citation.title)}}}",
        "year": f"{{{citation.date.year}}}",
        "month": _MONTHS[citation.date.month - 1],
        "version": _braced(citation.version),
        "note": _braced(note),
    }
    if citation.doi:
        fields["doi"] = f"{{{citation.doi}}}"
    if address:
        fields["url"] = f"{{{address}}}"
    width = max(map(len, fields))
    lines = [f"  {name:<{width}} = {value}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{key}-{citation.date.year},", *lines, "}"])


def as_apa(citation: Citation, address: str = "") -> str:
    """Say how to cite the book in the style of the American Psychological Association.

    Parameters
    ----------
    citation : Citation
    address : str
        As `address_of` gives it.

    Returns
    -------
    str
    """
    names = [author.abbreviated for author in citation.authors]
    signed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + f", & {names[-1]}"
    full_stop = "" if signed.endswith(".") else "."
    words = (
        f"{signed}{full_stop} ({citation.date.year}). {citation.title} "
        f"(Version {citation.version}) [Executable book]."
    )
    return f"{words} {address}".rstrip()


def swhid(git: Mapping[str, Any]) -> str:
    """Software Heritage's identifier of the source tree, which git computes in the same way.

    Parameters
    ----------
    git : mapping
        As `papermill_book.provenance.git_state` gives it.

    Returns
    -------
    str
        Empty outside a checkout.
    """
    return f"swh:1:dir:{git['tree']}" if git.get("tree") else ""
