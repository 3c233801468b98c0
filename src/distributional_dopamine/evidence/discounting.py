"""How steeply single cells discount: simulated responses to cues for many delays, and fits to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from distributional_dopamine._checks import count, finite_array, non_negative
from distributional_dopamine.distributions.laplace import nonnegative_inverse, smoothed_inverse

FloatArray = npt.NDArray[np.float64]

#: Discount rates among which fits search, 1/s. Zero is no discounting; at the top, exp(-5) per second,
#: nothing that comes a second later counts.
RATES = (0.0, 5.0)


def exponential_discount(rates: npt.ArrayLike, delays: npt.ArrayLike) -> FloatArray:
    """Return exp(-rate delay), for arrays that broadcast.

    Parameters
    ----------
    rates : array_like
        1/s.
    delays : array_like
        s.

    Returns
    -------
    array
        1 at no delay, falling.
    """
    return np.asarray(np.exp(-np.asarray(rates, dtype=np.float64) * np.asarray(delays, dtype=np.float64)))


def hyperbolic_discount(rates: npt.ArrayLike, delays: npt.ArrayLike) -> FloatArray:
    """Return 1 / (1 + rate delay), for arrays that broadcast.

    Parameters
    ----------
    rates : array_like
        1/s.
    delays : array_like
        s.

    Returns
    -------
    array
        1 at no delay, falling.
    """
    return np.asarray(
        1.0 / (1.0 + np.asarray(rates, dtype=np.float64) * np.asarray(delays, dtype=np.float64))
    )


Discount = Callable[[npt.ArrayLike, npt.ArrayLike], FloatArray]


@dataclass(frozen=True)
class DiscountFit:
    """Least-squares fits of ``gain discount(rate, delay) + offset``, one for each cell.

    Attributes
    ----------
    rates
        (n_cells,) Fitted rate, 1/s, within `RATES`.
    gains
        (n_cells,) Fitted response at no delay (above the offset), Hz.
    offsets
        (n_cells,) Fitted constant, Hz; 0 where none was asked for.
    squared_errors
        (n_cells,) Sum over delays of squared differences, Hz^2.
    """

    rates: FloatArray
    gains: FloatArray
    offsets: FloatArray
    squared_errors: FloatArray

    @property
    def discount_factors(self) -> FloatArray:
        """(n_cells,) exp(-rate), per second; meant for exponential fits."""
        return np.asarray(np.exp(-self.rates))


def fit_discounts(
    delays: npt.ArrayLike,
    responses: npt.ArrayLike,
    discount: Discount = exponential_discount,
    *,
    offset: bool = False,
) -> DiscountFit:
    """Fit a discount function to the mean cue responses of each cell.

    For a given rate the best gain (and offset) follow in closed form, so that only the rate is searched for:
    on a grid, and then by golden section between the neighbours of the best.

    Parameters
    ----------
    delays : array_like, shape (n_delays,)
        Delays that the cues announce, s, at least 0.
    responses : array_like, shape (n_cells, n_delays)
        Mean responses to the cues, Hz.
    discount : callable
        `exponential_discount` or `hyperbolic_discount`.
    offset : bool
        Whether a constant is fitted, too. With one, at least four delays leave something to judge by.

    Returns
    -------
    DiscountFit

    Raises
    ------
    ValueError
        If shapes differ, a delay is negative, or there are fewer delays than parameters.

    References
    ----------
    Without the offset: the fit of the code released by Sousa et al. (2025), Nature 642, 691-699.

    Examples
    --------
    >>> fit = fit_discounts([0.0, 1.5, 3.0, 6.0], [8.0 * 0.7 ** np.array([0.0, 1.5, 3.0, 6.0])])
    >>> fit.discount_factors.round(6), fit.gains.round(6)
    (array([0.7]), array([8.]))
    """
    later = finite_array("delays", delays, ndim=1)
    y = finite_array("responses", responses, ndim=2)
    if y.shape[1] != len(later):
        raise ValueError(
            f"responses must have one column for each of {len(later)} delays, found {y.shape[1]}"
        )
    if len(later) < 2 + offset or (later < 0.0).any():
        raise ValueError(
            f"delays must be at least {2 + offset} and none of them negative, found {later.tolist()}"
        )
    centred = y - y.mean(axis=1, keepdims=True) if offset else y
    total = (centred**2).sum(axis=1)

    def curves(rates: FloatArray) -> FloatArray:
        curve = discount(rates[..., None], later)
        return curve - curve.mean(axis=-1, keepdims=True) if offset else curve

    def errors_and_gains(match: FloatArray, power: FloatArray) -> tuple[FloatArray, FloatArray]:
        gain = np.divide(match, power, out=np.zeros_like(match), where=power > 1e-12)
        return total - gain * match, gain

    def squared_errors(rates: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Errors and gains at one rate a cell."""
        curve = curves(rates)
        return errors_and_gains(np.einsum("...d,...d", curve, centred), np.einsum("...d,...d", curve, curve))

    grid = np.concatenate([[RATES[0]], np.geomspace(1e-3, RATES[1], 120)])
    tried = curves(grid)  # the same for all cells, so that one product serves them all
    power = np.broadcast_to((tried**2).sum(axis=1)[:, None], (len(grid), len(y)))
    best = errors_and_gains(tried @ centred.T, power)[0].argmin(axis=0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, len(grid) - 1)]
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(36):
        left, right = high - golden * (high - low), low + golden * (high - low)
        keep = squared_errors(left)[0] < squared_errors(right)[0]
        low, high = np.where(keep, low, left), np.where(keep, right, high)
    inner = (low + high) / 2.0
    # The point of the grid wins where the best rate lies on a bound.
    rates = np.where(squared_errors(inner)[0] <= squared_errors(grid[best])[0], inner, grid[best])
    error, gains = squared_errors(rates)
    offsets = y.mean(axis=1) - gains * discount(rates[:, None], later).mean(axis=1) if offset else 0.0 * gains
    return DiscountFit(rates, gains, offsets, np.maximum(error, 0.0))


def simulate_cue_responses(
    rates: npt.ArrayLike,
    gains: npt.ArrayLike,
    offsets: npt.ArrayLike,
    delays: npt.ArrayLike,
    n_trials: int,
    rng: np.random.Generator,
    *,
    discount: Discount = exponential_discount,
    baseline: float = 4.0,
    window: float = 0.45,
    baseline_window: float = 3.0,
) -> FloatArray:
    """Draw the spikes of simulated cells after cues that announce delays, and return mean responses.

    Spikes are Poisson. A cell fires at ``baseline + offset + gain discount(rate, delay)`` during the window
    after a cue, but never below zero, and at the baseline before it. Its response is the rate in the window
    less the rate before the cue, averaged over trials.

    Parameters
    ----------
    rates, gains, offsets : array_like, shape (n_cells,)
        Discount rate (1/s); response to a cue of no delay (Hz); response to any cue, whatever the delay (Hz).
    delays : array_like, shape (n_delays,)
        s.
    n_trials : int
        Presentations of each cue.
    rng : numpy.random.Generator
        Source of the spikes.
    discount : callable
        `exponential_discount` or `hyperbolic_discount`.
    baseline : float
        Hz.
    window, baseline_window : float
        Lengths of the windows after and before the cue, s; by default those of Sousa et al. (2025): 450 ms,
        and from 4 s to 1 s before.

    Returns
    -------
    array, shape (n_cells, n_delays)
        Mean responses, Hz.

    Raises
    ------
    ValueError
        If shapes differ, or a number is out of range.
    """
    later = finite_array("delays", delays, ndim=1)
    k = finite_array("rates", rates, ndim=1)
    g = finite_array("gains", gains, ndim=1, length=len(k))
    c = finite_array("offsets", offsets, ndim=1, length=len(k))
    trials = count("n_trials", n_trials)
    for name, value in (("window", window), ("baseline_window", baseline_window)):
        if not non_negative(name, value) > 0.0:
            raise ValueError(f"{name} must be above 0, found {value}")
    firing = non_negative("baseline", baseline) + c[:, None] + g[:, None] * discount(k[:, None], later)
    # The sum of Poisson counts over trials is Poisson: one draw stands for all trials of a cue.
    after = rng.poisson(np.maximum(firing, 0.0) * window * trials) / (window * trials)
    before = rng.poisson(np.full_like(firing, baseline * baseline_window * trials)) / (
        baseline_window * trials
    )
    return np.asarray(after - before)


def decode_delays(
    fit: DiscountFit,
    responses: npt.ArrayLike,
    delays: npt.ArrayLike,
    smoothing: float,
    discount: Discount = exponential_discount,
    *,
    route: str = "nonnegative",
) -> FloatArray:
    """Decode when a reward will come from the responses of a population to each of several cues.

    A cell of fitted gain g and rate k is expected to respond with ``offset + sum_d p(d) g discount(k, d)``;
    the probabilities p are found by one of the two inverses of `distributions.laplace`.

    Parameters
    ----------
    fit : DiscountFit
        Tuning of the cells; from other trials than the responses, if the answer is to mean anything.
    responses : array_like, shape (n_cells, n_cues)
        Mean responses, Hz.
    delays : array_like, shape (n_delays,)
        Delays that may get probability, s.
    smoothing : float
        Hz; of the size of the noise of a mean response.
    discount : callable
        The function that was fitted.
    route : {"nonnegative", "singular"}
        `laplace.nonnegative_inverse`, or `laplace.smoothed_inverse`.

    Returns
    -------
    array, shape (n_cues, n_delays)
        Probability of each delay, for each cue.

    Raises
    ------
    ValueError
        If shapes differ, the smoothing is unfit or the route is unknown.

    Examples
    --------
    >>> cells = DiscountFit(np.array([0.1, 1.0]), np.array([8.0, 6.0]), np.zeros(2), np.zeros(2))
    >>> sure = [[8.0 * np.exp(-0.3)], [6.0 * np.exp(-3.0)]]
    >>> decode_delays(cells, sure, [0.0, 3.0, 6.0], 0.0).round(6)
    array([[0., 1., 0.]])
    """
    y = finite_array("responses", responses, ndim=2, length=len(fit.rates)) - fit.offsets[:, None]
    grid = finite_array("delays", delays, ndim=1)
    matrix = fit.gains[:, None] * discount(fit.rates[:, None], grid)
    if route == "nonnegative":
        return np.array([nonnegative_inverse(matrix, column, smoothing) for column in y.T])
    if route == "singular":
        return np.asarray(smoothed_inverse(matrix, y, smoothing).T)
    raise ValueError(f"route must be 'nonnegative' or 'singular', found {route!r}")
