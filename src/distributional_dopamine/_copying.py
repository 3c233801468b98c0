"""How compiled code copies one array into another."""

from __future__ import annotations

from typing import Any

from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def copy_into(target: NDArray[Any], source: NDArray[Any]) -> None:
    """Copy an array into another of the same shape, from compiled code.

    It does what ``target[:] = source`` does, and is there because that costs seconds where this costs tenths:
    for the message of an error that never comes, Numba compiles all that it knows of text, once for each
    process and number of dimensions. (To assign a number to a part of an array is free of this.)
    No test sees a loop that assigns an array itself: it would have to compile every loop anew.

    Parameters
    ----------
    target : array
        What is filled, such as a row or a slice of an array.
    source : array, of the same shape
        What is copied. Nothing checks the shape.
    """
    to, values = target.flat, source.flat
    for i in range(source.size):
        to[i] = values[i]
