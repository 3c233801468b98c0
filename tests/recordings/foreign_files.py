"""Files as other laboratories write them: NWB through pynwb, as neuroconv lays it out, and tables."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pynwb import NWBHDF5IO, NWBFile
from pynwb.file import Subject

N_TRIALS = 30


def trial_columns(**changes: Any) -> dict[str, Any]:
    """Thirty rewards of three sizes, ten seconds apart; None takes a column away."""
    time = 10.0 * np.arange(N_TRIALS) + 5.0
    columns = {"reward_time": time, "reward_size": np.tile([2.0, 4.0, 8.0], N_TRIALS // 3)}
    return {name: value for name, value in {**columns, **changes}.items() if value is not None}


def spike_trains(n_units: int = 2, seed: int = 0) -> list[Any]:
    """Poisson spikes of 5 Hz over the session."""
    rng = np.random.default_rng(seed)
    return [np.sort(rng.uniform(0, 310, 1550)) for _ in range(n_units)]


def write_foreign_nwb(
    path: Path,
    *,
    trials: dict[str, Any] | None = None,
    spikes: Sequence[Any] | None = None,
    unit_columns: dict[str, Any] | None = None,
    ids: Sequence[int] | None = None,
    session_id: str | None = "day 1",
    subject_id: str | None = "mouse 1",
    obs_intervals: Sequence[Any] | None = None,
) -> Path:
    """Write an NWB file row by row, with pynwb's own defaults."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = NWBFile("a session", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id=session_id)
        if subject_id is not None:
            file.subject = Subject(subject_id=subject_id)
        trials = trial_columns() if trials is None else trials
        for name in trials:
            file.add_trial_column(name, f"the {name}")
        for i in range(len(next(iter(trials.values()), []))):
            row = {name: column[i] for name, column in trials.items()}
            file.add_trial(start_time=10.0 * i, stop_time=10.0 * i + 9.0, **row)
        spikes = spike_trains() if spikes is None else spikes
        for name in unit_columns or {}:
            file.add_unit_column(name, f"the {name}")
        for i, train in enumerate(spikes):
            row = {name: column[i] for name, column in (unit_columns or {}).items()}
            if obs_intervals is not None:
                row["obs_intervals"] = obs_intervals[i]
            if ids is not None:
                row["id"] = ids[i]
            file.add_unit(spike_times=np.asarray(train), **row)
        with NWBHDF5IO(str(path), "w") as writer:
            writer.write(file)
    return path


def write_foreign_tables(
    folder: Path,
    *,
    trials: dict[str, Any] | None = None,
    spikes: Sequence[Any] | None = None,
    names: Sequence[str] = ("a", "b"),
) -> Path:
    """Write spikes.csv and trials.csv, and nothing that is not needed."""
    folder.mkdir(exist_ok=True)
    spikes = spike_trains(len(names)) if spikes is None else spikes
    parts = [pd.DataFrame({"unit": name, "time": train}) for name, train in zip(names, spikes, strict=True)]
    pd.concat(parts).to_csv(folder / "spikes.csv", index=False)
    pd.DataFrame(trial_columns() if trials is None else trials).to_csv(folder / "trials.csv", index=False)
    return folder
