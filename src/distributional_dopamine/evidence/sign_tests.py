"""Which cells answer a reward above baseline, and which below: one test a cell and magnitude.

The responses already have the baseline taken off, so the tests ask whether their mean (Student's t) or their
middle (Wilcoxon's signed ranks) is zero. Dabney et al. 2020 report cells significantly above and below
baseline for the same 5 µL (figure 2), and t statistics of all magnitudes (Extended Data figure 9g).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from distributional_dopamine._checks import unit_interval
from distributional_dopamine.evidence.responses import ResponseArrays, Responses, to_arrays

FloatArray = npt.NDArray[np.float64]
SignTest = Literal["t", "wilcoxon"]
Sides = Literal["two", "one"]
Correction = Literal["none", "holm", "benjamini-hochberg"]

MINIMUM_FOR_RANKS = 10
"""Responses other than zero that the normal approximation of the signed ranks needs."""


@dataclass(frozen=True)
class SignCounts:
    """How many cells answer one magnitude significantly above or below baseline.

    Attributes
    ----------
    above, below
        Number of cells.
    n_cells
        Number of cells tested.
    magnitude
        µL.
    test
        ``t`` (one-sample Student's t test of the responses against zero) or ``wilcoxon`` (signed ranks).
    sides
        ``two``: a cell counts if its two-sided P is below alpha, on the side of its estimate. ``one``: on
        each side its own one-sided P is below alpha.
    correction
        For the number of cells: ``none``, ``holm`` (chance of any false positive below alpha) or
        ``benjamini-hochberg`` (expected share of false positives below alpha). One-sided tests are corrected
        within each side.
    alpha
        Level of significance.
    """

    above: int
    below: int
    n_cells: int
    magnitude: float
    test: SignTest
    sides: Sides
    correction: Correction
    alpha: float


@dataclass(frozen=True, eq=False)
class SignTests:
    """One test a cell and magnitude of the responses against zero.

    Attributes
    ----------
    cells
        (n_cells,) Names.
    magnitudes
        (n_magnitudes,) µL.
    test
        ``t`` or ``wilcoxon``.
    statistic
        (n_cells, n_magnitudes) ``t``: mean / (SD / sqrt(n)) with n - 1 degrees of freedom. ``wilcoxon``: sum
        of the signed ranks over the sum of all ranks, -1 to 1, of the responses other than zero. NaN where
        there is no test: fewer than two trials (ten responses other than zero for ``wilcoxon``), or responses
        that do not vary.
    p_above, p_below
        (n_cells, n_magnitudes) One-sided P for a response above and below zero; ``wilcoxon`` by the normal
        approximation, corrected for ties.
    n_trials
        (n_cells, n_magnitudes) Number of trials.
    """

    cells: tuple[str, ...]
    magnitudes: tuple[float, ...]
    test: SignTest
    statistic: FloatArray
    p_above: FloatArray
    p_below: FloatArray
    n_trials: npt.NDArray[np.int64]

    @property
    def p_two_sided(self) -> FloatArray:
        """(n_cells, n_magnitudes) Twice the smaller one-sided P, at most 1."""
        return np.asarray(np.minimum(1.0, 2.0 * np.minimum(self.p_above, self.p_below)))

    def counts(
        self,
        magnitude: float = 5.0,
        *,
        sides: Sides = "two",
        correction: Correction = "none",
        alpha: float = 0.05,
    ) -> SignCounts:
        """Count the cells that answer one magnitude significantly above and below baseline.

        Raises
        ------
        ValueError
            If the magnitude was not tested, or an option is unknown.
        """
        if magnitude not in self.magnitudes:
            raise ValueError(f"magnitude must be one of {self.magnitudes} µL; found {magnitude}")
        level = unit_interval("alpha", alpha)
        m = self.magnitudes.index(magnitude)
        tested = np.isfinite(self.statistic[:, m])
        if sides == "two":
            significant = correct_p(self.p_two_sided[tested, m], correction) < level
            up = self.p_above[tested, m] < self.p_below[tested, m]
            above, below = significant & up, significant & ~up
        elif sides == "one":
            above = correct_p(self.p_above[tested, m], correction) < level
            below = correct_p(self.p_below[tested, m], correction) < level
        else:
            raise ValueError(f"sides must be 'two' or 'one'; found {sides!r}")
        return SignCounts(
            int(above.sum()),
            int(below.sum()),
            int(tested.sum()),
            magnitude,
            self.test,
            sides,
            correction,
            level,
        )

    def to_frame(self) -> pd.DataFrame:
        """Give ``cell``, ``magnitude`` and, for each pair, the statistic, all P values and ``n_trials``."""
        n_cells, n_magnitudes = self.statistic.shape
        return pd.DataFrame(
            {
                "cell": np.repeat(np.array(self.cells, dtype=object), n_magnitudes),
                "magnitude": np.tile(self.magnitudes, n_cells),
                "statistic": self.statistic.ravel(),
                "p_above": self.p_above.ravel(),
                "p_below": self.p_below.ravel(),
                "p_two_sided": self.p_two_sided.ravel(),
                "n_trials": self.n_trials.ravel(),
            }
        )


def correct_p(p: npt.ArrayLike, correction: Correction) -> FloatArray:
    """Adjust P values for their number.

    Parameters
    ----------
    p
        (n,) P values.
    correction
        ``none``, ``holm`` or ``benjamini-hochberg``.

    Returns
    -------
    array
        (n,) adjusted P values, at most 1.

    Raises
    ------
    ValueError
        If the correction is unknown.

    Examples
    --------
    >>> correct_p([0.01, 0.02, 0.4], "holm").tolist()
    [0.03, 0.04, 0.4]
    """
    values = np.asarray(p, dtype=np.float64)
    if correction == "none" or values.size == 0:
        return values
    if correction == "benjamini-hochberg":
        return np.asarray(stats.false_discovery_control(values, method="bh"))
    if correction == "holm":
        order = np.argsort(values)
        steps = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
        adjusted = np.empty_like(values)
        adjusted[order] = np.minimum(1.0, steps)
        return adjusted
    raise ValueError(f"correction must be 'none', 'holm' or 'benjamini-hochberg'; found {correction!r}")


def compute_sign_tests(responses: Responses, test: SignTest = "t") -> SignTests:
    """Test every cell's responses to every magnitude against zero.

    Parameters
    ----------
    responses
        Responses of the cells, Hz above baseline.
    test
        ``t`` or ``wilcoxon``.

    Returns
    -------
    SignTests

    Raises
    ------
    ValueError
        If the test is unknown.
    """
    if test not in ("t", "wilcoxon"):
        raise ValueError(f"test must be 't' or 'wilcoxon'; found {test!r}")
    arrays = to_arrays(responses)
    n_trials = arrays.counts()
    if test == "t":
        statistic = _t_statistics(arrays)
        df = np.maximum(n_trials - 1, 1)
        p_above, p_below = special.stdtr(df, -statistic), special.stdtr(df, statistic)
    else:
        statistic, p_above, p_below = _signed_ranks(arrays)
    return SignTests(arrays.cells, arrays.magnitudes, test, statistic, p_above, p_below, n_trials)


def _t_statistics(arrays: ResponseArrays) -> FloatArray:
    """Give mean / standard error of each cell and magnitude, all at once; NaN where nothing varies."""
    n = arrays.counts().ravel()
    means = arrays.means()
    deviations = arrays.values - np.repeat(means.ravel(), n)
    starts = arrays.offsets[:-1][n > 0]
    squares, spread = np.full(n.size, np.nan), np.full(n.size, np.nan)
    if starts.size:  # reduceat takes no empty condition
        squares[n > 0] = np.add.reduceat(deviations**2, starts)
        spread[n > 0] = np.maximum.reduceat(arrays.values, starts) - np.minimum.reduceat(
            arrays.values, starts
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where((n > 1) & (spread > 0.0), np.sqrt(squares / (n - 1) / n), np.nan)
    return np.asarray(means / error.reshape(means.shape))


def _signed_ranks(arrays: ResponseArrays) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the share of signed ranks of each cell and magnitude, with both one-sided P values."""
    shape = arrays.n_cells, arrays.n_magnitudes
    statistic, p_above, p_below = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    for c in range(shape[0]):
        for m in range(shape[1]):
            sample = arrays.condition(c, m)
            moved = sample[sample != 0.0]
            if moved.size < MINIMUM_FOR_RANKS or np.ptp(sample) == 0.0:
                continue
            ranks = stats.rankdata(np.abs(moved))
            statistic[c, m] = (np.sign(moved) * ranks).sum() / ranks.sum()
            p_above[c, m], p_below[c, m] = (
                stats.wilcoxon(moved, alternative=side, method="asymptotic").pvalue
                for side in ("greater", "less")
            )
    return statistic, p_above, p_below
