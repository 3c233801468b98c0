"""Sphinx extension: papermill re-runs every chapter before Jupyter Book reads it.

Add it to ``_config.yml``::

    sphinx:
      local_extensions:
        papermill_book.ext: src
      config:
        papermill_book:
          profiles:
            quick: {n_splits: 100}

Each build works in a folder of its own from nothing, so that no result of an earlier one can reach a page,
and takes the place of the last site only when it is whole.
"""

from __future__ import annotations

import atexit
import gc
import html
import io
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from docutils import nodes
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

from papermill_book.anchors import setup_anchors
from papermill_book.api import setup_api
from papermill_book.backmatter import setup_backmatter
from papermill_book.bibliography import setup_bibliography
from papermill_book.build import Build, notice_of, run_book, surprises, write_outputs
from papermill_book.chapters import Chapter, by_name, is_chapter, read_chapter, write_notebook
from papermill_book.checks import check_executed_figures
from papermill_book.citing import setup_citing
from papermill_book.doors import setup_doors
from papermill_book.errors import BookError
from papermill_book.execution import ChapterRun, for_page
from papermill_book.figure_again import setup_figure_again
from papermill_book.figure_numbers import setup_figure_numbers
from papermill_book.figure_pages import setup_figures
from papermill_book.holding import setup_holding
from papermill_book.languages import setup_languages
from papermill_book.metadata import setup_metadata
from papermill_book.pages import current_build, set_build, setup_pages
from papermill_book.parallel import share_pages
from papermill_book.publishing import Workplace
from papermill_book.reference_pages import setup_reference
from papermill_book.results_table import setup_results_table
from papermill_book.scheduling import start_server
from papermill_book.settings import Settings, make_settings
from papermill_book.theme import setup_theme
from papermill_book.widget_pages import setup_widgets

logger = logging.getLogger(__name__)

#: The place of the build that this process is making; one process makes one at a time.
_workplaces: dict[str, Workplace] = {}


def _fail(error: BookError | OSError) -> ExtensionError:
    what = str(error)
    if isinstance(error, OSError):  # a full disk, above all
        where = f": {error.filename}" if error.filename else ""
        what = f"{error.strerror or error}{where}. The last good site is untouched."
    return ExtensionError(what, modname="papermill_book")


def _settings(app: Sphinx) -> Settings:
    return make_settings(Path(app.srcdir), app.config.papermill_book)


def begin(app: Sphinx, _: Config) -> None:
    """Take the build folder, and turn Sphinx's output away from the current site into staging."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path that the terminal cannot show must not end a build that went well.
            stream.reconfigure(errors="backslashreplace")
    workplace = Workplace(Path(app.outdir).parent)
    try:
        workplace.open()
    except BookError as error:
        raise _fail(error) from None
    _workplaces[str(app.outdir)] = workplace
    atexit.register(workplace.close)
    if threading.current_thread() is threading.main_thread():
        # An exception, unlike the default, lets the kernels be ended and the folders removed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    strpath = type(app.outdir)  # Sphinx's own kind of path, which extensions add to strings
    app.outdir = strpath(workplace.staging / Path(app.outdir).name)
    app.doctreedir = strpath(workplace.staging / "doctrees")
    app.outdir.mkdir()
    _workplaces[str(app.outdir)] = workplace
    try:
        start_server(_settings(app))  # which imports while Sphinx starts and the chapters are read
    except BookError as error:
        workplace.close()
        raise _fail(error) from None
    # The outputs come from papermill by way of this cache; nothing else may run a chapter.
    app.config.nb_execution_mode = "cache"
    app.config.nb_execution_cache_path = str(workplace.staging / "cache")
    app.config.nb_execution_raise_on_error = True


def _workplace(app: Sphinx) -> Workplace:
    return _workplaces[str(app.outdir)]


def find_chapters(app: Sphinx) -> dict[str, Chapter]:
    """Read every document of the book that MyST-NB would read as a notebook, in the order of reading."""
    env = app.env
    env.find_files(app.config, app.builder)
    site_map = getattr(app.config, "external_site_map", None)
    order = [docname for docname in (site_map or []) if docname in env.found_docs]
    order += sorted(env.found_docs - set(order))
    chapters = []
    for docname in order:
        path = Path(env.doc2path(docname))
        if not is_chapter(path):
            continue
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)  # type: ignore[attr-defined]
        if reader is not None:
            chapters.append(read_chapter(path, docname, reader.read))
    return by_name(chapters)


def run_chapters(app: Sphinx) -> None:
    """Run every chapter with papermill, and lay the outputs where MyST-NB will look for them."""
    workplace = _workplace(app)
    try:
        settings = _settings(app)
        chapters = find_chapters(app)

        def keep(run: ChapterRun) -> None:
            if run.notebook is not None and run.failure is None:
                write_notebook(run.notebook, workplace.staging / "notebooks" / f"{run.chapter.name}.ipynb")

        failed = workplace.build / "failed"
        build = run_book(chapters, settings, workplace.scratch, failed, keep=keep)
        write_outputs(build, workplace.staging)
        surprise = surprises(build)
        if surprise:
            raise BookError(f"the claims do not come out as expected:\n{surprise}")
    except (BookError, OSError) as error:
        workplace.close()
        raise _fail(error) from None
    cache = get_cache(app.config.nb_execution_cache_path)
    for run in build.runs.values():
        if run.notebook is None:  # a chapter that left no notebook has failed, and run_book has said so
            raise ExtensionError(f"{run.chapter.name}: papermill left no notebook")
        page = for_page(run.notebook, run.chapter.notebook)
        cache.cache_notebook_bundle(
            CacheBundleIn(page, str(run.chapter.path), data={"execution_seconds": 0.0}),
            check_validity=False,
            overwrite=True,
        )
        cache.match_cache_notebook(run.chapter.notebook)  # a miss would have MyST-NB run the chapter itself
        for place, what in check_executed_figures(run):
            logger.warning("%s", what, location=place, type="papermill_book", subtype="alt")
    set_build(app, build)
    share_pages(app, settings.n_workers())
    # The trees of all pages stay to the end anyway; to search them for garbage takes a sixth of the time.
    gc.disable()  # `finish` undoes it: from here on, Sphinx calls that however the build ends
    options = getattr(app.builder, "theme_options", None)
    if options is not None and (notice := notice_of(build)):
        options["announcement"] = html.escape(notice)


def offer_notebook(app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: nodes.document) -> None:
    """Have the theme offer the executed notebook, which `finish` puts there, for download."""
    if current_build(app).by_docname(pagename) is not None:
        context["ipynb_source"] = f"{pagename}.ipynb"


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Put the new site in place, if the build went well."""
    gc.freeze()  # what was read goes with the process: to search it once more at the end takes a second
    gc.enable()
    workplace = _workplace(app)
    if exception is not None:
        workplace.close()
        return
    if app.keep_going and app._warncount:
        # Sphinx will exit with an error; a site that may not be published must not replace one that was.
        workplace.close()
        logger.info("The site was not replaced: warnings are errors in this build.")
        return
    try:
        _publish(workplace, current_build(app), Path(app.outdir))
    except OSError as error:
        raise _fail(error) from None
    finally:
        workplace.close()


def _publish(workplace: Workplace, build: Build, site: Path) -> None:
    for run in build.runs.values():
        # Where Jupyter Book would offer a notebook without outputs, since it ran nothing itself.
        offered = site / "_sources" / f"{run.chapter.docname}.ipynb"
        offered.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workplace.staging / "notebooks" / f"{run.chapter.name}.ipynb", offered)
    for leftover in ("cache", "doctrees", "jupyter_execute"):
        shutil.rmtree(workplace.staging / leftover, ignore_errors=True)
    workplace.publish(site.name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register this extension with Sphinx."""
    app.add_config_value("papermill_book", {}, "env", [dict])
    setup_pages(app)
    setup_results_table(app)
    setup_bibliography()
    setup_anchors(app)
    setup_citing(app)
    setup_metadata(app)
    setup_doors(app)
    setup_languages(app)
    setup_holding(app)
    setup_figures(app)
    setup_figure_again(app)
    setup_figure_numbers(app)
    setup_reference(app)
    setup_api(app)
    setup_backmatter(app)
    setup_widgets(app)
    setup_theme(app)
    app.connect("config-inited", begin, priority=0)
    # After MyST-NB has made its own configuration (default priority 500).
    app.connect("builder-inited", run_chapters, priority=900)
    # Before the theme makes its buttons (501), and after everyone has added their scripts.
    app.connect("html-page-context", offer_notebook, priority=400)
    app.connect("build-finished", finish, priority=1000)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
