"""The compiled loops: no checks, sorted atoms in, numbers out.

They are public for other compiled code, such as distributional dynamic programming, that has made sure of its
arguments; everyone else calls `expectiles`, `quantiles`, `categorical_projection` and the distances.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Two cumulative probabilities closer than this are one and the same: four units of rounding at 1.
SAME_PROBABILITY = 8.9e-16


@njit(cache=True)
def sorted_expectiles(values: Floats, weights: Floats, taus: Floats) -> Floats:
    """Return the expectiles of sorted atoms, each from the piece in which its errors balance.

    With ``below[k] = sum_i w_i (x_k - x_i)+`` and ``above[k] = sum_i w_i (x_i - x_k)+`` the expectile of
    order tau lies just right of the last atom at which ``tau above[k] >= (1 - tau) below[k]``. Both sums grow
    by adding what is not negative, so nothing cancels, wherever the zero of the axis is.

    Parameters
    ----------
    values : array, shape (n,)
        Atoms in increasing order; ties are allowed.
    weights : array, shape (n,) or (0,)
        Weights, in any unit; an empty array stands for equal weights.
    taus : array, shape (k,)
        Orders between 0 and 1.

    Returns
    -------
    array, shape (k,)
    """
    n = values.size
    equal = weights.size == 0
    below = np.empty(n)
    above = np.empty(n)
    mass_upto = np.empty(0 if equal else n)
    mass_after = np.empty(0 if equal else n)
    below[0] = 0.0
    above[n - 1] = 0.0
    if equal:
        total = 0.0
        for k in range(1, n):
            total += k * (values[k] - values[k - 1])
            below[k] = total
        total = 0.0
        for k in range(n - 2, -1, -1):
            total += (n - 1 - k) * (values[k + 1] - values[k])
            above[k] = total
    else:
        total = 0.0
        mass = weights[0]
        mass_upto[0] = mass
        for k in range(1, n):
            total += mass * (values[k] - values[k - 1])
            below[k] = total
            mass += weights[k]
            mass_upto[k] = mass
        total = 0.0
        mass = 0.0
        mass_after[n - 1] = 0.0
        for k in range(n - 2, -1, -1):
            mass += weights[k + 1]
            mass_after[k] = mass
            total += mass * (values[k + 1] - values[k])
            above[k] = total

    found = np.empty(taus.size)
    for t in range(taus.size):
        tau = taus[t]
        if tau == 0.0:
            found[t] = values[0]
            continue
        if tau == 1.0:
            found[t] = values[n - 1]
            continue
        low, high = 0, n  # the balance tips between atom low and atom high
        while high - low > 1:
            middle = (low + high) // 2
            if tau * above[middle] >= (1.0 - tau) * below[middle]:
                low = middle
            else:
                high = middle
        if low == n - 1:
            found[t] = values[low]
            continue
        upto = low + 1.0 if equal else mass_upto[low]
        after = n - 1.0 - low if equal else mass_after[low]
        step = (tau * above[low] - (1.0 - tau) * below[low]) / (tau * after + (1.0 - tau) * upto)
        found[t] = min(values[low] + max(step, 0.0), values[low + 1])
    return found


@njit(cache=True)
def cumulative(weights: Floats) -> Floats:
    """Return the cumulative probabilities of weights, each within a unit of rounding, the last exactly 1.

    Sums are compensated (Neumaier): plain ones drift by a unit of rounding for each atom, enough to move a
    quantile to the next atom or to leave a sliver of probability that does not exist.
    """
    n = weights.size
    sums = np.empty(n)
    total = 0.0
    lost = 0.0
    for k in range(n):
        added = total + weights[k]
        if total >= weights[k]:
            lost += (total - added) + weights[k]
        else:
            lost += (weights[k] - added) + total
        total = added
        sums[k] = total + lost
    whole = sums[n - 1]
    for k in range(n):
        sums[k] = min(sums[k] / whole, 1.0)
    sums[n - 1] = 1.0
    return sums


@njit(cache=True)
def _cumulative_from_both_sides(n: int, weights: Floats) -> tuple[Floats, Floats]:
    """Return P(X <= k-th atom) and P(X > k-th atom) for k = 0..n, where the zeroth atom lies below all."""
    upto = np.empty(n + 1)
    after = np.empty(n + 1)
    if weights.size == 0:
        for k in range(n + 1):
            upto[k] = k / n
            after[k] = (n - k) / n
    else:
        from_below, from_above = cumulative(weights), cumulative(weights[::-1].copy())
        upto[0] = 0.0
        after[n] = 0.0
        for k in range(n):
            upto[k + 1] = from_below[k]
            after[k] = from_above[n - 1 - k]
    return upto, after


@njit(cache=True)
def sorted_cdf_distances(a: Floats, a_weights: Floats, b: Floats, b_weights: Floats) -> tuple[float, float]:
    """Return the integrals of |F - G| and of (F - G)^2 over the line for two sets of sorted atoms.

    Left of the middle F - G is the difference of the masses below, right of it that of the masses above: a
    mass of 1e-20 far out in either tail still counts. A difference of the size of rounding is none.

    Parameters
    ----------
    a, b : array, shape (n,) and (m,)
        Atoms in increasing order.
    a_weights, b_weights : array
        Their weights, in any unit; an empty array stands for equal weights.
    """
    f_upto, f_after = _cumulative_from_both_sides(a.size, a_weights)
    g_upto, g_after = _cumulative_from_both_sides(b.size, b_weights)
    i = j = 0
    absolute = squared = 0.0
    last = min(a[0], b[0])
    while i < a.size or j < b.size:
        here = a[i] if j == b.size or (i < a.size and a[i] <= b[j]) else b[j]
        f, g = f_upto[i], g_upto[j]
        if f + g > 1.0:
            f, g = g_after[j], f_after[i]
        difference = f - g if abs(f - g) > SAME_PROBABILITY * (f + g) else 0.0
        gap = here - last
        absolute += abs(difference) * gap
        squared += difference * difference * gap
        last = here
        while i < a.size and a[i] == here:
            i += 1
        while j < b.size and b[j] == here:
            j += 1
    return absolute, squared


@njit(cache=True)
def sorted_quantile_distance(
    a: Floats, a_weights: Floats, b: Floats, b_weights: Floats, p: float, largest: float
) -> float:
    """Return the L_p distance of two quantile functions, by walking along their common levels.

    Parameters
    ----------
    a, b : array, shape (n,) and (m,)
        Atoms in increasing order.
    a_weights, b_weights : array
        Their weights, in any unit; an empty array stands for equal weights.
    p : float
        Order, at least 1; infinity asks for the largest difference of quantiles.
    largest : float
        A bound on all differences, not zero; powers are taken of shares of it.
    """
    f_upto, _ = _cumulative_from_both_sides(a.size, a_weights)
    g_upto, _ = _cumulative_from_both_sides(b.size, b_weights)
    i = j = 0
    level = 0.0
    total = 0.0
    while i < a.size and j < b.size:
        f, g = f_upto[i + 1], g_upto[j + 1]
        difference = abs(a[i] - b[j]) / largest
        reached = min(f, g)
        mass = reached - level
        if mass > SAME_PROBABILITY:
            total = max(total, difference) if np.isinf(p) else total + mass * difference**p
            level = reached
        if f <= g:
            i += 1
        if g <= f:
            j += 1
    return largest * (total if np.isinf(p) else total ** (1.0 / p))


@njit(cache=True)
def add_projection(values: Floats, weights: Floats, support: Floats, probabilities: Floats) -> None:
    """Add the mass of atoms, in any order, to the two neighbours of each on a sorted support.

    Parameters
    ----------
    values, weights : array, shape (n,)
        Atoms and the mass of each; atoms beyond an edge give theirs to the edge.
    support : array, shape (m,)
        Strictly increasing.
    probabilities : array, shape (m,)
        Is added to in place.
    """
    m = support.size
    for i in range(values.size):
        x, w = values[i], weights[i]
        if x <= support[0]:
            probabilities[0] += w
        elif x >= support[m - 1]:
            probabilities[m - 1] += w
        else:
            low, high = 0, m - 1
            while high - low > 1:
                middle = (low + high) // 2
                if support[middle] <= x:
                    low = middle
                else:
                    high = middle
            # Halves, lest the width of a support that spans the whole range of doubles overflow.
            share = (0.5 * x - 0.5 * support[low]) / (0.5 * support[high] - 0.5 * support[low])
            probabilities[low] += w * (1.0 - share)
            probabilities[high] += w * share
