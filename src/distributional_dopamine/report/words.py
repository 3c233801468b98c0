"""How a report names tests, models and other things with short names in the code."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd

from distributional_dopamine.evidence.decoding import Effort
from distributional_dopamine.evidence.diagnostics import TESTS, DiagnosticTest, decoding_beats_shuffle
from distributional_dopamine.evidence.nulls import CONTROLS
from distributional_dopamine.evidence.verdict import FLOORED, SYMMETRIC, VERDICT_NULLS

TEST_WORDS = MappingProxyType(
    {
        "split_half.counting": "reversal points return (counting)",
        "split_half.piecewise": "reversal points return (piecewise)",
        "opposite_signs": "one reward, opposite signs",
        "held_out_sign": "own points predict held-out signs",
        "asymmetry.same_trials": "asymmetry, same trials",
        "asymmetry.counting": "asymmetry, halves (counting)",
        "asymmetry.piecewise": "asymmetry, halves (piecewise)",
        "asymmetry_anova": "cells differ in asymmetry (ANOVA)",
        "decoding": "decode beats shuffle",
        "decoding.independent_halves": "decode beats shuffle, halves",
    }
)
"""Tests of the book, in the order in which they are listed."""

MODEL_WORDS = MappingProxyType(
    {
        "classical_bootstrap": "classical TD",
        "classical_gaussian": "… Gaussian noise",
        "classical_equal_gain": "… equal gains",
        "classical_offset": "… a constant per cell",
        FLOORED: "… own constants, rate ≥ 0",
        "shared_value": "one value, own asymmetries",
        "shuffled_asymmetry": "asymmetries shuffled",
        SYMMETRIC: "reversal points only",
        "distributional_measured": "distributional TD",
        "distributional_uniform": "… rates from 0 to 1",
    }
)
"""Models of a verdict."""

CUE_MODEL_WORDS = MappingProxyType(
    {"one_mean": "one mean", "one_curve": "one curve", "expectiles": "expectiles"}
)
"""Models of the verdict on cues."""

FALSE_ALARMS = 0.10
"""A test that a null model passes significantly more often than this is not diagnostic."""

POWER = 0.5
"""A test has too few trials or cells if distributional TD does not pass it significantly more often."""


def judge_tests(shares: pd.DataFrame) -> dict[str, str]:
    """Say of every test whether it tells anything about these cells.

    Parameters
    ----------
    shares
        Table of :func:`~distributional_dopamine.evidence.nulls.share_significant`, of the models of
        ``VERDICT_NULLS`` and ``CONTROLS``.

    Returns
    -------
    dict
        Test -> ``not diagnostic`` where some null model passes it significantly more often than one time in
        ten; else ``too few trials or cells`` where a control does not pass it significantly more often than
        not; else ``diagnostic``. The rule of the chapter on null models.
    """
    low = shares["low"].unstack("model")  # noqa: PD010 - a Series has no pivot_table
    out = {}
    for test in [name for name in TEST_WORDS if name in low.index]:
        if (low.loc[test, list(VERDICT_NULLS)] > FALSE_ALARMS).any():
            out[test] = "not diagnostic"
        elif (low.loc[test, list(CONTROLS)] <= POWER).any():
            out[test] = "too few trials or cells"
        else:
            out[test] = "diagnostic"
    return out


def listed(names: list[str]) -> str:
    """Write names in a row, ``none`` if there are none."""
    return "; ".join(names) or "none"


def tests_to_run(with_decoding: bool) -> dict[str, DiagnosticTest]:
    """Give the tests of the book, each with one random split; decoding on a coarser grid than there.

    Parameters
    ----------
    with_decoding
        Whether the two tests of decoding, which take longer than all others together, are among them.

    Returns
    -------
    dict
        Name -> test.
    """
    chosen = {name: TESTS[name] for name in TEST_WORDS if not name.startswith("decoding")}
    if with_decoding:
        effort = Effort(route="convex", n_support=60)
        decoding = partial(decoding_beats_shuffle, n_shuffles=19, effort=effort)
        chosen["decoding"] = decoding
        chosen["decoding.independent_halves"] = partial(decoding, independent_halves=True)
    return chosen


def number(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign, or a dash if it is none."""
    return f"{value:.{digits}f}".replace("-", "−") if np.isfinite(value) else "–"
