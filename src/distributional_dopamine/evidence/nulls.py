"""Null models and positive controls: what each test of the book says of cells whose code is known.

The models differ in what a cell's asymmetry is, in the asymmetry with which its value was learned, and in
what is added to its responses. Six of them have no distributional code; two have one. A mean response is
alpha+ (u - V) where the utility u of the reward is above the value V, and alpha- (u - V) below, with alpha+
= 2 g tau and alpha- = 2 g (1 - tau) for a cell of gain g and asymmetry tau. Values are learned by TD from
rewards drawn with the recorded probabilities.

``simulate_tests`` runs any such models, the reader's own among them, through any tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from distributional_dopamine.evidence.diagnostics import DiagnosticTest
from distributional_dopamine.evidence.replication import replicate_each
from distributional_dopamine.evidence.simulated_responses import Model, PopulationTemplate, learn_values

FloatArray = npt.NDArray[np.float64]


def respond_about_learned_values(
    cells: Mapping[str, FloatArray], template: PopulationTemplate, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Let cells learn a value each and respond about it: alpha+ (u - V) above, alpha- (u - V) below.

    Parameters
    ----------
    cells
        ``gain`` g, ``asymmetry`` tau of the responses, ``learning_asymmetry`` with which the value is
        learned, ``offset`` (Hz) added to every response; (n_cells,) each.
    template
        The task: utilities and probabilities of the rewards.
    rng
        Draws the rewards.

    Returns
    -------
    dict
        ``mean``: (n_cells, n_magnitudes) mean responses, Hz; ``value``, ``slope_above`` and ``slope_below``:
        (n_cells,) V (Hz), alpha+ and alpha-.
    """
    orders, which = np.unique(cells["learning_asymmetry"], return_inverse=True)
    value = learn_values(template, orders, rng)[which]
    above = 2.0 * cells["gain"] * cells["asymmetry"]
    below = 2.0 * cells["gain"] * (1.0 - cells["asymmetry"])
    error = template.utility_axis[None, :] - value[:, None]
    mean = np.where(error > 0.0, above[:, None], below[:, None]) * error + cells["offset"][:, None]
    return {"mean": mean, "value": value, "slope_above": above, "slope_below": below}


def make_cells(
    template: PopulationTemplate,
    *,
    asymmetry: npt.ArrayLike = 0.5,
    learning_asymmetry: npt.ArrayLike | None = None,
    gain: npt.ArrayLike | None = None,
    offset: npt.ArrayLike = 0.0,
) -> dict[str, FloatArray]:
    """Describe cells for :func:`respond_about_learned_values`; by default those of classical TD.

    Parameters
    ----------
    template
        Gives the number of cells, and the gains unless others are wanted.
    asymmetry
        tau of the responses, one for all or (n_cells,).
    learning_asymmetry
        tau of the learning; that of the responses unless another is wanted.
    gain
        g, one for all or (n_cells,).
    offset
        Hz, one for all or (n_cells,).

    Returns
    -------
    dict
        Name -> (n_cells,).
    """
    n_cells = template.arrays.n_cells
    given = {
        "gain": template.gain if gain is None else gain,
        "asymmetry": asymmetry,
        "learning_asymmetry": asymmetry if learning_asymmetry is None else learning_asymmetry,
        "offset": offset,
    }
    return {
        name: np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), n_cells))
        for name, value in given.items()
    }


def draw_asymmetries(template: PopulationTemplate, rng: np.random.Generator) -> FloatArray:
    """Draw (n_cells,) asymmetries from the measured ones, with replacement.

    Parameters
    ----------
    template
        The population to imitate.
    rng
        Draws.

    Returns
    -------
    array
        (n_cells,) Asymmetries tau, between 0 and 1.
    """
    return np.asarray(rng.choice(template.taus, size=template.arrays.n_cells))


def _classical(template: PopulationTemplate, _rng: np.random.Generator) -> dict[str, FloatArray]:
    return make_cells(template)


def _equal_gain(template: PopulationTemplate, _rng: np.random.Generator) -> dict[str, FloatArray]:
    return make_cells(template, gain=template.gain.mean())


def _offset(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    return make_cells(template, offset=rng.normal(0.0, template.offset_sd, template.arrays.n_cells))


def _shared_value(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    return make_cells(template, asymmetry=draw_asymmetries(template, rng), learning_asymmetry=0.5)


def _shuffled(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    learned_with = draw_asymmetries(template, rng)
    return make_cells(template, asymmetry=rng.permutation(learned_with), learning_asymmetry=learned_with)


def _measured(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    return make_cells(template, asymmetry=draw_asymmetries(template, rng))


def _uniform(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    rates = rng.random((2, template.arrays.n_cells))
    return make_cells(template, asymmetry=rates[0] / rates.sum(axis=0))


NULLS: Mapping[str, Model] = {
    "classical_bootstrap": Model(_classical, respond_about_learned_values),
    "classical_gaussian": Model(_classical, respond_about_learned_values, noise="gaussian"),
    "classical_equal_gain": Model(_equal_gain, respond_about_learned_values),
    "classical_offset": Model(_offset, respond_about_learned_values),
    "shared_value": Model(_shared_value, respond_about_learned_values),
    "shuffled_asymmetry": Model(_shuffled, respond_about_learned_values),
}
"""Populations without a distributional code.

``classical_bootstrap``: one value for all cells, learned with alpha+ = alpha-; slopes equal to the cell's
gain on both sides; residuals of the cell resampled. ``classical_gaussian``: the same with Gaussian noise of
the same SD. ``classical_equal_gain``: the same with the mean gain for all cells. ``classical_offset``: the
same with a constant added to each cell's responses. ``shared_value``: one value for all cells, slopes that
differ in asymmetry. ``shuffled_asymmetry``: values learned with each cell's asymmetry, responses with that of
another.
"""

CONTROLS: Mapping[str, Model] = {
    "distributional_measured": Model(_measured, respond_about_learned_values),
    "distributional_uniform": Model(_uniform, respond_about_learned_values),
}
"""Populations with one: values learned with the asymmetry that the responses have, drawn from the measured
ones, or as alpha+ / (alpha+ + alpha-) of rates between 0 and 1.
"""

MODELS: Mapping[str, Model] = {**NULLS, **CONTROLS}
"""All eight."""


def simulate_tests(
    models: Mapping[str, Model],
    tests: Mapping[str, DiagnosticTest],
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    n_simulations: int = 500,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Run every test on many simulated populations of every model.

    Parameters
    ----------
    models
        Name -> model.
    tests
        Name -> test; all tests of one simulation see the same responses.
    template
        The task, trials and noise.
    rng
        Source of one independent generator a simulation: the result is the same whatever the number of
        workers, and each model's does not depend on which other models are asked for.
    n_simulations
        Populations a model.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    pandas.DataFrame
        One row a model, simulation and test: ``model``, ``simulation``, ``test``, ``statistic``, ``p``,
        ``n_cells``, ``as_predicted`` (whether the statistic lies on the side that the theory predicts).

    Raises
    ------
    ValueError
        If there is no model, no test or no simulation to run.
    """
    if not models or not tests:
        raise ValueError(f"models and tests must not be empty; found {len(models)} and {len(tests)}")
    tasks = {name: _OneSimulation(model, dict(tests), template) for name, model in models.items()}
    done = replicate_each(tasks, n_simulations, rng, n_workers=n_workers, scheduler=scheduler)
    tables = []
    for name, rows in done.items():
        table = pd.DataFrame([row for simulation in rows for row in simulation])
        table.insert(0, "model", name)
        table.insert(1, "simulation", np.repeat(np.arange(n_simulations), len(tests)))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class _OneSimulation:
    """One simulated population through all tests; a class, so that it can be sent to another process."""

    model: Model
    tests: dict[str, DiagnosticTest]
    template: PopulationTemplate

    def __call__(self, rng: np.random.Generator) -> list[dict[str, object]]:
        responses = self.model(self.template, rng).responses
        rows: list[dict[str, object]] = []
        for name, test in self.tests.items():
            found = test(responses, rng)
            rows.append(
                {
                    "test": name,
                    "statistic": found.statistic,
                    "p": found.p,
                    "n_cells": found.n_cells,
                    "as_predicted": found.as_predicted,
                }
            )
        return rows


def share_significant(simulated: pd.DataFrame, *, alpha: float = 0.05) -> pd.DataFrame:
    """Give, for each model and test, the share of simulations significant in the predicted direction.

    Under a null model this is the false-positive rate, under a positive control the power.

    Parameters
    ----------
    simulated
        Table of :func:`simulate_tests`.
    alpha
        P below which a test is significant; not corrected for the number of tests.

    Returns
    -------
    pandas.DataFrame
        Index: ``model``, ``test``, in the order of the table. ``share``; ``low`` and ``high``: its 95 %
        interval (Clopper & Pearson, for the number of simulations); ``n``; ``statistic_median``,
        ``statistic_low``, ``statistic_high``: median, 2.5 and 97.5 % quantile of the statistic. A simulation
        in which a test cannot be made, P being NaN, counts as not significant.
    """
    rows = []
    for (model, test), group in simulated.groupby(["model", "test"], sort=False):
        hits = (group["p"] < alpha) & group["as_predicted"]
        interval = stats.binomtest(int(hits.sum()), len(group)).proportion_ci(0.95)
        low, median, high = group["statistic"].quantile([0.025, 0.5, 0.975])
        rows.append(
            {
                "model": model,
                "test": test,
                "share": float(hits.mean()),
                "low": float(interval.low),
                "high": float(interval.high),
                "n": len(group),
                "statistic_median": float(median),
                "statistic_low": float(low),
                "statistic_high": float(high),
            }
        )
    return pd.DataFrame(rows).set_index(["model", "test"])


def monte_carlo_p(observed: float, simulated: npt.ArrayLike) -> float:
    """Give the P value of a statistic by simulation: how often a null population is at least as large.

    Parameters
    ----------
    observed
        The statistic of the data; larger means further in the predicted direction.
    simulated
        (n,) The same statistic of simulated populations; NaN, a population on which the test cannot be made,
        counts as not larger.

    Returns
    -------
    float
        (1 + number at least as large) / (1 + n), which is never zero (Davison & Hinkley 1997, equation 4.11;
        Phipson & Smyth 2010).

    Raises
    ------
    ValueError
        If ``observed`` is NaN or there is no simulation.
    """
    values = np.asarray(simulated, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"simulated must be a list of at least one number; found shape {values.shape}")
    if not np.isfinite(observed):
        raise ValueError(f"observed must be a number; found {observed}")
    return float((1 + np.count_nonzero(values >= observed)) / (1 + values.size))
