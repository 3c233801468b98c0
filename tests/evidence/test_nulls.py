"""Null models through the tests: the same however it is run, and right where the answer is known."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from made_cells import simulate_cells
from scipy import stats

from distributional_dopamine.evidence.asymmetry import asymmetry_against_reversal, estimate_asymmetry
from distributional_dopamine.evidence.diagnostics import (
    TESTS,
    Outcome,
    asymmetry_follows_reversal,
    cells_differ_in_asymmetry,
    decoding_beats_shuffle,
    one_reward_divides_the_cells,
    own_points_predict_signs,
    reversal_points_return,
)
from distributional_dopamine.evidence.nulls import (
    MODELS,
    monte_carlo_p,
    share_significant,
    simulate_tests,
)
from distributional_dopamine.evidence.responses import ResponseArrays, to_arrays, utility_axis
from distributional_dopamine.evidence.sign_tests import compute_sign_tests
from distributional_dopamine.evidence.simulated_responses import make_template
from distributional_dopamine.evidence.split_half import split_half_reversal_points

SOME = {name: TESTS[name] for name in ("split_half.counting", "asymmetry.piecewise")}


@pytest.fixture(scope="module")
def template():
    rng = np.random.default_rng(2)
    tau = rng.uniform(0.2, 0.8, 20)
    arrays, axis = simulate_cells(rng, 20, 20, positive=3 * tau, negative=3 * (1 - tau), noise=1.5)
    measured = estimate_asymmetry(arrays, axis, rng, estimator="piecewise")
    return make_template(arrays, axis, measured.asymmetry)


@pytest.fixture(scope="module")
def simulated(template):
    models = {name: MODELS[name] for name in ("classical_bootstrap", "distributional_measured")}
    return simulate_tests(models, SOME, template, np.random.default_rng(1), n_simulations=30, n_workers=1)


def test_one_row_a_model_simulation_and_test(simulated):
    assert list(simulated.columns) == [
        "model", "simulation", "test", "statistic", "p", "n_cells", "as_predicted"
    ]  # fmt: skip
    assert len(simulated) == 2 * 30 * 2
    assert not simulated.duplicated(["model", "simulation", "test"]).any()
    assert simulated.groupby(["model", "test"]).ngroups == 4


def test_a_model_does_not_depend_on_its_company_nor_on_the_workers(template, simulated):
    alone = simulate_tests(
        {"distributional_measured": MODELS["distributional_measured"]},
        SOME,
        template,
        np.random.default_rng(1),
        n_simulations=30,
        n_workers=2,
    )
    together = simulated[simulated["model"] == "distributional_measured"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together)


def test_the_theory_passes_more_often_than_the_null(simulated):
    shares = share_significant(simulated)["share"]
    assert shares["classical_bootstrap", "asymmetry.piecewise"] < 0.25
    assert shares["distributional_measured", "asymmetry.piecewise"] > 0.75


def test_shares_by_hand():
    table = pd.DataFrame(
        {
            "model": "m",
            "simulation": range(5),
            "test": "t",
            "statistic": [0.1, 0.2, -0.3, 0.4, np.nan],
            "p": [0.01, 0.20, 0.01, 0.04, np.nan],
            "n_cells": 9,
            "as_predicted": [True, True, False, True, False],
        }
    )
    row = share_significant(table).loc[("m", "t")]
    assert row["share"] == 0.4  # the first and the fourth; the third points the wrong way
    wanted = stats.beta.ppf([0.025, 0.975], [2, 3], [4, 3])  # Clopper and Pearson, from the beta distribution
    np.testing.assert_allclose([row["low"], row["high"]], wanted, rtol=1e-6)
    assert row["statistic_median"] == pytest.approx(0.15)
    assert row["n"] == 5
    assert share_significant(table, alpha=0.02).loc[("m", "t"), "share"] == 0.2


def test_p_by_simulation_is_never_zero_and_right_by_hand():
    assert monte_carlo_p(1.0, [0.0, 1.0, 2.0, np.nan]) == 3 / 5
    assert monte_carlo_p(9.0, np.zeros(99)) == 0.01
    # under the null it is uniform: the share of P <= 0.1 is a tenth
    rng = np.random.default_rng(1)
    p = [monte_carlo_p(rng.normal(), rng.normal(size=19)) for _ in range(4000)]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.015)
    with pytest.raises(ValueError, match="observed must be a number; found nan"):
        monte_carlo_p(np.nan, [1.0])
    with pytest.raises(ValueError, match="simulated must be a list of at least one"):
        monte_carlo_p(1.0, [])


def test_nothing_to_run_is_refused(template):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="models and tests must not be empty; found 0 and 2"):
        simulate_tests({}, SOME, template, rng)
    with pytest.raises(ValueError, match="n must be"):
        simulate_tests(MODELS, SOME, template, rng, n_simulations=0)


def test_outcomes_are_those_of_the_analyses_behind_them(template):
    arrays = MODELS["distributional_measured"](template, np.random.default_rng(5)).responses
    axis = utility_axis(arrays)
    for estimator in ("counting", "piecewise"):
        splits = split_half_reversal_points(
            arrays, axis, np.random.default_rng(7), estimator=estimator, n_splits=9
        )
        found = reversal_points_return(arrays, np.random.default_rng(7), estimator=estimator, n_splits=9)
        assert found == Outcome(splits.r_median, splits.p[0], splits.n_cells[0], splits.r[0] > 0)
        for same in (False, True):
            splits = asymmetry_against_reversal(
                arrays, axis, np.random.default_rng(7), estimator=estimator, same_trials=same, n_splits=9
            )
            found = asymmetry_follows_reversal(
                arrays, np.random.default_rng(7), estimator=estimator, same_trials=same, n_splits=9
            )
            assert found == Outcome(splits.r_median, splits.p[0], splits.n_cells[0], splits.r[0] > 0)
    # the table gives the very same
    tidy = reversal_points_return(arrays.to_frame(), np.random.default_rng(7))
    assert tidy == reversal_points_return(arrays, np.random.default_rng(7))


def cells_at_one_size(means, n=40):
    """Cells whose responses to the middle one of three rewards have these means, with little noise."""
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(m, 0.5, n) for mean in means for m in (-4.0, mean, 6.0)])
    offsets = np.arange(0, 3 * n * len(means) + 1, n)
    names = tuple(f"cell {i}" for i in range(len(means)))
    return ResponseArrays(names, (1.0, 2.0, 3.0), values, offsets, np.zeros(values.size, dtype=bool))


def test_one_reward_that_divides_the_cells():
    rng = np.random.default_rng(0)
    divided = one_reward_divides_the_cells(cells_at_one_size([1.0] * 5 + [-1.0] * 5), rng)
    assert divided.statistic == 0.5
    assert divided.p == pytest.approx(stats.binom.sf(4, 10, 0.05))
    assert divided.as_predicted
    agreed = one_reward_divides_the_cells(cells_at_one_size([0.3] * 10), rng)
    assert agreed.statistic <= 0.1
    assert agreed.p > 0.3


def test_own_points_that_help_and_that_do_not():
    rng = np.random.default_rng(0)
    helped = own_points_predict_signs(cells_at_one_size([1.5] * 6 + [-1.5] * 6), rng)
    assert helped.statistic > 0.1
    assert helped.p < 0.05
    same = own_points_predict_signs(cells_at_one_size([1.5] * 12), rng)
    assert same.p > 0.05 or not same.as_predicted


def test_decoding_against_its_shuffle(template):
    rng = np.random.default_rng(4)
    arrays = MODELS["distributional_uniform"](template, rng).responses
    found = decoding_beats_shuffle(arrays, rng, n_shuffles=9)
    assert found.p * 10 == pytest.approx(round(found.p * 10))  # a number of tenths
    assert 0.1 <= found.p <= 1.0
    assert found.statistic < 0  # minus a distance
    assert found.n_cells <= 20


def test_what_cannot_be_tested_has_no_p():
    # all responses positive: no reversal point lies within the rewards
    arrays = cells_at_one_size([0.0] * 4)
    high = ResponseArrays(
        arrays.cells, arrays.magnitudes, arrays.values + 50.0, arrays.offsets, arrays.expected
    )
    rng = np.random.default_rng(1)
    for test in (
        reversal_points_return,
        asymmetry_follows_reversal,
        cells_differ_in_asymmetry,
        partial(decoding_beats_shuffle, independent_halves=True),
    ):
        found = test(high, rng)
        assert np.isnan(found.p)
        assert np.isnan(found.statistic)
        assert not found.as_predicted


def test_the_t_tests_of_all_cells_at_once_are_scipys():
    rng = np.random.default_rng(6)
    counts = np.array([5, 0, 1, 2, 9, 3])
    values = rng.normal(0.5, 2.0, counts.sum())
    values[-3:] = 1.0  # a condition that does not vary
    offsets = np.concatenate(([0], np.cumsum(counts)))
    arrays = ResponseArrays(("a", "b"), (1.0, 2.0, 3.0), values, offsets, np.zeros(values.size, dtype=bool))
    found = compute_sign_tests(to_arrays(arrays), "t")
    for k, (c, m) in enumerate(np.ndindex(2, 3)):
        sample = arrays.condition(c, m)
        if counts[k] < 2 or np.ptp(sample) == 0:
            assert np.isnan(found.statistic[c, m])
            assert np.isnan(found.p_above[c, m])
            continue
        for side, p in (("greater", found.p_above), ("less", found.p_below)):
            wanted = stats.ttest_1samp(sample, 0.0, alternative=side)
            assert found.statistic[c, m] == pytest.approx(wanted.statistic, rel=1e-12)
            assert p[c, m] == pytest.approx(wanted.pvalue, rel=1e-10)
