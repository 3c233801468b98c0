"""Where a build writes, and how a finished one takes the place of the last: whole, or not at all.

A build works in ``_build/.staging``, which holds a site, results, records and notebooks of its own. Only
when all of it is there is the folder renamed to ``_build/.ready``: from then on the new build counts, and
whoever comes next finishes putting it in place should this process die on the way.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import shutil
import sys
from pathlib import Path
from typing import IO

from papermill_book.errors import BookError
from papermill_book.scratch import Scratch

#: ``renameat2`` of Linux: take the current folder as base, and exchange the two names in one step.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

#: Put in place before the site, which readers see and which comes last.
_PARTS = ("results", "records", "notebooks")


class Workplace:
    """The folders of one build, held by one process at a time.

    Parameters
    ----------
    build : Path
        The ``_build`` folder; made if need be.

    Raises
    ------
    BookError
        If another build holds it, or it cannot be written.
    """

    def __init__(self, build: Path) -> None:
        self.build = build
        self.staging = build / ".staging"
        self._ready = build / ".ready"
        self._lock: IO[str] | None = None
        self._scratch: Scratch | None = None

    @property
    def scratch(self) -> Path:
        """A temporary folder, while the workplace is open."""
        if self._scratch is None:
            raise RuntimeError("the workplace is not open")
        return self._scratch.path

    def open(self) -> None:
        """Take the lock, clear what a killed build left, and make fresh folders."""
        try:
            self.build.mkdir(parents=True, exist_ok=True)
            lock = (self.build / ".lock").open("a", encoding="utf-8")
        except OSError as error:
            raise BookError(
                f"cannot write to {self.build}: {error.strerror}. A build needs that folder."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise BookError(
                f"another build is at work in {self.build}; wait for it to end, or stop it, then build again"
            ) from error
        self._lock = lock
        try:
            if self._ready.exists():
                self._put_in_place()
            shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir()
            self._scratch = Scratch()
        except OSError as error:
            self.close()
            raise BookError(
                f"cannot make the folders of a build: {error.strerror}: {error.filename}. "
                "It needs room in _build and in the temporary folder, which TMPDIR names."
            ) from error

    def close(self) -> None:
        """Drop all that was not published, and let the next build in. May be called twice."""
        if self._lock is None:
            return
        shutil.rmtree(self.staging, ignore_errors=True)
        if self._scratch is not None:
            self._scratch.close()
        self._lock.close()
        self._lock = None
        # Sphinx makes its output folder before any extension is asked; an empty one is no site.
        with contextlib.suppress(OSError):
            (self.build / "html").rmdir()

    def publish(self, target: str = "html") -> None:
        """Make the staged build the current one.

        Parameters
        ----------
        target : str
            Name of the builder's folder, in staging and below ``_build``.
        """
        site = self.staging / target
        # How the next build knows whether the exchange below took place: a folder keeps its inode.
        (self.staging / "site.json").write_text(
            json.dumps({"target": target, "inode": site.stat().st_ino}), encoding="utf-8"
        )
        self.staging.rename(self._ready)
        self._put_in_place()

    def _put_in_place(self) -> None:
        """Move every part of ``.ready`` to its place. Picks up wherever an earlier call was cut short."""
        for part in _PARTS:
            source = self._ready / part
            if source.exists():
                _discard(self.build / part, self._ready / f"{part}.old")
                source.rename(self.build / part)
        mark = self._ready / "site.json"
        if mark.exists():
            site = json.loads(mark.read_text(encoding="utf-8"))
            target = self.build / site["target"]
            if not target.exists() or target.stat().st_ino != site["inode"]:
                exchange(self._ready / site["target"], target)
        shutil.rmtree(self._ready)


def _discard(path: Path, aside: Path) -> None:
    if path.exists():
        shutil.rmtree(aside, ignore_errors=True)
        path.rename(aside)


def exchange(new: Path, current: Path) -> None:
    """Make `new` the folder at `current`; what was there goes to `new`, if the system can swap names.

    Parameters
    ----------
    new : Path
        An existing folder.
    current : Path
        Its place; may be taken, may be free.
    """
    if not current.exists():
        new.rename(current)
        return
    if sys.platform == "linux" and _swap(new, current):
        return
    # Elsewhere there is a moment without a site, but never one with half of it.
    old = new.with_name(new.name + ".old")
    _discard(current, old)
    new.rename(current)


def _swap(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(done == 0)
