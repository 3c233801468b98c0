"""A simulator of the same experiment, down to spikes, for when the recordings are not there and for tests.

It knows published summary facts and round numbers only, and nothing of the recordings. Published: the seven
volumes, their probabilities and the trial counts (released with Dabney et al. 2020), the utility of the
authors' own simulations, u(r) = 10 sqrt(r) / (sqrt(r) + sqrt(200)), the windows of the analysis. Round
numbers: everything in :class:`Settings`, the timing of the trials, the shares of the kinds of trial.

Each unit carries a value V, where its learning comes to rest, and answers a reward of utility u with

    baseline + alpha+ (u - V) + offset  above V,    baseline + alpha- (u - V) + offset  below V,

in Hz, never below zero, from 200 to 600 ms after the reward; spikes are Poisson. V is the tau-expectile of
the utilities, with tau = alpha+ / (alpha+ + alpha-): the fixed point of TD learning with these two rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.recordings.model import (
    MAGNITUDES,
    FloatArray,
    LightIdentification,
    Provenance,
    Recordings,
    Unit,
    make_trials,
)
from distributional_dopamine.tasks import utility, variable_magnitude

Population = Literal["distributional", "classical", "offset"]

FEWEST_TRIALS = 35
"""Of a session: each volume is given twice in both ways, and a fifth of the trials has no reward."""


@dataclass(frozen=True)
class Settings:
    """Round numbers of the simulation.

    Attributes
    ----------
    baseline
        Median over units of the rate without any event, Hz.
    gain
        Median over units of the mean of alpha+ and alpha-, Hz per unit of utility.
    spread
        SD over units of the logarithm of baseline and gain.
    offset
        SD over units of the constant added to every answer to reward, Hz; in the offset population only.
    surprise
        What an unexpected reward adds to the answer of every unit, Hz.
    cue
        Answer to the odour before a reward, Hz, from 0 to 300 ms after its onset.
    cue_no_reward
        Answer to the odour before nothing, Hz.
    n_pulses
        Number of pulses of light.
    reliability
        Probability that a pulse evokes a spike.
    """

    baseline: float = 5.0
    gain: float = 5.0
    spread: float = 0.2
    offset: float = 1.0
    surprise: float = 2.0
    cue: float = 6.0
    cue_no_reward: float = 1.0
    n_pulses: int = 150
    reliability: float = 0.8


@dataclass(frozen=True, eq=False)
class Simulation:
    """Simulated recordings, and what they were made from.

    Attributes
    ----------
    recordings
        The units, as a reader would give them.
    truth
        A row per unit, index its name. Columns: ``asymmetry``: tau = alpha+ / (alpha+ + alpha-);
        ``alpha_plus``, ``alpha_minus`` (Hz per unit of utility); ``value``: V, in utility;
        ``reversal_point``: the utility at which the answer to an expected reward is the baseline (V, but
        for the offset); ``reversal_point_volume`` (µL): the same as a volume, NaN where no volume has that
        utility; ``offset`` (Hz); ``baseline`` (Hz).
    """

    recordings: Recordings
    truth: pd.DataFrame


def simulate(
    rng: np.random.Generator,
    *,
    n_units: int = 40,
    n_sessions: int = 30,
    n_trials: int | None = None,
    population: Population = "distributional",
    settings: Settings | None = None,
    note: str = "",
) -> Simulation:
    """Simulate light-identified dopamine units in the variable-magnitude task.

    Parameters
    ----------
    rng
        Source of randomness; the same state gives the same recordings.
    n_units
        Number of units.
    n_sessions
        Number of sessions that they are spread over, in turn; units of one session share its trials.
    n_trials
        Number of trials of each session; by default drawn from 177 to 391 each.
    population
        ``distributional``: alpha+ and alpha- of each unit are uniform from 0.1 to 0.9, times a gain, and V is
        learned with them; ``classical``: alpha+ = alpha-, so that V is the mean utility in all; ``offset``:
        classical, and a constant of the unit's own is added to each of its answers.
    settings
        Round numbers; by default those of :class:`Settings`.
    note
        Goes into the provenance, such as why the simulation stands in.

    Returns
    -------
    Simulation
        The recordings, and the truth behind them.

    Raises
    ------
    ValueError
        If a number is too small, or the population is unknown.

    Examples
    --------
    >>> simulation = simulate(np.random.default_rng(1), n_units=3, n_sessions=2)
    >>> simulation.recordings.inventory()["session"].tolist()
    ['session 01', 'session 02', 'session 01']
    """
    for name, number in (("n_units", n_units), ("n_sessions", n_sessions)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1; found {number}.")
    if n_trials is not None and n_trials < FEWEST_TRIALS:
        raise ValueError(f"n_trials must be at least {FEWEST_TRIALS}; found {n_trials}.")
    if population not in get_args(Population):
        known = ", ".join(get_args(Population))
        raise ValueError(f"population must be one of {known}; found {population!r}.")
    settings = settings or Settings()
    truth = _draw_truth(rng, n_units, population, settings)
    sessions = [_draw_session(rng, settings, n_trials) for _ in range(min(n_sessions, n_units))]
    units = []
    for i, (_, parameters) in enumerate(truth.iterrows()):
        which = i % len(sessions)
        pulses, trials = sessions[which]
        identification, evoked = _light(rng, pulses, settings)
        units.append(
            Unit(
                name=str(truth.index[i]),
                session=f"session {which + 1:02d}",
                group=f"animal {which % 5 + 1}",
                spike_times=_spikes(rng, parameters, trials, evoked, settings),
                trials=trials,
                identification=identification,
            )
        )
    provenance = Provenance(
        name="variable_magnitude",
        kind="simulated",
        origin="simulator",
        note=f"{n_units} simulated units, {population} population. {note}".strip(),
    )
    return Simulation(Recordings(tuple(units), provenance), truth)


def _draw_truth(
    rng: np.random.Generator, n_units: int, population: Population, settings: Settings
) -> pd.DataFrame:
    """Draw what each unit is."""
    rates = rng.uniform(0.1, 0.9, size=(n_units, 2))
    gain = settings.gain * np.exp(settings.spread * rng.standard_normal(n_units))
    baseline = settings.baseline * np.exp(settings.spread * rng.standard_normal(n_units))
    offset = settings.offset * rng.standard_normal(n_units)
    if population != "distributional":
        rates[:] = 0.5
    if population != "offset":
        offset[:] = 0.0
    tau = rates[:, 0] / rates.sum(axis=1)
    rewards = variable_magnitude()
    value = expectiles(utility(rewards.values), tau, rewards.weights)
    alpha_plus, alpha_minus = 2 * gain * tau, 2 * gain * (1 - tau)
    # Where there is an offset the two slopes are one, so that it does not matter on which side it crosses.
    reversal = value - offset / alpha_plus
    inside = (reversal >= 0) & (reversal < 10)
    root = np.sqrt(200) * reversal / np.where(inside, 10 - reversal, np.nan)
    table = {
        "asymmetry": tau,
        "alpha_plus": alpha_plus,
        "alpha_minus": alpha_minus,
        "value": value,
        "reversal_point": reversal,
        "reversal_point_volume": root**2,
        "offset": offset,
        "baseline": baseline,
    }
    digits = max(2, len(str(n_units)))
    names = [f"simulated {i + 1:0{digits}d}" for i in range(n_units)]
    return pd.DataFrame(table, index=pd.Index(names, name="name"))


def _draw_session(
    rng: np.random.Generator, settings: Settings, n_trials: int | None
) -> tuple[FloatArray, pd.DataFrame]:
    """Draw the pulses of light and the trials of a session."""
    pulses = np.round(10 + np.arange(settings.n_pulses) * 1.0 + rng.uniform(0, 0.5, settings.n_pulses), 4)
    if n_trials is None:
        n_trials = int(rng.integers(177, 391, endpoint=True))  # as published
    n_rewarded = int(0.4 * n_trials)  # of each kind; the other fifth has no reward
    kinds, volumes = [], []
    for kind in ("expected", "unexpected"):
        # Two of each volume for certain: a unit without an answer to one would drop out of everything.
        drawn = variable_magnitude().sample(n_rewarded - 2 * len(MAGNITUDES), rng)
        volumes.append(np.concatenate([MAGNITUDES, MAGNITUDES, drawn]))
        kinds += [kind] * n_rewarded
    n_empty = n_trials - 2 * n_rewarded
    volume = np.concatenate([*volumes, np.full(n_empty, np.nan)])
    kinds += ["no_reward"] * n_empty
    order = rng.permutation(n_trials)
    # At least 5 s apart, so that no answer runs into the next trial's baseline.
    times = pulses[-1] + 60 + np.cumsum(5 + rng.exponential(4.0, n_trials))
    return pulses, make_trials(np.round(times, 4), [kinds[i] for i in order], volume[order])


def _light(
    rng: np.random.Generator, pulses: FloatArray, settings: Settings
) -> tuple[LightIdentification, FloatArray]:
    """Draw the spikes that the pulses evoke, 2 to 5 ms later, and waveforms with and without light."""
    latency: FloatArray = np.clip(rng.normal(0.0035, 0.0005, pulses.size), 0.002, 0.005).round(4)
    latency[rng.random(pulses.size) > settings.reliability] = np.nan
    evoked = np.round((pulses + latency)[np.isfinite(latency)], 4)
    sample = np.arange(32.0)
    shape = -np.exp(-(((sample - 8) / 2) ** 2)) + 0.4 * np.exp(-(((sample - 15) / 5) ** 2))
    spontaneous = 100 * shape[:, None] * rng.uniform(0.2, 1.0, 4)
    sem = np.full(spontaneous.shape, 1.0)
    identification = LightIdentification(
        laser_onsets=pulses,
        latencies=latency,
        evoked_spikes=evoked,
        waveform_laser=spontaneous + rng.standard_normal(spontaneous.shape),
        waveform_laser_sem=sem,
        waveform_spontaneous=spontaneous,
        waveform_spontaneous_sem=sem / 10,
    )
    return identification, evoked


def _spikes(
    rng: np.random.Generator,
    parameters: pd.Series,
    trials: pd.DataFrame,
    evoked: FloatArray,
    settings: Settings,
) -> FloatArray:
    """Draw the spikes of a unit: a steady Poisson process, to which answers add spikes or take them away."""
    kind = trials["kind"].to_numpy()
    event = trials["event_time"].to_numpy()
    rewarded = kind != "no_reward"
    error = utility(trials["magnitude"].to_numpy()[rewarded]) - parameters["value"]
    answer = np.where(error > 0, parameters["alpha_plus"], parameters["alpha_minus"]) * error
    answer += parameters["offset"] + settings.surprise * (kind[rewarded] == "unexpected")
    odour = kind != "unexpected"
    cue = np.where(kind[odour] == "expected", settings.cue, settings.cue_no_reward)

    baseline = float(parameters["baseline"])
    end = event[-1] + 10
    steady = np.sort(rng.uniform(0, end, rng.poisson(baseline * end)))
    starts = trials["reward_time"].to_numpy()[rewarded] + 0.2
    parts = [
        _thinned(rng, steady, starts, 0.4, np.clip(1 + answer / baseline, 0, 1)),
        _added(rng, starts, 0.4, np.maximum(answer, 0)),
        _added(rng, event[odour], 0.3, cue),
        evoked,
    ]
    # A spike has a time of its own to 0.1 ms; the recorder's clock is hardly finer.
    return np.unique(np.round(np.concatenate(parts), 4))


def _added(rng: np.random.Generator, starts: FloatArray, length: float, rates: FloatArray) -> FloatArray:
    """Draw Poisson spikes of one rate per window."""
    counts = rng.poisson(rates * length)
    return np.asarray(np.repeat(starts, counts) + rng.uniform(0, length, counts.sum()))


def _thinned(
    rng: np.random.Generator, spikes: FloatArray, starts: FloatArray, length: float, kept: FloatArray
) -> FloatArray:
    """Drop spikes within each window such that the share ``kept`` of them remains on average."""
    window = np.searchsorted(starts, spikes, side="right") - 1
    inside = (window >= 0) & (spikes < starts[window] + length)
    probability = np.where(inside, kept[window], 1.0)
    return np.asarray(spikes[rng.random(spikes.size) < probability])
