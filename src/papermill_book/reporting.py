"""What a chapter says to the book while it runs: a number to print, and the data it used.

Both travel inside the executed notebook as display data, so the notebook alone carries everything
that the pages are made of, and nothing is lost if the kernel dies afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import display

#: MIME type under which a reported result travels in a cell's outputs.
RESULT_MIME = "application/vnd.papermill-book.result+json"
#: MIME type under which a note about the data travels in a cell's outputs.
DATA_MIME = "application/vnd.papermill-book.data+json"
#: MIME type under which the table of a figure travels beside its drawing: ``{"csv": ...}``.
FIGURE_MIME = "application/vnd.papermill-book.figure+json"
#: Prefix that MyST-NB's glue uses for a value that is stored but not shown.
_GLUE_PREFIX = "application/papermill.record/"

Scalar = bool | int | float | str
Value = Scalar | list["Value"] | None


def plain(value: Any, where: str = "value") -> Value:
    """Cast `value` to what JSON can hold: bool, int, float, str, None, or nested lists of these.

    Parameters
    ----------
    value : object
        A Python or NumPy scalar, an array, a pandas Series, or a sequence of these.
    where : str
        What the value is, for the error message.

    Returns
    -------
    bool, int, float, str, list or None
        The same value in plain Python types. Infinite and undefined numbers become None, since JSON
        has no word for them.

    Raises
    ------
    TypeError
        If the value, or a part of it, is something else.

    Examples
    --------
    >>> import numpy as np
    >>> plain(np.float64(0.5)), plain(np.array([1, 2])), plain(float("nan"))
    (0.5, [1, 2], None)
    """
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, pandas objects
        value = value.tolist()
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(item, where) for item in value]
    raise TypeError(
        f"{where} is {type(value).__name__}; expected a number, a string, a bool, or an array of these. "
        "Report the number itself, not the object that holds it."
    )


def report(
    id: str,
    value: Any,
    *,
    unit: str = "",
    interval: tuple[Any, Any] | None = None,
    n: int | None = None,
) -> None:
    """Report one result of this chapter, for the text, the claims table and ``_build/results``.

    Parameters
    ----------
    id : str
        Name of the result, dotted lower case such as ``reversal.split_half_r``. Reporting the same id
        twice, in one chapter or in two, fails the build.
    value : number, str, bool or array of these
        The result, cast to plain Python types.
    unit : str
        Unit of the value; empty for a pure number.
    interval : (low, high), optional
        The interval that belongs to the value, in the same unit. The chapter says which one it is.
    n : int, optional
        How many independent things the value rests on (cells, splits, seeds).

    Raises
    ------
    ValueError
        If the id is not a dotted name, or the interval is not an ordered pair.
    TypeError
        If a value cannot be cast.
    """
    if not isinstance(id, str) or not id or not all(part.isidentifier() for part in id.split(".")):
        raise ValueError(
            f"report: id is {id!r}; expected letters, digits and underscores in parts joined by dots, "
            "such as 'reversal.split_half_r'"
        )
    result: dict[str, Value] = {"value": plain(value, f"the value of {id!r}"), "unit": unit}
    result["interval"] = None
    if interval is not None:
        bounds = plain(list(interval), f"the interval of {id!r}")
        if not isinstance(bounds, list) or len(bounds) != 2:
            raise ValueError(f"report: the interval of {id!r} is {interval!r}; expected (low, high)")
        low, high = bounds
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            raise ValueError(f"report: the interval of {id!r} runs from {low} down to {high}; swap its ends")
        result["interval"] = bounds
    result["n"] = None if n is None else int(n)
    display(
        {_GLUE_PREFIX + "text/plain": repr(result["value"]), RESULT_MIME: {"id": id, **result}},
        raw=True,
        metadata={"scrapbook": {"name": id, "mime_prefix": _GLUE_PREFIX}},
    )


def use_data(
    name: str,
    *,
    kind: str,
    origin: str,
    files: Mapping[str, str] | None = None,
    note: str = "",
) -> None:
    """Say which data this chapter ran on; it stands on the page and in the record.

    Parameters
    ----------
    name : str
        What the data are, in words a reader knows.
    kind : {"recorded", "simulated"}
        Whether they were measured, or stand in for measurements that could not be had.
    origin : str
        Where they came from in this build: a folder, a cache, the network, a simulator.
    files : mapping of str to str, optional
        File name to SHA-256.
    note : str
        Anything a reader should know, such as why the recordings could not be had.

    Raises
    ------
    ValueError
        If `kind` is neither of the two.
    """
    if kind not in ("recorded", "simulated"):
        raise ValueError(f"use_data: kind is {kind!r}; expected 'recorded' or 'simulated'")
    data = {
        "name": name,
        "kind": kind,
        "origin": origin,
        "files": dict(sorted((files or {}).items())),
        "note": note,
    }
    display({DATA_MIME: data}, raw=True)
