"""What a cautious or a needy decision maker asks of a distribution of outcomes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from distributional_dopamine.distributions import statistics
from distributional_dopamine.distributions._checks import as_taus, sorted_atoms


def conditional_value_at_risk(values: ArrayLike, level: float, weights: ArrayLike | None = None) -> float:
    """Return the mean of the worst share of outcomes.

    It is ``(1 / level) times the integral of F^-1(tau) over tau from 0 to level``, so an atom that straddles
    the level counts in part. A level of one gives the mean; a level of zero is its limit, the worst outcome.

    Parameters
    ----------
    values : array_like, shape (n,)
        Outcomes, larger is better, in any order and unit.
    level : float
        The share of outcomes that counts, in [0, 1].
    weights : array_like, shape (n,), optional
        Weights of the outcomes, at least 0; they need not sum to one. Default: equal.

    Returns
    -------
    float
        In the unit of `values`.

    Raises
    ------
    ValueError
        If an argument is empty, not finite or out of range, or if values and weights differ in shape.

    References
    ----------
    Rockafellar and Uryasev (2002), Journal of Banking & Finance 26, 1443-1471.

    Examples
    --------
    >>> conditional_value_at_risk([0, 2, 4, 6], level=0.5)
    1.0
    >>> conditional_value_at_risk([0, 4], level=0.5, weights=[1, 3])  # half of the worst half is zero
    2.0
    """
    if np.ndim(level) != 0:
        raise ValueError(f"level must be one number, found shape {np.shape(level)}")
    share = float(as_taus("level", level))
    atoms, shares = sorted_atoms("values", values, "weights", weights)
    if share == 0.0:
        return float(atoms[0])
    if share == 1.0:
        return float(statistics.expectiles(atoms, 0.5, shares))
    masses = np.ones(atoms.size) if shares is None else shares
    reached = np.cumsum(masses / masses.sum())
    counted = np.diff(np.minimum(reached, share), prepend=0.0)
    # To multiply by a power of two rounds nothing; without it, the products of a tiny level would vanish.
    counted = np.ldexp(counted, -np.frexp(share)[1])
    return float(counted @ atoms / counted.sum())
