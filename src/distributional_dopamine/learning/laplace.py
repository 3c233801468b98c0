"""A code for distributions in which every unit learns from itself alone.

Each unit has a threshold theta and a discount gamma. It asks of each reward only whether it is larger than
theta, and predicts the discounted number of such rewards by plain TD. Units with different thresholds hold
the distribution of amounts; units with different discounts the Laplace transform of their times, as a power
series in gamma. Nothing has to be imputed. What is held is the distribution of the reward at each future
time, not the joint one: it gives the distribution of the return if there is at most one reward in an episode.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from distributional_dopamine import _checks
from distributional_dopamine._copying import copy_into
from distributional_dopamine.tasks import DiscreteDistribution, Episodes, MarkovRewardProcess

Floats = NDArray[np.float64]


def laplace_td(
    values_tm1: ArrayLike,
    r_t: float,
    values_t: ArrayLike,
    thresholds: ArrayLike,
    discounts: ArrayLike,
    learning_rate: float,
) -> Floats:
    """Return the units at ``t - 1`` after one step of TD, each by an error of its own.

    V + alpha (1{r_t > theta} + gamma V' - V), unit by unit: V and V' are the same unit's predictions at
    ``t - 1`` and at ``t``.

    Parameters
    ----------
    values_tm1, values_t : array_like, shape (n_thresholds, n_discounts)
        Predictions for the states at ``t - 1`` and at ``t``; zero for a terminal state.
    r_t : float
        Reward at ``t``.
    thresholds : array_like, shape (n_thresholds,)
        theta, in units of reward, strictly increasing and not below zero, so that no reward crosses none.
    discounts : array_like, shape (n_discounts,)
        gamma of each column, strictly increasing, in [0, 1].
    learning_rate : float
        alpha, in [0, 1].

    Returns
    -------
    array, shape (n_thresholds, n_discounts)

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.

    References
    ----------
    Tano, Dayan & Pouget (2020), Advances in Neural Information Processing Systems 33; their code has time
    horizons as a third dimension, which are left out here.

    Examples
    --------
    >>> laplace_td([[0.0], [0.0]], 2.0, [[1.0], [0.5]], [0.0, 3.0], discounts=[0.8], learning_rate=0.5)
    array([[0.9],
           [0.2]])
    """
    theta, gamma = _units(thresholds, discounts)
    before = _table("values_tm1", values_tm1, (len(theta), len(gamma)))
    after = _table("values_t", values_t, (len(theta), len(gamma)))
    reward = float(_checks.finite_array("r_t", r_t, ndim=0))
    rate = _checks.unit_interval("learning_rate", learning_rate)
    crossed = (reward > theta).astype(np.float64)[:, None]
    return np.asarray(before + rate * (crossed + gamma * after - before))


def laplace_td_learning(
    episodes: Episodes,
    values: ArrayLike,
    thresholds: ArrayLike,
    discounts: ArrayLike,
    learning_rate: float,
    record_every: int | None = None,
) -> Floats:
    """Learn the units of every state, one transition after the other.

    Parameters
    ----------
    episodes : Episodes
        The experience. Its discounts matter only in that a zero marks the end of an episode.
    values : array_like, shape (n_states, n_thresholds, n_discounts)
        Where to start from.
    thresholds, discounts, learning_rate
        As for `laplace_td`.
    record_every : int, optional
        Keep the predictions after every so many episodes; by default only after the last.

    Returns
    -------
    array, shape (1 + n_episodes // record_every, n_states, n_thresholds, n_discounts)
        Predictions before the first episode, and then as asked.

    Raises
    ------
    ValueError
        If a visited state has no row, shapes differ or a number is out of range.

    References
    ----------
    See `laplace_td`.
    """
    theta, gamma = _units(thresholds, discounts)
    start = _checks.finite_array("values", values, ndim=3)
    visited = max(episodes.states.max(initial=-1), episodes.next_states.max(initial=-1))
    if visited >= len(start):
        raise ValueError(
            f"values must have a row for each state, found {len(start)} but {visited} was visited"
        )
    _table("values[0]", start[0], (len(theta), len(gamma)))
    rate = _checks.unit_interval("learning_rate", learning_rate)
    total = episodes.n_episodes
    every = max(total, 1) if record_every is None else _checks.count("record_every", record_every)
    return _laplace_td_learning(
        episodes.states,
        episodes.rewards,
        episodes.discounts,
        episodes.next_states,
        episodes.starts,
        start,
        theta,
        gamma,
        rate,
        every,
    )


def laplace_fixed_point(process: MarkovRewardProcess, thresholds: ArrayLike, discounts: ArrayLike) -> Floats:
    """Return the units of every state exactly: (I - gamma P)^-1 P(R > theta), by a linear system a discount.

    Parameters
    ----------
    process : MarkovRewardProcess
        Its own discount plays no part.
    thresholds, discounts
        As for `laplace_td`.

    Returns
    -------
    array, shape (n_states, n_thresholds, n_discounts)
        Zero for terminal states.

    Raises
    ------
    ValueError
        If a number is out of range, or for a discount of one and a process that may never end.
    """
    theta, gamma = _units(thresholds, discounts)
    exceeds = process.reward_values[:, None] > theta
    by_transition = np.add.reduceat(
        process.reward_weights[:, None] * exceeds, process.reward_starts[:-1], axis=0
    )
    source = np.zeros((process.n_states, len(theta)))
    np.add.at(source, process.sources, process.transitions.data[:, None] * by_transition)
    values = np.empty((process.n_states, len(theta), len(gamma)))
    for k, discount in enumerate(gamma):
        system = (
            scipy.sparse.eye_array(process.n_states, format="csc") - discount * process.transitions.tocsc()
        )
        try:
            factors = scipy.sparse.linalg.splu(system)
        except RuntimeError as error:
            raise ValueError(
                "discounts must be below one for a process that may never end, found 1: drop it"
            ) from error
        values[:, :, k] = factors.solve(source)
    values[process.terminal] = 0.0
    return values


def amount_probabilities(undiscounted: ArrayLike) -> Floats:
    """Return the probability of an amount between each threshold and the next, and above the last.

    Parameters
    ----------
    undiscounted : array_like, shape (n_thresholds,)
        One state's units with a discount of one, in an episode with at most one reward: P(R > theta).

    Returns
    -------
    array, shape (n_thresholds,)
        Differences of neighbours, those below zero set to zero. What is missing to one is the chance that no
        reward crosses the first threshold.

    Raises
    ------
    ValueError
        If something is not finite.

    Examples
    --------
    >>> amount_probabilities([0.9, 0.5, 0.5])
    array([0.4, 0. , 0.5])
    """
    survival = _checks.finite_array("undiscounted", undiscounted, ndim=1)
    return np.asarray(np.clip(survival - np.append(survival[1:], 0.0), 0.0, None))


def time_and_amount_probabilities(values: ArrayLike, discounts: ArrayLike, n_steps: int) -> Floats:
    """Return the expected number of rewards of each amount at each future step, from one state's units.

    For each pair of neighbouring thresholds the differences of units, a power series in gamma, are inverted
    by non-negative least squares.

    Parameters
    ----------
    values : array_like, shape (n_thresholds, n_discounts)
        Units of one state.
    discounts : array_like, shape (n_discounts,)
        gamma of each column. The more steps, the worse is the inversion conditioned.
    n_steps : int
        Steps within which all rewards come, at least one.

    Returns
    -------
    array, shape (n_thresholds, n_steps)
        Entry k, t: the chance of a reward above threshold k, and not above the next, on transition t (from
        zero).

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.

    Examples
    --------
    One reward, surely, two transitions on:

    >>> gamma = [0.25, 0.5, 0.75]
    >>> time_and_amount_probabilities([gamma], gamma, n_steps=3).round(9)
    array([[0., 1., 0.]])
    """
    gamma = _discounts(discounts)
    units = _checks.finite_array("values", values, ndim=2)
    if units.shape[1] != len(gamma):
        raise ValueError(
            f"values must have {len(gamma)} columns, one for each discount; found shape {units.shape}"
        )
    n_steps = _checks.count("n_steps", n_steps)
    powers = gamma[:, None] ** np.arange(n_steps)
    between = units - np.vstack([units[1:], np.zeros(len(gamma))])
    return np.stack([nnls(powers, row)[0] for row in between])


def return_distribution(
    probabilities: ArrayLike, amounts: ArrayLike, discount: float
) -> DiscreteDistribution:
    """Return the distribution of the return at any discount, if there is at most one reward in an episode.

    Parameters
    ----------
    probabilities : array_like, shape (n_amounts, n_steps)
        From `time_and_amount_probabilities`. What is missing to one is a return of zero; more than one is
        scaled down to one.
    amounts : array_like, shape (n_amounts,)
        The amount that each row stands for.
    discount : float
        gamma for which the return is wanted; it need not be one that was learned with.

    Returns
    -------
    DiscreteDistribution
        Its values are not sorted.

    Raises
    ------
    ValueError
        If shapes differ, a probability is negative or a number is out of range.

    Examples
    --------
    >>> return_distribution([[0.25, 0.5]], [4.0], discount=0.5)
    DiscreteDistribution(values=array([4., 2., 0.]), weights=array([0.25, 0.5 , 0.25]))
    """
    masses = _checks.finite_array("probabilities", probabilities, ndim=2)
    if (masses < 0.0).any():
        raise ValueError(f"probabilities must be zero or positive, found {masses.min()}")
    sizes = _checks.finite_array("amounts", amounts, ndim=1, length=len(masses))
    gamma = _checks.unit_interval("discount", discount)
    returns = sizes[:, None] * gamma ** np.arange(masses.shape[1])
    rest = max(0.0, 1.0 - masses.sum())
    weights = np.append(masses.ravel(), rest)
    return DiscreteDistribution(np.append(returns.ravel(), 0.0), weights / weights.sum())


def _units(thresholds: ArrayLike, discounts: ArrayLike) -> tuple[Floats, Floats]:
    theta = _checks.finite_array("thresholds", thresholds, ndim=1)
    if len(theta) == 0 or (np.diff(theta) <= 0.0).any() or theta[0] < 0.0:
        raise ValueError(f"thresholds must be strictly increasing and not below zero, found {theta}")
    return theta, _discounts(discounts)


def _discounts(discounts: ArrayLike) -> Floats:
    gamma = _checks.unit_interval_array("discounts", discounts, ndim=1)
    if len(gamma) == 0 or (np.diff(gamma) <= 0.0).any():
        raise ValueError(f"discounts must be strictly increasing with at least one entry, found {gamma}")
    return gamma


def _table(name: str, table: ArrayLike, shape: tuple[int, int]) -> Floats:
    checked = _checks.finite_array(name, table, ndim=2)
    if checked.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, thresholds by discounts; found {checked.shape}")
    return checked


@njit(cache=True)
def _laplace_td_learning(
    states: NDArray[np.int64],
    rewards: Floats,
    episode_discounts: Floats,
    next_states: NDArray[np.int64],
    starts: NDArray[np.int64],
    values: Floats,
    thresholds: Floats,
    discounts: Floats,
    learning_rate: float,
    record_every: int,
) -> Floats:
    history = np.empty((1 + (len(starts) - 1) // record_every, *values.shape))
    copy_into(history[0], values)
    v = values.copy()
    for record in range(1, len(history)):
        for t in range(starts[(record - 1) * record_every], starts[record * record_every]):
            goes_on = 1.0 if episode_discounts[t] > 0.0 else 0.0
            before, after = v[states[t]], v[next_states[t]]
            for h in range(len(thresholds)):
                crossed = 1.0 if rewards[t] > thresholds[h] else 0.0
                for g in range(len(discounts)):
                    error = crossed + discounts[g] * goes_on * after[h, g] - before[h, g]
                    before[h, g] += learning_rate * error
        copy_into(history[record], v)
    return history
