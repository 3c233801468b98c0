"""The loops that every estimate shares, compiled: sums by condition, random halves, reversal points, slopes.

Everything that is estimated from a set of trials depends on four numbers a condition (cell and magnitude):
how many trials, how many responses above zero, how many below, and their sum. A random half of the trials is
therefore drawn once and reduced to these four numbers; those of the other half are the difference from all
trials.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from distributional_dopamine._copying import copy_into
from distributional_dopamine._ordering import order_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# columns of the sums by condition
N, POSITIVE, NEGATIVE, SUM = 0, 1, 2, 3

# estimators of the reversal point
COUNTING, SUMMING, PIECEWISE = 0, 1, 2


@njit(cache=True)
def sums_by_condition(values: FloatArray, offsets: IntArray) -> FloatArray:
    """Give (n_conditions, 4): number of trials, above zero, below zero, sum."""
    sums = np.zeros((offsets.size - 1, 4))
    for k in range(offsets.size - 1):
        for i in range(offsets[k], offsets[k + 1]):
            sums[k, N] += 1.0
            sums[k, POSITIVE] += values[i] > 0.0
            sums[k, NEGATIVE] += values[i] < 0.0
            sums[k, SUM] += values[i]
    return sums


@njit(cache=True)
def draw_halves(
    values: FloatArray,
    offsets: IntArray,
    everything: FloatArray,
    first: FloatArray,
    second: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Draw a random half of each condition's trials, rounded down, into ``first``; the rest is ``second``.

    ``values`` is left shuffled within each condition, which leaves the next draw as random as this one.
    """
    for k in range(offsets.size - 1):
        start, stop = offsets[k], offsets[k + 1]
        half = (stop - start) // 2
        positive, negative, total = 0, 0, 0.0
        for i in range(start, start + half):
            j = i + int(rng.random() * (stop - i))
            value = values[j]
            values[j] = values[i]
            values[i] = value
            positive += value > 0.0
            negative += value < 0.0
            total += value
        first[k, N] = half
        first[k, POSITIVE] = positive
        first[k, NEGATIVE] = negative
        first[k, SUM] = total
        for column in range(4):
            second[k, column] = everything[k, column] - first[k, column]


@njit(cache=True)
def reversal_by_cut(
    sums: FloatArray, axis: FloatArray, counting: bool, tie_noise: float, rng: np.random.Generator
) -> tuple[float, int]:
    """Give the reversal point of one cell by the best cut between magnitudes, and -1, 0 or 1 for its place.

    Cut j lies below magnitude j (counted from zero), so that cut 0 is below all and the last one above all.
    """
    n = axis.size
    criterion = np.empty(n + 1)
    # from the cut below all magnitudes upwards, each magnitude goes from above the cut to below it
    current = 0.0
    for m in range(n):
        current += sums[m, POSITIVE] if counting else sums[m, SUM]
    criterion[0] = current
    for m in range(n):
        current += sums[m, NEGATIVE] - sums[m, POSITIVE] if counting else -2.0 * sums[m, SUM]
        criterion[m + 1] = current
    for j in range(n + 1):
        criterion[j] += tie_noise * rng.standard_normal()
    best = int(np.argmax(criterion))
    if best == 0:
        return np.nan, -1
    if best == n:
        return np.nan, 1
    fall_below = criterion[best] - criterion[best - 1]
    fall_above = criterion[best] - criterion[best + 1]
    # weights 1/fall_below and 1/fall_above, written so that a fall of zero is no division by zero
    if fall_below + fall_above == 0.0:
        return 0.5 * (axis[best - 1] + axis[best]), 0
    share = fall_above / (fall_below + fall_above)
    return share * axis[best - 1] + (1.0 - share) * axis[best], 0


@njit(cache=True)
def _explained(sides: FloatArray, v: float) -> tuple[float, float]:
    """Give the sum of squares that slopes (not below zero) from a zero at v explain, and its derivative.

    ``sides`` hold, for the magnitudes below v and for those above: number of trials, sum of x, sum of x
    squared, sum of responses, sum of responses times x, number of magnitudes; x is the place of the trial's
    magnitude.
    """
    explained, derivative = 0.0, 0.0
    for side in range(2):
        c = sides[side]
        if c[5] == 1.0:
            # one magnitude on this side: some slope fits its mean wherever the zero is
            if (c[3] > 0.0) == (side == 1):
                explained += c[3] * c[3] / c[0]
            continue
        product = c[4] - v * c[3]
        square = c[2] - 2.0 * v * c[1] + v * v * c[0]
        if product > 0.0 and square > 0.0:
            slope = product / square
            explained += slope * product
            derivative += 2.0 * slope * (slope * (c[1] - v * c[0]) - c[3])
    return explained, derivative


@njit(cache=True)
def _collect_sides(
    sums: FloatArray, axis: FloatArray, order: IntArray, n_below: int, sides: FloatArray
) -> None:
    """Fill ``sides`` for :func:`_explained`, the first ``n_below`` magnitudes of ``order`` below the zero."""
    sides[:] = 0.0
    for k in range(axis.size):
        m = order[k]
        side = 0 if k < n_below else 1
        sides[side, 0] += sums[m, N]
        sides[side, 1] += sums[m, N] * axis[m]
        sides[side, 2] += sums[m, N] * axis[m] * axis[m]
        sides[side, 3] += sums[m, SUM]
        sides[side, 4] += sums[m, SUM] * axis[m]
        sides[side, 5] += sums[m, N] > 0.0


@njit(cache=True)
def reversal_piecewise(sums: FloatArray, axis: FloatArray) -> tuple[float, int]:
    """Give the reversal point of one cell by least squares: two slopes, not below zero, that meet at a zero.

    Returns the point and 0, or NaN and -1 or 1 where the best fit has its zero below or above all magnitudes.
    A fit whose zero is pushed to the very end, so that the slope beyond it would be infinite, counts as
    beyond.
    """
    n = axis.size
    steps = 16
    order = order_of(axis)
    low, high = axis[order[0]], axis[order[n - 1]]
    sides = np.empty((2, 6))
    # beyond either end the fit is an ordinary line or, if its slope is not above zero, a constant
    _collect_sides(sums, axis, order, 0, sides)
    count, sum_x, sum_xx, total, sum_xy = sides[1, 0], sides[1, 1], sides[1, 2], sides[1, 3], sides[1, 4]
    product = sum_xy - sum_x * total / count
    square = sum_xx - sum_x * sum_x / count
    outside = total * total / count
    place = -1 if total > 0.0 else 1
    if product > 0.0 and square > 0.0:
        outside += product * product / square
        zero = sum_x / count - (total / count) * square / product
        place = -1 if zero < low else (1 if zero > high else 0)
    # in each piece between two magnitudes: a grid, and where the derivative falls through zero, bisection
    best, best_v = -np.inf, low
    for piece in range(n - 1):
        left, right = axis[order[piece]], axis[order[piece + 1]]
        _collect_sides(sums, axis, order, piece + 1, sides)
        before, rising = left, False
        for step in range(steps + 1):
            v = left + (right - left) * step / steps
            explained, derivative = _explained(sides, v)
            if explained > best:
                best, best_v = explained, v
            if rising and derivative <= 0.0:
                a, b = before, v
                for _ in range(40):
                    middle = 0.5 * (a + b)
                    _, slope = _explained(sides, middle)
                    if slope > 0.0:
                        a = middle
                    else:
                        b = middle
                explained, _ = _explained(sides, 0.5 * (a + b))
                if explained > best:
                    best, best_v = explained, 0.5 * (a + b)
            before, rising = v, derivative > 0.0
    if place != 0 and outside >= best:
        return np.nan, place
    margin = 1e-9 * (high - low)
    if best_v <= low + margin:
        return np.nan, -1
    if best_v >= high - margin:
        return np.nan, 1
    return best_v, 0


@njit(cache=True)
def reversal_of_cell(
    sums: FloatArray, axis: FloatArray, estimator: int, tie_noise: float, rng: np.random.Generator
) -> tuple[float, int]:
    """Give the reversal point of one cell by any estimator, and -1, 0 or 1 for its place."""
    total = 0.0
    for m in range(axis.size):
        total += sums[m, N]
    if total == 0.0:
        return np.nan, -1
    if estimator == PIECEWISE:
        return reversal_piecewise(sums, axis)
    return reversal_by_cut(sums, axis, estimator == COUNTING, tie_noise, rng)


@njit(cache=True)
def _find_reversals(
    sums: FloatArray,
    axis: FloatArray,
    estimator: int,
    tie_noise: float,
    rng: np.random.Generator,
    points: FloatArray,
    places: IntArray,
) -> None:
    """Write the reversal points of all cells into ``points``, and for each -1, 0 or 1 into ``places``."""
    for c in range(points.size):
        own = sums[c * axis.size : (c + 1) * axis.size]
        points[c], places[c] = reversal_of_cell(own, axis, estimator, tie_noise, rng)


@njit(cache=True)
def reversal_of_cells(
    sums: FloatArray, axis: FloatArray, estimator: int, tie_noise: float, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Give the reversal points of all cells, and for each -1, 0 or 1 for its place."""
    n_cells = sums.shape[0] // axis.size
    points = np.empty(n_cells)
    places = np.empty(n_cells, dtype=np.int64)
    _find_reversals(sums, axis, estimator, tie_noise, rng, points, places)
    return points, places


@njit(cache=True)
def reversal_of_halves(
    values: FloatArray,
    offsets: IntArray,
    axis: FloatArray,
    estimator: int,
    n_splits: int,
    tie_noise: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, IntArray]:
    """Give reversal points and places of both halves, (n_splits, 2, n_cells) each, over random splits."""
    n_cells = (offsets.size - 1) // axis.size
    values = values.copy()
    everything = sums_by_condition(values, offsets)
    first, second = np.empty_like(everything), np.empty_like(everything)
    points = np.empty((n_splits, 2, n_cells))
    places = np.empty((n_splits, 2, n_cells), dtype=np.int64)
    for split in range(n_splits):
        draw_halves(values, offsets, everything, first, second, rng)
        _find_reversals(first, axis, estimator, tie_noise, rng, points[split, 0], places[split, 0])
        _find_reversals(second, axis, estimator, tie_noise, rng, points[split, 1], places[split, 1])
    return points, places


@njit(cache=True)
def slopes_of_cell(sums: FloatArray, axis: FloatArray, point: float) -> tuple[float, float]:
    """Give the least-squares slopes above and below the reversal point; NaN without a trial there."""
    product = np.zeros(2)
    square = np.zeros(2)
    for m in range(axis.size):
        x = axis[m] - point
        side = 0 if x > 0.0 else 1  # a magnitude at the reversal point itself says nothing about either slope
        product[side] += x * sums[m, SUM]
        square[side] += x * x * sums[m, N]
    positive = product[0] / square[0] if square[0] > 0.0 else np.nan
    negative = product[1] / square[1] if square[1] > 0.0 else np.nan
    return positive, negative


@njit(cache=True)
def slopes_of_cells(sums: FloatArray, axis: FloatArray, points: FloatArray) -> FloatArray:
    """Give the slopes of all cells above and below their reversal points, (n_cells, 2)."""
    slopes = np.empty((points.size, 2))
    for c in range(points.size):
        own = sums[c * axis.size : (c + 1) * axis.size]
        slopes[c, 0], slopes[c, 1] = slopes_of_cell(own, axis, points[c])
    return slopes


@njit(cache=True)
def reversal_and_slopes_of_halves(
    values: FloatArray,
    offsets: IntArray,
    axis: FloatArray,
    estimator: int,
    n_splits: int,
    tie_noise: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Give points and places of both halves, and slopes of the second half about its own points.

    Shapes (n_splits, 2, n_cells), the same, and (n_splits, n_cells, 2).
    """
    n_cells = (offsets.size - 1) // axis.size
    values = values.copy()
    everything = sums_by_condition(values, offsets)
    first, second = np.empty_like(everything), np.empty_like(everything)
    points = np.empty((n_splits, 2, n_cells))
    places = np.empty((n_splits, 2, n_cells), dtype=np.int64)
    slopes = np.empty((n_splits, n_cells, 2))
    for split in range(n_splits):
        draw_halves(values, offsets, everything, first, second, rng)
        _find_reversals(first, axis, estimator, tie_noise, rng, points[split, 0], places[split, 0])
        _find_reversals(second, axis, estimator, tie_noise, rng, points[split, 1], places[split, 1])
        copy_into(slopes[split], slopes_of_cells(second, axis, points[split, 1]))
    return points, places, slopes


@njit(cache=True)
def slopes_of_folds(
    values: FloatArray,
    offsets: IntArray,
    axis: FloatArray,
    points: FloatArray,
    n_folds: int,
    n_partitions: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Give slopes about given reversal points in disjoint random folds, (n_partitions, n_folds, n_cells, 2).

    Every fold has the same number of a condition's trials, the share rounded down; what is left over is not
    used.
    """
    values = values.copy()
    slopes = np.empty((n_partitions, n_folds, points.size, 2))
    sums = np.zeros((n_folds, offsets.size - 1, 4))
    for partition in range(n_partitions):
        sums[:] = 0.0
        for k in range(offsets.size - 1):
            start, stop = offsets[k], offsets[k + 1]
            per_fold = (stop - start) // n_folds
            for i in range(per_fold * n_folds):
                j = start + i + int(rng.random() * (stop - start - i))
                value = values[j]
                values[j] = values[start + i]
                values[start + i] = value
                fold = i // per_fold
                sums[fold, k, N] += 1.0
                sums[fold, k, SUM] += value
        for fold in range(n_folds):
            copy_into(slopes[partition, fold], slopes_of_cells(sums[fold], axis, points))
    return slopes


@njit(cache=True)
def sign_prediction_of_halves(
    values: FloatArray,
    offsets: IntArray,
    axis: FloatArray,
    estimator: int,
    n_splits: int,
    tie_noise: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Predict the signs of one half from reversal points of the other, over random splits.

    Gives (n_splits, n_cells) numbers of signs predicted rightly by each cell's own point, rightly by one
    shared point, to be predicted in all; and (n_splits,) shared points.
    """
    n = axis.size
    n_cells = (offsets.size - 1) // n
    values = values.copy()
    everything = sums_by_condition(values, offsets)
    first, second = np.empty_like(everything), np.empty_like(everything)
    right_own = np.zeros((n_splits, n_cells))
    right_shared = np.zeros((n_splits, n_cells))
    total = np.zeros((n_splits, n_cells))
    shared_points = np.empty(n_splits)
    together = np.empty((n, 4))
    for split in range(n_splits):
        draw_halves(values, offsets, everything, first, second, rng)
        together[:] = 0.0
        for c in range(n_cells):
            together += first[c * n : (c + 1) * n]
        shared_point, shared_place = reversal_of_cell(together, axis, estimator, tie_noise, rng)
        shared_points[split] = shared_point
        for c in range(n_cells):
            point, place = reversal_of_cell(first[c * n : (c + 1) * n], axis, estimator, tie_noise, rng)
            for m in range(n):
                held_out = second[c * n + m]
                total[split, c] += held_out[POSITIVE] + held_out[NEGATIVE]
                above = place < 0 or (place == 0 and axis[m] >= point)
                right_own[split, c] += held_out[POSITIVE] if above else held_out[NEGATIVE]
                above = shared_place < 0 or (shared_place == 0 and axis[m] >= shared_point)
                right_shared[split, c] += held_out[POSITIVE] if above else held_out[NEGATIVE]
    return right_own, right_shared, total, shared_points
