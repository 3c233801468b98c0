"""Histograms and digitised slopes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from distributional_dopamine.recordings import (
    NotAvailableError,
    RecordingsError,
    load_histograms,
    load_rothenhoefer,
)
from distributional_dopamine.recordings.summaries import read_histogram, read_slopes


def test_counts_behind_the_heights(tmp_path: Path) -> None:
    path = tmp_path / "hist.mat"
    savemat(path, {"hcenters": [-1, 0, 1, 2], "ckhist": np.array([1, 3, 0, 2]) / 3})
    histogram = read_histogram(path)
    assert histogram.counts.tolist() == [1, 3, 0, 2]
    assert histogram.centres.tolist() == [-1, 0, 1, 2]
    assert histogram.n_cells == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"hcenters": [0.0, 1.0]}, "has no variable ckhist"),
        ({"hcenters": [0.0, 1.0], "ckhist": [1.0, 0.5, 0.5]}, "must have one length; found 2 and 3"),
        ({"hcenters": [1.0, 0.0], "ckhist": [1.0, 0.5]}, "hcenters must be finite and ascending"),
        ({"hcenters": [0.0, 1.0], "ckhist": [1.0, -0.5]}, "ckhist must be from 0 to 1"),
        ({"hcenters": [0.0, 1.0], "ckhist": [0.5, 0.5]}, "and 1 in the highest bin"),
        ({"hcenters": [0.0, 1.0], "ckhist": [1.0, np.nan]}, "ckhist must be from 0 to 1"),
        ({"hcenters": [0.0, 1.0], "ckhist": [1.0, 1 / np.pi]}, "no count up to 1000 gives it"),
        ({"hcenters": "ab", "ckhist": [1.0, 0.5]}, "must be rows of real numbers"),
        ({"hcenters": np.zeros((2, 2)), "ckhist": np.ones((2, 2))}, "must be rows of real numbers"),
    ],
)
def test_histograms_that_are_refused(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    savemat(tmp_path / "hist.mat", content)
    with pytest.raises(RecordingsError, match=f"^hist.mat: .*{message}"):
        read_histogram(tmp_path / "hist.mat")


def test_slopes(tmp_path: Path) -> None:
    path = tmp_path / "slopes.csv"
    path.write_text("1.5, 2.0\n-3,4e0\n\n")
    uniform, normal = read_slopes(path)
    assert (uniform.tolist(), normal.tolist()) == ([1.5, -3.0], [2.0, 4.0])


@pytest.mark.parametrize(
    "content", [b"", b"1\n2\n", b"1,2\n3\n", b"a,b\n", b"1,nan\n", b"\xff\xfe1,2", b"<html>"]
)
def test_slopes_that_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "slopes.csv"
    path.write_bytes(content)
    with pytest.raises(RecordingsError, match=r"^slopes\.csv: "):
        read_slopes(path)


def test_nothing_stands_in_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISTRIBUTIONAL_DOPAMINE_DATA", raising=False)
    for load in (load_histograms, load_rothenhoefer):
        with pytest.raises(NotAvailableError, match="is not to be had"):
            load()


@pytest.mark.recordings
@pytest.mark.usefixtures("recordings_folder")
def test_the_released_histograms() -> None:
    loaded = load_histograms()
    n_cells = {name: histogram.n_cells for name, histogram in loaded.histograms.items()}
    assert n_cells == {"dopamine": 31, "gaba": 36, "classical": 200, "distributional": 200}
    assert loaded.provenance.kind == "recorded"


@pytest.mark.recordings
@pytest.mark.usefixtures("recordings_folder")
def test_the_digitised_slopes() -> None:
    slopes = load_rothenhoefer()
    assert slopes.uniform.size == slopes.normal.size == 40
    np.testing.assert_allclose((slopes.uniform[0], slopes.normal[0]), (3.4782608695652364, 5.694545454545454))
