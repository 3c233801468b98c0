"""What every test shares: no network, an empty cache, and the public recordings where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distributional_dopamine.recordings import NotAvailableError, Recordings, load_recordings
from distributional_dopamine.recordings.registry import (
    CACHE_VARIABLE,
    DATA_VARIABLE,
    OFFLINE_VARIABLE,
    data_sets,
    locate,
)


@pytest.fixture(scope="session", autouse=True)
def _nothing_from_outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forbid the network, and start from an empty cache: a test gives the same on every machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(OFFLINE_VARIABLE, "1")
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def recordings_folder() -> Path:
    """The folder with the forty public files; the test is skipped where it is not at hand."""
    try:
        located = locate(data_sets()["variable_magnitude"])
    except NotAvailableError:
        pytest.skip(f"{DATA_VARIABLE} names no folder with the public recordings")
    return next(iter(located.paths.values())).parent


@pytest.fixture(scope="session")
def recordings(recordings_folder: Path) -> Recordings:  # skips where there are none
    """The forty recorded units, read once."""
    return load_recordings("recorded")
