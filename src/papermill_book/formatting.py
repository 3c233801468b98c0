"""How a number reads in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from papermill_book.errors import BookError

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_EXPONENT = re.compile(r"e([+-]\d+)$")
#: What a backslash takes the meaning of, in Markdown.
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_PARTS = ("interval", "low", "high", "n", "unit")


def format_value(value: Any, spec: str = "") -> str:
    r"""Print a value as a reader expects it: real minus signs, powers of ten, lists with commas.

    Parameters
    ----------
    value : number, str, bool, list or None
    spec : str
        A Python format specification.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the specification does not fit the value.

    Examples
    --------
    >>> format_value(-0.5, ".2f"), format_value(1.8e-5, ".1e"), format_value([1, 2])
    ('−0.50', '1.8\xa0×\xa010⁻⁵', '1, 2')
    """
    if value is None:
        return "not defined"
    if isinstance(value, list):
        return ", ".join(format_value(item, spec) for item in value)
    if isinstance(value, str | bool):
        return format(str(value), spec)
    text = format(value, spec)
    found = _EXPONENT.search(text)
    if found:
        mantissa, exponent = text[: found.start()], str(int(found.group(1)))
        # One number, so never on two lines.
        text = f"{mantissa}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}10{exponent.translate(_SUPERSCRIPT)}"
    return text.replace("-", "−")


def some(number: int, thing: str) -> str:
    """A number with its noun: ``1 page``, ``2 pages``.

    Examples
    --------
    >>> some(1, "page"), some(1200, "page")
    ('1 page', '1,200 pages')
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def as_markdown(text: str) -> str:
    r"""Write plain words so that Markdown shows them as they are: no tag, role, link or formula among them.

    Parameters
    ----------
    text : str
        From anywhere: a file's name, a parameter, what a recording calls a cell.

    Returns
    -------
    str
        On one line.

    Examples
    --------
    >>> print(as_markdown("<b> & {role}`x`"))
    \<b\> \& \{role\}\`x\`
    """
    return _PUNCTUATION.sub(r"\\\g<0>", " ".join(text.split()))


def split_reference(text: str, results: Mapping[str, Any]) -> tuple[str, str, str]:
    """Take ``id.part:spec`` apart.

    Parameters
    ----------
    text : str
        What stands in the role.
    results : mapping
        The ids there are.

    Returns
    -------
    id, part, spec : str
        `part` is empty, or one of ``interval``, ``low``, ``high``, ``n``, ``unit``.
    """
    name, _, spec = text.strip().partition(":")
    if name in results:
        return name, "", spec
    stem, _, part = name.rpartition(".")
    if part in _PARTS and stem:
        return stem, part, spec
    return name, "", spec


def format_part(name: str, result: Mapping[str, Any], part: str, spec: str) -> str:
    """Print a result, or one part of it.

    Parameters
    ----------
    name : str
        The result's id, for messages.
    result : mapping
        ``{value, unit, interval, n}``.
    part : str
        Empty for the value.
    spec : str
        A Python format specification.

    Returns
    -------
    str

    Raises
    ------
    BookError
        If the part was not reported, or `spec` does not fit.
    """
    try:
        if part in ("interval", "low", "high"):
            if result["interval"] is None:
                raise BookError(f"{name!r} was reported without an interval")
            low, high = (format_value(bound, spec) for bound in result["interval"])
            return {"interval": f"{low} to {high}", "low": low, "high": high}[part]
        if part == "n":
            if result["n"] is None:
                raise BookError(f"{name!r} was reported without n")
            return format_value(result["n"], spec)
        return format_value(result["unit" if part == "unit" else "value"], spec)
    except ValueError as error:
        raise BookError(f"{name!r}: the format {spec!r} does not fit: {error}") from error
