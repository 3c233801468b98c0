"""Is a unit a dopamine neuron? What its spikes do when light falls on the tissue.

In the recordings only dopamine neurons were made sensitive to light, so a unit that answers pulses of light
directly is one of them. "Directly" is argued from three measurements, and this module makes all three from
the files: the first spike comes soon, and each time after the same delay (latency); it comes after far more
pulses than chance would have it (reliability); and it has the shape of the unit's other spikes (waveform
likeness). The latencies are also put to a test, the stimulus-associated spike latency test of Kvitsiani et
al. 2013 (Nature 498:363-366).

Everything is computed from ``Unit.spike_times`` around ``LightIdentification.laser_onsets``, and not from the
lists of evoked spikes in the files, which in half of them hold more than the unit's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine._checks import count, finite_array
from distributional_dopamine.recordings.model import LightIdentification, Recordings, Unit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

WINDOW = 0.010
"""Seconds after a pulse in which a first spike counts as an answer."""

BIN_WIDTH = 0.001
"""Seconds; the resolution of the histograms of latencies."""

N_EPOCHS = 50
"""Windows without light before each pulse: with 10 ms each, the half second before it."""

ISOLATION = 0.9
"""Seconds without any earlier pulse that make a pulse an isolated one. The public sessions give single pulses
and trains about 1 s apart, so that these are the single pulses and the first one of each train."""

# Times are kept to 0.1 ms or finer; less than this apart they are the same time.
_SAME_TIME = 1e-7

# Distances less than this apart are the same distance.
_SAME_DISTANCE = 1e-12


@dataclass(frozen=True, eq=False)
class LatencyTest:
    """The stimulus-associated spike latency test of one unit.

    Attributes
    ----------
    distance
        Median over the epochs k without light of d(h, h_k). Here h and h_k are the shares of pulses by
        latency of the first spike, with one further class for no spike, after the pulse and in the k-th
        window before it; d(p, q) = sqrt(2 JSD(p, q)), with the Jensen-Shannon divergence JSD(p, q) =
        H((p + q) / 2) - (H(p) + H(q)) / 2 and H the entropy in nats. d is a metric (Endres & Schindelin
        2003), from 0 to sqrt(2 ln 2) = 1.177.
    information
        ``distance`` minus the median of d over all pairs of epochs without light.
    p_epochs
        Share of the pairs of epochs without light that lie at least ``distance`` apart: the P value of
        Kvitsiani et al. 2013. The pairs are not independent, and a distance is compared with a median.
    p_permutation
        (1 + permutations whose distance is at least as large) / (1 + permutations). A permutation exchanges
        the window after each pulse with one drawn at random from it and the windows before it. Exact if,
        without an effect of light, the windows around a pulse are exchangeable.
    n_pulses, n_epochs, n_permutations
        Numbers of pulses, of windows before each, of permutations.
    share_light
        (n_bins + 1,) h: share of pulses whose first spike falls into each bin; last, none.
    share_baseline
        (n_bins + 1,) The same, of all windows before the pulses together.
    edges
        (n_bins + 1,) Edges of the bins, s.
    """

    distance: float
    information: float
    p_epochs: float
    p_permutation: float
    n_pulses: int
    n_epochs: int
    n_permutations: int
    share_light: FloatArray
    share_baseline: FloatArray
    edges: FloatArray


@dataclass(frozen=True)
class LightEvidence:
    """What one unit's spikes say of light; NaN where there are no pulses or no such spikes.

    Attributes
    ----------
    cell
        Name of the unit.
    n_pulses
        Number of pulses of light.
    n_isolated
        Number of those without another pulse shortly before.
    reliability
        Share of all pulses that are followed by a spike within the window.
    reliability_isolated
        The same of the isolated pulses.
    baseline_probability
        Share of windows of the same length, before the isolated pulses, that hold a spike.
    evoked_share
        (reliability_isolated - baseline_probability) / (1 - baseline_probability): the share of isolated
        pulses that evoke a spike, if light only adds spikes, and adds them independently of the others.
    latency
        Median latency of the first spike after a pulse, among pulses followed by one, s.
    latency_iqr
        Distance between the quartiles of these latencies, s.
    waveform_correlation
        See :func:`waveform_correlation`.
    information, p_epochs, p_permutation
        Of the latency test with the isolated pulses; see :class:`LatencyTest`.
    """

    cell: str
    n_pulses: int
    n_isolated: int
    reliability: float
    reliability_isolated: float
    baseline_probability: float
    evoked_share: float
    latency: float
    latency_iqr: float
    waveform_correlation: float
    information: float
    p_epochs: float
    p_permutation: float


def first_spike_latencies(
    spike_times: npt.ArrayLike, onsets: npt.ArrayLike, window: float = WINDOW
) -> FloatArray:
    """Give the time from each onset to the first spike after it.

    Parameters
    ----------
    spike_times
        (n_spikes,) s, ascending.
    onsets
        Onsets of light, or of any other windows, s; of any shape.
    window
        Length of the window, s. A spike at the onset is in it, one at its end is not.

    Returns
    -------
    array
        Of the shape of ``onsets``: latency, s; NaN where no spike falls into the window.

    Raises
    ------
    ValueError
        If times are not finite, spikes are not in ascending order, or the window is not above zero.

    Examples
    --------
    >>> first_spike_latencies([0.5, 1.002, 1.004], [1.0, 2.0], window=0.01).round(6)
    array([0.002,   nan])
    """
    spikes = finite_array("spike_times", spike_times, ndim=1)
    starts = finite_array("onsets", onsets)
    if np.any(np.diff(spikes) < 0.0):
        raise ValueError("spike_times must be in ascending order, found a spike after a later one: sort them")
    if not window > 0.0:
        raise ValueError(f"window must be above 0 s, found {window}")
    following = np.append(spikes, np.inf)[np.searchsorted(spikes, starts - _SAME_TIME)]
    latencies = np.maximum(following - starts, 0.0)
    return np.asarray(np.where(latencies < window - _SAME_TIME, latencies, np.nan))


def isolated_pulses(onsets: npt.ArrayLike, isolation: float = ISOLATION) -> BoolArray:
    """Mark the pulses of light that no other pulse precedes by less than a given time.

    Parameters
    ----------
    onsets
        (n_pulses,) Onsets, s, ascending.
    isolation
        Seconds that must have passed since the pulse before.

    Returns
    -------
    array of bool
        (n_pulses,) The first pulse is always isolated.

    Examples
    --------
    >>> isolated_pulses([1.0, 2.0, 2.1, 2.2, 4.0]).tolist()
    [True, True, False, False, True]
    """
    times = finite_array("onsets", onsets, ndim=1)
    return np.diff(times, prepend=-np.inf) >= isolation - _SAME_TIME


def windows_before(onsets: npt.ArrayLike, n_epochs: int = N_EPOCHS, window: float = WINDOW) -> FloatArray:
    """Give the starts of windows that lie end to end before each pulse.

    Parameters
    ----------
    onsets
        (n_pulses,) Onsets of pulses, s.
    n_epochs
        Number of windows before each.
    window
        Length of a window, s.

    Returns
    -------
    array
        (n_pulses, n_epochs) Starts, s; the nearest first, its end at the onset.
    """
    times = finite_array("onsets", onsets, ndim=1)
    return np.asarray(times[:, None] - window * np.arange(1, count("n_epochs", n_epochs) + 1))


def compare_latencies(
    spike_times: npt.ArrayLike,
    onsets: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    window: float = WINDOW,
    bin_width: float = BIN_WIDTH,
    n_epochs: int = N_EPOCHS,
    n_permutations: int = 999,
) -> LatencyTest:
    """Test whether first spikes after light come at other times than first spikes after no light.

    The statistic and ``p_epochs`` are those of Kvitsiani et al. 2013; ``p_permutation`` is ours.

    Parameters
    ----------
    spike_times
        (n_spikes,) s, ascending.
    onsets
        (n_pulses,) Onsets of pulses of light, s; no other pulse within ``n_epochs * window`` before them
        (see :func:`isolated_pulses`).
    rng
        Source of the permutations.
    window, bin_width
        Length of the window and of a bin, s; the window holds a whole number of bins.
    n_epochs
        Windows without light before each pulse, at least two.
    n_permutations
        Number of permutations.

    Returns
    -------
    LatencyTest

    Raises
    ------
    ValueError
        If there are no pulses, the numbers are too small, or the bins don't fit the window.
    """
    pulses = finite_array("onsets", onsets, ndim=1)
    if pulses.size == 0:
        raise ValueError("onsets must hold at least one pulse, found none")
    n_epochs = count("n_epochs", n_epochs, minimum=2)
    n_permutations = count("n_permutations", n_permutations)
    n_bins = round(window / bin_width)
    if n_bins < 1 or abs(n_bins * bin_width - window) > _SAME_TIME:
        raise ValueError(
            f"window must hold a whole number of bins, found window {window} s and bin_width {bin_width} s"
        )
    starts = np.column_stack((pulses, windows_before(pulses, n_epochs, window)))
    latencies = first_spike_latencies(spike_times, starts, window)
    classes = np.where(np.isnan(latencies), n_bins, np.floor((latencies + _SAME_TIME) / bin_width))
    classes = np.asarray(classes, dtype=np.int64)

    observed = _histograms(classes, n_bins + 1)
    distance = _distances_to_first(observed[None])[0]
    pairs = _pairwise_distances(observed[1:])
    drawn = rng.integers(n_epochs + 1, size=(n_permutations, pulses.size))
    permuted = _distances_to_first(_permuted_histograms(classes, observed, drawn))
    at_least = int((permuted >= distance - _SAME_DISTANCE).sum())
    return LatencyTest(
        distance=float(distance),
        information=float(distance - np.median(pairs)),
        p_epochs=float((pairs >= distance - _SAME_DISTANCE).mean()),
        p_permutation=(1 + at_least) / (1 + n_permutations),
        n_pulses=pulses.size,
        n_epochs=n_epochs,
        n_permutations=n_permutations,
        share_light=observed[0] / pulses.size,
        share_baseline=observed[1:].sum(axis=0) / (pulses.size * n_epochs),
        edges=np.asarray(bin_width * np.arange(n_bins + 1), dtype=np.float64),
    )


def _histograms(classes: IntArray, n_classes: int) -> IntArray:
    """Count each class in each column: (n_pulses, n_windows) to (n_windows, n_classes)."""
    n_windows = classes.shape[1]
    flat = classes + n_classes * np.arange(n_windows)
    return np.bincount(flat.ravel(), minlength=n_windows * n_classes).reshape(n_windows, n_classes)


def _permuted_histograms(classes: IntArray, observed: IntArray, drawn: IntArray) -> IntArray:
    """Give the histograms after each row's first window has changed places with the one drawn for it.

    ``drawn`` is (n_permutations, n_pulses); the result (n_permutations, n_windows, n_classes).
    """
    n_permutations, n_pulses = drawn.shape
    n_windows, n_classes = observed.shape
    out = np.repeat(observed[None], n_permutations, axis=0).ravel()
    first = (np.arange(n_permutations) * n_windows)[:, None]
    ours, theirs = classes[:, 0], classes[np.arange(n_pulses), drawn]
    for window, class_, change in (
        (first, ours, -1),
        (first, theirs, 1),
        (first + drawn, theirs, -1),
        (first + drawn, ours, 1),
    ):
        np.add.at(out, window * n_classes + class_, change)
    return out.reshape(n_permutations, n_windows, n_classes)


def _jensen_shannon_metric(first: IntArray, second: IntArray) -> FloatArray:
    """Give d = sqrt(2 JSD) between histograms (last axis) that all have the same total."""
    n = int(first[..., 0, :].sum(axis=-1).flat[0])
    # The counts are whole numbers up to 2 n, so that n log n need be looked up only.
    whole = np.arange(2 * n + 1, dtype=np.float64)
    n_log_n = whole * np.log(np.maximum(whole, 1.0))
    terms = n_log_n[first] + n_log_n[second] - n_log_n[first + second]
    divergence = terms.sum(axis=-1) / (2 * n) + np.log(2.0)
    return np.asarray(np.sqrt(2.0 * np.maximum(divergence, 0.0)))


def _distances_to_first(histograms: IntArray) -> FloatArray:
    """Give the median distance of the first histogram from the others: (..., n_windows, n_classes)."""
    return np.asarray(
        np.median(_jensen_shannon_metric(histograms[..., :1, :], histograms[..., 1:, :]), axis=-1)
    )


def _pairwise_distances(histograms: IntArray) -> FloatArray:
    """Give the distances between all pairs of (n_windows, n_classes) histograms."""
    i, j = np.triu_indices(histograms.shape[0], k=1)
    return _jensen_shannon_metric(histograms[i], histograms[j])


def waveform_correlation(identification: LightIdentification) -> float:
    """Correlate a unit's mean waveform of light-evoked spikes with that of its other spikes.

    Parameters
    ----------
    identification
        With both waveforms, (n_samples, n_channels).

    Returns
    -------
    float
        Pearson's correlation over all samples of all channels together, so that relative sizes on the
        channels count too. Channels that are flat in both waveforms are left out; NaN if either waveform is
        flat on the rest.
    """
    light, other = identification.waveform_laser, identification.waveform_spontaneous
    live = (np.ptp(light, axis=0) > 0.0) | (np.ptp(other, axis=0) > 0.0)
    first, second = light[:, live].ravel(), other[:, live].ravel()
    if first.size == 0 or np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def examine_unit(
    unit: Unit,
    rng: np.random.Generator,
    *,
    window: float = WINDOW,
    n_permutations: int = 999,
) -> LightEvidence:
    """Measure how one unit answers pulses of light.

    Parameters
    ----------
    unit
        A unit; one without light-identification gives NaN throughout.
    rng
        Source of the permutations.
    window
        Seconds after a pulse in which a spike counts.
    n_permutations
        Number of permutations of the latency test.

    Returns
    -------
    LightEvidence
    """
    nan = float("nan")
    if unit.identification is None or unit.identification.laser_onsets.size == 0:
        return LightEvidence(unit.name, 0, 0, *[nan] * 10)
    onsets = unit.identification.laser_onsets
    isolated = isolated_pulses(onsets)
    latencies = first_spike_latencies(unit.spike_times, onsets, window)
    followed = np.isfinite(latencies)
    test = compare_latencies(
        unit.spike_times, onsets[isolated], rng, window=window, n_permutations=n_permutations
    )
    baseline = float(1.0 - test.share_baseline[-1])
    reliability_isolated = float(followed[isolated].mean())
    quartiles = np.quantile(latencies[followed], [0.25, 0.5, 0.75]) if followed.any() else np.full(3, nan)
    return LightEvidence(
        cell=unit.name,
        n_pulses=onsets.size,
        n_isolated=int(isolated.sum()),
        reliability=float(followed.mean()),
        reliability_isolated=reliability_isolated,
        baseline_probability=baseline,
        evoked_share=(reliability_isolated - baseline) / (1.0 - baseline) if baseline < 1.0 else nan,
        latency=float(quartiles[1]),
        latency_iqr=float(quartiles[2] - quartiles[0]),
        waveform_correlation=waveform_correlation(unit.identification),
        information=test.information,
        p_epochs=test.p_epochs,
        p_permutation=test.p_permutation,
    )


def examine_units(
    recordings: Recordings,
    rng: np.random.Generator,
    *,
    window: float = WINDOW,
    n_permutations: int = 999,
) -> pd.DataFrame:
    """Measure how every unit answers pulses of light.

    Parameters
    ----------
    recordings
        The units.
    rng
        Source of the permutations. Each unit has its own child, so that its numbers don't depend on the
        others.
    window, n_permutations
        As in :func:`examine_unit`.

    Returns
    -------
    pandas.DataFrame
        A row a unit, index ``cell``, the fields of :class:`LightEvidence` as columns.

    Examples
    --------
    >>> from distributional_dopamine.recordings import simulate
    >>> made = simulate(np.random.default_rng(1), n_units=2).recordings
    >>> (examine_units(made, np.random.default_rng(1))["latency"] * 1e3).round(1).tolist()
    [3.4, 3.5]
    """
    rows = [
        asdict(examine_unit(unit, child, window=window, n_permutations=n_permutations))
        for unit, child in zip(recordings.units, rng.spawn(len(recordings)), strict=True)
    ]
    fields = list(LightEvidence.__dataclass_fields__)
    return pd.DataFrame(rows, columns=fields).set_index("cell")
