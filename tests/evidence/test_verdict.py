"""The verdict: its rule by hand, right where the truth is known, and never a crash on little."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_cells import simulate_cells

from distributional_dopamine.evidence.asymmetry import asymmetry_against_reversal
from distributional_dopamine.evidence.comparable import choose_comparable
from distributional_dopamine.evidence.needed import find_need
from distributional_dopamine.evidence.nulls import MODELS
from distributional_dopamine.evidence.power import design_population
from distributional_dopamine.evidence.responses import pool_trials, to_arrays, utility_axis
from distributional_dopamine.evidence.split_half import split_half_reversal_points
from distributional_dopamine.evidence.verdict import (
    DIFFER,
    FOLLOW,
    NULLS_OF,
    VERDICT_MODELS,
    Statistics,
    critical_value,
    decide,
    judge,
    simulate_verdict,
    too_few,
    verdict_statistics,
)

N_CELLS = 40
TRUTHS = {
    "classical_bootstrap": "classical",
    "classical_offset": "constant",
    "distributional_measured": "distributional",
}


def described(seed: int, n_cells: int = N_CELLS, trials: int = 12, noise_sd: float = 2.0):
    rng = np.random.default_rng(seed)
    return design_population(n_cells, trials, rng, offset_sd=1.5, asymmetry_sd=0.2, noise_sd=noise_sd)


def table_of(nulls: float, controls: float, n: int = 99) -> pd.DataFrame:
    """Simulations whose statistics are at most `nulls` under null models, at least `controls` else."""
    ladder = np.linspace(-1.0, 0.0, n)
    rows = []
    for model in VERDICT_MODELS:
        for column in ("differ", "follow"):
            question = DIFFER if column == "differ" else FOLLOW
            null = model in NULLS_OF[question]
            values = nulls + 0.1 * ladder if null else controls + 0.1 * (1 + ladder)
            rows.append(pd.DataFrame({"model": model, "column": column, "value": values, "i": range(n)}))
    long = pd.concat(rows).pivot_table(index=["model", "i"], columns="column", values="value", sort=False)
    return long.reset_index().drop(columns="i").assign(n_differ=30.0, n_follow=30.0)


class TestRule:
    @pytest.mark.parametrize(
        ("differ", "follow", "kind"),
        [
            (0.1, 0.1, "classical"),
            (0.5, 0.1, "constant"),
            (0.5, 0.5, "distributional"),
            (0.1, 0.5, "distributional"),
        ],
    )
    def test_of_answers_that_count(self, differ, follow, kind):
        verdict = decide(Statistics(differ, follow, 30, 30), table_of(nulls=0.3, controls=0.6), 40)
        assert verdict.kind == kind
        assert verdict.differ.answer == ("yes" if differ > 0.3 else "no")
        assert verdict.lacking == ()

    @pytest.mark.parametrize(
        ("differ", "follow", "kind", "lacking"),
        [
            (0.1, 0.1, "undecided", (DIFFER,)),
            (0.5, 0.1, "undecided", (FOLLOW,)),
            (0.5, 0.5, "distributional", ()),
        ],
    )
    def test_a_no_does_not_count_without_power(self, differ, follow, kind, lacking):
        verdict = decide(Statistics(differ, follow, 30, 30), table_of(nulls=0.3, controls=0.1), 40)
        assert (verdict.kind, verdict.lacking) == (kind, lacking)
        assert verdict.follow.least_power == 0.0

    def test_p_and_power_by_hand(self):
        simulated = table_of(nulls=0.3, controls=0.6)
        # of 99 populations none is as large: P = 1 / 100; one more makes it 2 / 100, which is no yes
        assert decide(Statistics(0.31, 0.3, 30, 30), simulated, 40).differ.p == 0.01
        follow = decide(Statistics(0.31, 0.3, 30, 30), simulated, 40).follow
        assert (follow.p, follow.answer) == (0.02, "no")
        assert follow.needed == np.nextafter(0.3, 1.0)
        assert {rate.share for rate in follow.power.values()} == {1.0}

    def test_the_hardest_null_counts(self):
        simulated = table_of(nulls=0.3, controls=0.9)
        simulated.loc[simulated["model"] == "shared_value", "follow"] += 0.4
        verdict = decide(Statistics(0.5, 0.5, 30, 30), simulated, 40)
        assert (verdict.kind, verdict.follow.hardest) == ("constant", "shared_value")
        assert verdict.follow.p_under["classical_offset"] == 0.01

    def test_says_if_cells_differ_more_than_the_theory_has_it(self):
        simulated = table_of(nulls=0.3, controls=0.6)
        more = decide(Statistics(0.9, 0.6, 30, 30), simulated, 40)
        assert more.p_excess == 0.01
        assert "something else" in more.in_words()
        assert "something else" not in decide(Statistics(0.65, 0.6, 30, 30), simulated, 40).in_words()

    @pytest.mark.parametrize("found", [Statistics(np.nan, np.nan, 0, 0), Statistics(0.9, 0.9, 4, 4)])
    def test_of_too_few_cells_nothing_is_asked(self, found):
        verdict = decide(found, table_of(nulls=0.3, controls=0.6), 40)
        assert verdict.kind == "undecided"
        assert verdict.in_words().startswith("Too little to tell")

    def test_needs_all_models_and_enough_of_them(self):
        simulated = table_of(nulls=0.3, controls=0.6)
        with pytest.raises(ValueError, match="missing: same_reversal_points"):
            decide(Statistics(0.1, 0.1, 30, 30), simulated[simulated["model"] != "same_reversal_points"], 40)
        with pytest.raises(ValueError, match="at least 99"):
            decide(Statistics(0.1, 0.1, 30, 30), table_of(0.3, 0.6, n=98), 40)


def test_critical_value_by_hand():
    null = np.arange(199.0)  # of 199, one may be as large: (1 + 1) / 200 = 0.01
    assert critical_value(null) == np.nextafter(197.0, np.inf)
    assert critical_value(np.full(99, np.nan)) <= -1.0


def test_statistics_are_those_of_the_chapters():
    template = described(3)
    arrays, axis = template.arrays, utility_axis(template.arrays)
    found = verdict_statistics(arrays, np.random.default_rng(5), n_splits=7)
    follow = asymmetry_against_reversal(
        arrays, axis, np.random.default_rng(5), n_splits=7, estimator="piecewise"
    )
    assert found.follow == pytest.approx(follow.r_median, abs=1e-12)
    assert found.n_follow == follow.n_cells_median
    differ = split_half_reversal_points(
        arrays, axis, np.random.default_rng(5), n_splits=7, estimator="piecewise"
    )
    assert found.differ == pytest.approx(differ.r_median, abs=1e-12)


@pytest.fixture(scope="module")
def simulated():
    """Populations that data sets of one design share, made from another one of classical TD."""
    rng = np.random.default_rng(0)
    responses = MODELS["classical_bootstrap"](described(100), rng).responses
    template = choose_comparable(responses, rng).template
    offset = replace(template, offset_sd=1.5, taus=described(100).taus)
    return simulate_verdict(offset, rng, n_simulations=99, n_splits=4, n_workers=1)


@pytest.mark.parametrize("truth", TRUTHS)
def test_right_where_the_truth_is_known(truth, simulated):
    kinds = []
    for seed in range(10):
        rng = np.random.default_rng([seed, 1])
        responses = MODELS[truth](described(seed), rng).responses
        kinds.append(decide(verdict_statistics(responses, rng, n_splits=4), simulated, N_CELLS).kind)
    assert kinds.count(TRUTHS[truth]) >= 9


def test_too_little_to_tell_where_there_is_no_power():
    rng = np.random.default_rng(1)
    responses = MODELS["classical_bootstrap"](described(1, n_cells=6, trials=6, noise_sd=4.0), rng).responses
    template = choose_comparable(responses, rng).template
    verdict, _ = judge(template, rng, n_simulations=99, n_splits=3, n_workers=1)
    assert verdict.kind == "undecided"
    assert verdict.differ.least_power < 0.8
    need = find_need(template, DIFFER, "classical_bootstrap", rng, n_simulations=99, n_splits=1, largest=10)
    assert not need.reached
    assert need.in_words() == "more than 10 cells like these"
    assert need.now == 6


def test_need_of_clear_cells_is_met_at_once_and_nonsense_refused():
    rng = np.random.default_rng(2)
    template = design_population(20, 16, rng, noise_sd=0.5, asymmetry_sd=0.2)
    need = find_need(template, DIFFER, "classical_bootstrap", rng, n_simulations=99, n_splits=1, largest=10)
    assert need.reached
    assert need.size <= 10
    assert "cells like these" in need.in_words()
    for question, null, vary in (
        ("why", "shared_value", "cells"),
        (FOLLOW, "none", "cells"),
        (FOLLOW, "shared_value", "mice"),
    ):
        with pytest.raises(ValueError, match="must be"):
            find_need(template, question, null, rng, vary=vary)


class TestComparable:
    def frame(self):
        arrays, _ = simulate_cells(np.random.default_rng(1), 6, 4, axis=[-1.0, 0.5, 2.0])
        return arrays.to_frame()

    def chosen(self, frame):
        sizes = sorted(frame["magnitude"].unique())
        return choose_comparable(to_arrays(pool_trials(frame), sizes), np.random.default_rng(0))

    def test_all_of_sound_cells(self):
        found = self.chosen(self.frame())
        assert (found.n_cells, found.n_sizes, found.excluded) == (6, 3, ())

    def test_names_the_cell_that_lacks_a_size(self):
        frame = self.frame()
        found = self.chosen(frame[~((frame["cell"] == "cell 2") & (frame["magnitude"] == 0.3))])
        assert found.template.arrays.cells == ("cell 0", "cell 1", "cell 3", "cell 4", "cell 5")
        (left_out,) = found.excluded
        assert (left_out.what, left_out.name, left_out.reason) == ("unit", "cell 2", "no reward of size 0.3")

    def test_leaves_out_a_size_that_few_cells_had(self):
        frame = self.frame()
        extra = frame[(frame["cell"] == "cell 0") & (frame["magnitude"] == 0.1)].assign(magnitude=9.0)
        found = self.chosen(pd.concat([frame, extra], ignore_index=True))
        assert (found.n_cells, found.n_sizes) == (6, 3)
        (left_out,) = found.excluded
        assert (left_out.what, left_out.name, left_out.count) == ("trials", "size 9", 4)
        assert left_out.reason == "only 1 of 6 cells had rewards of this size"

    def test_names_cells_without_noise(self):
        frame = self.frame()
        frame.loc[frame["cell"] == "cell 1", "response"] = 2.0
        once = frame[(frame["cell"] != "cell 3") | ~frame.duplicated(["cell", "magnitude"])]
        found = self.chosen(once)
        assert {one.name: one.reason for one in found.excluded} == {
            "cell 1": "its responses to the same reward never differ",
            "cell 3": "no size of reward was given twice, so that its noise is not known",
        }

    def test_no_template_of_less_than_two_cells(self):
        frame = self.frame()
        found = self.chosen(frame[frame["cell"] == "cell 0"])
        assert (found.template, found.n_cells, found.n_sizes) == (None, 1, 3)

    def test_no_template_of_less_than_three_sizes(self):
        frame = self.frame()
        found = self.chosen(frame[frame["magnitude"] < 1.0])
        assert (found.template, found.n_cells, found.n_sizes) == (None, 6, 2)

    def test_judges_what_little_there_is(self):
        rng = np.random.default_rng(2)
        arrays, _ = simulate_cells(rng, 2, 1, axis=[-1.0, 0.5, 2.0], noise=3.0)
        extra = arrays.to_frame()
        two = extra[extra["magnitude"] == 0.1].assign(trial=99, response=lambda t: t["response"] + 1.0)
        found = self.chosen(pd.concat([extra, two], ignore_index=True))
        assert found.template is not None
        verdict, _ = judge(found.template, rng, n_simulations=99, n_splits=4, n_workers=1)
        assert verdict.kind == "undecided"
        assert verdict.in_words()


def test_words_of_nothing_asked():
    verdict = too_few(1, 2)
    assert verdict.in_words() == (
        "Too little to tell. One cell with 2 sizes of reward in common can be compared; it takes at least 5 "
        "cells and 3 sizes, so nothing was asked of them."
    )
    assert np.isnan(verdict.differ.least_power)
