"""Re-run every chapter of a Jupyter Book with papermill, each time it is built.

A chapter needs two names from here: `report` for a number that the text will print, and `use_data` to
say which data it ran on. Everything else works at build time, see ``papermill_book.ext``.
"""

from papermill_book.reporting import report, use_data

__all__ = ["report", "use_data"]
