"""Spare a book's citations a search through every installed package.

For each citation of a page, sphinxcontrib-bibtex asks pybtex for the backend that writes plain text, and
pybtex looks for it in the metadata of all that is installed: a tenth of a second, hundreds of times a build.
What has been registered with pybtex is found at once.
"""

from __future__ import annotations

from pybtex.plugin import find_plugin, register_plugin

_GROUP, _NAME = "pybtex.backends", "plaintext"


def setup_bibliography() -> None:
    """Register the backend that pybtex would find."""
    register_plugin(_GROUP, _NAME, find_plugin(_GROUP, _NAME), force=True)
