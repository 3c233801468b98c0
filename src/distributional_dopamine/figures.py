"""The house style: one palette with one meaning, one set of sizes, and the plots more than one chapter draws.

Colours never carry a meaning alone: what is simulated is hollow or hatched, what is recorded is solid, and
series are labelled where they end.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

#: What each colour stands for, in every chapter. Each stands out from white and, turned round, from a dark
#: page (3:1), and any two differ for readers who lack a kind of cone, too. Letters want `ink` of them.
COLOURS = MappingProxyType(
    {
        "better": "#00798c",  # better than expected; optimists
        "worse": "#cb3f54",  # worse than expected; pessimists
        "recorded": "#2b2d42",
        "classical": "#8691ab",
        "distributional": "#6c3b99",
        "published": "#a67c00",
    }
)
#: Colours of letters whose own colour is too pale for them: the same hue, 4.5:1 on white.
_INKS = MappingProxyType({COLOURS["classical"]: "#5b6880", COLOURS["published"]: "#7d5d00"})

#: Width of a figure that fills the text column, in inches. At the 9-point floor below, letters stay
#: legible when a phone shows the figure 360 px wide and the reader turns it or taps to enlarge.
FULL_WIDTH = 7.2


def use_house_style() -> None:
    """Set Matplotlib and seaborn up for every figure drawn after this call.

    SVG with a fixed hash salt and no date, so that two builds of the same figure have the same bytes.
    """
    sns.set_theme(
        context="notebook",
        style="ticks",
        rc={
            "figure.figsize": (FULL_WIDTH, 3.6),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],  # ships with Matplotlib: the same letters on every machine
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.fontsize": 9,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": "#4a4e69",
            "axes.labelcolor": "#22223b",
            "xtick.color": "#22223b",
            "ytick.color": "#22223b",
            "text.color": "#22223b",
            "lines.linewidth": 1.6,
            "svg.fonttype": "path",
            "svg.hashsalt": "distributional-dopamine",
        },
    )
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and mpl.get_backend().lower().endswith("inline"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")
        shell.display_formatter.formatters["image/svg+xml"].for_type(Figure, draw_svg)


def draw_svg(figure: Figure) -> str:
    """Draw a figure as SVG, of the size it was given.

    What notebooks do by default draws a figure twice, and walks over all that is in it once more, to cut off
    what is empty at its edges. Constrained layout leaves nothing empty there, so that once is enough.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    str
        Without a date, so that two builds of the same figure have the same bytes.
    """
    canvas, dpi = figure.canvas, figure.dpi
    drawing = io.StringIO()
    try:
        canvas_svg = FigureCanvasSVG(figure)
        canvas_svg.print_svg(drawing, metadata={"Date": None})  # type: ignore[no-untyped-call]  # Matplotlib's
    finally:  # the SVG canvas counts in points, and takes the figure over
        figure.dpi = dpi
        figure.set_canvas(canvas)
    return drawing.getvalue()


def ink(colour: str) -> str:
    """Give the colour for letters that name what is drawn in a colour of `COLOURS`.

    Parameters
    ----------
    colour : str
        One of the palette, or any other.

    Returns
    -------
    str
        A darker one of the same hue where letters would be too pale; else the same.

    Examples
    --------
    >>> ink(COLOURS["classical"]), ink(COLOURS["better"])
    ('#5b6880', '#00798c')
    """
    return _INKS.get(colour, colour)


def label_line_end(ax: Axes, x: float, y: float, text: str, colour: str, **kwargs: Any) -> Axes:
    """Write `text` just right of the point where a line ends, in the line's own colour.

    Parameters
    ----------
    ax : Axes
        Where to write.
    x, y : float
        End of the line, in data coordinates.
    text : str
        The label.
    colour : str
        The line's colour; the letters take its `ink`.
    **kwargs
        Passed to :meth:`matplotlib.axes.Axes.annotate`.

    Returns
    -------
    Axes
        The same `ax`.
    """
    ax.annotate(
        text,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        ha="left",
        color=ink(colour),
        fontsize=9,
        annotation_clip=False,
        **kwargs,
    )
    return ax


def mark_simulated(fig: Figure, kind: str) -> Figure:
    """Write on a figure that its cells are simulated; do nothing if they were recorded.

    Parameters
    ----------
    fig : Figure
        The whole figure; its layout makes room for the tag above the panels.
    kind : {"recorded", "simulated"}
        ``provenance.kind`` of the recordings.

    Returns
    -------
    Figure
        The same `fig`.
    """
    if kind == "simulated":
        engine = fig.get_layout_engine()
        if isinstance(engine, ConstrainedLayoutEngine):
            engine.set(h_pad=0.09)  # the layout knows the tag's letters but not the box around them
        fig.suptitle(
            "simulated cells, not recordings",
            x=0.988,
            ha="right",
            fontsize=10,
            fontweight="bold",
            color=COLOURS["distributional"],
            bbox={"boxstyle": "round", "facecolor": "none", "edgecolor": COLOURS["distributional"]},
        )
    return fig


def marker_style(kind: str, colour: str = COLOURS["recorded"]) -> dict[str, Any]:
    """Give the keyword arguments of ``Axes.plot`` that draw markers solid if recorded, hollow if simulated.

    Parameters
    ----------
    kind : {"recorded", "simulated"}
        ``provenance.kind`` of what is drawn.
    colour : str
        Colour of the markers and of the line between them.

    Returns
    -------
    dict
        ``color``, ``markerfacecolor``, ``markeredgecolor``.

    Examples
    --------
    >>> marker_style("simulated", "#000000")["markerfacecolor"]
    'white'
    """
    face = colour if kind == "recorded" else "white"
    return {"color": colour, "markerfacecolor": face, "markeredgecolor": colour}


def patch_style(kind: str, colour: str = COLOURS["recorded"]) -> dict[str, Any]:
    """Give the keyword arguments that draw bars filled if recorded, hatched on white if simulated.

    Parameters
    ----------
    kind : {"recorded", "simulated"}
        ``provenance.kind`` of what is drawn.
    colour : str
        Colour of the bars.

    Returns
    -------
    dict
        ``facecolor``, ``edgecolor``, ``hatch``.

    Examples
    --------
    >>> patch_style("recorded", "#000000")["hatch"] is None
    True
    """
    if kind == "recorded":
        return {"facecolor": colour, "edgecolor": "white", "hatch": None}
    return {"facecolor": "white", "edgecolor": colour, "hatch": "////"}


def add_volume_axis(
    ax: Axes, utility_axis: npt.ArrayLike, magnitudes: Sequence[float], *, side: str = "right"
) -> Axes:
    """Add a second scale to an axis in utility (Hz) that names the volume of reward at each utility.

    Parameters
    ----------
    ax : Axes
        Its y axis (for ``right``) or x axis (for ``top``) is in utility.
    utility_axis : array
        (n_magnitudes,) Utility of each volume, Hz.
    magnitudes : sequence of float
        (n_magnitudes,) The volumes, µL.
    side : {"right", "top"}
        Where the second scale stands.

    Returns
    -------
    Axes
        The same `ax`; the scale is its last child. A label that would stand too close to the one before it
        is left out, its tick is not.
    """
    places = np.asarray(utility_axis, dtype=np.float64)
    labels, last = [], -np.inf
    room = 0.05 * np.ptp(places)
    for place, volume in zip(places, magnitudes, strict=True):
        crowded = place - last < room
        labels.append("" if crowded else f"{volume:g}")
        last = last if crowded else place
    vertical = side == "right"
    second = ax.secondary_yaxis("right") if vertical else ax.secondary_xaxis("top")
    one = second.yaxis if vertical else second.xaxis
    one.set_ticks(places, labels)
    one.set_label_text("reward (µL)")
    second.spines[side].set_visible(True)
    return ax


def plot_raster(
    ax: Axes,
    trials: Sequence[npt.ArrayLike],
    *,
    colours: Sequence[str] | str = COLOURS["recorded"],
    linewidth: float = 0.7,
) -> Axes:
    """Draw a tick for each spike, a row for each trial, the first trial on top.

    The ticks are always drawn as pixels, in a vector file too, so that no figure carries spike times.

    Parameters
    ----------
    ax : Axes
        Where to draw. Draw the figure at 200 dots per inch or so.
    trials : sequence of array
        Times of the spikes of each trial, in the unit of the x axis.
    colours : str or sequence of str
        One colour, or one for each trial.
    linewidth : float
        Width of a tick, points.

    Returns
    -------
    Axes
        The same `ax`.
    """
    shades = to_rgba_array([colours] * len(trials) if isinstance(colours, str) else list(colours))
    times = np.concatenate([np.empty(0), *(np.asarray(trial, dtype=np.float64) for trial in trials)])
    sizes = [np.size(trial) for trial in trials]
    row = np.repeat(np.arange(len(trials)), sizes)
    ticks = np.stack([np.stack([times, row + end], axis=1) for end in (-0.5, 0.5)], axis=1)
    # Not Axes.vlines, which takes longer over its arguments than all of the drawing.
    ax.add_collection(LineCollection(list(ticks), colors=shades[row], linewidths=linewidth, rasterized=True))
    ax.autoscale_view()
    ax.set_ylim(max(len(trials), 1) - 0.5, -0.5)
    return ax
