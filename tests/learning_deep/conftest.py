"""Tiny networks compile for longer than they run: ask XLA not to try hard, unless told otherwise."""

import os

os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)
