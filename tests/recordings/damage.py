"""Damage done to small real files, to see that readers end with a message and not otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from distributional_dopamine.recordings import (
    Columns,
    RecordingsError,
    read_recordings,
    simulate,
    write_nwb,
    write_tables,
)


def small_files(folder: Path) -> dict[str, Path]:
    """Write a tiny recording in each format; give the folders, by format."""
    recordings = simulate(np.random.default_rng(3), n_units=2, n_sessions=1, n_trials=40).recordings
    write_nwb(recordings, folder / "nwb")
    write_tables(recordings, folder / "csv")
    write_tables(recordings, folder / "parquet", format="parquet")
    return {name: folder / name for name in ("nwb", "csv", "parquet")}


def damaged(content: bytes, rng: np.random.Generator, n: int) -> Iterator[bytes]:
    """Cut a file short, flip some of its bits, or overwrite a stretch of it, in turn."""
    for i in range(n):
        if i % 3 == 0:
            yield content[: int(rng.integers(len(content)))]
            continue
        changed = np.frombuffer(content, np.uint8).copy()
        if i % 3 == 1:
            places = rng.integers(len(content), size=int(rng.integers(1, 9)))
            np.bitwise_xor.at(changed, places, (1 << rng.integers(8, size=places.size)).astype(np.uint8))
        else:
            start = int(rng.integers(len(content)))
            stretch = changed[start : start + int(rng.integers(1, 64))]
            stretch[:] = rng.integers(256, size=stretch.size)
        yield changed.tobytes()


def read_or_refuse(folder: Path) -> bool:
    """Say whether a recording is read; refusing it with a message is fine, anything else is not."""
    try:
        read_recordings(sorted(folder.iterdir()), Columns())
    except RecordingsError as error:
        if not str(error).strip():
            raise AssertionError("refused without a word") from error
        return False
    return True
