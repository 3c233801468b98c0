"""Command line: run a chapter, check the sources, write the reference results. None of it needs Sphinx."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from papermill_book.build import describe_failures
from papermill_book.chapters import discover, find_chapter, write_notebook
from papermill_book.checks import check_sources
from papermill_book.comparison import describe
from papermill_book.crate import make_crate
from papermill_book.errors import BookError
from papermill_book.notebooks import export_notebooks
from papermill_book.pdf.printing import check_current, make_pdf
from papermill_book.provenance import git_state, hash_code, make_record, write_json
from papermill_book.reference import compare_with_reference, write_reference
from papermill_book.scheduling import run_chapters
from papermill_book.scratch import Scratch
from papermill_book.settings import parse_parameters, read_settings, resolve_parameters
from papermill_book.terms import find_unlinked, link_terms, pages_with_terms, read_glossary


def _plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Turn what a person can mend into one message and exit status 2."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BookError as error:
            click.echo(f"papermill_book: {error}", err=True)
            sys.exit(2)

    return wrapped


_book = click.option(
    "--book",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder of _config.yml; default: this one.",
)


@click.group()
def main() -> None:
    """Re-run the chapters of a Jupyter Book with papermill."""


@main.command()
@click.argument("chapter")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="May be repeated.")
@click.option("--profile", help="A profile of _config.yml.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put the notebook, results and record; default: _build/runs/CHAPTER.",
)
@_book
@_plainly
def run(chapter: str, parameters: tuple[str, ...], profile: str | None, out: Path | None, book: Path) -> None:
    """Run one CHAPTER, named by its file, with or without folder and suffix."""
    root = book.resolve()
    settings = read_settings(
        root, profile=profile, command_line=parse_parameters(parameters) if parameters else None
    )
    chapters = discover(root)
    wanted = find_chapter(chapters, chapter)
    # A name on the command line is meant for this chapter, so another chapter's parameter is an error here.
    for name in settings.command_line:
        if name not in wanted.parameters:
            resolve_parameters(settings, {wanted.name: wanted})
    overrides = resolve_parameters(settings, chapters)
    out = out or root / "_build" / "runs" / wanted.name
    with Scratch() as scratch:
        (done,) = run_chapters(
            [wanted], overrides, settings, scratch.path, lambda line: click.echo(line, err=True)
        )
    if done.notebook is not None:
        write_notebook(done.notebook, out / f"{wanted.name}.ipynb")
    if done.failure is not None:
        click.echo(describe_failures([done], root), err=True)
        sys.exit(1)
    write_json(out / f"{wanted.name}.json", done.results)
    code = hash_code(root, settings.code)
    write_json(out / f"{wanted.name}.record.json", make_record(done, settings, code, git_state(root)))
    click.echo(f"{out / wanted.name}.ipynb")
    click.echo(f"{out / wanted.name}.json")


@main.command("list")
@_book
@_plainly
def list_(book: Path) -> None:
    """List the chapters and their parameters with their defaults."""
    for chapter in discover(book.resolve()).values():
        click.echo(f"{chapter.name}  ({chapter.docname}.md)")
        for name, value in chapter.parameters.items():
            click.echo(f"    {name} = {value!r}")


@main.command()
@_book
@_plainly
def check(book: Path) -> None:
    """Look for figures without alt text and for numbers that nobody computed."""
    problems = check_sources(read_settings(book.resolve()))
    for problem in problems:
        click.echo(str(problem))
    if problems:
        click.echo(f"{len(problems)} to mend", err=True)
        sys.exit(1)


@main.command()
@click.argument("pages", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--write", is_flag=True, help="Write the links into the pages.")
@_book
@_plainly
def terms(pages: tuple[Path, ...], write: bool, book: Path) -> None:
    """List terms of the glossary that PAGES, or all pages, do not link where they first use them."""
    root = book.resolve()
    settings = read_settings(root)
    if not settings.glossary:
        raise BookError("_config.yml: papermill_book.glossary names no page, so there are no terms to link")
    glossary = read_glossary(root / settings.glossary, settings.everyday_terms)
    own = (root / settings.glossary).resolve()
    left = 0
    # the glossary may be named with others, as by *.md: a link in a definition's head would destroy it
    for path in [page.resolve() for page in pages if page.resolve() != own] or pages_with_terms(settings):
        uses = find_unlinked(path, glossary)
        if write:
            text, uses = link_terms(path.read_text(encoding="utf-8"), uses, glossary)
            path.write_text(text, encoding="utf-8")
        for use in uses:
            click.echo(f"{path.relative_to(root).as_posix()}:{use.line}: {use.words!r}: {use.link}")
        left += len(uses)
    if left:
        click.echo(f"{left} to link", err=True)
        sys.exit(1)


@main.command("export-notebooks")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_book
@_plainly
def export_notebooks_(folder: Path, book: Path) -> None:
    """Write each chapter of the last build below FOLDER as a notebook that Colab and Binder can open."""
    root = book.resolve()
    for path in export_notebooks(discover(root), read_settings(root), folder):
        click.echo(path)


@main.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put it; default: _build/book.pdf.",
)
@click.option("--check", is_flag=True, help="Only see whether the last build is of the sources as they are.")
@_book
@_plainly
def pdf(out: Path | None, check: bool, book: Path) -> None:
    """Print the pages of the last build into one PDF; needs Chromium."""
    root = book.resolve()
    settings = read_settings(root)
    check_current(settings)
    if check:
        return
    printed = make_pdf(settings, out or root / "_build" / "book.pdf")
    click.echo(f"{printed.path}: {printed.pages} pages")
    for language in printed.without_font:
        click.echo(
            f"This machine has no font for {language}: what is written in it cannot be read.", err=True
        )


@main.command()
@_book
@_plainly
def reference(book: Path) -> None:
    """Keep the results of the last build as the reference: only a full build on recorded data will do."""
    settings = read_settings(book.resolve())
    n_results = write_reference(settings, settings.root / "_build")
    click.echo(f"{settings.root / settings.reference}: {n_results} results")


_build = click.option(
    "--build",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the build; default: _build.",
)


@main.command()
@_build
@_book
@_plainly
def verify(build: Path | None, book: Path) -> None:
    """Hold a build against the reference: exit status 1 if a result is not what it should be."""
    settings = read_settings(book.resolve())
    comparison = compare_with_reference(settings, (build or settings.root / "_build").resolve())
    click.echo(describe(comparison))
    if not comparison.good:
        sys.exit(1)


@main.command()
@click.option("--agent", default="", help="Who ran the build, if it was not the authors of the book.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; default: crate.zip in the folder of the build.",
)
@_build
@_book
@_plainly
def crate(agent: str, out: Path | None, build: Path | None, book: Path) -> None:
    """Pack the last build as an RO-Crate: what ran, on what, and what came out."""
    settings = read_settings(book.resolve())
    folder = (build or settings.root / "_build").resolve()
    target = (out or folder / "crate.zip").resolve()
    n_files = make_crate(settings, folder, target, agent)
    click.echo(f"{target}: {n_files} files, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
