"""Where Numba keeps the compiled code of this package, so that it can never be older than its source.

Numba looks only at the file of a function to see whether its compiled form is still good, not at the files of
the functions which that one calls and has inlined. So the folder is named after all the compiled sources
together: change one, and every function is compiled anew, once.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"


def source_key(package: Path) -> str:
    """Name the state of all files below `package` that hold compiled functions.

    Parameters
    ----------
    package : Path
        A folder of Python files.

    Returns
    -------
    str
        Sixteen hexadecimal digits.
    """
    key = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        if b"numba" in content:
            key.update(path.relative_to(package).as_posix().encode() + b"\0" + content + b"\0")
    return key.hexdigest()[:16]


def use_own_cache(package: Path) -> None:
    """Have Numba keep compiled code beside the package, in a folder named after its sources.

    Does nothing if the user has chosen a folder, or if that place cannot be written but the user's own cache:
    Numba then takes that. Where none of them can be written, Numba would refuse to compile at all; then
    compiled code lives in a temporary folder for as long as the process.

    Parameters
    ----------
    package : Path
        The folder of this package.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen and _can_be_written(Path(chosen)):
        return
    if os.access(package, os.W_OK):
        home = package / "__pycache__"
        folder = home / f"numba-{source_key(package)}"
        if not folder.is_dir():
            for old in home.glob("numba-*"):
                shutil.rmtree(old, ignore_errors=True)  # another process may be at it, too
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
    elif _can_be_written(_user_cache()):
        return
    else:
        folder = Path(tempfile.mkdtemp(prefix="numba-"))
        atexit.register(_remove, folder, os.getpid())
    os.environ[VARIABLE] = str(folder)
    if "numba" in sys.modules:  # it has read its environment already
        sys.modules["numba"].config.CACHE_DIR = str(folder)


def _user_cache() -> Path:
    """Where programs of this user keep what they can make again."""
    # unlike that of Path, this expanduser does not fail where the user has no home
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111


def _can_be_written(folder: Path) -> bool:
    """Whether a folder can be written to, or made."""
    return os.access(next(place for place in (folder, *folder.parents) if place.exists()), os.W_OK)


def _remove(folder: Path, owner: int) -> None:
    """Remove a folder at the end of the process that made it, and not of one that was forked from it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def processor_key(description: Path = Path("/proc/cpuinfo")) -> str | None:
    """Name the processor that this runs on by what it can do.

    Parameters
    ----------
    description : Path
        Where the system describes it.

    Returns
    -------
    str or None
        Sixteen hexadecimal digits, the same for the same model and abilities; None where the system does not
        say.
    """
    try:
        lines = description.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    # x86 says "flags" and "model name"; ARM says "Features" and "CPU part"
    telling = {line for line in lines if line.startswith(("flags", "model name", "Features", "CPU "))}
    if not telling:
        return None
    return hashlib.sha256("\n".join(sorted(telling)).encode()).hexdigest()[:16]
