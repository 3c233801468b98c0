"""A tiny book, written into a temporary folder and built through the real command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"
TOP_MATTER = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst, format_version: 0.13}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
"""
CONFIG = """\
title: Tiny
author: Nobody
exclude_patterns: [_build, "**/*.ipynb"]
execute: {execute_notebooks: cache}
bibtex_bibfiles: [references.bib]
sphinx:
  recursive_update: true
  local_extensions: {papermill_book.ext: machinery}
  config:
    papermill_book:
      code: [src]
      reference: reference.json
      profiles:
        quick: {n: 10}
"""
GOOD = (
    TOP_MATTER
    + """\
# Good

```{code-cell} python
:tags: [parameters]
seed = 1  # of the generator
n = 100   # draws
```

The mean is {reported}`good.mean:.3f` ({reported}`good.mean.interval:.1f`).

```{code-cell} python
---
mystnb:
  image: {alt: A jagged line around zero.}
---
import matplotlib.pyplot as plt
import numpy as np
from papermill_book import report
from science import scale

draws = scale * np.random.default_rng(seed).normal(size=n)
report("good.mean", draws.mean(), interval=(draws.min(), draws.max()), n=n, unit="Hz")
_ = plt.plot(draws)
```
"""
)
OTHER = (
    TOP_MATTER
    + """\
# Other

```{code-cell} python
from papermill_book import report, use_data
use_data("tiny recordings", kind="recorded", origin="folder", files={"a.dat": "00"})
report("other.answer", 42)
```
"""
)
SIZES = '''\
"""How large things are.

Made of `Size` alone.
"""

import functools

import a_library_that_is_not_there

scale = 1.0
"""Of everything."""


class Size:
    """A size, in *metres*.

    Parameters
    ----------
    metres : float
        Not below zero.
    """

    unit: str = "m"
    """What it is given in."""

    def __init__(self, metres: float, *, exact: bool = True) -> None:
        self.metres = metres

    @property
    def doubled(self) -> float:
        """Twice the size."""
        return 2 * self.metres


@a_library_that_is_not_there.compiled(cache=True)
def grow(size, by=2.0):
    """Grow a `Size`, see :func:`shrink`.

    Parameters
    ----------
    size : Size
        What grows.
    by : float
        How many times.

    Returns
    -------
    Size
        The larger one, :math:`s b`.

    Raises
    ------
    ValueError
        If ``by`` is below zero.
    """


def _hidden():
    """Not public."""
'''
BACK = """\
# Back

```{made}
```

```{colophon}
:packages: numpy
```

```{api}
sizes
```

```{glossary}
answer
  What [Other](other.md) gives.
```

An {term}`answer` from {py:obj}`sizes.grow`.
"""
CITATION = """\
cff-version: 1.2.0
message: Cite it.
type: software
title: Tiny
version: 1.2.3
date-released: 2026-01-31
authors:
  - name: Nobody
license: [BSD-3-Clause, CC-BY-4.0]
keywords: [small]
references:
  - {type: article, title: T, authors: [{family-names: Body, given-names: "No"}], doi: 10.1234/t}
"""
CITE = """\
# Cite

```{cite-this} apa
```

```{cite-this} bibtex
```

```{cite-this} cff
```

```{cite-this} swhid
```

```{cite-this} build
```

```{bibtex} nobody2020
```
"""
PAGES = {
    "_config.yml": CONFIG,
    "_toc.yml": (
        "format: jb-book\nroot: book/index\nchapters:\n"
        "- file: book/good\n- file: book/other\n- file: book/reproduction\n- file: book/back\n"
        "- file: book/cite\n"
    ),
    "references.bib": ("@article{nobody2020,\n author={Body, No}, title={T}, journal={J}, year={2020}\n}\n"),
    "CITATION.cff": CITATION,
    "book/cite.md": CITE,
    "src/science.py": "scale = 1.0\n",
    "src/sizes.py": SIZES,
    "requirements.txt": "NumPy==0.1 ; python_version < '9' \\\n    --hash=sha256:0\n",
    "book/index.md": "# Tiny\n\nThe answer is {reported}`other.answer`.\n",
    "book/good.md": GOOD,
    "book/other.md": OTHER,
    "book/reproduction.md": (
        "# Reproduction\n\n```{claims}\n```\n\n```{results}\n```\n\n```{bibliography}\n```\n"
    ),
    "book/back.md": BACK,
    "book/published.yml": textwrap.dedent(
        """\
        - id: answer
          chapter: other
          result: other.answer
          statement: The answer
          published: {value: 42, text: "42"}
          source: {cite: nobody2020, where: "Fig. 1", read_in_paper: true}
          rule: {equals_within: 0}
          expected: reproduced
        """
    ),
}


@dataclass(frozen=True)
class Book:
    """A book in a folder."""

    root: Path

    @property
    def site(self) -> Path:
        return self.root / "_build" / "html"

    def page(self, name: str) -> str:
        return (self.site / "book" / f"{name}.html").read_text(encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("jupyter-book")), "build", *words, "."]

    def environment(self, **extra: str) -> dict[str, str]:
        # No variable of whoever runs the tests may change what the tiny book does.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PAPERMILL_BOOK_")}
        kept.pop("PYTHONPATH", None)
        return {**kept, **extra}

    def build(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "papermill_book", *words],
            cwd=self.root,
            env=self.environment(PYTHONPATH=str(SOURCE)),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def bytes_below(self, folder: str) -> dict[str, bytes]:
        base = self.root / "_build" / folder
        files = [path for path in base.rglob("*") if path.is_file()]
        return {str(path.relative_to(base)): path.read_bytes() for path in files}


def write_book(root: Path) -> Book:
    for name, text in PAGES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "machinery").mkdir()
    (root / "machinery" / "papermill_book").symlink_to(SOURCE / "papermill_book")
    return Book(root)


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book that has been built once, warnings as errors; not to be changed."""
    # Spaces and letters beyond ASCII, as in a real home folder.
    book = write_book(tmp_path_factory.mktemp("built") / "a böök")
    done = book.build("-W", "-n", "--keep-going")
    assert done.returncode == 0, done.stdout + done.stderr
    return book


@pytest.fixture
def book(built_book: Book, tmp_path: Path) -> Book:
    """A copy of the built book, to break."""
    shutil.copytree(built_book.root, tmp_path / "book", symlinks=True)
    return Book(tmp_path / "book")


@pytest.fixture
def fresh_book(tmp_path: Path) -> Book:
    """A book that has never been built."""
    return write_book(tmp_path / "fresh")
