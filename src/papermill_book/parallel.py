"""Read and write the pages on as many cores as run the chapters."""

from __future__ import annotations

from sphinx.application import Sphinx

#: Extensions that come with Jupyter Book and do not say whether they bear being read beside one another. They
#: do: the first numbers the sections when all pages have been read, the second is for LaTeX alone.
_SILENT = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")


def share_pages(app: Sphinx, workers: int) -> None:
    """Have Sphinx read and write pages in several processes.

    Parameters
    ----------
    app : Sphinx
        Before it reads its first page.
    workers : int
        How many cores there are. With one, all stays in this process.
    """
    for name in _SILENT:
        if name in app.extensions:
            app.extensions[name].parallel_read_safe = True
    # While pages are written, one process more is busy loading them for the others.
    app.parallel = workers + 1 if workers > 1 else 1
