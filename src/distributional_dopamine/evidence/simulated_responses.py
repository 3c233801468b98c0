"""Simulated responses with the trials, gains and noise of recorded cells: what a model of them must provide.

Each simulated population has the recorded cells' numbers of trials and their scatter from trial to trial;
only the rule that makes the mean responses is the model's. It comes in the form that recorded responses come
in, so that every test runs on it as it is.

A model is two functions: what belongs to a cell, and how such cells respond once they know the task. Null
models, rival accounts and a reader's own model are all of this kind; ``nulls`` has the ones of the paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from distributional_dopamine._checks import count, finite_array, unit_interval_array
from distributional_dopamine.evidence.constants import ConstantCells, fit_constant_cells
from distributional_dopamine.evidence.responses import (
    ResponseArrays,
    Responses,
    pool_arrays,
    reward_probabilities,
    to_arrays,
)
from distributional_dopamine.evidence.reversal_points import checked_axis
from distributional_dopamine.learning.distributional import expectile_population

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Noise = Literal["resampled", "gaussian"]


@dataclass(frozen=True, eq=False)
class PopulationTemplate:
    """What simulated cells take over from recorded ones.

    Attributes
    ----------
    arrays
        The recorded responses, pooled; the simulated ones have their cells, trials and kinds.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    probabilities
        (n_magnitudes,) Share of each magnitude among the trials.
    gain
        (n_cells,) g: slope through the origin of the cell's mean responses on the axis, sum(u r) / sum(u^2).
    residuals
        Residuals of all cells, Hz, one cell after another: response minus the mean of its condition (cell,
        magnitude, expected or not), times sqrt(n / (n - 1)); centred within the cell. Conditions of a single
        trial have none.
    residual_offsets
        (n_cells + 1,) The residuals of cell c are ``residuals[residual_offsets[c] : residual_offsets[c +
        1]]``.
    residual_sd
        (n_cells,) Their standard deviation, Hz.
    offset_sd
        Standard deviation over cells of (mean of the cell's mean responses - g x mean of the axis), Hz.
    taus
        (n_measured,) Measured asymmetries, to be resampled.
    constants
        The recorded cells as cells that differ by a constant each and cannot fire below zero.
    """

    arrays: ResponseArrays
    utility_axis: FloatArray
    probabilities: FloatArray
    gain: FloatArray
    residuals: FloatArray
    residual_offsets: IntArray
    residual_sd: FloatArray
    offset_sd: float
    taus: FloatArray
    constants: ConstantCells


@dataclass(frozen=True, eq=False)
class SimulatedResponses:
    """One simulated population.

    Attributes
    ----------
    responses
        Responses, Hz, pooled as the recorded ones are.
    mean
        (n_cells, n_magnitudes) True mean responses, Hz, before pooling.
    truth
        Name -> (n_cells,) what else is true of the cells: what the model drew for them, and what they
        learned.
    """

    responses: ResponseArrays
    mean: FloatArray
    truth: Mapping[str, FloatArray]


@dataclass(frozen=True)
class Model:
    """An account of what makes the mean responses, called with a template and a generator.

    The parts are apart so that the *same cells* can be put before another task: draw them once, and let them
    respond with two templates.

    Attributes
    ----------
    draw_cells
        ``draw_cells(template, rng)`` gives what stays with a cell whatever the task: name -> (n_cells,).
    respond
        ``respond(cells, template, rng)`` lets such cells learn the template's task, if they learn, and gives
        ``mean``, the (n_cells, n_magnitudes) mean responses in Hz, and whatever is worth keeping of each
        cell.
    noise
        ``resampled``: residuals of the same cell, with replacement; ``gaussian``: normal with their SD.
    """

    draw_cells: Callable[[PopulationTemplate, np.random.Generator], Mapping[str, FloatArray]]
    respond: Callable[
        [Mapping[str, FloatArray], PopulationTemplate, np.random.Generator], Mapping[str, FloatArray]
    ]
    noise: Noise = "resampled"

    def __call__(self, template: PopulationTemplate, rng: np.random.Generator) -> SimulatedResponses:
        """Simulate one population.

        Parameters
        ----------
        template
            The task (utilities and probabilities of the rewards), trials and noise.
        rng
            Draws everything.

        Returns
        -------
        SimulatedResponses
        """
        cells = self.draw_cells(template, rng)
        return simulate_cells(self, cells, template, rng)


def simulate_cells(
    model: Model,
    cells: Mapping[str, FloatArray],
    template: PopulationTemplate,
    rng: np.random.Generator,
) -> SimulatedResponses:
    """Let given cells of a model respond: for the same cells in two tasks.

    Parameters
    ----------
    model
        Its ``respond`` and ``noise`` are used.
    cells
        What ``model.draw_cells`` gave.
    template
        The task, trials and noise.
    rng
        Draws rewards and noise.

    Returns
    -------
    SimulatedResponses
    """
    made = dict(model.respond(cells, template, rng))
    mean = made.pop("mean")
    return SimulatedResponses(
        draw_responses(template, mean, rng, noise=model.noise), mean, MappingProxyType({**cells, **made})
    )


def draw_responses(
    template: PopulationTemplate,
    mean: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    noise: Noise = "resampled",
) -> ResponseArrays:
    """Draw single responses around mean responses, and pool expected and unexpected trials as recorded ones.

    Parameters
    ----------
    template
        Gives the numbers of trials and the residuals.
    mean
        (n_cells, n_magnitudes) Mean responses, Hz.
    rng
        Draws the residuals.
    noise
        ``resampled`` or ``gaussian``, see :class:`Model`.

    Returns
    -------
    ResponseArrays

    Raises
    ------
    ValueError
        If ``mean`` has another shape or is not finite, or the noise is unknown.
    """
    if noise not in get_args(Noise):
        raise ValueError(f"noise must be one of {', '.join(get_args(Noise))}; found {noise!r}")
    arrays = template.arrays
    means = finite_array("mean", mean, ndim=2)
    if means.shape != (arrays.n_cells, arrays.n_magnitudes):
        raise ValueError(
            f"mean must be one response a cell and magnitude, shape {(arrays.n_cells, arrays.n_magnitudes)}; "
            f"found shape {means.shape}"
        )
    cell = np.repeat(np.arange(arrays.n_cells), arrays.counts().sum(axis=1))
    if noise == "gaussian":
        residuals = rng.normal(0.0, template.residual_sd[cell])
    else:
        first = template.residual_offsets[:-1]
        residuals = template.residuals[first[cell] + rng.integers(np.diff(template.residual_offsets)[cell])]
    values = np.repeat(means.ravel(), np.diff(arrays.offsets)) + residuals
    return pool_arrays(replace(arrays, values=values))


def make_template(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    taus: npt.ArrayLike,
    lowest: npt.ArrayLike = -np.inf,
) -> PopulationTemplate:
    """Take from recorded cells what simulated ones are given.

    Parameters
    ----------
    responses
        Recorded responses, expected and unexpected trials pooled.
    utility_axis
        (n_magnitudes,) Utility of each magnitude, Hz.
    taus
        Measured asymmetries; NaN (cells that are not usable) are dropped.
    lowest
        (n_cells, 2) Lowest mean response of each cell to expected and unexpected rewards, Hz, from
        :func:`~distributional_dopamine.evidence.constants.lowest_responses`; by default no floor is known.

    Returns
    -------
    PopulationTemplate

    Raises
    ------
    ValueError
        If a cell lacks a magnitude, or a condition of more than one trial, or no asymmetry is left.
    """
    arrays = to_arrays(responses)
    axis = checked_axis(arrays, utility_axis)
    means = arrays.means()
    lacking = np.flatnonzero(~np.isfinite(means).all(axis=1))
    if lacking.size:
        raise ValueError(
            f"responses must hold every magnitude for every cell; {arrays.cells[lacking[0]]} lacks one: "
            "leave it out with select()"
        )
    measured = np.asarray(taus, dtype=np.float64)
    measured = unit_interval_array("taus", measured[np.isfinite(measured)], ndim=1)
    if measured.size == 0:
        raise ValueError("taus must hold at least one asymmetry that is not NaN; found none")
    gain = means @ axis / (axis @ axis)
    pools = []
    for c, name in enumerate(arrays.cells):
        parts = []
        for m in range(arrays.n_magnitudes):
            k = c * arrays.n_magnitudes + m
            chosen = slice(arrays.offsets[k], arrays.offsets[k + 1])
            for kind in (True, False):
                sample = arrays.values[chosen][arrays.expected[chosen] == kind]
                if sample.size > 1:
                    scale = np.sqrt(sample.size / (sample.size - 1))
                    parts.append((sample - sample.mean()) * scale)
        if not parts:
            raise ValueError(f"responses must hold a condition of more than one trial for {name}; found none")
        pool = np.concatenate(parts)
        pools.append(pool - pool.mean())
    offsets = np.concatenate(([0], np.cumsum([pool.size for pool in pools]))).astype(np.int64)
    return PopulationTemplate(
        arrays=arrays,
        utility_axis=axis,
        probabilities=reward_probabilities(arrays),
        gain=gain,
        residuals=np.concatenate(pools),
        residual_offsets=offsets,
        residual_sd=np.array([pool.std() for pool in pools]),
        offset_sd=float(np.std(means.mean(axis=1) - gain * axis.mean(), ddof=1)),
        taus=measured,
        constants=fit_constant_cells(arrays, axis, np.broadcast_to(lowest, (arrays.n_cells, 2))),
    )


def learn_values(
    template: PopulationTemplate,
    taus: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_trials: int = 20_000,
    learning_rate: float = 0.02,
) -> FloatArray:
    """Learn values by TD from rewards drawn with the recorded probabilities, on the utility axis.

    Parameters
    ----------
    template
        Gives utilities and probabilities.
    taus
        (n,) Asymmetry of each learner: its rates are 2 tau x ``learning_rate`` above and 2 (1 - tau) x
        ``learning_rate`` below its value.
    rng
        Draws the rewards; all learners get the same ones.
    n_trials
        Number of rewards.
    learning_rate
        Rate of a symmetric learner.

    Returns
    -------
    array
        (n,) Values, Hz, the average over the second half of the trials.
    """
    orders = unit_interval_array("taus", taus, ndim=1)
    trials = count("n_trials", n_trials, minimum=100)
    rewards = template.utility_axis[
        np.searchsorted(np.cumsum(template.probabilities)[:-1], rng.random(trials), side="right")
    ]
    start = np.full(orders.size, template.utility_axis @ template.probabilities)
    course = expectile_population(
        rewards, 2.0 * learning_rate * orders, 2.0 * learning_rate * (1.0 - orders), start, record_every=10
    )
    return np.asarray(course[course.shape[0] // 2 :].mean(axis=0))
