"""From recordings of any laboratory to what the tests of optimism about cues take."""

from __future__ import annotations

import numpy as np

from distributional_dopamine.evidence.variable_probability import CueRecording
from distributional_dopamine.recordings.design import describe_design
from distributional_dopamine.recordings.model import Recordings

CUE_WINDOW = (0.0, 0.4)
"""Seconds after a cue that count as the response to it."""


def cue_recordings(recordings: Recordings) -> list[CueRecording]:
    """Give each cell's cues, with the probability of reward that each announces.

    Parameters
    ----------
    recordings
        Recordings whose trials name their cues and tell when these came.

    Returns
    -------
    list of CueRecording
        One a cell, in order of name. The probability is what the name of the cue says ("50 %", "0.5"), else
        the share of its trials that were rewarded.

    Raises
    ------
    ValueError
        If no trial has a cue, it is not known when cues came, or rewards come within the window after them.
    """
    probability = describe_design(recordings).cues["probability"]
    if probability.empty:
        raise ValueError("recordings must name the cues of their trials; found none")
    found = []
    for unit in recordings.units:
        trials = unit.trials[(unit.trials["cue"] != "") & (unit.trials["kind"] != "unexpected")]
        if (trials["reward_time"] <= trials["event_time"]).any():
            raise ValueError(
                f"recordings must tell when cues came; those of {unit.name} come with the reward. Name the "
                "column of their times"
            )
        if (trials["reward_time"] < trials["event_time"] + CUE_WINDOW[1]).any():
            raise ValueError(
                f"rewards must come {CUE_WINDOW[1]:g} s after their cue or later, so that the response "
                f"to the cue is none to the reward; some of {unit.name} come sooner"
            )
        found.append(
            CueRecording(
                unit.name,
                unit.spike_times,
                trials["event_time"].to_numpy(dtype=np.float64),
                probability.loc[trials["cue"]].to_numpy(dtype=np.float64),
            )
        )
    return found
