"""Seeds: processes that become kernels with their libraries imported, and nothing else besides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

from papermill_book.seeds import can_grow
from tests.papermill_book.conftest import Book

HEAD = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst, format_version: 0.13}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---
# Grown

```{code-cell} python
:tags: [parameters]
seed = 1  # not used
```

"""
CHAPTER = (
    HEAD
    + """\
```{code-cell} python
import sys
there = sorted({"colorsys", "wave", "papermill", "good"} & set(sys.modules))
import os
from papermill_book import report
report("grown.there", ", ".join(there))
report("grown.hash", hash("a text"))
report("grown.leads", os.getsid(0) == os.getpid())
report("grown.folder", os.path.basename(os.getcwd()))
report("grown.threads", os.environ["OMP_NUM_THREADS"])
report("grown.first_on_path", os.path.basename([p for p in sys.path if p][0]))
```
"""
)


def test_a_kernel_has_what_was_preloaded_and_is_otherwise_as_any(fresh_book: Book) -> None:
    (fresh_book.root / "book" / "good.md").write_text(CHAPTER)
    fresh_book.edit("_config.yml", "code: [src]", "code: [src]\n      preload: [colorsys, no_such_module]")
    done = fresh_book.cli("run", "good", "--out", "out")
    assert done.returncode == 0, done.stderr
    results = json.loads((fresh_book.root / "out" / "good.json").read_text())
    found = {name.removeprefix("grown."): part["value"] for name, part in results.items()}
    there = found["there"].split(", ")
    assert "colorsys" in there
    assert "wave" not in there
    wanted = subprocess.run(
        [sys.executable, "-c", "print(hash('a text'))"],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found["hash"] == int(wanted.stdout)  # the hash seed is fixed, as it is for a new interpreter
    assert found["leads"] is True  # so that a signal to its group reaches its children and nobody else
    assert found["folder"] == "fresh"
    assert found["threads"] == "1"
    assert found["first_on_path"] == "src"


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_seed_that_is_not_wanted_ends() -> None:
    done = run(
        """
        import os
        from papermill_book.seeds import plant
        seed = plant()
        assert seed.poll() is None
        os.close(seed._orders)
        assert seed.wait() == 0
        assert seed.poll() == 0
        seed.kill()  # one that has ended is left alone
        print("done")
        """
    )
    assert done.stdout == "done\n", done.stderr


def test_a_seed_becomes_what_the_command_says_and_its_end_is_told(tmp_path) -> None:
    (tmp_path / "what.py").write_text(
        "import os, sys, atexit\natexit.register(lambda: print('at the end'))\n"
        "print(sys.argv[1:], os.environ['WORD'], os.getcwd(), sorted(os.environ)[:1] != [])\nsys.exit(7)\n"
    )
    done = run(
        f"""
        import os, sys
        from papermill_book.seeds import plant
        seed = plant()
        seed.grow([sys.executable, "-m", "what", "one", "two"],
                  {{"WORD": "said", "PYTHONPATH": {str(tmp_path)!r}}}, {str(tmp_path)!r})
        assert seed.wait() == 7, seed.returncode
        other = plant()
        other.terminate()
        assert other.wait() == -15
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"['one', 'two'] said {tmp_path} True\nat the end\n"


def test_only_a_module_of_this_interpreter_can_be_grown() -> None:
    assert can_grow([sys.executable, "-m", "ipykernel_launcher", "-f", "x"])
    assert not can_grow(["/usr/bin/R", "-m", "IRkernel"])
    assert not can_grow([sys.executable, "script.py", "x"])
    assert not can_grow([sys.executable])


OWN = (
    HEAD
    + """\
```{code-cell} python
import sys
there = "preloaded" in sys.modules
import preloaded
from papermill_book import report
report("own.there", there)
report("own.answer", preloaded.ANSWER)
```
"""
)


def test_own_code_that_was_preloaded_is_never_older_than_its_source(fresh_book: Book) -> None:
    root = fresh_book.root
    (root / "book" / "good.md").write_text(OWN)
    (root / "src" / "preloaded.py").write_text("ANSWER = 1\n")
    fresh_book.edit("_config.yml", "code: [src]", "code: [src]\n      preload: [preloaded]")
    script = f"""
        import json, os, sys
        from pathlib import Path
        from papermill_book.__main__ import main
        if __name__ == "__main__":
            os.chdir({str(root)!r})
            for answer in (1, 2):
                Path("src/preloaded.py").write_text(f"ANSWER = {{answer}}\\n")
                main(["run", "good", "--out", "out"], standalone_mode=False)
                print(Path("out/good.json").read_text().replace("\\n", " "))
    """
    done = run(script)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    assert first["own.there"]["value"] is second["own.there"]["value"] is True
    assert first["own.answer"]["value"] == 1
    assert second["own.answer"]["value"] == 2
