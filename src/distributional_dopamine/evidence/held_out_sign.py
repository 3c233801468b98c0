"""Whether own reversal points predict the signs of held-out responses better than one for all cells does.

As in Extended Data figure 4c of Dabney et al. 2020: half of the trials give reversal points, one for each
cell and one for all cells together; a response in the other half is predicted to be positive if its reward is
above the reversal point and negative if below. Own points have forty parameters and the shared one has one,
but as they are judged on other trials, more parameters are no advantage in themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine._checks import count
from distributional_dopamine.evidence import _compiled
from distributional_dopamine.evidence.responses import Responses, to_arrays
from distributional_dopamine.evidence.reversal_points import (
    TIE_NOISE,
    Estimator,
    checked_axis,
    estimator_code,
)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeldOutSign:
    """Accuracy of the predicted signs of held-out responses, over random splits.

    Attributes
    ----------
    cells
        (n_cells,) Names.
    accuracy_own, accuracy_shared
        (n_splits,) Share of all cells' held-out responses other than zero whose sign is predicted rightly, by
        the cell's own reversal point and by the one shared.
    own_by_cell, shared_by_cell
        (n_splits, n_cells) The same for each cell.
    shared_point
        (n_splits,) The shared reversal point, on the axis; NaN where it is off either end.
    """

    cells: tuple[str, ...]
    accuracy_own: FloatArray
    accuracy_shared: FloatArray
    own_by_cell: FloatArray = field(repr=False)
    shared_by_cell: FloatArray = field(repr=False)
    shared_point: FloatArray = field(repr=False)

    @property
    def gain(self) -> FloatArray:
        """(n_splits,) Accuracy with own points minus accuracy with the shared one."""
        return self.accuracy_own - self.accuracy_shared

    @property
    def gain_by_cell(self) -> FloatArray:
        """(n_cells,) The gain of each cell, its mean over splits."""
        return np.asarray((self.own_by_cell - self.shared_by_cell).mean(axis=0))

    @property
    def cells_better(self) -> int:
        """Number of cells whose own point predicts better, in the mean over splits."""
        return int((self.gain_by_cell > 0.0).sum())

    @property
    def cells_better_by_split(self) -> npt.NDArray[np.int64]:
        """(n_splits,) Number of cells whose own point predicts better in that split; ties are not better."""
        return np.asarray((self.own_by_cell > self.shared_by_cell).sum(axis=1))

    def to_frame(self) -> pd.DataFrame:
        """Give ``cell``, ``accuracy_own``, ``accuracy_shared`` and ``gain``: means over splits."""
        return pd.DataFrame(
            {
                "cell": self.cells,
                "accuracy_own": self.own_by_cell.mean(axis=0),
                "accuracy_shared": self.shared_by_cell.mean(axis=0),
                "gain": self.gain_by_cell,
            }
        )


def predict_held_out_signs(
    responses: Responses,
    utility_axis: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    n_splits: int = 1000,
    estimator: Estimator = "counting",
    tie_noise: float = TIE_NOISE,
) -> HeldOutSign:
    """Predict the signs of one random half of the trials from reversal points of the other, over many splits.

    Parameters
    ----------
    responses
        Responses of the cells.
    utility_axis
        (n_magnitudes,) Place of each magnitude on the axis.
    rng
        Draws the halves and breaks ties.
    n_splits
        Number of random splits.
    estimator
        Of both kinds of reversal point. The shared one is estimated from the trials of all cells together. A
        point off the lower end predicts positive responses throughout, one off the upper end negative ones.
    tie_noise
        Standard deviation of the noise added to the criterion at each cut.

    Returns
    -------
    HeldOutSign

    Raises
    ------
    ValueError
        If a cell has no held-out response other than zero.
    """
    arrays = to_arrays(responses)
    axis = checked_axis(arrays, utility_axis)
    code = estimator_code(estimator)
    splits = count("n_splits", n_splits)
    own, shared, total, points = _compiled.sign_prediction_of_halves(
        arrays.values, arrays.offsets, axis, code, splits, tie_noise, rng
    )
    silent = np.flatnonzero((total == 0.0).any(axis=0))
    if silent.size:
        raise ValueError(
            "responses must hold some other than zero for every cell; "
            f"{arrays.cells[silent[0]]} has a half without"
        )
    everything = total.sum(axis=1)
    return HeldOutSign(
        arrays.cells,
        own.sum(axis=1) / everything,
        shared.sum(axis=1) / everything,
        own / total,
        shared / total,
        points,
    )
