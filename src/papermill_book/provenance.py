"""What ran: hashes of sources, code and data, parameters, versions and time, one record a chapter."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from papermill_book.execution import ChapterRun
from papermill_book.settings import Settings

_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)", re.MULTILINE)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_code(root: Path, folders: tuple[str, ...]) -> dict[str, str]:
    """Hash every source file below some folders.

    Parameters
    ----------
    root : Path
        The book's root.
    folders : tuple of str
        Relative to `root`.

    Returns
    -------
    dict of str to str
        Path below `root` to SHA-256, sorted.
    """
    return {
        path.relative_to(root).as_posix(): sha256(path)
        for folder in folders
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
        and path.suffix in {".py", ".json", ".js", ".css", ".html"}
        and "__pycache__" not in path.parts
    }


def combine(hashes: dict[str, str]) -> str:
    """One hash for a set of files: that of their sorted names and hashes."""
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def package_versions() -> dict[str, str]:
    """Version of every package installed beside this one, by normalised name."""
    # each access of `metadata` reads the file anew
    packages = [distribution.metadata for distribution in importlib.metadata.distributions()]
    return dict(
        sorted((one["Name"].lower().replace("_", "-"), one["Version"]) for one in packages if one["Name"])
    )


def python_version() -> str:
    """Version of the Python that runs."""
    return platform.python_version()


@cache
def machine() -> dict[str, str]:
    """What besides the locked packages decides the last digits of a number: system, C library, processor.

    Returns
    -------
    dict of str to str
        Names only; what the processor can do is given as a hash, equal where the instructions are.
    """
    instructions = ""
    with contextlib.suppress(OSError):
        # Libraries choose their loops by these flags: the same model may lack some inside a virtual machine.
        flags = re.search(
            r"^(?:flags|Features)\s*:(.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE
        )
        if flags:
            words = " ".join(sorted(flags.group(1).split()))
            instructions = hashlib.sha256(words.encode()).hexdigest()[:12]
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()).strip(),
        "instructions": instructions,
    }


def locked_versions(path: Path) -> dict[str, list[str]]:
    """Versions that a requirements file pins, by normalised name.

    Parameters
    ----------
    path : Path
        May be absent.

    Returns
    -------
    dict of str to list of str
        More than one version where the pin depends on the Python.
    """
    if not path.is_file():
        return {}
    versions: dict[str, list[str]] = {}
    for found in _PIN.finditer(path.read_text(encoding="utf-8")):
        versions.setdefault(found["name"].lower().replace("_", "-"), []).append(found["version"])
    return versions


def git_state(root: Path) -> dict[str, Any]:
    """Commit of the book's sources, its tree, and whether they differ from it; empty outside a checkout."""

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(  # noqa: S603
                ["git", "-C", str(root), *words],  # noqa: S607
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return {}
    tree = git("rev-parse", "HEAD^{tree}")
    return {"commit": commit, "tree": tree, "changed": bool(git("status", "--porcelain"))}


def make_record(
    run: ChapterRun, settings: Settings, code: dict[str, str], git: dict[str, Any]
) -> dict[str, Any]:
    """Put together the record of one chapter.

    Parameters
    ----------
    run : ChapterRun
    settings : Settings
    code : dict of str to str
        As `hash_code` gives it.
    git : dict
        As `git_state` gives it.

    Returns
    -------
    dict
        Ready for JSON. The only part of a build that holds clock times.
    """
    chapter = run.chapter
    return {
        "chapter": chapter.name,
        "source": {
            "path": chapter.path.relative_to(settings.root).as_posix(),
            "sha256": sha256(chapter.path),
        },
        "code": {"sha256": combine(code), "files": code},
        "git": git,
        "profile": settings.profile,
        "parameters": run.parameters,
        "overridden": sorted(run.overridden),
        "seeds": {name: value for name, value in run.parameters.items() if name.startswith("seed")},
        "data": list(run.data),
        "python": python_version(),
        "machine": machine(),
        "packages": package_versions(),
        "seconds": round(run.seconds, 3),
        "ended": run.ended.isoformat(timespec="seconds"),
    }


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON that reads well and always comes out the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
