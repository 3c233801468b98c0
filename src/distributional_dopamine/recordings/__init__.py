"""Recordings of dopamine neurons: one data model, readers, the registry of public data, a simulator."""

from distributional_dopamine.recordings.model import (
    MAGNITUDES,
    ODOUR_TO_REWARD,
    TRIAL_KINDS,
    LightIdentification,
    Provenance,
    Recordings,
    RecordingsError,
    Unit,
    make_trials,
)

__all__ = [
    "MAGNITUDES",
    "ODOUR_TO_REWARD",
    "TRIAL_KINDS",
    "LightIdentification",
    "Provenance",
    "Recordings",
    "RecordingsError",
    "Unit",
    "make_trials",
]
