"""From the columns of somebody's trials to the trials of the data model, with nothing dropped unsaid.

What becomes of a trial:

* a time and a size above 0: a reward. Expected or not as the expected column says; without one, expected if
  it has a cue; without cues, all are unexpected;
* size 0, or neither time nor size: a trial without reward, with its cue;
* a size, but no time of reward: left out and counted; so is a trial without any time, an expected one whose
  cue has no time where others have one, and a reward of which the expected column does not say what it was;
* a time, but no size; a size below 0; a time before the start or a reward before its cue: an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from distributional_dopamine.recordings.clocks import ask_about_trials, scale
from distributional_dopamine.recordings.columns import Columns, in_words, listed, option, size_unit_of
from distributional_dopamine.recordings.model import Exclusion, FloatArray, RecordingsError

MOST_SIZES = 50
"""More sizes than this are no sizes: a column of times, say, or a measurement of each drop."""

NO_CUE = frozenset({"", "none", "nan", "na", "n/a", "no cue", "null", "-"})
"""How tables write that there was no cue, in lower case."""

_TRUE = frozenset({"true", "yes", "1", "1.0", "t", "y", "expected", "cued", "predicted"})
_FALSE = frozenset({"false", "no", "0", "0.0", "f", "n", "unexpected", "uncued", "unpredicted"})


@dataclass(frozen=True, eq=False)
class TrialTable:
    """Trials as read, before cues are numbered.

    Attributes
    ----------
    trials
        Columns ``event_time``, ``reward_time`` (s), ``magnitude``, ``kind``, ``cue`` (text), in order of
        time. Index: the row in the table read.
    exclusions
        What was left out.
    notes
        Which columns were taken, and what that means, a sentence each.
    size_unit
        Unit of the sizes, as far as told.
    """

    trials: pd.DataFrame
    exclusions: tuple[Exclusion, ...]
    notes: tuple[str, ...]
    size_unit: str


def needed_columns(available: list[str], columns: Columns, where: str) -> dict[str, str]:
    """Give the meanings found among columns of trials, each with its column.

    Raises
    ------
    RecordingsError
        If there is none for the time or the size of the reward.
    """
    found = {meaning: columns.need(meaning, available, where) for meaning in ("reward_time", "reward_size")}
    for meaning in ("cue", "cue_time", "expected"):
        name = columns.find(meaning, available, where)
        if name is not None:
            found[meaning] = name
    return found


def read_trials(
    table: pd.DataFrame,
    columns: Columns,
    *,
    where: str,
    session: str,
    size_description: str = "",
) -> TrialTable:
    """Make trials of a table with a row a trial.

    Parameters
    ----------
    table
        Columns of numbers or text as they were read; ``start_time`` serves where a trial without reward has
        no other time.
    columns
        Which is which.
    where
        What is read, for messages.
    session
        Name of the session, for what is left out.
    size_description
        Description of the column of sizes, which may tell its unit.

    Raises
    ------
    RecordingsError
        If a column is missing or holds what it must not, or no trial has a reward.
    """
    names = needed_columns([str(name) for name in table.columns], columns, where)
    if len(table) == 0:
        raise RecordingsError(f"{where} has no trials.")
    per_second = scale(columns.trials_in)
    reward = _times(table[names["reward_time"]], names["reward_time"], where) / per_second
    size = read_sizes(table[names["reward_size"]], names["reward_size"], where)
    n_trials = reward.size
    missing = np.full(n_trials, np.nan)
    cue_time = missing
    if "cue_time" in names:
        cue_time = _times(table[names["cue_time"]], names["cue_time"], where) / per_second
    start = missing
    if "start_time" in table.columns:
        start = _times(table["start_time"], "start_time", where) / per_second
    timeless = np.isnan(reward) & (size > 0)
    sizeless = np.flatnonzero(np.isfinite(reward) & np.isnan(size))
    if sizeless.size:
        raise RecordingsError(
            f"{where}: a reward needs a size; trial {sizeless[0]} has the reward time {reward[sizeless[0]]} "
            "s "
            f"and no {names['reward_size']!r} ({sizeless.size} such). Write 0 where no reward was given."
        )
    given = np.isfinite(reward) & (size > 0)
    announced, unsaid = read_announced(table, names, where)
    needs_cue_time = given & announced & np.isnan(cue_time) & np.isfinite(cue_time).any()
    with_reward = np.where(announced & np.isfinite(cue_time), cue_time, reward)
    without = np.where(np.isfinite(cue_time), cue_time, np.where(np.isfinite(reward), reward, start))
    event = np.where(given, with_reward, without)
    early = np.flatnonzero(given & (reward < event))
    if early.size:
        i = int(early[0])
        raise RecordingsError(
            f"{where}: a cue must not come after its reward; on trial {i} the cue is at {event[i]} s, the "
            f"reward at {reward[i]} s ({early.size} such). Is {names['cue_time']!r} the right column? "
            "Say which it is with --cue-time."
        )
    reasons = (
        (timeless, "a size but no time of reward"),
        (given & unsaid, f"the column {names.get('expected', '')!r} does not say whether expected"),
        (needs_cue_time, "expected, but no time of the cue"),
        (~given & np.isnan(event), "no time at all"),
    )
    kept = np.ones(n_trials, dtype=bool)
    exclusions = []
    for wrong, reason in reasons:
        count = int((wrong & kept).sum())
        if count:
            exclusions.append(Exclusion("trials", session, reason, count))
        kept &= ~wrong
    if not (given & kept).any():
        left_out = "; ".join(f"{one.count} left out: {one.reason}" for one in exclusions)
        raise RecordingsError(
            f"{where}: no trial has a reward, a time in {names['reward_time']!r} and a size above 0 in "
            f"{names['reward_size']!r}, among {n_trials}{' (' + left_out + ')' if left_out else ''}."
        )
    kind = np.select([given & announced, given], ["expected", "unexpected"], default="no_reward")
    trials = pd.DataFrame(
        {
            "event_time": event,
            "reward_time": np.where(given, reward, np.nan),
            "magnitude": np.where(given, size, np.nan),
            "kind": kind,
            "cue": read_cues(table, names),
        }
    )[kept]
    ask_about_trials(where, trials["reward_time"].dropna().to_numpy(), columns.trials_in)
    check_number_of_sizes(trials["magnitude"].dropna().to_numpy(), names["reward_size"], where)
    size_unit = columns.size_unit or size_unit_of(names["reward_size"], size_description)
    return TrialTable(
        trials.sort_values("event_time", kind="stable"),
        tuple(exclusions),
        tuple(_notes(names, "expected" in kind, np.isfinite(cue_time).any())),
        size_unit,
    )


def _notes(names: dict[str, str], any_expected: bool, cue_times: bool) -> list[str]:
    taken = ", ".join(f"{in_words(meaning)} = {name!r}" for meaning, name in names.items())
    notes = [f"Columns of the trials: {taken}."]
    if "expected" not in names:
        notes.append(
            "Trials with a cue count as expected, the others as unexpected."
            if "cue" in names
            else "Nothing tells expected rewards from others (no cue and no expected column): all count as "
            "unexpected."
        )
    if any_expected and not cue_times:
        notes.append(
            "No column tells when the cue came, so the baseline is the second before the reward, in which "
            "neurons may still answer the cue."
        )
    return notes


def read_cues(table: pd.DataFrame, names: Mapping[str, str]) -> npt.NDArray[np.object_]:
    """Give the name of each trial's cue, empty without.

    Parameters
    ----------
    table
        A row for each trial.
    names
        What a column means -> its name in the table.

    Returns
    -------
    array of str
        (n_trials,)
    """
    cue = as_names(table[names["cue"]]) if "cue" in names else np.full(len(table), "", dtype=object)
    cue[[str(name).strip().lower() in NO_CUE for name in cue]] = ""
    return cue


def read_announced(
    table: pd.DataFrame, names: Mapping[str, str], where: str
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Say of each trial whether its reward was expected, and whether nobody said.

    Parameters
    ----------
    table
        A row for each trial.
    names
        What a column means -> its name in the table.
    where
        File and place, for the message.

    Returns
    -------
    expected, unknown : array of bool
        (n_trials,) each.

    Raises
    ------
    RecordingsError
        If the expected column holds anything but truth values.
    """
    if "expected" not in names:
        cue = read_cues(table, names)
        return cue != "", np.zeros(cue.size, dtype=bool)
    column = table[names["expected"]]
    words = np.array([name.strip().lower() for name in as_names(column)], dtype=object)
    true, false = np.isin(words, list(_TRUE)), np.isin(words, list(_FALSE))
    unsaid = np.array([word in NO_CUE for word in words])
    odd = np.flatnonzero(~(true | false | unsaid))
    if odd.size:
        raise RecordingsError(
            f"{where}: the column {names['expected']!r} must hold true or false (or 1 or 0, yes or no) on "
            "each "
            f"trial; found {words[odd[0]]!r} on trial {odd[0]} ({odd.size} such)."
        )
    return true, unsaid


def as_numbers(column: pd.Series, name: str, where: str) -> FloatArray:
    """Give a column as numbers, missing entries as NaN.

    Parameters
    ----------
    column
        (n_trials,) As it was read.
    name
        Of the column, for the message.
    where
        File and place, for the message.

    Returns
    -------
    array
        (n_trials,) In the unit of the column.

    Raises
    ------
    RecordingsError
        If an entry is no number; truth values and dates are none.
    """
    message = f"{where}: the column {name!r} must hold numbers"
    if pd.api.types.is_bool_dtype(column.dtype) or not (
        pd.api.types.is_numeric_dtype(column.dtype)
        or pd.api.types.is_object_dtype(column.dtype)
        or pd.api.types.is_string_dtype(column.dtype)
    ):
        raise RecordingsError(f"{message}; found values of type {column.dtype}.")
    if pd.api.types.is_complex_dtype(column.dtype):
        raise RecordingsError(f"{message}; found complex numbers.")
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    empty = np.array([value is None or str(value).strip().lower() in NO_CUE for value in column], dtype=bool)
    out = np.full(len(column), np.nan)
    for i, value in enumerate(column):
        if empty[i]:
            continue
        try:
            if isinstance(value, bool | np.bool_):
                raise TypeError("a truth value")
            out[i] = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise RecordingsError(f"{message}; found {str(value)[:60]!r} in row {i}.") from error
    return out


def as_names(column: pd.Series) -> npt.NDArray[np.object_]:
    """Give a column as text; whole numbers without decimals, missing entries as empty text.

    Parameters
    ----------
    column
        (n_trials,) As it was read.

    Returns
    -------
    array of str
        (n_trials,)

    Examples
    --------
    >>> as_names(pd.Series([1.0, None, 2.5])).tolist()
    ['1', '', '2.5']
    """

    def name(value: object) -> str:
        if value is None or value is pd.NA or (isinstance(value, float | np.floating) and np.isnan(value)):
            return ""
        if isinstance(value, bytes):
            return value.decode("utf-8", errors="replace")
        if isinstance(value, float | np.floating) and np.isfinite(value) and value == round(value):
            return str(int(value))
        return str(value)

    out = np.empty(len(column), dtype=object)
    out[:] = [name(value) for value in column]
    return out


def _times(column: pd.Series, name: str, where: str) -> FloatArray:
    times = as_numbers(column, name, where)
    for wrong, what in ((np.isinf(times), "must be finite"), (times < 0, "must not lie before the start")):
        bad = np.flatnonzero(wrong)
        if bad.size:
            raise RecordingsError(
                f"{where}: times in {name!r} {what}; found {times[bad[0]]} on trial {bad[0]} ({bad.size} "
                "such)."
            )
    return times


def read_sizes(column: pd.Series, name: str, where: str) -> FloatArray:
    """Give a column as sizes of rewards: 0 for none, NaN where missing.

    Parameters
    ----------
    column
        (n_trials,) As it was read.
    name
        Of the column, for the message.
    where
        File and place, for the message.

    Returns
    -------
    array
        (n_trials,) In the unit of the column.

    Raises
    ------
    RecordingsError
        If one is negative or infinite.
    """
    sizes = as_numbers(column, name, where)
    bad = np.flatnonzero(np.isinf(sizes) | (sizes < 0))
    if bad.size:
        raise RecordingsError(
            f"{where}: sizes of rewards in {name!r} must be 0 or above; found {sizes[bad[0]]} on trial "
            f"{bad[0]} "
            f"({bad.size} such). Punishments, as losses or puffs of air, cannot be analysed; write 0."
        )
    # 0.1 + 0.2 and 0.3 are one size: nobody means the twelfth digit.
    distinct, which = np.unique(sizes, return_inverse=True)
    return np.asarray(np.array([float(f"{size:.12g}") for size in distinct])[which])


def check_number_of_sizes(sizes: FloatArray, name: str, where: str) -> None:
    """Refuse more sizes than anybody would give.

    Parameters
    ----------
    sizes
        (n_trials,) Sizes of rewards, in any unit.
    name
        Of the column, for the message.
    where
        File and place, for the message.

    Raises
    ------
    RecordingsError
        If there are more than ``MOST_SIZES``.
    """
    distinct = np.unique(sizes)
    if distinct.size > MOST_SIZES:
        raise RecordingsError(
            f"{where}: {name!r} holds {distinct.size} different sizes of reward, such as "
            f"{listed([f'{size:.6g}' for size in distinct[:3]])}. Is it the right column? Say which it is "
            "with "
            f"{option('reward_size')}; if sizes were measured, round them to those that were meant."
        )
