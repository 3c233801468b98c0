"""A mean over seeds with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["mean_and_interval"]


def mean_and_interval(
    values: ArrayLike, rng: np.random.Generator, *, coverage: float = 0.95, n_resamples: int = 4000
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean over seeds and a percentile bootstrap interval of it.

    Parameters
    ----------
    values : array_like, shape (seeds, ...)
        One value, or one array of values, a seed.
    rng : numpy.random.Generator
        Source of randomness of the resampling.
    coverage : float, default 0.95
        Coverage that is aimed at.
    n_resamples : int, default 4000
        How often the seeds are drawn anew, with replacement.

    Returns
    -------
    mean, low, high : ndarray, shape (...)
        The mean over seeds and the ends of the interval, in the unit of `values`.

    Raises
    ------
    ValueError
        If there are fewer than two seeds.

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). *An Introduction to the Bootstrap*, section 13.3.
    """
    seeds = np.asarray(values, dtype=np.float64)
    if seeds.ndim == 0 or seeds.shape[0] < 2:
        raise ValueError(
            f"values: found shape {seeds.shape}, expected at least two seeds along the first axis. "
            "One seed has no interval: run more."
        )
    # Weights of a resample are how often each seed was drawn: the means are then one matrix product.
    n = seeds.shape[0]
    weights = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n
    means = (weights @ seeds.reshape(n, -1)).reshape(n_resamples, *seeds.shape[1:])
    low, high = np.quantile(means, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    return seeds.mean(axis=0), low, high
