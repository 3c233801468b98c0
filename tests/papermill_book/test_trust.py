"""No page is made of what somebody slipped in, or of what an earlier build left."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from pathlib import Path

import nbformat
import pytest
import yaml

from papermill_book.errors import BookError
from papermill_book.formatting import as_markdown
from papermill_book.scratch import Scratch
from papermill_book.settings import make_settings
from tests.papermill_book.clock import environment_at
from tests.papermill_book.conftest import TOP_MATTER, Book, write_book

SPITEFUL = (
    """<script>alert(1)</script> " ' \\ $(touch pwned) `touch pwned` $x$ {reported}`other.answer` """
    "{{ title }} ```{include} /etc/passwd {include}`/etc/passwd` "
    "</title></script><img src=x onerror=alert(1)> | * -"
)
NAMES = (
    TOP_MATTER
    + """\
# Other

```{code-cell} python
:tags: [parameters]
label = "plain"  # what a recording calls a cell
```

```{code-cell} python
from papermill_book import report, use_data
use_data(label, kind="simulated", origin=label, files={label: "00"}, note=label)
report("other.answer", 42, unit=label)
report("other.label", label)
print(label)
```

It is called {reported}`other.label`, and measured in {reported}`other.answer.unit`.
"""
)


def test_names_and_parameters_reach_chapters_whole_and_pages_escaped(tmp_path: Path) -> None:
    """In a folder, a locale and a terminal that are as awkward as can be."""
    book = write_book(tmp_path / "b $(touch pwned) `x` 'q\" {0} ö")
    (book.root / "book" / "other.md").write_text(NAMES, encoding="utf-8")
    config = yaml.safe_load((book.root / "_config.yml").read_text(encoding="utf-8"))
    ours = config["sphinx"]["config"]["papermill_book"]
    ours |= {"chapters": {"other": {"label": SPITEFUL}}, "stand_in_notice": SPITEFUL}
    (book.root / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    done = book.build("-W", "-n", "--keep-going", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    results = json.loads((book.root / "_build" / "results" / "other.json").read_text(encoding="utf-8"))
    assert results["other.label"]["value"] == SPITEFUL
    for path in book.site.rglob("*"):
        if path.suffix in (".html", ".svg", ".xml"):
            text = path.read_text(encoding="utf-8")
            for slipped_in in ("<script>alert", "<img src=x", "root:x:0"):
                assert slipped_in not in text, path
    for page in ("other", "reproduction", "back"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in book.page(page)
        assert "{reported}`other.answer`" in book.page(page)
    assert not list(tmp_path.rglob("pwned"))


def test_parameters_of_the_command_line_are_data(fresh_book: Book) -> None:
    (fresh_book.root / "book" / "other.md").write_text(NAMES, encoding="utf-8")
    # as YAML takes it between quotes: a quote is written twice
    done = fresh_book.cli(
        "run", "other", "--out", "out", "-p", "label='{}'".format(SPITEFUL.replace("'", "''"))
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((fresh_book.root / "out" / "other.json").read_text(encoding="utf-8"))
    assert results["other.label"]["value"] == SPITEFUL
    assert not list(fresh_book.root.rglob("pwned"))


def test_plain_words_stay_on_one_line() -> None:
    assert as_markdown("two\n\n    lines") == "two lines"


def test_nothing_that_an_earlier_build_left_reaches_a_page(
    built_book: Book, book: Book, tmp_path: Path
) -> None:
    """Nor the date: the second build takes it to be the day after 32 bits no longer hold the seconds."""
    build = book.root / "_build"
    claims = build / "results" / "claims.json"
    claims.write_text(claims.read_text().replace('"verdict": "reproduced"', '"verdict": "not reproduced"'))
    good = build / "results" / "good.json"
    good.write_text(good.read_text().replace('"n": 100', '"n": 101'))
    (build / "results" / "gone.json").write_text('{"gone.number": {"value": 1}}')
    (build / "results" / "other.json").unlink()
    (build / "records" / "other.json").write_text("{")
    page = build / "html" / "book" / "good.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Good", "Forged"), encoding="utf-8")
    (build / "html" / "book" / "forged.html").write_text("forged")
    (build / "html" / "index.html").unlink()
    # outputs that no cell computed: in what the last build left, and in a notebook beside the chapter
    path = build / "notebooks" / "good.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="forged")]
    nbformat.write(notebook, path)
    nbformat.write(notebook, book.root / "book" / "good.ipynb")
    # what builds that were killed leave
    for place in (".staging/html/book", ".staging/cache", "failed"):
        (build / place).mkdir(parents=True)
        (build / place / "good.html").write_text("forged")
    in_2038 = environment_at(datetime.datetime(2038, 1, 20, tzinfo=datetime.UTC), tmp_path)
    done = book.build(**in_2038)
    assert done.returncode == 0, done.stderr
    for folder in ("html", "notebooks", "results"):
        assert book.bytes_below(folder) == built_book.bytes_below(folder)
    assert {path.name for path in build.iterdir()} == {"html", "notebooks", "records", "results", ".lock"}
    record = json.loads((build / "records" / "other.json").read_text())
    assert record["chapter"] == "other"
    assert record["ended"].startswith("2038-01-20T" if in_2038 else "20")


def test_one_change_to_any_input_is_seen(book: Book) -> None:
    (book.root / "data.txt").write_text("7")
    book.edit("book/other.md", "42)", "42)\nreport('other.read', int(open('data.txt').read()))")
    book.edit("book/index.md", "The answer is", "Read: {reported}`other.read`. The answer is now")
    book.edit("book/good.md", "n = 100 ", "n = 101 ")
    book.edit("src/science.py", "1.0", "0.0")
    book.edit("_config.yml", "title: Tiny", "title: Teeny")
    book.edit("book/published.yml", "statement: The answer", "statement: The only answer")
    book.edit("references.bib", "title={T}", "title={A newer title}")
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert ">7</span>. The answer is now" in book.page("index")
    assert "n = 101" in book.page("good")
    assert ">0.000</span>" in book.page("good")
    assert "Teeny" in book.page("good")
    assert "The only answer" in book.page("reproduction")
    assert "A newer title" in book.page("reproduction")


def test_full_disk_is_said_and_leaves_the_old_site(book: Book) -> None:
    before = book.bytes_below("html")
    # No file may be longer than six blocks: as on a full disk, writing fails.
    limited = ["sh", "-c", 'ulimit -f 6; exec "$@"', "sh", *book.command()]
    done = subprocess.run(
        limited,
        cwd=book.root,
        env=book.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "File too large" in done.stderr
    assert book.bytes_below("html") == before
    assert {path.name for path in (book.root / "_build").iterdir()} - {"failed"} == {
        "html", "notebooks", "records", "results", ".lock",
    }  # fmt: skip


def test_path_that_the_locale_cannot_write_is_refused() -> None:
    with pytest.raises(BookError, match=r"letters that the locale does not know; set LC_ALL=C\.UTF-8"):
        make_settings(Path(os.fsdecode(b"/b\xff")), {})


def test_scratch_of_processes_that_are_no_more_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "papermill-book-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "notebook.ipynb").touch()
    (tmp_path / "papermill-book-link").symlink_to("/etc")
    with Scratch(tmp_path) as one, Scratch(tmp_path) as two:
        assert one.path != two.path
        assert one.path.is_dir()  # its lock is held
        assert not left.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["papermill-book-link"]
    assert Path("/etc/passwd").exists()
