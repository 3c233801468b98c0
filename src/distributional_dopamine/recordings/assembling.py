"""From sessions as read to one set of recordings: names that tell apart, cues numbered, losses counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine.recordings.clocks import SpikeSummary, check_overlap
from distributional_dopamine.recordings.columns import listed
from distributional_dopamine.recordings.model import (
    Exclusion,
    FloatArray,
    LightIdentification,
    Provenance,
    Recordings,
    RecordingsError,
    Unit,
    make_trials,
)
from distributional_dopamine.recordings.trial_columns import TrialTable

_AFTER_REWARD = 0.6  # s that a unit must still be observed after a reward for its response to be known


@dataclass(frozen=True, eq=False)
class ReadUnit:
    """A unit as read.

    Attributes
    ----------
    name
        Unique within its session.
    spikes
        Times, s; or what reads them.
    summary
        Of its spikes.
    observed
        (n, 2) Starts and ends, s, of the times in which it was observed; None: all the time.
    n_unlabelled
        Number of trials that were left out before, for want of a label.
    identification
        Evidence from pulses of light.
    """

    name: str
    spikes: FloatArray | Callable[[], FloatArray]
    summary: SpikeSummary
    observed: FloatArray | None = None
    n_unlabelled: int = 0
    identification: LightIdentification | None = None


@dataclass(frozen=True, eq=False)
class ReadSession:
    """A session as read.

    Attributes
    ----------
    where
        File it is from, for messages.
    session, subject
        Names; the subject is empty where nobody said.
    units
        Its units.
    trials
        Its trials.
    notes
        What a reader must know.
    simulated
        Whether the file says that it is simulated, as our own writers have it say.
    """

    where: str
    session: str
    subject: str
    units: tuple[ReadUnit, ...]
    trials: TrialTable
    notes: tuple[str, ...] = field(default=())
    simulated: bool = False


def assemble(
    sessions: Sequence[ReadSession], provenance: Provenance, excluded: Sequence[Exclusion] = ()
) -> Recordings:
    """Put sessions together.

    Sessions of one name are one if they are of one subject, as several probes are; if not, they get the names
    of their subjects before their own. So do units of one name get that of their session.

    Parameters
    ----------
    sessions
        As read; at least one.
    provenance
        Where they come from.
    excluded
        What was left out before.

    Raises
    ------
    RecordingsError
        If a unit is there twice, spikes and trials are on different clocks, sizes are in different units, or
        no unit is left.
    """
    labels = _session_names(sessions)
    units: list[Unit] = []
    exclusions = list(excluded)
    notes: list[str] = []
    numbers = _cue_numbers(sessions)
    unlabelled: dict[str, int] = {}
    names = _unit_names(sessions, labels)
    for read, label, own_names in zip(sessions, labels, names, strict=True):
        rewards = read.trials.trials["reward_time"].dropna().to_numpy()
        check_overlap(read.where, [unit.summary for unit in read.units], rewards)
        exclusions += [_renamed(one, label) for one in read.trials.exclusions]
        notes += [*read.trials.notes, *read.notes]
        trials = _model_trials(read.trials.trials, numbers)
        for unit, name in zip(read.units, own_names, strict=True):
            made = _make_unit(unit, name, label, read.subject or label, trials, exclusions)
            if made is not None:
                units.append(made)
                unlabelled[name] = unit.n_unlabelled
    if not units:
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in exclusions[:3])
        raise RecordingsError(f"No unit is left. {reasons}.")
    if any(read.simulated for read in sessions):
        notes.append("Simulated, as the files say.")
        provenance = replace(provenance, kind="simulated")
    if not all(read.subject for read in sessions):
        notes.append("Not every file names its subject: where it does not, the session stands for it.")
    return Recordings(
        tuple(units),
        provenance,
        tuple(exclusions),
        unlabelled,
        _size_unit(sessions),
        tuple(dict.fromkeys(notes)),
    )


def _make_unit(
    unit: ReadUnit,
    name: str,
    session: str,
    group: str,
    trials: pd.DataFrame,
    exclusions: list[Exclusion],
) -> Unit | None:
    """Give a unit with the trials it was observed in, or None; what is left out goes to the list."""
    if unit.summary.count == 0:
        exclusions.append(Exclusion("unit", name, "no spikes"))
        return None
    if unit.observed is not None:
        kept = _observed(trials, unit.observed)
        if not kept.all():
            lost = int((~kept).sum())
            exclusions.append(Exclusion("trials", name, "outside the times in which it was observed", lost))
            trials = trials[kept].reset_index(drop=True)
        if not (trials["kind"] != "no_reward").any():
            exclusions.append(Exclusion("unit", name, "no reward while it was observed"))
            return None
    if callable(unit.spikes):
        return Unit.lazy(name, session, group, unit.spikes, trials, unit.identification)
    return Unit(name, session, group, unit.spikes, trials, unit.identification)


def _observed(trials: pd.DataFrame, intervals: FloatArray) -> npt.NDArray[np.bool_]:
    """Mark trials that lie, with their baseline and response, in one of the intervals."""
    start = trials["event_time"].to_numpy() - 1.0
    stop = trials[["event_time", "reward_time"]].max(axis=1).to_numpy() + _AFTER_REWARD
    inside = (start[:, None] >= intervals[:, 0] - 1.0) & (stop[:, None] <= intervals[:, 1] + _AFTER_REWARD)
    return np.asarray(inside.any(axis=1))


def _model_trials(trials: pd.DataFrame, numbers: dict[str, int]) -> pd.DataFrame:
    return make_trials(
        trials["event_time"],
        trials["kind"].tolist(),
        trials["magnitude"],
        [numbers[name] for name in trials["cue"]],
        reward_time=trials["reward_time"],
        cue=trials["cue"].tolist(),
    )


def _cue_numbers(sessions: Sequence[ReadSession]) -> dict[str, int]:
    """Number the cues: by their names if these are whole numbers, else in order of name; 0 is none."""
    names = sorted({name for read in sessions for name in read.trials.trials["cue"]} - {""})
    whole = all(
        name.isascii() and name.isdigit() and 0 < len(name) < 10 and str(int(name)) == name for name in names
    )
    return {"": 0, **{name: int(name) if whole else i + 1 for i, name in enumerate(names)}}


def _session_names(sessions: Sequence[ReadSession]) -> list[str]:
    subjects: dict[str, set[str]] = {}
    for read in sessions:
        subjects.setdefault(read.session, set()).add(read.subject)
    return [
        f"{read.subject} {read.session}".strip() if len(subjects[read.session]) > 1 else read.session
        for read in sessions
    ]


def _unit_names(sessions: Sequence[ReadSession], labels: Sequence[str]) -> list[list[str]]:
    """Give the units names that are unique in all sessions."""
    for read in sessions:
        twice = sorted(name for name, n in Counter(unit.name for unit in read.units).items() if n > 1)
        if twice:
            raise RecordingsError(f"{read.where}: a unit must be there once; found twice: {listed(twice)}.")
    plain = [[unit.name for unit in read.units] for read in sessions]
    if all(n == 1 for n in Counter(name for names in plain for name in names).values()):
        return plain
    qualified = [[f"{label} {name}" for name in names] for label, names in zip(labels, plain, strict=True)]
    twice = sorted(name for name, n in Counter(n for names in qualified for n in names).items() if n > 1)
    if twice:
        raise RecordingsError(
            f"A unit must be there once; found in two files of one session: {listed(twice)}. Is a session "
            "given "
            "twice? If these are different units, give them different names (a column unit_name)."
        )
    return qualified


def _size_unit(sessions: Sequence[ReadSession]) -> str:
    units = sorted({read.trials.size_unit for read in sessions} - {""})
    if len(units) > 1:
        raise RecordingsError(
            f"Sizes of rewards must be in one unit; found {listed(units)} in different files. Convert them, "
            "or "
            "say --size-unit UNIT if they are in one."
        )
    return units[0] if units else ""


def _renamed(exclusion: Exclusion, session: str) -> Exclusion:
    return Exclusion(exclusion.what, session, exclusion.reason, exclusion.count)
