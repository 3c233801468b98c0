"""Decoding: references by hand, exact expectiles that come back, shuffles, halves and simulations."""

import numpy as np
import pytest
from made_cells import simulate_cells
from scipy import stats

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.decoding import (
    CONVEX,
    PAPER,
    QUICK,
    Effort,
    decode,
    decode_independent_halves,
    decode_shuffled,
    decode_simulated,
    identified_band,
    reference_distances,
)
from distributional_dopamine.evidence.nulls import MODELS
from distributional_dopamine.evidence.responses import reward_probabilities, utility_axis
from distributional_dopamine.evidence.simulated_responses import make_template

AXIS = np.array([-3.5, -3.0, -2.5, -1.5, 0.5, 4.5, 8.5])
SHARES = np.array([0.07, 0.09, 0.15, 0.15, 0.31, 0.15, 0.08])
TAUS = np.linspace(0.02, 0.98, 40)


def test_references_by_hand():
    # two equal atoms at 0 and 1: to the uniform 2 x int_0^1/2 |1/2 - x| dx = 1/4, squared 1/12
    found = reference_distances([0.0, 1.0], [1.0, 1.0])
    assert found.loc["uniform", "w1"] == pytest.approx(1 / 4, abs=1e-3)
    assert found.loc["uniform", "cvm"] == pytest.approx(1 / 12, abs=1e-3)
    assert found.loc["mirrored"].tolist() == [0.0, 0.0]
    # to the Gaussian of mean 1/2 and SD 1/2: E|F^-1 of one - F^-1 of the other| by quantiles, z_q the median
    # of |z|
    q = (np.arange(200_000) + 0.5) / 200_000
    wanted = np.abs(0.5 + 0.5 * stats.norm.ppf(q) - (q > 0.5)).mean()
    assert found.loc["gaussian", "w1"] == pytest.approx(wanted, abs=1e-3)
    # weights 3 to 1 mirrored are 1 to 3: half the mass moves by the whole range
    assert reference_distances([0.0, 2.0], [3.0, 1.0]).loc["mirrored", "w1"] == pytest.approx(1.0)


@pytest.mark.parametrize("effort", [CONVEX, Effort(n_candidates=2000, n_repeats=3)])
def test_exact_expectiles_give_the_distribution_back_and_shuffled_ones_do_not(effort):
    points = expectiles(AXIS, TAUS, weights=SHARES)
    rng = np.random.default_rng(1)
    found = decode(points, TAUS, AXIS, SHARES, rng, effort)
    # 40 numbers do not fix a distribution: the paper's route keeps some of its uniform start
    assert found.w1 < (0.15 if effort is CONVEX else 0.6)
    assert found.n_cells == 40
    assert found.effort is effort
    shuffled = decode_shuffled(points, TAUS, AXIS, SHARES, rng, n_shuffles=10, effort=CONVEX)
    assert shuffled.w1.min() > 1.0
    assert shuffled.share_closer(found.w1) == 0.0
    assert shuffled.w1_interval[0] <= shuffled.w1_median <= shuffled.w1_interval[1]
    assert shuffled.cvm_interval[0] <= shuffled.cvm_median <= shuffled.cvm_interval[1]


def test_distances_scale_with_the_axis():
    points = expectiles(AXIS, TAUS, weights=SHARES) + 0.3 * np.sin(np.arange(40))
    rng = np.random.default_rng(2)
    one = decode(points, TAUS, AXIS, SHARES, rng, CONVEX)
    two = decode(10 * points + 3, TAUS, 10 * AXIS + 3, SHARES, rng, CONVEX)
    assert two.w1 == pytest.approx(10 * one.w1, rel=1e-3)
    assert two.cvm == pytest.approx(10 * one.cvm, rel=1e-3)


def test_cells_without_an_estimate_are_left_out():
    points = expectiles(AXIS, TAUS, weights=SHARES)
    gaps = points.copy()
    gaps[::4] = np.nan
    rng = np.random.default_rng(3)
    found = decode(gaps, TAUS, AXIS, SHARES, rng, CONVEX)
    kept = np.isfinite(gaps)
    assert found.n_cells == 30
    assert found.w1 == decode(points[kept], TAUS[kept], AXIS, SHARES, rng, CONVEX).w1
    with pytest.raises(ValueError, match="at least one cell with both"):
        decode([np.nan], [0.5], AXIS, SHARES, rng)
    with pytest.raises(ValueError, match="one value a cell each"):
        decode(points, TAUS[:-1], AXIS, SHARES, rng)


def test_band_holds_what_was_decoded_and_widens_with_slack():
    points = expectiles(AXIS, TAUS[::5], weights=SHARES) + 0.2 * np.cos(np.arange(8))
    found = decode(points, TAUS[::5], AXIS, SHARES, np.random.default_rng(4), CONVEX)
    narrow = identified_band(found, slack=1e-4, n_points=12, n_support=40)
    wide = identified_band(found, slack=0.1, n_points=12, n_support=40)
    assert narrow.width < wide.width
    own = identified_band(found, n_points=12, n_support=40)
    assert (
        own.width == identified_band(found, slack=found.imputation.loss**0.5, n_points=12, n_support=40).width
    )
    cdf = np.array([found.imputation.weights[found.imputation.support <= x].sum() for x in wide.at])
    assert (wide.lower <= cdf + 1e-9).all()
    assert (cdf <= wide.upper + 1e-9).all()


@pytest.fixture(scope="module")
def cells():
    """Simulate a distributional population: values are the expectiles of the rewards."""
    rng = np.random.default_rng(5)
    taus = rng.uniform(0.1, 0.9, 40)
    value = expectiles(AXIS, taus, weights=np.ones(7))
    arrays, _ = simulate_cells(
        rng, 40, 40, value=value, positive=2 * taus, negative=2 * (1 - taus), noise=1.0, axis=AXIS
    )
    return arrays


def test_halves_decode_better_than_halves_with_shuffled_asymmetries(cells):
    axis, shares = utility_axis(cells), reward_probabilities(cells)
    rng = np.random.default_rng(6)
    halves, shuffled = (
        decode_independent_halves(
            cells, axis, shares, rng, n_splits=15, effort=CONVEX, estimator="piecewise", shuffled=s
        )
        for s in (False, True)
    )
    assert halves.w1.shape == (15,)
    assert (halves.n_cells <= 40).all()
    assert halves.n_cells.min() > 30
    assert halves.w1_median < 0.6 * shuffled.w1_median
    again = decode_independent_halves(
        cells, axis, shares, np.random.default_rng(7), n_splits=2, effort=QUICK
    ).w1
    twice = decode_independent_halves(
        cells, axis, shares, np.random.default_rng(7), n_splits=2, effort=QUICK
    ).w1
    np.testing.assert_array_equal(again, twice)


def test_simulated_populations_are_decoded_as_recorded_ones(cells):
    axis = utility_axis(cells)
    measured = estimate_asymmetry(cells, axis, np.random.default_rng(8), estimator="piecewise")
    template = make_template(cells, axis, measured.asymmetry)
    rng = np.random.default_rng(9)
    settings = {"n_simulations": 8, "effort": CONVEX, "estimator": "piecewise"}
    apart = decode_simulated(
        template, MODELS["distributional_measured"], rng, independent_halves=True, **settings
    )
    shuffled = decode_simulated(
        template, MODELS["shuffled_asymmetry"], rng, independent_halves=True, **settings
    )
    together = decode_simulated(template, MODELS["distributional_measured"], rng, **settings)
    assert apart.w1_median < shuffled.w1_median
    assert together.w1_median < shuffled.w1_median


@pytest.mark.recordings
def test_recorded_cells_decoded_as_in_the_paper(recorded_arrays):
    axis, shares = utility_axis(recorded_arrays), reward_probabilities(recorded_arrays)
    references = reference_distances(axis, shares)
    assert references["w1"].round(2).to_dict() == {"uniform": 2.28, "gaussian": 1.07, "mirrored": 4.43}
    rng = np.random.default_rng(1)
    measured = estimate_asymmetry(recorded_arrays, axis, rng)
    points, taus = measured.reversal.reversal_point, measured.asymmetry
    found = decode(points, taus, axis, shares, rng, CONVEX)
    assert found.n_cells == 39
    assert found.w1 == pytest.approx(1.30, abs=0.02)
    paper = decode(points, taus, axis, shares, rng, PAPER)
    assert paper.w1 == pytest.approx(1.2, abs=0.15)
    assert decode_shuffled(points, taus, axis, shares, rng, effort=CONVEX).w1_median > 2.0


def test_shuffles_of_the_convex_route_are_decoded_as_one_by_one():
    rng = np.random.default_rng(3)
    weights = np.array([1, 2, 3, 4, 5, 3, 2]) / 20
    taus = rng.uniform(0.05, 0.95, 12)
    points = expectiles(AXIS, taus, weights=weights) + rng.normal(0, 0.5, 12)
    together = decode_shuffled(
        points, taus, AXIS, weights, np.random.default_rng(4), n_shuffles=5, effort=CONVEX
    )
    shuffles = np.random.default_rng(4)
    singly = [decode(points, shuffles.permutation(taus), AXIS, weights, rng, CONVEX) for _ in range(5)]
    np.testing.assert_allclose(together.w1, [one.w1 for one in singly], rtol=1e-9)
    np.testing.assert_allclose(together.cvm, [one.cvm for one in singly], rtol=1e-9)
    np.testing.assert_allclose(together.loss, [one.imputation.loss for one in singly], rtol=1e-6, atol=1e-12)
    assert np.ptp(together.w1) > 0.1
