"""``simulate``: write an example recording, of which the truth is known."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import get_args

import click
import numpy as np

from distributional_dopamine.commands.plainly import plainly, shown
from distributional_dopamine.recordings import simulator
from distributional_dopamine.recordings.cue_simulator import simulate_cues
from distributional_dopamine.recordings.model import Recordings, RecordingsError
from distributional_dopamine.recordings.writing import write_nwb, write_session, write_tables

_FORMATS = ("csv", "parquet", "nwb")
_TASKS = ("sizes", "cues")
_CUE_TRIALS = 120  # forty of each cue


@click.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="An NWB file (FILE.nwb, one session), or else a folder.",
)
@click.option(
    "--truth",
    type=click.Choice(get_args(simulator.Population)),
    default="distributional",
    show_default=True,
    help="What the simulated cells do.",
)
@click.option(
    "--task",
    type=click.Choice(_TASKS),
    default="sizes",
    show_default=True,
    help="Rewards of seven sizes, or cues of 10, 50 and 90 %.",
)
@click.option("--cells", type=click.IntRange(1), default=40, show_default=True)
@click.option(
    "--trials",
    type=click.IntRange(simulator.FEWEST_TRIALS),
    help="In each session; else 177 to 391, or 120 with cues.",
)
@click.option("--sessions", type=click.IntRange(1), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="csv",
    show_default=True,
    help="Of the files in a folder.",
)
@plainly
def simulate(
    out: Path,
    truth: simulator.Population,
    task: str,
    cells: int,
    trials: int | None,
    sessions: int,
    seed: int,
    form: str,
) -> None:
    """Write an example recording to try things on, whose truth is known."""
    if out.exists() or out.is_symlink():
        raise RecordingsError(f"{out} is there already. Choose another name, or delete it.")
    if not out.absolute().parent.is_dir():
        raise RecordingsError(f"There is no folder {out.absolute().parent} to write to.")
    one_file = out.suffix.lower() == ".nwb"
    if one_file and sessions > 1:
        raise RecordingsError("An NWB file holds one session. For several, name a folder, and --format nwb.")
    rng = np.random.default_rng(seed)
    if task == "sizes":
        recordings = simulator.simulate(
            rng, n_units=cells, n_sessions=sessions, population=truth, n_trials=trials
        ).recordings
    elif truth == "offset":
        raise RecordingsError(
            "With --task cues the truth is distributional or classical: a constant of a cell's own moves its "
            "answers to all cues alike, so that it stays classical."
        )
    else:
        recordings = simulate_cues(
            rng,
            n_units=cells,
            n_sessions=sessions,
            population=truth,
            trials_per_cue=round((trials or _CUE_TRIALS) / 3),
        )
    if one_file:
        write_session(recordings.units, out, recordings)
    else:
        _write_folder(recordings, out, form)
    click.echo(shown(f"{out}: {len(recordings)} simulated cells, truth: {truth}."))


def _write_folder(recordings: Recordings, out: Path, form: str) -> None:
    """Write a folder whole or not at all."""
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=out.absolute().parent) as beside:
            made = Path(beside) / "made"
            if form == "nwb":
                write_nwb(recordings, made)
            else:
                write_tables(recordings, made, format="parquet" if form == "parquet" else "csv")
            made.rename(out)
    except OSError as error:
        raise RecordingsError(f"{out} cannot be written ({error.strerror}).") from error
