"""The losses of deep distributional RL, each on one transition and for one action.

Every function is pure and takes what one transition offers: the prediction of the state that was left
(`..._tm1`), the reward `r_t`, the discount `discount_t` (0 after a terminal transition) and the prediction of
the state that was entered (`..._t`). The target is held constant: no gradient flows into it. `jax.vmap` makes
batches of them.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

__all__ = [
    "asymmetric_loss",
    "categorical_loss",
    "categorical_projection",
    "expectile_loss",
    "huber",
    "quantile_huber_loss",
    "value_loss",
]


def huber(error: ArrayLike, kappa: float | Array) -> Array:
    """Return the Huber loss: quadratic up to `kappa`, linear beyond.

    Parameters
    ----------
    error : array_like, any shape
        Prediction errors.
    kappa : float or Array, shape ()
        Where the quadratic part ends, in the unit of the errors. 0 gives the absolute value, infinity
        half the square. As an array it is data of a compiled function, not part of it.

    Returns
    -------
    Array, shape of `error`
        ``error**2 / 2`` where ``|error| <= kappa``, else ``kappa * (|error| - kappa / 2)``. For
        ``kappa = 0``, where that would vanish, ``|error|``: the limit of the loss divided by `kappa`.

    Examples
    --------
    >>> huber(jnp.array([-0.5, 3.0]), 1.0).tolist()
    [0.125, 2.5]
    """
    size = jnp.abs(jnp.asarray(error))
    if isinstance(kappa, Array):
        bounded = _bounded_huber(size, jnp.where(jnp.isinf(kappa), 1.0, kappa))
        return jnp.where(kappa == 0, size, jnp.where(jnp.isinf(kappa), 0.5 * size**2, bounded))
    if kappa == 0:
        return size
    return 0.5 * size**2 if np.isinf(kappa) else _bounded_huber(size, kappa)


def _bounded_huber(size: Array, kappa: float | Array) -> Array:
    """Return the Huber loss for a finite `kappa`: an infinite one would be multiplied by zero here."""
    inside = jnp.minimum(size, kappa)
    return 0.5 * inside**2 + kappa * (size - inside)


def value_loss(
    value_tm1: ArrayLike,
    r_t: ArrayLike,
    discount_t: ArrayLike,
    value_t: ArrayLike,
    kappa: float | Array = 1.0,
) -> Array:
    r"""Return the Huber loss of the TD error of one value, the loss of DQN.

    Parameters
    ----------
    value_tm1 : array_like, shape ()
        :math:`Q(s_{t-1}, a_{t-1})`, in units of reward.
    r_t, discount_t : array_like, shape ()
        Reward and discount.
    value_t : array_like, shape ()
        :math:`\max_a Q(s_t, a)` of the target network.
    kappa : float or Array, default 1
        See :func:`huber`; ``float("inf")`` gives half the squared TD error.

    Returns
    -------
    Array, shape ()
        The loss.

    References
    ----------
    Mnih, V. et al. (2015). Human-level control through deep reinforcement learning. *Nature* 518, 529-533.
    """
    target = jax.lax.stop_gradient(jnp.asarray(r_t) + discount_t * jnp.asarray(value_t))
    return huber(target - value_tm1, kappa)


def asymmetric_loss(statistics: ArrayLike, taus: ArrayLike, targets: ArrayLike, kappa: float) -> Array:
    r"""Return the loss whose minimum is a set of quantiles or of expectiles of the targets.

    Errors above a statistic weigh :math:`\tau`, errors below weigh :math:`1 - \tau`:

    .. math:: \sum_i \frac{1}{m} \sum_j |\tau_i - 1\{x_j < \theta_i\}| \, L_\kappa(x_j - \theta_i),

    with :math:`L_\kappa` the Huber loss. ``kappa = 0`` (absolute errors) makes the minimum the quantiles,
    ``kappa = inf`` (squared errors) the expectiles; anything between is a compromise.

    Parameters
    ----------
    statistics : array_like, shape (n,)
        Predicted quantiles or expectiles, in units of reward.
    taus : array_like, shape (n,)
        Asymmetry of each: :math:`\tau = \alpha^+ / (\alpha^+ + \alpha^-)`.
    targets : array_like, shape (m,)
        Samples that stand for the target distribution, equally likely. Held constant.
    kappa : float
        See :func:`huber`.

    Returns
    -------
    Array, shape ()
        The loss: a mean over targets, a sum over statistics.

    References
    ----------
    Dabney, W., Rowland, M., Bellemare, M. G. & Munos, R. (2018). Distributional reinforcement learning with
    quantile regression. *AAAI*, eqs 9-10 (which leave out the division by kappa).
    """
    # Targets along the first axis: the mean over them then runs over rows, which compiles to vector code.
    error = jax.lax.stop_gradient(jnp.asarray(targets))[:, None] - jnp.asarray(statistics)
    weight = jnp.abs(jnp.asarray(taus) - (error < 0))
    return jnp.sum(jnp.mean(jax.lax.stop_gradient(weight) * huber(error, kappa), axis=0))


def quantile_huber_loss(
    quantiles_tm1: ArrayLike,
    taus: ArrayLike,
    r_t: ArrayLike,
    discount_t: ArrayLike,
    quantiles_t: ArrayLike,
    kappa: float = 1.0,
) -> Array:
    """Return the quantile Huber loss of one transition, the loss of QR-DQN.

    Parameters
    ----------
    quantiles_tm1 : array_like, shape (n,)
        Predicted quantiles of the return from the state and action that were left.
    taus : array_like, shape (n,)
        Their levels.
    r_t, discount_t : array_like, shape ()
        Reward and discount.
    quantiles_t : array_like, shape (m,)
        Predicted quantiles of the return from the state that was entered, for the greedy action.
    kappa : float, default 1
        See :func:`huber`. While all errors are smaller than `kappa` the loss is that of expectiles.

    Returns
    -------
    Array, shape ()
        The loss, see :func:`asymmetric_loss`.

    References
    ----------
    Dabney, W., Rowland, M., Bellemare, M. G. & Munos, R. (2018). Distributional reinforcement learning with
    quantile regression. *AAAI*, eq. 10 and Algorithm 1.
    """
    return asymmetric_loss(
        quantiles_tm1, taus, jnp.asarray(r_t) + discount_t * jnp.asarray(quantiles_t), kappa
    )


def expectile_loss(expectiles: ArrayLike, taus: ArrayLike, targets: ArrayLike) -> Array:
    """Return the expectile-regression loss against samples of the target distribution.

    The targets must be samples (rewards, sampled returns, or samples imputed from expectiles): expectiles
    are statistics, not samples, and used as if they were they collapse.

    Parameters
    ----------
    expectiles : array_like, shape (n,)
        Predicted expectiles, in units of reward.
    taus : array_like, shape (n,)
        Their asymmetries.
    targets : array_like, shape (m,)
        Samples of the target distribution.

    Returns
    -------
    Array, shape ()
        Half the asymmetrically weighted squared error, see :func:`asymmetric_loss`.

    References
    ----------
    Rowland, M. et al. (2019). Statistics and samples in distributional reinforcement learning. *ICML*.
    """
    return asymmetric_loss(expectiles, taus, targets, float("inf"))


def categorical_projection(values: ArrayLike, weights: ArrayLike, support: ArrayLike) -> Array:
    """Project a distribution on a fixed, equally spaced support.

    Each atom shares its mass between its two neighbours on the support, in proportion to nearness, which
    keeps the mean; mass beyond an end goes to the end, which does not. The NumPy function of the same name
    in :mod:`distributional_dopamine.distributions` is the general one; this one runs inside a loss.

    Parameters
    ----------
    values : array_like, shape (m,)
        Where the atoms lie.
    weights : array_like, shape (m,)
        Their probabilities.
    support : array_like, shape (n,)
        Where they should lie: increasing, equally spaced.

    Returns
    -------
    Array, shape (n,)
        Probabilities on the support.

    References
    ----------
    Bellemare, M. G., Dabney, W. & Munos, R. (2017). A distributional perspective on reinforcement learning.
    *ICML*, eq. 7.

    Examples
    --------
    >>> categorical_projection([0.25, 9.0], [0.8, 0.2], [0.0, 1.0, 2.0]).round(3).tolist()
    [0.6000000238418579, 0.20000000298023224, 0.20000000298023224]
    """
    support = jnp.asarray(support)
    spacing = support[1] - support[0]
    clipped = jnp.clip(jnp.asarray(values), support[0], support[-1])
    nearness = jnp.clip(1.0 - jnp.abs(clipped[:, None] - support) / spacing, 0.0, 1.0)
    return jnp.sum(jnp.asarray(weights)[:, None] * nearness, axis=0)


def categorical_loss(
    logits_tm1: ArrayLike, support: ArrayLike, r_t: ArrayLike, discount_t: ArrayLike, logits_t: ArrayLike
) -> Array:
    """Return the cross-entropy from the projected target to the prediction, the loss of C51.

    Parameters
    ----------
    logits_tm1 : array_like, shape (n,)
        Logits of the return distribution of the state and action that were left.
    support : array_like, shape (n,)
        The atoms, equally spaced, in units of reward.
    r_t, discount_t : array_like, shape ()
        Reward and discount.
    logits_t : array_like, shape (n,)
        Logits of the state that was entered, for the greedy action.

    Returns
    -------
    Array, shape ()
        The cross-entropy in nats.

    References
    ----------
    Bellemare, M. G., Dabney, W. & Munos, R. (2017). A distributional perspective on reinforcement learning.
    *ICML*, Algorithm 1.
    """
    atoms = jnp.asarray(r_t) + discount_t * jnp.asarray(support)
    target = categorical_projection(atoms, jax.nn.softmax(jnp.asarray(logits_t)), support)
    return -jnp.sum(jax.lax.stop_gradient(target) * jax.nn.log_softmax(jnp.asarray(logits_tm1)))
