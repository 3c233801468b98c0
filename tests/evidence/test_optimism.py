"""The verdict on cues: its statistic and rule by hand, and right where the truth is known."""

import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.evidence.optimism import (
    choose_cue_cells,
    choose_cues,
    find_cue_need,
    judge_cues,
    simulate_spread,
    t_of_middle,
)
from distributional_dopamine.evidence.own_cues import cue_recordings
from distributional_dopamine.evidence.variable_probability import (
    compute_cue_responses,
    cue_t_statistics,
    place_between,
)
from distributional_dopamine.recordings.cue_simulator import simulate_cues

CUES = (0.1, 0.5, 0.9)


def responses_of(population, seed=1, **more):
    made = simulate_cues(np.random.default_rng(seed), population=population, **more)
    return compute_cue_responses(cue_recordings(made))


def test_t_by_hand():
    # the mean puts 3/4 of the way from 2 to 10 at 8; the answer is 7; error^2 = 0.25 + 1/16 + 9/16 * 1
    squares = np.array([1.0, 0.25, 1.0])
    t = t_of_middle(np.array([2.0, 7.0, 10.0]), squares, (0.0, 0.75, 1.0))
    assert t == pytest.approx(-1.0 / np.sqrt(0.25 + 1 / 16 + 9 / 16))
    # a cell that answers good cues less: 7 lies a unit towards the high cue from 8
    assert t_of_middle(np.array([10.0, 3.0, 2.0]), squares, (0.0, 0.75, 1.0)) == pytest.approx(
        1.0 / np.sqrt(0.25 + 1 / 16 + 9 / 16)
    )
    assert np.isnan(t_of_middle(np.array([1.0, 2.0, 3.0]), np.zeros(3), CUES))


@pytest.mark.parametrize("cues", [CUES, (0.0, 0.3, 1.0)])
def test_t_is_that_of_the_chapter(cues):
    table = responses_of("distributional", n_units=5, trials_per_cue=6, probabilities=cues)
    found = choose_cue_cells(table)
    assert found.cues == pytest.approx(cues)
    chapter = cue_t_statistics(table, midpoint="estimated", cues=found.cues)
    np.testing.assert_allclose(found.t, chapter["t"])


def test_cues_are_chosen():
    assert choose_cues([0.9, 0.1, 0.5, 0.1]) == CUES
    assert choose_cues([0.2, 0.3, 0.7, 0.8, 0.4]) == (0.2, 0.4, 0.8)
    with pytest.raises(ValueError, match="must hold three that differ"):
        choose_cues([0.1, 0.9, 0.9])
    with pytest.raises(ValueError, match="must be three probabilities, ascending"):
        place_between((0.5, 0.1, 0.9))


def test_cells_are_named_that_cannot_be_asked():
    table = responses_of("classical", n_units=4, trials_per_cue=4)
    silent = table["cell"] == "simulated 02"
    table.loc[silent & np.isclose(table["probability"], 0.1), "response"] = 0.0
    lacking = (table["cell"] == "simulated 03") & np.isclose(table["probability"], 0.9)
    found = choose_cue_cells(table[~lacking])
    assert found.cells == ("simulated 01", "simulated 04")
    assert {one.name: one.reason for one in found.excluded} == {
        "simulated 02": "its responses to one of the cues never differ",
        "simulated 03": "it takes two trials of each of the three cues; it has 0 of 90%",
    }


@pytest.mark.parametrize(("population", "kind"), [("classical", "alike"), ("distributional", "diverse")])
@pytest.mark.parametrize("probabilities", [CUES, (0.0, 0.25, 0.5, 0.75)])
def test_right_where_the_truth_is_known(population, kind, probabilities):
    """At a design with power for the simulated cells, whose rates of learning go from 0.1 to 0.9 only.

    They are less diverse than those of the control, from 0 to 1: with 30 cells and 40 trials of a cue, two of
    twenty populations of them look alike, with 40 cells one of sixty.
    """
    kinds = []
    for seed in range(3):
        table = responses_of(population, seed, n_units=60, trials_per_cue=60, probabilities=probabilities)
        verdict, simulated = judge_cues(
            choose_cue_cells(table), np.random.default_rng(seed), n_simulations=199
        )
        assert set(simulated) == {"one_mean", "one_curve", "expectiles"}
        kinds.append(verdict.kind)
    assert kinds == [kind] * 3


def test_one_curve_for_all_is_no_diversity():
    """Cells that all bend alike, loud ones and quiet ones: t differs, codes do not."""
    rng = np.random.default_rng(4)
    rows = []
    for c, gain in enumerate(rng.uniform(2.0, 30.0, 30)):
        for p in CUES:
            rows += [(f"{c}", p, i, gain * p**0.5 + rng.normal(0.0, 2.0)) for i in range(30)]
    chosen = choose_cue_cells(pd.DataFrame(rows, columns=["cell", "probability", "trial", "response"]))
    verdict, _ = judge_cues(chosen, rng, n_simulations=199)
    assert verdict.p_under["one_mean"] <= 0.01 < verdict.p_under["one_curve"]
    assert (verdict.kind, verdict.hardest) == ("alike", "one_curve")


def test_too_little_to_tell_where_there_is_no_power():
    rng = np.random.default_rng(5)
    chosen = choose_cue_cells(responses_of("distributional", n_units=6, trials_per_cue=4))
    verdict, _ = judge_cues(chosen, rng, n_simulations=99)
    assert verdict.kind == "undecided"
    assert "might well not have shown it" in verdict.reasons()
    few, simulated = judge_cues(choose_cue_cells(responses_of("classical", n_units=4)), rng, n_simulations=99)
    assert (few.kind, simulated) == ("undecided", {})
    assert "It takes at least 5" in few.reasons()
    with pytest.raises(ValueError, match="model must be one of"):
        simulate_spread(chosen, "none", rng)


def test_what_it_would_take_grows_with_the_noise():
    rng = np.random.default_rng(6)
    chosen = choose_cue_cells(responses_of("classical", n_units=20, trials_per_cue=8))
    for vary in ("cells", "trials"):
        need = find_cue_need(chosen, rng, vary=vary, n_simulations=99)
        assert need.reached
        assert need.size > (10 if vary == "cells" else 4)
        assert ("trials of each cue in every cell" in need.in_words()) == (vary == "trials")
