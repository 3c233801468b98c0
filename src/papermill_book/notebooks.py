"""Chapters as notebooks for people: executed, in plain Markdown, ready to run on Colab.

``python -m papermill_book export-notebooks DIR`` writes them. A branch with the sources *and* these files
beside them is what the buttons for Colab and Binder open.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from papermill_book.chapters import Chapter, write_notebook
from papermill_book.errors import BookError
from papermill_book.formatting import format_part, split_reference
from papermill_book.provenance import sha256
from papermill_book.settings import Settings

_ROLE = re.compile(r"\{(?P<role>[\w:-]+)\}`(?P<text>[^`]+)`")
_FENCE = re.compile(r"^(?P<fence>:{3,}|`{3,})\{(?P<name>[\w:-]+)\}[ ]*(?P<title>.*)$")
_OPTION = re.compile(r"^:[\w-]+:")
_LABEL = re.compile(r"^\([\w-]+\)=$")
_FORMULA_LABEL = re.compile(r"^\$\$ *\([\w:-]+\)$")
_PAGE = re.compile(r"\]\((?P<path>[\w./-]+)\.md(?P<anchor>#[\w-]+)?\)")
#: Directives that the book fills in, and that a notebook has nothing to show for.
_FILLED_IN = {"claims": "the table of claims"}

#: Outputs that speak to the book alone.
_FOR_THE_BOOK = ("application/vnd.papermill-book.", "application/papermill.record/")

_SETUP = """\
# On Google Colab: fetch the book's code and install what it was built with. Elsewhere, this does nothing.
import sys

if "google.colab" in sys.modules:
    import os
    import subprocess
    from pathlib import Path

    book, packages = Path("/content/book"), Path("/content/book-packages")
    if not book.exists():
        source = ["--depth", "1", "--branch", {branch}, {repository}]
        subprocess.run(["git", "clone", "--quiet", *source, book], check=True)
    if not packages.exists():
        # In a folder of its own: the programs that run this notebook keep their versions.
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", packages,
             "--requirement", book / "requirements.txt"],
            check=True,
        )
    sys.path[:0] = [str(book / "src"), str(packages)]
    os.chdir(book)
    print("Ready. If a library had been imported before, restart the session and run this cell again.")
"""


def plain_markdown(text: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Turn the MyST of a chapter into Markdown that any notebook program shows.

    Parameters
    ----------
    text : str
        Source of a Markdown cell.
    results : mapping
        Result id to value, unit, interval and n, so that reported numbers can be printed.

    Returns
    -------
    str
        Roles become their words, reported numbers their values, admonitions quotations, citations their
        keys in brackets, and links to other chapters links to their notebooks.

    Examples
    --------
    >>> plain_markdown("r = {reported}`r:.2f` {cite:p}`body2020`", {"r": {"value": 0.5}})
    'r = 0.50 [body2020]'
    """
    lines: list[str] = []
    quoting: list[str] = []  # the fences that are open, innermost last
    in_options = False
    code = ""  # the fence of plain code, which is left alone
    for line in text.splitlines():
        if code:
            lines.append(line)
            if line.strip() == code:
                code = ""
            continue
        found = _FENCE.match(line)
        if found:
            if lines and lines[-1].strip() and not quoting:
                lines.append("")
            quoting.append(found["fence"])
            in_options = True
            title = _roles(found["title"], results)
            if found["name"] in _FILLED_IN:
                lines.append(f"*Here the book shows {_FILLED_IN[found['name']]}.*")
            elif found["name"] == "admonition" and title:
                lines += [f"> **{title}**", ">"]
            continue
        if quoting and line.strip() == quoting[-1]:
            quoting.pop()
            lines.append("")
            continue
        if in_options and _OPTION.match(line):
            continue
        in_options = False
        if line.startswith("```"):
            code = "```"
        if not _LABEL.match(line):
            words = line if code else _PAGE.sub(r"](\g<path>.ipynb)", _roles(line, results))
            words = _FORMULA_LABEL.sub("$$", words)
            lines.append(f"> {words}".rstrip() if quoting else words)
    return "\n".join(lines)


def _roles(line: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    def words(found: re.Match[str]) -> str:
        role, text = found["role"], found["text"]
        if role == "reported":
            name, part, spec = split_reference(text, results)
            if name not in results:
                raise BookError(f"no chapter reported {name!r}; build the book first")
            return format_part(name, results[name], part, spec)
        if role in ("cite:p", "cite:t"):
            return f"[{text.replace(',', ', ')}]"
        if role == "numref":
            return "the figure “" + text.removeprefix("fig-").replace("-", " ") + "”"
        return text.split(" <")[0]

    return _ROLE.sub(words, line)


def setup_cell(settings: Settings) -> str:
    """Write the first cell of a notebook, which makes it run on Colab.

    Parameters
    ----------
    settings : Settings
        With a repository.

    Returns
    -------
    str
    """
    return _SETUP.format(
        branch=json.dumps(settings.notebooks_branch), repository=json.dumps(settings.repository)
    ).rstrip("\n")


def make_notebook(
    executed: NotebookNode, settings: Settings, results: Mapping[str, Mapping[str, Any]]
) -> NotebookNode:
    """Make the notebook of one chapter that people open.

    Parameters
    ----------
    executed : NotebookNode
        As the build left it.
    settings : Settings
    results : mapping
        Every result of the book, by id.

    Returns
    -------
    NotebookNode

    Raises
    ------
    BookError
        If the chapter's text prints a number that the build has not reported.
    """
    notebook: NotebookNode = nbformat.from_dict(executed)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    cells = []
    if settings.repository:
        cells.append(nbformat.v4.new_code_cell(setup_cell(settings), id="setup"))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = plain_markdown(cell.source, results)
            if not cell.source.strip():
                continue
        else:
            cell.outputs = [output for output in cell.outputs if not _silent(output)]
        cells.append(cell)
    notebook.cells = cells
    nbformat.validate(notebook)
    return notebook


def _silent(output: NotebookNode) -> bool:
    """Whether an output speaks to the book alone."""
    data = output.get("data", {})
    return bool(data) and all(mime.startswith(_FOR_THE_BOOK) for mime in data)


def export_notebooks(chapters: Mapping[str, Chapter], settings: Settings, folder: Path) -> list[Path]:
    """Write the notebook of every chapter, out of the last build, beside where its source would lie.

    Parameters
    ----------
    chapters : mapping of str to Chapter
        By name.
    settings : Settings
    folder : Path
        Gets ``DOCNAME.ipynb`` for each.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    BookError
        If a chapter has not been built, or its source has changed since.
    """
    build = settings.root / "_build"
    results: dict[str, Any] = {}
    for name, chapter in chapters.items():
        try:
            record = json.loads((build / "records" / f"{name}.json").read_text(encoding="utf-8"))
            results.update(json.loads((build / "results" / f"{name}.json").read_text(encoding="utf-8")))
        except OSError as error:
            raise BookError(f"{name} has not been built ({error}); build the book first") from error
        if record["source"]["sha256"] != sha256(chapter.path):
            raise BookError(f"{name} has changed since the last build; build the book again")
    written = []
    for name, chapter in chapters.items():
        executed = nbformat.read(build / "notebooks" / f"{name}.ipynb", as_version=4)
        path = folder / f"{chapter.docname}.ipynb"
        write_notebook(make_notebook(executed, settings, results), path)
        written.append(path)
    return written
