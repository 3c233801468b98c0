"""From recordings of any laboratory to what the tests of optimism about cues take."""

from __future__ import annotations

import numpy as np

from distributional_dopamine.evidence.variable_probability import CueRecording
from distributional_dopamine.recordings.design import describe_design
from distributional_dopamine.recordings.model import Recordings


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
        If no trial has a cue, or it is not known when cues came.
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
                "column "
                "of their times"
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
