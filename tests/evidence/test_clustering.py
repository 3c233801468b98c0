"""Likeness within groups and resampling by groups: closed forms, brute force, and SciPy."""

import numpy as np
import pytest
from scipy import stats

from distributional_dopamine.evidence.clustering import (
    average_by_group,
    cluster_weights,
    draw_orders,
    intraclass_correlation,
    permuted_intraclass_correlations,
    shuffled_correlations,
    weighted_correlations,
)


def test_intraclass_correlation_of_shrout_and_fleiss():
    # the six subjects and four judges of Shrout & Fleiss 1979, table 2: ICC(1,1) = 0.17
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
    )
    groups = np.repeat([f"subject {i}" for i in range(6)], 4).tolist()
    found = intraclass_correlation(ratings.ravel(), groups)
    assert round(found.icc, 2) == 0.17
    f = stats.f_oneway(*ratings)
    assert (found.f, found.p) == pytest.approx((f.statistic, f.pvalue))
    assert (found.mean_size, found.n_groups, found.n_cells, found.n_pairs) == (4.0, 6, 24, 36)
    # the interval turns the F test round: at its low end, F is just significant at 2.5 %
    for end, quantile in ((found.low, 0.975), (found.high, 0.025)):
        ratio = (1 + 3 * end) / (1 - end)
        assert found.f / ratio == pytest.approx(stats.f.ppf(quantile, 5, 18))


def test_groups_of_unequal_size_and_cells_without_a_value():
    values = [1.0, 2.0, 6.0, np.nan, 9.0, 3.0]
    found = intraclass_correlation(values, ["a", "a", "b", "b", "b", "c"])
    # a: 1, 2; b: 6, 9; c: 3. Grand mean 4.2; B = (2 x 2.7^2 + 2 x 3.3^2 + 1.2^2) / 2, W = (0.5 + 4.5) / 2
    between, within = (2 * 2.7**2 + 2 * 3.3**2 + 1.2**2) / 2, 2.5
    size = (5 - 9 / 5) / 2
    assert found.mean_size == pytest.approx(size)
    assert found.icc == pytest.approx((between - within) / (between + (size - 1) * within))
    assert (found.n_cells, found.n_groups, found.n_pairs) == (5, 3, 2)


def test_cells_that_are_all_the_same_within_groups():
    found = intraclass_correlation([1.0, 1.0, 2.0, 2.0], ["a", "a", "b", "b"])
    assert (found.icc, found.low, found.high, found.p) == (1.0, 1.0, 1.0, 0.0)


def test_known_likeness_is_found_and_lies_in_its_interval():
    rng = np.random.default_rng(1)
    names = np.repeat([f"s{i}" for i in range(30)], 3)
    inside, centre = 0, []
    for _ in range(200):
        values = np.repeat(rng.normal(size=30), 3) + rng.normal(size=90)  # half of the variance in common
        found = intraclass_correlation(values, names.tolist())
        centre.append(found.icc)
        inside += found.low < 0.5 < found.high
    assert np.mean(centre) == pytest.approx(0.5, abs=0.03)
    assert 182 <= inside <= 198  # 95 % of 200, three standard errors


def test_permuted_intraclass_correlations_forget_the_groups():
    rng = np.random.default_rng(2)
    names = np.repeat([f"s{i}" for i in range(20)], 2).tolist()
    values = np.repeat(rng.normal(size=20), 2) + 0.01 * rng.normal(size=40)
    by_chance = permuted_intraclass_correlations(values, names, rng, 300)
    assert by_chance.shape == (300,)
    assert abs(np.mean(by_chance)) < 0.06
    assert by_chance.max() < intraclass_correlation(values, names).icc


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        ([1.0, 2.0], ["a"], "one a cell each"),
        ([1.0, 2.0], ["a", "b"], "two cells or more"),
        ([1.0, 2.0], ["a", "a"], "at least two"),
        ([1.0, np.nan, 3.0], ["a", "a", "b"], "two cells or more"),
    ],
)
def test_groups_that_tell_nothing_are_refused(values, groups, message):
    with pytest.raises(ValueError, match=message):
        intraclass_correlation(values, groups)


def test_average_by_group():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [np.nan, 5.0, np.nan, 6.0]])
    found = average_by_group(values, ["b", "a", "b", "c"])
    np.testing.assert_allclose(found, [[2.0, 2.0, 4.0], [5.0, np.nan, 6.0]])
    with pytest.raises(ValueError, match="one group a cell"):
        average_by_group(values, ["a"])


def test_groups_are_drawn_whole():
    groups = ["a", "b", "a", "c"]
    weights = cluster_weights(groups, np.random.default_rng(3), 4000)
    assert weights.shape == (4000, 4)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), 3.0)
    # each of three groups in three draws: mean 1, variance 3 x 1/3 x 2/3
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.05)
    np.testing.assert_allclose(weights.var(axis=0), 2 / 3, atol=0.05)


def test_weighted_correlations_are_those_of_repeated_cells():
    rng = np.random.default_rng(4)
    x, y = 100 + rng.normal(size=(3, 9)), rng.normal(size=(3, 9))
    x[1, 2], y[2, :3] = np.nan, np.nan
    weights = rng.integers(0, 3, size=(5, 9)).astype(float)
    found = weighted_correlations(x, y, weights)
    for draw in range(5):
        rows = np.repeat(np.arange(9), weights[draw].astype(int))
        for split in range(3):
            a, b = x[split, rows], y[split, rows]
            both = np.isfinite(a) & np.isfinite(b)
            assert found[draw, split] == pytest.approx(np.corrcoef(a[both], b[both])[0, 1])
    one_cell = np.eye(9)[:1] * 4
    assert np.isnan(weighted_correlations(x, y, one_cell)).all()


def test_orders_are_permutations_within_groups():
    rng = np.random.default_rng(5)
    groups = ["b", "a", "b", "c", "a", "b"]
    orders = draw_orders(6, rng, 3000, groups=groups)
    assert (np.sort(orders, axis=1) == np.arange(6)).all()
    names = np.array(groups)
    assert (names[orders] == names).all()
    # the three of b change places in all six ways, equally often
    ways, times = np.unique(orders[:, [0, 2, 5]], axis=0, return_counts=True)
    assert len(ways) == 6
    assert stats.chisquare(times).pvalue > 1e-3
    free = draw_orders(6, rng, 3000)
    assert stats.chisquare(np.bincount(free[:, 0])).pvalue > 1e-3
    with pytest.raises(ValueError, match="one group a cell"):
        draw_orders(3, rng, groups=groups)


def test_shuffled_correlations_by_hand():
    x = np.array([[1.0, 2.0, 4.0, 8.0], [1.0, np.nan, 4.0, 8.0]])
    y = np.array([[3.0, 1.0, 2.0, 5.0], [3.0, 1.0, 2.0, 5.0]])
    orders = np.array([[0, 1, 2, 3], [1, 2, 3, 0]])
    found = shuffled_correlations(x, y, orders)
    assert found[0, 0] == pytest.approx(np.corrcoef(x[0], y[0])[0, 1])
    assert found[1, 0] == pytest.approx(np.corrcoef(x[0], y[0, [1, 2, 3, 0]])[0, 1])
    # in the second split cell 1 is out: cell 0 gets what cell 1 would have got, that of cell 2
    assert found[1, 1] == pytest.approx(np.corrcoef([1.0, 4.0, 8.0], [2.0, 5.0, 3.0])[0, 1])
    with pytest.raises(ValueError, match="same cells"):
        shuffled_correlations(x, y, orders[:, :3])


def test_shuffled_correlations_without_enough_cells_or_without_spread():
    x = np.array([[1.0, 2.0, np.nan, np.nan], [1.0, 2.0, 3.0, 4.0]])
    y = np.array([[1.0, 2.0, 3.0, 4.0], [7.0, 7.0, 7.0, 7.0]])
    assert np.isnan(shuffled_correlations(x, y, np.array([[0, 1, 2, 3]]))).all()


def test_shuffles_are_uniform_where_cells_are_out():
    # three cells of four remain: each of the six ways must come up equally often
    x = np.array([[0.0, 1.0, np.nan, 10.0]])
    y = np.array([[0.0, 1.0, 5.0, 3.0]])
    found = shuffled_correlations(x, y, draw_orders(4, np.random.default_rng(6), 6000))
    _, times = np.unique(found.round(9), return_counts=True)
    assert len(times) == 6
    assert stats.chisquare(times).pvalue > 1e-3
