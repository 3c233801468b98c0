"""Two opponent populations that share out the distribution: D1 cells its right tail, D2 cells its left one.

After the released code of Lowet et al. (2025). Positive errors count more in D1 cells and negative ones in D2
cells, by a factor beta; D2 activity is the reflection of its prediction, high where the prediction is low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine import _checks
from distributional_dopamine.learning.distributional import expectile_population

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OpponentLevels:
    """The asymmetries with which the two populations learn."""

    #: (n,) tau of each channel before the boost: alpha+ / (alpha+ + alpha-).
    taus: Floats
    #: Factor beta on alpha+ in D1 and on alpha- in D2 cells.
    boost: float
    #: (n,) beta tau / (beta tau + 1 - tau).
    d1: Floats
    #: (n,) tau / (tau + beta (1 - tau)).
    d2: Floats


def opponent_levels(taus: ArrayLike, boost: float) -> OpponentLevels:
    """Return the asymmetries of D1 and D2 cells that share channels of the given asymmetries.

    Parameters
    ----------
    taus : array_like, shape (n,)
        Asymmetry of each channel before the boost, in [0, 1].
    boost : float
        beta, above zero; one for no difference between D1 and D2.

    Returns
    -------
    OpponentLevels

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Lowet et al. (2025), Nature 639:717-726; github.com/alowet/distributionalRL,
    behavior_analysis/drl_model_predictions.

    Examples
    --------
    >>> levels = opponent_levels([0.2, 0.5, 0.8], boost=4.0)
    >>> levels.d1.round(3), levels.d2.round(3)
    (array([0.5  , 0.8  , 0.941]), array([0.059, 0.2  , 0.5  ]))
    """
    orders = _checks.unit_interval_array("taus", taus, ndim=1)
    beta = float(_checks.finite_array("boost", boost, ndim=0))
    if beta <= 0.0:
        raise ValueError(
            f"boost must be above zero, found {beta}: one is for no difference between D1 and D2"
        )
    return OpponentLevels(
        taus=orders,
        boost=beta,
        d1=beta * orders / (beta * orders + 1.0 - orders),
        d2=orders / (orders + beta * (1.0 - orders)),
    )


def reflect(x: ArrayLike, ceiling: float) -> Floats:
    """Return the reflection ``ceiling - x``: the activity of a D2 cell from its prediction, or the reverse.

    Parameters
    ----------
    x : array_like
        Predictions, or activities, in units of reward.
    ceiling : float
        The largest reward; the prediction of a silent D2 cell.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        If something is not finite.

    Examples
    --------
    >>> reflect([2.0, 6.0], ceiling=6.0)
    array([4., 0.])
    """
    top = float(_checks.finite_array("ceiling", ceiling, ndim=0))
    return np.asarray(top - _checks.finite_array("x", x))


def opponent_population(
    rewards: ArrayLike,
    levels: OpponentLevels,
    learning_rate: float,
    ceiling: float,
    record_every: int | None = None,
) -> Floats:
    """Learn the rewards of a run of trials with opponent D1 and D2 cells, silent at the start.

    With a mean rate alpha a channel has alpha+ = 2 alpha tau and alpha- = 2 alpha (1 - tau); D1 cells learn
    with beta alpha+ and alpha-, D2 cells with alpha+ and beta alpha-. The activity of a D1 cell is its
    prediction. That of a D2 cell is the reflection of its prediction, and falls when an error is positive.

    Parameters
    ----------
    rewards : array_like, shape (n_trials,)
        The reward of each trial.
    levels : OpponentLevels
        From `opponent_levels`.
    learning_rate : float
        alpha, at least zero.
    ceiling : float
        The largest reward.
    record_every : int, optional
        Keep the activities after every so many trials; by default only after the last.

    Returns
    -------
    array, shape (1 + n_trials // record_every, 2, n)
        Activity of the D1 cells and of the D2 cells, in units of reward, before the first trial and then as
        asked.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    See `opponent_levels`.

    Examples
    --------
    >>> levels = opponent_levels([0.5], boost=4.0)
    >>> opponent_population([2.0], levels, learning_rate=0.1, ceiling=6.0)[-1].round(12)
    array([[0.8],
           [1.6]])
    """
    rate = _checks.non_negative("learning_rate", learning_rate)
    n = len(levels.taus)
    plus, minus = 2.0 * rate * levels.taus, 2.0 * rate * (1.0 - levels.taus)
    start = np.concatenate([np.zeros(n), reflect(np.zeros(n), ceiling)])
    predictions = expectile_population(
        rewards,
        np.concatenate([levels.boost * plus, plus]),
        np.concatenate([minus, levels.boost * minus]),
        start,
        record_every,
    )
    activity = predictions.reshape(-1, 2, n)
    activity[:, 1] = reflect(activity[:, 1], ceiling)
    return activity
