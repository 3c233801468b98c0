"""Learners that are driven off their expectile: by a mood, or by a reward that cannot disappoint.

A learner with fixed learning rates for errors of either sign is `asymmetric_update` of
`distributional_dopamine.learning.distributional`. Here are two things that may happen to it: a *mood*, a
running average of the errors as they are felt, that tilts the asymmetry with which they are felt; and a
*surge*, an error that comes with a reward whatever was predicted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine.distributions.statistics import expectiles

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MoodyLearning:
    """What learners with a mood predicted and felt, before the first trial and after each.

    Attributes
    ----------
    values : array, shape (1 + n_trials, n_learners)
        V, the predictions, in units of reward.
    moods : array, shape (1 + n_trials, n_learners)
        m, the running average of the felt errors, in units of reward.
    asymmetries : array, shape (1 + n_trials, n_learners)
        tau = logistic(logit tau_0 + b m), what the next error is felt with.
    """

    values: Floats
    moods: Floats
    asymmetries: Floats


def mood_learning(
    rewards: ArrayLike,
    learning_rate: float,
    mood_rate: float,
    mood_gain: ArrayLike,
    asymmetry: float = 0.5,
    values: float = 0.0,
) -> MoodyLearning:
    """Learn with an asymmetry that is tilted by the running average of the errors as they were felt.

    With delta = r - V and tau = logistic(logit tau_0 + b m), the felt error is 2 tau delta for delta above
    zero and 2 (1 - tau) delta below. The prediction moves by alpha times it, the mood m by eta times its
    distance from it. Without gain (b = 0) this is the asymmetric learner of order tau_0.

    Parameters
    ----------
    rewards : array_like, shape (n_trials,)
        The reward of each trial, the same for all learners.
    learning_rate : float
        alpha, in [0, 0.5], so that no felt error is learned more than once.
    mood_rate : float
        eta, in [0, 1]: the weight of the newest error in the mood.
    mood_gain : float or array_like, shape (n_learners,)
        b, zero or positive, by how much a unit of mood moves the log odds of the asymmetry; in 1 / reward.
    asymmetry : float
        tau_0, the asymmetry in a mood of zero, strictly between 0 and 1.
    values : float
        The prediction to start from; the mood starts at zero.

    Returns
    -------
    MoodyLearning

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    The loop from errors to mood to felt errors is that of Eldar, Rutledge, Dolan & Niv (2016), Trends in
    Cognitive Sciences 20:15-24. That mood acts on the asymmetry is an assumption made here.

    Examples
    --------
    >>> run = mood_learning([2.0, 0.0], learning_rate=0.1, mood_rate=0.5, mood_gain=[0.0, 2.0])
    >>> run.values.round(3)
    array([[0.   , 0.   ],
           [0.2  , 0.2  ],
           [0.18 , 0.195]])
    """
    trials = _checks.finite_array("rewards", rewards, ndim=1)
    gains = np.atleast_1d(_checks.finite_array("mood_gain", mood_gain))
    if gains.ndim != 1 or (gains < 0.0).any():
        raise ValueError(f"mood_gain must be numbers of at least zero, found {mood_gain!r}")
    alpha = _half("learning_rate", learning_rate)
    eta = _checks.unit_interval("mood_rate", mood_rate)
    log_odds = _log_odds("asymmetry", asymmetry)
    start = float(_checks.finite_array("values", values, ndim=0))
    return MoodyLearning(*_mood_learning(trials, alpha, eta, gains, log_odds, start))


def swing_threshold(
    values: ArrayLike,
    weights: ArrayLike,
    learning_rate: float,
    mood_rate: float,
    asymmetry: float = 0.5,
) -> float:
    """Return the gain of the mood above which the prediction no longer comes to rest, even without chance.

    On average the felt error near the expectile e and the mood zero is -A (V - e) + C m, with
    A = 2 (tau P(r > e) + (1 - tau) P(r < e)) and C = 2 b tau (1 - tau) E|r - e|. The fixed point of the
    averaged learner, a map of (V, m) onto itself, loses its stability to an oscillation where the product of
    the two eigenvalues passes one, at C = 1 + alpha A (1 - eta) / eta.

    Parameters
    ----------
    values, weights : array_like, shape (n,)
        What the reward may be, and how often. No value may lie at the expectile itself, where A has a step.
    learning_rate, mood_rate, asymmetry : float
        alpha, eta and tau_0 of `mood_learning`; eta above zero.

    Returns
    -------
    float
        b*, in 1 / reward.

    Raises
    ------
    ValueError
        If a number is out of range, the reward never varies, or a value lies at the expectile.

    Examples
    --------
    >>> round(swing_threshold([0.0, 2.0], [1, 1], learning_rate=0.05, mood_rate=0.05), 3)
    3.9
    """
    atoms = _checks.finite_array("values", values, ndim=1)
    chances = _checks.probabilities("weights", weights, length=len(atoms))
    alpha = _half("learning_rate", learning_rate)
    eta = _checks.unit_interval("mood_rate", mood_rate)
    if eta == 0.0:
        raise ValueError("mood_rate must be above zero, found 0.0: a mood that never moves cannot swing")
    tau = 1.0 / (1.0 + np.exp(-_log_odds("asymmetry", asymmetry)))
    errors = atoms - expectiles(atoms, tau, chances)
    if (errors[chances > 0.0] == 0.0).any():
        raise ValueError(
            f"values must vary and hold none at their expectile, found {atoms}: "
            "the pull back to the expectile is not defined there"
        )
    pull = 2.0 * (tau * chances[errors > 0.0].sum() + (1.0 - tau) * chances[errors < 0.0].sum())
    push_per_gain = 2.0 * tau * (1.0 - tau) * float(chances @ np.abs(errors))
    return float((1.0 + alpha * pull * (1.0 - eta) / eta) / push_per_gain)


def surge_error(v_tm1: ArrayLike, target_t: ArrayLike, surge: ArrayLike) -> Floats:
    """Return a prediction error that a surge keeps from ever falling below itself.

    max(target - V + D, D): the error of what came, and a surge D on top of it that no prediction can cancel.

    Parameters
    ----------
    v_tm1 : array_like
        V, predictions, in units of reward.
    target_t : array_like
        What came.
    surge : array_like
        D, zero or positive, in units of reward. All three broadcast.

    Returns
    -------
    array
        The errors, at least D.

    Raises
    ------
    ValueError
        If something is not finite or a surge is negative.

    References
    ----------
    Redish (2004), Science 306:1944-1947: an increase of dopamine that cannot be compensated.

    Examples
    --------
    >>> surge_error([0.0, 1.0, 5.0], 1.0, 0.5)
    array([1.5, 0.5, 0.5])
    """
    extra = _surges(surge)
    delta = _checks.finite_array("target_t", target_t) - _checks.finite_array("v_tm1", v_tm1)
    return np.asarray(np.maximum(delta, 0.0) + extra)


def surge_learning(
    rewards: ArrayLike, learning_rate: ArrayLike, surge: ArrayLike, values: float = 0.0
) -> Floats:
    """Learn rewards that come with a surge: the prediction rises for ever, by alpha D a trial in the end.

    With a surge of zero the errors are only never negative, and the prediction rises to the largest reward,
    the expectile of order one.

    Parameters
    ----------
    rewards : array_like, shape (n_trials,)
        The reward of each trial, the same for all cells.
    learning_rate : array_like, shape (n_cells,)
        alpha+, in [0, 1]. No error is negative, so that a rate for negative errors would never be used.
    surge : array_like, shape (n_cells,)
        D of `surge_error`. The two broadcast.
    values : float
        The prediction to start from.

    Returns
    -------
    array, shape (1 + n_trials, n_cells)
        Predictions before the first trial and after each.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Redish (2004), Science 306:1944-1947.

    Examples
    --------
    >>> surge_learning([1.0, 1.0, 1.0], 0.5, [0.0, 1.0]).T
    array([[0.   , 0.5  , 0.75 , 0.875],
           [0.   , 1.   , 1.5  , 2.   ]])
    """
    trials = _checks.finite_array("rewards", rewards, ndim=1)
    rates, extra = np.broadcast_arrays(
        np.atleast_1d(_checks.unit_interval_array("learning_rate", learning_rate)),
        np.atleast_1d(_surges(surge)),
    )
    start = float(_checks.finite_array("values", values, ndim=0))
    return _surge_learning(trials, np.ascontiguousarray(rates), np.ascontiguousarray(extra), start)


def _half(name: str, value: float) -> float:
    number = _checks.non_negative(name, value)
    if number > 0.5:
        raise ValueError(f"{name} must be at most 0.5, since it is doubled for one sign, found {number}")
    return number


def _log_odds(name: str, value: float) -> float:
    number = _checks.unit_interval(name, value)
    if number in (0.0, 1.0):
        raise ValueError(f"{name} must lie strictly between 0 and 1, found {number}")
    return float(np.log(number / (1.0 - number)))


def _surges(surge: ArrayLike) -> Floats:
    extra = _checks.finite_array("surge", surge)
    if (extra < 0.0).any():
        raise ValueError(f"surge must be zero or positive, found {extra.min()}")
    return extra


@njit(cache=True)
def _mood_learning(
    rewards: Floats, alpha: float, eta: float, gains: Floats, log_odds: float, start: float
) -> tuple[Floats, Floats, Floats]:
    shape = (len(rewards) + 1, len(gains))
    values, moods, taus = np.empty(shape), np.zeros(shape), np.empty(shape)
    values[0] = start
    for trial in range(len(rewards) + 1):
        for i in range(len(gains)):
            tau = 1.0 / (1.0 + np.exp(-(log_odds + gains[i] * moods[trial, i])))
            taus[trial, i] = tau
            if trial == len(rewards):
                continue
            delta = rewards[trial] - values[trial, i]
            felt = 2.0 * (tau if delta > 0.0 else 1.0 - tau) * delta
            values[trial + 1, i] = values[trial, i] + alpha * felt
            moods[trial + 1, i] = moods[trial, i] + eta * (felt - moods[trial, i])
    return values, moods, taus


@njit(cache=True)
def _surge_learning(rewards: Floats, rates: Floats, surge: Floats, start: float) -> Floats:
    values = np.empty((len(rewards) + 1, len(rates)))
    values[0] = start
    for trial in range(len(rewards)):
        for i in range(len(rates)):
            delta = max(rewards[trial] - values[trial, i], 0.0) + surge[i]
            values[trial + 1, i] = values[trial, i] + rates[i] * delta
    return values
