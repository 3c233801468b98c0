"""What it costs to re-run the book with papermill, beside Jupyter Book's own executor on the same chapters.

Both build the same copy of the book from nothing. Jupyter Book runs one chapter after another; its copy has
plain words where ours has roles of the extension, which it does not know.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.timing import Comparison, report_table

ROOT = Path(__file__).resolve().parents[1]
ROLE = re.compile(r"\{reported\}`[^`]*`")
DIRECTIVE = re.compile(r"^```\{(claims|results)\}.*?^```$", re.MULTILINE | re.DOTALL)


def copy_book(target: Path, *, workers: int) -> None:
    """Copy the book; `workers` of 0 makes the copy one that Jupyter Book runs itself."""
    for name in ("book", "reference"):
        shutil.copytree(ROOT / name, target / name)
    shutil.copy(ROOT / "_toc.yml", target)
    (target / "src").symlink_to(ROOT / "src")
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if workers:
        config["sphinx"]["config"]["papermill_book"]["workers"] = workers
    else:
        config["execute"] = {"execute_notebooks": "force", "timeout": 900}
        del config["sphinx"]["local_extensions"]
        del config["sphinx"]["config"]["papermill_book"]
        for page in target.glob("book/**/*.md"):
            text = page.read_text(encoding="utf-8")
            page.write_text(DIRECTIVE.sub("", ROLE.sub("a number", text)), encoding="utf-8")
    (target / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


def build_seconds(workers: int) -> float:
    """Build a fresh copy of the book and return the seconds that took."""
    with tempfile.TemporaryDirectory() as folder:
        copy_book(Path(folder), workers=workers)
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603
            [str(Path(sys.executable).with_name("jupyter-book")), "build", folder],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return seconds


def main() -> int:
    """Build the book three ways and print how they compare."""
    theirs = build_seconds(0)
    name = "Jupyter Book's own executor, one after another"
    return report_table(
        [
            Comparison("the book, one chapter at a time", build_seconds(1), theirs, name),
            Comparison("the book, two chapters at a time", build_seconds(2), theirs, name),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
