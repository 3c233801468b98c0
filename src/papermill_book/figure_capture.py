"""IPython extension of the chapters' kernels: each figure that is shown takes its data along, and is slim.

The executed notebook then holds, in the same output as the drawing, the table of what was drawn
(`papermill_book.figure_data`), and its SVG without what nobody sees: digits below a hundredth of a point,
notes about the software, white space.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from papermill_book.reporting import FIGURE_MIME

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.figure import Figure

_SVG = "image/svg+xml"
#: A number with more than two decimals, but not a scale: a hundredth of a point is finer than any screen.
_LONG = re.compile(r"(?<![\w.#(])(?<!scale\()-?\d*\.\d{3,}(?:e-?\d+)?|(?<=translate\()-?\d*\.\d{3,}")
_UNSEEN = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<!DOCTYPE.*?>", re.DOTALL)


def slim_svg(svg: str) -> str:
    """Write a drawing of Matplotlib's with fewer bytes.

    Parameters
    ----------
    svg : str

    Returns
    -------
    str
        It looks the same: places to a hundredth of a point, no comments, no metadata, no indentation.

    Examples
    --------
    >>> slim_svg('<g> <path d="M 1.23456 0.001 L 2 -0.5 z" transform="scale(0.015625)"/></g>')
    '<g><path d="M1.23 0L2 -.5z" transform="scale(0.015625)"/></g>'
    """
    svg = _LONG.sub(_shorten, _UNSEEN.sub("", svg))
    svg = re.sub(r' d="([^"]*)"', lambda found: f' d="{_tighten(found.group(1))}"', svg)
    return re.sub(r">\s+<", "><", svg)


def _shorten(found: re.Match[str]) -> str:
    short = f"{float(found.group()):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def _tighten(path: str) -> str:
    path = re.sub(r"\s*([A-Za-z])\s*", r"\1", path)
    return re.sub(r"(?<!\d)0\.", ".", path).strip()


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Have every figure that is shown from now on take its data along."""
    formatter = shell.display_formatter
    if formatter is None:  # a shell that shows nothing
        return
    drawing = formatter.formatters[_SVG]

    def bundle(figure: Figure) -> dict[str, Any]:
        from papermill_book.figure_data import make_events_pixels, table_of

        make_events_pixels(figure)
        shown: dict[str, Any] = {}
        svg = drawing(figure)
        if svg is not None:
            shown[_SVG] = slim_svg(svg)
        table = table_of(figure)
        if table is not None:
            shown[FIGURE_MIME] = {"csv": table}
        return shown

    # by name, so that a chapter which draws nothing does not import Matplotlib
    formatter.mimebundle_formatter.for_type_by_name("matplotlib.figure", "Figure", bundle)
