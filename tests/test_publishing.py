"""Workflows, container, Binder and lock: nothing moves, nothing is missing, no more rights than needed."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: What only the jobs may do that publish, and only these.
RIGHTS = {
    "ci.yml": {"ci": {"contents": "read"}},
    "nightly.yml": {
        "newest": {"contents": "read"},
        "report": {"actions": "read", "issues": "write"},
    },
    "pages.yml": {
        "build": {"contents": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
        "notebooks": {"actions": "read", "contents": "write"},
    },
    "release.yml": {
        "build": {"contents": "read"},
        "release": {"actions": "read", "contents": "write"},
    },
}


def faults_of(text: str, rights: dict[str, Any]) -> list[str]:
    """What is wrong with a workflow."""
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML reads the key "on" as a boolean
    faults = [f"trigger {name}" for name in triggers if name in ("pull_request_target", "workflow_run")]
    if "permissions" not in workflow:
        faults.append("no permissions")
    for name, job in workflow["jobs"].items():
        if job.get("permissions", workflow.get("permissions")) != rights.get(name):
            faults.append(f"{name}: rights {job.get('permissions')}")
        if "timeout-minutes" not in job:
            faults.append(f"{name}: no time limit")
        writes = "write" in (job.get("permissions") or {}).values()
        for step in job["steps"]:
            if "uses" in step and not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]):
                faults.append(f"{name}: {step['uses']} is not pinned")
            if "${{" in step.get("run", ""):
                faults.append(f"{name}: an expression inside a script")
            keeps_token = step.get("with", {}).get("persist-credentials") is not False
            if step.get("uses", "").startswith("actions/checkout@") and keeps_token and not writes:
                faults.append(f"{name}: the token stays in the checkout")
    return faults


def test_there_are_the_workflows_we_know_of() -> None:
    assert {path.name for path in WORKFLOWS} == set(RIGHTS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_is_pinned_and_has_no_more_rights_than_it_needs(path: Path) -> None:
    text = path.read_text()
    assert faults_of(text, RIGHTS[path.name]) == []
    for line in text.splitlines():
        if "uses:" in line:
            assert re.search(r"# v\d+\.\d+\.\d+$", line), f"{path.name}: say which version: {line}"


def test_one_version_of_an_action_everywhere() -> None:
    found = {use for path in WORKFLOWS for use in re.findall(r"uses: (\S+)", path.read_text())}
    names = [use.split("@")[0] for use in found]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  pull_request:\n", "  pull_request_target:\n", "trigger"),
        ("@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5", "not pinned"),
        ("run: .ci/run", "run: echo ${{ github.event.pull_request.title }}", "inside a script"),
        ("contents: read", "contents: write", "rights"),
        ("persist-credentials: false", "persist-credentials: true", "token"),
        ("    timeout-minutes: 45\n", "", "time limit"),
    ],
)
def test_a_fault_is_found(old: str, new: str, fault: str) -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text()
    assert old in text
    found = faults_of(text.replace(old, new), RIGHTS["ci.yml"])
    assert any(fault in one for one in found), found


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_workflows_run_what_is_there() -> None:
    source = (ROOT / "src/papermill_book/__main__.py").read_text()
    for path in WORKFLOWS:
        text = path.read_text()
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            assert target in make_targets(), f"{path.name}: make {target}"
        for script in re.findall(r"run: (\.ci/\w+)", text):
            assert (ROOT / script).stat().st_mode & 0o111, script
        for command in re.findall(r"-m papermill_book ([a-z-]+)", text):
            assert f'command("{command}")' in source or f"def {command}(" in source, command


def ignored() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_container_copies_what_is_there_and_installs_only_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    instructions = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert re.match(r"FROM python:3\.\d+-[\w-]+$", instructions[0])
    for line in instructions:
        if line.startswith("COPY"):
            *sources, _ = [word for word in line.split()[1:] if not word.startswith("--")]
            for source in sources:
                assert (ROOT / source).exists(), line
                assert source not in ignored(), line
        if "pip install" in line:
            assert "--require-hashes" in line or "--no-deps" in line, line
    assert "root" not in instructions[-2]
    assert any(line.startswith("USER") for line in instructions)
    assert {".git", ".venv", "_build"} <= set(ignored())


def test_binder_uses_the_lock_and_a_python_that_the_package_allows() -> None:
    (line,) = [
        line
        for line in (ROOT / "binder/requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    flag, name = line.split()
    assert flag == "-r"
    assert (ROOT / "binder" / name).resolve() == ROOT / "requirements.txt"
    major, minor = (ROOT / "binder/runtime.txt").read_text().strip().removeprefix("python-").split(".")
    assert (3, 11) <= (int(major), int(minor)) < (3, 14)
    script = ROOT / "binder/postBuild"
    assert script.stat().st_mode & 0o111
    assert "--no-deps" in script.read_text()


def test_scripts_parse() -> None:
    for name in (".ci/run", ".ci/newest", "binder/postBuild"):
        subprocess.run(["bash", "-n", str(ROOT / name)], check=True)


def test_a_tampered_lock_is_refused(tmp_path: Path) -> None:
    # Pip takes a wheel whose hash the lock has, and no other of the same name and version.
    wheel = tmp_path / "tiny_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_thing.py", "")
        archive.writestr(
            "tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n"
        )
        archive.writestr("tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    good = hashlib.sha256(wheel.read_bytes()).hexdigest()
    flipped = ("0" if good[0] != "0" else "1") + good[1:]
    for digest, works in ((good, True), (flipped, False)):
        lock = tmp_path / "lock.txt"
        lock.write_text(f"tiny-thing==1.0 --hash=sha256:{digest}\n")
        words = [
            "--isolated",
            "--no-index",
            "--find-links",
            str(tmp_path),
            "--target",
            str(tmp_path / digest),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *words, "--require-hashes", "-r", str(lock)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == works, done.stderr
        assert works or "DO NOT MATCH THE HASHES" in done.stderr
        assert (tmp_path / digest / "tiny_thing.py").exists() == works
