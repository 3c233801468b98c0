"""Expectiles and quantiles: by hand, by brute force, against SciPy, and by what they must leave unchanged."""

from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from distributional_dopamine.distributions import expectiles, quantiles

settings.register_profile("quiet", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("quiet")

atoms_and_weights = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(0, 5)), min_size=1, max_size=12
).filter(lambda pairs: any(weight for _, weight in pairs))
orders = st.floats(0.0, 1.0)


def unzip(pairs):
    values, weights = np.array(pairs, dtype=float).T
    return values, weights


def balance(point, values, tau, weights):
    """Left side minus right side of the first-order condition, summed without rounding errors piling up."""
    surprises = [
        w * (x - point) * (tau if x > point else 1 - tau) for x, w in zip(values, weights, strict=True)
    ]
    return fsum(surprises)


# --- worked out by hand ----------------------------------------------------------------------------------


def test_expectiles_by_hand():
    # atoms 0, 1, 3 with weights 1, 2, 1; between 1 and 3: tau (3 - e) = (1 - tau) (e + 2 (e - 1))
    np.testing.assert_allclose(expectiles([3, 0, 1], [0.5, 0.8], [1, 1, 2]), [1.25, 2.8 / 1.4], rtol=1e-15)
    # below 1: tau (2 (1 - e) + (3 - e)) = (1 - tau) e, so e = 5 tau / (1 + 2 tau)
    np.testing.assert_allclose(expectiles([3, 0, 1], 0.1, [1, 1, 2]), 0.5 / 1.2, rtol=1e-15)


def test_expectile_that_falls_on_an_atom():
    # 0, 1, 2: at the middle atom both surprises are equal when tau is one half
    assert expectiles([0, 1, 2], 0.5).item() == 1.0
    # 0, 0, 1, 4: at atom 1, tau * 3 = (1 - tau) * 2
    assert expectiles([0, 0, 1, 4], 0.4).item() == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_expectiles_of_a_coin(p):
    taus = np.array([0.001, 0.25, 0.5, 0.9, 0.999])
    expected = p * taus / (p * taus + (1 - p) * (1 - taus))
    np.testing.assert_allclose(expectiles([0, 1], taus, [1 - p, p]), expected, rtol=1e-14)


def test_expectiles_of_an_even_grid_approach_those_of_the_uniform():
    taus = np.array([0.01, 0.3, 0.5, 0.9])
    grid = (np.arange(20_000) + 0.5) / 20_000
    expected = np.sqrt(taus) / (np.sqrt(taus) + np.sqrt(1 - taus))
    np.testing.assert_allclose(expectiles(grid, taus), expected, rtol=1e-7)


def test_quantiles_by_hand():
    values, weights = [3.0, 1.0, 2.0], [1, 2, 1]  # F is 0.5 at 1, 0.75 at 2, 1 at 3
    taus = [0.0, 0.2, 0.5, 0.5 + 1e-12, 0.75, 0.76, 1.0]
    assert quantiles(values, taus, weights).tolist() == [1, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("n", [7, 10, 49, 100, 1000])
def test_quantile_at_a_step_of_the_distribution_function_is_the_step(n):
    values = np.arange(1.0, n + 1)
    steps = [k / n for k in range(1, n + 1)]
    np.testing.assert_array_equal(quantiles(values, steps), values)
    np.testing.assert_array_equal(quantiles(values, steps, np.full(n, 0.1)), values)
    np.testing.assert_array_equal(quantiles(values, np.array(steps[:-1]) + 1e-9), values[1:])


@pytest.mark.parametrize("weights", [(0.7, 0.1, 0.2), (0.3, 0.3, 0.4), (0.1, 0.7, 0.2), (0.3, 0.6, 0.1)])
def test_rounding_of_weights_does_not_move_a_quantile(weights):
    # as computed, F falls short of the order by a unit of rounding at one of the first two atoms
    first, second = weights[0], round(weights[0] + weights[1], 1)
    assert quantiles([1, 2, 3], [first, second], weights).tolist() == [1, 2]


def test_quantile_agrees_with_numpy():
    rng = np.random.default_rng(1)
    values = rng.normal(size=101)
    taus = rng.random(200)
    np.testing.assert_array_equal(quantiles(values, taus), np.quantile(values, taus, method="inverted_cdf"))
    weights = rng.integers(1, 5, 101)
    np.testing.assert_array_equal(
        quantiles(values, taus, weights), np.quantile(values, taus, method="inverted_cdf", weights=weights)
    )


# --- conventions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", [expectiles, quantiles])
def test_conventions(statistic):
    assert statistic([2, 5, 3], [0, 1]).tolist() == [2, 5]
    # extremes of weight zero, which draw scipy.stats.expectile to them at orders 0 and 1, do not matter
    assert statistic([-9, 2, 5, 99], [0, 1], [0, 1, 2, 0]).tolist() == [2, 5]
    # a weight too small to survive beside the largest is still positive
    assert statistic([0, 1, 2], [0, 1], [1e-320, 1e300, 1e-320]).tolist() == [0, 2]
    assert statistic([7], [0, 0.3, 1]).tolist() == [7, 7, 7]
    assert statistic([4, 4, 4], [0, 0.3, 1], [0, 1, 5]).tolist() == [4, 4, 4]
    assert statistic([1, 2], np.full((2, 3), 0.5)).shape == (2, 3)
    assert statistic([1, 2], 0.5).shape == ()
    assert statistic([1, 2], []).shape == (0,)


@pytest.mark.parametrize("statistic", [expectiles, quantiles])
@pytest.mark.parametrize(
    ("values", "taus", "weights", "message"),
    [
        ([], 0.5, None, r"values must be one-dimensional with at least one element, found shape \(0,\)"),
        (
            [[1, 2]],
            0.5,
            None,
            r"values must be one-dimensional with at least one element, found shape \(1, 2\)",
        ),
        ([1, np.nan], 0.5, None, "values must be finite, found nan at position 1: drop or repair it first"),
        ([1, np.inf], 0.5, None, "values must be finite, found inf at position 1"),
        (["one"], 0.5, None, r"values must hold real numbers, found \['one'\]"),
        ([1j, 2], 0.5, None, "values must hold real numbers"),
        ([[1], [1, 2]], 0.5, None, "inhomogeneous|values must hold real numbers"),
        ([1, 2], 50, None, r"taus must lie in \[0, 1\], found 50.0: give a share, not a percentage"),
        ([1, 2], [0.5, -0.1], None, r"taus must lie in \[0, 1\], found -0.1"),
        ([1, 2], np.nan, None, "taus must be finite"),
        ([1, 2], 0.5, [1], "weights must have one element for each of values: found 1, expected 2"),
        ([1, 2], 0.5, [1, -1], "weights must not be negative, found -1.0"),
        ([1, 2], 0.5, [0, 0], "weights must hold at least one positive element, found only zeros"),
        ([1, 2], 0.5, [1, np.nan], "weights must be finite"),
    ],
)
def test_bad_input_is_named(statistic, values, taus, weights, message):
    with pytest.raises(ValueError, match=message):
        statistic(values, taus, weights)


def test_arguments_are_left_alone():
    values, taus, weights = np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.1]), np.array([1.0, 0.0, 7.0])
    for statistic in (expectiles, quantiles):
        statistic(values, taus, weights)
    assert (values.tolist(), taus.tolist(), weights.tolist()) == ([3, 1, 2], [0.2, 0.1], [1, 0, 7])


# --- brute force and peers -------------------------------------------------------------------------------


@given(atoms_and_weights, orders)
def test_expectile_balances_its_surprises(pairs, tau):
    values, weights = unzip(pairs)
    point = expectiles(values, tau, weights).item()
    size = weights @ np.abs(values - point) + 1e-300
    if 0 < tau < 1:
        # the condition is met to rounding of the point itself, whose distance to each atom enters it
        slack = 1e-14 * size + weights.sum() * np.spacing(max(abs(point), 1e-300)) * 2
        assert abs(balance(point, values, tau, weights)) <= slack


@given(st.lists(st.integers(-40, 40), min_size=2, max_size=12), st.floats(0.01, 0.99))
@settings(max_examples=50)
def test_expectiles_agree_with_scipy(values, tau):
    expected = stats.expectile(values, alpha=tau)
    assert expectiles(values, tau).item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_weighted_expectiles_agree_with_scipy():
    rng = np.random.default_rng(2)
    values, weights = rng.exponential(size=200), rng.random(200)
    for tau in (0.001, 0.2, 0.5, 0.97):
        expected = stats.expectile(values, alpha=tau, weights=weights)
        assert expectiles(values, tau, weights).item() == pytest.approx(expected, rel=1e-12)


@given(atoms_and_weights, orders)
def test_quantile_is_the_first_atom_that_reaches_its_order(pairs, tau):
    values, weights = unzip(pairs)
    alive = np.unique(values[weights > 0])
    mass = [int(weights[values <= x].sum()) for x in alive]
    reached = [x for x, m in zip(alive, mass, strict=True) if m / mass[-1] >= tau]
    assert quantiles(values, tau, weights).item() == reached[0]


# --- what must not change, and what must change along -----------------------------------------------------


@given(atoms_and_weights, st.lists(orders, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_order_repetition_and_empty_atoms_do_not_matter(pairs, taus, random):
    values, weights = unzip(pairs)
    shuffled = [*pairs, (-1000, 0), (1000, 0)]
    random.shuffle(shuffled)
    merged = np.unique(values)
    merged_weights = [weights[values == x].sum() for x in merged]
    for statistic in (expectiles, quantiles):
        found = statistic(values, taus, weights)
        np.testing.assert_allclose(statistic(*_with(shuffled, taus)), found, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(statistic(merged, taus, merged_weights), found, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(statistic(values, taus, 0.1 * weights), found, rtol=1e-13, atol=1e-13)
        copies = np.repeat(values, weights.astype(int))
        np.testing.assert_allclose(statistic(copies, taus), found, rtol=1e-13, atol=1e-13)


def _with(pairs, taus):
    values, weights = unzip(pairs)
    return values, taus, weights


@given(atoms_and_weights, orders, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_shift_and_scale(pairs, tau, shift, scale):
    values, weights = unzip(pairs)
    for statistic in (expectiles, quantiles):
        found = statistic(values, tau, weights)
        moved = statistic(shift + scale * values, tau, weights)
        assert moved == pytest.approx(shift + scale * found, rel=1e-12, abs=1e-10)


@given(atoms_and_weights, st.lists(orders, min_size=2, max_size=8))
def test_monotone_in_tau_and_between_the_extremes(pairs, taus):
    values, weights = unzip(pairs)
    taus = np.sort(taus)
    alive = values[weights > 0]
    for statistic in (expectiles, quantiles):
        found = statistic(values, taus, weights)
        assert np.all(np.diff(found) >= -1e-13)
        assert alive.min() <= found[0]
        assert found[-1] <= alive.max()


@given(atoms_and_weights, orders)
def test_mirror_image_has_the_mirrored_expectile(pairs, tau):
    values, weights = unzip(pairs)
    mirrored = -expectiles(-values, 1 - tau, weights)
    assert mirrored == pytest.approx(expectiles(values, tau, weights), rel=1e-9, abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 20)), min_size=1, max_size=10),
    st.floats(0.0, 1.0),
)
def test_a_distribution_that_dominates_has_the_larger_statistics(pairs, tau):
    lower, raised = np.array(pairs, dtype=float).T
    for statistic in (expectiles, quantiles):
        assert statistic(lower, tau) <= statistic(lower + raised, tau) + 1e-13


# --- numbers that are hard on floating point ---------------------------------------------------------------


def test_small_differences_on_a_large_offset():
    # 1e9 + k/1024 is a number of its own, so the shifted answer is known to the last bit of the offset
    steps = np.array([0, 1, 3, 8, 21]) / 1024
    taus = [0.01, 0.2, 0.5, 0.8, 0.99]
    found = expectiles(1e9 + steps, taus) - 1e9
    np.testing.assert_allclose(found, expectiles(steps, taus), rtol=0, atol=np.spacing(1e9))


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-200, 1e-3, 1e200, 4e307])
def test_units_at_the_ends_of_what_numbers_can_hold(unit):
    values, taus = np.array([-4.0, 0.0, 1.0, 4.0]), np.array([0, 0.25, 0.5, 0.9, 1])
    expected = expectiles(values, taus)
    np.testing.assert_allclose(expectiles(values * unit, taus), expected * unit, rtol=1e-14, atol=5e-324)
    np.testing.assert_array_equal(quantiles(values * unit, taus), quantiles(values, taus) * unit)


def test_many_atoms_lose_no_digits():
    rng = np.random.default_rng(3)
    values = rng.normal(size=1_000_000) + 1e6
    assert expectiles(values, 0.5).item() == pytest.approx(fsum(values) / values.size, rel=1e-15)
    weights = rng.random(values.size)
    mean = fsum(weights * values) / fsum(weights)
    assert expectiles(values, 0.5, weights).item() == pytest.approx(mean, rel=1e-15)


def test_orders_next_to_zero_and_one():
    values = [0.0, 1.0]
    assert expectiles(values, 1e-300).item() == pytest.approx(1e-300, rel=1e-15)
    assert expectiles(values, np.nextafter(1, 0)).item() < 1.0 + 1e-15
