"""Colours of figures: the dark counterpart of each, contrast, and how colour-blind readers see them.

A figure is drawn once, on white. Its dark counterpart is the same drawing with every colour passed through
one rule (`darken`): hue kept, lightness turned round, so that white paper becomes the dark page, ink becomes
light, and a colour keeps its meaning. A rule, unlike a list of pairs, can miss no colour.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]

#: Background of the dark page (sphinx-book-theme), which white becomes.
DARK_PAGE = "#121212"
#: Lightness (OKLab) that black becomes: a little less than white, which would glare.
_INK = 0.95
#: Above one, colours of middling lightness come out lighter, so that they stand out from the dark page.
_LIFT = 1.9

# Ottosson 2020, "A perceptual color space for image processing": linear sRGB to cone responses to OKLab.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

#: What a colour in linear sRGB becomes for one who lacks a kind of cone (Machado, Oliveira & Fernandes 2009,
#: severity 1).
COLOUR_BLINDNESS: Mapping[str, Floats] = MappingProxyType(
    {
        "protanopia": np.array(
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ]
        ),
        "deuteranopia": np.array(
            [
                [0.367322, 0.860646, -0.227968],
                [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ]
        ),
        "tritanopia": np.array(
            [
                [1.255528, -0.076749, -0.178779],
                [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ]
        ),
    }
)

_HEX = re.compile(r"#[0-9a-fA-F]{6}(?![0-9a-fA-F])")
_RASTER = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


def from_hex(colour: str) -> Floats:
    """Read ``#rrggbb`` as three numbers from 0 to 1.

    Raises
    ------
    ValueError
        If it is written otherwise.

    Examples
    --------
    >>> from_hex("#ff0080").round(2).tolist()
    [1.0, 0.0, 0.5]
    """
    if not _HEX.fullmatch(colour):
        raise ValueError(f"from_hex: colour is {colour!r}; expected six hexadecimal digits after #")
    return np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])


def to_hex(rgb: Floats) -> str:
    """Write a colour as ``#rrggbb``; the inverse of `from_hex`."""
    return "#" + "".join(f"{round(255 * part):02x}" for part in np.clip(rgb, 0, 1).tolist())


def _linear(rgb: Floats) -> Floats:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _encoded(linear: Floats) -> Floats:
    lifted = 1.055 * np.clip(linear, 0, None) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, lifted)


def to_oklab(rgb: Floats) -> Floats:
    """Turn sRGB into OKLab: lightness, green to red, blue to yellow.

    Parameters
    ----------
    rgb : array
        (..., 3) From 0 to 1.

    Returns
    -------
    array
        (..., 3) Equal distances look about equally different.
    """
    lab: Floats = np.cbrt(_linear(rgb) @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def _from_oklab(lab: Floats) -> Floats:
    return _encoded((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T)


def darken(rgb: Floats) -> Floats:
    """Give the counterparts of colours on a dark page: same hue, lightness turned round.

    Parameters
    ----------
    rgb : array
        (n, 3) From 0 to 1, as drawn on white.

    Returns
    -------
    array
        (n, 3) White becomes the dark page, black the lightest ink. Where sRGB has no colour of that
        lightness and strength, the colour is paler.
    """
    lab = to_oklab(rgb)
    page = to_oklab(from_hex(DARK_PAGE))[0]
    lightness = page + (_INK - page) * (1 - np.clip(lab[:, 0], 0, 1) ** _LIFT)
    # the most of its strength that a colour can keep, by bisection: 12 halvings are finer than 8 bits
    kept, paler = np.zeros(len(lab)), np.ones(len(lab))
    for _ in range(12):
        tried = (kept + paler) / 2
        colour = _from_oklab(np.column_stack([lightness, lab[:, 1:] * tried[:, None]]))
        fits = ((colour >= -1e-6) & (colour <= 1 + 1e-6)).all(axis=1)
        kept, paler = np.where(fits, tried, kept), np.where(fits, paler, tried)
    return np.clip(_from_oklab(np.column_stack([lightness, lab[:, 1:] * kept[:, None]])), 0, 1)


@cache
def darken_hex(colour: str) -> str:
    """Give the dark counterpart of one colour.

    Examples
    --------
    >>> darken_hex("#ffffff"), darken_hex("#000000")
    ('#121212', '#eeeeee')
    """
    return to_hex(darken(from_hex(colour)[None])[0])


def darken_png(png: bytes) -> bytes:
    """Give the dark counterpart of a picture made of pixels; what was transparent stays so."""
    pixels = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))
    shown = pixels[..., 3] > 0
    # a drawing has many pixels and few colours: turn each of those once
    red, green, blue = pixels[shown, :3].astype(np.uint32).T
    packed = red << 16 | green << 8 | blue
    colours, where = np.unique(packed, return_inverse=True)
    rgb = np.column_stack([colours >> 16, colours >> 8 & 255, colours & 255]) / 255
    pixels[shown, :3] = np.rint(255 * darken(rgb)).astype(np.uint8)[where]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return file.getvalue()


def darken_svg(svg: str) -> str:
    """Give the dark counterpart of a figure.

    Parameters
    ----------
    svg : str
        A drawing on white whose colours are written ``#rrggbb``, as Matplotlib writes them.

    Returns
    -------
    str
        The same drawing, pixels inside it included, with each colour's counterpart.
    """

    def turn_pixels(found: re.Match[str]) -> str:
        png = darken_png(base64.b64decode(found.group(1)))
        return "data:image/png;base64," + base64.b64encode(png).decode()

    turned = _RASTER.sub(turn_pixels, _HEX.sub(lambda found: darken_hex(found.group().lower()), svg))
    # what is black is often not said to be so, since that is the default
    return turned.replace("<svg ", f'<svg fill="{darken_hex("#000000")}" ', 1)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG 2.2 defines it.

    Returns
    -------
    float
        From 1 to 21. Graphics want 3, letters 4.5.

    Examples
    --------
    >>> round(contrast("#ffffff", "#000000"), 1)
    21.0
    """
    weights = np.array([0.2126, 0.7152, 0.0722])
    dim, bright = sorted(float(_linear(from_hex(colour)) @ weights) for colour in (one, other))
    return (bright + 0.05) / (dim + 0.05)


def least_distance(colours: Mapping[str, str]) -> tuple[float, str, str, str]:
    """Find the two colours of a palette that look most alike to any reader.

    Parameters
    ----------
    colours : mapping of str to str
        Name to ``#rrggbb``; at least two.

    Returns
    -------
    distance : float
        In OKLab; 0.02 is just seen side by side.
    one, other : str
        Their names.
    sight : str
        ``full``, or the kind of colour blindness.
    """
    names = list(colours)
    rgb = np.array([from_hex(colours[name]) for name in names])
    found = []
    for sight, matrix in {"full": np.eye(3), **COLOUR_BLINDNESS}.items():
        seen = to_oklab(_encoded(np.clip(_linear(rgb) @ matrix.T, 0, 1)))
        for i in range(len(names)):
            for j in range(i):
                found.append((float(np.linalg.norm(seen[i] - seen[j])), names[j], names[i], sight))
    return min(found)
