"""One build of the book as an RO-Crate: for each chapter, what ran, on what, and what came out.

It follows the Process Run Crate 0.5, on RO-Crate 1.1: one action a chapter, performed by papermill. What a
chapter was made of and what came out lies in the crate; recordings do not, and are named by their address
and their hash. The same build gives the same bytes.

Source: S. Leo et al. 2024, PLOS ONE 19(9):e0309210, and https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from papermill_book.citation import Citation, address_of, citation_of, swhid
from papermill_book.errors import BookError
from papermill_book.provenance import combine, sha256
from papermill_book.reporting import FIGURE_MIME
from papermill_book.settings import Settings

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
#: The profile's own name for a checksum; RO-Crate 1.1 has none.
_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_FORMATS = {
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".mat": "application/x-matlab-data",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
#: What a figure may be in an executed notebook: the best there is, and the suffix of its file.
_PICTURES = {"image/svg+xml": ".svg", "image/png": ".png"}
#: Deflate keeps a date of each file; this is the first it can hold.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Source:
    """Where a file of the data can be had by anyone."""

    address: str
    n_bytes: int
    citation: str
    """Whom to cite for it, in words."""


@dataclass(frozen=True)
class Drawing:
    """One figure of an executed notebook."""

    name: str
    """The name it has in the book, such as ``fig-reversal-points``."""
    caption: str
    files: Mapping[str, bytes]
    """Suffix to contents: the picture, and the table behind it as ``.csv`` where the notebook has one."""


def read_sources(path: Path) -> dict[str, Source]:
    """Read where each file of the data can be had.

    Parameters
    ----------
    path : Path
        JSON: name of a data set to ``base_url``, ``citation`` and ``files``, and there name of a file to
        ``sha256`` and ``bytes``.

    Returns
    -------
    dict of str to Source
        By SHA-256.

    Raises
    ------
    BookError
        If the file is absent or of another shape.
    """
    try:
        return {
            facts["sha256"]: Source(entry["base_url"] + quote(name), facts["bytes"], entry["citation"])
            for entry in json.loads(path.read_text(encoding="utf-8")).values()
            for name, facts in entry["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BookError(f"{path} is no register of data files: {error!r}") from error


def drawings_of(notebook: nbformat.NotebookNode) -> Iterator[Drawing]:
    """Find the figures of an executed notebook that have a name.

    Parameters
    ----------
    notebook : NotebookNode

    Yields
    ------
    Drawing
        In the order of the notebook.
    """
    for cell in notebook.cells:
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if cell.cell_type != "code" or "name" not in figure:
            continue
        files: dict[str, bytes] = {}
        for output in cell.outputs:
            bundle = output.get("data", {})
            for mime, suffix in _PICTURES.items():
                if mime in bundle and not files:
                    files[suffix] = bundle[mime].encode()
            if "csv" in bundle.get(FIGURE_MIME, {}):
                files[".csv"] = bundle[FIGURE_MIME]["csv"].encode()
        if files:
            yield Drawing(figure["name"], " ".join(figure.get("caption", "").split()), files)


def _compact(values: list[Any]) -> Any:
    """One value stands for itself in RO-Crate 1.1, not as a list of one."""
    return values[0] if len(values) == 1 else values


class _Crate:
    """An RO-Crate in the making, and the folder of the book it is made from."""

    def __init__(self, settings: Settings, citation: Citation, agent: str) -> None:
        self.settings = settings
        self.citation = citation
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms.update(_TERMS)
        address = address_of(citation, settings)
        # Who they are is told by the file that names them, while the book has no address of its own.
        self._authors = [
            self.entity(
                author.url or f"#author-{number}",
                "Organization" if author.is_group else "Person",
                name=author.name,
                url=author.url or address or {"@id": settings.citation},
            )
            for number, author in enumerate(citation.authors, 1)
        ]
        self._agent = self.entity("#agent", "Person", name=agent) if agent else self._authors[0]

    def entity(self, id_: str, type_: str, **properties: Any) -> ContextEntity:
        """Describe something that is not a file of the crate."""
        known = self.crate.get(id_)
        if known is not None:
            return known
        return self.crate.add(ContextEntity(self.crate, id_, properties={"@type": type_, **properties}))

    def licence(self, spdx: str) -> ContextEntity:
        """Name a licence by its SPDX identifier."""
        return self.entity(f"https://spdx.org/licenses/{spdx}", "CreativeWork", name=spdx, identifier=spdx)

    def file(self, place: str, contents: bytes, **properties: Any) -> Any:
        """Put a file into the crate."""
        return self.crate.add_file(
            io.BytesIO(contents),
            place,
            properties={
                "name": Path(place).name,
                "encodingFormat": _FORMATS.get(Path(place).suffix, "text/plain"),
                "contentSize": str(len(contents)),
                "sha256": hashlib.sha256(contents).hexdigest(),
                **properties,
            },
        )

    def data(self, part: Mapping[str, Any], sources: Mapping[str, Source]) -> Iterator[Any]:
        """Name the data that a chapter ran on: by address and hash where they are files, else in words."""
        if not part["files"]:
            id_ = "#data-" + hashlib.sha256(part["name"].encode()).hexdigest()[:12]
            words = f"{part['kind']} data, from the {part['origin']}. {part['note']}".strip()
            yield self.entity(id_, "CreativeWork", name=part["name"], description=words)
        for name, digest in part["files"].items():
            source = sources.get(digest)
            if source is None:
                yield self.entity(
                    f"#sha256-{digest}",
                    "CreativeWork",
                    name=name,
                    description=f"{part['name']}; not in this crate, and no public address of it is known.",
                    sha256=digest,
                )
                continue
            known = self.crate.get(source.address)
            yield known or self.crate.add_file(
                source.address,
                properties={
                    "name": name,
                    "description": f"{part['name']}. Not in this crate. {source.citation}",
                    "encodingFormat": _FORMATS.get(Path(name).suffix, "application/octet-stream"),
                    "contentSize": str(source.n_bytes),
                    "sha256": digest,
                    "sdDatePublished": self.citation.date.isoformat(),
                },
            )

    def action(self, record: Mapping[str, Any], objects: list[Any], results: list[Any]) -> ContextEntity:
        """Say that papermill ran one chapter."""
        name, packages = record["chapter"], record["packages"]
        python = self.entity(
            f"https://www.python.org/downloads/release/python-{record['python'].replace('.', '')}/",
            "SoftwareApplication",
            name="Python",
            url="https://www.python.org/",
            version=record["python"],
        )
        papermill = self.entity(
            f"https://pypi.org/project/papermill/{packages['papermill']}/",
            "SoftwareApplication",
            name="papermill",
            url="https://papermill.readthedocs.io/",
            version=packages["papermill"],
            softwareRequirements=python,
        )
        for parameter, value in record["parameters"].items():
            plain = value if isinstance(value, str | bool | int | float) else json.dumps(value)
            objects.append(
                self.entity(f"#parameter-{name}-{parameter}", "PropertyValue", name=parameter, value=plain)
            )
        overridden = f", {', '.join(record['overridden'])} changed" if record["overridden"] else ""
        return self.entity(
            f"#run-{name}",
            "CreateAction",
            name=f"Run the chapter {name}",
            description=(
                f"papermill ran {record['source']['path']} with profile {record['profile']}{overridden}, on "
                f"{record['machine']['system']}, in {record['seconds']:.0f} s."
            ),
            instrument=papermill,
            agent=self._agent,
            object=_compact(objects),
            result=_compact(results),
            endTime=record["ended"],
            actionStatus="http://schema.org/CompletedActionStatus",
        )

    def describe(self, records: list[Mapping[str, Any]], actions: list[ContextEntity]) -> None:
        """Describe the crate as a whole."""
        citation, root = self.citation, self.crate.root_dataset
        profile = self.entity(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
        git = records[0]["git"]
        built = f"Built with profile {records[0]['profile']}"
        if git:
            built += f" from commit {git['commit']}" + (", with changes on top" if git["changed"] else "")
        identifiers = [text for text in (citation.doi_url, swhid(git)) if text]
        works = [
            self.entity(f"https://doi.org/{work['doi']}", "ScholarlyArticle", name=work["title"])
            for work in citation.references
            if work.get("doi") and work.get("title")
        ]
        root.properties().update(
            {
                "name": citation.title,
                "description": f"{citation.abstract} {built}. Recordings are named, not included.",
                "datePublished": citation.date.isoformat(),
                "version": citation.version,
                "license": _compact([self.licence(spdx).id for spdx in citation.licenses]),
            }
        )
        groups = [author for author in self._authors if author.type == "Organization"]
        properties = {
            "license": [self.licence(spdx) for spdx in citation.licenses],
            "author": self._authors,
            "publisher": (groups or self._authors)[:1],
            "conformsTo": [profile],
            "mentions": actions,
            "citation": works,
            "keywords": [", ".join(citation.keywords)] if citation.keywords else [],
            "identifier": identifiers,
        }
        for name, values in properties.items():
            if values:
                root[name] = _compact(values)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BookError(f"{path}: {error.strerror}; build the book again") from error


def make_crate(settings: Settings, build: Path, target: Path, agent: str = "") -> int:
    """Make a crate of the last build.

    Parameters
    ----------
    settings : Settings
    build : Path
        The ``_build`` folder: its notebooks, results and records go into the crate.
    target : Path
        The zip file to write; it is replaced whole.
    agent : str
        Name of the person who ran the build, if it was not the book's authors.

    Returns
    -------
    int
        Number of files in the crate, its own description included.

    Raises
    ------
    BookError
        If there is no build or no citation file, a part of the build is missing, or a chapter was edited
        after it ran.
    """
    citation = citation_of(settings)
    if citation is None:
        raise BookError(f"{settings.root / settings.citation} not found: a crate needs a title and authors")
    paths = sorted((build / "records").glob("*.json"))
    if not paths:
        raise BookError(f"no records in {build / 'records'}; build the book first")
    records: list[Mapping[str, Any]] = [json.loads(_read(path)) for path in paths]
    sources = read_sources(settings.root / settings.data_register) if settings.data_register else {}
    crate = _Crate(settings, citation, agent)
    text = crate.licence(settings.text_license or citation.licenses[0])
    for path in _own_files(settings):
        crate.file(path.relative_to(settings.root).as_posix(), _read(path))
    claims = build / "results" / "claims.json"
    crate.file("results/claims.json", _read(claims), description="The claims, and their verdicts.")
    actions = []
    for record in records:
        name, place = record["chapter"], record["source"]["path"]
        if sha256(settings.root / place) != record["source"]["sha256"]:
            raise BookError(f"{place} was edited after it ran; build the book again, then make the crate")
        chapter = crate.file(place, _read(settings.root / place), license=text)
        code = crate.entity(
            f"#code-{record['code']['sha256'][:12]}",
            "PropertyValue",
            name="SHA-256 of the code: of the names and hashes of its files, which each record lists",
            value=combine(record["code"]["files"]),
        )
        objects = [chapter, code]
        for part in record["data"]:
            objects += crate.data(part, sources)
        executed = _read(build / "notebooks" / f"{name}.ipynb")
        words = {"notebooks": "As it ran.", "results": "What it reported.", "records": "What ran."}
        results = [
            crate.file(f"{folder}/{name}{suffix}", contents, description=words[folder])
            for folder, suffix, contents in (
                ("notebooks", ".ipynb", executed),
                ("results", ".json", _read(build / "results" / f"{name}.json")),
                ("records", ".json", _read(build / "records" / f"{name}.json")),
            )
        ]
        for drawing in drawings_of(nbformat.reads(executed.decode(), as_version=4)):
            for suffix, contents in drawing.files.items():
                what = "The numbers drawn in it. " if suffix == ".csv" else ""
                results.append(
                    crate.file(
                        f"figures/{name}/{drawing.name}{suffix}",
                        contents,
                        description=what + drawing.caption,
                        license=text,
                    )
                )
        actions.append(crate.action(record, list(dict.fromkeys(objects)), results))
    crate.describe(records, actions)
    return _write(crate.crate, target)


def _own_files(settings: Settings) -> list[Path]:
    """Licences, the citation file, and the lock: what an heir needs beside the chapters."""
    patterns = ("LICENSE*", settings.citation, "requirements*.txt")
    return sorted(path for pattern in patterns for path in settings.root.glob(pattern) if path.is_file())


def _write(crate: ROCrate, target: Path) -> int:
    """Zip a crate: sorted names, no times, and in its place only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".crate-", dir=target.parent))
    try:
        crate.write(folder / "crate")
        files = sorted(path for path in (folder / "crate").rglob("*") if path.is_file())
        with zipfile.ZipFile(folder / "crate.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in files:
                entry = zipfile.ZipInfo(path.relative_to(folder / "crate").as_posix(), _NO_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3  # Unix, wherever it is made
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())
        (folder / "crate.zip").replace(target)
    finally:
        shutil.rmtree(folder)
    return len(files)
