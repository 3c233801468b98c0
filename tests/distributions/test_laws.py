"""The closed forms: against their defining condition in fifty digits, against SciPy, and against samples."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import integrate, stats

from distributional_dopamine.distributions import expectiles, laws

LAWS = [
    laws.Bernoulli(0.3),
    laws.Uniform(-1.0, 3.0),
    laws.Exponential(2.0),
    laws.Normal(1.0, 0.5),
    laws.Discrete((0.1, 1.2, 5.0, 20.0), (1, 3, 5, 1)),
]
TAUS = np.array([1e-9, 0.01, 0.2, 0.5, 0.77, 0.99, 1 - 1e-9])


def test_by_hand():
    np.testing.assert_allclose(
        laws.Bernoulli(0.25).expectiles([0, 0.5, 0.75, 1]), [0, 0.25, 0.5, 1], rtol=1e-15
    )
    np.testing.assert_allclose(laws.Uniform().expectiles([0, 0.2, 0.5, 0.8, 1]), [0, 1 / 3, 0.5, 2 / 3, 1])
    np.testing.assert_allclose(laws.Uniform(2, 6).expectiles(0.8), 2 + 4 * 2 / 3)
    assert laws.Exponential(3.0).expectiles([0, 0.5, 1]).tolist() == [0, 3, np.inf]
    assert laws.Normal(3.0, 2.0).expectiles([0, 0.5, 1]).tolist() == [-np.inf, 3, np.inf]
    assert laws.Discrete((0, 1, 3), (1, 2, 1)).expectiles(0.5) == 1.25


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_a_certain_reward_is_its_own_expectile(p):
    assert laws.Bernoulli(p).expectiles([0, 0.4, 1]).tolist() == [p, p, p]
    assert laws.Bernoulli(p).quantiles([0, 0.4, 1]).tolist() == [p, p, p]


@pytest.mark.parametrize("tau", [1e-12, 1e-6, 1e-3, 0.05, 0.1, 0.11, 0.12, 0.13, 0.5, 0.9, 1 - 1e-9])
def test_exponential_in_fifty_digits(tau):
    with localcontext() as context:
        context.prec = 50
        odds = Decimal(tau) / (1 - Decimal(tau))
        low, high = Decimal(0), Decimal(60)
        for _ in range(150):
            middle = (low + high) / 2
            if odds * (-middle).exp() > middle - 1 + (-middle).exp():
                low = middle
            else:
                high = middle
        expected = float(low)
    assert laws.Exponential(1.0).expectiles(tau).item() == pytest.approx(expected, rel=4e-15)


@pytest.mark.parametrize("tau", [1e-6, 0.02, 0.3, 0.5, 0.9, 0.9999])
def test_normal_balances(tau):
    point = laws.Normal().expectiles(tau).item()
    rise = integrate.quad(lambda x: (x - point) * stats.norm.pdf(x), point, 40, epsabs=0, epsrel=1e-12)[0]
    fall = integrate.quad(lambda x: (point - x) * stats.norm.pdf(x), -40, point, epsabs=0, epsrel=1e-12)[0]
    assert tau * rise == pytest.approx((1 - tau) * fall, rel=1e-9)


def test_normal_is_symmetric():
    law = laws.Normal(0.0, 3.0)
    taus = np.array([1e-12, 0.1, 0.25, 0.4])
    np.testing.assert_allclose(law.expectiles(taus), -law.expectiles(1 - taus), rtol=1e-4)
    np.testing.assert_array_equal(law.expectiles([0.25]), -law.expectiles([0.75]))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_laws_agree_with_their_samples(law):
    draws = law.sample(np.random.default_rng(7), 200_000)
    error = np.sqrt(law.variance / draws.size)
    assert draws.mean() == pytest.approx(law.mean, abs=5 * error)
    assert draws.var() == pytest.approx(law.variance, rel=0.05)
    inner = [0.05, 0.2, 0.5, 0.8, 0.95]
    np.testing.assert_allclose(expectiles(draws, inner), law.expectiles(inner), atol=12 * error)
    for x in law.quantiles([0.1, 0.5, 0.9]):
        assert np.mean(draws <= x) == pytest.approx(law.cdf(x), abs=0.006)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_what_holds_for_every_law(law):
    assert law.expectiles(0.5).item() == pytest.approx(law.mean, rel=1e-14)
    assert np.all(np.diff(law.expectiles(np.linspace(0.001, 0.999, 500))) > 0)
    found = law.quantiles(TAUS)
    assert np.all(law.cdf(found) >= TAUS - 1e-15)  # F has reached tau at the quantile ...
    assert np.all(law.cdf(found - 1e-6) <= TAUS + 1e-15)  # ... and not before
    assert law.expectiles(np.full((2, 3), 0.3)).shape == law.quantiles(np.full((2, 3), 0.3)).shape == (2, 3)
    for statistic in (law.expectiles, law.quantiles):
        with pytest.raises(ValueError, match=r"taus must lie in \[0, 1\], found 1.5"):
            statistic(1.5)


@pytest.mark.parametrize(
    ("law", "peer"),
    [
        (laws.Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
        (laws.Exponential(2.0), stats.expon(scale=2)),
        (laws.Normal(1.0, 0.5), stats.norm(1, 0.5)),
        (laws.Bernoulli(0.3), stats.bernoulli(0.3)),
    ],
    ids=lambda law: type(law).__name__,
)
def test_laws_agree_with_scipy(law, peer):
    assert law.mean == pytest.approx(peer.mean())
    assert law.variance == pytest.approx(peer.var())
    np.testing.assert_allclose(law.quantiles(TAUS), peer.ppf(TAUS), rtol=1e-12)
    x = np.linspace(-3, 4, 29)
    np.testing.assert_allclose(law.cdf(x), peer.cdf(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: laws.Bernoulli(1.2), r"p must lie in \[0, 1\], found 1.2"),
        (lambda: laws.Uniform(1, 1), "high must lie above low, found low 1 and high 1"),
        (lambda: laws.Exponential(0), "scale must be positive, found 0"),
        (lambda: laws.Normal(0, -1), "sd must be positive, found -1"),
        (lambda: laws.Normal(np.nan, 1), "mean must be finite"),
        (lambda: laws.Discrete((1, 2), (1,)), "weights must have one element for each of values"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
