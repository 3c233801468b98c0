"""Distances: by hand, against SciPy and POT, and as metrics."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from distributional_dopamine.distributions import cramer_distance, quantiles, wasserstein_distance

settings.register_profile("quiet", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("quiet")

distributions = st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 5)), min_size=1, max_size=9).filter(
    lambda pairs: any(weight for _, weight in pairs)
)
powers = st.sampled_from([1, 1.5, 2, 3, np.inf])


def unzip(pairs):
    values, weights = np.array(pairs, dtype=float).T
    return values, weights


def w(a, b, p=1):
    return wasserstein_distance(a[0], b[0], a[1], b[1], p=p)


def cramer(a, b):
    return cramer_distance(a[0], b[0], a[1], b[1])


def test_by_hand():
    # F climbs to 1/2 at 0 and 1 at 2; G to 1 at 1: |F - G| is 1/2 on [0, 2]
    assert wasserstein_distance([0, 2], [1]) == 1.0
    assert cramer_distance([0, 2], [1]) == 0.5
    # a quarter of the mass travels 4, the rest stays
    assert wasserstein_distance([0, 4], [0], [3, 1]) == 1.0
    assert wasserstein_distance([0, 4], [0], [3, 1], p=2) == 2.0
    assert wasserstein_distance([0, 4], [0], [3, 1], p=np.inf) == 4.0
    assert cramer_distance([0, 4], [0], [3, 1]) == 0.25
    # three atoms against two: levels 1/3, 1/2, 2/3
    assert wasserstein_distance([0, 1, 2], [0, 3]) == pytest.approx((1 / 6) + 2 / 6 + 1 / 3, rel=1e-15)


@pytest.mark.parametrize("p", [1, 2, 7, np.inf])
def test_two_single_atoms(p):
    assert wasserstein_distance([3], [-2], p=p) == 5.0
    assert wasserstein_distance([3], [3, 3], p=p) == 0.0


@given(distributions, distributions)
def test_against_scipy(a, b):
    a, b = unzip(a), unzip(b)
    assert w(a, b) == pytest.approx(stats.wasserstein_distance(*_scipy(a, b)), rel=1e-12, abs=1e-12)
    energy = stats.energy_distance(*_scipy(a, b))
    assert cramer(a, b) == pytest.approx(energy**2 / 2, rel=1e-12, abs=1e-12)


def _scipy(a, b):
    return a[0], b[0], a[1], b[1]


@given(distributions, distributions, st.sampled_from([1, 1.5, 2, 4]))
@settings(max_examples=50)
def test_against_optimal_transport(a, b, p):
    (x, x_weights), (y, y_weights) = unzip(a), unzip(b)
    x_share, y_share = x_weights / x_weights.sum(), y_weights / y_weights.sum()
    plan_cost = ot.emd2(x_share, y_share, np.abs(x[:, None] - y[None]) ** p)
    assert w((x, x_weights), (y, y_weights), p) ** p == pytest.approx(plan_cost, rel=1e-9, abs=1e-9)
    one_d = ot.wasserstein_1d(x, y, x_share, y_share, p=p)
    assert w((x, x_weights), (y, y_weights), p) ** p == pytest.approx(one_d, rel=1e-9, abs=1e-9)


@given(distributions, distributions)
def test_order_infinity_is_the_largest_difference_of_quantiles(a, b):
    a, b = unzip(a), unzip(b)
    # between neighbouring levels of either distribution both quantiles are constant
    levels = np.unique(np.concatenate([np.cumsum(d[1][np.argsort(d[0])]) / d[1].sum() for d in (a, b)]))
    levels = levels[np.diff(levels, prepend=0.0) > 1e-12]
    inside = (levels + np.concatenate([[0.0], levels[:-1]])) / 2
    expected = np.abs(quantiles(a[0], inside, a[1]) - quantiles(b[0], inside, b[1])).max()
    assert w(a, b, np.inf) == pytest.approx(expected, rel=1e-15)


@given(distributions, distributions, distributions, powers)
def test_metrics(a, b, c, p):
    a, b, c = unzip(a), unzip(b), unzip(c)
    assert w(a, a, p) == 0 == cramer(a, a)
    assert w(a, b, p) == pytest.approx(w(b, a, p), rel=1e-14)
    assert cramer(a, b) == pytest.approx(cramer(b, a), rel=1e-14)
    assert w(a, c, p) <= w(a, b, p) + w(b, c, p) + 1e-12
    assert np.sqrt(cramer(a, c)) <= np.sqrt(cramer(a, b)) + np.sqrt(cramer(b, c)) + 1e-12
    points = np.unique(np.concatenate([a[0], b[0]]))
    same = np.allclose(_cdf(a, points), _cdf(b, points), rtol=0, atol=1e-12)
    assert (w(a, b, p) == 0) == (cramer(a, b) == 0) == same


def _cdf(a, points):
    return np.array([a[1][a[0] <= x].sum() for x in points]) / a[1].sum()


@given(distributions, distributions, powers, st.randoms(use_true_random=False))
def test_order_repetition_and_empty_atoms_do_not_matter(a, b, p, random):
    shuffled = [*a, (-1000, 0), (1000, 0)]
    random.shuffle(shuffled)
    values, weights = unzip(a)
    merged = np.unique(values)
    merged_weights = np.array([weights[values == x].sum() for x in merged])
    other = unzip(b)
    for variant in (
        unzip(shuffled),
        (merged, 0.1 * merged_weights),
        (np.repeat(values, weights.astype(int)), None),
    ):
        assert w(variant, (values, weights), p) == 0
        assert cramer(variant, (values, weights)) == 0
        assert w(variant, other, p) == pytest.approx(w((values, weights), other, p), rel=1e-12)


@given(distributions, distributions, powers, st.integers(-100, 100), st.sampled_from([0.25, 2.0, -1.0]))
def test_shift_and_scale(a, b, p, shift, scale):
    a, b = unzip(a), unzip(b)
    moved_a, moved_b = (shift + scale * a[0], a[1]), (shift + scale * b[0], b[1])
    assert w(moved_a, moved_b, p) == pytest.approx(abs(scale) * w(a, b, p), rel=1e-12, abs=1e-13)
    assert cramer(moved_a, moved_b) == pytest.approx(abs(scale) * cramer(a, b), rel=1e-12, abs=1e-13)
    assert w((a[0] + shift, a[1]), a, p) == pytest.approx(abs(shift), rel=1e-12)


@given(distributions, distributions)
def test_distances_grow_with_their_order_and_bound_the_means(a, b):
    a, b = unzip(a), unzip(b)
    found = [w(a, b, p) for p in (1, 1.5, 2, 4, np.inf)]
    assert np.all(np.diff(found) >= -1e-12)
    assert abs(np.average(a[0], weights=a[1]) - np.average(b[0], weights=b[1])) <= found[0] + 1e-12


def test_rounding_of_weights_leaves_no_sliver_of_mass():
    assert wasserstein_distance([0, 0, 1e6], [0, 1e6], [0.1, 0.2, 0.7], [0.3, 0.7], p=np.inf) == 0
    assert wasserstein_distance([0, 0, 1e6], [0, 1e6], [0.1, 0.2, 0.7], [0.3, 0.7], p=2) == 0
    rng = np.random.default_rng(4)
    values, weights = rng.normal(size=10_000), rng.random(10_000)
    halves = np.concatenate([weights / 2, weights / 2])
    for p in (1, 2, np.inf):
        assert wasserstein_distance(np.tile(values, 2), values, halves, weights, p=p) == 0


def test_a_tiny_mass_far_out_counts():
    assert wasserstein_distance([0, 1e20], [0], [1, 1e-20]) == pytest.approx(1.0, rel=1e-12)
    assert wasserstein_distance([-1e20, 0], [0], [1e-20, 1]) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("p", [1, 2, np.inf])
@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e200, 4e307])
def test_units_at_the_ends_of_what_numbers_can_hold(unit, p):
    a, b = np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0])
    expected = wasserstein_distance(a, b, p=p)
    assert wasserstein_distance(a * unit, b * unit, p=p) == pytest.approx(expected * unit, rel=1e-13)
    assert cramer_distance(a * unit, b * unit) == pytest.approx(cramer_distance(a, b) * unit, rel=1e-13)


def test_small_differences_on_a_large_offset():
    a, b = np.array([0, 3, 5]) / 1024, np.array([1, 3]) / 1024
    for p in (1, 2, np.inf):
        assert wasserstein_distance(1e9 + a, 1e9 + b, p=p) == wasserstein_distance(a, b, p=p)
    assert cramer_distance(1e9 + a, 1e9 + b) == cramer_distance(a, b)


@pytest.mark.parametrize("distance", [wasserstein_distance, cramer_distance])
def test_bad_input_is_named(distance):
    with pytest.raises(ValueError, match="a must be one-dimensional"):
        distance([], [1])
    with pytest.raises(ValueError, match="b must be finite, found nan"):
        distance([1], [np.nan])
    with pytest.raises(
        ValueError, match="a_weights must have one element for each of a: found 2, expected 1"
    ):
        distance([1], [1], [1, 1])
    with pytest.raises(ValueError, match="b_weights must hold at least one positive"):
        distance([1], [1], [1], [0])


@pytest.mark.parametrize("p", [0, 0.5, -1, np.nan])
def test_orders_below_one_are_refused(p):
    with pytest.raises(ValueError, match="p must be at least 1, found"):
        wasserstein_distance([1], [2], p=p)
