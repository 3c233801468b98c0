"""Power: templates by hand, crossings against an optimiser, plans against a test whose power is known."""

# ruff: noqa: ARG005  each call below takes a template and a generator, whether it needs them or not

from functools import partial

import numpy as np
import pytest
from made_cells import simulate_cells
from scipy import optimize, special, stats

from distributional_dopamine.evidence import power
from distributional_dopamine.evidence.clustering import intraclass_correlation
from distributional_dopamine.evidence.diagnostics import Outcome
from distributional_dopamine.evidence.nulls import CONTROLS, NULLS
from distributional_dopamine.evidence.power import (
    PLANNED_TESTS,
    Plan,
    Rate,
    cells_by_animal,
    design_population,
    effective_cells,
    find_crossing,
    match_diversity,
    plan,
    power_curve,
    redesign,
    resample_template,
)
from distributional_dopamine.evidence.responses import ResponseArrays
from distributional_dopamine.evidence.simulated_responses import Model, make_template

HERE = {"n_workers": 1, "scheduler": ""}  # no other processes: they cost more than the work


@pytest.fixture(scope="module")
def template():
    """Three cells, three sizes, unequal counts; the second cell has one trial of the first size."""
    rng = np.random.default_rng(0)
    counts = np.array([[4, 6, 8], [1, 3, 4], [10, 2, 2]])
    offsets = np.concatenate(([0], np.cumsum(counts)))
    axis = np.array([-3.0, -1.0, 2.0])
    values = np.repeat(np.tile(axis, 3), counts.ravel()) + rng.normal(size=offsets[-1])
    expected = np.ones(offsets[-1], dtype=bool)
    expected[1::2] = False
    return make_template(
        ResponseArrays(("a", "b", "c"), (1.0, 2.0, 4.0), values, offsets, expected), axis, [0.2, 0.5, 0.9]
    )


def test_template_as_it_is(template):
    same = resample_template(template, np.random.default_rng(1))
    np.testing.assert_array_equal(same.arrays.counts(), template.arrays.counts())
    np.testing.assert_array_equal(same.residuals, template.residuals)
    np.testing.assert_array_equal(same.taus, template.taus)
    assert same.arrays.cells == ("a", "b", "c")
    np.testing.assert_array_equal(power._counts_by_kind(same.arrays), power._counts_by_kind(template.arrays))


def test_asymmetries_and_residuals_are_scaled_by_hand(template):
    other = resample_template(template, np.random.default_rng(1), noise_factor=2.0, diversity_factor=0.5)
    assert other.taus.tolist() == pytest.approx([0.35, 0.5, 0.7])
    np.testing.assert_allclose(other.residuals, 2.0 * template.residuals)
    np.testing.assert_allclose(other.residual_sd, 2.0 * template.residual_sd)
    wide = resample_template(template, np.random.default_rng(1), diversity_factor=1.5)
    assert wide.taus.tolist() == pytest.approx([0.05, 0.5, 0.98])
    none = resample_template(template, np.random.default_rng(1), diversity_factor=0.0)
    assert none.taus.tolist() == [0.5, 0.5, 0.5]


def test_cells_are_drawn_with_what_belongs_to_them(template):
    many = resample_template(template, np.random.default_rng(2), n_cells=50)
    assert len(set(many.arrays.cells)) == 50
    assert {name.split(": ")[1] for name in many.arrays.cells} == {"a", "b", "c"}
    for i, name in enumerate(many.arrays.cells):
        c = "abc".index(name.split(": ")[1])
        assert many.gain[i] == template.gain[c]
        np.testing.assert_array_equal(many.arrays.counts()[i], template.arrays.counts()[c])
        own = many.residuals[many.residual_offsets[i] : many.residual_offsets[i + 1]]
        start, stop = template.residual_offsets[c : c + 2]
        np.testing.assert_array_equal(own, template.residuals[start:stop])
        noise = many.arrays.condition(i, 2) - template.arrays.means()[c, 2]
        assert np.isclose(noise[:, None], own[None, :]).any(axis=1).all()


def test_trials_are_scaled_in_the_mean_and_halves_are_kept(template):
    rng = np.random.default_rng(3)
    half = np.mean(
        [
            power._counts_by_kind(resample_template(template, rng, trials_factor=1.3).arrays)
            for _ in range(400)
        ],
        axis=0,
    )
    np.testing.assert_allclose(half, 1.3 * power._counts_by_kind(template.arrays), atol=0.12)
    few = resample_template(template, rng, trials_factor=0.01).arrays.counts()
    assert few.tolist() == [[2, 2, 2], [1, 2, 2], [2, 2, 2]]


def test_designed_population_is_what_was_asked_for():
    rng = np.random.default_rng(4)
    made = design_population(2000, 10, rng, asymmetry_sd=0.2, gain=2.0, noise_sd=3.0)
    assert made.taus.std() == pytest.approx(0.2, rel=0.02)
    assert made.taus.mean() == pytest.approx(0.5)
    assert np.median(made.gain) == pytest.approx(2.0, rel=0.05)
    assert np.median(made.residual_sd) == pytest.approx(3.0, rel=0.05)
    own = made.residuals.reshape(2000, -1)
    np.testing.assert_allclose(own.std(axis=1), made.residual_sd)
    np.testing.assert_allclose(own.mean(axis=1), 0.0, atol=1e-12)
    assert made.utility_axis @ made.probabilities == pytest.approx(0.0, abs=1e-12)
    assert (made.arrays.counts() == 10).all()
    assert (power._counts_by_kind(made.arrays) == 5).all()
    assert design_population(3, 10, rng, asymmetry_sd=0.0).taus.tolist() == [0.5] * 51


def test_designed_counts_follow_probabilities_or_the_table():
    rng = np.random.default_rng(5)
    sizes = (1.0, 2.0, 8.0)
    by_chance = design_population(4, 20, rng, magnitudes=sizes, probabilities_of_sizes=[1, 1, 4])
    assert by_chance.arrays.counts()[0].tolist() == [10, 10, 40]
    table = np.array([[4, 5, 6], [8, 2, 20]])
    by_table = design_population(2, table, rng, magnitudes=sizes)
    np.testing.assert_array_equal(by_table.arrays.counts(), table)
    assert by_table.probabilities.tolist() == pytest.approx([12 / 45, 7 / 45, 26 / 45])
    both = design_population(2, table, rng, magnitudes=sizes, probabilities_of_sizes=[1, 1, 2])
    assert both.probabilities.tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize("sizes", [(1.0, 3.0, 9.0), tuple(range(1, 11))])
def test_every_planned_test_runs_on_unequal_trials_and_any_number_of_sizes(sizes):
    rng = np.random.default_rng(6)
    counts = rng.integers(4, 20, size=(20, len(sizes)))
    made = design_population(20, counts, rng, magnitudes=sizes)
    table = power_curve(
        {"code": CONTROLS["distributional_measured"], "offset": NULLS["classical_offset"]},
        PLANNED_TESTS, made, rng, [{"n_cells": 25, "trials_factor": 0.5}, {"noise_factor": 0.5}],
        n_simulations=4, **HERE,
    )  # fmt: skip
    assert len(table) == 2 * 2 * len(PLANNED_TESTS)
    assert (table["n"] == 4).all()
    assert table["statistic_median"].notna().all()
    assert table["n_cells"].isna().sum() == len(table) / 2


def test_a_curve_depends_on_the_seed_alone_and_more_signal_gives_more_power():
    made = design_population(40, 12, np.random.default_rng(7), asymmetry_sd=0.2)
    tests = {"asymmetry.piecewise": PLANNED_TESTS["asymmetry.piecewise"]}
    code = {"code": CONTROLS["distributional_measured"]}
    designs = [{"noise_factor": 2.0}, {"noise_factor": 0.25}, {"n_cells": 10}]
    one, two = (
        power_curve(code, tests, made, np.random.default_rng(8), designs, n_simulations=25, **HERE)
        for _ in range(2)
    )
    assert one.equals(two)
    noisy, quiet, few = one["share"]
    assert quiet > noisy + 0.3
    assert quiet > few


def test_crossing_is_the_maximum_of_the_likelihood():
    sizes, n = np.array([10.0, 20.0, 40.0, 80.0]), np.array([50, 60, 70, 80])
    hits = np.array([9, 25, 47, 74])

    def loss(at):
        p = special.ndtr(special.ndtri(0.8) + at[1] * (np.log(sizes) - at[0]))
        return -stats.binom.logpmf(hits, n, p).sum()

    best = optimize.minimize(loss, [np.log(40.0), 1.0], method="Nelder-Mead", options={"xatol": 1e-6})
    found = find_crossing(sizes, hits, n, reach=100.0)
    assert np.log(found.size) == pytest.approx(best.x[0], abs=0.01)
    for end in (found.low, found.high):  # the ends are where the profile has fallen by half of 3.84
        profile = optimize.minimize_scalar(
            lambda b, e=end: loss([np.log(e), b]), bounds=(0.01, 10.0), method="bounded"
        )
        assert profile.fun - best.fun == pytest.approx(1.92, abs=0.1)


def test_interval_of_the_crossing_holds_the_truth():
    rng = np.random.default_rng(9)
    sizes = np.array([15, 30, 60])
    p = special.ndtr(special.ndtri(0.8) + 1.2 * np.log(sizes / 35.0))
    held = 0
    for _ in range(40):
        found = find_crossing(sizes, rng.binomial(60, p), [60] * 3)
        held += found.low <= 35.0 <= found.high
    assert held / 40 > 0.85


def test_only_designs_near_the_crossing_count():
    """Far designs that no probit curve fits with the near ones leave the answer alone."""
    near = find_crossing([20, 40, 60], [120, 160, 185], [200] * 3)
    far = [10, 20, 40, 60, 160], [90, 120, 160, 185, 190], [200] * 5
    with_far = find_crossing(*far)
    assert with_far == near
    assert find_crossing(*far, reach=100.0).size > 1.05 * near.size


def test_crossing_out_of_reach_has_no_upper_bound():
    found = find_crossing([10, 20, 40], [5, 4, 6], [100] * 3)
    assert found.high == np.inf
    assert found.low > 40


def silent_cells(template, rng):
    return {"mean_response": np.zeros(template.arrays.n_cells)}


def telling_cells(template, rng):
    return {"mean_response": np.ones(template.arrays.n_cells)}


def give_mean(cells, template, rng):
    return {"mean": np.repeat(cells["mean_response"][:, None], template.arrays.n_magnitudes, axis=1)}


def known_test(responses, rng, *, effect=0.4, false=0.05):
    """A one-sided z test of known power: the effect is there if the responses are above zero."""
    there = responses.values.mean() > 0.5
    n = responses.n_cells if effect > 0 else responses.values.size / responses.n_cells / 3
    shift = abs(effect) * np.sqrt(n) if there else stats.norm.isf(0.05) - stats.norm.isf(false)
    z = rng.normal() + shift
    return Outcome(float(z), float(stats.norm.sf(z)), responses.n_cells, True)


TELLING, SILENT = Model(telling_cells, give_mean), Model(silent_cells, give_mean)


@pytest.fixture(scope="module")
def quiet_template():
    return design_population(
        6, 6, np.random.default_rng(10), magnitudes=(1, 2, 3), noise_sd=0.01, noise_spread=0.0
    )


@pytest.mark.parametrize(("vary", "effect"), [("cells", 0.4), ("trials", -0.4)])
def test_plan_finds_the_known_number(quiet_template, vary, effect):
    wanted = ((special.ndtri(0.8) + special.ndtri(0.95)) / 0.4) ** 2  # 38.6
    found = plan(
        quiet_template, np.random.default_rng(31), tests={"z": partial(known_test, effect=effect)},
        vary=vary, model=TELLING, nulls={"silent": SILENT}, smallest=4, largest=300,
        n_simulations=200, **HERE,
    )["z"]  # fmt: skip
    assert found.reached
    assert found.low <= wanted <= found.high
    assert found.size == pytest.approx(wanted, rel=0.2)
    assert found.power.low < 0.85
    assert found.power.high > 0.75
    assert found.power.n == 200
    assert found.null_rates["silent"].share == pytest.approx(0.05, abs=0.04)
    assert found.verdict == "diagnostic"
    assert f"{found.size} {'cells' if vary == 'cells' else 'trials a cell'}" in found.in_words()


def test_plan_says_what_is_out_of_reach_and_what_is_wrong(quiet_template):
    found = plan(
        quiet_template, np.random.default_rng(12), tests={"z": partial(known_test, effect=0.05, false=0.4)},
        model=TELLING, nulls={"silent": SILENT}, largest=80, n_simulations=100, **HERE,
    )["z"]  # fmt: skip
    assert not found.reached
    assert found.size == 80
    assert found.high > 80
    assert found.verdict == "not diagnostic"
    assert "not reachable below 80 cells" in found.in_words()
    assert "(silent): not diagnostic" in found.in_words()


def test_plan_names_enough_at_the_smallest(quiet_template):
    found = plan(
        quiet_template, np.random.default_rng(13), tests={"z": partial(known_test, effect=3.0)},
        model=TELLING, nulls={}, smallest=10, largest=40, n_simulations=40, **HERE,
    )["z"]  # fmt: skip
    assert found.reached
    assert found.size == 10
    assert found.verdict == "not asked"
    assert found.in_words().startswith("z: 10 cells, the fewest looked at, are enough")


def test_verdict_by_the_interval_of_the_worst_null():
    def made(*lows):
        rates = {str(i): Rate(low + 0.02, low, low + 0.04, 100) for i, low in enumerate(lows)}
        one = Rate(0.8, 0.7, 0.9, 100)
        return Plan("t", "cells", 0.8, 0.05, True, 40, 35, 45, 10, 320, one, rates, None)

    assert made(0.01, 0.05).verdict == "diagnostic"
    assert made(0.01, 0.06).verdict == "inflated"
    assert made(0.11, 0.01).verdict == "not diagnostic"
    assert made(0.01, 0.06).worst_null == "1"


def test_effective_cells_against_the_variance_of_means_and_correlations():
    rng = np.random.default_rng(14)
    animals, m, icc = 5, 8, 0.4
    shape = (4000, 2, animals)
    x = np.sqrt(icc) * rng.normal(size=(*shape, 1)) + np.sqrt(1 - icc) * rng.normal(size=(*shape, m))
    x = x.reshape(4000, 2, animals * m)
    assert 1 / x.mean(axis=2).var() == pytest.approx(effective_cells(40, 5, icc), rel=0.06)
    many = np.sqrt(icc) * rng.normal(size=(1500, 2, 40, 1)) + np.sqrt(1 - icc) * rng.normal(
        size=(1500, 2, 40, m)
    )
    many = stats.zscore(many.reshape(1500, 2, 320), axis=2)
    r = (many[:, 0] * many[:, 1]).mean(axis=1)
    assert 1 / r.var() == pytest.approx(effective_cells(320, 40, icc, icc), rel=0.12)


def test_cells_of_an_animal_are_alike_with_and_without_the_code():
    made = design_population(600, 4, np.random.default_rng(15), asymmetry_sd=0.2)
    for coded in (True, False):
        cells = cells_by_animal(60, 0.5, coded=coded).draw_cells(made, np.random.default_rng(16))
        animals = [str(a) for a in cells["animal"]]
        assert intraclass_correlation(cells["asymmetry"], animals).icc == pytest.approx(0.5, abs=0.12)
        assert cells["asymmetry"].std() == pytest.approx(0.2, rel=0.15)
        r = np.corrcoef(cells["asymmetry"], cells["learning_asymmetry"])[0, 1]
        assert r == pytest.approx(1.0) if coded else abs(r) < 0.35
    one = cells_by_animal(1, 1.0, coded=True).draw_cells(made, np.random.default_rng(17))
    assert np.ptp(one["asymmetry"]) == 0.0


def test_true_diversity_is_recovered():
    rng = np.random.default_rng(18)
    tau = np.linspace(0.25, 0.75, 40)
    arrays, axis = simulate_cells(rng, 40, 12, positive=3 * tau, negative=3 * (1 - tau), noise=2.0)
    wide = make_template(arrays, axis, 0.5 + 1.6 * (tau - 0.5))
    model = redesign(CONTROLS["distributional_measured"], diversity_factor=0.6)
    task = power._SpreadOfEstimates(model, wide, "counting")
    observed = float(np.median([task(np.random.default_rng(i)) for i in range(40)]))
    found = match_diversity(wide, rng, observed_sd=observed, n_simulations=40, **HERE)
    assert found.factor == pytest.approx(0.6, abs=0.15)
    assert found.low < found.factor < found.high
    assert found.sd == pytest.approx(found.factor * np.std(wide.taus, ddof=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t, r: resample_template(t, r, n_cells=0), "n_cells must be a whole number of at least 1"),
        (lambda t, r: resample_template(t, r, trials_factor=0), "trials_factor must be above 0"),
        (lambda t, r: resample_template(t, r, noise_factor=-1), "noise_factor must be zero or positive"),
        (lambda t, r: design_population(5, 5, r, magnitudes=(1, 2)), "at least three reward sizes"),
        (lambda t, r: design_population(5, [5, 5], r), r"7 numbers \(one a reward size\)"),
        (lambda t, r: design_population(5, 1, r), "at least 2 trials of every size"),
        (lambda t, r: design_population(5, 5, r, asymmetry_sd=0.5), "asymmetry_sd must be below 0.5"),
        (lambda t, r: design_population(5, 5, r, utility_axis=[0] * 7), "utility_axis must ascend"),
        (lambda t, r: plan(t, r, tests="astrology"), "tests must be among .*; found astrology"),
        (lambda t, r: plan(t, r, vary="mice"), "vary must be 'cells' or 'trials'; found 'mice'"),
        (lambda t, r: plan(t, r, power=1.0), "power must lie between 0 and 1"),
        (lambda t, r: plan(t, r, largest=5), "largest must be above smallest, 10; found 5"),
        (lambda t, r: power_curve(NULLS, PLANNED_TESTS, t, r, []), "designs must name at least one"),
        (lambda t, r: find_crossing([1.0], [3], [2]), "hits between 0 and n"),
        (lambda t, r: find_crossing([1.0], [1], [2], reach=1.0), "reach must be a factor above 1"),
        (lambda t, r: find_crossing([1.0], [1], [2], wanted=1.0), "wanted must lie between"),
        (lambda t, r: effective_cells(4, 5, 0.1), "n_animals must not exceed n_cells, 4; found 5"),
        (lambda t, r: cells_by_animal(3, 1.5, coded=True), "icc must lie between 0 and 1"),
        (lambda t, r: match_diversity(t, r, factors=[1.0, 0.5]), "factors must be at least two, ascending"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(template, call, message):
    with pytest.raises(ValueError, match=message):
        call(template, np.random.default_rng(0))
