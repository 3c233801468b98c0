"""Temporal-difference learning of whole distributions, and the population of cells that does it in the paper.

First the update rules: pure functions of one transition, named like `td_error` with ``tm1`` for ``t - 1``. A
state's return distribution is told by the probabilities of fixed values (categorical), by its quantiles or by
its expectiles. Then compiled loops: over experience, and over populations of cells in a conditioning task.

Ties: a prediction that is met exactly has no error, and an error of zero moves nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine._copying import copy_into
from distributional_dopamine.distributions import kernels
from distributional_dopamine.learning._imputation import consistent_distribution
from distributional_dopamine.tasks import Episodes

Floats = NDArray[np.float64]


# --- checks shared by the functions below ---


def _orders(name: str, taus: ArrayLike, *, mean: bool = False) -> Floats:
    orders = _checks.unit_interval_array(name, taus, ndim=1)
    if len(orders) == 0:
        raise ValueError(f"{name} must hold at least one order, found none")
    if (np.diff(orders) <= 0.0).any():
        raise ValueError(f"{name} must be strictly increasing, found {orders}: sort it and drop repeats")
    if mean and 0.5 not in orders:
        raise ValueError(f"{name} must include 0.5, the order of the mean, found {orders}: add it")
    return orders


def _support(support: ArrayLike) -> Floats:
    points = _checks.finite_array("support", support, ndim=1)
    if len(points) == 0 or (np.diff(points) <= 0.0).any():
        raise ValueError(f"support must be strictly increasing with at least one point, found {points}")
    return points


def _masses(name: str, probabilities: ArrayLike, ndim: int, n_points: int) -> Floats:
    masses = _checks.unit_interval_array(name, probabilities, ndim=ndim)
    if masses.shape[-1] != n_points:
        raise ValueError(
            f"{name} must have one entry for each of {n_points} points, found {masses.shape[-1]}"
        )
    sums = masses.sum(axis=-1)
    if (np.abs(sums - 1.0) > 1e-9).any():
        raise ValueError(
            f"{name} must sum to one, found {np.asarray(sums).flat[np.abs(sums - 1.0).argmax()]}"
        )
    return masses


def _transition(r_t: float, discount_t: float) -> tuple[float, float]:
    return float(_checks.finite_array("r_t", r_t, ndim=0)), _checks.unit_interval("discount_t", discount_t)


def _table(name: str, table: ArrayLike, episodes: Episodes, n_columns: int) -> Floats:
    """Check predictions of shape (n_states, n_columns) against the states that were visited."""
    rows = _checks.finite_array(name, table, ndim=2)
    if rows.shape[1] != n_columns:
        raise ValueError(f"{name} must have {n_columns} columns, found shape {rows.shape}")
    visited = max(episodes.states.max(initial=-1), episodes.next_states.max(initial=-1))
    if visited >= len(rows):
        raise ValueError(
            f"{name} must have a row for each state, found {len(rows)} but {visited} was visited"
        )
    return rows


def _interval(record_every: int | None, total: int) -> int:
    if record_every is None:
        return max(total, 1)
    return _checks.count("record_every", record_every)


# --- update rules on one transition ---


def categorical_td(
    probabilities_tm1: ArrayLike,
    r_t: float,
    discount_t: float,
    probabilities_t: ArrayLike,
    support: ArrayLike,
    learning_rate: float,
) -> Floats:
    """Return the probabilities at ``t - 1`` after one step of categorical TD.

    The return at ``t``, scaled and shifted to r_t + gamma_t z, is projected onto the support, and the
    probabilities move towards it: p + alpha (projection - p).

    Parameters
    ----------
    probabilities_tm1, probabilities_t : array_like, shape (n_points,)
        Probability of each point of the support, for the states at ``t - 1`` and at ``t``.
    r_t : float
        Reward at ``t``.
    discount_t : float
        Discount at ``t``; zero when the state at ``t`` is terminal.
    support : array_like, shape (n_points,)
        The values a return may take, strictly increasing, in units of reward.
    learning_rate : float
        alpha, in [0, 1].

    Returns
    -------
    array, shape (n_points,)
        Probabilities that sum to one.

    Raises
    ------
    ValueError
        If probabilities don't sum to one, shapes differ, or a number is out of range.

    References
    ----------
    Bellemare, Dabney & Munos (2017), ICML, algorithm 1, in the mixture form for tables of Rowland et al.
    (2018).

    Examples
    --------
    >>> categorical_td([1.0, 0.0, 0.0], 0.5, 1.0, [0.0, 1.0, 0.0], [0.0, 1.0, 2.0], learning_rate=0.5)
    array([0.5 , 0.25, 0.25])
    """
    points = _support(support)
    new = _masses("probabilities_tm1", probabilities_tm1, 1, len(points)).copy()
    after = _masses("probabilities_t", probabilities_t, 1, len(points))
    r_t, discount_t = _transition(r_t, discount_t)
    _categorical_td(
        new, r_t, discount_t, after, points, _checks.unit_interval("learning_rate", learning_rate)
    )
    return new


@njit(cache=True)
def _categorical_td(
    probabilities_tm1: Floats,
    r_t: float,
    discount_t: float,
    probabilities_t: Floats,
    support: Floats,
    learning_rate: float,
) -> None:
    moved = learning_rate * probabilities_t  # a copy: both states may be the same
    probabilities_tm1 *= 1.0 - learning_rate
    kernels.add_projection(r_t + discount_t * support, moved, support, probabilities_tm1)


def quantile_td(
    quantiles_tm1: ArrayLike,
    r_t: float,
    discount_t: float,
    quantiles_t: ArrayLike,
    taus: ArrayLike,
    learning_rate: float,
    huber: float = 0.0,
) -> Floats:
    """Return the quantiles at ``t - 1`` after one step of quantile TD.

    Each moves up by alpha tau for a positive error and down by alpha (1 - tau) for a negative one, averaged
    over the errors r_t + gamma_t theta_j - theta_i of all predictions at ``t``. With a Huber width kappa,
    errors smaller than kappa count in proportion, delta / kappa.

    Parameters
    ----------
    quantiles_tm1, quantiles_t : array_like, shape (n,)
        Quantiles predicted at ``t - 1`` and at ``t``, in units of reward.
    r_t, discount_t
        As for `categorical_td`.
    taus : array_like, shape (n,)
        Orders of the quantiles, strictly increasing, in [0, 1].
    learning_rate : float
        alpha, zero or positive, in units of reward.
    huber : float
        kappa, in units of reward; zero for the plain quantile rule. The gradient of rlax's loss is kappa
        times this one.

    Returns
    -------
    array, shape (n,)
        The new quantiles, in units of reward.

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.

    References
    ----------
    Dabney, Rowland, Bellemare & Munos (2018), AAAI.

    Examples
    --------
    >>> quantile_td([0.0, 1.0], 1.0, 0.0, [5.0, 7.0], taus=[0.25, 0.75], learning_rate=0.1)
    array([0.025, 1.   ])
    """
    orders = _orders("taus", taus)
    new = _checks.finite_array("quantiles_tm1", quantiles_tm1, ndim=1, length=len(orders)).copy()
    after = _checks.finite_array("quantiles_t", quantiles_t, ndim=1, length=len(orders))
    r_t, discount_t = _transition(r_t, discount_t)
    learning_rate = _checks.non_negative("learning_rate", learning_rate)
    _quantile_td(new, r_t, discount_t, after, orders, learning_rate, _checks.non_negative("huber", huber))
    return new


@njit(cache=True)
def _quantile_td(
    quantiles_tm1: Floats,
    r_t: float,
    discount_t: float,
    quantiles_t: Floats,
    taus: Floats,
    learning_rate: float,
    huber: float,
) -> None:
    targets = r_t + discount_t * quantiles_t
    for i in range(len(taus)):
        total = 0.0
        for target in targets:
            error = target - quantiles_tm1[i]
            size = abs(error) / huber if huber > 0.0 and abs(error) < huber else 1.0
            if error > 0.0:
                total += taus[i] * size
            elif error < 0.0:
                total -= (1.0 - taus[i]) * size
        quantiles_tm1[i] += learning_rate * total / len(targets)


def expectile_td(
    expectiles_tm1: ArrayLike,
    r_t: float,
    discount_t: float,
    values_t: ArrayLike,
    taus: ArrayLike,
    learning_rate: float,
    weights_t: ArrayLike | None = None,
) -> Floats:
    """Return the expectiles at ``t - 1`` after one step of expectile TD.

    Each moves by 2 alpha tau delta for a positive error and 2 alpha (1 - tau) delta for a negative one,
    averaged over the distribution at ``t``; the order of one half is TD(0) with step size alpha.

    Parameters
    ----------
    expectiles_tm1 : array_like, shape (n,)
        Expectiles predicted at ``t - 1``, in units of reward.
    r_t, discount_t
        As for `categorical_td`.
    values_t : array_like, shape (n_values,)
        Values of the return at ``t``. They must come from its distribution: to pass the expectiles themselves
        is the naive rule, whose predictions collapse towards the mean with every state further back.
    taus : array_like, shape (n,)
        Orders of the expectiles, strictly increasing, in [0, 1].
    learning_rate : float
        alpha, zero or positive.
    weights_t : array_like, shape (n_values,), optional
        Weights of ``values_t``; equal by default.

    Returns
    -------
    array, shape (n,)
        The new expectiles, in units of reward.

    Raises
    ------
    ValueError
        If shapes differ or a number is out of range.

    References
    ----------
    Rowland, Dadashi, Kumar, Munos, Bellemare & Dabney (2019), ICML.

    Examples
    --------
    >>> expectile_td([0.0, 0.0], 1.0, 0.5, [0.0, 2.0], taus=[0.25, 0.5], learning_rate=0.1)
    array([0.075, 0.15 ])
    """
    orders = _orders("taus", taus)
    new = _checks.finite_array("expectiles_tm1", expectiles_tm1, ndim=1, length=len(orders)).copy()
    after = _checks.finite_array("values_t", values_t, ndim=1)
    equal = np.ones(len(after)) if weights_t is None else weights_t
    weights = _checks.probabilities("weights_t", equal, length=len(after))
    r_t, discount_t = _transition(r_t, discount_t)
    learning_rate = _checks.non_negative("learning_rate", learning_rate)
    _expectile_td(new, r_t, discount_t, after, weights, orders, learning_rate)
    return new


@njit(cache=True)
def _expectile_td(
    expectiles_tm1: Floats,
    r_t: float,
    discount_t: float,
    values_t: Floats,
    weights_t: Floats,
    taus: Floats,
    learning_rate: float,
) -> None:
    targets = r_t + discount_t * values_t
    for i in range(len(taus)):
        total = 0.0
        for j in range(len(targets)):
            error = targets[j] - expectiles_tm1[i]
            total += weights_t[j] * (taus[i] if error > 0.0 else 1.0 - taus[i]) * error
        expectiles_tm1[i] += 2.0 * learning_rate * total


def asymmetric_update(
    v_tm1: ArrayLike, target_t: ArrayLike, alpha_plus: ArrayLike, alpha_minus: ArrayLike
) -> Floats:
    """Return each cell's prediction after one error, scaled by its own rate for errors of either sign.

    V + alpha+ delta for delta = target - V above zero, V + alpha- delta below. It comes to rest at the
    expectile of order tau = alpha+ / (alpha+ + alpha-), the cell's asymmetry.

    Parameters
    ----------
    v_tm1 : array_like
        Predictions, in units of reward.
    target_t : array_like
        What came: the reward, or the reward and a discounted value of what follows it.
    alpha_plus, alpha_minus : array_like
        Learning rates for positive and negative errors. All four broadcast.

    Returns
    -------
    array
        The new predictions.

    Raises
    ------
    ValueError
        If something is not finite or a rate is negative.

    References
    ----------
    Dabney et al. (2020), Nature 577:671-675; Lowet et al. (2020), eqs 9-12.

    Examples
    --------
    >>> asymmetric_update([0.0, 2.0], 1.0, alpha_plus=[0.2, 0.2], alpha_minus=[0.1, 0.1])
    array([0.2, 1.9])
    """
    values = _checks.finite_array("v_tm1", v_tm1)
    delta = _checks.finite_array("target_t", target_t) - values
    return np.asarray(
        values
        + np.where(delta > 0.0, _rates("alpha_plus", alpha_plus), _rates("alpha_minus", alpha_minus)) * delta
    )


def asymmetric_sign_update(
    v_tm1: ArrayLike, target_t: ArrayLike, alpha_plus: ArrayLike, alpha_minus: ArrayLike
) -> Floats:
    """Return each cell's prediction after one error of which only the sign is felt.

    V + alpha+ for a positive error, V - alpha- for a negative one. It comes to rest around the quantile of
    order tau = alpha+ / (alpha+ + alpha-).

    Parameters
    ----------
    v_tm1, target_t, alpha_plus, alpha_minus
        As for `asymmetric_update`; the rates are in units of reward.

    Returns
    -------
    array
        The new predictions.

    Raises
    ------
    ValueError
        If something is not finite or a rate is negative.

    References
    ----------
    Lowet et al. (2020), Trends in Neurosciences 43:980-997, eqs 2-4.

    Examples
    --------
    >>> asymmetric_sign_update([0.0, 2.0, 1.0], 1.0, alpha_plus=0.2, alpha_minus=0.1)
    array([0.2, 1.9, 1. ])
    """
    values = _checks.finite_array("v_tm1", v_tm1)
    sign = np.sign(_checks.finite_array("target_t", target_t) - values)
    return np.asarray(
        values
        + np.where(sign > 0.0, _rates("alpha_plus", alpha_plus), _rates("alpha_minus", alpha_minus)) * sign
    )


def _rates(name: str, rates: ArrayLike, length: int | None = None) -> Floats:
    checked = _checks.finite_array(name, rates, length=length)
    if (checked < 0.0).any():
        raise ValueError(f"{name} must be zero or positive, found {checked.min()}")
    return checked


# --- loops over a population of cells ---


def expectile_population(
    rewards: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    values: ArrayLike | None = None,
    record_every: int | None = None,
) -> Floats:
    """Learn the rewards of a run of trials with a population of asymmetric cells.

    Parameters
    ----------
    rewards : array_like, shape (n_trials,)
        The reward of each trial, the same for all cells.
    alpha_plus, alpha_minus : array_like, shape (n_cells,)
        Each cell's learning rates for positive and negative errors.
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
        If shapes differ, something is not finite or a rate is negative.

    References
    ----------
    Dabney et al. (2020), Nature 577:671-675; see `asymmetric_update`.

    Examples
    --------
    >>> expectile_population([1.0, 1.0, -1.0], [0.5, 0.1], [0.1, 0.5], record_every=1).round(3)
    array([[ 0.   ,  0.   ],
           [ 0.5  ,  0.1  ],
           [ 0.75 ,  0.19 ],
           [ 0.575, -0.405]])
    """
    return _expectile_population(*_population(rewards, alpha_plus, alpha_minus, values, record_every))


def quantile_population(
    rewards: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    values: ArrayLike | None = None,
    record_every: int | None = None,
) -> Floats:
    """Learn the rewards of a run of trials with a population of cells that feel only the sign of their error.

    Parameters
    ----------
    rewards, alpha_plus, alpha_minus, values, record_every
        As for `expectile_population`; the rates are steps, in units of reward.

    Returns
    -------
    array, shape (1 + n_trials // record_every, n_cells)
        Predictions before the first trial, and then as asked.

    Raises
    ------
    ValueError
        As for `expectile_population`.

    References
    ----------
    Dabney et al. (2020), Extended Data Fig. 1; see `asymmetric_sign_update`.
    """
    return _quantile_population(*_population(rewards, alpha_plus, alpha_minus, values, record_every))


def coupled_population(
    rewards: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    mixing: ArrayLike,
    values: ArrayLike | None = None,
    record_every: int | None = None,
) -> Floats:
    """Learn with asymmetric cells whose errors are computed from a mixture of the population's predictions.

    Cell ``i`` errs by delta_i = r - sum_j mixing_ij V_j, and V_i moves by alpha+ delta_i or alpha- delta_i.
    The identity gives `expectile_population`; equal entries give all cells one and the same prediction to err
    from.

    Parameters
    ----------
    rewards, alpha_plus, alpha_minus, values, record_every
        As for `expectile_population`.
    mixing : array_like, shape (n_cells, n_cells)
        How much each cell (row) hears of each prediction (column); rows sum to one. See `gaussian_mixing`.

    Returns
    -------
    array, shape (1 + n_trials // record_every, n_cells)
        The predictions V (not their mixtures, which are ``V @ mixing.T``) at the start, and then as asked.

    Raises
    ------
    ValueError
        As for `expectile_population`, or if a row of ``mixing`` is not a set of weights that sum to one.

    References
    ----------
    Dabney et al. (2020), Nature 577:671-675, Extended Data Fig. 4i-m.
    """
    arguments = _population(rewards, alpha_plus, alpha_minus, values, record_every)
    n_cells = len(arguments[1])
    matrix = _checks.finite_array("mixing", mixing, ndim=2, length=n_cells)
    if matrix.shape != (n_cells, n_cells):
        raise ValueError(f"mixing must have shape {(n_cells, n_cells)}, found {matrix.shape}")
    if (matrix < 0.0).any() or (np.abs(matrix.sum(axis=1) - 1.0) > 1e-9).any():
        raise ValueError(
            "mixing must have rows of non-negative weights that sum to one: divide each by its sum"
        )
    return _coupled_population(*arguments, np.ascontiguousarray(matrix.T))


def gaussian_mixing(n_cells: int, width: float) -> Floats:
    """Return topographic mixing weights: each cell hears its neighbours with a Gaussian falloff.

    Parameters
    ----------
    n_cells : int
        Number of cells, in the order of the map (such as that of their asymmetry).
    width : float
        Standard deviation of the falloff, in cells; zero for no mixing, infinity for a flat mixture.

    Returns
    -------
    array, shape (n_cells, n_cells)
        Rows sum to one.

    Raises
    ------
    ValueError
        If ``n_cells`` is not a positive whole number or ``width`` is negative.

    Examples
    --------
    >>> gaussian_mixing(2, 0.0)
    array([[1., 0.],
           [0., 1.]])
    >>> gaussian_mixing(2, np.inf)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    n_cells = _checks.count("n_cells", n_cells)
    if np.isnan(width) or width < 0.0:
        raise ValueError(f"width must be zero or positive, found {width}")
    if width == 0.0:
        return np.eye(n_cells)
    place = np.arange(n_cells)
    weights = np.exp(-0.5 * ((place[:, None] - place[None, :]) / width) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def population_responses(
    values: ArrayLike, rewards: ArrayLike, alpha_plus: ArrayLike, alpha_minus: ArrayLike
) -> Floats:
    """Return each cell's response to each reward: its error, scaled by its rate for errors of that sign.

    Parameters
    ----------
    values : array_like, shape (n_cells,)
        Each cell's prediction; its reversal point, where the response changes sign.
    rewards : array_like, shape (n_rewards,)
        Rewards to respond to.
    alpha_plus, alpha_minus : array_like, shape (n_cells,)
        Slopes above and below the reversal point.

    Returns
    -------
    array, shape (n_cells, n_rewards)
        alpha+ (r - V) for r above V, alpha- (r - V) below.

    Raises
    ------
    ValueError
        If shapes differ, something is not finite or a rate is negative.

    Examples
    --------
    >>> population_responses([1.0], [0.0, 1.0, 3.0], [2.0], [0.5])
    array([[-0.5,  0. ,  4. ]])
    """
    reversal_points = _checks.finite_array("values", values, ndim=1)
    plus = _rates("alpha_plus", alpha_plus, len(reversal_points))
    minus = _rates("alpha_minus", alpha_minus, len(reversal_points))
    delta = _checks.finite_array("rewards", rewards, ndim=1) - reversal_points[:, None]
    return np.asarray(np.where(delta > 0.0, plus[:, None], minus[:, None]) * delta)


def _population(
    rewards: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    values: ArrayLike | None,
    record_every: int | None,
) -> tuple[Floats, Floats, Floats, Floats, int]:
    trials = _checks.finite_array("rewards", rewards, ndim=1)
    plus = np.atleast_1d(_rates("alpha_plus", alpha_plus))
    if plus.ndim != 1 or len(plus) == 0:
        raise ValueError(f"alpha_plus must hold one rate for each cell, found shape {plus.shape}")
    minus = np.atleast_1d(_rates("alpha_minus", alpha_minus))
    if minus.shape != plus.shape:
        raise ValueError(f"alpha_minus must have the shape of alpha_plus {plus.shape}, found {minus.shape}")
    start = np.zeros(len(plus)) if values is None else values
    start = _checks.finite_array("values", start, ndim=1, length=len(plus))
    return trials, plus, minus, start, _interval(record_every, len(trials))


@njit(cache=True)
def _expectile_population(
    rewards: Floats, alpha_plus: Floats, alpha_minus: Floats, values: Floats, record_every: int
) -> Floats:
    history = np.empty((1 + len(rewards) // record_every, len(values)))
    copy_into(history[0], values)
    block = 256  # cells that run through all trials together: few enough to stay in the fastest cache
    for first in range(0, len(values), block):
        cells = slice(first, first + block)
        v, plus, minus = values[cells].copy(), alpha_plus[cells].copy(), alpha_minus[cells].copy()
        for record in range(1, len(history)):
            for trial in range((record - 1) * record_every, record * record_every):
                r_t = rewards[trial]
                for i in range(len(v)):
                    # Both rates are fetched first: then there is no branch, and several cells go at once.
                    up, down = plus[i], minus[i]
                    delta = r_t - v[i]
                    v[i] += (up if delta > 0.0 else down) * delta
            copy_into(history[record, cells], v)
    return history


@njit(cache=True)
def _quantile_population(
    rewards: Floats, alpha_plus: Floats, alpha_minus: Floats, values: Floats, record_every: int
) -> Floats:
    history = np.empty((1 + len(rewards) // record_every, len(values)))
    copy_into(history[0], values)
    v = values.copy()
    for record in range(1, len(history)):
        for trial in range((record - 1) * record_every, record * record_every):
            r_t = rewards[trial]
            for i in range(len(v)):
                v[i] += alpha_plus[i] * (r_t > v[i]) - alpha_minus[i] * (r_t < v[i])
        copy_into(history[record], v)
    return history


@njit(cache=True)
def _coupled_population(
    rewards: Floats,
    alpha_plus: Floats,
    alpha_minus: Floats,
    values: Floats,
    record_every: int,
    heard_by: Floats,
) -> Floats:
    history = np.empty((1 + len(rewards) // record_every, len(values)))
    copy_into(history[0], values)
    v = values.copy()
    mixture = np.empty_like(v)
    for record in range(1, len(history)):
        for trial in range((record - 1) * record_every, record * record_every):
            mixture[:] = 0.0
            for j in range(len(v)):
                for i in range(len(v)):
                    mixture[i] += heard_by[j, i] * v[j]
            for i in range(len(v)):
                plus, minus = alpha_plus[i], alpha_minus[i]
                delta = rewards[trial] - mixture[i]
                v[i] += (plus if delta > 0.0 else minus) * delta
        copy_into(history[record], v)
    return history


# --- loops over experience in a Markov reward process ---


def categorical_td_learning(
    episodes: Episodes,
    probabilities: ArrayLike,
    support: ArrayLike,
    learning_rate: float,
    record_every: int | None = None,
) -> Floats:
    """Learn the return distribution of each state by categorical TD, one transition after the other.

    Parameters
    ----------
    episodes : Episodes
        The experience.
    probabilities : array_like, shape (n_states, n_points)
        Where to start from: the probability of each point of the support, in each state.
    support : array_like, shape (n_points,)
        The values a return may take, strictly increasing, in units of reward.
    learning_rate : float
        alpha, in [0, 1].
    record_every : int, optional
        Keep the predictions after every so many episodes; by default only after the last.

    Returns
    -------
    array, shape (1 + n_episodes // record_every, n_states, n_points)
        Probabilities before the first episode, and then as asked.

    Raises
    ------
    ValueError
        If probabilities don't sum to one, a visited state has none, or a number is out of range.

    References
    ----------
    See `categorical_td`.
    """
    points = _support(support)
    start = _masses(
        "probabilities", _table("probabilities", probabilities, episodes, len(points)), 2, len(points)
    )
    learning_rate = _checks.unit_interval("learning_rate", learning_rate)
    every = _interval(record_every, episodes.n_episodes)
    return _categorical_td_learning(*_arrays(episodes), start, points, learning_rate, every)


def quantile_td_learning(
    episodes: Episodes,
    quantiles: ArrayLike,
    taus: ArrayLike,
    learning_rate: float,
    huber: float = 0.0,
    record_every: int | None = None,
) -> Floats:
    """Learn quantiles of the return of each state by quantile TD, one transition after the other.

    Parameters
    ----------
    episodes, record_every
        As for `categorical_td_learning`.
    quantiles : array_like, shape (n_states, n)
        Where to start from, in units of reward.
    taus : array_like, shape (n,)
        Orders, strictly increasing; those of `midpoints` make the mean of the quantiles the mean of the
        return.
    learning_rate : float
        alpha, zero or positive, in units of reward.
    huber : float
        kappa, see `quantile_td`.

    Returns
    -------
    array, shape (1 + n_episodes // record_every, n_states, n)
        Quantiles before the first episode, and then as asked.

    Raises
    ------
    ValueError
        If a visited state has no row, shapes differ or a number is out of range.

    References
    ----------
    See `quantile_td`.
    """
    orders = _orders("taus", taus)
    start = _table("quantiles", quantiles, episodes, len(orders))
    learning_rate = _checks.non_negative("learning_rate", learning_rate)
    huber = _checks.non_negative("huber", huber)
    every = _interval(record_every, episodes.n_episodes)
    return _quantile_td_learning(*_arrays(episodes), start, orders, learning_rate, huber, every)


def expectile_td_learning(
    episodes: Episodes,
    expectiles: ArrayLike,
    taus: ArrayLike,
    learning_rate: float,
    record_every: int | None = None,
) -> Floats:
    """Learn expectiles of the return of each state by expectile TD with imputation.

    Before each step the expectiles of the next state are turned into a distribution that has them, in closed
    form, and errors are averaged over its values.

    Parameters
    ----------
    episodes, record_every
        As for `categorical_td_learning`.
    expectiles : array_like, shape (n_states, n)
        Where to start from, in units of reward.
    taus : array_like, shape (n,)
        Orders, strictly increasing, 0.5 among them.
    learning_rate : float
        alpha, zero or positive.

    Returns
    -------
    array, shape (1 + n_episodes // record_every, n_states, n)
        Expectiles before the first episode, and then as asked.

    Raises
    ------
    ValueError
        If ``taus`` lacks 0.5, a visited state has no row, shapes differ or a number is out of range.

    References
    ----------
    Rowland et al. (2019), ICML; the imputation is that of the module `_imputation`.
    """
    orders = _orders("taus", taus, mean=True)
    start = _table("expectiles", expectiles, episodes, len(orders))
    learning_rate = _checks.non_negative("learning_rate", learning_rate)
    every = _interval(record_every, episodes.n_episodes)
    return _expectile_td_learning(*_arrays(episodes), start, orders, learning_rate, every, True)


def naive_expectile_td_learning(
    episodes: Episodes,
    expectiles: ArrayLike,
    taus: ArrayLike,
    learning_rate: float,
    record_every: int | None = None,
) -> Floats:
    """Learn expectiles by taking the next state's expectiles for samples, which makes them collapse.

    Kept to show the fault that `expectile_td_learning` cures.

    Parameters
    ----------
    episodes, expectiles, taus, learning_rate, record_every
        As for `expectile_td_learning`; 0.5 need not be among the orders.

    Returns
    -------
    array, shape (1 + n_episodes // record_every, n_states, n)
        Expectiles before the first episode, and then as asked.

    Raises
    ------
    ValueError
        If a visited state has no row, shapes differ or a number is out of range.

    References
    ----------
    Rowland et al. (2019), ICML.
    """
    orders = _orders("taus", taus)
    start = _table("expectiles", expectiles, episodes, len(orders))
    learning_rate = _checks.non_negative("learning_rate", learning_rate)
    every = _interval(record_every, episodes.n_episodes)
    return _expectile_td_learning(*_arrays(episodes), start, orders, learning_rate, every, False)


def midpoints(n: int) -> Floats:
    """Return the orders in the middle of ``n`` equal shares of probability, (2 i + 1) / (2 n).

    Parameters
    ----------
    n : int
        How many.

    Returns
    -------
    array, shape (n,)
        Orders between 0 and 1. If ``n`` is odd, the middle one is exactly one half.

    Raises
    ------
    ValueError
        If ``n`` is not a positive whole number.

    Examples
    --------
    >>> midpoints(4)
    array([0.125, 0.375, 0.625, 0.875])
    """
    n = _checks.count("n", n)
    return np.asarray((2.0 * np.arange(n) + 1.0) / (2.0 * n))


def _arrays(
    episodes: Episodes,
) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.int64], NDArray[np.int64]]:
    return episodes.states, episodes.rewards, episodes.discounts, episodes.next_states, episodes.starts


@njit(cache=True)
def _categorical_td_learning(
    states: NDArray[np.int64],
    rewards: Floats,
    discounts: Floats,
    next_states: NDArray[np.int64],
    starts: NDArray[np.int64],
    probabilities: Floats,
    support: Floats,
    learning_rate: float,
    record_every: int,
) -> Floats:
    history = np.empty((1 + (len(starts) - 1) // record_every, *probabilities.shape))
    copy_into(history[0], probabilities)
    now = probabilities.copy()
    for record in range(1, len(history)):
        for t in range(starts[(record - 1) * record_every], starts[record * record_every]):
            _categorical_td(
                now[states[t]], rewards[t], discounts[t], now[next_states[t]], support, learning_rate
            )
        copy_into(history[record], now)
    return history


@njit(cache=True)
def _quantile_td_learning(
    states: NDArray[np.int64],
    rewards: Floats,
    discounts: Floats,
    next_states: NDArray[np.int64],
    starts: NDArray[np.int64],
    quantiles: Floats,
    taus: Floats,
    learning_rate: float,
    huber: float,
    record_every: int,
) -> Floats:
    history = np.empty((1 + (len(starts) - 1) // record_every, *quantiles.shape))
    copy_into(history[0], quantiles)
    now = quantiles.copy()
    for record in range(1, len(history)):
        for t in range(starts[(record - 1) * record_every], starts[record * record_every]):
            _quantile_td(
                now[states[t]], rewards[t], discounts[t], now[next_states[t]], taus, learning_rate, huber
            )
        copy_into(history[record], now)
    return history


@njit(cache=True)
def _expectile_td_learning(
    states: NDArray[np.int64],
    rewards: Floats,
    discounts: Floats,
    next_states: NDArray[np.int64],
    starts: NDArray[np.int64],
    expectiles: Floats,
    taus: Floats,
    learning_rate: float,
    record_every: int,
    imputed: bool,
) -> Floats:
    history = np.empty((1 + (len(starts) - 1) // record_every, *expectiles.shape))
    copy_into(history[0], expectiles)
    now = expectiles.copy()
    equal = np.full(len(taus), 1.0 / len(taus))
    nothing, surely = np.zeros(1), np.ones(1)
    for record in range(1, len(history)):
        for t in range(starts[(record - 1) * record_every], starts[record * record_every]):
            after = now[next_states[t]]
            if discounts[t] == 0.0:
                values, weights = nothing, surely  # what follows does not count
            elif imputed:
                values, weights = consistent_distribution(after, taus)
            else:
                values, weights = after, equal
            _expectile_td(now[states[t]], rewards[t], discounts[t], values, weights, taus, learning_rate)
        copy_into(history[record], now)
    return history
