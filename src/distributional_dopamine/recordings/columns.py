"""Which column of somebody's table means what: names as laboratories choose them, or as the reader says.

A name is compared without regard to case, spaces and underscores, and without its unit at the end: "Reward
Volume (uL)" is ``reward_volume_ul`` is ``reward_volume``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from distributional_dopamine.recordings.model import MICROLITRES, RecordingsError

TimeUnit = Literal["s", "ms"]

SIZE_UNITS = {
    "ul": MICROLITRES,
    "µl": MICROLITRES,
    "μl": MICROLITRES,  # the Greek letter, which looks the same as the micro sign before it
    "microlitres": MICROLITRES,
    "microliters": MICROLITRES,
    "ml": "mL",
    "mg": "mg",
    "g": "g",
    "drops": "drops",
    "pellets": "pellets",
}
"""How units of reward are written -> how they are shown."""

KNOWN: dict[str, tuple[str, ...]] = {
    "reward_time": (
        "reward_time",
        "reward_times",
        "reward_onset",
        "reward_onset_time",
        "reward_start",
        "reward_start_time",
        "reward_delivery_time",
        "reward_on",
        "rewarded_at",
        "time_of_reward",
        "outcome_time",
        "us_time",
        "time",
    ),
    "reward_size": (
        "reward_size",
        "reward_magnitude",
        "reward_volume",
        "reward_amount",
        "rewarded_volume",
        "magnitude",
        "volume",
        "amount",
        "size",
        "water",
        "reward",
    ),
    "cue": (
        "cue",
        "cue_id",
        "cue_name",
        "cue_type",
        "odor",
        "odour",
        "odor_id",
        "odour_id",
        "cs",
        "stimulus",
    ),
    "cue_time": (
        "cue_time",
        "cue_onset",
        "cue_onset_time",
        "cue_on",
        "cue_start",
        "cue_start_time",
        "odor_time",
        "odour_time",
        "odor_on",
        "odour_on",
        "odor_onset",
        "odour_onset",
        "cs_time",
        "stimulus_time",
        "stimulus_onset",
    ),
    "expected": ("expected", "is_expected", "reward_expected", "cued", "is_cued", "predicted"),
    "unit": (
        "unit",
        "unit_id",
        "unit_name",
        "cell",
        "cell_id",
        "neuron",
        "neuron_id",
        "cluster",
        "cluster_id",
    ),
    "spike_time": ("time", "spike_time", "spike_times", "timestamp", "t"),
    "response": ("response", "responses", "dff", "df_f", "zscore", "z_score", "signal", "rate"),
    "session": ("session", "session_id", "session_name", "recording"),
    "subject": (
        "subject",
        "subject_id",
        "animal",
        "animal_id",
        "mouse",
        "mouse_id",
        "rat",
        "monkey",
        "group",
    ),
}
"""What a column means -> names it is looked for under, the first that is there wins."""


@dataclass(frozen=True)
class Columns:
    """What the reader of somebody's files is told beforehand; whatever is None is found by its usual names.

    Attributes
    ----------
    reward_time, reward_size, cue, cue_time, expected
        Names of columns of the trials.
    unit, spike_time
        Names of columns of the spikes, in tables.
    response
        Name of the column of a table of responses.
    session, subject
        Names of columns of tables.
    spikes_in, trials_in
        ``s`` or ``ms``: unit of the times of spikes and of trials; None: seconds, and an error that asks if
        that is implausible.
    size_unit
        Unit of the sizes of rewards; None: by the name or description of its column, if that tells.
    """

    reward_time: str | None = None
    reward_size: str | None = None
    cue: str | None = None
    cue_time: str | None = None
    expected: str | None = None
    unit: str | None = None
    spike_time: str | None = None
    response: str | None = None
    session: str | None = None
    subject: str | None = None
    spikes_in: TimeUnit | None = None
    trials_in: TimeUnit | None = None
    size_unit: str | None = None

    def __post_init__(self) -> None:
        """Check the units of time."""
        for name in ("spikes_in", "trials_in"):
            if getattr(self, name) not in (None, *get_args(TimeUnit)):
                raise ValueError(f"{name} must be 's' or 'ms'; found {getattr(self, name)!r}")

    def find(self, meaning: str, available: Sequence[str], where: str) -> str | None:
        """Give the name of the column with a meaning, or None where there is none.

        Parameters
        ----------
        meaning
            A key of ``KNOWN``.
        available
            Names of the columns that there are.
        where
            What they are columns of, for the message.

        Raises
        ------
        RecordingsError
            If the column that was asked for by name is not there.
        """
        asked: str | None = getattr(self, meaning)
        if asked is not None:
            if asked not in available:
                raise RecordingsError(
                    f"{where} has no column {asked!r}, which was to be the {in_words(meaning)}; it has "
                    f"{listed(available)}."
                )
            return asked
        plain: dict[str, str] = {}
        for name in available:
            plain.setdefault(plain_name(name), name)
        return next((plain[name] for name in map(plain_name, KNOWN[meaning]) if name in plain), None)

    def need(self, meaning: str, available: Sequence[str], where: str) -> str:
        """Give the name of the column with a meaning, or refuse.

        Raises
        ------
        RecordingsError
            If there is none.
        """
        found = self.find(meaning, available, where)
        if found is None:
            raise RecordingsError(
                f"{where} has no column that could be the {in_words(meaning)}; it has {listed(available)}. "
                f"Say which it is: {option(meaning)} NAME (Columns({meaning}=...) in Python)."
            )
        return found


def in_words(meaning: str) -> str:
    """Give a meaning as one says it, such as "reward time"."""
    return meaning.replace("_", " ")


def option(meaning: str) -> str:
    """Give the option of the command line that sets a meaning."""
    return f"--{meaning.replace('_', '-')}"


def listed(names: Sequence[str], most: int = 30) -> str:
    """List names in quotes, and say how many more there are."""
    shown = ", ".join(repr(str(name)) for name in list(names)[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (shown + more) or "none"


def plain_name(name: str) -> str:
    """Give a name without case, spaces, underscores and a unit at its end.

    Examples
    --------
    >>> plain_name("Reward Volume (uL)"), plain_name("reward_time_s")
    ('rewardvolume', 'rewardtime')
    """
    words = [word for word in re.split(r"[\s_\-()\[\].]+", name.strip().lower()) if word]
    if len(words) > 1 and (words[-1] in SIZE_UNITS or words[-1] in ("s", "sec", "seconds")):
        words = words[:-1]
    return "".join(words)


def size_unit_of(*texts: str) -> str:
    """Give the unit of reward that a name or a description tells, or nothing.

    Examples
    --------
    >>> size_unit_of("volume_ul"), size_unit_of("size", "Amount of reward in mL."), size_unit_of("size", "")
    ('µL', 'mL', '')
    """
    for text in texts:
        words = [word for word in re.split(r"[^\wµμ]+|_", text.lower()) if word]
        for word in reversed(words):
            if word in SIZE_UNITS:
                return SIZE_UNITS[word]
    return ""
