"""The house style: one palette with one meaning, one set of sizes, and the plots more than one chapter draws.

Colours never carry a meaning alone: what is simulated is hollow or hatched, what is recorded is solid, and
series are labelled where they end.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes

#: What each colour stands for, in every chapter.
COLOURS = MappingProxyType(
    {
        "better": "#00798c",  # better than expected; optimists
        "worse": "#d1495b",  # worse than expected; pessimists
        "recorded": "#2b2d42",
        "classical": "#8d99ae",
        "distributional": "#7b4fa3",
        "published": "#b8860b",
    }
)

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
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # pragma: no cover - a plain script has no inline backend to set
        return
    if mpl.get_backend().lower().endswith("inline"):
        set_matplotlib_formats("svg", metadata={"Date": None})


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
        The line's colour.
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
        color=colour,
        fontsize=9,
        annotation_clip=False,
        **kwargs,
    )
    return ax
