"""Distances between distribution functions, from the area between them to their largest gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from distributional_dopamine.distributions._checks import Floats, sorted_atoms


def lp_distance(
    a: ArrayLike,
    b: ArrayLike,
    a_weights: ArrayLike | None = None,
    b_weights: ArrayLike | None = None,
    p: float = 2,
) -> float:
    """Return the L^p distance of two distribution functions, ``(integral of |F - G|^p)^(1/p)``.

    p = 1 is the 1-Wasserstein distance, p = 2 the root of `cramer_distance`, and p = infinity, the largest
    gap between the two functions, the Kolmogorov distance. If both variables are multiplied by gamma, the
    distance is multiplied by ``gamma^(1/p)``: the larger p, the less does it matter how far mass lies apart.

    Parameters
    ----------
    a, b : array_like, shapes (n,) and (m,)
        Atoms of the two distributions, in any order and the same unit.
    a_weights, b_weights : array_like, shapes (n,) and (m,), optional
        Weights of the atoms, at least 0; they need not sum to one. Default: equal.
    p : float
        Order, from 1 to infinity (``numpy.inf``).

    Returns
    -------
    float
        Distance, in the unit of the atoms to the power 1/p; without unit for p = infinity.

    Raises
    ------
    ValueError
        If an argument is empty, not finite or out of range, or if atoms and weights differ in shape.

    References
    ----------
    Bellemare, Dabney and Rowland (2023), Distributional reinforcement learning, chapter 4.

    Examples
    --------
    >>> lp_distance([0], [9])  # a gap of one, nine units long
    3.0
    >>> lp_distance([0, 1], [0, 1], b_weights=[3, 1], p=np.inf)
    0.25
    """
    if not p >= 1:
        raise ValueError(f"p must be at least 1, found {p}: below 1 this is no distance")
    a_atoms, a_shares = sorted_atoms("a", a, "a_weights", a_weights)
    b_atoms, b_shares = sorted_atoms("b", b, "b_weights", b_weights)
    points = np.union1d(a_atoms, b_atoms)
    gaps = np.abs(_cdf(a_atoms, a_shares, points) - _cdf(b_atoms, b_shares, points))
    if np.isinf(p):
        return float(gaps.max())
    largest = float(gaps.max())
    if largest == 0.0:
        return 0.0
    # Relative to the largest gap, so that a high power does not make every gap vanish.
    area = float((gaps[:-1] / largest) ** p @ np.diff(points))
    return float(largest * area ** (1.0 / p))


def _cdf(atoms: Floats, shares: Floats | None, points: Floats) -> Floats:
    """P(X <= x) at each of the points, for sorted atoms."""
    masses = np.ones(atoms.size) if shares is None else shares
    reached = np.concatenate([[0.0], np.cumsum(masses)])
    reached /= reached[-1]
    return np.asarray(reached[np.searchsorted(atoms, points, side="right")])
