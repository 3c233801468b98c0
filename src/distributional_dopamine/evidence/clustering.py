"""Cells of one session, or of one animal, are alike: how much so, and what that does to a correlation.

Forty cells are not forty independent samples. ``intraclass_correlation`` measures how alike the cells of a
group are. A correlation across cells is then to be judged by drawing whole groups again
(``cluster_weights``, ``weighted_correlations``), by shuffling within groups (``draw_orders``,
``shuffled_correlations``), and by averaging over each group first (``average_by_group``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy import stats

from distributional_dopamine._checks import count

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class IntraclassCorrelation:
    """How alike the cells of one group are, from a one-way analysis of variance with groups at random.

    Attributes
    ----------
    icc
        (B - W) / (B + (k - 1) W), with B and W the mean squares between and within groups: the share of the
        variance that cells of one group have in common. ICC(1) of Shrout & Fleiss 1979, ICC(1) of McGraw &
        Wong 1996 (Psychological Methods 1:30-46); negative where cells of a group differ more than cells of
        different groups do.
    low, high
        95 % interval: (F_low - 1) / (F_low + k - 1), with F_low = F / f(0.975) and F_high = F / f(0.025), f
        the quantiles of F. Exact for normal values and groups of one size, else an approximation.
    f
        B / W.
    p
        Probability of such an F or a larger one if all cells are independent, normal and alike.
    mean_size
        k = (n - sum(n_i^2) / n) / (n_groups - 1): the size of groups that have equally many cells each, and
        else a mean of the sizes.
    n_groups, n_cells
        Number of groups and of cells with a value.
    n_pairs
        Number of pairs of cells of one group: all that is known about their likeness.
    """

    icc: float
    low: float
    high: float
    f: float
    p: float
    mean_size: float
    n_groups: int
    n_cells: int
    n_pairs: int


def intraclass_correlation(values: npt.ArrayLike, groups: Sequence[str]) -> IntraclassCorrelation:
    """Measure how alike the values of cells of one group are.

    Parameters
    ----------
    values
        (n_cells,) One value a cell; NaN leaves the cell out.
    groups
        (n_cells,) Name of the group of each cell.

    Returns
    -------
    IntraclassCorrelation

    Raises
    ------
    ValueError
        If the lengths differ, or there are fewer than two groups, or no group has two cells.

    Examples
    --------
    Two groups of two: B = 9, W = 1/2, k = 2, so that the share in common is 8.5 / 9.5.

    >>> round(intraclass_correlation([1.0, 2.0, 4.0, 5.0], ["a", "a", "b", "b"]).icc, 4)
    0.8947
    """
    numbers, names = _by_group(values, groups)
    kept = np.isfinite(numbers)
    numbers = numbers[kept]
    _, code = np.unique(names[kept], return_inverse=True)
    sizes = np.bincount(code)
    n_groups, n_cells = sizes.size, numbers.size
    if n_groups < 2 or sizes.max() < 2:
        raise ValueError(
            "groups must be at least two, one of them with two cells or more; found sizes "
            f"{sorted(sizes.tolist())} among the cells with a value"
        )
    means = np.bincount(code, numbers) / sizes
    between = float(sizes @ (means - numbers.mean()) ** 2) / (n_groups - 1)
    within = float(((numbers - means[code]) ** 2).sum()) / (n_cells - n_groups)
    size = float((n_cells - (sizes**2).sum() / n_cells) / (n_groups - 1))
    with np.errstate(divide="ignore"):
        f = float(np.divide(between, within))
    df = n_groups - 1, n_cells - n_groups

    def of_f(ratio: float) -> float:
        return 1.0 if np.isinf(ratio) else (ratio - 1.0) / (ratio + size - 1.0)

    return IntraclassCorrelation(
        icc=of_f(f),
        low=of_f(f / float(stats.f.ppf(0.975, *df))),
        high=of_f(f / float(stats.f.ppf(0.025, *df))),
        f=f,
        p=float(stats.f.sf(f, *df)),
        mean_size=size,
        n_groups=n_groups,
        n_cells=n_cells,
        n_pairs=int((sizes * (sizes - 1)).sum() // 2),
    )


def permuted_intraclass_correlations(
    values: npt.ArrayLike, groups: Sequence[str], rng: np.random.Generator, n_permutations: int = 1000
) -> FloatArray:
    """Give the intraclass correlations of cells dealt to the groups at random.

    Parameters
    ----------
    values
        (n_cells,) One value a cell; NaN leaves the cell out.
    groups
        (n_cells,) Name of the group of each cell.
    rng
        Deals the cells.
    n_permutations
        Number of times.

    Returns
    -------
    array
        (n_permutations,) intraclass correlations.
    """
    numbers, code = _by_group(values, groups)
    kept = np.isfinite(numbers)
    names = code[kept].tolist()
    times = count("n_permutations", n_permutations)
    return np.array([intraclass_correlation(rng.permutation(numbers[kept]), names).icc for _ in range(times)])


def average_by_group(values: FloatArray, groups: Sequence[str]) -> FloatArray:
    """Average over the cells of each group that have a value.

    Parameters
    ----------
    values
        (..., n_cells) NaN where a cell has none.
    groups
        (n_cells,) Name of the group of each cell.

    Returns
    -------
    array
        (..., n_groups) means, groups in alphabetical order; NaN where no cell of a group has a value.

    Examples
    --------
    >>> average_by_group(np.array([[1.0, 3.0, 5.0], [1.0, np.nan, 7.0]]), ["a", "a", "b"]).tolist()
    [[2.0, 5.0], [1.0, 7.0]]
    """
    _, code = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if code.size != values.shape[-1]:
        raise ValueError(f"groups must name one group a cell; found {code.size} for {values.shape[-1]} cells")
    member = (code[:, None] == np.arange(code.max() + 1)).astype(np.float64)
    there = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.where(there, values, 0.0) @ member) / (there.astype(np.float64) @ member))


def cluster_weights(groups: Sequence[str], rng: np.random.Generator, n_draws: int = 1000) -> FloatArray:
    """Draw whole groups again with replacement, as many as there are.

    Parameters
    ----------
    groups
        (n_cells,) Name of the group of each cell; name each cell by itself to draw single cells.
    rng
        Draws the groups.
    n_draws
        Number of draws.

    Returns
    -------
    array
        (n_draws, n_cells) how many times each cell is in; the same for all cells of a group.
    """
    _, code = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    n_groups = int(code.max()) + 1
    times = rng.multinomial(n_groups, np.full(n_groups, 1.0 / n_groups), size=count("n_draws", n_draws))
    return np.asarray(times[:, code], dtype=np.float64)


def weighted_correlations(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Correlate two estimates over cells that count as often as their weights say, in every split.

    Parameters
    ----------
    x, y
        (n_splits, n_cells) The estimates; a cell with a NaN is out of the split.
    weights
        (n_draws, n_cells) How often each cell counts.

    Returns
    -------
    array
        (n_draws, n_splits) Pearson correlations; NaN where one side does not vary.
    """
    both = np.isfinite(x) & np.isfinite(y)
    # deviations from any constant do; those from the mean keep rounding small
    n = np.maximum(both.sum(axis=1, keepdims=True), 1)
    a = np.where(both, x, 0.0)
    b = np.where(both, y, 0.0)
    a = np.where(both, a - a.sum(axis=1, keepdims=True) / n, 0.0)
    b = np.where(both, b - b.sum(axis=1, keepdims=True) / n, 0.0)
    total, sum_a, sum_b, sum_aa, sum_bb, sum_ab = (
        weights @ part.T for part in (both.astype(np.float64), a, b, a * a, b * b, a * b)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_a = sum_aa - sum_a**2 / total
        spread_b = sum_bb - sum_b**2 / total
        varies = (spread_a > 1e-9 * sum_aa) & (spread_b > 1e-9 * sum_bb)
        r = (sum_ab - sum_a * sum_b / total) / np.sqrt(spread_a * spread_b)
    return np.asarray(np.where(varies, np.clip(r, -1.0, 1.0), np.nan))


def draw_orders(
    n_cells: int,
    rng: np.random.Generator,
    n_permutations: int = 1000,
    *,
    groups: Sequence[str] | None = None,
) -> IntArray:
    """Draw random permutations of the cells.

    Parameters
    ----------
    n_cells
        Number of cells.
    rng
        Draws the permutations.
    n_permutations
        Number of permutations.
    groups
        (n_cells,) Name of the group of each cell, if cells are to change places within their group only.

    Returns
    -------
    array
        (n_permutations, n_cells) index of the cell that comes in the place of each.
    """
    number, times = count("n_cells", n_cells), count("n_permutations", n_permutations)
    code = np.zeros(number, dtype=np.int64)
    if groups is not None:
        if len(groups) != number:
            raise ValueError(f"groups must name one group a cell; found {len(groups)} for {number} cells")
        _, code = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    places = np.argsort(code, kind="stable")  # group after group
    keys = code[places] + rng.random((times, number))  # within a group, random numbers between two integers
    orders = np.empty((times, number), dtype=np.int64)
    orders[:, places] = places[np.argsort(keys, axis=1)]
    return orders


@njit(cache=True)
def _shuffled(x: FloatArray, y: FloatArray, orders: IntArray) -> FloatArray:
    n_splits, n_cells = x.shape
    out = np.full((orders.shape[0], n_splits), np.nan)
    a, b = np.empty(n_cells), np.empty(n_cells)
    for split in range(n_splits):
        there = np.isfinite(x[split]) & np.isfinite(y[split])
        n = there.sum()
        if n < 3:
            continue
        mean_a, mean_b = 0.0, 0.0
        for c in range(n_cells):
            if there[c]:
                mean_a += x[split, c] / n
                mean_b += y[split, c] / n
        square_a, square_b = 0.0, 0.0
        for c in range(n_cells):
            if there[c]:
                a[c] = x[split, c] - mean_a
                b[c] = y[split, c] - mean_b
                square_a += a[c] * a[c]
                square_b += b[c] * b[c]
        if square_a == 0.0 or square_b == 0.0:
            continue
        for p in range(orders.shape[0]):
            product = 0.0
            for c in range(n_cells):
                if there[c]:
                    other = orders[p, c]
                    # c is in its own cycle, so that a cell that is there is met in the end
                    while not there[other]:
                        other = orders[p, other]
                    product += a[c] * b[other]
            out[p, split] = product / np.sqrt(square_a * square_b)
    return out


def shuffled_correlations(x: FloatArray, y: FloatArray, orders: IntArray) -> FloatArray:
    """Correlate two estimates after cells have changed places in the second, alike in every split.

    Where the cell that should come is out of the split, the cell that should come in *its* place does: each
    shuffle has all cells of the split, is as random as any, and stays as near as can be to the same
    permutation in another split.

    Parameters
    ----------
    x, y
        (n_splits, n_cells) The estimates; a cell with a NaN is out of the split.
    orders
        (n_permutations, n_cells) From :func:`draw_orders`.

    Returns
    -------
    array
        (n_permutations, n_splits) Pearson correlations; NaN with fewer than three cells, or where one side
        does not vary.

    Raises
    ------
    ValueError
        If the shapes do not agree.
    """
    if x.shape != y.shape or orders.shape[1:] != x.shape[1:]:
        raise ValueError(
            f"x, y and orders must be of the same cells; found shapes {x.shape}, {y.shape} and {orders.shape}"
        )
    return np.asarray(_shuffled(np.ascontiguousarray(x), np.ascontiguousarray(y), orders))


def _by_group(values: npt.ArrayLike, groups: Sequence[str]) -> tuple[FloatArray, npt.NDArray[np.str_]]:
    numbers, code = np.asarray(values, dtype=np.float64), np.asarray(groups, dtype=str)
    if numbers.ndim != 1 or code.shape != numbers.shape:
        raise ValueError(
            f"values and groups must be one a cell each; found shapes {numbers.shape} and {code.shape}"
        )
    return numbers, code
