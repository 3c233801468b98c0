"""A tiny book through the real command line: what a good build leaves, and what a bad one must not touch."""

from __future__ import annotations

import fcntl
import json
import os
import signal

import nbformat
import pytest

from tests.papermill_book.conftest import Book
from tests.papermill_book.kills import Kill, run_trial


def test_good_build_leaves_pages_results_records_and_notebooks(built_book: Book) -> None:
    build = built_book.root / "_build"
    results = json.loads((build / "results" / "good.json").read_text())
    assert set(results["good.mean"]) == {"value", "unit", "interval", "n"}
    assert results["good.mean"]["n"] == 100
    assert f"{results['good.mean']['value']:.3f}".replace("-", "−") in built_book.page("good")
    assert ">42</span>" in built_book.page("index")
    record = json.loads((build / "records" / "good.json").read_text())
    assert record["profile"] == "full"
    assert record["seeds"] == {"seed": 1}
    assert record["seconds"] > 0
    assert "src/science.py" in record["code"]["files"]
    assert "numpy" in record["packages"]
    claims = json.loads((build / "results" / "claims.json").read_text())
    assert claims["answer"]["verdict"] == "reproduced"
    assert "reproduced" in built_book.page("reproduction")
    assert "profile full. seed = 1, n = 100" in built_book.page("good")
    assert not list(build.glob(".staging*"))


def test_downloaded_notebook_is_the_one_that_ran(built_book: Book) -> None:
    offered = nbformat.read(built_book.site / "_sources" / "book" / "good.ipynb", as_version=4)
    nbformat.validate(offered)
    assert any(cell.get("outputs") for cell in offered.cells)
    kept = nbformat.read(built_book.root / "_build" / "notebooks" / "good.ipynb", as_version=4)
    assert offered == kept
    assert "_sources/book/good.ipynb" in built_book.page("good")


def test_no_script_of_the_theme_would_fetch_a_kernel_or_a_heavy_font(built_book: Book) -> None:
    page = built_book.page("good")
    assert "book-theme" in page
    for unused in ("thebe", "THEBE", "fontawesome", "searchindex"):
        assert unused not in page, unused
    assert not list(built_book.site.rglob("*fontawesome*"))


def test_second_build_gives_the_same_bytes_and_sees_changed_code(built_book: Book, book: Book) -> None:
    # in one process, where the first had one a core for chapters and pages, and in another order
    book.edit("_config.yml", "code: [src]", "code: [src]\n      workers: 1\n      first: [other]")
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert "[papermill] 1/2 other: started" in done.stderr
    for folder in ("html", "notebooks", "results"):
        assert book.bytes_below(folder) == built_book.bytes_below(folder)
    book.edit("src/science.py", "1.0", "10.0")
    done = book.build(PAPERMILL_BOOK_PROFILE="quick")
    assert done.returncode == 0, done.stderr
    assert "profile quick. seed = 1, n = 10 (changed)" in book.page("good")
    banner = "Built with profile quick: the numbers differ from those of the full build"
    assert banner in book.page("good")
    assert banner not in built_book.page("good")
    ours = json.loads((book.root / "_build" / "results" / "good.json").read_text())["good.mean"]
    assert ours["n"] == 10
    assert ours["interval"][1] > 5  # ten times a standard normal: the changed src/ was used
    # Claims are judged only where nothing was overridden.
    assert (
        json.loads((book.root / "_build/results/claims.json").read_text())["answer"]["verdict"]
        == "not judged"
    )


def test_failing_chapter_is_named_and_the_old_site_stays(book: Book) -> None:
    before = book.bytes_below("html")
    book.edit("book/good.md", "_ = plt.plot(draws)", "raise RuntimeError('on purpose')")
    done = book.build()
    assert done.returncode != 0
    line = (book.root / "book/good.md").read_text().split("\n").index("raise RuntimeError('on purpose')") + 1
    assert f"chapter 'good' failed at book/good.md:{line}" in done.stderr
    assert "RuntimeError: on purpose" in done.stderr
    assert "other: done" in done.stderr
    assert book.bytes_below("html") == before
    failed = nbformat.read(book.root / "_build" / "failed" / "good.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in failed.cells for output in cell.get("outputs", []))


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PAPERMILL_BOOK_PARAMETERS": "sede=3"}, "no chapter has a parameter 'sede'. Did you mean 'seed'?"),
        ({"PAPERMILL_BOOK_PROFILE": "quack"}, "no profile called 'quack'. Did you mean 'quick'?"),
        ({"PAPERMILL_BOOK_PARAMETERS": "n=many"}, "parameter 'n' of 'good' is 'many' (str); expected int"),
    ],
)
def test_unknown_parameter_or_profile_is_an_error(
    book: Book, environment: dict[str, str], message: str
) -> None:
    before = book.bytes_below("html")
    done = book.build(**environment)
    assert done.returncode != 0
    assert message in done.stderr
    assert book.bytes_below("html") == before


def test_first_names_chapters(book: Book) -> None:
    book.edit("_config.yml", "code: [src]", "code: [src]\n      first: [others]")
    done = book.build()
    assert done.returncode != 0
    assert "first: there is no chapter 'others'. Did you mean 'other'?" in done.stderr
    assert "started" not in done.stderr


PREPARING = """\
import sys
from pathlib import Path

if __name__ == "__main__":
    with Path("prepared.txt").open("a") as log:
        log.write("prepared\\n")
    print("the larder is", "{found}")
    sys.exit({status})
"""


def test_what_comes_before_the_chapters_runs_once_and_can_stop_them(fresh_book: Book) -> None:
    fresh_book.edit("_config.yml", "code: [src]", "code: [src]\n      prepare: larder")
    larder, log = fresh_book.root / "src" / "larder", fresh_book.root / "prepared.txt"
    larder.mkdir()
    (larder / "__init__.py").touch()
    (larder / "__main__.py").write_text(PREPARING.format(found="full", status=0))
    done = fresh_book.build()
    assert done.returncode == 0, done.stderr
    assert "the larder is full" in done.stdout
    assert log.read_text() == "prepared\n"
    pages = fresh_book.bytes_below("html")
    (larder / "__main__.py").write_text(PREPARING.format(found="bare", status=3))
    done = fresh_book.build()
    assert done.returncode != 0
    assert "the larder is bare" in done.stdout
    assert "python -m larder, which comes before the chapters, ended with exit status 3" in done.stderr
    assert "good: started" not in done.stderr
    assert fresh_book.bytes_below("html") == pages


def test_unexpected_verdict_fails_the_build(book: Book) -> None:
    before = book.bytes_below("html")
    book.edit("book/published.yml", "value: 42", "value: 43")
    done = book.build()
    assert done.returncode != 0
    assert "claim 'answer': expected 'reproduced', but it is 'not reproduced'" in done.stderr
    assert book.bytes_below("html") == before


def test_number_reported_by_two_chapters_is_an_error(book: Book) -> None:
    book.edit("book/other.md", "other.answer", "good.mean")
    done = book.build()
    assert done.returncode != 0
    assert "'good.mean' is reported twice: by 'good' and by 'other'" in done.stderr


def test_picture_without_alt_text_is_a_warning_with_its_line(book: Book) -> None:
    before = book.bytes_below("html")
    book.edit("book/good.md", "mystnb:\n  image: {alt: A jagged line around zero.}", "tags: []")
    done = book.build("-W", "--keep-going")
    assert done.returncode != 0
    assert "draws a figure without alt text" in done.stderr
    assert "good.md:19" in done.stderr
    assert book.bytes_below("html") == before


def test_simulated_data_stand_on_every_page_beside_the_recorded_result(book: Book) -> None:
    book.edit("book/other.md", 'kind="recorded"', 'kind="simulated"')
    (book.root / "reference.json").write_text(
        json.dumps({"other.answer": {"value": 41, "unit": "", "interval": None, "n": None}})
    )
    done = book.build()
    assert done.returncode == 0, done.stderr
    for page in ("index", "good", "other", "reproduction"):
        assert "pb-stand-in" in book.page(page)
        assert "bd-header-announcement" in book.page(page)
    assert "pb-simulated" in book.page("index")
    assert "(simulated; recorded: 41)" in book.page("index")
    assert "pb-simulated" not in book.page("good").split("<article")[1]
    verdict = json.loads((book.root / "_build/results/claims.json").read_text())["answer"]
    assert (verdict["verdict"], verdict["reason"]) == ("not judged", "simulated cells")


@pytest.mark.parametrize(
    ("victim", "how"), [("sphinx", signal.SIGTERM), ("sphinx", signal.SIGKILL), ("papermill", signal.SIGKILL)]
)
def test_killed_build_leaves_the_old_site_and_the_next_one_works(
    book: Book, victim: str, how: signal.Signals
) -> None:
    """Three of the fifty kills that `tests.papermill_book.kills` makes on demand."""
    trial = run_trial(book, Kill(victim, how, 2.5), f"kill-{os.getpid()}-2", lambda _: 0)
    assert trial.struck
    assert trial.site == "old"
    assert trial.faults == []


def test_two_builds_at_once_the_second_refuses(book: Book) -> None:
    with (book.root / "_build" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = book.build()
    assert done.returncode != 0
    assert "another build is at work" in done.stderr


def test_run_one_chapter_without_sphinx(fresh_book: Book) -> None:
    done = fresh_book.cli("run", "good", "-p", "seed=3", "-p", "n=7")
    assert done.returncode == 0, done.stderr
    out = fresh_book.root / "_build" / "runs" / "good"
    assert json.loads((out / "good.json").read_text())["good.mean"]["n"] == 7
    notebook = nbformat.read(out / "good.ipynb", as_version=4)
    injected = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert "seed = 3" in injected[0].source
    assert not (fresh_book.root / "_build" / "html").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "god"), "no chapter called 'god'. Did you mean 'good'? Known: good, other."),
        (("run", "good", "-p", "sede=3"), "no chapter has a parameter 'sede'"),
        (("run", "other", "-p", "seed=3"), "no chapter has a parameter 'seed'. Known: none."),
        (("run", "good", "-p", "seed"), "expected name=value"),
        (("run", "good", "--profile", "slow"), "no profile called 'slow'. Known: full, quick."),
    ],
)
def test_run_says_what_is_wrong(fresh_book: Book, words: tuple[str, ...], message: str) -> None:
    done = fresh_book.cli(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (fresh_book.root / "_build").exists()


def test_check_names_file_and_line(fresh_book: Book) -> None:
    assert fresh_book.cli("check").returncode == 0
    fresh_book.edit("book/index.md", "The answer is", "There are 40 cells.\n\nThe answer is")
    fresh_book.edit("book/good.md", "mystnb:\n  image: {alt: A jagged line around zero.}", "tags: []")
    done = fresh_book.cli("check")
    assert done.returncode == 1
    assert "book/index.md:3: the number 40 stands in the prose" in done.stdout
    assert "book/good.md:19: this cell draws a figure without alt text" in done.stdout


def test_reference_needs_a_full_build_on_recordings(book: Book) -> None:
    done = book.cli("reference")
    assert done.returncode == 0, done.stderr
    kept = json.loads((book.root / "reference.json").read_text())
    assert kept["other.answer"]["value"] == 42
    record = book.root / "_build" / "records" / "other.json"
    record.write_text(record.read_text().replace('"recorded"', '"simulated"'))
    done = book.cli("reference")
    assert done.returncode == 2
    assert "other ran on simulated data" in done.stderr
