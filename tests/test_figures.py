"""Figures: what is simulated looks simulated, and no figure carries spike times."""

from __future__ import annotations

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from distributional_dopamine import figures

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_only_simulated_figures_are_marked():
    recorded, simulated = plt.figure(), plt.figure()
    figures.mark_simulated(recorded, "recorded")
    figures.mark_simulated(simulated, "simulated")
    assert recorded.get_suptitle() == ""
    assert "simulated" in simulated.get_suptitle()


def test_volume_axis_names_every_volume_that_has_room():
    _, ax = plt.subplots()
    ax.set_ylim(0, 100)
    figures.add_volume_axis(ax, [0, 2, 50, 100], [0.1, 0.3, 5, 20])
    (second,) = ax.child_axes
    assert second.get_yticks().tolist() == [0, 2, 50, 100]
    assert [label.get_text() for label in second.get_yticklabels()] == ["0.1", "", "5", "20"]


def test_a_raster_has_a_tick_a_spike_and_a_row_a_trial():
    _, ax = plt.subplots()
    figures.plot_raster(ax, [[0.1, 0.2], [], [0.3]])
    (ticks,) = ax.collections
    middle = [segment.mean(axis=0).tolist() for segment in ticks.get_segments()]
    np.testing.assert_allclose(middle, [[0.1, 0.0], [0.2, 0.0], [0.3, 2.0]])
    assert ax.get_ylim() == (2.5, -0.5)


def test_a_raster_in_a_vector_file_is_a_picture_not_a_path_a_spike():
    def paths(n_spikes):
        fig, ax = plt.subplots()
        ax.set_xlim(0, 1)
        figures.plot_raster(ax, [np.linspace(0.1, 0.9, n_spikes)])
        file = io.StringIO()
        fig.savefig(file, format="svg")
        text = file.getvalue()
        assert text.count("<image") == 1
        return text.count("<path")

    assert paths(1) == paths(500)


def test_a_figure_is_drawn_as_svg_of_its_own_size_and_left_as_it_was():
    fig, ax = plt.subplots(figsize=(4, 3), layout="constrained")
    ax.set(xlabel="dose", ylabel="response")
    canvas, dpi = fig.canvas, fig.dpi
    drawn = figures.draw_svg(fig)
    assert 'width="288pt" height="216pt"' in drawn
    assert fig.canvas is canvas
    assert fig.dpi == dpi
    assert "dc:date" not in drawn
    box = fig.get_tightbbox()  # the layout has run: every letter is inside
    assert min(box.x0, box.y0, 4 - box.x1, 3 - box.y1) >= 0
