"""What our own writers write comes back as it was: the public recordings too, number for number."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.responses import (
    FIGURES_4_5,
    compute_responses,
    pool_trials,
    utility_axis,
)
from distributional_dopamine.recordings import (
    Recordings,
    RecordingsError,
    read_recordings,
    simulate,
    write_nwb,
    write_tables,
)

WRITERS: dict[str, Callable[[Recordings, Path], Any]] = {
    "nwb": write_nwb,
    "csv": write_tables,
    "parquet": lambda recordings, folder: write_tables(recordings, folder, format="parquet"),
}


def assert_same(there: Recordings, here: Recordings, *, light: bool) -> None:
    assert there.inventory().equals(here.inventory())
    assert there.cells().equals(here.cells())
    assert (there.size_unit, there.excluded) == (here.size_unit, here.excluded)
    assert there.provenance.kind == here.provenance.kind
    for one, other in zip(there.units, here.units, strict=True):
        np.testing.assert_array_equal(one.spike_times, other.spike_times)
        pd.testing.assert_frame_equal(one.trials, other.trials, check_exact=True)
        if light and other.identification is not None:
            assert one.identification is not None
            for name, value in vars(other.identification).items():
                np.testing.assert_array_equal(getattr(one.identification, name), value)


@pytest.mark.parametrize("form", WRITERS)
def test_simulated_recordings_come_back(tmp_path: Path, form: str) -> None:
    recordings = simulate(np.random.default_rng(2), n_units=5, n_sessions=2, n_trials=40).recordings
    WRITERS[form](recordings, tmp_path)
    there = read_recordings(tmp_path)
    assert isinstance(there, Recordings)
    assert_same(there, recordings, light=form == "nwb")


@pytest.mark.recordings
@pytest.mark.parametrize("form", WRITERS)
def test_the_public_recordings_come_back(tmp_path: Path, recordings: Recordings, form: str) -> None:
    WRITERS[form](recordings, tmp_path)
    there = read_recordings(tmp_path)
    assert isinstance(there, Recordings)
    assert_same(there, recordings, light=form == "nwb")
    found = []
    for one in (there, recordings):
        responses = compute_responses(one, FIGURES_4_5)
        pooled = pool_trials(responses)
        axis = utility_axis(pooled)
        estimate = estimate_asymmetry(pooled, axis, np.random.default_rng(1))
        found.append((responses, axis, estimate))
    assert found[0][0].equals(found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    np.testing.assert_array_equal(found[0][2].asymmetry, found[1][2].asymmetry)


@pytest.mark.recordings
def test_the_public_files_are_read_as_they_are(recordings_folder: Path, recordings: Recordings) -> None:
    there = read_recordings(recordings_folder)
    assert isinstance(there, Recordings)
    assert_same(there, recordings, light=True)
    assert there.provenance.files == recordings.provenance.files


@pytest.mark.parametrize("form", WRITERS)
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    recordings = simulate(np.random.default_rng(2), n_units=2, n_sessions=1, n_trials=40).recordings

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for place in ("pandas.DataFrame.to_csv", "fastparquet.write", "pathlib.Path.write_bytes"):
        monkeypatch.setattr(place, full)
    with pytest.raises(RecordingsError, match=r"cannot be written .*No space left on device.*disk full"):
        WRITERS[form](recordings, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_written(tmp_path: Path) -> None:
    recordings = simulate(np.random.default_rng(2), n_units=2, n_sessions=1, n_trials=40).recordings
    one, other = recordings.units
    shorter = type(one)(other.name, one.session, one.group, other.spike_times, other.trials.iloc[:-1])
    with pytest.raises(RecordingsError, match="Units of one session must have its trials in common"):
        write_tables(Recordings((one, shorter), recordings.provenance), tmp_path)
    elsewhere = type(one)(other.name, one.session, "another", other.spike_times, other.trials)
    with pytest.raises(RecordingsError, match="must be of one session and animal"):
        write_nwb(Recordings((one, elsewhere), recordings.provenance), tmp_path)
    with pytest.raises(RecordingsError, match="There are no units to write"):
        write_nwb(Recordings((), recordings.provenance), tmp_path)
    with pytest.raises(ValueError, match="format must be 'csv' or 'parquet'"):
        write_tables(recordings, tmp_path, format="xls")  # type: ignore[arg-type]  # the point of the test
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingsError, match="cannot be made"):
        write_tables(recordings, tmp_path / "file" / "deeper")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
