"""The public recordings for the tests, where they are on disk."""

import pandas as pd
import pytest

from distributional_dopamine.evidence.responses import (
    FIGURES_4_5,
    ResponseArrays,
    compute_responses,
    pool_trials,
    to_arrays,
)


@pytest.fixture(scope="session")
def recorded_responses(recordings) -> pd.DataFrame:
    """Give responses as in figures 4 and 5, expected and unexpected trials apart."""
    return compute_responses(recordings, FIGURES_4_5)


@pytest.fixture(scope="session")
def recorded_arrays(recorded_responses) -> ResponseArrays:
    """Give the same, pooled as in the paper, in the compact form."""
    return to_arrays(pool_trials(recorded_responses))
