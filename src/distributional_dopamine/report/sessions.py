"""Whether cells of one session are alike, and whether a correlation over cells holds within sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from distributional_dopamine.evidence.clustering import (
    IntraclassCorrelation,
    draw_orders,
    intraclass_correlation,
    shuffled_correlations,
)
from distributional_dopamine.evidence.nulls import monte_carlo_p
from distributional_dopamine.evidence.split_half import SplitCorrelations

FloatArray = npt.NDArray[np.float64]
_N_SPLITS = 50  # of those that were drawn: the median of so many hardly moves


@dataclass(frozen=True)
class Alike:
    """How alike cells of one session are.

    Attributes
    ----------
    reversal_point, asymmetry
        Intraclass correlations; None where no session has two cells with an estimate, or there is but one.
    p_within
        Share of permutations of the asymmetries within sessions whose median correlation with the reversal
        points is at least as large, the data counted among them; NaN where nothing can change places.
    n_sessions
        Number of sessions.
    """

    reversal_point: IntraclassCorrelation | None
    asymmetry: IntraclassCorrelation | None
    p_within: float
    n_sessions: int

    def in_words(self) -> str:
        """Say what follows for the correlation of asymmetry and reversal point."""
        if not np.isfinite(self.p_within):
            return (
                "Whether asymmetry follows the reversal point within sessions cannot be asked: in no session "
                "could cells change places."
            )
        return (
            "When asymmetries change places among cells of one session only, the correlation with the "
            f"reversal point is as large as yours in a share of {self.p_within:.3g} of the times. What is "
            "common to a session, such as the state of the animal, cannot make that share small."
        )


def alike_within_sessions(
    points: FloatArray,
    taus: FloatArray,
    splits: SplitCorrelations,
    sessions: Sequence[str],
    rng: np.random.Generator,
    *,
    n_permutations: int = 999,
) -> Alike:
    """Measure how alike cells of one session are, and permute their asymmetries within sessions.

    Parameters
    ----------
    points, taus
        (n_cells,) Reversal points and asymmetries of all trials; NaN where there is none.
    splits
        Asymmetry against reversal point from independent halves.
    sessions
        (n_cells,) Name of the session of each cell.
    rng
        Draws the permutations.
    n_permutations
        Number of permutations.

    Returns
    -------
    Alike
    """
    n_sessions = len(set(sessions))
    first, second = splits.first[:_N_SPLITS], splits.second[:_N_SPLITS]
    p_within = float("nan")
    there = np.isfinite(splits.r[:_N_SPLITS])
    if there.any() and n_sessions < len(sessions):
        orders = draw_orders(len(sessions), rng, n_permutations, groups=sessions)
        shuffled = shuffled_correlations(first[there], second[there], orders)
        p_within = monte_carlo_p(
            float(np.median(splits.r[:_N_SPLITS][there])), np.nanmedian(shuffled, axis=1)
        )
    return Alike(_likeness(points, sessions), _likeness(taus, sessions), p_within, n_sessions)


def _likeness(values: FloatArray, sessions: Sequence[str]) -> IntraclassCorrelation | None:
    try:
        return intraclass_correlation(values, sessions)
    except ValueError:  # too few sessions, or cells in them: nothing to compare
        return None
