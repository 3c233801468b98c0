"""Opponent D1 and D2 cells: the levels that were printed, and the rule that was released."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.learning import opponent

#: Printed by github.com/alowet/distributionalRL, behavior_analysis/drl_model_predictions.ipynb, for beta = 4.
PRINTED = [
    [
        0.17391304, 0.4137931, 0.57142857, 0.68292683, 0.76595745,
        0.83018868, 0.88135593, 0.92307692, 0.95774648, 0.98701299,
    ],
    [
        0.01298701, 0.04225352, 0.07692308, 0.11864407, 0.16981132,
        0.23404255, 0.31707317, 0.42857143, 0.5862069, 0.82608696,
    ],
]  # fmt: skip


def test_levels_are_those_that_were_printed():
    levels = opponent.opponent_levels(np.linspace(0.05, 0.95, 10), boost=4.0)
    np.testing.assert_allclose([levels.d1, levels.d2], PRINTED, atol=5e-9, rtol=0)
    assert levels.boost == 4.0


@given(st.floats(0.01, 0.99), st.floats(0.1, 10))
@settings(max_examples=50, deadline=None)
def test_levels_are_mirror_images_and_undo_each_other(tau, boost):
    levels = opponent.opponent_levels([tau], boost)
    mirrored = opponent.opponent_levels([1 - tau], boost)
    assert levels.d1 == pytest.approx(1 - mirrored.d2)
    assert opponent.opponent_levels(levels.d1, boost).d2 == pytest.approx(tau)
    assert opponent.opponent_levels([tau], 1.0).d1 == pytest.approx(tau)
    # the odds are multiplied by beta
    assert levels.d1 / (1 - levels.d1) == pytest.approx(boost * tau / (1 - tau))


def test_the_population_follows_the_released_rule():
    rng = np.random.default_rng(1)
    taus, boost, rate, ceiling = np.array([0.2, 0.5, 0.9]), 4.0, 0.05, 6.0
    rewards = rng.choice([2.0, 6.0], size=50)
    plus, minus = 2 * rate * taus, 2 * rate * (1 - taus)
    d1, d2 = np.zeros(3), np.zeros(3)
    for reward in rewards:
        delta1, delta2 = reward - d1, reward - (ceiling - d2)
        d1 = d1 + np.where(delta1 > 0, boost * plus, minus) * delta1
        d2 = d2 - np.where(delta2 > 0, plus, boost * minus) * delta2
    found = opponent.opponent_population(rewards, opponent.opponent_levels(taus, boost), rate, ceiling)
    assert found.shape == (2, 2, 3)
    np.testing.assert_allclose(found[0], 0.0)
    np.testing.assert_allclose(found[-1], [d1, d2], atol=1e-12)


def test_it_settles_on_the_expectiles_of_its_levels():
    rewards = np.tile([2.0, 6.0, 6.0, 2.0], 5000)
    levels = opponent.opponent_levels([0.3, 0.7], 4.0)
    settled = opponent.opponent_population(rewards, levels, 0.002, 6.0, record_every=4)[2500:].mean(axis=0)
    np.testing.assert_allclose(settled[0], expectiles([2, 6], levels.d1), atol=0.02)
    np.testing.assert_allclose(opponent.reflect(settled[1], 6.0), expectiles([2, 6], levels.d2), atol=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: opponent.opponent_levels([0.5], 0.0), "boost must be above zero, found 0.0"),
        (lambda: opponent.opponent_levels([1.5], 1.0), "taus must lie between 0 and 1, found 1.5"),
        (lambda: opponent.reflect([np.nan], 1.0), "x must be finite"),
        (
            lambda: opponent.opponent_population([1.0], opponent.opponent_levels([0.5], 2.0), -0.1, 6.0),
            "learning_rate must be zero or positive",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
