"""A kernel manager whose kernels talk over private sockets instead of TCP ports.

Kernels that are started side by side race for free TCP ports, and a kernel on a TCP port can be reached
by anyone on the machine. Each of these has a folder of its own, removed with it.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from papermill_book.seeds import SeedProcess, SeedProvisioner, can_grow


class PrivateKernelManager(AsyncKernelManager):
    """An asynchronous kernel manager that uses IPC sockets in a fresh temporary folder.

    Its first kernel grows from the seed, where there is one; any further one is started by name.
    """

    seed: SeedProcess | None = None
    """Set by `grown_from` in a class of its own."""

    @classmethod
    def grown_from(cls, seed: SeedProcess) -> type[PrivateKernelManager]:
        """Give a kind of manager whose kernel is to be this seed."""
        return type("GrownKernelManager", (cls,), {"seed": seed})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Below the usual temporary folder, not below the book: a socket's path may have 107 characters.
        self._folder = tempfile.mkdtemp(prefix="kernel-")
        self.transport = "ipc"
        self.ip = f"{self._folder}/socket"
        self.connection_file = f"{self._folder}/connection.json"

    async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
        seed, type(self).seed = self.seed, None
        if seed is not None and can_grow(kernel_cmd):
            self.provisioner = SeedProvisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
            self.provisioner.seed = seed
            # the one that is replaced had prepared the launch; all it knows beyond that is this
            self.provisioner.connection_info = self.get_connection_info()
        await super()._async_launch_kernel(kernel_cmd, **kw)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources
