"""The one error this package raises for what a person can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BookError(Exception):
    """Something in the book, its settings or its chapters is wrong; the message says what and where."""


def known(word: str, candidates: Iterable[str]) -> str:
    """Say what there is instead of `word`: the nearest name first, then all of them.

    Parameters
    ----------
    word : str
        The name that was not found.
    candidates : iterable of str
        The names there are.

    Returns
    -------
    str
        A sentence to end an error message with.

    Examples
    --------
    >>> known("sed", ["seed", "splits"])
    "Did you mean 'seed'? Known: seed, splits."
    """
    names = sorted(candidates)
    near = difflib.get_close_matches(word, names, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(names) if names else 'none'}."
