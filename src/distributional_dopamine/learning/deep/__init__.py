"""Deep agents and representations in JAX: the same code on a CPU and on a GPU, all seeds in lockstep."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from distributional_dopamine._compilation import processor_key


def _keep_compiled_code(package: Path) -> None:
    """Have JAX keep what it compiles for this processor beside the package: half of a chapter's time.

    Code compiled for another processor would be loaded with a warning on the page, so the folder is named
    after the processor. Does nothing if the user has chosen a folder, if that place cannot be written, or if
    the processor does not say what it is. What takes little to compile is kept, too: a chapter has dozens of
    such, and all together they take a second.
    """
    key = processor_key()
    if os.environ.get("JAX_COMPILATION_CACHE_DIR") or key is None or not os.access(package, os.W_OK):
        return
    for option, value in (
        ("jax_compilation_cache_dir", str(package / "__pycache__" / f"jax-{key}")),
        ("jax_persistent_cache_min_compile_time_secs", 0.0),
    ):
        jax.config.update(option, value)  # type: ignore[no-untyped-call]  # JAX has no types for it


def compile_lanes(function: Callable[..., Any], static: tuple[int, ...]) -> Callable[..., Any]:
    """Compile a function that trains many networks, with as much effort as such training is worth.

    Full optimisation takes three times as long to compile and gains nothing on loops as short as these.

    Parameters
    ----------
    function : callable
        Of arrays and of static arguments.
    static : tuple of int
        Which arguments are static.

    Returns
    -------
    callable
        The compiled function.
    """
    return jax.jit(function, static_argnums=static, compiler_options={"xla_backend_optimization_level": 1})


_keep_compiled_code(Path(__file__).parent)
