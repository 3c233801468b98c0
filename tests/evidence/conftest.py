"""The public recordings for the tests, where they are on disk."""

import os
from pathlib import Path

import pandas as pd
import pytest

from distributional_dopamine.evidence.responses import (
    FIGURES_4_5,
    ResponseArrays,
    compute_responses,
    pool_trials,
    to_arrays,
)
from distributional_dopamine.recordings import Provenance, Recordings


@pytest.fixture(scope="session")
def recorded() -> Recordings:
    """Give the forty recorded cells, or a skip where they are not on disk."""
    folder = os.environ.get("DISTRIBUTIONAL_DOPAMINE_DATA", "")
    files = sorted(Path(folder, "variable_magnitude").glob("*.mat")) if folder else []
    if len(files) != 40:
        pytest.skip("needs the forty recordings: set DISTRIBUTIONAL_DOPAMINE_DATA")
    from distributional_dopamine.recordings.matlab import read_unit

    units = tuple(read_unit(file)[0] for file in files)
    return Recordings(units, Provenance("variable_magnitude", "recorded", "folder"))


@pytest.fixture(scope="session")
def recorded_responses(recorded) -> pd.DataFrame:
    """Give responses as in figures 4 and 5, expected and unexpected trials apart."""
    return compute_responses(recorded, FIGURES_4_5)


@pytest.fixture(scope="session")
def recorded_arrays(recorded_responses) -> ResponseArrays:
    """Give the same, pooled as in the paper, in the compact form."""
    return to_arrays(pool_trials(recorded_responses))
