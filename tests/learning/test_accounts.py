"""Accounts of choices and of populations: probabilities that sum to one, an optimum, exact confusions."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from distributional_dopamine import tasks
from distributional_dopamine.distributions import expectiles
from distributional_dopamine.learning import accounts
from distributional_dopamine.learning.accounts import ChoiceLearner
from distributional_dopamine.learning.distributional import expectile_population

CONTROL = ChoiceLearner()
MIXED = [tasks.risky_choice(1.0, chance) for chance in (0.1, 0.5, 0.9)]
LAW = tasks.DiscreteDistribution(np.array([0.5, 1.0, 2.0, 4.0]), np.array([0.3, 0.3, 0.2, 0.2]))
TAUS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_likelihood_by_hand():
    learner = ChoiceLearner(learning_rate=0.25, asymmetry=0.8, sensitivity=2.0, curvature=0.5)
    payoffs = [[[4.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]
    # u = 4, V_1 = 0.4 * 4; then the second arm: u = 2, V_2 = 0.4 * 2; then the first, which pays nothing
    chances = [0.5, logistic(0.0 - 1.6), logistic(1.6 - 0.8)]
    found = accounts.negative_log_likelihood(learner, [[0, 1, 0]], payoffs)
    assert found == pytest.approx(-np.log(chances).sum(), rel=1e-12)
    # a fourth choice feels the disappointment: V_1 = 1.6 - 0.1 * 1.6
    found = accounts.negative_log_likelihood(learner, [[0, 1, 0, 0]], [[*payoffs[0], [0.0, 0.0]]])
    assert found == pytest.approx(-np.log([*chances, logistic(1.44 - 0.8)]).sum(), rel=1e-12)


def test_probabilities_of_all_sequences_sum_to_one():
    payoffs = np.random.default_rng(1).uniform(0, 3, size=(2, 4, 2))
    learner = ChoiceLearner(0.3, 0.2, 3.0, 0.7)
    total = sum(
        np.exp(-accounts.negative_log_likelihood(learner, np.reshape(sequence, (2, 4)), payoffs))
        for sequence in itertools.product((0, 1), repeat=8)
    )
    assert total == pytest.approx(1.0, rel=1e-12)


def test_simulated_choices_have_the_likelihood_that_is_computed():
    payoffs = np.random.default_rng(2).uniform(0, 2, size=(1, 3, 2))
    learner, rng = ChoiceLearner(0.4, 0.7, 2.0, 1.5), np.random.default_rng(3)
    many = np.array([accounts.simulate_choices(learner, payoffs, rng)[0] for _ in range(20_000)])
    for sequence in itertools.product((0, 1), repeat=3):
        share = (many == sequence).all(axis=1).mean()
        expected = np.exp(-accounts.negative_log_likelihood(learner, [sequence], payoffs))
        assert share == pytest.approx(expected, abs=0.015)


@given(st.floats(0.2, 5.0), st.floats(0.1, 0.9))
@settings(max_examples=25, deadline=None)
def test_sensitivity_and_the_unit_of_reward_are_one(factor, tau):
    payoffs = np.random.default_rng(4).uniform(0, 2, size=(2, 6, 2))
    choices = np.random.default_rng(5).integers(2, size=(2, 6))
    one = ChoiceLearner(0.2, tau, 3.0)
    more = replace(one, sensitivity=3.0 * factor)
    assert accounts.negative_log_likelihood(more, choices, payoffs) == pytest.approx(
        accounts.negative_log_likelihood(one, choices, factor * payoffs), rel=1e-9
    )


def test_with_one_size_of_reward_curvature_is_sensitivity():
    payoffs = 2.0 * np.random.default_rng(6).integers(2, size=(2, 30, 2))
    choices = np.random.default_rng(7).integers(2, size=(2, 30))
    bent = ChoiceLearner(0.2, 0.5, 3.0, curvature=0.4)
    weaker = ChoiceLearner(0.2, 0.5, 3.0 * 2.0 ** (0.4 - 1.0))
    assert accounts.negative_log_likelihood(bent, choices, payoffs) == pytest.approx(
        accounts.negative_log_likelihood(weaker, choices, payoffs), rel=1e-12
    )


@pytest.mark.parametrize("account", list(accounts.RANGES))
def test_fit_is_as_good_as_scipys(account):
    rng = np.random.default_rng(8)
    value = {"asymmetry": 0.25, "sensitivity": 1.5, "curvature": 0.5}[account]
    truth = replace(CONTROL, learning_rate=0.15, **{account: value})
    payoffs = accounts.draw_payoffs(MIXED, 400, rng)
    choices = accounts.simulate_choices(truth, payoffs, rng)
    found = accounts.fit_choices(choices, payoffs, account, CONTROL)

    def misfit(x):
        number = logistic(x[1]) if account == "asymmetry" else np.exp(x[1])
        learner = replace(CONTROL, learning_rate=min(np.exp(x[0]), 0.5), **{account: number})
        return accounts.negative_log_likelihood(learner, choices, payoffs)

    start = np.log(value / (1 - value)) if account == "asymmetry" else np.log(value)
    best = minimize(misfit, [np.log(0.15), start], method="Nelder-Mead", options={"xatol": 1e-6})
    assert found.misfit == pytest.approx(best.fun, abs=0.05)
    assert found.misfit == pytest.approx(accounts.negative_log_likelihood(found.learner, choices, payoffs))
    assert getattr(found.learner, account) == pytest.approx(value, rel=0.3)
    held = {"asymmetry", "sensitivity", "curvature"} - {account}
    assert all(getattr(found.learner, name) == getattr(CONTROL, name) for name in held)


@given(st.floats(0.05, 0.95), st.floats(0.3, 4.0))
@settings(max_examples=40, deadline=None)
def test_certainty_equivalents_of_gambles_against_nothing(chance, odds):
    tau = odds / (1 + odds)
    _, gamble = tasks.risky_choice(1.0, chance)
    prize = gamble.values[1]
    # asymmetry multiplies the odds of winning; a power of the prize raises the chance to a power
    asymmetric = ChoiceLearner(asymmetry=tau).certainty_equivalent(gamble)
    assert asymmetric == pytest.approx(prize * tau * chance / (tau * chance + (1 - tau) * (1 - chance)))
    bent = ChoiceLearner(curvature=odds).certainty_equivalent(gamble)
    assert bent == pytest.approx(prize * chance ** (1 / odds), rel=1e-9)
    assert ChoiceLearner(sensitivity=odds).certainty_equivalent(gamble) == pytest.approx(1.0)


def test_a_coin_cannot_tell_asymmetry_from_curvature():
    for tau in (0.2, 0.35, 0.7):
        kappa = -np.log(2) / np.log(tau)
        for mean in (0.5, 1.0, 7.0):
            coin = tasks.risky_choice(mean, 0.5)[1]
            assert ChoiceLearner(asymmetry=tau).certainty_equivalent(coin) == pytest.approx(
                ChoiceLearner(curvature=kappa).certainty_equivalent(coin)
            )


def test_reversal_points_are_where_asymmetric_learning_settles():
    learner = ChoiceLearner(asymmetry=0.3, sensitivity=2.0, curvature=0.5)
    points = accounts.population_reversal_points(learner, LAW, TAUS)
    odds = TAUS / (1 - TAUS) * 0.3 / 0.7
    tau = odds / (1 + odds)
    felt = 2.0 * LAW.sample(400_000, np.random.default_rng(9)) ** 0.5
    settled = expectile_population(felt, 0.004 * tau, 0.004 * (1 - tau), record_every=100)[1000:].mean(axis=0)
    np.testing.assert_allclose(points, (settled / 2.0) ** 2, rtol=0.03)


def test_what_each_account_does_to_a_population():
    same = accounts.population_reversal_points(CONTROL, LAW, TAUS)
    np.testing.assert_allclose(same, expectiles(LAW.values, TAUS, LAW.weights))
    weak = replace(CONTROL, sensitivity=1.0)
    np.testing.assert_allclose(accounts.population_reversal_points(weak, LAW, TAUS), same)
    np.testing.assert_allclose(
        accounts.account_responses(weak, LAW, TAUS), accounts.account_responses(CONTROL, LAW, TAUS) / 4
    )
    for lower in (replace(CONTROL, asymmetry=0.3), replace(CONTROL, curvature=0.5)):
        assert (accounts.population_reversal_points(lower, LAW, TAUS) < same).all()


@pytest.mark.parametrize("account", list(accounts.RANGES))
def test_noiseless_populations_are_recognised(account):
    truth = replace(CONTROL, **{account: {"asymmetry": 0.3, "sensitivity": 2.0, "curvature": 0.6}[account]})
    seen = accounts.account_responses(truth, LAW, TAUS)
    fits = {
        name: accounts.fit_observations(
            seen,
            accounts.tabulate_account(name, CONTROL, lambda one: accounts.account_responses(one, LAW, TAUS)),
        )
        for name in accounts.RANGES
    }
    assert min(fits, key=lambda name: fits[name].misfit) == account
    assert getattr(fits[account].learner, account) == pytest.approx(getattr(truth, account), rel=0.05)


def test_simulated_learners_are_recognised_by_their_choices_more_often_than_not():
    truths = {"asymmetry": 0.2, "sensitivity": 1.0, "curvature": 0.4}
    rng = np.random.default_rng(10)
    misfits = [
        accounts.simulate_and_fit(
            [replace(CONTROL, **{name: value})] * 12, MIXED, 200, list(truths), CONTROL, rng
        )
        for name, value in truths.items()
    ]
    table = accounts.confusion_matrix(misfits)
    np.testing.assert_allclose(table.sum(axis=1), 1.0)
    assert (np.diag(table) > 0.6).all()


def test_settled_responses_cancel_in_the_mean():
    responses = accounts.account_responses(ChoiceLearner(asymmetry=0.3, curvature=0.6), LAW, TAUS)
    np.testing.assert_allclose(responses @ LAW.weights, 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ChoiceLearner(learning_rate=0.6), "learning_rate must be at most 0.5"),
        (lambda: ChoiceLearner(curvature=0.0), "curvature must be above zero"),
        (lambda: accounts.negative_log_likelihood(CONTROL, [[2]], [[[0, 1]]]), "choices must be 0 or 1"),
        (lambda: accounts.negative_log_likelihood(CONTROL, [[1]], [[[0, -1]]]), "payoffs must be at least"),
        (lambda: accounts.fit_choices([[1]], [[[0, 1]]], "mood", CONTROL), "account must be one of"),
        (lambda: accounts.population_reversal_points(CONTROL, LAW, [0.0]), "must lie strictly between"),
        (lambda: accounts.confusion_matrix(np.zeros((2, 1, 3))), "as many true as fitted accounts"),
        (
            lambda: accounts.fit_observations(
                [1.0, 2.0], accounts.AccountTable("asymmetry", (CONTROL,), np.zeros((1, 3)))
            ),
            r"observed must have shape \(3,\)",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
