"""What the tests of the recordings share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .made_files import unit_fields, write

WriteUnit = Callable[..., Path]


@pytest.fixture
def write_unit(tmp_path: Path) -> WriteUnit:
    """Give a function that writes a unit, some fields changed (None takes one away), and gives the path."""

    def write_changed(name: str = "D_01-02_03-04-05_TT1_2_Common.mat", **changes: Any) -> Path:
        events, responses = unit_fields()
        for field, value in changes.items():
            holder = events if field in events else responses
            if value is None:
                del holder[field]
            else:
                holder[field] = value
        return write(tmp_path / name, events, responses)

    return write_changed
