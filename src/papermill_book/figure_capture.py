"""IPython extension of the chapters' kernels: each figure that is shown takes its numbers along.

The executed notebook then holds, in the same output as the drawing, the table of what was drawn
(`papermill_book.figure_data`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from papermill_book.reporting import FIGURE_MIME

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.figure import Figure


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Have every figure that is shown from now on take its data along."""
    formatter = shell.display_formatter
    if formatter is None:  # a shell that shows nothing
        return

    def bundle(figure: Figure) -> dict[str, Any]:
        from papermill_book.figure_data import make_events_pixels, table_of

        make_events_pixels(figure)
        table = table_of(figure)
        return {} if table is None else {FIGURE_MIME: {"csv": table}}

    # by name, so that a chapter which draws nothing does not import Matplotlib
    formatter.mimebundle_formatter.for_type_by_name("matplotlib.figure", "Figure", bundle)
