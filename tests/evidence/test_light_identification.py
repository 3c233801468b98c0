"""Light-identification: latencies and waveforms by hand, distances from SciPy, P values by enumeration."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import kstest

from distributional_dopamine.evidence.light_identification import (
    compare_latencies,
    examine_unit,
    examine_units,
    first_spike_latencies,
    isolated_pulses,
    waveform_correlation,
    windows_before,
)
from distributional_dopamine.recordings import LightIdentification, Unit, make_trials, simulate

PULSES = np.arange(1.0, 41.0)


def make_identification(onsets, light, other):
    return LightIdentification(
        laser_onsets=onsets,
        evoked_spikes=[],
        waveform_laser=light,
        waveform_laser_sem=np.zeros_like(light),
        waveform_spontaneous=other,
        waveform_spontaneous_sem=np.zeros_like(other),
    )


def make_unit(spikes, onsets=PULSES):
    waveform = np.arange(8.0).reshape(4, 2)
    identification = make_identification(onsets, waveform, waveform)
    return Unit("a", "s", "g", spikes, make_trials([60.0], ["unexpected"], [5.0]), identification)


def test_latencies_by_hand():
    spikes = [0.9999, 1.0, 1.003, 2.0099, 3.01, 4.002, 4.004]
    latencies = first_spike_latencies(spikes, [1.0, 2.0, 3.0, 4.0, 5.0], window=0.010)
    # a spike at the onset counts, one at the end of the window does not, a second spike does not matter
    np.testing.assert_allclose(latencies, [0.0, 0.0099, np.nan, 0.002, np.nan], atol=1e-12)
    assert first_spike_latencies([], [[1.0, 2.0]]).shape == (1, 2)


def test_windows_and_isolated_pulses_by_hand():
    np.testing.assert_allclose(windows_before([1.0, 3.0], 3, 0.01), [[0.99, 0.98, 0.97], [2.99, 2.98, 2.97]])
    onsets = [1.0, 1.9, 2.7, 3.7]
    assert isolated_pulses(onsets, 0.9).tolist() == [True, True, False, True]  # gaps 0.9, 0.8, 1.0
    assert isolated_pulses([]).tolist() == []


def test_a_window_before_a_pulse_and_the_one_after_it_share_no_spike():
    # a spike at the very edge belongs to the window that begins there
    starts = np.column_stack(([1.0], windows_before([1.0], 2, 0.01)))
    found = np.isfinite(first_spike_latencies([0.99, 1.0], starts, 0.01))
    assert found.tolist() == [[True, True, False]]


def classes_by_loop(spikes, pulses, n_epochs, window, width):
    """Class of the first spike in each window, the slow way."""
    out = np.full((len(pulses), n_epochs + 1), round(window / width))
    for i, pulse in enumerate(pulses):
        for k in range(n_epochs + 1):
            inside = [s - (pulse - k * window) for s in spikes]
            inside = [x for x in inside if -1e-9 <= x < window - 1e-9]
            if inside:
                out[i, k] = int(min(inside) / width + 1e-6)
    return out


def median_distance(classes, n_classes):
    shares = [np.bincount(column, minlength=n_classes) / len(column) for column in classes.T]
    return np.median([np.sqrt(2) * jensenshannon(shares[0], other) for other in shares[1:]])


def test_the_statistic_is_that_of_scipy():
    rng = np.random.default_rng(3)
    spikes = np.sort(np.concatenate([rng.uniform(0, 41, 800), PULSES[:25] + rng.uniform(0.002, 0.004, 25)]))
    test = compare_latencies(spikes, PULSES, rng, n_epochs=12, n_permutations=5)
    classes = classes_by_loop(spikes, PULSES, 12, 0.01, 0.001)
    assert test.distance == pytest.approx(median_distance(classes, 11))
    shares = [np.bincount(column, minlength=11) / 40 for column in classes.T]
    pairs = [np.sqrt(2) * jensenshannon(p, q) for p, q in itertools.combinations(shares[1:], 2)]
    assert test.information == pytest.approx(test.distance - np.median(pairs))
    assert test.p_epochs == pytest.approx(np.mean(np.array(pairs) >= test.distance - 1e-12))
    np.testing.assert_allclose(test.share_light, shares[0])
    np.testing.assert_allclose(test.share_baseline, np.mean(shares[1:], axis=0))
    np.testing.assert_allclose(test.edges, np.arange(11) * 1e-3)


def test_two_disjoint_distributions_are_as_far_apart_as_can_be():
    spikes = np.sort(np.concatenate([PULSES + 0.0035, *(PULSES - 0.01 * k + 0.0075 for k in range(1, 6))]))
    test = compare_latencies(spikes, PULSES, np.random.default_rng(1), n_epochs=5, n_permutations=99)
    assert test.distance == pytest.approx(np.sqrt(2 * np.log(2)))
    assert test.information == pytest.approx(test.distance)  # the epochs are all alike
    assert (test.p_epochs, test.p_permutation) == (0.0, 0.01)


def test_permutation_p_is_the_share_found_by_enumeration():
    # three pulses, two epochs before each: 27 equally likely exchanges
    pulses = np.array([1.0, 2.0, 3.0])
    spikes = np.sort([1.0025, 2.0025, 0.9965, 2.9845])
    test = compare_latencies(spikes, pulses, np.random.default_rng(5), n_epochs=2, n_permutations=20_000)
    classes = classes_by_loop(spikes, pulses, 2, 0.01, 0.001)
    observed = median_distance(classes, 11)
    as_large = 0
    for drawn in itertools.product(range(3), repeat=3):
        exchanged = classes.copy()
        for i, k in enumerate(drawn):
            exchanged[i, [0, k]] = exchanged[i, [k, 0]]
        as_large += median_distance(exchanged, 11) >= observed - 1e-12
    assert 3 < as_large < 27
    assert test.p_permutation == pytest.approx(as_large / 27, abs=0.012)


def test_without_an_effect_p_is_uniform():
    rng = np.random.default_rng(11)
    p = [
        compare_latencies(np.sort(rng.uniform(0, 41, 1200)), PULSES, rng, n_epochs=10, n_permutations=99)
        for _ in range(150)
    ]
    p = np.array([test.p_permutation for test in p])
    # P has steps of a hundredth; a uniform draw within the step makes it continuous
    assert kstest(p - rng.uniform(0, 0.01, p.size), "uniform").pvalue > 0.01
    assert (p <= 0.05).mean() < 0.12


def test_a_later_clock_changes_nothing():
    rng = np.random.default_rng(2)
    spikes = np.sort(np.concatenate([rng.uniform(0, 41, 300).round(4), (PULSES + 0.003)[::2]]))
    first = compare_latencies(spikes, PULSES, np.random.default_rng(1), n_permutations=50)
    later = compare_latencies(spikes + 1024, PULSES + 1024, np.random.default_rng(1), n_permutations=50)
    assert later.distance == pytest.approx(first.distance)
    assert later.p_permutation == first.p_permutation


def test_waveforms_by_hand():
    one, two = np.array([0.0, 1.0, 0.0, -1.0]), np.array([0.0, 2.0, 0.0, -2.0])
    flat = np.zeros(4)
    cases = [
        (np.column_stack([one, two]), np.column_stack([one, two]) * 3 + 1, 1.0),
        (np.column_stack([one, two]), -np.column_stack([one, two]), -1.0),
        # the same shapes, on the other channel: (1*2 + 1*2 + 2*1 + 2*1) / (1 + 1 + 4 + 4)
        (np.column_stack([one, two]), np.column_stack([two, one]), 0.8),
        # a channel flat in both is left out
        (np.column_stack([one, flat]), np.column_stack([one, flat + 9]), 1.0),
    ]
    for light, other, wanted in cases:
        assert waveform_correlation(make_identification([1.0], light, other)) == pytest.approx(wanted)
    dead = np.column_stack([flat, flat])
    assert np.isnan(waveform_correlation(make_identification([1.0], dead, dead)))


def test_one_unit_by_hand():
    # every pulse but each fourth evokes a spike after 3 ms; a spike before each second pulse
    spikes = np.sort(np.concatenate([np.delete(PULSES, slice(3, None, 4)) + 0.003, PULSES[::2] - 0.0205]))
    found = examine_unit(make_unit(spikes), np.random.default_rng(1), n_permutations=99)
    assert (found.n_pulses, found.n_isolated) == (40, 40)
    assert found.reliability == pytest.approx(0.75)
    assert found.baseline_probability == pytest.approx(20 / (40 * 50))
    assert found.evoked_share == pytest.approx((0.75 - 0.01) / 0.99)
    assert found.latency == pytest.approx(0.003)
    assert found.latency_iqr == pytest.approx(0.0, abs=1e-9)
    assert found.waveform_correlation == pytest.approx(1.0)
    assert found.p_permutation == 0.01


def test_a_unit_without_light_or_without_an_answer():
    rng = np.random.default_rng(1)
    dark = Unit("a", "s", "g", [1.0], make_trials([60.0], ["unexpected"], [5.0]))
    assert examine_unit(dark, rng).n_pulses == 0
    assert np.isnan(examine_unit(dark, rng).reliability)
    silent = examine_unit(make_unit([100.0]), rng, n_permutations=9)
    assert silent.reliability == 0.0
    assert np.isnan(silent.latency)
    assert silent.p_permutation == 1.0  # nothing anywhere: every permutation is as far


def test_simulated_units_are_found_out():
    simulation = simulate(np.random.default_rng(4), n_units=6, n_sessions=3)
    table = examine_units(simulation.recordings, np.random.default_rng(1))
    assert table.index.tolist() == [unit.name for unit in simulation.recordings.units]
    assert table["reliability"].between(0.7, 0.9).all()  # 0.8 of the pulses, as set
    assert table["latency"].between(0.0033, 0.0037).all()  # 3.5 ms, as set
    assert (table["p_permutation"] == 0.001).all()
    assert (table["waveform_correlation"] > 0.98).all()
    again = examine_units(simulation.recordings, np.random.default_rng(1))
    assert again.equals(table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"onsets": []}, "onsets must hold at least one pulse"),
        ({"window": 0.0105}, "whole number of bins"),
        ({"window": -0.01}, "whole number of bins"),
        ({"n_epochs": 1}, "n_epochs must be a whole number of at least 2"),
        ({"n_permutations": 0}, "n_permutations"),
        ({"spike_times": [np.nan]}, "spike_times must be finite"),
        ({"spike_times": [2.0, 1.0]}, "spike_times must be in ascending order"),
    ],
)
def test_what_is_refused(arguments, message):
    given = {"spike_times": [1.0], "onsets": [1.0], "rng": np.random.default_rng(1)} | arguments
    with pytest.raises(ValueError, match=message):
        compare_latencies(**given)
    with pytest.raises(ValueError, match="window must be above 0 s"):
        first_spike_latencies([1.0], [1.0], window=0.0)


@pytest.mark.recordings
def test_latencies_are_those_in_the_files(recordings):
    n_pulses, n_alike = 0, 0
    for unit in recordings.units:
        light = unit.identification
        if light.latencies is None:
            continue
        ours = first_spike_latencies(unit.spike_times, light.laser_onsets)
        alike = np.isclose(ours, light.latencies, rtol=0, atol=1e-6, equal_nan=True)
        n_pulses, n_alike = n_pulses + alike.size, n_alike + int(alike.sum())
        assert (ours[~alike] == 0).all()  # the files call a spike at the very onset none
    assert (n_pulses, n_alike) == (3570, 3568)


@pytest.mark.recordings
def test_recorded_units(recordings):
    table = examine_units(recordings, np.random.default_rng(1))
    assert (table["p_permutation"] <= 0.001).sum() == 39
    assert table["p_permutation"].idxmax() == "10_20_TT7_2"
    assert (table["reliability_isolated"] > table["baseline_probability"]).all()
    assert table["latency"].between(0.002, 0.0075).all()
