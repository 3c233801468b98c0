"""The ``{api}`` directive: a reference of the book's own code, out of its docstrings.

Write on a page, one name a line::

    ```{api}
    package.folder
    package.module
    ```

A package stands for every public module in it, at any depth: a new module needs no new line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from papermill_book.docstrings import Docstring, Documented, Item, Module, public_modules, read_module
from papermill_book.errors import BookError
from papermill_book.settings import make_settings

if TYPE_CHECKING:
    from sphinx.writers.html import HTMLTranslator

#: What a docstring marks: literal words, a role, a name, emphasis, a reference to a source.
_INLINE = re.compile(
    r"``(?P<literal>.+?)``"
    r"|:(?P<role>\w+):`(?P<target>[^`]+)`"
    r"|`(?P<name>[^`]+)`"
    r"|(?<![\w*])\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])"
    r"|(?P<bare>https?://[^\s,;)]+[^\s,;).])"
)
_BULLET = re.compile(r"^(?:[-*]|\d+\.) +")
_MATH = re.compile(r"^\.\. math::[ ]*")
_SOURCE = re.compile(r"^\.\. \[\w+\] *")


class folded(nodes.Element):
    """A block of which only the head is seen until it is opened."""


class folded_head(nodes.TextElement):
    """What is always seen of it."""


def _opens(node: nodes.Element) -> bool:
    """Whether there is anything to see below the head."""
    return len(node) > 1


def _visit_folded(self: HTMLTranslator, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "details" if _opens(node) else "div"))


def _depart_folded(self: HTMLTranslator, node: nodes.Element) -> None:
    self.body.append("</details>\n" if _opens(node) else "</div>\n")


def _visit_head(self: HTMLTranslator, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "summary" if _opens(node.parent) else "div", ""))


def _depart_head(self: HTMLTranslator, node: nodes.Element) -> None:
    self.body.append("</summary>\n" if _opens(node.parent) else "</div>\n")


def _pass(self: Any, node: nodes.Element) -> None:
    """Other builders print everything, unfolded."""


class _Writer:
    """Turns docstrings into nodes; knows which names have an entry on the same page."""

    def __init__(self, entries: dict[str, str]) -> None:
        self.entries = entries
        """What a docstring may write for a name, to the id of its entry."""

    def inline(self, text: str) -> Iterator[nodes.Node]:
        """Words with their marks."""
        end = 0
        text = " ".join(text.split())
        for found in _INLINE.finditer(text):
            if found.start() > end:
                yield nodes.Text(text[end : found.start()])
            end = found.end()
            if found["literal"]:
                yield nodes.literal("", found["literal"])
            elif found["role"] == "math":
                yield nodes.math("", found["target"])
            elif found["emphasis"]:
                yield nodes.emphasis("", found["emphasis"])
            elif found["bare"]:
                yield nodes.reference("", found["bare"], refuri=found["bare"])
            else:
                yield self.name(found["name"] or found["target"])
        if end < len(text):
            yield nodes.Text(text[end:])

    def name(self, word: str) -> nodes.Node:
        """A name in code, with a link if it has an entry here."""
        shown = word.rsplit(".", 1)[-1] if word.startswith("~") else word.lstrip(".")
        literal = nodes.literal("", shown)
        entry = self.entries.get(word.lstrip("~.").removesuffix("()"))
        return literal if entry is None else nodes.reference("", "", literal, refid=entry, internal=True)

    def blocks(self, text: str) -> Iterator[nodes.Node]:
        """Paragraphs, lists, formulas and code."""
        for chunk in re.split(r"\n\s*\n", text.strip("\n")):
            first = chunk.lstrip()
            if not first:
                continue
            if _MATH.match(first):
                yield _formula(_MATH.sub("", first))
            elif first.startswith(">>>") or chunk.startswith("    "):
                code = nodes.literal_block("", _dedent(chunk))
                code["language"] = "pycon" if first.startswith(">>>") else "text"
                yield code
            elif _BULLET.match(first):
                bullets = nodes.bullet_list()
                for point in re.split(r"\n(?=(?:[-*]|\d+\.) )", _dedent(chunk)):
                    item = nodes.list_item()
                    item += nodes.paragraph("", "", *self.inline(_BULLET.sub("", point)))
                    bullets += item
                yield bullets
            elif _SOURCE.match(first):
                for source in re.split(r"\n(?=\.\. \[)", _dedent(chunk)):
                    yield nodes.paragraph("", "", *self.inline(_SOURCE.sub("", source)))
            else:
                yield nodes.paragraph("", "", *self.inline(first.removesuffix("::") or first))

    def items(self, items: tuple[Item, ...]) -> nodes.Node:
        """A list of parameters, results, errors or fields."""
        listed = nodes.definition_list(classes=["pb-api-items"])
        for item in items:
            term = nodes.term()
            if item.name:
                term += nodes.literal("", item.name)
            if item.type:
                kind = nodes.inline("", "", *self.inline(item.type), classes=["pb-api-type"])
                term += [nodes.Text(" "), kind] if item.name else [kind]
            definition = nodes.definition()
            definition += list(self.blocks(item.text))
            listed += nodes.definition_list_item("", term, definition)
        return listed

    def rest(self, doc: Docstring, fields: tuple[Item, ...] = ()) -> Iterator[nodes.Node]:
        """All of a docstring but its first paragraph."""
        yield from self.blocks(doc.body)
        sections = list(doc.sections)
        if fields:
            sections.append(("Attributes", fields))
        for title, content in sections:
            heading = {"Attributes": "Fields", "References": "Source"}.get(title, title)
            yield nodes.rubric("", heading, classes=["pb-api-section"])
            if isinstance(content, str):
                yield from self.blocks(content)
            else:
                yield self.items(content)

    def entry(self, one: Documented, id_: str) -> folded:
        """A function, class or value with all that is said of it."""
        head = folded_head()
        head += nodes.literal("", one.name + one.signature, classes=["pb-api-name"])
        head += nodes.inline("", "", *self.inline(one.doc.summary), classes=["pb-api-summary"])
        box = folded("", head, ids=[id_], classes=["pb-api", f"pb-api-{one.kind}"])
        box += list(self.rest(one.doc, one.fields))
        for member in one.members:
            box += self.entry(member, f"{id_}.{member.name}")
        return box


def _dedent(chunk: str) -> str:
    lines = chunk.split("\n")
    width = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[width:] for line in lines)


def _formula(text: str) -> nodes.Node:
    formula = "\n".join(line.strip() for line in text.strip().split("\n"))
    block = nodes.math_block("", formula)
    block["number"] = block["label"] = None
    block["nowrap"] = False
    return block


class ApiReference(SphinxDirective):
    """``{api}`` documents public modules, each in a section of its own."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Read the sources, and note every object so that ``{py:obj}`` finds it."""
        settings = make_settings(Path(self.env.srcdir), self.config.papermill_book)
        folders = [settings.root / folder for folder in settings.code]
        try:
            modules = [
                read_module(name, path)
                for line in self.content
                for name, path in public_modules(folders, line.strip())
            ]
        except BookError as error:
            raise self.error(f"api: {error}") from None
        return [self.section(module, _Writer(_entries(modules, module))) for module in modules]

    def section(self, module: Module, writer: _Writer) -> nodes.section:
        """The section of one module."""
        id_ = nodes.make_id(f"module-{module.name}")
        section = nodes.section(ids=[id_], names=[module.name])
        title = module.name.split(".", 1)[-1]  # the page says whose modules they are
        section += nodes.title("", title)
        section += nodes.paragraph("", "", nodes.literal("", module.name), classes=["pb-api-module"])
        section += nodes.paragraph("", "", *writer.inline(module.doc.summary))
        section += list(writer.rest(module.doc))
        python = self.env.get_domain("py")
        python.note_module(module.name, id_, "", "", False)  # type: ignore[attr-defined]
        for one in module.objects:
            name = f"{module.name}.{one.name}"
            python.note_object(name, one.kind, name, location=section)  # type: ignore[attr-defined]
            section += writer.entry(one, name)
        return section


def _entries(modules: list[Module], here: Module) -> dict[str, str]:
    """Every way to write a documented name, from inside one module; its own names come first."""
    entries: dict[str, str] = {}
    for module in [here, *modules]:
        entries.setdefault(module.name, nodes.make_id(f"module-{module.name}"))
        for one in module.objects:
            name = f"{module.name}.{one.name}"
            for word in (one.name, f"{module.name.rsplit('.', 1)[-1]}.{one.name}", name):
                entries.setdefault(word, name)
    return entries


def setup_api(app: Sphinx) -> None:
    """Register the directive and its nodes."""
    plain = (_pass, _pass)
    for node, visitors in [
        (folded, (_visit_folded, _depart_folded)),
        (folded_head, (_visit_head, _depart_head)),
    ]:
        app.add_node(node, html=visitors, latex=plain, text=plain, man=plain, texinfo=plain)
    app.add_directive("api", ApiReference)
