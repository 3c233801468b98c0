"""The data model refuses what no analysis could use, and says why."""

from __future__ import annotations

import dataclasses
import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.recordings import (
    LightIdentification,
    Provenance,
    Recordings,
    RecordingsError,
    Unit,
    make_trials,
)


def unit(name: str = "a", **changes: Any) -> Unit:
    given: dict[str, Any] = {
        "name": name,
        "session": "s",
        "group": "g",
        "spike_times": [1.0, 2.0, 5.0],
        "trials": make_trials(
            [10.0, 20.0, 30.0], ["expected", "unexpected", "no_reward"], [5.0, 0.1, np.nan]
        ),
    }
    return Unit(**{**given, **changes})


def identification(**changes: Any) -> LightIdentification:
    waveform = np.zeros((4, 2))
    given: dict[str, Any] = {
        "laser_onsets": [1.0, 2.0],
        "evoked_spikes": [1.003],
        "waveform_laser": waveform,
        "waveform_laser_sem": waveform,
        "waveform_spontaneous": waveform,
        "waveform_spontaneous_sem": waveform,
        "latencies": [0.003, np.nan],
    }
    return LightIdentification(**{**given, **changes})


def test_trials_in_order_of_time_with_their_rewards() -> None:
    trials = make_trials([30.0, 10.0, 20.0], ["no_reward", "expected", "unexpected"], [np.nan, 5.0, 0.1])
    assert trials["event_time"].tolist() == [10.0, 20.0, 30.0]
    np.testing.assert_array_equal(trials["reward_time"], [11.5, 20.0, np.nan])
    np.testing.assert_array_equal(trials["magnitude"], [5.0, 0.1, np.nan])
    assert trials["kind"].tolist() == ["expected", "unexpected", "no_reward"]
    assert trials["odour"].tolist() == [1, 0, 2]


def test_trials_of_another_laboratory() -> None:
    trials = make_trials(
        [10.0, 20.0],
        ["expected", "no_reward"],
        [3.0, np.nan],
        [4, 0],
        reward_time=[12.25, np.nan],
        cue=["a tone", ""],
    )
    np.testing.assert_array_equal(trials["reward_time"], [12.25, np.nan])
    assert trials["cue"].tolist() == ["a tone", ""]
    assert unit(trials=trials).trials["cue"].tolist() == ["a tone", ""]
    assert unit().trials["cue"].tolist() == ["1", "", "2"]
    with pytest.raises(RecordingsError, match=r"must have one length; found .*'cue': 1"):
        make_trials([10.0, 20.0], ["expected"] * 2, [3.0, 3.0], cue=["a"])


def test_lazy_spikes_are_read_each_time_and_checked() -> None:
    stored = [np.array([1.0, 2.0]), np.array([2.0, 1.0])]
    lazy = Unit.lazy("a", "s", "g", lambda: stored.pop(0), unit().trials)
    assert len(stored) == 2
    assert lazy.spike_times.tolist() == [1.0, 2.0]
    with pytest.raises(RecordingsError, match="Unit 'a': spike_times must be in ascending order"):
        lazy.spike_times  # noqa: B018  # reading is what is tested
    with pytest.raises(AttributeError, match="no attribute 'spikes'"):
        lazy.spikes  # type: ignore[attr-defined]  # noqa: B018  # the point of the test


@pytest.mark.parametrize(
    ("spikes", "message"),
    [
        ([1.0, 3.0, 2.0], "spike_times must be in ascending order; found 2.0 s after 3.0 s at index 2"),
        ([1.0, np.nan], "spike_times must be finite; found 1 NaN or infinite value(s), the first at index 1"),
        ([[1.0]], "spike_times must have 1 dimension(s); found an array of shape (1, 1)"),
        (["one"], "spike_times must be numbers"),
    ],
)
def test_spikes_that_are_refused(spikes: Any, message: str) -> None:
    with pytest.raises(RecordingsError, match=re.escape(f"Unit 'a': {message}")):
        unit(spike_times=spikes)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("event_time", [10.0, np.nan, 30.0], "event_time must be finite"),
        ("event_time", [20.0, 10.0, 30.0], "event_time must be in ascending order"),
        ("reward_time", [9.0, 20.0, np.nan], "trial 0 (expected) has its reward -1.0 s after its event"),
        ("reward_time", [11.5, 21.0, np.nan], "trial 1 (unexpected) has its reward 1.0 s after its event"),
        (
            "reward_time",
            [11.5, np.nan, np.nan],
            "reward_time must be a finite number on trials with a reward",
        ),
        ("magnitude", [5.0, 0.1, 2.0], "found 2.0 on trial 2 of kind no_reward"),
        ("magnitude", [5.0, -0.1, np.nan], "magnitude must be above 0; found -0.1"),
        ("kind", ["expected", "surprising", "no_reward"], "found surprising"),
        ("kind", ["expected", None, "no_reward"], "found nan"),
        ("odour", [1.0, 0.5, 2.0], "odour must be a whole number on every trial"),
        ("odour", [1.0, np.nan, 2.0], "odour must be a whole number on every trial"),
    ],
)
def test_trials_that_are_refused(column: str, value: Any, message: str) -> None:
    trials = unit().trials.astype({"kind": object}).assign(**{column: value})
    with pytest.raises(RecordingsError, match=re.escape(message)):
        unit(trials=trials)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(RecordingsError, match="magnitude, odour missing"):
        unit(trials=unit().trials.drop(columns=["magnitude", "odour"]))


def test_columns_of_trials_need_one_length() -> None:
    with pytest.raises(RecordingsError, match="must have one length"):
        make_trials([1.0, 2.0], ["expected"], [5.0, 5.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"laser_onsets": [2.0, 1.0]}, "laser_onsets must be in ascending order"),
        ({"latencies": [0.003]}, "latencies must be one per pulse of light; found 1 for 2 pulses"),
        ({"latencies": [-0.003, np.nan]}, "latencies must be positive"),
        ({"waveform_laser": np.zeros((3, 2))}, "The waveforms must have one shape"),
        ({"waveform_laser": np.full((4, 2), np.nan)}, "waveform_laser must be finite"),
    ],
)
def test_light_identification_that_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordingsError, match=message):
        identification(**changes)


def test_arrays_are_copies_that_cannot_be_written_to() -> None:
    spikes = np.array([1.0, 2.0])
    made = unit(spike_times=spikes, identification=identification())
    spikes[0] = 0.5
    assert made.spike_times[0] == 1.0
    assert made.identification is not None
    for array in (made.spike_times, made.identification.laser_onsets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


def test_inventory_counts() -> None:
    recordings = Recordings(
        (unit("b"), unit("a", spike_times=[1.0])),
        Provenance("test", "simulated", "simulator"),
        n_unlabelled={"a": 4},
    )
    expected = pd.DataFrame(
        {
            "session": ["s", "s"],
            "group": ["g", "g"],
            "expected": [1, 1],
            "unexpected": [1, 1],
            "no_reward": [1, 1],
            "unlabelled": [4, 0],
            "trials": [7, 3],
            "spikes": [1, 3],
            "mean_rate": [np.nan, 0.5],
            "duration": [0.0, 4.0],
        },
        index=pd.Index(["a", "b"], name="name"),
    )
    pd.testing.assert_frame_equal(recordings.inventory(), expected)
    assert len(recordings) == 2
    assert recordings.unit("b").spike_times.size == 3


def test_recordings_refuse_confusion() -> None:
    provenance = Provenance("test", "simulated", "simulator")
    with pytest.raises(RecordingsError, match="found twice: a"):
        Recordings((unit("a"), unit("a")), provenance)
    with pytest.raises(RecordingsError, match="units that are not there: z"):
        Recordings((unit("a"),), provenance, n_unlabelled={"z": 1})
    with pytest.raises(RecordingsError, match="There is no unit 'z'; the units are: a"):
        Recordings((unit("a"),), provenance).unit("z")


def test_provenance_is_ordered_plain_data() -> None:
    provenance = Provenance("test", "recorded", "folder", files={"b": "2", "a": "1"})
    assert list(dataclasses.asdict(provenance)["files"]) == ["a", "b"]
    with pytest.raises(RecordingsError, match="kind must be 'recorded' or 'simulated'"):
        Provenance("test", "invented", "folder")  # type: ignore[arg-type]  # the point of the test


def test_recordings_travel_to_another_process() -> None:
    recordings = Recordings((unit("a"),), Provenance("test", "simulated", "simulator"), n_unlabelled={"a": 2})
    there = pickle.loads(pickle.dumps(recordings))  # noqa: S301  # our own bytes, as joblib would send them
    pd.testing.assert_frame_equal(there.inventory(), recordings.inventory())
