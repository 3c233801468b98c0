"""Chapters as notebooks for people: what Markdown they hold, what their first cell does, that they run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from papermill_book.errors import BookError
from papermill_book.notebooks import make_notebook, plain_markdown, setup_cell
from papermill_book.settings import Settings
from tests.papermill_book.conftest import Book

RESULTS = {"r": {"value": -0.5, "unit": "Hz", "interval": [-1.0, 0.25], "n": 40}}
REPOSITORY = "https://github.com/o/r"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r = {reported}`r:.2f` ({reported}`r.interval:.1f`).", "r = −0.50 (−1.0 to 0.2)."),
        ("{cite:t}`a2020,b2021` and {term}`cells <cell>`, {term}`TD`", "[a2020, b2021] and cells, TD"),
        ("see {numref}`fig-one-two`", "see the figure “one two”"),
        ("[](../2/x.md#part) [y](y.md) [z](https://z.org/a.md)",
         "[](../2/x.ipynb) [y](y.ipynb) [z](https://z.org/a.md)"),
        ("(label)=\n# T", "# T"),
        ("$$\na\n$$ (eq-a)\n", "$$\na\n$$"),
        (":::{admonition} A {term}`cell`\n:class: tip\n- 1\n:::\nafter", "> **A cell**\n>\n> - 1\n\nafter"),
        ("before\n::::{div} a\n:::{admonition} B\nb\n:::\n::::", "before\n\n> **B**\n>\n> b\n\n"),
        ("```{claims}\n:chapter: x\n```", "*Here the book shows the table of claims.*\n"),
        ("```python\nreport('{reported}`r`')\n```", "```python\nreport('{reported}`r`')\n```"),
    ],
)  # fmt: skip
def test_markdown_is_plain(text: str, expected: str) -> None:
    assert plain_markdown(text, RESULTS) == expected


def test_a_number_that_nobody_reported_is_an_error() -> None:
    with pytest.raises(BookError, match="no chapter reported 'x'"):
        plain_markdown("{reported}`x`", RESULTS)


def test_the_first_cell_does_nothing_outside_colab(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", setup_cell(Settings(tmp_path, repository=REPOSITORY))],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_first_cell_on_colab_fetches_the_branch_and_the_lock(tmp_path: Path) -> None:
    """Colab is played by a module of its name; git and pip, by a function that prints its words."""
    cell = setup_cell(Settings(tmp_path, repository=REPOSITORY, notebooks_branch="nb"))
    cell = cell.replace("/content", str(tmp_path))
    (tmp_path / "book").mkdir()  # where git would put it, for chdir
    play = (
        "import subprocess, sys, types\n"
        "sys.modules['google.colab'] = types.ModuleType('google.colab')\n"
        "subprocess.run = lambda words, check: print(*words)\n"
    )
    after = "\nimport os\nprint(sys.path[0], sys.path[1], os.getcwd())"
    done = subprocess.run(
        [sys.executable, "-c", play + cell + after], capture_output=True, text=True, check=True
    )
    first, *_, last = done.stdout.splitlines()
    assert f"pip install --quiet --require-hashes --target {tmp_path}/book-packages" in first
    assert first.endswith(f"--requirement {tmp_path}/book/requirements.txt")
    assert last == f"{tmp_path}/book/src {tmp_path}/book-packages {tmp_path}/book"
    assert f'"--branch", "nb", "{REPOSITORY}"]' in cell


def test_outputs_for_the_book_alone_are_left_out(tmp_path: Path) -> None:
    data = {"application/vnd.papermill-book.result+json": {}, "application/papermill.record/text/plain": "1"}
    executed = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "x",
                outputs=[
                    nbformat.v4.new_output("display_data", data=data),
                    nbformat.v4.new_output("display_data", data={"text/plain": "shown", **data}),
                ],
            ),
            nbformat.v4.new_markdown_cell("(label)="),
        ]
    )
    (cell,) = make_notebook(executed, Settings(tmp_path), RESULTS).cells
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["shown"]


def test_export_writes_what_the_build_left(book: Book) -> None:
    done = book.cli("export-notebooks", "out")
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(book.root / "out" / "book" / "good.ipynb", as_version=4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "{" not in text
    assert "The mean is " in text
    (drawing,) = [cell for cell in notebook.cells if "plt.plot" in cell.source]
    assert any("image/png" in output.get("data", {}) or "image/svg+xml" in output.get("data", {})
               for output in drawing.outputs)  # fmt: skip
    assert (book.root / "out" / "book" / "other.ipynb").is_file()
    # Twice the same.
    first = (book.root / "out" / "book" / "good.ipynb").read_bytes()
    assert book.cli("export-notebooks", "again").returncode == 0
    assert (book.root / "again" / "book" / "good.ipynb").read_bytes() == first


def test_export_refuses_what_is_not_current(book: Book, fresh_book: Book) -> None:
    book.edit("book/good.md", "# Good", "# Better")
    done = book.cli("export-notebooks", "out")
    assert done.returncode == 2
    assert "good has changed since the last build; build the book again" in done.stderr
    assert not (book.root / "out").exists()
    done = fresh_book.cli("export-notebooks", "out")
    assert done.returncode == 2
    assert "has not been built" in done.stderr
