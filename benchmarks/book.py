"""Does the book build in the time that is promised on two cores? Whole, and four of its chapters alone.

    python -m benchmarks.book [--quick]

The first quick build of a copy of the sources compiles what it needs, and so does the first full one; the
promise of the quick profile is for what comes after, so it is built twice, and both times are told.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.timing import JUPYTER_BOOK, Comparison, report_table, run_program

STRESS = ("null-models", "how-many-neurons", "rival-accounts", "a-thousand-ways-to-run-it")
CORES = 2
#: Seconds that are promised for the four chapters and for the whole book.
PROMISED = {"quick": (40, 90), "full": (360, 480)}
ALLOWED = "seconds that are promised"


def build_book(profile: str, folder: str) -> None:
    """Build the whole book from nothing into `folder`."""
    run_program(JUPYTER_BOOK, "build", "--path-output", folder, ".", PAPERMILL_BOOK_PROFILE=profile)


def run_stress(profile: str, folder: str) -> None:
    """Run the four chapters of stress alone, as many at a time as there are cores."""

    def run(chapter: str) -> None:
        words = ("run", chapter, "--profile", profile, "--out", f"{folder}/{chapter}")
        run_program(sys.executable, "-m", "papermill_book", *words)

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(run, STRESS))


def seconds_of(work: Callable[[str, str], None], profile: str) -> float:
    """Return the seconds that some work takes in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        work(profile, folder)
        return time.perf_counter() - start


def main() -> int:
    """Build the book in each profile and print how long it takes beside what is promised."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the quick profile alone")
    profiles = ("quick",) if parser.parse_args().quick else ("quick", "full")
    lines = []
    for profile in profiles:
        for what, work, allowed in zip(
            ("null models, ways to run it, rivals, power", "the whole book"),
            (run_stress, build_book),
            PROMISED[profile],
            strict=True,
        ):
            if profile == "quick":
                first = seconds_of(work, profile)
                lines.append(Comparison(f"{what}, quick, as found", first, allowed, ALLOWED))
            again = seconds_of(work, profile)
            lines.append(Comparison(f"{what}, {profile}", again, allowed, ALLOWED, required=1))
    print(f"{CORES} cores promised, {os.cpu_count()} here")
    return report_table(lines)


if __name__ == "__main__":
    sys.exit(main())
