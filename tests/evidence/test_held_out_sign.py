"""Held-out signs: by hand, and where own reversal points must and must not help."""

import numpy as np
import pytest
from made_cells import simulate_cells

from distributional_dopamine.evidence.held_out_sign import predict_held_out_signs
from distributional_dopamine.evidence.responses import ResponseArrays, utility_axis


def arrays_of(values, n_cells, n_magnitudes, n_trials):
    return ResponseArrays(
        tuple(f"cell {c}" for c in range(n_cells)),
        (0.1, 0.3, 1.2)[:n_magnitudes],
        np.array(values, dtype=float),
        np.arange(n_cells * n_magnitudes + 1) * n_trials,
        np.ones(len(values), dtype=bool),
    )


def test_accuracy_by_hand():
    # every trial of a condition is the same, so that the halves are too. Cell 0 turns between the first and
    # the second magnitude, cells 1 and 2 between the second and the third, and so does the shared point.
    # A zero is nothing to predict.
    values = [-1, -1, 1, 1, 1, 1] + 2 * [-1, -1, -1, -1, 1, 1]
    found = predict_held_out_signs(
        arrays_of(values, 3, 3, 2), [1.0, 2.0, 3.0], np.random.default_rng(0), n_splits=4
    )
    assert found.accuracy_own.tolist() == [1.0] * 4
    assert found.accuracy_shared.tolist() == pytest.approx([8 / 9] * 4)
    assert found.shared_by_cell[0].tolist() == pytest.approx([2 / 3, 1, 1])
    assert found.gain_by_cell.tolist() == pytest.approx([1 / 3, 0, 0])
    assert found.cells_better == 1
    assert found.cells_better_by_split.tolist() == [1] * 4
    assert found.gain.tolist() == pytest.approx([1 / 9] * 4)
    # criterion of the shared point: 6 positives and 12 negatives in the half of 9 -> falls of 3 to either
    # side
    assert found.to_frame()["accuracy_shared"].tolist() == pytest.approx([2 / 3, 1, 1])
    values[2:4] = [0, 0]
    found = predict_held_out_signs(
        arrays_of(values, 3, 3, 2), [1.0, 2.0, 3.0], np.random.default_rng(0), n_splits=1
    )
    assert found.accuracy_shared.tolist() == [1.0]


def test_a_cell_off_the_end_predicts_one_sign_throughout():
    values = [1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1]
    found = predict_held_out_signs(
        arrays_of(values, 3, 2, 2), [1.0, 2.0], np.random.default_rng(0), n_splits=2
    )
    assert found.own_by_cell.tolist() == [[1.0] * 3] * 2
    assert found.shared_by_cell.tolist() == [[0.0, 1.0, 1.0]] * 2
    assert np.isnan(found.shared_point).all()


def test_with_a_single_cell_the_shared_point_is_its_own():
    rng = np.random.default_rng(2)
    arrays, axis = simulate_cells(rng, 1, 9, noise=4.0)
    found = predict_held_out_signs(arrays, axis, rng, n_splits=100, tie_noise=0.0)
    np.testing.assert_array_equal(found.accuracy_own, found.accuracy_shared)
    assert np.ptp(found.accuracy_own) > 0.0


def test_own_points_cost_accuracy_when_cells_are_alike_and_gain_it_when_they_differ():
    rng = np.random.default_rng(1)
    alike, axis = simulate_cells(rng, 60, 20, noise=4.0)
    assert predict_held_out_signs(alike, axis, rng, n_splits=50).gain.mean() < 0
    value = rng.uniform(-3, 6, 60)
    different, axis = simulate_cells(rng, 60, 20, value=value, noise=1.0)
    for estimator in ("counting", "summing", "piecewise"):
        found = predict_held_out_signs(different, axis, rng, n_splits=20, estimator=estimator)
        assert found.gain.min() > 0.04
        assert found.cells_better > 28


def test_silent_cells_are_named():
    with pytest.raises(ValueError, match="cell 1 has a half without"):
        predict_held_out_signs(
            arrays_of([1, 1, -1, -1, 0, 0, 0, 0], 2, 2, 2), [1.0, 2.0], np.random.default_rng(0)
        )


@pytest.mark.recordings
def test_recorded_signs(recorded_arrays):
    found = predict_held_out_signs(recorded_arrays, utility_axis(recorded_arrays), np.random.default_rng(1))
    assert found.accuracy_own.mean() == pytest.approx(0.724, abs=0.002)
    assert found.accuracy_shared.mean() == pytest.approx(0.699, abs=0.002)
    assert found.cells_better == pytest.approx(26, abs=1)
