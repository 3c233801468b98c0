"""The way back: the distributions that have given expectiles, and how far these pin them down.

Given points e_i and orders tau_i, a distribution has e_i as its expectile of order tau_i when the mean
gradient of the expectile loss vanishes there, ``E[|tau_i - 1{X <= e_i}| (X - e_i)] = 0``. Each such condition
is linear in the probabilities. There are about as many conditions as points and, on any fine support, more
probabilities than that: the answer is a set of distributions, and every route below picks one member of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.optimize import linprog, minimize, nnls

from distributional_dopamine._checks import count, non_negative
from distributional_dopamine.distributions._checks import Floats, as_support, as_taus, as_vector


@dataclass(frozen=True)
class Imputation:
    """A distribution imputed from expectiles.

    Attributes
    ----------
    points, taus : array, shape (k,)
        The expectiles that were asked for: value (unit of the support) and order.
    support : array, shape (m,)
        Atoms of what was found, in increasing order. By the sampling route, the pooled samples.
    weights : array, shape (m,)
        Probability of each atom; they sum to one.
    gradients : array, shape (k,)
        Mean gradient of the expectile loss that is left at each point,
        ``-1/2 sum_j weights_j |tau_i - 1{x_j <= e_i}| (x_j - e_i)``, in the unit of the support.
    loss : float
        Mean over the k points of the squared gradients, in squared units of the support; zero when what was
        found has exactly these expectiles.
    run_losses : array, shape (r,)
        The loss of each repeat before pooling; a single element for a route that has no repeats.
    """

    points: Floats
    taus: Floats
    support: Floats
    weights: Floats
    gradients: Floats
    loss: float
    run_losses: Floats

    @property
    def n_unknowns(self) -> int:
        """Number of probabilities that were sought."""
        return self.support.size

    @property
    def rank(self) -> int:
        """Numerical rank of the conditions, that of the sum of probabilities among them.

        It says how many combinations of the unknowns the expectiles determine; ``n_unknowns - rank`` are left
        to the route's preference and to the demand that no probability be negative.
        """
        conditions, _ = _conditions(self.points, self.taus, self.support)
        return int(np.linalg.matrix_rank(np.vstack([conditions, np.ones(self.n_unknowns)])))


@dataclass(frozen=True)
class IdentifiedRange:
    """What all distributions that meet the same conditions have in common.

    Attributes
    ----------
    at : array, shape (n,)
        Where the distribution function is bounded, in increasing order, in the unit of the support.
    lower, upper : array, shape (n,)
        Smallest and largest P(X <= x) at each x, over all distributions on the support whose gradients agree
        with those of what was found, up to the slack.
    width : float
        Mean of ``upper - lower`` from the first x to the last, each holding until the next: 0 when the
        expectiles fix the distribution, near 1 when they say next to nothing about it.
    """

    at: Floats
    lower: Floats
    upper: Floats
    width: float


def impute(
    points: ArrayLike,
    taus: ArrayLike,
    support: ArrayLike,
    route: Literal["convex", "smooth", "sampling"] = "convex",
    *,
    smoothness: float = 1e-10,
    rng: np.random.Generator | None = None,
    n_samples: int = 100,
    n_candidates: int = 15_000,
    n_repeats: int = 5,
) -> Imputation:
    """Return a distribution that has, as nearly as possible, the given expectiles.

    Parameters
    ----------
    points : array_like, shape (k,)
        Expectiles.
    taus : array_like, shape (k,)
        Their orders, in (0, 1).
    support : array_like, shape (m,)
        Points that may carry mass, strictly increasing, in the unit of `points`. The sampling route uses its
        two ends only, as bounds.
    route : {"convex", "smooth", "sampling"}
        `impute_on_support` without or with a penalty, or `impute_by_sampling`. All three return the same kind
        of result.
    smoothness : float
        Weight of the penalty; only the smooth route asks for it.
    rng : numpy.random.Generator
        Source of the candidates; only the sampling route asks for it, and needs it.
    n_samples, n_candidates, n_repeats : int
        Effort of the sampling route.

    Returns
    -------
    Imputation

    Raises
    ------
    ValueError
        If an argument is unfit, if the route is unknown, or if the sampling route gets no `rng`.

    Examples
    --------
    >>> coin = impute([0.25, 0.5, 0.75], [0.25, 0.5, 0.75], support=[0, 0.5, 1])
    >>> coin.weights.round(6)
    array([0.5, 0. , 0.5])
    """
    if route == "convex":
        return impute_on_support(points, taus, support)
    if route == "smooth":
        return impute_on_support(points, taus, support, smoothness=smoothness)
    if route == "sampling":
        if rng is None:
            raise ValueError("rng must be given for the sampling route: pass numpy.random.default_rng(seed)")
        ends = as_support("support", support)
        return impute_by_sampling(
            points,
            taus,
            (float(ends[0]), float(ends[-1])),
            rng,
            n_samples=n_samples,
            n_candidates=n_candidates,
            n_repeats=n_repeats,
        )
    raise ValueError(f"route must be 'convex', 'smooth' or 'sampling', found {route!r}")


def impute_on_support(
    points: ArrayLike, taus: ArrayLike, support: ArrayLike, *, smoothness: float = 0.0
) -> Imputation:
    """Return the distribution on a support that meets the expectile conditions best, by convex optimisation.

    The probabilities p minimise ``|A p|^2 + smoothness R(p)`` over all p that are not negative and sum to
    one. The first term is the loss (see `Imputation`) with the stretch that support and points span as the
    unit of length; R is the integral of the squared second derivative of the density, with the length of the
    support as the unit. Since both are quadratic and homogeneous, the minimum is found by non-negative least
    squares with the sum of p as one more equation, scaled afterwards, without any error: for a multiple s p
    the best s leaves ``Q / (1 + Q)``, which grows with the objective Q.

    Without smoothness several p may be equally good, and a sparse one is returned; ask `identified_range` for
    what they share.

    Parameters
    ----------
    points : array_like, shape (k,)
        Expectiles, in any order. They need not be consistent with each other; the loss says how far they are.
    taus : array_like, shape (k,)
        Their orders, in (0, 1).
    support : array_like, shape (m,)
        Points that may carry mass, strictly increasing, in the unit of `points`.
    smoothness : float
        Weight of the penalty, at least 0. About 1e-10 suits exact expectiles of a density with a hump or two;
        noisy ones call for more. Too much flattens: watch the loss.

    Returns
    -------
    Imputation

    Raises
    ------
    ValueError
        If an argument is unfit, or if smoothness is asked for on fewer than three points of support.
    """
    given, orders = _expectiles("points", points, "taus", taus)
    atoms = as_support("support", support)
    penalty = non_negative("smoothness", smoothness)
    if penalty and atoms.size < 3:
        raise ValueError(
            f"support must have at least 3 points when smoothness is asked for, found {atoms.size}"
        )
    conditions, _ = _conditions(given, orders, atoms)
    rows = [conditions / np.sqrt(given.size)]
    if penalty:
        rows.append(np.sqrt(penalty) * _second_derivatives(atoms))
    rows.append(np.ones((1, atoms.size)))
    equations = np.vstack(rows)
    right = np.zeros(equations.shape[0])
    right[-1] = 1.0
    found, _ = nnls(equations, right, maxiter=10 * sum(equations.shape))
    return _imputation(given, orders, atoms, found / found.sum())


def impute_by_sampling(
    points: ArrayLike,
    taus: ArrayLike,
    bounds: tuple[float, float],
    rng: np.random.Generator,
    *,
    n_samples: int = 100,
    n_candidates: int = 15_000,
    n_repeats: int = 5,
) -> Imputation:
    """Return samples that together have the given expectiles, as the dopamine study decoded them.

    Of many sets of uniform random samples the one with the smallest loss (see `Imputation`) is kept and
    polished by SciPy's truncated Newton method within the bounds; that is repeated, and the sets are pooled.
    The loss has many minima, and where it is flat the answer keeps the shape of the uniform start.

    Parameters
    ----------
    points : array_like, shape (k,)
        Expectiles.
    taus : array_like, shape (k,)
        Their orders, in (0, 1).
    bounds : (float, float)
        Smallest and largest value a sample may take, in the unit of `points`.
    rng : numpy.random.Generator
        Source of the candidates.
    n_samples : int
        Samples in a set.
    n_candidates : int
        Sets drawn before the best is polished.
    n_repeats : int
        Sets that are polished and pooled.

    Returns
    -------
    Imputation

    Raises
    ------
    ValueError
        If an argument is unfit.

    References
    ----------
    Dabney et al. (2020), Nature 577, 671-675, and its published analysis code.
    """
    given, orders = _expectiles("points", points, "taus", taus)
    edges = as_support("bounds", bounds)
    if edges.size != 2:
        raise ValueError(f"bounds must be two numbers, the smallest and the largest value, found {bounds!r}")
    n_samples = count("n_samples", n_samples)
    n_candidates = count("n_candidates", n_candidates)
    n_repeats = count("n_repeats", n_repeats)
    span = float(edges[1] - edges[0])
    unit_points = (given - edges[0]) / span
    pool = np.empty((n_repeats, n_samples))
    losses = np.empty(n_repeats)
    for repeat in range(n_repeats):
        best, best_loss = np.empty(0), np.inf
        for _ in range(n_candidates):
            candidate = rng.random(n_samples)
            loss = _sample_loss(candidate, unit_points, orders)[0]
            if loss < best_loss:
                best, best_loss = candidate, loss
        polished = minimize(
            _sample_loss,
            best,
            args=(unit_points, orders),
            jac=True,
            method="TNC",
            bounds=[(0.0, 1.0)] * n_samples,
        )
        if polished.fun <= best_loss:  # a search that stops early may come back from a worse place
            best, best_loss = polished.x, polished.fun
        pool[repeat] = best
        losses[repeat] = best_loss
    samples = np.sort(edges[0] + span * pool.ravel())
    shares = np.full(samples.size, 1.0 / samples.size)
    return _imputation(given, orders, samples, shares, run_losses=losses * span**2)


def identified_range(
    imputation: Imputation,
    support: ArrayLike | None = None,
    *,
    at: ArrayLike | None = None,
    slack: float = 0.0,
) -> IdentifiedRange:
    """Return the bounds within which the distribution function of every equally good distribution must lie.

    Two linear programmes for each x find the smallest and largest P(X <= x) over all distributions whose
    expectile gradients equal those of `imputation`, hence with the same loss. For the convex route without
    smoothness that is every distribution that attains the least loss, as the best gradients are unique. It
    takes about 10 ms for each x with a hundred atoms.

    Parameters
    ----------
    imputation : Imputation
        What was found.
    support : array_like, shape (m,), optional
        Points that may carry mass besides the atoms of what was found. Default: none. The bounds can only
        widen as there are more.
    at : array_like, shape (n,), optional
        Where to bound the distribution function, strictly increasing. Default: at every point that may carry
        mass.
    slack : float
        How far each gradient may stray, in the unit of the support, at least 0; a billionth of the span is
        always allowed, for rounding. Expectiles that contradict each other, as measured ones do, attain their
        least loss in one distribution only, so without slack the range is narrow for the wrong reason: allow
        what the noise of the measurement explains.

    Returns
    -------
    IdentifiedRange

    Raises
    ------
    ValueError
        If `support` or `at` are not strictly increasing, or the slack is negative.
    RuntimeError
        If the solver gives up.
    """
    extra = np.empty(0) if support is None else as_support("support", support)
    atoms = np.union1d(imputation.support, extra)
    where = atoms if at is None else as_support("at", at)
    conditions, span = _conditions(imputation.points, imputation.taus, atoms)
    k, m = conditions.shape
    allowed = non_negative("slack", slack) / span + 1e-9
    # Unknowns: the m probabilities, and by how much each of the k gradients strays.
    equations = np.block([[conditions, -np.eye(k)], [np.ones((1, m)), np.zeros((1, k))]])
    right = np.append(imputation.gradients / span, 1.0)
    limits = [(0.0, 1.0)] * m + [(-allowed, allowed)] * k
    lower, upper = np.empty(where.size), np.empty(where.size)
    for i, x in enumerate(where):
        upto = np.append(atoms <= x, np.zeros(k)).astype(float)
        found = float(imputation.weights @ (imputation.support <= x))
        ends = []
        for sign in (1.0, -1.0):
            solved = linprog(
                sign * upto,
                A_eq=equations,
                b_eq=right,
                bounds=limits,
                method="highs-ds",
                # Presolve takes so tight a programme for infeasible, and costs more than it saves here.
                options={"presolve": False, "primal_feasibility_tolerance": 1e-10},
            )
            if not solved.success:
                raise RuntimeError(f"the bound at {x} was not found: {solved.message}")
            ends.append(sign * solved.fun)
        # What was found is one of the distributions, whatever the solver's tolerance.
        lower[i] = np.clip(min(ends[0], found), 0.0, 1.0)
        upper[i] = np.clip(max(ends[1], found), 0.0, 1.0)
    gaps = np.diff(where)
    width = float(gaps @ (upper - lower)[:-1] / gaps.sum()) if gaps.size else float(upper[0] - lower[0])
    return IdentifiedRange(at=where, lower=lower, upper=upper, width=width)


def _expectiles(
    points_name: str, points: ArrayLike, taus_name: str, taus: ArrayLike
) -> tuple[Floats, Floats]:
    """Return points and orders, having checked that they are as many and that no order is 0 or 1."""
    given = as_vector(points_name, points)
    orders = as_taus(taus_name, as_vector(taus_name, taus))
    if given.size != orders.size:
        raise ValueError(
            f"{points_name} and {taus_name} must have the same length, found {given.size} and {orders.size}"
        )
    if orders.min() == 0 or orders.max() == 1:
        raise ValueError(
            f"{taus_name} must lie strictly between 0 and 1, found {orders.min()} to {orders.max()}: "
            "an extreme is met by every distribution inside it; set the ends of the support instead"
        )
    return given, orders


def _conditions(points: Floats, taus: Floats, support: Floats) -> tuple[Floats, float]:
    """Return the gradients of the expectile loss, (points, atoms), in units of the span, and the span."""
    span = float(max(points.max(), support[-1]) - min(points.min(), support[0])) or 1.0
    surprises = (support[None, :] - points[:, None]) / span
    sides = np.where(surprises > 0, taus[:, None], 1.0 - taus[:, None])
    return -0.5 * sides * surprises, span


def _second_derivatives(support: Floats) -> Floats:
    """Return the matrix from probabilities to second derivatives of their density, support of length one.

    The squares of its products with the probabilities sum up to the integral of the squared derivative.
    """
    x = (support - support[0]) / (support[-1] - support[0])
    steps = np.diff(x)
    cells = np.empty(x.size)
    cells[1:-1] = (x[2:] - x[:-2]) / 2
    cells[0], cells[-1] = steps[0], steps[-1]
    rows = np.arange(x.size - 2)
    matrix = np.zeros((x.size - 2, x.size))
    matrix[rows, rows] = 1 / (steps[:-1] * cells[1:-1])
    matrix[rows, rows + 2] = 1 / (steps[1:] * cells[1:-1])
    matrix[rows, rows + 1] = -matrix[rows, rows] - matrix[rows, rows + 2]
    return np.asarray(np.sqrt(cells[1:-1])[:, None] * matrix / cells)


@njit(cache=True)
def _sample_loss(samples: Floats, points: Floats, taus: Floats) -> tuple[float, Floats]:
    """Return the mean squared gradient of the expectile loss, and its derivative by the samples."""
    n, k = samples.size, points.size
    slope = np.zeros(n)
    loss = 0.0
    for i in range(k):
        gradient = 0.0
        for j in range(n):
            surprise = samples[j] - points[i]
            gradient -= 0.5 * (taus[i] if surprise > 0 else 1.0 - taus[i]) * surprise
        gradient /= n
        loss += gradient * gradient / k
        for j in range(n):
            slope[j] -= gradient * (taus[i] if samples[j] > points[i] else 1.0 - taus[i]) / (n * k)
    return loss, slope


def _imputation(
    points: Floats, taus: Floats, support: Floats, weights: Floats, *, run_losses: Floats | None = None
) -> Imputation:
    """Put a result together, with its gradients and loss in the unit of the support."""
    conditions, span = _conditions(points, taus, support)
    gradients = span * (conditions @ weights)
    loss = float(np.mean(gradients**2))
    runs = np.array([loss]) if run_losses is None else run_losses
    return Imputation(points, taus, support, weights, gradients, loss, runs)
