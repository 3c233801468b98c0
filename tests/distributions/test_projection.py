"""The categorical projection: by hand, against rlax, and what it keeps."""

import importlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine.distributions import categorical_projection, cramer_distance, expectiles

settings.register_profile("quiet", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("quiet")

finite = st.floats(-50, 50, allow_subnormal=False)
distributions = st.lists(st.tuples(finite, st.integers(0, 5)), min_size=1, max_size=10).filter(
    lambda pairs: any(weight for _, weight in pairs)
)
supports = st.lists(st.integers(-30, 30), min_size=1, max_size=8, unique=True).map(
    lambda points: np.sort(np.array(points, dtype=float))
)


def unzip(pairs):
    values, weights = np.array(pairs, dtype=float).T
    return values, weights


def test_by_hand():
    # a quarter of the way from 0 to 1; a third of the way from 1 to 4
    found = categorical_projection([0.25, 2.0], [1, 3], [0, 1, 4])
    np.testing.assert_allclose(found, [0.75 / 4, 0.25 / 4 + 2 / 4, 1 / 4], rtol=1e-15)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0], [1, 0, 0]),  # on the lower edge
        ([-7.0], [1, 0, 0]),  # below it
        ([2.0], [0, 0, 1]),  # on the upper edge
        ([1e300], [0, 0, 1]),  # above it
        ([1.0], [0, 1, 0]),  # on a point inside
        ([1.0, 1.0], [0, 1, 0]),  # a tie
        ([np.nextafter(2.0, 0)], [0, 0, 1]),  # a rounding below the edge
    ],
)
def test_atoms_at_and_beyond_the_edges(values, expected):
    np.testing.assert_allclose(categorical_projection(values, None, [0, 1, 2]), expected, atol=1e-15)


def test_one_point_of_support_takes_everything():
    assert categorical_projection([-1, 0, 8], [1, 2, 3], [5]).tolist() == [1.0]


def test_weightless_atoms_do_not_matter_and_weights_need_not_sum_to_one():
    expected = categorical_projection([0.25, 1.5], [0.5, 0.5], [0, 1, 2])
    found = categorical_projection([0.25, -99, 1.5, 99], [7, 0, 7, 0], [0, 1, 2])
    np.testing.assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def rlax():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # one of its own dependencies
        return importlib.import_module("rlax")


def test_against_rlax(rlax):
    rng = np.random.default_rng(5)
    values, weights = rng.normal(scale=15, size=40), rng.random(40)
    support = np.linspace(-20.0, 25.0, 12)
    single = [array.astype(np.float32) for array in (values, weights / weights.sum(), support)]
    expected = rlax.categorical_l2_project(*single)
    np.testing.assert_allclose(
        categorical_projection(values, weights, support), expected, atol=2e-5
    )  # float32


@given(distributions, supports)
def test_keeps_mass_and_mean(pairs, support):
    values, weights = unzip(pairs)
    found = categorical_projection(values, weights, support)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1, rel=1e-14)
    clipped = np.clip(values, support[0], support[-1])
    assert found @ support == pytest.approx(np.average(clipped, weights=weights), rel=1e-12, abs=1e-12)


@given(distributions, supports)
def test_projecting_twice_changes_nothing(pairs, support):
    once = categorical_projection(*unzip(pairs), support)
    np.testing.assert_allclose(categorical_projection(support, once, support), once, rtol=1e-13, atol=1e-15)


@given(distributions, supports, st.lists(st.integers(0, 9), min_size=8, max_size=8))
def test_nothing_on_the_support_is_nearer_by_the_cramer_distance(pairs, support, rival):
    values, weights = unzip(pairs)
    found = categorical_projection(values, weights, support)
    rival_weights = np.array(rival[: support.size]) + 1e-3
    best = cramer_distance(values, support, weights, found)
    assert best <= cramer_distance(values, support, weights, rival_weights) + 1e-12
    nudged = 0.99 * found + 0.01 * rival_weights / rival_weights.sum()
    assert best <= cramer_distance(values, support, weights, nudged) + 1e-12


@given(distributions, supports, st.floats(0.05, 0.95))
def test_projection_spreads_but_never_narrows(pairs, support, tau):
    values, weights = unzip(pairs)
    clipped = np.clip(values, support[0], support[-1])
    found = expectiles(support, tau, categorical_projection(values, weights, support))
    # the projection is a mean-preserving spread: optimists rise, pessimists fall
    change = found - expectiles(clipped, tau, weights)
    assert change * np.sign(tau - 0.5) >= -1e-12


def test_extreme_supports():
    found = categorical_projection([0.0], None, [-1.7e308, 1.7e308])
    assert found.tolist() == [0.5, 0.5]
    found = categorical_projection([1e9 + 0.25], None, [1e9, 1e9 + 1])
    assert found.tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    ("values", "weights", "support", "message"),
    [
        ([], None, [0, 1], "values must be one-dimensional"),
        ([np.nan], None, [0, 1], "values must be finite"),
        ([1], None, [], "support must be one-dimensional"),
        ([1], None, [0, 2, 1], "support must be strictly increasing, found 2.0 before 1.0 at position 1"),
        ([1], None, [0, 0, 1], "support must be strictly increasing, found 0.0 before 0.0 at position 0"),
        ([1], None, [0, np.inf], "support must be finite"),
        ([1], [1, 2], [0, 1], "weights must have one element for each of values: found 2, expected 1"),
        ([1], [-1], [0, 1], "weights must not be negative"),
        ([1], [0], [0, 1], "weights must hold at least one positive"),
    ],
)
def test_bad_input_is_named(values, weights, support, message):
    with pytest.raises(ValueError, match=message):
        categorical_projection(values, weights, support)
