"""How many cells, or trials, a test needs: power, false-positive rates, and the plan of an experiment.

Power has no formula here, since every test works on estimates whose noise depends on the trials, the gains
and the values of the cells. So an experiment that has not been done is simulated: a template, of recorded
cells or of cells described by a few numbers, is brought to another size (``resample_template``), a model says
how its cells respond, and the tests of the evidence run on them as on recordings. ``plan`` searches for the
smallest design that is large enough, and asks at that design how often the test is wrong.

Uncertainty of the simulation itself is given throughout: exact binomial intervals for shares, and the
profile likelihood of a probit curve for the size at which the curve crosses the power that is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from distributional_dopamine._checks import count, finite_array, non_negative, probabilities, unit_interval
from distributional_dopamine.evidence.asymmetry import estimate_asymmetry
from distributional_dopamine.evidence.constants import ConstantCells, shares_of_kinds
from distributional_dopamine.evidence.diagnostics import TESTS, DiagnosticTest
from distributional_dopamine.evidence.nulls import (
    CONTROLS,
    NULLS,
    make_cells,
    respond_about_learned_values,
    share_significant,
    simulate_tests,
)
from distributional_dopamine.evidence.replication import replicate
from distributional_dopamine.evidence.responses import ResponseArrays, utility_axis
from distributional_dopamine.evidence.reversal_points import Estimator
from distributional_dopamine.evidence.simulated_responses import Model, PopulationTemplate, SimulatedResponses
from distributional_dopamine.recordings.model import MAGNITUDES
from distributional_dopamine.tasks import utility

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Vary = Literal["cells", "trials"]
Verdict = Literal["diagnostic", "inflated", "not diagnostic", "not asked"]

PLANNED_TESTS: Mapping[str, DiagnosticTest] = {
    name: TESTS[name]
    for name in (
        "asymmetry.piecewise",
        "asymmetry.counting",
        "held_out_sign",
        "opposite_signs",
        "split_half.piecewise",
    )
}
"""Tests that an experimenter might plan for, and one to be warned of (the last)."""

EXTREME_ASYMMETRY = 0.98
"""Asymmetries that are stretched are kept between one minus this and this."""

_LEAST_TRIALS = 2  # of a condition: one for each half
_HERTZ_PER_UTILITY = 5.0  # steepness of the default axis; gives the range of a recorded population
_GAUSSIAN_POOL = special.ndtri((np.arange(101) + 0.5) / 101)  # residuals of a cell that was never recorded
_REFITS = 5  # times that the designs near a crossing are chosen anew
_LARGEST = {"cells": 320, "trials": 128}
_SMALLEST = {"cells": 10, "trials": 4}


@dataclass(frozen=True)
class Rate:
    """A share of simulations, and how well so many simulations know it.

    Attributes
    ----------
    share
        Number of hits / ``n``.
    low, high
        95 % interval (Clopper & Pearson).
    n
        Number of simulations.
    """

    share: float
    low: float
    high: float
    n: int

    @classmethod
    def of_hits(cls, hits: int, n: int) -> Rate:
        """Give the share that so many hits among ``n`` simulations are, with its interval."""
        interval = stats.binomtest(hits, n).proportion_ci(0.95)
        return cls(hits / n, float(interval.low), float(interval.high), n)


@dataclass(frozen=True)
class Crossing:
    """Where a curve of power reaches the power that is wanted.

    Attributes
    ----------
    size
        The size of greatest likelihood.
    low, high
        Interval, nominally 95 % (94 % of 250 plans of a test of known power held the truth): sizes whose
        profile log likelihood is within half the 95 % quantile of chi-squared (one degree of freedom) of the
        greatest; 0 and infinity where the simulations set no such bound.
    """

    size: float
    low: float
    high: float


@dataclass(frozen=True)
class Diversity:
    """How diverse the asymmetries of cells must truly be to look as diverse as they do.

    Attributes
    ----------
    factor
        The measured asymmetries, drawn towards one half by this factor, give simulated populations whose
        estimates have the observed standard deviation in the median.
    low, high
        Factors at which the observed standard deviation is the 97.5 and the 2.5 % quantile of the simulated
        ones: a 95 % interval.
    sd
        Standard deviation of the true asymmetries at ``factor``.
    curve
        One row a factor: ``factor``, ``low``, ``median``, ``high`` of the simulated standard deviations.
    """

    factor: float
    low: float
    high: float
    sd: float
    curve: pd.DataFrame = field(repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class Plan:
    """What an experiment needs for one test.

    Attributes
    ----------
    test
        Its name.
    vary
        What was searched over: ``cells``, or ``trials`` (a cell and reward size, their mean).
    wanted
        The power that is wanted.
    alpha
        P below which the test is significant.
    reached
        Whether the power is reached within ``largest``.
    size
        The smallest number that reaches it, or ``largest``.
    low, high
        95 % interval of that number for the Monte Carlo error of the search (see :class:`Crossing`).
    smallest, largest
        Ends of the search.
    power
        Share of significant populations at ``size``, by simulations that had no part in the search.
    null_rates
        Null model -> share of significant populations of that model at ``size``: false positives.
    searched
        One row a design that the search looked at: ``size``, ``hits``, ``n``.
    """

    test: str
    vary: Vary
    wanted: float
    alpha: float
    reached: bool
    size: int
    low: float
    high: float
    smallest: int
    largest: int
    power: Rate
    null_rates: Mapping[str, Rate]
    searched: pd.DataFrame = field(repr=False)

    @property
    def worst_null(self) -> str:
        """Name of the null model that most often passes the test; empty if none was asked."""
        return max(self.null_rates, key=lambda name: self.null_rates[name].share, default="")

    @property
    def verdict(self) -> Verdict:
        """Whether a significant result would mean what it says.

        ``not diagnostic`` where some null model passes clearly more often than twice alpha (the whole
        interval above it), ``inflated`` where one passes clearly more often than alpha, else ``diagnostic``.
        """
        if not self.null_rates:
            return "not asked"
        highest = max(rate.low for rate in self.null_rates.values())
        if highest > 2.0 * self.alpha:
            return "not diagnostic"
        return "inflated" if highest > self.alpha else "diagnostic"

    def in_words(self) -> str:
        """Say it in a sentence or two."""
        unit = self.vary if self.vary == "cells" else "trials a cell and reward size"
        power = f"{self.power.share:.2f}, {self.power.low:.2f} to {self.power.high:.2f}"
        if not self.reached:
            found = (
                f"a power of {self.wanted:g} is not reachable below {self.largest} {unit} (there: {power})"
            )
            if self.low < self.largest:
                found += f", or only just (interval from {self.low:.0f})"
        elif self.size <= self.smallest:
            found = f"{self.size} {unit}, the fewest looked at, are enough (power there: {power})"
        else:
            high = f"{self.high:.0f}" if np.isfinite(self.high) else "no bound"
            found = (
                f"{self.size} {unit} (interval {self.low:.0f} to {high}) for a power of {self.wanted:g} "
                f"(there: {power})"
            )
        if not self.null_rates:
            return f"{self.test}: {found}."
        worst = self.null_rates[self.worst_null]
        return (
            f"{self.test}: {found}. At that design up to {worst.share:.0%} ({worst.low:.0%} to "
            f"{worst.high:.0%}) of populations without the code pass ({self.worst_null}): {self.verdict}."
        )


@dataclass(frozen=True)
class Redesigned(Model):
    """A model whose every simulation has cells, trials, noise or diversity other than the template's.

    Attributes
    ----------
    n_cells, trials_factor, noise_factor, diversity_factor
        See :func:`resample_template`.
    """

    n_cells: int | None = None
    trials_factor: float = 1.0
    noise_factor: float = 1.0
    diversity_factor: float = 1.0

    def __call__(self, template: PopulationTemplate, rng: np.random.Generator) -> SimulatedResponses:
        """Simulate one population of the other design; see :class:`Model`."""
        other = resample_template(
            template,
            rng,
            n_cells=self.n_cells,
            trials_factor=self.trials_factor,
            noise_factor=self.noise_factor,
            diversity_factor=self.diversity_factor,
        )
        return super().__call__(other, rng)


def redesign(
    model: Model,
    *,
    n_cells: int | None = None,
    trials_factor: float = 1.0,
    noise_factor: float = 1.0,
    diversity_factor: float = 1.0,
) -> Redesigned:
    """Give a model for another design than the template's; each simulation draws its cells anew.

    Parameters
    ----------
    model
        A null model, a positive control, or one's own.
    n_cells, trials_factor, noise_factor, diversity_factor
        See :func:`resample_template`.

    Returns
    -------
    Redesigned
    """
    return Redesigned(
        model.draw_cells,
        model.respond,
        model.noise,
        n_cells=n_cells,
        trials_factor=trials_factor,
        noise_factor=noise_factor,
        diversity_factor=diversity_factor,
    )


def resample_template(
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    n_cells: int | None = None,
    trials_factor: float = 1.0,
    noise_factor: float = 1.0,
    diversity_factor: float = 1.0,
) -> PopulationTemplate:
    """Bring a template to another number of cells, of trials, another noise or another diversity.

    Parameters
    ----------
    template
        Of recorded cells, or of :func:`design_population`.
    rng
        Draws the cells, rounds the numbers of trials, and draws the responses of the new template.
    n_cells
        Number of cells, drawn with replacement from the template's; by default its cells as they are.
    trials_factor
        Multiplies the number of trials of every condition (cell, magnitude, expected or not). Fractions are
        rounded up or down at random, so that the mean is right. A magnitude keeps two trials of a cell (or
        its one), so that there are halves.
    noise_factor
        Multiplies the residuals.
    diversity_factor
        Multiplies the distances of the asymmetries from one half: 0 makes them all one half. A factor above 1
        is kept from making them more extreme than 0.02 and 0.98.

    Returns
    -------
    PopulationTemplate

    Raises
    ------
    ValueError
        If ``n_cells`` is below one, a factor negative or ``trials_factor`` zero.
    """
    arrays = template.arrays
    trials = non_negative("trials_factor", trials_factor)
    noise = non_negative("noise_factor", noise_factor)
    diversity = non_negative("diversity_factor", diversity_factor)
    if trials == 0.0:
        raise ValueError("trials_factor must be above 0, found 0: there would be no trials")
    if n_cells is None:
        chosen = np.arange(arrays.n_cells)
        names = arrays.cells
    else:
        chosen = rng.integers(arrays.n_cells, size=count("n_cells", n_cells))
        names = tuple(f"{i + 1}: {arrays.cells[c]}" for i, c in enumerate(chosen))

    counts = _scale_counts(_counts_by_kind(arrays)[chosen], trials, rng)
    per_condition = counts.sum(axis=2)
    starts, sizes = template.residual_offsets[:-1][chosen], np.diff(template.residual_offsets)[chosen]
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    take = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
    residuals = noise * template.residuals[take]

    n_trials = per_condition.sum(axis=1)
    drawn = (rng.random(n_trials.sum()) * np.repeat(sizes, n_trials)).astype(np.int64)
    values = np.repeat(arrays.means()[chosen].ravel(), per_condition.ravel())
    values = values + residuals[np.repeat(offsets[:-1], n_trials) + drawn]

    taus = 0.5 + diversity * (template.taus - 0.5)
    if diversity > 1.0:
        taus = np.clip(taus, 1.0 - EXTREME_ASYMMETRY, EXTREME_ASYMMETRY)
    return replace(
        template,
        arrays=ResponseArrays(
            names,
            arrays.magnitudes,
            values,
            np.concatenate(([0], np.cumsum(per_condition))).astype(np.int64),
            np.repeat(np.tile([True, False], per_condition.size), counts.ravel()),
        ),
        gain=template.gain[chosen],
        residuals=residuals,
        residual_offsets=offsets,
        residual_sd=noise * template.residual_sd[chosen],
        taus=taus,
        constants=template.constants.select(chosen),
    )


def _counts_by_kind(arrays: ResponseArrays) -> IntArray:
    """Give the (n_cells, n_magnitudes, 2) numbers of trials, expected and unexpected."""
    condition = np.repeat(np.arange(arrays.offsets.size - 1), np.diff(arrays.offsets))
    key = 2 * condition + ~arrays.expected
    shape = arrays.n_cells, arrays.n_magnitudes, 2
    return np.bincount(key, minlength=int(np.prod(shape))).reshape(shape)


def _scale_counts(counts: IntArray, factor: float, rng: np.random.Generator) -> IntArray:
    """Multiply numbers of trials, rounding at random; keep two a cell and magnitude where there were two."""
    wanted = factor * counts
    scaled = np.floor(wanted + rng.random(counts.shape)).astype(np.int64)
    lacking = np.minimum(_LEAST_TRIALS, counts.sum(axis=2)) - scaled.sum(axis=2)
    commoner = counts.argmax(axis=2)[..., None]
    added = np.take_along_axis(scaled, commoner, axis=2) + np.maximum(lacking, 0)[..., None]
    np.put_along_axis(scaled, commoner, added, axis=2)
    return scaled


def design_population(
    n_cells: int,
    trials_per_size: float | Sequence[float] | IntArray,
    rng: np.random.Generator,
    *,
    magnitudes: Sequence[float] = MAGNITUDES,
    probabilities_of_sizes: npt.ArrayLike | None = None,
    utility_axis: npt.ArrayLike | None = None,
    gain: float = 1.0,
    gain_spread: float = 0.4,
    noise_sd: float = 4.0,
    noise_spread: float = 0.3,
    offset_sd: float = 1.0,
    asymmetry_sd: float = 0.15,
) -> PopulationTemplate:
    """Describe cells that nobody has recorded yet, by a few numbers.

    Parameters
    ----------
    n_cells
        Number of cells.
    trials_per_size
        Trials of each cell for each reward size. One number: their mean over sizes, each size having as many
        as its probability wants. Or one number a size, or a table (n_cells, n_magnitudes), taken as it is.
    rng
        Draws gains and noise of the cells.
    magnitudes
        (n_magnitudes,) Reward sizes, ascending, at least three, in any unit (µL).
    probabilities_of_sizes
        (n_magnitudes,) How often each comes; by default in proportion to ``trials_per_size`` where that is
        given by size, and else equally often.
    utility_axis
        (n_magnitudes,) Mean response of the population to each size, Hz. By default 5 Hz for each unit of the
        utility of volumes in µL (:func:`~distributional_dopamine.tasks.utility`), about its mean over the
        rewards.
    gain
        Steepness of the median cell, relative to the axis.
    gain_spread
        SD over cells of the logarithm of the gain.
    noise_sd
        SD of single responses of the median cell about their mean, Hz; Gaussian.
    noise_spread
        SD over cells of the logarithm of the noise.
    offset_sd
        SD over cells of the constant that the null model of offsets adds to each cell's responses, Hz.
    asymmetry_sd
        SD over cells of the asymmetries tau, which follow a symmetric beta distribution about one half; 0 for
        none, below 0.5. The SD of alpha+ / (alpha+ + alpha-) for rates uniform from 0 to 1 is 0.24.

    Returns
    -------
    PopulationTemplate
        Half of the trials of each condition are called expected. Its ``arrays`` hold responses of symmetric
        cells, as any design must hold some; the models replace them.

    Raises
    ------
    ValueError
        If there are fewer than three sizes, they do not ascend, or anything is of the wrong length or sign.

    Examples
    --------
    Five sizes, the middle one twice as often:

    >>> rng = np.random.default_rng(1)
    >>> made = design_population(12, [8, 8, 16, 8, 8], rng, magnitudes=(1, 2, 4, 8, 16))
    >>> made.arrays.counts()[0].tolist(), made.probabilities.round(3).tolist()
    ([8, 8, 16, 8, 8], [0.167, 0.167, 0.333, 0.167, 0.167])
    """
    cells = count("n_cells", n_cells)
    sizes = finite_array("magnitudes", magnitudes, ndim=1)
    if sizes.size < 3 or not (np.diff(sizes) > 0.0).all():
        raise ValueError(f"magnitudes must be at least three reward sizes, ascending; found {sizes.tolist()}")
    counts, shares = _designed_counts(cells, sizes.size, trials_per_size, probabilities_of_sizes)
    if utility_axis is None:
        worth = utility(sizes)
        axis = _HERTZ_PER_UTILITY * (worth - shares @ worth)
    else:
        axis = finite_array("utility_axis", utility_axis, ndim=1, length=sizes.size)
    if not (np.diff(axis) > 0.0).all():
        raise ValueError(f"utility_axis must ascend with the reward sizes; found {axis.tolist()}")
    spread = non_negative("asymmetry_sd", asymmetry_sd)
    if spread >= 0.5:
        raise ValueError(f"asymmetry_sd must be below 0.5, that of cells at 0 and 1; found {asymmetry_sd}")
    ranks = (np.arange(51) + 0.5) / 51
    shape = (0.25 / spread**2 - 1.0) / 2.0 if spread else np.inf
    taus = special.betaincinv(shape, shape, ranks) if spread else np.full(51, 0.5)

    gains = non_negative("gain", gain) * _spread(cells, gain_spread, "gain_spread", rng)
    noise = non_negative("noise_sd", noise_sd) * _spread(cells, noise_spread, "noise_spread", rng)
    pool = _GAUSSIAN_POOL / _GAUSSIAN_POOL.std()
    per_cell = counts.sum(axis=1)
    within = np.arange(counts.sum()) - np.repeat(
        np.concatenate(([0], np.cumsum(counts)[:-1])), counts.ravel()
    )
    mean = gains[:, None] * (axis - shares @ axis)
    values = np.repeat(mean.ravel(), counts.ravel()) + np.repeat(noise, per_cell) * rng.choice(
        pool, counts.sum()
    )
    arrays = ResponseArrays(
        tuple(f"cell {c + 1}" for c in range(cells)),
        tuple(sizes.tolist()),
        values,
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        within % 2 == 0,
    )
    return PopulationTemplate(
        arrays=arrays,
        utility_axis=axis,
        probabilities=shares,
        gain=gains,
        residuals=np.outer(noise, pool).ravel(),
        residual_offsets=np.arange(cells + 1, dtype=np.int64) * pool.size,
        residual_sd=noise,
        offset_sd=non_negative("offset_sd", offset_sd),
        taus=np.asarray(taus, dtype=np.float64),
        constants=ConstantCells(
            axis, gains, -gains * (shares @ axis), np.full((cells, 2), -np.inf), shares_of_kinds(arrays)
        ),
    )


def _spread(n_cells: int, spread: float, name: str, rng: np.random.Generator) -> FloatArray:
    return np.exp(non_negative(name, spread) * rng.standard_normal(n_cells))


def _designed_counts(
    n_cells: int,
    n_sizes: int,
    trials_per_size: float | Sequence[float] | IntArray,
    wanted_shares: npt.ArrayLike | None,
) -> tuple[IntArray, FloatArray]:
    """Give the (n_cells, n_sizes) numbers of trials, and how often each size comes in the task."""
    trials = finite_array("trials_per_size", np.asarray(trials_per_size, dtype=np.float64))
    shares = (
        None
        if wanted_shares is None
        else probabilities("probabilities_of_sizes", wanted_shares, length=n_sizes)
    )
    if trials.size == 1 and np.ndim(trials_per_size) == 0:
        shares = np.full(n_sizes, 1.0 / n_sizes) if shares is None else shares
        numbers = np.maximum(np.round(trials.item() * n_sizes * shares), _LEAST_TRIALS)
        counts = np.tile(numbers, (n_cells, 1))
    elif trials.shape in ((n_sizes,), (n_cells, n_sizes)):
        counts = np.round(np.broadcast_to(trials, (n_cells, n_sizes)))
        shares = probabilities("trials_per_size", counts.sum(axis=0)) if shares is None else shares
    else:
        raise ValueError(
            f"trials_per_size must be one number, {n_sizes} numbers (one a reward size) or a table "
            f"{(n_cells, n_sizes)}; found shape {trials.shape}"
        )
    if (counts < _LEAST_TRIALS).any() or trials.min() < _LEAST_TRIALS:
        raise ValueError(
            f"trials_per_size must leave every cell at least {_LEAST_TRIALS} trials of every size, one for "
            f"each half; found {min(trials.min(), counts.min()):g}"
        )
    return counts.astype(np.int64), shares


@dataclass(frozen=True)
class _CellsByAnimal:
    """Draw cells alike within animals; a class, so that it can be sent to other processes."""

    n_animals: int
    icc: float
    coded: bool

    def __call__(self, template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
        animal = np.arange(template.arrays.n_cells) % self.n_animals
        learned = self._draw(template.taus, animal, rng)
        shown = learned if self.coded else self._draw(template.taus, animal, rng)
        cells = make_cells(template, asymmetry=shown, learning_asymmetry=learned)
        return {**cells, "animal": animal.astype(np.float64)}

    def _draw(self, taus: FloatArray, animal: IntArray, rng: np.random.Generator) -> FloatArray:
        shared = rng.standard_normal(self.n_animals)[animal]
        own = rng.standard_normal(animal.size)
        rank = special.ndtr(np.sqrt(self.icc) * shared + np.sqrt(1.0 - self.icc) * own)
        return np.asarray(np.quantile(taus, rank, method="inverted_cdf"))


def cells_by_animal(n_animals: int, icc: float, *, coded: bool) -> Model:
    """Give a model whose cells are alike within animals: with a distributional code, or without one.

    A cell's asymmetry is the quantile of the template's asymmetries at Phi(sqrt(icc) a + sqrt(1 - icc) c),
    with a normal variable a for its animal and another, c, of its own. Animals have equally many cells, as
    nearly as that can be.

    Parameters
    ----------
    n_animals
        Number of animals.
    icc
        Intraclass correlation of the normal variables, 0 to 1: near that of the asymmetries.
    coded
        True: values are learned with the asymmetry that the responses have. False: with another one, drawn
        independently and alike within animals as well; this is the null model.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If ``n_animals`` is below one or ``icc`` outside 0 to 1.
    """
    animals, alike = count("n_animals", n_animals), unit_interval("icc", icc)
    return Model(_CellsByAnimal(animals, alike, coded), respond_about_learned_values)


def effective_cells(n_cells: int, n_animals: int, icc: float, icc_other: float = 1.0) -> float:
    """Give the number of independent cells that cells alike within animals are worth.

    Parameters
    ----------
    n_cells
        Number of cells, equally many in each animal.
    n_animals
        Number of animals.
    icc
        Intraclass correlation of the quantity whose mean is tested, as it is measured.
    icc_other
        For a *correlation* between two quantities over the cells: that of the second one. Only what both
        share among animals makes chance correlations larger.

    Returns
    -------
    float
        n / (1 + (m - 1) icc icc_other), m = n / n_animals cells an animal: n over the variance inflation of a
        mean (Kish 1965, Survey Sampling), or of the correlation of two unrelated quantities.

    Raises
    ------
    ValueError
        If there are more animals than cells, or a correlation is outside 0 to 1.

    Examples
    --------
    >>> effective_cells(40, 4, 0.5)  # forty cells of four animals, for a mean
    7.2727272727272725
    >>> effective_cells(40, 40, 0.5)
    40.0
    """
    cells, animals = count("n_cells", n_cells), count("n_animals", n_animals)
    if animals > cells:
        raise ValueError(f"n_animals must not exceed n_cells, {cells}; found {animals}")
    alike = unit_interval("icc", icc) * unit_interval("icc_other", icc_other)
    return cells / (1.0 + (cells / animals - 1.0) * alike)


def power_curve(
    models: Mapping[str, Model],
    tests: Mapping[str, DiagnosticTest],
    template: PopulationTemplate,
    rng: np.random.Generator,
    designs: Sequence[Mapping[str, float]],
    *,
    n_simulations: int = 200,
    alpha: float = 0.05,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Give the share of significant populations of each model, by each test, at each of several designs.

    Parameters
    ----------
    models
        Name -> model: nulls for false-positive rates, controls for power.
    tests
        Name -> test.
    template
        What the designs start from.
    rng
        Draws everything.
    designs
        The designs, each a mapping of arguments of :func:`resample_template`, as ``{"n_cells": 80}``.
    n_simulations
        Populations a model and design.
    alpha
        P below which a test is significant.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    pandas.DataFrame
        One row a model, design and test: ``model``; the arguments of the design; ``test``; ``share``,
        ``low``, ``high``, ``n``, ``statistic_median``, ``statistic_low``, ``statistic_high`` as of
        :func:`~distributional_dopamine.evidence.nulls.share_significant`.

    Raises
    ------
    ValueError
        If there is no design.
    """
    if not designs:
        raise ValueError("designs must name at least one design; found none")
    rows = []
    for name, model in models.items():
        redesigned = {
            str(i): redesign(model, **design)  # type: ignore[arg-type]  # n_cells is checked to be whole
            for i, design in enumerate(designs)
        }
        simulated = simulate_tests(
            redesigned,
            tests,
            template,
            rng,
            n_simulations=n_simulations,
            n_workers=n_workers,
            scheduler=scheduler,
        )
        shares = share_significant(simulated, alpha=alpha).reset_index(names=["design", "test"])
        shares.insert(0, "model", name)
        rows.append(shares)
    table = pd.concat(rows, ignore_index=True)
    columns = pd.DataFrame([dict(designs[int(i)]) for i in table["design"]])
    return pd.concat([table[["model"]], columns, table.drop(columns=["model", "design"])], axis=1)


def find_crossing(
    sizes: npt.ArrayLike,
    hits: npt.ArrayLike,
    n: npt.ArrayLike,
    *,
    wanted: float = 0.8,
    reach: float = 2.0,
) -> Crossing:
    """Find the size at which power, Phi(z + b log(size / crossing)), is the one that is wanted.

    Parameters
    ----------
    sizes
        (n_designs,) Sizes of the designs, above zero.
    hits
        (n_designs,) Significant simulations.
    n
        (n_designs,) Simulations.
    wanted
        Power at the crossing, between 0 and 1: z is its normal quantile.
    reach
        Only designs within this factor of the crossing are used, once a first fit has told where it is (if
        there are two): no one curve fits all sizes, and the ends would pull it.

    Returns
    -------
    Crossing
        From the binomial likelihood on a grid of crossings, a sixteenth to sixteen times the sizes, and of
        slopes b not below zero: power does not fall as a design grows.

    Raises
    ------
    ValueError
        If the lengths differ, or sizes or numbers make no sense.

    Examples
    --------
    >>> found = find_crossing([10, 20, 40], [40, 80, 98], [100, 100, 100])
    >>> round(found.size), found.low < found.size < found.high
    (20, True)
    """
    x = finite_array("sizes", sizes, ndim=1)
    k = finite_array("hits", hits, ndim=1, length=x.size)
    total = finite_array("n", n, ndim=1, length=x.size)
    if x.size == 0 or (x <= 0.0).any() or (k < 0.0).any() or (k > total).any():
        raise ValueError("sizes must be above 0, and hits between 0 and n, for at least one design")
    if not 0.0 < wanted < 1.0:
        raise ValueError(f"wanted must lie between 0 and 1, found {wanted}")
    if not reach > 1.0:
        raise ValueError(f"reach must be a factor above 1, found {reach}")
    crossing = _fit_crossing(x, k, total, wanted)
    used = np.ones(x.size, dtype=bool)
    for _ in range(_REFITS):
        at = float(np.clip(crossing.size, x.min(), x.max()))
        near = (x >= at / reach) & (x <= at * reach)
        if np.unique(x[near]).size < 2 or (near == used).all():
            break
        crossing, used = _fit_crossing(x[near], k[near], total[near], wanted), near
    return crossing


def _fit_crossing(x: FloatArray, k: FloatArray, total: FloatArray, wanted: float) -> Crossing:
    """Give the maximum and the profile of the likelihood, on a coarse grid and then on a finer one."""
    ends = np.log(x.min() / 16.0), np.log(x.max() * 16.0)
    places, slopes = np.linspace(*ends, 401), np.concatenate(([0.0], np.geomspace(0.05, 20.0, 60)))
    for zoom in (True, False):
        z = special.ndtri(wanted) + slopes[None, :, None] * (np.log(x) - places[:, None, None])
        likelihood = (k * special.log_ndtr(z) + (total - k) * special.log_ndtr(-z)).sum(axis=2)
        profile = likelihood.max(axis=1)
        inside = np.flatnonzero(2.0 * (profile.max() - profile) <= stats.chi2.ppf(0.95, 1))
        if zoom:  # a finer grid where the likelihood is
            steepness = likelihood[inside].argmax(axis=1)
            first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, places.size - 1)
            flat, steep = max(steepness.min() - 1, 0), min(steepness.max() + 1, slopes.size - 1)
            places, slopes = (
                np.linspace(places[first], places[last], 201),
                np.linspace(slopes[flat], slopes[steep], 101),
            )
    low, high = places[inside[0]], places[inside[-1]]
    best = int(profile.argmax())
    return Crossing(
        float(np.exp(places[best])),
        0.0 if low == ends[0] else float(np.exp(low)),
        np.inf if high == ends[1] else float(np.exp(high)),
    )


def plan(
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    tests: Mapping[str, DiagnosticTest] | Sequence[str] | str = tuple(PLANNED_TESTS),
    vary: Vary = "cells",
    power: float = 0.8,
    alpha: float = 0.05,
    model: Model | None = None,
    nulls: Mapping[str, Model] | None = None,
    smallest: int | None = None,
    largest: int | None = None,
    n_simulations: int = 400,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Plan]:
    """Find the smallest number of cells, or of trials, with which each test has the power that is wanted.

    A first, coarse search doubles the size with a few simulations at each, until every test is clearly past
    the wanted power or ``largest`` is done. Then each test spends ``n_simulations`` near its crossing, which
    is that of a probit curve over the designs within a factor of two (:func:`find_crossing`). Fresh
    simulations at the answer give its power and, under every null model, its false-positive rate.

    Parameters
    ----------
    template
        Of recorded cells, or of :func:`design_population`.
    rng
        Draws everything.
    tests
        Names of tests of :data:`~distributional_dopamine.evidence.diagnostics.TESTS`, or name -> test.
    vary
        ``cells``: number of cells, drawn with replacement from the template's, with the template's trials.
        ``trials``: mean number of trials a cell and reward size, with the template's cells.
    power
        The power that is wanted.
    alpha
        P below which a test is significant.
    model
        What the cells are if the theory is right; by default distributional TD with the template's
        asymmetries.
    nulls
        Name -> model without the code; by default all of
        :data:`~distributional_dopamine.evidence.nulls.NULLS`. Empty: none is asked.
    smallest, largest
        Ends of the search; by default 10 and 320 cells, or 4 and 128 trials.
    n_simulations
        Simulations near the crossing, as many at the answer, and as many a null model.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    dict
        Name of the test -> :class:`Plan`.

    Raises
    ------
    ValueError
        If a test is unknown, or a number makes no sense.
    """
    chosen = _chosen_tests(tests)
    if vary not in ("cells", "trials"):
        raise ValueError(f"vary must be 'cells' or 'trials'; found {vary!r}")
    for name, number in (("power", power), ("alpha", alpha)):
        if not 0.0 < number < 1.0:
            raise ValueError(f"{name} must lie between 0 and 1, found {number}")
    first = count("smallest", _SMALLEST[vary] if smallest is None else smallest, minimum=2)
    last = count("largest", _LARGEST[vary] if largest is None else largest)
    if last <= first:
        raise ValueError(f"largest must be above smallest, {first}; found {last}")
    total = count("n_simulations", n_simulations, minimum=20)
    code = CONTROLS["distributional_measured"] if model is None else model
    rivals = NULLS if nulls is None else nulls
    simulate = _Simulator(template, rng, vary, alpha, n_workers, scheduler)
    searched = _search_coarsely(simulate, code, chosen, first, last, max(20, total // 8), power)
    plans = {}
    for name, test in chosen.items():
        designs = searched.loc[searched["test"] == name, ["size", "hits", "n"]]
        only = {name: test}
        for _ in range(2):  # near the crossing, then nearer
            at = _crossing_of(designs, power).size
            around = {int(np.clip(np.ceil(at * step), first, last)) for step in (1 / 1.4, 1.0, 1.4)}
            found = [
                simulate({"code": code}, only, size, max(10, total // (2 * len(around))))
                for size in sorted(around)
            ]
            designs = pd.concat([designs, *(table[["size", "hits", "n"]] for table in found)])
        designs = designs.groupby("size", as_index=False)[["hits", "n"]].sum()
        crossing = _crossing_of(designs, power)
        size = int(np.clip(np.ceil(crossing.size), first, last))
        plans[name] = Plan(
            test=name,
            vary=vary,
            wanted=power,
            alpha=alpha,
            reached=bool(crossing.size <= last),
            size=size,
            low=crossing.low,
            high=crossing.high,
            smallest=first,
            largest=last,
            power=_rates(simulate({"code": code}, only, size, total))["code"],
            null_rates=MappingProxyType(_rates(simulate(rivals, only, size, total)) if rivals else {}),
            searched=designs,
        )
    return plans


@dataclass(frozen=True)
class _Simulator:
    """Simulate models at one size of the design that is searched."""

    template: PopulationTemplate
    rng: np.random.Generator
    vary: Vary
    alpha: float
    n_workers: int | None
    scheduler: str | None

    def __call__(
        self, models: Mapping[str, Model], tests: Mapping[str, DiagnosticTest], size: int, n_simulations: int
    ) -> pd.DataFrame:
        trials = float(self.template.arrays.counts().mean())
        design = {"n_cells": size} if self.vary == "cells" else {"trials_factor": size / trials}
        table = power_curve(
            models,
            tests,
            self.template,
            self.rng,
            [design],
            n_simulations=n_simulations,
            alpha=self.alpha,
            n_workers=self.n_workers,
            scheduler=self.scheduler,
        )
        return table.assign(size=size, hits=(table["share"] * table["n"]).round().astype(int))


def _search_coarsely(
    simulate: _Simulator,
    model: Model,
    tests: Mapping[str, DiagnosticTest],
    first: int,
    last: int,
    n_simulations: int,
    wanted: float,
) -> pd.DataFrame:
    """Double the size until every test is clearly past the wanted power, or the largest size is done."""
    tables, size = [], first
    while True:
        found = simulate({"code": model}, tests, size, n_simulations)
        tables.append(found)
        if size == last or (found["low"] > wanted).all():
            return pd.concat(tables, ignore_index=True)
        size = min(2 * size, last)


def _crossing_of(designs: pd.DataFrame, wanted: float) -> Crossing:
    return find_crossing(designs["size"], designs["hits"], designs["n"], wanted=wanted)


def _rates(table: pd.DataFrame) -> dict[str, Rate]:
    columns = (table[name].tolist() for name in ("model", "share", "low", "high", "n"))
    return {name: Rate(*numbers) for name, *numbers in zip(*columns, strict=True)}


def _chosen_tests(
    tests: Mapping[str, DiagnosticTest] | Sequence[str] | str,
) -> Mapping[str, DiagnosticTest]:
    if isinstance(tests, Mapping):
        return tests
    names = [tests] if isinstance(tests, str) else list(tests)
    unknown = [name for name in names if name not in TESTS]
    if unknown or not names:
        raise ValueError(f"tests must be among {', '.join(TESTS)}; found {', '.join(unknown) or 'none'}")
    return {name: TESTS[name] for name in names}


@dataclass(frozen=True)
class _SpreadOfEstimates:
    """Standard deviation of the estimated asymmetries of one simulated population; can be sent elsewhere."""

    model: Model
    template: PopulationTemplate
    estimator: Estimator

    def __call__(self, rng: np.random.Generator) -> float:
        responses = self.model(self.template, rng).responses
        axis = utility_axis(responses)
        found = estimate_asymmetry(responses, axis, rng, estimator=self.estimator).asymmetry
        return float(np.nanstd(found, ddof=1)) if np.isfinite(found).sum() > 1 else float("nan")


def match_diversity(
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    observed_sd: float | None = None,
    estimator: Estimator = "counting",
    factors: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25),
    n_simulations: int = 100,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> Diversity:
    """Ask how diverse asymmetries truly are, given how diverse their noisy estimates look.

    Estimates of cells without any diversity differ as well, so the spread of the measured asymmetries is too
    large. Here populations of cells with a distributional code and the template's trials and noise are
    simulated, with the measured asymmetries drawn towards one half by several factors, and the factor is
    read off at which simulated estimates spread as the observed ones do.

    Parameters
    ----------
    template
        Of recorded cells, with the measured asymmetries.
    rng
        Draws everything.
    observed_sd
        Standard deviation over cells of the measured asymmetries; by default that of ``template.taus``.
    estimator
        Of the reversal point about which the asymmetries were measured.
    factors
        Factors to simulate, ascending.
    n_simulations
        Populations a factor.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    Diversity
        With factors at the end of the range where the observed spread is beyond all simulated ones.

    Raises
    ------
    ValueError
        If factors do not ascend.
    """
    steps = finite_array("factors", factors, ndim=1)
    if steps.size < 2 or not (np.diff(steps) > 0.0).all():
        raise ValueError(f"factors must be at least two, ascending; found {steps.tolist()}")
    observed = (
        float(template.taus.std(ddof=1)) if observed_sd is None else non_negative("observed_sd", observed_sd)
    )
    rows = []
    for factor in steps:
        model = redesign(CONTROLS["distributional_measured"], diversity_factor=float(factor))
        task = _SpreadOfEstimates(model, template, estimator)
        spreads = replicate(task, n_simulations, rng, n_workers=n_workers, scheduler=scheduler)
        rows.append([factor, *np.nanquantile(spreads, [0.025, 0.5, 0.975])])
    curve = pd.DataFrame(rows, columns=["factor", "low", "median", "high"])

    def read_off(column: str) -> float:
        rising = np.maximum.accumulate(curve[column].to_numpy())  # flat where Monte Carlo error makes it fall
        return float(np.interp(observed, rising, steps))

    factor = read_off("median")
    return Diversity(
        factor, read_off("high"), read_off("low"), factor * float(np.std(template.taus - 0.5, ddof=1)), curve
    )
