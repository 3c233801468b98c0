"""``check``: say what was found in recordings, and what is missing, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd

from distributional_dopamine.commands.plainly import plainly, shown
from distributional_dopamine.commands.reading_options import reading_options
from distributional_dopamine.recordings.columns import Columns
from distributional_dopamine.recordings.design import describe_design
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import Recordings
from distributional_dopamine.recordings.reading import read_recordings

_WIDTH = 15
_MOST = 20  # lines of a kind before the rest is only counted


@click.command()
@reading_options
@plainly
def check(paths: list[Path], columns: Columns) -> None:
    """Say what was found in recordings and what is missing; run nothing.

    PATH is one or more NWB files, tables (CSV, Parquet) or MATLAB files like the public ones, or folders.
    """
    for line in describe(read_recordings(paths, columns)):
        click.echo(shown(line))


def describe(recordings: Recordings | MeasuredResponses) -> Iterator[str]:
    """Describe recordings for a person, a line at a time."""
    design = describe_design(recordings)
    cells = recordings.cells()
    n_files = len(recordings.provenance.files)
    yield "Found"
    yield _line("files", f"{n_files}, {recordings.provenance.kind}")
    sessions, animals = cells["session"].nunique(), cells["group"].nunique()
    most = int(cells["session"].value_counts().max())
    yield _line("cells", f"{len(cells)} in {sessions} session(s), up to {most} in one; {animals} animal(s)")
    if isinstance(recordings, Recordings):
        inventory = recordings.inventory()
        rates = inventory["mean_rate"].dropna()
        yield _line("spikes", f"{int(inventory['spikes'].sum()):,}")
        if len(rates):
            yield _line(
                "mean rates", f"{rates.median():.3g} Hz, the median of {rates.min():.3g} to {rates.max():.3g}"
            )
        light = sum(unit.identification is not None for unit in recordings.units)
        yield _line("light", f"{light} cell(s) with pulses of light")
    yield _line(
        "trials of cells",
        f"{design.n_expected:,} expected, {design.n_unexpected:,} unexpected, {design.n_no_reward:,} without "
        "reward",
    )
    unit = f" {recordings.size_unit}" if recordings.size_unit else ", in a unit that nothing tells"
    yield _line("sizes", ", ".join(f"{size:g}" for size in design.sizes) + unit)
    counts = trials_of_sizes(recordings)
    yield _line("trials a size", f"{int(counts.min().min())} to {int(counts.max().max())} in a cell")
    for cue, row in design.cues.head(_MOST).iterrows():
        yield _line(f"cue {cue}", f"{int(row['n_trials']):,} trials, {row['share']:.0%} rewarded")
    if len(design.cues) > _MOST:
        yield _line("", f"and {len(design.cues) - _MOST} more cues")
    if design.incomplete:
        yield _line("incomplete", f"{len(design.incomplete)} cell(s) lack a size: {_some(design.incomplete)}")
    yield ""
    yield "Left out"
    yield from _listed(
        [
            f"{one.what} {one.name}: {one.reason}" + (f" ({one.count})" if one.what == "trials" else "")
            for one in recordings.excluded
        ]
    )
    yield ""
    yield "Cannot be computed"
    yield from _listed([f"{what}: {why}" for what, why in design.limits])
    if recordings.notes:
        yield ""
        yield "To know"
        yield from _listed(list(recordings.notes))


def trials_of_sizes(recordings: Recordings | MeasuredResponses) -> pd.DataFrame:
    """Count rewards: a row a cell, a column a size."""
    if isinstance(recordings, MeasuredResponses):
        table = recordings.responses[["cell", "magnitude"]]
    else:
        table = pd.concat(
            [
                pd.DataFrame({"cell": unit.name, "magnitude": unit.trials["magnitude"].dropna()})
                for unit in recordings.units
            ]
        )
    return pd.crosstab(table["cell"], table["magnitude"])


def _line(head: str, text: str) -> str:
    return f"  {head:<{_WIDTH}}  {text}"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _listed(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield f"  and {len(lines) - _MOST} more"
    if not lines:
        yield "  nothing"
