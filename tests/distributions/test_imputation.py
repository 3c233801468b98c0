"""Imputation: that what comes back has the expectiles that went in, and how much of it they determine."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad, minimize

from distributional_dopamine.distributions import (
    Imputation,
    expectiles,
    identified_range,
    impute,
    impute_by_sampling,
    impute_on_support,
    laws,
    wasserstein_distance,
)
from distributional_dopamine.distributions.imputation import _sample_loss, _second_derivatives

settings.register_profile("quiet", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("quiet")

TAUS = np.linspace(0.05, 0.95, 19)


def loss_by_definition(points, taus, support, weights):
    """The squared mean gradient of the expectile loss, written out as loops."""
    total = 0.0
    for point, tau in zip(points, taus, strict=True):
        mean = sum(
            w * -0.5 * abs(tau - (1.0 if x <= point else 0.0)) * (x - point)
            for x, w in zip(support, weights, strict=True)
        )
        total += mean**2
    return total / len(points)


# --- by hand ---------------------------------------------------------------------------------------------


def test_a_coin_is_known_from_one_expectile():
    # on {0, 1} the expectile of order 0.8 at 0.5 means 0.8 p / 2 = 0.2 (1 - p) / 2, so p = 0.2
    found = impute([0.5], [0.8], support=[0, 1])
    np.testing.assert_allclose(found.weights, [0.8, 0.2], rtol=1e-12)
    assert found.loss == pytest.approx(0, abs=1e-30)
    assert (found.rank, found.n_unknowns) == (2, 2)
    known = identified_range(found)
    np.testing.assert_allclose([known.lower, known.upper], [[0.8, 1], [0.8, 1]], atol=1e-7)
    assert known.width == pytest.approx(0, abs=1e-7)


def test_a_mean_alone_leaves_much_open():
    # three atoms, mean 1: P(X <= 0) may be anything from 0 (all at 1) to 1/2 (half at each end)
    found = impute([1.0], [0.5], support=[0, 1, 2])
    assert (found.rank, found.n_unknowns) == (2, 3)
    known = identified_range(found)
    np.testing.assert_allclose(known.lower, [0, 0.5, 1], atol=1e-7)
    np.testing.assert_allclose(known.upper, [0.5, 1, 1], atol=1e-7)
    assert known.width == pytest.approx(0.5, abs=1e-7)


def test_inconsistent_expectiles_leave_a_loss():
    # on {0, 1}, with p at 1: gradients of order 1/2 are -(p - e) / 4, so p for e = 0.2 and 0.6 is 0.4
    found = impute([0.2, 0.6], [0.5, 0.5], support=[0, 1])
    np.testing.assert_allclose(found.weights, [0.6, 0.4], rtol=1e-12)
    np.testing.assert_allclose(found.gradients, [-0.05, 0.05], rtol=1e-12)
    assert found.loss == pytest.approx(0.0025, rel=1e-12)


def test_expectile_beyond_the_support_puts_everything_at_its_edge():
    found = impute([7.0], [0.5], support=[0, 1, 2])
    np.testing.assert_allclose(found.weights, [0, 0, 1], atol=1e-12)
    assert found.loss == pytest.approx((0.25 * 5) ** 2)


def test_one_point_of_support():
    found = impute([1.0, 3.0], [0.2, 0.7], support=[2.0])
    assert found.weights.tolist() == [1.0]
    assert identified_range(found).width == 0


# --- the convex route ------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 9), min_size=3, max_size=15).filter(any),
    st.lists(st.floats(0.02, 0.98), min_size=1, max_size=25),
    st.floats(-100, 100),
    st.floats(0.01, 100),
)
@settings(max_examples=60)
def test_what_comes_back_has_the_expectiles_that_went_in(weights, taus, shift, scale):
    support = shift + scale * np.arange(len(weights))
    points = expectiles(support, taus, weights)
    found = impute_on_support(points, taus, support)
    assert found.weights.min() >= 0
    assert found.weights.sum() == pytest.approx(1, rel=1e-13)
    np.testing.assert_allclose(
        expectiles(support, taus, found.weights), points, rtol=0, atol=1e-6 * np.ptp(support)
    )


def test_enough_expectiles_determine_a_distribution():
    law = laws.Discrete((0.0, 1.0, 2.0, 4.0, 5.0), (1, 3, 0, 2, 1))
    taus = np.linspace(0.02, 0.98, 60)
    found = impute(law.expectiles(taus), taus, law.values)
    assert found.rank == found.n_unknowns == 5
    np.testing.assert_allclose(found.weights, law.probabilities, atol=1e-10)


def test_no_other_distribution_has_a_smaller_loss():
    rng = np.random.default_rng(11)
    support = np.linspace(-1, 2, 8)
    points, taus = rng.normal(size=12), rng.uniform(0.1, 0.9, 12)
    found = impute_on_support(points, taus, support)
    assert found.loss == pytest.approx(loss_by_definition(points, taus, support, found.weights), rel=1e-12)
    rival = minimize(
        lambda p: loss_by_definition(points, taus, support, p),
        np.full(8, 1 / 8),
        bounds=[(0, 1)] * 8,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert found.loss <= rival.fun * (1 + 1e-9)
    assert found.loss == pytest.approx(rival.fun, rel=1e-4)


def test_order_of_the_expectiles_does_not_matter():
    rng = np.random.default_rng(12)
    support = np.linspace(0, 1, 6)
    taus = rng.uniform(0.05, 0.95, 20)
    points = expectiles(support, taus, [1, 0, 2, 3, 0, 1])
    shuffled = rng.permutation(20)
    np.testing.assert_allclose(
        impute(points, taus, support).weights,
        impute(points[shuffled], taus[shuffled], support).weights,
        atol=1e-9,
    )


# --- smoothness ------------------------------------------------------------------------------------------


def test_roughness_of_a_parabola():
    # density x^2 on [0, 1] (not normalised) has second derivative 2, whose square integrates to 4
    x = np.linspace(0, 1, 2001)
    products = _second_derivatives(5 + 3 * x) @ (x**2 * (x[1] - x[0]))
    assert products[1:-1] @ products[1:-1] == pytest.approx(4, rel=2e-3)


def test_a_straight_density_costs_nothing():
    support = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 9.0])
    cells = np.array([1.0, 1.0, 1.5, 3.0, 2.5, 1.0])
    products = _second_derivatives(support) @ (cells * (1 + 0.3 * support))
    np.testing.assert_allclose(products, 0, atol=1e-12)


def test_smoothness_recovers_a_smooth_density_better():
    support = np.linspace(-4, 4, 81)
    law = laws.Normal(0.3, 1.0)
    points = law.expectiles(TAUS)
    plain, smooth = impute(points, TAUS, support), impute(points, TAUS, support, "smooth")
    truth = np.diff(law.cdf(np.append(support - 0.05, support[-1] + 0.05)))
    distances = [wasserstein_distance(support, support, truth, found.weights) for found in (plain, smooth)]
    assert distances[1] < 0.05
    assert distances[0] > 0.15
    assert np.count_nonzero(plain.weights > 1e-6) < 25
    assert np.count_nonzero(smooth.weights > 1e-6) > 50


def test_more_smoothness_costs_loss_and_lowers_roughness():
    support = np.linspace(0, 20, 60)
    law = laws.Discrete((1.0, 5.0, 15.0), (1, 2, 1))
    results = [
        impute_on_support(law.expectiles(TAUS), TAUS, support, smoothness=s) for s in (0, 1e-8, 1e-5, 1e-2)
    ]
    losses = [found.loss for found in results]
    roughness = [np.sum((_second_derivatives(support) @ found.weights) ** 2) for found in results]
    assert np.all(np.diff(losses) > 0)
    assert np.all(np.diff(roughness) < 0)


def test_giving_every_expectile_twice_does_not_change_the_balance_with_the_penalty():
    support = np.linspace(0, 20, 30)
    points = laws.Discrete((1.0, 5.0, 15.0), (1, 2, 1)).expectiles(TAUS)
    once = impute_on_support(points, TAUS, support, smoothness=1e-6)
    twice = impute_on_support(np.tile(points, 2), np.tile(TAUS, 2), support, smoothness=1e-6)
    np.testing.assert_allclose(twice.weights, once.weights, atol=1e-9)


# --- the sampling route ----------------------------------------------------------------------------------


def test_gradient_of_the_sampling_loss():
    rng = np.random.default_rng(13)
    points, taus, samples = rng.random(6), rng.random(6), rng.random(9)
    loss = _sample_loss(samples, points, taus)[0]
    assert loss == pytest.approx(loss_by_definition(points, taus, samples, np.full(9, 1 / 9)), rel=1e-12)
    error = check_grad(
        lambda x: _sample_loss(x, points, taus)[0], lambda x: _sample_loss(x, points, taus)[1], samples
    )
    assert error < 1e-7


def test_sampling_finds_samples_with_the_expectiles():
    law = laws.Discrete((1.0, 2.0, 8.0), (1, 2, 1))
    points = law.expectiles(TAUS)
    effort = {"n_samples": 40, "n_candidates": 300, "n_repeats": 3}
    found = impute_by_sampling(points, TAUS, (0.0, 10.0), np.random.default_rng(14), **effort)
    assert found.support.size == found.n_unknowns == 120
    assert found.run_losses.shape == (3,)
    assert np.all(np.diff(found.support) >= 0)
    assert found.support.min() >= 0
    assert found.support.max() <= 10
    assert found.loss == pytest.approx(
        loss_by_definition(points, TAUS, found.support, found.weights), rel=1e-9
    )
    uniform = loss_by_definition(points, TAUS, np.linspace(0, 10, 101), np.full(101, 1 / 101))
    assert found.run_losses.max() < uniform / 1000
    # the gradients of the pool are the mean of the gradients of its sets
    assert found.loss <= found.run_losses.mean() * (1 + 1e-9)
    again = impute(points, TAUS, [0.0, 3.0, 10.0], "sampling", rng=np.random.default_rng(14), **effort)
    for field in dataclasses.fields(Imputation):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(again, field.name))


def test_polishing_makes_candidates_better():
    law = laws.Uniform(0.0, 4.0)
    points = law.expectiles(TAUS)
    rng = np.random.default_rng(15)
    candidates = 10 * np.random.default_rng(15).random((50, 20))
    best = min(loss_by_definition(points, TAUS, c, np.full(20, 1 / 20)) for c in candidates)
    found = impute_by_sampling(points, TAUS, (0, 10), rng, n_samples=20, n_candidates=50, n_repeats=1)
    assert found.loss < best / 100


# --- how much is identified ------------------------------------------------------------------------------


def test_the_truth_lies_within_the_identified_range():
    rng = np.random.default_rng(16)
    support = np.arange(12.0)
    for _ in range(3):
        weights = rng.dirichlet(np.full(12, 0.4))
        taus = rng.uniform(0.05, 0.95, 5)
        found = impute(expectiles(support, taus, weights), taus, support)
        known = identified_range(found)
        assert np.all(known.lower <= np.cumsum(weights) + 1e-6)
        assert np.all(np.cumsum(weights) <= known.upper + 1e-6)
        assert np.all(known.lower <= np.cumsum(found.weights) + 1e-12)
        assert np.all(np.cumsum(found.weights) <= known.upper + 1e-12)


def test_more_expectiles_narrow_the_range_and_slack_widens_it():
    support = np.linspace(0, 1, 21)
    law = laws.Uniform()
    widths = []
    for n_taus in (1, 3, 9):
        taus = np.arange(1, n_taus + 1) / (n_taus + 1)  # each set holds the one before it
        points = expectiles(support, taus)
        widths.append(identified_range(impute(points, taus, support)).width)
    assert widths[0] > 0.4
    assert np.all(np.diff(widths) < -0.05)
    found = impute(law.expectiles(TAUS), TAUS, support)
    at = [0.25, 0.5, 0.75]
    loose, strict = (identified_range(found, at=at, slack=slack) for slack in (0.01, 0.0))
    assert np.all(loose.lower <= strict.lower + 1e-9)
    assert np.all(loose.upper >= strict.upper - 1e-9)
    assert loose.width > strict.width + 0.01
    assert loose.at.tolist() == at


def test_a_wider_support_widens_the_range():
    found = impute([1.0], [0.5], support=[0, 2])
    assert identified_range(found).width == pytest.approx(0, abs=1e-7)
    wider = identified_range(found, support=[0, 1, 2])
    np.testing.assert_allclose(wider.upper - wider.lower, [0.5, 0.5, 0], atol=1e-7)


def test_range_of_contradictory_expectiles_can_be_computed():
    rng = np.random.default_rng(17)
    support = np.linspace(0, 20, 41)
    law = laws.Discrete((0.1, 1.2, 5.0, 20.0), (1, 3, 5, 1))
    taus = rng.uniform(0.02, 0.95, 40)
    found = impute(law.expectiles(taus) + rng.normal(size=40), taus, support)
    narrow = identified_range(found, at=[2.0, 5.0, 10.0])
    assert narrow.width < 1e-4
    assert identified_range(found, at=[2.0, 5.0, 10.0], slack=0.2).width > 0.1


# --- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "taus", "support", "options", "message"),
    [
        ([], [], [0, 1], {}, "points must be one-dimensional"),
        ([0.5], [0.5, 0.6], [0, 1], {}, "points and taus must have the same length, found 1 and 2"),
        ([0.5], [0.0], [0, 1], {}, "taus must lie strictly between 0 and 1, found 0.0 to 0.0"),
        ([0.5], [1.5], [0, 1], {}, r"taus must lie in \[0, 1\], found 1.5"),
        ([np.nan], [0.5], [0, 1], {}, "points must be finite"),
        ([0.5], [0.5], [1, 0], {}, "support must be strictly increasing"),
        (
            [0.5],
            [0.5],
            [0, 1],
            {"route": "magic"},
            "route must be 'convex', 'smooth' or 'sampling', found 'magic'",
        ),
        ([0.5], [0.5], [0, 1], {"route": "smooth"}, "support must have at least 3 points"),
        (
            [0.5],
            [0.5],
            [0, 1, 2],
            {"route": "smooth", "smoothness": -1.0},
            "smoothness must be zero or positive",
        ),
        ([0.5], [0.5], [0, 1], {"route": "sampling"}, "rng must be given for the sampling route"),
    ],
)
def test_bad_input_is_named(points, taus, support, options, message):
    with pytest.raises(ValueError, match=message):
        impute(points, taus, support, **options)


def test_bad_input_of_the_sampling_route_and_the_range_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="bounds must be two numbers"):
        impute_by_sampling([0.5], [0.5], (0, 1, 2), rng)
    with pytest.raises(ValueError, match="bounds must be strictly increasing"):
        impute_by_sampling([0.5], [0.5], (1, 0), rng)
    with pytest.raises(ValueError, match="n_samples must be a whole number of at least 1, found 0"):
        impute_by_sampling([0.5], [0.5], (0, 1), rng, n_samples=0)
    found = impute([0.5], [0.5], [0, 1])
    with pytest.raises(ValueError, match="slack must be zero or positive"):
        identified_range(found, slack=-1.0)
    with pytest.raises(ValueError, match="at must be strictly increasing"):
        identified_range(found, at=[1.0, 0.0])
