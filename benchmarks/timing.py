"""What every benchmark needs: timings, one table, and an exit code that tells if a promise was broken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JUPYTER_BOOK = str(Path(sys.executable).with_name("jupyter-book"))


@dataclass(frozen=True)
class Comparison:
    """One line of a benchmark's table.

    Attributes
    ----------
    what : str
        The task, with its sizes.
    ours : float
        Seconds this package takes.
    peer : float
        Seconds the peer takes; or, where the promise is a time and not a ratio, the seconds that are allowed.
    peer_name : str
        What it is compared with.
    required : float or None
        The promise: peer / ours must be at least this. None where nothing is promised.
    """

    what: str
    ours: float
    peer: float
    peer_name: str
    required: float | None = None

    @property
    def ratio(self) -> float:
        """How many times faster than the peer: peer / ours."""
        return self.peer / self.ours

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.required is None or self.ratio >= self.required


def best_seconds(call: Callable[[], object], repeats: int = 5, warm_up: int = 1) -> float:
    """Return the shortest of several timings in seconds, after calls that only compile and warm the caches.

    The shortest, because whatever else the machine does can only add time.
    """
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def run_program(*command: str, **environment: str) -> float:
    """Run a program from the root of the project, with `environment` besides ours, and return its seconds.

    Raises
    ------
    RuntimeError
        With all that the program said, if it fails.
    """
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return seconds


def report_table(comparisons: Sequence[Comparison]) -> int:
    """Print the table and return the exit code: 1 if any promise is broken, else 0."""
    rows = [("what", "ours (s)", "peer (s)", "peer / ours", "required", "", "peer")]
    for line in comparisons:
        rows.append(
            (
                line.what,
                f"{line.ours:.3g}",
                f"{line.peer:.3g}",
                f"{line.ratio:.2f}",
                "-" if line.required is None else f">= {line.required:g}",
                "" if line.required is None else "kept" if line.kept else "MISSED",
                line.peer_name,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0 if all(line.kept for line in comparisons) else 1
