"""Receptors that read dopamine: how occupied they are, and what that does to learning from good and bad news.

Occupancy follows the Hill curve c^n / (c^n + K^n), Langmuir's for n = 1, with K the concentration at which
half the receptors are occupied. Around a steady, *tonic* concentration a burst raises occupancy and a dip
lowers it; how much depends on the slope of the curve there. Learning from positive errors is taken to go
through D1, from negative errors through D2 receptors. Concentrations are in any one unit: only their ratios
matter, and no half-occupancy here is a measured one.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine._copying import copy_into

Floats = NDArray[np.float64]


def occupancy(concentration: ArrayLike, half_occupancy: ArrayLike, hill: float = 1.0) -> Floats:
    """Return the share of receptors that are occupied.

    Parameters
    ----------
    concentration : array_like
        Of dopamine, at least zero.
    half_occupancy : array_like
        K, the concentration that occupies half of the receptors, above zero; low K, high affinity. Both
        broadcast.
    hill : float
        Exponent n, above zero; one for Langmuir's curve.

    Returns
    -------
    array
        c^n / (c^n + K^n), between 0 and 1.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> occupancy([0.0, 1.0, 3.0], 1.0)
    array([0.  , 0.5 , 0.75])
    """
    c, k, n = _curve(concentration, half_occupancy, hill)
    return np.asarray(c**n / (c**n + k**n))


def occupancy_slope(concentration: ArrayLike, half_occupancy: ArrayLike, hill: float = 1.0) -> Floats:
    """Return the slope of `occupancy` with concentration, n c^(n-1) K^n / (c^n + K^n)^2.

    Parameters
    ----------
    concentration, half_occupancy, hill
        As for `occupancy`.

    Returns
    -------
    array
        Per unit of concentration.

    Raises
    ------
    ValueError
        If a number is out of range, or if the exponent is below one and a concentration zero, where the slope
        has no limit.

    Examples
    --------
    >>> occupancy_slope([0.0, 1.0, 3.0], 1.0)
    array([1.    , 0.25  , 0.0625])
    """
    c, k, n = _curve(concentration, half_occupancy, hill)
    if n < 1.0 and (c == 0.0).any():
        raise ValueError(
            f"concentration must be above zero for a hill of {n}, found 0: the slope has no limit"
        )
    return np.asarray(n * c ** (n - 1.0) * k**n / (c**n + k**n) ** 2)


def tonic_asymmetry(
    tonic: ArrayLike, half_occupancy_d1: ArrayLike, half_occupancy_d2: ArrayLike, hill: float = 1.0
) -> Floats:
    """Return the asymmetry that the slopes of both curves at the tonic concentration give to small errors.

    tau = s1 / (s1 + s2), with s1 and s2 the slopes of D1 and of D2 occupancy at the tonic concentration. For
    ``hill`` 1 and rho = K1 / K2 it runs from 1 / (1 + rho) without any dopamine to rho / (1 + rho) with
    plenty, and is one half at the geometric mean of K1 and K2.

    Parameters
    ----------
    tonic : array_like
        Tonic concentration, above zero.
    half_occupancy_d1, half_occupancy_d2 : array_like
        K of D1 and of D2 receptors, above zero. All three broadcast.
    hill : float
        Exponent of both curves.

    Returns
    -------
    array
        tau, between 0 and 1.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Romero Pinto & Uchida (2023), bioRxiv 2023.11.10.566580, whose abstract gives the idea; the equations are
    ours.

    Examples
    --------
    >>> tonic_asymmetry([0.0, 3.0], half_occupancy_d1=9.0, half_occupancy_d2=1.0)
    array([0.1, 0.5])
    """
    plus = occupancy_slope(tonic, half_occupancy_d1, hill)
    minus = occupancy_slope(tonic, half_occupancy_d2, hill)
    return np.asarray(plus / (plus + minus))


def receptor_population(
    rewards: ArrayLike,
    tonic: ArrayLike,
    half_occupancy_d1: float,
    half_occupancy_d2: float,
    release: float,
    learning_rate: float,
    hill: float = 1.0,
    values: ArrayLike | None = None,
    record_every: int | None = None,
) -> Floats:
    """Learn from what receptors feel of the errors, each channel at a tonic concentration of its own.

    An error delta moves the concentration from its tonic level c to max(0, c + release delta). A positive
    error raises V by alpha times the gain in D1 occupancy, a negative one lowers it by alpha times the loss
    of D2 occupancy.

    Parameters
    ----------
    rewards : array_like, shape (n_trials,)
        The reward of each trial.
    tonic : array_like, shape (n_cells,)
        Tonic concentration of each channel, above zero.
    half_occupancy_d1, half_occupancy_d2 : float
        K of either receptor, above zero.
    release : float
        Change of concentration by an error of one unit of reward, above zero. The smaller, the closer is the
        outcome to the expectile of order `tonic_asymmetry`.
    learning_rate : float
        alpha, at least zero, in units of reward for each unit of occupancy.
    hill : float
        Exponent of both curves.
    values : array_like, shape (n_cells,), optional
        Predictions to start from; zero by default.
    record_every : int, optional
        Keep the predictions after every so many trials; by default only after the last.

    Returns
    -------
    array, shape (1 + n_trials // record_every, n_cells)
        Predictions before the first trial, and then as asked.

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.

    References
    ----------
    See `tonic_asymmetry`.
    """
    trials = _checks.finite_array("rewards", rewards, ndim=1)
    levels = _checks.finite_array("tonic", tonic, ndim=1)
    if (levels <= 0.0).any():
        raise ValueError(f"tonic must be above zero, found {levels.min()}")
    k1 = _above_zero("half_occupancy_d1", half_occupancy_d1)
    k2 = _above_zero("half_occupancy_d2", half_occupancy_d2)
    step, exponent = _above_zero("release", release), _above_zero("hill", hill)
    rate = _checks.non_negative("learning_rate", learning_rate)
    start = np.zeros(len(levels)) if values is None else values
    start = _checks.finite_array("values", start, ndim=1, length=len(levels))
    every = max(len(trials), 1) if record_every is None else _checks.count("record_every", record_every)
    return _receptor_population(trials, levels, k1, k2, step, exponent, rate, start, every)


def _above_zero(name: str, number: float) -> float:
    checked = float(_checks.finite_array(name, number, ndim=0))
    if checked <= 0.0:
        raise ValueError(f"{name} must be above zero, found {checked}")
    return checked


def _curve(concentration: ArrayLike, half_occupancy: ArrayLike, hill: float) -> tuple[Floats, Floats, float]:
    c = np.asarray(_checks.finite_array("concentration", concentration))
    k = np.asarray(_checks.finite_array("half_occupancy", half_occupancy))
    if (c < 0.0).any():
        raise ValueError(f"concentration must be zero or positive, found {c.min()}")
    if (k <= 0.0).any():
        raise ValueError(f"half_occupancy must be above zero, found {k.min()}")
    return c, k, _above_zero("hill", hill)


@njit(cache=True)
def _receptor_population(
    rewards: Floats,
    tonic: Floats,
    k1: float,
    k2: float,
    release: float,
    hill: float,
    learning_rate: float,
    values: Floats,
    record_every: int,
) -> Floats:
    history = np.empty((1 + len(rewards) // record_every, len(values)))
    copy_into(history[0], values)
    v = values.copy()
    for record in range(1, len(history)):
        for trial in range((record - 1) * record_every, record * record_every):
            for i in range(len(v)):
                delta = rewards[trial] - v[i]
                k = k1 if delta > 0.0 else k2
                before = tonic[i] ** hill
                after = max(0.0, tonic[i] + release * delta) ** hill
                half = k**hill
                v[i] += learning_rate * (after / (after + half) - before / (before + half))
        copy_into(history[record], v)
    return history
