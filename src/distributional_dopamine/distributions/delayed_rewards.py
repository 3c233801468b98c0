"""Maps of amount and time: how large a reward is and when it comes, jointly, and how to decode them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.optimize import linprog, nnls

from distributional_dopamine.distributions._checks import (
    Floats,
    as_floats,
    as_support,
    as_taus,
    as_vector,
    as_weights,
)
from distributional_dopamine.distributions.laplace import laplace_matrix, nonnegative_inverse
from distributional_dopamine.distributions.statistics import expectiles


@dataclass(frozen=True)
class RewardMap:
    """A joint distribution of delay and amount on a grid.

    Attributes
    ----------
    delays
        (n_delays,) Delays from the cue to the reward, s, increasing.
    amounts
        (n_amounts,) Amounts of reward, µL, increasing.
    probabilities
        (n_delays, n_amounts) Probability of each pair; they sum to one.
    """

    delays: Floats
    amounts: Floats
    probabilities: Floats

    @property
    def delay_probabilities(self) -> Floats:
        """(n_delays,) Probability of each delay, whatever the amount."""
        return np.asarray(self.probabilities.sum(axis=1))

    @property
    def amount_probabilities(self) -> Floats:
        """(n_amounts,) Probability of each amount, whatever the delay."""
        return np.asarray(self.probabilities.sum(axis=0))

    @property
    def correlation(self) -> float:
        """Correlation of delay and amount; 0 where one of them does not vary."""
        p, q = self.delay_probabilities, self.amount_probabilities
        late, large = self.delays - p @ self.delays, self.amounts - q @ self.amounts
        spread = float(np.sqrt((p @ late**2) * (q @ large**2)))
        return float(late @ self.probabilities @ large) / spread if spread > 1e-12 else 0.0

    def product_of_marginals(self) -> RewardMap:
        """Return the map with the same delays and the same amounts, but independent of each other."""
        together = np.outer(self.delay_probabilities, self.amount_probabilities)
        return RewardMap(self.delays, self.amounts, together)

    def sample(self, n_samples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw rewards.

        Parameters
        ----------
        n_samples : int
            How many.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        delays, amounts : array, shape (n_samples,)
            Delay (s) and amount (µL) of each.
        """
        at = rng.choice(self.probabilities.size, n_samples, p=self.probabilities.ravel())
        late, large = np.divmod(at, len(self.amounts))
        return self.delays[late], self.amounts[large]


def reward_map(delays: ArrayLike, amounts: ArrayLike, probabilities: ArrayLike) -> RewardMap:
    """Return a map of amount and time, checked and normalised.

    Parameters
    ----------
    delays : array_like, shape (n_delays,)
        Delays, s, at least 0 and strictly increasing.
    amounts : array_like, shape (n_amounts,)
        Amounts, µL, strictly increasing.
    probabilities : array_like, shape (n_delays, n_amounts)
        Weights of the pairs, at least 0; they need not sum to one.

    Returns
    -------
    RewardMap

    Raises
    ------
    ValueError
        If a grid is out of order, a delay negative, or the weights do not fit the grid.

    Examples
    --------
    >>> reward_map([0, 3], [1, 2], [[1, 0], [0, 1]]).correlation
    1.0
    """
    late, large = as_support("delays", delays), as_support("amounts", amounts)
    if late[0] < 0:
        raise ValueError(f"delays must be zero or positive, found {late[0]}")
    given = as_floats("probabilities", probabilities)
    if given.shape != (late.size, large.size):
        raise ValueError(
            f"probabilities must have shape {(late.size, large.size)}, delays by amounts: found {given.shape}"
        )
    weights = as_weights("probabilities", given.ravel(), "the pairs of delay and amount", given.size)
    return RewardMap(late, large, (weights / weights.sum()).reshape(given.shape))


def joint_matrix(discounts: ArrayLike, delays: ArrayLike, sensitivities: ArrayLike) -> Floats:
    """Return what each pair of delay and amount is worth to each cell, discount^delay times sensitivity.

    Parameters
    ----------
    discounts : array_like, shape (n_cells,)
        Discount factors per second, in [0, 1].
    delays : array_like, shape (n_delays,)
        Delays, s.
    sensitivities : array_like, shape (n_amounts, n_cells)
        What each cell makes of each amount.

    Returns
    -------
    array, shape (n_cells, n_delays * n_amounts)
        One row a cell; amounts run fastest, as in a flattened `RewardMap`.

    Raises
    ------
    ValueError
        If shapes differ or a discount factor or delay is out of range.

    Examples
    --------
    >>> joint_matrix([0.5], [0.0, 1.0], [[1.0], [4.0]])
    array([[1. , 4. , 0.5, 2. ]])
    """
    fades = laplace_matrix(discounts, delays)
    worth = as_floats("sensitivities", sensitivities)
    if worth.ndim != 2 or worth.shape[1] != len(fades):
        raise ValueError(
            f"sensitivities must be amounts by cells, with {len(fades)} cells: found shape {worth.shape}"
        )
    return np.asarray((fades[:, :, None] * worth.T[:, None, :]).reshape(len(fades), -1))


def decode_thresholds(
    responses: ArrayLike,
    discounts: ArrayLike,
    sensitivities: ArrayLike,
    delays: ArrayLike,
    amounts: ArrayLike,
    smoothing: float,
) -> RewardMap:
    """Decode a map from cells that each hold the mean of their own discounted sensitivity.

    Parameters
    ----------
    responses : array_like, shape (n_cells,)
        Values at the cue, in units of the cell's gain.
    discounts : array_like, shape (n_cells,)
        Discount factors per second.
    sensitivities : array_like, shape (n_amounts, n_cells)
        What each cell makes of each amount of the grid.
    delays, amounts : array_like
        The grid to decode on, s and µL.
    smoothing : float
        Penalty on the squared probabilities, as for `laplace.nonnegative_inverse`.

    Returns
    -------
    RewardMap

    Raises
    ------
    ValueError
        If an argument is unfit.
    """
    matrix = joint_matrix(discounts, delays, sensitivities)
    found = nonnegative_inverse(matrix, responses, smoothing)
    return reward_map(delays, amounts, found.reshape(np.size(delays), -1))


def discounted_expectiles(truth: RewardMap, discounts: ArrayLike, taus: ArrayLike) -> Floats:
    """Return the expectile of the discounted amount that each asymmetric cell comes to hold.

    Parameters
    ----------
    truth : RewardMap
        Delays and amounts that follow the cue.
    discounts : array_like, shape (n_cells,)
        Discount factors per second.
    taus : array_like, shape (n_cells,)
        Asymmetries.

    Returns
    -------
    array, shape (n_cells,)
        For each cell the expectile of order tau of discount^delay amount, µL.

    Raises
    ------
    ValueError
        If an argument is out of range or shapes differ.

    Examples
    --------
    >>> sure = reward_map([2.0], [4.0], [[1.0]])
    >>> discounted_expectiles(sure, [0.5, 1.0], [0.2, 0.9])
    array([1., 4.])
    """
    fades, orders = laplace_matrix(discounts, truth.delays), as_taus("taus", taus)
    if orders.shape != (len(fades),):
        raise ValueError(f"taus must have one order for each of {len(fades)} cells, found {orders.shape}")
    weights = truth.probabilities.ravel()
    return np.array(
        [
            float(expectiles(np.outer(fade, truth.amounts).ravel(), tau, weights))
            for fade, tau in zip(fades, orders, strict=True)
        ]
    )


def decode_expectiles(
    responses: ArrayLike,
    discounts: ArrayLike,
    taus: ArrayLike,
    delays: ArrayLike,
    amounts: ArrayLike,
    smoothing: float,
) -> RewardMap:
    """Decode a map from cells that each hold an expectile of the discounted amount.

    A cell with discount gamma, asymmetry tau and value V asks that
    ``sum p(d, r) |tau - 1{gamma^d r <= V}| (gamma^d r - V) = 0``: one linear condition on the map. The map
    minimises the sum of their squares, each divided by the largest amount, plus smoothing^2 |p|^2; that p
    sums to one is one more equation, and scaling afterwards makes it exact (see
    `imputation.impute_on_support`).

    Parameters
    ----------
    responses : array_like, shape (n_cells,)
        Values at the cue, µL.
    discounts, taus : array_like, shape (n_cells,)
        Discount factors per second, and asymmetries.
    delays, amounts : array_like
        The grid to decode on, s and µL.
    smoothing : float
        Penalty on the squared probabilities, at least 0.

    Returns
    -------
    RewardMap

    Raises
    ------
    ValueError
        If an argument is unfit.
    """
    v = as_vector("responses", responses)
    orders = as_taus("taus", taus)
    large = as_support("amounts", amounts)
    fades = laplace_matrix(discounts, delays)
    if not v.shape == orders.shape == fades.shape[:1]:
        raise ValueError(
            f"responses, discounts and taus must have one entry a cell, found {v.shape}, {fades.shape[:1]} "
            f"and {orders.shape}"
        )
    if not smoothing >= 0:
        raise ValueError(f"smoothing must be zero or positive, found {smoothing}")
    delta = (fades[:, :, None] * large).reshape(len(v), -1) - v[:, None]
    conditions = np.abs(orders[:, None] - (delta <= 0)) * delta / np.abs(large).max()
    n = conditions.shape[1]
    rows = np.vstack([conditions, smoothing * np.eye(n), np.ones((1, n))])
    goal = np.zeros(len(rows))
    goal[-1] = 1.0
    return reward_map(delays, large, nnls(rows, goal)[0].reshape(np.size(delays), -1))


def map_distance(a: RewardMap, b: RewardMap, longest: float, largest: float) -> float:
    """Return how far probability has to be carried to turn one map into another.

    The 1-Wasserstein distance on the plane. The cost of a journey is the sum of its two legs, each as a share
    of its own scale: |change of delay| / longest + |change of amount| / largest.

    Parameters
    ----------
    a, b : RewardMap
        Two maps; their grids may differ. The cost grows with the product of their numbers of pairs that have
        any probability.
    longest : float
        The unit of the delays, s.
    largest : float
        The unit of the amounts, µL.

    Returns
    -------
    float
        Distance, in shares of the two scales: 0 for equal maps.

    Raises
    ------
    ValueError
        If a scale is not above 0.

    Examples
    --------
    >>> soon, late = reward_map([1.0], [4.0], [[1]]), reward_map([4.0], [4.0], [[1]])
    >>> round(map_distance(soon, late, longest=6.0, largest=8.0), 9)
    0.5
    """
    if not (longest > 0 and largest > 0):
        raise ValueError(f"longest and largest must be above 0, found {longest} and {largest}")
    (a_places, a_weights), (b_places, b_weights) = (_places(m, longest, largest) for m in (a, b))
    cost = np.abs(a_places[:, None] - b_places[None]).sum(axis=2)
    n, m = cost.shape
    out = sparse.kron(sparse.eye(n), np.ones((1, m)), format="csr")
    into = sparse.kron(np.ones((1, n)), sparse.eye(m), format="csr")
    # One of the equations follows from the rest; left in, rounding could make them contradict each other.
    plan = linprog(
        cost.ravel(),
        A_eq=sparse.vstack([out, into[:-1]]),
        b_eq=np.concatenate([a_weights, b_weights[:-1]]),
        method="highs",
    )
    return float(plan.fun)


def _places(given: RewardMap, longest: float, largest: float) -> tuple[Floats, Floats]:
    late, large = np.nonzero(given.probabilities > 1e-9)
    weights = given.probabilities[late, large]
    return np.column_stack([given.delays[late] / longest, given.amounts[large] / largest]), (
        weights / weights.sum()
    )
