"""What an experiment was, as its trials show it, and what then can and cannot be asked of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from distributional_dopamine.recordings.columns import listed
from distributional_dopamine.recordings.measured import MeasuredResponses
from distributional_dopamine.recordings.model import Recordings, RecordingsError

FEWEST_SIZES = 3
"""A line through two sizes of reward has no bend: reversal points and asymmetries need a third."""

_PER_CENT = re.compile(r"^\D*?(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True, eq=False)
class Design:
    """What was given to the animals.

    Attributes
    ----------
    sizes
        Sizes of reward, ascending.
    n_expected, n_unexpected, n_no_reward
        Number of trials of each kind, summed over cells.
    cues
        A row a cue, index its name. Columns: ``n_trials``; ``n_rewarded``; ``share``: of trials with a
        reward; ``probability``: what the name announces ("50 %", "0.5"), else the share.
    variable_magnitude
        Whether there are sizes enough for reversal points and asymmetries.
    variable_probability
        Whether three cues or more are followed by reward in different shares, one of them neither 0 nor 1.
    incomplete
        Cells that lack some size of reward.
    limits
        What cannot be computed, and why: (what, why).
    """

    sizes: tuple[float, ...]
    n_expected: int
    n_unexpected: int
    n_no_reward: int
    cues: pd.DataFrame
    variable_magnitude: bool
    variable_probability: bool
    incomplete: tuple[str, ...]
    limits: tuple[tuple[str, str], ...]


def describe_design(recordings: Recordings | MeasuredResponses) -> Design:
    """Say what was given to the animals, and what that allows.

    Parameters
    ----------
    recordings
        Recordings of any laboratory.

    Returns
    -------
    Design
    """
    if isinstance(recordings, MeasuredResponses):
        table = recordings.responses
        trials = pd.DataFrame(
            {
                "cell": table["cell"],
                "magnitude": table["magnitude"],
                "kind": table["expected"].map({True: "expected", False: "unexpected"}),
                "cue": "",
            }
        )
    else:
        trials = pd.concat(
            [
                unit.trials.assign(cell=unit.name, kind=unit.trials["kind"].astype(str))
                for unit in recordings.units
            ],
            ignore_index=True,
        )
    cues = _cues(trials)
    sizes = recordings.magnitudes
    n_sizes = trials.dropna(subset="magnitude").groupby("cell")["magnitude"].nunique()
    cells = recordings.cells().index
    incomplete = tuple(str(cell) for cell in cells if int(n_sizes.get(cell, 0)) < len(sizes))
    between = cues["share"][(cues["share"] > 0) & (cues["share"] < 1)]
    probability = len(cues) >= 3 and cues["share"].nunique() >= 3 and len(between) > 0
    counts = trials["kind"].value_counts()
    kinds = {kind: int(counts.get(kind, 0)) for kind in ("expected", "unexpected", "no_reward")}
    return Design(
        sizes,
        kinds["expected"],
        kinds["unexpected"],
        kinds["no_reward"],
        cues,
        len(sizes) >= FEWEST_SIZES,
        probability,
        incomplete,
        tuple(_limits(recordings, sizes, probability, kinds)),
    )


def check_design(recordings: Recordings | MeasuredResponses) -> Design:
    """Describe the design, and refuse one of which nothing could be asked.

    Raises
    ------
    RecordingsError
        If there are fewer than three sizes of reward, and probabilities do not vary either.
    """
    design = describe_design(recordings)
    if not (design.variable_magnitude or design.variable_probability):
        sizes = listed([f"{size:g}" for size in design.sizes])
        shares = [f"{name}: {share:.0%}" for name, share in design.cues["share"].items()]
        raise RecordingsError(
            f"{FEWEST_SIZES} sizes of reward or more are needed, or {FEWEST_SIZES} cues that reward follows "
            f"with different probabilities; found the size(s) {sizes}, and as cues with their shares of "
            f"rewarded trials {listed(shares)}."
        )
    return design


def announced_probability(cue: str) -> float | None:
    """Give the probability that the name of a cue announces, if it does.

    Examples
    --------
    >>> announced_probability("odour 90%"), announced_probability("0.5"), announced_probability("tone B")
    (0.9, 0.5, None)
    """
    match = _PER_CENT.match(cue)
    try:
        value = float(match.group(1)) / 100 if match else float(cue) if "." in cue else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value <= 1 else None


def _cues(trials: pd.DataFrame) -> pd.DataFrame:
    cued = trials[(trials["cue"] != "") & (trials["kind"] != "unexpected")]
    grouped = cued.groupby("cue", sort=True)["kind"]
    n_trials = grouped.size()
    table = pd.DataFrame(
        {"n_trials": n_trials, "n_rewarded": grouped.agg(lambda kinds: int((kinds == "expected").sum()))}
    )
    table["share"] = table["n_rewarded"] / table["n_trials"]
    announced = [announced_probability(str(cue)) for cue in table.index]
    table["probability"] = [
        share if value is None else value for value, share in zip(announced, table["share"], strict=True)
    ]
    return table


def _limits(
    recordings: Recordings | MeasuredResponses,
    sizes: tuple[float, ...],
    probability: bool,
    kinds: dict[str, int],
) -> list[tuple[str, str]]:
    limits = []
    if len(sizes) < FEWEST_SIZES:
        limits.append(
            ("reversal points, asymmetries and decoding", f"they need {FEWEST_SIZES} sizes of reward")
        )
    if not probability:
        limits.append(
            (
                "optimism about cues",
                "it needs three cues that reward follows with different probabilities",
            )
        )
    if not (kinds["expected"] and kinds["unexpected"]):
        limits.append(("expected against unexpected rewards", "all rewards are of one kind"))
    if not recordings.size_unit:
        limits.append(("sizes in a unit", "nothing says in which unit they are; --size-unit would"))
    where = recordings.cells()
    for column, what in (("session", "sessions"), ("group", "animals")):
        sizes_of_groups = where[column].value_counts()
        if len(sizes_of_groups) < 2 or sizes_of_groups.max() < 2:
            limits.append(
                (
                    f"whether cells of the same {what.removesuffix('s')} are alike",
                    f"it needs two {what}, one of them with two cells",
                )
            )
    if isinstance(recordings, MeasuredResponses):
        limits.append(
            ("light-identification, shared spikes, windows, smoothing and baselines", "there are no spikes")
        )
    elif not any(unit.identification is not None for unit in recordings.units):
        limits.append(("light-identification", "no pulses of light are on file"))
    return limits
