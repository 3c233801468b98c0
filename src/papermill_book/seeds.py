"""Kernels that start with their libraries imported: a process forked early waits to become one.

Importing what nearly every chapter imports costs as much as many a chapter. So the fork server imports it
once for the whole build; a chapter's process, which is forked from it, forks once more before it starts a
thread; and that second process, the *seed*, becomes the chapter's kernel as soon as it is told how. Each
chapter still has a kernel of its own, which shares nothing with another's but what had been imported.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

#: ``prctl`` of Linux: the signal to get when the parent ends.
_PR_SET_PDEATHSIG = 1


class SeedProcess:
    """What `subprocess.Popen` is to a process that was started by name: for one that was forked."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, orders: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._orders = orders

    def grow(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Tell the seed to become the kernel that this command would start.

        Parameters
        ----------
        command : sequence of str
            As for `subprocess.Popen`; the interpreter comes first.
        environment : mapping
            All of the kernel's environment.
        folder : str
            Its working directory.
        """
        words = {"command": list(command), "environment": dict(environment), "folder": folder}
        with os.fdopen(self._orders, "w", encoding="utf-8") as pipe:
            json.dump(words, pipe)

    def poll(self) -> int | None:
        """Give the exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else has waited for it
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self) -> int:
        """Wait for it to end; give the exit status."""
        while (code := self.poll()) is None:
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class SeedProvisioner(LocalProvisioner):
    """Launches a kernel by growing a seed."""

    seed: SeedProcess

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Let the seed become the kernel; give the connection information, as the base class does."""
        environment = {**kwargs.get("env", os.environ), "JPY_PARENT_PID": str(os.getpid())}
        self.cwd = kwargs.get("cwd") or str(Path.cwd())
        # ipykernel has been imported already, so that it no longer looks for its parent in the environment
        parent = f"--IPKernelApp.parent_handle={os.getpid()}"
        self.seed.grow([*cmd, parent], environment, str(self.cwd))
        self.process = self.seed  # type: ignore[assignment]  # the base class would have a Popen
        self.pid = self.pgid = self.seed.pid  # it leads a session of its own
        return self.connection_info


def plant() -> SeedProcess:
    """Fork a seed. To be called before the process starts its first thread.

    Returns
    -------
    SeedProcess
        It waits for `SeedProcess.grow`, and ends if this process ends before.
    """
    listening, telling = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(listening)
        return SeedProcess(pid, telling)
    status = 1
    try:
        _end_with(parent)
        os.close(telling)
        with os.fdopen(listening, encoding="utf-8") as pipe:
            words = pipe.read()
        # nothing was said: the process that planted it is gone, or started its kernel otherwise
        status = _become_kernel(json.loads(words)) if words else 0
    finally:
        # whatever happens, this copy of the chapter's process must not go on as if it were that process
        os._exit(status)


def _end_with(parent: int) -> None:
    """Have the system end this process as soon as `parent` ends, be it by SIGKILL.

    Where the system cannot, ipykernel finds out by itself: it looks once a second, and would miss a parent
    that had ended before, or one whose children some other process takes over.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was faster
            os.kill(os.getpid(), signal.SIGKILL)


def _become_kernel(words: dict[str, Any]) -> int:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(words["environment"])
    os.chdir(words["folder"])
    # as the interpreter would have done at its start
    sys.path[:0] = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    multiprocessing.set_start_method(None, force=True)
    _, _, module, *sys.argv[1:] = words["command"]
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return status


def can_grow(command: Sequence[str]) -> bool:
    """Tell whether a seed can become what this command would start: a module run by this interpreter."""
    return (
        len(command) > 2
        and os.path.realpath(command[0]) == os.path.realpath(sys.executable)
        and (command[1] == "-m")
    )
