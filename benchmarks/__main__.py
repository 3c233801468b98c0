"""Run every benchmark in this folder, each in a process of its own; exit 1 if any promise is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def main() -> int:
    """Run the files one after another, so that none slows another down."""
    folder = Path(__file__).parent
    missed = []
    for file in sorted(folder.glob("*.py")):
        if file.stem in {"__init__", "__main__", "timing"}:
            continue
        print(f"\n{file.stem}", flush=True)
        command = [sys.executable, "-m", f"{folder.name}.{file.stem}"]
        done = subprocess.run(command, cwd=folder.parent, env={**os.environ, **ONE_THREAD}, check=False)  # noqa: S603
        if done.returncode:
            missed.append(file.stem)
    print("\nAll promises kept." if not missed else f"\nBroken or failed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
