"""The figures of a report. Each takes results and gives a figure, also where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from scipy import stats

from distributional_dopamine import figures
from distributional_dopamine.evidence.needed import Need
from distributional_dopamine.evidence.nulls import CONTROLS
from distributional_dopamine.evidence.optimism import CUE_CONTROL, CueVerdict
from distributional_dopamine.evidence.responses import ResponseArrays
from distributional_dopamine.evidence.split_half import SplitCorrelations
from distributional_dopamine.evidence.verdict import POWER, SYMMETRIC, VERDICT_NULLS, Verdict
from distributional_dopamine.report.decoded import Decoded
from distributional_dopamine.report.words import CUE_MODEL_WORDS, MODEL_WORDS, TEST_WORDS

FloatArray = npt.NDArray[np.float64]

INK, PURPLE, GREY = (figures.COLOURS[name] for name in ("recorded", "distributional", "classical"))
QUIET = "#5b6880"


def nothing_to_draw(why: str) -> Figure:
    """Say on an empty figure why it is empty."""
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 1.2))
    ax.set_axis_off()
    ax.text(0.5, 0.5, f"Not drawn: {why}.", ha="center", va="center", color=QUIET, wrap=True)
    return fig


def draw_verdict(verdict: Verdict, simulated: pd.DataFrame, kind: str) -> Figure:
    """Draw where the cells fall among simulated populations, for both questions."""
    fig, axes = plt.subplots(1, 2, figsize=(figures.FULL_WIDTH, 3.9), sharey=True)
    models = [*VERDICT_NULLS, SYMMETRIC, *CONTROLS]
    titles = ("Do the cells differ for good?", "Does asymmetry follow?")
    columns = (("differ", verdict.differ), ("follow", verdict.follow))
    for ax, title, (column, question) in zip(axes, titles, columns, strict=True):
        for place, model in enumerate(models):
            values = simulated.loc[simulated["model"] == model, column].dropna()
            if values.empty:
                continue
            low, middle, high = values.quantile([0.025, 0.5, 0.975])
            colour = PURPLE if model in CONTROLS else QUIET
            ax.barh(place, high - low, 0.62, left=low, **figures.patch_style("simulated", colour))
            ax.plot(middle, place, "D", ms=5, **figures.marker_style("simulated", colour))
        if np.isfinite(question.statistic):
            ax.axvline(question.statistic, color=INK, lw=2.6, ls="-" if kind == "recorded" else "--")
        ax.axvline(question.needed, color=figures.COLOURS["published"], lw=1.4, ls=":")
        ax.set_title(title)
        ax.set_xlabel("r over cells (halves)")
        ax.axhline(len(VERDICT_NULLS) + 0.5, color="0.85", lw=1)
    axes[0].set_yticks(range(len(models)), [MODEL_WORDS[name] for name in models])
    axes[0].invert_yaxis()
    figures.mark_simulated(fig, kind)
    return fig


def draw_responses(arrays: ResponseArrays, label: str, unit: str, kind: str) -> Figure:
    """Draw the mean response of each cell, and of all, to each size of reward."""
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 3.4))
    means, places = arrays.means(), np.arange(arrays.n_magnitudes)
    ax.plot(places, means.T, color=GREY, lw=0.7, alpha=0.6, marker="." if len(places) < 3 else None)
    there = np.isfinite(means).any(axis=0)
    ax.plot(
        places[there],
        np.nanmean(means[:, there], axis=0),
        "o--" if kind == "simulated" else "o-",
        lw=2,
        **figures.marker_style(kind, INK),
    )
    ax.axhline(0, color="0.6", lw=0.8)
    step = 1 + len(places) // 14
    ax.set_xticks(places[::step], [f"{size:g}" for size in arrays.magnitudes][::step])
    ax.set_xlabel(label)
    ax.set_ylabel(f"response ({unit})")
    figures.mark_simulated(fig, kind)
    return fig


def draw_raster(arrays: ResponseArrays, points: FloatArray, label: str, kind: str) -> Figure:
    """Draw the responses of all cells, sorted by reversal point, as shades."""
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 4.2))
    means = arrays.means()
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = means / np.nanstd(means, axis=1, keepdims=True)
    order = np.argsort(np.where(np.isfinite(points), points, np.inf), kind="stable")
    shown = ax.imshow(scaled[order], cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto", interpolation="nearest")
    step = 1 + arrays.n_magnitudes // 14
    places = np.arange(arrays.n_magnitudes)
    ax.set_xticks(places[::step], [f"{size:g}" for size in arrays.magnitudes][::step])
    ax.set_yticks([])
    ax.set_ylabel(f"{arrays.n_cells} cells, sorted")
    ax.set_xlabel(label)
    fig.colorbar(shown, label="response (SD of the cell's means)")
    figures.mark_simulated(fig, kind)
    return fig


def draw_halves(splits: SplitCorrelations, x_label: str, y_label: str, kind: str) -> Figure:
    """Draw a typical split, and how the correlation varies over splits."""
    finite = np.flatnonzero(np.isfinite(splits.r))
    if finite.size == 0:
        return nothing_to_draw("too few cells have both estimates in any split")
    typical = finite[np.abs(splits.r[finite] - splits.r_median).argmin()]
    fig, axes = plt.subplots(1, 2, figsize=(figures.FULL_WIDTH, 3.3), width_ratios=[1.2, 1])
    axes[0].plot(splits.first[typical], splits.second[typical], "o", ms=5, **figures.marker_style(kind, INK))
    axes[0].set_xlabel(x_label)
    axes[0].set_ylabel(y_label)
    axes[0].set_title(f"a typical split, r = {splits.r[typical]:.2f}".replace("-", "−"))
    axes[1].hist(splits.r[finite], bins=25, **figures.patch_style(kind, INK))
    axes[1].axvline(0, color="0.6", lw=1)
    axes[1].set_xlabel("r over cells")
    axes[1].set_ylabel("splits")
    axes[1].set_title("all splits")
    figures.mark_simulated(fig, kind)
    return fig


def draw_signs(
    above: Sequence[int], below: Sequence[int], arrays: ResponseArrays, label: str, kind: str
) -> Figure:
    """Draw how many cells take each size of reward for good news, and how many for bad."""
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 3.0))
    places = np.arange(arrays.n_magnitudes)
    ax.bar(places, above, **figures.patch_style(kind, figures.COLOURS["better"]))
    ax.bar(places, [-n for n in below], **figures.patch_style(kind, figures.COLOURS["worse"]))
    ax.axhline(0, color="0.3", lw=1)
    chance = 0.05 * arrays.n_cells
    for level in (chance, -chance):
        ax.axhline(level, color="0.5", lw=1, ls=":")
    step = 1 + arrays.n_magnitudes // 14
    ax.set_xticks(places[::step], [f"{size:g}" for size in arrays.magnitudes][::step])
    ticks = ax.get_yticks()
    ax.set_yticks(ticks, [f"{abs(tick):g}" for tick in ticks])
    ax.set_xlabel(label)
    ax.set_ylabel("cells below | above baseline")
    figures.mark_simulated(fig, kind)
    return fig


def draw_decoding(axis: FloatArray, weights: FloatArray, decoded: Decoded, unit: str, kind: str) -> Figure:
    """Draw the cumulative distribution that was decoded, beside the true one and those of shuffles."""
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 3.4))
    for shares in decoded.shuffled_weights:
        ax.plot(decoded.support, np.cumsum(shares), color=GREY, lw=0.6, alpha=0.5)
    ax.plot([], [], color=GREY, lw=1, label="decoded after shuffling")
    order = np.argsort(axis, kind="stable")
    ends = (axis[order][0], *axis[order])
    given = np.concatenate(([0.0], np.cumsum(weights[order])))
    ax.step(ends, given, where="post", color=figures.COLOURS["published"], lw=2.2, label="given")
    style = "-" if kind == "recorded" else "--"
    ax.plot(decoded.support, np.cumsum(decoded.weights), color=PURPLE, lw=2.2, ls=style, label="decoded")
    ax.legend(frameon=False, loc="upper left")
    ax.set_xlabel(f"utility ({unit})")
    ax.set_ylabel("share of rewards up to here")
    figures.mark_simulated(fig, kind)
    return fig


def draw_grid(shares: pd.DataFrame, kinds: Mapping[str, str], kind: str) -> Figure:
    """Draw the share of simulated populations of each model that pass each test."""
    models, tests = [*VERDICT_NULLS, *CONTROLS], list(kinds)
    grid = 100 * shares["share"].unstack("model").loc[tests, models]  # noqa: PD010 - a Series
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 1.6 + 0.36 * len(tests)))
    sns.heatmap(
        grid, ax=ax, cmap="Purples", vmin=0, vmax=100, cbar=False, annot=True, fmt=".0f", linewidths=1.5,
        annot_kws={"fontsize": 9.5},
    )  # fmt: skip
    ax.axvline(len(VERDICT_NULLS), color="white", lw=7)
    ax.set_yticklabels([TEST_WORDS[name] for name in tests], rotation=0)
    for label, name in zip(ax.get_yticklabels(), tests, strict=True):
        label.set_fontweight("bold" if kinds[name] == "diagnostic" else "normal")
    ax.set_xticklabels(
        [MODEL_WORDS[name] for name in models], rotation=40, ha="right", rotation_mode="anchor"
    )
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    ax.text(len(VERDICT_NULLS) / 2, -0.25, "no distributional code", ha="center", color=QUIET)
    ax.text(len(VERDICT_NULLS) + 1, -0.25, "with one", ha="center", color=PURPLE, fontweight="bold")
    figures.mark_simulated(fig, kind)
    return fig


def draw_optimism(
    t: FloatArray, verdict: CueVerdict, simulated: Mapping[str, FloatArray], kind: str
) -> Figure:
    """Draw t of each cell beside what noise gives, and its variance beside that of simulated populations."""
    fig, axes = plt.subplots(1, 2, figsize=(figures.FULL_WIDTH, 3.2), width_ratios=[1, 1.15])
    end = max(4.5, float(np.ceil(np.nanmax(np.abs(t)))) + 0.5)
    axes[0].hist(t, bins=np.arange(-end, end + 1.0), **figures.patch_style(kind, INK))
    grid = np.linspace(-end, end, 201)
    axes[0].plot(grid, t.size * stats.norm.pdf(grid), ":", color=figures.COLOURS["published"], lw=1.8)
    axes[0].set_xlabel("← as the low cue     t     as the high cue →")
    axes[0].set_ylabel("cells")
    for place, (model, values) in enumerate(simulated.items()):
        low, middle, high = np.nanquantile(values, [0.025, 0.5, 0.975])
        colour = PURPLE if model == CUE_CONTROL else QUIET
        axes[1].barh(place, high - low, 0.62, left=low, **figures.patch_style("simulated", colour))
        axes[1].plot(middle, place, "D", ms=5, **figures.marker_style("simulated", colour))
    axes[1].axvline(verdict.variance, color=INK, lw=2.6, ls="-" if kind == "recorded" else "--")
    axes[1].axvline(verdict.needed, color=figures.COLOURS["published"], lw=1.4, ls=":")
    axes[1].set_xscale("log")
    axes[1].xaxis.set_major_formatter("{x:g}")
    axes[1].xaxis.set_minor_formatter(NullFormatter())
    axes[1].set_yticks(range(len(simulated)), [CUE_MODEL_WORDS[name] for name in simulated])
    axes[1].invert_yaxis()
    axes[1].set_xlabel("variance of t over cells")
    figures.mark_simulated(fig, kind)
    return fig


def draw_cues(responses: pd.DataFrame, kind: str) -> Figure:
    """Draw the mean response of each cell, and of all, to each cue."""
    fig, ax = plt.subplots(figsize=(figures.FULL_WIDTH, 3.4))
    means = responses.pivot_table(index="probability", columns="cell", values="response", aggfunc="mean")
    places = 100 * means.index.to_numpy()
    ax.plot(places, means.to_numpy(), color=GREY, lw=0.7, alpha=0.6)
    line = "o--" if kind == "simulated" else "o-"
    ax.plot(places, means.mean(axis=1), line, lw=2, **figures.marker_style(kind, INK))
    ax.axhline(0, color="0.6", lw=0.8)
    ax.set_xlabel("probability of reward after the cue (%)")
    ax.set_ylabel("response (Hz)")
    figures.mark_simulated(fig, kind)
    return fig


def draw_needs(needs: Mapping[tuple[str, str], Need], titles: Mapping[str, str]) -> Figure:
    """Draw the power of each question against the size of the experiment."""
    rows = list(dict.fromkeys(vary for _, vary in needs))
    flat = len(titles) == 1  # then cells and trials stand side by side
    fig, axes = plt.subplots(
        1 if flat else len(rows),
        len(rows) if flat else len(titles),
        figsize=(figures.FULL_WIDTH, 2.7 * (1 if flat else len(rows))),
        sharey=True,
        squeeze=False,
    )
    axes = axes.T if flat else axes
    for (name, vary), need in needs.items():
        ax = axes[rows.index(vary), list(titles).index(name)]
        table = need.searched
        ax.plot(table["size"], table["hits"] / table["n"], "o--", **figures.marker_style("simulated", PURPLE))
        ax.axhline(POWER, color="0.5", lw=1, ls=":")
        ax.axvline(need.now, color=INK, lw=2)
        ax.set_xscale("log")
        sizes = table["size"].tolist()
        ax.set_xticks(sizes, [f"{size:g}" for size in sizes])
        ax.set_xticks([], minor=True)
        ax.set_ylim(-0.03, 1.03)
        ax.set_title(titles[name])
        ax.set_xlabel("cells" if vary == "cells" else f"trials of a cell and {need.of}")
    for row in axes[:1] if flat else axes:
        row[0].set_ylabel("power")
    return fig
