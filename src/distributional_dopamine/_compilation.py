"""Where Numba keeps the compiled code of this package, so that it can never be older than its source.

Numba looks only at the file of a function to see whether its compiled form is still good, not at the files of
the functions which that one calls and has inlined. So the folder is named after all the compiled sources
together: change one, and every function is compiled anew, once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
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

    Does nothing if the user has chosen a folder, or if that place cannot be written: Numba then finds one.

    Parameters
    ----------
    package : Path
        The folder of this package.
    """
    if os.environ.get(VARIABLE) or not os.access(package, os.W_OK):
        return
    home = package / "__pycache__"
    folder = home / f"numba-{source_key(package)}"
    if not folder.is_dir():
        for old in home.glob("numba-*"):
            shutil.rmtree(old, ignore_errors=True)  # another process may be at it, too
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    os.environ[VARIABLE] = str(folder)
    if "numba" in sys.modules:  # it has read its environment already
        sys.modules["numba"].config.CACHE_DIR = str(folder)


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
