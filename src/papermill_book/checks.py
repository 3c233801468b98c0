"""Checks on the sources of a book: no figure without words, no number that nobody computed.

A number may stand in prose if a cell of the book reported it (the ``{reported}`` role), if a citation
stands on the same line, if it is a year or part of a name such as "Fig. 2", or if the allow-list holds it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it.token import Token
from nbformat import NotebookNode

from papermill_book.chapters import is_chapter, read_chapter
from papermill_book.errors import BookError
from papermill_book.execution import ChapterRun, own_code_cells
from papermill_book.prose import DIRECTIVE, PROSE, parse, prose_lines, without_options
from papermill_book.settings import Settings
from papermill_book.terms import find_unlinked, pages_with_terms, read_glossary
from papermill_book.widgets import missing_words

_NUMBER = re.compile(r"(?<!\w)\d[\d.,]*")
#: Numbers that name a thing rather than count or measure one.
_NAMES = re.compile(
    r"\b(?:1[6-9]\d\d|20\d\d)\b|\bSHA-\d+"
    r"|\b(?:Extended Data )?(?:Figs?\.?|Figures?|Chapters?|Parts?|Sections?|Tables?|Appendix|Eqs?\.?|"
    r"Equations?|Exercises?|Step|Box|Lemma|Theorem|Proposition|Python|version|Nature|WCAG|CC BY)\s+\d+[\w.]*"
    r"(?:\s*(?:,|and|to|–|-|−)\s*\d+\w*)*",
)
_PLOTTING = ("matplotlib", "seaborn")


@dataclass(frozen=True, order=True)
class Problem:
    """Something to mend, and where."""

    path: str
    """Below the book's root."""
    line: int
    """From 1."""
    message: str

    def __str__(self) -> str:
        """File, line and message, in the form editors understand."""
        return f"{self.path}:{self.line}: {self.message}"


@dataclass
class _Allowed:
    file: str
    text: str
    used: bool = False


def _numbers_in(text: str) -> list[str]:
    named = [found.span() for found in _NAMES.finditer(text)]
    return [
        found.group().rstrip(".,")
        for found in _NUMBER.finditer(text)
        if not any(start <= found.start() < end for start, end in named)
    ]


def _check_numbers(
    path: str, tokens: Sequence[Token], offset: int, allowed: list[_Allowed]
) -> Iterator[Problem]:
    for line in prose_lines(tokens, offset):
        if line.cited:
            continue
        text = line.text
        for entry in allowed:
            if entry.file == path and entry.text in text:
                entry.used = True
                text = text.replace(entry.text, "\0")
        for number in _numbers_in(text):
            yield Problem(
                path,
                line.number,
                f"the number {number} stands in the prose, but no cell reported it and no citation carries "
                "it: use {reported}, cite its source on this line, or add the phrase to the allow-list",
            )


def _check_images(path: str, tokens: Sequence[Token], offset: int) -> Iterator[Problem]:
    message = "an image without alt text: say in a sentence what is seen"
    for token in tokens:
        if token.type == "inline" and token.map is not None:
            for child in token.children or []:
                if child.type == "image" and not (child.content or "").strip():
                    yield Problem(path, offset + token.map[0] + 1, message)
        elif token.type in ("fence", "colon_fence") and token.map is not None:
            found = DIRECTIVE.match(token.info.strip())
            if not found:
                continue
            name, line = found.group(1), offset + token.map[0]
            if name in ("figure", "image") and not re.search(r"^\s*:?alt:\s*\S", token.content, re.MULTILINE):
                yield Problem(path, line + 1, message)
            if name in PROSE:
                body, skipped = without_options(token.content)
                yield from _check_images(path, parse(body), line + 1 + skipped)


def _plotting_names(sources: Sequence[str]) -> set[str]:
    """Names that chapters bind to plotting modules: Matplotlib, seaborn, and any ``figures`` module."""
    names = set()
    for source in sources:
        for statement in ast.walk(ast.parse(source)):
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.name.split(".")[0] in _PLOTTING:
                        names.add(alias.asname or alias.name.split(".")[0])
            elif isinstance(statement, ast.ImportFrom):
                module = statement.module or ""
                for alias in statement.names:
                    if (
                        module.split(".")[0] in _PLOTTING
                        or module.endswith("figures")
                        or alias.name == "figures"
                    ):
                        names.add(alias.asname or alias.name)
    return names


def _draws(source: str, plotting: set[str], not_drawing: Sequence[str]) -> bool:
    """Whether a cell calls a plotting function, outside the functions that it defines."""

    class Calls(ast.NodeVisitor):
        found = False

        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            """A definition draws nothing yet."""

        def visit_Call(self, node: ast.Call) -> None:
            function = node.func
            last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            while isinstance(function, ast.Attribute):
                function = function.value
            root = getattr(function, "id", "")
            if root in plotting and last not in not_drawing:
                self.found = True
            self.generic_visit(node)

    calls = Calls()
    calls.visit(ast.parse(source))
    return calls.found


def _alt_of(cell: NotebookNode) -> str:
    image = (cell.metadata.get("mystnb") or {}).get("image") or {}
    return str(image.get("alt") or "").strip()


def _hidden(cell: NotebookNode) -> bool:
    return bool({"remove-output", "remove-cell"} & set(cell.metadata.get("tags", [])))


_CELL_MESSAGE = "this cell draws a figure without alt text: add mystnb.image.alt to its options"


def _check_chapter_cells(
    path: Path, name: str, settings: Settings, allowed: list[_Allowed]
) -> Iterator[Problem]:
    chapter = read_chapter(path, name)
    code = [(number, cell) for number, cell in enumerate(chapter.notebook.cells) if cell.cell_type == "code"]
    try:
        plotting = _plotting_names([cell.source for _, cell in code])
        drawing = [
            (number, cell) for number, cell in code if _draws(cell.source, plotting, settings.not_drawing)
        ]
    except SyntaxError as error:
        yield Problem(name, 1, f"a code cell is not valid Python: {error.msg}: {error.text}")
        return
    for number, cell in drawing:
        if not _alt_of(cell) and not _hidden(cell):
            yield Problem(name, chapter.lines[number], _CELL_MESSAGE)
    for number, cell in code:
        for option in missing_words(cell):
            message = f"this cell makes a widget: add mystnb.{option} to its options"
            yield Problem(name, chapter.lines[number], message)
        caption = ((cell.metadata.get("mystnb") or {}).get("figure") or {}).get("caption")
        if caption:
            line = chapter.lines[number] - 1
            for problem in _check_numbers(name, parse(str(caption)), 0, allowed):
                yield Problem(name, line, f"in the caption: {problem.message}")


def read_allowed(path: Path) -> list[_Allowed]:
    """Read the list of plain numbers that may stand in prose.

    Parameters
    ----------
    path : Path
        YAML: a list of ``{file, text, why}``. May be absent.

    Returns
    -------
    list

    Raises
    ------
    BookError
        If an entry has other fields, or an empty one.
    """
    if not path.is_file():
        return []
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    for entry in entries:
        if not isinstance(entry, Mapping) or set(entry) != {"file", "text", "why"} or not all(entry.values()):
            raise BookError(f"{path}: {entry!r}: expected file, text and why, none of them empty")
    return [_Allowed(entry["file"], str(entry["text"])) for entry in entries]


def _check_terms(settings: Settings, pattern: str) -> Iterator[Problem]:
    glossary = read_glossary(settings.root / settings.glossary, settings.everyday_terms)
    for path in pages_with_terms(settings, pattern):
        for use in find_unlinked(path, glossary):
            yield Problem(
                path.relative_to(settings.root).as_posix(),
                use.line,
                f"{use.words!r} is in the glossary, and not linked where this page first uses it: write "
                f"{use.link}, or have 'papermill_book terms --write' do so",
            )


def check_sources(settings: Settings, pattern: str = "book/**/*.md") -> list[Problem]:
    """Check every page of a book as it is written.

    Parameters
    ----------
    settings : Settings
    pattern : str
        Glob for the pages.

    Returns
    -------
    list of Problem
        In order of file and line; empty if all is well.
    """
    allowed = read_allowed(settings.root / settings.allowed_numbers)
    problems: list[Problem] = []
    for path in sorted(settings.root.glob(pattern)):
        name = path.relative_to(settings.root).as_posix()
        tokens = parse(path.read_text(encoding="utf-8"))
        problems += _check_numbers(name, tokens, 0, allowed)
        problems += _check_images(name, tokens, 0)
        if is_chapter(path):
            problems += _check_chapter_cells(path, name, settings, allowed)
    if settings.glossary:
        problems += _check_terms(settings, pattern)
    problems += [
        Problem(
            settings.allowed_numbers,
            1,
            f"{entry.text!r} is allowed in {entry.file}, but no longer stands there",
        )
        for entry in allowed
        if not entry.used
    ]
    return sorted(problems)


def check_executed_figures(run: ChapterRun) -> Iterator[tuple[str, str]]:
    """Find pictures that a run of a chapter drew without alt text.

    Parameters
    ----------
    run : ChapterRun

    Yields
    ------
    place, message : str
        ``path:line`` of the cell, and what to do.
    """
    if run.notebook is None:
        return
    numbers = [n for n, cell in enumerate(run.chapter.notebook.cells) if cell.cell_type == "code"]
    for number, cell in zip(numbers, own_code_cells(run.notebook), strict=True):
        own = run.chapter.notebook.cells[number]
        pictures = any(
            mime.startswith("image/") for output in cell.outputs for mime in output.get("data", {})
        )
        if pictures and not _alt_of(own) and not _hidden(own):
            yield f"{run.chapter.path}:{run.chapter.lines[number]}", _CELL_MESSAGE
