"""Update rules of distributions and populations: by hand, against rlax, at their limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from distributional_dopamine import tasks
from distributional_dopamine.distributions import categorical_projection, expectiles, quantiles
from distributional_dopamine.learning import distributional as dist
from distributional_dopamine.learning._imputation import consistent_distribution

# --- rules on one transition ---


def test_categorical_td_by_hand():
    # the return 1 or 2 becomes 0.5 + 0.5 z: 1 or 1.5, the latter shared between 1 and 2
    new = dist.categorical_td([1, 0, 0], 0.5, 0.5, [0, 0.5, 0.5], [0, 1, 2], learning_rate=0.4)
    np.testing.assert_allclose(new, [0.6, 0.4 * 0.75, 0.4 * 0.25])


@given(
    hnp.arrays(float, 7, elements=st.floats(0.001, 1)),
    hnp.arrays(float, 7, elements=st.floats(0.001, 1)),
    st.floats(-5, 5),
    st.floats(0, 1),
    st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_categorical_td_is_a_mixture_with_the_projection(before, after, r_t, discount_t, rate):
    support = np.array([-2.0, -1.5, 0.0, 0.25, 1.0, 3.0, 4.0])
    before, after = before / before.sum(), after / after.sum()
    new = dist.categorical_td(before, r_t, discount_t, after, support, rate)
    projected = categorical_projection(r_t + discount_t * support, after, support)
    np.testing.assert_allclose(new, (1 - rate) * before + rate * projected, atol=1e-12)
    assert new.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.filterwarnings("ignore")  # JAX's own
def test_categorical_and_quantile_steps_are_the_gradients_of_rlax():
    import jax
    import jax.numpy as jnp
    import rlax

    rng = np.random.default_rng(3)
    support = np.linspace(-1, 1, 5)
    logits_tm1, logits_t = rng.normal(size=(2, 5))
    before, after = (np.exp(x) / np.exp(x).sum() for x in (logits_tm1, logits_t))
    target = dist.categorical_td(before, 0.3, 0.9, after, support, learning_rate=1.0)
    # the gradient of a cross entropy in its logits is prediction minus target
    gradient = jax.jit(
        jax.grad(lambda x: rlax.categorical_td_learning(support, x, 0.3, 0.9, support, logits_t))
    )
    np.testing.assert_allclose(gradient(jnp.array(logits_tm1)), before - target, atol=1e-6)

    taus = dist.midpoints(6)
    theta, theta_t = rng.normal(size=(2, 6))
    for huber in (0.0, 0.5):
        slope = jax.jit(jax.grad(rlax.quantile_regression_loss), static_argnums=3)(
            jnp.array(theta), jnp.array(taus), jnp.array(0.2 + 0.9 * theta_t), huber
        )
        new = dist.quantile_td(theta, 0.2, 0.9, theta_t, taus, learning_rate=0.1, huber=huber)
        np.testing.assert_allclose((huber or 1.0) * (new - theta), -0.1 * np.array(slope), atol=1e-6)


def test_quantile_td_by_hand():
    # errors of the first prediction: 2 and 0 (a tie moves nothing); of the second: 1 and -1
    new = dist.quantile_td([0.0, 1.0], 0.0, 1.0, [2.0, 0.0], [0.25, 0.75], learning_rate=0.4)
    np.testing.assert_allclose(new, [0.4 * 0.25 / 2, 1 + 0.4 * (0.75 - 0.25) / 2])
    # a Huber width of 4 counts an error of 2 by half and one of 1 by a quarter
    new = dist.quantile_td([0.0, 1.0], 0.0, 1.0, [2.0, 0.0], [0.25, 0.75], learning_rate=0.4, huber=4.0)
    np.testing.assert_allclose(new, [0.4 * 0.25 * 0.5 / 2, 1 + 0.4 * 0.25 * (0.75 - 0.25) / 2])


def test_orders_of_zero_and_one_move_one_way():
    new = dist.quantile_td([1.0, 1.0], 0.0, 1.0, [0.0, 3.0], [0.0, 1.0], learning_rate=1.0)
    np.testing.assert_allclose(new, [0.5, 1.5])
    new = dist.expectile_td([1.0, 1.0], 0.0, 1.0, [0.0, 3.0], [0.0, 1.0], learning_rate=0.5)
    np.testing.assert_allclose(new, [0.5, 2.0])


def test_expectile_td_by_hand():
    # weights 1/4, 3/4 on 0 and 4; errors of 1: -1 and 3
    new = dist.expectile_td([1.0, 1.0], 0.0, 1.0, [0.0, 4.0], [0.2, 0.5], 0.1, weights_t=[1, 3])
    np.testing.assert_allclose(new, [1 + 0.2 * (-0.8 / 4 + 0.2 * 9 / 4), 1 + 0.1 * (-1 / 4 + 9 / 4)])


@given(st.floats(-3, 3), st.floats(0, 1), hnp.arrays(float, 3, elements=st.floats(-3, 3)))
@settings(max_examples=20, deadline=None)
def test_nothing_moves_without_a_step(r_t, discount_t, before):
    taus = [0.1, 0.5, 0.9]
    np.testing.assert_array_equal(dist.quantile_td(before, r_t, discount_t, before, taus, 0.0), before)
    np.testing.assert_array_equal(dist.expectile_td(before, r_t, discount_t, before, taus, 0.0), before)
    np.testing.assert_array_equal(dist.asymmetric_update(before, r_t, 0.0, 0.0), before)
    np.testing.assert_array_equal(
        dist.categorical_td([0.5, 0.5], r_t, discount_t, [1, 0], [0, 1], 0.0), [0.5, 0.5]
    )


def test_a_discount_of_zero_hides_what_follows():
    taus = [0.1, 0.9]
    for after in ([0.0, 0.0], [7.0, 1e6]):
        np.testing.assert_allclose(dist.quantile_td([0, 0], 1.0, 0.0, after, taus, 1.0), taus)
        np.testing.assert_allclose(dist.expectile_td([0, 0], 1.0, 0.0, after, taus, 0.5), taus)
    np.testing.assert_allclose(dist.categorical_td([1, 0], 1.0, 0.0, [1, 0], [0, 1], 1.0), [0, 1])


def test_asymmetric_updates_by_hand():
    np.testing.assert_allclose(dist.asymmetric_update([0, 1, 2], 1, [0.5] * 3, [0.25] * 3), [0.5, 1, 1.75])
    np.testing.assert_allclose(dist.asymmetric_sign_update([0, 1, 3], 1, 0.5, 0.25), [0.5, 1, 2.75])


ORDERS = ([], [0.5, 0.4], [-0.1], [1.1], [np.nan])


@pytest.mark.parametrize("taus", ORDERS)
def test_bad_orders_are_named(taus):
    rows = [0.0] * len(taus)
    for rule in (dist.quantile_td, dist.expectile_td):
        with pytest.raises(ValueError, match="taus must"):
            rule(rows, 0.0, 0.9, rows, taus, 0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: dist.categorical_td([1, 0], 0, 1, [0.5, 0.6], [0, 1], 0.1),
            "probabilities_t must sum to one",
        ),
        (
            lambda: dist.categorical_td([1], 0, 1, [0, 1], [0, 1], 0.1),
            "probabilities_tm1 must have one entry",
        ),
        (
            lambda: dist.categorical_td([2, -1], 0, 1, [0, 1], [0, 1], 0.1),
            "probabilities_tm1 must lie between",
        ),
        (
            lambda: dist.categorical_td([1, 0], 0, 1, [0, 1], [1, 0], 0.1),
            "support must be strictly increasing",
        ),
        (lambda: dist.categorical_td([1, 0], 0, 1, [0, 1], [0, 1], 1.5), "learning_rate must lie between 0"),
        (lambda: dist.categorical_td([1, 0], np.inf, 1, [0, 1], [0, 1], 0.1), "r_t must be finite"),
        (lambda: dist.quantile_td([0], 0, 1.5, [0], [0.5], 0.1), "discount_t must lie between 0 and 1"),
        (
            lambda: dist.quantile_td([0, 1], 0, 1, [0], [0.5], 0.1),
            "quantiles_tm1 must have length 1, found 2",
        ),
        (lambda: dist.quantile_td([0], 0, 1, [0], [0.5], 0.1, huber=-1), "huber must be zero or positive"),
        (lambda: dist.expectile_td([0], 0, 1, [0], [0.5], 0.1, [-1]), "weights_t must be non-negative"),
        (lambda: dist.asymmetric_update(0, 1, -0.1, 0.1), "alpha_plus must be zero or positive, found -0.1"),
        (lambda: dist.asymmetric_sign_update(0, np.nan, 0.1, 0.1), "target_t must be finite"),
        (lambda: dist.expectile_population([1], [0.1], [0.1, 0.2]), "alpha_minus must have the shape of"),
        (lambda: dist.expectile_population([np.nan], [0.1], [0.1]), "rewards must be finite"),
        (lambda: dist.expectile_population([1], [], []), "alpha_plus must hold one rate for each cell"),
        (lambda: dist.quantile_population([1], [0.1], [0.1], values=[0, 0]), "values must have length 1"),
        (lambda: dist.quantile_population([1], [0.1], [0.1], record_every=0), "record_every must be a whole"),
        (lambda: dist.coupled_population([1], [0.1], [0.1], [[0.5]]), "mixing must have rows"),
        (lambda: dist.coupled_population([1], [0.1], [0.1], [[1, 0]]), "mixing must have shape"),
        (lambda: dist.gaussian_mixing(3, -1.0), "width must be zero or positive, found -1.0"),
        (lambda: dist.population_responses([0.0], [1.0], [0.1, 0.2], [0.1]), "alpha_plus must have length 1"),
        (lambda: dist.midpoints(0), "n must be a whole number of at least 1, found 0"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- populations of cells ---


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(0, 12), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_populations_repeat_the_rule_on_one_trial(seed, n_cells, n_trials, record_every):
    rng = np.random.default_rng(seed)
    rewards = rng.integers(-2, 3, size=n_trials).astype(float)
    plus, minus = rng.random((2, n_cells))
    start = rng.integers(-2, 3, size=n_cells).astype(float)
    for loop, rule in (
        (dist.expectile_population, dist.asymmetric_update),
        (dist.quantile_population, dist.asymmetric_sign_update),
    ):
        values, expected = start, [start]
        for trial, reward in enumerate(rewards, start=1):
            values = rule(values, reward, plus, minus)
            if trial % record_every == 0:
                expected.append(values)
        np.testing.assert_allclose(loop(rewards, plus, minus, start, record_every), expected, atol=1e-14)


def test_a_cell_learns_the_same_in_a_large_population_as_alone():
    rng = np.random.default_rng(6)
    rewards, (plus, minus) = rng.normal(size=20), rng.random((2, 600)) / 5
    together = dist.expectile_population(rewards, plus, minus, record_every=5)
    for cell in (0, 255, 256, 599):
        alone = dist.expectile_population(rewards, plus[cell], minus[cell], record_every=5)
        np.testing.assert_array_equal(together[:, cell], alone[:, 0])


def test_only_the_last_trial_is_kept_by_default():
    history = dist.expectile_population([1, 0, 1], [0.5], [0.5])
    np.testing.assert_allclose(history, [[0], [0.625]])
    assert dist.expectile_population([], [0.5], [0.5], values=[3.0]).tolist() == [[3.0]]


def test_cells_learn_the_expectiles_and_quantiles_of_the_reward_law():
    law = tasks.variable_magnitude()
    axis = tasks.utility(law.values)
    rng = np.random.default_rng(8)
    rewards = rng.choice(axis, size=200_000, p=law.weights)
    taus = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    learned = dist.expectile_population(rewards, 0.01 * taus, 0.01 * (1 - taus), record_every=20)[2_000:]
    np.testing.assert_allclose(learned.mean(axis=0), expectiles(axis, taus, law.weights), atol=0.01)

    uniform = rng.random(200_000)
    learned = dist.quantile_population(uniform, 0.002 * taus, 0.002 * (1 - taus), record_every=20)[2_000:]
    np.testing.assert_allclose(learned.mean(axis=0), taus, atol=0.01)


def test_the_asymmetric_rule_settles_where_its_errors_balance():
    # Rewards that alternate between 0 and 1 with small steps: the expectile of a fair coin is tau itself.
    plus, minus = np.array([0.003, 0.001, 0.002]), np.array([0.001, 0.003, 0.002])
    learned = dist.expectile_population(np.tile([0.0, 1.0], 20_000), plus, minus)[-1]
    np.testing.assert_allclose(learned, plus / (plus + minus), atol=2e-3)


def test_scaling_and_shifting_rewards_scales_and_shifts_what_is_learned():
    rng = np.random.default_rng(1)
    rewards, start = rng.normal(size=500), rng.normal(size=4)
    plus, minus = rng.random((2, 4)) / 10
    mixing = dist.gaussian_mixing(4, 0.8)
    for learn in (
        dist.expectile_population,
        lambda r, p, m, v: dist.coupled_population(r, p, m, mixing, v),
    ):
        plain = learn(rewards, plus, minus, start)
        np.testing.assert_allclose(
            learn(3 * rewards - 2, plus, minus, 3 * start - 2), 3 * plain - 2, atol=1e-12
        )
        mirrored = learn(-rewards, minus, plus, -start)
        np.testing.assert_allclose(mirrored, -plain, atol=1e-12)


def test_no_mixing_is_no_coupling():
    rng = np.random.default_rng(2)
    rewards, plus, minus = rng.normal(size=50), rng.random(5), rng.random(5)
    np.testing.assert_allclose(
        dist.coupled_population(rewards, plus, minus, np.eye(5), record_every=1),
        dist.expectile_population(rewards, plus, minus, record_every=1),
        atol=1e-14,
    )


def test_coupling_by_hand():
    # both cells hear the mean of 1 and 3; the reward 3 is one above it
    history = dist.coupled_population([3.0], [0.5, 0.1], [0.1, 0.5], np.full((2, 2), 0.5), values=[1.0, 3.0])
    np.testing.assert_allclose(history[-1], [1.5, 3.1])
    # rows are hearers: the first cell hears only the second
    history = dist.coupled_population([3.0], [0.5] * 2, [0.1] * 2, [[0, 1], [0, 1]], values=[1.0, 2.0])
    np.testing.assert_allclose(history[-1], [1.5, 2.5])


def test_some_coupling_keeps_the_code_and_a_flat_mixture_loses_it():
    # the task of Extended Data Fig. 4: one or nothing, with equal chance
    rewards = np.random.default_rng(0).integers(0, 2, size=60_000).astype(float)
    taus = dist.midpoints(21)
    spread = []
    for width in (0.0, 1.0, np.inf):
        mixing = dist.gaussian_mixing(21, width)
        learned = dist.coupled_population(rewards, 0.02 * taus, 0.02 * (1 - taus), mixing, record_every=100)
        heard = learned[300:].mean(axis=0) @ mixing.T
        spread.append(np.ptp(heard))
    assert spread[0] > 0.9
    assert 0.6 < spread[1] <= spread[0]
    assert spread[2] < 1e-9


def test_gaussian_mixing_is_symmetric_about_its_middle():
    mixing = dist.gaussian_mixing(7, 1.3)
    np.testing.assert_allclose(mixing.sum(axis=1), 1.0)
    np.testing.assert_allclose(mixing[::-1, ::-1], mixing)
    assert mixing[3, 4] / mixing[3, 3] == pytest.approx(np.exp(-0.5 / 1.3**2))


def test_responses_reverse_at_the_prediction():
    responses = dist.population_responses([1.0, 0.0], [0.0, 1.0, 2.0], [2.0, 1.0], [1.0, 3.0])
    np.testing.assert_array_equal(responses, [[-1, 0, 2], [0, 1, 2]])


# --- imputation inside the loops ---


@given(
    hnp.arrays(float, st.integers(1, 8), elements=st.integers(-50, 50).map(lambda i: i / 8)),
    st.integers(0, 1000),
    st.sampled_from(
        [[0.5], [0.25, 0.5, 0.75], [0.0, 0.1, 0.5, 0.99, 1.0], [0.5, 0.8], list(dist.midpoints(11))]
    ),
)
@settings(max_examples=150, deadline=None)
def test_the_imputed_distribution_has_the_expectiles(values, seed, taus):
    taus = np.array(taus)
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(values)))
    wanted = expectiles(values, taus, weights)
    atoms, masses = consistent_distribution(wanted, taus)
    assert (masses > 0).all()
    assert masses.sum() == pytest.approx(1.0, abs=1e-9)
    scale = max(np.ptp(values), 1e-9)
    np.testing.assert_allclose(expectiles(atoms, taus, masses), wanted, atol=1e-7 * scale)
    if len(taus) > 2:  # never beyond the range of the distribution the expectiles came from
        assert values.min() - 1e-6 * scale <= atoms.min()
        assert atoms.max() <= values.max() + 1e-6 * scale


def test_a_fair_coin_is_imputed_exactly():
    taus = dist.midpoints(5)
    atoms, masses = consistent_distribution(taus.copy(), taus)  # the expectiles of a fair coin are its orders
    np.testing.assert_allclose(atoms, [0, 1], atol=1e-12)
    np.testing.assert_allclose(masses, [0.5, 0.5], atol=1e-12)


@given(hnp.arrays(float, 7, elements=st.floats(-10, 10)))
@settings(max_examples=200, deadline=None)
def test_any_numbers_give_a_distribution_with_their_middle_as_its_mean(points):
    atoms, masses = consistent_distribution(points, dist.midpoints(7))
    assert (masses > 0).all()
    assert (np.diff(atoms) >= 0).all()
    assert masses.sum() == pytest.approx(1.0, abs=1e-6)
    # a sliver of mass may lie far out; what counts is its product
    assert masses @ atoms == pytest.approx(np.sort(points)[3], abs=1e-6)


# --- experience in a process ---


def sweeps_of_a_chain(n_sweeps, seed=0):
    process = tasks.chain(3, ([0.0, 1.0, 4.0], [0.25, 0.5, 0.25]), discount=0.9)
    return tasks.sample_sweeps(process, n_sweeps, np.random.default_rng(seed))


def test_loops_repeat_the_rules():
    rng = np.random.default_rng(4)
    process = tasks.random_process(3, rng, n_successors=2, n_rewards=2)
    episodes = tasks.sample_episodes(process, 3, rng, max_steps=5)
    taus, support = np.array([0.2, 0.5, 0.9]), np.linspace(-4, 4, 6)
    start = np.sort(rng.normal(size=(3, 3)), axis=1)
    masses = rng.dirichlet(np.ones(6), size=3)

    def step(now, rule):
        for t in range(len(episodes.states)):
            s, after = episodes.states[t], episodes.next_states[t]
            now[s] = rule(now[s], episodes.rewards[t], episodes.discounts[t], now[after].copy())
        return now

    def imputed(now, r_t, discount_t, after):
        atoms, weights = consistent_distribution(after, taus)
        return dist.expectile_td(now, r_t, discount_t, atoms, taus, 0.1, weights)

    cases = (
        (
            dist.categorical_td_learning(episodes, masses, support, 0.1),
            step(masses.copy(), lambda p, r, d, q: dist.categorical_td(p, r, d, q, support, 0.1)),
        ),
        (
            dist.quantile_td_learning(episodes, start, taus, 0.1, huber=0.5),
            step(start.copy(), lambda a, r, d, b: dist.quantile_td(a, r, d, b, taus, 0.1, 0.5)),
        ),
        (dist.expectile_td_learning(episodes, start, taus, 0.1), step(start.copy(), imputed)),
        (
            dist.naive_expectile_td_learning(episodes, start, taus, 0.1),
            step(start.copy(), lambda a, r, d, b: dist.expectile_td(a, r, d, b, taus, 0.1)),
        ),
    )
    for ours, expected in cases:
        np.testing.assert_allclose(ours[-1], expected, atol=1e-12)
        assert len(ours) == 2


def test_every_learner_finds_the_discounted_law_of_the_end():
    episodes = sweeps_of_a_chain(40_000)
    law = tasks.DiscreteDistribution(np.array([0.0, 1.0, 4.0]), np.array([0.25, 0.5, 0.25]))
    taus = dist.midpoints(5)
    support = np.linspace(0, 4, 41)
    uniform = np.full((4, 41), 1 / 41)
    masses = dist.categorical_td_learning(episodes, uniform, support, 0.005, 1_000)[10:].mean(axis=0)
    lows = dist.quantile_td_learning(episodes, np.zeros((4, 5)), taus, 0.01, record_every=1_000)[10:].mean(
        axis=0
    )
    points = dist.expectile_td_learning(episodes, np.zeros((4, 5)), taus, 0.005, 1_000)[10:].mean(axis=0)
    for state in range(3):
        values = 0.9 ** (2 - state) * law.values
        np.testing.assert_allclose(masses[state] @ support, values @ law.weights, atol=0.05)
        np.testing.assert_allclose(lows[state], quantiles(values, taus, law.weights), atol=0.1)
        np.testing.assert_allclose(points[state], expectiles(values, taus, law.weights), atol=0.05)
    np.testing.assert_allclose(masses[2, [0, 10, 40]], law.weights, atol=0.02)


def test_naive_expectiles_collapse_along_a_chain_and_imputed_ones_do_not():
    process = tasks.chain(12, ([-1.0, 1.0], [0.5, 0.5]), discount=0.99)
    episodes = tasks.sample_sweeps(process, 20_000, np.random.default_rng(0))
    taus = dist.midpoints(11)
    naive = dist.naive_expectile_td_learning(episodes, np.zeros((13, 11)), taus, 0.02)[-1]
    cured = dist.expectile_td_learning(episodes, np.zeros((13, 11)), taus, 0.02)[-1]
    width, truth = np.ptp(naive[:12], axis=1), np.ptp(2 * taus - 1)
    assert width[11] == pytest.approx(truth, rel=0.1)
    assert width[0] < 0.05 * truth
    np.testing.assert_allclose(np.ptp(cured[:12], axis=1), truth * 0.99 ** np.arange(11, -1, -1), rtol=0.1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda e: dist.categorical_td_learning(e, np.full((4, 2), 0.4), [0, 1], 0.1),
            "probabilities must sum to one",
        ),
        (
            lambda e: dist.categorical_td_learning(e, np.full((4, 3), 1 / 3), [0, 1], 0.1),
            "probabilities must have 2 columns",
        ),
        (
            lambda e: dist.quantile_td_learning(e, np.zeros((3, 1)), [0.5], 0.1),
            "quantiles must have a row for",
        ),
        (lambda e: dist.expectile_td_learning(e, np.zeros((4, 1)), [0.4], 0.1), "taus must include 0.5"),
        (lambda e: dist.naive_expectile_td_learning(e, np.zeros((4, 1)), [0.4], -1), "learning_rate must be"),
    ],
)
def test_bad_tables_are_named(call, message):
    episodes = sweeps_of_a_chain(2)
    with pytest.raises(ValueError, match=message):
        call(episodes)
