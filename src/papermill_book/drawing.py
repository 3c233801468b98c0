"""A drawing of how the book is made, out of what this build did: data, chapters, results, claims, pages.

It is drawn as text and geometry only, in the colours of the page, so that it is legible on a phone and on a
dark page, and the same build always gives the same bytes.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from papermill_book.execution import ChapterRun, own_code_cells
from papermill_book.formatting import some

if TYPE_CHECKING:
    from papermill_book.build import Build

WIDTH = 400
"""Width of the drawing in its own units; a phone shows them at nearly their size."""

_GUTTER, _LANE, _ROW, _LINE = 16, 14, 38, 18
_BAR = 64  # the longest bar of results


@dataclass(frozen=True)
class DataSet:
    """Data that chapters ran on."""

    name: str
    """In words a reader knows."""
    kind: str
    """``recorded`` or ``simulated``."""
    n_files: int
    """Files that were read; zero for a simulation."""
    chapters: frozenset[str]
    """Names of the chapters that used them."""


@dataclass(frozen=True)
class ChapterCounts:
    """One chapter, counted."""

    name: str
    """Name of the chapter."""
    title: str
    """Its title."""
    n_cells: int
    """Code cells that ran."""
    n_figures: int
    """Pictures that its cells drew and the page shows."""
    n_results: int
    """Numbers it reported."""
    n_claims: int
    """Published claims that it argues."""


@dataclass(frozen=True)
class Making:
    """How one build was made, counted."""

    data: tuple[DataSet, ...]
    """In the order of their first use."""
    chapters: tuple[ChapterCounts, ...]
    """In the order of reading."""
    verdicts: tuple[tuple[str, int], ...]
    """Each verdict on the claims and how often it was given, the commonest first."""
    n_pages: int
    """Pages of the book, chapters included."""

    @property
    def n_claims(self) -> int:
        """Claims under test."""
        return sum(number for _, number in self.verdicts)

    def total(self, field: str) -> int:
        """Sum of one field, such as ``n_cells``, over the chapters."""
        return sum(getattr(chapter, field) for chapter in self.chapters)


def count_making(build: Build, n_pages: int) -> Making:
    """Count what a build did.

    Parameters
    ----------
    build : Build
    n_pages : int
        Pages of the book, chapters included.

    Returns
    -------
    Making
    """
    used: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for name, run in build.runs.items():
        for part in run.data:
            n_files, chapters = used.setdefault((part["name"], part["kind"]), (0, []))
            used[part["name"], part["kind"]] = (max(n_files, len(part["files"])), [*chapters, name])
    claims = Counter(claim.chapter for claim in build.claims)
    verdicts = Counter(verdict.verdict for verdict in build.verdicts)
    return Making(
        data=tuple(
            DataSet(name, kind, n_files, frozenset(chapters))
            for (name, kind), (n_files, chapters) in used.items()
        ),
        chapters=tuple(
            ChapterCounts(
                name=name,
                title=title_of(run),
                n_cells=sum(cell.cell_type == "code" for cell in run.chapter.notebook.cells),
                n_figures=_count_figures(run),
                n_results=len(run.results),
                n_claims=claims[name],
            )
            for name, run in build.runs.items()
        ),
        verdicts=tuple(sorted(verdicts.items(), key=lambda item: (-item[1], item[0]))),
        n_pages=n_pages,
    )


def title_of(run: ChapterRun) -> str:
    """The title of a chapter: its first heading, else its name."""
    for cell in run.chapter.notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return str(line[2:].strip())
    return run.chapter.name


def _count_figures(run: ChapterRun) -> int:
    if run.notebook is None:
        return 0
    return sum(
        any(mime.startswith("image/") for mime in output.get("data", {}))
        for cell in own_code_cells(run.notebook)
        if not {"remove-output", "remove-cell"} & set(cell.metadata.get("tags", []))
        for output in cell.outputs
    )


def describe_making(making: Making) -> str:
    """Say in words what the drawing shows.

    Parameters
    ----------
    making : Making

    Returns
    -------
    str
    """
    data = [
        f"{one.name} ({one.kind}{', ' + some(one.n_files, 'file') if one.n_files else ''}), used by "
        f"{some(len(one.chapters), 'chapter')}"
        for one in making.data
    ]
    return (
        f"From top to bottom: the data: {'; '.join(data) or 'none'}. "
        f"Then {some(len(making.chapters), 'chapter')} with {some(making.total('n_cells'), 'code cell')}, "
        f"each with its counts and a bar for its results. Then {some(making.total('n_results'), 'result')}, "
        f"{_say_claims(making)}, and {some(making.n_pages, 'page')} with "
        f"{some(making.total('n_figures'), 'figure')}."
    )


def _say_claims(making: Making) -> str:
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in making.verdicts)
    return some(making.n_claims, "published claim") + (f": {verdicts}" if verdicts else "")


class _Canvas:
    """Collects shapes from the top down."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.y = 0

    def text(self, x: int, y: int, words: str, size: int = 14, extra: str = "") -> None:
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size}"{extra}>{escape(words)}</text>')

    def line(self, points: Iterable[tuple[int, int]], extra: str = "") -> None:
        path = " ".join(f"{x},{y}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="currentColor"{extra}/>')

    def box(self, title: str, words: str, left: int = 1, dashed: bool = False) -> None:
        """Draw a box from `left` to the right edge."""
        inside = WIDTH - left - 22  # a bold letter is about 8.6 wide, a plain one 7
        lines = [(15, ' font-weight="700"', line) for line in textwrap.wrap(title, int(inside / 8.8))]
        lines += [(13, "", line) for line in textwrap.wrap(words, int(inside / 7.2))]
        height = 12 + _LINE * len(lines)
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<rect x="{left}" y="{self.y + 1}" width="{WIDTH - 1 - left}" height="{height}" rx="8" '
            f'fill="none" stroke="currentColor" stroke-width="1.5"{dash}/>'
        )
        for number, (size, weight, line) in enumerate(lines):
            self.text(left + 11, self.y + 21 + _LINE * number, line, size, weight)
        self.y += height + 2

    def arrow(self, words: str) -> None:
        """Draw an arrow to what comes next, with what happens on the way."""
        lines = textwrap.wrap(words, 48)
        height = max(34, 16 + _LINE * len(lines))
        x, end = _GUTTER, self.y + height
        self.line([(x, self.y), (x, end - 3)], ' stroke-width="1.5"')
        self.line([(x - 5, end - 9), (x, end - 2), (x + 5, end - 9)], ' stroke-width="1.5"')
        for number, line in enumerate(lines):
            self.text(x + 16, self.y + 22 + _LINE * number, line, 13, ' font-style="italic"')
        self.y = end


def draw_making(making: Making, id_: str = "made") -> str:
    """Draw how a build was made, as one SVG element.

    Parameters
    ----------
    making : Making
    id_ : str
        Prefix of the ids in the drawing; unique on its page.

    Returns
    -------
    str
        The element, with a title and a description for those who do not see it.
    """
    canvas = _Canvas()
    lanes = []
    for number, one in enumerate(making.data):
        files = f"{some(one.n_files, 'file')}, each checked by its SHA-256" if one.n_files else "no files"
        simulated = one.kind == "simulated"
        # Each box begins further right than the line that comes down from the one above it.
        edge = 1 + number * _LANE
        canvas.box(one.name[:1].upper() + one.name[1:], f"{one.kind}; {files}", edge, dashed=simulated)
        lanes.append((edge + 7, canvas.y, one))
        canvas.y += 6
    left = max(len(lanes), 1) * _LANE + 14
    canvas.y += 28
    canvas.text(left, canvas.y - 8, "papermill runs every chapter", 13, ' font-style="italic"')
    most = max([chapter.n_results for chapter in making.chapters], default=1) or 1
    rows = {}
    for number, chapter in enumerate(making.chapters, 1):
        y = canvas.y
        rows[chapter.name] = y + 15
        title = textwrap.shorten(f"{number}. {chapter.title}", 40, placeholder=" …")
        canvas.text(left, y + 16, title, 14, ' font-weight="600"')
        counts = f"{some(chapter.n_cells, 'cell')} · {some(chapter.n_figures, 'figure')} · "
        canvas.text(left, y + 32, counts + some(chapter.n_results, "result"), 12, ' opacity="0.85"')
        length = round(_BAR * chapter.n_results / most)
        canvas.parts.append(
            f'<rect x="{WIDTH - 2 - length}" y="{y + 24}" width="{length}" height="7" rx="2" '
            'fill="var(--pst-color-primary, currentColor)"/>'
        )
        canvas.y += _ROW
    for x, top, one in lanes:
        dash = ' stroke-dasharray="5 4"' if one.kind == "simulated" else ""
        ends = [rows[name] for name in one.chapters]
        canvas.line([(x, top), (x, max(ends))], f' stroke-width="1.5"{dash}')
        for y in sorted(ends):
            fill = "none" if dash else "currentColor"
            canvas.parts.append(
                f'<circle cx="{x}" cy="{y}" r="4.5" fill="{fill}" stroke="currentColor" stroke-width="1.5"/>'
            )
    canvas.arrow("report() hands over each number by name")
    canvas.box(some(making.total("n_results"), "result"), "each with its unit, its interval and its n")
    if making.n_claims:
        canvas.arrow("a rule judges each claim, not a mood")
        canvas.box(some(making.n_claims, "published claim"), _say_claims(making).partition(": ")[2])
    canvas.arrow("Sphinx prints; no result is typed by hand")
    figures = some(making.total("n_figures"), "figure")
    canvas.box(some(making.n_pages, "page"), f"with {figures}, all drawn in this build")
    label = f'role="img" aria-labelledby="{id_}-title {id_}-desc"'
    return "\n".join(
        [
            f'<svg class="pb-made" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {canvas.y + 2}" '
            f'{label} fill="currentColor" font-family="inherit">',
            f'<title id="{id_}-title">From the data to the pages: how this build was made</title>',
            f'<desc id="{id_}-desc">{escape(describe_making(making))}</desc>',
            *canvas.parts,
            "</svg>",
        ]
    )
