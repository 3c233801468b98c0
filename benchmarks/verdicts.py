"""Does the verdict come out right? Many data sets whose truth is known, at designs with and without power.

    python -m benchmarks.verdicts [--sets 200] [--simulations 399] [--check 3] [--spikes]

Data sets of one design and truth share the simulated populations that they are compared with, made from one
more data set of that kind, since a verdict alone simulates thousands; but those of cells whose rates cannot
fall below zero, which depend on the cells most, are each data set's own. ``--check`` so many get all
populations of their own, and are to come to the same verdict. ``--spikes`` starts from the simulator of
recordings instead of from responses: there rates do stop at zero.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from distributional_dopamine.evidence.comparable import choose_comparable
from distributional_dopamine.evidence.nulls import MODELS
from distributional_dopamine.evidence.power import design_population
from distributional_dopamine.evidence.simulated_responses import PopulationTemplate
from distributional_dopamine.evidence.verdict import (
    FLOORED,
    VERDICT_MODELS,
    decide,
    judge,
    simulate_verdict,
    verdict_statistics,
)
from distributional_dopamine.recordings.simulator import Population, Settings, simulate
from distributional_dopamine.report.prepared import prepare

PROMISE = 0.95
N_SPLITS = 10
N_OWN = 99


@dataclass(frozen=True)
class Design:
    """What is simulated: cells, trials a cell and size of reward, and whether that is enough to tell."""

    n_cells: int
    trials: int
    enough: bool


DESIGNS = {
    "enough": Design(40, 60, True),
    "few cells": Design(6, 12, False),
    "few trials": Design(40, 4, False),
}
RIGHT: dict[Population, str] = {
    "classical": "classical",
    "offset": "constant",
    "distributional": "distributional",
}
"""Truth -> the verdict that is right where there is enough to tell."""

_MODELS: dict[Population, str] = {
    "classical": "classical_bootstrap",
    "offset": "classical_offset",
    "distributional": "distributional_measured",
}


def draw(truth: Population, design: Design, seed: list[int], *, spikes: bool) -> PopulationTemplate:
    """One data set, as a verdict takes it."""
    rng = np.random.default_rng(seed)
    if spikes:
        recordings = simulate(
            rng,
            n_units=design.n_cells,
            n_trials=max(35, round(design.trials * 7 / 0.8)),
            population=truth,
            settings=Settings(offset=2.0),
        ).recordings
        template = prepare(recordings).comparable().template
    else:
        described = design_population(design.n_cells, design.trials, rng, offset_sd=1.5, asymmetry_sd=0.2)
        template = choose_comparable(MODELS[_MODELS[truth]](described, rng).responses, rng).template
    assert template is not None
    return template


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sets", type=int, default=200, help="data sets of each truth and design")
    parser.add_argument("--simulations", type=int, default=399, help="populations of each model")
    parser.add_argument(
        "--check", type=int, default=3, help="data sets that also get populations of their own"
    )
    parser.add_argument("--design", choices=[*DESIGNS, "all"], default="all")
    parser.add_argument("--truth", choices=[*RIGHT, "all"], default="all")
    parser.add_argument("--spikes", action="store_true")
    asked = parser.parse_args()
    kept = True
    for name, design in DESIGNS.items():
        if asked.design not in (name, "all"):
            continue
        for number, truth in enumerate(RIGHT):
            if asked.truth not in (truth, "all"):
                continue
            began = time.process_time()
            first = draw(truth, design, [number, 0], spikes=asked.spikes)
            rng = np.random.default_rng([number, 1])
            others = {name: model for name, model in VERDICT_MODELS.items() if name != FLOORED}
            shared = simulate_verdict(
                first, rng, models=others, n_simulations=asked.simulations, n_splits=N_SPLITS, n_workers=1
            )
            kinds, agree = Counter[str](), 0
            for i in range(asked.sets):
                template = draw(truth, design, [number, 2, i], spikes=asked.spikes)
                found = verdict_statistics(template.arrays, rng, n_splits=N_SPLITS)
                own = simulate_verdict(
                    template,
                    rng,
                    models={FLOORED: VERDICT_MODELS[FLOORED]},
                    n_simulations=N_OWN,
                    n_splits=N_SPLITS,
                    n_workers=1,
                )
                simulated = pd.concat([shared, own], ignore_index=True)
                verdict = decide(found, simulated, design.n_cells)
                kinds[verdict.kind] += 1
                if verdict.kind != (RIGHT[truth] if design.enough else "undecided"):
                    print(f"  set {i}: {verdict.kind}. {verdict.reasons()}", flush=True)
                if i < asked.check:
                    alone, _ = judge(template, rng, n_simulations=99, n_splits=N_SPLITS, n_workers=1)
                    agree += alone.kind == verdict.kind
                    if alone.kind != verdict.kind:
                        print(f"  set {i} alone: {alone.kind}. {alone.reasons()}", flush=True)
                if (i + 1) % 20 == 0:
                    print(f"  {name}, {truth}: {dict(kinds)} after {i + 1} sets", file=sys.stderr, flush=True)
            right, undecided = kinds[RIGHT[truth]] / asked.sets, kinds["undecided"] / asked.sets
            wrong = 1.0 - right - undecided
            kept &= wrong <= 1.0 - PROMISE and (right >= PROMISE if design.enough else undecided > 0.5)
            print(
                f"{name:11} {truth:15} right {right:.1%}, too little to tell {undecided:.1%}, "
                f"wrong {wrong:.1%}; power {verdict.differ.least_power:.2f} and "
                f"{verdict.follow.least_power:.2f}; {agree} of {asked.check} agree with populations of their "
                f"own; {time.process_time() - began:.0f} s",
                flush=True,
            )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
