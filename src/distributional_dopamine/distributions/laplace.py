"""From values under many discount factors back to when rewards come: the inverse Laplace transform, smoothed.

A cell that discounts by gamma holds the average of gamma^delay over the distribution of delays: one point of
its Laplace transform. Many cells are many points. The way back amplifies noise without limit, so that every
decoder here has a smoothing and none is the true inverse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from distributional_dopamine.distributions._checks import Floats, as_floats, as_vector


def laplace_matrix(discounts: ArrayLike, delays: ArrayLike) -> Floats:
    """Return what one unit of reward after each delay is worth to each cell.

    Parameters
    ----------
    discounts : array_like, shape (n_cells,)
        Discount factors per second, in [0, 1].
    delays : array_like, shape (n_delays,)
        Delays, s, at least 0.

    Returns
    -------
    array, shape (n_cells, n_delays)
        discount^delay.

    Raises
    ------
    ValueError
        If a discount factor lies outside [0, 1] or a delay is negative.

    Examples
    --------
    >>> laplace_matrix([0.5, 1.0], [0.0, 2.0])
    array([[1.  , 0.25],
           [1.  , 1.  ]])
    """
    gamma, later = as_vector("discounts", discounts), as_vector("delays", delays)
    if gamma.min() < 0 or gamma.max() > 1:
        raise ValueError(f"discounts must lie in [0, 1] per second, found {gamma.min()} to {gamma.max()}")
    if later.min() < 0:
        raise ValueError(f"delays must be zero or positive, found {later.min()}")
    return np.asarray(gamma[:, None] ** later)


def smoothed_inverse(matrix: ArrayLike, responses: ArrayLike, smoothing: float) -> Floats:
    """Return the probabilities that a singular value decomposition with damped components gives.

    With ``matrix = sum_k s_k u_k v_k'``, the solution is ``sum_k s_k / (s_k^2 + smoothing^2) (u_k . y) v_k``
    (Tikhonov regularisation); what is negative is then set to zero and the rest divided by its sum.

    Parameters
    ----------
    matrix : array_like, shape (n_cells, n)
        What a unit of probability at each place adds to the response of each cell.
    responses : array_like, shape (n_cells,) or (n_cells, m)
        Responses of the cells, in units of their gain; several columns are decoded one by one.
    smoothing : float
        Components with singular values below this are damped away; above 0.

    Returns
    -------
    array, shape (n,) or (n, m)
        Probabilities; all equal where nothing positive is left.

    Raises
    ------
    ValueError
        If shapes differ, something is not finite or the smoothing is not above 0.

    References
    ----------
    The decoder of the code released by Sousa et al. (2025), Nature 642, 691-699, without its weights.

    Examples
    --------
    >>> smoothed_inverse(np.eye(3), [0.0, 0.6, 0.2], 1e-6).round(6)
    array([0.  , 0.75, 0.25])
    """
    a, y = _system(matrix, responses)
    if not smoothing > 0:
        raise ValueError(f"smoothing must be above 0, found {smoothing}: the bare inverse amplifies noise")
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    columns = y.reshape(len(y), -1)
    found = vt.T @ ((s / (s**2 + smoothing**2))[:, None] * (u.T @ columns))
    return _normalised(np.clip(found, 0.0, None)).reshape(a.shape[1:] + y.shape[1:])


def nonnegative_inverse(matrix: ArrayLike, responses: ArrayLike, smoothing: float) -> Floats:
    """Return the probabilities that minimise ``|matrix p - responses|^2 + smoothing^2 |p|^2`` over p >= 0.

    Parameters
    ----------
    matrix, responses, smoothing
        As for `smoothed_inverse`; one column of responses only, and the smoothing may be 0.

    Returns
    -------
    array, shape (n,)
        Probabilities, divided by their sum; all equal where nothing positive is left.

    Raises
    ------
    ValueError
        If shapes differ, something is not finite or the smoothing is negative.

    Examples
    --------
    >>> nonnegative_inverse([[1.0, 1.0], [0.5, 1.0]], [1.0, 0.75], 0.0).round(6)
    array([0.5, 0.5])
    """
    a, y = _system(matrix, responses)
    if not smoothing >= 0:
        raise ValueError(f"smoothing must be zero or positive, found {smoothing}")
    if y.ndim != 1:
        raise ValueError(f"responses must be one vector, found shape {y.shape}: decode one column at a time")
    n = a.shape[1]
    if smoothing > 0:
        a, y = np.vstack([a, smoothing * np.eye(n)]), np.concatenate([y, np.zeros(n)])
    found = nnls(a, y)[0]
    return _normalised(found[:, None]).ravel()


def _system(matrix: ArrayLike, responses: ArrayLike) -> tuple[Floats, Floats]:
    a, y = as_floats("matrix", matrix), as_floats("responses", responses)
    if a.ndim != 2 or a.size == 0:
        raise ValueError(f"matrix must have cells as rows and places as columns, found shape {a.shape}")
    if y.ndim not in (1, 2) or y.shape[0] != a.shape[0]:
        raise ValueError(f"responses must have one row for each of {a.shape[0]} cells, found shape {y.shape}")
    return a, y


def _normalised(weights: Floats) -> Floats:
    total = weights.sum(axis=0)
    even = np.full_like(weights, 1.0 / len(weights))
    return np.asarray(np.divide(weights, total, out=even, where=total > 0))
