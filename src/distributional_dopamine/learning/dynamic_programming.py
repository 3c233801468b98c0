"""Distributional dynamic programming: what the learners converge to, and exact answers to check.

One *sweep* replaces the return distribution of every state by that of "the next reward, plus the discounted
return from the next state", told in the same terms (probabilities on a support, quantiles, expectiles).
Dynamic programming sweeps until nothing moves. Transitions are sparse; terminal states return exactly zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
import scipy.sparse.linalg
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine._copying import copy_into
from distributional_dopamine.distributions import kernels
from distributional_dopamine.learning._imputation import consistent_distribution
from distributional_dopamine.learning.distributional import _masses, _orders, _support
from distributional_dopamine.tasks import DiscreteDistribution, MarkovRewardProcess, draw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """Where dynamic programming came to rest.

    Attributes
    ----------
    estimates : array, shape (n_states, n)
        Probabilities of the points of a support, or quantiles or expectiles in units of reward, of each
        state.
    n_sweeps : int
        Sweeps that were made.
    change : float
        The largest change of any estimate in the last sweep, in its unit.
    """

    estimates: Floats
    n_sweeps: int
    change: float


class NotConvergedError(RuntimeError):
    """Estimates still moved after the largest allowed number of sweeps."""


# --- exact answers ---


def return_mean(process: MarkovRewardProcess) -> Floats:
    """Return the expected return of each state, v = (I - gamma P)^-1 E[R].

    Parameters
    ----------
    process : MarkovRewardProcess
        With a discount below one, or with a way from every state to a terminal state.

    Returns
    -------
    array, shape (n_states,)
        In units of reward; zero for terminal states.

    Raises
    ------
    ValueError
        If the discount is one and some state never ends.

    References
    ----------
    Sobel (1982), Journal of Applied Probability 19:794-802.

    Examples
    --------
    >>> from distributional_dopamine.tasks import random_walk
    >>> (6 * return_mean(random_walk(5))).round(9)
    array([1., 2., 3., 4., 5., 0., 0.])
    """
    _must_end(process)
    return _solve(process, process.discount, process.expected_rewards)


def return_variance(process: MarkovRewardProcess) -> Floats:
    """Return the variance of the return of each state, (I - gamma^2 P)^-1 E[delta^2].

    Here delta is the temporal-difference error R_t + gamma v(S_t) - v(S_{t-1}) of the exact values.

    Parameters
    ----------
    process : MarkovRewardProcess
        As for `return_mean`.

    Returns
    -------
    array, shape (n_states,)
        In squared units of reward; zero for terminal states.

    Raises
    ------
    ValueError
        As for `return_mean`.

    References
    ----------
    Sobel (1982), Journal of Applied Probability 19:794-802.

    Examples
    --------
    >>> from distributional_dopamine.tasks import random_walk
    >>> (36 * return_variance(random_walk(5))).round(9)  # a Bernoulli law of chance i/6
    array([5., 8., 9., 8., 5., 0., 0.])
    """
    values = return_mean(process)
    laws = np.repeat(np.arange(process.transitions.nnz), np.diff(process.reward_starts))
    sources, targets = process.sources[laws], process.transitions.indices[laws]
    errors = process.reward_values + process.discount * values[targets] - values[sources]
    chances = process.transitions.data[laws] * process.reward_weights
    squares = np.bincount(sources, weights=chances * errors**2, minlength=process.n_states)
    return _solve(process, process.discount**2, squares.astype(np.float64))


def _solve(process: MarkovRewardProcess, factor: float, source: Floats) -> Floats:
    system = scipy.sparse.eye_array(process.n_states, format="csc") - factor * process.transitions.tocsc()
    solved: Floats = np.atleast_1d(scipy.sparse.linalg.spsolve(system, source))
    return np.where(process.terminal, 0.0, solved)


def _must_end(process: MarkovRewardProcess) -> None:
    """Check that returns are finite: with a discount of one each state must lead to a terminal one."""
    if process.discount < 1.0:
        return
    ends = process.terminal.copy()
    backwards = process.transitions.T.tocsr()
    for state in np.flatnonzero(process.terminal):
        reached = scipy.sparse.csgraph.breadth_first_order(backwards, state, return_predecessors=False)
        ends[reached] = True
    if not ends.all():
        lost = process.names[int(np.flatnonzero(~ends)[0])]
        raise ValueError(
            f"process must have a discount below one, or a way from every state to a terminal one: found a "
            f"discount of 1.0 and no way to an end from state {lost!r}"
        )


def enumerate_returns(
    process: MarkovRewardProcess, state: int, n_steps: int, max_paths: int = 1_000_000
) -> DiscreteDistribution:
    """Return the law of the return over ``n_steps`` steps by walking every path there is.

    A check for tiny processes: the number of paths grows exponentially.

    Parameters
    ----------
    process : MarkovRewardProcess
        What to walk through.
    state : int
        Where paths begin.
    n_steps : int
        Steps after which what is still to come is left out. It is exact if all paths end before.
    max_paths : int
        Refuse to walk more paths than this.

    Returns
    -------
    DiscreteDistribution
        The distinct returns in increasing order, in units of reward, and their probabilities.

    Raises
    ------
    ValueError
        If ``state`` is not a state, a number is out of range, or there are more than ``max_paths`` paths.

    Examples
    --------
    >>> from distributional_dopamine.tasks import risky_choice, chain
    >>> enumerate_returns(chain(2, risky_choice()[1], discount=0.5), state=0, n_steps=2)
    DiscreteDistribution(values=array([0., 1.]), weights=array([0.5, 0.5]))
    """
    if not 0 <= state < process.n_states:
        raise ValueError(f"state must be a state below {process.n_states}, found {state}")
    n_steps = _checks.count("n_steps", n_steps, minimum=0)
    max_paths = _checks.count("max_paths", max_paths)
    indptr, targets, chances = (
        process.transitions.indptr,
        process.transitions.indices,
        process.transitions.data,
    )
    returns: list[float] = []
    weights: list[float] = []
    paths = [(state, 0, 1.0, 0.0, 1.0)]  # state, step, chance, return so far, discount
    while paths:
        here, step, chance, so_far, discount = paths.pop()
        if step == n_steps or process.terminal[here]:
            returns.append(so_far)
            weights.append(chance)
            if len(returns) > max_paths:
                raise ValueError(
                    f"max_paths must be at least the number of paths, found {max_paths}: too few"
                )
            continue
        for k in range(indptr[here], indptr[here + 1]):
            for a in range(process.reward_starts[k], process.reward_starts[k + 1]):
                paths.append(
                    (
                        int(targets[k]),
                        step + 1,
                        chance * chances[k] * process.reward_weights[a],
                        so_far + discount * process.reward_values[a],
                        discount * process.discount,
                    )
                )
    return _merged(np.array(returns), np.array(weights))


def _merged(values: Floats, weights: Floats) -> DiscreteDistribution:
    distinct, place = np.unique(values, return_inverse=True)
    return DiscreteDistribution(distinct, np.bincount(place, weights=weights).astype(np.float64))


def monte_carlo_returns(
    process: MarkovRewardProcess,
    state: int,
    n_samples: int,
    rng: np.random.Generator,
    tolerance: float = 1e-12,
) -> Floats:
    """Draw returns by walking through the process.

    Parameters
    ----------
    process : MarkovRewardProcess
        As for `return_mean`.
    state : int
        Where each walk begins.
    n_samples : int
        How many walks.
    rng : numpy.random.Generator
        The source of randomness.
    tolerance : float
        A walk stops when what is still to come is discounted by less than this, in (0, 1).

    Returns
    -------
    array, shape (n_samples,)
        Independent returns, in units of reward.

    Raises
    ------
    ValueError
        If ``state`` is not a state, a number is out of range, or walks need not end.
    """
    if not 0 <= state < process.n_states:
        raise ValueError(f"state must be a state below {process.n_states}, found {state}")
    n_samples = _checks.count("n_samples", n_samples)
    if not 0.0 < tolerance < 1.0:
        raise ValueError(f"tolerance must lie between 0 and 1, found {tolerance}")
    _must_end(process)
    return _monte_carlo(*_arrays(process), state, n_samples, tolerance, rng)


# --- the operator, and one sweep of each kind ---


def bellman(
    process: MarkovRewardProcess, distributions: Sequence[DiscreteDistribution]
) -> tuple[DiscreteDistribution, ...]:
    """Apply the distributional Bellman operator once, without any projection.

    The new law of a state is that of R_t + gamma G(S_t), with G(S_t) the old law of the next state. Equal
    values are merged; still the number of values grows with every application.

    Parameters
    ----------
    process : MarkovRewardProcess
        The process.
    distributions : sequence of DiscreteDistribution, length n_states
        The law of the return of each state. Those of terminal states are not looked at: nothing follows.

    Returns
    -------
    tuple of DiscreteDistribution
        The new laws; terminal states return zero.

    Raises
    ------
    ValueError
        If there are not as many distributions as states.

    References
    ----------
    Bellemare, Dabney & Munos (2017), ICML, section 3.3.

    Examples
    --------
    >>> from distributional_dopamine.tasks import chain
    >>> nothing = DiscreteDistribution(np.zeros(1), np.ones(1))
    >>> bellman(chain(1, ([1.0, 3.0], [0.5, 0.5])), [nothing, nothing])[0]
    DiscreteDistribution(values=array([1., 3.]), weights=array([0.5, 0.5]))
    """
    if len(distributions) != process.n_states:
        raise ValueError(
            f"distributions must hold one for each of {process.n_states} states, found {len(distributions)}"
        )
    nothing = DiscreteDistribution(np.zeros(1), np.ones(1))
    after = [nothing if ends else law for ends, law in zip(process.terminal, distributions, strict=True)]
    new = []
    for state in range(process.n_states):
        values, weights = [], []
        for k in range(process.transitions.indptr[state], process.transitions.indptr[state + 1]):
            law = after[process.transitions.indices[k]]
            rewards = slice(process.reward_starts[k], process.reward_starts[k + 1])
            values.append(np.add.outer(process.reward_values[rewards], process.discount * law.values).ravel())
            chances = process.transitions.data[k] * process.reward_weights[rewards]
            weights.append(np.outer(chances, law.weights).ravel())
        new.append(_merged(np.concatenate(values), np.concatenate(weights)) if values else nothing)
    return tuple(new)


def categorical_sweep(process: MarkovRewardProcess, probabilities: ArrayLike, support: ArrayLike) -> Floats:
    """Return each state's probabilities after one application of the projected Bellman operator.

    Parameters
    ----------
    process : MarkovRewardProcess
        The process.
    probabilities : array_like, shape (n_states, n_points)
        Probability of each point of the support, in each state.
    support : array_like, shape (n_points,)
        The values a return may take, strictly increasing, in units of reward. Mass beyond an edge goes there.

    Returns
    -------
    array, shape (n_states, n_points)
        New probabilities; those of terminal states are the projection of a sure zero.

    Raises
    ------
    ValueError
        If probabilities don't sum to one, or a shape does not fit.

    References
    ----------
    Bellemare, Dabney & Munos (2017), ICML, algorithm 1; Rowland et al. (2018), AISTATS.
    """
    points = _support(support)
    old = _rows(
        process, "probabilities", _masses("probabilities", probabilities, 2, len(points)), len(points)
    )
    new = np.empty_like(old)
    _categorical_sweep(*_arrays(process), old, new, points)
    return new


def quantile_sweep(process: MarkovRewardProcess, quantiles: ArrayLike, taus: ArrayLike) -> Floats:
    """Return each state's quantiles after one application of the projected Bellman operator.

    Parameters
    ----------
    process : MarkovRewardProcess
        The process.
    quantiles : array_like, shape (n_states, n)
        Quantiles of each state, in units of reward; each stands for a share 1/n of probability.
    taus : array_like, shape (n,)
        Orders, strictly increasing; those of `midpoints` are meant.

    Returns
    -------
    array, shape (n_states, n)
        inf{x : F(x) >= tau} of the new law of each state; zero for terminal states.

    Raises
    ------
    ValueError
        If a shape does not fit or an order lies outside [0, 1].

    References
    ----------
    Dabney, Rowland, Bellemare & Munos (2018), AAAI, proposition 2.
    """
    orders = _orders("taus", taus)
    old = _rows(process, "quantiles", quantiles, len(orders))
    new = np.empty_like(old)
    _quantile_sweep(*_arrays(process), old, new, orders)
    return new


def expectile_sweep(process: MarkovRewardProcess, expectiles: ArrayLike, taus: ArrayLike) -> Floats:
    """Return each state's expectiles after one application of the Bellman operator to imputed distributions.

    Parameters
    ----------
    process : MarkovRewardProcess
        The process.
    expectiles : array_like, shape (n_states, n)
        Expectiles of each state, in units of reward. Each row is replaced by a distribution that has them.
    taus : array_like, shape (n,)
        Orders, strictly increasing, 0.5 among them.

    Returns
    -------
    array, shape (n_states, n)
        Expectiles of the new law of each state; zero for terminal states.

    Raises
    ------
    ValueError
        If a shape does not fit, an order lies outside [0, 1], or 0.5 is missing.

    References
    ----------
    Rowland et al. (2019), ICML.
    """
    orders = _orders("taus", taus, mean=True)
    old = _rows(process, "expectiles", expectiles, len(orders))
    new = np.empty_like(old)
    _expectile_sweep(*_arrays(process), old, new, orders, True)
    return new


def naive_expectile_sweep(process: MarkovRewardProcess, expectiles: ArrayLike, taus: ArrayLike) -> Floats:
    """Return each state's expectiles after one sweep that takes expectiles for equally likely returns.

    Kept to show the fault that `expectile_sweep` cures: expectiles lie closer together than the values they
    come from, so with every state further back they collapse towards the mean.

    Parameters
    ----------
    process, expectiles, taus
        As for `expectile_sweep`; 0.5 need not be among the orders.

    Returns
    -------
    array, shape (n_states, n)
        As for `expectile_sweep`.

    Raises
    ------
    ValueError
        If a shape does not fit or an order lies outside [0, 1].

    References
    ----------
    Rowland et al. (2019), ICML.
    """
    orders = _orders("taus", taus)
    old = _rows(process, "expectiles", expectiles, len(orders))
    new = np.empty_like(old)
    _expectile_sweep(*_arrays(process), old, new, orders, False)
    return new


def _rows(process: MarkovRewardProcess, name: str, table: ArrayLike, n_columns: int) -> Floats:
    rows = _checks.finite_array(name, table, ndim=2)
    if rows.shape != (process.n_states, n_columns):
        raise ValueError(f"{name} must have shape {(process.n_states, n_columns)}, found {rows.shape}")
    return rows


# --- to the fixed point ---


def categorical_dynamic_programming(
    process: MarkovRewardProcess,
    support: ArrayLike,
    tolerance: float = 1e-10,
    max_sweeps: int = 100_000,
) -> FixedPoint:
    """Find the return distribution of each state on a fixed support.

    Parameters
    ----------
    process : MarkovRewardProcess
        As for `return_mean`.
    support : array_like, shape (n_points,)
        The values a return may take, strictly increasing, in units of reward.
    tolerance : float
        Stop when no probability moves by more than this in a sweep.
    max_sweeps : int
        Give up after so many.

    Returns
    -------
    FixedPoint
        ``estimates[s, k]`` is the probability of ``support[k]`` in state ``s``. Their means are the exact
        values as long as no return comes near an edge of the support.

    Raises
    ------
    ValueError
        If the support is not strictly increasing, a number is out of range, or the process need not end.
    NotConvergedError
        If estimates still move after ``max_sweeps``.

    References
    ----------
    Rowland, Bellemare, Dabney, Munos & Teh (2018), AISTATS.
    """
    points = _support(support)
    start = np.zeros((process.n_states, len(points)))
    kernels.add_projection(np.zeros(1), np.ones(1), points, start[0])
    start[:] = start[0]
    arrays = _arrays(process)
    return _fixed_point(
        process, lambda old, new: _categorical_sweep(*arrays, old, new, points), start, tolerance, max_sweeps
    )


def quantile_dynamic_programming(
    process: MarkovRewardProcess,
    taus: ArrayLike,
    tolerance: float = 1e-10,
    max_sweeps: int = 100_000,
) -> FixedPoint:
    """Find quantiles of the return of each state.

    Parameters
    ----------
    process, tolerance, max_sweeps
        As for `categorical_dynamic_programming`; the tolerance is in units of reward.
    taus : array_like, shape (n,)
        Orders, strictly increasing; those of `midpoints` are meant.

    Returns
    -------
    FixedPoint
        ``estimates[s, i]`` is the quantile of order ``taus[i]`` in state ``s``, in units of reward.

    Raises
    ------
    ValueError
        If an order lies outside [0, 1], a number is out of range, or the process need not end.
    NotConvergedError
        If estimates still move after ``max_sweeps``.

    References
    ----------
    Dabney, Rowland, Bellemare & Munos (2018), AAAI, proposition 2.
    """
    orders = _orders("taus", taus)
    arrays, start = _arrays(process), np.zeros((process.n_states, len(orders)))
    return _fixed_point(
        process, lambda old, new: _quantile_sweep(*arrays, old, new, orders), start, tolerance, max_sweeps
    )


def expectile_dynamic_programming(
    process: MarkovRewardProcess,
    taus: ArrayLike,
    tolerance: float = 1e-10,
    max_sweeps: int = 100_000,
) -> FixedPoint:
    """Find expectiles of the return of each state, with imputation before every sweep.

    Parameters
    ----------
    process, tolerance, max_sweeps
        As for `categorical_dynamic_programming`; the tolerance is in units of reward.
    taus : array_like, shape (n,)
        Orders, strictly increasing, 0.5 among them. The expectile of that order is the exact value.

    Returns
    -------
    FixedPoint
        ``estimates[s, i]`` is the expectile of order ``taus[i]`` in state ``s``, in units of reward.

    Raises
    ------
    ValueError
        If 0.5 is missing, an order lies outside [0, 1], a number is out of range, or the process need not
        end.
    NotConvergedError
        If estimates still move after ``max_sweeps``.

    References
    ----------
    Rowland et al. (2019), ICML.
    """
    orders = _orders("taus", taus, mean=True)
    arrays, start = _arrays(process), np.zeros((process.n_states, len(orders)))
    return _fixed_point(
        process,
        lambda old, new: _expectile_sweep(*arrays, old, new, orders, True),
        start,
        tolerance,
        max_sweeps,
    )


def naive_expectile_dynamic_programming(
    process: MarkovRewardProcess,
    taus: ArrayLike,
    tolerance: float = 1e-10,
    max_sweeps: int = 100_000,
) -> FixedPoint:
    """Find where expectiles collapse to when they are taken for equally likely returns.

    Parameters
    ----------
    process, taus, tolerance, max_sweeps
        As for `expectile_dynamic_programming`; 0.5 need not be among the orders.

    Returns
    -------
    FixedPoint
        As for `expectile_dynamic_programming`, and wrong: see `naive_expectile_sweep`.

    Raises
    ------
    ValueError
        If an order lies outside [0, 1], a number is out of range, or the process need not end.
    NotConvergedError
        If estimates still move after ``max_sweeps``.

    References
    ----------
    Rowland et al. (2019), ICML.
    """
    orders = _orders("taus", taus)
    arrays, start = _arrays(process), np.zeros((process.n_states, len(orders)))
    return _fixed_point(
        process,
        lambda old, new: _expectile_sweep(*arrays, old, new, orders, False),
        start,
        tolerance,
        max_sweeps,
    )


def _fixed_point(
    process: MarkovRewardProcess,
    sweep: Callable[[Floats, Floats], float],
    start: Floats,
    tolerance: float,
    max_sweeps: int,
) -> FixedPoint:
    tolerance = _checks.non_negative("tolerance", tolerance)
    max_sweeps = _checks.count("max_sweeps", max_sweeps)
    _must_end(process)
    old, new = start, np.empty_like(start)
    for n_sweeps in range(1, max_sweeps + 1):
        change = sweep(old, new)
        if change <= tolerance:
            return FixedPoint(estimates=new, n_sweeps=n_sweeps, change=change)
        old, new = new, old
    raise NotConvergedError(
        f"estimates still moved by {change:.3g} in sweep {max_sweeps}, more than the tolerance of "
        f"{tolerance:.3g}: raise max_sweeps or tolerance"
    )


# --- compiled sweeps ---


def _arrays(
    process: MarkovRewardProcess,
) -> tuple[Ints, Ints, Floats, Ints, Floats, Floats, float, NDArray[np.bool_]]:
    return (
        process.transitions.indptr.astype(np.int64),
        process.transitions.indices.astype(np.int64),
        process.transitions.data,
        process.reward_starts,
        process.reward_values,
        process.reward_weights,
        process.discount,
        process.terminal,
    )


@njit(cache=True)
def _same_law(k: int, other: int, starts: Ints, values: Floats, weights: Floats) -> bool:
    """Whether two transitions pay by the same law."""
    n = starts[k + 1] - starts[k]
    if starts[other + 1] - starts[other] != n:
        return False
    for i in range(n):
        here, there = starts[k] + i, starts[other] + i
        if values[here] != values[there] or weights[here] != weights[there]:
            return False
    return True


@njit(cache=True)
def _add_shifted(
    shift: float, scale: float, mass: Floats, factor: float, support: Floats, steps: Floats, out: Floats
) -> None:
    """Add the projection of ``shift + scale * support`` with the given masses times ``factor``.

    The same as `kernels.add_projection`, but since the shifted values are in order, one walk along the
    support finds all their places, and each sum stays in a register until the walk has passed it.
    """
    n_points = len(support)
    j = 0
    beyond = 0.0  # mass that falls to the next point of the support
    while j < n_points and shift + scale * support[j] <= support[0]:
        beyond += mass[j]
        j += 1
    for low in range(n_points - 1):
        below, above, step = support[low], support[low + 1], steps[low]
        here, beyond = beyond, 0.0
        while j < n_points:
            value = shift + scale * support[j]
            if value >= above:
                break
            part = mass[j] * ((value - below) * step)
            here += mass[j] - part
            beyond += part
            j += 1
        out[low] += factor * here
    while j < n_points:
        beyond += mass[j]
        j += 1
    out[n_points - 1] += factor * beyond


@njit(cache=True)
def _categorical_sweep(
    indptr: Ints,
    indices: Ints,
    chances: Floats,
    reward_starts: Ints,
    reward_values: Floats,
    reward_weights: Floats,
    discount: float,
    terminal: NDArray[np.bool_],
    probabilities: Floats,
    new: Floats,
    support: Floats,
) -> float:
    n_states, n_points = probabilities.shape
    steps = np.empty(n_points - 1)
    for low in range(n_points - 1):
        steps[low] = 1.0 / (support[low + 1] - support[low])
    after = np.empty(n_points)
    sure, one = np.zeros(1), np.ones(1)
    change = 0.0
    for state in range(n_states):
        new[state] = 0.0
        after[:] = 0.0
        if terminal[state]:
            kernels.add_projection(sure, one, support, new[state])
        for k in range(indptr[state], indptr[state + 1]):
            begin, end = reward_starts[k], reward_starts[k + 1]
            if terminal[indices[k]]:
                kernels.add_projection(
                    reward_values[begin:end], chances[k] * reward_weights[begin:end], support, new[state]
                )
            else:
                chance, next_row = (
                    chances[k],
                    probabilities[indices[k]],
                )  # a row at a time is three times faster
                for j in range(n_points):
                    after[j] += chance * next_row[j]
            # Next states behind the same rewards are mixed first, and projected once.
            if k + 1 == indptr[state + 1] or not _same_law(
                k, k + 1, reward_starts, reward_values, reward_weights
            ):
                for a in range(begin, end):
                    _add_shifted(
                        reward_values[a], discount, after, reward_weights[a], support, steps, new[state]
                    )
                after[:] = 0.0
        for j in range(n_points):
            change = max(change, abs(new[state, j] - probabilities[state, j]))
    return change


@njit(cache=True)
def _quantile_sweep(
    indptr: Ints,
    indices: Ints,
    chances: Floats,
    reward_starts: Ints,
    reward_values: Floats,
    reward_weights: Floats,
    discount: float,
    terminal: NDArray[np.bool_],
    quantiles: Floats,
    new: Floats,
    taus: Floats,
) -> float:
    n_states, n = quantiles.shape
    change = 0.0
    for state in range(n_states):
        new[state] = 0.0
        size = (reward_starts[indptr[state + 1]] - reward_starts[indptr[state]]) * n
        values = np.empty(size)
        weights = np.empty(size)
        filled = 0
        for k in range(indptr[state], indptr[state + 1]):
            for a in range(reward_starts[k], reward_starts[k + 1]):
                weight = chances[k] * reward_weights[a]
                if weight == 0.0:
                    continue
                if terminal[indices[k]]:
                    values[filled] = reward_values[a]
                    weights[filled] = weight
                    filled += 1
                    continue
                for i in range(n):
                    values[filled] = reward_values[a] + discount * quantiles[indices[k], i]
                    weights[filled] = weight / n
                    filled += 1
        if filled == 0:  # a terminal state
            continue
        order = np.argsort(values[:filled], kind="mergesort")
        reached = kernels.cumulative(weights[order])
        at = 0
        for i in range(n):
            while at < filled - 1 and (taus[i] == 1.0 or reached[at] < taus[i] - kernels.SAME_PROBABILITY):
                at += 1
            new[state, i] = values[order[at]]
            change = max(change, abs(new[state, i] - quantiles[state, i]))
    return change


@njit(cache=True)
def _expectile_sweep(
    indptr: Ints,
    indices: Ints,
    chances: Floats,
    reward_starts: Ints,
    reward_values: Floats,
    reward_weights: Floats,
    discount: float,
    terminal: NDArray[np.bool_],
    expectiles: Floats,
    new: Floats,
    taus: Floats,
    imputed: bool,
) -> float:
    n_states, n = expectiles.shape
    sizes = np.ones(n_states, dtype=np.int64)
    atoms = np.zeros((n_states, n + 1))
    masses = np.ones((n_states, n + 1))
    for state in range(n_states):
        if terminal[state]:
            continue
        if imputed:
            values, weights = consistent_distribution(expectiles[state], taus)
            sizes[state] = len(values)
            copy_into(atoms[state, : len(values)], values)
            copy_into(masses[state, : len(values)], weights)
        else:
            sizes[state] = n
            copy_into(atoms[state, :n], expectiles[state])
            masses[state, :n] = 1.0 / n
    change = 0.0
    for state in range(n_states):
        new[state] = 0.0
        size = (reward_starts[indptr[state + 1]] - reward_starts[indptr[state]]) * (n + 1)
        values = np.empty(size)
        weights = np.empty(size)
        filled = 0
        for k in range(indptr[state], indptr[state + 1]):
            after = indices[k]
            for a in range(reward_starts[k], reward_starts[k + 1]):
                weight = chances[k] * reward_weights[a]
                if weight == 0.0:
                    continue
                for i in range(sizes[after]):
                    values[filled] = reward_values[a] + discount * atoms[after, i]
                    weights[filled] = weight * masses[after, i]
                    filled += 1
        if filled == 0:  # a terminal state
            continue
        order = np.argsort(values[:filled], kind="mergesort")
        copy_into(new[state], kernels.sorted_expectiles(values[order], weights[order], taus))
        change = max(change, np.abs(new[state] - expectiles[state]).max())
    return change


@njit(cache=True)
def _monte_carlo(
    indptr: Ints,
    indices: Ints,
    chances: Floats,
    reward_starts: Ints,
    reward_values: Floats,
    reward_weights: Floats,
    discount: float,
    terminal: NDArray[np.bool_],
    start: int,
    n_samples: int,
    tolerance: float,
    rng: np.random.Generator,
) -> Floats:
    returns = np.zeros(n_samples)
    for sample in range(n_samples):
        state = start
        worth = 1.0
        while not terminal[state] and worth >= tolerance:
            k = draw(chances, indptr[state], indptr[state + 1], rng)
            a = draw(reward_weights, reward_starts[k], reward_starts[k + 1], rng)
            returns[sample] += worth * reward_values[a]
            worth *= discount
            state = indices[k]
    return returns
