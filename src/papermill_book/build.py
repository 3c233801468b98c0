"""One build of the book: run the chapters, gather what they found, judge the claims."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from papermill_book.chapters import Chapter, write_notebook
from papermill_book.claims import Claim, Verdict, as_json, describe_rule, judge, read_claims
from papermill_book.errors import BookError, known
from papermill_book.execution import ChapterRun
from papermill_book.provenance import git_state, hash_code, make_record, write_json
from papermill_book.scheduling import prepare, run_chapters
from papermill_book.settings import Settings, resolve_parameters


@dataclass(frozen=True)
class Build:
    """Everything the pages of one build are made of."""

    settings: Settings
    runs: Mapping[str, ChapterRun] = field(default_factory=dict)
    """Chapter name to its run, in the order of the chapters."""
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Result id to value, unit, interval and n, over all chapters."""
    reported_by: Mapping[str, str] = field(default_factory=dict)
    """Result id to the name of the chapter that reported it."""
    reference: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The results of the last full build on recorded data."""
    claims: tuple[Claim, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @cached_property
    def code(self) -> dict[str, str]:
        """Path of every source file of the code to its SHA-256."""
        return hash_code(self.settings.root, self.settings.code)

    @cached_property
    def git(self) -> dict[str, Any]:
        """Commit of the sources and whether they differ from it; empty outside a checkout."""
        return git_state(self.settings.root)

    @property
    def simulated(self) -> bool:
        """Whether any chapter ran on data that stand in for recordings."""
        return any(run.simulated for run in self.runs.values())

    def by_docname(self, docname: str) -> ChapterRun | None:
        """The run of the chapter behind a page, if there is one."""
        return next((run for run in self.runs.values() if run.chapter.docname == docname), None)

    def is_simulated(self, result: str) -> bool:
        """Whether a result was computed from data that stand in for recordings."""
        return self.runs[self.reported_by[result]].simulated


def describe_failures(runs: Iterable[ChapterRun], root: Path) -> str:
    """Say of every chapter that failed where it did, and show its traceback.

    Parameters
    ----------
    runs : iterable of ChapterRun
    root : Path
        The book's root, for short paths.

    Returns
    -------
    str
        Empty if none failed.
    """
    parts = []
    for run in runs:
        failure = run.failure
        if failure is None:
            continue
        place = run.chapter.path.relative_to(root).as_posix()
        source = ""
        if failure.cell is not None:
            line = run.chapter.line_of(failure.cell, failure.line_in_cell)
            place += f":{line}"
            lines = run.chapter.path.read_text(encoding="utf-8").splitlines()
            source = f"\n    {lines[line - 1].strip()}" if line <= len(lines) else ""
        head = f"chapter {run.chapter.name!r} failed at {place}{source}"
        parts.append(f"{head}\n{failure.error}\n{failure.traceback}".rstrip())
    return "\n\n".join(parts)


def read_reference(path: Path) -> dict[str, dict[str, Any]]:
    """Read the results of the last full build on recorded data.

    Parameters
    ----------
    path : Path
        May be absent.

    Returns
    -------
    dict
        Result id to value, unit, interval and n.

    Raises
    ------
    BookError
        If the file is not what ``make reference`` writes.
    """
    if not path.is_file():
        return {}
    try:
        reference = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise BookError(f"{path} is not valid JSON ({error}); write it anew with 'make reference'") from error
    if not isinstance(reference, dict) or not all(
        isinstance(result, dict) and "value" in result for result in reference.values()
    ):
        raise BookError(f"{path} is not a table of results; write it anew with 'make reference'")
    return reference


def why_not_judged(settings: Settings, simulated: bool) -> str:
    """Say why claims are not judged in this build; empty if they are."""
    if simulated:
        return "simulated cells"
    if not settings.untouched:
        return f"profile {settings.profile}" if not settings.command_line else "changed parameters"
    return ""


def notice_of(build: Build) -> str:
    """Say what the banner on every page says of a build that is not the full one on recordings.

    Parameters
    ----------
    build : Build

    Returns
    -------
    str
        Empty if there is nothing to say.
    """
    sentences = [build.settings.stand_in_notice] if build.simulated else []
    other = why_not_judged(build.settings, simulated=False)
    if other:
        sentences.append(
            f"Built with {other}: the numbers differ from those of the full build, for which the sentences "
            "around them were written."
        )
    return " ".join(sentences)


def gather(runs: Iterable[ChapterRun], settings: Settings) -> Build:
    """Put the runs of all chapters together and judge the claims.

    Parameters
    ----------
    runs : iterable of ChapterRun
        None of them failed.
    settings : Settings

    Returns
    -------
    Build

    Raises
    ------
    BookError
        If two chapters report the same id, a claim names a chapter that is not there, or a claims file
        is wrong.
    """
    index = {run.chapter.name: run for run in runs}
    results: dict[str, Mapping[str, Any]] = {}
    reported_by: dict[str, str] = {}
    for name, run in index.items():
        for id_, result in run.results.items():
            if id_ in results:
                raise BookError(f"{id_!r} is reported twice: by {reported_by[id_]!r} and by {name!r}")
            results[id_], reported_by[id_] = result, name
    claims = tuple(read_claims(settings.root / settings.claims))
    verdicts = []
    for claim in claims:
        simulated = claim.result in reported_by and index[reported_by[claim.result]].simulated
        verdicts.append(judge(claim, results, why_not_judged(settings, simulated)))
    return Build(
        settings=settings,
        runs=index,
        results=results,
        reported_by=reported_by,
        reference=read_reference(settings.root / settings.reference),
        claims=claims,
        verdicts=tuple(verdicts),
    )


def write_outputs(build: Build, folder: Path) -> None:
    """Write results, claims and records below `folder`.

    Parameters
    ----------
    build : Build
    folder : Path
        Gets ``results/`` and ``records/``.
    """
    for name, run in build.runs.items():
        write_json(folder / "results" / f"{name}.json", run.results)
        write_json(
            folder / "records" / f"{name}.json", make_record(run, build.settings, build.code, build.git)
        )
    write_json(folder / "results" / "claims.json", as_json(list(build.verdicts)))


def surprises(build: Build) -> str:
    """Say which verdicts differ from the expected ones; empty if none does."""
    lines = [
        f"claim {verdict.claim.id!r}: expected {verdict.claim.expected!r}, but it is {verdict.verdict!r} "
        f"(published {verdict.claim.published_text}; {verdict.claim.result} = {verdict.result['value']}; "
        f"rule: {describe_rule(verdict.claim)})"
        for verdict in build.verdicts
        if verdict.surprising and verdict.result is not None
    ]
    lines += [
        f"claim {verdict.claim.id!r}: {verdict.reason}"
        for verdict in build.verdicts
        if verdict.result is None
    ]
    return "\n".join(lines)


def run_book(
    chapters: Mapping[str, Chapter],
    settings: Settings,
    work: Path,
    keep_failed: Path,
    write: Callable[[str], None] | None = None,
    keep: Callable[[ChapterRun], None] | None = None,
) -> Build:
    """Run every chapter and gather what they found.

    Parameters
    ----------
    chapters : mapping of str to Chapter
        By name, in the order of reading.
    settings : Settings
    work : Path
        Scratch folder.
    keep_failed : Path
        Folder for the notebooks of chapters that failed, as far as they came.
    write : callable, optional
        Where progress lines go.
    keep : callable, optional
        Called with each chapter that ended, failed or not, while others run.

    Returns
    -------
    Build

    Raises
    ------
    BookError
        If what comes before the chapters failed, a chapter failed (after the others ended), or results or
        claims are wrong.
    """
    shutil.rmtree(keep_failed, ignore_errors=True)
    overrides = resolve_parameters(settings, chapters)
    for name in settings.first:
        if name not in chapters:
            raise BookError(f"papermill_book.first: there is no chapter {name!r}. {known(name, chapters)}")
    prepare(settings)
    runs = run_chapters(list(chapters.values()), overrides, settings, work, write, keep)
    failures = describe_failures(runs, settings.root)
    if failures:
        for run in runs:
            if run.failure and run.notebook is not None:
                write_notebook(run.notebook, keep_failed / f"{run.chapter.name}.ipynb")
        raise BookError(f"{failures}\n\nThe site of the last good build is untouched.")
    return gather(runs, settings)
