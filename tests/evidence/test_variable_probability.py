"""The task of three cues: rates by hand, tests against SciPy, histograms, grouping, two populations."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from distributional_dopamine.evidence.variable_probability import (
    CueExperiment,
    CueRecording,
    compute_cue_responses,
    cue_t_statistics,
    group_cells,
    histogram_of_t,
    simulate_cue_experiment,
    spread_of_t,
    student_reference,
)
from distributional_dopamine.recordings import load_histograms


def table_of(cells):
    """Lay out {cell: (responses to 10 %, 50 %, 90 %)}."""
    rows = [
        (cell, cue, i, response)
        for cell, samples in cells.items()
        for cue, sample in zip((0.1, 0.5, 0.9), samples, strict=True)
        for i, response in enumerate(sample)
    ]
    return pd.DataFrame(rows, columns=["cell", "probability", "trial", "response"])


def test_responses_by_hand():
    spikes = np.array([9.0, 9.5, 10.0, 10.1, 10.399, 10.4, 19.2])
    one = CueRecording("a", spikes, np.array([10.0, 20.0]), np.array([0.9, 0.1]))
    table = compute_cue_responses([one])
    # 3 spikes in 0.4 s minus 2 in 1 s; none minus 1 in 1 s
    assert table["response"].tolist() == pytest.approx([7.5 - 2.0, -1.0])
    assert table["probability"].tolist() == [0.9, 0.1]
    with pytest.raises(ValueError, match="window must end after it begins"):
        compute_cue_responses([one], window=(0.4, 0.0))
    with pytest.raises(ValueError, match="at least one cell"):
        compute_cue_responses([])


def test_t_statistics_are_those_of_scipy():
    rng = np.random.default_rng(1)
    cells = {
        "up": (rng.normal(0, 1, 12), rng.normal(3, 2, 20), rng.normal(4, 1, 15)),
        "down": (rng.normal(4, 1, 12), rng.normal(1, 2, 20), rng.normal(0, 1, 15)),
    }
    found = cue_t_statistics(table_of(cells)).set_index("cell")
    for cell, (low, half, high) in cells.items():
        wanted = stats.ttest_1samp(half, (low.mean() + high.mean()) / 2)
        sign = 1 if cell == "up" else -1  # turned so that a positive t is towards the 90 % cue
        assert found.loc[cell, "t"] == pytest.approx(sign * wanted.statistic)
        assert found.loc[cell, "df"] == pytest.approx(19)
    assert (found["t"] > 0).all()
    assert (found["position"] > 0.5).all()
    # with the noise of the midpoint: the mean of a contrast of three means
    low, half, high = cells["up"]
    errors = [s.var(ddof=1) / len(s) * weight for s, weight in ((half, 1), (low, 0.25), (high, 0.25))]
    welch = cue_t_statistics(table_of(cells), midpoint="estimated").set_index("cell")
    assert welch.loc["up", "t"] == pytest.approx(
        (half.mean() - (low.mean() + high.mean()) / 2) / np.sqrt(sum(errors))
    )
    freedom = sum(errors) ** 2 / sum(e**2 / (n - 1) for e, n in zip(errors, (20, 12, 15), strict=True))
    assert welch.loc["up", "df"] == pytest.approx(freedom)


def test_two_cues_of_equal_size_are_welch_of_scipy():
    # with the same responses to both outer cues, their average is one sample known twice as well
    rng = np.random.default_rng(2)
    outer, half = rng.normal(0, 1, 10), rng.normal(1, 2, 14)
    found = cue_t_statistics(table_of({"a": (outer, half, outer + 1e-9)}), midpoint="estimated")
    error = half.var(ddof=1) / 14 + outer.var(ddof=1) / 10 / 2
    assert found["t"].item() == pytest.approx((half.mean() - outer.mean()) / np.sqrt(error))


def test_t_of_chance_has_the_spread_that_the_docstring_says():
    rng = np.random.default_rng(3)
    cells = {str(i): rng.normal([[0.0], [1.0], [2.0]], 1.0, (3, 21)) for i in range(600)}
    table = table_of(cells)
    # variance of Student's t with 20 d.f. times 1.5; standard error of a variance ratio: about 0.1
    assert spread_of_t(cue_t_statistics(table)["t"]).variance_ratio == pytest.approx(1.5, abs=0.3)
    estimated = cue_t_statistics(table, midpoint="estimated")["t"]
    assert spread_of_t(estimated).variance == pytest.approx(1.0, abs=0.2)


def test_spread_and_histogram_by_hand():
    spread = spread_of_t([-3.0, -1.0, np.nan, 1.0, 3.0])
    assert (spread.n_cells, spread.mean, spread.mean_square) == (4, 0.0, 5.0)
    assert spread.variance == pytest.approx(20 / 3)
    assert spread.variance_ratio == pytest.approx(20 / 3 / (20 / 18))
    assert (spread.n_low, spread.n_high) == (1, 1)
    assert spread_of_t([-1.0, 2.0], counts=[3, 1]) == spread_of_t([-1.0, -1.0, -1.0, 2.0])
    counts = histogram_of_t([-40.0, -0.4, 0.4, 0.6, 11.6, 99.0, np.nan])
    assert counts.sum() == 6
    assert {i - 12: n for i, n in enumerate(counts.tolist()) if n} == {-12: 1, 0: 2, 1: 1, 12: 2}
    reference = student_reference(31)
    assert reference.sum() == pytest.approx(31)
    assert reference[12] == pytest.approx(31 * (2 * stats.t.cdf(0.5, 20) - 1))
    with pytest.raises(ValueError, match="counts must be whole numbers"):
        spread_of_t([0.0, 1.0], counts=[0.5, 1.0])
    with pytest.raises(ValueError, match="at least two cells; found 1"):
        spread_of_t([0.0, np.nan])


def test_groups_by_hand():
    low, high = np.arange(10.0), np.arange(10.0) + 100
    cells = {
        "optimist": (low, high + 0.5, high),
        "pessimist": (low, low + 0.5, high),
        "between": (low, low + 50, high),
        "silent": (low, low + 0.5, low + 0.25),
    }
    found = group_cells(table_of(cells)).set_index("cell")
    assert found["group"].to_dict() == {
        "optimist": "optimistic",
        "pessimist": "pessimistic",
        "between": "interpolating",
        "silent": "interpolating",
    }
    wanted = stats.mannwhitneyu(low + 50, low, method="asymptotic").pvalue
    assert found.loc["between", "p_50_against_10"] == pytest.approx(wanted)


def test_cells_without_enough_trials_are_named():
    with pytest.raises(ValueError, match="cell a has 1 of 50%"):
        cue_t_statistics(table_of({"a": ([1.0, 2.0], [1.0], [1.0, 2.0])}))
    with pytest.raises(ValueError, match="trial missing"):
        group_cells(table_of({"a": ([1.0, 2.0],) * 3}).drop(columns="trial"))
    with pytest.raises(ValueError, match="midpoint must be"):
        cue_t_statistics(table_of({"a": ([1.0, 2.0],) * 3}), midpoint="known")
    flat = cue_t_statistics(table_of({"a": ([1.0, 1.0], [1.0, 1.0], [1.0, 1.0])}))
    assert flat[["t", "df", "position"]].isna().all(axis=None)


def test_learned_values_are_the_expectiles_of_the_cues():
    experiment = CueExperiment(n_cells=50, n_learning_trials=20_000, trials_per_cue=2)
    made = simulate_cue_experiment("distributional", np.random.default_rng(4), experiment)
    p = np.array([0.1, 0.5, 0.9])[None, :]
    tau = made.asymmetry[:, None]
    exact = tau * p / (tau * p + (1 - tau) * (1 - p))
    np.testing.assert_allclose(made.values, exact, atol=0.06)
    alike = simulate_cue_experiment("classical", np.random.default_rng(4), experiment)
    np.testing.assert_allclose(alike.values, np.repeat(p, 50, axis=0), atol=0.03)


def test_only_the_distributional_population_is_spread_more_widely_than_chance():
    experiment = CueExperiment(n_cells=150, gain=40.0)
    spreads = {}
    for population in ("classical", "distributional"):
        made = simulate_cue_experiment(population, np.random.default_rng(5), experiment)
        table = compute_cue_responses(made.recordings)
        found = cue_t_statistics(table, midpoint="estimated")
        spreads[population] = spread_of_t(found["t"]).variance_ratio
        if population == "distributional":
            assert stats.spearmanr(found["t"], made.asymmetry).statistic > 0.8
            groups = group_cells(table)["group"].to_numpy()
            assert np.median(made.asymmetry[groups == "optimistic"]) > 0.7
            assert np.median(made.asymmetry[groups == "pessimistic"]) < 0.3
    assert 0.6 < spreads["classical"] < 1.5
    assert spreads["distributional"] > 4
    with pytest.raises(ValueError, match="population must be"):
        simulate_cue_experiment("quantile", np.random.default_rng(5))
    with pytest.raises(ValueError, match="gain must be above 0"):
        CueExperiment(gain=0.0)


@pytest.mark.recordings
@pytest.mark.usefixtures("recordings_folder")
def test_released_histograms():
    histograms = load_histograms().histograms
    found = {name: spread_of_t(h.centres, h.counts) for name, h in histograms.items()}
    assert {name: (s.n_cells, s.n_low, s.n_high) for name, s in found.items()} == {
        "dopamine": (31, 9, 7),
        "gaba": (36, 12, 10),
        "classical": (200, 0, 4),
        "distributional": (200, 56, 63),
    }
    squares = {name: round(s.mean_square, 2) for name, s in found.items()}
    assert squares == pytest.approx(
        {"dopamine": 15.77, "gaba": 31.56, "classical": 1.25, "distributional": 15.01}, abs=0.01
    )
