"""Reader of Parquet files that survives damaged ones.

The library that reads them trusts what a file says of its own lengths: one flipped bit can end the whole
process, where a message was due. So it runs in a process of its own, which only that bit can end; the columns
come back as plain arrays.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from distributional_dopamine.recordings.model import RecordingsError

_CHILD = Path(__file__).with_name("_parquet_child.py")
PATIENCE = 30.0
"""Seconds after which the other process is given up, and one more for every ``_BYTES_A_SECOND``."""

_BYTES_A_SECOND = 1e6  # a machine under load reads more than this


def read_parquet(paths: Sequence[Path]) -> list[pd.DataFrame]:
    """Read Parquet files.

    Parameters
    ----------
    paths
        The files.

    Returns
    -------
    list of DataFrame
        Columns of numbers, truth values or text; text is None where a value is missing.

    Raises
    ------
    RecordingsError
        If a file cannot be read; the message names it.
    """
    if not paths:
        return []
    try:
        allowed = PATIENCE + sum(path.stat().st_size for path in paths) / _BYTES_A_SECOND
        with tempfile.TemporaryDirectory() as folder:
            message = _run([str(path.absolute()) for path in paths], folder, allowed)
            if message is None:
                return [_collect(Path(folder) / str(i)) for i in range(len(paths))]
    except OSError as error:
        raise RecordingsError(f"Parquet files cannot be read here ({error}).") from error
    if len(paths) > 1:  # the process ended without a word: see with which file
        for path in paths:
            read_parquet([path])
    raise RecordingsError(
        f"{paths[0].name} cannot be read as a Parquet file ({message}). It is damaged, incomplete, or "
        "something else."
    )


def _run(names: list[str], folder: str, allowed: float) -> str | None:
    """Let the other process read; give what went wrong, or None."""
    # -P: the child must not take modules of this folder for others of the same name.
    command = [sys.executable, "-P", str(_CHILD), folder, *names]
    try:
        done = subprocess.run(command, capture_output=True, timeout=allowed, check=False)  # noqa: S603  # ours
    except subprocess.TimeoutExpired:
        return f"it took more than {allowed:.0f} s"
    if done.returncode == 0:
        return None
    said = done.stdout.decode("utf-8", "replace").strip()
    return said[:200] if done.returncode == 1 and said else "its reader crashed"


def _collect(folder: Path) -> pd.DataFrame:
    names: list[str] = json.loads((folder / "columns.json").read_text())
    columns: list[pd.Series] = []
    for i in range(len(names)):
        values = np.load(folder / f"{i}.npy", allow_pickle=False)
        words = folder / f"{i}.json"
        if words.exists():
            known = np.array([*json.loads(words.read_text()), None], dtype=object)
            columns.append(pd.Series(known[values], dtype=object))
        else:
            columns.append(pd.Series(values))
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = pd.Index(names, dtype=object)
    return frame
