"""Re-run every chapter of a Jupyter Book with papermill, each time it is built.

A chapter needs three names from here: `report` for a number that the text will print, `use_data` to say which
data it ran on, and `widget` for a figure that readers can take hold of. Everything else works at build time,
see ``papermill_book.ext``.
"""

from papermill_book.reporting import report, use_data
from papermill_book.widgets import widget

__all__ = ["report", "use_data", "widget"]
