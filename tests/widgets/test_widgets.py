"""The widgets' JavaScript, run in Node against what the package computes, and the rules their files keep."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.oracle import FILE, compute

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "book" / "_static" / "widgets").glob("*.js"))


def _same(kept: Any, found: Any) -> bool:
    if isinstance(found, dict):
        return kept.keys() == found.keys() and all(_same(kept[key], found[key]) for key in found)
    if isinstance(found, list):
        return len(kept) == len(found) and all(map(_same, kept, found))
    return kept == (pytest.approx(found, rel=1e-6, abs=1e-9) if isinstance(found, float) else found)


def test_the_oracle_is_what_the_package_computes() -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert _same(kept, compute()), "run: python -m tests.widgets.oracle"


@pytest.mark.skipif(
    shutil.which("node") is None, reason="the widgets' arithmetic is tested in Node, not found"
)
def test_arithmetic_in_node() -> None:
    done = subprocess.run(
        ["node", "--test", "tests/widgets/widgets.test.cjs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_scripts_are_small_and_ask_for_nothing() -> None:
    assert len(SCRIPTS) >= 7
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert len(text.encode()) < 30_000, script.name
        # A page opened as file:// may not import, and no request may leave the site.
        assert not re.search(
            r"^\s*(import|export)\s|fetch\(|XMLHttpRequest|console\.|https?://(?!www\.w3\.org/)", text, re.M
        )


def test_every_widget_of_a_chapter_has_its_script() -> None:
    names = {script.stem for script in SCRIPTS}
    used = set()
    for page in (ROOT / "book").rglob("*.md"):
        used |= set(re.findall(r'^widget\(\s*"([a-z-]+)"', page.read_text(encoding="utf-8"), re.M))
    assert used == names - {"common"}
