"""Asymmetric scaling by hand, against SciPy, and the lesson that the same trials must not be used twice."""

import numpy as np
import pandas as pd
import pytest
from made_cells import simulate_cells
from scipy import stats

from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.asymmetry import (
    SLOPE,
    asymmetry_against_reversal,
    asymmetry_anova,
    estimate_asymmetry,
    relate_to_baseline,
)
from distributional_dopamine.evidence.responses import baseline_rates, to_arrays, utility_axis
from distributional_dopamine.evidence.split_half import ABOVE, BELOW


def table_of(cells):
    """Lay out {cell: {magnitude: [responses]}}."""
    rows = [
        (cell, magnitude, True, i, response)
        for cell, conditions in cells.items()
        for magnitude, responses in conditions.items()
        for i, response in enumerate(responses)
    ]
    return pd.DataFrame(rows, columns=["cell", "magnitude", "expected", "trial", "response"])


def test_slopes_by_hand():
    # axis -2 -1 1 2; the best cut lies between -1 and 1, criterion 8 there and 6 to either side: the point is
    # 0
    table = table_of({"a": {0.1: [-2.0, -4.0], 0.3: [-1.0, -3.0], 1.2: [1.0, 2.0], 2.5: [1.0, 3.0]}})
    arrays = to_arrays(table, magnitudes=(0.1, 0.3, 1.2, 2.5))
    found = estimate_asymmetry(arrays, [-2.0, -1.0, 1.0, 2.0], np.random.default_rng(0), tie_noise=0.0)
    # above: (1*1 + 1*2 + 2*1 + 2*3) / (1 + 1 + 4 + 4) = 1.1; below: (2*2 + 2*4 + 1 + 3) / 10 = 1.6
    assert found.slope_above.tolist() == [1.1]
    assert found.slope_below.tolist() == [1.6]
    assert found.asymmetry.item() == pytest.approx(1.1 / 2.7)
    assert found.mean == pytest.approx(1.1 / 2.7)
    # a magnitude exactly at the reversal point changes nothing
    slopes = _compiled.slopes_of_cell(
        np.array([[2.0, 0, 2, -6], [3, 3, 0, 50], [2, 2, 0, 4]]), np.array([-2.0, 0.0, 2.0]), 0.0
    )
    assert slopes == (1.0, 1.5)


def test_slopes_are_those_of_a_line_through_the_origin():
    rng = np.random.default_rng(1)
    arrays, axis = simulate_cells(rng, n_cells=10, value=rng.uniform(-2, 3, 10), negative=np.full(10, 2.0))
    found = estimate_asymmetry(arrays, axis, rng)
    for c in range(10):
        x = np.repeat(axis, arrays.counts()[c]) - found.reversal.reversal_point[c]
        y = np.concatenate([arrays.condition(c, m) for m in range(7)])
        for slope, side in ((found.slope_above[c], x > 0), (found.slope_below[c], x < 0)):
            assert slope == pytest.approx(np.linalg.lstsq(x[side, None], y[side], rcond=None)[0].item())


def test_cells_that_are_not_usable_are_named_with_the_reason():
    cells = {
        "low": {0.1: [1.0], 0.3: [1.0], 1.2: [1.0], 2.5: [2.0]},
        "high": {0.1: [-1.0], 0.3: [-1.0], 1.2: [-2.0], 2.5: [-1.0]},
        "bent": {0.1: [-1.0], 0.3: [-1.0], 1.2: [2.0, 2.0], 2.5: [-9.0]},
        "good": {0.1: [-2.0], 0.3: [-1.0], 1.2: [1.0], 2.5: [2.0]},
    }
    arrays = to_arrays(table_of(cells), magnitudes=(0.1, 0.3, 1.2, 2.5))
    found = estimate_asymmetry(arrays, [-2.0, -1.0, 1.0, 2.0], np.random.default_rng(0), tie_noise=0.0)
    assert found.excluded() == {BELOW: ("low",), ABOVE: ("high",), SLOPE: ("bent",)}
    assert found.usable.tolist() == [False, False, False, True]
    assert found.slope_above[2] < 0
    assert np.isnan(found.asymmetry[:3]).all()
    assert found.mean == 0.5
    assert found.to_frame()["asymmetry"].notna().sum() == 1


def test_scaling_a_cell_leaves_tau_and_flipping_its_signs_mirrors_it():
    rng = np.random.default_rng(2)
    arrays, axis = simulate_cells(rng, n_cells=20, value=rng.uniform(-1, 2, 20), positive=np.full(20, 1.7))
    a = estimate_asymmetry(arrays, axis, rng, estimator="piecewise")
    scaled = type(arrays)(
        arrays.cells, arrays.magnitudes, 5.0 * arrays.values, arrays.offsets, arrays.expected
    )
    b = estimate_asymmetry(scaled, axis, rng, estimator="piecewise")
    np.testing.assert_allclose(b.asymmetry, a.asymmetry, rtol=1e-9)
    mirrored = type(arrays)(
        arrays.cells,
        arrays.magnitudes,
        -arrays.values.reshape(20, 7, -1)[:, ::-1].ravel(),
        arrays.offsets,
        arrays.expected,
    )
    c = estimate_asymmetry(mirrored, -axis[::-1], rng, estimator="piecewise")
    np.testing.assert_allclose(c.asymmetry, 1 - a.asymmetry, rtol=1e-6)


def test_known_asymmetries_are_recovered():
    rng = np.random.default_rng(3)
    tau = rng.uniform(0.2, 0.8, 60)
    arrays, axis = simulate_cells(
        rng, 60, 60, value=rng.uniform(-2, 3, 60), positive=2 * tau, negative=2 * (1 - tau), noise=0.5
    )
    found = estimate_asymmetry(arrays, axis, rng, estimator="piecewise")
    usable = found.usable
    assert usable.sum() > 55
    assert np.abs(found.asymmetry[usable] - tau[usable]).mean() < 0.03
    counted = estimate_asymmetry(arrays, axis, rng)
    assert np.corrcoef(counted.asymmetry[counted.usable], tau[counted.usable])[0, 1] > 0.85


def test_same_trials_relate_what_independent_halves_do_not():
    rng = np.random.default_rng(4)
    arrays, axis = simulate_cells(rng, n_cells=200, n_trials=30, noise=6.0)  # all cells alike
    apart = asymmetry_against_reversal(arrays, axis, rng, n_splits=100)
    together = asymmetry_against_reversal(arrays, axis, rng, n_splits=100, same_trials=True)
    assert abs(apart.r_median) < 0.12
    assert together.r_median > 0.5
    assert set(apart.excluded) == {BELOW, ABOVE, SLOPE}


def test_every_split_is_one_of_those_that_can_be():
    # two trials a condition, one to each half: sixteen splits, each worked out from the trials themselves
    pairs = [(-5.0, -2.0), (-3.0, 1.0), (-1.0, 2.0), (4.0, 7.0)]
    axis = np.array([-2.0, -1.0, 1.0, 2.0])
    table = table_of({"a": dict(zip((0.1, 0.3, 1.2, 2.5), map(list, pairs), strict=True))})
    arrays = to_arrays(table, magnitudes=(0.1, 0.3, 1.2, 2.5))

    def estimate(values):
        one = type(arrays)(("a",), arrays.magnitudes, np.array(values), np.arange(5), np.ones(4, dtype=bool))
        found = estimate_asymmetry(one, axis, np.random.default_rng(0), estimator="piecewise")
        return found.reversal.reversal_point.item(), found.asymmetry.item()

    possible = set()
    for bits in range(16):
        first = [pair[bits >> m & 1] for m, pair in enumerate(pairs)]
        second = [pair[1 - (bits >> m & 1)] for m, pair in enumerate(pairs)]
        (point, _), (other, tau) = estimate(first), estimate(second)
        if np.isfinite([point, other, tau]).all():
            possible.add((round(point, 6), round(other, 6), round(tau, 6)))
    settings = {"estimator": "piecewise", "n_splits": 300}
    apart = asymmetry_against_reversal(arrays, axis, np.random.default_rng(2), **settings)
    together = asymmetry_against_reversal(
        arrays, axis, np.random.default_rng(2), same_trials=True, **settings
    )
    seen = {
        (round(a, 6), round(b, 6), round(c, 6))
        for a, b, c in zip(apart.first[:, 0], together.first[:, 0], apart.second[:, 0], strict=True)
        if np.isfinite(a)
    }
    assert seen == possible
    assert len(seen) > 6


def test_a_distributional_code_is_found_in_independent_halves():
    rng = np.random.default_rng(5)
    tau = np.linspace(0.15, 0.85, 60)
    value = stats.norm.ppf(tau) * 1.5
    arrays, axis = simulate_cells(rng, 60, 40, value=value, positive=2 * tau, negative=2 * (1 - tau), noise=2)
    for estimator in ("counting", "summing", "piecewise"):
        found = asymmetry_against_reversal(arrays, axis, rng, n_splits=50, estimator=estimator)
        assert found.r_median > 0.6
        # the first half gives reversal points, on the axis, the second tau
        assert np.nanmax(np.abs(found.second - 0.5)) <= 0.5
        assert np.nanmin(found.first) < -1.5


def test_anova_is_that_of_scipy_for_each_partition():
    rng = np.random.default_rng(6)
    tau = rng.uniform(0.2, 0.8, 12)
    arrays, axis = simulate_cells(rng, 12, 40, positive=2 * tau, negative=2 * (1 - tau))
    found = asymmetry_anova(arrays, axis, rng, n_partitions=5)
    assert found.asymmetry.shape == (5, 7, 12)
    assert (found.df_between, found.df_within) == (11, 72)
    for partition in range(5):
        wanted = stats.f_oneway(*found.asymmetry[partition].T)
        assert found.f[partition] == pytest.approx(wanted.statistic)
        assert found.p[partition] == pytest.approx(wanted.pvalue)
    assert found.f_median == np.median(found.f)
    assert found.f_range == (found.f.min(), found.f.max())
    assert found.share_below(2.0) == 1.0


def test_folds_are_disjoint_and_even():
    # axis 1, point 0: the slope of a fold is the mean of its trials; powers of two tell which they are
    values = 2.0 ** np.arange(17)
    slopes = _compiled.slopes_of_folds(
        values, np.array([0, 17]), np.array([1.0]), np.zeros(1), 5, 3, np.random.default_rng(7)
    )[:, :, 0, 0]
    for partition in slopes:
        members = [{i for i in range(17) if (int(3 * mean) >> i) & 1} for mean in partition]
        assert [len(m) for m in members] == [3] * 5
        assert len(set.union(*members)) == 15
    assert (slopes[0] != slopes[1]).any()


def test_anova_finds_differences_and_leaves_out_what_it_cannot_test():
    rng = np.random.default_rng(8)
    alike, axis = simulate_cells(rng, 40, 42, noise=0.3)
    tau = rng.uniform(0.2, 0.8, 40)
    value = np.where(np.arange(40) == 0, 50.0, 0.0)
    different, _ = simulate_cells(
        rng, 40, 42, value=value, positive=2 * tau, negative=2 * (1 - tau), noise=0.3
    )
    found = asymmetry_anova(different, axis, rng, n_partitions=50, bounded=True)
    assert found.excluded[ABOVE] == ("cell 0",)
    assert found.df_between == 38
    assert found.f_median > 20 * asymmetry_anova(alike, axis, rng, n_partitions=50, bounded=True).f_median
    few, _ = simulate_cells(rng, 3, 6)
    with pytest.raises(ValueError, match="at least two cells with tau in every fold; found 0"):
        asymmetry_anova(few, axis, rng)


def test_relation_to_baseline_matches_cells_by_name():
    baseline = pd.DataFrame({"cell": ["c", "a", "b", "d"], "baseline": [3.0, 1.0, 2.0, 9.0], "n_trials": 1})
    found = relate_to_baseline([0.1, 0.2, 0.3, np.nan], ("a", "b", "c", "d"), baseline)
    assert (found.slope, found.n) == (pytest.approx(0.1), 3)
    assert found.r == pytest.approx(1.0)
    with pytest.raises(ValueError, match="missing: e"):
        relate_to_baseline([0.1], ("e",), baseline)


@pytest.mark.recordings
def test_recorded_asymmetry(recordings, recorded_arrays):
    axis = utility_axis(recorded_arrays)
    rng = np.random.default_rng(1)
    found = estimate_asymmetry(recorded_arrays, axis, rng)
    assert int(found.usable.sum()) == 39
    assert found.mean == pytest.approx(0.507, abs=0.002)  # ties move it a little
    apart = asymmetry_against_reversal(recorded_arrays, axis, rng, n_splits=4000)
    assert apart.r_median == pytest.approx(0.467, abs=0.01)
    together = asymmetry_against_reversal(recorded_arrays, axis, rng, n_splits=4000, same_trials=True)
    assert together.r_median == pytest.approx(0.808, abs=0.01)
    anova = asymmetry_anova(recorded_arrays, axis, rng)
    assert (anova.df_between, anova.df_within) == (38, 234)  # those of the published F
    assert anova.f_median == pytest.approx(3.2, abs=0.5)
    relation = relate_to_baseline(found.asymmetry, found.cells, baseline_rates(recordings))
    assert relation.r == pytest.approx(0.072, abs=0.01)
