"""Fits of discount functions, against scipy and against spikes of known cells."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from distributional_dopamine.evidence.discounting import (
    DiscountFit,
    decode_delays,
    exponential_discount,
    fit_discounts,
    hyperbolic_discount,
    simulate_cue_responses,
)

DELAYS = np.array([0.0, 1.5, 3.0, 6.0])
KINDS = pytest.mark.parametrize("discount", [exponential_discount, hyperbolic_discount])


@KINDS
@pytest.mark.parametrize("offset", [False, True])
def test_exact_responses_give_back_the_cell(discount, offset):
    rates, gains = np.array([0.0, 0.02, 0.3, 1.1, 4.9]), np.array([8.0, 3.0, 5.0, -2.0, 1.0])
    responses = gains[:, None] * discount(rates[:, None], DELAYS) + 0.7 * offset
    if offset:  # a cell that does not discount is all offset
        rates, gains, responses = rates[1:], gains[1:], responses[1:]
    fit = fit_discounts(DELAYS, responses, discount, offset=offset)
    np.testing.assert_allclose(fit.rates, rates, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(fit.gains, gains, rtol=1e-3)
    np.testing.assert_allclose(fit.offsets, 0.7 * offset, atol=1e-3)
    np.testing.assert_allclose(fit.squared_errors, 0, atol=1e-8)


@KINDS
def test_noisy_fits_are_those_of_scipy(discount):
    rng = np.random.default_rng(0)
    responses = 8 * discount(0.4, DELAYS) + rng.normal(0, 0.5, (20, 4))
    fit = fit_discounts(DELAYS, responses, discount)
    for i, y in enumerate(responses):
        (gain, rate), _ = curve_fit(lambda d, g, k: g * discount(k, d), DELAYS, y, p0=[8, 0.4])
        assert fit.rates[i] == pytest.approx(rate, rel=1e-4)
        assert fit.gains[i] == pytest.approx(gain, rel=1e-4)


def test_a_rate_beyond_the_bounds_stays_on_them():
    growing, sudden = np.exp(0.3 * DELAYS), np.array([5.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(fit_discounts(DELAYS, [growing, sudden]).rates, [0.0, 5.0], atol=1e-9)


def test_fits_do_not_depend_on_units():
    rng = np.random.default_rng(1)
    responses = 8 * 0.7**DELAYS + rng.normal(0, 0.5, (10, 4))
    one, two = fit_discounts(DELAYS, responses), fit_discounts(DELAYS, -3 * responses)
    np.testing.assert_allclose(two.rates, one.rates, rtol=1e-6)
    np.testing.assert_allclose(two.gains, -3 * one.gains, rtol=1e-6)


def test_simulated_responses_have_poisson_mean_and_variance():
    rng = np.random.default_rng(2)
    n = 40_000
    cells = np.full(n, 0.3), np.full(n, 8.0), np.full(n, 1.0)
    responses = simulate_cue_responses(*cells, [2.0], 5, rng)[:, 0]
    rate = 1.0 + 8.0 * np.exp(-0.6)
    variance = (4.0 + rate) / (0.45 * 5) + 4.0 / (3.0 * 5)
    assert responses.mean() == pytest.approx(rate, abs=4 * np.sqrt(variance / n))
    assert responses.var() == pytest.approx(variance, rel=0.03)


def test_firing_never_falls_below_zero():
    silent = simulate_cue_responses([0.3], [0.0], [-50.0], [1.0], 3, np.random.default_rng(3), baseline=0.0)
    np.testing.assert_array_equal(silent, [[0.0]])


@pytest.mark.parametrize("route", ["nonnegative", "singular"])
def test_decoding_finds_the_delay_of_noiseless_cells(route):
    rates = np.linspace(0.05, 2, 30)
    cells = DiscountFit(rates, np.full(30, 8.0), np.full(30, 0.5), np.zeros(30))
    grid = np.arange(0, 7.5, 1.5)
    responses = 0.5 + 8.0 * exponential_discount(rates[:, None], DELAYS)
    p = decode_delays(cells, responses, grid, 1e-6, route=route)
    np.testing.assert_allclose(p @ grid, DELAYS, atol=1e-3)


def test_a_constant_that_is_not_fitted_looks_like_diversity():
    gains, constants = np.full(3, 8.0), np.array([-1.0, 0.0, 1.0])
    responses = gains[:, None] * 0.7**DELAYS + constants[:, None]
    ignored = fit_discounts(DELAYS, responses).discount_factors
    assert ignored[0] < 0.65 < ignored[1] < 0.75 < ignored[2]
    np.testing.assert_allclose(fit_discounts(DELAYS, responses, offset=True).discount_factors, 0.7, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_discounts([0.0, 1.0], [[1.0]]), "one column for each of 2 delays"),
        (lambda: fit_discounts([0.0, 1.0], [[1.0, 2.0]], offset=True), "delays must be at least 3"),
        (lambda: fit_discounts([-1.0, 1.0], [[1.0, 2.0]]), "none of them negative"),
        (
            lambda: simulate_cue_responses([1], [1], [1], [1], 1, np.random.default_rng(0), window=0.0),
            "window must be above 0",
        ),
        (
            lambda: decode_delays(DiscountFit(*np.ones((4, 1))), [[1.0]], [0.0], 0.1, route="guess"),
            "route must be 'nonnegative' or 'singular', found 'guess'",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
