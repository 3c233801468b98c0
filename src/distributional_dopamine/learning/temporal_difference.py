"""Temporal-difference learning of one number: the expected return.

Update rules come first: pure functions of one transition, whose names carry time (``tm1`` is ``t - 1``) as in
rlax. They take numbers or arrays, and the compiled loops below call the very same functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine._copying import copy_into
from distributional_dopamine.tasks import Episodes

#: A number, or an array of numbers that are treated alike.
Value = TypeVar("Value", float, NDArray[np.float64])


@register_jitable
def td_error(v_tm1: Value, r_t: Value, discount_t: float, v_t: Value) -> Value:
    """Return the temporal-difference error, delta_t = r_t + gamma_t v_t - v_{t-1}.

    Parameters
    ----------
    v_tm1 : float or array
        Predicted return at ``t - 1``.
    r_t : float or array
        Reward at ``t``.
    discount_t : float
        Discount at ``t``; zero when the state at ``t`` is terminal.
    v_t : float or array
        Predicted return at ``t``.

    Returns
    -------
    float or array
        The error, in units of reward: how much better the world turned out than was predicted.

    References
    ----------
    Sutton (1988), Machine Learning 3:9-44; Lowet et al. (2020), Trends in Neurosciences 43:980-997, eq. 1.

    Examples
    --------
    >>> td_error(0.5, 1.0, 0.9, 2.0)
    2.3
    """
    return r_t + discount_t * v_t - v_tm1


@register_jitable
def td_update(v_tm1: Value, r_t: Value, discount_t: float, v_t: Value, learning_rate: float) -> Value:
    """Return the prediction at ``t - 1`` after one step of TD(0), v_{t-1} + alpha delta_t.

    Parameters
    ----------
    v_tm1, r_t, discount_t, v_t
        As for `td_error`.
    learning_rate : float
        alpha, the share of the error that is learned at once.

    Returns
    -------
    float or array
        The new prediction, in units of reward.

    Examples
    --------
    >>> td_update(0.5, 1.0, 0.0, 2.0, 0.1)
    0.55
    """
    return v_tm1 + learning_rate * td_error(v_tm1, r_t, discount_t, v_t)


def lambda_returns(
    r_t: ArrayLike, discount_t: ArrayLike, v_t: ArrayLike, lambda_: float
) -> NDArray[np.float64]:
    """Return the lambda-return of each step, G_{t-1} = r_t + gamma_t ((1 - lambda) v_t + lambda G_t).

    The last step has nothing after it and bootstraps from its ``v_t``, which a discount of zero silences.

    Parameters
    ----------
    r_t, discount_t, v_t : array_like, shape (n_steps,)
        Rewards, discounts and predictions at times 1 to ``n_steps``.
    lambda_ : float
        0 looks one step ahead, 1 waits for the whole return.

    Returns
    -------
    array, shape (n_steps,)
        The targets of the predictions at times 0 to ``n_steps - 1``, in units of reward.

    Raises
    ------
    ValueError
        If lengths differ, something is not finite or ``lambda_`` lies outside [0, 1].

    References
    ----------
    Sutton & Barto (2018), Reinforcement Learning, section 12.1.

    Examples
    --------
    >>> lambda_returns([0.0, 1.0], [1.0, 0.0], [0.5, 0.0], lambda_=1.0)
    array([1., 1.])
    >>> lambda_returns([0.0, 1.0], [1.0, 0.0], [0.5, 0.0], lambda_=0.0)
    array([0.5, 1. ])
    """
    rewards = _checks.finite_array("r_t", r_t, ndim=1)
    discounts = _checks.unit_interval_array("discount_t", discount_t, ndim=1, length=len(rewards))
    values = _checks.finite_array("v_t", v_t, ndim=1, length=len(rewards))
    lambda_ = _checks.unit_interval("lambda_", lambda_)
    if len(rewards) == 0:
        raise ValueError("r_t must hold at least one step, found none")
    return _lambda_returns(rewards, discounts, values, lambda_)


@njit(cache=True)
def _lambda_returns(
    r_t: NDArray[np.float64], discount_t: NDArray[np.float64], v_t: NDArray[np.float64], lambda_: float
) -> NDArray[np.float64]:
    returns = np.empty_like(r_t)
    after = v_t[-1]
    for t in range(len(r_t) - 1, -1, -1):
        after = r_t[t] + discount_t[t] * ((1.0 - lambda_) * v_t[t] + lambda_ * after)
        returns[t] = after
    return returns


def td0(episodes: Episodes, values: ArrayLike, learning_rate: float) -> NDArray[np.float64]:
    """Learn the value of each state by TD(0), one transition after the other.

    Parameters
    ----------
    episodes : Episodes
        The experience.
    values : array_like, shape (n_states,)
        The predictions to start from.
    learning_rate : float
        alpha, zero or positive.

    Returns
    -------
    array, shape (n_episodes + 1, n_states)
        The predictions before the first episode and after each.

    Raises
    ------
    ValueError
        If ``values`` has no entry for a state that was visited, or an argument is not finite.
    """
    return td_lambda(episodes, values, learning_rate, lambda_=0.0)


def td_lambda(
    episodes: Episodes, values: ArrayLike, learning_rate: float, lambda_: float
) -> NDArray[np.float64]:
    """Learn the value of each state by online TD(lambda) with accumulating traces.

    At each step every trace decays by gamma lambda, the state just left adds one to its own, and each
    prediction moves by alpha delta_t times its trace. Traces are cleared between episodes.

    Parameters
    ----------
    episodes, values, learning_rate
        As for `td0`.
    lambda_ : float
        How far back an error is felt, in [0, 1].

    Returns
    -------
    array, shape (n_episodes + 1, n_states)
        The predictions before the first episode and after each.

    Raises
    ------
    ValueError
        If ``values`` has no entry for a state that was visited, or an argument is out of range.

    References
    ----------
    Sutton (1988), Machine Learning 3:9-44; Sutton & Barto (2018), section 12.2.
    """
    start, learning_rate, lambda_ = _checked(episodes, values, learning_rate, lambda_)
    return _td_lambda_backward(*_arrays(episodes), start, learning_rate, lambda_, True)


def td_lambda_offline(
    episodes: Episodes, values: ArrayLike, learning_rate: float, lambda_: float
) -> NDArray[np.float64]:
    """Learn the value of each state by offline TD(lambda) with accumulating traces.

    The backward view: values change between episodes only. Errors are computed with the predictions the
    episode began with, and the changes are summed and made at its end. Equal to `td_lambda_forward`.

    Parameters
    ----------
    episodes, values, learning_rate, lambda_
        As for `td_lambda`.

    Returns
    -------
    array, shape (n_episodes + 1, n_states)
        The predictions before the first episode and after each.

    Raises
    ------
    ValueError
        As for `td_lambda`.
    """
    start, learning_rate, lambda_ = _checked(episodes, values, learning_rate, lambda_)
    return _td_lambda_backward(*_arrays(episodes), start, learning_rate, lambda_, False)


def td_lambda_forward(
    episodes: Episodes, values: ArrayLike, learning_rate: float, lambda_: float
) -> NDArray[np.float64]:
    """Learn the value of each state from lambda-returns, changing values between episodes only.

    The forward view: each visited state moves by alpha (G_{t-1} - v_{t-1}), with G the lambda-return.

    Parameters
    ----------
    episodes, values, learning_rate, lambda_
        As for `td_lambda`.

    Returns
    -------
    array, shape (n_episodes + 1, n_states)
        The predictions before the first episode and after each.

    Raises
    ------
    ValueError
        As for `td_lambda`.
    """
    start, learning_rate, lambda_ = _checked(episodes, values, learning_rate, lambda_)
    return _td_lambda_forward(*_arrays(episodes), start, learning_rate, lambda_)


def _checked(
    episodes: Episodes, values: ArrayLike, learning_rate: float, lambda_: float
) -> tuple[NDArray[np.float64], float, float]:
    start = _checks.finite_array("values", values, ndim=1)
    visited = max(episodes.states.max(initial=-1), episodes.next_states.max(initial=-1))
    if visited >= len(start):
        raise ValueError(
            f"values must hold one entry for each state, found {len(start)} but state {visited} was visited"
        )
    return (
        start,
        _checks.non_negative("learning_rate", learning_rate),
        _checks.unit_interval("lambda_", lambda_),
    )


def _arrays(
    episodes: Episodes,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    return episodes.states, episodes.rewards, episodes.discounts, episodes.next_states, episodes.starts


@njit(cache=True)
def _td_lambda_backward(
    states: NDArray[np.int64],
    rewards: NDArray[np.float64],
    discounts: NDArray[np.float64],
    next_states: NDArray[np.int64],
    starts: NDArray[np.int64],
    values: NDArray[np.float64],
    learning_rate: float,
    lambda_: float,
    online: bool,
) -> NDArray[np.float64]:
    n_episodes = len(starts) - 1
    history = np.empty((n_episodes + 1, len(values)))
    copy_into(history[0], values)
    trace = np.zeros(len(values))
    for episode in range(n_episodes):
        new = history[episode].copy()
        # Online, errors are computed with the values as they change; offline, with those of the start.
        used = new if online else history[episode].copy()
        trace[:] = 0.0
        decay = 0.0
        for t in range(starts[episode], starts[episode + 1]):
            trace *= decay
            trace[states[t]] += 1.0
            error = td_error(used[states[t]], rewards[t], discounts[t], used[next_states[t]])
            new += learning_rate * error * trace
            decay = discounts[t] * lambda_
        copy_into(history[episode + 1], new)
    return history


@njit(cache=True)
def _td_lambda_forward(
    states: NDArray[np.int64],
    rewards: NDArray[np.float64],
    discounts: NDArray[np.float64],
    next_states: NDArray[np.int64],
    starts: NDArray[np.int64],
    values: NDArray[np.float64],
    learning_rate: float,
    lambda_: float,
) -> NDArray[np.float64]:
    n_episodes = len(starts) - 1
    history = np.empty((n_episodes + 1, len(values)))
    copy_into(history[0], values)
    for episode in range(n_episodes):
        old = history[episode].copy()
        new = old.copy()
        begin, end = starts[episode], starts[episode + 1]
        if end > begin:
            returns = _lambda_returns(
                rewards[begin:end], discounts[begin:end], old[next_states[begin:end]], lambda_
            )
            for t in range(begin, end):
                new[states[t]] += learning_rate * (returns[t - begin] - old[states[t]])
        copy_into(history[episode + 1], new)
    return history


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What a learner predicted and how it erred, at each time of each trial.

    Attributes
    ----------
    td_error : array, shape (n_trials, n_times)
        delta_t = r_t + gamma V_t - V_{t-1}, in units of reward, at the time ``t`` when the outcome is known:
        the surprise of a cue stands at the cue, that of a reward at the reward. Before a trial V is zero.
    values : array, shape (n_trials, n_times)
        V_t, the prediction at each time as it was when ``t`` came, in units of reward.
    weights : array, shape (n_trials + 1, n_cues, n_times)
        The weight of each tap before the first trial and after each: ``weights[i, c, d]`` is what cue ``c``
        predicts ``d`` steps after its onset.
    """

    td_error: NDArray[np.float64]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]


def conditioning(
    rewards: ArrayLike,
    cue_times: int | Sequence[int],
    learning_rate: float,
    discount: float = 1.0,
    lambda_: float = 0.0,
    weights: ArrayLike | None = None,
    cues_present: ArrayLike | None = None,
) -> Conditioning:
    """Learn a conditioning task by TD(lambda) on tapped delay lines (a complete serial compound).

    Each cue starts its own delay line: a chain of taps, of which the one that stands for the time since
    the cue is on. The prediction V_t is the sum of the weights of the taps that are on. Before the first cue
    no tap is on, so the cue itself cannot be predicted. After the last time of a trial nothing is learned.

    Parameters
    ----------
    rewards : array_like, shape (n_trials, n_times)
        Reward at each time of each trial; a trial of zeros is an omission.
    cue_times : int or sequence of int
        Onset of each cue, as an index of time.
    learning_rate : float
        alpha, zero or positive; with zero nothing is learned, which makes a probe of given ``weights``.
    discount : float
        gamma for each time step, in [0, 1].
    lambda_ : float
        How far back an error is felt, in [0, 1].
    weights : array_like, shape (n_cues, n_times), optional
        The weights to start from, such as ``trained.weights[-1]``; zero by default.
    cues_present : array_like of bool, shape (n_trials, n_cues), optional
        Which cues are shown on which trial; all of them by default.

    Returns
    -------
    Conditioning

    Raises
    ------
    ValueError
        If a cue time lies outside the trial, a shape does not fit, or a number is out of range.

    References
    ----------
    Schultz, Dayan & Montague (1997), Science 275:1593-1599; Sutton & Barto (2018), sections 14.2 and 15.6.

    Examples
    --------
    A reward three steps after a cue; then the reward is left out:

    >>> trained = conditioning(np.tile([0.0, 0, 0, 0, 1, 0], (500, 1)), cue_times=1, learning_rate=0.3)
    >>> trained.td_error[0].round(2) + 0.0  # the first trial: a burst at the reward
    array([0., 0., 0., 0., 1., 0.])
    >>> trained.td_error[-1].round(2) + 0.0  # after training: a burst at the cue
    array([0., 1., 0., 0., 0., 0.])
    >>> omission = conditioning(np.zeros((1, 6)), 1, learning_rate=0.0, weights=trained.weights[-1])
    >>> omission.td_error[0].round(2) + 0.0  # no reward: a pause when it was due
    array([ 0.,  1.,  0.,  0., -1.,  0.])
    """
    reward_table = _checks.finite_array("rewards", rewards, ndim=2)
    n_trials, n_times = reward_table.shape
    if reward_table.size == 0:
        raise ValueError(
            f"rewards must hold at least one trial and one time, found shape {reward_table.shape}"
        )
    onsets = np.atleast_1d(np.asarray(cue_times))
    if onsets.ndim != 1 or onsets.size == 0 or not np.issubdtype(onsets.dtype, np.integer):
        raise ValueError(f"cue_times must be one or more whole numbers, found {cue_times!r}")
    if (onsets < 0).any() or (onsets >= n_times).any():
        raise ValueError(f"cue_times must lie within the trial, 0 to {n_times - 1}, found {onsets.tolist()}")
    shape = (len(onsets), n_times)
    start = np.zeros(shape) if weights is None else _checks.finite_array("weights", weights, ndim=2)
    if start.shape != shape:
        raise ValueError(f"weights must have shape {shape} (n_cues, n_times), found {start.shape}")
    present = np.ones((n_trials, len(onsets)), dtype=np.bool_)
    if cues_present is not None:
        present = np.ascontiguousarray(cues_present, dtype=np.bool_)
        if present.shape != (n_trials, len(onsets)):
            raise ValueError(
                f"cues_present must have shape {(n_trials, len(onsets))} (n_trials, n_cues), "
                f"found {present.shape}"
            )
    errors, values, history = _conditioning(
        reward_table,
        onsets.astype(np.int64),
        present,
        start,
        _checks.non_negative("learning_rate", learning_rate),
        _checks.unit_interval("discount", discount),
        _checks.unit_interval("lambda_", lambda_),
    )
    return Conditioning(td_error=errors, values=values, weights=history)


@njit(cache=True)
def _conditioning(
    rewards: NDArray[np.float64],
    onsets: NDArray[np.int64],
    present: NDArray[np.bool_],
    start: NDArray[np.float64],
    learning_rate: float,
    discount: float,
    lambda_: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    n_trials, n_times = rewards.shape
    n_cues = len(onsets)
    errors = np.empty((n_trials, n_times))
    values = np.empty((n_trials, n_times))
    history = np.empty((n_trials + 1, n_cues, n_times))
    copy_into(history[0], start)
    for trial in range(n_trials):
        weights = history[trial].copy()
        trace = np.zeros((n_cues, n_times))
        v_tm1 = 0.0
        for t in range(n_times):
            v_t = 0.0
            for cue in range(n_cues):
                if present[trial, cue] and t >= onsets[cue]:
                    v_t += weights[cue, t - onsets[cue]]
            error = td_error(v_tm1, rewards[trial, t], discount, v_t)
            errors[trial, t] = error
            values[trial, t] = v_t
            weights += learning_rate * error * trace
            trace *= discount * lambda_
            v_tm1 = 0.0
            for cue in range(n_cues):
                if present[trial, cue] and t >= onsets[cue]:
                    trace[cue, t - onsets[cue]] += 1.0
                    # With traces, the step above may have moved this weight too: the next error is
                    # computed with the prediction as it is now.
                    v_tm1 += weights[cue, t - onsets[cue]]
        copy_into(history[trial + 1], weights)
    return errors, values, history
