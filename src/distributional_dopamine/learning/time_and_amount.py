"""Learning when a reward comes as well as how large it is, with a population of diverse discount factors.

Each cell learns by ordinary temporal-difference errors from one moment after the cue to the next. Cells
differ in how steeply they discount, in what they make of an amount, and in how they weigh errors of the two
signs.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks

Floats = NDArray[np.float64]


def discount_factors(rates: ArrayLike) -> Floats:
    """Return what a reward one second away is worth now, exp(-rate).

    Parameters
    ----------
    rates : array_like, any shape
        Discount rates, 1/s, at least 0.

    Returns
    -------
    array, shape of `rates`
        Discount factors per second, in (0, 1].

    Raises
    ------
    ValueError
        If a rate is negative or not finite.

    Examples
    --------
    >>> discount_factors([0.0, np.log(2.0)])
    array([1. , 0.5])
    """
    given = _checks.finite_array("rates", rates)
    if (given < 0.0).any():
        raise ValueError(f"rates must be zero or positive, found {given.min()}")
    return np.asarray(np.exp(-given))


def threshold_sensitivity(amounts: ArrayLike, thresholds: ArrayLike, width: float) -> Floats:
    """Return what cells with thresholds make of amounts: a logistic step from 0 to 1.

    Parameters
    ----------
    amounts : array_like, shape (n_amounts,)
        Amounts of reward, µL.
    thresholds : array_like, shape (n_cells,)
        The amount at which a cell is half-way up, µL.
    width : float
        Distance over which the step rises, µL; 0 makes it sharp, with 1/2 at the threshold itself.

    Returns
    -------
    array, shape (n_amounts, n_cells)
        1 / (1 + exp(-(amount - threshold) / width)).

    Raises
    ------
    ValueError
        If an argument is not finite or the width is negative.

    References
    ----------
    Tano, Dayan and Pouget (2020), NeurIPS 33: cells of many thresholds, discounts and horizons.

    Examples
    --------
    >>> threshold_sensitivity([1.0, 2.0, 3.0], [2.0], 0.0).ravel()
    array([0. , 0.5, 1. ])
    """
    size = _checks.finite_array("amounts", amounts, ndim=1)
    half_way = _checks.finite_array("thresholds", thresholds, ndim=1)
    over = size[:, None] - half_way
    if _checks.non_negative("width", width) == 0.0:
        return np.asarray((np.sign(over) + 1.0) / 2.0)
    return np.asarray((1.0 + np.tanh(over / (2.0 * width))) / 2.0)


def mean_discount(delays: ArrayLike, shape: float, scale: float) -> Floats:
    """Return the average of exponential discounting over rates that follow a gamma distribution.

    The average of exp(-rate delay) is the Laplace transform of the distribution of rates,
    ``(1 + scale delay)^-shape``: with shape 1 a hyperbola, although no cell is hyperbolic.

    Parameters
    ----------
    delays : array_like, any shape
        Delays, s, at least 0.
    shape : float
        Shape of the gamma distribution; the mean rate is shape times scale.
    scale : float
        Scale of the gamma distribution, 1/s.

    Returns
    -------
    array, shape of `delays`
        Average discount, from 1 down towards 0.

    Raises
    ------
    ValueError
        If a delay, the shape or the scale is negative or not finite.

    References
    ----------
    Sozou (1998), Proceedings of the Royal Society B 265, 2015-2020.

    Examples
    --------
    >>> mean_discount([0.0, 2.0], shape=1.0, scale=0.5)
    array([1. , 0.5])
    """
    later = _checks.finite_array("delays", delays)
    if (later < 0.0).any():
        raise ValueError(f"delays must be zero or positive, found {later.min()}")
    power, unit = _checks.non_negative("shape", shape), _checks.non_negative("scale", scale)
    return np.asarray((1.0 + unit * later) ** -power).reshape(np.shape(delays))


def learn_delayed_rewards(
    rewards: ArrayLike,
    delays: ArrayLike,
    discounts: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    step: float,
) -> Floats:
    """Learn one cue that is followed by one reward a trial, moment by moment, with a population of cells.

    At each moment t after the cue the error of a cell is ``f(r) - V(t)`` if the reward comes now, after which
    nothing is to come, and ``gamma^step V(t + step) - V(t)`` if not; V(t) moves by alpha+ or alpha- times the
    error. Cells whose two rates are equal come to hold the mean of ``gamma^delay f(r)``.

    Parameters
    ----------
    rewards : array_like, shape (n_trials, n_cells)
        What each cell makes of the reward of each trial.
    delays : array_like, shape (n_trials,)
        Time from the cue to the reward, s: whole multiples of `step`.
    discounts : array_like, shape (n_cells,)
        Discount factor of each cell per second, in [0, 1].
    alpha_plus, alpha_minus : array_like, shape (n_cells,)
        Learning rates for positive and negative errors, in [0, 1].
    step : float
        Time from one moment to the next, s, above 0.

    Returns
    -------
    array, shape (n_steps, n_cells)
        Values at each moment from the cue (first row) to the longest delay, averaged over the second half of
        the trials. A moment that is never reached keeps the value 0.

    Raises
    ------
    ValueError
        If shapes differ, something is out of range, or a delay is no multiple of the step.

    References
    ----------
    Sutton and Barto (2018), Reinforcement Learning, section 6.1; the asymmetric rates are those of Dabney et
    al. (2020), Nature 577:671-675.

    Examples
    --------
    >>> values = learn_delayed_rewards(np.ones((400, 2)), [1.0] * 400, [0.5, 0.9], [0.5] * 2, [0.5] * 2, 0.5)
    >>> values[0].round(6)
    array([0.5, 0.9])
    """
    worth = _checks.finite_array("rewards", rewards, ndim=2)
    later = _checks.finite_array("delays", delays, ndim=1, length=worth.shape[0])
    if not len(later):
        raise ValueError("rewards must hold at least one trial, found none")
    gamma = _checks.unit_interval_array("discounts", discounts, ndim=1, length=worth.shape[1])
    plus = _checks.unit_interval_array("alpha_plus", alpha_plus, ndim=1, length=worth.shape[1])
    minus = _checks.unit_interval_array("alpha_minus", alpha_minus, ndim=1, length=worth.shape[1])
    if not _checks.non_negative("step", step) > 0.0:
        raise ValueError(f"step must be above 0, found {step}")
    at = np.rint(later / step).astype(np.int64)
    if (at < 0).any() or not np.allclose(at * step, later, rtol=0.0, atol=1e-9):
        raise ValueError(
            f"delays must be multiples of the step {step}, at least 0: found {later.min()} or so"
        )
    return _learn(worth, at, gamma**step, plus, minus)


@njit(cache=True)
def _learn(rewards: Floats, at: NDArray[np.int64], discounts: Floats, plus: Floats, minus: Floats) -> Floats:
    n_trials, n_cells = rewards.shape
    v = np.zeros((at.max() + 1, n_cells))
    late = np.zeros_like(v)
    for trial in range(n_trials):
        for t in range(at[trial] + 1):
            for i in range(n_cells):
                target = rewards[trial, i] if t == at[trial] else discounts[i] * v[t + 1, i]
                delta = target - v[t, i]
                v[t, i] += (plus[i] if delta > 0.0 else minus[i]) * delta
        if trial >= n_trials // 2:
            late += v
    average: Floats = late / (n_trials - n_trials // 2)
    return average
