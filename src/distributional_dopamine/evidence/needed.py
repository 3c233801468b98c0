"""How many cells, or trials, the questions of a verdict would take: its rule at designs not recorded yet.

The design is varied as :mod:`~distributional_dopamine.evidence.power` varies it, cells and noise being drawn
from the recorded ones. The rule is that of :mod:`~distributional_dopamine.evidence.verdict`: the statistic
that a yes needs is found anew, by simulating the null model, at every design.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from distributional_dopamine._checks import count
from distributional_dopamine.evidence.power import Crossing, find_crossing, redesign
from distributional_dopamine.evidence.simulated_responses import PopulationTemplate
from distributional_dopamine.evidence.verdict import (
    ALPHA,
    CONTROLS_OF,
    DIFFER,
    FEWEST_CELLS,
    N_SPLITS,
    POWER,
    VERDICT_MODELS,
    critical_value,
    simulate_verdict,
)

Vary = Literal["cells", "trials"]

LARGEST = {"cells": 320, "trials": 128}
"""The most that are looked at, unless more are asked for."""

CLEAR = 0.95
"""A power at which the search has seen enough."""


@dataclass(frozen=True)
class Need:
    """What a question would take.

    Attributes
    ----------
    question
        Its name.
    vary
        ``cells``, or ``trials`` (of a cell and size of reward, their mean).
    now
        How many there are.
    size, low, high
        How many give a power of ``POWER``, and its 95 % interval for so many simulations (0 and infinity: no
        such bound).
    largest
        The most that were looked at.
    reached
        Whether ``size`` is among them.
    searched
        One row a design: ``size``, ``hits``, ``n``.
    of
        What each cell has trials of: a ``size`` of reward, or a ``cue``.
    """

    question: str
    vary: Vary
    now: float
    size: float
    low: float
    high: float
    largest: int
    reached: bool
    searched: pd.DataFrame = field(repr=False, compare=False)
    of: str = "size"

    def in_words(self) -> str:
        """Say it in a few words."""
        unit = "cells like these" if self.vary == "cells" else f"trials of each {self.of} in every cell"
        if not self.reached:
            return f"more than {self.largest} {unit}"
        high = f"{np.ceil(self.high):.0f}" if np.isfinite(self.high) else "an unknown number"
        return f"about {np.ceil(self.size):.0f} {unit} ({np.floor(self.low):.0f} to {high})"


def find_need(
    template: PopulationTemplate,
    question: str,
    null: str,
    rng: np.random.Generator,
    *,
    vary: Vary = "cells",
    n_simulations: int = 100,
    n_splits: int = N_SPLITS,
    largest: int | None = None,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> Need:
    """Find how many cells, or trials, would answer a question with enough power.

    Parameters
    ----------
    template
        Of the recorded cells.
    question
        ``DIFFER`` or ``FOLLOW`` of :mod:`~distributional_dopamine.evidence.verdict`.
    null
        The null model that the statistic is to be larger than: the hardest of the verdict.
    rng
        Draws everything.
    vary
        ``cells``: their number, drawn with replacement from those of the template; ``trials``: of each cell.
    n_simulations
        Populations of the null model, and of each control, at every design; at least 99.
    n_splits
        Random splits of each population: as many as for the verdict, since fewer see less.
    largest
        Most that are looked at; by default 320 cells or 128 trials.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    Need

    Raises
    ------
    ValueError
        If the question or null model is unknown, or there are too few simulations.
    """
    if question not in CONTROLS_OF:
        raise ValueError(f"question must be one of {', '.join(CONTROLS_OF)}; found {question!r}")
    if null not in VERDICT_MODELS:
        raise ValueError(f"null must be one of {', '.join(VERDICT_MODELS)}; found {null!r}")
    if vary not in LARGEST:
        raise ValueError(f"vary must be 'cells' or 'trials'; found {vary!r}")
    n = count("n_simulations", n_simulations, minimum=round(1 / ALPHA) - 1)
    column = "differ" if question == DIFFER else "follow"
    trials = float(template.arrays.counts().mean())
    now = float(template.arrays.n_cells) if vary == "cells" else trials
    last = count("largest", LARGEST[vary] if largest is None else largest, minimum=FEWEST_CELLS)
    rows: list[dict[str, float]] = []
    size = 2 * FEWEST_CELLS if vary == "cells" else 4
    size = min(size, last)
    while True:
        design = {"n_cells": size} if vary == "cells" else {"trials_factor": size / trials}
        names = (null, *CONTROLS_OF[question])
        simulated = simulate_verdict(
            template,
            rng,
            models={name: redesign(VERDICT_MODELS[name], **design) for name in names},
            n_simulations=n,
            n_splits=n_splits,
            n_workers=n_workers,
            scheduler=scheduler,
        )
        of_model = {str(name): table for name, table in simulated.groupby("model", sort=False)}
        level = critical_value(of_model[null][column].to_numpy())
        enough = {
            name: (of_model[name][column] >= level) & (of_model[name][f"n_{column}"] >= FEWEST_CELLS)
            for name in CONTROLS_OF[question]
        }
        hits = min(int(found.sum()) for found in enough.values())
        rows.append({"size": size, "hits": hits, "n": n})
        if size == last or hits / n >= CLEAR:
            break
        size = min(2 * size, last)
    searched = pd.DataFrame(rows)
    crossing = _crossing(searched)
    return Need(
        question,
        vary,
        now,
        max(crossing.size, float(searched["size"].min())) if crossing.size <= last else float(last),
        crossing.low,
        crossing.high,
        last,
        bool(crossing.size <= last),
        searched,
    )


def _crossing(searched: pd.DataFrame) -> Crossing:
    return find_crossing(searched["size"], searched["hits"], searched["n"], wanted=POWER)
