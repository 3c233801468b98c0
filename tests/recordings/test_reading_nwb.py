"""NWB files of other laboratories: what is taken of them, and with which words they are refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from distributional_dopamine.evidence.responses import compute_responses, pool_trials, to_arrays, utility_axis
from distributional_dopamine.recordings import (
    Columns,
    Exclusion,
    Recordings,
    RecordingsError,
    read_recordings,
)
from distributional_dopamine.recordings import nwb as nwb_module

from .foreign_files import N_TRIALS, spike_trains, trial_columns, write_foreign_nwb


def read(*args: Any, **kwargs: Any) -> Recordings:
    recordings = read_recordings(*args, **kwargs)
    assert isinstance(recordings, Recordings)
    return recordings


def test_the_least_a_file_may_hold(tmp_path: Path) -> None:
    path = write_foreign_nwb(tmp_path / "a.nwb", session_id=None, subject_id=None)
    recordings = read(path)
    assert [unit.name for unit in recordings.units] == ["unit 0", "unit 1"]
    assert {(unit.session, unit.group) for unit in recordings.units} == {("a", "a")}
    np.testing.assert_array_equal(recordings.units[1].spike_times, spike_trains()[1])
    trials = recordings.units[0].trials
    assert set(trials["kind"]) == {"unexpected"}
    assert (trials["event_time"] == trials["reward_time"]).all()
    assert recordings.magnitudes == (2.0, 4.0, 8.0)
    assert recordings.size_unit == ""
    assert any("all count as unexpected" in note for note in recordings.notes)
    assert any("Not every file names its subject" in note for note in recordings.notes)
    assert list(recordings.provenance.files) == ["a.nwb"]
    assert utility_axis(to_arrays(pool_trials(compute_responses(recordings)))).shape == (3,)


def test_columns_by_other_names_and_cues_before_rewards(tmp_path: Path) -> None:
    time = trial_columns()["reward_time"]
    expected = np.arange(N_TRIALS) % 2 == 0
    trials = {
        "rewarded at": time,
        "drop size (uL)": np.where(np.arange(N_TRIALS) == 4, 0.0, trial_columns()["reward_size"]),
        "tone": np.where(expected, "low", "none"),
        "tone_onset": np.where(expected, time - 1.25, np.nan),
        "licks": np.arange(N_TRIALS),  # not asked for
    }
    path = write_foreign_nwb(
        tmp_path / "a.nwb", trials=trials, unit_columns={"cluster_id": [7, 3], "quality": ["good", "mua"]}
    )
    columns = Columns(
        reward_time="rewarded at", reward_size="drop size (uL)", cue="tone", cue_time="tone_onset"
    )
    recordings = read([path], columns)
    assert [unit.name for unit in recordings.units] == ["unit 3", "unit 7"]
    assert recordings.size_unit == "µL"
    table = recordings.units[0].trials
    assert table["kind"].astype(str).tolist()[:6] == [
        "expected", "unexpected", "expected", "unexpected", "no_reward", "unexpected",
    ]  # fmt: skip
    np.testing.assert_allclose((table["reward_time"] - table["event_time"]).dropna().unique(), [1.25, 0.0])
    assert table["cue"].tolist()[:2] == ["low", ""]
    with pytest.raises(RecordingsError, match=r"no column 'tune', which was to be the cue; it has .*'tone'"):
        read([path], replace(columns, cue="tune"))


def test_sessions_and_animals_are_kept(tmp_path: Path) -> None:
    paths = [
        write_foreign_nwb(tmp_path / f"{i}.nwb", session_id=session, subject_id=subject)
        for i, (session, subject) in enumerate([("day 1", "m1"), ("day 2", "m1"), ("day 1", "m2")])
    ]
    cells = read(tmp_path).cells()
    assert cells["session"].tolist() == ["day 2"] * 2 + ["m1 day 1"] * 2 + ["m2 day 1"] * 2
    assert cells["group"].tolist() == ["m1"] * 4 + ["m2"] * 2
    assert cells.index[0] == "day 2 unit 0"
    with pytest.raises(RecordingsError, match="is named twice"):
        read([*paths, paths[0]])
    with pytest.raises(RecordingsError, match="found in two files of one session: 'day 1 unit 0'"):
        read([paths[0], write_foreign_nwb(tmp_path / "again.nwb", subject_id="m1")])


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    time, size = trial_columns()["reward_time"].copy(), trial_columns()["reward_size"]
    time[[3, 4]] = np.nan  # a size, but never given
    intervals = [[[0.0, 400.0]], [[0.0, 100.0]], [[0.0, 400.0]], [[0.0, 2.0]]]
    path = write_foreign_nwb(
        tmp_path / "a.nwb",
        trials={"reward_time": time, "reward_size": size},
        spikes=[*spike_trains(2), [], spike_trains(1)[0]],
        obs_intervals=intervals,
        unit_columns={"unit_name": ["a", "b", "silent", "gone"]},
    )
    recordings = read(path)
    assert [unit.name for unit in recordings.units] == ["a", "b"]
    assert [len(unit.trials) for unit in recordings.units] == [28, 8]
    assert recordings.excluded == (
        Exclusion("trials", "day 1", "a size but no time of reward", 2),
        Exclusion("trials", "b", "outside the times in which it was observed", 20),
        Exclusion("unit", "silent", "no spikes"),
        Exclusion("trials", "gone", "outside the times in which it was observed", 28),
        Exclusion("unit", "gone", "no reward while it was observed"),
    )


def test_a_damaged_file_of_a_folder_is_left_out_with_the_reason(tmp_path: Path) -> None:
    whole = write_foreign_nwb(tmp_path / "whole.nwb")
    (tmp_path / "cut.nwb").write_bytes(whole.read_bytes()[:50_000])
    recordings = read(tmp_path)
    assert len(recordings) == 2
    (exclusion,) = recordings.excluded
    assert (exclusion.what, exclusion.name) == ("file", "cut.nwb")
    assert "cannot be read as an NWB file" in exclusion.reason
    with pytest.raises(RecordingsError, match=r"cut\.nwb cannot be read as an NWB file"):
        read([tmp_path / "cut.nwb", whole])


def with_value(column: str, index: int, value: float) -> dict[str, Any]:
    columns = trial_columns()
    columns[column] = columns[column].copy()
    columns[column][index] = value
    return columns


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": trial_columns(reward_time=None)}, "no column that could be the reward time; it has"),
        ({"trials": trial_columns(reward_size=None)}, "Say which it is: --reward-size NAME"),
        ({"trials": with_value("reward_size", 5, np.nan)}, "a reward needs a size; trial 5"),
        ({"trials": with_value("reward_size", 5, -1.0)}, "must be 0 or above; found -1.0 on trial 5"),
        (
            {"trials": with_value("reward_time", 2, -1.0)},
            "must not lie before the start; found -1.0 on trial 2",
        ),
        ({"trials": with_value("reward_time", 2, np.inf)}, "must be finite; found inf on trial 2"),
        (
            {"trials": trial_columns(reward_size=["big"] * N_TRIALS)},
            "must hold numbers; found 'big' in row 0",
        ),
        (
            {"trials": trial_columns(reward_size=[True] * N_TRIALS)},
            "must hold numbers; found values of type bool",
        ),
        ({"trials": trial_columns(reward_size=[5.0] * N_TRIALS)}, "3 sizes of reward or more are needed"),
        ({"trials": trial_columns(reward_size=[0.0] * N_TRIALS)}, "no trial has a reward"),
        ({"trials": trial_columns(expected=["maybe"] * N_TRIALS)}, "must hold true or false"),
        (
            {"trials": trial_columns(cue=["x"] * N_TRIALS, cue_time=np.full(N_TRIALS, 299.0))},
            "a cue must not come after its reward; on trial 0",
        ),
        (
            {"trials": trial_columns(reward_time=1e3 * trial_columns()["reward_time"])},
            "are the times of trials in milliseconds? If they are seconds, rewards are a median of 1e+04 s",
        ),
        ({"spikes": [train * 1e3 for train in spike_trains()]}, "are the times of spikes in milliseconds?"),
        ({"spikes": [train / 1e3 for train in spike_trains()]}, "are the times of spikes in seconds?"),
        ({"spikes": [train + 5e4 for train in spike_trains()]}, "spikes and trials must be on one clock"),
        (
            {"spikes": [train - 9.0 for train in spike_trains()]},
            "times of spikes count from the start; found -",
        ),
        (
            {"spikes": [train[::-1] for train in spike_trains()]},
            "'unit 0': times of spikes must be in ascending",
        ),
        ({"spikes": [[1.0, np.nan]]}, "times of spikes must be finite; found nan as spike 1"),
        ({"spikes": [[], []]}, "none of the 2 units has a spike"),
        ({"spikes": []}, "has no units"),
        ({"trials": {}}, "has no trials"),
        ({"ids": [4, 4]}, "each unit needs an id of its own; found twice: '4'"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write_foreign_nwb(tmp_path / "a.nwb", **changes)
    with pytest.raises(RecordingsError, match=re.escape(message)):
        read(path)


def test_asked_about_milliseconds_and_answered(tmp_path: Path) -> None:
    path = write_foreign_nwb(
        tmp_path / "a.nwb",
        trials=trial_columns(reward_time=1e3 * trial_columns()["reward_time"]),
        spikes=[train * 1e3 for train in spike_trains()],
    )
    recordings = read(path, Columns(spikes_in="ms", trials_in="ms"))
    np.testing.assert_allclose(recordings.units[0].spike_times, spike_trains()[0])
    assert recordings.units[0].trials["reward_time"].tolist() == trial_columns()["reward_time"].tolist()
    with pytest.raises(ValueError, match="spikes_in must be 's' or 'ms'; found 'minutes'"):
        Columns(spikes_in="minutes")  # type: ignore[arg-type]  # the point of the test


def test_spikes_of_a_large_file_stay_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_foreign_nwb(tmp_path / "a.nwb")
    small = compute_responses(read(path))
    monkeypatch.setattr(nwb_module, "KEPT_IN_MEMORY", 100)
    recordings = read(path)
    assert "spike_times" not in vars(recordings.units[0])
    np.testing.assert_array_equal(recordings.units[1].spike_times, spike_trains()[1])
    assert compute_responses(recordings).equals(small)
    with h5py.File(path, "a") as file:  # somebody writes to it meanwhile
        file["units/spike_times"][3] = 1e6
    with pytest.raises(RecordingsError, match="Unit 'unit 0': spike_times must be in ascending order"):
        compute_responses(recordings)
    path.unlink()
    with pytest.raises(RecordingsError, match=r"a\.nwb: the spikes can no longer be read"):
        compute_responses(recordings)


def test_files_that_are_something_else(tmp_path: Path) -> None:
    plain = tmp_path / "plain.h5"
    with h5py.File(plain, "w") as file:
        file["x"] = np.arange(3)
    for content, name, message in (
        (plain.read_bytes(), "b.nwb", "cannot be read as an NWB file"),
        (b"", "c.nwb", "c.nwb is empty"),
        (b"hello", "d.nwb", "d.nwb is not an NWB file: it is not HDF5"),
        (b"hello", "e.doc", "e.doc is none of the files that can be read"),
        (b"MATLAB 7.3 MAT-file" + bytes(200), "f.mat", "Save it again with -v7"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecordingsError, match=re.escape(message)):
            read(tmp_path / name)
    (tmp_path / "none").mkdir()
    for path, message in (
        (tmp_path / "none", "has no recordings"),
        (tmp_path / "nowhere", "There is no file or folder"),
        ("a\0b", "no file or folder|cannot be opened"),
        ("/dev/null", "is neither a file nor a folder"),
        ([], "Name at least one file"),
    ):
        with pytest.raises(RecordingsError, match=message):
            read(path)
