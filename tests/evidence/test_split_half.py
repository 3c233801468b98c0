"""Split halves: the draw itself, the correlations against SciPy, and known answers."""

import numpy as np
import pytest
from made_cells import simulate_cells
from scipy import stats

from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.regression import correlate_rows, relate
from distributional_dopamine.evidence.responses import pool_trials, to_arrays, utility_axis
from distributional_dopamine.evidence.split_half import (
    ABOVE,
    BELOW,
    correlate_reversal_points,
    split_half_reversal_points,
    summarise_splits,
)


def test_halves_are_disjoint_random_and_of_the_right_size():
    # powers of two: a sum tells exactly which trials are in a half
    sizes = [7, 1, 4]
    values = np.concatenate([2.0 ** np.arange(n) for n in sizes])
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    everything = _compiled.sums_by_condition(values, offsets)
    assert everything.tolist() == [[7, 7, 0, 127], [1, 1, 0, 1], [4, 4, 0, 15]]
    first, second = np.empty((3, 4)), np.empty((3, 4))
    rng = np.random.default_rng(3)
    n_draws = 6000
    chosen = np.zeros(7)
    pairs = np.zeros((7, 7))
    for _ in range(n_draws):
        _compiled.draw_halves(values, offsets, everything, first, second, rng)
        assert first[:, 0].tolist() == [3, 0, 2]
        np.testing.assert_array_equal(first + second, everything)
        members = np.array([(int(first[0, 3]) >> i) & 1 for i in range(7)])
        assert members.sum() == 3
        chosen += members
        pairs += np.outer(members, members)
    # each trial is in the half with probability 3/7, each pair with 3/7 x 2/6 = 1/7 (standard errors 0.006,
    # 0.005)
    np.testing.assert_allclose(chosen / n_draws, 3 / 7, atol=0.03)
    np.testing.assert_allclose(pairs[~np.eye(7, dtype=bool)] / n_draws, 1 / 7, atol=0.025)


def test_correlations_are_those_of_scipy_over_the_cells_that_remain():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(5, 12)), rng.normal(size=(5, 12))
    y[1] += 3 * x[1]
    x[2, :4], y[2, 3:6] = np.nan, np.nan
    x[3, 2:] = np.nan
    y[4] = 1.0
    r, p, n = correlate_rows(x, y)
    for row in range(3):
        both = np.isfinite(x[row]) & np.isfinite(y[row])
        line = stats.linregress(x[row][both], y[row][both])
        assert r[row] == pytest.approx(line.rvalue, rel=1e-10)
        assert p[row] == pytest.approx(line.pvalue, rel=1e-9)
        own = relate(x[row], y[row])
        assert (own.slope, own.intercept) == pytest.approx((line.slope, line.intercept), rel=1e-9)
        assert (own.r, own.p, own.n) == (r[row], p[row], n[row])
    assert np.isnan(relate(x[3], y[3]).slope)
    with pytest.raises(ValueError, match="one value a cell each"):
        relate(x[0], y[0, :3])
    assert n.tolist() == [12, 12, 6, 2, 12]
    assert np.isnan(r[3:]).all()
    assert np.isnan(p[3:]).all()


def test_summary_by_hand():
    first = np.array([[1.0, 2.0, 3.0, 9.0], [1.0, 2.0, 3.0, 4.0]])
    second = np.array([[2.0, 4.0, 6.0, -5.0], [1.0, 3.0, 2.0, 4.0]])
    low = np.array([[False, False, False, True], [False] * 4])
    high = np.array([[False, False, False, True], [False] * 4])
    found = summarise_splits(first, second, {BELOW: low, ABOVE: high}, tuple("abcd"))
    assert found.n_cells.tolist() == [3, 4]
    assert found.excluded[BELOW].tolist() == [1, 0]
    assert found.excluded[ABOVE].tolist() == [0, 0]  # counted once, for the first reason
    assert found.r.tolist() == pytest.approx([1.0, 0.8])
    # r = 0.8 of 4 points: t = 0.8 sqrt(2 / 0.36), two degrees of freedom: P = 1 - t / sqrt(t^2 + 2) = 0.2
    assert found.p[1] == pytest.approx(0.2)
    assert found.r_median == pytest.approx(0.9)
    assert found.n_cells_median == 3.5
    assert found.share_below(0.05) == 0.5
    assert found.excluded_share().tolist() == [0, 0, 0, 0.5]


def test_geometric_mean_and_interval():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 30))
    found = summarise_splits(x, x + rng.normal(size=x.shape), {}, tuple("abcdefghijklmnopqrstuvwxyzABCD"))
    assert found.p_geometric_mean == pytest.approx(stats.gmean(found.p))
    assert found.p_median == np.median(found.p)
    assert found.r_interval == pytest.approx(tuple(np.percentile(found.r, [2.5, 97.5])))
    assert found.n_splits == 200


def test_equal_cells_do_not_correlate_and_different_ones_do():
    rng = np.random.default_rng(6)
    same, axis = simulate_cells(rng, n_cells=200, n_trials=20, noise=2.0)
    null = split_half_reversal_points(same, axis, rng, n_splits=300)
    assert abs(null.r_median) < 0.12
    value = rng.uniform(-2.4, 3.5, 200)
    different, axis = simulate_cells(rng, n_cells=200, n_trials=20, noise=2.0, value=value)
    for estimator in ("counting", "summing", "piecewise"):
        found = split_half_reversal_points(different, axis, rng, n_splits=100, estimator=estimator)
        assert found.r_median > 0.6
        assert found.p_geometric_mean < 1e-10


def test_cells_off_an_end_in_either_half_are_left_out_and_counted():
    rng = np.random.default_rng(7)
    value = np.array([-20.0, 20.0, -1.0, 0.0, 1.0, 2.0])
    arrays, axis = simulate_cells(rng, n_cells=6, value=value, noise=0.5)
    found = split_half_reversal_points(arrays, axis, rng, n_splits=20)
    assert (found.excluded[BELOW] == 1).all()
    assert (found.excluded[ABOVE] == 1).all()
    assert (found.n_cells == 4).all()
    assert np.isnan(found.first[:, :2]).all()
    assert found.excluded_share().tolist() == [1, 1, 0, 0, 0, 0]


def test_the_same_seed_gives_the_same_splits_and_input_is_left_alone():
    arrays, axis = simulate_cells(np.random.default_rng(8), n_cells=5)
    before = arrays.values.copy()
    runs = [
        split_half_reversal_points(arrays, axis, np.random.default_rng(9), n_splits=50).first
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(arrays.values, before)
    other = split_half_reversal_points(arrays, axis, np.random.default_rng(10), n_splits=50).first
    assert (other != runs[0]).any()


def test_two_sets_of_trials_of_the_same_cells():
    rng = np.random.default_rng(11)
    value = rng.uniform(-2, 3, 30)
    one, axis = simulate_cells(rng, n_cells=30, value=value, noise=0.5)
    two, _ = simulate_cells(rng, n_cells=30, value=value, noise=0.5)
    found = correlate_reversal_points(one, two, axis, rng)
    assert found.r.shape == (1,)
    assert found.r_median > 0.9
    with pytest.raises(ValueError, match="the same cells in the same order"):
        correlate_reversal_points(one, two.select(two.cells[::-1]), axis, rng)
    with pytest.raises(ValueError, match="n_splits must be a whole number of at least 1"):
        split_half_reversal_points(one, axis, rng, n_splits=0)


@pytest.mark.recordings
def test_recorded_reversal_points_return_in_the_other_half(recorded_responses, recorded_arrays):
    axis = utility_axis(recorded_arrays)
    found = split_half_reversal_points(recorded_arrays, axis, np.random.default_rng(1), n_splits=4000)
    # 10,000 splits gave 0.711, 0.523 to 0.829; the tolerance is what 4,000 splits leave
    assert found.r_median == pytest.approx(0.711, abs=0.008)
    assert found.r_interval == pytest.approx((0.523, 0.829), abs=0.015)
    assert found.n_cells_median == 39
    unexpected = to_arrays(pool_trials(recorded_responses, "unexpected"))
    expected = to_arrays(pool_trials(recorded_responses, "expected"))
    cross = correlate_reversal_points(expected, unexpected, axis, np.random.default_rng(1))
    assert cross.r_median == pytest.approx(0.335, abs=0.02)
