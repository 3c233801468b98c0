"""``simulate``: write an example recording, of which the truth is known."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import get_args

import click
import numpy as np

from distributional_dopamine.commands.plainly import plainly, shown
from distributional_dopamine.recordings import simulator
from distributional_dopamine.recordings.model import Recordings, RecordingsError
from distributional_dopamine.recordings.writing import write_nwb, write_session, write_tables

_FORMATS = ("csv", "parquet", "nwb")


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
@click.option("--cells", type=click.IntRange(1), default=40, show_default=True)
@click.option(
    "--trials", type=click.IntRange(simulator.FEWEST_TRIALS), help="In each session; else 177 to 391."
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
    recordings = simulator.simulate(
        np.random.default_rng(seed), n_units=cells, n_sessions=sessions, population=truth, n_trials=trials
    ).recordings
    if one_file:
        write_session(recordings.units, out, recordings)
    else:
        _write_folder(recordings, out, form)
    click.echo(shown(f"{out}: {len(recordings)} simulated cells, truth: {truth}."))


def _write_folder(recordings: Recordings, out: Path, form: str) -> None:
    """Write a folder whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".", dir=out.absolute().parent) as beside:
        made = Path(beside) / "made"
        if form == "nwb":
            write_nwb(recordings, made)
        else:
            write_tables(recordings, made, format="parquet" if form == "parquet" else "csv")
        shutil.move(made, out)
