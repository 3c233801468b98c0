"""Reports of the same recordings by three routes, NWB, tables and the public MATLAB files: the same numbers.

    python -m benchmarks.reports [--full]

Needs the public recordings; without them it does the same with simulated ones, by two routes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from distributional_dopamine.commands import main as command
from distributional_dopamine.recordings import load_recordings, simulate, write_nwb, write_tables


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="not --quick")
    asked = parser.parse_args()
    folder = os.environ.get("DISTRIBUTIONAL_DOPAMINE_DATA")
    results = {}
    with tempfile.TemporaryDirectory(prefix="reports-") as scratch:
        place = Path(scratch)
        if folder:
            recordings = load_recordings("recorded")
            routes = {"MATLAB": Path(folder) / "variable_magnitude"}
        else:
            recordings = simulate(np.random.default_rng(1)).recordings
            routes = {}
        write_nwb(recordings, place / "nwb")
        write_tables(recordings, place / "tables")
        routes |= {"NWB": place / "nwb", "tables": place / "tables"}
        for name, path in routes.items():
            began = time.perf_counter()
            out = place / f"report {name}"
            words = ["analyse", str(path), "--out", str(out), "--debug", *([] if asked.full else ["--quick"])]
            done = CliRunner().invoke(command, words)
            if done.exit_code:
                print(f"{name}: exit status {done.exit_code}\n{done.output}\n{done.exception}")
                return 1
            results[name] = (out / "results.json").read_bytes()
            found = json.loads(results[name])
            print(
                f"{name:8} {len(found)} numbers, {time.perf_counter() - began:.0f} s: "
                f"{found['verdict.headline']['value']}",
                flush=True,
            )
    same = len(set(results.values())) == 1
    print("the same, byte for byte" if same else "NOT the same")
    if not same:
        first, *others = (json.loads(text) for text in results.values())
        for other in others:
            print([name for name in first if first[name] != other.get(name)])
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
