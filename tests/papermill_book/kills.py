"""Kill builds of a tiny book at random moments, and look at what is left.

    python -m tests.papermill_book.kills --trials 50 --seed 1

One trial changes a chapter, starts a build, and sends SIGTERM or SIGKILL to its main process (Sphinx), to
the process that runs a chapter (papermill), or to a kernel. Then the site must be, byte for byte, the old one
or the new one; no process and, once the next build has run, no temporary folder may be left; and that next
build must succeed with nothing cleaned by hand. Exit status 1 if any of this fails. Three such trials are in
the tests.
"""

from __future__ import annotations

import argparse
import collections
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from tests.papermill_book.conftest import TOP_MATTER, Book, write_book

VICTIMS = ("sphinx", "papermill", "kernel")
SIGNALS = (signal.SIGTERM, signal.SIGKILL)
#: What a finished build leaves below ``_build``, and nothing else.
FINISHED = {"html", "results", "records", "notebooks", ".lock"}
#: Seconds after which no process of a killed build may live.
GRACE = 5.0
#: Carried by every process of one trial, and not by any other.
MARK = "PAPERMILL_BOOK_KILL_TRIAL"


@dataclass(frozen=True)
class Kill:
    """Whom to kill, how, and when."""

    victim: str
    how: signal.Signals
    moment: float
    """Seconds of processor time that the build has had: other work on the machine does not count."""


@dataclass
class Trial:
    """What came of one kill."""

    kill: Kill
    struck: bool = False
    """Whether there was still somebody to kill."""
    status: int | None = None
    """Exit status of the build."""
    site: str = ""
    """``old``, ``new``, ``none`` (before the first build) or ``mixed``."""
    orphans: float = 0.0
    """Seconds for which some process outlived the build."""
    left: list[str] = field(default_factory=list)
    """Temporary files that wait for the next build."""
    faults: list[str] = field(default_factory=list)
    """What ought not to be."""


CHAPTER = """\
# NAME

```{code-cell} python
:tags: [parameters]
seed = 1  # told on the page
```

```{code-cell} python
import time
from papermill_book import report
for n in range(3):
    sum(range(3_000_000))
    time.sleep(0.1)
report("NAME.seed", seed)
```

Of NAME: {reported}`NAME.seed`.
"""


def book_of_several_chapters(root: Path) -> Book:
    """Write a tiny book whose chapters keep two workers busy for a while."""
    book = write_book(root)
    for name in ("first", "second", "third"):
        (root / "book" / f"{name}.md").write_text(
            TOP_MATTER + CHAPTER.replace("NAME", name), encoding="utf-8"
        )
    book.edit(
        "_toc.yml",
        "- file: book/other\n",
        "- file: book/other\n" + "".join(f"- file: book/{name}\n" for name in ("first", "second", "third")),
    )
    return book


def start(book: Book, mark: str, temporary: Path) -> subprocess.Popen[bytes]:
    """Start a build whose processes carry `mark`, and whose temporary files all lie in one folder."""
    # Every parameter `seed` of the book follows, so that each page of a chapter tells old from new.
    extra = {MARK: mark, "TMPDIR": str(temporary), "PAPERMILL_BOOK_PARAMETERS": f"seed={mark.split('-')[-1]}"}
    return subprocess.Popen(
        book.command(),
        cwd=book.root,
        env=book.environment() | extra,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def processes_of(mark: str) -> Iterator[psutil.Process]:
    """Every living process of a trial. A forked process still shows the environment it was born with."""
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    process = psutil.Process(int(folder.name))
                    if process.status() != psutil.STATUS_ZOMBIE:
                        yield process
            except (OSError, psutil.Error):
                continue


def living(main: psutil.Process, victim: str) -> list[psutil.Process]:
    """The processes of one kind: Sphinx starts a fork server, that the workers, each of those a kernel."""
    if victim == "sphinx":
        return [main]
    try:
        servers = [
            child for child in main.children() if any("forkserver" in word for word in child.cmdline())
        ]
        workers = [worker for server in servers for worker in server.children()]
        return workers if victim == "papermill" else [kernel for one in workers for kernel in one.children()]
    except psutil.Error:
        return []


def processor_time(main: psutil.Process) -> float:
    """Seconds of processor time that a process and all that came of it have had so far."""
    total = 0.0
    try:
        for process in [main, *main.children(recursive=True)]:
            total += sum(process.cpu_times()[:4])  # its own and that of the children that have ended
    except psutil.Error:
        return 0.0  # one ended while it was counted: look again
    return total


def run_trial(book: Book, kill: Kill, mark: str, choose: Callable[[int], int]) -> Trial:
    """Kill one build, look, build again, and look again."""
    trial = Trial(kill)
    before = book.bytes_below("html")
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        temporary = Path(folder)
        build = start(book, mark, temporary)
        main = psutil.Process(build.pid)
        while build.poll() is None and not trial.struck:
            if processor_time(main) >= kill.moment and (found := living(main, kill.victim)):
                one = found[choose(len(found))]
                try:
                    one.send_signal(kill.how)
                    trial.struck = True
                except psutil.NoSuchProcess:
                    continue
            time.sleep(0.02)
        try:
            _, said = build.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            trial.faults.append("the build hung")
            for process in processes_of(mark):
                process.kill()
            _, said = build.communicate()
        trial.status = build.returncode
        ended = time.monotonic()
        while (alive := list(processes_of(mark))) and time.monotonic() - ended < GRACE:
            trial.orphans = time.monotonic() - ended
            time.sleep(0.02)
        for process in alive:
            trial.faults.append(f"orphan: {' '.join(process.cmdline())[:80]}")
            process.kill()
        after = book.bytes_below("html")
        trial.left = sorted(str(path.relative_to(temporary)) for path in temporary.iterdir())

        again = start(book, mark.replace("kill", "next", 1), temporary)
        _, said_again = again.communicate(timeout=600)
        if again.returncode:
            trial.faults.append(f"the next build failed: {said_again.decode()[-500:]}")
        now = book.bytes_below("html")
        left = sorted(str(path.relative_to(temporary)) for path in temporary.iterdir())
    if left:
        trial.faults.append(f"temporary files left after the next build: {', '.join(left)}")
    strange = {path.name for path in (book.root / "_build").iterdir()} ^ FINISHED
    if strange:
        trial.faults.append(f"in _build after the next build: {', '.join(sorted(strange))}")
    trial.site = "new" if after == now else "old" if after == before else "mixed"
    if not after:
        trial.site = "none"
    if trial.site == "mixed" or (trial.site == "none" and before):
        trial.faults.append(f"the site is {trial.site}")
    if trial.status == 0 and trial.site != "new":
        trial.faults.append("the build said that all went well, but the site is not the new one")
    if trial.status and b"Traceback" in said and b"papermill_book" not in said:
        trial.faults.append(f"the build said nothing of use: {said.decode()[-500:]}")
    seed = mark.split("-")[-1]
    if f"seed = {seed}" not in book.page("good"):
        trial.faults.append("the site after the next build is not the new one")
    return trial


def measure(book: Book) -> dict[str, tuple[float, float]]:
    """Watch one build: from when to when each kind of process lives, in seconds of processor time."""
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        build = start(book, "measure-1", Path(folder))
        main = psutil.Process(build.pid)
        seen: dict[str, list[float]] = {victim: [] for victim in VICTIMS}
        while build.poll() is None:
            now = processor_time(main)
            for victim in VICTIMS:
                if now and living(main, victim):
                    seen[victim].append(now)
            time.sleep(0.02)
        _, said = build.communicate()
    if build.returncode:
        raise SystemExit(said.decode())
    return {victim: (times[0], times[-1]) for victim, times in seen.items()}


def main() -> int:
    """Run the trials, and say of each what came of it and of all how many went wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--trials", type=int, default=50, help="kills; one that comes too late is not counted"
    )
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    rng = np.random.default_rng(wanted.seed)
    trials = []
    with tempfile.TemporaryDirectory(prefix="killed-book-") as folder:
        book = book_of_several_chapters(Path(folder) / "a böök")
        when = measure(book)
        spans = ", ".join(f"{victim} {low:.1f} to {high:.1f} s" for victim, (low, high) in when.items())
        print(f"processes live: {spans}", flush=True)
        number = 0
        while sum(trial.struck for trial in trials) < wanted.trials:
            victim = VICTIMS[number % len(VICTIMS)]
            how = SIGNALS[number // len(VICTIMS) % len(SIGNALS)]
            kill = Kill(victim, how, rng.uniform(*when[victim]))
            # Each trial has a seed of its own, so that its site differs from the last one's.
            trial = run_trial(book, kill, f"kill-{os.getpid()}-{number + 2}", lambda n: int(rng.integers(n)))
            trials.append(trial)
            number += 1
            print(
                f"{number:3d} {victim:9s} {how.name} at {kill.moment:4.1f} s: "
                f"{'struck' if trial.struck else 'too late'}, exit {trial.status}, site {trial.site}, "
                f"last process after {trial.orphans:.2f} s, "
                f"{len(trial.left)} temporary until the next build; "
                f"{'; '.join(trial.faults) or 'as it should be'}",
                flush=True,
            )
    counts = collections.Counter(
        f"{trial.kill.victim} {trial.kill.how.name}" for trial in trials if trial.struck
    )
    faulty = sum(bool(trial.faults) for trial in trials)
    print(
        f"{sum(trial.struck for trial in trials)} kills ({', '.join(f'{n} {k}' for k, n in counts.items())})"
    )
    print(f"sites after the kill: {dict(collections.Counter(trial.site for trial in trials))}")
    print(f"slowest end of a process: {max(trial.orphans for trial in trials):.2f} s after its build")
    print(f"trials with a fault: {faulty} of {len(trials)}")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
