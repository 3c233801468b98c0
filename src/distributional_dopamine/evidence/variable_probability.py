"""Optimists and pessimists: where the response to a cue of 50 % lies between those to 10 % and 90 %.

With one value for each cue, the mean, every cell's response to the 50 % cue lies midway between the other
two, up to noise. A cell whose value is an expectile of order tau above 1/2 answers the 50 % cue more like the
90 % cue, one with tau below 1/2 more like the 10 % cue (Dabney et al. 2020, figure 3 and Extended Data figure
7).

The recordings of this task are in no public place that was found, only the histograms of figure 3. So the
experiment is simulated here down to spikes, and everything takes the spikes of real cells as it takes those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from distributional_dopamine._checks import count, finite_array, unit_interval
from distributional_dopamine.learning.distributional import expectile_population

FloatArray = npt.NDArray[np.float64]
CuePopulation = Literal["classical", "distributional"]

CUES = (0.1, 0.5, 0.9)
"""Probabilities of reward after the three cues."""

REFERENCE_DF = 20
"""Degrees of freedom of the Student's t that figure 3 draws as what chance gives."""

CUE_RESPONSE_COLUMNS = ("cell", "probability", "trial", "response")


@dataclass(frozen=True, eq=False)
class CueRecording:
    """One cell in the task.

    Attributes
    ----------
    cell
        Name.
    spike_times
        (n_spikes,) s, ascending.
    cue_times
        (n_trials,) Onset of the cue, s.
    probabilities
        (n_trials,) Probability of reward that the cue announces: 0.1, 0.5 or 0.9.
    """

    cell: str
    spike_times: FloatArray
    cue_times: FloatArray
    probabilities: FloatArray


def compute_cue_responses(
    recordings: Sequence[CueRecording],
    *,
    window: tuple[float, float] = (0.0, 0.4),
    baseline: tuple[float, float] = (-1.0, 0.0),
) -> pd.DataFrame:
    """Compute the response of every cell to every cue: mean rate in a window minus mean rate before the cue.

    Parameters
    ----------
    recordings
        The cells.
    window
        Start and end, s after the cue, the end not included; 0 to 0.4 s is that which is shaded for dopamine
        cells in the plotting code of figure 3.
    baseline
        Start and end of the time before, s.

    Returns
    -------
    pandas.DataFrame
        One row a trial: ``cell``, ``probability``, ``trial``, ``response`` (Hz).

    Raises
    ------
    ValueError
        If a window ends before it begins, or there are no recordings.
    """
    for name, (start, stop) in (("window", window), ("baseline", baseline)):
        if not start < stop:
            raise ValueError(f"{name} must end after it begins; found {start} to {stop} s")
    if not recordings:
        raise ValueError("recordings must hold at least one cell; found none")
    tables = []
    for one in recordings:
        spikes, cues = np.asarray(one.spike_times), np.asarray(one.cue_times)

        def rate(
            edges: tuple[float, float], spikes: FloatArray = spikes, cues: FloatArray = cues
        ) -> FloatArray:
            counts = np.searchsorted(spikes, cues + edges[1]) - np.searchsorted(spikes, cues + edges[0])
            return np.asarray(counts / (edges[1] - edges[0]))

        tables.append(
            pd.DataFrame(
                {
                    "cell": one.cell,
                    "probability": np.asarray(one.probabilities, dtype=np.float64),
                    "trial": np.arange(cues.size),
                    "response": rate(window) - rate(baseline),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def responses_by_cue(
    responses: pd.DataFrame, cues: tuple[float, float, float] = CUES
) -> list[tuple[str, dict[float, FloatArray]]]:
    """Give each cell's name and its responses to each of three cues.

    Parameters
    ----------
    responses
        A table of responses to cues, Hz.
    cues
        Their probabilities of reward.

    Returns
    -------
    list of (str, dict)
        Name of a cell; probability -> (n_trials,) responses, Hz.

    Raises
    ------
    ValueError
        If a column is missing, or a cell has fewer than two trials of a cue.
    """
    missing = [column for column in CUE_RESPONSE_COLUMNS if column not in responses.columns]
    if missing:
        raise ValueError(
            f"responses must have the columns {', '.join(CUE_RESPONSE_COLUMNS)}; "
            f"{', '.join(missing)} missing: compute_cue_responses() makes such a table"
        )
    cells = []
    for name, table in responses.groupby("cell", sort=False):
        given = table["probability"].to_numpy(dtype=np.float64)
        response = finite_array("response", table["response"].to_numpy())
        samples = {cue: response[np.abs(given - cue) < 1e-6] for cue in cues}
        few = [f"{sample.size} of {cue:.0%}" for cue, sample in samples.items() if sample.size < 2]
        if few:
            raise ValueError(f"responses must hold two trials of each cue; cell {name} has {', '.join(few)}")
        cells.append((str(name), samples))
    return cells


def cue_t_statistics(
    responses: pd.DataFrame,
    *,
    midpoint: Literal["exact", "estimated"] = "exact",
    cues: tuple[float, float, float] = CUES,
) -> pd.DataFrame:
    """Test each cell's responses to the 50 % cue against the midpoint of its mean responses to 10 % and 90 %.

    Parameters
    ----------
    responses
        The table of :func:`compute_cue_responses`.
    midpoint
        ``exact``: a one-sample t test that takes the midpoint as known, t = (m50 - midpoint) / sqrt(s50^2 /
        n50) with n50 - 1 degrees of freedom. As the midpoint has noise of its own, t is then spread wider
        than Student's t even if all cells code the mean: for equal numbers and noise by a factor of 1.5 in
        variance. ``estimated``: that noise is taken into account, t = (m50 - midpoint) / sqrt(s50^2 / n50 +
        (s10^2 / n10 + s90^2 / n90) / 4), degrees of freedom by Welch and Satterthwaite. Which of the two the
        released histograms show is not known.
    cues
        Probabilities of the low, the middle and the high cue. Where the middle one is not midway, its place
        between the other two, w = (middle - low) / (high - low), stands for the midpoint, and w^2 and (1 -
        w)^2 for the quarters.

    Returns
    -------
    pandas.DataFrame
        One row a cell: ``cell``; ``t``, positive where the 50 % cue is answered more like the 90 % cue,
        whichever of the two is answered more strongly; ``df``; ``mean_10``, ``mean_50``, ``mean_90`` (Hz),
        named after the cues;
        ``position``: 0 where the 50 % cue is answered like the 10 % one, 1/2 midway, 1 like the 90 % one.
        Where responses do not vary, t is NaN.

    Raises
    ------
    ValueError
        If a cell has fewer than two trials of a cue, or the midpoint option is unknown.
    """
    if midpoint not in ("exact", "estimated"):
        raise ValueError(f"midpoint must be 'exact' or 'estimated'; found {midpoint!r}")
    w = place_between(cues)
    rows = []
    for name, samples in responses_by_cue(responses, cues):
        means = [float(samples[cue].mean()) for cue in cues]
        squares = [float(samples[cue].var(ddof=1) / samples[cue].size) for cue in cues]
        parts = np.array([squares[1], squares[0] * (1.0 - w) ** 2, squares[2] * w**2])
        if midpoint == "exact":
            parts[1:] = 0.0
        freedom = np.array([samples[cue].size - 1.0 for cue in (cues[1], cues[0], cues[2])])
        error = float(parts.sum())
        orientation = -1.0 if means[2] < means[0] else 1.0
        difference = orientation * (means[1] - ((1.0 - w) * means[0] + w * means[2]))
        span = means[2] - means[0]
        rows.append(
            {
                "cell": name,
                "t": difference / np.sqrt(error) if error > 0.0 else np.nan,
                "df": error**2 / float((parts**2 / freedom).sum()) if error > 0.0 else np.nan,
                **{f"mean_{100 * cue:g}": mean for cue, mean in zip(cues, means, strict=True)},
                "position": (means[1] - means[0]) / span if span != 0.0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def place_between(cues: tuple[float, float, float]) -> float:
    """Give the place w of the middle of three probabilities between the other two: 0 at the low one.

    Raises
    ------
    ValueError
        If they do not ascend from 0 to 1.

    Examples
    --------
    >>> place_between((0.1, 0.5, 0.9)), place_between((0.0, 0.25, 1.0))
    (0.5, 0.25)
    """
    low, middle, high = cues
    if not 0.0 <= low < middle < high <= 1.0:
        raise ValueError(f"cues must be three probabilities, ascending, from 0 to 1; found {cues}")
    return (middle - low) / (high - low)


@dataclass(frozen=True)
class TSpread:
    """How widely the cells' t statistics are spread, beside what chance alone gives.

    Attributes
    ----------
    n_cells
        Number of cells.
    mean
        Mean of t.
    variance
        Sum of (t - mean)^2 over n - 1.
    mean_square
        Mean of t^2.
    variance_ratio
        Variance over that of Student's t with ``REFERENCE_DF`` degrees of freedom, 20 / 18.
    n_low, n_high
        Number of cells with t of at most -3, and of at least 3.
    """

    n_cells: int
    mean: float
    variance: float
    mean_square: float
    variance_ratio: float
    n_low: int
    n_high: int


def spread_of_t(t: npt.ArrayLike, counts: npt.ArrayLike | None = None) -> TSpread:
    """Summarise t statistics, or a histogram of them.

    Parameters
    ----------
    t
        (n,) t statistics (NaN are dropped), or centres of the bins of a histogram.
    counts
        (n,) Number of cells in each bin. Binning to whole numbers adds about 1/12 to the variance, and end
        bins that collect what lies beyond take some away.

    Returns
    -------
    TSpread

    Raises
    ------
    ValueError
        If fewer than two cells are left, or counts are not whole numbers.

    Examples
    --------
    >>> spread_of_t([-4.0, 0.0, 4.0], counts=[1, 1, 1]).variance
    16.0
    """
    values = np.asarray(t, dtype=np.float64)
    if counts is not None:
        numbers = finite_array("counts", counts, ndim=1, length=values.size)
        if (numbers < 0).any() or (numbers != np.round(numbers)).any():
            raise ValueError(f"counts must be whole numbers of at least 0; found {numbers}")
        values = np.repeat(values, numbers.astype(np.int64))
    values = values[np.isfinite(values)]
    if values.size < 2:
        raise ValueError(f"t must hold at least two cells; found {values.size}")
    variance = float(values.var(ddof=1))
    reference = float(stats.t.var(REFERENCE_DF))
    return TSpread(
        n_cells=int(values.size),
        mean=float(values.mean()),
        variance=variance,
        mean_square=float((values**2).mean()),
        variance_ratio=variance / reference,
        n_low=int((values <= -3.0).sum()),
        n_high=int((values >= 3.0).sum()),
    )


def histogram_of_t(t: npt.ArrayLike, centres: npt.ArrayLike | None = None) -> npt.NDArray[np.int64]:
    """Count t statistics in the bins of figure 3: whole numbers from -12 to 12, the ends collecting the rest.

    Parameters
    ----------
    t
        (n,) t statistics; NaN are dropped.
    centres
        (n_bins,) Centres of the bins, evenly spaced, ascending; by default -12, -11, ... 12.

    Returns
    -------
    array
        (n_bins,) numbers of cells.
    """
    values = np.asarray(t, dtype=np.float64)
    values = values[np.isfinite(values)]
    middles = finite_array("centres", np.arange(-12.0, 13.0) if centres is None else centres, ndim=1)
    edges = (middles[1:] + middles[:-1]) / 2.0
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=middles.size)


def student_reference(
    n_cells: int, centres: npt.ArrayLike | None = None, df: float = REFERENCE_DF
) -> FloatArray:
    """Give the numbers of cells that Student's t would put into the bins of :func:`histogram_of_t`.

    Parameters
    ----------
    n_cells
        Number of cells in all.
    centres
        (n_bins,) Centres of the bins; by default -12, -11, ... 12.
    df
        Degrees of freedom.

    Returns
    -------
    array
        (n_bins,) expected numbers, which sum to ``n_cells``.
    """
    middles = finite_array("centres", np.arange(-12.0, 13.0) if centres is None else centres, ndim=1)
    edges = np.concatenate(([-np.inf], (middles[1:] + middles[:-1]) / 2.0, [np.inf]))
    return np.asarray(n_cells * np.diff(stats.t.cdf(edges, df)))


def group_cells(
    responses: pd.DataFrame, *, alpha: float = 0.05, cues: tuple[float, float, float] = CUES
) -> pd.DataFrame:
    """Call each cell optimistic, pessimistic or interpolating by two Mann-Whitney tests.

    As in Extended Data figure 7a of Dabney et al. 2020: the responses to the 50 % cue are tested against
    those to the 10 % and those to the 90 % cue, two-sided. Different from the 10 % cue only: optimistic.
    Different from the 90 % cue only: pessimistic. Different from both, or from neither: interpolating.

    Parameters
    ----------
    responses
        The table of :func:`compute_cue_responses`.
    alpha
        Level of significance of each test.
    cues
        Probabilities of the low, the middle and the high cue, for 10 %, 50 % and 90 %.

    Returns
    -------
    pandas.DataFrame
        One row a cell: ``cell``, ``p_50_against_10``, ``p_50_against_90``, ``group``.
    """
    level = unit_interval("alpha", alpha)
    rows = []
    for name, samples in responses_by_cue(responses, cues):
        low, high = (
            float(stats.mannwhitneyu(samples[cues[1]], samples[cue], method="asymptotic").pvalue)
            for cue in (cues[0], cues[2])
        )
        from_low, from_high = low < level, high < level
        group = "interpolating"
        if from_low != from_high:
            group = "optimistic" if from_low else "pessimistic"
        rows.append({"cell": name, "p_50_against_10": low, "p_50_against_90": high, "group": group})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class CueExperiment:
    """The simulated experiment: round numbers, but for the cues.

    Attributes
    ----------
    n_cells
        Number of cells.
    trials_per_cue
        Number of trials of each cue; 21 give the t statistic the 20 degrees of freedom of figure 3.
    baseline
        Rate without a cue, Hz.
    gain
        Mean over cells of the rate that a value of one adds, Hz.
    gain_spread
        SD over cells of the logarithm of the gain.
    duration
        Length of the response to a cue, s.
    interval
        Time from one cue to the next, s.
    n_learning_trials
        Number of trials of each cue in which the values were learned before.
    learning_rate
        Mean of the rates above and below the value.
    """

    n_cells: int = 200
    trials_per_cue: int = 21
    baseline: float = 5.0
    gain: float = 15.0
    gain_spread: float = 0.3
    duration: float = 0.4
    interval: float = 10.0
    n_learning_trials: int = 4000
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("n_cells", "n_learning_trials"):
            count(name, getattr(self, name))
        count("trials_per_cue", self.trials_per_cue, minimum=2)
        for name in ("baseline", "gain", "duration", "interval", "learning_rate"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be above 0; found {getattr(self, name)}")
        if not self.gain_spread >= 0.0:
            raise ValueError(f"gain_spread must be at least 0; found {self.gain_spread}")


@dataclass(frozen=True, eq=False)
class CueSimulation:
    """Simulated cells in the task, and what they were made from.

    Attributes
    ----------
    recordings
        The cells.
    asymmetry
        (n_cells,) tau = alpha+ / (alpha+ + alpha-) with which each cell learned.
    values
        (n_cells, 3) Value of each cue, learned by TD from rewards of one, or none.
    gain
        (n_cells,) Rate that a value of one adds, Hz.
    """

    recordings: tuple[CueRecording, ...]
    asymmetry: FloatArray
    values: FloatArray
    gain: FloatArray


def simulate_cue_experiment(
    population: CuePopulation, rng: np.random.Generator, experiment: CueExperiment | None = None
) -> CueSimulation:
    """Simulate cells in the task, down to spikes.

    The value of each cue is learned by TD, with rates 2 tau and 2 (1 - tau) times the learning rate, and
    averaged over the second half of learning. Cues come when nothing is expected, so that a cell's error at a
    cue is its value; the cell fires as a Poisson process at baseline + gain x value from the cue on, for the
    duration of a response.

    Parameters
    ----------
    population
        ``classical``: tau = 1/2 in all cells; ``distributional``: tau = alpha+ / (alpha+ + alpha-) with both
        drawn from 0 to 1.
    rng
        Source of everything.
    experiment
        Round numbers; by default those of :class:`CueExperiment`.

    Returns
    -------
    CueSimulation

    Raises
    ------
    ValueError
        If the population is unknown.
    """
    chosen = experiment or CueExperiment()
    if population == "classical":
        taus = np.full(chosen.n_cells, 0.5)
    elif population == "distributional":
        rates = rng.random((2, chosen.n_cells))
        taus = rates[0] / rates.sum(axis=0)
    else:
        raise ValueError(f"population must be 'classical' or 'distributional'; found {population!r}")
    values = np.empty((chosen.n_cells, len(CUES)))
    for k, cue in enumerate(CUES):
        rewards = (rng.random(chosen.n_learning_trials) < cue).astype(np.float64)
        rate = 2.0 * chosen.learning_rate
        course = expectile_population(
            rewards, rate * taus, rate * (1.0 - taus), np.full(taus.size, cue), record_every=1
        )
        values[:, k] = course[course.shape[0] // 2 :].mean(axis=0)
    spread = chosen.gain_spread
    gain = chosen.gain * np.exp(spread * rng.standard_normal(chosen.n_cells) - spread**2 / 2.0)
    n_trials = len(CUES) * chosen.trials_per_cue
    end = (n_trials + 1) * chosen.interval
    cells = []
    for c in range(chosen.n_cells):
        order = rng.permutation(np.repeat(np.arange(len(CUES)), chosen.trials_per_cue))
        times = chosen.interval * np.arange(1.0, n_trials + 1.0)
        background = rng.uniform(0.0, end, rng.poisson(chosen.baseline * end))
        evoked = rng.poisson(gain[c] * values[c, order] * chosen.duration)
        answers = np.repeat(times, evoked) + rng.uniform(0.0, chosen.duration, int(evoked.sum()))
        spikes = np.sort(np.concatenate((background, answers)))
        cells.append(CueRecording(f"cell {c + 1}", spikes, times, np.array(CUES)[order]))
    return CueSimulation(tuple(cells), taus, values, gain)
