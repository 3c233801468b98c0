"""Tiny files in the format of the public ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

Fields = dict[str, Any]


def unit_fields() -> tuple[Fields, Fields]:
    """Seven trials, five spikes and two pulses, as a public file holds them."""
    waveform = np.arange(8.0).reshape(4, 2)
    events = {
        "odorOn": np.array([10000.0, 20000.025, 30000.0, 31500.8, 45000.0, 52000.0, 60000.0]),
        "odorID": np.array([1, 0, 1, 0, 2, 0, 0], dtype=np.uint8),
        "trialType": np.array([8.0, 1.0, 14.0, 7.0, 15.0, np.nan, 4.0]),
        "freeLaserOn": np.array([1000.0, 2000.0]),
        "rewardOn": np.full(7, np.nan),
    }
    responses = {
        "spike": np.array([500.003125, 1003.4, 10250.0, 30100.05, 59000.9]),
        "lick": np.array([]),
        "laserEvokedSpikes": np.array([10034], dtype=np.int32),
        "LaserLatency": np.array([3.4, np.nan]),
        "meanLaserWaveform": waveform,
        "stderrLaserWaveform": waveform / 10,
        "meanNoLaserWaveform": waveform + 1,
        "stderrNoLaserWaveform": waveform / 20,
    }
    return events, responses


def write(path: Path, events: Fields, responses: Fields, *, compressed: bool = True) -> Path:
    """Write the two structures as MATLAB would."""
    savemat(path, {"events": events, "responses": responses}, do_compression=compressed)
    return path
