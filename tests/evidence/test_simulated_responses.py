"""Simulated populations: the template by hand, the values against expectiles, and each rule by its mark."""

import dataclasses

import made_cells
import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.nulls import CONTROLS, MODELS
from distributional_dopamine.evidence.responses import (
    ResponseArrays,
    pool_arrays,
    pool_trials,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.evidence.simulated_responses import (
    Model,
    draw_responses,
    learn_values,
    make_template,
    simulate_cells,
)

AXIS = np.array([-3.0, -1.0, 2.0])


def small_template():
    """Make a template of two cells, three magnitudes; residuals worked out below."""
    values = [-6.0, -2.0, -3.0, 5.0, 7.0, 1.0, 1.0, 2.0, 4.0, 0.0]
    expected = [True, True, True, True, True, True, False, True, True, False]
    arrays = ResponseArrays(
        ("a", "b"), (0.1, 0.3, 1.2), np.array(values), np.array([0, 2, 3, 5, 6, 7, 10]), np.array(expected)
    )
    return make_template(arrays, AXIS, [0.25, np.nan, 0.75])


def test_template_by_hand():
    template = small_template()
    # means: a -4, -3, 6; b 1, 1, 2; axis squared sums to 14
    assert template.gain.tolist() == pytest.approx([(12 + 3 + 12) / 14, (-3 - 1 + 4) / 14])
    # a: -6 and -2 give -2 and 2 times sqrt(2), 5 and 7 give -1 and 1 times sqrt(2); the single trial gives
    # none. b: 2 and 4 (expected) give -1 and 1 times sqrt(2); 0, the single unexpected one, gives none
    wanted = np.sqrt(2) * np.array([-2, 2, -1, 1, -1, 1])
    assert template.residuals.tolist() == pytest.approx(wanted.tolist())
    assert template.residual_offsets.tolist() == [0, 4, 6]
    assert template.residual_sd.tolist() == pytest.approx([np.sqrt(5), np.sqrt(2)])
    # mean response minus gain x mean of the axis (-2/3): a -1/3 + 9/7, b 4/3
    assert template.offset_sd == pytest.approx(np.std([-1 / 3 + 9 / 7, 4 / 3], ddof=1))
    assert template.taus.tolist() == [0.25, 0.75]
    assert template.probabilities.tolist() == [0.3, 0.2, 0.5]


def test_values_are_the_expectiles_of_the_rewards():
    template = small_template()
    taus = np.array([0.1, 0.5, 0.9])
    learned = learn_values(template, taus, np.random.default_rng(1), n_trials=200_000, learning_rate=0.01)
    exact = expectiles(AXIS, taus, weights=template.probabilities)
    np.testing.assert_allclose(learned, exact, atol=0.05)
    assert learned[1] == pytest.approx(AXIS @ template.probabilities, abs=0.05)


@pytest.fixture(scope="module")
def template():
    rng = np.random.default_rng(2)
    tau = rng.uniform(0.2, 0.8, 30)
    arrays, axis = made_cells.simulate_cells(rng, 30, 24, positive=3 * tau, negative=3 * (1 - tau), noise=1.5)
    measured = estimate_asymmetry(arrays, axis, rng, estimator="piecewise")
    return make_template(arrays, axis, measured.asymmetry)


@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_has_the_trials_and_the_noise_of_the_template(template, model):
    made = MODELS[model](template, np.random.default_rng(3))
    assert made.responses.cells == template.arrays.cells
    np.testing.assert_array_equal(made.responses.offsets, template.arrays.offsets)
    np.testing.assert_array_equal(made.responses.expected, template.arrays.expected)
    # what is left when the true means are taken off is the noise, and (for half the trials) the shift of
    # pooling
    error = template.utility_axis[None, :] - made.truth["value"][:, None]
    slopes = np.where(error > 0, made.truth["slope_above"][:, None], made.truth["slope_below"][:, None])
    means = slopes * error + made.truth["offset"][:, None]
    np.testing.assert_array_equal(means, made.mean)
    noise = made.responses.values - np.repeat(means.ravel(), np.diff(made.responses.offsets))
    shift = noise[~made.responses.expected].mean() - noise[made.responses.expected].mean()
    assert abs(shift) < 0.15
    assert noise.std() == pytest.approx(template.residual_sd.mean(), rel=0.05)
    from_residuals = np.isin(np.round(noise[made.responses.expected], 9), np.round(template.residuals, 9))
    assert from_residuals.all() == (model != "classical_gaussian")
    again = MODELS[model](template, np.random.default_rng(3))
    np.testing.assert_array_equal(again.responses.values, made.responses.values)


def test_residuals_are_drawn_cell_after_cell(template):
    """So that a seed gives what it gave when each cell was drawn by a call of its own."""
    arrays, mean = template.arrays, template.arrays.means()
    found = draw_responses(template, mean, np.random.default_rng(5))
    rng, parts = np.random.default_rng(5), []
    for c, n_trials in enumerate(arrays.counts().sum(axis=1)):
        own = template.residuals[template.residual_offsets[c] : template.residual_offsets[c + 1]]
        parts.append(own[rng.integers(own.size, size=n_trials)])
    values = np.repeat(mean.ravel(), np.diff(arrays.offsets)) + np.concatenate(parts)
    expected = pool_arrays(dataclasses.replace(arrays, values=values))
    np.testing.assert_array_equal(found.values, expected.values)


def test_each_model_by_its_mark(template):
    made = {name: model(template, np.random.default_rng(4)).truth for name, model in MODELS.items()}
    classical = ("classical_bootstrap", "classical_gaussian", "classical_equal_gain", "classical_offset")
    for name in (*classical, "shared_value"):
        assert np.ptp(made[name]["value"]) == 0.0
    for name in classical:
        np.testing.assert_array_equal(made[name]["asymmetry"], 0.5)
    assert np.ptp(made["classical_equal_gain"]["slope_above"]) == 0.0
    np.testing.assert_allclose(made["classical_bootstrap"]["slope_above"], template.gain)
    assert made["classical_offset"]["offset"].std() == pytest.approx(template.offset_sd, rel=0.4)
    assert all((made[name]["offset"] == 0).all() for name in made if name != "classical_offset")
    for name in ("shared_value", "distributional_measured", "shuffled_asymmetry"):
        assert np.isin(made[name]["asymmetry"], template.taus).all()
        np.testing.assert_allclose(
            made[name]["slope_above"] / (made[name]["slope_above"] + made[name]["slope_below"]),
            made[name]["asymmetry"],
        )
        np.testing.assert_allclose(made[name]["slope_above"] + made[name]["slope_below"], 2 * template.gain)
    for name in CONTROLS:  # a larger tau has a higher value, without exception
        order = np.argsort(made[name]["asymmetry"])
        assert (np.diff(made[name]["value"][order]) >= 0).all()
    shuffled = made["shuffled_asymmetry"]
    assert abs(np.corrcoef(shuffled["asymmetry"], shuffled["value"])[0, 1]) < 0.5
    assert sorted(shuffled["asymmetry"]) == sorted(shuffled["learning_asymmetry"])
    assert set(made["distributional_uniform"]["asymmetry"]).isdisjoint(template.taus)


def test_a_model_of_ones_own_is_two_functions(template):
    """The same cells in two tasks: what was drawn for them stays, what they respond does not."""

    def draw_cells(template, rng):
        return {"threshold": rng.uniform(-2.0, 2.0, template.arrays.n_cells)}

    def respond(cells, template, rng):
        return {"mean": np.tanh(template.utility_axis[None, :] - cells["threshold"][:, None])}

    model = Model(draw_cells, respond, noise="gaussian")
    whole = model(template, np.random.default_rng(1))
    np.testing.assert_allclose(whole.mean, np.tanh(template.utility_axis - whole.truth["threshold"][:, None]))
    rng = np.random.default_rng(1)
    cells = draw_cells(template, rng)
    narrow = dataclasses.replace(template, utility_axis=template.utility_axis / 2)
    there, here = simulate_cells(model, cells, narrow, rng), simulate_cells(model, cells, template, rng)
    np.testing.assert_array_equal(there.truth["threshold"], here.truth["threshold"])
    np.testing.assert_array_equal(here.mean, whole.mean)
    assert np.abs(there.mean).max() < np.abs(here.mean).max()


def test_pooling_arrays_is_pooling_the_table():
    rng = np.random.default_rng(5)
    rows = [
        (cell, float(rng.choice([0.1, 1.2, 5.0])), bool(rng.random() < 0.4), i, float(rng.normal()))
        for cell in ("b", "a")
        for i in range(30)
    ]
    table = pd.DataFrame(rows, columns=["cell", "magnitude", "expected", "trial", "response"])
    np.testing.assert_allclose(pool_arrays(to_arrays(table)).values, to_arrays(pool_trials(table)).values)
    one_kind = to_arrays(table[table["expected"]])
    assert pool_arrays(one_kind) is one_kind


def test_bad_arguments_are_named(template):
    rng = np.random.default_rng(0)
    means = template.arrays.means()
    with pytest.raises(ValueError, match="noise must be one of resampled, gaussian; found 'pink'"):
        draw_responses(template, means, rng, noise="pink")
    with pytest.raises(ValueError, match=r"mean must be one response a cell and magnitude, shape \(30, 7\)"):
        draw_responses(template, means.T, rng)
    arrays, axis = made_cells.simulate_cells(np.random.default_rng(0), n_cells=2, n_trials=1)
    with pytest.raises(ValueError, match="condition of more than one trial for cell 0"):
        make_template(arrays, axis, [0.5])
    with pytest.raises(ValueError, match="taus must hold at least one"):
        make_template(template.arrays, template.utility_axis, [np.nan])
    lacking = template.arrays.to_frame()
    lacking = lacking[~((lacking["cell"] == "cell 3") & (lacking["magnitude"] == 5.0))]
    with pytest.raises(ValueError, match="cell 3 lacks one"):
        make_template(lacking, template.utility_axis, [0.5])


@pytest.mark.recordings
def test_template_of_the_recorded_cells(recorded_arrays):
    axis = utility_axis(recorded_arrays)
    measured = estimate_asymmetry(recorded_arrays, axis, np.random.default_rng(1))
    template = make_template(recorded_arrays, axis, measured.asymmetry)
    assert template.gain.mean() == pytest.approx(1.0)  # the axis is the mean over cells
    assert template.gain.min() > 0
    assert template.offset_sd == pytest.approx(1.234, abs=1e-3)
    assert template.residual_sd.mean() == pytest.approx(4.261, abs=1e-3)
