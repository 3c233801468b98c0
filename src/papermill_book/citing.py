"""What the page *How to cite* shows: this book, and the works it rests on, to be copied."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from papermill_book.build import Build
from papermill_book.citation import Citation, address_of, as_apa, as_bibtex, citation_of, swhid
from papermill_book.errors import known
from papermill_book.formatting import as_markdown, some
from papermill_book.pages import Table, current_build
from papermill_book.provenance import combine

logger = logging.getLogger(__name__)

_FORMS = ("apa", "bibtex", "build", "cff", "swhid")
_ENTRY = re.compile(r"^@\w+\{([^,\s]+),.*?^\}$", re.MULTILINE | re.DOTALL)
NO_CHECKOUT = "This build was not made from a git checkout, so its tree has no identifier here."
CHANGED = (
    "The sources of this build differ from the last commit. What stands here names that commit, not the "
    "changes; cite a build without changes where you can."
)
NO_ADDRESS = "No public address or DOI has been set for this book yet, so none is given."


def copyable(text: str, language: str) -> nodes.literal_block:
    """Make a block of text that gets a button to copy it.

    Parameters
    ----------
    text : str
    language : str
        For the colours, such as ``bibtex``.

    Returns
    -------
    docutils node
    """
    return nodes.literal_block(text, text, language=language)


def rows_of_data(build: Build) -> list[list[str]]:
    """Name every set of data of a build, with one hash for its files: rows of a table.

    Parameters
    ----------
    build : Build

    Returns
    -------
    list of [str, str]
        Markdown: name and kind; number of files and SHA-256 of the list of their hashes.
    """
    rows: dict[tuple[str, str], None] = {}
    for run in build.runs.values():
        for part in run.data:
            files = part["files"]
            value = f"{some(len(files), 'file')}, SHA-256 `{combine(files)}`" if files else "no files"
            rows[f"{as_markdown(part['name'])} ({part['kind']})", value] = None
    return [list(row) for row in sorted(rows)]


class CiteDirective(Table):
    """``{cite-this} FORM`` says how to cite the book: as apa, bibtex, build, cff or swhid."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make the block, with a sentence where something is missing."""
        build = current_build(self.env.app)
        citation = citation_of(build.settings)
        form = self.arguments[0]
        if form not in _FORMS or citation is None:
            what = f"no form called {form!r}. {known(form, _FORMS)}" if citation else "no citation file"
            logger.warning(
                "cite-this: %s", what, location=self.get_location(), type="papermill_book", subtype="cite"
            )
            return []
        address = address_of(citation, build.settings)
        git = build.git
        missing = [] if address else [nodes.paragraph("", NO_ADDRESS)]
        if form == "apa":
            sentence = copyable(as_apa(citation, address), "text")
            sentence["classes"].append("pb-wrap")
            return [sentence]
        if form == "bibtex":
            return [copyable(as_bibtex(citation, address, git.get("commit", "")), "bibtex"), *missing]
        if form == "cff":
            return [copyable(citation.text.rstrip("\n"), "yaml")]
        changed = [nodes.paragraph("", CHANGED)] if git.get("changed") else []
        if form == "swhid":
            if not swhid(git):
                return [nodes.paragraph("", NO_CHECKOUT)]
            return [copyable(swhid(git), "text"), *changed]
        return self._build_table(build, citation)

    def _build_table(self, build: Build, citation: Citation) -> list[nodes.Node]:
        commit = f"`{build.git['commit']}`" if build.git else "not built from a git checkout"
        if build.git.get("changed"):
            commit += ", with changes that are not committed"
        rows = [
            ["Version", f"{citation.version}, of {citation.date.isoformat()}"],
            ["Commit", commit],
            ["Profile", f"`{build.settings.profile}`"],
            *rows_of_data(build),
        ]
        ids = [f"cited-{number}" for number in range(1, len(rows) + 1)]
        return self.make_table({"": 34, "In this build": 66}, rows, ids, "pb-colophon")


class BibtexDirective(Table):
    """``{bibtex} KEY ...`` shows entries of the bibliography as they stand in its file."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Make one block of all entries."""
        config = self.env.app.config
        texts = [Path(self.env.srcdir, name).read_text(encoding="utf-8") for name in config.bibtex_bibfiles]
        entries = {found[1]: found[0] for text in texts for found in _ENTRY.finditer(text)}
        wanted = self.arguments[0].split()
        for key in wanted:
            if key not in entries:
                logger.warning(
                    "bibtex: no entry %r. %s",
                    key,
                    known(key, entries),
                    location=self.get_location(),
                    type="papermill_book",
                    subtype="cite",
                )
        return [copyable("\n\n".join(entries[key] for key in wanted if key in entries), "bibtex")]


def setup_citing(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("cite-this", CiteDirective)
    app.add_directive("bibtex", BibtexDirective)
