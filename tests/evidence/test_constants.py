"""Cells that differ by a constant and cannot fire below zero: fitted where the truth is known."""

import numpy as np
import pytest

from distributional_dopamine.evidence.comparable import choose_comparable
from distributional_dopamine.evidence.constants import (
    ConstantCells,
    fit_constant_cells,
    lowest_responses,
    shares_of_kinds,
)
from distributional_dopamine.evidence.nulls import monte_carlo_p
from distributional_dopamine.evidence.power import resample_template
from distributional_dopamine.evidence.responses import ResponseArrays
from distributional_dopamine.evidence.verdict import (
    FLOORED,
    VERDICT_MODELS,
    simulate_verdict,
    verdict_statistics,
)

AXIS = np.array([-3.0, -1.0, 1.0, 3.0])
NO_FLOOR = np.full((2, 2), -np.inf)


def cells_of(gain, constant, lowest, share=(0.5, 0.5)) -> ConstantCells:
    n = len(gain)
    return ConstantCells(
        AXIS, np.array(gain), np.array(constant), np.array(lowest, dtype=float), np.tile(share, (n, 1))
    )


def arrays_of(means, noise=0.0, n_trials=4, rng=None, expected=(True, False)) -> ResponseArrays:
    n_cells, n_sizes = means.shape
    values = np.repeat(means.ravel(), n_trials)
    if noise:
        values = values + rng.normal(0.0, noise, values.size)
    return ResponseArrays(
        tuple(f"cell {c}" for c in range(n_cells)),
        tuple(np.arange(1.0, n_sizes + 1)),
        values,
        np.arange(n_cells * n_sizes + 1) * n_trials,
        np.tile(expected, values.size // 2),
    )


def test_means_by_hand():
    made = cells_of([2.0, 1.0], [-1.0, 0.0], [[-5.0, -6.0], [-np.inf, -np.inf]])
    # 2 u - 1 = -7, -3, 1, 5: the first stops at -5 and -6, and is -5.5 on average
    np.testing.assert_allclose(made.means(), [[-5.5, -3.0, 1.0, 5.0], [-3.0, -1.0, 1.0, 3.0]])
    np.testing.assert_array_equal(made.select(np.array([1, 1])).means(), np.tile(AXIS, (2, 1)))


def test_floor_of_a_cell_is_its_silence():
    lowest = lowest_responses({"a": 4.0}, -1.5, ("a", "b"))
    np.testing.assert_array_equal(lowest, [[-4.0, -5.5], [-np.inf, -np.inf]])


def test_shares_by_hand():
    arrays = arrays_of(np.zeros((2, 2)), n_trials=2)
    np.testing.assert_array_equal(shares_of_kinds(arrays), [[0.5, 0.5], [0.5, 0.5]])
    all_of_a_kind = arrays_of(np.zeros((2, 2)), n_trials=2, expected=(True, True))
    np.testing.assert_array_equal(shares_of_kinds(all_of_a_kind), [[1.0, 0.0], [1.0, 0.0]])


def test_without_a_floor_it_is_a_regression_of_each_cell():
    means = np.array([[-4.0, 0.0, 1.0, 5.0], [1.0, 2.0, 2.0, 7.0]])
    found = fit_constant_cells(arrays_of(means), AXIS, NO_FLOOR)
    lines = np.array([np.polyfit(AXIS, row, 1) for row in means])
    np.testing.assert_allclose(np.column_stack([found.gain, found.constant]), lines, atol=1e-12)


@pytest.mark.parametrize("expected", [(True, False), (True, True), (False, False)])
def test_finds_the_responses_that_it_was_given(expected):
    rng = np.random.default_rng(1)
    n = 30
    floor = -np.exp(rng.normal(0.5, 0.2, n))
    share = np.mean([np.array(expected), ~np.array(expected)], axis=1)
    lowest = np.column_stack([floor, floor - 0.5])
    truth = cells_of(rng.uniform(0.7, 1.4, n), rng.normal(0.0, 1.5, n), lowest, share)
    means = truth.means()
    assert (truth.gain[:, None] * AXIS + truth.constant[:, None] < means - 0.5).sum() > 10
    found = fit_constant_cells(arrays_of(means, expected=expected), means.mean(axis=0), lowest)
    np.testing.assert_allclose(found.means(), means, atol=0.05)
    # far better than lines without a floor
    straight = fit_constant_cells(
        arrays_of(means, expected=expected), means.mean(axis=0), -np.inf * lowest**2
    )
    assert np.abs(straight.means() - means).max() > 0.5


def test_a_constant_beside_a_low_rate_explains_what_a_constant_alone_does_not():
    """The case that the floor is there for: without it, such cells would be taken for distributional TD."""
    rng = np.random.default_rng(3)
    n = 40
    floor = np.full((n, 2), -3.0)
    truth = cells_of(rng.uniform(0.8, 1.2, n), rng.normal(0.0, 1.0, n), floor)
    arrays = arrays_of(truth.means(), noise=1.0, n_trials=24, rng=rng)
    template = choose_comparable(arrays, rng, baselines=dict.fromkeys(arrays.cells, 3.0)).template
    models = {name: VERDICT_MODELS[name] for name in (FLOORED, "classical_offset")}
    simulated = simulate_verdict(template, rng, models=models, n_simulations=59, n_splits=4, n_workers=1)
    found = verdict_statistics(arrays, rng, n_splits=4).follow
    p = {name: monte_carlo_p(found, table["follow"]) for name, table in simulated.groupby("model")}
    assert p["classical_offset"] < 0.05 < 0.2 < p[FLOORED]


def test_constants_go_with_their_cells_into_another_design():
    rng = np.random.default_rng(4)
    means = cells_of([1.0, 2.0], [0.0, 3.0], NO_FLOOR).means()
    template = choose_comparable(arrays_of(means, noise=0.5, n_trials=6, rng=rng), rng).template
    wider = resample_template(template, rng, n_cells=5)
    which = [int(name[-1]) for name in wider.arrays.cells]
    np.testing.assert_array_equal(wider.constants.constant, template.constants.constant[which])
    made = VERDICT_MODELS[FLOORED](wider, rng)
    np.testing.assert_allclose(made.mean, wider.constants.means())
