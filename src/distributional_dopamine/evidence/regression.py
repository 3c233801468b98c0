"""Ordinary linear regression across cells, one pair of estimates or many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from distributional_dopamine._checks import finite_array

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LinearRelation:
    """The line y = intercept + slope x through the cells, and how sure it is.

    Attributes
    ----------
    r
        Pearson correlation.
    p
        Two-sided P of the slope: t = r sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom.
    slope
        Unit of y per unit of x.
    intercept
        Unit of y.
    n
        Number of cells with both values.
    """

    r: float
    p: float
    slope: float
    intercept: float
    n: int


def relate(x: npt.ArrayLike, y: npt.ArrayLike) -> LinearRelation:
    """Regress y on x over the cells where both are finite.

    Parameters
    ----------
    x, y
        (n_cells,) values; NaN leaves a cell out.

    Returns
    -------
    LinearRelation
        NaN throughout where fewer than three cells remain or one side does not vary.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> relate([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0]).slope
    2.0
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"x and y must be one value a cell each; found shapes {a.shape} and {b.shape}")
    r, p, n = correlate_rows(a[None], b[None])
    both = np.isfinite(a) & np.isfinite(b)
    if not np.isfinite(r[0]):
        return LinearRelation(float("nan"), float("nan"), float("nan"), float("nan"), int(n[0]))
    a, b = finite_array("x", a[both]), finite_array("y", b[both])
    slope = float(((a - a.mean()) @ (b - b.mean())) / ((a - a.mean()) @ (a - a.mean())))
    return LinearRelation(float(r[0]), float(p[0]), slope, float(b.mean() - slope * a.mean()), int(n[0]))


def median_of_finite(values: npt.ArrayLike) -> float:
    """Give the median of the values that are not NaN; NaN, and no warning, where there is none.

    Parameters
    ----------
    values
        Numbers of any shape and unit.

    Returns
    -------
    float
        In the same unit.

    Examples
    --------
    >>> median_of_finite([1.0, float("nan"), 3.0])
    2.0
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    known = np.sort(numbers[~np.isnan(numbers)])  # np.nanmedian takes twenty times as long for a few splits
    n = known.size
    return float(0.5 * (known[(n - 1) // 2] + known[n // 2])) if np.isfinite(known).any() else float("nan")


def correlate_rows(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Correlate each row of x with the same row of y over the places where both are finite.

    Parameters
    ----------
    x, y
        (n_rows, n) values.

    Returns
    -------
    r, p, n
        (n_rows,) Pearson correlation, its two-sided P, the number of places; r and p are NaN where n < 3 or
        one side does not vary.
    """
    both = np.isfinite(x) & np.isfinite(y)
    n = both.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where(both, x, 0.0)
        b = np.where(both, y, 0.0)
        a = np.where(both, a - (a.sum(axis=1) / n)[:, None], 0.0)
        b = np.where(both, b - (b.sum(axis=1) / n)[:, None], 0.0)
        r = np.clip((a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)), -1.0, 1.0)
        r = np.where(n < 3, np.nan, r)
        t = np.abs(r) * np.sqrt((n - 2) / ((1.0 - r) * (1.0 + r)))
        p = 2.0 * special.stdtr(np.maximum(n - 2, 1).astype(np.float64), -t)
    return r, p, n
