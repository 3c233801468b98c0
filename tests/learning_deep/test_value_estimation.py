"""Value estimation: the identity of categorical and expected TD, and what the comparison computes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from distributional_dopamine.learning.value_estimation import (
    NOISE_LAWS,
    Estimator,
    NoiseLaw,
    compare_value_estimators,
    td_and_categorical_means,
)
from distributional_dopamine.tasks import random_process

SILENCE = NoiseLaw("none", lambda _, n: np.zeros(n))


@pytest.mark.parametrize("seed", range(2))
def test_categorical_td_has_the_means_of_td(seed):
    rng = np.random.default_rng(seed)
    process = random_process(6, rng, n_rewards=3)
    bound = np.abs(process.reward_values).max() / (1 - process.discount)
    td, categorical = td_and_categorical_means(process, np.linspace(-bound, bound, 31), 0.2, 100, rng)
    assert np.ptp(td[-1]) > 0.5  # something was learned
    assert_allclose(categorical, td, atol=1e-12 * bound)


def test_a_support_that_is_too_narrow_breaks_the_identity():
    rng = np.random.default_rng(0)
    process = random_process(6, rng, n_rewards=3)
    td, categorical = td_and_categorical_means(process, np.linspace(-0.5, 0.5, 31), 0.2, 100, rng)
    assert np.abs(td - categorical).max() > 0.1


@pytest.mark.parametrize("law", NOISE_LAWS, ids=lambda law: law.name)
def test_noise_has_mean_zero(law):
    draws = law.sample(np.random.default_rng(0), 400_000)
    assert abs(draws.mean()) < 0.03


def test_the_heavy_tail_is_on_one_side_only():
    draws = NOISE_LAWS[2].sample(np.random.default_rng(0), 100_000)
    assert draws.min() >= -0.975
    assert draws.max() > 50


def test_the_learning_rate_is_chosen_on_the_tuning_seeds():
    estimators = (Estimator("TD", 0, (1e-4, 0.2)), Estimator("quantile TD", 4, (1e-4, 0.3)))
    results = compare_value_estimators(
        [SILENCE, NOISE_LAWS[0]], estimators, 3, 2, np.random.default_rng(1), n_sweeps=60, n_states=5
    )
    assert [(r.law, r.estimator) for r in results] == [
        ("none", "TD"),
        ("none", "quantile TD"),
        ("normal", "TD"),
        ("normal", "quantile TD"),
    ]
    for result in results:
        assert result.tuning_errors.shape == (2, 2)
        assert result.errors.shape == (3, 61)
        assert (
            result.chosen == (estimators[0] if result.estimator == "TD" else estimators[1]).learning_rates[1]
        )
    # All estimators start from zero on the same processes.
    assert_array_equal(results[0].errors[:, 0], results[1].errors[:, 0])


def test_td_without_noise_finds_the_values_of_a_deterministic_ring():
    estimator = Estimator("TD", 0, (0.5,))
    (result,) = compare_value_estimators(
        [SILENCE], [estimator], 2, 1, np.random.default_rng(0), n_sweeps=400, n_states=5, discount=0.0
    )
    # Undiscounted by the future, the value of a state is its one reward.
    assert_allclose(result.errors[:, -1], 0.0, atol=1e-12)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="n_seeds, n_tuning_seeds: found 0 and 1"):
        compare_value_estimators(NOISE_LAWS, [], 0, 1, np.random.default_rng(0))
