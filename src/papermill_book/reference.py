"""The reference: what a full build on recorded data found, kept to hold other builds against.

Beside the results lie what they were made of and with (``made-with.json``), and the pictures of some figures,
which pages show beside simulated ones.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat

from papermill_book.build import read_reference
from papermill_book.claims import read_claims
from papermill_book.comparison import Comparison, compare_builds, describe_making, read_tolerances
from papermill_book.crate import drawings_of
from papermill_book.errors import BookError, known
from papermill_book.provenance import locked_versions, write_json
from papermill_book.settings import Settings

#: Bytes of a compressed picture: a repository keeps every version of it for good.
LARGEST_PICTURE = 40_000


def read_json(path: Path) -> Any:
    """Read a JSON file of the last build.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object

    Raises
    ------
    BookError
        If it is missing or torn.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise BookError(f"{path}: {error}; build the book again") from error


def read_build(build: Path) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Read the records and results of a build.

    Parameters
    ----------
    build : Path
        A ``_build`` folder.

    Returns
    -------
    records : list of dict
    results : dict of str to dict
        Chapter to result id to ``{value, unit, interval, n}``.

    Raises
    ------
    BookError
        If there is none.
    """
    records = [read_json(path) for path in sorted((build / "records").glob("*.json"))]
    if not records:
        raise BookError(f"no records in {build / 'records'}; build the book first")
    results = {
        record["chapter"]: read_json(build / "results" / f"{record['chapter']}.json") for record in records
    }
    return records, results


def made_with_path(settings: Settings) -> Path:
    """Where it stands what the reference was made of and with."""
    return (settings.root / settings.reference).with_name("made-with.json")


def figures_folder(settings: Settings) -> Path:
    """Where the pictures of the reference build are."""
    return (settings.root / settings.reference).with_name("figures")


def _locked(settings: Settings) -> dict[str, list[str]]:
    return locked_versions(settings.root / "requirements.txt")


def write_reference(settings: Settings, build: Path) -> int:
    """Keep a build as the reference: only a full one, on recorded data, will do.

    Parameters
    ----------
    settings : Settings
    build : Path
        The ``_build`` folder.

    Returns
    -------
    int
        Number of results.

    Raises
    ------
    BookError
        If the build will not do, a figure that is to be kept is not in it, or a picture is too large.
    """
    records, results = read_build(build)
    for record in records:
        if record["profile"] != "full" or record["overridden"]:
            raise BookError(
                f"{record['chapter']} ran with profile {record['profile']!r}; a reference needs 'full'"
            )
        for data in record["data"]:
            if data["kind"] != "recorded":
                raise BookError(
                    f"{record['chapter']} ran on {data['kind']} data; a reference needs recordings"
                )
    pictures = _pictures(settings, build / "notebooks")
    path = settings.root / settings.reference
    flat = {name: result for chapter in results.values() for name, result in chapter.items()}
    write_json(path, dict(sorted(flat.items())))
    making = describe_making(records, _locked(settings))
    for chapter, part in making["chapters"].items():
        part["results"] = sorted(results[chapter])
    write_json(made_with_path(settings), making)
    folder = figures_folder(settings)
    shutil.rmtree(folder, ignore_errors=True)
    for name, contents in pictures.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents)
    return len(read_reference(path))


def _pictures(settings: Settings, notebooks: Path) -> dict[str, bytes]:
    """File name to contents of every picture that is to be kept."""
    found: dict[str, bytes] = {}
    names = set()
    for path in sorted(notebooks.glob("*.ipynb")):
        for drawing in drawings_of(nbformat.read(path, as_version=4)):
            if ".svg" in drawing.files:
                names.add(drawing.name)
            if drawing.name not in settings.reference_figures or ".svg" not in drawing.files:
                continue
            contents = gzip.compress(drawing.files[".svg"], mtime=0)
            if len(contents) > LARGEST_PICTURE:
                raise BookError(
                    f"{path}: {drawing.name} has {len(contents)} bytes, compressed; a reference figure may "
                    f"have {LARGEST_PICTURE}. Take it out of papermill_book.reference_figures in _config.yml"
                )
            found[f"{drawing.name}.svgz"] = contents
    for name in settings.reference_figures:
        if f"{name}.svgz" not in found:
            raise BookError(
                f"_config.yml: reference_figures: no figure {name!r} drawn as SVG. {known(name, names)}"
            )
    return found


def compare_with_reference(settings: Settings, build: Path) -> Comparison:
    """Hold a build against the reference.

    Parameters
    ----------
    settings : Settings
    build : Path
        The ``_build`` folder.

    Returns
    -------
    Comparison

    Raises
    ------
    BookError
        If there is no build or no reference.
    """
    records, results = read_build(build)
    path = settings.root / settings.reference
    flat = read_reference(path)
    if not flat or not made_with_path(settings).is_file():
        raise BookError(
            f"no reference in {path.parent}; 'make reference' writes it, with the recordings at hand"
        )
    making = read_json(made_with_path(settings))
    reference = {
        chapter: {name: flat[name] for name in part["results"] if name in flat}
        for chapter, part in making["chapters"].items()
    }
    chapters = compare_builds(
        results,
        reference,
        describe_making(records, _locked(settings)),
        making,
        read_tolerances(settings.tolerances),
    )
    left_out = {
        name
        for one in chapters
        if one.not_compared
        for name in (*results.get(one.chapter, {}), *reference.get(one.chapter, {}))
    }
    claims = [claim.id for claim in read_claims(settings.root / settings.claims) if claim.result in left_out]
    return Comparison(chapters, tuple(claims))


def picture_of(settings: Settings, figure: str) -> str | None:
    """The reference build's drawing of a figure as SVG, if it is kept.

    Parameters
    ----------
    settings : Settings
    figure : str
        Its name in the book.

    Returns
    -------
    str or None

    Raises
    ------
    BookError
        If the file is damaged.
    """
    path = figures_folder(settings) / f"{figure}.svgz"
    if not path.is_file():
        return None
    try:
        return gzip.decompress(path.read_bytes()).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BookError(f"{path} is damaged ({error}); take it from the repository again") from error
