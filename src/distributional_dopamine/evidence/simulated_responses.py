"""Simulated responses with the trials, gains and noise of recorded cells: nulls, rivals, positive controls.

Each simulated population has the recorded cells' numbers of trials, their gains and their scatter from trial
to trial; only the rule that makes the mean responses is another. It comes in the form that recorded responses
come in, so that every test runs on it as it is.

A mean response is alpha+ (u - V) where the utility u of the reward is above the value V, and alpha- (u - V)
below. Values are learned by TD from rewards drawn with the recorded probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from distributional_dopamine._checks import count, unit_interval_array
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

Model = Literal[
    "classical",
    "gaussian_noise",
    "equal_gain",
    "offset",
    "shared_value",
    "shuffled",
    "distributional",
    "uniform",
]
"""What makes the mean responses; the last two are the positive controls.

``classical``: one value for all cells, learned with alpha+ = alpha-; slopes equal to the cell's gain on both
sides. ``gaussian_noise``: the same with Gaussian scatter of the same SD. ``equal_gain``: the same with the
mean gain for all cells. ``offset``: classical plus a constant for each cell. ``shared_value``: one value for
all cells, slopes that differ in asymmetry. ``shuffled``: values learned with each cell's asymmetry, responses
with that of another. ``distributional``: values learned with the same asymmetry as the responses have.
``uniform``: the same, with alpha+ and alpha- drawn from 0 to 1 instead of measured asymmetries.
"""

NULLS: tuple[Model, ...] = (
    "classical",
    "gaussian_noise",
    "equal_gain",
    "offset",
    "shared_value",
    "shuffled",
)
"""Populations without a distributional code."""

CONTROLS: tuple[Model, ...] = ("distributional", "uniform")
"""Populations with one."""


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


@dataclass(frozen=True, eq=False)
class SimulatedResponses:
    """One simulated population.

    Attributes
    ----------
    responses
        Responses, Hz, pooled as the recorded ones are.
    model
        What made them.
    value
        (n_cells,) V: the reversal point that each cell truly has on the utility axis, but for its offset, Hz.
    alpha_above, alpha_below
        (n_cells,) alpha+ and alpha-: slopes above and below V.
    offset
        (n_cells,) Constant added to every response of the cell, Hz; zero but for the model ``offset``.
    """

    responses: ResponseArrays
    model: Model
    value: FloatArray
    alpha_above: FloatArray
    alpha_below: FloatArray
    offset: FloatArray

    @property
    def asymmetry(self) -> FloatArray:
        """(n_cells,) True tau = alpha+ / (alpha+ + alpha-) of the responses."""
        return np.asarray(self.alpha_above / (self.alpha_above + self.alpha_below))


def make_template(
    responses: Responses, utility_axis: npt.ArrayLike, taus: npt.ArrayLike
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


def simulate_responses(
    template: PopulationTemplate,
    model: Model,
    rng: np.random.Generator,
    *,
    n_learning_trials: int = 20_000,
    learning_rate: float = 0.02,
) -> SimulatedResponses:
    """Simulate one population of cells.

    Parameters
    ----------
    template
        What it takes over from the recorded cells.
    model
        One of ``NULLS`` or ``CONTROLS``.
    rng
        Draws everything: rewards, asymmetries, residuals.
    n_learning_trials
        Number of rewards from which values are learned.
    learning_rate
        Rate of a symmetric learner.

    Returns
    -------
    SimulatedResponses

    Raises
    ------
    ValueError
        If the model is unknown.
    """
    if model not in get_args(Model):
        raise ValueError(f"model must be one of {', '.join(get_args(Model))}; found {model!r}")
    n_cells = template.arrays.n_cells
    if model == "uniform":
        rates = rng.random((2, n_cells))
        taus = rates[0] / rates.sum(axis=0)
    else:
        taus = rng.choice(template.taus, size=n_cells)
    diverse = model in ("distributional", "uniform", "shuffled")
    learned_with = taus if diverse else np.array([0.5])
    value = learn_values(
        template, learned_with, rng, n_trials=n_learning_trials, learning_rate=learning_rate
    ) * np.ones(n_cells)
    if model == "shuffled":
        taus = rng.permutation(taus)
    elif model in ("classical", "gaussian_noise", "equal_gain", "offset"):
        taus = np.full(n_cells, 0.5)
    gain = np.full(n_cells, template.gain.mean()) if model == "equal_gain" else template.gain
    above, below = 2.0 * gain * taus, 2.0 * gain * (1.0 - taus)
    offset = rng.normal(0.0, template.offset_sd, n_cells) if model == "offset" else np.zeros(n_cells)
    error = template.utility_axis[None, :] - value[:, None]
    mean = np.where(error > 0.0, above[:, None], below[:, None]) * error + offset[:, None]
    per_cell = template.arrays.counts().sum(axis=1)
    noise = [
        rng.normal(0.0, template.residual_sd[c], per_cell[c])
        if model == "gaussian_noise"
        else rng.choice(
            template.residuals[template.residual_offsets[c] : template.residual_offsets[c + 1]], per_cell[c]
        )
        for c in range(n_cells)
    ]
    values = np.repeat(mean.ravel(), np.diff(template.arrays.offsets)) + np.concatenate(noise)
    pooled = pool_arrays(replace(template.arrays, values=values))
    return SimulatedResponses(pooled, model, value, above, below, offset)
