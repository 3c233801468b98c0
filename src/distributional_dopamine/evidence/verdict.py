"""A verdict on recorded cells: in plain words, by a rule that is stated before they are looked at.

Two questions are asked. Each has one statistic, a correlation over cells with the piecewise estimate of the
reversal point, the median over random splits of the trials into halves:

1. *Do the cells differ for good?* Reversal points of one half against those of the other; the null is
   classical TD, in which all cells share one value.
2. *Does asymmetry follow the reversal point?* Asymmetry in one half against reversal points of the other;
   the nulls are all those of :data:`VERDICT_NULLS`: the hardest counts.

A *yes* is a Monte Carlo P of at most ``ALPHA``. A *no* counts only where cells for which yes is right would
have got it with a power of at least ``POWER``; these are, for both questions, cells of distributional TD with
rates uniform from 0 to 1, and for the first one also symmetric cells with the same reversal points.

The verdict:

- second question yes: as distributional TD, whatever the first says;
- first yes, second no: the cells differ, but not as in distributional TD;
- first no, second not yes: as classical TD;
- and where the no that is needed does not count, or there are too few cells: too little to tell.

All simulated populations have the trials, gains and noise of the cells in question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine._checks import count
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.nulls import (
    CONTROLS,
    NULLS,
    make_cells,
    monte_carlo_p,
    respond_about_learned_values,
)
from distributional_dopamine.evidence.power import Rate
from distributional_dopamine.evidence.regression import correlate_rows, median_of_finite
from distributional_dopamine.evidence.replication import replicate_each
from distributional_dopamine.evidence.responses import Responses, to_arrays, utility_axis
from distributional_dopamine.evidence.reversal_points import TIE_NOISE, estimator_code
from distributional_dopamine.evidence.simulated_responses import Model, PopulationTemplate

FloatArray = npt.NDArray[np.float64]
Kind = Literal["classical", "constant", "distributional", "undecided"]
Answer = Literal["yes", "no", "cannot tell"]

ALPHA = 0.01
"""P at or below which the answer to a question is yes."""

POWER = 0.8
"""Power at or above which a no counts."""

FEWEST_CELLS = 5
"""A correlation over fewer cells is not asked for."""

FEWEST_SIZES = 3
"""A line through fewer sizes of reward has no bend."""

N_SPLITS = 20
"""Random splits of each population into halves, the recorded one as the simulated ones."""

DIFFER, FOLLOW = "the cells differ for good", "asymmetry follows the reversal point"
"""The two questions."""


def _same_reversal_points(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draw cells that reverse where those of distributional TD do, and are symmetric."""
    rates = rng.random((2, template.arrays.n_cells))
    return make_cells(template, learning_asymmetry=rates[0] / rates.sum(axis=0))


def _fitted_constants(template: PopulationTemplate, _rng: np.random.Generator) -> dict[str, FloatArray]:
    return {"gain": template.constants.gain, "offset": template.constants.constant}


def _respond_above_zero(
    _cells: Mapping[str, FloatArray], template: PopulationTemplate, _rng: np.random.Generator
) -> dict[str, FloatArray]:
    return {"mean": template.constants.means()}


FLOORED = "constants_above_zero"
"""The null model of :mod:`~distributional_dopamine.evidence.constants`: each cell's own slope and constant,
and no rate below zero."""

VERDICT_NULLS: Mapping[str, Model] = MappingProxyType(
    {**NULLS, FLOORED: Model(_fitted_constants, _respond_above_zero)}
)
"""The null models of the book, and ``FLOORED``: without it, cells that differ by constants large beside their
baseline rates would be taken for distributional TD."""

REFERENCE = "distributional_uniform"
"""The model for which yes is right to both questions."""

SYMMETRIC = "same_reversal_points"
"""The model for which yes is right to the first question only."""

VERDICT_MODELS: Mapping[str, Model] = MappingProxyType(
    {**VERDICT_NULLS, **CONTROLS, SYMMETRIC: Model(_same_reversal_points, respond_about_learned_values)}
)
"""Everything that a verdict needs simulated."""

NULLS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {DIFFER: ("classical_bootstrap",), FOLLOW: tuple(VERDICT_NULLS)}
)
"""Question -> the models for which no is right."""

CONTROLS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {DIFFER: (REFERENCE, SYMMETRIC), FOLLOW: (REFERENCE,)}
)
"""Question -> the models whose power lets a no count."""


@dataclass(frozen=True)
class Statistics:
    """What the two questions are asked of.

    Attributes
    ----------
    differ
        Pearson r over cells between the reversal points of two random halves of the trials, the median over
        splits; NaN where no split leaves three cells.
    follow
        Pearson r over cells between the asymmetries of the second half, about its own reversal points, and
        the reversal points of the first; the median over splits.
    n_differ, n_follow
        Median over splits of the number of cells that both estimates could be made of.
    """

    differ: float
    follow: float
    n_differ: float
    n_follow: float


@dataclass(frozen=True)
class Question:
    """One question, and what the simulations say to it.

    Attributes
    ----------
    name
        What a yes says.
    statistic
        Of the cells in question.
    n_cells
        Median over splits of the number of cells in it.
    p_under
        Null model -> share of its populations with a statistic at least as large, the cells in question
        counted among them.
    p
        The largest of these; NaN where the statistic cannot be computed.
    hardest
        The null model that gives it.
    needed
        Smallest statistic that would be a yes.
    power
        Control -> share of its populations that would get a yes, with its 95 % interval.
    answer
        ``yes``; ``no`` if all powers are at least ``POWER``; else ``cannot tell``.
    """

    name: str
    statistic: float
    n_cells: float
    p_under: Mapping[str, float]
    p: float
    hardest: str
    needed: float
    power: Mapping[str, Rate]
    answer: Answer

    @property
    def least_power(self) -> float:
        """Power under the control that is hardest to recognise."""
        return min((rate.share for rate in self.power.values()), default=float("nan"))


@dataclass(frozen=True)
class Verdict:
    """What recorded cells say, by the rule of this module.

    Attributes
    ----------
    kind
        ``classical``, ``constant``, ``distributional`` or ``undecided``.
    differ, follow
        The two questions.
    p_excess
        For a population as distributional TD: share of populations of distributional TD, with asymmetries as
        they were measured, whose reversal points return at least as well. If at most ``ALPHA``, the cells
        differ more than the theory says. NaN where the statistic cannot be computed.
    n_cells
        Number of cells that went into it.
    n_simulations
        Simulated populations of each model; 0 where nothing was asked.
    n_sizes
        Number of sizes of reward, where there are too few; else 0.
    """

    kind: Kind
    differ: Question
    follow: Question
    p_excess: float
    n_cells: int
    n_simulations: int
    n_sizes: int = 0

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        if self.kind == "undecided" and self.differ.answer == "yes":
            return "The cells differ for good; there is too little to tell why"
        return {
            "classical": "As classical TD: one prediction, shared by all cells",
            "constant": "The cells differ for good, as by a constant each, not as in distributional TD",
            "distributional": "As distributional TD: cells that reverse later are the steeper ones above",
            "undecided": "Too little to tell",
        }[self.kind]

    @property
    def lacking(self) -> tuple[str, ...]:
        """Names of the questions for whose answer there is too little, among those that the verdict needs."""
        if self.kind != "undecided":
            return ()
        return (self.follow.name,) if self.differ.answer == "yes" else (self.differ.name,)

    def in_words(self) -> str:
        """Say it in a few sentences."""
        return f"{self.headline}. {self.reasons()}"

    def reasons(self) -> str:
        """Say why, in a few sentences."""
        if self.n_simulations == 0:
            return (
                f"{_cells(self.n_cells)} with {self.n_sizes} sizes of reward in common can be compared; it "
                f"takes at least {FEWEST_CELLS} cells and {FEWEST_SIZES} sizes, so nothing was asked of them."
            )
        return " ".join([self._on_differing(), self._on_following(), *self._on_excess()])

    def _on_differing(self) -> str:
        question = self.differ
        found = f"r = {question.statistic:.2f}, P = {question.p:.3g} under classical TD".replace("-", "−")
        if question.answer == "yes":
            return (
                f"Reversal points of one half of the trials return in the other ({found}): "
                "cells differ for good."
            )
        if not np.isfinite(question.statistic):
            return "Reversal points could be found in both halves of the trials for too few cells."
        if question.answer == "no":
            return (
                f"Reversal points of one half of the trials do not return in the other ({found}), though "
                "cells that differ as distributional TD makes them would have shown it "
                f"({_power(question)})."
            )
        return (
            f"Reversal points of one half of the trials do not clearly return in the other ({found}), but "
            "cells that differ as distributional TD makes them might well not have shown it "
            f"({_power(question)})."
        )

    def _on_following(self) -> str:
        question = self.follow
        if not np.isfinite(question.statistic):
            return "Asymmetries could be estimated of too few cells to compare them with reversal points."
        found = f"r = {question.statistic:.2f}, P = {question.p:.3g} under the hardest null model".replace(
            "-", "−"
        )
        if question.answer == "yes":
            return (
                "Cells that reverse later are steeper above their reversal point, in trials of their own "
                f"({found}): so do cells that learn a distribution, and hardly any of the null models."
            )
        if question.answer == "no":
            return (
                f"Asymmetry does not follow the reversal point in trials of its own ({found}), though in "
                f"distributional TD it would have been seen to ({_power(question)})."
            )
        return (
            f"Asymmetry does not clearly follow the reversal point in trials of its own ({found}), but with "
            f"these cells and trials that might well be missed in distributional TD too ({_power(question)})."
        )

    def _on_excess(self) -> list[str]:
        if self.kind != "distributional" or not self.p_excess <= ALPHA:
            return []
        return [
            "The cells differ more than distributional TD with these asymmetries makes them "
            f"(P = {self.p_excess:.3g}): something else, such as a constant of each cell, is there as well."
        ]


def _cells(number: int) -> str:
    return {0: "No cell", 1: "One cell"}.get(number, f"{number} cells")


def _power(question: Question) -> str:
    return f"power {question.least_power:.2f}"


def verdict_statistics(
    responses: Responses, rng: np.random.Generator, *, n_splits: int = N_SPLITS
) -> Statistics:
    """Compute what the two questions are asked of.

    Parameters
    ----------
    responses
        Pooled responses; every magnitude of every cell.
    rng
        Draws the halves.
    n_splits
        Number of random splits.

    Returns
    -------
    Statistics
        From the same splits as
        :func:`~distributional_dopamine.evidence.asymmetry.asymmetry_against_reversal` draws; both at once,
        since thousands of simulated populations are asked.
    """
    arrays = to_arrays(responses)
    points, places, slopes = _compiled.reversal_and_slopes_of_halves(
        arrays.values,
        arrays.offsets,
        utility_axis(arrays),
        estimator_code("piecewise"),
        count("n_splits", n_splits),
        TIE_NOISE,
        rng,
    )
    within = (places == 0).all(axis=1)
    steep = within & (slopes > 0.0).all(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = slopes[:, :, 0] / slopes.sum(axis=2)
    differ, _, n_differ = correlate_rows(np.where(within, points[:, 0], np.nan), points[:, 1])
    follow, _, n_follow = correlate_rows(np.where(steep, points[:, 0], np.nan), tau)
    return Statistics(
        median_of_finite(differ),
        median_of_finite(follow),
        median_of_finite(n_differ),
        median_of_finite(n_follow),
    )


def simulate_verdict(
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    models: Mapping[str, Model] = VERDICT_MODELS,
    n_simulations: int = 999,
    n_splits: int = N_SPLITS,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Compute the statistics of the two questions for many populations of every model.

    Parameters
    ----------
    template
        The trials, gains and noise of the cells in question.
    rng
        Source of one independent generator a simulation.
    models
        Name -> model.
    n_simulations
        Populations a model; at least 99 for a P of 0.01.
    n_splits
        Random splits of each, as many as of the cells in question.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    pandas.DataFrame
        One row a model and simulation: ``model``, ``differ``, ``follow``, ``n_differ``, ``n_follow``.
    """
    tasks = {name: _OnePopulation(model, template, n_splits) for name, model in models.items()}
    done = replicate_each(tasks, n_simulations, rng, n_workers=n_workers, scheduler=scheduler)
    tables = []
    for name, found in done.items():
        table = pd.DataFrame(found)
        table.insert(0, "model", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class _OnePopulation:
    """The statistics of one simulated population; a class, so that it can be sent to another process."""

    model: Model
    template: PopulationTemplate
    n_splits: int

    def __call__(self, rng: np.random.Generator) -> Statistics:
        return verdict_statistics(self.model(self.template, rng).responses, rng, n_splits=self.n_splits)


def decide(found: Statistics, simulated: pd.DataFrame, n_cells: int) -> Verdict:
    """Apply the rule: from the statistics of cells and those of simulated populations to a verdict.

    Parameters
    ----------
    found
        Of the cells in question.
    simulated
        Of populations with their trials, gains and noise, from :func:`simulate_verdict`, all models.
    n_cells
        Number of cells in question.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If a model is missing, or there are too few simulations for any P to be small enough.
    """
    of_model = {str(name): table for name, table in simulated.groupby("model", sort=False)}
    missing = [name for name in VERDICT_MODELS if name not in of_model]
    if missing:
        raise ValueError(f"simulated must hold every model of VERDICT_MODELS; missing: {', '.join(missing)}")
    n = min(len(table) for table in of_model.values())
    if 1 / (1 + n) > ALPHA:
        raise ValueError(
            f"simulated must hold at least {round(1 / ALPHA) - 1} populations a model; found {n}"
        )
    differ = _ask(DIFFER, "differ", found.differ, found.n_differ, of_model)
    follow = _ask(FOLLOW, "follow", found.follow, found.n_follow, of_model)
    measured = of_model["distributional_measured"]["differ"]
    excess = monte_carlo_p(found.differ, measured) if np.isfinite(found.differ) else float("nan")
    return Verdict(_kind(differ, follow), differ, follow, excess, n_cells, n)


def _ask(
    name: str, column: str, statistic: float, n_cells: float, of_model: Mapping[str, pd.DataFrame]
) -> Question:
    asked = np.isfinite(statistic) and n_cells >= FEWEST_CELLS
    p_under = {
        model: monte_carlo_p(statistic, of_model[model][column]) if asked else float("nan")
        for model in NULLS_OF[name]
    }
    needed = {model: critical_value(of_model[model][column].to_numpy()) for model in NULLS_OF[name]}
    # The statistic that the hardest null needs, and among equal P values the null that needs most.
    hardest = max(p_under, key=lambda model: (p_under[model] if asked else 0.0, needed[model]))
    level = max(needed.values())
    power = {model: _share_above(of_model[model], column, level) for model in CONTROLS_OF[name]}
    p = p_under[hardest]
    answer: Answer = "cannot tell"
    if asked and p <= ALPHA:
        answer = "yes"
    elif asked and min(rate.share for rate in power.values()) >= POWER:
        answer = "no"
    return Question(
        name,
        statistic if asked else float("nan"),
        n_cells,
        MappingProxyType(p_under),
        p,
        hardest,
        level,
        MappingProxyType(power),
        answer,
    )


def critical_value(null: FloatArray) -> float:
    """Give the smallest statistic that is a yes: its Monte Carlo P under a null is at most ``ALPHA``.

    Parameters
    ----------
    null
        (n,) The statistic of populations of the null model, n at least 99; NaN counts as not larger.

    Returns
    -------
    float
    """
    values = np.sort(np.where(np.isfinite(null), null, -np.inf))[::-1]
    allowed = int(np.floor(ALPHA * (1 + values.size) + 1e-9)) - 1  # simulations that may be as large
    return float(np.nextafter(values[allowed], np.inf))


def _share_above(table: pd.DataFrame, column: str, level: float) -> Rate:
    enough = table[f"n_{column}"] >= FEWEST_CELLS
    hits = int(((table[column] >= level) & enough).sum())
    return Rate.of_hits(hits, len(table))


def _kind(differ: Question, follow: Question) -> Kind:
    if follow.answer == "yes":
        return "distributional"
    if differ.answer == "yes":
        return "constant" if follow.answer == "no" else "undecided"
    return "classical" if differ.answer == "no" else "undecided"


def too_few(n_cells: int, n_sizes: int) -> Verdict:
    """Give the verdict on cells so few that nothing is asked of them.

    Parameters
    ----------
    n_cells
        Number of cells that can be compared.
    n_sizes
        Number of sizes of reward that they share.

    Returns
    -------
    Verdict
        ``undecided``.
    """
    nan = float("nan")
    differ, follow = (
        Question(
            name,
            nan,
            0.0,
            MappingProxyType({}),
            nan,
            NULLS_OF[name][0],
            nan,
            MappingProxyType({}),
            "cannot tell",
        )
        for name in (DIFFER, FOLLOW)
    )
    return Verdict("undecided", differ, follow, nan, n_cells, 0, n_sizes)


def judge(
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    n_simulations: int = 999,
    n_splits: int = N_SPLITS,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> tuple[Verdict, pd.DataFrame]:
    """Give the verdict on the cells of a template.

    Parameters
    ----------
    template
        Of the recorded cells, from
        :func:`~distributional_dopamine.evidence.simulated_responses.make_template`, with the asymmetries of
        the piecewise estimate.
    rng
        Draws halves and simulations.
    n_simulations
        Simulated populations of each of ten models; at least 99.
    n_splits
        Random splits of each.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    verdict : Verdict
    simulated : pandas.DataFrame
        The statistics of the simulated populations, see :func:`simulate_verdict`.
    """
    found = verdict_statistics(template.arrays, rng, n_splits=n_splits)
    simulated = simulate_verdict(
        template,
        rng,
        n_simulations=n_simulations,
        n_splits=n_splits,
        n_workers=n_workers,
        scheduler=scheduler,
    )
    return decide(found, simulated, template.arrays.n_cells), simulated
