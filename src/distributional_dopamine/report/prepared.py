"""What the pages of a report work on: responses, computed once, and what is known of the recordings.

The command reads the recordings and lays this into a folder of its own; each page, run in a process of its
own, takes it from there. No time of a spike is in it, and nothing of the folder reaches the report but
results.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from distributional_dopamine.evidence.comparable import Comparable, choose_comparable
from distributional_dopamine.evidence.own_cues import CUE_WINDOW, cue_recordings
from distributional_dopamine.evidence.responses import (
    FIGURES_4_5,
    ResponseArrays,
    baseline_rates,
    compute_responses,
    pool_trials,
    pooling_shift,
    to_arrays,
)
from distributional_dopamine.evidence.variable_probability import CUE_RESPONSE_COLUMNS, compute_cue_responses
from distributional_dopamine.recordings.design import FEWEST_SIZES, describe_design
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import Exclusion, Provenance, Recordings

FOLDER_VARIABLE = "DISTRIBUTIONAL_DOPAMINE_REPORT"
"""Environment variable: the folder that the pages read."""

_TABLE, _REST = "responses.npz", "rest.json"
_COLUMNS = ("magnitude", "expected", "trial", "response")
_CUE_COLUMNS = ("probability", "trial", "response")


@dataclass(frozen=True, eq=False)
class Prepared:
    """Recordings as the pages of a report take them.

    Attributes
    ----------
    responses
        Tidy table of responses (:mod:`~distributional_dopamine.evidence.responses`), not pooled yet, cells in
        order of name.
    cells
        Index: ``cell``. Columns: ``session``, ``group``; ``baseline``, the mean rate before rewarded events,
        Hz, NaN where there are no spikes.
    provenance
        Where they come from, with the sha256 of each file.
    excluded
        What the reader left out, with the reason.
    notes
        What is to be known of how they were read.
    limits
        What cannot be computed from them: (what, why).
    size_unit
        Unit of the sizes of rewards; empty where nobody said.
    response_unit
        ``Hz``, or ``units of the table`` where responses were given as such.
    cues
        Rows of (cue, trials, share rewarded).
    cue_responses
        Responses to cues, as :mod:`~distributional_dopamine.evidence.variable_probability` computes them;
        empty where cues of three probabilities cannot be compared.
    """

    responses: pd.DataFrame
    cells: pd.DataFrame
    provenance: Provenance
    excluded: tuple[Exclusion, ...]
    notes: tuple[str, ...]
    limits: tuple[tuple[str, str], ...]
    size_unit: str
    response_unit: str
    cues: tuple[tuple[str, int, float], ...]
    cue_responses: pd.DataFrame

    @property
    def asks_sizes(self) -> bool:
        """Whether there are sizes enough for reversal points and asymmetries."""
        return len(self.magnitudes) >= FEWEST_SIZES

    @property
    def asks_cues(self) -> bool:
        """Whether cues of three probabilities can be compared."""
        return len(self.cue_responses) > 0

    @property
    def magnitudes(self) -> tuple[float, ...]:
        """Sizes of reward, ascending."""
        return tuple(float(size) for size in np.unique(self.responses["magnitude"]))

    @property
    def axis_label(self) -> str:
        """How an axis of sizes is labelled."""
        return f"reward ({self.size_unit})" if self.size_unit else "size of reward"

    def arrays(self) -> ResponseArrays:
        """Give the responses of all cells, expected and unexpected trials pooled."""
        return to_arrays(pool_trials(self.responses), self.magnitudes)

    def comparable(self) -> Comparable:
        """Choose the cells that can be compared, the same on every page."""
        return choose_comparable(
            self.arrays(),
            np.random.default_rng(0),
            baselines={str(cell): rate for cell, rate in self.cells["baseline"].dropna().items()},
            shift=pooling_shift(self.responses),
        )

    def use(self) -> dict[str, Any]:
        """Give what a page says of its data, as arguments of ``papermill_book.use_data``."""
        return {
            "name": "your recordings",
            "kind": self.provenance.kind,
            "origin": self.provenance.origin,
            "files": self.provenance.files,
        }

    def write(self, folder: Path) -> None:
        """Lay everything into a folder, for :func:`read_prepared`."""
        names = list(self.cells.index)
        place = {name: i for i, name in enumerate(names)}
        columns = {
            "cell": self.responses["cell"].map(place).to_numpy(dtype=np.int64),
            **{name: self.responses[name].to_numpy() for name in _COLUMNS},
            "cue_cell": self.cue_responses["cell"].map(place).to_numpy(dtype=np.int64),
            **{f"cue_{name}": self.cue_responses[name].to_numpy(np.float64) for name in _CUE_COLUMNS},
        }
        np.savez(folder / _TABLE, **columns)  # type: ignore[arg-type]  # numpy's stub
        rest = {
            "cells": names,
            "sessions": list(self.cells["session"]),
            "groups": list(self.cells["group"]),
            "baselines": [None if np.isnan(rate) else rate for rate in self.cells["baseline"]],
            "provenance": asdict(self.provenance),
            "excluded": [asdict(one) for one in self.excluded],
            "notes": self.notes,
            "limits": self.limits,
            "size_unit": self.size_unit,
            "response_unit": self.response_unit,
            "cues": self.cues,
        }
        (folder / _REST).write_text(json.dumps(rest, ensure_ascii=False), encoding="utf-8")


def prepare(recordings: Recordings | MeasuredResponses) -> Prepared:
    """Compute the responses of recordings, and gather what the pages say of them.

    Parameters
    ----------
    recordings
        As a reader gives them.

    Returns
    -------
    Prepared
        With the responses of figures 4 and 5 of the paper, 200 to 600 ms after the reward, smoothed; or as
        they were given.
    """
    design = describe_design(recordings)
    responses = compute_responses(recordings, FIGURES_4_5)
    order = responses["cell"].map({name: i for i, name in enumerate(sorted(recordings.cells().index))})
    responses = responses.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)
    cells = recordings.cells().assign(baseline=np.nan)
    if isinstance(recordings, Recordings):
        cells["baseline"] = baseline_rates(recordings).set_index("cell")["baseline"]
    rows = design.cues[["n_trials", "share"]].itertuples()
    limits = list(design.limits)
    cue_responses = pd.DataFrame(columns=CUE_RESPONSE_COLUMNS)
    if design.variable_probability and isinstance(recordings, Recordings):
        try:
            cue_responses = compute_cue_responses(cue_recordings(recordings), window=CUE_WINDOW)
        except ValueError as error:
            limits.append(("optimism about cues", str(error)))
    return Prepared(
        responses=responses,
        cells=cells.sort_index(),
        provenance=recordings.provenance,
        excluded=tuple(recordings.excluded),
        notes=tuple(recordings.notes),
        limits=tuple(limits),
        size_unit=recordings.size_unit,
        response_unit="units of the table" if isinstance(recordings, MeasuredResponses) else "Hz",
        cues=tuple((str(cue), int(n), float(share)) for cue, n, share in rows),
        cue_responses=cue_responses,
    )


def read_prepared(folder: Path | None = None) -> Prepared:
    """Read what :meth:`Prepared.write` laid down.

    Parameters
    ----------
    folder
        By default the one that ``DISTRIBUTIONAL_DOPAMINE_REPORT`` names.

    Returns
    -------
    Prepared
    """
    folder = Path(os.environ[FOLDER_VARIABLE]) if folder is None else folder
    rest = json.loads((folder / _REST).read_text(encoding="utf-8"))
    with np.load(folder / _TABLE) as table:
        names = np.array(rest["cells"], dtype=object)
        responses = pd.DataFrame({"cell": names[table["cell"]], **{name: table[name] for name in _COLUMNS}})
        cue_responses = pd.DataFrame(
            {"cell": names[table["cue_cell"]], **{name: table[f"cue_{name}"] for name in _CUE_COLUMNS}}
        )
    cells = pd.DataFrame(
        {
            "session": rest["sessions"],
            "group": rest["groups"],
            "baseline": np.array(rest["baselines"], dtype=np.float64),
        },
        index=pd.Index(rest["cells"], name="cell"),
    )
    return Prepared(
        responses,
        cells,
        Provenance(**{**rest["provenance"], "citation_keys": tuple(rest["provenance"]["citation_keys"])}),
        tuple(Exclusion(**one) for one in rest["excluded"]),
        tuple(rest["notes"]),
        tuple((what, why) for what, why in rest["limits"]),
        rest["size_unit"],
        rest["response_unit"],
        tuple((cue, n, share) for cue, n, share in rest["cues"]),
        cue_responses,
    )
