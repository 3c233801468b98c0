"""Nothing that is made to be taken away holds the times of single spikes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from distributional_dopamine import figures
from distributional_dopamine.recordings import Recordings
from distributional_dopamine.recordings.sharing import (
    interval_index,
    numbers_in,
    spike_sequences,
    tick_marks,
)
from papermill_book.figure_data import table_of
from papermill_book.reporting import FIGURE_MIME
from papermill_book.svg import SVG_MIME, slim_svg

mpl.use("agg")

BUILD = Path(__file__).parents[2] / "_build"
#: What the last build left, if there was one.
NOTEBOOKS = sorted((BUILD / "notebooks").glob("*.ipynb"))


@dataclass
class Trains:
    """As much of recordings as the index asks for."""

    units: list


@dataclass
class Train:
    """As much of a unit."""

    spike_times: np.ndarray


@pytest.fixture(scope="module")
def train():
    return 100 + np.cumsum(np.random.default_rng(1).exponential(0.2, 400)).round(4)


@pytest.fixture(scope="module")
def index(train):
    return interval_index(Trains([Train(train[:200]), Train(train[200:])]))


def draw(times, raster):
    figure, ax = plt.subplots()
    rows = [times[start : start + 8] - times[start] for start in range(0, len(times), 8)]
    if raster:
        figures.plot_raster(ax, rows)
    else:
        for number, row in enumerate(rows):
            ax.vlines(row, number - 0.4, number + 0.4)
    file = io.StringIO()
    figure.savefig(file, format="svg")
    table = table_of(figure)
    plt.close(figure)
    return slim_svg(file.getvalue()), table


def column(table, name):
    return [float(row[name]) if row[name] else np.nan for row in csv.DictReader(io.StringIO(table))]


@pytest.mark.parametrize(("unit", "event"), [(1.0, 0.0), (1.0, 123.4567), (1e3, 110.0)])
def test_spikes_are_found_in_seconds_and_milliseconds_from_any_event(train, index, unit, event):
    shown = (train[:50] - event) * unit
    assert spike_sequences(shown, index) == 47
    assert spike_sequences(shown[::2], index) == 0  # not the train any more
    assert spike_sequences(np.insert(shown, 25, np.nan), index) == 44  # two trials, or a gap


def test_grids_and_results_are_no_spikes(index):
    assert spike_sequences(np.arange(0, 4, 0.01), index) == 0
    assert spike_sequences(np.random.default_rng(2).normal(size=10_000).round(4), index) == 0
    assert spike_sequences([], index) == 0
    assert spike_sequences([1.0, 2.0], interval_index(Trains([]))) == 0


def test_a_raster_drawn_in_lines_would_be_found_and_ours_is_not(train, index):
    svg, table = draw(train[:200], raster=False)
    assert tick_marks(svg) == 200
    assert spike_sequences(column(table, "x"), index) > 100
    svg, table = draw(train[:200], raster=True)
    assert tick_marks(svg) <= 4  # the frame
    assert table is None


def test_numbers_are_read_out_of_words():
    assert numbers_in(["a1 -2.5, 3e-2 x", '{"b": [4]}']).tolist() == [-2.5, 0.03, 4]


@pytest.mark.recordings
@pytest.mark.skipif(not NOTEBOOKS, reason="no book has been built")
def test_no_notebook_of_the_last_build_holds_spike_times(recordings: Recordings):
    index = interval_index(recordings)
    some = recordings.units[0].spike_times
    assert spike_sequences(1e3 * (some[:100] - some[7]), index) > 80
    found = {}
    # A chapter that read no data has none to give, though intervals of a smooth curve may look alike.
    readers = [path for path in NOTEBOOKS if data_of(path.stem)]
    assert readers
    for path in readers:
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            for output in cell.get("outputs", []):
                data = dict(output.get("data", {}))
                svg, table = data.pop(SVG_MIME, ""), data.pop(FIGURE_MIME, {}).get("csv")
                hits = spike_sequences(numbers_in([json.dumps(data), output.get("text", "")]), index)
                if table is not None:
                    shown = next(csv.reader(io.StringIO(table)))
                    hits += sum(spike_sequences(numeric(table, name), index) for name in shown)
                # chance alone gives one now and then; a raster of ten trials gives dozens
                if hits > 5 or tick_marks(svg) > 100:
                    found[f"{path.stem}, cell {number}"] = (hits, tick_marks(svg))
    assert found == {}


def data_of(chapter):
    return json.loads((BUILD / "records" / f"{chapter}.json").read_text(encoding="utf-8"))["data"]


def numeric(table, name):
    def number(text):
        try:
            return float(text)
        except ValueError:
            return np.nan

    return [number(row[name]) for row in csv.DictReader(io.StringIO(table))]
