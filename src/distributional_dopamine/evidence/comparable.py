"""Which cells can be compared with simulated ones, and why not the others: all named, none dropped silently.

Null models take over each cell's trials, gain and noise, so they need cells that had every size of reward. In
recordings of other laboratories a size may be missing for a cell or two, or be there for a cell or two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.constants import lowest_responses
from distributional_dopamine.evidence.responses import ResponseArrays, Responses, to_arrays, utility_axis
from distributional_dopamine.evidence.simulated_responses import PopulationTemplate, make_template
from distributional_dopamine.evidence.verdict import FEWEST_SIZES
from distributional_dopamine.recordings.model import Exclusion

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Comparable:
    """Cells that can be compared with each other and with simulated ones.

    Attributes
    ----------
    template
        What simulated cells take over from them; None where fewer than two cells or three sizes are left.
    n_cells, n_sizes
        Number of cells and of sizes of reward that are left.
    excluded
        Cells and sizes that are left out, with the reason.
    """

    template: PopulationTemplate | None
    n_cells: int
    n_sizes: int
    excluded: tuple[Exclusion, ...]


def choose_comparable(
    responses: Responses,
    rng: np.random.Generator,
    *,
    baselines: Mapping[str, float] | None = None,
    shift: float = 0.0,
) -> Comparable:
    """Choose the sizes of reward that most cells had, and the cells that had all of these.

    A size is left out if fewer than half of the cells had it; a cell if it lacks one of the sizes that
    remain, has no two trials alike, or never differs between them.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Breaks ties in the asymmetries that the template takes.
    baselines
        Cell -> mean rate before the event, Hz
        (:func:`~distributional_dopamine.evidence.responses.baseline_rates`): no mean response can be below
        minus that. By default no floor is known.
    shift
        Number by which unexpected responses were shifted when they were pooled, Hz
        (:func:`~distributional_dopamine.evidence.responses.pooling_shift`).

    Returns
    -------
    Comparable
    """
    arrays = to_arrays(responses)
    counts = arrays.counts()
    excluded: list[Exclusion] = []
    there = counts > 0
    common = 2 * there.sum(axis=0) >= arrays.n_cells
    for m in np.flatnonzero(~common):
        n = int(there[:, m].sum())
        reason = f"only {n} of {arrays.n_cells} cells had rewards of this size"
        excluded.append(
            Exclusion("trials", f"size {arrays.magnitudes[m]:g}", reason, int(counts[:, m].sum()))
        )
    kept = np.ones(arrays.n_cells, dtype=bool)
    for c, name in enumerate(arrays.cells):
        reason = _why_not(arrays, c, common)
        if reason:
            kept[c] = False
            excluded.append(Exclusion("unit", name, reason))
    n_cells, n_sizes = int(kept.sum()), int(common.sum())
    if n_cells < 2 or n_sizes < FEWEST_SIZES:
        return Comparable(None, n_cells, n_sizes, tuple(excluded))
    chosen = _only(arrays, kept, common)
    axis = utility_axis(chosen)
    taus = estimate_asymmetry(chosen, axis, rng, estimator="piecewise").asymmetry
    if not np.isfinite(taus).any():
        taus = np.array([0.5])  # so noisy that no cell shows one: models that take them over are symmetric
    lowest = lowest_responses(baselines or {}, shift, chosen.cells)
    return Comparable(make_template(chosen, axis, taus, lowest), n_cells, n_sizes, tuple(excluded))


def _why_not(arrays: ResponseArrays, cell: int, common: BoolArray) -> str:
    counts = arrays.counts()[cell]
    lacking = [f"{arrays.magnitudes[m]:g}" for m in np.flatnonzero(common & (counts == 0))]
    if lacking:
        return f"no reward of size {', '.join(lacking)}"
    repeated, varies = False, False
    for m in np.flatnonzero(common):
        k = cell * arrays.n_magnitudes + m
        chosen = slice(arrays.offsets[k], arrays.offsets[k + 1])
        for kind in (True, False):
            sample = arrays.values[chosen][arrays.expected[chosen] == kind]
            repeated |= sample.size > 1
            varies |= sample.size > 1 and bool(np.ptp(sample) > 0.0)
    if not repeated:
        return "no size of reward was given twice, so that its noise is not known"
    return "" if varies else "its responses to the same reward never differ"


def _only(arrays: ResponseArrays, cells: BoolArray, sizes: BoolArray) -> ResponseArrays:
    """Give the responses of some cells to some sizes."""
    chosen = np.outer(cells, sizes).ravel()
    counts = np.diff(arrays.offsets)
    take = np.repeat(chosen, counts)
    return ResponseArrays(
        tuple(name for name, kept in zip(arrays.cells, cells, strict=True) if kept),
        tuple(size for size, kept in zip(arrays.magnitudes, sizes, strict=True) if kept),
        arrays.values[take],
        np.concatenate(([0], np.cumsum(counts[chosen]))).astype(np.int64),
        arrays.expected[take],
    )
