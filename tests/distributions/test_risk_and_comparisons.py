"""Tail means, L^p distances of distribution functions, total variation and relative entropy."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from distributional_dopamine.distributions import cramer_distance, laws, wasserstein_distance
from distributional_dopamine.distributions.lp_distances import lp_distance
from distributional_dopamine.distributions.overlap import relative_entropy, total_variation_distance
from distributional_dopamine.distributions.risk import conditional_value_at_risk

settings.register_profile("quiet", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("quiet")

distributions = st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 5)), min_size=1, max_size=9).filter(
    lambda pairs: any(weight for _, weight in pairs)
)
orders = st.sampled_from([1, 1.5, 2, 3, 8, np.inf])


def unzip(pairs):
    values, weights = np.array(pairs, dtype=float).T
    return values, weights


def compare(function, a, b, **options):
    return function(a[0], b[0], a[1], b[1], **options)


# --- the mean of the worst share ---


def test_tail_mean_by_hand():
    # 0, 2, 4, 6 a quarter each: the worst 3/8 are 0 (1/4) and half of 2 (1/8)
    assert conditional_value_at_risk([6, 0, 4, 2], 3 / 8) == pytest.approx(2 / 3, rel=1e-15)
    assert conditional_value_at_risk([6, 0, 4, 2], 0.0) == 0.0
    assert conditional_value_at_risk([6, 0, 4, 2], 1.0) == 3.0
    assert conditional_value_at_risk([5.0], 0.3) == 5.0
    assert conditional_value_at_risk([-9, 1, 2], 0.0, weights=[0, 1, 1]) == 1.0


@given(distributions, st.floats(0.01, 1))
def test_tail_mean_is_the_integral_of_quantiles(pairs, level):
    values, weights = unzip(pairs)
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    edges = np.concatenate([[0.0], np.minimum(reached, level)])
    expected = sum(v * (hi - lo) for v, lo, hi in zip(values[order], edges[:-1], edges[1:], strict=True))
    found = conditional_value_at_risk(values, level, weights)
    assert found == pytest.approx(expected / level, rel=1e-9, abs=1e-9)


def test_tail_mean_of_the_uniform_law():
    n = 1000
    atoms = (np.arange(n) + 0.5) / n
    assert conditional_value_at_risk(atoms, 0.25) == pytest.approx(0.125, abs=1e-12)
    tail = integrate.quad(lambda tau: float(laws.Exponential(2.0).quantiles(tau)), 0, 0.25)[0] / 0.25
    drawn = laws.Exponential(2.0).quantiles((np.arange(20_000) + 0.5) / 20_000)
    assert conditional_value_at_risk(drawn, 0.25) == pytest.approx(tail, abs=1e-5)


@example([(1, 1)], 1.0, 5e-324, 0, 0.5)  # the smallest level there is
@given(distributions, st.floats(0, 1), st.floats(0, 1), st.integers(-5, 5), st.sampled_from([0.5, 1, 4]))
def test_tail_mean_grows_with_the_level_and_moves_with_the_values(pairs, one, other, shift, scale):
    values, weights = unzip(pairs)
    low, high = sorted((one, other))
    here = conditional_value_at_risk(values, low, weights)
    assert here <= conditional_value_at_risk(values, high, weights) + 1e-9
    moved = conditional_value_at_risk(shift + scale * values, low, weights)
    assert moved == pytest.approx(shift + scale * here, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 0.5), "values must be one-dimensional"),
        (([1.0], 1.5), "level must lie in"),
        (([1.0], [0.5]), "level must be one number"),
        (([1.0, 2.0], 0.5, [1.0]), "weights must have one element"),
    ],
)
def test_tail_mean_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        conditional_value_at_risk(*arguments)


# --- distribution functions ---


def test_lp_by_hand():
    # F - G is 1/2 on [0, 2), -1/2 on [2, 4)
    assert lp_distance([0, 4], [2], p=1) == 2.0
    assert lp_distance([0, 4], [2], p=2) == 1.0
    assert lp_distance([0, 4], [2], p=np.inf) == 0.5
    assert lp_distance([0, 4], [2], p=4) == pytest.approx((4 / 16) ** 0.25, rel=1e-15)
    assert lp_distance([1, 1], [1], p=3) == 0.0


@given(distributions, distributions)
def test_lp_has_known_members(a, b):
    a, b = unzip(a), unzip(b)
    assert compare(lp_distance, a, b, p=1) == pytest.approx(compare(wasserstein_distance, a, b), abs=1e-12)
    assert compare(lp_distance, a, b) ** 2 == pytest.approx(compare(cramer_distance, a, b), abs=1e-12)
    one, other = (np.repeat(values, weights.astype(int)) for values, weights in (a, b))
    # Counted out; SciPy's own statistic divides by zero on the way to its P when the two samples are equal.
    kolmogorov = max(abs(np.mean(one <= x) - np.mean(other <= x)) for x in np.concatenate([one, other]))
    assert compare(lp_distance, a, b, p=np.inf) == pytest.approx(kolmogorov, abs=1e-12)


@given(distributions, distributions, distributions, orders)
def test_lp_is_a_metric(a, b, c, p):
    a, b, c = unzip(a), unzip(b), unzip(c)
    assert compare(lp_distance, a, a, p=p) == 0.0
    assert compare(lp_distance, a, b, p=p) == compare(lp_distance, b, a, p=p)
    through = compare(lp_distance, a, c, p=p) + compare(lp_distance, c, b, p=p)
    assert compare(lp_distance, a, b, p=p) <= through + 1e-9


@given(distributions, distributions, orders, st.sampled_from([0.1, 0.5, 3.0]))
def test_lp_scales_by_the_root(a, b, p, factor):
    a, b = unzip(a), unzip(b)
    scaled = compare(lp_distance, (factor * a[0], a[1]), (factor * b[0], b[1]), p=p)
    expected = factor ** (1 / p) * compare(lp_distance, a, b, p=p)
    assert scaled == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_lp_of_a_high_order_does_not_vanish():
    tiny = lp_distance([0, 1], [0, 1], [1, 1e-8], [1, 0], p=100)
    assert tiny == pytest.approx(1e-8, rel=1e-6)


def test_lp_refuses():
    with pytest.raises(ValueError, match="p must be at least 1"):
        lp_distance([0], [1], p=0.5)
    with pytest.raises(ValueError, match="p must be at least 1"):
        lp_distance([0], [1], p=np.nan)


# --- overlap ---


def test_overlap_by_hand():
    a, b = ([0, 1, 1], [1, 1, 2]), ([1, 0, 5], [1, 1, 0])  # 1/4, 3/4 against 1/2, 1/2
    assert compare(total_variation_distance, a, b) == 0.25
    expected = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    assert compare(relative_entropy, a, b) == pytest.approx(expected, rel=1e-15)
    assert relative_entropy([0], [0, 1]) == pytest.approx(np.log(2), rel=1e-15)
    assert relative_entropy([0, 1], [1]) == np.inf


@given(distributions, distributions)
def test_overlap_against_scipy_and_by_events(a, b):
    a, b = unzip(a), unzip(b)
    points = np.arange(-20, 21)
    p, q = ([w[v == point].sum() / w.sum() for point in points] for v, w in (a, b))
    distance = compare(total_variation_distance, a, b)
    assert distance == pytest.approx(np.maximum(np.subtract(p, q), 0).sum(), abs=1e-12)
    assert compare(relative_entropy, a, b) == pytest.approx(stats.entropy(p, q), rel=1e-12, abs=1e-12)
    assert distance <= np.sqrt(compare(relative_entropy, a, b) / 2) + 1e-9  # Pinsker


@given(distributions, distributions)
def test_overlap_does_not_see_scale(a, b):
    a, b = unzip(a), unzip(b)
    narrow = (a[0] / 8, a[1]), (b[0] / 8, b[1])
    for function in (total_variation_distance, relative_entropy):
        assert compare(function, *narrow) == compare(function, a, b)
