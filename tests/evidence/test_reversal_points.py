"""Reversal points by hand, by brute force, by recovery of known ones, and their invariances."""

import numpy as np
import pytest
from made_cells import simulate_cells

from distributional_dopamine.evidence.responses import ResponseArrays, utility_axis
from distributional_dopamine.evidence.reversal_points import estimate_reversal_points


def arrays_of(*conditions, cells=1):
    """Lay out the lists of responses of each cell and magnitude."""
    values = [value for condition in conditions for value in condition]
    lengths = [len(condition) for condition in conditions]
    n = len(conditions) // cells
    return ResponseArrays(
        tuple(f"cell {c}" for c in range(cells)),
        tuple(float(m) for m in (0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0)[:n]),
        np.array(values, dtype=float),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        np.ones(len(values), dtype=bool),
    )


def estimate(arrays, axis, estimator, tie_noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return estimate_reversal_points(arrays, axis, rng, estimator=estimator, tie_noise=tie_noise)


def test_counting_by_hand():
    arrays = arrays_of([-1, -2], [-1, -3, 4], [2, 0], [1, 5])
    # positives 0 1 1 2, negatives 2 2 0 0 -> criterion 4, 6, 7, 6, 4: best cut 2, falls 1 and 1 -> the middle
    found = estimate(arrays, [0.0, 1.0, 2.0, 10.0], "counting")
    assert found.reversal_point.tolist() == [1.5]
    # with one more positive response to the third magnitude: 5, 7, 8, 6, 4: falls 1 below, 2 above
    arrays = arrays_of([-1, -2], [-1, -3, 4], [2, 1], [1, 5])
    found = estimate(arrays, [0.0, 1.0, 2.0, 10.0], "counting")
    # weights 1/1 on magnitude 2 (at 1.0) and 1/2 on magnitude 3 (at 2.0), over their sum
    assert found.reversal_point.item() == pytest.approx((1.0 * 1.0 + 0.5 * 2.0) / 1.5)


def test_summing_by_hand():
    arrays = arrays_of([-1, -2], [-2, 1], [3, 1], [4])
    # sums -3 -1 4 4 -> criterion 4, 10, 12, 4, -4: best cut 2, falls 2 below and 8 above
    found = estimate(arrays, [0.0, 1.0, 2.0, 10.0], "summing")
    weights = np.array([1 / 2, 1 / 8])
    assert found.reversal_point.item() == pytest.approx(weights @ [1.0, 2.0] / weights.sum())


def test_cells_off_either_end_are_reported():
    arrays = arrays_of([1, 2], [2, 2], [3, 3], [-1, -2], [-2, -2], [-3, -1], cells=2)
    for estimator in ("counting", "summing", "piecewise"):
        found = estimate(arrays, [1.0, 2.0, 3.0], estimator)
        assert np.isnan(found.reversal_point).all()
        assert found.place.tolist() == [-1, 1]
        assert (found.n_below, found.n_above) == (1, 1)
        assert found.within.tolist() == [False, False]
        assert found.capped().tolist() == [1.01, 2.9]
        assert found.to_frame()["place"].tolist() == ["below", "above"]


def test_responses_of_zero_count_neither_way():
    arrays = arrays_of([-1, 0, 0, 0], [0, 0, 0, 1])
    assert estimate(arrays, [1.0, 2.0], "counting").reversal_point.tolist() == [1.5]


def test_ties_are_broken_by_noise_of_the_rng_that_is_passed():
    arrays = arrays_of([-1], [1, -1], [1])  # criterion 2, 3, 3, 2: cuts 1 and 2 tie
    points = {estimate(arrays, [0.0, 1.0, 2.0], "counting", 1e-3, s).reversal_point.item() for s in range(50)}
    # the fall to the tied cut is some thousandth of a trial, so that the point lies at the magnitude between
    assert len(points) == 50
    assert max(abs(point - 1.0) for point in points) < 0.01
    repeat = [estimate(arrays, [0.0, 1.0, 2.0], "counting", 1e-3, 3).reversal_point.item() for _ in range(2)]
    assert repeat[0] == repeat[1]


def brute_counting(conditions, axis):
    """Follow the definition cut by cut over single trials."""
    n = len(conditions)
    criterion = []
    for cut in np.arange(0.5, n + 1):
        total = 0
        for m, responses in enumerate(conditions, start=1):
            for response in responses:
                total += (m > cut and response > 0) or (m < cut and response < 0)
        criterion.append(total)
    best = int(np.argmax(criterion))
    if best in (0, n):
        return np.nan
    if criterion[best] == criterion[best + 1]:  # a tie: all weight on the magnitude between the two cuts
        return axis[best]
    weight_low = 1 / (criterion[best] - criterion[best - 1])
    weight_high = 1 / (criterion[best] - criterion[best + 1])
    return (weight_low * axis[best - 1] + weight_high * axis[best]) / (weight_low + weight_high)


def test_counting_against_brute_force():
    rng = np.random.default_rng(5)
    compared = 0
    for _ in range(300):
        axis = np.sort(rng.normal(size=5))
        conditions = [(rng.normal(loc=m - 2, scale=1.5, size=rng.integers(1, 12))).tolist() for m in range(5)]
        found = estimate(arrays_of(*conditions), axis, "counting").reversal_point.item()
        wanted = brute_counting(conditions, axis)
        compared += np.isfinite(wanted)
        assert found == pytest.approx(wanted, rel=1e-12, nan_ok=True)
    assert compared > 150


def squared_errors(points, conditions, axis):
    """Give the least squared error over single trials of two slopes that meet at each point."""
    x = np.repeat(axis, [len(r) for r in conditions])[None, :] - points[:, None]
    y = np.concatenate([np.array(r) for r in conditions])
    total = np.zeros(points.size)
    for side in (x < 0, x >= 0):
        product, square = (side * x * y).sum(axis=1), (side * x * x).sum(axis=1)
        slope = np.maximum(0.0, np.divide(product, square, out=np.zeros_like(product), where=square > 0))
        total += (side * (y - slope[:, None] * x) ** 2).sum(axis=1)
    return total


def test_piecewise_finds_the_least_squared_error():
    rng = np.random.default_rng(6)
    inside = 0
    for _ in range(100):
        axis = np.sort(rng.normal(scale=3, size=6))
        slopes = rng.uniform(0.2, 2, size=2)
        v = rng.uniform(axis[0] - 1, axis[-1] + 1)
        conditions = [
            (slopes[int(u > v)] * (u - v) + rng.normal(size=rng.integers(1, 8))).tolist() for u in axis
        ]
        found = estimate(arrays_of(*conditions), axis, "piecewise")
        errors = squared_errors(np.linspace(axis[0] + 1e-7, axis[-1] - 1e-7, 4001), conditions, axis)
        beyond = np.concatenate(([1e-7], np.geomspace(1e-3, 1e6, 500)))
        low = squared_errors(axis[0] - beyond, conditions, axis).min()
        high = squared_errors(axis[-1] + beyond, conditions, axis).min()
        if found.within[0]:
            inside += 1
            assert squared_errors(found.reversal_point, conditions, axis)[0] <= errors.min() + 1e-9
            assert errors.min() <= min(low, high) + 1e-3
        elif found.place[0] < 0:
            assert low <= errors[1:].min() + 1e-3 or errors.argmin() == 0
        else:
            assert high <= errors[:-1].min() + 1e-3 or errors.argmin() == errors.size - 1
    assert 50 < inside < 100


def test_piecewise_by_hand():
    # slope 2 below the zero at 1, slope 1 above: without noise the fit is exact
    found = estimate(arrays_of([-4], [-2], [1], [4]), [-1.0, 0.0, 2.0, 5.0], "piecewise")
    assert found.reversal_point.item() == pytest.approx(1.0, abs=1e-12)
    # the lower three lie on a line with its zero at 5, yet the response at 4 is positive: zero pushed to the
    # end
    found = estimate(arrays_of([-4], [-3], [-2], [0.5]), [1.0, 2.0, 3.0, 4.0], "piecewise")
    assert found.place.tolist() == [1]


@pytest.mark.parametrize("estimator", ["counting", "summing", "piecewise"])
def test_known_reversal_points_are_recovered(estimator):
    rng = np.random.default_rng(7)
    value = np.linspace(-2.4, 3.5, 40)
    arrays, axis = simulate_cells(rng, value=value, positive=rng.uniform(0.5, 2, 40), noise=0.6, n_trials=60)
    found = estimate(arrays, axis, estimator, 1e-3)
    assert found.within.all()
    assert np.corrcoef(found.reversal_point, value)[0, 1] > (0.99 if estimator == "piecewise" else 0.93)
    if estimator == "piecewise":
        assert np.abs(found.reversal_point - value).max() < 0.4


@pytest.mark.parametrize("estimator", ["counting", "summing", "piecewise"])
def test_scaling_a_cell_leaves_its_reversal_point(estimator):
    rng = np.random.default_rng(8)
    arrays, axis = simulate_cells(rng, n_cells=20, value=rng.uniform(-2, 3, 20))
    factor = np.repeat(rng.uniform(0.1, 10, 20), arrays.counts().sum(axis=1))
    scaled = ResponseArrays(
        arrays.cells, arrays.magnitudes, arrays.values * factor, arrays.offsets, arrays.expected
    )
    np.testing.assert_allclose(
        estimate(scaled, axis, estimator).reversal_point,
        estimate(arrays, axis, estimator).reversal_point,
        rtol=1e-6,
    )


@pytest.mark.parametrize("estimator", ["counting", "summing", "piecewise"])
def test_the_point_moves_with_the_axis(estimator):
    rng = np.random.default_rng(9)
    arrays, axis = simulate_cells(rng, n_cells=20, value=rng.uniform(-2, 3, 20))
    a = estimate(arrays, axis, estimator).reversal_point
    b = estimate(arrays, 3.0 * axis + 2.0, estimator).reversal_point
    np.testing.assert_allclose(b, 3.0 * a + 2.0, rtol=1e-6)


def test_piecewise_takes_an_axis_in_any_order():
    rng = np.random.default_rng(10)
    arrays, axis = simulate_cells(rng, n_cells=10, value=rng.uniform(-2, 3, 10))
    flipped = ResponseArrays(
        arrays.cells,
        arrays.magnitudes,
        arrays.values.reshape(10, 7, -1)[:, ::-1].ravel(),
        arrays.offsets,
        arrays.expected,
    )
    np.testing.assert_allclose(
        estimate(flipped, axis[::-1], "piecewise").reversal_point,
        estimate(arrays, axis, "piecewise").reversal_point,
        rtol=1e-6,
    )


def test_bad_arguments_are_named():
    arrays = arrays_of([1], [2])
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="utility_axis must have length 2"):
        estimate_reversal_points(arrays, [1.0, 2.0, 3.0], rng)
    with pytest.raises(ValueError, match="estimator must be one of counting, summing, piecewise"):
        estimate_reversal_points(arrays, [1.0, 2.0], rng, estimator="median")


@pytest.mark.recordings
def test_recorded_cells_off_the_ends(recorded_arrays):
    axis = utility_axis(recorded_arrays)
    for estimator, ends in (("counting", (0, 1)), ("summing", (0, 1)), ("piecewise", (1, 1))):
        found = estimate(recorded_arrays, axis, estimator, 1e-3)
        assert (found.n_below, found.n_above) == ends
