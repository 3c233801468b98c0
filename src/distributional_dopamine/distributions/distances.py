"""Distances between two distributions on the line, each given by weighted atoms."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from distributional_dopamine.distributions import kernels
from distributional_dopamine.distributions._checks import Floats, power_of_two, sorted_atoms

_EQUAL = np.empty(0)  # how the kernels are told of equal weights


def _both(
    a: ArrayLike, b: ArrayLike, a_weights: ArrayLike | None, b_weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats, Floats, float]:
    """Return both sets of sorted atoms, scaled where they are extreme, their weights, and the scale."""
    a_atoms, a_shares = sorted_atoms("a", a, "a_weights", a_weights)
    b_atoms, b_shares = sorted_atoms("b", b, "b_weights", b_weights)
    scale = power_of_two(max(abs(a_atoms[0]), abs(a_atoms[-1]), abs(b_atoms[0]), abs(b_atoms[-1])))
    if scale != 1.0:
        a_atoms, b_atoms = a_atoms * scale, b_atoms * scale
    return (
        a_atoms,
        _EQUAL if a_shares is None else a_shares,
        b_atoms,
        _EQUAL if b_shares is None else b_shares,
        scale,
    )


def wasserstein_distance(
    a: ArrayLike,
    b: ArrayLike,
    a_weights: ArrayLike | None = None,
    b_weights: ArrayLike | None = None,
    p: float = 1,
) -> float:
    """Return the p-Wasserstein distance: what it costs to carry one distribution over into the other.

    On the line ``W_p = (integral over tau of |F^-1(tau) - G^-1(tau)|^p)^(1/p)``; for p = 1 that is the area
    between the two distribution functions, for p = infinity the largest difference of quantiles.

    Parameters
    ----------
    a, b : array_like, shapes (n,) and (m,)
        Atoms of the two distributions, in any order and the same unit.
    a_weights, b_weights : array_like, shapes (n,) and (m,), optional
        Weights of the atoms, at least 0; they need not sum to one. Default: equal.
    p : float
        Order, from 1 to infinity (``numpy.inf``). For p other than 1, masses below 1e-15 are not seen.

    Returns
    -------
    float
        Distance, in the unit of the atoms.

    Raises
    ------
    ValueError
        If an argument is empty, not finite or out of range, or if atoms and weights differ in shape.

    References
    ----------
    Vallender (1974), Theory of Probability and its Applications 18, 784-786.

    Examples
    --------
    >>> wasserstein_distance([0, 1], [2, 5])
    3.0
    >>> wasserstein_distance([0, 1], [2, 5], p=np.inf)
    4.0
    """
    if not p >= 1:
        raise ValueError(f"p must be at least 1, found {p}: below 1 this is no distance")
    a_atoms, a_shares, b_atoms, b_shares, scale = _both(a, b, a_weights, b_weights)
    if p == 1:
        distance = kernels.sorted_cdf_distances(a_atoms, a_shares, b_atoms, b_shares)[0]
    else:
        largest = max(a_atoms[-1] - b_atoms[0], b_atoms[-1] - a_atoms[0])
        if largest == 0:  # two single atoms in one place
            return 0.0
        distance = kernels.sorted_quantile_distance(
            a_atoms, a_shares, b_atoms, b_shares, float(p), float(largest)
        )
    return float(distance) / scale


def cramer_distance(
    a: ArrayLike,
    b: ArrayLike,
    a_weights: ArrayLike | None = None,
    b_weights: ArrayLike | None = None,
) -> float:
    """Return the integral of (F - G)^2, the square of the area-like distance of two distribution functions.

    It is this integral that is returned, not its root; the root obeys the triangle inequality. Half the
    squared energy distance is the same number.

    Parameters
    ----------
    a, b : array_like, shapes (n,) and (m,)
        Atoms of the two distributions, in any order and the same unit.
    a_weights, b_weights : array_like, shapes (n,) and (m,), optional
        Weights of the atoms, at least 0; they need not sum to one. Default: equal.

    Returns
    -------
    float
        Integral of (F - G)^2 over the line, in the unit of the atoms.

    Raises
    ------
    ValueError
        If an argument is empty or not finite, or if atoms and weights differ in shape.

    References
    ----------
    Székely and Rizzo (2013), Journal of Statistical Planning and Inference 143, 1249-1272.

    Examples
    --------
    >>> cramer_distance([0], [3])
    3.0
    >>> cramer_distance([0, 1], [0, 1], b_weights=[3, 1])
    0.0625
    """
    a_atoms, a_shares, b_atoms, b_shares, scale = _both(a, b, a_weights, b_weights)
    return float(kernels.sorted_cdf_distances(a_atoms, a_shares, b_atoms, b_shares)[1]) / scale
