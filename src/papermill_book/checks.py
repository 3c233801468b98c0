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
from typing import Any

import yaml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from nbformat import NotebookNode

from papermill_book.chapters import is_chapter, read_chapter
from papermill_book.errors import BookError
from papermill_book.execution import ChapterRun, own_code_cells
from papermill_book.settings import Settings

_NUMBER = re.compile(r"(?<!\w)\d[\d.,]*")
#: Numbers that name a thing rather than count or measure one.
_NAMES = re.compile(
    r"\b(?:1[6-9]\d\d|20\d\d)\b"
    r"|\b(?:Extended Data )?(?:Figs?\.?|Figures?|Chapters?|Parts?|Sections?|Tables?|Appendix|Eqs?\.?|"
    r"Equations?|Exercises?|Step|Box|Lemma|Theorem|Proposition|Python|version|Nature|WCAG|CC BY)\s+\d+[\w.]*"
    r"(?:\s*(?:,|and|to|–|-|−)\s*\d+\w*)*",
)
_CITE = re.compile(r"^cite")
#: Directives whose body is prose.
_PROSE = {
    "admonition", "attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning",
    "seealso", "dropdown", "margin", "sidebar", "topic", "epigraph", "figure", "list-table", "table", "grid",
    "grid-item", "grid-item-card", "card", "tab-set", "tab-item", "glossary", "prf:theorem",
    "exercise", "solution",
}  # fmt: skip
#: Those whose first line is a matter of layout, or a file, and not a title.
_LAYOUT = {"grid", "figure", "margin", "epigraph", "tab-set"}
_EXTENSIONS = {
    "colon_fence",
    "dollarmath",
    "amsmath",
    "deflist",
    "attrs_inline",
    "attrs_block",
    "substitution",
}
_DIRECTIVE = re.compile(r"^\{([\w:-]+)\}\s*(.*)$")
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


def _parser() -> Any:
    return create_md_parser(MdParserConfig(enable_extensions=_EXTENSIONS), RendererHTML)


def _prose_lines(tokens: Sequence[Token], offset: int) -> Iterator[tuple[int, str, bool]]:
    """Yield (line from 1, its prose, whether a citation stands on it) of every inline token."""
    for token in tokens:
        if token.type == "inline" and token.map is not None:
            line, text, cited = token.map[0], "", False
            for child in token.children or []:
                if child.type in ("softbreak", "hardbreak"):
                    yield offset + line + 1, text, cited
                    line, text, cited = line + 1, "", False
                elif child.type == "text":
                    text += child.content
                elif child.type == "myst_role":
                    cited = cited or bool(_CITE.match(child.meta["name"]))
                    text += "\0"
                elif child.type == "image" or child.type not in (
                    "link_open",
                    "link_close",
                    "strong_open",
                    "strong_close",
                    "em_open",
                    "em_close",
                ):
                    text += "\0"
            yield offset + line + 1, text, cited
        elif token.type in ("fence", "colon_fence") and token.map is not None:
            found = _DIRECTIVE.match(token.info.strip())
            if found and found.group(1) in _PROSE:
                if found.group(2) and found.group(1) not in _LAYOUT:
                    yield from _prose_lines(_parser().parse(found.group(2)), offset + token.map[0])
                body, skipped = _without_options(token.content)
                yield from _prose_lines(_parser().parse(body), offset + token.map[0] + 1 + skipped)


def _without_options(content: str) -> tuple[str, int]:
    """Take the option lines off a directive's body; also how many lines they were."""
    lines = content.split("\n")
    if lines and lines[0].strip() == "---":
        end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        return "\n".join(lines[end + 1 :]), end + 1
    number = 0
    while number < len(lines) and lines[number].lstrip().startswith(":"):
        number += 1
    return "\n".join(lines[number:]), number


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
    for line, text, cited in _prose_lines(tokens, offset):
        if cited:
            continue
        for entry in allowed:
            if entry.file == path and entry.text in text:
                entry.used = True
                text = text.replace(entry.text, "\0")
        for number in _numbers_in(text):
            yield Problem(
                path,
                line,
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
            found = _DIRECTIVE.match(token.info.strip())
            if not found:
                continue
            name, line = found.group(1), offset + token.map[0]
            if name in ("figure", "image") and not re.search(r"^\s*:?alt:\s*\S", token.content, re.MULTILINE):
                yield Problem(path, line + 1, message)
            if name in _PROSE:
                body, skipped = _without_options(token.content)
                yield from _check_images(path, _parser().parse(body), line + 1 + skipped)


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
        caption = ((cell.metadata.get("mystnb") or {}).get("figure") or {}).get("caption")
        if caption:
            line = chapter.lines[number] - 1
            for problem in _check_numbers(name, _parser().parse(str(caption)), 0, allowed):
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
        tokens = _parser().parse(path.read_text(encoding="utf-8"))
        problems += _check_numbers(name, tokens, 0, allowed)
        problems += _check_images(name, tokens, 0)
        if is_chapter(path):
            problems += _check_chapter_cells(path, name, settings, allowed)
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
