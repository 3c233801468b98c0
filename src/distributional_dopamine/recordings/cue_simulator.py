"""A simulated experiment with cues of several probabilities, down to spikes, to try things on.

Every cue comes equally often and is followed, two seconds later, by one size of reward with its probability.
A unit of asymmetry tau holds for a cue of probability p the tau-expectile of what follows,

    e = tau p / (tau p + (1 - tau) (1 - p)),

and fires at baseline + gain e for the 0.4 s after the cue. Spikes are Poisson. Numbers are round ones; as in
:mod:`~distributional_dopamine.recordings.simulator`, nothing of the recordings is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from distributional_dopamine.recordings.model import Provenance, Recordings, Unit, make_trials

CuePopulation = Literal["distributional", "classical"]

_REWARD = 5.0  # µL
_DELAY = 2.0  # s from cue to reward
_DURATION = 0.4  # s of a response
_BASELINE, _GAIN, _SPREAD = 5.0, 15.0, 0.3  # Hz, Hz for a value of one, SD of the logarithms over units


def simulate_cues(
    rng: np.random.Generator,
    *,
    n_units: int = 40,
    n_sessions: int = 1,
    trials_per_cue: int = 40,
    probabilities: Sequence[float] = (0.1, 0.5, 0.9),
    population: CuePopulation = "distributional",
) -> Recordings:
    """Simulate units in a task with cues of several probabilities of reward.

    Parameters
    ----------
    rng
        Source of randomness; the same state gives the same recordings.
    n_units, n_sessions
        Number of units, and of sessions that they are spread over, in turn.
    trials_per_cue
        Trials of each cue in each session.
    probabilities
        Of reward after each cue.
    population
        ``distributional``: tau = alpha+ / (alpha+ + alpha-), both uniform from 0.1 to 0.9; ``classical``: one
        half.

    Returns
    -------
    Recordings
        Cues are named by their probability, as ``10 %``.

    Raises
    ------
    ValueError
        If a number is too small, the population is unknown, or no reward comes at all.

    Examples
    --------
    >>> made = simulate_cues(np.random.default_rng(1), n_units=2, trials_per_cue=4)
    >>> sorted(made.units[0].trials["cue"].unique())
    ['10 %', '50 %', '90 %']
    """
    for name, number in (
        ("n_units", n_units),
        ("n_sessions", n_sessions),
        ("trials_per_cue", trials_per_cue),
    ):
        if number < 1:
            raise ValueError(f"{name} must be at least 1; found {number}.")
    if population not in get_args(CuePopulation):
        known = ", ".join(get_args(CuePopulation))
        raise ValueError(f"population must be one of {known}; found {population!r}.")
    chances = np.asarray(probabilities, dtype=np.float64)
    if chances.size == 0 or not ((chances >= 0.0) & (chances <= 1.0)).all() or not chances.any():
        raise ValueError(f"probabilities must be between 0 and 1, one above 0; found {list(probabilities)}.")
    rates = rng.uniform(0.1, 0.9, size=(2, n_units))
    tau = rates[0] / rates.sum(axis=0) if population == "distributional" else np.full(n_units, 0.5)
    values = tau[:, None] * chances / (tau[:, None] * chances + (1.0 - tau[:, None]) * (1.0 - chances))
    baseline, gain = (
        typical * np.exp(_SPREAD * rng.standard_normal(n_units)) for typical in (_BASELINE, _GAIN)
    )
    sessions = []
    for _ in range(min(n_sessions, n_units)):
        cue = rng.permutation(np.repeat(np.arange(chances.size), trials_per_cue))
        times = np.round(10.0 + np.cumsum(6.0 + rng.exponential(4.0, cue.size)), 4)
        given = rng.random(cue.size) < chances[cue]
        given[np.flatnonzero(cue == chances.argmax())[0]] = True  # a session without any reward is none
        trials = make_trials(
            times,
            np.where(given, "expected", "no_reward").tolist(),
            np.where(given, _REWARD, np.nan),
            cue + 1,
            reward_time=np.where(given, times + _DELAY, np.nan),
            cue=[f"{100 * chances[c]:g} %" for c in cue],
        )
        sessions.append((cue, times, trials))
    units = []
    digits = max(2, len(str(n_units)))
    for i in range(n_units):
        which = i % len(sessions)
        cue, times, trials = sessions[which]
        end = times[-1] + 10.0
        counts = rng.poisson(gain[i] * values[i, cue] * _DURATION)
        spikes = np.concatenate(
            [
                rng.uniform(0.0, end, rng.poisson(baseline[i] * end)),
                np.repeat(times, counts) + rng.uniform(0.0, _DURATION, counts.sum()),
            ]
        )
        units.append(
            Unit(
                name=f"simulated {i + 1:0{digits}d}",
                session=f"session {which + 1:02d}",
                group=f"animal {which % 5 + 1}",
                # A spike has a time of its own to 0.1 ms; the recorder's clock is hardly finer.
                spike_times=np.unique(np.round(spikes, 4)),
                trials=trials,
            )
        )
    provenance = Provenance(
        name="variable_probability",
        kind="simulated",
        origin="simulator",
        note=f"{n_units} simulated units, {population} population.",
    )
    return Recordings(tuple(units), provenance)
