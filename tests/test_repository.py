"""What the repository promises of itself: declared imports, pinned and hashed requirements, no data."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from papermill_book.build import read_reference
from papermill_book.chapters import discover
from papermill_book.citation import as_apa, read_citation
from papermill_book.claims import read_claims
from papermill_book.comparison import read_tolerances
from papermill_book.reference import figures_folder, made_with_path, picture_of, read_json
from papermill_book.settings import read_settings, resolve_parameters

ROOT = Path(__file__).resolve().parents[1]
#: Import name to the name it is installed by, where they differ.
INSTALLED_AS = {
    "PIL": "pillow",
    "IPython": "ipython",
    "bs4": "beautifulsoup4",
    "docutils": "jupyter-book",
    "h5py": "pynwb",
    "jupyter_cache": "jupyter-cache",
    "jupyter_client": "ipykernel",
    "markdown_it": "jupyter-book",
    "matplotlib_inline": "ipykernel",
    "myst_nb": "jupyter-book",
    "myst_parser": "jupyter-book",
    "nbclient": "papermill",
    "nbformat": "papermill",
    "sklearn": "scikit-learn",
    "sphinx": "jupyter-book",
    "yaml": "pyyaml",
}


def names_in(lines: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", line.strip()) for line in lines)
    return {match.group().lower().replace("_", "-") for match in found if match}


def wanted() -> set[str]:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    return names_in([line for line in lines if line.strip() and not line.startswith(("#", "-"))])


def third_party_imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    own = {"distributional_dopamine", "papermill_book"}
    return {name for name in names if name not in sys.stdlib_module_names and name not in own}


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = names_in(project["dependencies"]) | names_in(
        [line for extra in project.get("optional-dependencies", {}).values() for line in extra]
    )
    for path in sorted((ROOT / "src").rglob("*.py")):
        for name in third_party_imports(path):
            installed = INSTALLED_AS.get(name, name).lower().replace("_", "-")
            assert installed in declared, (
                f"{path.relative_to(ROOT)} imports {name}: declare it in pyproject.toml"
            )
            assert installed in wanted() | {"ipython"}, f"{name}: add it to requirements.in, with its reason"


def test_every_requirement_gives_its_reason() -> None:
    for line in (ROOT / "requirements.in").read_text().splitlines():
        if line.strip() and not line.startswith(("#", "-")):
            assert re.search(r"#\s*\w+", line), f"requirements.in: why {line.strip()}?"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_every_version_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_test_lock_agrees_with_the_book_lock() -> None:
    def pins(name: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for package, version in re.findall(
            r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE
        ):
            found.setdefault(package, set()).add(version)
        return found

    book, test = pins("requirements.txt"), pins("requirements-test.txt")
    for package in book.keys() & test.keys():
        assert test[package] <= book[package], package


def test_no_recording_is_tracked() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert tracked
    data = [
        name
        for name in tracked
        if re.search(r"\.(mat|nwb|h5|hdf5|npz|npy|parquet|pkl)$", name, re.IGNORECASE)
    ]
    assert data == []


def test_versions_and_titles_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert citation["version"] == project["version"]
    assert citation["title"] == config["title"]
    assert (ROOT / "README.md").read_text().startswith(f"# {config['title']}\n")
    (author,) = project["authors"]
    assert [author] == citation["authors"]
    assert config["author"] == author["name"]
    # The sentence to cite the book with; its year is that of the release.
    assert as_apa(read_citation(ROOT / "CITATION.cff")) in (ROOT / "README.md").read_text()


def test_profiles_and_claims_fit_the_chapters() -> None:
    settings = read_settings(ROOT)
    chapters = discover(ROOT)
    for profile in settings.profiles:
        resolve_parameters(read_settings(ROOT, profile=profile), chapters)
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book" / "references.bib").read_text(), re.MULTILINE))
    for claim in read_claims(ROOT / settings.claims):
        assert claim.chapter in chapters, claim.id
        assert claim.cite in keys, claim.id


def test_every_chapter_is_in_the_table_of_contents() -> None:
    toc = (ROOT / "_toc.yml").read_text()
    for chapter in discover(ROOT).values():
        assert f"file: {chapter.docname}\n" in toc, chapter.docname


def test_every_bibliography_entry_can_be_found() -> None:
    text = (ROOT / "book" / "references.bib").read_text()
    for entry in re.split(r"^@", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"\b(doi|url|eprint|isbn)\s*=|howpublished\s*=\s*\{\\url", entry, re.IGNORECASE), (
            entry[:80]
        )


def test_tolerances_and_reference_figures_fit_the_reference() -> None:
    settings = read_settings(ROOT)
    reference = read_reference(ROOT / settings.reference)
    for pattern in read_tolerances(settings.tolerances):
        assert any(fnmatchcase(name, pattern) for name in reference), pattern
    for name in settings.reference_figures:
        svg = picture_of(settings, name)
        assert svg is not None, f"{name}: 'make reference' keeps it"
        assert "<image" not in svg, f"{name} has pixels: single events may be among them"
    kept = {path.stem for path in figures_folder(settings).iterdir()}
    assert kept == set(settings.reference_figures)
    made_with = read_json(made_with_path(settings))
    assert sorted(name for part in made_with["chapters"].values() for name in part["results"]) == sorted(
        reference
    )
