"""What every function here asks of its arguments, said once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def as_floats(name: str, given: ArrayLike) -> Floats:
    """Return the argument as real numbers in double precision, whatever its shape.

    Raises
    ------
    ValueError
        If the argument is not numeric, is complex, or holds NaN or an infinity.
    """
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":  # also catches ragged lists, which NumPy makes objects of
        try:
            array = np.asarray([] if array.dtype.kind == "c" else array, dtype=np.float64)
        except (TypeError, ValueError):
            array = np.empty(0)
        if array.size == 0:
            raise ValueError(f"{name} must hold real numbers, found {given!r:.80}")
    floats = np.asarray(array, dtype=np.float64)
    if not np.isfinite(floats).all():
        at = int(np.flatnonzero(~np.isfinite(floats))[0])
        raise ValueError(
            f"{name} must be finite, found {floats.flat[at]} at position {at}: drop or repair it first"
        )
    return floats


def as_vector(name: str, given: ArrayLike) -> Floats:
    """Return the argument as a one-dimensional array with at least one element.

    Raises
    ------
    ValueError
        If the argument is not numeric, not finite, empty, or has more than one dimension.
    """
    floats = as_floats(name, given)
    if floats.ndim != 1 or floats.size == 0:
        raise ValueError(
            f"{name} must be one-dimensional with at least one element, found shape {floats.shape}"
        )
    return floats


def as_weights(name: str, given: ArrayLike, values_name: str, n_values: int) -> Floats:
    """Return weights divided by the largest of them, so that sums neither overflow nor vanish.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, if all are zero, or if there are not as many as values.
    """
    weights = as_vector(name, given)
    if weights.size != n_values:
        raise ValueError(
            f"{name} must have one element for each of {values_name}: "
            f"found {weights.size}, expected {n_values}"
        )
    if weights.min() < 0:
        raise ValueError(f"{name} must not be negative, found {weights.min()}")
    if weights.max() == 0:
        raise ValueError(f"{name} must hold at least one positive element, found only zeros")
    return np.asarray(weights / weights.max())


def as_taus(name: str, given: ArrayLike) -> Floats:
    """Return orders between 0 and 1, of any shape.

    Raises
    ------
    ValueError
        If an order is not a number or lies outside [0, 1].
    """
    taus = as_floats(name, given)
    if taus.size and (taus.min() < 0 or taus.max() > 1):
        outside = taus[(taus < 0) | (taus > 1)].flat[0]
        raise ValueError(f"{name} must lie in [0, 1], found {outside}: give a share, not a percentage")
    return taus


def as_support(name: str, given: ArrayLike) -> Floats:
    """Return the atoms of a support: finite and strictly increasing.

    Raises
    ------
    ValueError
        If the atoms are empty, not finite, out of order, or if one appears twice.
    """
    support = as_vector(name, given)
    steps = np.flatnonzero(support[1:] <= support[:-1])
    if steps.size:
        at = int(steps[0])
        raise ValueError(
            f"{name} must be strictly increasing, found {support[at]} before {support[at + 1]} "
            f"at position {at}: use np.unique"
        )
    return support


def sorted_atoms(
    values_name: str, values: ArrayLike, weights_name: str, weights: ArrayLike | None
) -> tuple[Floats, Floats | None]:
    """Return the atoms of positive weight in increasing order, with their weights (None: all equal).

    Raises
    ------
    ValueError
        If values or weights are unfit: see `as_vector` and `as_weights`.
    """
    atoms = as_vector(values_name, values)
    if weights is None:
        return np.sort(atoms), None
    # The sign is asked of what was given: a weight that is tiny beside the largest may be scaled to zero.
    shares = as_weights(weights_name, weights, values_name, atoms.size)
    positive = np.flatnonzero(np.asarray(weights, dtype=np.float64) > 0)
    order = positive[np.argsort(atoms[positive], kind="stable")]
    return atoms[order], shares[order]


def power_of_two(largest: float) -> float:
    """Return a power of two that brings numbers of this size near one, or 1.0 where there is no need.

    Multiplying by a power of two is exact, so ordinary numbers and extreme ones meet the same arithmetic.
    """
    exponent = int(np.frexp(largest)[1])
    if largest == 0 or abs(exponent) < 500:
        return 1.0
    return float(2.0 ** -max(exponent, -1000))
