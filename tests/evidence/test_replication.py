"""Replicates: the same on one core, on several, and on a dask cluster that loses a worker on the way."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from distributional_dopamine.evidence.replication import (
    SCHEDULER_VARIABLE,
    WORKERS_VARIABLE,
    replicate,
    replicate_each,
)


def draw(rng):
    return float(rng.random())


class SlowDraw:
    """Draw after leaving a mark of who was called, slowly enough for a worker to be lost in between."""

    def __init__(self, folder, pause):
        self.folder, self.pause = folder, pause

    def __call__(self, rng):
        value = float(rng.random())
        Path(self.folder, f"{os.getpid()}-{value!r}").touch()
        time.sleep(self.pause)
        return value


def test_each_replicate_has_a_generator_of_its_own():
    alone = replicate(draw, 25, np.random.default_rng(1), n_workers=1)
    # the very generators that NumPy spawns, in order
    assert alone == [float(child.random()) for child in np.random.default_rng(1).spawn(25)]
    assert len(set(alone)) == 25
    rng = np.random.default_rng(1)
    assert replicate(draw, 25, rng, n_workers=1) == alone
    assert replicate(draw, 25, rng, n_workers=1) != alone  # asking again gives others


def test_the_number_of_workers_changes_nothing(monkeypatch):
    alone = replicate(draw, 7, np.random.default_rng(2), n_workers=1)
    assert replicate(draw, 7, np.random.default_rng(2), n_workers=2) == alone
    monkeypatch.setenv(WORKERS_VARIABLE, "2")
    assert replicate(draw, 7, np.random.default_rng(2)) == alone
    assert replicate(draw, 1, np.random.default_rng(2)) == alone[:1]


def test_bad_numbers_of_workers_are_refused(monkeypatch):
    for bad in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="n_workers must be"):
            replicate(draw, 3, np.random.default_rng(0), n_workers=bad)
    with pytest.raises(ValueError, match="n must be"):
        replicate(draw, 0, np.random.default_rng(0))
    for bad in ("two", "-1", "0"):
        monkeypatch.setenv(WORKERS_VARIABLE, bad)
        with pytest.raises(ValueError, match=f"{WORKERS_VARIABLE} must be .*; found '{bad}'"):
            replicate(draw, 3, np.random.default_rng(0))


def test_a_scheduler_that_is_not_there_is_an_error(monkeypatch):
    distributed = pytest.importorskip("distributed")
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        monkeypatch.setenv(SCHEDULER_VARIABLE, "tcp://127.0.0.1:9")
        with pytest.raises(OSError, match="9"):
            replicate(draw, 3, np.random.default_rng(0))
    # an empty address means this machine, whatever the variable says
    alone = replicate(draw, 3, np.random.default_rng(0), n_workers=1, scheduler="")
    assert len(alone) == 3
    assert distributed.__name__ == "distributed"


def test_a_cluster_that_loses_a_worker_gives_the_same(tmp_path, monkeypatch):
    from distributed import LocalCluster

    wanted = [float(child.random()) for child in np.random.default_rng(3).spawn(40)]
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        victim = cluster.workers[0].pid

        def kill_when_it_is_at_work():
            for _ in range(600):
                if sum(mark.name.startswith(f"{victim}-") for mark in tmp_path.iterdir()) >= 3:
                    os.kill(victim, signal.SIGKILL)
                    return
                time.sleep(0.05)

        killer = threading.Thread(target=kill_when_it_is_at_work)
        killer.start()
        monkeypatch.setenv(SCHEDULER_VARIABLE, cluster.scheduler_address)
        found = replicate(SlowDraw(str(tmp_path), 0.1), 40, np.random.default_rng(3))
        killer.join()
    assert found == wanted  # each once, in order, as if nothing had happened
    callers = {mark.name.split("-")[0] for mark in tmp_path.iterdir()}
    assert str(victim) in callers
    assert len(callers) >= 2  # and it was not the victim that did all the work
    # the work that was lost with it was done again by another
    drawn_by_victim = {mark.name.split("-", 1)[1] for mark in tmp_path.glob(f"{victim}-*")}
    drawn_by_others = {
        mark.name.split("-", 1)[1] for mark in tmp_path.iterdir() if not mark.name.startswith(f"{victim}-")
    }
    assert drawn_by_victim & drawn_by_others
    assert drawn_by_victim | drawn_by_others == {repr(value) for value in wanted}


def test_each_function_does_not_depend_on_its_company():
    both = replicate_each({"a": draw, "b": draw}, 4, np.random.default_rng(5), n_workers=1)
    assert list(both) == ["a", "b"]
    assert not set(both["a"]) & set(both["b"])  # the same function under two names draws anew
    assert replicate_each({"b": draw}, 4, np.random.default_rng(5), n_workers=2) == {"b": both["b"]}
