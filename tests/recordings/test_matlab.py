"""The reader of the public files: what it reads, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from distributional_dopamine.recordings import (
    Recordings,
    RecordingsError,
    Unit,
    make_trials,
    odd_trials,
    read_unit,
)

from .made_files import unit_fields, write

WriteUnit = Callable[..., Path]

# Probabilities of the seven volumes in the authors' code: their shares of all trials (Dabney et al. 2020).
PUBLISHED_SHARES = [0.06612594, 0.09090909, 0.14847358, 0.15489467, 0.31159175, 0.15095190, 0.07705306]


def test_a_unit_as_the_file_has_it(write_unit: WriteUnit) -> None:
    unit, n_unlabelled = read_unit(write_unit())
    assert (unit.name, unit.session, unit.group) == ("D_01-02_03-04-05_TT1_2", "D_01-02_03-04-05", "D")
    assert n_unlabelled == 1
    np.testing.assert_array_equal(unit.spike_times, [0.500003125, 1.0034, 10.25, 30.10005, 59.0009])
    trials = unit.trials
    np.testing.assert_array_equal(
        np.round(trials["event_time"] * 1000, 6), [10000.0, 20000.025, 30000.0, 31500.8, 45000.0, 60000.0]
    )
    np.testing.assert_array_equal(
        trials["reward_time"], [11.5, 20.000025, 31.5, 31500.8 / 1000, np.nan, 60.0]
    )
    np.testing.assert_array_equal(trials["magnitude"], [0.1, 0.1, 20.0, 20.0, np.nan, 2.5])
    assert trials["kind"].tolist() == [
        "expected",
        "unexpected",
        "expected",
        "unexpected",
        "no_reward",
        "unexpected",
    ]
    assert trials["odour"].tolist() == [1, 0, 1, 0, 2, 0]


def test_light_identification_in_seconds(write_unit: WriteUnit) -> None:
    unit, _ = read_unit(write_unit())
    light = unit.identification
    assert light is not None
    np.testing.assert_array_equal(light.laser_onsets, [1.0, 2.0])
    np.testing.assert_array_equal(light.evoked_spikes, [1.0034])  # from tenths of a ms
    np.testing.assert_array_equal(light.latencies, [0.0034, np.nan])
    np.testing.assert_array_equal(light.waveform_spontaneous, np.arange(8.0).reshape(4, 2) + 1)


def test_evoked_spikes_in_ms_give_the_same(write_unit: WriteUnit) -> None:
    unit, _ = read_unit(write_unit(laserEvokedSpikes=np.array([1003.4])))
    assert unit.identification is not None
    np.testing.assert_array_equal(unit.identification.evoked_spikes, [1.0034])


def test_what_may_be_absent(write_unit: WriteUnit) -> None:
    without_latency, _ = read_unit(write_unit(LaserLatency=None))
    assert without_latency.identification is not None
    assert without_latency.identification.latencies is None
    without_evoked, _ = read_unit(write_unit(laserEvokedSpikes=np.array([])))
    assert without_evoked.identification is not None
    assert without_evoked.identification.evoked_spikes.size == 0
    for absent in (None, np.array([])):
        without_light, _ = read_unit(write_unit(freeLaserOn=absent))
        assert without_light.identification is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("02_09_TT2_1_CommonFormat_verified.mat", ("02_09_TT2_1", "02_09", "02")),
        ("L_08_10_TT2_1_CommonFormat.mat", ("L_08_10_TT2_1", "L_08_10", "L")),
        ("O_05-04_15-14-56_TT4_1_Common.mat", ("O_05-04_15-14-56_TT4_1", "O_05-04_15-14-56", "O")),
        ("mouse7.mat", ("mouse7", "mouse7", "mouse7")),
    ],
)
def test_names(write_unit: WriteUnit, name: str, expected: tuple[str, str, str]) -> None:
    unit, _ = read_unit(write_unit(name))
    assert (unit.name, unit.session, unit.group) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spike": None}, "has no field spike; it is needed"),
        ({"spike": np.array([])}, "responses.spike is empty; a unit needs at least one spike"),
        (
            {"spike": np.array([3.0, 2.0])},
            "spike must be in ascending order; found 2.0 ms after 3.0 ms at index 1",
        ),
        ({"spike": np.array([3.0, np.nan])}, "spike must hold times in ms on the recorder's clock"),
        ({"spike": np.array([-3.0, 2.0])}, "found -3.0 at index 0"),
        ({"spike": np.array([1.0, 2e9])}, "found 2000000000.0 at index 1"),
        ({"spike": "500 1003"}, "spike must be an array of real numbers; found type <U8"),
        ({"spike": np.array([1 + 2j])}, "spike must be an array of real numbers; found type complex128"),
        ({"spike": np.ones((2, 3))}, "spike must have 1 dimension(s); found an array of shape (2, 3)"),
        ({"odorOn": None}, "has no field odorOn"),
        ({"odorOn": np.arange(6.0)}, "must have one value per trial; found 7, 6 and 7"),
        ({"odorOn": np.arange(7.0)[::-1]}, "odorOn must be in ascending order; found 5.0 ms after 6.0 ms"),
        ({"odorOn": np.array([1, 2, np.nan, 4, 5, 6, 7])}, "odorOn must hold times in ms"),
        ({"odorID": np.array([1, 0, 1, 0, 2, 0, 0.5])}, "odorID must be a whole number from 0 to 255"),
        ({"trialType": None}, "has no field trialType"),
        ({"trialType": np.full(7, np.nan)}, "trialType labels no trial"),
        ({"trialType": np.array([8, 1, 14, 7, 15, -1, 4.0])}, "found -1.0 (1 such value(s))"),
        ({"trialType": np.array([8, 1, 14, 7, 16, 0, 4.0])}, "found 16.0 (2 such value(s))"),
        ({"trialType": np.array([8, 1.5, 14, 7, 15, 1, 4.0])}, "found 1.5"),
        ({"trialType": np.array([8, np.inf, 14, 7, 15, 1, 4.0])}, "found inf"),
        ({"freeLaserOn": np.array([2.0, 1.0])}, "freeLaserOn must be in ascending order"),
        ({"laserEvokedSpikes": None}, "has no field laserEvokedSpikes"),
        ({"laserEvokedSpikes": np.array([5.0])}, "found spikes that do in neither unit"),
        ({"laserEvokedSpikes": np.array([np.nan])}, "laserEvokedSpikes must be finite"),
        ({"LaserLatency": np.array([1.0])}, "latencies must be one per pulse of light; found 1 for 2 pulses"),
        ({"meanLaserWaveform": np.zeros((3, 2))}, "The waveforms must have one shape"),
    ],
)
def test_files_that_are_refused(write_unit: WriteUnit, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordingsError, match=re.escape(message)) as caught:
        read_unit(write_unit(**changes))
    assert str(caught.value).startswith("D_01-02_03-04-05_TT1_2_Common.mat: ")


def test_an_unlabelled_trial_may_have_no_time(write_unit: WriteUnit) -> None:
    onsets = np.array([10000.0, 20000.0, 30000.0, 31500.0, 45000.0, np.nan, 60000.0])
    unit, n_unlabelled = read_unit(write_unit(odorOn=onsets))
    assert (len(unit.trials), n_unlabelled) == (6, 1)


def test_whole_numbers_serve_as_well(write_unit: WriteUnit) -> None:
    types = np.array([8, 1, 14, 7, 15, 2, 4], dtype=np.uint8)
    unit, n_unlabelled = read_unit(write_unit(trialType=types, spike=np.array([7, 9], dtype=np.int32)))
    assert (len(unit.trials), n_unlabelled, unit.spike_times.tolist()) == (7, 0, [0.007, 0.009])


def test_files_that_are_no_files_of_this_kind(tmp_path: Path) -> None:
    path = tmp_path / "unit.mat"
    with pytest.raises(RecordingsError, match=r"^unit\.mat: there is no such file"):
        read_unit(path)
    for content in (b"", b"<!DOCTYPE html><html></html>", b"\x89HDF\r\n\x1a\n" + bytes(600), bytes(300)):
        path.write_bytes(content)
        with pytest.raises(RecordingsError, match=r"^unit\.mat: cannot be read as a MATLAB 5 file"):
            read_unit(path)
    savemat(path, {"events": 1.0})
    with pytest.raises(RecordingsError, match="has no variable responses"):
        read_unit(path)
    savemat(path, {"events": 1.0, "responses": "none"})
    with pytest.raises(RecordingsError, match="has no field spike"):
        read_unit(path)


def _read_or_refuse(path: Path) -> None:
    """Read a mangled file: it must give a unit that an analysis can use, or a RecordingsError."""
    try:
        unit, n_unlabelled = read_unit(path)
    except RecordingsError:
        return
    assert isinstance(unit, Unit)
    assert n_unlabelled >= 0
    assert unit.spike_times.size > 0
    assert np.all(np.diff(unit.spike_times) >= 0)
    assert np.all(np.isfinite(unit.spike_times))
    assert len(unit.trials) > 0
    assert np.all(np.diff(unit.trials["event_time"]) > 0)
    assert not np.isin(
        unit.trials["magnitude"].dropna(), [0.1, 0.3, 1.2, 2.5, 5.0, 10.0, 20.0], invert=True
    ).any()


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """A path to write to, and the bytes of an intact file, compressed and not."""
    folder = tmp_path_factory.mktemp("mangled")
    events, responses = unit_fields()
    contents = [
        write(folder / "intact.mat", events, responses, compressed=compressed).read_bytes()
        for compressed in (True, False)
    ]
    return folder / "mangled.mat", contents[0], contents[1]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_truncated_files(intact: tuple[Path, bytes, bytes], data: st.DataObject, compressed: bool) -> None:
    path, content = intact[0], intact[1 if compressed else 2]
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    _read_or_refuse(path)


@settings(max_examples=250, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_flipped_bits(intact: tuple[Path, bytes, bytes], data: st.DataObject, compressed: bool) -> None:
    path, content = intact[0], bytearray(intact[1 if compressed else 2])
    for bit in data.draw(st.lists(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=3)):
        content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    _read_or_refuse(path)


JUNK: list[Any] = [
    None,
    np.array([]),
    np.nan,
    0.0,
    "text",
    np.array([1 + 1j, 2]),
    np.array([True, False] * 3 + [True]),
    np.full(7, np.nan),
    np.arange(7.0),
    -np.arange(7.0),
    np.full(7, 1e300),
    np.full(7, np.inf),
    np.arange(7, dtype=np.int8),
    np.full(7, 2**63, dtype=np.uint64),
    np.ones((7, 2)),
    np.ones((2, 2, 2)),
    np.array(["a", "bc"], dtype=object),
    np.array([np.arange(2), np.arange(3)], dtype=object),
    {"inner": 1.0},
]


@settings(max_examples=120, deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from([name for holder in unit_fields() for name in holder]),
        st.sampled_from(range(len(JUNK))),
        min_size=1,
        max_size=3,
    )
)
def test_fields_taken_away_or_replaced(intact: tuple[Path, bytes, bytes], changes: dict[str, int]) -> None:
    events, responses = unit_fields()
    for field, which in changes.items():
        holder = events if field in events else responses
        if JUNK[which] is None:
            del holder[field]
        else:
            holder[field] = JUNK[which]
    _read_or_refuse(write(intact[0], events, responses))


@pytest.mark.parametrize("holder", ["events", "responses"])
@pytest.mark.parametrize("junk", [junk for junk in JUNK if junk is not None], ids=repr)
def test_structures_replaced(tmp_path: Path, holder: str, junk: Any) -> None:
    events, responses = unit_fields()
    content = {"events": events, "responses": responses, holder: junk}
    savemat(tmp_path / "unit.mat", content)
    with pytest.raises(RecordingsError):
        read_unit(tmp_path / "unit.mat")


def test_odd_trials_by_hand() -> None:
    trials = make_trials(
        [10.0, 11.5009, 20.0, 22.0, 30.0, 31.4989, 40.0, 50.0, 51.5],
        [
            "expected",
            "unexpected",  # 0.9 ms after the reward is due: odd
            "expected",
            "unexpected",  # half a second later: not
            "expected",
            "unexpected",  # 1.1 ms before: odd
            "unexpected",
            "no_reward",
            "unexpected",  # after an odour without reward: not
        ],
        [0.1, 5.0, 0.1, 5.0, 0.3, 5.0, 5.0, np.nan, 5.0],
    )
    unit = Unit("a", "s", "g", np.array([1.0]), trials)
    assert np.flatnonzero(odd_trials(unit)).tolist() == [1, 5]
    assert np.flatnonzero(odd_trials(unit, tolerance=0.001)).tolist() == [1]
    assert np.flatnonzero(odd_trials(unit, tolerance=0.6)).tolist() == [1, 3, 5]


@pytest.mark.parametrize("n_expected", [0, 1])
def test_odd_trials_where_few_are_expected(n_expected: int) -> None:
    trials = make_trials(
        [10.0, 11.5, 13.0],
        ["expected" if n_expected else "no_reward", *["unexpected"] * 2],
        [5.0 if n_expected else np.nan, 5.0, 5.0],
    )
    assert odd_trials(Unit("a", "s", "g", np.array([1.0]), trials)).tolist() == [
        False,
        n_expected == 1,
        False,
    ]


@pytest.mark.recordings
def test_inventory_of_the_public_recordings(recordings: Recordings) -> None:
    inventory = recordings.inventory()
    assert len(recordings) == 40
    assert inventory["session"].nunique() == 30
    assert inventory["group"].value_counts().to_dict() == {"D": 16, "10": 9, "03": 6, "02": 3, "L": 3, "O": 3}
    assert (inventory["trials"].min(), inventory["trials"].max(), inventory["trials"].median()) == (
        177,
        391,
        284.5,
    )
    assert inventory[["expected", "unexpected", "no_reward", "unlabelled"]].sum().tolist() == [
        4550,
        4327,
        2259,
        464,
    ]
    assert (inventory["unlabelled"] > 0).sum() == 19
    assert recordings.excluded == ()


@pytest.mark.recordings
def test_reward_probabilities_of_the_public_recordings(recordings: Recordings) -> None:
    volumes = np.concatenate([unit.trials["magnitude"].dropna() for unit in recordings.units])
    _, counts = np.unique(volumes, return_counts=True)
    np.testing.assert_allclose(counts / counts.sum(), PUBLISHED_SHARES, atol=5e-9)


@pytest.mark.recordings
def test_odd_trials_of_the_public_recordings(recordings: Recordings) -> None:
    odd = {unit.name: odd_trials(unit) for unit in recordings.units}
    assert sum(mask.sum() for mask in odd.values()) == 208
    assert sum(mask.any() for mask in odd.values()) == 21
    assert {name[0] for name, mask in odd.items() if mask.any()} == {"D", "L", "O"}
    for unit in recordings.units:  # the tolerance sits in a wide gap
        np.testing.assert_array_equal(odd_trials(unit, 0.006), odd_trials(unit, 0.6))


@pytest.mark.recordings
def test_latencies_agree_with_evoked_spikes(recordings: Recordings) -> None:
    """Where a file has both, pulse + latency is the evoked spike: the unit of time was read correctly."""
    n_files = 0
    for unit in recordings.units:
        light = unit.identification
        assert light is not None
        if light.latencies is None:
            continue
        n_files += 1
        evoked = np.isfinite(light.latencies)
        np.testing.assert_allclose(
            light.evoked_spikes, light.laser_onsets[evoked] + light.latencies[evoked], rtol=0, atol=1e-12
        )
    assert n_files == 19


@pytest.mark.recordings
def test_milliseconds_come_back_exactly(recordings_folder: Path, recordings: Recordings) -> None:
    from scipy.io import loadmat

    paths = {path.name.split("_Common")[0]: path for path in recordings_folder.glob("*.mat")}
    for unit in recordings.units:
        content = loadmat(paths[unit.name], squeeze_me=True, struct_as_record=False)
        labelled = ~np.isnan(content["events"].trialType.astype(float))
        for seconds, ms in (
            (unit.spike_times, content["responses"].spike),
            (unit.trials["event_time"].to_numpy(), content["events"].odorOn[labelled]),
        ):
            np.testing.assert_array_equal(np.round(seconds * 1e3, 6), ms)
