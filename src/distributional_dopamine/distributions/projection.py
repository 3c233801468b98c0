"""The categorical projection: any distribution, told on a fixed support."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from distributional_dopamine.distributions import kernels
from distributional_dopamine.distributions._checks import Floats, as_support, as_vector, as_weights


def categorical_projection(values: ArrayLike, weights: ArrayLike | None, support: ArrayLike) -> Floats:
    """Return the probabilities on a support that stand for a distribution of weighted atoms.

    Each atom shares its mass between its two neighbours on the support, in inverse proportion to its distance
    from them, so that mass and mean are kept. An atom on a point of the support stays there; one at or beyond
    an edge gives all to the edge, and only there the mean changes. Of all distributions on the support, the
    result is the nearest to the original by the Cramér distance.

    Parameters
    ----------
    values : array_like, shape (n,)
        Atoms, in any order and unit; ties are allowed, and one atom is enough.
    weights : array_like, shape (n,), or None
        Weights of the atoms, at least 0; they need not sum to one. Atoms of weight zero do not matter. None
        stands for equal weights.
    support : array_like, shape (m,)
        Points that may carry mass, strictly increasing, in the unit of `values`, at any spacing; one point is
        enough, and takes everything.

    Returns
    -------
    array, shape (m,)
        Probability of each point of the support, at least 0; they sum to one.

    Raises
    ------
    ValueError
        If an argument is empty or not finite, if values and weights differ in shape, or if the support is not
        strictly increasing.

    References
    ----------
    Bellemare, Dabney and Munos (2017), ICML, equation 7.

    Examples
    --------
    >>> categorical_projection([-5, 0.25, 2, 9], [1, 4, 1, 2], [0, 1, 2])
    array([0.5  , 0.125, 0.375])
    """
    atoms = as_vector("values", values)
    points = as_support("support", support)
    shares = np.ones(atoms.size) if weights is None else as_weights("weights", weights, "values", atoms.size)
    probabilities = np.zeros(points.size)
    kernels.add_projection(atoms, shares, points, probabilities)
    return np.asarray(probabilities / probabilities.sum())
