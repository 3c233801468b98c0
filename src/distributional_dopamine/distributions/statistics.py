"""Expectiles and quantiles of weighted atoms, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from distributional_dopamine.distributions import kernels
from distributional_dopamine.distributions._checks import Floats, as_taus, power_of_two, sorted_atoms

_EQUAL = np.empty(0)  # how the kernels are told of equal weights


def expectiles(values: ArrayLike, taus: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the expectiles of a distribution of weighted atoms.

    The expectile of order tau is the point e at which surprises balance,
    ``tau E[(X - e)+] = (1 - tau) E[(e - X)+]``; it is where learning with a rate tau for positive and 1 - tau
    for negative errors comes to rest. Order 1/2 is the mean. The balance is a piecewise linear function of e:
    its zero is computed, not searched for to a tolerance.

    Parameters
    ----------
    values : array_like, shape (n,)
        Atoms, in any order and unit; ties are allowed, and one atom is enough.
    taus : array_like, any shape
        Orders in [0, 1]. Orders 0 and 1 give the smallest and largest atom of positive weight.
    weights : array_like, shape (n,), optional
        Weights of the atoms, at least 0; they need not sum to one. Atoms of weight zero do not matter,
        however extreme. Default: equal.

    Returns
    -------
    array, shape of `taus`
        Expectiles, in the unit of `values`.

    Raises
    ------
    ValueError
        If an argument is empty, not finite, or out of range, or if values and weights differ in shape.

    References
    ----------
    Newey and Powell (1987), Econometrica 55, 819-847.

    Examples
    --------
    >>> expectiles([0, 1], [0, 0.25, 0.5, 1])
    array([0.  , 0.25, 0.5 , 1.  ])
    >>> expectiles([0, 1, 1e9], 0.8, weights=[1, 1, 0]).item()
    0.8
    """
    orders = as_taus("taus", taus)
    atoms, shares = sorted_atoms("values", values, "weights", weights)
    scale = power_of_two(max(abs(atoms[0]), abs(atoms[-1])))
    if scale != 1.0:
        atoms = atoms * scale
    found = kernels.sorted_expectiles(atoms, _EQUAL if shares is None else shares, orders.ravel())
    return np.asarray(found.reshape(orders.shape) / scale)


def quantiles(values: ArrayLike, taus: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Return the quantiles of a distribution of weighted atoms: always an atom, never a point between two.

    The quantile of order tau is ``inf{x : F(x) >= tau}``, where F is the distribution function. Order 0, for
    which that would be minus infinity, gives the smallest atom of positive weight.

    Parameters
    ----------
    values : array_like, shape (n,)
        Atoms, in any order and unit; ties are allowed, and one atom is enough.
    taus : array_like, any shape
        Orders in [0, 1].
    weights : array_like, shape (n,), optional
        Weights of the atoms, at least 0; they need not sum to one. Atoms of weight zero do not matter.
        Default: equal. F counts as having reached tau when it falls short by rounding only (four units), so
        that weights 0.7, 0.1, 0.2 have their second atom as the quantile of order 0.8.

    Returns
    -------
    array, shape of `taus`
        Quantiles, in the unit of `values`.

    Raises
    ------
    ValueError
        If an argument is empty, not finite, or out of range, or if values and weights differ in shape.

    Examples
    --------
    >>> quantiles([3, 1, 2, 4], [0, 0.25, 0.26, 0.5, 1])
    array([1., 1., 2., 2., 4.])
    >>> quantiles([1, 2, 3], 0.8, weights=[0.7, 0.1, 0.2]).item()
    2.0
    """
    orders = as_taus("taus", taus)
    atoms, shares = sorted_atoms("values", values, "weights", weights)
    n = atoms.size
    reached = np.arange(1, n + 1) / n if shares is None else kernels.cumulative(shares)
    at = np.searchsorted(reached, orders - kernels.SAME_PROBABILITY, side="left")
    at = np.where(orders == 1.0, n - 1, np.minimum(at, n - 1))
    return np.asarray(atoms[at])
