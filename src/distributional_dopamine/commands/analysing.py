"""``analyse``: make a report of recordings: the evidence of the book, and a verdict in plain words."""

from __future__ import annotations

from pathlib import Path

import click

from distributional_dopamine.commands.plainly import plainly, shown
from distributional_dopamine.commands.reading_options import reading_options
from distributional_dopamine.recordings.columns import Columns
from distributional_dopamine.recordings.model import RecordingsError
from distributional_dopamine.recordings.reading import read_recordings


@click.command()
@reading_options
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the report, to be made."
)
@click.option("--quick", is_flag=True, help="A first look, with fewer simulations.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--overwrite", is_flag=True, help="Replace an earlier report at --out.")
@plainly
def analyse(paths: list[Path], columns: Columns, out: Path, quick: bool, seed: int, overwrite: bool) -> None:
    """Make a report of recordings: what the book asks of forty dopamine neurons, and a verdict.

    PATH is one or more NWB files, tables (CSV, Parquet) or MATLAB files like the public ones, or folders. The
    report is a folder of pages that need no network; open index.html in it. The recordings stay where they
    are: the report names them by SHA-256.
    """
    from distributional_dopamine.report.building import build_report, check_place
    from distributional_dopamine.report.prepared import prepare

    check_place(out, overwrite=overwrite)
    recordings = read_recordings(paths, columns)
    prepared = prepare(recordings)
    if not (prepared.asks_sizes or prepared.asks_cues):
        why = "; ".join(f"{what}: {reason}" for what, reason in prepared.limits[:2])
        raise RecordingsError(f"There is nothing that a report could ask of these recordings ({why}).")
    click.echo(f"Read {len(recordings)} cells; making the report.", err=True)

    def tell(line: str) -> None:
        click.echo(shown(line), err=True)

    build_report(prepared, out, tell, quick=quick, seed=seed, overwrite=overwrite)
    click.echo(shown(f"{out / 'index.html'}"))
