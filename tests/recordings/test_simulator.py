"""The simulator: the experiment it draws, and the truth it says it drew."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.recordings import (
    MAGNITUDES,
    Settings,
    Simulation,
    Unit,
    simulate,
)
from distributional_dopamine.tasks import utility, variable_magnitude


def rate_changes(unit: Unit) -> pd.DataFrame:
    """Rate 200-600 ms after each reward minus that of the second before the event, Hz, from spike counts."""
    trials = unit.trials.dropna(subset="reward_time")

    def count(starts: pd.Series, length: float) -> np.ndarray:
        first, last = (np.searchsorted(unit.spike_times, starts + shift) for shift in (0, length))
        return (last - first) / length

    response = count(trials["reward_time"] + 0.2, 0.4) - count(trials["event_time"] - 1, 1)
    return trials.assign(response=response)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(np.random.default_rng(1))


def test_it_is_the_published_experiment(simulation: Simulation) -> None:
    recordings = simulation.recordings
    inventory = recordings.inventory()
    assert len(recordings) == 40
    assert inventory["session"].nunique() == 30
    assert inventory["trials"].between(177, 391).all()
    np.testing.assert_allclose(inventory["mean_rate"].median(), 5, atol=1)
    shares = inventory[["expected", "unexpected", "no_reward"]].sum() / inventory["trials"].sum()
    np.testing.assert_allclose(shares, [0.4, 0.4, 0.2], atol=0.005)
    for unit in recordings.units:
        by_kind = unit.trials.groupby("kind", observed=True)["magnitude"]
        assert by_kind.value_counts().loc[["expected", "unexpected"]].min() >= 2
        assert np.diff(unit.trials["event_time"]).min() > 4.9


def test_it_is_marked_as_simulated(simulation: Simulation) -> None:
    provenance = simulation.recordings.provenance
    assert (provenance.kind, provenance.origin, dict(provenance.files)) == ("simulated", "simulator", {})
    assert all("simulated" in unit.name for unit in simulation.recordings.units)


def test_volumes_come_with_their_probabilities() -> None:
    volumes = np.concatenate(
        [
            unit.trials["magnitude"].dropna()
            for unit in simulate(np.random.default_rng(2), n_units=60, n_sessions=60).recordings.units
        ]
    )
    _, counts = np.unique(volumes, return_counts=True)
    # Two trials of each volume are for certain, the rest is drawn: the mixture of both, to sampling error.
    certain = 60 * 2 * 2
    drawn = (counts - certain) / (counts - certain).sum()
    np.testing.assert_allclose(drawn, variable_magnitude().weights, atol=4 * np.sqrt(0.25 / counts.sum()))


def test_the_same_state_gives_the_same_spikes() -> None:
    first, second = (simulate(np.random.default_rng(3), n_units=3) for _ in range(2))
    for a, b in zip(first.recordings.units, second.recordings.units, strict=True):
        np.testing.assert_array_equal(a.spike_times, b.spike_times)
        pd.testing.assert_frame_equal(a.trials, b.trials)
    pd.testing.assert_frame_equal(first.truth, second.truth)
    other = simulate(np.random.default_rng(4), n_units=3).recordings.units[0]
    assert not np.array_equal(other.spike_times[:50], first.recordings.units[0].spike_times[:50])


def test_values_are_where_td_learning_rests(simulation: Simulation) -> None:
    """The mean update of each unit's value is nil under the published probabilities."""
    truth = simulation.truth
    errors = utility(np.array(MAGNITUDES)) - truth["value"].to_numpy()[:, None]
    rates = np.where(
        errors > 0, truth["alpha_plus"].to_numpy()[:, None], truth["alpha_minus"].to_numpy()[:, None]
    )
    updates = (rates * errors) @ variable_magnitude().weights
    np.testing.assert_allclose(updates, 0, atol=1e-12)
    tau = truth["alpha_plus"] / (truth["alpha_plus"] + truth["alpha_minus"])
    np.testing.assert_allclose(truth["asymmetry"], tau)
    assert truth["asymmetry"].std() > 0.1
    assert np.corrcoef(truth["asymmetry"], truth["reversal_point"])[0, 1] > 0.95
    np.testing.assert_allclose(utility(truth["reversal_point_volume"].to_numpy()), truth["reversal_point"])


def test_classical_units_share_one_value() -> None:
    truth = simulate(np.random.default_rng(1), n_units=5, population="classical").truth
    assert truth["asymmetry"].tolist() == [0.5] * 5
    mean = float(utility(np.array(MAGNITUDES)) @ variable_magnitude().weights)
    np.testing.assert_allclose(truth["reversal_point"], mean)
    assert truth["alpha_plus"].nunique() == 5


def test_offsets_move_reversal_points_against_their_sign() -> None:
    truth = simulate(np.random.default_rng(1), n_units=30, population="offset").truth
    np.testing.assert_array_equal(truth["value"], truth["value"].iloc[0])
    at_reversal = truth["alpha_plus"] * (truth["reversal_point"] - truth["value"]) + truth["offset"]
    np.testing.assert_allclose(at_reversal, 0, atol=1e-12)
    assert np.corrcoef(truth["offset"], truth["reversal_point"])[0, 1] < -0.9


def test_spikes_tell_the_truth() -> None:
    """Mean rates, from spikes, are those that the truth predicts, to five standard errors."""
    settings = Settings(surprise=0.0)
    simulation = simulate(np.random.default_rng(5), n_units=30, settings=settings)
    for unit in simulation.recordings.units:
        truth = simulation.truth.loc[unit.name]
        responses = rate_changes(unit).groupby("magnitude")["response"].agg(["mean", "std", "size"])
        error = utility(responses.index.to_numpy()) - truth["value"]
        predicted = np.where(error > 0, truth["alpha_plus"], truth["alpha_minus"]) * error
        predicted = np.maximum(predicted, -truth["baseline"])
        deviation = (responses["mean"] - predicted) / np.sqrt(
            (truth["baseline"] * 3.5 + 25) / responses["size"]
        )
        assert np.abs(deviation).max() < 5


def test_unexpected_rewards_surprise_more() -> None:
    simulation = simulate(np.random.default_rng(6), n_units=40, settings=Settings(surprise=2.0))
    table = pd.concat([rate_changes(unit) for unit in simulation.recordings.units])
    table = table[table["magnitude"] >= 5]  # where no rate is cut off at zero
    means = table.pivot_table("response", "magnitude", "kind", observed=True)
    np.testing.assert_allclose((means["unexpected"] - means["expected"]).mean(), 2.0, atol=0.7)


def test_cues_are_answered() -> None:
    simulation = simulate(np.random.default_rng(7), n_units=10)
    answer = {"expected": [], "no_reward": []}
    for unit in simulation.recordings.units:
        for kind, found in answer.items():
            onset = unit.trials.loc[unit.trials["kind"] == kind, "event_time"].to_numpy()
            after, before = (
                np.diff(np.searchsorted(unit.spike_times, [onset + a, onset + b]), axis=0)
                for a, b in ((0, 0.3), (-0.3, 0))
            )
            found.append((after - before).mean() / 0.3)
    np.testing.assert_allclose(np.mean(answer["expected"]), 6, atol=1)
    np.testing.assert_allclose(np.mean(answer["no_reward"]), 1, atol=1)


def test_light_evokes_spikes_at_once(simulation: Simulation) -> None:
    reliability = []
    for unit in simulation.recordings.units:
        light = unit.identification
        assert light is not None
        assert light.latencies is not None
        evoked = np.isfinite(light.latencies)
        reliability.append(evoked.mean())
        np.testing.assert_allclose(light.evoked_spikes, light.laser_onsets[evoked] + light.latencies[evoked])
        assert np.nanmin(light.latencies) >= 0.002
        assert np.nanmax(light.latencies) <= 0.005
        assert np.isin(light.evoked_spikes, unit.spike_times).all()
        assert light.laser_onsets[-1] < unit.trials["event_time"].iloc[0]
        likeness = np.corrcoef(light.waveform_laser.ravel(), light.waveform_spontaneous.ravel())[0, 1]
        assert likeness > 0.9
    np.testing.assert_allclose(np.mean(reliability), 0.8, atol=0.03)


def test_one_unit_is_enough() -> None:
    assert len(simulate(np.random.default_rng(1), n_units=1, n_sessions=1).recordings) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_units": 0}, "n_units must be at least 1; found 0"),
        ({"n_sessions": -1}, "n_sessions must be at least 1; found -1"),
        (
            {"population": "quantile"},
            "population must be one of distributional, classical, offset; found 'quantile'",
        ),
    ],
)
def test_arguments_that_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(np.random.default_rng(1), **changes)  # type: ignore[arg-type]  # the point of the test


def test_it_is_fast() -> None:
    start = time.perf_counter()
    simulate(np.random.default_rng(1))
    assert time.perf_counter() - start < 5  # a third of a second on an idle machine
