"""From expectiles to a distribution that has them, in closed form: fast enough for every step of a learner.

An expectile e of order tau balances surprises, tau E[(X - e)+] = (1 - tau) E[(e - X)+], and the two sides
differ by the mean: E[(X - e)+] - E[(e - X)+] = E[X] - e. If the mean is known, each expectile therefore fixes
one point of the curve S(x) = E[(X - x)+], which is convex, falls with a slope between -1 and 0 (minus the
chance to exceed x), and has a kink wherever X has an atom. Joining the points by straight lines, and drawing
the first and the last line on until they meet S(x) = E[X] - x and S(x) = 0, gives a distribution with exactly
these expectiles. Given two points besides the mean, it lies within the range of every other distribution that
has them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A change of slope smaller than this is rounding, not an atom.
NO_MASS = 1e-12


@njit(cache=True)
def consistent_distribution(expectiles: Floats, taus: Floats) -> tuple[Floats, Floats]:
    """Return atoms and weights of a distribution with the given expectiles.

    While they are being learned, expectiles need not belong to any distribution. They are then sorted, and
    points above the lower convex hull of the curve are passed over: the mean is always kept.

    Parameters
    ----------
    expectiles : array, shape (n,)
        The expectile of each order, in units of reward.
    taus : array, shape (n,)
        Orders, strictly increasing, one of them 1/2.

    Returns
    -------
    values, weights : arrays, shape (at most n + 1,)
        Atoms in increasing order; the weights are positive and sum to one, to twelve digits.
    """
    points = np.sort(expectiles)
    mean = points[np.searchsorted(taus, 0.5)]
    # The lower convex hull of the points (x, S(x)), by a stack; slopes[k] is that of the line that ends at k.
    xs = np.empty(len(taus))
    heights = np.empty(len(taus))
    n = 0
    for i in range(len(taus)):
        tau, x = taus[i], points[i]
        if tau == 0.5:
            continue
        if tau > 0.5:
            height = (1.0 - tau) * (x - mean) / (2.0 * tau - 1.0)
        else:
            height = tau * (mean - x) / (1.0 - 2.0 * tau) + mean - x
        while n > 0:
            if x <= xs[n - 1]:
                if height >= heights[n - 1]:
                    break
                n -= 1
            elif n > 1 and (height - heights[n - 1]) * (xs[n - 1] - xs[n - 2]) <= (
                heights[n - 1] - heights[n - 2]
            ) * (x - xs[n - 1]):
                n -= 1
            else:
                break
        if n == 0 or x > xs[n - 1]:
            xs[n] = x
            heights[n] = height
            n += 1
    # A line steeper than -1, or rising, belongs to no distribution function.
    first = 0
    while n - first > 1 and heights[first] - heights[first + 1] > xs[first + 1] - xs[first]:
        first += 1
    while n - first > 1 and heights[n - 1] > heights[n - 2]:
        n -= 1

    values = np.empty(n - first + 1)
    weights = np.empty(n - first + 1)
    if n - first == 0 or (n - first == 1 and heights[first] <= 0.0):
        return np.array([mean]), np.array([1.0])
    slope = -0.5  # one point leaves the slope open
    if n - first > 1:
        slope = (heights[first + 1] - heights[first]) / (xs[first + 1] - xs[first])
    kept = 0
    if 1.0 + slope > NO_MASS:
        values[0] = (mean - heights[first] + xs[first] * slope) / (1.0 + slope)
        weights[0] = 1.0 + slope
        kept = 1
    else:
        slope = -1.0
    for k in range(first + 1, n - 1):
        next_slope = (heights[k + 1] - heights[k]) / (xs[k + 1] - xs[k])
        if next_slope - slope > NO_MASS:
            values[kept] = xs[k]
            weights[kept] = next_slope - slope
            slope = next_slope
            kept += 1
    if slope < -NO_MASS:
        values[kept] = xs[n - 1] - heights[n - 1] / slope
        weights[kept] = -slope
        kept += 1
    return values[:kept], weights[:kept]
