"""Recordings with cues of several probabilities, as the tests of optimism take them."""

import numpy as np
import pytest

from distributional_dopamine.evidence.own_cues import cue_recordings
from distributional_dopamine.evidence.variable_probability import compute_cue_responses
from distributional_dopamine.recordings import Provenance, Recordings, Unit, make_trials


def recordings_with(delay):
    time = np.arange(10.0, 70.0, 10.0)
    given = np.array([True, False, True, False, True, False])
    trials = make_trials(
        time,
        np.where(given, "expected", "no_reward").tolist(),
        np.where(given, 4.0, np.nan),
        reward_time=np.where(given, time + delay, np.nan),
        cue=["90%", "90%", "tone", "tone", "tone", ""],
    )
    unit = Unit("a", "s", "g", [9.5, 10.1, 10.2], trials)
    return Recordings((unit,), Provenance("by hand", "simulated", "simulator"))


def test_cues_with_what_they_announce():
    (one,) = cue_recordings(recordings_with(2.0))
    assert one.cue_times.tolist() == [10.0, 20.0, 30.0, 40.0, 50.0]
    assert one.probabilities.tolist() == pytest.approx([0.9, 0.9, 2 / 3, 2 / 3, 2 / 3])
    assert compute_cue_responses([one])["response"].tolist() == pytest.approx([2 / 0.4 - 1, 0, 0, 0, 0])


def test_cues_whose_time_nobody_knows_are_refused():
    with pytest.raises(ValueError, match="must tell when cues came; those of a come with the reward"):
        cue_recordings(recordings_with(0.0))
