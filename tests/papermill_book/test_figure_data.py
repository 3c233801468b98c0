"""The numbers behind a figure: what is drawn is written down, what is pixels is not."""

from __future__ import annotations

import csv
import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import EventCollection

from distributional_dopamine import figures
from papermill_book.figure_data import COLUMNS, make_events_pixels, share_table, table_of

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def rows_of(figure, *columns):
    table = table_of(figure)
    if table is None:
        return None
    rows = list(csv.DictReader(io.StringIO(table)))
    assert not rows or tuple(rows[0]) == COLUMNS
    return [tuple(row[column] for column in columns) for row in rows]


def test_lines_points_and_levels():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [2, 3.5], color="#112233", label="rise")
    ax.plot([4], [5], "o", color="#445566")
    ax.scatter([6], [7], color="#778899")
    ax.axhline(0.25, color="#aabbcc")
    ax.set(xlabel="time (s)", ylabel="rate (Hz)", title="one")
    assert rows_of(figure, "panel", "series", "colour", "kind", "x", "y", "x_axis", "y_axis") == [
        ("one", "rise", "#112233", "line", "0", "2", "time (s)", "rate (Hz)"),
        ("one", "rise", "#112233", "line", "1", "3.5", "time (s)", "rate (Hz)"),
        ("one", "", "#445566", "point", "4", "5", "time (s)", "rate (Hz)"),
        ("one", "", "#778899", "point", "6", "7", "time (s)", "rate (Hz)"),
        ("one", "", "#aabbcc", "level", "", "0.25", "time (s)", "rate (Hz)"),
    ]


def test_bars_intervals_and_bands():
    figure, ax = plt.subplots()
    ax.bar([1], [3], color="#111111")
    ax.barh([8], [2], left=[1], color="#222222")
    ax.vlines([2], [0.5], [1.5], color="#333333")
    ax.hlines([9], [4], [3], color="#333333")
    ax.fill_between([0, 1], [0, 1], [2, 4], color="#444444")
    ax.fill_betweenx([5, 6], [0, 1], [2, 4], color="#555555")
    ax.stairs([7], [0, 2], color="#666666")
    ax.axvspan(10, 11, color="#777777")
    found = rows_of(figure, "kind", "x", "y", "low", "high")
    assert sorted(found) == sorted(
        [
            ("bar along y", "1", "", "0", "3"),
            ("bar along x", "", "8", "1", "3"),
            ("span of y", "2", "", "0.5", "1.5"),
            ("span of x", "", "9", "3", "4"),
            ("band of y", "0", "", "0", "2"),
            ("band of y", "1", "", "1", "4"),
            ("band of x", "", "5", "0", "2"),
            ("band of x", "", "6", "1", "4"),
            ("step", "", "7", "0", "2"),
            ("span of x", "", "", "10", "11"),
        ]
    )


@pytest.mark.parametrize("origin", ["upper", "lower"])  # the first row is at zero either way
def test_maps_have_a_row_a_cell(origin):
    figure, (ax, other) = plt.subplots(1, 2)
    ax.imshow([[1, 2], [3, 4]], origin=origin)
    other.pcolormesh([0, 2, 4], [0, 10], [[5, 6]])
    figure.colorbar(other.collections[0])  # says nothing more
    found = rows_of(figure, "x", "y", "value")
    assert found[:4] == [("0", "0", "1"), ("1", "0", "2"), ("0", "1", "3"), ("1", "1", "4")]
    assert found[4:] == [("1", "5", "5"), ("3", "5", "6")]


def test_an_axis_that_another_panel_labels_has_its_label():
    figure, (left, right) = plt.subplots(1, 2, sharey=True)
    left.set_ylabel("rate\n($\\mathrm{Hz}$)")
    right.plot([0], [0], "o")
    figure.supxlabel("time (s)")
    assert rows_of(figure, "panel", "x_axis", "y_axis") == [("2", "time (s)", "rate (Hz)")]


def test_places_have_the_words_that_stand_at_them():
    figure, ax = plt.subplots()
    ax.plot([1.5, 2.5, 3.5], [0, 1.2, 5], "o")
    ax.set_yticks([0, 1], ["first\nrow", "second"])
    assert rows_of(figure, "x", "x_name", "y_name") == [
        ("1.5", "", "first row"),
        ("2.5", "", "second"),
        ("3.5", "", ""),
    ]


def test_labels_given_as_numbers_are_numbers():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [3, 4], "o")
    ax.set_xticks([0, 1], [10, 20])  # Matplotlib keeps them as they are
    assert rows_of(figure, "x", "x_name") == [("0", ""), ("1", "")]


def test_a_line_is_named_by_the_words_in_its_colour():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], color="#123456")
    ax.plot([0, 1], [1, 0], color="#654321")
    figures.label_line_end(ax, 1, 1, "upwards", "#123456")
    assert [name for (name,) in rows_of(figure, "series")] == ["upwards", "upwards", "unnamed 1", "unnamed 1"]


def test_what_is_drawn_as_pixels_is_no_data():
    figure, ax = plt.subplots()
    figures.plot_raster(ax, [[0.1, 0.2], [0.3]])
    ax.plot([0, 1], [0, 1], rasterized=True)
    assert table_of(figure) is None
    ax.plot([5], [6], "o")
    assert rows_of(figure, "x", "y") == [("5", "6")]


def test_a_panel_of_pixels_is_no_data():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    ax.set_rasterized(True)
    assert table_of(figure) is None


def test_events_are_no_data_and_become_pixels():
    figure, ax = plt.subplots()
    ax.eventplot([[0.1, 0.2], [0.3]])
    assert table_of(figure) is None
    make_events_pixels(figure)
    file = io.StringIO()
    figure.savefig(file, format="svg")
    assert file.getvalue().count("<image") == 1


def test_events_become_pixels_however_deep_they_lie():
    figure, ax = plt.subplots()
    inset = ax.inset_axes((0, 0, 0.5, 0.5)).inset_axes((0, 0, 0.5, 0.5))
    nested = inset.eventplot([0.1, 0.2])[0]
    beside_panels = EventCollection([0.3])
    figure.add_artist(beside_panels)
    make_events_pixels(figure)
    assert nested.get_rasterized()
    assert beside_panels.get_rasterized()


def test_a_chapter_may_say_what_the_table_is():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    share_table(figure, {"cell": ["a", "b"], "rate (Hz)": np.array([1.5, np.nan])})
    assert table_of(figure) == "cell,rate (Hz)\na,1.5\nb,\n"
    share_table(figure, None)
    assert table_of(figure) is None
    with pytest.raises(ValueError, match=r"lengths \{'a': 1, 'b': 2\}; expected one"):
        share_table(figure, {"a": [1], "b": [1, 2]})


def test_what_is_hidden_or_decoration_is_left_out():
    figure, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], visible=False)
    ax.plot([0.1, 0.9], [0.1, 0.9], transform=ax.transAxes)
    ax.text(0, 0, "words")
    assert table_of(figure) is None
