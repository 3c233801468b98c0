"""One call: the recordings if they can be had, the simulator if they cannot, and no third thing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from distributional_dopamine.recordings import (
    NotAvailableError,
    Recordings,
    RecordingsError,
    if_available,
    load_histograms,
    load_recordings,
    read_folder,
)
from distributional_dopamine.recordings.__main__ import main
from distributional_dopamine.recordings.registry import DATA_VARIABLE, data_sets

WriteUnit = Callable[..., Path]


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


@pytest.mark.usefixtures("nothing_there")
def test_the_simulator_stands_in_and_says_so() -> None:
    recordings = load_recordings()
    assert len(recordings) == 40
    assert recordings.provenance.kind == "simulated"
    assert recordings.provenance.note == (
        "40 simulated units, distributional population. They stand in for the recordings. "
        "The network was not asked."
    )


@pytest.mark.usefixtures("nothing_there")
def test_the_stand_in_is_the_same_everywhere() -> None:
    first, second = load_recordings(), load_recordings()
    np.testing.assert_array_equal(first.units[7].spike_times, second.units[7].spike_times)
    other = load_recordings(rng=np.random.default_rng(9))
    assert other.units[7].spike_times.size != first.units[7].spike_times.size


@pytest.mark.usefixtures("nothing_there")
def test_recorded_means_recorded() -> None:
    with pytest.raises(
        NotAvailableError, match=f"variable_magnitude is not to be had: {DATA_VARIABLE} is not set"
    ):
        load_recordings("recorded")


def test_simulated_means_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, "/no/such/folder")  # not even looked at
    recordings = load_recordings("simulated", population="classical")
    assert recordings.provenance.note == "40 simulated units, classical population."


def test_no_other_source() -> None:
    with pytest.raises(ValueError, match="source must be one of auto, recorded, simulated; found 'best'"):
        load_recordings("best")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("source", ["auto", "recorded"])
def test_a_damaged_folder_is_never_replaced_by_simulation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    (tmp_path / "03_07_TT8_2_CommonFormat_verified.mat").write_bytes(b"not this")
    with pytest.raises(
        RecordingsError, match=r"03_07_TT8_2_CommonFormat_verified\.mat in the folder"
    ) as caught:
        load_recordings(source)  # type: ignore[arg-type]  # both are sources
    assert not isinstance(caught.value, NotAvailableError)


@pytest.mark.usefixtures("nothing_there")
def test_if_available_passes_real_errors_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert if_available(load_histograms) is None
    monkeypatch.setenv(DATA_VARIABLE, "/no/such/folder")
    with pytest.raises(RecordingsError, match="which is no folder"):
        if_available(load_histograms)


def test_a_folder_of_your_own(write_unit: WriteUnit, tmp_path: Path) -> None:
    write_unit("mouse1_TT1_1.mat")
    (tmp_path / "deeper").mkdir()
    shutil.move(write_unit("mouse2_TT1_1.mat"), tmp_path / "deeper")
    write_unit("mouse3_TT1_1.mat", spike=np.array([2.0, 1.0]))
    shutil.copy(tmp_path / "mouse1_TT1_1.mat", tmp_path / "deeper" / "mouse1_TT1_1_Common.mat")
    (tmp_path / "notes.txt").write_text("no recording")
    recordings = read_folder(tmp_path, name="mine", citation="Me, today")
    assert [unit.name for unit in recordings.units] == ["mouse1_TT1_1", "mouse2_TT1_1"]
    assert dict(recordings.n_unlabelled) == {"mouse1_TT1_1": 1, "mouse2_TT1_1": 1}
    excluded = {exclusion.name: exclusion.reason for exclusion in recordings.excluded}
    assert {exclusion.what for exclusion in recordings.excluded} == {"file"}
    assert excluded["mouse3_TT1_1.mat"].startswith("spike must be in ascending order")
    assert sorted(excluded) in (
        ["mouse1_TT1_1.mat", "mouse3_TT1_1.mat"],
        ["mouse1_TT1_1_Common.mat", "mouse3_TT1_1.mat"],
    )
    assert (recordings.provenance.kind, recordings.provenance.origin) == ("recorded", "folder")
    assert len(recordings.provenance.files) == 2


def test_a_folder_with_nothing_to_read(write_unit: WriteUnit, tmp_path: Path) -> None:
    with pytest.raises(RecordingsError, match=r"has no \.mat file"):
        read_folder(tmp_path)
    write_unit("mouse.mat", spike=np.array([]))
    with pytest.raises(RecordingsError, match=r"None of the 1 \.mat file\(s\) can be read.*spike is empty"):
        read_folder(tmp_path)


@pytest.mark.recordings
def test_the_public_recordings(recordings: Recordings) -> None:
    provenance = recordings.provenance
    assert (provenance.kind, provenance.name) == ("recorded", "variable_magnitude")
    assert list(provenance.files) == sorted(data_sets()["variable_magnitude"].files)
    assert "10.17605/OSF.IO/UX5RG" in provenance.citation
    assert all(unit.identification is not None for unit in recordings.units)


@pytest.mark.usefixtures("nothing_there")
def test_the_command_says_where_things_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    said = capsys.readouterr().out
    assert [line.split(":")[0] for line in said.splitlines()] == list(data_sets())
    assert said.count("not available") == 3


def test_the_command_fails_on_wrong_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    (tmp_path / "rothenhoefer.csv").write_text("1,2\n")
    assert main() == 1
    assert "rothenhoefer.csv in the folder" in capsys.readouterr().err
