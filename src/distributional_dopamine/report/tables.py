"""The tables of a report, and numbers that more than one page reports. Every name in them is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import HTML

from distributional_dopamine.evidence.needed import Need
from distributional_dopamine.evidence.nulls import CONTROLS
from distributional_dopamine.evidence.optimism import CueCells, CueVerdict
from distributional_dopamine.evidence.responses import ResponseArrays
from distributional_dopamine.evidence.reversal_points import ReversalPoints
from distributional_dopamine.evidence.split_half import SplitCorrelations
from distributional_dopamine.evidence.verdict import VERDICT_NULLS, Verdict
from distributional_dopamine.recordings.model import Exclusion
from distributional_dopamine.report.decoded import Decoded
from distributional_dopamine.report.prepared import Prepared
from distributional_dopamine.report.sessions import Alike
from distributional_dopamine.report.words import CUE_MODEL_WORDS, MODEL_WORDS, TEST_WORDS, number
from papermill_book import report

_NAN = float("nan")
_MOST_SIZES = 12  # columns of a table before it gives the ends only


def show(rows: Sequence[Mapping[str, object]], columns: Sequence[str], nothing: str = "None.") -> HTML:
    """Make a table, or say that there is nothing in it.

    Parameters
    ----------
    rows
        Column -> what stands in it; escaped.
    columns
        In order.
    nothing
        What to say without rows.

    Returns
    -------
    IPython.display.HTML
    """
    if not rows:
        return HTML(f"<p>{nothing}</p>")  # a sentence of our own
    frame = pd.DataFrame(list(rows), columns=list(columns)).astype(str)
    with pd.option_context("display.max_colwidth", None):
        return HTML(frame.to_html(index=False, border=0, escape=True, justify="left"))


def questions(verdict: Verdict) -> HTML:
    """Show the two questions, their statistics and answers."""
    rows = [
        {
            "Question": f"Do {question.name.removeprefix('the ')}?".replace("Do cells", "Do the cells")
            if question is verdict.differ
            else "Does asymmetry follow the reversal point?",
            "r": number(question.statistic),
            "A yes needs": number(question.needed),
            "P": number(question.p, 3),
            "Hardest null": MODEL_WORDS[question.hardest].replace("… ", "classical TD, "),
            "Power": number(question.least_power),
            "Answer": question.answer,
        }
        for question in (verdict.differ, verdict.follow)
    ]
    return show(rows, list(rows[0]))


def limits(prepared: Prepared) -> HTML:
    """Show what cannot be computed from these recordings."""
    rows = [{"What": what, "Why": why} for what, why in prepared.limits]
    return show(rows, ["What", "Why"], "Nothing: all that this report asks could be asked.")


def numbers(prepared: Prepared, arrays: ResponseArrays) -> HTML:
    """Show how much there is."""
    counts = arrays.counts()
    expected = int(prepared.responses["expected"].sum())
    sizes = ", ".join(f"{size:g}" for size in arrays.magnitudes)
    rows: list[Mapping[str, object]] = [
        {"": "cells", "Number": arrays.n_cells},
        {"": "sessions", "Number": prepared.cells["session"].nunique()},
        {"": "animals (or sessions, where none are named)", "Number": prepared.cells["group"].nunique()},
        {"": f"sizes of reward: {sizes} {prepared.size_unit}".rstrip(), "Number": arrays.n_magnitudes},
        {"": "rewarded trials of all cells, expected", "Number": expected},
        {"": "rewarded trials of all cells, unexpected", "Number": len(prepared.responses) - expected},
        {
            "": "trials of a cell and size",
            "Number": f"{counts.min()} to {counts.max()}, mean {counts.mean():.1f}",
        },
    ]
    rows += [
        {"": f"trials with cue {cue}", "Number": f"{n}, {share:.0%} rewarded"}
        for cue, n, share in prepared.cues
    ]
    return show(rows, ["", "Number"])


def left_out(excluded: Sequence[Exclusion]) -> HTML:
    """Show everything that is left out, with the reason."""
    rows = [
        {"What": one.what, "Name": one.name, "Reason": one.reason, "Number": one.count} for one in excluded
    ]
    return show(rows, ["What", "Name", "Reason", "Number"], "Nothing was left out.")


def notes(prepared: Prepared) -> HTML:
    """Show what is to be known of how the recordings were read."""
    rows = [{"To know": note} for note in (prepared.provenance.note, *prepared.notes) if note]
    return show(rows, ["To know"], "The files were read as they are.")


def files(prepared: Prepared) -> HTML:
    """Show the files by name and SHA-256."""
    rows = [{"File": name, "SHA-256": digest} for name, digest in prepared.provenance.files.items()]
    return show(rows, ["File", "SHA-256"], "No files: the cells are simulated.")


def cells(prepared: Prepared, arrays: ResponseArrays) -> HTML:
    """Show every cell: where it was recorded, and its trials of each size."""
    counts = arrays.counts()
    rows: list[dict[str, object]] = []
    for c, name in enumerate(arrays.cells):
        row: dict[str, object] = {"Cell": name, "Session": prepared.cells.loc[name, "session"]}
        if arrays.n_magnitudes <= _MOST_SIZES:
            row |= {f"{size:g}": counts[c, m] for m, size in enumerate(arrays.magnitudes)}
        row["All"] = counts[c].sum()
        rows.append(row)
    return show(rows, list(rows[0]))


def cue_models(verdict: CueVerdict) -> HTML:
    """Show how often each null model has a variance of t as large."""
    rows = [{"Null model": CUE_MODEL_WORDS[model], "P": number(p, 4)} for model, p in verdict.p_under.items()]
    return show(rows, ["Null model", "P"], "Nothing was asked.")


def cue_cells(chosen: CueCells, groups: pd.Series) -> HTML:
    """Show every cell that was asked how it rates the middle cue."""
    heads = [f"{cue:.0%}" for cue in chosen.cues]
    rows: list[Mapping[str, object]] = [
        {
            "Cell": name,
            "Trials": ", ".join(str(n) for n in chosen.counts[c]),
            **{f"{head} (Hz)": number(chosen.means[c, k], 1) for k, head in enumerate(heads)},
            "t": number(t, 1),
            "Group": groups[name],
        }
        for c, (name, t) in enumerate(zip(chosen.cells, chosen.t, strict=True))
    ]
    return show(rows, ["Cell", "Trials", *(f"{head} (Hz)" for head in heads), "t", "Group"], "None.")


def off_the_ends(points: ReversalPoints) -> HTML:
    """Show the cells whose reversal point is off an end."""
    rows = [
        {
            "Cell": name,
            "Reversal point": "below the smallest reward" if place < 0 else "above the largest reward",
        }
        for name, place in zip(points.cells, points.place, strict=True)
        if place
    ]
    return show(rows, ["Cell", "Reversal point"], "Every cell has one.")


def reasons(excluded: Mapping[str, tuple[str, ...]], n_cells: int) -> HTML:
    """Show cells that are not usable, by reason."""
    rows = [{"Cell": name, "Reason": reason} for reason, names in excluded.items() for name in names]
    return show(rows, ["Cell", "Reason"], f"None of the {n_cells}.")


def sessions(alike: Alike) -> HTML:
    """Show how alike cells of one session are."""
    rows = []
    for name, found in (("reversal point", alike.reversal_point), ("asymmetry", alike.asymmetry)):
        if found is not None:
            rows.append(
                {
                    "Estimate": name,
                    "Intraclass correlation": number(found.icc),
                    "95 % interval": f"{number(found.low)} to {number(found.high)}",
                    "P": number(found.p, 3),
                    "Cells": found.n_cells,
                    "Sessions": found.n_groups,
                }
            )
    names = ["Estimate", "Intraclass correlation", "95 % interval", "P", "Cells", "Sessions"]
    return show(rows, names, "It needs two sessions, one of them with two cells.")


def tests(shares: pd.DataFrame | None, kinds: Mapping[str, str]) -> HTML:
    """Show of each test the worst false alarm, the least power, and what follows."""
    rows = []
    for test, kind in kinds.items():
        assert shares is not None  # noqa: S101 - without shares there are no kinds
        share = shares["share"].xs(test, level="test")
        worst = str(share.loc[list(VERDICT_NULLS)].idxmax())
        rows.append(
            {
                "Test": TEST_WORDS[test],
                "Worst false alarm": f"{share[worst]:.0%}",
                "Under": MODEL_WORDS[worst].replace("… ", "classical TD, "),
                "Least power": f"{share.loc[list(CONTROLS)].min():.0%}",
                "Here": kind,
            }
        )
    return show(rows, ["Test", "Worst false alarm", "Under", "Least power", "Here"])


def report_splits(name: str, splits: SplitCorrelations) -> None:
    """Report the correlation of independent halves, or that there is none."""
    there = bool(np.isfinite(splits.r).any())
    low, high = splits.r_interval if there else (_NAN, _NAN)
    report(
        f"{name}.r",
        splits.r_median if there else _NAN,
        interval=(low, high),
        n=round(splits.n_cells_median),
    )
    report(f"{name}.p_median", splits.p_median if there else _NAN, n=splits.n_splits)


def report_decoding(decoded: Decoded | None, unit: str) -> None:
    """Report the distances of a decoding, or that there is none."""
    nan = (_NAN, _NAN)
    n = 0 if decoded is None else decoded.n_cells
    report("decoding.w1", _NAN if decoded is None else decoded.w1, unit=unit, n=n)
    for name in ("shuffled", "halves"):
        median, interval = (_NAN, nan) if decoded is None else getattr(decoded, name)
        report(f"decoding.w1_{name}", median, unit=unit, interval=interval, n=n)
    report("decoding.p", _NAN if decoded is None else decoded.p, n=n)


def report_needs(needs: Mapping[tuple[str, str], Need], questions: Sequence[str]) -> None:
    """Report how many cells, or trials, each question takes; or that it was not asked."""
    for name in questions:
        for vary in ("cells", "trials"):
            need = needs.get((name, vary))
            words = "not asked here" if need is None else need.in_words()
            report(f"needed.{name}.{vary}.words", words)
            if need is not None:
                report(f"needed.{name}.{vary}", need.size, interval=(need.low, need.high))
