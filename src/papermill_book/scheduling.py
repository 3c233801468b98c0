"""Run chapters side by side, each in a process of its own, and say how it goes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import nbformat
from nbformat.reader import NotJSONError
from tqdm import tqdm

from papermill_book.chapters import Chapter
from papermill_book.errors import BookError
from papermill_book.execution import (
    KERNEL_ENVIRONMENT,
    ChapterRun,
    Failure,
    Job,
    collect,
    kernel_path,
    make_job,
    run_job,
    settle,
)
from papermill_book.provenance import combine, hash_code
from papermill_book.seeds import plant
from papermill_book.settings import Settings

#: Seconds after which a kernel has surely seen that the process which started it is gone.
_KERNEL_NOTICES = 1.5

#: The book's own code that the fork server has imported, as one hash; empty if it has imported none.
_served = ""


def _work(job: Job, connection: Connection) -> None:
    """Run one job in a process of its own; tells progress and the outcome through `connection`."""
    # Papermill and the kernel look for garbage less often, and never in what has been imported: a tenth of
    # the time of a chapter that draws.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    seed = plant()  # before this process starts a thread
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the builder hears Ctrl-C, and ends its workers itself
    # SystemExit lets nbclient shut its kernel down on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    threading.Thread(target=_end_with_builder, daemon=True).start()
    outcome = run_job(job, lambda done, total: connection.send(("cell", done, total)), seed)
    connection.send(("done", *outcome))


def _end_with_builder() -> None:
    """End this process when the builder ends, however it ends: no kernel outlives its build."""
    builder = multiprocessing.parent_process()
    if builder is not None:
        builder.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _run_module(name: str, path: str) -> None:
    """Run a module as ``python -m`` would, with what is on the kernels' path."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in _work
    threading.Thread(target=_end_with_builder, daemon=True).start()
    sys.path[:0] = path.split(os.pathsep)
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def prepare(settings: Settings) -> None:
    """Run the module that comes before the chapters of a book, if it has one.

    It is forked from the server, so that it need not import again what the chapters share.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    BookError
        If the module ends with another exit status than 0.
    """
    if not settings.prepare:
        return
    path = kernel_path(settings.root, settings.code)
    process = start_server(settings).Process(target=_run_module, args=(settings.prepare, path))
    process.start()
    try:
        process.join()
    finally:
        process.terminate()
    if process.exitcode:
        raise BookError(
            f"python -m {settings.prepare}, which comes before the chapters, ended with exit status "
            f"{process.exitcode}; what it found stands above"
        )


class Progress:
    """One line as each chapter starts and ends; in a terminal, a live bar of cells below them."""

    def __init__(self, n_chapters: int, n_cells: int, write: Callable[[str], None] | None = None) -> None:
        self._n = n_chapters
        self._started = 0
        self._ended = 0
        self._live = sys.stderr.isatty()
        self._write = write or (lambda line: tqdm.write(line, file=sys.stderr))
        self._bar = tqdm(
            total=n_cells, unit="cell", desc="chapters", leave=False, disable=not self._live, file=sys.stderr
        )

    def start(self, name: str) -> None:
        """A chapter starts."""
        self._started += 1
        self._write(f"[papermill] {self._started}/{self._n} {name}: started")

    def cells(self, done: int) -> None:
        """`done` more cells have run."""
        self._bar.update(done)

    def end(self, name: str, seconds: float, failure: Failure | None) -> None:
        """A chapter has ended."""
        self._ended += 1
        how = "FAILED after" if failure else "done in"
        self._write(f"[papermill] {self._ended}/{self._n} {name}: {how} {seconds:.1f} s")

    def close(self, seconds: float, workers: int) -> None:
        """All chapters have ended."""
        self._bar.close()
        plural = "chapter" if self._n == 1 else "chapters"
        self._write(f"[papermill] {self._n} {plural} in {seconds:.1f} s, {workers} at a time")


def run_chapters(
    chapters: Sequence[Chapter],
    overrides: Mapping[str, Mapping[str, Any]],
    settings: Settings,
    work: Path,
    write: Callable[[str], None] | None = None,
    keep: Callable[[ChapterRun], None] | None = None,
) -> list[ChapterRun]:
    """Run every chapter with papermill, as many at a time as there are cores.

    Parameters
    ----------
    chapters : sequence of Chapter
        They start in this order, but those that ``settings.first`` names before the others.
    overrides : mapping
        Chapter name to the parameter values to inject.
    settings : Settings
    work : Path
        Scratch folder for notebooks; must exist.
    write : callable, optional
        Where progress lines go; default: standard error.
    keep : callable, optional
        Called with each chapter that ended, failed or not, while others run.

    Returns
    -------
    list of ChapterRun
        In the order of `chapters`. A chapter that fails does not stop the others: look at ``failure``.
    """
    context = start_server(settings)
    jobs = [
        make_job(
            chapter,
            overrides.get(chapter.name, {}),
            work=work,
            root=settings.root,
            code=settings.code,
            environment=settings.environment,
            timeout=settings.timeout,
        )
        for chapter in chapters
    ]
    n_cells = sum(cell.cell_type == "code" for chapter in chapters for cell in chapter.notebook.cells)
    progress = Progress(len(jobs), n_cells, write)
    first = {name: place for place, name in enumerate(settings.first)}
    waiting = sorted(enumerate(jobs), key=lambda one: first.get(one[1].name, len(first)))
    running: dict[Connection, tuple[int, Any, float, int]] = {}
    ended: list[tuple[int, datetime, float, Failure | None]] = []
    runs: dict[int, ChapterRun] = {}
    begin = time.perf_counter()
    try:
        while waiting or running or ended:
            while waiting and len(running) < settings.n_workers():
                number, job = waiting.pop(0)
                mine, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(job, theirs), name=job.name)
                progress.start(job.name)
                process.start()
                theirs.close()
                running[mine] = (number, process, time.perf_counter(), 0)
            while ended:  # to look through what one found takes time, so that the next is started first
                number, when, seconds, failure = ended.pop(0)
                chapter, job = chapters[number], jobs[number]
                overridden = overrides.get(chapter.name, {})
                runs[number] = _finish(chapter, job, overridden, when, seconds, failure)
                if keep is not None:
                    keep(runs[number])
            if not running:
                continue  # with nothing to wait for, wait() waits for ever
            for connection in wait(list(running)):
                assert isinstance(connection, Connection)  # noqa: S101 - wait() gives back what it was given
                number, process, started, done = running[connection]
                try:
                    message = connection.recv()
                except EOFError:
                    process.join()
                    seconds = time.perf_counter() - started
                    why = f"its process ended without a word (exit status {process.exitcode})"
                    message = ("done", seconds, Failure(why, None, 1, ""))
                if message[0] == "cell":
                    progress.cells(message[1] - done)
                    running[connection] = (number, process, started, message[1])
                    continue
                ended.append((number, datetime.now(UTC), *message[1:]))
                progress.end(jobs[number].name, *message[1:])
                connection.close()
                process.join()
                del running[connection]
    finally:
        for connection, (_, process, _, _) in running.items():
            process.terminate()
            connection.close()
        for _, process, _, _ in running.values():
            process.join(5)
            if process.is_alive():
                process.kill()
        if running:
            # A kernel that had just been started looks once a second whether its worker is still there;
            # only then is nobody left to write into the scratch folder.
            time.sleep(_KERNEL_NOTICES)
    progress.close(time.perf_counter() - begin, min(settings.n_workers(), len(jobs)))
    return [runs[number] for number in range(len(jobs))]


def start_server(settings: Settings) -> multiprocessing.context.ForkServerContext:
    """Start the server that imports, once for the build, what papermill, the kernels and the book need.

    It imports while this process goes on, so that it pays to call this early. What the interpreter and the
    libraries read from the environment only at their start, such as the number of threads, must be there when
    the server starts. A server that runs already is used as it is, unless it holds code that has changed.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    multiprocessing.context.ForkServerContext
        Makes processes that are forked from it.
    """
    global _served
    context = multiprocessing.get_context("forkserver")
    machinery = ["papermill_book.scheduling", "papermill", "papermill_book.kernels", "ipykernel.kernelapp"]
    context.set_forkserver_preload([*machinery, *settings.preload])
    code = _own_code(settings)
    if _served not in ("", code):
        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # there is no other way to end it
    before = dict(os.environ)
    os.environ.update(KERNEL_ENVIRONMENT, PYTHONPATH=kernel_path(settings.root, settings.code))
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    _served = code
    return context


def _own_code(settings: Settings) -> str:
    """Hash the book's own code, if modules of it are preloaded; else give nothing."""
    wanted = {name.partition(".")[0] for name in settings.preload}
    own = {path.stem for folder in settings.code for path in (settings.root / folder).glob("*")}
    if not wanted & own:
        return ""
    return combine(hash_code(settings.root, settings.code))


def _finish(
    chapter: Chapter,
    job: Job,
    overridden: Mapping[str, Any],
    ended: datetime,
    seconds: float,
    failure: Failure | None,
) -> ChapterRun:
    notebook = None
    results: dict[str, dict[str, Any]] = {}
    data: tuple[dict[str, Any], ...] = ()
    if Path(job.target).is_file():
        try:
            notebook = settle(nbformat.read(job.target, as_version=4), chapter)
        except NotJSONError:  # as a full disk leaves it
            failure = failure or Failure("its executed notebook is torn", None, 1, "")
        if failure is None and notebook is not None:
            try:
                results, data = collect(notebook, chapter)
            except BookError as error:
                failure = Failure(str(error), None, 1, "")
    return ChapterRun(
        chapter=chapter,
        parameters={**chapter.parameters, **overridden},
        overridden=tuple(overridden),
        seconds=seconds,
        ended=ended,
        notebook=notebook,
        failure=failure,
        results=results,
        data=data,
    )
