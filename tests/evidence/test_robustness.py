"""The multiverse: grid, runs against the single analyses, joint test by hand and by simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_cells import simulate_cells
from scipy import stats

from distributional_dopamine.evidence.asymmetry import asymmetry_against_reversal
from distributional_dopamine.evidence.clustering import cluster_weights, draw_orders
from distributional_dopamine.evidence.responses import (
    FIGURES_4_5,
    PLAIN,
    compute_responses,
    pool_trials,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.evidence.robustness import (
    WINDOWS,
    ResponseTables,
    Specification,
    SpecificationRuns,
    compare_kinds,
    interval_over_draws,
    joint_test,
    p_of_correlation,
    prepare,
    run_specifications,
    shuffled_curves,
    specification_grid,
    spread_of_reversal_points,
    variance_shares,
)
from distributional_dopamine.evidence.split_half import split_half_reversal_points
from distributional_dopamine.recordings import MAGNITUDES
from distributional_dopamine.recordings.simulator import simulate


@pytest.fixture(scope="module")
def simulated():
    return simulate(np.random.default_rng(1), n_units=12, n_sessions=5).recordings


@pytest.fixture(scope="module")
def odd_recordings(simulated):
    """The same, with unexpected trials moved to where the reward of the trial before them was due."""
    unit = simulated.units[0]
    trials = unit.trials.copy()
    kinds = trials["kind"].to_numpy()
    for i in np.flatnonzero((kinds[:-1] == "expected") & (kinds[1:] == "unexpected"))[:3]:
        trials.loc[i + 1, ["event_time", "reward_time"]] = trials.loc[i, "event_time"] + 1.5
    return replace(simulated, units=(replace(unit, trials=trials), *simulated.units[1:]))


@pytest.fixture(scope="module")
def tables(simulated):
    return ResponseTables(simulated)


def test_tables_are_those_of_compute_responses_and_made_once(odd_recordings):
    tables = ResponseTables(odd_recordings)
    for smoothing, definition in ((True, FIGURES_4_5), (False, PLAIN)):
        for odd_trials in (True, False):
            found = tables.table((100, 500), smoothing=smoothing, odd_trials=odd_trials)
            wanted = compute_responses(
                odd_recordings, replace(definition, window=(100, 500)), drop_odd_trials=not odd_trials
            )
            pd.testing.assert_frame_equal(found, wanted)
            assert tables.table((100, 500), smoothing=smoothing, odd_trials=odd_trials) is found
    assert len(tables.table((100, 500))) == len(tables.table((100, 500), odd_trials=False)) + 3


def test_the_grid_has_every_combination_once():
    grid = specification_grid(cells=("all", "few"))
    # 8 windows x 2 smoothings x (2 trial sets x 2 + 1) x 3 scales x 2 choices of cells x 3 estimators
    assert len(grid) == len(set(grid)) == 8 * 2 * 5 * 3 * 2 * 3
    assert {one.window for one in grid} == set(WINDOWS)
    assert Specification(estimator="counting") in grid
    assert {one.odd_trials for one in grid if one.trials == "expected"} == {True}
    without = specification_grid(windows=[(0, 100)], odd_trials=[False], trials=["expected"])
    assert not any(one.odd_trials for one in without)


def test_prepared_data_are_those_of_the_single_analyses(simulated):
    table = compute_responses(simulated, FIGURES_4_5)
    out = simulated.units[3].name
    arrays, axis = prepare(table, Specification(), [out])
    kept = pool_trials(table[table["cell"] != out])
    np.testing.assert_array_equal(arrays.values, to_arrays(kept).values)
    np.testing.assert_allclose(axis, utility_axis(kept))
    assert out not in arrays.cells
    assert prepare(table, Specification(scale="order"))[1].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert prepare(table, Specification(scale="volume"))[1].tolist() == list(MAGNITUDES)
    expected, _ = prepare(table, Specification(trials="expected"))
    assert expected.expected.all()
    with pytest.raises(ValueError, match="scale must be"):
        prepare(table, Specification(scale="log"))


@pytest.mark.parametrize("sizes", [(0.5, 2.0, 8.0), tuple(float(size) for size in range(1, 11))])
def test_scales_are_those_of_the_sizes_that_were_given(sizes):
    """Sizes of another laboratory: not seven, and not those of the paper."""
    rng = np.random.default_rng(2)
    rows = [
        (cell, size, bool(trial % 2), trial, size - 2.0 + rng.normal())
        for cell in ("a", "b", "c")
        for size in sizes
        for trial in range(4)
    ]
    table = pd.DataFrame(rows, columns=["cell", "magnitude", "expected", "trial", "response"])
    for scale, wanted in (("order", range(1, len(sizes) + 1)), ("volume", sizes)):
        arrays, axis = prepare(table, Specification(scale=scale))
        assert axis.tolist() == list(wanted)
        assert arrays.n_magnitudes == axis.size
    assert prepare(table, Specification())[1] == pytest.approx(utility_axis(pool_trials(table)))


def test_runs_are_those_of_the_single_analyses(simulated, tables):
    specifications = [
        Specification(estimator="counting"),
        Specification(window=(100, 500), smoothing=False, scale="order", trials="unexpected"),
    ]
    runs = run_specifications(tables, specifications, np.random.default_rng(5), n_splits=7)
    streams = np.random.default_rng(5).spawn(2)
    for i, one in enumerate(specifications):
        definition = replace(FIGURES_4_5 if one.smoothing else PLAIN, window=one.window)
        arrays, axis = prepare(compute_responses(simulated, definition), one)
        alone = asymmetry_against_reversal(arrays, axis, streams[i], n_splits=7, estimator=one.estimator)
        np.testing.assert_array_equal(runs.correlations("asymmetry")[i], alone.r)
        assert runs.n_cells("asymmetry")[i] == alone.n_cells_median
        row = runs.to_frame("asymmetry").iloc[i]
        assert row["r"] == pytest.approx(alone.r_median)
        assert (row["r_low"], row["r_high"]) == pytest.approx(alone.r_interval)
    # the halves are drawn alike whether slopes are asked for or not
    arrays, axis = prepare(compute_responses(simulated, FIGURES_4_5), specifications[0])
    halves = split_half_reversal_points(
        arrays, axis, np.random.default_rng(5).spawn(1)[0], n_splits=7, estimator="counting"
    )
    np.testing.assert_array_equal(runs.correlations("reversal")[0], halves.r)


def test_a_specification_does_not_depend_on_those_after_it_and_cells_can_be_left_out(simulated, tables):
    one, other = Specification(estimator="counting"), Specification(estimator="summing", cells="few")
    few = [unit.name for unit in simulated.units[:4]]
    both = run_specifications(
        tables, [one, other], np.random.default_rng(2), n_splits=4, left_out={"few": few}
    )
    alone = run_specifications(tables, [one], np.random.default_rng(2), n_splits=4)
    np.testing.assert_array_equal(both.first[0], alone.first[0])
    assert np.isnan(both.first[1][:, :4]).all()
    assert np.isfinite(both.first[1][:, 4:]).any()
    assert both.select([False, True]).specifications == (other,)
    with pytest.raises(ValueError, match="no entry for few"):
        run_specifications(tables, [other], np.random.default_rng(2))
    with pytest.raises(ValueError, match="at least one"):
        run_specifications(tables, [], np.random.default_rng(2))
    with pytest.raises(ValueError, match="relation must be"):
        both.pair("slope")


def made_runs(x, y):
    """Runs of two specifications, whose second halves are the asymmetries."""
    cells = tuple(f"c{i}" for i in range(x.shape[2]))
    return SpecificationRuns((Specification(),) * len(x), cells, x, y, y)


def test_p_of_correlations_is_that_of_scipy():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 15))
    line = stats.linregress(x, y)
    assert float(p_of_correlation(line.rvalue, 15)) == pytest.approx(line.pvalue)
    assert np.isnan(p_of_correlation(np.nan, 1))
    assert p_of_correlation(1.0, 10) == 0.0


def test_a_specification_that_leaves_nothing_is_nan_and_no_error():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 5, 8))
    y = rng.normal(size=(2, 5, 8))
    x[0] = np.nan
    y[1, 2] = np.nan
    runs = made_runs(x, y)
    table = runs.to_frame("asymmetry")
    assert np.isnan(table.loc[0, ["r", "r_low", "p"]].astype(float)).all()
    assert np.isfinite(table.loc[1, ["r", "p"]].astype(float)).all()
    assert table["n"].tolist() == [0, 8]
    curves = shuffled_curves(runs, "asymmetry", draw_orders(8, rng, 6))
    assert np.isnan(curves[:, 0]).all()
    assert np.isfinite(curves[:, 1]).all()


def test_intervals_over_draws_cover_what_fisher_says():
    rng = np.random.default_rng(5)
    n = 60
    x = rng.normal(size=(1, 1, n))
    runs = made_runs(x, 0.6 * x + 0.8 * rng.normal(size=x.shape))
    cells = [str(i) for i in range(n)]
    low, high = interval_over_draws(runs, "asymmetry", cluster_weights(cells, rng, 4000))[0]
    r = runs.correlations("asymmetry")[0, 0]
    half = 1.96 / np.sqrt(n - 3)
    assert low == pytest.approx(np.tanh(np.arctanh(r) - half), abs=0.08)
    assert high == pytest.approx(np.tanh(np.arctanh(r) + half), abs=0.08)
    # two copies of every cell know no more than one, if copies are drawn together
    twice = made_runs(np.repeat(runs.first, 2, axis=2), np.repeat(runs.asymmetry, 2, axis=2))
    together = cluster_weights([str(i // 2) for i in range(2 * n)], np.random.default_rng(6), 4000)
    apart = cluster_weights([str(i) for i in range(2 * n)], np.random.default_rng(6), 4000)
    widths = [np.ptp(interval_over_draws(twice, "asymmetry", w)[0]) for w in (together, apart)]
    assert widths[0] == pytest.approx(high - low, rel=0.1)
    assert widths[1] == pytest.approx(widths[0] / np.sqrt(2), rel=0.1)


def test_the_joint_test_keeps_its_level_and_finds_a_relation():
    rng = np.random.default_rng(7)
    p_null, p_true = [], []
    for _ in range(150):
        signal = rng.normal(size=30)
        for relation, collected in ((0.0, p_null), (0.7, p_true)):
            common = relation * signal + np.sqrt(1 - relation**2) * rng.normal(size=30)
            # six specifications that share most of their noise, three splits each
            x = signal + 0.3 * rng.normal(size=(6, 3, 30))
            y = common + 0.3 * rng.normal(size=(6, 3, 30))
            runs = made_runs(x, y)
            table = runs.to_frame("asymmetry")
            curves = shuffled_curves(runs, "asymmetry", draw_orders(30, rng, 99))
            collected.append(joint_test(table["r"], table["n"], curves).p_median)
    # under the null, P is spread evenly; 5 % of 150 is 7.5, standard deviation 2.7
    assert 1 <= np.sum(np.array(p_null) <= 0.05) <= 16
    assert stats.kstest(p_null, "uniform").pvalue > 1e-3
    assert np.mean(np.array(p_true) <= 0.05) > 0.9


def test_joint_test_by_hand():
    shuffled = np.array([[0.6, 0.5, -0.1], [-0.2, 0.0, 0.1], [0.2, 0.1, 0.3], [0.0, -0.3, -0.4]])
    found = joint_test([0.5, 0.2, -0.1], [30, 30, 30], shuffled)  # P < 0.05 in 30 cells: r > 0.361
    assert found.n_specifications == 3
    assert (found.median, found.share_positive, found.share_significant) == (0.2, 2 / 3, 1 / 3)
    assert found.median_shuffled.tolist() == [0.5, 0.0, 0.2, -0.3]
    assert found.share_significant_shuffled.tolist() == [2 / 3, 0.0, 0.0, 0.0]
    assert found.p_median == 3 / 5
    assert found.p_share_positive == 3 / 5
    assert found.p_share_significant == 2 / 5
    with pytest.raises(ValueError, match="same specifications"):
        joint_test([0.5, 0.2], [30, 30], shuffled)


def test_variance_shares_add_up_in_a_balanced_grid():
    rng = np.random.default_rng(8)
    rows = [(a, b, rng.normal() + 2 * a) for a in range(3) for b in range(4)]
    table = pd.DataFrame(rows, columns=["window", "scale", "r"])
    shares = variance_shares(table)
    assert shares.index[0] == "window"
    additive = table.groupby("window")["r"].transform("mean") + table.groupby("scale")["r"].transform("mean")
    residual = table["r"] - additive + table["r"].mean()
    total = ((table["r"] - table["r"].mean()) ** 2).sum()
    assert shares.sum() + (residual**2).sum() / total == pytest.approx(1.0)


def as_table(arrays):
    return arrays.to_frame()


def test_kinds_agree_where_cells_are_the_same_and_a_shift_is_taken_off():
    rng = np.random.default_rng(9)
    value = rng.uniform(-2.4, 3.5, 60)
    arrays, _ = simulate_cells(rng, n_cells=60, n_trials=40, value=value, noise=1.0)
    table = as_table(arrays)
    table.loc[~table["expected"], "response"] += 1.0
    found = compare_kinds(table, rng, n_splits=20)
    assert found.r > 0.9
    assert abs(found.difference) < 0.15
    assert found.ceiling > 0.9
    raw = compare_kinds(table, rng, n_splits=20, shifted=False)
    assert raw.difference == pytest.approx(-1.0, abs=0.2)
    # reversal points dealt anew for the unexpected trials: nothing agrees, yet each kind does with itself
    other, _ = simulate_cells(rng, n_cells=60, n_trials=40, value=rng.permutation(value), noise=1.0)
    strange = as_table(other)
    mixed = pd.concat([table[table["expected"]], strange[~strange["expected"]]])
    found = compare_kinds(mixed, rng, n_splits=20)
    assert abs(found.r) < 0.4
    assert min(found.within_expected, found.within_unexpected, found.ceiling) > 0.8


def test_spread_with_and_without_noise():
    rng = np.random.default_rng(10)
    value = rng.uniform(-1.4, 3.5, 300)
    arrays, axis = simulate_cells(rng, n_cells=300, n_trials=20, value=value, noise=3.0)
    found = spread_of_reversal_points(arrays, axis, rng, estimator="piecewise", n_splits=60)
    assert found.sd_lasting == pytest.approx(value.std(ddof=1), rel=0.1)
    assert found.sd > found.sd_lasting
    same, axis = simulate_cells(rng, n_cells=300, n_trials=20, noise=3.0)
    alike = spread_of_reversal_points(same, axis, rng, estimator="piecewise", n_splits=60)
    assert alike.sd_lasting < 0.35
    assert alike.sd > 0.4


@pytest.mark.recordings
def test_the_recordings_give_the_published_path_and_its_neighbours(recordings):
    specifications = [
        Specification(estimator="counting"),
        Specification(),
        Specification(window=(100, 500), estimator="counting"),
        Specification(trials="expected"),
    ]
    rng = np.random.default_rng(1)
    runs = run_specifications(ResponseTables(recordings), specifications, rng, n_splits=200)
    asymmetry = runs.to_frame("asymmetry")["r"]
    reversal = runs.to_frame("reversal")["r"]
    assert asymmetry.tolist() == pytest.approx([0.46, 0.52, -0.04, 0.32], abs=0.04)
    assert reversal.tolist() == pytest.approx([0.71, 0.78, 0.57, 0.56], abs=0.04)
