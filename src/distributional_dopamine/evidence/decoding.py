"""Reading the distribution of rewards back out of the cells' reversal points and asymmetries.

If a cell's reversal point is the expectile of order tau of the rewards, the pairs (reversal point, tau) of
many cells nearly determine their distribution (Dabney et al. 2020, figure 5). The decoding itself is in
``distributional_dopamine.distributions``; here it is run on the cells, and on everything it must beat: the
same cells with asymmetries shuffled, a uniform and a Gaussian distribution, the truth mirrored, and simulated
cells.

A decoded distribution is judged by two distances from the true one, the seven rewards with their
probabilities on the utility axis: Wasserstein-1, the area between the distribution functions, and the
integral of their squared difference (of the Cramér-von Mises kind), both in Hz.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from distributional_dopamine._checks import count, finite_array, probabilities
from distributional_dopamine.distributions import (
    IdentifiedRange,
    Imputation,
    cramer_distance,
    identified_range,
    impute,
    wasserstein_distance,
)
from distributional_dopamine.evidence.asymmetry import asymmetry_against_reversal, estimate_asymmetry
from distributional_dopamine.evidence.responses import (
    Responses,
    reward_probabilities,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.evidence.reversal_points import Estimator
from distributional_dopamine.evidence.simulated_responses import Model, PopulationTemplate

FloatArray = npt.NDArray[np.float64]
Route = Literal["sampling", "convex", "smooth"]

_REFERENCE_ATOMS = 4000  # of the uniform and the Gaussian: their distances are then good to a thousandth


@dataclass(frozen=True)
class Effort:
    """How hard, and on what, a distribution is sought.

    Attributes
    ----------
    route
        ``sampling``, as in the paper; ``convex``, the best distribution on a grid; ``smooth``, the same with
        a penalty on roughness. See ``distributional_dopamine.distributions.impute``.
    n_samples, n_candidates, n_repeats
        Of the sampling route: samples in a set, random sets tried before the best is polished, sets pooled.
        The paper's: 100, 15,000, 5.
    n_support
        Of the other routes: points of the grid from the smallest reward to the largest.
    smoothness
        Of the smooth route: weight of the penalty.
    """

    route: Route = "sampling"
    n_samples: int = 100
    n_candidates: int = 15_000
    n_repeats: int = 5
    n_support: int = 200
    smoothness: float = 1e-6


PAPER = Effort()
"""The paper's route at the paper's effort: about a second a decoding."""

QUICK = Effort(n_candidates=500, n_repeats=1)
"""The paper's route with one set of few candidates, for comparisons that are repeated many times."""

CONVEX = Effort(route="convex")
"""The best distribution on a grid, without randomness: about a millisecond a decoding."""


@dataclass(frozen=True, eq=False)
class Decoding:
    """A decoded distribution, and how far it is from the true one.

    Attributes
    ----------
    imputation
        The distribution (``support`` in Hz, ``weights``), what was asked and what is left of the conditions.
    w1
        Wasserstein-1 distance from the true distribution: the integral of |F - G|, Hz.
    cvm
        Integral of (F - G)^2, Hz.
    n_cells
        Number of cells decoded from.
    effort
        How it was sought.
    """

    imputation: Imputation
    w1: float
    cvm: float
    n_cells: int
    effort: Effort


@dataclass(frozen=True, eq=False)
class DecodingDistances:
    """Distances of many decodings from the true distribution.

    Attributes
    ----------
    w1
        (n,) Wasserstein-1 distances, Hz.
    cvm
        (n,) Integrals of (F - G)^2, Hz.
    loss
        (n,) Mean squared gradient of the expectile loss that was left, Hz squared.
    n_cells
        (n,) Number of cells decoded from.
    """

    w1: FloatArray
    cvm: FloatArray
    loss: FloatArray = field(repr=False)
    n_cells: npt.NDArray[np.int64] = field(repr=False)

    @property
    def w1_median(self) -> float:
        """Median Wasserstein-1 distance, Hz."""
        return float(np.median(self.w1))

    @property
    def w1_interval(self) -> tuple[float, float]:
        """2.5 and 97.5 % quantile of the Wasserstein-1 distance, Hz."""
        low, high = np.quantile(self.w1, [0.025, 0.975])
        return float(low), float(high)

    @property
    def cvm_median(self) -> float:
        """Median integral of (F - G)^2, Hz."""
        return float(np.median(self.cvm))

    @property
    def cvm_interval(self) -> tuple[float, float]:
        """2.5 and 97.5 % quantile of the integral of (F - G)^2, Hz."""
        low, high = np.quantile(self.cvm, [0.025, 0.975])
        return float(low), float(high)

    def share_closer(self, w1: float) -> float:
        """Give the share of these decodings that are at least as close (Wasserstein-1) as ``w1``."""
        return float(np.mean(self.w1 <= w1))


def decode(
    points: npt.ArrayLike,
    taus: npt.ArrayLike,
    utility_axis: npt.ArrayLike,
    weights: npt.ArrayLike,
    rng: np.random.Generator,
    effort: Effort = PAPER,
) -> Decoding:
    """Decode the distribution of rewards from reversal points and asymmetries.

    Parameters
    ----------
    points, taus
        (n_cells,) Reversal point and asymmetry of each cell; a cell with NaN in either is left out.
    utility_axis
        (n_magnitudes,) Place of each reward on the axis of the reversal points, ascending at its ends: the
        decoded distribution lies between the first and the last.
    weights
        (n_magnitudes,) True probability of each reward.
    rng
        Source of the candidates of the sampling route.
    effort
        How it is sought.

    Returns
    -------
    Decoding

    Raises
    ------
    ValueError
        If no cell is left, or the lengths differ.
    """
    axis = finite_array("utility_axis", utility_axis, ndim=1)
    truth = probabilities("weights", weights, length=axis.size)
    e, t = np.asarray(points, dtype=np.float64), np.asarray(taus, dtype=np.float64)
    if e.ndim != 1 or e.shape != t.shape:
        raise ValueError(f"points and taus must be one value a cell each; found shapes {e.shape}, {t.shape}")
    usable = np.isfinite(e) & np.isfinite(t)
    if not usable.any():
        raise ValueError("points and taus must leave at least one cell with both; found none")
    found = impute(
        e[usable],
        t[usable],
        np.linspace(axis.min(), axis.max(), effort.n_support),
        effort.route,
        smoothness=effort.smoothness,
        rng=rng,
        n_samples=effort.n_samples,
        n_candidates=effort.n_candidates,
        n_repeats=effort.n_repeats,
    )
    w1 = wasserstein_distance(found.support, axis, found.weights, truth)
    cvm = cramer_distance(found.support, axis, found.weights, truth)
    return Decoding(found, w1, cvm, int(usable.sum()), effort)


def reference_distances(utility_axis: npt.ArrayLike, weights: npt.ArrayLike) -> pd.DataFrame:
    """Give the distances of distributions that no cell was needed for from the true one.

    Parameters
    ----------
    utility_axis
        (n_magnitudes,) Place of each reward, Hz.
    weights
        (n_magnitudes,) Probability of each reward.

    Returns
    -------
    pandas.DataFrame
        Index: ``uniform`` from the smallest reward to the largest; ``gaussian`` with the true mean and
        variance, not bounded; ``mirrored``, the truth turned about the middle between smallest and largest
        reward. Columns ``w1`` and ``cvm``, Hz.
    """
    axis = finite_array("utility_axis", utility_axis, ndim=1)
    truth = probabilities("weights", weights, length=axis.size)
    middles = (np.arange(_REFERENCE_ATOMS) + 0.5) / _REFERENCE_ATOMS
    mean = float(axis @ truth)
    spread = float(np.sqrt((axis - mean) ** 2 @ truth))
    equal = np.ones(_REFERENCE_ATOMS)
    others = {
        "uniform": (axis.min() + (axis.max() - axis.min()) * middles, equal),
        "gaussian": (mean + spread * stats.norm.ppf(middles), equal),
        "mirrored": (axis.min() + axis.max() - axis, truth),
    }
    return pd.DataFrame(
        {
            name: {
                "w1": wasserstein_distance(atoms, axis, shares, truth),
                "cvm": cramer_distance(atoms, axis, shares, truth),
            }
            for name, (atoms, shares) in others.items()
        }
    ).T


def decode_shuffled(
    points: npt.ArrayLike,
    taus: npt.ArrayLike,
    utility_axis: npt.ArrayLike,
    weights: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_shuffles: int = 100,
    effort: Effort = QUICK,
) -> DecodingDistances:
    """Decode from the same cells with their asymmetries dealt out at random, again and again.

    Parameters
    ----------
    points, taus, utility_axis, weights, effort
        As of :func:`decode`.
    rng
        Shuffles, and is the source of the candidates.
    n_shuffles
        Number of shuffles.

    Returns
    -------
    DecodingDistances
    """
    e, t = np.asarray(points, dtype=np.float64), np.asarray(taus, dtype=np.float64)
    usable = np.isfinite(e) & np.isfinite(t)
    e, t = e[usable], t[usable]
    shuffles = count("n_shuffles", n_shuffles)
    if effort.route == "convex" and e.size:
        orders = np.stack([rng.permutation(t) for _ in range(shuffles)])
        return _decode_convex(e, orders, utility_axis, weights, effort)
    return _collect(
        [decode(e, rng.permutation(t), utility_axis, weights, rng, effort) for _ in range(shuffles)]
    )


def decode_independent_halves(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    weights: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_splits: int = 100,
    estimator: Estimator = "counting",
    effort: Effort = QUICK,
    shuffled: bool = False,
) -> DecodingDistances:
    """Decode from reversal points of one random half of the trials and asymmetries of the other.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis, weights, effort
        As of :func:`decode`.
    rng
        Draws the halves, shuffles, and is the source of the candidates.
    n_splits
        Number of random splits.
    estimator
        Of the reversal point.
    shuffled
        Deal the asymmetries out at random in each split.

    Returns
    -------
    DecodingDistances
    """
    splits = asymmetry_against_reversal(responses, utility_axis, rng, n_splits=n_splits, estimator=estimator)
    found = []
    for e, t in zip(splits.first, splits.second, strict=True):
        usable = np.isfinite(e) & np.isfinite(t)
        orders = rng.permutation(t[usable]) if shuffled else t[usable]
        found.append(decode(e[usable], orders, utility_axis, weights, rng, effort))
    return _collect(found)


def decode_simulated(
    template: PopulationTemplate,
    model: Model,
    rng: np.random.Generator,
    *,
    n_simulations: int = 100,
    estimator: Estimator = "counting",
    effort: Effort = QUICK,
    independent_halves: bool = False,
) -> DecodingDistances:
    """Decode from simulated cells, estimated as the recorded ones are.

    Parameters
    ----------
    template
        What simulated cells take over from recorded ones.
    model
        What makes their mean responses, such as one of ``nulls.MODELS``.
    rng
        Source of everything.
    n_simulations
        Number of populations.
    estimator
        Of the reversal point.
    effort
        How each distribution is sought.
    independent_halves
        Take reversal points from one half of the trials and asymmetries from the other; by default both come
        from all trials, as in the paper.

    Returns
    -------
    DecodingDistances
        From each population's own utility axis and probabilities.
    """
    found = []
    for _ in range(count("n_simulations", n_simulations)):
        arrays = to_arrays(model(template, rng).responses)
        axis, weights = utility_axis(arrays), reward_probabilities(arrays)
        if independent_halves:
            split = asymmetry_against_reversal(arrays, axis, rng, n_splits=1, estimator=estimator)
            e, t = split.first[0], split.second[0]
        else:
            estimate = estimate_asymmetry(arrays, axis, rng, estimator=estimator)
            e, t = estimate.reversal.reversal_point, estimate.asymmetry
        found.append(decode(e, t, axis, weights, rng, effort))
    return _collect(found)


def identified_band(
    decoding: Decoding, *, slack: float | None = None, n_points: int = 60, n_support: int = 120
) -> IdentifiedRange:
    """Give the band in which the distribution function of every distribution that fits as well must lie.

    Parameters
    ----------
    decoding
        What was decoded.
    slack
        How far the gradient of each cell's condition may stray from that of the decoded distribution, Hz; by
        default the root mean square of what the decoding itself leaves, that is, as much as the cells
        contradict each other.
    n_points
        Number of places at which the distribution function is bounded.
    n_support
        Number of further points that may carry mass.

    Returns
    -------
    IdentifiedRange
        ``at`` (Hz), ``lower``, ``upper``, and ``width``, the mean of their difference.
    """
    found = decoding.imputation
    low = min(found.support[0], found.points.min())
    high = max(found.support[-1], found.points.max())
    allowed = float(np.sqrt(found.loss)) if slack is None else slack
    return identified_range(
        found,
        np.linspace(low, high, count("n_support", n_support, minimum=2)),
        at=np.linspace(low, high, count("n_points", n_points, minimum=2)),
        slack=allowed,
    )


def _collect(decodings: list[Decoding]) -> DecodingDistances:
    return DecodingDistances(
        np.array([one.w1 for one in decodings]),
        np.array([one.cvm for one in decodings]),
        np.array([one.imputation.loss for one in decodings]),
        np.array([one.n_cells for one in decodings], dtype=np.int64),
    )


def _decode_convex(
    points: FloatArray,
    orders: FloatArray,
    utility_axis: npt.ArrayLike,
    weights: npt.ArrayLike,
    effort: Effort,
) -> DecodingDistances:
    """Decode by the convex route once for each row of orders, as `decode` would, sharing what they share.

    Null models shuffle by the hundred thousand, and there the preparation of one decoding costs more than the
    search itself.
    """
    axis = finite_array("utility_axis", utility_axis, ndim=1)
    truth = probabilities("weights", weights, length=axis.size)
    support = np.linspace(axis.min(), axis.max(), effort.n_support)
    span = max(points.max(), support[-1]) - min(points.min(), support[0])
    surprises = (support[None, :] - points[:, None]) / span
    above, below = np.where(surprises > 0.0, surprises, 0.0), np.where(surprises > 0.0, 0.0, surprises)
    scale = -0.5 / np.sqrt(points.size)
    equations = np.ones((points.size + 1, support.size))
    right = np.zeros(points.size + 1)
    right[-1] = 1.0
    grid = np.union1d(support, axis)
    steps = np.diff(grid)
    true_cdf = _cdf_on(grid, axis, truth)
    w1, cvm, loss = np.empty((3, orders.shape[0]))
    for row, taus in enumerate(orders):
        equations[:-1] = scale * (taus[:, None] * above + (1.0 - taus[:, None]) * below)
        found, _ = optimize.nnls(equations, right, maxiter=10 * sum(equations.shape))
        found /= found.sum()
        difference = (_cdf_on(grid, support, found) - true_cdf)[:-1]
        w1[row] = np.abs(difference) @ steps
        cvm[row] = difference**2 @ steps
        loss[row] = span**2 * float(((equations[:-1] @ found) ** 2).sum())
    return DecodingDistances(w1, cvm, loss, np.full(orders.shape[0], points.size, dtype=np.int64))


def _cdf_on(grid: FloatArray, atoms: FloatArray, shares: FloatArray) -> FloatArray:
    """Give P(X <= x) at each x of a grid that contains the atoms, which ascend."""
    mass = np.zeros(grid.size)
    np.add.at(mass, np.searchsorted(grid, atoms), shares)
    return np.cumsum(mass)
