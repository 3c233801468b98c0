"""Tests against baseline: SciPy, counts by hand, and the recorded cells."""

import numpy as np
import pandas as pd
import pytest
from made_cells import simulate_cells
from scipy import stats

from distributional_dopamine.evidence.sign_tests import compute_sign_tests, correct_p


def test_statistics_are_those_of_scipy():
    rng = np.random.default_rng(1)
    arrays, _ = simulate_cells(rng, n_cells=3, n_trials=15, value=np.array([-1.0, 0.4, 2.0]))
    t, ranks = compute_sign_tests(arrays), compute_sign_tests(arrays, "wilcoxon")
    for c in range(3):
        for m in range(7):
            sample = arrays.condition(c, m)
            two, above, below = (
                stats.ttest_1samp(sample, 0, alternative=a) for a in ("two-sided", "greater", "less")
            )
            assert t.statistic[c, m] == pytest.approx(two.statistic)
            assert t.p_above[c, m] == pytest.approx(above.pvalue)
            assert t.p_below[c, m] == pytest.approx(below.pvalue)
            assert t.p_two_sided[c, m] == pytest.approx(two.pvalue)
            wanted = stats.wilcoxon(sample, method="asymptotic").pvalue
            assert ranks.p_two_sided[c, m] == pytest.approx(wanted)
            assert np.sign(ranks.statistic[c, m]) == np.sign(ranks.p_below[c, m] - ranks.p_above[c, m])
    assert (t.n_trials == 15).all()
    assert len(t.to_frame()) == 21


def test_corrections_by_hand():
    p = [0.04, 0.01, 0.03, 0.5]
    assert correct_p(p, "none").tolist() == p
    # Holm: 0.01 x 4, 0.03 x 3, 0.04 x 2 (not below the one before), 0.5
    assert correct_p(p, "holm").tolist() == pytest.approx([0.09, 0.04, 0.09, 0.5])
    # Benjamini-Hochberg: 0.01 x 4, 0.03 x 2, 0.04 x 4/3, 0.5, no larger than the one after
    assert correct_p(p, "benjamini-hochberg").tolist() == pytest.approx([4 / 75, 0.04, 4 / 75, 0.5])
    assert correct_p([], "holm").tolist() == []
    with pytest.raises(ValueError, match="correction must be"):
        correct_p(p, "bonferroni")


COLUMNS = ["cell", "magnitude", "expected", "trial", "response"]


def test_counts_by_hand():
    # ten responses of mean t and standard deviation sqrt(10) have that t statistic, 9 degrees of freedom
    spread = np.array([-3.0, 3.0] * 5)
    # critical values: 2.262 two-sided, 1.833 one-sided
    wanted = {"a": 2.3, "b": 2.0, "c": 0.0, "d": -2.0, "e": -5.0}
    rows = [(cell, 5.0, True, i, x + t) for cell, t in wanted.items() for i, x in enumerate(spread)]
    rows += [("f", 5.0, True, 0, 3.0), ("g", 5.0, True, 0, 1.0), ("g", 5.0, True, 1, 1.0)]
    tests = compute_sign_tests(pd.DataFrame(rows, columns=COLUMNS))
    assert tests.statistic[:5, 4] == pytest.approx(list(wanted.values()), abs=1e-12)
    two, one = tests.counts(5.0), tests.counts(5.0, sides="one")
    assert (two.above, two.below, two.n_cells) == (1, 1, 5)  # f and g cannot be tested
    assert (one.above, one.below) == (2, 2)
    corrected = tests.counts(5.0, correction="holm")
    assert (corrected.above, corrected.below) == (0, 1)
    with pytest.raises(ValueError, match="magnitude must be one of"):
        tests.counts(4.0)
    with pytest.raises(ValueError, match="sides must be"):
        tests.counts(5.0, sides="both")
    with pytest.raises(ValueError, match="test must be"):
        compute_sign_tests(pd.DataFrame(rows, columns=COLUMNS), "sign")


def test_false_positives_have_the_rate_promised():
    rng = np.random.default_rng(2)
    silent = np.zeros(1500)
    arrays, _ = simulate_cells(rng, n_cells=1500, n_trials=12, positive=silent, negative=silent)
    for test, cells, tolerance in (("t", arrays.cells, 0.017), ("wilcoxon", arrays.cells[:60], 0.1)):
        counts = compute_sign_tests(arrays.select(cells), test).counts(1.2)
        assert (counts.above + counts.below) / counts.n_cells == pytest.approx(0.05, abs=tolerance)


@pytest.mark.recordings
def test_the_same_reward_excites_some_recorded_cells_and_inhibits_others(recorded_arrays):
    tests = compute_sign_tests(recorded_arrays)
    one, two = tests.counts(5.0, sides="one"), tests.counts(5.0)
    assert (one.above, one.below) == (13, 10)  # the published numbers
    assert (two.above, two.below) == (11, 10)
