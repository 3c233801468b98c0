"""Comparisons that ask where two distributions put their mass, and not how far it lies apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from distributional_dopamine.distributions._checks import Floats, sorted_atoms


def total_variation_distance(
    a: ArrayLike,
    b: ArrayLike,
    a_weights: ArrayLike | None = None,
    b_weights: ArrayLike | None = None,
) -> float:
    """Return the total variation distance: the largest difference in the probability of any event.

    For atoms that is half the sum of ``|P(x) - Q(x)|``. Two distributions that share no atom are at distance
    one, however close their atoms lie.

    Parameters
    ----------
    a, b : array_like, shapes (n,) and (m,)
        Atoms of the two distributions, in any order and the same unit. Only equal numbers are the same atom.
    a_weights, b_weights : array_like, shapes (n,) and (m,), optional
        Weights of the atoms, at least 0; they need not sum to one. Default: equal.

    Returns
    -------
    float
        Between 0 and 1, without unit.

    Raises
    ------
    ValueError
        If an argument is empty or not finite, or if atoms and weights differ in shape.

    References
    ----------
    Bellemare, Dabney and Munos (2017), ICML, section 3.3.

    Examples
    --------
    >>> total_variation_distance([0, 1], [1, 2])
    0.5
    >>> total_variation_distance([0], [1e-9])
    1.0
    """
    first, second = _on_common_atoms(a, b, a_weights, b_weights)
    return float(np.abs(first - second).sum() / 2)


def relative_entropy(
    a: ArrayLike,
    b: ArrayLike,
    a_weights: ArrayLike | None = None,
    b_weights: ArrayLike | None = None,
) -> float:
    """Return the relative entropy (Kullback-Leibler divergence) of `a` from `b`, sum of P log(P / Q).

    It is not symmetric, and infinite where `a` has an atom that `b` lacks.

    Parameters
    ----------
    a, b, a_weights, b_weights
        As for `total_variation_distance`.

    Returns
    -------
    float
        At least 0, in natural units of information (nats); may be infinite.

    Raises
    ------
    ValueError
        As for `total_variation_distance`.

    References
    ----------
    Kullback and Leibler (1951), Annals of Mathematical Statistics 22, 79-86.

    Examples
    --------
    >>> relative_entropy([0, 1], [0, 1], b_weights=[1, 1])
    0.0
    >>> relative_entropy([0, 1], [0])
    inf
    """
    first, second = _on_common_atoms(a, b, a_weights, b_weights)
    seen = first > 0
    if (second[seen] == 0).any():
        return float(np.inf)
    # Rounding may carry the sum a hair below its least value.
    return max(0.0, float(first[seen] @ np.log(first[seen] / second[seen])))


def _on_common_atoms(
    a: ArrayLike, b: ArrayLike, a_weights: ArrayLike | None, b_weights: ArrayLike | None
) -> tuple[Floats, Floats]:
    """Probabilities of both on the union of their atoms."""
    a_atoms, a_shares = sorted_atoms("a", a, "a_weights", a_weights)
    b_atoms, b_shares = sorted_atoms("b", b, "b_weights", b_weights)
    points = np.union1d(a_atoms, b_atoms)
    probabilities = []
    for atoms, shares in ((a_atoms, a_shares), (b_atoms, b_shares)):
        masses = np.bincount(np.searchsorted(points, atoms), weights=shares, minlength=points.size)
        probabilities.append(np.asarray(masses / masses.sum(), dtype=np.float64))
    return probabilities[0], probabilities[1]
