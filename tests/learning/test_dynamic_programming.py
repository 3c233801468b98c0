"""Dynamic programming: closed forms, every path enumerated, Monte Carlo, and the contraction theorems."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine import tasks
from distributional_dopamine.distributions import (
    categorical_projection,
    cramer_distance,
    expectiles,
    quantiles,
    wasserstein_distance,
)
from distributional_dopamine.learning import dynamic_programming as dp
from distributional_dopamine.learning.distributional import midpoints
from distributional_dopamine.tasks import DiscreteDistribution

NOTHING = DiscreteDistribution(np.zeros(1), np.ones(1))


def tiny_process(discount=0.5):
    """Three states and an end; two rewards on one transition; a loop and a tie."""
    return tasks.markov_reward_process(
        [[0.0, 0.5, 0.25, 0.25], [0.5, 0.0, 0.0, 0.5], [0.0, 0.0, 0.25, 0.75], [0, 0, 0, 0]],
        {0: ([1.0], [1.0]), (0, 1): ([0.0, 2.0], [0.25, 0.75]), 1: ([1.0, -1.0], [0.5, 0.5])},
        discount,
        terminal=[3],
    )


def repeated(sweep, start, n):
    for _ in range(n):
        start = sweep(start)
    return start


# --- exact answers ---


@pytest.mark.parametrize("n", [1, 5, 19])
def test_random_walk_values(n):
    process = tasks.random_walk(n)
    chances = np.arange(1, n + 1) / (n + 1)
    np.testing.assert_allclose(dp.return_mean(process)[:n], chances)
    np.testing.assert_allclose(dp.return_variance(process)[:n], chances * (1 - chances))


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.999])
def test_mean_and_variance_of_a_stream_of_independent_rewards(discount):
    process = tasks.markov_reward_process([[1.0]], {0: ([-1.0, 3.0], [0.75, 0.25])}, discount)
    # mean 0, variance 3, summed with discounts
    np.testing.assert_allclose(dp.return_mean(process), [0.0], atol=1e-12)
    np.testing.assert_allclose(dp.return_variance(process), [3.0 / (1 - discount**2)])


def test_mean_and_variance_of_a_geometric_return():
    # one is paid for each step until the end: a geometric number of steps
    process = tasks.markov_reward_process([[0.8, 0.2], [0, 0]], [1.0, 0.0], 1.0, terminal=[1])
    assert dp.return_mean(process)[0] == pytest.approx(1 / 0.2)
    assert dp.return_variance(process)[0] == pytest.approx(0.8 / 0.04)
    law = dp.enumerate_returns(process, 0, n_steps=40)
    steps = np.arange(1, 40)
    np.testing.assert_array_equal(law.values[:-1], steps)
    np.testing.assert_allclose(law.weights[:-1], 0.2 * 0.8 ** (steps - 1))
    assert law.weights[-1] == pytest.approx(0.8**39)  # forty steps or more


def test_every_path_of_a_tiny_process():
    # written out: 0 -> 1 -> end, 0 -> 1 -> 0, 0 -> 2 -> 2, 0 -> 2 -> end, 0 -> end
    expected = {}
    for chance, total in (
        *(
            (0.5 * a * b, x + 0.5 * y)
            for (x, a), (y, b) in itertools.product(((0.0, 0.25), (2.0, 0.75)), ((1.0, 0.5), (-1.0, 0.5)))
        ),
        (0.25, 1.0),
        (0.25, 1.0),
    ):
        expected[total] = expected.get(total, 0.0) + chance
    law = dp.enumerate_returns(tiny_process(), 0, n_steps=2)
    np.testing.assert_array_equal(law.values, sorted(expected))
    np.testing.assert_allclose(law.weights, [expected[x] for x in sorted(expected)])


def test_the_operator_repeated_walks_every_path():
    process = tiny_process()
    laws = repeated(lambda d: dp.bellman(process, d), [NOTHING] * 4, 6)
    for state in range(4):
        paths = dp.enumerate_returns(process, state, n_steps=6)
        np.testing.assert_allclose(laws[state].values, paths.values)
        np.testing.assert_allclose(laws[state].weights, paths.weights)
        assert paths.mean == pytest.approx(dp.return_mean(process)[state], abs=2 * 0.5**6)
    assert dp.enumerate_returns(process, 0, n_steps=0).values.tolist() == [0.0]


def test_monte_carlo_agrees_with_the_exact_moments():
    process = tiny_process(discount=0.9)
    drawn = dp.monte_carlo_returns(process, 0, 100_000, np.random.default_rng(3))
    mean, variance = dp.return_mean(process)[0], dp.return_variance(process)[0]
    assert drawn.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / 1e5))
    assert drawn.var() == pytest.approx(variance, rel=0.03)
    assert not dp.monte_carlo_returns(process, 3, 5, np.random.default_rng(3)).any()
    only_next = dp.monte_carlo_returns(tiny_process(0.0), 1, 1_000, np.random.default_rng(3))
    assert set(only_next) == {-1.0, 1.0}


def test_returns_that_never_end_are_refused():
    process = tasks.markov_reward_process(
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]], [1.0, 1.0, 0.0], 1.0, terminal=[2], names=["a", "b", "end"]
    )
    for solve in (
        dp.return_mean,
        dp.return_variance,
        lambda p: dp.categorical_dynamic_programming(p, [0.0, 1.0]),
        lambda p: dp.monte_carlo_returns(p, 0, 1, np.random.default_rng(0)),
    ):
        with pytest.raises(
            ValueError, match="process must have a discount below one.*no way to an end from state 'a'"
        ):
            solve(process)


# --- one sweep against the library of distributions ---


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_sweep_is_the_operator_and_then_the_projection(seed, discount):
    rng = np.random.default_rng(seed)
    process = tiny_process(discount)
    # an odd number of unequal steps, and rewards that leave the support at both ends
    support = np.cumsum(rng.random(9)) - 2.0
    masses = rng.dirichlet(np.ones(9), size=4)
    new = dp.categorical_sweep(process, masses, support)
    laws = dp.bellman(process, [DiscreteDistribution(support, row) for row in masses])
    for row, law in zip(new, laws, strict=True):
        np.testing.assert_allclose(row, categorical_projection(*law, support), atol=1e-12)

    taus = midpoints(5)
    table = np.sort(rng.normal(size=(4, 5)), axis=1)
    equal = np.full(5, 0.2)
    laws = dp.bellman(process, [DiscreteDistribution(row, equal) for row in table])
    low, naive = dp.quantile_sweep(process, table, taus), dp.naive_expectile_sweep(process, table, taus)
    for state, law in enumerate(laws):
        np.testing.assert_allclose(low[state], quantiles(law.values, taus, law.weights), atol=1e-12)
        np.testing.assert_allclose(naive[state], expectiles(law.values, taus, law.weights), atol=1e-12)

    # expectiles of two-point laws are imputed exactly
    ends = np.sort(rng.normal(size=(4, 2)), axis=1)
    halves = np.array([0.5, 0.5])
    exact = np.array([expectiles(row, taus, halves) for row in ends])
    laws = dp.bellman(process, [DiscreteDistribution(row, halves) for row in ends])
    new = dp.expectile_sweep(process, exact, taus)
    for state, law in enumerate(laws):
        np.testing.assert_allclose(new[state], expectiles(law.values, taus, law.weights), atol=1e-9)


def test_extreme_orders_are_the_ends_of_the_law():
    process = tasks.chain(1, ([3.0, 1.0, 2.0], [0.3, 0.3, 0.4]))
    taus = [0.0, 0.5, 1.0]
    np.testing.assert_array_equal(dp.quantile_sweep(process, np.zeros((2, 3)), taus)[0], [1, 2, 3])
    np.testing.assert_allclose(dp.expectile_sweep(process, np.zeros((2, 3)), taus)[0], [1, 2, 3])


def test_an_atom_beyond_the_support_stays_at_its_edge():
    process = tasks.chain(2, ([-9.0, 9.0], [0.25, 0.75]))
    found = dp.categorical_dynamic_programming(process, [-1.0, 0.0, 1.0]).estimates
    np.testing.assert_allclose(found, [[0.25, 0, 0.75], [0.25, 0, 0.75], [0, 1, 0]])
    one_point = dp.categorical_dynamic_programming(process, [0.5]).estimates
    np.testing.assert_array_equal(one_point, np.ones((3, 1)))


# --- fixed points ---


def test_categorical_programming_finds_the_law_of_the_random_walk():
    found = dp.categorical_dynamic_programming(tasks.random_walk(), np.linspace(0, 1, 11))
    np.testing.assert_allclose(found.estimates[:5, -1], np.arange(1, 6) / 6, atol=1e-8)
    np.testing.assert_allclose(found.estimates[:5, 0], 1 - np.arange(1, 6) / 6, atol=1e-8)
    np.testing.assert_array_equal(found.estimates[5:, 0], [1, 1])
    assert found.change <= 1e-10


@pytest.mark.parametrize("discount", [0.0, 0.6, 0.99])
def test_categorical_programming_keeps_the_mean(discount):
    process = tasks.random_process(20, np.random.default_rng(0), n_rewards=2, discount=discount)
    reach = np.abs(process.reward_values).max() / (1 - discount)
    support = np.linspace(-reach, reach, 101)
    found = dp.categorical_dynamic_programming(process, support, tolerance=1e-13)
    np.testing.assert_allclose(found.estimates @ support, dp.return_mean(process), atol=1e-8 * reach)
    np.testing.assert_allclose(found.estimates.sum(axis=1), 1.0)
    again = dp.categorical_sweep(process, found.estimates, support)
    np.testing.assert_allclose(again, found.estimates, atol=1e-12)


def test_a_fine_support_finds_the_uniform_law_of_binary_digits():
    # coin flips discounted by one half: the return is uniform on [0, 2]
    process = tasks.markov_reward_process([[1.0]], {0: ([0.0, 1.0], [0.5, 0.5])}, 0.5)
    support = np.linspace(0, 2, 257)
    found = dp.categorical_dynamic_programming(process, support).estimates[0]
    assert wasserstein_distance(support, np.linspace(0, 2, 4001), found) < 0.01
    taus = midpoints(64)
    lows = dp.quantile_dynamic_programming(process, taus).estimates[0]
    np.testing.assert_allclose(lows, 2 * taus, atol=0.05)
    orders = midpoints(9)
    points = dp.expectile_dynamic_programming(process, orders).estimates[0]
    root = np.sqrt(orders)
    np.testing.assert_allclose(points, 2 * root / (root + np.sqrt(1 - orders)), atol=0.02)


def test_expectile_programming_keeps_the_mean_and_widens_where_the_naive_one_collapses():
    process = tasks.chain(15, ([-1.0, 1.0], [0.5, 0.5]), discount=0.99)
    taus = midpoints(11)
    cured = dp.expectile_dynamic_programming(process, taus).estimates
    naive = dp.naive_expectile_dynamic_programming(process, taus).estimates
    for state in range(15):
        # the return is a fair sign, discounted: its expectiles are 2 tau - 1
        np.testing.assert_allclose(cured[state], 0.99 ** (14 - state) * (2 * taus - 1), atol=1e-9)
    widths = np.ptp(naive[:15], axis=1)
    assert (np.diff(widths) > 0).all()
    assert widths[0] < 0.01 < 1.8 < widths[-1]
    random = tasks.random_process(10, np.random.default_rng(1), n_rewards=3)
    found = dp.expectile_dynamic_programming(random, taus).estimates
    np.testing.assert_allclose(found[:, 5], dp.return_mean(random), atol=1e-8)
    assert (np.diff(found, axis=1) > 0).all()


def test_quantile_programming_of_a_chain_is_exact():
    law = (np.array([0.0, 1.0, 4.0, 9.0]), np.array([0.3, 0.2, 0.2, 0.3]))
    taus = midpoints(10)
    found = dp.quantile_dynamic_programming(tasks.chain(4, law, discount=0.9), taus).estimates
    for state in range(4):
        np.testing.assert_allclose(found[state], 0.9 ** (3 - state) * quantiles(law[0], taus, law[1]))


def test_a_process_of_nothing_but_an_end():
    process = tasks.markov_reward_process([[0.0]], [0.0], 1.0, terminal=[0])
    assert dp.return_mean(process).tolist() == [0.0]
    assert dp.return_variance(process).tolist() == [0.0]
    assert dp.expectile_dynamic_programming(process, [0.5]).estimates.tolist() == [[0.0]]
    assert dp.quantile_dynamic_programming(process, [0.5]).estimates.tolist() == [[0.0]]


# --- contraction ---


def two_sets_of_laws(seed, n_states):
    rng = np.random.default_rng(seed)
    return (
        [DiscreteDistribution(rng.normal(size=4), rng.dirichlet(np.ones(4))) for _ in range(n_states)]
        for _ in range(2)
    )


def largest(distance, ones, others):
    return max(distance(a.values, b.values, a.weights, b.weights) for a, b in zip(ones, others, strict=True))


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_the_operator_contracts_by_gamma_in_wasserstein_and_by_its_root_in_cramer(seed, discount):
    process = tasks.random_process(4, np.random.default_rng(seed), 2, n_rewards=2, discount=discount)
    ones, others = two_sets_of_laws(seed + 1, 4)
    new_ones, new_others = dp.bellman(process, ones), dp.bellman(process, others)
    for p in (1, 2, np.inf):

        def distance(a, b, a_weights, b_weights, p=p):
            return wasserstein_distance(a, b, a_weights, b_weights, p)

        before, after = largest(distance, ones, others), largest(distance, new_ones, new_others)
        assert after <= discount * before * (1 + 1e-9) + 1e-12
    # cramer_distance is the square of the metric: the root of gamma becomes gamma
    before, after = largest(cramer_distance, ones, others), largest(cramer_distance, new_ones, new_others)
    assert after <= discount * before * (1 + 1e-9) + 1e-12


def test_the_bounds_of_contraction_are_reached():
    process = tasks.markov_reward_process([[1.0]], [0.0], 0.7)
    one, other = [NOTHING], [DiscreteDistribution(np.ones(1), np.ones(1))]
    new_one, new_other = dp.bellman(process, one), dp.bellman(process, other)
    assert largest(wasserstein_distance, new_one, new_other) == pytest.approx(0.7)
    assert largest(cramer_distance, new_one, new_other) == pytest.approx(0.7)


@given(st.integers(0, 10_000), st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_projected_sweeps_contract_in_their_own_metric(seed, discount):
    rng = np.random.default_rng(seed)
    process = tasks.random_process(4, rng, 2, n_rewards=2, discount=discount)
    support = np.linspace(-2, 2, 9)
    ones, others = rng.dirichlet(np.ones(9), size=(2, 4))

    def cramer(a, b):
        return max(cramer_distance(support, support, *pair) for pair in zip(a, b, strict=True))

    after = cramer(*(dp.categorical_sweep(process, p, support) for p in (ones, others)))
    assert after <= discount * cramer(ones, others) * (1 + 1e-9) + 1e-12

    taus = midpoints(6)
    lows, highs = np.sort(rng.normal(size=(2, 4, 6)), axis=2)
    gap = np.abs(dp.quantile_sweep(process, lows, taus) - dp.quantile_sweep(process, highs, taus)).max()
    assert gap <= discount * np.abs(lows - highs).max() * (1 + 1e-9)


def test_the_quantile_sweep_may_expand_the_mean_distance():
    # A counterexample for finite p: one quantile of a state that goes to two, only one of which differs.
    process = tasks.markov_reward_process(
        [[0.0, 0.6, 0.4], [0, 1, 0], [0, 0, 1]], [0.0, 0.0, 0.0], 1.0 - 1e-9
    )
    ones, others = np.array([[0.0], [1.0], [0.0]]), np.array([[0.0], [0.0], [0.0]])
    new_ones, new_others = (dp.quantile_sweep(process, q, [0.5]) for q in (ones, others))
    assert np.abs(new_ones - new_others)[0, 0] == pytest.approx(1.0)  # the mixture's law moved by 0.6 only
    laws = [[DiscreteDistribution(row, np.ones(1)) for row in q] for q in (ones, others)]
    mixed = [dp.bellman(process, law)[0] for law in laws]
    assert wasserstein_distance(
        mixed[0].values, mixed[1].values, mixed[0].weights, mixed[1].weights
    ) == pytest.approx(0.6)


# --- refusals ---


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: dp.categorical_sweep(p, np.full((3, 2), 0.5), [0, 1]), "probabilities must have shape"),
        (lambda p: dp.categorical_sweep(p, np.full((4, 2), 0.4), [0, 1]), "probabilities must sum to one"),
        (lambda p: dp.categorical_dynamic_programming(p, [1, 0]), "support must be strictly increasing"),
        (lambda p: dp.categorical_dynamic_programming(p, []), "support must be strictly increasing"),
        (lambda p: dp.categorical_dynamic_programming(p, [0, 1], tolerance=-1), "tolerance must be zero or"),
        (lambda p: dp.categorical_dynamic_programming(p, [0, 1], max_sweeps=0), "max_sweeps must be a whole"),
        (lambda p: dp.quantile_sweep(p, np.zeros((4, 2)), [0.5]), "quantiles must have shape"),
        (lambda p: dp.quantile_dynamic_programming(p, [1.5]), "taus must lie between 0 and 1"),
        (lambda p: dp.expectile_dynamic_programming(p, [0.4]), "taus must include 0.5"),
        (lambda p: dp.naive_expectile_sweep(p, np.zeros((3, 1)), [0.4]), "expectiles must have shape"),
        (lambda p: dp.bellman(p, [NOTHING]), "distributions must hold one for each of 4 states, found 1"),
        (lambda p: dp.enumerate_returns(p, 4, 2), "state must be a state below 4, found 4"),
        (lambda p: dp.enumerate_returns(p, 0, -1), "n_steps must be a whole number of at least 0"),
        (
            lambda p: dp.enumerate_returns(p, 0, 9, max_paths=5),
            "max_paths must be at least the number of paths",
        ),
        (
            lambda p: dp.monte_carlo_returns(p, 9, 1, np.random.default_rng(0)),
            "state must be a state below 4",
        ),
        (
            lambda p: dp.monte_carlo_returns(p, 0, 1, np.random.default_rng(0), 0.0),
            "tolerance must lie between",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(tiny_process())


def test_what_has_not_converged_says_so():
    with pytest.raises(dp.NotConvergedError, match="estimates still moved by .* in sweep 2"):
        dp.quantile_dynamic_programming(tiny_process(0.9), [0.5, 0.9], max_sweeps=2)
