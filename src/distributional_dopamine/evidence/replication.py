"""Run one simulation many times: on this machine's cores, or on a dask cluster, with the same result.

Every replicate has a generator of its own, so that what it draws depends on its place in the row and on
nothing else: not on the number of workers, nor on which of them ran it, nor on how often it had to be run
again because a worker was lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TypeVar

import joblib
import numpy as np

from distributional_dopamine._checks import count

Result = TypeVar("Result")

WORKERS_VARIABLE = "DISTRIBUTIONAL_DOPAMINE_WORKERS"
"""Environment variable: the number of processes where none is given; all cores if it is not set either."""

SCHEDULER_VARIABLE = "DASK_SCHEDULER_ADDRESS"
"""Environment variable: the address of a dask scheduler, as tcp://host:8786."""

_BATCHES_PER_WORKER = 8  # enough to even out slow batches, few enough that sending them costs nothing
_LOST_WORKERS = 10  # times that a batch may lose its worker before dask gives it up


def replicate(
    function: Callable[[np.random.Generator], Result],
    n: int,
    rng: np.random.Generator,
    *,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> list[Result]:
    """Call a function ``n`` times, each time with a generator of its own.

    Parameters
    ----------
    function
        Called as ``function(rng)``; must be importable by other processes where several are used.
    n
        Number of calls.
    rng
        The generators are spawned from it, so that calling again with the same ``rng`` gives new ones.
    n_workers
        Processes on this machine. By default what ``DISTRIBUTIONAL_DOPAMINE_WORKERS`` says, or one a core.
    scheduler
        Address of a dask scheduler, as ``tcp://host:8786``, whose workers do the work instead; they need this
        package. By default what ``DASK_SCHEDULER_ADDRESS`` says; an empty string means this machine.

    Returns
    -------
    list
        One result a call, in order.

    Raises
    ------
    ValueError
        If ``n`` or the number of workers is below one or not a number.
    OSError
        If there is no scheduler at the address.
    """
    generators = rng.spawn(count("n", n))
    address = os.environ.get(SCHEDULER_VARIABLE, "") if scheduler is None else scheduler
    if address:
        return _on_cluster(function, generators, address)
    workers = min(_number_of_workers(n_workers), n)
    if workers == 1:
        return [function(generator) for generator in generators]
    batches = _split(generators, workers)
    done = joblib.Parallel(n_jobs=workers)(joblib.delayed(_run_batch)(function, batch) for batch in batches)
    return [result for batch in done for result in batch]


def replicate_each(
    functions: Mapping[str, Callable[[np.random.Generator], Result]],
    n: int,
    rng: np.random.Generator,
    *,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, list[Result]]:
    """Call each of several functions ``n`` times; what one gives does not depend on which others there are.

    Parameters
    ----------
    functions
        Name -> function, as of :func:`replicate`.
    n
        Number of calls of each.
    rng
        The generators of a function follow from it and from the function's name.
    n_workers, scheduler
        As of :func:`replicate`.

    Returns
    -------
    dict
        Name -> one result a call, in order.

    Raises
    ------
    ValueError, OSError
        As of :func:`replicate`.
    """
    seeds = rng.bit_generator.random_raw(4)
    return {
        name: replicate(
            function,
            n,
            np.random.default_rng([*seeds, *name.encode()]),
            n_workers=n_workers,
            scheduler=scheduler,
        )
        for name, function in functions.items()
    }


def _on_cluster(
    function: Callable[[np.random.Generator], Result], generators: list[np.random.Generator], address: str
) -> list[Result]:
    from distributed import Client  # a second to import, and needed by few

    with Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # dask has none
        workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
        futures = [
            # pure=False: two calls with equal arguments are two calls
            client.submit(_run_batch, function, batch, pure=False, retries=_LOST_WORKERS)
            for batch in _split(generators, workers)
        ]
        done = client.gather(futures)
    return [result for batch in done for result in batch]


def _run_batch(
    function: Callable[[np.random.Generator], Result], generators: list[np.random.Generator]
) -> list[Result]:
    return [function(generator) for generator in generators]


def _split(generators: list[np.random.Generator], workers: int) -> list[list[np.random.Generator]]:
    n_batches = min(len(generators), _BATCHES_PER_WORKER * workers)
    edges = np.linspace(0, len(generators), n_batches + 1).round().astype(int)
    return [generators[start:stop] for start, stop in pairwise(edges)]


def _number_of_workers(n_workers: int | None) -> int:
    if n_workers is not None:
        return count("n_workers", n_workers)
    given = os.environ.get(WORKERS_VARIABLE, "")
    if not given:
        return int(joblib.cpu_count())
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"{WORKERS_VARIABLE} must be a number of processes, 1 or more; found {given!r}")
    return int(given)
