"""Chapters as they are written: MyST Markdown in, notebook with source lines and parameters out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode

from papermill_book.errors import BookError, known

PARAMETERS_TAG = "parameters"
#: The tag papermill gives to the cell it adds; also a word no chapter may use for its own cell.
INJECTED_TAG = "injected-parameters"


@dataclass(frozen=True)
class Chapter:
    """One chapter: a notebook written in Markdown, and what a rebuilder may change in it."""

    name: str
    """Stem of the source file; unique in the book."""
    docname: str
    """Path of the source below the book's root, without suffix, as Sphinx names it."""
    path: Path
    """The source file."""
    notebook: NotebookNode
    """The cells, without outputs. Cell ids are fixed by position."""
    lines: tuple[int, ...]
    """For each cell, the line of the source file on which its own first line stands (from 1)."""
    parameters: dict[str, Any]
    """Name and default of each parameter, in the order of the tagged cell."""

    def line_of(self, cell: int, line_in_cell: int = 1) -> int:
        """Line of the source file for line `line_in_cell` (from 1) of cell `cell` (from 0)."""
        return self.lines[cell] + line_in_cell - 1


def is_chapter(path: Path) -> bool:
    """Whether `path` is a Markdown file with the top matter of a notebook."""
    return path.suffix == ".md" and is_myst_markdown_notebook(path.read_text(encoding="utf-8"))


def read_chapter(
    path: Path,
    docname: str,
    read: Callable[[str], NotebookNode] | None = None,
) -> Chapter:
    """Read one chapter from its Markdown source.

    Parameters
    ----------
    path : Path
        The ``.md`` file.
    docname : str
        Its name below the book's root, without suffix.
    read : callable, optional
        Text in, notebook with a ``source_map`` out. Default: MyST-NB's reader with its standard settings.
        The Sphinx extension passes the reader with the book's own settings, because jupyter-cache will
        later compare against exactly what that one gives.

    Returns
    -------
    Chapter

    Raises
    ------
    BookError
        If the file cannot be read as a notebook, or its parameters cell is missing its rules: at most
        one cell so tagged, holding nothing but ``name = literal`` lines.
    """
    text = path.read_text(encoding="utf-8")
    if read is None:

        def read(text: str) -> NotebookNode:
            notebook: NotebookNode = read_myst_markdown_notebook(text, add_source_map=True, path=path)
            return notebook

    try:
        notebook = read(text)
    except Exception as error:  # MyST-NB's readers raise errors of many kinds for a bad cell
        raise BookError(f"{path}: cannot be read as a MyST Markdown notebook: {error}") from error
    source_map = notebook.metadata.get("source_map") or [0] * len(notebook.cells)
    source_lines = text.splitlines()
    lines = []
    for number, (cell, start) in enumerate(zip(notebook.cells, source_map, strict=True)):
        cell["id"] = f"cell-{number:03d}"
        lines.append(_first_line(source_lines, start, cell.source))
    return Chapter(
        name=path.stem,
        docname=docname,
        path=path,
        notebook=notebook,
        lines=tuple(lines),
        parameters=_read_parameters(path, notebook, lines),
    )


def _first_line(source_lines: list[str], start: int, cell_source: str) -> int:
    """Find the line (from 1) where the cell's own text begins, past its fence and options."""
    wanted = cell_source.split("\n", 1)[0]
    for number in range(start, len(source_lines)):
        if source_lines[number] == wanted:
            return number + 1
    return start + 1


def _read_parameters(path: Path, notebook: NotebookNode, lines: list[int]) -> dict[str, Any]:
    tagged = [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and PARAMETERS_TAG in cell.metadata.get("tags", [])
    ]
    if not tagged:
        return {}
    if len(tagged) > 1:
        raise BookError(
            f"{path}:{lines[tagged[1]]}: a second cell tagged {PARAMETERS_TAG!r}; a chapter has one"
        )
    cell, line = notebook.cells[tagged[0]], lines[tagged[0]]
    parameters: dict[str, Any] = {}
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError as error:
        raise BookError(f"{path}:{line + (error.lineno or 1) - 1}: {error.msg}") from error
    for statement in statements:
        at = f"{path}:{line + statement.lineno - 1}"
        target: ast.expr | None = None
        value: ast.expr | None = None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign):
            target, value = statement.target, statement.value
        if not isinstance(target, ast.Name) or value is None:
            raise BookError(f"{at}: the parameters cell may hold only lines of the form name = literal")
        try:
            parameters[target.id] = ast.literal_eval(value)
        except ValueError as error:
            raise BookError(
                f"{at}: the default of {target.id!r} is not a literal; compute it in a later cell"
            ) from error
    return parameters


def by_name(chapters: Iterable[Chapter]) -> dict[str, Chapter]:
    """Index chapters by name.

    Parameters
    ----------
    chapters : iterable of Chapter

    Returns
    -------
    dict of str to Chapter

    Raises
    ------
    BookError
        If two chapters have the same file name: results and records are filed under it.
    """
    index: dict[str, Chapter] = {}
    for chapter in chapters:
        if chapter.name == "claims":
            raise BookError(f"{chapter.path}: a chapter cannot be called 'claims'; the claims file is")
        if chapter.name in index:
            raise BookError(
                f"two chapters are called {chapter.name!r}: {index[chapter.name].path} and {chapter.path}. "
                "Rename one: results and records are filed by chapter name."
            )
        index[chapter.name] = chapter
    return index


def find_chapter(chapters: dict[str, Chapter], word: str) -> Chapter:
    """Find a chapter by its name, its docname or the path of its source.

    Parameters
    ----------
    chapters : dict of str to Chapter
        The book's chapters by name.
    word : str
        What the user typed.

    Returns
    -------
    Chapter

    Raises
    ------
    BookError
        If there is none; the message lists those there are.
    """
    for chapter in chapters.values():
        if word in (chapter.name, chapter.docname, f"{chapter.docname}.md"):
            return chapter
        if Path(word).suffix == ".md" and Path(word).resolve() == chapter.path.resolve():
            return chapter
    raise BookError(f"no chapter called {word!r}. {known(word, chapters)}")


def discover(root: Path, pattern: str = "book/**/*.md") -> dict[str, Chapter]:
    """Read every chapter below `root`, without asking Sphinx.

    Parameters
    ----------
    root : Path
        The folder of ``_config.yml``.
    pattern : str
        Glob for the sources.

    Returns
    -------
    dict of str to Chapter
        By name, in the order of their paths.
    """
    paths = sorted(path for path in root.glob(pattern) if is_chapter(path))
    return by_name(read_chapter(path, path.relative_to(root).with_suffix("").as_posix()) for path in paths)


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook as JSON, making its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
