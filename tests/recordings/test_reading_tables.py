"""Tables of other laboratories: spikes and trials, or responses that were measured otherwise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import fastparquet
import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.evidence.responses import FIGURES_4_5, compute_responses, to_arrays
from distributional_dopamine.recordings import (
    Columns,
    Exclusion,
    MeasuredResponses,
    Recordings,
    RecordingsError,
    describe_design,
    read_recordings,
)

from .foreign_files import N_TRIALS, spike_trains, trial_columns, write_foreign_tables


def read(*args: Any, **kwargs: Any) -> Recordings:
    recordings = read_recordings(*args, **kwargs)
    assert isinstance(recordings, Recordings)
    return recordings


def test_spikes_and_trials_and_nothing_else(tmp_path: Path) -> None:
    recordings = read(write_foreign_tables(tmp_path / "lab"))
    assert [unit.name for unit in recordings.units] == ["a", "b"]
    np.testing.assert_array_equal(recordings.units[0].spike_times, spike_trains()[0])
    assert recordings.units[0].session == "spikes.csv"
    assert sorted(recordings.provenance.files) == ["spikes.csv", "trials.csv"]


def test_each_folder_a_session(tmp_path: Path) -> None:
    for name in ("monday", "tuesday"):
        write_foreign_tables(tmp_path / name)
    recordings = read(tmp_path)
    assert recordings.cells()["session"].to_dict() == {
        "monday a": "monday", "monday b": "monday", "tuesday a": "tuesday", "tuesday b": "tuesday",
    }  # fmt: skip
    assert "monday/spikes.csv" in recordings.provenance.files


def test_parquet_semicolons_and_sessions_of_spikes(tmp_path: Path) -> None:
    first, second = spike_trains()
    spikes = pd.DataFrame(
        {
            "Neuron": ["01"] * first.size + ["NA"] * second.size,
            "Spike Time (ms)": np.concatenate((first, second)) * 1e3,
            "session": ["x"] * first.size + ["y"] * second.size,
            "mouse": "m1",
        }
    )
    spikes.to_csv(tmp_path / "s.csv", sep=";", index=False)
    trials = pd.concat([pd.DataFrame(trial_columns()).assign(session=name) for name in "xy"])
    trials["cued"] = [True, False, None, True, False] * (2 * N_TRIALS // 5)
    fastparquet.write(str(tmp_path / "t.parquet"), trials)
    recordings = read(tmp_path, Columns(spike_time="Spike Time (ms)", spikes_in="ms"))
    assert [(u.name, u.session, u.group) for u in recordings.units] == [("01", "x", "m1"), ("NA", "y", "m1")]
    np.testing.assert_allclose(recordings.units[1].spike_times, second)
    reason = "the column 'cued' does not say whether expected"
    assert recordings.excluded == tuple(Exclusion("trials", name, reason, N_TRIALS // 5) for name in "xy")
    design = describe_design(recordings)
    assert (design.n_expected, design.n_unexpected, design.sizes) == (24, 24, (2.0, 4.0, 8.0))


def write(folder: Path, **tables: str) -> Path:
    write_foreign_tables(folder)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"spikes": ""}, "spikes.csv is empty"),
        ({"spikes": "\n1,2\n"}, "its first line is: the names of columns belong there"),
        ({"spikes": "unit,time\n"}, "spikes.csv: the table of spikes is empty"),
        ({"spikes": "unit,time\na,1.0\na\"b,2,3,4\n"}, "spikes.csv cannot be read as a table"),
        ({"spikes": "unit,time\na,one\n"}, "the column 'time' must hold numbers; found 'one' in row 0"),
        ({"spikes": "unit,time\na,2\na,1\n"}, "Unit 'a': times of spikes must be in ascending order"),
        ({"spikes": "unit,time\na,2\n,3\n"}, "the column 'unit' must name something in every row; row 1"),
        ({"spikes": "unit,time\na,2\na,\n"}, "times of spikes must be finite; found nan as spike 1"),
        ({"spikes": "unit,unit,time\na,a,2\n"}, "a column must be there once; found twice: 'unit'"),
        ({"spikes": "cell,when\na,2\n"}, "spikes.csv has no column that could be the spike time"),
        ({"trials": "reward_time,reward_size\n5,x\n"}, "'reward_size' must hold numbers; found 'x' in row 0"),
        ({"trials": "reward_time\n5\n"}, "no column that could be the reward size"),
        ({"units": "unit,session\na,s\na,s\n"}, "units.csv: a unit must be there once; found twice: 'a'"),
        ({"notes": "what,ever\n1,2\n"}, "notes.csv is none of the tables that can be used"),
    ],
)  # fmt: skip
def test_tables_that_are_refused(tmp_path: Path, tables: dict[str, str], message: str) -> None:
    folder = write(tmp_path / "lab", **tables)
    with pytest.raises(RecordingsError, match=re.escape(message)):
        read_recordings(folder)


def test_spikes_need_trials_of_their_session(tmp_path: Path) -> None:
    folder = write(tmp_path / "lab", units="unit,session\na,s\nb,t\n")
    with pytest.raises(RecordingsError, match="there are none for 's', 't'"):
        read_recordings(folder)
    with pytest.raises(RecordingsError, match="A table of trials is needed beside spikes.csv"):
        read_recordings(folder / "spikes.csv")
    (folder / "units.csv").unlink()
    table = pd.read_csv(folder / "trials.csv")
    pd.concat([table.assign(session=name) for name in "st"]).to_csv(folder / "trials.csv", index=False)
    with pytest.raises(RecordingsError, match="nothing tells of which the units are"):
        read_recordings(folder)


def test_names_are_data_whatever_they_hold(tmp_path: Path) -> None:
    names = ["<b>cell</b>; rm -rf 'x'", 'quote " and, comma $(id) `id`']
    folder = write_foreign_tables(tmp_path / "a & 'b' <i>", names=names)
    assert [unit.name for unit in read(folder).units] == sorted(names)


def test_probabilities_may_vary_instead_of_sizes(tmp_path: Path) -> None:
    cue = np.repeat(["10%", "50%", "90%"], 10)
    given = np.concatenate([np.arange(10) < n for n in (1, 5, 9)])
    trials = trial_columns(
        reward_time=np.where(given, trial_columns()["reward_time"], np.nan),
        reward_size=np.where(given, 4.0, 0.0),
        cue=cue,
        cue_time=trial_columns()["reward_time"] - 2.0,
    )
    design = describe_design(read(write_foreign_tables(tmp_path / "lab", trials=trials)))
    assert design.variable_probability
    assert not design.variable_magnitude
    assert design.cues["probability"].tolist() == [0.1, 0.5, 0.9]
    assert design.cues["share"].tolist() == [0.1, 0.5, 0.9]
    assert design.n_no_reward == 30
    assert design.limits[0] == (
        "reversal points, asymmetries and decoding", "they need 3 sizes of reward",
    )  # fmt: skip


def responses_table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = np.tile([1.0, 2.0, 6.0], 20)
    return pd.DataFrame(
        {
            "cell": np.repeat(["a", "b", "c"], 20),
            "volume_ul": size,
            "dff": size + rng.normal(size=60),
            "mouse": np.repeat(["m1", "m1", "m2"], 20),
            "session": np.repeat(["s", "s", "t"], 20),
        }
    )


def test_responses_given_directly(tmp_path: Path) -> None:
    table = responses_table()
    table.loc[0, "dff"] = np.nan
    table.loc[1, "volume_ul"] = 0.0
    table.to_csv(tmp_path / "calcium.csv", index=False)
    measured = read_recordings(tmp_path / "calcium.csv")
    assert isinstance(measured, MeasuredResponses)
    assert measured.size_unit == "µL"
    assert measured.cells()["group"].to_dict() == {"a": "m1", "b": "m1", "c": "m2"}
    assert [(one.reason, one.count) for one in measured.excluded] == [
        ("no reward (size 0)", 1), ("no response", 1),
    ]  # fmt: skip
    responses = compute_responses(measured, FIGURES_4_5)
    assert responses["response"].tolist() == table["dff"][2:].tolist()
    assert to_arrays(responses).magnitudes == (1.0, 2.0, 6.0)
    limits = dict(describe_design(measured).limits)
    assert (
        limits["light-identification, shared spikes, windows, smoothing and baselines"]
        == "there are no spikes"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dff": "high"}, "the column 'dff' must hold numbers"),
        ({"dff": np.inf}, "responses must be finite; found inf"),
        ({"dff": np.nan}, "no response to a reward is left (60: no response)"),
        ({"volume_ul": -1.0}, "must be 0 or above"),
        ({"volume_ul": 2.0}, "3 sizes of reward or more are needed"),
        ({"volume_ul": np.linspace(1, 2, 60)}, "'volume_ul' holds 60 different sizes of reward"),
        ({"mouse": ["m1"] * 10 + ["m2"] * 50}, "a cell must be of one session and subject; not so 's a'"),
    ],
)
def test_responses_that_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    responses_table().assign(**change).to_csv(tmp_path / "calcium.csv", index=False)
    with pytest.raises(RecordingsError, match=re.escape(message)):
        read_recordings(tmp_path / "calcium.csv")


def test_kinds_are_not_mixed(tmp_path: Path) -> None:
    folder = write_foreign_tables(tmp_path / "lab")
    (folder / "x.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(RecordingsError, match="Files must be of one kind; found 1 matlab, 2 table"):
        read_recordings(folder)
