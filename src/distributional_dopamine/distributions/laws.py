"""Laws whose expectiles and quantiles are known, to hold what is computed or learned against."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from distributional_dopamine.distributions import statistics
from distributional_dopamine.distributions._checks import Floats, as_floats, as_taus, as_weights

# h(u) = u - 1 + exp(-u) = u^2 (1/2! - u/3! + u^2/4! - ...): the sum as written loses digits where u is small.
_SERIES = np.array([(-1.0) ** k / factorial(k + 2) for k in range(14)])


@dataclass(frozen=True)
class Discrete:
    """Finitely many values with weights, such as the juice volumes of the variable-magnitude task.

    Attributes
    ----------
    values : tuple of float
        Atoms, in any order and unit.
    weights : tuple of float
        Weight of each, at least 0; they need not sum to one.
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        as_weights("weights", self.weights, "values", as_floats("values", self.values).size)

    @property
    def probabilities(self) -> Floats:
        """Weights divided by their sum."""
        weights = np.asarray(self.weights, dtype=np.float64)
        return np.asarray(weights / weights.sum())

    @property
    def mean(self) -> float:
        """Sum of values times probabilities."""
        return float(statistics.expectiles(self.values, 0.5, self.weights))

    @property
    def variance(self) -> float:
        """Sum of squared distances from the mean times probabilities."""
        return float(self.probabilities @ (np.asarray(self.values) - self.mean) ** 2)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x), in the shape of x."""
        return np.asarray((np.asarray(self.values) <= np.asarray(x)[..., None]) @ self.probabilities)

    def expectiles(self, taus: ArrayLike) -> Floats:
        """Return the expectiles of the given orders, in their shape."""
        return statistics.expectiles(self.values, taus, self.weights)

    def quantiles(self, taus: ArrayLike) -> Floats:
        """Return the quantiles of the given orders, in their shape."""
        return statistics.quantiles(self.values, taus, self.weights)

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Return independent draws."""
        return rng.choice(np.asarray(self.values, dtype=np.float64), size=size, p=self.probabilities)


@dataclass(frozen=True)
class Bernoulli:
    """One with probability p, else zero: a reward that comes or does not.

    Attributes
    ----------
    p : float
        Probability of one, in [0, 1].
    """

    p: float

    def __post_init__(self) -> None:
        as_taus("p", self.p)

    @property
    def mean(self) -> float:
        """The probability p."""
        return float(self.p)

    @property
    def variance(self) -> float:
        """``p (1 - p)``."""
        return float(self.p * (1 - self.p))

    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x), in the shape of x."""
        at = np.asarray(x, dtype=np.float64)
        return np.where(at < 0, 0.0, np.where(at < 1, 1.0 - self.p, 1.0))

    def expectiles(self, taus: ArrayLike) -> Floats:
        """Return ``p tau / (p tau + (1 - p)(1 - tau))``, in the shape of `taus`."""
        orders = as_taus("taus", taus)
        if self.p in (0, 1):  # a single atom, also at the order for which the formula is 0 / 0
            return np.full(orders.shape, float(self.p))
        high = self.p * orders
        return np.asarray(high / (high + (1 - self.p) * (1 - orders)))

    def quantiles(self, taus: ArrayLike) -> Floats:
        """Return 0 for orders up to 1 - p and 1 above, in the shape of `taus`."""
        return statistics.quantiles([0.0, 1.0], taus, [1 - self.p, self.p])

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Return independent draws."""
        return np.asarray((rng.random(size) < self.p).astype(np.float64))


@dataclass(frozen=True)
class Uniform:
    """Every value between two ends alike.

    Attributes
    ----------
    low, high : float
        The ends, with low below high.
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        low, high = as_floats("low", self.low), as_floats("high", self.high)
        if not low < high:
            raise ValueError(f"high must lie above low, found low {self.low} and high {self.high}")

    @property
    def mean(self) -> float:
        """``(low + high) / 2``."""
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        """``(high - low)^2 / 12``."""
        return (self.high - self.low) ** 2 / 12

    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x), in the shape of x."""
        return np.clip((np.asarray(x, dtype=np.float64) - self.low) / (self.high - self.low), 0.0, 1.0)

    def expectiles(self, taus: ArrayLike) -> Floats:
        """Return ``low + (high - low) sqrt(tau) / (sqrt(tau) + sqrt(1 - tau))``, in the shape of `taus`."""
        orders = as_taus("taus", taus)
        share = np.sqrt(orders) / (np.sqrt(orders) + np.sqrt(1 - orders))
        return np.asarray(self.low + (self.high - self.low) * share)

    def quantiles(self, taus: ArrayLike) -> Floats:
        """Return ``low + (high - low) tau``, in the shape of `taus`."""
        return np.asarray(self.low + (self.high - self.low) * as_taus("taus", taus))

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Return independent draws."""
        return rng.uniform(self.low, self.high, size)


@dataclass(frozen=True)
class Exponential:
    """Waiting times: from zero on, with a tail that falls by the same share over each unit.

    Attributes
    ----------
    scale : float
        Mean, and standard deviation; above 0.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        _positive("scale", self.scale)

    @property
    def mean(self) -> float:
        """The scale."""
        return float(self.scale)

    @property
    def variance(self) -> float:
        """The squared scale."""
        return float(self.scale**2)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x), in the shape of x."""
        return np.asarray(-np.expm1(-np.maximum(np.asarray(x, dtype=np.float64), 0.0) / self.scale))

    def expectiles(self, taus: ArrayLike) -> Floats:
        """Return ``scale (1 + W((2 tau - 1) / (e (1 - tau))))``, W Lambert's function; infinity at order 1.

        The balance ``q exp(-u) = u - 1 + exp(-u)``, with q = tau / (1 - tau) and u in units of the scale,
        solved for u. Near order 0, where W has its branch point and loses half the digits, u is set right by
        Newton's method on the balance itself.
        """
        orders = as_taus("taus", taus)
        inside = np.minimum(orders, np.nextafter(1.0, 0.0))
        odds = inside / (1 - inside)
        u = 1 + special.lambertw(np.maximum((odds - 1) / np.e, -1 / np.e)).real
        u = np.where(u > 0.5, u, np.minimum(np.sqrt(2 * odds), 1.0))
        for _ in range(8):  # from sqrt(2 q) three steps do
            excess = np.where(u < 0.5, u**2 * np.polyval(_SERIES[::-1], np.minimum(u, 0.5)), u + np.expm1(-u))
            slope = -np.expm1(-u) + odds * np.exp(-u)
            step = np.divide(odds * np.exp(-u) - excess, slope, out=np.zeros_like(u), where=slope > 0)
            u = u + step
        return np.asarray(np.where(orders == 1, np.inf, self.scale * u))

    def quantiles(self, taus: ArrayLike) -> Floats:
        """Return ``-scale log(1 - tau)``, in the shape of `taus`; infinity at order 1."""
        orders = as_taus("taus", taus)
        finite = np.minimum(orders, np.nextafter(1.0, 0.0))
        return np.where(orders == 1, np.inf, -self.scale * np.log1p(-finite))

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Return independent draws."""
        return rng.exponential(self.scale, size)


@dataclass(frozen=True)
class Normal:
    """The bell curve.

    Attributes
    ----------
    mean : float
        Centre.
    sd : float
        Standard deviation, above 0.
    """

    mean: float = 0.0
    sd: float = 1.0

    def __post_init__(self) -> None:
        as_floats("mean", self.mean)
        _positive("sd", self.sd)

    @property
    def variance(self) -> float:
        """The squared standard deviation."""
        return float(self.sd**2)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return P(X <= x), in the shape of x."""
        return np.asarray(special.ndtr((np.asarray(x, dtype=np.float64) - self.mean) / self.sd))

    def expectiles(self, taus: ArrayLike) -> Floats:
        """Return the expectiles, in the shape of `taus`; minus and plus infinity at orders 0 and 1.

        There is no closed form. In units of sd, for tau above one half, z is the zero of ``(2 tau - 1)
        (phi(z) - z Phi(-z)) - (1 - tau) z``, which falls and is convex, so Newton's method climbs to it from
        zero without overshooting; it is run until rounding stops it. Orders below one half mirror it.
        """
        orders = as_taus("taus", taus)
        lower = np.minimum(orders, 1 - orders)  # 1 - tau of the upper half
        share = np.maximum(lower, np.finfo(float).tiny)
        z = np.zeros_like(orders)
        for _ in range(1000):  # about one step a unit of z^2, forty at worst
            above = special.ndtr(-z)
            surprise = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - z * above
            step = ((1 - 2 * share) * surprise - share * z) / ((1 - 2 * share) * above + share)
            risen = np.maximum(z + step, z)
            if np.array_equal(risen, z):
                break
            z = risen
        z = np.where(lower == 0, np.inf, z)
        return np.asarray(self.mean + self.sd * np.where(orders < 0.5, -z, z))

    def quantiles(self, taus: ArrayLike) -> Floats:
        """Return the quantiles, in the shape of `taus`; minus and plus infinity at orders 0 and 1."""
        return np.asarray(self.mean + self.sd * special.ndtri(as_taus("taus", taus)))

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        """Return independent draws."""
        return rng.normal(self.mean, self.sd, size)


def _positive(name: str, given: float) -> None:
    """Raise ValueError unless the argument is a finite number above zero."""
    if not as_floats(name, given) > 0:
        raise ValueError(f"{name} must be positive, found {given}")
