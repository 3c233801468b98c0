"""The numbers behind a figure, as one tidy table that anyone can draw again.

A Matplotlib figure still knows what was drawn in it: this walks its panels and writes down lines, points,
bars, intervals, bands and maps, in data units. What was drawn as pixels stays a picture: an artist that is
rasterised is never written down, and a collection of events (``Axes.eventplot``) is made pixels first. So a
book that may show single events, but not share them, draws them rasterised, and is safe.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib.colors as mcolors
import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import (
    EventCollection,
    FillBetweenPolyCollection,
    LineCollection,
    PathCollection,
    PolyCollection,
    QuadMesh,
)
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle, StepPatch

#: Columns of a table. `low` and `high` bound what is drawn as a span along one axis; the other has its place.
#: `x_name` and `y_name` are the words that stand at a place, where an axis has words instead of numbers.
COLUMNS = (
    *("panel", "series", "colour", "kind", "x", "y", "low", "high", "value"),
    *("x_name", "y_name", "x_axis", "y_axis"),
)

Floats = npt.NDArray[np.float64]

_tables: WeakKeyDictionary[Figure, str | None] = WeakKeyDictionary()


def share_table(figure: Figure, table: Mapping[str, Sequence[Any]] | None) -> None:
    """Say what the table of a figure is, where reading it off the drawing would serve nobody.

    Parameters
    ----------
    figure : Figure
        Call this before it is shown.
    table : mapping of str to sequence, or None
        Column (with its unit) to values, all of one length; a pandas DataFrame will do. None: no table.

    Raises
    ------
    ValueError
        If the columns differ in length.
    """
    if table is None:
        _tables[figure] = None
        return
    columns = {str(name): list(table[name]) for name in table}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"share_table: columns of lengths {lengths}; expected one length")
    _tables[figure] = _write([tuple(columns), *zip(*columns.values(), strict=True)])


def table_of(figure: Figure) -> str | None:
    """Give the table of a figure as CSV.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    str or None
        With the columns of `COLUMNS`, or as `share_table` was told. None if nothing in the figure is to be
        written down.
    """
    if figure in _tables:
        return _tables[figure]
    axes = [ax for ax in _all_axes(figure) if ax.name == "rectilinear"]
    names = _panel_names(axes)
    rows = []
    for name, ax in zip(names, axes, strict=True):
        labels, x_name, y_name = (
            _axis_labels(ax, axes),
            _names_of_places(ax.xaxis),
            _names_of_places(ax.yaxis),
        )
        rows += [(name, *row, x_name(row[3]), y_name(row[4]), *labels) for row in _rows(ax)]
    return _write([COLUMNS, *rows]) if rows else None


def make_events_pixels(figure: Figure) -> None:
    """Have every collection of events drawn as pixels, in a vector file too."""
    for artist in _drawn_in(figure):
        if isinstance(artist, EventCollection):
            artist.set_rasterized(True)


def _drawn_in(artist: Artist) -> Iterator[Artist]:
    """Every artist within one, however deep; but no axis is asked, since each would work out its ticks."""
    for child in artist.get_children():
        if not isinstance(child, Axis):
            yield child
            yield from _drawn_in(child)


def _write(rows: Sequence[Sequence[Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        # six digits draw the same figure; adding zero makes -0 plain
        return f"{float(value) + 0.0:.6g}" if math.isfinite(value) else ""
    return value


def _all_axes(figure: Figure) -> Iterator[Axes]:
    """Every panel, insets included, but no colour bar and no second scale of an axis."""
    for ax in figure.axes:
        if hasattr(ax, "_colorbar"):
            continue
        yield ax
        yield from (child for child in ax.child_axes if isinstance(child, Axes))


def _plain(text: str) -> str:
    """A label without line breaks and without the marks of mathematics."""
    return re.sub(r"\s+", " ", re.sub(r"\\math\w+|[${}\\]", "", text)).strip()


def _panel_names(axes: Sequence[Axes]) -> list[str]:
    titles = [
        _plain(" ".join(filter(None, (ax.get_title(where) for where in ("left", "center", "right")))))
        for ax in axes
    ]
    shared = Counter(titles)
    return [
        title if title and shared[title] == 1 else f"{number} {title}".strip()
        for number, title in enumerate(titles, 1)
    ]


def _axis_labels(ax: Axes, axes: Sequence[Axes]) -> tuple[str, str]:
    """The labels of an axis, its own or that of the panel which shares it and carries the label."""
    labels = []
    for which in ("x", "y"):
        siblings = getattr(ax, f"get_shared_{which}_axes")().get_siblings(ax)
        candidates = [ax, *(other for other in axes if other in siblings)]
        own = [_plain(getattr(one, f"get_{which}label")()) for one in candidates]
        figure_label = getattr(ax.figure, f"get_sup{which}label")() if ax.figure else ""
        labels.append(next(filter(None, [*own, _plain(figure_label)]), ""))
    return labels[0], labels[1]


def _names_of_places(axis: Axis) -> Callable[[float | None], str]:
    """What tells of a place on an axis the words at the nearest tick, if the ticks are words and not numbers.

    Words hold for what is no further from them than half the distance to the next ones.
    """
    places = [float(place) for place in axis.get_majorticklocs()]
    names = [_plain(str(name)) for name in axis.get_major_formatter().format_ticks(places)]
    # an e between digits is a power of ten
    if not any(re.search(r"[^\W\d_]{2}", name) for name in names):
        return lambda _: ""
    reach = min(np.diff(sorted(places)), default=np.inf) / 2
    named = dict(zip(places, names, strict=True))

    def name(place: float | None) -> str:
        if place is None:
            return ""
        nearest = min(named, key=lambda other: abs(other - place))
        return named[nearest] if abs(nearest - place) <= reach else ""

    return name


def _in_pixels(artist: Artist, ax: Axes) -> bool:
    limit = ax.get_rasterization_zorder()
    behind = limit is not None and artist.get_zorder() < limit
    return bool(artist.get_rasterized() or ax.get_rasterized() or behind)


def _hex(colour: Any) -> str:
    """The first colour given, as hexadecimal digits; empty for none."""
    rgba = mcolors.to_rgba_array(colour)
    return str(mcolors.to_hex(rgba[0])) if len(rgba) and rgba[0, 3] > 0 else ""


def _name(artist: Any, colour: str, written: Mapping[str, set[str]]) -> str:
    """What a series is called: its label, or the one text in its colour of those `written` in the panel."""
    label = str(artist.get_label() or "")
    if label and not label.startswith("_"):
        return _plain(label)
    texts = written.get(colour, set()) if colour else set()
    return next(iter(texts)) if len(texts) == 1 else ""


Row = tuple[Any, ...]


def _rows(ax: Axes) -> Iterator[Row]:
    """Series, colour, kind, x, y, low, high and value of all that one panel shows."""
    unnamed = 0
    written: dict[str, set[str]] = {}
    for text in ax.texts:
        written.setdefault(_hex(text.get_color()), set()).add(_plain(text.get_text()))
    bars = {patch: box for box in ax.containers if isinstance(box, BarContainer) for patch in box.patches}
    for artist in ax.get_children():
        if not artist.get_visible() or _in_pixels(artist, ax) or isinstance(artist, EventCollection):
            continue
        parts: Iterator[Row]
        if isinstance(artist, Line2D):
            colour, parts = _hex(artist.get_color()), _line(artist, ax)
        elif isinstance(artist, PathCollection):
            colour, parts = _hex(artist.get_edgecolor()) or _hex(artist.get_facecolor()), _points(artist, ax)
        elif isinstance(artist, LineCollection):
            colour, parts = _hex(artist.get_color()), _segments(artist, ax)
        elif isinstance(artist, PolyCollection):
            colour, parts = _hex(artist.get_facecolor()) or _hex(artist.get_edgecolor()), _areas(artist, ax)
        elif isinstance(artist, QuadMesh):
            colour, parts = "", _mesh(artist)
        elif isinstance(artist, AxesImage):
            colour, parts = "", _image(artist)
        elif isinstance(artist, Rectangle) and artist is not ax.patch:
            colour = _hex(artist.get_facecolor())
            if colour in ("", "#ffffff"):
                colour = _hex(artist.get_edgecolor())
            parts = _rectangle(artist, ax, bars.get(artist))
        elif isinstance(artist, StepPatch):
            colour, parts = _hex(artist.get_edgecolor()), _steps(artist)
        elif isinstance(artist, Polygon):
            colour, parts = _hex(artist.get_edgecolor()), _outline(artist, ax)
        else:
            continue
        named = bars.get(artist, artist) if isinstance(artist, Rectangle) else artist
        name, found = _name(named, colour, written), list(parts)
        if not name and len(found) > 1:  # so that lines which nobody named can be told apart
            unnamed += 1
            name = f"unnamed {unnamed}"
        for part in found:
            yield (name, colour, *part, *(None,) * (6 - len(part)))


def _in_data(artist: Artist, ax: Axes) -> tuple[bool, bool]:
    """Whether the x and the y of an artist are in data units."""
    along_x, along_y = artist.get_transform().contains_branch_seperately(ax.transData)
    return bool(along_x), bool(along_y)


def _line(line: Line2D, ax: Axes) -> Iterator[Row]:
    x, y = (np.asarray(part, dtype=np.float64) for part in line.get_data(orig=False))
    x_in_data, y_in_data = _in_data(line, ax)
    if not x_in_data or not y_in_data:
        # a line across the panel has one place; anything else outside data units is decoration
        if y_in_data and y.size and np.ptp(y) == 0:
            yield "level", None, y[0]
        elif x_in_data and x.size and np.ptp(x) == 0:
            yield "level", x[0]
        return
    joined = line.get_linestyle() not in ("None", "none", "", " ")
    marked = line.get_marker() not in ("None", "none", "", " ", None)
    kind = {(True, True): "line and points", (True, False): "line", (False, True): "point"}.get(
        (joined, marked)
    )
    if kind is not None:
        for one, other in zip(x.tolist(), y.tolist(), strict=True):
            yield kind, one, other


def _points(points: PathCollection, ax: Axes) -> Iterator[Row]:
    if not points.get_offset_transform().contains_branch(ax.transData):
        return
    values = points.get_array()
    for number, (x, y) in enumerate(np.ma.filled(points.get_offsets(), np.nan)):
        shade = None if values is None or np.size(values) <= number else float(np.ravel(values)[number])
        yield "point", x, y, None, None, shade


def _segments(lines: LineCollection, ax: Axes) -> Iterator[Row]:
    if _in_data(lines, ax) != (True, True):
        return
    for segment in lines.get_segments():
        (x, y), last = segment[0], segment[-1]
        if len(segment) == 2 and x == last[0]:
            yield "span of y", x, None, *sorted((y, last[1]))
        elif len(segment) == 2 and y == last[1]:
            yield "span of x", None, y, *sorted((x, last[0]))
        else:
            for one, other in segment:
                yield "line", one, other


def _areas(areas: PolyCollection, ax: Axes) -> Iterator[Row]:
    if _in_data(areas, ax) != (True, True):
        return
    for path in areas.get_paths():
        outline: Floats = np.asarray(path.vertices, dtype=np.float64)
        if isinstance(areas, FillBetweenPolyCollection):
            column = 0 if areas.t_direction == "x" else 1  # type: ignore[attr-defined]  # stubs lack it
            # the outline runs along one edge and back along the other, and visits each place twice or more
            for place in np.unique(outline[:, column]):
                edges = outline[outline[:, column] == place, 1 - column]
                at = (place, None) if column == 0 else (None, place)
                yield "band of y" if column == 0 else "band of x", *at, edges.min(), edges.max()
        else:
            for x, y in outline:
                yield "outline", x, y


def _mesh(mesh: QuadMesh) -> Iterator[Row]:
    corners = np.ma.filled(mesh.get_coordinates(), np.nan)
    values = mesh.get_array()
    shape = (corners.shape[0] - 1, corners.shape[1] - 1)
    if values is None or np.size(values) != shape[0] * shape[1]:
        return
    centres = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
    for (x, y), value in zip(centres.reshape(-1, 2), np.ma.filled(values, np.nan).ravel(), strict=True):
        yield "map", x, y, None, None, value


def _image(image: AxesImage) -> Iterator[Row]:
    values: Floats = np.ma.filled(np.ma.asarray(image.get_array(), dtype=np.float64), np.nan)
    if values.ndim != 2:  # a photograph, so to speak
        return
    left, right, bottom, top = image.get_extent()
    n_rows, n_columns = values.shape
    xs = left + (np.arange(n_columns) + 0.5) * (right - left) / n_columns
    # the first row is at the end of the extent that the origin names
    start, end = (top, bottom) if image.origin == "upper" else (bottom, top)
    ys = start + (np.arange(n_rows) + 0.5) * (end - start) / n_rows
    for y, row in zip(ys, values, strict=True):
        for x, value in zip(xs, row, strict=True):
            yield "map", x, y, None, None, float(value)


def _rectangle(box: Rectangle, ax: Axes, bars: BarContainer | None) -> Iterator[Row]:
    x_in_data, y_in_data = _in_data(box, ax)
    left, right = sorted((box.get_x(), box.get_x() + box.get_width()))
    bottom, top = sorted((box.get_y(), box.get_y() + box.get_height()))
    if bars is not None and bars.orientation == "horizontal":
        yield "bar along x", None, (bottom + top) / 2, left, right
    elif bars is not None:
        yield "bar along y", (left + right) / 2, None, bottom, top
    elif x_in_data and not y_in_data:
        yield "span of x", None, None, left, right
    elif y_in_data and not x_in_data:
        yield "span of y", None, None, bottom, top
    elif x_in_data:
        for x, y in ((left, bottom), (right, top)):
            yield "corner of a box", x, y


def _steps(steps: StepPatch) -> Iterator[Row]:
    values, edges, _ = steps.get_data()
    for value, low, high in zip(values, edges[:-1], edges[1:], strict=True):
        yield "step", None, value, low, high


def _outline(polygon: Polygon, ax: Axes) -> Iterator[Row]:
    if _in_data(polygon, ax) == (True, True):
        for x, y in polygon.get_xy():
            yield "outline", x, y
