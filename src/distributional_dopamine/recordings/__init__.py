"""Recordings of dopamine neurons: one data model, readers, the registry of public data, a simulator."""

from distributional_dopamine.recordings.loading import (
    if_available,
    load_histograms,
    load_recordings,
    load_rothenhoefer,
    read_folder,
)
from distributional_dopamine.recordings.matlab import odd_trials, read_unit
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
from distributional_dopamine.recordings.registry import NotAvailableError
from distributional_dopamine.recordings.simulator import (
    Settings,
    Simulation,
    simulate,
)
from distributional_dopamine.recordings.summaries import DigitisedSlopes, Histogram, Histograms

__all__ = [
    "MAGNITUDES",
    "ODOUR_TO_REWARD",
    "TRIAL_KINDS",
    "DigitisedSlopes",
    "Histogram",
    "Histograms",
    "LightIdentification",
    "NotAvailableError",
    "Provenance",
    "Recordings",
    "RecordingsError",
    "Settings",
    "Simulation",
    "Unit",
    "if_available",
    "load_histograms",
    "load_recordings",
    "load_rothenhoefer",
    "make_trials",
    "odd_trials",
    "read_folder",
    "read_unit",
    "simulate",
]
