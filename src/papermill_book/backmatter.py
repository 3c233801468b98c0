"""What the pages at the back show of a build: a drawing of how it was made, and what it was made with."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging

from papermill_book.api import folded, folded_head
from papermill_book.citing import rows_of_data
from papermill_book.drawing import count_making, describe_making, draw_making, title_of
from papermill_book.errors import known
from papermill_book.formatting import as_markdown
from papermill_book.pages import Table, current_build
from papermill_book.provenance import combine, locked_versions, package_versions, python_version, sha256

logger = logging.getLogger(__name__)


def _fold(words: str, *children: nodes.Node) -> folded:
    return folded("", folded_head("", words), *children, classes=["pb-fold"])


class MadeDirective(Table):
    """``{made}`` draws the way from the data to the pages, with the counts of this build."""

    def run(self) -> list[nodes.Node]:
        """Make the drawing, and the same as a table."""
        build = current_build(self.env.app)
        making = count_making(build, len(self.env.found_docs))
        drawing = nodes.raw("", draw_making(making), format="html")
        rows, ids = [], []
        for number, chapter in enumerate(making.chapters, 1):
            data = ", ".join(as_markdown(one.name) for one in making.data if chapter.name in one.chapters)
            counts = (chapter.n_cells, chapter.n_figures, chapter.n_results, chapter.n_claims)
            docname = build.runs[chapter.name].chapter.docname
            rows.append([f"{number}", f"[](/{docname}.md)", *map(str, counts), data or "–"])
            ids.append(f"made-{chapter.name}")
        columns = {"": 6, "Chapter": 34, "Cells": 9, "Figures": 9, "Results": 9, "Claims": 9, "Data": 24}
        table = self.make_table(columns, rows, ids, "pb-made-table")
        words = nodes.paragraph("", describe_making(making))
        return [drawing, _fold("The same in words, and as a table", words, *table)]


class ColophonDirective(Table):
    """``{colophon}`` says what this build was made with: commit, code, data, Python, packages."""

    option_spec = {  # noqa: RUF012 - docutils reads it from the class
        "packages": directives.unchanged_required,
        "lock": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """Make the tables. No clock time is among it: the records have those."""
        build = current_build(self.env.app)
        settings = build.settings
        git = build.git
        commit = f"`{git['commit']}`" if git else "not built from a git checkout"
        if git.get("changed"):
            commit += ", with changes that are not committed"
        sources = {run.chapter.docname: sha256(run.chapter.path) for run in build.runs.values()}
        changed = {name: run.overridden for name, run in build.runs.items() if run.overridden}
        rows = [
            ["Commit", commit],
            [
                "Profile",
                as_markdown(settings.profile)
                + (f", which changes {len(changed)} chapters" if changed else ""),
            ],
            ["Chapters", f"{len(sources)} sources, SHA-256 `{combine(sources)}`"],
            ["Code", f"{len(build.code)} files, SHA-256 `{combine(build.code)}`"],
        ]
        rows += [[f"Data: {name}", files] for name, files in rows_of_data(build)]
        rows.append(["Python", f"{python_version()}"])
        locked = locked_versions(settings.root / self.options.get("lock", "requirements.txt"))
        installed = package_versions()
        for package in self.options.get("packages", "").split():
            if package not in installed:
                logger.warning(
                    "colophon: no package called %r is installed. %s",
                    package,
                    known(package, locked),
                    location=self.get_location(),
                    type="papermill_book",
                    subtype="colophon",
                )
                continue
            version = installed[package]
            wanted = locked.get(package, [])
            unlike = "" if version in wanted else f", where the lock has {' or '.join(wanted) or 'none'}"
            rows.append([f"`{package}`", version + unlike])
        main = self.make_table({"": 34, "In this build": 66}, rows, _ids("built-with", rows), "pb-colophon")
        hashes = [[f"[{title_of(run)}](/{run.chapter.docname}.md)", f"`{sources[run.chapter.docname]}`"]
                  for run in build.runs.values()]  # fmt: skip
        chapters = self.make_table(
            {"Chapter": 36, "SHA-256 of its source": 64}, hashes, _ids("source", hashes), "pb-colophon"
        )
        hashed = {
            (part["name"], name): digest
            for run in build.runs.values()
            for part in run.data
            for name, digest in part["files"].items()
        }
        files = [[as_markdown(name), as_markdown(digest)] for (_, name), digest in sorted(hashed.items())]
        boxes = [_fold("Each chapter's source", *chapters)]
        if files:
            table = self.make_table({"File": 36, "SHA-256": 64}, files, _ids("file", files), "pb-colophon")
            boxes.append(_fold("Each file of the data", *table))
        return [*main, *boxes]


def _ids(prefix: str, rows: list[Any]) -> list[str]:
    return [f"{prefix}-{number}" for number in range(1, len(rows) + 1)]


def setup_backmatter(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("made", MadeDirective)
    app.add_directive("colophon", ColophonDirective)
