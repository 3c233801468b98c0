"""Responses that were measured directly, such as calcium or photometry signals: a table instead of spikes.

A response is then whatever the laboratory computed, in its own unit. What goes through responses alone can be
computed from it; what needs spikes or the times of events cannot,
and the design says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from distributional_dopamine.recordings.model import Exclusion, Provenance, RecordingsError


@dataclass(frozen=True, eq=False)
class MeasuredResponses:
    """A table of responses, what was left out of it, and where it comes from.

    Attributes
    ----------
    responses
        One row a rewarded trial: ``cell``, ``magnitude``, ``expected`` (bool), ``trial``, ``response``, as
        :func:`~distributional_dopamine.evidence.responses.compute_responses` gives them, but for the unit.
    where
        Index: ``cell``. Columns: ``session``, ``group`` (the animal, or the session where nobody said).
    provenance
        Where they come from.
    excluded
        Everything left out, with the reason.
    size_unit
        Unit of the sizes of rewards; empty where nobody said.
    notes
        What a reader must know of how they were read, a sentence each.
    """

    responses: pd.DataFrame
    where: pd.DataFrame
    provenance: Provenance
    excluded: tuple[Exclusion, ...] = ()
    size_unit: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Check that responses are numbers, and that every cell is known."""
        table = self.responses
        wanted = ["cell", "magnitude", "expected", "trial", "response"]
        if list(table.columns) != wanted:
            raise RecordingsError(f"responses must have the columns {', '.join(wanted)}.")
        if table.empty:
            raise RecordingsError("responses must hold at least one trial; found none.")
        for name in ("magnitude", "response"):
            if not np.isfinite(table[name].to_numpy(dtype=np.float64)).all():
                raise RecordingsError(f"{name} must be finite on every trial; found NaN or infinity.")
        if (table["magnitude"] <= 0).any():
            raise RecordingsError(f"magnitude must be above 0; found {table['magnitude'].min()}.")
        strangers = sorted(set(table["cell"]) - set(self.where.index))
        if strangers:
            raise RecordingsError(f"where must name every cell; missing: {', '.join(strangers)}.")
        table.attrs["magnitudes"] = self.magnitudes

    def __len__(self) -> int:
        return len(self.where)

    @property
    def magnitudes(self) -> tuple[float, ...]:
        """Sizes of reward that any cell received, ascending."""
        return tuple(float(size) for size in np.unique(self.responses["magnitude"]))

    def cells(self) -> pd.DataFrame:
        """Say of every cell where it was recorded; index ``cell``, columns ``session``, ``group``."""
        return self.where
