"""Spikes that two units share: by hand, by brute force, by chance, and in the recordings."""

import numpy as np
import pytest

from distributional_dopamine.evidence.shared_spikes import count_shared_spikes, find_shared_spikes
from distributional_dopamine.recordings import Provenance, Recordings, Unit, make_trials


def make_recordings(**spikes) -> Recordings:
    """Make units named ``session_unit`` from their spikes."""
    trials = make_trials([60.0], ["unexpected"], [5.0])
    units = [Unit(name, name.split("_")[0], "g", times, trials) for name, times in spikes.items()]
    return Recordings(tuple(units), Provenance("by hand", "simulated", "simulator"))


def test_counts_by_hand():
    assert count_shared_spikes([1.0, 2.0, 3.0], [1.00004, 1.9999, 3.0]) == 2
    assert count_shared_spikes([1.0, 2.0, 3.0], [1.00004, 1.9999, 3.0], tolerance=0.00011) == 3
    assert count_shared_spikes([1.0], []) == 0
    assert count_shared_spikes([], [1.0]) == 0
    with pytest.raises(ValueError, match="second must be finite"):
        count_shared_spikes([1.0], [np.nan])


def test_counts_are_those_of_brute_force():
    rng = np.random.default_rng(1)
    for _ in range(50):
        first, second = np.sort(rng.uniform(0, 1, 30)), np.sort(rng.uniform(0, 1, 40))
        wanted = (np.abs(first[:, None] - second).min(axis=1) <= 0.01).sum()
        assert count_shared_spikes(first, second, 0.01) == wanted


def test_only_units_of_one_session_are_compared():
    table = find_shared_spikes(make_recordings(s_a=[1.0, 2.0, 3.0], s_b=[2.0, 3.0], t_c=[2.0, 3.0]))
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["smaller"], row["larger"], row["n_smaller"], row["n_larger"]) == ("s_b", "s_a", 2, 3)
    assert (row["shared"], row["share"]) == (2, 1.0)
    assert row["chance"] == pytest.approx(1 - np.exp(-2 * 0.00005 * 3 / 2))
    assert find_shared_spikes(make_recordings(s_a=[1.0], t_b=[1.0])).empty


def test_independent_units_share_what_chance_gives():
    rng = np.random.default_rng(2)
    spikes = [np.sort(rng.uniform(0, 2000, n)) for n in (20_000, 60_000)]
    row = find_shared_spikes(make_recordings(s_a=spikes[0], s_b=spikes[1]), tolerance=0.0005).iloc[0]
    # 20,000 spikes at 3 %: a standard deviation of 0.12 %
    assert row["share"] == pytest.approx(row["chance"], abs=0.005)
    assert row["chance"] == pytest.approx(0.03, abs=0.001)


@pytest.mark.recordings
def test_two_recorded_units_are_one_and_two_overlap(recordings):
    table = find_shared_spikes(recordings)
    assert len(table) == 11
    assert table.loc[:1, "smaller"].tolist() == ["03_05_TT6_1", "03_15_TT6_2"]
    assert table["share"][0] > 0.999
    assert 0.1 < table["share"][1] < 0.2
    assert (table["share"][2:] < 0.03).all()
