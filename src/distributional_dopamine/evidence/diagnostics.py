"""The tests of the evidence in one form: responses in, a statistic and a P value out.

A *diagnostic test* is any function ``test(responses, rng)`` that gives an :class:`Outcome`. Each works out
everything it needs from the responses alone, their utility axis included, as it would from recorded ones;
so recorded cells, null models, rival accounts and a reader's own model all pass the identical way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from scipy import stats

from distributional_dopamine._checks import count
from distributional_dopamine.evidence.asymmetry import (
    asymmetry_against_reversal,
    asymmetry_anova,
    estimate_asymmetry,
)
from distributional_dopamine.evidence.decoding import CONVEX, Effort, decode, decode_shuffled
from distributional_dopamine.evidence.held_out_sign import predict_held_out_signs
from distributional_dopamine.evidence.responses import (
    Responses,
    reward_probabilities,
    to_arrays,
    utility_axis,
)
from distributional_dopamine.evidence.reversal_points import Estimator
from distributional_dopamine.evidence.sign_tests import compute_sign_tests
from distributional_dopamine.evidence.split_half import SplitCorrelations, split_half_reversal_points


@dataclass(frozen=True)
class Outcome:
    """What a diagnostic test says of one population.

    Attributes
    ----------
    statistic
        The quantity tested, larger for what the theory predicts; NaN where the test cannot be made.
    p
        Its P value; NaN where the test cannot be made, or has none.
    n_cells
        Number of cells that went into it.
    as_predicted
        Whether the statistic lies on the side that distributional TD predicts.
    """

    statistic: float
    p: float
    n_cells: int
    as_predicted: bool


DiagnosticTest: TypeAlias = Callable[[Responses, np.random.Generator], Outcome]
"""``test(responses, rng)``: pooled responses of a population, and a source of splits and ties."""


def _of_splits(splits: SplitCorrelations) -> Outcome:
    """Give the median correlation over the splits, with the P value of the first, as published from one."""
    return Outcome(splits.r_median, float(splits.p[0]), int(splits.n_cells[0]), bool(splits.r[0] > 0.0))


def reversal_points_return(
    responses: Responses,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "counting",
    n_splits: int = 1,
) -> Outcome:
    """Test whether the reversal points of one random half of the trials return in the other.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws the halves and breaks ties.
    estimator
        Of the reversal point.
    n_splits
        Number of random splits.

    Returns
    -------
    Outcome
        ``statistic``: Pearson r over cells, the median over splits; ``p``: two-sided P of the first split.
    """
    arrays = to_arrays(responses)
    axis = utility_axis(arrays)
    return _of_splits(split_half_reversal_points(arrays, axis, rng, estimator=estimator, n_splits=n_splits))


def asymmetry_follows_reversal(
    responses: Responses,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "counting",
    same_trials: bool = False,
    n_splits: int = 1,
) -> Outcome:
    """Test whether cells of larger asymmetry reverse later, each estimate from its own half of the trials.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws the halves and breaks ties.
    estimator
        Of the reversal point.
    same_trials
        Take both from the same half: circular, to be warned of.
    n_splits
        Number of random splits.

    Returns
    -------
    Outcome
        ``statistic``: Pearson r over cells, the median over splits; ``p``: two-sided P of the first split.
    """
    arrays = to_arrays(responses)
    axis = utility_axis(arrays)
    splits = asymmetry_against_reversal(
        arrays, axis, rng, estimator=estimator, same_trials=same_trials, n_splits=n_splits
    )
    return _of_splits(splits)


def cells_differ_in_asymmetry(
    responses: Responses, rng: np.random.Generator, *, n_partitions: int = 1
) -> Outcome:
    """Test by analysis of variance over seven folds whether cells differ in asymmetry.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws the folds and breaks ties.
    n_partitions
        Number of random partitions.

    Returns
    -------
    Outcome
        ``statistic``: F, the median over partitions; ``p``: that of the first partition.
    """
    arrays = to_arrays(responses)
    try:
        found = asymmetry_anova(arrays, utility_axis(arrays), rng, n_partitions=n_partitions)
    except ValueError:  # fewer than two cells with a slope in every fold: there is nothing to compare
        return Outcome(float("nan"), float("nan"), 0, False)
    return Outcome(found.f_median, float(found.p[0]), len(found.cells), bool(found.f[0] > 1.0))


def one_reward_divides_the_cells(
    responses: Responses,
    rng: np.random.Generator,  # noqa: ARG001  every test is called with one
) -> Outcome:
    """Test whether one and the same reward is good news for some cells and bad news for others.

    The reward is the one whose utility is nearest to zero, 5 µL in the recordings. One-sided t tests, as give
    the published counts; P that of at least so many cells on the scarcer side if each had the chance of one
    in twenty, so that it is small only where *both* signs are commoner than chance.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Not used: there is nothing to draw.

    Returns
    -------
    Outcome
        ``statistic``: share of the cells on the scarcer side; ``p``: binomial.
    """
    arrays = to_arrays(responses)
    middle = int(np.abs(utility_axis(arrays)).argmin())
    counts = compute_sign_tests(arrays, "t").counts(arrays.magnitudes[middle], sides="one", alpha=0.05)
    scarcer = min(counts.above, counts.below)
    p = float(stats.binom.sf(scarcer - 1, counts.n_cells, 0.05))
    return Outcome(scarcer / max(1, counts.n_cells), p, counts.n_cells, scarcer > 0.05 * counts.n_cells)


def own_points_predict_signs(responses: Responses, rng: np.random.Generator, *, n_splits: int = 1) -> Outcome:
    """Test whether a cell's own reversal point predicts held-out signs better than one shared by all.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws the halves and breaks ties.
    n_splits
        Number of random splits.

    Returns
    -------
    Outcome
        ``statistic``: gain in accuracy, the median over splits; ``p``: one-sided Wilcoxon signed-rank test
        of the gains of the cells, first split.
    """
    arrays = to_arrays(responses)
    found = predict_held_out_signs(arrays, utility_axis(arrays), rng, n_splits=n_splits)
    gains = found.own_by_cell[0] - found.shared_by_cell[0]
    changed = gains[gains != 0.0]
    p = (
        float(stats.wilcoxon(changed, alternative="greater", method="asymptotic").pvalue)
        if changed.size
        else 1.0
    )
    return Outcome(float(np.median(found.gain)), p, arrays.n_cells, bool(found.gain[0] > 0.0))


def decoding_beats_shuffle(
    responses: Responses,
    rng: np.random.Generator,
    *,
    independent_halves: bool = False,
    n_shuffles: int = 20,
    effort: Effort = CONVEX,
) -> Outcome:
    """Test whether the distribution of rewards is decoded better than with asymmetries shuffled among cells.

    Parameters
    ----------
    responses
        Pooled responses.
    rng
        Draws halves and shuffles, and breaks ties.
    independent_halves
        Take reversal points from one half of the trials and asymmetries from the other; by default both come
        from all trials, as in the paper.
    n_shuffles
        Number of shuffles; the smallest P is 1 / (1 + this).
    effort
        How each distribution is sought.

    Returns
    -------
    Outcome
        ``statistic``: minus the Wasserstein-1 distance from the true distribution, Hz (so that larger is
        better); ``p``: share of the shuffles at least as near, the data counted among them.
    """
    arrays = to_arrays(responses)
    axis, weights = utility_axis(arrays), reward_probabilities(arrays)
    count("n_shuffles", n_shuffles)
    if independent_halves:
        split = asymmetry_against_reversal(arrays, axis, rng, n_splits=1)
        points, taus = split.first[0], split.second[0]
    else:
        found = estimate_asymmetry(arrays, axis, rng)
        points, taus = found.reversal.reversal_point, found.asymmetry
    usable = int((np.isfinite(points) & np.isfinite(taus)).sum())
    if usable < 2:
        return Outcome(float("nan"), float("nan"), usable, False)
    own = decode(points, taus, axis, weights, rng, effort)
    shuffled = decode_shuffled(points, taus, axis, weights, rng, n_shuffles=n_shuffles, effort=effort)
    p = (1 + int((shuffled.w1 <= own.w1).sum())) / (1 + n_shuffles)
    return Outcome(-own.w1, p, usable, own.w1 < shuffled.w1_median)


TESTS: Mapping[str, DiagnosticTest] = {
    "split_half.counting": reversal_points_return,
    "split_half.piecewise": partial(reversal_points_return, estimator="piecewise"),
    "asymmetry.counting": asymmetry_follows_reversal,
    "asymmetry.piecewise": partial(asymmetry_follows_reversal, estimator="piecewise"),
    "asymmetry.same_trials": partial(asymmetry_follows_reversal, same_trials=True),
    "asymmetry_anova": cells_differ_in_asymmetry,
    "opposite_signs": one_reward_divides_the_cells,
    "held_out_sign": own_points_predict_signs,
    "decoding": decoding_beats_shuffle,
    "decoding.independent_halves": partial(decoding_beats_shuffle, independent_halves=True),
}
"""The tests of the chapters on the neurons, by name, each with one random split as published."""
