"""A verdict on cells that answer cues of different probability: whether they rate the middle cue alike.

The statistic is that of :mod:`~distributional_dopamine.evidence.variable_probability`, for any three
probabilities: t, the distance of a cell's answer to the middle cue from where a mean would put it between its
answers to the low and the high cue, in units of its noise; and over cells the variance of t.

Two null models share one code. In ``one_mean`` every cell answers the middle cue where its mean lies. In
``one_curve`` all cells bend alike, by as much as these cells do on the whole: a shared curve from value to
rate moves every t, and the t of loud cells further. In the control each cell holds an expectile, its
asymmetry that of learning rates uniform from 0 to 1. All have the cells' own numbers of trials, answers to
the outer cues, and noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine._checks import count
from distributional_dopamine.evidence.needed import CLEAR, LARGEST, Need, Vary
from distributional_dopamine.evidence.nulls import monte_carlo_p
from distributional_dopamine.evidence.power import Rate, find_crossing
from distributional_dopamine.evidence.variable_probability import place_between, responses_by_cue
from distributional_dopamine.evidence.verdict import ALPHA, FEWEST_CELLS, POWER, critical_value
from distributional_dopamine.recordings.model import Exclusion

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CueModel = Literal["one_mean", "one_curve", "expectiles"]
Kind = Literal["diverse", "alike", "undecided"]

CUE_NULLS: tuple[CueModel, ...] = ("one_mean", "one_curve")
"""Models in which cells do not differ."""

CUE_CONTROL: CueModel = "expectiles"
"""The model in which they do."""


@dataclass(frozen=True, eq=False)
class CueCells:
    """Cells that can be asked.

    Attributes
    ----------
    cells
        Names.
    cues
        Probabilities of the low, the middle and the high cue.
    means
        (n_cells, 3) Mean responses, Hz.
    residuals
        For each cell its three arrays of residuals, Hz: response minus mean, times sqrt(n / (n - 1)).
    counts
        (n_cells, 3) Trials of each cue.
    excluded
        Cells that are left out, with the reason.
    """

    cells: tuple[str, ...]
    cues: tuple[float, float, float]
    means: FloatArray
    residuals: tuple[tuple[FloatArray, ...], ...]
    counts: IntArray
    excluded: tuple[Exclusion, ...]

    @property
    def t(self) -> FloatArray:
        """(n_cells,) t, the noise of the outer cues taken into account."""
        # A residual of n trials carries the factor sqrt(n / (n - 1)), so its mean square is the variance.
        squares = np.array([[(sample**2).mean() for sample in row] for row in self.residuals])
        return t_of_middle(self.means, squares / self.counts, self.cues)


def t_of_middle(means: FloatArray, squares: FloatArray, cues: tuple[float, float, float]) -> FloatArray:
    """Compute t of :func:`~distributional_dopamine.evidence.variable_probability.cue_t_statistics`.

    Parameters
    ----------
    means
        (..., 3) Mean responses to the cues, Hz.
    squares
        (..., 3) Their squared standard errors.
    cues
        Probabilities of the three cues.

    Returns
    -------
    array
        (...,) t, the noise of the outer cues taken into account; NaN where nothing varies.
    """
    w = place_between(cues)
    away = means[..., 1] - (1.0 - w) * means[..., 0] - w * means[..., 2]
    error = squares[..., 1] + (1.0 - w) ** 2 * squares[..., 0] + w**2 * squares[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(means[..., 2] < means[..., 0], -away, away) / np.sqrt(error)
    return np.where(error > 0.0, t, np.nan)


def choose_cues(probabilities: npt.ArrayLike) -> tuple[float, float, float]:
    """Choose the lowest and the highest probability, and of the others that nearest to midway.

    Parameters
    ----------
    probabilities
        (n_cues,) Of reward, between 0 and 1; some may be there more than once.

    Returns
    -------
    low, middle, high : float

    Raises
    ------
    ValueError
        If there are fewer than three.

    Examples
    --------
    >>> choose_cues([0.0, 0.25, 0.5, 1.0])
    (0.0, 0.5, 1.0)
    """
    known = np.unique(np.asarray(probabilities, dtype=np.float64))
    if known.size < 3:
        raise ValueError(f"probabilities must hold three that differ; found {known.tolist()}")
    inner = known[1:-1]
    middle = inner[np.abs(inner - (known[0] + known[-1]) / 2.0).argmin()]
    return float(known[0]), float(middle), float(known[-1])


def choose_cue_cells(responses: pd.DataFrame) -> CueCells:
    """Choose the cells that can be asked, and say why not the others.

    Parameters
    ----------
    responses
        The table of :func:`~distributional_dopamine.evidence.variable_probability.compute_cue_responses`.

    Returns
    -------
    CueCells
        A cell is left out that has fewer than two trials of one of the three cues, or whose responses to one
        of them never differ.

    Raises
    ------
    ValueError
        If there are fewer than three probabilities.
    """
    cues = choose_cues(responses["probability"])
    names, means, residuals, counts, excluded = [], [], [], [], []
    for name, table in responses.groupby("cell", sort=False):
        given = table["probability"].to_numpy()
        trials = [int((np.abs(given - cue) < 1e-6).sum()) for cue in cues]
        few = [f"{n} of {cue:.0%}" for n, cue in zip(trials, cues, strict=True) if n < 2]
        if few:
            reason = f"it takes two trials of each of the three cues; it has {', '.join(few)}"
            excluded.append(Exclusion("unit", str(name), reason))
            continue
        ((_, samples),) = responses_by_cue(table, cues)
        rows = [samples[cue] for cue in cues]
        if any(np.ptp(row) == 0.0 for row in rows):
            excluded.append(Exclusion("unit", str(name), "its responses to one of the cues never differ"))
            continue
        names.append(str(name))
        means.append([row.mean() for row in rows])
        residuals.append(tuple((row - row.mean()) * np.sqrt(row.size / (row.size - 1)) for row in rows))
        counts.append(trials)
    return CueCells(
        tuple(names),
        cues,
        np.array(means).reshape(-1, 3),
        tuple(residuals),
        np.array(counts, dtype=np.int64).reshape(-1, 3),
        tuple(excluded),
    )


def _places(chosen: CueCells, model: CueModel, n: int, n_cells: int, rng: np.random.Generator) -> FloatArray:
    """Give where the middle cue lies between the others, in (n, n_cells) simulated cells."""
    w = place_between(chosen.cues)
    if model == "one_mean":
        return np.full((n, n_cells), w)
    if model == "one_curve":
        span = chosen.means[:, 2] - chosen.means[:, 0]
        way = chosen.means[:, 1] - chosen.means[:, 0]
        return np.full((n, n_cells), float(span @ way / (span @ span)))
    rates = rng.random((2, n, n_cells))
    tau = rates[0] / rates.sum(axis=0)
    low, middle, high = (tau * p / (tau * p + (1.0 - tau) * (1.0 - p)) for p in chosen.cues)
    return np.asarray((middle - low) / (high - low))


def simulate_spread(
    chosen: CueCells,
    model: CueModel,
    rng: np.random.Generator,
    *,
    n_simulations: int = 999,
    n_cells: int | None = None,
    trials_factor: float = 1.0,
) -> FloatArray:
    """Compute the variance of t for many simulated populations.

    Parameters
    ----------
    chosen
        Whose trials, answers to the outer cues, and noise are taken over.
    model
        ``one_mean``, ``one_curve`` or ``expectiles``.
    rng
        Draws noise, asymmetries, and the cells of another number of them.
    n_simulations
        Number of populations.
    n_cells
        Number of cells of each, drawn from these with replacement; by default these.
    trials_factor
        Trials of each cue, relative to these; at least two are left.

    Returns
    -------
    array
        (n_simulations,) variance over cells.

    Raises
    ------
    ValueError
        If the model is unknown.
    """
    if model not in get_args(CueModel):
        raise ValueError(f"model must be one of {', '.join(get_args(CueModel))}; found {model!r}")
    n = count("n_simulations", n_simulations)
    which = np.arange(len(chosen.cells))
    if n_cells is not None:
        which = rng.integers(which.size, size=count("n_cells", n_cells))
    places = _places(chosen, model, n, which.size, rng)
    outer = chosen.means[which]
    truth = np.stack(
        [
            np.broadcast_to(outer[:, 0], places.shape),
            outer[:, 0] + places * (outer[:, 2] - outer[:, 0]),
            np.broadcast_to(outer[:, 2], places.shape),
        ],
        axis=-1,
    )
    means, squares = np.empty(truth.shape), np.empty(truth.shape)
    for i, c in enumerate(which):
        for k, own in enumerate(chosen.residuals[c]):
            trials = max(2, round(trials_factor * own.size))
            drawn = own[rng.integers(own.size, size=(n, trials))]
            means[:, i, k] = truth[:, i, k] + drawn.mean(axis=1)
            squares[:, i, k] = drawn.var(axis=1, ddof=1) / trials
    return _variance(t_of_middle(means, squares, chosen.cues))


def _variance(t: FloatArray) -> FloatArray:
    """Give the variance along the last axis of what is finite; NaN of fewer than two."""
    there = np.isfinite(t)
    n = there.sum(axis=-1)
    known = np.where(there, t, 0.0)
    mean = known.sum(axis=-1) / np.maximum(n, 1)
    squares = np.where(there, (known - mean[..., None]) ** 2, 0.0).sum(axis=-1)
    return np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan)


@dataclass(frozen=True)
class CueVerdict:
    """What cells that answer cues of different probability say.

    Attributes
    ----------
    kind
        ``diverse``, ``alike`` or ``undecided``.
    variance
        Of t over cells; NaN where nothing was asked.
    p_under
        Null model -> share of its populations with at least this variance, the cells counted among them.
    hardest
        The null model of the largest share.
    needed
        Smallest variance that would be a yes.
    power
        Share of populations of the control that would get a yes, with its 95 % interval.
    n_cells
        Number of cells.
    n_simulations
        Populations of each model; 0 where nothing was asked.
    """

    kind: Kind
    variance: float
    p_under: Mapping[str, float]
    hardest: str
    needed: float
    power: Rate
    n_cells: int
    n_simulations: int

    @property
    def p(self) -> float:
        """Share under the hardest null model."""
        return self.p_under.get(self.hardest, float("nan"))

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        return {
            "diverse": "The cells rate the middle cue differently, as optimists and pessimists would",
            "alike": "The cells rate the middle cue alike, as one shared code would",
            "undecided": "Too little to tell",
        }[self.kind]

    def reasons(self) -> str:
        """Say why, in a few sentences."""
        if not self.n_simulations:
            return (
                f"Cells with two trials or more of each of the three cues: {self.n_cells}. It takes at least "
                f"{FEWEST_CELLS}, so nothing was asked of them."
            )
        found = f"variance of t {self.variance:.2f}, P = {self.p:.3g} under the harder null model"
        if self.kind == "diverse":
            return (
                f"Answers to the middle cue lie further from cell to cell than noise and one shared code "
                f"would have them ({found}). Asymmetric learning does that; so does anything else that bends "
                "cells differently, such as a rate that cannot fall further in some."
            )
        power = f"power {self.power.share:.2f}"
        if self.kind == "alike":
            return (
                f"Answers to the middle cue are no further apart than noise and one shared code have them "
                f"({found}), though cells that each hold an expectile would have shown it ({power})."
            )
        return (
            f"Answers to the middle cue are not clearly further apart than noise and one shared code have "
            f"them ({found}), but cells that each hold an expectile might well not have shown it ({power})."
        )


def judge_cues(
    chosen: CueCells, rng: np.random.Generator, *, n_simulations: int = 999
) -> tuple[CueVerdict, dict[str, FloatArray]]:
    """Give the verdict: yes at a P of ``ALPHA`` under both nulls; a no counts with a power of ``POWER``.

    Parameters
    ----------
    chosen
        The cells.
    rng
        Draws everything.
    n_simulations
        Simulated populations of each of three models; at least 99.

    Returns
    -------
    verdict : CueVerdict
    simulated : dict
        Model -> variance of t of its populations; empty where there are too few cells.
    """
    n = count("n_simulations", n_simulations, minimum=round(1 / ALPHA) - 1)
    n_cells, nan = len(chosen.cells), float("nan")
    if n_cells < FEWEST_CELLS:
        nothing = Rate(nan, nan, nan, 0)
        return CueVerdict("undecided", nan, MappingProxyType({}), CUE_NULLS[0], nan, nothing, n_cells, 0), {}
    simulated: dict[str, FloatArray] = {
        model: simulate_spread(chosen, model, rng, n_simulations=n) for model in get_args(CueModel)
    }
    variance = float(_variance(chosen.t))
    p_under: dict[str, float] = {model: monte_carlo_p(variance, simulated[model]) for model in CUE_NULLS}
    levels = {model: critical_value(simulated[model]) for model in CUE_NULLS}
    hardest: str = max(CUE_NULLS, key=lambda model: (p_under[model], levels[model]))
    needed = max(levels.values())
    hits = int((simulated[CUE_CONTROL] >= needed).sum())
    power = Rate.of_hits(hits, n)
    kind: Kind = "undecided"
    if p_under[hardest] <= ALPHA:
        kind = "diverse"
    elif power.share >= POWER:
        kind = "alike"
    return (
        CueVerdict(kind, variance, MappingProxyType(p_under), hardest, needed, power, n_cells, n),
        simulated,
    )


def find_cue_need(
    chosen: CueCells,
    rng: np.random.Generator,
    *,
    vary: Vary = "cells",
    n_simulations: int = 199,
) -> Need:
    """Find how many cells, or trials of each cue, would answer the question with enough power.

    Parameters
    ----------
    chosen
        The cells.
    rng
        Draws everything.
    vary
        ``cells``: their number, drawn with replacement from these; ``trials``: of each cell and cue.
    n_simulations
        Populations of each of three models at every size; at least 99.

    Returns
    -------
    Need
    """
    n = count("n_simulations", n_simulations, minimum=round(1 / ALPHA) - 1)
    trials = float(chosen.counts.mean())
    last = LARGEST[vary]
    size = 2 * FEWEST_CELLS if vary == "cells" else 4
    rows: list[dict[str, float]] = []
    while True:
        n_cells, factor = (size, 1.0) if vary == "cells" else (None, size / trials)
        spreads = {
            model: simulate_spread(chosen, model, rng, n_simulations=n, n_cells=n_cells, trials_factor=factor)
            for model in get_args(CueModel)
        }
        level = max(critical_value(spreads[model]) for model in CUE_NULLS)
        hits = int((spreads[CUE_CONTROL] >= level).sum())
        rows.append({"size": size, "hits": hits, "n": n})
        if size == last or hits / n >= CLEAR:
            break
        size = min(2 * size, last)
    searched = pd.DataFrame(rows)
    crossing = find_crossing(searched["size"], searched["hits"], searched["n"], wanted=POWER)
    reached = bool(crossing.size <= last)
    return Need(
        question="cells differ in optimism",
        vary=vary,
        now=float(len(chosen.cells)) if vary == "cells" else trials,
        size=max(crossing.size, float(searched["size"].min())) if reached else float(last),
        low=crossing.low,
        high=crossing.high,
        largest=last,
        reached=reached,
        searched=searched,
        of="cue",
    )
