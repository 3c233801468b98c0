"""A temporary folder that does not outlive its process for long, however that ends.

Whoever makes one holds a lock in it. A process that is killed cannot clear up, but its lock goes with it: so
whoever makes the next one removes every folder whose lock nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from multiprocessing.util import Finalize
from pathlib import Path
from typing import IO

_PREFIX = "papermill-book-"
_LOCK = "lock"


class Scratch:
    """A temporary folder of this process, where everything goes that it makes through `tempfile`.

    Parameters
    ----------
    parent : Path, optional
        Where to make it. Default: the usual temporary folder; not the book's own, which may be deep, since a
        kernel's sockets lie in it and their paths may have no more than some hundred characters.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._before = tempfile.tempdir
        self._parent = parent or Path(tempfile.gettempdir())
        self._closed = False
        _sweep(self._parent)
        self.path, self._lock = _make(self._parent)
        tempfile.tempdir = str(self.path)

    def close(self) -> None:
        """Remove the folder with all that is in it. May be called twice."""
        if self._closed:
            return
        self._closed = True
        tempfile.tempdir = self._before
        if any(self.path.glob("pymp-*")):
            # multiprocessing removes its own folder when the process exits, and wants to find it: after that
            Finalize(None, self._remove, exitpriority=-200)
        else:
            self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _make(parent: Path) -> tuple[Path, IO[str]]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with contextlib.suppress(FileNotFoundError):  # swept away before it was locked
            lock = (path / _LOCK).open("w", encoding="utf-8")
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _names(path / _LOCK, lock):
                return path, lock
            lock.close()


def _names(path: Path, file: IO[str]) -> bool:
    """Whether this path is still that of the open file."""
    return path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))


def _sweep(parent: Path) -> None:
    """Remove the folders that processes of this user, which are no more, have left."""
    for path in _own_folders(parent):
        try:
            lock = (path / _LOCK).open("a", encoding="utf-8")
        except OSError:
            continue  # it is just being made, or just being removed
        with lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)


def _own_folders(parent: Path) -> Iterator[Path]:
    for path in sorted(parent.glob(f"{_PREFIX}*")):
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()  # another user's link must not lead anywhere
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                yield path
