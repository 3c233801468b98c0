"""Checks of what a caller passes in: each names the argument, what was found and what was expected."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def finite_array(
    name: str, value: ArrayLike, *, ndim: int | None = None, length: int | None = None
) -> NDArray[np.float64]:
    """Return ``value`` as a contiguous float array, having checked that it is finite and of the right shape.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array_like
        What the caller passed.
    ndim : int, optional
        The number of dimensions it must have.
    length : int, optional
        The length its first axis must have.

    Returns
    -------
    array
        A contiguous float64 array; it may share memory with ``value``.

    Raises
    ------
    ValueError
        If ``value`` is not numeric, holds NaN or infinity, or has another shape.
    """
    try:
        array = np.ascontiguousarray(value, dtype=np.float64) if ndim != 0 else np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, found {value!r}") from error
    if ndim is not None and array.ndim != ndim:
        raise ValueError(
            f"{name} must have {ndim} dimension(s), found shape {array.shape}: reshape it before the call"
        )
    if length is not None and array.shape[0] != length:
        raise ValueError(f"{name} must have length {length}, found {array.shape[0]}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, found NaN or infinity: drop or replace those entries")
    return array


def unit_interval(name: str, value: float) -> float:
    """Return ``value`` as a float, having checked that it lies in [0, 1].

    Raises
    ------
    ValueError
        If it is not a number between 0 and 1, both included.
    """
    number = float(finite_array(name, value, ndim=0))
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, found {number}")
    return number


def unit_interval_array(
    name: str, value: ArrayLike, *, ndim: int | None = None, length: int | None = None
) -> NDArray[np.float64]:
    """Return ``value`` as a float array, having checked that each entry lies in [0, 1].

    Raises
    ------
    ValueError
        If an entry is not a number between 0 and 1, both included, or the shape is another.
    """
    array = finite_array(name, value, ndim=ndim, length=length)
    outside = (array < 0.0) | (array > 1.0)
    if outside.any():
        raise ValueError(f"{name} must lie between 0 and 1, found {array[outside].flat[0]}")
    return array


def non_negative(name: str, value: float) -> float:
    """Return ``value`` as a float, having checked that it is finite and not below zero.

    Raises
    ------
    ValueError
        If it is negative, infinite or not a number.
    """
    number = float(finite_array(name, value, ndim=0))
    if number < 0.0:
        raise ValueError(f"{name} must be zero or positive, found {number}")
    return number


def count(name: str, value: int, *, minimum: int = 1) -> int:
    """Return ``value`` as an int, having checked that it is a whole number of at least ``minimum``.

    Raises
    ------
    ValueError
        If it is not a whole number, or too small.
    """
    if isinstance(value, bool) or int(value) != value or value < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, found {value!r}")
    return int(value)


def probabilities(name: str, value: ArrayLike, *, length: int | None = None) -> NDArray[np.float64]:
    """Return ``value`` as weights that sum to one, having checked that none is negative and not all are zero.

    Raises
    ------
    ValueError
        If an entry is negative or not finite, or all are zero.
    """
    array = finite_array(name, value, ndim=1, length=length)
    if array.size == 0 or (array < 0.0).any() or not array.sum() > 0.0:
        raise ValueError(f"{name} must be non-negative with a positive sum, found {array}")
    normalised: NDArray[np.float64] = array / array.sum()
    return normalised
