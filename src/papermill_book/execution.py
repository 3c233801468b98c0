"""Run one chapter with papermill, and settle what came out: the same run always gives the same bytes."""

from __future__ import annotations

import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from papermill_book.chapters import INJECTED_TAG, Chapter, write_notebook
from papermill_book.errors import BookError
from papermill_book.reporting import DATA_MIME, FIGURE_MIME, RESULT_MIME
from papermill_book.seeds import SeedProcess
from papermill_book.svg import SVG_MIME, slim_svg
from papermill_book.widgets import WIDGET_MIME

#: Threads of numerical libraries: one each, since chapters run side by side; and a fixed hash seed,
#: so that nothing depends on the order of a set.
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    # tqdm, which many libraries import, asks for widgets that a page without a kernel could not show.
    "PYTHONWARNINGS": "ignore:IProgress not found",
    # What ipykernel would say to Matplotlib, said before that is imported.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
#: How IPython marks the line that failed inside the cell.
_CELL_LINE = re.compile(r"Cell In\[\d+\], line (\d+)|^-+> (\d+) ", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """All a worker process needs to run one chapter."""

    name: str
    """Chapter name."""
    source: str
    """Path of a notebook without outputs."""
    target: str
    """Path for the executed notebook."""
    folder: str
    """Working directory of the kernel."""
    parameters: dict[str, Any]
    """Values to inject."""
    environment: dict[str, str]
    """Environment variables to set before the kernel starts."""
    timeout: float
    """Seconds one cell may take."""


@dataclass(frozen=True)
class Failure:
    """Why a chapter did not finish."""

    error: str
    """Name of the exception and its message."""
    cell: int | None
    """Index of the cell among the chapter's own cells; None if it was not a cell that failed."""
    line_in_cell: int
    """Line inside that cell, from 1."""
    traceback: str
    """The kernel's traceback, without colours."""


@dataclass(frozen=True)
class ChapterRun:
    """One chapter as it ran."""

    chapter: Chapter
    parameters: dict[str, Any]
    """Every parameter with the value it had."""
    overridden: tuple[str, ...]
    """Names of those that some setting changed."""
    seconds: float
    """Wall-clock time."""
    ended: datetime
    """When the last cell had run, with its time zone."""
    notebook: NotebookNode | None
    """The executed notebook, settled; None if papermill left none."""
    failure: Failure | None
    """None if every cell ran."""
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the chapter reported: id to value, unit, interval, n."""
    data: tuple[dict[str, Any], ...] = ()
    """The data the chapter said it used."""

    @property
    def simulated(self) -> bool:
        """Whether any data this chapter used stand in for recordings that could not be had."""
        return any(part["kind"] == "simulated" for part in self.data)


def make_job(
    chapter: Chapter,
    parameters: Mapping[str, Any],
    *,
    work: Path,
    root: Path,
    code: tuple[str, ...],
    environment: Mapping[str, str],
    timeout: float,
) -> Job:
    """Write a chapter's notebook into `work` and describe how to run it.

    Parameters
    ----------
    chapter : Chapter
    parameters : mapping
        Values to inject.
    work : Path
        Scratch folder.
    root : Path
        The book's root; the kernel works there, whichever folder the chapter lies in.
    code : tuple of str
        Folders below `root` to put first on the kernel's path.
    environment : mapping
        Further environment variables.
    timeout : float
        Seconds a cell may take.

    Returns
    -------
    Job
    """
    source = work / f"{chapter.name}.ipynb"
    # What runs has no source map: it would land in the executed notebook and say nothing there.
    notebook: NotebookNode = nbformat.from_dict(chapter.notebook)
    notebook.metadata = {
        key: value for key, value in chapter.notebook.metadata.items() if key in ("kernelspec", "jupytext")
    }
    write_notebook(notebook, source)
    return Job(
        name=chapter.name,
        source=str(source),
        target=str(work / f"{chapter.name}.executed.ipynb"),
        folder=str(root),
        parameters=dict(parameters),
        environment={
            **KERNEL_ENVIRONMENT,
            "PYTHONPATH": kernel_path(root, code),
            # A reader's own IPython start-up files and history must not reach the chapter.
            "IPYTHONDIR": str(_ipython_folder(work)),
            # Whatever a chapter leaves behind goes with the scratch folder.
            "TMPDIR": str(work),
            **environment,
        },
        timeout=timeout,
    )


def kernel_path(root: Path, code: tuple[str, ...]) -> str:
    """Give the ``PYTHONPATH`` of the kernels.

    Parameters
    ----------
    root : Path
        The book's root.
    code : tuple of str
        Folders below `root`.

    Returns
    -------
    str
        The book's own code first, then this package, which a book may use without installing it.
    """
    path = [*(str(root / folder) for folder in code), str(Path(__file__).resolve().parents[1])]
    return os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])])


def _ipython_folder(work: Path) -> Path:
    """Make IPython's folder, with the configuration of the kernels in it."""
    profile = work / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(
        'get_config().InteractiveShellApp.extensions = ["papermill_book.figure_capture"]\n', encoding="utf-8"
    )
    return profile.parent


def run_job(
    job: Job, tell: Callable[[int, int], None], seed: SeedProcess | None = None
) -> tuple[float, Failure | None]:
    """Run one chapter with papermill. Called in a process of its own: papermill changes directory.

    Parameters
    ----------
    job : Job
    tell : callable
        Called with (cells done, cells in all) after each cell.
    seed : SeedProcess, optional
        What the kernel grows from; by default it is started by name.

    Returns
    -------
    seconds : float
    failure : Failure or None
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from papermill_book.kernels import PrivateKernelManager

    os.environ.update(job.environment)
    tempfile.tempdir = None  # forget the folder chosen before TMPDIR was set
    total = sum(cell.cell_type == "code" for cell in nbformat.read(job.source, as_version=4).cells)
    done = 0

    def on_cell_complete(cell: NotebookNode, **_: Any) -> None:
        nonlocal done
        if cell.cell_type == "code" and INJECTED_TAG not in cell.metadata.get("tags", []):
            done += 1
            tell(done, total)

    start = time.perf_counter()
    failure = None
    try:
        papermill.execute_notebook(
            _no_fields(job.source),
            _no_fields(job.target),
            parameters=job.parameters,
            request_save_on_cell_execute=False,
            progress_bar=False,
            cwd=job.folder,
            execution_timeout=job.timeout,
            # Else papermill calls it a failure when a busy machine brings a cell's output 4 s after its end.
            iopub_timeout=math.ceil(job.timeout),
            kernel_manager_class=PrivateKernelManager.grown_from(seed) if seed else PrivateKernelManager,
            coalesce_streams=True,
            record_timing=False,
            shutdown_kernel="immediate",  # all is saved by then; a graceful end takes a second
            on_cell_complete=on_cell_complete,
        )
    except PapermillExecutionError as error:
        traceback = _ANSI.sub("", "\n".join(error.traceback))
        found = [int(first or second) for first, second in _CELL_LINE.findall(traceback)]
        failure = Failure(
            error=f"{error.ename}: {error.evalue}",
            cell=_failed_cell(job),
            line_in_cell=found[0] if found else 1,
            traceback=traceback,
        )
    except CellTimeoutError as error:
        failure = Failure(
            f"CellTimeoutError: a cell ran for more than {job.timeout:g} s", None, 1, str(error)
        )
    except DeadKernelError as error:
        failure = Failure("DeadKernelError: the kernel died (killed, or out of memory)", None, 1, str(error))
    except RuntimeError as error:  # what nbclient raises if a kernel dies before it has said a word
        failure = Failure(f"the kernel did not start: {error}", None, 1, "")
    except OSError as error:
        failure = Failure(f"{error.strerror}: {error.filename or 'the scratch folder'}", None, 1, str(error))
    return time.perf_counter() - start, failure


def _no_fields(path: str) -> str:
    """Protect a path from papermill, which takes braces in it for fields to fill in."""
    return path.replace("{", "{{").replace("}", "}}")


def _failed_cell(job: Job) -> int | None:
    """Index of the failed cell among the chapter's own; papermill adds cells before it on the way out."""
    own = [cell for cell in nbformat.read(job.target, as_version=4).cells if not _added_by_papermill(cell)]
    for number, cell in enumerate(own):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return number
    return None


def _added_by_papermill(cell: NotebookNode) -> bool:
    tags = cell.metadata.get("tags", [])
    return INJECTED_TAG in tags or any(tag.startswith("papermill-error") for tag in tags)


def settle(notebook: NotebookNode, chapter: Chapter) -> NotebookNode:
    """Drop all that changes from run to run: clock times, cell ids made up on the way, transient ids.

    Drawings lose the bytes that nobody sees.

    Parameters
    ----------
    notebook : NotebookNode
        As papermill left it.
    chapter : Chapter
        The chapter it was made from.

    Returns
    -------
    NotebookNode
        A new notebook. The cell papermill injected stays in it: it is part of what ran.
    """
    settled: NotebookNode = nbformat.from_dict(notebook)
    settled.metadata.pop("papermill", None)
    own = 0
    for cell in settled.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if _added_by_papermill(cell):
            cell["id"] = INJECTED_TAG
            # Papermill stamps the cell "# Parameters"; the tag says the same, and stays.
            continue
        cell["id"] = chapter.notebook.cells[own]["id"]
        own += 1
        for output in cell.get("outputs", []):
            output.pop("transient", None)
            data = output.get("data", {})
            if SVG_MIME in data:
                data[SVG_MIME] = slim_svg(data[SVG_MIME])
    return settled


def own_code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Code cells of an executed notebook that the chapter's source holds too, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and not _added_by_papermill(cell)]


def collect(
    notebook: NotebookNode, chapter: Chapter
) -> tuple[dict[str, dict[str, Any]], tuple[dict[str, Any], ...]]:
    """Take what a chapter reported, and the data it named, out of its executed notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Settled, executed.
    chapter : Chapter

    Returns
    -------
    results : dict of str to dict
        Id to ``{value, unit, interval, n}``.
    data : tuple of dict

    Raises
    ------
    BookError
        If an id is reported twice; the message names both lines.
    """
    code_numbers = [n for n, cell in enumerate(chapter.notebook.cells) if cell.cell_type == "code"]
    results: dict[str, dict[str, Any]] = {}
    lines: dict[str, int] = {}
    data = []
    for number, cell in zip(code_numbers, own_code_cells(notebook), strict=True):
        for output in cell.outputs:
            bundle = output.get("data", {})
            if RESULT_MIME in bundle:
                result = dict(bundle[RESULT_MIME])
                name = result.pop("id")
                line = chapter.line_of(number)
                if name in results:
                    raise BookError(
                        f"{chapter.path}:{line}: {name!r} is reported twice in this chapter; "
                        f"first by the cell at line {lines[name]}"
                    )
                results[name], lines[name] = result, line
            if DATA_MIME in bundle:
                data.append(dict(bundle[DATA_MIME]))
    return results, tuple(data)


def for_page(notebook: NotebookNode, page: NotebookNode) -> NotebookNode:
    """Put the outputs of an executed notebook onto the one that MyST-NB's reader made.

    jupyter-cache compares code and cell metadata to the letter, so the page's own notebook must carry
    the outputs. Data meant for the machinery alone stay behind; MyST-NB would warn about their type.

    Parameters
    ----------
    notebook : NotebookNode
        Settled, executed.
    page : NotebookNode
        As the parser will read it.

    Returns
    -------
    NotebookNode
        `page`, with outputs and execution counts.
    """
    merged: NotebookNode = nbformat.from_dict(page)
    targets = [cell for cell in merged.cells if cell.cell_type == "code"]
    for target, source in zip(targets, own_code_cells(notebook), strict=True):
        outputs = []
        for output in source.outputs:
            kept = nbformat.from_dict(output)
            bundle = kept.get("data", {})
            for mime in (RESULT_MIME, DATA_MIME, FIGURE_MIME, WIDGET_MIME):
                bundle.pop(mime, None)
            if bundle or "data" not in kept:
                outputs.append(kept)
        target.outputs = outputs
        target.execution_count = source.execution_count
    return merged
