"""Drawings with fewer bytes: SVG without what nobody sees."""

from __future__ import annotations

import re

SVG_MIME = "image/svg+xml"
#: A number with more than two decimals: a hundredth of a point is finer than any screen. Scales, which are
#: matched so that they can be left alone, and names and colours are none.
_LONG = re.compile(r"(?:scale|matrix)\([^)]*\)|(?<![\w.#])-?\d*\.\d{3,}(?:e-?\d+)?")
_UNSEEN = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<!DOCTYPE.*?>", re.DOTALL)
_SIZE = re.compile(r'<svg[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')
#: CSS pixels in a point.
_PIXELS = 4 / 3


def size_attributes(svg: str) -> str:
    """Give the size of a drawing as an image needs it, so that a page does not move when it comes.

    Parameters
    ----------
    svg : str

    Returns
    -------
    str
        Two attributes of HTML, in CSS pixels, with a space before them; empty if the drawing has no size.

    Examples
    --------
    >>> size_attributes('<svg width="72pt" height="36pt">')
    ' width="96" height="48"'
    """
    found = _SIZE.search(svg)
    if found is None:
        return ""
    width, height = (round(float(points) * _PIXELS) for points in found.groups())
    return f' width="{width}" height="{height}"'


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
    if found.group().endswith(")"):
        return found.group()
    short = f"{float(found.group()):.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


def _tighten(path: str) -> str:
    path = re.sub(r"\s*([A-Za-z])\s*", r"\1", path)
    return re.sub(r"(?<!\d)0\.", ".", path).strip()
