"""Rival accounts: each by its mark, the second task by hand, and the comparison of cells that are known."""

import made_cells
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.evidence import rivals
from distributional_dopamine.evidence.nulls import make_cells, simulate_tests
from distributional_dopamine.evidence.rivals import (
    ACCOUNTS,
    best_measures,
    change_task,
    compare_tasks,
    convexity_follows_reversal,
    directions,
    draw_template,
    measurements,
    reweight,
    separability,
    simulate_two_tasks,
    steepness_follows_reversal,
)
from distributional_dopamine.evidence.simulated_responses import draw_responses, make_template, simulate_cells


@pytest.fixture(scope="module")
def template():
    rng = np.random.default_rng(3)
    arrays, axis = made_cells.simulate_cells(rng, n_cells=12, n_trials=30, noise=0.5)
    return make_template(arrays, axis, np.linspace(0.2, 0.8, 12))


def respond(name, template, *, seed=1, task=None):
    """Draw cells in one task and give their mean responses, and all else, in another."""
    model = ACCOUNTS[name]
    cells = model.draw_cells(template, np.random.default_rng(seed))
    return simulate_cells(model, cells, task or template, np.random.default_rng(seed + 1))


def crossings(axis, mean):
    """Where the mean response of each cell first rises through zero."""
    out = []
    for row in mean:
        k = int(np.argmax(row > 0.0))
        out.append(axis[k - 1] - row[k - 1] * (axis[k] - axis[k - 1]) / (row[k] - row[k - 1]))
    return np.array(out)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_account_gives_responses_in_the_recorded_form(name, template):
    made = respond(name, template)
    assert made.mean.shape == (12, 7)
    assert np.isfinite(made.mean).all()
    assert np.array_equal(made.responses.counts(), template.arrays.counts())
    again = respond(name, template)
    assert np.array_equal(made.responses.values, again.responses.values)


def test_four_accounts_are_classical_at_the_reward(template):
    for name in ("classical", "scaled_error", "vector_error", "opponent_readout"):
        points = crossings(template.utility_axis, respond(name, template).mean)
        assert np.ptp(points) < 1e-9
        assert points[0] == pytest.approx(template.utility_axis @ template.probabilities, abs=0.3)


def test_what_is_diverse_elsewhere(template):
    assert np.ptp(respond("vector_error", template).truth["cue"]) > 1.0
    striatum = respond("opponent_readout", template).truth
    taus, order = striatum["striatal_tau"], np.argsort(striatum["striatal_tau"])
    assert (np.diff(striatum["d1"][order]) >= -1e-9).all()
    assert (striatum["d1"] > striatum["d2"]).all()  # beta = 4: right tail against left tail
    boosted = 4.0 * taus / (4.0 * taus + 1.0 - taus)
    wanted = expectiles(template.utility_axis, boosted, template.probabilities)
    assert striatum["d1"] == pytest.approx(wanted, abs=0.5)


def test_scaled_errors_are_divided_by_the_spread(template):
    axis, p = template.utility_axis, template.probabilities
    sd = np.sqrt((axis - axis @ p) ** 2 @ p)
    narrow = change_task(template, probabilities=reweight(p, axis, mean=axis @ p, sd=sd / 2))
    slopes = [np.diff(respond("scaled_error", template, task=t).mean[:, [0, -1]]) for t in (template, narrow)]
    assert slopes[1] / slopes[0] == pytest.approx(2.0)


def test_normalised_values_by_hand(template):
    half = np.array([2.0])
    cells = {"semi_saturation": np.repeat(half, 12), "scale": np.ones(12)}
    mean = rivals._respond_normalised(cells, template, np.random.default_rng(1))["mean"][0]
    volumes = np.array([0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0])
    f = volumes**2 / (4.0 + volumes**2)
    assert mean == pytest.approx(f - f @ template.probabilities)
    assert mean @ template.probabilities == pytest.approx(0.0)


def test_normalised_cells_have_the_measured_slope(template):
    made = respond("normalised", template)
    axis = template.utility_axis
    slopes = [stats.linregress(axis, row).slope for row in made.mean]
    assert slopes == pytest.approx(template.gain)


def test_efficient_tuning_integrates_its_density(template):
    """The incomplete beta function, against the integral over D it stands for."""
    rank, s, alpha = 0.3, rivals.EFFICIENT_SHARPNESS, rivals.EFFICIENT_EXPONENT
    volumes, p = np.array(template.arrays.magnitudes), template.probabilities
    mean, variance = volumes @ p, (volumes - volumes @ p) ** 2 @ p
    sigma = np.sqrt(np.log(1 + variance / mean**2))
    law = stats.lognorm(sigma, scale=mean / np.exp(sigma**2 / 2))
    assert (law.mean(), law.var()) == pytest.approx((mean, variance))
    got = rivals._efficient_tuning({"rank": np.array([rank])}, template)[0]
    for x, value in zip(volumes, got, strict=True):
        place = 1 - (1 - law.cdf(x)) ** alpha
        area, _ = integrate.quad(lambda d: d ** (s * rank - 1) * (1 - d) ** (s * (1 - rank) - 1), 0, place)
        # gain (1 - P)^-alpha at the place where D = rank
        assert value == pytest.approx(area / special.beta(s * rank, s * (1 - rank)) / (1 - rank), rel=1e-6)


def test_efficient_cells_of_higher_rank_reverse_later_and_reach_higher(template):
    made = respond("efficient", template)
    order = np.argsort(made.truth["rank"])
    points = crossings(template.utility_axis, made.mean)[order]
    assert (np.diff(points) > 0.0).all()
    assert made.mean.mean(axis=0) == pytest.approx(template.utility_axis, abs=1.5)


def test_quantile_values_are_quantiles(template):
    made = respond("quantile", template)
    share_below = [(template.utility_axis < v - 0.2) @ template.probabilities for v in made.truth["value"]]
    share_up_to = [(template.utility_axis < v + 0.2) @ template.probabilities for v in made.truth["value"]]
    tau = made.truth["asymmetry"]
    assert (np.array(share_below) <= tau + 0.03).all()
    assert (np.array(share_up_to) >= tau - 0.03).all()


def test_reweight_meets_its_moments_and_moves_least():
    axis = np.array([-3.5, -3.0, -2.5, -1.5, 0.5, 4.5, 8.5])
    p = np.array([1, 2, 3, 3, 6, 3, 2]) / 20
    q = reweight(p, axis, mean=1.0, sd=2.5)
    assert q.sum() == pytest.approx(1.0)
    assert q @ axis == pytest.approx(1.0)
    assert (q @ axis**2 - 1.0) == pytest.approx(2.5**2)
    ratio = np.log(q / p)  # a quadratic in the axis, and nothing but
    assert ratio == pytest.approx(np.polyval(np.polyfit(axis, ratio, 2), axis), abs=1e-8)
    with pytest.raises(ValueError, match="mean and sd must be those of some distribution"):
        reweight(p, axis, mean=8.4, sd=5.0)


def test_change_task_by_hand(template):
    p = np.array([0.4, 0.3, 0.1, 0.1, 0.1, 0.0, 0.0])
    made = change_task(template, probabilities=p)
    # 210 trials a cell; no size gets fewer than four
    assert made.arrays.counts()[0].tolist() == [84, 63, 21, 21, 21, 4, 4]
    assert made.arrays.expected[:4].tolist() == [True, False, True, False]
    assert np.array_equal(made.utility_axis, template.utility_axis)
    halved = change_task(template, volume_factor=0.5)
    assert halved.arrays.magnitudes == (0.05, 0.15, 0.6, 1.25, 2.5, 5.0, 10.0)
    axis = template.utility_axis
    between = axis[0] + (axis[1] - axis[0]) * np.log(0.15 / 0.1) / np.log(0.3 / 0.1)
    assert halved.utility_axis == pytest.approx([axis[0], between, *halved.utility_axis[2:4], *axis[3:6]])
    assert halved.probabilities == pytest.approx(template.probabilities)
    with pytest.raises(ValueError, match="volume_factor must be above zero"):
        change_task(template, volume_factor=0.0)


def test_draw_template_takes_whole_cells(template):
    made = draw_template(template, 30, np.random.default_rng(1))
    assert made.arrays.n_cells == 30
    source = [int(np.flatnonzero(template.gain == g)[0]) for g in made.gain]
    for c, own in enumerate(source):
        theirs = template.residuals[template.residual_offsets[own] : template.residual_offsets[own + 1]]
        assert np.array_equal(made.residuals[made.residual_offsets[c] : made.residual_offsets[c + 1]], theirs)
        assert np.array_equal(made.arrays.condition(c, 2), template.arrays.condition(own, 2))


def test_comparison_of_cells_that_are_known():
    """Distributional cells without noise to speak of: tau stays, reversal points go where expectiles go."""
    rng = np.random.default_rng(1)
    n = 24
    arrays, axis = made_cells.simulate_cells(rng, n_cells=n, n_trials=40, noise=0.02)
    first = make_template(arrays, axis, [0.5])
    shifted = reweight(first.probabilities, axis, mean=axis @ first.probabilities, sd=2.0)
    second = change_task(first, probabilities=shifted)
    taus = np.linspace(0.2, 0.8, n)
    responses, values = [], []
    for task in (first, second):
        value = expectiles(axis, taus, task.probabilities)
        error = axis - value[:, None]
        mean = np.where(error > 0, taus[:, None], 1 - taus[:, None]) * error
        responses.append(draw_responses(task, mean, rng))
        values.append(value)
    found = compare_tasks(*responses, rng)
    # the axis is the mean response, which is nearly a line of the given one
    assert found.asymmetry_first == pytest.approx(taus, abs=0.05)
    measures = {name: value for name, (value, _) in found.measures().items()}
    assert min(measures["asymmetry_r"], measures["reversal_r"]) > 0.98
    assert measures["asymmetry_change"] == pytest.approx(0.0, abs=0.03)
    assert measures["shift_slope"] == pytest.approx(1.0, abs=0.15)
    assert measures["shift_missed"] == pytest.approx(0.0, abs=0.1)
    shift = found.reversal_second - found.reversal_first
    assert np.corrcoef(shift, values[1] - values[0])[0, 1] > 0.98


def test_no_slope_where_the_same_is_predicted_for_all():
    assert np.isnan(rivals._median_slope(np.zeros(4), np.arange(4.0)))


def test_measures_by_hand():
    nan = np.nan
    first = np.array([0.0, 1.0, 2.0, 3.0, nan])
    comparison = rivals.TaskComparison(
        reversal_first=first,
        reversal_second=2.0 * first,
        asymmetry_first=np.array([0.2, 0.4, 0.6, 0.8, nan]),
        asymmetry_second=np.array([0.3, 0.5, 0.9, 0.7, 0.1]),
        predicted_shift=np.array([[0.0, 1.0, 2.0, 3.0, nan]]),
        shift=np.array([[1.0, 3.0, 5.0, 7.0, nan]]),
        slope_first=np.array([1.0, 1.0, 1.0, -1.0, 1.0]),
        slope_second=np.array([2.0, 2.0, 4.0, 2.0, 8.0]),
    )
    got = {name: value for name, (value, _) in comparison.measures().items()}
    assert got["asymmetry_r"] == pytest.approx(stats.spearmanr([1, 2, 3, 4], [1, 2, 4, 3]).statistic)
    assert got["reversal_r"] == pytest.approx(1.0)
    assert got["shift_slope"] == pytest.approx(2.0)
    assert got["shift_missed"] == pytest.approx(2.5)
    assert got["spread_change"] == pytest.approx(1.0)
    assert got["slope_change"] == pytest.approx(1.5)  # of 1, 1, 2, 3; the falling cell is left out
    assert got["asymmetry_change"] == pytest.approx(0.1)
    missed = stats.ttest_1samp([1.0, 2.0, 3.0, 4.0], 0.0)
    assert comparison.measures()["shift_missed"][1] == pytest.approx(missed.pvalue)


def test_median_slope_against_scipy():
    x, y = np.random.default_rng(1).normal(size=(2, 15))
    assert rivals._median_slope(x, y) == pytest.approx(stats.theilslopes(y, x).slope)


def test_a_task_on_its_own_axis_hides_what_all_cells_do(template):
    axis, p = template.utility_axis, template.probabilities
    sd = np.sqrt((axis - axis @ p) ** 2 @ p)
    narrow = change_task(template, probabilities=reweight(p, axis, mean=axis @ p, sd=sd / 2))
    one = respond("scaled_error", template).responses
    two = respond("scaled_error", template, task=narrow).responses
    changes = [
        compare_tasks(one, two, np.random.default_rng(1), common_axis=common).measures()["slope_change"][0]
        for common in (True, False)
    ]
    assert changes == pytest.approx([1.0, 0.0], abs=0.15)
    with pytest.raises(ValueError, match="same cells"):
        compare_tasks(one, two.select(two.cells[:5]), np.random.default_rng(1))


def test_shape_tests_see_shape_and_only_that():
    rng = np.random.default_rng(5)
    value = np.linspace(-2.0, 3.0, 40)
    rising = np.linspace(0.2, 0.8, 40)
    bent, _ = made_cells.simulate_cells(rng, value=value, positive=rising, negative=1 - rising, noise=0.3)
    straight, _ = made_cells.simulate_cells(rng, value=value, noise=0.3)
    steeper, _ = made_cells.simulate_cells(rng, value=value, positive=rising, negative=rising, noise=0.3)
    assert convexity_follows_reversal(bent, rng, n_splits=3).statistic > 0.9
    assert abs(convexity_follows_reversal(straight, rng, n_splits=3).statistic) < 0.4
    assert steepness_follows_reversal(steeper, rng).statistic > 0.9
    assert abs(steepness_follows_reversal(straight, rng).statistic) < 0.4


def test_directions_by_hand():
    table = pd.DataFrame(
        {
            "model": "a",
            "test": "t",
            "p": [0.01, 0.01, 0.5, np.nan],
            "statistic": [1.0, -1.0, 0.2, np.nan],
            "as_predicted": [True, False, True, False],
        }
    )
    row = directions(table).loc[("a", "t")]
    assert (row["predicted"], row["opposite"], row["median"]) == (0.25, 0.25, 0.2)


def test_separability_against_all_pairs():
    a, b = np.random.default_rng(1).normal(size=(2, 9))
    assert separability(a, b) == pytest.approx((b[None, :] > a[:, None]).mean())
    assert np.isnan(separability([np.nan], [1.0]))


def test_the_best_measure_is_judged_on_other_simulations():
    rng = np.random.default_rng(1)
    rows = []
    for model, centre in (("a", 0.0), ("b", 3.0)):
        for i in range(40):
            rows.append((model, i, "t", "good", centre + rng.normal()))
            rows.append((model, i, "t", "bad", rng.normal()))
    table = pd.DataFrame(rows, columns=["model", "simulation", "task", "measure", "value"])
    best = best_measures(table)
    assert best["measure"].tolist() == ["good", "good"]
    assert best["auc"].min() > 0.9
    assert best_measures(table, among=["bad"])["auc"].max() < 0.75


def test_two_tasks_do_not_depend_on_workers_or_on_other_models(template):
    tasks = {"halved": change_task(template, volume_factor=0.5)}
    models = {name: ACCOUNTS[name] for name in ("offset", "efficient")}
    both = simulate_two_tasks(models, template, tasks, np.random.default_rng(1), n_simulations=3, n_workers=1)
    alone = simulate_two_tasks(
        {"efficient": ACCOUNTS["efficient"]},
        template,
        tasks,
        np.random.default_rng(1),
        n_simulations=3,
        n_workers=2,
    )
    assert both.shape == (2 * 3 * 7, 6)
    pd.testing.assert_frame_equal(both[both["model"] == "efficient"].reset_index(drop=True), alone)
    with pytest.raises(ValueError, match="must not be empty"):
        simulate_two_tasks(models, template, {}, np.random.default_rng(1))


def test_all_accounts_pass_the_tests_of_the_recordings(template):
    table = simulate_tests(
        ACCOUNTS, measurements(1), template, np.random.default_rng(1), n_simulations=1, n_workers=1
    )
    assert set(table["test"]) == set(measurements(1))
    assert table.groupby("model").size().eq(7).all()


def test_a_cells_own_account_keeps_its_cells(template):
    """The same cells in two tasks: what was drawn for them stays."""
    model = ACCOUNTS["distributional"]
    cells = make_cells(template, asymmetry=np.linspace(0.2, 0.8, 12))
    lean = change_task(template, volume_factor=0.5)
    made = [simulate_cells(model, cells, task, np.random.default_rng(1)) for task in (template, lean)]
    assert np.array_equal(made[0].truth["asymmetry"], made[1].truth["asymmetry"])
    assert (made[1].truth["value"] < made[0].truth["value"]).all()
