"""Intervals over seeds, and the published table."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from distributional_dopamine.learning.deep.published_atari import published_atari
from distributional_dopamine.learning.deep.summaries import mean_and_interval


def test_the_interval_agrees_with_scipy():
    values = np.random.default_rng(0).exponential(size=30)
    mean, low, high = mean_and_interval(values, np.random.default_rng(1), n_resamples=20_000)
    reference = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, random_state=2)
    assert mean == values.mean()
    assert_allclose([low, high], reference.confidence_interval, atol=0.02)


def test_shift_and_scale_carry_over_and_columns_are_independent():
    values = np.random.default_rng(0).normal(size=(12, 3))
    mean, low, high = mean_and_interval(values, np.random.default_rng(1))
    shifted = mean_and_interval(10 - 2 * values, np.random.default_rng(1))
    assert mean.shape == low.shape == high.shape == (3,)
    assert_allclose(shifted[0], 10 - 2 * mean)
    assert_allclose(shifted[1], 10 - 2 * high, atol=1e-9)


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match=r"values: found shape \(1,\)"):
        mean_and_interval([1.0], np.random.default_rng(0))


def test_the_published_table_has_the_corrected_c51_and_names_its_sources():
    table = published_atari()
    c51 = table.query("agent == 'C51' and read == 'primary'")
    assert c51[["mean", "median", "above_human", "above_dqn"]].to_numpy().tolist() == [[701, 178, 40, 50]]
    assert not (table["mean"] == 1010).any()
    assert set(table["read"]) == {"primary", "secondary", "figure"}
    assert table.loc[table.citation != "bellemare2017", "read"].ne("primary").all()
    assert not table.duplicated(["agent", "citation"]).any()
    assert table[["agent", "median", "source", "citation", "read", "protocol"]].notna().all(axis=None)
