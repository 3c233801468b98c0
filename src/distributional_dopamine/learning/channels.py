"""Channels whose errors and predictions are wired to each other in part, on a map.

A channel is a prediction and the error that teaches it. Here the two need not be each other's only partner:
error cell ``i`` hears a mixture of the predictions, and prediction ``j`` is taught by a mixture of the scaled
errors. With both mixtures the identity it is `distributional.expectile_population`; with both flat all
channels share one prediction and one lesson.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine._copying import copy_into

Floats = NDArray[np.float64]


def wired_population(
    rewards: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    hearing: ArrayLike,
    teaching: ArrayLike,
    values: ArrayLike | None = None,
    record_every: int | None = None,
) -> Floats:
    """Learn with channels in which errors hear, and teach, more than one prediction.

    Error cell i computes delta_i = r - sum_j hearing_ij V_j and fires f_i(delta_i) = alpha+ delta_i or
    alpha- delta_i, by its sign; prediction j moves by sum_i teaching_ji f_i(delta_i). The reversal point of
    error cell i is what it hears, ``values @ hearing.T``.

    Parameters
    ----------
    rewards : array_like, shape (n_trials,)
        The reward of each trial, the same for all channels.
    alpha_plus, alpha_minus : array_like, shape (n_cells,)
        Each error cell's slopes above and below its reversal point.
    hearing : array_like, shape (n_cells, n_cells)
        How much each error cell (row) hears of each prediction (column); rows sum to one.
    teaching : array_like, shape (n_cells, n_cells)
        How much each prediction (row) is taught by each error cell (column); rows sum to one.
    values : array_like, shape (n_cells,), optional
        Predictions to start from; zero by default.
    record_every : int, optional
        Keep the predictions after every so many trials; by default only after the last.

    Returns
    -------
    array, shape (1 + n_trials // record_every, n_cells)
        The predictions V before the first trial, and then as asked.

    Raises
    ------
    ValueError
        If shapes differ, something is not finite, a rate is negative, or a row of weights is negative or does
        not sum to one.

    References
    ----------
    Dabney et al. (2020), Nature 577:671-675, Extended Data Fig. 4i-m, whose legend gives the idea; the
    equations are ours.

    Examples
    --------
    Two cells that hear and teach alike share one prediction, and its lesson is their mean:

    >>> flat = [[0.5, 0.5], [0.5, 0.5]]
    >>> wired_population([1.0], [0.2, 0.4], [0.2, 0.4], flat, flat)[-1].round(12)
    array([0.3, 0.3])
    """
    trials = _checks.finite_array("rewards", rewards, ndim=1)
    plus, minus, heard_by, taught_by, start = _channels(alpha_plus, alpha_minus, hearing, teaching, values)
    every = max(len(trials), 1) if record_every is None else _checks.count("record_every", record_every)
    return _wired_population(trials, plus, minus, heard_by, taught_by, start, every)


def expected_path(
    outcomes: ArrayLike,
    weights: ArrayLike,
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    hearing: ArrayLike,
    teaching: ArrayLike,
    n_trials: int,
    values: ArrayLike | None = None,
    record_every: int | None = None,
) -> Floats:
    """Return how the predictions of `wired_population` move if each trial taught its expected lesson.

    V_j moves by sum_i teaching_ji E[f_i(r - sum_k hearing_ik V_k)], without chance. Small learning rates keep
    close to this path. If ``teaching`` can be inverted, it comes to rest only where each cell's expected
    firing is zero, so that what each cell hears is the expectile of its own asymmetry, whatever the mixing.

    Parameters
    ----------
    outcomes, weights : array_like, shape (n_outcomes,)
        The rewards that may come, and how likely each is; weights need not sum to one.
    alpha_plus, alpha_minus, hearing, teaching, values, record_every
        As for `wired_population`.
    n_trials : int
        Trials to go through.

    Returns
    -------
    array, shape (1 + n_trials // record_every, n_cells)
        The predictions V at the start, and then as asked.

    Raises
    ------
    ValueError
        As for `wired_population`, or if the outcomes are not a distribution.
    """
    atoms = _checks.finite_array("outcomes", outcomes, ndim=1)
    chances = _checks.probabilities("weights", weights, length=len(atoms))
    plus, minus, heard_by, taught_by, v = _channels(alpha_plus, alpha_minus, hearing, teaching, values)
    n_trials = _checks.count("n_trials", n_trials, minimum=0)
    every = max(n_trials, 1) if record_every is None else _checks.count("record_every", record_every)
    return _expected_path(atoms, chances, plus, minus, heard_by, taught_by, v, n_trials, every)


def line_reversal_points(rewards: ArrayLike, responses: ArrayLike) -> Floats:
    """Return where a straight line through each cell's responses crosses zero.

    The line is that of least squares. It takes a cell's slopes above and below its reversal point for one:
    if they differ, the crossing is not the reversal point. Of a cell with slopes alpha+ and alpha- that
    reverses at 1/2, its responses to 0 and 1 cross at alpha- / (alpha+ + alpha-), one minus its asymmetry.

    Parameters
    ----------
    rewards : array_like, shape (n_rewards,)
        At least two different rewards.
    responses : array_like, shape (n_cells, n_rewards)
        Mean response of each cell to each.

    Returns
    -------
    array, shape (n_cells,)
        In units of reward; not finite for a flat line.

    Raises
    ------
    ValueError
        If shapes differ, something is not finite, or all rewards are the same.

    Examples
    --------
    >>> line_reversal_points([0.0, 1.0], [[-1.0, 1.0], [-3.0, 1.0]])
    array([0.5 , 0.75])
    """
    places = _checks.finite_array("rewards", rewards, ndim=1)
    heights = _checks.finite_array("responses", responses, ndim=2)
    if heights.shape[1] != len(places):
        raise ValueError(
            f"responses must have a column for each of {len(places)} rewards, found shape {heights.shape}"
        )
    spread = places - places.mean()
    if not spread.any():
        raise ValueError(f"rewards must hold at least two different rewards, found {places}")
    slopes = heights @ spread / (spread @ spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(places.mean() - heights.mean(axis=1) / slopes)


def _channels(
    alpha_plus: ArrayLike,
    alpha_minus: ArrayLike,
    hearing: ArrayLike,
    teaching: ArrayLike,
    values: ArrayLike | None,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    plus = _checks.finite_array("alpha_plus", alpha_plus, ndim=1)
    n_cells = len(plus)
    minus = _checks.finite_array("alpha_minus", alpha_minus, ndim=1, length=n_cells)
    for name, rates in (("alpha_plus", plus), ("alpha_minus", minus)):
        if (rates < 0.0).any():
            raise ValueError(f"{name} must be zero or positive, found {rates.min()}")
    start = np.zeros(n_cells) if values is None else values
    start = _checks.finite_array("values", start, ndim=1, length=n_cells)
    return plus, minus, _mixture("hearing", hearing, n_cells), _mixture("teaching", teaching, n_cells), start


def _mixture(name: str, weights: ArrayLike, n_cells: int) -> Floats:
    matrix = _checks.finite_array(name, weights, ndim=2)
    if matrix.shape != (n_cells, n_cells):
        raise ValueError(f"{name} must have shape {(n_cells, n_cells)}, found {matrix.shape}")
    if (matrix < 0.0).any() or (np.abs(matrix.sum(axis=1) - 1.0) > 1e-9).any():
        raise ValueError(
            f"{name} must have rows of non-negative weights that sum to one: divide each by its sum"
        )
    return matrix


@njit(cache=True)
def _mixed(weights: Floats, x: Floats, out: Floats) -> None:
    for i in range(len(out)):
        total = 0.0
        for j in range(len(x)):
            total += weights[i, j] * x[j]
        out[i] = total


@njit(cache=True)
def _wired_population(
    rewards: Floats,
    alpha_plus: Floats,
    alpha_minus: Floats,
    hearing: Floats,
    teaching: Floats,
    values: Floats,
    record_every: int,
) -> Floats:
    history = np.empty((1 + len(rewards) // record_every, len(values)))
    copy_into(history[0], values)
    v = values.copy()
    heard, fired, lesson = np.empty_like(v), np.empty_like(v), np.empty_like(v)
    for record in range(1, len(history)):
        for trial in range((record - 1) * record_every, record * record_every):
            _mixed(hearing, v, heard)
            for i in range(len(v)):
                delta = rewards[trial] - heard[i]
                fired[i] = (alpha_plus[i] if delta > 0.0 else alpha_minus[i]) * delta
            _mixed(teaching, fired, lesson)
            v += lesson
        copy_into(history[record], v)
    return history


@njit(cache=True)
def _expected_path(
    outcomes: Floats,
    weights: Floats,
    alpha_plus: Floats,
    alpha_minus: Floats,
    hearing: Floats,
    teaching: Floats,
    values: Floats,
    n_trials: int,
    record_every: int,
) -> Floats:
    history = np.empty((1 + n_trials // record_every, len(values)))
    copy_into(history[0], values)
    v = values.copy()
    heard, fired, lesson = np.empty_like(v), np.empty_like(v), np.empty_like(v)
    for record in range(1, len(history)):
        for _ in range(record_every):
            _mixed(hearing, v, heard)
            for i in range(len(v)):
                fired[i] = 0.0
                for k in range(len(outcomes)):
                    delta = outcomes[k] - heard[i]
                    fired[i] += weights[k] * (alpha_plus[i] if delta > 0.0 else alpha_minus[i]) * delta
            _mixed(teaching, fired, lesson)
            v += lesson
        copy_into(history[record], v)
    return history
