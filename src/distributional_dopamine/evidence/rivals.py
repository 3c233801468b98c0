"""Rival accounts of the same neurons, and the experiment that would tell them apart.

Each account is a :class:`~distributional_dopamine.evidence.simulated_responses.Model`: what belongs to a
cell, and how such cells respond once they know the task. Put before the recorded task they pass through the
tests of the recordings; put before two tasks, *the same cells*, they say what a change of rewards does to
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

from distributional_dopamine._checks import count, finite_array, non_negative, unit_interval
from distributional_dopamine._checks import probabilities as checked_probabilities
from distributional_dopamine.distributions.statistics import expectiles
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.asymmetry import asymmetry_against_reversal, estimate_asymmetry
from distributional_dopamine.evidence.diagnostics import (
    DiagnosticTest,
    Outcome,
    asymmetry_follows_reversal,
    cells_differ_in_asymmetry,
    one_reward_divides_the_cells,
    own_points_predict_signs,
    reversal_points_return,
)
from distributional_dopamine.evidence.nulls import (
    CONTROLS,
    NULLS,
    draw_asymmetries,
    make_cells,
    respond_about_learned_values,
)
from distributional_dopamine.evidence.regression import LinearRelation, median_of_finite, relate
from distributional_dopamine.evidence.replication import replicate_each
from distributional_dopamine.evidence.responses import (
    ResponseArrays,
    Responses,
    reward_probabilities,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.evidence.simulated_responses import (
    Model,
    PopulationTemplate,
    learn_values,
    simulate_cells,
)
from distributional_dopamine.learning.distributional import quantile_population
from distributional_dopamine.learning.opponent import opponent_levels

FloatArray = npt.NDArray[np.float64]
Cells = Mapping[str, FloatArray]

EFFICIENT_EXPONENT = 0.5
"""alpha of the efficient code: how a budget of spikes is shared between more cells and higher gains; ours."""

NARROW_RANKS = 0.25
"""Range of ranks in a narrowed efficient code, as a share of all; ours, chosen like the semi-saturations."""

EFFICIENT_SHARPNESS = 6.954
"""Steepness of its tuning curves on the scale of ranks; the default of the authors' released code."""

NORMALISATION_EXPONENT = 2.0
"""n of normalised RL; ours."""

SEMI_SATURATIONS = (2.0, 10.0)
"""Smallest and largest semi-saturation of normalised RL, µL; log-uniform between. Ours: about the range whose
reversal points return from half to half as the recorded ones do."""

CUE_SPREAD = 0.5
"""Standard deviation over cells of the weight of the cue in vector prediction errors (mean one); ours."""

OPPONENT_BOOST = 4.0
"""beta of the opponent readout, a value in the released notebooks of Lowet et al. (2025)."""

LEAST_TRIALS = 4
"""Fewest trials of a size in a made-up task: two expected, two unexpected."""


# --------------------------------------------------------------------------- accounts


def _efficient_tuning(cells: Cells, template: PopulationTemplate) -> FloatArray:
    """Tuning curves h_i(x) = G_i I_D(x)(s q_i, s (1 - q_i)) at the task's volumes, (n_cells, n_volumes)."""
    volumes, weights = np.array(template.arrays.magnitudes), template.probabilities
    mean = volumes @ weights
    log_variance = np.log1p((volumes - mean) ** 2 @ weights / mean**2)
    beyond = stats.lognorm.sf(volumes, np.sqrt(log_variance), scale=mean * np.exp(-log_variance / 2.0))
    place = 1.0 - beyond**EFFICIENT_EXPONENT
    rank = cells["rank"][:, None]
    # a cell of rank q sits where the share beyond it is (1 - q)^(1/alpha), so that its gain is 1 / (1 - q)
    steps = special.betainc(EFFICIENT_SHARPNESS * rank, EFFICIENT_SHARPNESS * (1.0 - rank), place)
    return np.asarray(steps / (1.0 - rank))


def _draw_efficient(
    template: PopulationTemplate, rng: np.random.Generator, *, spread: float
) -> dict[str, FloatArray]:
    n_cells = template.arrays.n_cells
    rank = 0.5 + spread * ((rng.permutation(n_cells) + 0.5) / n_cells - 0.5)
    curve = _efficient_tuning({"rank": rank}, template).mean(axis=0)
    line = relate(curve, template.utility_axis)
    scale = np.full(n_cells, line.slope)
    return {"rank": rank, "scale": scale, "baseline": np.full(n_cells, -line.intercept / line.slope)}


def _respond_efficiently(
    cells: Cells, template: PopulationTemplate, _rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Efficient code for reward (Schütt, Kim & Ma 2024; equations as in their released ``ec_class.py``).

    Rewards x (µL) are taken as log-normal with the mean and variance of the task; P is its distribution
    function. Cells have ranks q = (i - 1/2) / N and lie where D(x) = 1 - (1 - P(x))^alpha equals q, so that
    they cover the distribution; gains are G = (1 - P)^-alpha, so that they rise with the threshold. Tuning:
    h(x) = G I_D(x)(s q, s (1 - q)), I the regularised incomplete beta function. Response: k (h(x) - r0).

    s is the default of the released code, alpha ours. The scale k (Hz) and the common baseline r0 are ours
    too: they are set once, by regressing the measured utilities on the mean tuning curve, and stay with the
    cells whatever the task.
    """
    tuning = _efficient_tuning(cells, template)
    return {"mean": cells["scale"][:, None] * (tuning - cells["baseline"][:, None])}


def _normalised_value(cells: Cells, template: PopulationTemplate) -> FloatArray:
    volumes = np.array(template.arrays.magnitudes) ** NORMALISATION_EXPONENT
    return np.asarray(volumes / (volumes + cells["semi_saturation"][:, None] ** NORMALISATION_EXPONENT))


def _draw_normalised(
    template: PopulationTemplate,
    rng: np.random.Generator,
    *,
    semi_saturations: tuple[float, float] = SEMI_SATURATIONS,
) -> dict[str, FloatArray]:
    low, high = np.log(semi_saturations)
    half = np.exp(rng.uniform(low, high, template.arrays.n_cells))
    value = _normalised_value({"semi_saturation": half}, template)
    axis = template.utility_axis
    slope = (value - value.mean(axis=1, keepdims=True)) @ axis / ((axis - axis.mean()) @ axis)
    return {"semi_saturation": half, "scale": template.gain / slope}


def _respond_normalised(
    cells: Cells, template: PopulationTemplate, _rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Normalised RL (after Louie 2022): divisive normalisation of the reward, then classical TD.

    f(x) = x^n / (sigma^n + x^n) of the volume x (µL), with a semi-saturation sigma of each cell's own; the
    value V is the mean of f(x) over the task (what TD with equal rates converges to); response K (f(x) - V).

    We have read that paper's abstract only: this is the common form of normalisation, with n and the range of
    sigma ours. K gives the cell, in the recorded task, the slope that was measured.
    """
    value = _normalised_value(cells, template)
    error = value - (value @ template.probabilities)[:, None]
    return {"mean": cells["scale"][:, None] * error}


def utility_spread(template: PopulationTemplate) -> float:
    """Give the standard deviation of the rewards of a task on the utility axis, Hz."""
    axis, weights = template.utility_axis, template.probabilities
    return float(np.sqrt((axis - axis @ weights) ** 2 @ weights))


def _draw_scaled(template: PopulationTemplate, _rng: np.random.Generator) -> dict[str, FloatArray]:
    return {"scale": template.gain * utility_spread(template)}


def _respond_scaled(
    cells: Cells, template: PopulationTemplate, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Scaled prediction errors (Möller, Manohar & Bogacz 2022): delta = (u - m) / s.

    m is the mean that TD learns, s the standard deviation of the rewards, here at its true value, which is
    where a rule that moves s until delta^2 averages one comes to rest. Response K delta; K = g s in the
    recorded task, so that there the account is classical TD.
    """
    mean = learn_values(template, [0.5], rng)
    error = (template.utility_axis - mean) / utility_spread(template)
    return {"mean": cells["scale"][:, None] * error}


def _draw_vector(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    return {**make_cells(template), "cue_weight": rng.normal(1.0, CUE_SPREAD, template.arrays.n_cells)}


def _respond_vector(
    cells: Cells, template: PopulationTemplate, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Vector prediction errors (after Lee et al. 2024): diverse at the cue, common at the reward.

    At the reward all cells share one error, so that there the account is classical TD. At the cue, cell i
    answers w_i times the value of the cue above the worst reward (``cue``, Hz). Our reduction of the account
    to what the tests of this book can see; the spread of w is ours.
    """
    made = respond_about_learned_values(cells, template, rng)
    promised = made["value"] - template.utility_axis.min()
    return {**made, "cue": cells["gain"] * cells["cue_weight"] * promised}


def _draw_opponent(template: PopulationTemplate, rng: np.random.Generator) -> dict[str, FloatArray]:
    return {**make_cells(template), "striatal_tau": draw_asymmetries(template, rng)}


def _respond_opponent(
    cells: Cells, template: PopulationTemplate, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Opponent readout: dopamine is classical TD, and asymmetry is made after it.

    D1 cells learn with beta tau / (beta tau + 1 - tau), D2 cells with tau / (tau + beta (1 - tau)) (the
    levels of the released code of Lowet et al. 2025); their predictions are ``d1`` and ``d2`` (Hz). Lowet et
    al. do *not* hold that dopamine is classical; this is the rival that keeps only the second half of their
    circuit.
    """
    made = respond_about_learned_values(cells, template, rng)
    levels = opponent_levels(cells["striatal_tau"], OPPONENT_BOOST)
    both = learn_values(template, np.concatenate((levels.d1, levels.d2)), rng)
    return {**made, "d1": both[: levels.d1.size], "d2": both[levels.d1.size :]}


def _respond_about_quantiles(
    cells: Cells, template: PopulationTemplate, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Distributional TD with the sign of the error in learning: values are quantiles, not expectiles.

    Responses are as in distributional TD: alpha+ (u - V) above V, alpha- (u - V) below.
    """
    axis, taus = template.utility_axis, cells["asymmetry"]
    rewards = rng.choice(axis, size=20_000, p=template.probabilities)
    step = 0.02 * utility_spread(template)
    course = quantile_population(
        rewards,
        step * taus,
        step * (1.0 - taus),
        np.full(taus.size, axis @ template.probabilities),
        record_every=10,
    )
    value = course[course.shape[0] // 2 :].mean(axis=0)
    above, below = 2.0 * cells["gain"] * taus, 2.0 * cells["gain"] * (1.0 - taus)
    error = axis[None, :] - value[:, None]
    mean = np.where(error > 0.0, above[:, None], below[:, None]) * error
    return {"mean": mean, "value": value, "slope_above": above, "slope_below": below}


def efficient_account(spread: float = 1.0) -> Model:
    """Give an efficient code whose cells cover the middle ``spread`` of all ranks; one is the theory's own.

    Parameters
    ----------
    spread
        Share of the ranks, above zero and at most one.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If the share is out of range.
    """
    if unit_interval("spread", spread) == 0.0:
        raise ValueError("spread must be above zero; found 0: all cells would be the same")
    return Model(partial(_draw_efficient, spread=spread), _respond_efficiently)


ACCOUNTS: Mapping[str, Model] = {
    "classical": NULLS["classical_bootstrap"],
    "offset": NULLS["classical_offset"],
    "shared_value": NULLS["shared_value"],
    "scaled_error": Model(_draw_scaled, _respond_scaled),
    "vector_error": Model(_draw_vector, _respond_vector),
    "opponent_readout": Model(_draw_opponent, _respond_opponent),
    "normalised": Model(_draw_normalised, _respond_normalised),
    "efficient": efficient_account(),
    "efficient_narrow": efficient_account(NARROW_RANKS),
    "quantile": Model(CONTROLS["distributional_measured"].draw_cells, _respond_about_quantiles),
    "distributional": CONTROLS["distributional_measured"],
}
"""The accounts of the chapter, by name.

``classical``: one value, learned by TD; each cell its own gain. ``offset``: the same with a constant of each
cell's own. ``shared_value``: one value, slopes that differ in asymmetry. ``scaled_error``: errors divided by
the standard deviation of the rewards. ``vector_error``: diverse at the cue only. ``opponent_readout``:
diverse downstream only. ``normalised``: divisive normalisation with diverse semi-saturation. ``efficient``:
tuning curves that cover the distribution of rewards; ``efficient_narrow``: only its middle. ``quantile`` and
``distributional``: values learned with each cell's asymmetry, by the sign of the error or by the error.
"""


# --------------------------------------------------------------------------- two more tests


def _rank_relation(x: FloatArray, y: FloatArray) -> LinearRelation:
    """Regress ranks on ranks over the cells that have both; r is Spearman's."""
    both = np.isfinite(x) & np.isfinite(y)
    return relate(*(stats.rankdata(values[both], method="ordinal") for values in (x, y)))


def _shapes_of_halves(
    responses: Responses, rng: np.random.Generator, n_splits: int
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """For each split: reversal points of one half (piecewise), steepness and convexity of the other."""
    arrays = to_arrays(responses)
    axis = utility_axis(arrays)
    basis, _ = np.linalg.qr(np.vander(axis, 3, increasing=True))
    basis[:, 1] *= np.sign(axis @ basis[:, 1])  # the line rises ...
    basis[:, 2] *= np.sign(axis**2 @ basis[:, 2])  # ... and the parabola opens upwards
    values = arrays.values.copy()
    everything = _compiled.sums_by_condition(values, arrays.offsets)
    first, second = np.empty_like(everything), np.empty_like(everything)
    shapes = []
    for _ in range(count("n_splits", n_splits)):
        _compiled.draw_halves(values, arrays.offsets, everything, first, second, rng)
        points, _ = _compiled.reversal_of_cells(first, axis, _compiled.PIECEWISE, 0.0, rng)
        means = (second[:, _compiled.SUM] / second[:, _compiled.N]).reshape(arrays.n_cells, -1)
        steepness, bend = (means @ basis)[:, 1:].T
        shapes.append((points, steepness, bend / np.hypot(steepness, bend)))
    return shapes


def _of_lines(lines: list[LinearRelation]) -> Outcome:
    """Give the median correlation over splits, with the P value of the first."""
    r = np.array([line.r for line in lines])
    return Outcome(median_of_finite(r), lines[0].p, lines[0].n, lines[0].r > 0.0)


def steepness_follows_reversal(
    responses: Responses, rng: np.random.Generator, *, n_splits: int = 1
) -> Outcome:
    """Test whether cells that reverse later have steeper responses, from independent halves of the trials.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws the halves.
    n_splits
        Number of random splits.

    Returns
    -------
    Outcome
        ``statistic``: rank correlation over cells of the reversal point (piecewise) in one half with the
        slope of the mean responses in the other, the median over splits; ``p``: that of the first split;
        ``as_predicted``: whether r is above zero. Distributional TD itself predicts neither side where gains
        are free.

    References
    ----------
    Schütt, Kim & Ma (2024): gain rises with the threshold.
    """
    return _of_lines(
        [_rank_relation(e, slope) for e, slope, _ in _shapes_of_halves(responses, rng, n_splits)]
    )


def convexity_follows_reversal(
    responses: Responses, rng: np.random.Generator, *, n_splits: int = 1
) -> Outcome:
    """Test whether cells that reverse later bend upwards more, from independent halves of the trials.

    The bend is that of the whole curve, taken without a reversal point of the cell's own, so that symmetric
    cells with diverse reversal points do not show it.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws the halves.
    n_splits
        Number of random splits.

    Returns
    -------
    Outcome
        ``statistic``: rank correlation over cells of the reversal point (piecewise) in one half with the
        convexity c2 / sqrt(c1^2 + c2^2) in the other, c1 and c2 the linear and quadratic coefficients of the
        mean responses on orthonormal polynomials of the utility axis; the median over splits. ``p``: that of
        the first split.
    """
    return _of_lines([_rank_relation(e, bend) for e, _, bend in _shapes_of_halves(responses, rng, n_splits)])


def measurements(n_splits: int = 5) -> dict[str, DiagnosticTest]:
    """Give the tests by which the accounts are compared in the recorded task.

    Parameters
    ----------
    n_splits
        Random splits (for the analysis of variance: partitions) whose median is the statistic.

    Returns
    -------
    dict
        Name -> test: the piecewise ones of the recordings' tests, and two on the shape of the responses.
    """
    return {
        "split_half": partial(reversal_points_return, estimator="piecewise", n_splits=n_splits),
        "asymmetry": partial(asymmetry_follows_reversal, estimator="piecewise", n_splits=n_splits),
        "asymmetry_anova": partial(cells_differ_in_asymmetry, n_partitions=n_splits),
        "opposite_signs": one_reward_divides_the_cells,
        "held_out_sign": partial(own_points_predict_signs, n_splits=n_splits),
        "convexity": partial(convexity_follows_reversal, n_splits=n_splits),
        "steepness": partial(steepness_follows_reversal, n_splits=n_splits),
    }


def directions(simulated: pd.DataFrame, *, alpha: float = 0.05) -> pd.DataFrame:
    """Give, for each model and test, the shares of simulations that are significant on either side.

    Parameters
    ----------
    simulated
        Table of :func:`~distributional_dopamine.evidence.nulls.simulate_tests`.
    alpha
        P below which a test is significant; not corrected for the number of tests.

    Returns
    -------
    pandas.DataFrame
        Index: ``model``, ``test``, in the order of the table. ``predicted`` and ``opposite``: share of the
        simulations with P below ``alpha`` on the side that distributional TD predicts, and on the other;
        ``median``, ``low``, ``high``: of the statistic (2.5 and 97.5 %).
    """
    rows = []
    for (model, test), group in simulated.groupby(["model", "test"], sort=False):
        hits = group["p"] < alpha
        low, median, high = group["statistic"].quantile([0.025, 0.5, 0.975])
        rows.append(
            {
                "model": model,
                "test": test,
                "predicted": float((hits & group["as_predicted"]).mean()),
                "opposite": float((hits & ~group["as_predicted"]).mean()),
                "median": float(median),
                "low": float(low),
                "high": float(high),
            }
        )
    return pd.DataFrame(rows).set_index(["model", "test"])


# --------------------------------------------------------------------------- a second task


def reweight(
    probabilities: npt.ArrayLike, utility_axis: npt.ArrayLike, *, mean: float, sd: float
) -> FloatArray:
    """Give probabilities the wanted mean and standard deviation, and change them no more than that needs.

    p_m exp(a u_m + b u_m^2) is, of all distributions over the same rewards with this mean and spread, the
    nearest to p in relative entropy.

    Parameters
    ----------
    probabilities
        (n_magnitudes,) p.
    utility_axis
        (n_magnitudes,) u, Hz.
    mean, sd
        Wanted, Hz.

    Returns
    -------
    array
        (n_magnitudes,) probabilities.

    Raises
    ------
    ValueError
        If no distribution over these rewards, or only one at the very edge, has that mean and spread.

    Examples
    --------
    >>> reweight([0.25, 0.5, 0.25], [-1.0, 0.0, 1.0], mean=0.0, sd=0.5).round(3).tolist()
    [0.125, 0.75, 0.125]
    """
    axis = finite_array("utility_axis", utility_axis, ndim=1)
    start = checked_probabilities("probabilities", probabilities, length=axis.size)
    centre, unit = float(axis.mean()), float(axis.std())
    z = (axis - centre) / unit
    features = np.stack((z, z**2))
    wanted_mean = (float(mean) - centre) / unit
    wanted = np.array([wanted_mean, wanted_mean**2 + (non_negative("sd", sd) / unit) ** 2])

    def tilted(tilt: FloatArray) -> FloatArray:
        exponent = tilt @ features
        weights = start * np.exp(exponent - exponent.max())
        return np.asarray(weights / weights.sum())

    found = optimize.root(lambda tilt: features @ tilted(tilt) - wanted, np.zeros(2), method="lm")
    reweighted = tilted(found.x)
    if np.abs(features @ reweighted - wanted).max() > 1e-6:
        raise ValueError(
            f"mean and sd must be those of some distribution over the rewards; found {mean:g} and {sd:g} Hz "
            f"for rewards from {axis.min():g} to {axis.max():g} Hz: take a mean nearer the middle, or less "
            "or more spread"
        )
    return reweighted


def change_task(
    template: PopulationTemplate,
    *,
    probabilities: npt.ArrayLike | None = None,
    volume_factor: float = 1.0,
) -> PopulationTemplate:
    """Put the same cells before other rewards: other probabilities, or all volumes times a constant.

    Every cell keeps its number of trials, dealt to the sizes by the probabilities (four of a size at least,
    half of them expected), and its noise. The utility of a volume stays what it was; between the measured
    volumes it is interpolated on the logarithm of the volume, beyond them it stays at the last one's.

    Parameters
    ----------
    template
        The first task.
    probabilities
        (n_magnitudes,) of the new one; by default the old ones.
    volume_factor
        Constant by which all volumes are multiplied.

    Returns
    -------
    PopulationTemplate

    Raises
    ------
    ValueError
        If the probabilities do not fit, or the factor is not above zero.
    """
    arrays = template.arrays
    factor = non_negative("volume_factor", volume_factor)
    if factor == 0.0:
        raise ValueError("volume_factor must be above zero; found 0: there would be no reward")
    weights = checked_probabilities(
        "probabilities",
        template.probabilities if probabilities is None else probabilities,
        length=arrays.n_magnitudes,
    )
    volumes = tuple(factor * volume for volume in arrays.magnitudes)
    totals = arrays.counts().sum(axis=1)
    counts = np.maximum(LEAST_TRIALS, np.rint(totals[:, None] * weights)).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(counts.ravel()))).astype(np.int64)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts.ravel())
    made = ResponseArrays(arrays.cells, volumes, np.zeros(offsets[-1]), offsets, within % 2 == 0)
    utilities = template.utility_axis
    if factor != 1.0:
        utilities = np.interp(np.log(volumes), np.log(arrays.magnitudes), utilities)
    return replace(template, arrays=made, utility_axis=utilities, probabilities=weights)


def draw_template(template: PopulationTemplate, n_cells: int, rng: np.random.Generator) -> PopulationTemplate:
    """Make a template of any number of cells by drawing recorded ones with replacement.

    Parameters
    ----------
    template
        Whose trials, gains and noise are drawn.
    n_cells
        Number of cells.
    rng
        Draws them.

    Returns
    -------
    PopulationTemplate
    """
    arrays = template.arrays
    chosen = rng.integers(arrays.n_cells, size=count("n_cells", n_cells))
    taken = arrays.select([arrays.cells[c] for c in chosen])
    pools = [
        template.residuals[template.residual_offsets[c] : template.residual_offsets[c + 1]] for c in chosen
    ]
    sizes = np.cumsum([pool.size for pool in pools])
    return replace(
        template,
        arrays=replace(taken, cells=tuple(f"cell {i}" for i in range(n_cells))),
        gain=template.gain[chosen],
        residuals=np.concatenate(pools),
        residual_offsets=np.concatenate(([0], sizes)).astype(np.int64),
        residual_sd=template.residual_sd[chosen],
    )


@dataclass(frozen=True, eq=False)
class TaskComparison:
    """What became of the same cells when the rewards changed.

    Reversal points and asymmetries are by the piecewise fit, all on one utility axis.

    Attributes
    ----------
    reversal_first, reversal_second
        (n_cells,) Reversal points in each task, all trials, Hz; NaN where off an end.
    asymmetry_first, asymmetry_second
        (n_cells,) tau in each task, all trials; NaN where there is none.
    predicted_shift
        (n_splits, n_cells) Expectile of the second task minus that of the first, Hz, both at the mean tau of
        a random half of the trials of each task.
    shift
        (n_splits, n_cells) Reversal point of the second task minus that of the first, Hz, from the *other*
        halves; NaN for both where an estimate is lacking.
    slope_first, slope_second
        (n_cells,) Least-squares slope of the mean responses on the axis, each size weighted by its trials.
    """

    reversal_first: FloatArray
    reversal_second: FloatArray
    asymmetry_first: FloatArray
    asymmetry_second: FloatArray
    predicted_shift: FloatArray
    shift: FloatArray
    slope_first: FloatArray
    slope_second: FloatArray

    def measures(self) -> dict[str, tuple[float, float]]:
        """Give each measure's value and P.

        Returns
        -------
        dict
            ``asymmetry_r``, ``reversal_r``: rank correlation over cells of tau, and of the reversal points,
            between the tasks. ``shift_slope``: slope of the shift on the predicted shift, the median of all
            pairs of cells, then over splits (P: rank correlation, first split). ``shift_missed``: mean shift
            minus mean predicted shift, Hz, the mean over splits (paired t, first split). ``spread_change``:
            log2 of the ratio of the interquartile ranges of the reversal points (no P). ``slope_change``:
            median log2 ratio of the slopes (t of the signed ranks). ``asymmetry_change``: mean change of tau
            (paired t). NaN where fewer than three cells remain.
        """
        asymmetry = _rank_relation(self.asymmetry_first, self.asymmetry_second)
        reversal = _rank_relation(self.reversal_first, self.reversal_second)
        slopes, missed = [], []
        for predicted, shift in zip(self.predicted_shift, self.shift, strict=True):
            both = np.isfinite(predicted)
            if both.sum() >= 3:
                slopes.append(_median_slope(predicted[both], shift[both]))
                missed.append(float((shift - predicted)[both].mean()))
        rising = (self.slope_first > 0.0) & (self.slope_second > 0.0)
        steeper = np.log2(self.slope_second[rising] / self.slope_first[rising])
        kept = np.isfinite(self.reversal_first) & np.isfinite(self.reversal_second)
        spread = float("nan")
        if kept.sum() >= 3:
            quarters = [
                np.quantile(e[kept], [0.25, 0.75]) for e in (self.reversal_first, self.reversal_second)
            ]
            before, after = (high - low for low, high in quarters)
            spread = float(np.log2(after / before))
        nothing = float("nan")
        return {
            "asymmetry_r": (asymmetry.r, asymmetry.p),
            "reversal_r": (reversal.r, reversal.p),
            "shift_slope": (
                float(np.median(slopes)) if slopes else nothing,
                _rank_relation(self.predicted_shift[0], self.shift[0]).p,
            ),
            "shift_missed": (
                float(np.mean(missed)) if missed else nothing,
                _mean_against_zero(self.shift[0] - self.predicted_shift[0])[1],
            ),
            "spread_change": (spread, nothing),
            "slope_change": (
                float(np.median(steeper)) if steeper.size >= 3 else nothing,
                _mean_against_zero(np.sign(steeper) * stats.rankdata(np.abs(steeper), method="ordinal"))[1],
            ),
            "asymmetry_change": _mean_against_zero(self.asymmetry_second - self.asymmetry_first),
        }


def _finite(values: FloatArray) -> FloatArray:
    return np.asarray(values[np.isfinite(values)])


def _median_slope(x: FloatArray, y: FloatArray) -> float:
    """Median slope over all pairs of cells (Theil & Sen): one cell far out does not turn it."""
    one, two = np.triu_indices(x.size, 1)
    run = x[two] - x[one]
    apart = run != 0.0
    if not apart.any():  # the same is predicted for all cells: there is no slope
        return float("nan")
    return float(np.median((y[two] - y[one])[apart] / run[apart]))


def _mean_against_zero(values: FloatArray) -> tuple[float, float]:
    """Mean, and two-sided P of a t test that it is zero."""
    sample = _finite(values)
    if sample.size < 3:
        return float("nan"), float("nan")
    mean = float(sample.mean())
    t = mean / (sample.std(ddof=1) / np.sqrt(sample.size))
    return mean, float(2.0 * special.stdtr(sample.size - 1, -abs(t)))


def compare_tasks(
    first: Responses,
    second: Responses,
    rng: np.random.Generator,
    *,
    n_splits: int = 2,
    common_axis: bool = True,
) -> TaskComparison:
    """Compare the same cells in two tasks.

    The utility axis is the first task's, also for the second: the utility of a volume must not depend on
    what the animal expects, or the shift that is looked for would be taken off with it. Volumes that the
    first task lacks are interpolated on the logarithm of the volume.

    Parameters
    ----------
    first, second
        Pooled responses of the same cells in the same order, in compact form where the volumes are not the
        recorded ones.
    rng
        Draws the halves.
    n_splits
        Number of random splits of each task's trials.
    common_axis
        False: each task's responses give an axis of their own, as in the analysis of one task; to show what
        that does.

    Returns
    -------
    TaskComparison

    Raises
    ------
    ValueError
        If the cells differ.
    """
    one, two = to_arrays(first), to_arrays(second)
    if one.cells != two.cells:
        raise ValueError(
            f"first and second must hold the same cells in the same order; found {one.n_cells} and "
            f"{two.n_cells}, or another order: use select() on one of them"
        )
    axis = utility_axis(one)
    other = utility_axis(two)
    if common_axis:
        other = axis
        if two.magnitudes != one.magnitudes:
            other = np.interp(np.log(two.magnitudes), np.log(one.magnitudes), axis)
    halves = [
        asymmetry_against_reversal(arrays, place, rng, estimator="piecewise", n_splits=n_splits)
        for arrays, place in ((one, axis), (two, other))
    ]
    before = estimate_asymmetry(one, axis, rng, estimator="piecewise")
    after = estimate_asymmetry(two, other, rng, estimator="piecewise")
    taus = 0.5 * (halves[0].second + halves[1].second)
    usable = np.isfinite(taus)
    predicted, shift = np.full(taus.shape, np.nan), np.full(taus.shape, np.nan)
    shift[usable] = (halves[1].first - halves[0].first)[usable]
    if usable.any():
        predicted[usable] = expectiles(other, taus[usable], reward_probabilities(two)) - expectiles(
            axis, taus[usable], reward_probabilities(one)
        )
    return TaskComparison(
        before.reversal.reversal_point,
        after.reversal.reversal_point,
        before.asymmetry,
        after.asymmetry,
        predicted,
        shift,
        _slopes(one, axis),
        _slopes(two, other),
    )


def _slopes(arrays: ResponseArrays, axis: FloatArray) -> FloatArray:
    weights = arrays.counts() / arrays.counts().sum(axis=1, keepdims=True)
    distance = axis - (weights @ axis)[:, None]
    return np.asarray((weights * distance * arrays.means()).sum(axis=1) / (weights * distance**2).sum(axis=1))


def simulate_two_tasks(
    models: Mapping[str, Model],
    template: PopulationTemplate,
    second_tasks: Mapping[str, PopulationTemplate],
    rng: np.random.Generator,
    *,
    n_simulations: int = 200,
    n_workers: int | None = None,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Let many populations of every model respond in a first task and, the same cells, in some others.

    Parameters
    ----------
    models
        Name -> model.
    template
        The first task.
    second_tasks
        Name -> template of another task of the same cells, from :func:`change_task`.
    rng
        Source of one independent generator a simulation; each model's do not depend on which other models are
        asked for.
    n_simulations
        Populations a model.
    n_workers, scheduler
        Where the work is done, see :func:`~distributional_dopamine.evidence.replication.replicate`.

    Returns
    -------
    pandas.DataFrame
        One row a model, simulation, task and measure: ``model``, ``simulation``, ``task``, ``measure``,
        ``value``, ``p``; see :meth:`TaskComparison.measures`.

    Raises
    ------
    ValueError
        If there is no model, no second task or no simulation to run.
    """
    if not models or not second_tasks:
        raise ValueError(
            f"models and second_tasks must not be empty; found {len(models)} and {len(second_tasks)}"
        )
    tasks = {name: _TwoTasks(model, template, dict(second_tasks)) for name, model in models.items()}
    done = replicate_each(tasks, n_simulations, rng, n_workers=n_workers, scheduler=scheduler)
    tables = []
    for name, simulations in done.items():
        for simulation, rows in enumerate(simulations):
            table = pd.DataFrame(rows, columns=["task", "measure", "value", "p"])
            table.insert(0, "model", name)
            table.insert(1, "simulation", simulation)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class _TwoTasks:
    """One population through all tasks; a class, so that it can be sent to another process."""

    model: Model
    template: PopulationTemplate
    second_tasks: dict[str, PopulationTemplate]

    def __call__(self, rng: np.random.Generator) -> list[tuple[str, str, float, float]]:
        cells = self.model.draw_cells(self.template, rng)
        first = simulate_cells(self.model, cells, self.template, rng).responses
        rows = []
        for task, template in self.second_tasks.items():
            second = simulate_cells(self.model, cells, template, rng).responses
            for measure, (value, p) in compare_tasks(first, second, rng).measures().items():
                rows.append((task, measure, value, p))
        return rows


def separability(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Give the area under the ROC curve: the chance that a value of ``second`` is above one of ``first``.

    Parameters
    ----------
    first, second
        Values of one measure under two accounts; NaN are left out.

    Returns
    -------
    float
        0.5 where nothing separates them, 1 or 0 where everything does; NaN if a side is empty.

    Examples
    --------
    >>> separability([0.0, 1.0], [1.0, 2.0])
    0.875
    """
    a, b = (_finite(np.asarray(values, dtype=np.float64)) for values in (first, second))
    if not a.size or not b.size:
        return float("nan")
    a = np.sort(a)
    wins = np.searchsorted(a, b, side="left") + np.searchsorted(a, b, side="right")  # a tie is half a win
    return float(wins.mean() / (2 * a.size))


def best_measures(simulated: pd.DataFrame, *, among: Sequence[str] | None = None) -> pd.DataFrame:
    """Find for each pair of accounts the task and measure that separate them best.

    The best is chosen on the even simulations and judged on the odd ones, so that the best of many by luck
    does not count.

    Parameters
    ----------
    simulated
        Table of :func:`simulate_two_tasks`.
    among
        Measures to choose from; by default all.

    Returns
    -------
    pandas.DataFrame
        One row an ordered pair: ``first``, ``second``, ``task``, ``measure``, ``auc`` (judged; of the side
        that was the larger when chosen).

    Raises
    ------
    ValueError
        If no measure can be taken under both accounts of a pair.
    """
    table = simulated if among is None else simulated[simulated["measure"].isin(among)]
    values: dict[tuple[str, str, str], FloatArray] = {}
    for name, group in table.groupby(["model", "task", "measure"], sort=False):
        model, task, measure = (str(part) for part in np.atleast_1d(np.asarray(name, dtype=object)))
        values[model, task, measure] = group["value"].to_numpy(dtype=np.float64)
    keys = list(dict.fromkeys((task, measure) for _, task, measure in values))
    names = list(dict.fromkeys(table["model"]))
    rows = []
    for first in names:
        for second in names:
            if first == second:
                continue
            # rows of one model, task and measure are in the order of the simulations
            pairs = {key: (values[first, *key], values[second, *key]) for key in keys}
            chosen = {key: separability(a[::2], b[::2]) for key, (a, b) in pairs.items()}
            usable = {key: auc for key, auc in chosen.items() if np.isfinite(auc)}
            if not usable:
                raise ValueError(
                    f"simulated must hold a measure that {first} and {second} both have; found none"
                )
            best = max(usable, key=lambda key: abs(usable[key] - 0.5))
            judged = separability(pairs[best][0][1::2], pairs[best][1][1::2])
            auc = judged if usable[best] >= 0.5 else 1.0 - judged
            rows.append({"first": first, "second": second, "task": best[0], "measure": best[1], "auc": auc})
    return pd.DataFrame(rows)
