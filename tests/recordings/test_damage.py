"""Damaged and made-up files: each is read or refused with a message, none crashes or hangs.

The suite tries some hundred; with FUZZ=20 in the environment it tries twenty times as many.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributional_dopamine.recordings import RecordingsError, parquet, read_recordings

from .damage import damaged, read_or_refuse, small_files
from .foreign_files import write_foreign_tables

TIMES_AS_MANY = int(os.environ.get("FUZZ", "1"))
LONGEST = 60.0  # s that one case may take, on a machine under load


@pytest.mark.parametrize(("form", "n"), [("nwb", 45), ("csv", 120), ("parquet", 6)])
def test_damaged_files_are_refused_with_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, n: int
) -> None:
    monkeypatch.setattr(parquet, "PATIENCE", 8.0)  # some damage keeps the reader busy for ever
    folder = small_files(tmp_path)[form]
    rng = np.random.default_rng(11)
    files = sorted(folder.iterdir())
    refused = 0
    for path in files:
        content = path.read_bytes()
        for changed in damaged(content, rng, TIMES_AS_MANY * n // len(files)):
            path.write_bytes(changed)
            start = time.monotonic()
            refused += not read_or_refuse(folder)
            assert time.monotonic() - start < LONGEST
        path.write_bytes(content)
    monkeypatch.undo()
    assert refused > n // 4  # many flips hit what nobody reads; but not all
    assert read_or_refuse(folder)


CELL = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.floats(0, 300).map(repr),
    st.integers(-3, 12).map(str),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(["", "NA", "nan", "True", "false", "=1+1", "<b>", '"', "a,b", "1e999", "0x10"]),
)
NAME = st.sampled_from(
    [
        "unit",
        "time",
        "session",
        "subject",
        "reward_time",
        "reward_size",
        "cue",
        "cue_time",
        "expected",
        "x",
        "",
    ]
)


@st.composite
def csv_text(draw: st.DrawFn) -> str:
    names = draw(st.lists(NAME, min_size=1, max_size=6))
    rows = draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), max_size=8))
    return "\n".join(",".join(row) for row in [names, *rows])


@given(spikes=st.one_of(st.none(), csv_text()), trials=st.one_of(st.none(), csv_text()))
@settings(
    max_examples=120 * TIMES_AS_MANY,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_made_up_tables_are_read_or_refused(tmp_path: Path, spikes: str | None, trials: str | None) -> None:
    folder = write_foreign_tables(tmp_path / "lab")
    for name, text in (("spikes", spikes), ("trials", trials)):
        if text is not None:
            (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    read_or_refuse(folder)


@given(content=st.binary(max_size=300), suffix=st.sampled_from([".nwb", ".csv", ".mat", ".dat"]))
@settings(
    max_examples=60 * TIMES_AS_MANY,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(RecordingsError, match="."):
        read_recordings(path)
