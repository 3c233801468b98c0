"""Recordings of dopamine neurons: one data model, readers, the registry of public data, a simulator."""

from distributional_dopamine.recordings.columns import Columns
from distributional_dopamine.recordings.design import Design, check_design, describe_design
from distributional_dopamine.recordings.loading import (
    if_available,
    load_histograms,
    load_recordings,
    load_rothenhoefer,
    read_folder,
)
from distributional_dopamine.recordings.matlab import odd_trials, read_unit
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import (
    MAGNITUDES,
    ODOUR_TO_REWARD,
    TRIAL_KINDS,
    Exclusion,
    LightIdentification,
    Provenance,
    Recordings,
    RecordingsError,
    Unit,
    make_trials,
)
from distributional_dopamine.recordings.nwb import read_nwb
from distributional_dopamine.recordings.reading import read_recordings
from distributional_dopamine.recordings.registry import NotAvailableError
from distributional_dopamine.recordings.simulator import (
    Settings,
    Simulation,
    simulate,
)
from distributional_dopamine.recordings.summaries import DigitisedSlopes, Histogram, Histograms
from distributional_dopamine.recordings.writing import write_nwb, write_session, write_tables

__all__ = [
    "MAGNITUDES",
    "ODOUR_TO_REWARD",
    "TRIAL_KINDS",
    "Columns",
    "Design",
    "DigitisedSlopes",
    "Exclusion",
    "Histogram",
    "Histograms",
    "LightIdentification",
    "MeasuredResponses",
    "NotAvailableError",
    "Provenance",
    "Recordings",
    "RecordingsError",
    "Settings",
    "Simulation",
    "Unit",
    "check_design",
    "describe_design",
    "if_available",
    "load_histograms",
    "load_recordings",
    "load_rothenhoefer",
    "make_trials",
    "odd_trials",
    "read_folder",
    "read_nwb",
    "read_recordings",
    "read_unit",
    "simulate",
    "write_nwb",
    "write_session",
    "write_tables",
]
