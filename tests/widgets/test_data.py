"""What the widgets are given of the cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.responses import to_arrays
from distributional_dopamine.widgets import count_signs, describe_cells

SIZES = (0.1, 0.3, 1.2)
AXIS = [1.0, 2.0, 3.0]
#: Six responses a cell, two of each size.
CELLS = {
    "high": [-2.0, -1.0, -2.0, -1.0, 3.0, 1.0],
    "above all": [-2.0, -1.0, -1.0, -1.0, -3.0, -2.0],
    "below all": [2.0, 1.0, 1.0, 1.0, 3.0, 2.0],
    "low": [-2.0, 0.0, 1.0, 2.0, 3.0, 2.0],
}


def table() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (cell, SIZES[trial // 2], True, trial, response)
            for cell, responses in CELLS.items()
            for trial, response in enumerate(responses)
        ],
        columns=["cell", "magnitude", "expected", "trial", "response"],
    )


def test_signs_are_counted_by_cell_and_size_and_zero_is_neither() -> None:
    arrays = to_arrays(table(), magnitudes=SIZES)
    counts = dict(zip(arrays.cells, count_signs(arrays).tolist(), strict=True))
    assert counts["low"] == [[2, 0, 1], [2, 2, 0], [2, 2, 0]]
    assert counts["above all"] == [[2, 0, 2]] * 3


def test_cells_are_described_in_order_of_reversal_point() -> None:
    arrays = to_arrays(table(), magnitudes=SIZES)
    described = describe_cells(arrays, AXIS, np.random.default_rng(1))
    assert [one["place"] for one in described] == [-1, 0, 0, 1]
    below, low, high, above = described
    assert low["mean"] == [-1.0, 1.5, 2.5]
    # Standard error of (-2, 0): deviation sqrt(2), over the root of two trials.
    assert low["error"] == pytest.approx([1.0, 0.5, 0.5])
    assert 1.0 < low["reversal_point"] < 2.0 < high["reversal_point"] < 3.0
    for off in (below, above):
        assert off["reversal_point"] is None
        assert off["asymmetry"] is None
    estimate = estimate_asymmetry(arrays, AXIS, np.random.default_rng(1))
    cell = arrays.cells.index("low")
    assert low["asymmetry"] == pytest.approx(estimate.asymmetry[cell])
    assert low["slope_above"] == pytest.approx(estimate.slope_above[cell])


def test_a_single_trial_has_no_error() -> None:
    one = table().groupby(["cell", "magnitude"], as_index=False).head(1)
    described = describe_cells(to_arrays(one, magnitudes=SIZES), AXIS, np.random.default_rng(1))
    assert all(cell["error"] == [0.0, 0.0, 0.0] for cell in described)
