"""Compiled code must never be older than the source it was made from, whichever file changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from distributional_dopamine._compilation import VARIABLE, processor_key, source_key, use_own_cache

OUTER = (
    "from numba import njit\nfrom made.inner import add\n\n"
    "@njit(cache=True)\ndef twice(x):\n    return add(add(x))\n"
)
INNER = "from numba import njit\n\n@njit(cache=True)\ndef add(x):\n    return x + {step}\n"
START = (
    "from pathlib import Path\nfrom distributional_dopamine._compilation import use_own_cache\n"
    "use_own_cache(Path(__file__).parent)\n"
)


def run(root: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    source = Path(__file__).resolve().parents[1] / "src"
    # Not through the package itself, which would choose its own folder before.
    script = (
        "import os, sys; import distributional_dopamine; del os.environ['NUMBA_CACHE_DIR'];"
        "import made; from made.outer import twice; print(twice(0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "PYTHONPATH": f"{root}{os.pathsep}{source}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_change_in_a_called_function_reaches_its_compiled_caller(tmp_path: Path) -> None:
    package = tmp_path / "made"
    package.mkdir()
    (package / "__init__.py").write_text(START)
    (package / "outer.py").write_text(OUTER)
    (package / "inner.py").write_text(INNER.format(step=1))
    assert run(tmp_path) == "2"
    (package / "inner.py").write_text(INNER.format(step=5))
    assert run(tmp_path) == "10"
    assert len(list((package / "__pycache__").glob("numba-*"))) == 1


def test_key_sees_compiled_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import numba\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    key = source_key(tmp_path)
    (tmp_path / "b.py").write_text("x = 2\n")
    assert source_key(tmp_path) == key
    (tmp_path / "a.py").write_text("import numba as nb\n")
    assert source_key(tmp_path) != key


def test_a_folder_chosen_by_the_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "elsewhere")
    use_own_cache(tmp_path)
    assert os.environ[VARIABLE] == "elsewhere"


def test_where_nothing_can_be_written_compiled_code_lives_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Callable[[], None]] = []
    monkeypatch.setenv(VARIABLE, str(tmp_path / "chosen"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("os.access", lambda *_: False)  # root, who may run this, can write anywhere
    monkeypatch.setattr("atexit.register", lambda function, *values: ended.append(partial(function, *values)))
    monkeypatch.setitem(sys.modules, "numba", SimpleNamespace(config=SimpleNamespace(CACHE_DIR="")))
    use_own_cache(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert os.environ[VARIABLE] == sys.modules["numba"].config.CACHE_DIR == str(folder)
    (end,) = ended
    monkeypatch.setattr("os.getpid", lambda: -1)  # a fork that ends
    end()
    assert folder.is_dir()
    monkeypatch.undo()
    end()
    assert not folder.exists()


def test_the_cache_of_the_user_is_left_to_numba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("os.access", lambda place, _: Path(place) != package)
    use_own_cache(package)
    assert VARIABLE not in os.environ


def test_code_compiled_for_another_processor_is_not_found(tmp_path):
    described = tmp_path / "cpuinfo"
    described.write_text("processor\t: 0\nmodel name\t: A\nflags\t\t: fpu avx\ncpu MHz\t: 2000\n")
    here = processor_key(described)
    # another core of the same, at another speed
    described.write_text(
        "processor\t: 1\nmodel name\t: A\nflags\t\t: fpu avx\ncpu MHz\t: 1200\n"
        "processor\t: 2\nmodel name\t: A\nflags\t\t: fpu avx\ncpu MHz\t: 900\n"
    )
    assert processor_key(described) == here
    assert here is not None
    described.write_text("processor\t: 0\nmodel name\t: A\nflags\t\t: fpu avx avx2\n")
    assert processor_key(described) not in (here, None)
    described.write_text("nothing to go by\n")
    assert processor_key(described) is None
    assert processor_key(tmp_path / "not there") is None
