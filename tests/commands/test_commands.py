"""The command line: what it says, and that whatever goes wrong ends with one message and status 2."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from distributional_dopamine.commands import main
from distributional_dopamine.commands.checking import trials_of_sizes
from distributional_dopamine.recordings import Recordings, read_recordings, simulate
from distributional_dopamine.recordings.cue_simulator import simulate_cues
from distributional_dopamine.recordings.writing import write_session, write_tables


def run(command: str, *more: Path) -> Result:
    return CliRunner().invoke(main, [*shlex.split(command), *map(str, more)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made") / "lab"
    recordings = simulate(np.random.default_rng(5), n_units=4, n_sessions=2, n_trials=50).recordings
    write_tables(recordings, made)
    return made


def test_check_says_what_is_there_and_what_is_not(folder: Path) -> None:
    result = run("check", folder)
    assert (result.exit_code, result.stderr) == (0, "")
    for line in (
        "  files            3, simulated",
        "  cells            4 in 2 session(s), up to 2 in one; 2 animal(s)",
        "  trials of cells  80 expected, 80 unexpected, 40 without reward",
        "  sizes            0.1, 0.3, 1.2, 2.5, 5, 10, 20 µL",
        "  cue 2            40 trials, 0% rewarded",
        "  light-identification: no pulses of light are on file",
    ):
        assert line in result.stdout.splitlines()
    recordings = read_recordings(folder)
    assert isinstance(recordings, Recordings)
    counts = trials_of_sizes(recordings)
    assert counts.shape == (4, 7)
    assert int(counts.to_numpy().sum()) == 160


def test_check_takes_the_names_of_columns(folder: Path) -> None:
    result = run("check --reward-size expected", folder)
    assert result.exit_code == 2
    assert "the column 'expected' must hold numbers" in result.stderr
    result = run("check --spikes-in ms", folder)
    assert result.exit_code == 2
    assert "spikes and trials must be on one clock" in result.stderr


@pytest.mark.parametrize("truth", ["classical", "offset", "distributional"])
def test_simulate_writes_what_the_simulator_gives(tmp_path: Path, truth: str) -> None:
    out = tmp_path / "example"
    result = run(f"simulate --truth {truth} --cells 3 --trials 40 --seed 8 --out", out)
    assert result.exit_code == 0, result.stderr
    there = read_recordings(out)
    wanted = simulate(
        np.random.default_rng(8), n_units=3, n_sessions=1, n_trials=40, population=truth  # type: ignore[arg-type]  # one of them
    ).recordings  # fmt: skip
    assert isinstance(there, Recordings)
    for one, other in zip(there.units, wanted.units, strict=True):
        np.testing.assert_array_equal(one.spike_times, other.spike_times)
    again = run("simulate --out", out)
    assert again.exit_code == 2
    assert again.stderr.count("\n") == 1
    assert "is there already" in again.stderr


def test_simulate_writes_cues_that_are_read_back(tmp_path: Path) -> None:
    out = tmp_path / "cues"
    assert run("simulate --task cues --cells 2 --trials 36 --out", out).exit_code == 0
    there = read_recordings(out)
    wanted = simulate_cues(np.random.default_rng(1), n_units=2, trials_per_cue=12)
    assert isinstance(there, Recordings)
    for one, other in zip(there.units, wanted.units, strict=True):
        np.testing.assert_array_equal(one.spike_times, other.spike_times)
        assert one.trials["cue"].tolist() == other.trials["cue"].tolist()
    lines = run("check", out).stdout.splitlines()
    assert any(line.startswith("  cue 50 %         24 trials") for line in lines)
    assert not any("optimism" in line for line in lines)
    offset = run("simulate --task cues --truth offset --out", tmp_path / "none")
    assert (offset.exit_code, (tmp_path / "none").exists()) == (2, False)
    assert "the truth is distributional or classical" in offset.stderr


def test_simulate_writes_nwb(tmp_path: Path) -> None:
    assert run("simulate --cells 2 --trials 40 --out", tmp_path / "a.nwb").exit_code == 0
    assert run("check", tmp_path / "a.nwb").exit_code == 0
    many = run("simulate --sessions 2 --out", tmp_path / "b.nwb")
    assert "holds one session" in many.stderr
    assert run("simulate --cells 2 --trials 40 --format nwb --out", tmp_path / "c").exit_code == 0
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["session-1.nwb"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("check /no/such/file.nwb", "There is no file or folder /no/such/file.nwb"),
        ("check /dev/null", "is neither a file nor a folder"),
        ("check", "Missing argument 'PATH...'"),
        ("check --spikes-in minutes x", "'minutes' is not one of 's', 'ms'"),
        ("simulate --out /no/such/folder/x.nwb", "There is no folder /no/such/folder to write to"),
        ("simulate --trials 3 --out x", "3 is not in the range x>=35"),
    ],
)
def test_one_message_and_status_two(command: str, message: str) -> None:
    result = run(command)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_names_cannot_do_anything_to_a_terminal(tmp_path: Path) -> None:
    recordings = simulate(np.random.default_rng(5), n_units=1, n_sessions=1, n_trials=40).recordings
    (unit,) = recordings.units
    sly = type(unit)(unit.name, "<i>s</i>\x1b[2J", "g", unit.spike_times, unit.trials)
    path = tmp_path / "it's $(here) & <b>.nwb"
    write_session([sly], path, Recordings((sly,), recordings.provenance))
    assert read_recordings(path).cells()["session"].tolist() == ["<i>s</i>\x1b[2J"]
    assert run("check", path).exit_code == 0
    result = run("check --reward-time no\x1b[2J", path)
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert path.name in result.stderr


def test_debug_shows_where(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("check --debug /no/such/file")
    assert type(result.exception).__name__ == "RecordingsError"

    def fault(*_: object) -> None:
        raise KeyError("oh")

    monkeypatch.setattr("distributional_dopamine.commands.checking.read_recordings", fault)
    result = run("check x")
    assert result.exit_code == 2
    assert result.stderr.startswith("distributional-dopamine: a fault in this program, please report it")
    assert isinstance(run("check --debug x").exception, KeyError)

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "secret")

    monkeypatch.setattr("distributional_dopamine.commands.checking.read_recordings", denied)
    assert run("check x").stderr == "distributional-dopamine: [Errno 13] Permission denied: 'secret'\n"
