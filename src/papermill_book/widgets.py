"""Pictures that a reader can take hold of: a figure with data and a script beside it, and no kernel.

A cell that draws a figure and calls `widget` gives the page three things: the figure, as any other cell does;
the data, as JSON beside it; and, on this page alone, the script ``widgets/<name>.js`` of the book's static
files. Where scripts run, the script puts the widget in the figure's place. Where they do not, in print, in a
PDF and in the downloaded notebook, the figure stays.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping
from typing import Any

from IPython.display import display
from nbformat import NotebookNode

from papermill_book.reporting import plain

#: MIME type under which a widget's data travel in a cell's outputs.
WIDGET_MIME = "application/vnd.papermill-book.widget+json"
#: Most characters of JSON that one widget may put on a page.
LARGEST = 150_000


def _rounded(value: Any, digits: int, where: str) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(part, digits, f"{where}.{key}") for key, part in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_rounded(part, digits, where) for part in value]
    value = plain(value, where)
    if isinstance(value, float) and value:
        value = round(value, digits - 1 - math.floor(math.log10(abs(value))))
        return int(value) if value.is_integer() else value
    return value


def widget(name: str, data: Mapping[str, Any], *, digits: int = 4) -> None:
    """Put a widget in the place of the figure that this cell draws, for readers whose browser runs scripts.

    The cell's options must give the figure a name, a caption and alt text: they hold for both.

    Parameters
    ----------
    name : str
        The script is ``widgets/<name>.js`` of the book's static files.
    data : mapping
        What the script works with: numbers, strings, arrays and mappings of these. Numbers that are not
        finite become null. What it says under ``kind``, if anything, the page's style sheet can see too.
    digits : int
        Significant digits that are kept of numbers that are not whole.

    Raises
    ------
    ValueError
        If the name is not of small letters and hyphens, or the data are too large for a page.
    TypeError
        If a part of the data cannot be written as JSON.
    """
    if not all(part.isidentifier() and part.islower() for part in name.split("-")):
        raise ValueError(f"widget: name is {name!r}; expected small letters and hyphens, such as 'td-steps'")
    content = _rounded(data, digits, f"the data of {name!r}")
    size = len(as_json(content))
    if size > LARGEST:
        raise ValueError(
            f"widget: the data of {name!r} are {size:,} characters; a page has room for {LARGEST:,}: "
            "send fewer numbers, or fewer digits of them"
        )
    display({WIDGET_MIME: {"name": name, "data": content}}, raw=True)


def as_json(data: Any) -> str:
    r"""Write JSON that may stand inside a script element: no ``<`` in it can end that, or open a comment.

    Parameters
    ----------
    data : object
        Of plain Python types.

    Returns
    -------
    str

    Examples
    --------
    >>> as_json({"words": "</script>"})
    '{"words":"\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def figure_option(cell: NotebookNode, option: str) -> str:
    """Give an option of the figure that a cell draws, or nothing if it has none.

    Parameters
    ----------
    cell : NotebookNode
        A code cell of a chapter.
    option : str
        ``name`` or ``caption``.

    Returns
    -------
    str
    """
    figure = (cell.metadata.get("mystnb") or {}).get("figure") or {}
    return str(figure.get(option) or "").strip()


def missing_words(cell: NotebookNode) -> list[str]:
    """Say what a cell that calls `widget` lacks in its options.

    Parameters
    ----------
    cell : NotebookNode
        A code cell of a chapter.

    Returns
    -------
    list of str
        Of ``image.alt``, ``figure.name`` and ``figure.caption``; empty for a cell without a widget.
    """
    calls = (node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call))
    if not any(isinstance(call.func, ast.Name) and call.func.id == "widget" for call in calls):
        return []
    image = (cell.metadata.get("mystnb") or {}).get("image") or {}
    given = {
        "image.alt": str(image.get("alt") or "").strip(),
        "figure.name": figure_option(cell, "name"),
        "figure.caption": figure_option(cell, "caption"),
    }
    return [option for option, words in given.items() if not words]
