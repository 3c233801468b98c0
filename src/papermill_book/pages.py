"""What this extension puts on pages: reported numbers, tables of claims and results, and what ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from papermill_book.claims import NOT_COMPUTED, NOT_JUDGED, Verdict, describe_rule
from papermill_book.errors import BookError, known
from papermill_book.execution import ChapterRun
from papermill_book.formatting import as_markdown, format_part, some, split_reference
from papermill_book.provenance import combine

if TYPE_CHECKING:
    from sphinx.writers.html import HTMLTranslator

    from papermill_book.build import Build

logger = logging.getLogger(__name__)

_builds: WeakKeyDictionary[Sphinx, Build] = WeakKeyDictionary()


def anchor_of(name: str) -> str:
    """Anchor of a reported number on the pages that print it.

    Parameters
    ----------
    name : str
        Id of the result.

    Returns
    -------
    str

    Examples
    --------
    >>> anchor_of("reversal.split_half_r")
    'number-reversal.split_half_r'
    """
    # Unlike dashes, which two ids could share, the dots and underscores of an id leave anchors distinct.
    return f"number-{name}"


class reported(nodes.inline):
    """A number that a cell of this build reported; the title says which cell's chapter, n and interval."""


def _visit_html(self: HTMLTranslator, node: nodes.Element) -> None:
    # Where the number stood before, for whoever asks for the address of a repetition.
    before = {"data-anchor": node["anchor"]} if node.get("anchor") else {}
    self.body.append(self.starttag(node, "span", "", title=node["title"], **before))


def _depart_html(self: HTMLTranslator, _: nodes.Element) -> None:
    self.body.append("</span>")


def _pass(self: Any, node: nodes.Element) -> None:
    """Other builders print the number as plain text."""


def current_build(app: Sphinx) -> Build:
    """The build this application is making; `set_build` has been called before any page is read."""
    return _builds[app]


def set_build(app: Sphinx, build: Build) -> None:
    """Keep the build for the pages of `app`; beside the application, since Sphinx pickles its environment."""
    _builds[app] = build


def _title(build: Build, name: str) -> str:
    result = build.results[name]
    words = [f"{name}, computed in this build by the chapter {build.reported_by[name]}"]
    if result["interval"] is not None:
        words.append(f"interval {format_part(name, result, 'interval', '.3g')}")
    if result["n"] is not None:
        words.append(f"n = {result['n']}")
    return "; ".join(words)


@dataclass(frozen=True)
class Printed:
    """A reported number as a reader sees it."""

    name: str
    """Id of the result."""
    text: str
    """The number."""
    simulated: bool
    """Whether it comes from data that stand in for recordings."""
    beside: str
    """What is to be said after a simulated number: the recorded one, where there is one."""


def print_result(build: Build, text: str) -> Printed:
    """Print a reported number.

    Parameters
    ----------
    build : Build
    text : str
        ``id``, ``id:spec``, ``id.interval:spec`` and so on.

    Returns
    -------
    Printed

    Raises
    ------
    BookError
        If no chapter reported the id, or the format does not fit.
    """
    name, part, spec = split_reference(text, build.results)
    if name not in build.results:
        raise BookError(f"no chapter reported {name!r}. {known(name, build.results)}")
    ours = format_part(name, build.results[name], part, spec)
    if not build.is_simulated(name):
        return Printed(name, ours, simulated=False, beside="")
    if name not in build.reference:
        beside = " (simulated)"
    else:
        beside = f" (simulated; recorded: {format_part(name, build.reference[name], part, spec)})"
    return Printed(name, ours, simulated=True, beside=beside)


def result_nodes(build: Build, text: str) -> list[nodes.Node]:
    """Print a reported number, and beside a simulated one the recorded result.

    Parameters
    ----------
    build : Build
    text : str
        As for `print_result`, with the same errors.

    Returns
    -------
    list of docutils nodes
    """
    printed = print_result(build, text)
    name = printed.name
    node = reported("", printed.text, classes=["pb-reported"], title=_title(build, name), name=name)
    if not printed.simulated:
        return [node]
    node["classes"].append("pb-simulated")
    return [node, nodes.inline("", printed.beside, classes=["pb-beside"])]


class ReportedRole(SphinxRole):
    """``{reported}`` prints a number that some chapter of this build reported."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Make the nodes, or a warning with the place in the source."""
        try:
            return result_nodes(current_build(self.env.app), self.text), []
        except BookError as error:
            logger.warning(
                "%s", error, location=self.get_location(), type="papermill_book", subtype="reported"
            )
            return [nodes.strong("", "??")], []


class Table(SphinxDirective):
    """A table whose cells are Markdown, in a box that scrolls sideways on a narrow screen."""

    def make_table(
        self, columns: dict[str, int], rows: list[list[str]], ids: list[str], name: str
    ) -> list[nodes.Node]:
        """Make the table.

        Parameters
        ----------
        columns : dict of str to int
            Heading and width of each column.
        rows : list of list of str
            Markdown, a cell each.
        ids : list of str
            An anchor for each row.
        name : str
            A class for the box.

        Returns
        -------
        list of docutils nodes
        """
        widths = " ".join(str(width) for width in columns.values())
        lines = ["````{list-table}", ":header-rows: 1", f":widths: {widths}", ""]
        for row in [list(columns), *rows]:
            for number, cell in enumerate(row):
                lines.append(("* - " if number == 0 else "  - ") + cell.replace("\n", " "))
        lines.append("````")
        box = nodes.container(classes=["pb-table", name])
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), self.content_offset, box)
        body_rows = [row for body in box.findall(nodes.tbody) for row in body.findall(nodes.row)]
        for body_row, id_ in zip(body_rows, ids, strict=True):
            body_row["ids"].append(id_)
        return [box]


def _ours(verdict: Verdict) -> str:
    claim = verdict.claim
    if verdict.result is None:
        return "–"
    text = f"{{reported}}`{claim.result}:{claim.format}`"
    if verdict.result["interval"] is not None:
        text += f" ({{reported}}`{claim.result}.interval:{claim.format}`)"
    return text


class ClaimsTable(Table):
    """``{claims}`` shows published values, ours, the rule and the verdict."""

    option_spec = {"chapter": directives.unchanged}  # noqa: RUF012 - docutils reads it from the class

    def run(self) -> list[nodes.Node]:
        """Make the table for one chapter, or for the whole book."""
        build = current_build(self.env.app)
        chapter = self.options.get("chapter")
        if chapter and chapter not in build.runs:
            logger.warning(
                "claims: no chapter called %r. %s",
                chapter,
                known(chapter, build.runs),
                location=self.get_location(),
                type="papermill_book",
                subtype="claims",
            )
            return []
        verdicts = [verdict for verdict in build.verdicts if chapter in (None, verdict.claim.chapter)]
        rows = []
        for verdict in verdicts:
            claim = verdict.claim
            read = "" if claim.read_in_paper else ", as given there, not read in the paper itself"
            why = f" ({as_markdown(verdict.reason)})" if verdict.verdict in (NOT_JUDGED, NOT_COMPUTED) else ""
            rows.append(
                [
                    f"{claim.statement} {{cite:p}}`{claim.cite}`",
                    f"{claim.published_text} ({claim.where}{read})",
                    _ours(verdict),
                    f"**{verdict.verdict}**{why}; rule: {describe_rule(claim)}",
                ]
            )
        columns = {"Claim": 28, "Published": 28, "This build": 22, "Verdict": 22}
        prefix = f"claim-{chapter}-" if chapter else "claim-"
        ids = [prefix + verdict.claim.id for verdict in verdicts]
        return self.make_table(columns, rows, ids, "pb-claims")


def describe_run(run: ChapterRun, build: Build) -> str:
    """Say in one line how a chapter was run.

    Parameters
    ----------
    run : ChapterRun
    build : Build

    Returns
    -------
    str
    """
    words = [f"Run by papermill in this build, profile {build.settings.profile}"]
    values = [
        f"{name} = {value!r}" + (" (changed)" if name in run.overridden else "")
        for name, value in run.parameters.items()
    ]
    words.append(", ".join(values) if values else "no parameters")
    for part in run.data:
        n_files = some(len(part["files"]), "file")
        files = f", {n_files}, SHA-256 {combine(part['files'])[:12]}" if part["files"] else ""
        words.append(f"{part['name']}: {part['kind']}, from the {part['origin']}{files}")
    return ". ".join(words) + "."


def describe_book(build: Build) -> str:
    """Say in one line how the whole book was run."""
    kinds = sorted({f"{part['name']}: {part['kind']}" for run in build.runs.values() for part in run.data})
    return ". ".join([f"Built with profile {build.settings.profile}", *kinds]) + "."


def add_what_ran(app: Sphinx, doctree: nodes.document) -> None:
    """Put the notice about simulated data on top of a page, and a line about what ran at its end."""
    build = current_build(app)
    run = build.by_docname(app.env.docname)
    sections = [node for node in doctree.children if isinstance(node, nodes.section)]
    if not sections:
        return
    if build.simulated:
        notice = nodes.admonition(classes=["warning", "pb-stand-in"])
        notice += nodes.title("", "Simulated cells")
        text = build.settings.stand_in_notice
        notes = sorted({part["note"] for one in build.runs.values() for part in one.data if part["note"]})
        notice += nodes.paragraph("", " ".join([text, *notes]))
        sections[0].insert(1, notice)
    line = nodes.container(classes=["pb-ran"])
    line += nodes.paragraph("", describe_run(run, build) if run else describe_book(build))
    sections[-1] += line


def setup_pages(app: Sphinx) -> None:
    """Register nodes, roles and directives."""
    plain_visitors = (_pass, _pass)
    app.add_node(
        reported,
        html=(_visit_html, _depart_html),
        latex=plain_visitors,
        text=plain_visitors,
        man=plain_visitors,
        texinfo=plain_visitors,
    )
    app.add_role("reported", ReportedRole())
    app.add_directive("claims", ClaimsTable)
    app.connect("doctree-read", add_what_ran)
