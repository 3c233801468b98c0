"""What it costs to re-run chapters with papermill, beside Jupyter Book's own executor on the same chapters.

Both build the same copy of the two oldest chapters from nothing. Jupyter Book runs one after another; its
copy has plain words where ours has roles of the extension, which it does not know.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from benchmarks.timing import JUPYTER_BOOK, ROOT, Comparison, report_table, run_program

CHAPTERS = ("book/1-learning/learning-to-predict", "book/3-neurons/forty-reversal-points")
ROLE = re.compile(r"\{reported\}`[^`]*`")
DIRECTIVE = re.compile(r"^```\{(claims|results)\}.*?^```$", re.MULTILINE | re.DOTALL)


def copy_chapters(target: Path, *, workers: int) -> None:
    """Copy the chapters; `workers` of 0 makes the copy one that Jupyter Book runs itself."""
    (target / "book").mkdir()
    shutil.copy(ROOT / "book" / "references.bib", target / "book")
    shutil.copytree(ROOT / "book" / "_static", target / "book" / "_static")
    for chapter in CHAPTERS:
        (target / chapter).parent.mkdir()
        shutil.copy(ROOT / f"{chapter}.md", target / f"{chapter}.md")
    toc = {"format": "jb-book", "root": CHAPTERS[0], "chapters": [{"file": CHAPTERS[1]}]}
    (target / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (target / "src").symlink_to(ROOT / "src")
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if workers:
        # The profiles and the order name chapters that the copy lacks.
        config["sphinx"]["config"]["papermill_book"] |= {"workers": workers, "profiles": {}, "first": []}
    else:
        config["execute"] = {"execute_notebooks": "force", "timeout": 900}
        del config["sphinx"]["local_extensions"]
        del config["sphinx"]["config"]["papermill_book"]
        for page in target.glob("book/**/*.md"):
            text = page.read_text(encoding="utf-8")
            page.write_text(DIRECTIVE.sub("", ROLE.sub("a number", text)), encoding="utf-8")
    (target / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


def build_seconds(workers: int) -> float:
    """Build a fresh copy and return the seconds that took, once Numba has compiled what it caches."""
    with tempfile.TemporaryDirectory() as folder:
        copy_chapters(Path(folder), workers=workers)
        for _ in range(2):
            shutil.rmtree(Path(folder) / "_build", ignore_errors=True)
            # The same source for both, at the same path: Numba files what it compiles under it.
            seconds = run_program(JUPYTER_BOOK, "build", folder, PYTHONPATH=f"{folder}/src")
    return seconds


def main() -> int:
    """Build the chapters three ways and print how they compare."""
    theirs = build_seconds(0)
    name = "Jupyter Book's own executor, one after another"
    return report_table(
        [
            Comparison("two chapters, one at a time", build_seconds(1), theirs, name),
            Comparison("two chapters, both at once", build_seconds(2), theirs, name),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
