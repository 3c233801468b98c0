"""From prepared recordings to a folder of pages: a small Jupyter Book, built whole or not at all.

The pages are laid into a temporary folder, where Jupyter Book builds them with ``papermill_book``; what
belongs to the report is then put beside its place and moved there in one step.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from distributional_dopamine.evidence.replication import WORKERS_VARIABLE
from distributional_dopamine.recordings.model import RecordingsError
from distributional_dopamine.report.prepared import FOLDER_VARIABLE, Prepared
from papermill_book.publishing import exchange
from papermill_book.settings import PARAMETERS_VARIABLE, PROFILE_VARIABLE

SIZE_PAGES = (
    "index",
    "responses",
    "reversal-points",
    "asymmetry",
    "signs",
    "decoding",
    "null-models",
    "what-it-would-take",
)
"""Pages on rewards of several sizes, in the order of reading."""

CUE_PAGES = ("optimism", "cue-trials")
"""Pages on cues of several probabilities; the first one also joins those on sizes, where both were varied."""


QUICK: Mapping[str, Mapping[str, object]] = {
    "index": {"n_simulations": 99, "n_splits": 8},
    "reversal-points": {"n_splits": 100},
    "asymmetry": {"n_splits": 100, "n_permutations": 199},
    "signs": {"n_splits": 100},
    "decoding": {"n_shuffles": 19, "n_splits": 10},
    "null-models": {"n_simulations": 40, "with_decoding": False},
    "what-it-would-take": {"n_simulations": 99, "n_splits": 8, "with_trials": False, "largest_cells": 80},
    "optimism": {"n_simulations": 499, "n_needs": 199},
}
"""Parameters of each page for a first look."""

_STYLES = ("fonts.css", "book.css", "report.css")
"""Style sheets of every page; the first two are the book's own, to which the files here are links."""

_FONT_LICENSE = "fonts-LICENSE.txt"  # which asks to go wherever the font goes

_MARK = "results.json"
_PROGRESS = "[papermill]"
_TIMEOUT = 7200  # s that one cell may take
_LEAST_SPACE = 2**20  # bytes; a disk with less is full
_CONFIG: Mapping[str, Any] = {
    "title": "Your recordings",
    "author": "",
    "copyright": "",
    "only_build_toc_files": True,
    "execute": {"execute_notebooks": "cache"},
    "parse": {"myst_enable_extensions": ["colon_fence"]},
    "html": {
        "use_issues_button": False,
        "use_repository_button": False,
        "use_edit_page_button": False,
    },
    "launch_buttons": {"thebe": False},
    "sphinx": {
        "recursive_update": True,
        "extra_extensions": ["papermill_book.ext"],
        "config": {
            "html_static_path": ["_static"],
            "html_css_files": list(_STYLES),
            "html_context": {"default_mode": "auto"},
            "html_show_copyright": False,
            "html_show_sourcelink": False,
            "html_use_index": False,
            "html_theme_options": {
                "navbar_persistent": [],
                "use_source_button": False,
                "use_fullscreen_button": False,
            },
            "numfig": True,
            "language": "en-GB",
            "nb_output_stderr": "remove",
            "nb_merge_streams": True,
            "papermill_book": {
                "code": [],
                "timeout": _TIMEOUT,
                "preload": ["distributional_dopamine.report._forked"],
                "stand_in_notice": "Simulated cells: nothing here says anything about a brain.",
                "profiles": {"full": {}},
            },
        },
    },
}


class ReportError(RecordingsError):
    """A report that could not be made; the message says why, a note what Jupyter Book wrote."""


def pages_of(prepared: Prepared) -> dict[str, str]:
    """Choose the pages of a report.

    Parameters
    ----------
    prepared
        The recordings.

    Returns
    -------
    dict
        Name of a page -> name of its source, in the order of reading; the first is ``index``.
    """
    if prepared.asks_sizes:
        return {page: page for page in (*SIZE_PAGES, *(CUE_PAGES[:1] if prepared.asks_cues else ()))}
    return {"index": CUE_PAGES[0], **{page: page for page in CUE_PAGES[1:]}}


def check_place(out: Path, *, overwrite: bool) -> None:
    """Refuse a place where no report can be put, before anything is computed.

    Parameters
    ----------
    out
        Folder of the report, to be made.
    overwrite
        Whether an earlier report there may be replaced.

    Raises
    ------
    ReportError
        If something is there that may not be replaced, or nothing can be written beside it.
    """
    if out.is_symlink() or out.exists():
        if not overwrite:
            raise ReportError(f"{out} is there already. Choose another --out, or add --overwrite.")
        if out.is_symlink() or not out.is_dir() or not (_is_report(out) or not any(out.iterdir())):
            raise ReportError(f"{out} is no earlier report, so it is not overwritten. Choose another --out.")
    parent = out.absolute().parent
    if not parent.is_dir():
        raise ReportError(f"There is no folder {parent} to write to.")
    try:
        Path(tempfile.mkdtemp(prefix=".report-", dir=parent)).rmdir()
    except OSError as error:
        raise ReportError(f"Nothing can be written to {parent} ({error.strerror}).") from error


def _is_report(folder: Path) -> bool:
    return (folder / _MARK).is_file() and (folder / "index.html").is_file()


def build_report(
    prepared: Prepared,
    out: Path,
    tell: Callable[[str], None],
    *,
    quick: bool = False,
    seed: int = 1,
    overwrite: bool = False,
) -> None:
    """Run the pages on prepared recordings and put the report in its place.

    Parameters
    ----------
    prepared
        The recordings.
    out
        Folder of the report.
    tell
        Gets a line whenever a page starts or ends.
    quick
        A first look, with fewer simulations.
    seed
        Of everything that is drawn.
    overwrite
        Replace an earlier report.

    Raises
    ------
    ReportError
        If a page fails or the report cannot be put in its place; nothing is left behind then.
    """
    check_place(out, overwrite=overwrite)
    out = out.absolute()
    scratch = Path(tempfile.mkdtemp(prefix="report-"))
    beside = Path(tempfile.mkdtemp(prefix=".report-", dir=out.parent))
    try:
        book, data = scratch / "book", scratch / "data"
        pages = pages_of(prepared)
        _lay_out(book, pages)
        data.mkdir()
        prepared.write(data)
        _run_jupyter_book(book, data, tell, quick=quick, seed=seed)
        made = beside / "made"
        try:
            _gather(book / "_build", pages, prepared, made, quick=quick, seed=seed)
            if out.exists():
                exchange(made, out)
            else:
                made.rename(out)
        except OSError as error:
            raise ReportError(
                f"The report cannot be written to {out} ({_reason(error)}). Is the disk full, or the folder "
                "not yours?"
            ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)


def _gather(
    build: Path, pages: Mapping[str, str], prepared: Prepared, made: Path, *, quick: bool, seed: int
) -> None:
    """Put together what belongs to the report."""
    shutil.copytree(build / "html", made, ignore=shutil.ignore_patterns(".buildinfo", "*.inv"))
    _write_results(build, pages, prepared, made, quick=quick, seed=seed)
    made.chmod(0o777 & ~_umask())


def _reason(error: OSError) -> str:
    """Give the reason alone, also of an error that lists every file it met."""
    if isinstance(error, shutil.Error):
        _, _, why = error.args[0][0]
        return str(why).partition("] ")[2].partition(":")[0] or str(why)
    return error.strerror or type(error).__name__


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _lay_out(book: Path, pages: Mapping[str, str]) -> None:
    """Write the sources of the report."""
    source = files("distributional_dopamine.report").joinpath("pages")
    (book / "_static").mkdir(parents=True)
    for page, name in pages.items():
        text = source.joinpath(f"{name}.md").read_text(encoding="utf-8")
        (book / f"{page}.md").write_text(text, encoding="utf-8")
    for name in (*_STYLES, _FONT_LICENSE):
        (book / "_static" / name).write_bytes(source.joinpath(name).read_bytes())
    root, *others = pages
    contents = {"format": "jb-book", "root": root, "chapters": [{"file": page} for page in others]}
    (book / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    config = copy.deepcopy(dict(_CONFIG))
    quick = {page: dict(QUICK[name]) for page, name in pages.items() if name in QUICK}
    config["sphinx"]["config"]["papermill_book"]["profiles"]["quick"] = {"chapters": quick}
    (book / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


def _run_jupyter_book(book: Path, data: Path, tell: Callable[[str], None], *, quick: bool, seed: int) -> None:
    """Build the pages, passing progress on; what else Jupyter Book says is kept for the case of an error."""
    own = str(Path(__file__).resolve().parents[2])
    path = [own, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        FOLDER_VARIABLE: str(data),
        PROFILE_VARIABLE: "quick" if quick else "full",
        PARAMETERS_VARIABLE: f"seed={seed}",
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONIOENCODING": "utf-8",
    }
    # Pages run side by side already; a process more for each would only cost its start.
    environment.setdefault(WORKERS_VARIABLE, str(max(1, len(os.sched_getaffinity(0)) // 2)))
    command = [
        sys.executable,
        "-c",
        "from jupyter_book.cli.main import main; main()",
        "build",
        str(book),
        "-W",
        "-n",
    ]
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        env=environment,
        cwd=book,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            for line in process.stdout:
                lines.append(line)
                if line.startswith(_PROGRESS):
                    tell(line.rstrip().removeprefix(_PROGRESS).strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode or not (book / "_build" / "html" / "index.html").is_file():
        error = ReportError(f"The report could not be built: {_why(lines, book)}")
        error.add_note("".join(lines))
        raise error


def _why(lines: list[str], book: Path) -> str:
    """Find the first line that says what went wrong."""
    if shutil.disk_usage(book).free < _LEAST_SPACE:
        place = tempfile.gettempdir()
        return f"there is no space left in {place}. TMPDIR may name another folder to work in."
    for start in ("chapter ", "OSError", "papermill_book"):
        found = [line.strip() for line in lines if line.lstrip().startswith(start)]
        if found:
            errors = [line.strip() for line in lines if "Error: " in line and "Traceback" not in line]
            return " ".join([found[0], *errors[:1]])
    errors = [line.strip() for line in lines if "Error" in line or "WARNING" in line]
    return errors[0] if errors else "--debug shows all that was written."


def _write_results(
    build: Path, pages: Mapping[str, str], prepared: Prepared, made: Path, *, quick: bool, seed: int
) -> None:
    """Write every reported number, and what the report was made from and with."""
    results: dict[str, Any] = {}
    for page in pages:
        results |= json.loads((build / "results" / f"{page}.json").read_text(encoding="utf-8"))
    record = {
        "data": asdict(prepared.provenance),
        "excluded": [asdict(one) for one in prepared.excluded],
        "notes": prepared.notes,
        "quick": quick,
        "seed": seed,
        "versions": {name: version(name) for name in ("numpy", "scipy", "pandas", "numba", "papermill")},
    }
    for name, content in (("record.json", record), (_MARK, dict(sorted(results.items())))):
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (made / name).write_text(text, encoding="utf-8")
