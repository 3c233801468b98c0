"""Values from tables when only the mean is wanted: what learning the distribution changes, and what not.

Two answers. The mean of quantile TD is another estimator than TD's, with bounded steps; it
is compared with TD on random processes whose rewards have light or heavy tails. The mean of categorical TD is
the *same* estimator as TD's, step by step, as long as the support covers the targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distributional_dopamine.learning.distributional import (
    categorical_td_learning,
    midpoints,
    quantile_td_learning,
)
from distributional_dopamine.learning.dynamic_programming import return_mean
from distributional_dopamine.learning.temporal_difference import td0
from distributional_dopamine.tasks import Episodes, MarkovRewardProcess, random_process, sample_sweeps

__all__ = [
    "NOISE_LAWS",
    "Estimator",
    "NoiseLaw",
    "ValueEstimation",
    "compare_value_estimators",
    "td_and_categorical_means",
]


@dataclass(frozen=True)
class NoiseLaw:
    """Noise of mean zero that is added to every reward."""

    #: Name as in the figures.
    name: str
    #: (rng, n) -> n independent draws, in units of reward.
    sample: Callable[[np.random.Generator, int], NDArray[np.float64]]


def _normal(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_normal(n)


def _student(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_t(2, size=n)


def _lopsided(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    means = np.where(rng.random(n) < 0.05, 10.0, 0.5)
    return rng.exponential(means) - (0.05 * 10.0 + 0.95 * 0.5)


#: Light tails; heavy tails on both sides (no variance exists); a heavy tail on one side: nineteen times in
#: twenty an exponential of mean 0.5, else one of mean 10, less their mean.
NOISE_LAWS = (
    NoiseLaw("normal", _normal),
    NoiseLaw("Student t, 2 degrees of freedom", _student),
    NoiseLaw("mixture of exponentials", _lopsided),
)


@dataclass(frozen=True)
class Estimator:
    """A way to estimate values from transitions."""

    #: Name as in the figures.
    name: str
    #: Quantiles a state, whose mean is the estimate. 0 for TD(0).
    n_quantiles: int
    #: Learning rates to choose from: for TD a share of the error, for quantiles a step in units of reward.
    learning_rates: tuple[float, ...]

    def values(self, episodes: Episodes, learning_rate: float, n_states: int) -> NDArray[np.float64]:
        """Return the estimate before the first and after each sweep, shape (sweeps + 1, n_states)."""
        if self.n_quantiles == 0:
            return td0(episodes, np.zeros(n_states), learning_rate)
        start = np.zeros((n_states, self.n_quantiles))
        taus = midpoints(self.n_quantiles)
        history = quantile_td_learning(episodes, start, taus, learning_rate, record_every=1)
        return np.asarray(history.mean(axis=2))


@dataclass(frozen=True)
class ValueEstimation:
    """One estimator under one law of noise, its learning rate chosen on some seeds and scored on others."""

    #: Name of the law of noise.
    law: str
    #: Name of the estimator.
    estimator: str
    #: Error after the last sweep on the tuning seeds, shape (learning rates, tuning seeds); see `errors`.
    tuning_errors: NDArray[np.float64]
    #: Learning rate with the smallest mean tuning error.
    chosen: float
    #: Root mean square, over states, of estimate - true value, in units of reward, before the first and after
    #: each sweep; shape (seeds, sweeps + 1).
    errors: NDArray[np.float64]


def _errors(
    estimator: Estimator, learning_rate: float, cases: Sequence[tuple[Episodes, NDArray[np.float64]]]
) -> NDArray[np.float64]:
    return np.stack(
        [
            np.sqrt(np.mean((estimator.values(episodes, learning_rate, truth.size) - truth) ** 2, axis=1))
            for episodes, truth in cases
        ]
    )


def compare_value_estimators(
    laws: Sequence[NoiseLaw],
    estimators: Sequence[Estimator],
    n_seeds: int,
    n_tuning_seeds: int,
    rng: np.random.Generator,
    *,
    n_sweeps: int = 1000,
    n_states: int = 10,
    discount: float = 0.9,
) -> tuple[ValueEstimation, ...]:
    """Compare estimators of value on random processes with noisy rewards.

    Each seed draws a process (:func:`~distributional_dopamine.tasks.random_process`), transitions (each state
    left once a sweep) and noise; all estimators and learning rates see the same transitions.

    Parameters
    ----------
    laws : sequence of NoiseLaw
        For example :data:`NOISE_LAWS`.
    estimators : sequence of Estimator
        What is compared.
    n_seeds, n_tuning_seeds : int
        Processes for the score and, others, for the choice of the learning rate.
    rng : numpy.random.Generator
        Source of randomness.
    n_sweeps : int, default 1000
        Transitions out of each state.
    n_states : int, default 10
        States of a process.
    discount : float, default 0.9
        Discount per step.

    Returns
    -------
    tuple of ValueEstimation
        For each law each estimator.

    Raises
    ------
    ValueError
        If there are no seeds.
    """
    if n_seeds < 1 or n_tuning_seeds < 1:
        raise ValueError(
            f"n_seeds, n_tuning_seeds: found {n_seeds} and {n_tuning_seeds}, expected at least one of each. "
            "Give more seeds."
        )
    results = []
    for law in laws:
        cases = []
        for seed_rng in rng.spawn(n_tuning_seeds + n_seeds):
            process = random_process(n_states, seed_rng, discount=discount)
            episodes = sample_sweeps(process, n_sweeps, seed_rng)
            noise = law.sample(seed_rng, episodes.rewards.size)
            cases.append((replace(episodes, rewards=episodes.rewards + noise), return_mean(process)))
        for estimator in estimators:
            tuning = np.stack(
                [_errors(estimator, rate, cases[:n_tuning_seeds])[:, -1] for rate in estimator.learning_rates]
            )
            chosen = estimator.learning_rates[int(np.argmin(tuning.mean(axis=1)))]
            errors = _errors(estimator, chosen, cases[n_tuning_seeds:])
            results.append(ValueEstimation(law.name, estimator.name, tuning, chosen, errors))
    return tuple(results)


def td_and_categorical_means(
    process: MarkovRewardProcess,
    support: ArrayLike,
    learning_rate: float,
    n_sweeps: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Learn values by TD(0) and by categorical TD from the same transitions.

    Parameters
    ----------
    process : MarkovRewardProcess
        Where the transitions come from.
    support : array_like, shape (n_atoms,)
        Atoms of categorical TD, in units of reward; it starts from equal weights.
    learning_rate : float
        The same for both.
    n_sweeps : int
        Transitions out of each state.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    td, categorical : ndarray, shape (n_sweeps + 1, n_states)
        The values of TD(0), and the means of the categorical distributions, before the first and after each
        sweep. Equal up to rounding while no target leaves the support, because the projection and the mixture
        of two distributions keep the mean.

    References
    ----------
    Lyle, C., Castro, P. S. & Bellemare, M. G. (2019). A comparative analysis of expected and distributional
    reinforcement learning. *AAAI*.
    """
    atoms = np.asarray(support, dtype=np.float64)
    episodes = sample_sweeps(process, n_sweeps, rng)
    start = np.full((process.n_states, atoms.size), 1 / atoms.size)
    values = td0(episodes, np.full(process.n_states, atoms.mean()), learning_rate)
    history = categorical_td_learning(episodes, start, atoms, learning_rate, record_every=1)
    return values, np.asarray(history @ atoms)
