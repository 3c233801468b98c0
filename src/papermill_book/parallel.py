"""Read and write the pages on as many cores as run the chapters."""

from __future__ import annotations

from sphinx.application import Sphinx

#: Extensions that come with Jupyter Book and do not say whether they bear being read beside one another. They
#: do: the first numbers the sections when all pages have been read, the second is for LaTeX alone.
_SILENT = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")

#: Heaps of pages a core.
_HEAPS = 4


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
    if workers == 1:
        app.parallel = 1
        return
    # While pages are written, one process more is busy loading them for the others; and it hands them out in
    # small heaps, so that the others neither wait for the first nor are left alone with the last.
    app.parallel = workers + 1
    app.connect("env-check-consistency", lambda app, _: setattr(app, "parallel", _HEAPS * workers + 1))
