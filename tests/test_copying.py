"""The two small helpers of compiled code against what NumPy does itself."""

from __future__ import annotations

import numpy as np
import pytest

from distributional_dopamine._copying import copy_into
from distributional_dopamine._ordering import order_of


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_a_row_is_filled_and_nothing_else(shape: tuple[int, ...]) -> None:
    rows = np.full((3, *shape), -1.0)
    source = np.arange(np.prod(shape), dtype=float).reshape(shape)
    copy_into(rows[1], source)
    np.testing.assert_array_equal(rows[1], source)
    assert (rows[[0, 2]] == -1.0).all()


def test_strided_arrays_are_copied_by_place() -> None:
    table = np.zeros((2, 4))
    copy_into(table[:, 1:3], np.array([[1.0, 2.0], [3.0, 4.0]]).T)
    np.testing.assert_array_equal(table, [[0.0, 1.0, 3.0, 0.0], [0.0, 2.0, 4.0, 0.0]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], []), ([3.0], [0]), ([2.0, 1.0, 3.0], [1, 0, 2]), ([1.0, 0.0, 1.0, 0.0], [1, 3, 0, 2])],
)
def test_few_numbers_are_put_in_order(values: list[float], expected: list[int]) -> None:
    assert order_of(np.array(values)).tolist() == expected


def test_equal_numbers_keep_their_order() -> None:
    values = np.random.default_rng(1).integers(0, 10, 40).astype(float)
    np.testing.assert_array_equal(order_of(values), np.argsort(values, kind="stable"))
