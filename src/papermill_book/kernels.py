"""A kernel manager whose kernels talk over private sockets instead of TCP ports.

Kernels that are started side by side race for free TCP ports, and a kernel on a TCP port can be reached
by anyone on the machine. Each of these has a folder of its own, removed with it.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from jupyter_client.manager import AsyncKernelManager


class PrivateKernelManager(AsyncKernelManager):
    """An asynchronous kernel manager that uses IPC sockets in a fresh temporary folder."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Below the usual temporary folder, not below the book: a socket's path may have 107 characters.
        self._folder = tempfile.mkdtemp(prefix="kernel-")
        self.transport = "ipc"
        self.ip = f"{self._folder}/socket"
        self.connection_file = f"{self._folder}/connection.json"

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources
