"""Modules as their sources document them: read, not run.

The reference of the code is made from the syntax tree, so that a compiled function or a class of results is
documented as it was written, nothing heavy has to be loaded for a page, and the page takes a moment to make.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from papermill_book.errors import BookError, known

_HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}[ ]*$", re.MULTILINE)
#: Sections of a NumPy docstring that list things; all others are prose.
_LISTS = {"Parameters", "Returns", "Yields", "Raises", "Attributes", "Other Parameters", "Warns"}
#: Those whose items may be nothing but a type.
_TYPED = {"Returns", "Yields", "Raises", "Warns"}


@dataclass(frozen=True)
class Item:
    """One parameter, result, error or field."""

    name: str
    """Its name or names; empty for a result without one."""
    type: str
    """Its type; may be empty."""
    text: str
    """What is said of it."""


@dataclass(frozen=True)
class Docstring:
    """A NumPy docstring, taken apart."""

    summary: str
    """The first paragraph, on one line."""
    body: str
    """What follows it, up to the first section."""
    sections: tuple[tuple[str, str | tuple[Item, ...]], ...]
    """Title, and either the items or the text of each section."""


@dataclass(frozen=True)
class Documented:
    """A public function, class or value of a module."""

    name: str
    """Without the module."""
    kind: str
    """``function``, ``class``, ``method``, ``property`` or ``data``."""
    signature: str
    """Parameters with their defaults, in brackets; empty where there are none to give."""
    doc: Docstring
    """What its docstring says."""
    fields: tuple[Item, ...] = ()
    """Fields of a class that have a docstring of their own."""
    members: tuple[Documented, ...] = ()
    """Public methods and properties of a class, in the order of the source."""


@dataclass(frozen=True)
class Module:
    """A module and what is public in it."""

    name: str
    """With dots."""
    doc: Docstring
    """What its docstring says."""
    objects: tuple[Documented, ...]
    """In the order of the source; those without a docstring are left out."""


def public_modules(folders: Sequence[Path], name: str) -> Iterator[tuple[str, Path]]:
    """Find the public modules that a name stands for, without importing any.

    Parameters
    ----------
    folders : sequence of Path
        Where packages lie.
    name : str
        A module or a package, with dots.

    Yields
    ------
    module : str
        The module; for a package, itself and every public module below it.
    path : Path
        Its source.

    Raises
    ------
    BookError
        If no folder holds it.
    """
    for folder in folders:
        place = folder.joinpath(*name.split("."))
        if place.with_suffix(".py").is_file():
            yield name, place.with_suffix(".py")
            return
        if (place / "__init__.py").is_file():
            for path in sorted(place.rglob("*.py"), key=lambda path: path.with_suffix("").parts):
                parts = path.relative_to(place).with_suffix("").parts
                if parts[-1] == "__init__":
                    parts = parts[:-1]
                if not any(part.startswith("_") for part in parts):
                    yield ".".join([name, *parts]), path
            return
    packages = [path.parent.name for folder in folders for path in folder.glob("*/__init__.py")]
    raise BookError(f"no module or package called {name!r}. {known(name, packages)}")


def read_module(name: str, path: Path) -> Module:
    """Read what a module says of itself.

    Parameters
    ----------
    name : str
        With dots.
    path : Path
        Its source.

    Returns
    -------
    Module
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Module(name, parse_docstring(ast.get_docstring(tree)), tuple(_objects(tree.body)))


def parse_docstring(text: str | None) -> Docstring:
    r"""Take a NumPy docstring apart.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    Docstring

    Examples
    --------
    >>> doc = parse_docstring("Add.\n\nParameters\n----------\na, b : int\n    What to add.\n")
    >>> doc.summary, doc.sections
    ('Add.', (('Parameters', (Item(name='a, b', type='int', text='What to add.'),)),))
    """
    text = inspect.cleandoc(text or "")
    headings = list(_HEADING.finditer(text))
    prose = text[: headings[0].start()] if headings else text
    summary, _, body = prose.strip().partition("\n\n")
    sections: list[tuple[str, str | tuple[Item, ...]]] = []
    for number, heading in enumerate(headings):
        end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
        title, content = heading.group(1), text[heading.end() : end].strip("\n")
        sections.append((title, _items(content, title) if title in _LISTS else content))
    return Docstring(" ".join(summary.split()), body.strip("\n"), tuple(sections))


def _items(content: str, title: str) -> tuple[Item, ...]:
    items = []
    for chunk in re.split(r"\n(?=\S)", content):
        head, _, rest = chunk.partition("\n")
        name, colon, type_ = head.partition(" : ")
        if not colon and title in _TYPED:
            name, type_ = "", head
        items.append(Item(name.strip(), type_.strip(), inspect.cleandoc(rest)))
    return tuple(item for item in items if item.name or item.type)


def _objects(body: Sequence[ast.stmt]) -> Iterator[Documented]:
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            yield from _function(statement, "function")
        elif isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            text = ast.get_docstring(statement)
            if text:
                yield Documented(
                    statement.name,
                    "class",
                    _constructor(statement),
                    parse_docstring(text),
                    tuple(_fields(statement.body)),
                    tuple(_members(statement.body)),
                )
        else:
            for item in _described(statement, following):
                doc = parse_docstring(item.text)
                yield Documented(item.name, "data", "", doc)


def _function(statement: ast.FunctionDef, kind: str) -> Iterator[Documented]:
    text = ast.get_docstring(statement)
    if text:
        method = kind != "function" and not _decorated(statement, "staticmethod")
        signature = "" if kind == "property" else _signature(statement.args, method)
        yield Documented(statement.name, kind, signature, parse_docstring(text))


def _decorated(statement: ast.FunctionDef, *names: str) -> bool:
    return any(
        getattr(decorator, "id", getattr(decorator, "attr", "")) in names
        for decorator in statement.decorator_list
    )


def _members(body: Sequence[ast.stmt]) -> Iterator[Documented]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            kind = "property" if _decorated(statement, "property", "cached_property") else "method"
            yield from _function(statement, kind)


def _fields(body: Sequence[ast.stmt]) -> Iterator[Item]:
    for statement, following in zip(body, [*body[1:], None], strict=True):
        yield from _described(statement, following)


def _described(statement: ast.stmt, following: ast.stmt | None) -> Iterator[Item]:
    """A public name that is given a value or a type, and a string right below it that says what it is."""
    if not (
        isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
        and isinstance(following.value.value, str)
    ):
        return
    target: ast.expr | None = None
    type_ = ""
    if isinstance(statement, ast.AnnAssign):
        target, type_ = statement.target, ast.unparse(statement.annotation)
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    if isinstance(target, ast.Name) and not target.id.startswith("_"):
        yield Item(target.id, type_, inspect.cleandoc(following.value.value))


def _constructor(statement: ast.ClassDef) -> str:
    """The signature of ``__init__``; a class without one is made by the functions that give it back."""
    for one in statement.body:
        if isinstance(one, ast.FunctionDef) and one.name == "__init__":
            return _signature(one.args, method=True)
    return ""


def _signature(arguments: ast.arguments, method: bool) -> str:
    """Parameters and defaults, without types, which the docstring gives in words."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    parts = [_parameter(argument, default) for argument, default in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        parts.insert(len(arguments.posonlyargs), "/")
    parts = parts[1:] if method else parts
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        parts.append("*")
    parts += [
        _parameter(argument, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return f"({', '.join(parts)})"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    return argument.arg if default is None else f"{argument.arg}={ast.unparse(default)}"
