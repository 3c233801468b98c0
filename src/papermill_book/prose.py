"""The prose of a page: its lines, without code, formulas and options, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

#: Directives whose body is prose.
PROSE = {
    "admonition", "attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning",
    "seealso", "dropdown", "margin", "sidebar", "topic", "epigraph", "figure", "list-table", "table", "grid",
    "grid-item", "grid-item-card", "card", "tab-set", "tab-item", "glossary", "prf:theorem",
    "exercise", "solution", "div",
}  # fmt: skip
#: Those whose first line is a matter of layout, or a file, and not a title.
LAYOUT = {"grid", "figure", "margin", "epigraph", "tab-set", "div"}
#: Those whose body names what stands above it.
CAPTIONED = {"figure"}
DIRECTIVE = re.compile(r"^\{([\w:-]+)\}\s*(.*)$")
_EXTENSIONS = {
    "colon_fence",
    "dollarmath",
    "amsmath",
    "deflist",
    "attrs_inline",
    "attrs_block",
    "substitution",
}
_CITE = re.compile(r"^cite")
_MARKS = {"strong_open", "strong_close", "em_open", "em_close"}


@dataclass(frozen=True)
class Piece:
    """A stretch of one line."""

    kind: str
    """``text``; ``link`` for the words of a link; the name of a role; or ``gap`` (code, maths, a picture)."""
    content: str
    """The words; for a role, what stands between its backticks; for a gap, nothing."""


@dataclass(frozen=True)
class Line:
    """The prose of one line of a page."""

    number: int
    """Line of the source, from 1."""
    pieces: tuple[Piece, ...]
    """In order."""
    aside: bool
    """Whether it is a heading, a title or a caption, and not running text."""

    @property
    def text(self) -> str:
        """The words of the line; a null character stands for whatever is not words."""
        return "".join(piece.content if piece.kind in ("text", "link") else "\0" for piece in self.pieces)

    @property
    def cited(self) -> bool:
        """Whether a citation stands on the line."""
        return any(_CITE.match(piece.kind) for piece in self.pieces)


@cache
def _parser() -> Any:
    return create_md_parser(MdParserConfig(enable_extensions=_EXTENSIONS), RendererHTML)


def parse(text: str) -> Sequence[Token]:
    """Parse Markdown as the book's own parser does.

    Parameters
    ----------
    text : str

    Returns
    -------
    sequence of markdown_it.token.Token
    """
    tokens: Sequence[Token] = _parser().parse(text)
    return tokens


def without_options(content: str) -> tuple[str, int]:
    """Take the option lines off a directive's body.

    Parameters
    ----------
    content : str

    Returns
    -------
    body : str
    n : int
        How many lines were taken off.
    """
    lines = content.split("\n")
    if lines and lines[0].strip() == "---":
        end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == "---"), 0)
        return "\n".join(lines[end + 1 :]), end + 1
    number = 0
    while number < len(lines) and lines[number].lstrip().startswith(":"):
        number += 1
    return "\n".join(lines[number:]), number


def prose_lines(tokens: Sequence[Token], offset: int = 0, aside: bool = False) -> Iterator[Line]:
    """Find every line of prose, also inside directives that hold prose.

    Parameters
    ----------
    tokens : sequence of markdown_it.token.Token
    offset : int
        Lines of the page above the first token.
    aside : bool
        Whether all of it is a title or a caption.

    Yields
    ------
    Line
    """
    heading = False
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            heading = token.type == "heading_open"
        elif token.type == "inline" and token.map is not None:
            yield from _inline_lines(token, offset + token.map[0] + 1, aside or heading)
        elif token.type in ("fence", "colon_fence") and token.map is not None:
            found = DIRECTIVE.match(token.info.strip())
            if not found or found.group(1) not in PROSE:
                continue
            name, title = found.groups()
            if title and name not in LAYOUT:
                yield from prose_lines(parse(title), offset + token.map[0], True)
            body, skipped = without_options(token.content)
            yield from prose_lines(
                parse(body), offset + token.map[0] + 1 + skipped, aside or name in CAPTIONED
            )


def _inline_lines(token: Token, number: int, aside: bool) -> Iterator[Line]:
    pieces: list[Piece] = []
    in_link = False
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            yield Line(number, tuple(pieces), aside)
            number, pieces = number + 1, []
        elif child.type == "text":
            pieces.append(Piece("link" if in_link else "text", child.content))
        elif child.type == "myst_role":
            pieces.append(Piece(child.meta["name"], child.content))
        elif child.type in ("link_open", "link_close"):
            in_link = child.type == "link_open"
        elif child.type not in _MARKS:
            pieces.append(Piece("gap", ""))
    yield Line(number, tuple(pieces), aside)
