"""Responses against a literal transcription of the steps, and against numbers worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_cells import make_recordings

from distributional_dopamine.evidence.responses import (
    FIGURE_2B,
    FIGURES_4_5,
    PLAIN,
    ResponseDefinition,
    baseline_rates,
    compute_responses,
    find_odd_trials,
    normalise_by_cell,
    pool_arrays,
    pool_trials,
    reward_probabilities,
    round_half_away,
    smoothing_kernel,
    spike_weights,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.recordings import MAGNITUDES, Provenance, Recordings, Unit, make_trials

PUBLISHED_AXIS = [-3.57682, -3.28844, -2.76481, -1.75878, 0.24213, 4.42842, 8.32422]  # claims D11
PUBLISHED_SHARES = [
    0.06612594,
    0.09090909,
    0.14847358,
    0.15489467,
    0.31159175,
    0.15095190,
    0.07705306,
]  # claims D04


def matlab_round(x):
    return math.floor(x + 0.5) if x >= 0 else -math.floor(-x + 0.5)


def kernel(time_constant):
    t, out = 0, []
    while t <= 2.5 * time_constant:
        out.append((1 - math.exp(-t)) * math.exp(-t / time_constant))
        t += 1
    return [k / sum(out) for k in out]


def oracle(spikes, event, delay, window, causal, centred):
    """Do the steps one after another, loops only, indices from 1 as in MATLAB."""
    n = 4001
    trace = [0.0] * (n + 1)
    for spike in spikes:
        if not event - 1000 < spike < event + 3000:
            continue
        start = 1 + matlab_round(spike - event) + 1000
        for i, weight in enumerate(kernel(causal) if causal else [1.0]):
            if start + i <= n:
                trace[start + i] += 1000.0 * weight
    baseline = sum(trace[1:1001]) / 1000.0  # bins -1000 ... -1 ms
    trace = [0.0] + [value - baseline for value in trace[1:]]
    if centred:
        weights = kernel(centred)
        n_weights = len(weights)
        smoothed = [0.0] * (n + 1)
        for i in range(1, n + 1):
            # 'same' returns the central part: full convolution from index ceil((n_weights + 1) / 2)
            f = i + math.ceil((n_weights + 1) / 2) - 1
            for j in range(max(1, f + 1 - n_weights), min(n, f) + 1):
                smoothed[i] += trace[j] * weights[f - j]
        trace = smoothed
    first = 1 + window[0] + delay + 1000
    last = window[1] + delay + 1000
    return sum(trace[first : last + 1]) / (last - first + 1)


SPIKES = [
    -1000.0,
    -999.6,
    -951.2,
    -300.5,
    -0.5,
    0.0,
    0.4,
    190.0,
    199.5,
    251.49,
    420.0,
    599.5,
    600.0,
    1688.5,
    1750.5,
]
SPIKES += [1750.5, 2099.6, 2110.0, 2980.0, 2999.7, 3000.0, 3400.0]


@pytest.mark.parametrize("kind", ["expected", "unexpected"])
@pytest.mark.parametrize(
    "definition",
    [
        FIGURES_4_5,
        FIGURE_2B,
        ResponseDefinition(),
        ResponseDefinition(window=(0, 1000), causal_smoothing=20.0),
        replace(FIGURES_4_5, window=(100, 500)),
        ResponseDefinition(window=(-1000, 1500), centred_smoothing=33.0),
    ],
)
def test_responses_follow_the_steps_of_the_paper(kind, definition):
    event = 123456.7
    spikes = [round(event + s, 6) for s in SPIKES]
    recordings = make_recordings(spikes, [event], [kind], [5.0])
    response = compute_responses(recordings, definition)["response"].item()
    delay = 1500 if kind == "expected" else 0
    wanted = oracle(
        spikes, event, delay, definition.window, definition.causal_smoothing, definition.centred_smoothing
    )
    assert response == pytest.approx(wanted, abs=1e-10)


def test_plain_response_counts_spikes_in_half_open_windows():
    # 200 and 599.9 count, 199.9 and 600 do not; -1000 is not strictly within the trace; -999.9 and -0.1 are
    event = 5000.0
    spikes = [event + s for s in (-1000.0, -999.9, -0.1, 0.0, 199.9, 200.0, 599.9, 600.0)]
    table = compute_responses(make_recordings(spikes, [event], ["unexpected"], [1.2]), PLAIN)
    assert table["response"].item() == pytest.approx(2 / 0.4 - 2 / 1.0)
    assert table.drop(columns="response").to_dict("records") == [
        {"cell": "a", "magnitude": 1.2, "expected": False, "trial": 0}
    ]


def test_two_spikes_in_the_window_and_five_before_are_exactly_zero():
    event = 5000.0
    spikes = [event + s for s in (-500.0, -490.0, -480.0, -470.0, -460.0, 400.0, 410.0)]
    for definition in (PLAIN, FIGURES_4_5, FIGURE_2B):
        table = compute_responses(make_recordings(spikes, [event], ["unexpected"], [1.2]), definition)
        assert table["response"].item() == 0.0


def test_kernel_rises_from_zero_and_sums_to_one():
    weights = smoothing_kernel(20.0)
    assert weights.size == 51
    assert weights[0] == 0.0
    assert weights.sum() == pytest.approx(1.0)
    assert smoothing_kernel(50.0).size == 126


def test_a_steady_rate_gives_no_response():
    for definition in (PLAIN, FIGURE_2B):
        assert spike_weights(definition).sum() == pytest.approx(0.0, abs=1e-10)
    weights = spike_weights(FIGURES_4_5)
    assert weights[1250:1500] == pytest.approx(2.5)  # a spike well inside the window adds 1 / 0.4 s


def test_window_outside_the_trace_is_refused():
    with pytest.raises(ValueError, match="window must lie within -1000 to 3000 ms"):
        spike_weights(replace(PLAIN, window=(200, 1600)), reward_delay=1500)
    with pytest.raises(ValueError, match="window must be two whole numbers"):
        ResponseDefinition(window=(600, 200))
    with pytest.raises(ValueError, match="causal_smoothing must be"):
        ResponseDefinition(causal_smoothing=0.0)


def test_rounding_is_half_away_from_zero_and_survives_the_neighbour_of_a_half():
    x = np.array([0.5, 1.5, -0.5, -2.5, 0.49999999999999994, 2.4, -2.6])
    assert round_half_away(x).tolist() == [1, 2, -1, -3, 0, 2, -3]


def table_of(rows):
    return pd.DataFrame(rows, columns=["cell", "magnitude", "expected", "trial", "response"])


def test_pooling_shifts_unexpected_trials_by_the_difference_of_grand_means():
    rows = [
        ("a", 1.2, True, 0, 1.0),
        ("a", 1.2, True, 1, 3.0),  # a: 2
        ("b", 1.2, True, 0, 4.0),  # b: 4 -> mean over cells 3
        ("a", 5.0, True, 2, 5.0),  # -> 5; grand mean of expected 4
        ("a", 1.2, False, 3, 1.0),
        ("b", 1.2, False, 1, 3.0),
        ("b", 1.2, False, 2, 5.0),  # a 1, b 4 -> 2.5
        ("b", 5.0, False, 3, 0.5),  # -> 0.5; grand mean of unexpected 1.5
    ]
    table = table_of(rows)
    pooled = pool_trials(table)
    assert pooled["response"].tolist() == [1.0, 3.0, 4.0, 5.0, 3.5, 5.5, 7.5, 3.0]
    assert pool_trials(table, "unexpected")["response"].tolist() == [1.0, 3.0, 5.0, 0.5]
    assert pool_trials(table, "expected")["trial"].tolist() == [0, 1, 0, 2]
    with pytest.raises(ValueError, match="trials='expected' needs such trials"):
        pool_trials(table[~table["expected"]], "expected")
    with pytest.raises(ValueError, match="needs such trials; responses hold none"):
        pool_trials(table.iloc[:0])
    with pytest.raises(ValueError, match="trials must be"):
        pool_trials(table, "both")
    with pytest.raises(ValueError, match="magnitude missing"):
        pool_trials(table.drop(columns="magnitude"))


def test_arrays_hold_the_same_responses_and_give_them_back():
    rng = np.random.default_rng(2)
    rows = [
        (cell, float(rng.choice(MAGNITUDES[:6])), bool(rng.random() < 0.5), i, float(rng.normal()))
        for cell in ("z", "a", "m")
        for i in range(40)
    ]
    table = table_of(rows)
    arrays = to_arrays(table)
    assert arrays.cells == ("z", "a", "m")  # order of appearance, not of the alphabet
    for c, cell in enumerate(arrays.cells):
        for m, magnitude in enumerate(MAGNITUDES):
            chosen = table[(table["cell"] == cell) & (table["magnitude"] == magnitude)]
            np.testing.assert_array_equal(arrays.condition(c, m), chosen["response"])
            if len(chosen):
                assert arrays.means()[c, m] == pytest.approx(chosen["response"].mean())
            else:
                assert math.isnan(arrays.means()[c, m])
    back = to_arrays(arrays.to_frame())
    np.testing.assert_array_equal(back.values, arrays.values)
    np.testing.assert_array_equal(back.expected, arrays.expected)
    assert to_arrays(arrays) is arrays
    some = arrays.select(["m", "z"])
    assert some.cells == ("m", "z")
    np.testing.assert_array_equal(some.condition(0, 3), arrays.condition(2, 3))
    np.testing.assert_array_equal(some.counts(), arrays.counts()[[2, 0]])
    with pytest.raises(ValueError, match="not there: nobody"):
        arrays.select(["nobody"])
    with pytest.raises(ValueError, match="hold no trial of magnitude"):
        utility_axis(arrays)


def test_arrays_refuse_what_they_cannot_hold():
    with pytest.raises(ValueError, match=r"magnitude must be one of .* found \[7.0\]"):
        to_arrays(table_of([("a", 7.0, True, 0, 1.0)]), MAGNITUDES)
    with pytest.raises(ValueError, match="magnitudes must be one or more numbers in ascending order"):
        to_arrays(table_of([("a", 5.0, True, 0, 1.0)]), (5.0, 2.5))
    with pytest.raises(ValueError, match="response must be finite; found 1"):
        to_arrays(table_of([("a", 5.0, True, 0, math.nan)]))


@pytest.mark.parametrize("expected", [True, False])
def test_one_kind_of_trials_pools_to_itself(expected):
    table = table_of([("a", 1.2, expected, 0, 1.0), ("a", 5.0, expected, 1, 4.0)])
    pd.testing.assert_frame_equal(pool_trials(table), table)
    arrays = to_arrays(table)
    assert pool_arrays(arrays) is arrays


def test_sizes_come_from_the_table_where_they_are_not_the_seven():
    table = table_of([("a", 1.0, True, 0, 1.0), ("a", 40.0, True, 1, 4.0), ("b", 6.0, True, 0, 2.0)])
    assert to_arrays(table).magnitudes == (1.0, 6.0, 40.0)
    assert to_arrays(table_of([("a", 5.0, True, 0, 1.0)])).magnitudes == MAGNITUDES
    # what a recording of another laboratory has, though it shares some of the seven, and cells lack some
    table = table_of([("a", 2.5, True, 0, 1.0), ("b", 20.0, True, 0, 4.0)])
    table.attrs["magnitudes"] = (2.5, 10.0, 20.0)
    chosen = pool_trials(table)[lambda t: t["cell"] == "b"].reset_index(drop=True)
    assert to_arrays(chosen).magnitudes == (2.5, 10.0, 20.0)


def test_each_reward_has_its_own_time():
    cue = 50_000.0
    delays = [400.0, 1500.0, 2600.2, 7000.0]
    events = [cue + 20_000 * i for i in range(4)]
    spikes = [e + d + s for e, d in zip(events, delays, strict=True) for s in (250.0, 590.0, 650.0)]
    spikes += [e - 500.0 for e in events]
    trials = make_trials(
        np.array(events) / 1e3,
        ["expected"] * 4,
        [1.0, 2.0, 3.0, 4.0],
        reward_time=(np.array(events) + delays) / 1e3,
    )
    unit = Unit("a", "s", "g", np.sort(spikes) / 1e3, trials)
    recordings = Recordings((unit,), Provenance("by hand", "simulated", "simulator"))
    table = compute_responses(recordings)
    assert table["response"].tolist() == pytest.approx([2 / 0.4 - 1] * 4)
    assert to_arrays(table).magnitudes == (1.0, 2.0, 3.0, 4.0)
    smooth = compute_responses(recordings, FIGURES_4_5)["response"].to_numpy()
    assert smooth[1:] == pytest.approx(smooth[1])  # far from the edges of the trace the delay does not matter


def test_axis_is_the_mean_over_cells_of_means_over_trials():
    rows = [("a", m, True, 0, 1.0) for m in MAGNITUDES]
    rows += [("b", m, True, i, 2.0 + i) for m in MAGNITUDES for i in range(3)]  # mean 3
    table = table_of(rows)
    assert utility_axis(table).tolist() == [2.0] * 7
    assert reward_probabilities(table) == pytest.approx(np.full(7, 1 / 7))


def test_normalised_responses_have_means_of_unit_spread():
    rows = [("a", m, True, i, 3.0 * k + i) for k, m in enumerate(MAGNITUDES) for i in range(2)]
    out = to_arrays(normalise_by_cell(table_of(rows))).means()
    assert out.std(ddof=1) == pytest.approx(1.0)


def test_baseline_and_odd_trials_of_a_train_made_by_hand():
    event = [10_000.0, 11_503.0, 20_000.0, 23_500.0, 30_000.0]
    kind = ["expected", "unexpected", "expected", "unexpected", "no_reward"]
    spikes = [8999.9, 9000.0, 9500.0, 10_000.0, 10_600.0, 19_500.0, 23_000.0, 29_500.0]
    recordings = make_recordings(spikes, event, kind, [5.0, 20.0, 5.0, 0.1, math.nan])
    rates = baseline_rates(recordings)
    # 9000 and 9500; 10600; 19500; 23000: the no-reward trial does not count
    assert rates.to_dict("records") == [{"cell": "a", "baseline": 5 / 4, "n_trials": 4}]
    odd = find_odd_trials(recordings)
    assert odd["trial"].tolist() == [1]
    assert odd["gap"].item() == pytest.approx(1.503)
    assert odd["magnitude_of_odour"].tolist() == [5.0]
    kept = compute_responses(recordings, drop_odd_trials=True)
    assert kept["trial"].tolist() == [0, 2, 3]


@pytest.mark.recordings
def test_recorded_utility_axis_and_shares_are_those_of_the_paper(recorded_responses):
    pooled = pool_trials(recorded_responses)
    assert np.round(utility_axis(pooled), 5).tolist() == PUBLISHED_AXIS
    assert np.round(reward_probabilities(pooled), 8).tolist() == PUBLISHED_SHARES


@pytest.mark.recordings
def test_recorded_trials_are_counted(recordings, recorded_responses):
    assert len(recorded_responses) == 8877
    assert int(recorded_responses["expected"].sum()) == 4550
    assert len(find_odd_trials(recordings)) == 208
    assert len(compute_responses(recordings, drop_odd_trials=True)) == 8877 - 208
