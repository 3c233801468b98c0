"""Do readers survive damaged files? Truncations, flipped bits and overwritten stretches of small real files.

    python -m benchmarks.fuzz [--cases 1000] [--format nwb|csv|parquet|mat] [--seed 11]

Every case must be read, or refused with a message, within a time limit; a crash of this process shows as
such. The suite tries some hundred of them. Parquet is read in a process of its own each time, which is forked
here instead of started: a second less a case.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.recordings.damage import damaged, read_or_refuse, small_files
from tests.recordings.made_files import unit_fields, write

from distributional_dopamine.recordings import _parquet_child, parquet

LONGEST = 60.0  # s that one case may take
PATIENCE = 3  # s that a forked reader of Parquet gets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1000, help="of each format")
    parser.add_argument("--format", choices=["nwb", "csv", "parquet", "mat", "all"], default="all")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    parquet._run = forked
    kept = True
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folders = small_files(Path(scratch))
        folders["mat"] = Path(scratch) / "mat"
        folders["mat"].mkdir()
        for name, compressed in (("a", True), ("b", False)):
            write(folders["mat"] / f"{name}.mat", *unit_fields(), compressed=compressed)
        for form, folder in folders.items():
            if asked.format in (form, "all"):
                kept &= fuzz(form, folder, asked.cases, np.random.default_rng(asked.seed))
    return 0 if kept else 1


def fuzz(form: str, folder: Path, n_cases: int, rng: np.random.Generator) -> bool:
    """Damage the files of a folder in turn, one at a time; say what became of them."""
    n, refused, slowest, wrong = 0, 0, 0.0, 0
    files = sorted(folder.iterdir())
    for path in files:
        content = path.read_bytes()
        for changed in damaged(content, rng, -(-n_cases // len(files))):
            path.write_bytes(changed)
            began = time.monotonic()
            try:
                refused += not read_or_refuse(folder)
            except Exception as error:
                wrong += 1
                print(f"{form}: case {n} of {path.name}: {type(error).__name__}: {error}", flush=True)
            slowest = max(slowest, time.monotonic() - began)
            n += 1
        path.write_bytes(content)
    sound = read_or_refuse(folder)
    print(
        f"{form:8} {n} cases: {refused} refused with a message, {n - refused - wrong} read, {wrong} neither; "
        f"slowest {slowest:.1f} s; undamaged {'read' if sound else 'REFUSED'}",
        flush=True,
    )
    return not wrong and sound and slowest < LONGEST


def forked(names: list[str], folder: str, allowed: float) -> str | None:
    """Do what ``parquet._run`` does, in a fork of this process."""
    said = Path(folder) / "said"
    child = os.fork()
    if not child:
        signal.alarm(min(PATIENCE, int(allowed)))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        try:
            for i, name in enumerate(names):
                _parquet_child.unpack(name, Path(folder) / str(i))
        except BaseException as error:  # as in the child itself
            said.write_text(f"{type(error).__name__}: {error}", "utf-8", "replace")
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return None if os.WEXITSTATUS(status) == 0 else said.read_text("utf-8")[:200] or "nothing"


if __name__ == "__main__":
    sys.exit(main())
