"""A small fully connected network as a tuple of arrays, and what its last layer may stand for.

A network is a pytree (a tuple of :class:`Layer`), so that `jax.grad` differentiates it, optax updates it and
`jax.vmap` trains many of them in lockstep, one random seed a lane.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from distributional_dopamine.learning.deep import losses

__all__ = [
    "Head",
    "Layer",
    "Network",
    "apply_network",
    "categorical_head",
    "init_network",
    "last_hidden",
    "quantile_head",
    "scalar_head",
]


class Layer(NamedTuple):
    """One affine layer: ``inputs @ weights + bias``."""

    #: Weights, shape (inputs, outputs).
    weights: Array
    #: Bias, shape (outputs,).
    bias: Array


#: A network: its layers, first to last, with a rectifier after each but the last.
Network = tuple[Layer, ...]


def init_network(rng: np.random.Generator, sizes: Sequence[int], n_networks: int) -> Network:
    """Draw the first weights of several networks that will learn in lockstep.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness. Everything random in this package comes from NumPy's generator and is handed to
        JAX as an array: one seed fixes a run, whatever the version of JAX.
    sizes : sequence of int
        Number of inputs, of units in each hidden layer, of outputs.
    n_networks : int
        How many networks.

    Returns
    -------
    Network
        Arrays with a leading axis of `n_networks`. Weights are normal with variance 2 / inputs (He et al.
        2015), which suits rectifiers; in the last layer ten times smaller, so that first predictions are near
        zero. Biases are zero.
    """
    gains = [1.0] * (len(sizes) - 2) + [0.1]
    # 32-bit numbers before they are handed over: to make them so, JAX would compile a program for each shape.
    return tuple(
        Layer(
            jnp.asarray(
                np.float32(gain * np.sqrt(2 / n_in) * rng.standard_normal((n_networks, n_in, n_out)))
            ),
            jnp.asarray(np.zeros((n_networks, n_out), np.float32)),
        )
        for gain, (n_in, n_out) in zip(gains, pairwise(sizes), strict=True)
    )


def last_hidden(network: Network, inputs: Array) -> Array:
    """Return the activity of the last hidden layer: the network's representation of its inputs.

    Parameters
    ----------
    network : Network
        The network.
    inputs : Array, shape (..., inputs)
        One input or a batch.

    Returns
    -------
    Array, shape (..., units)
        Rectified activities, at least 0.
    """
    for layer in network[:-1]:
        inputs = jax.nn.relu(inputs @ layer.weights + layer.bias)
    return inputs


def apply_network(network: Network, inputs: Array) -> Array:
    """Return the network's outputs.

    Parameters
    ----------
    network : Network
        The network.
    inputs : Array, shape (..., inputs)
        One input or a batch.

    Returns
    -------
    Array, shape (..., outputs)
        Outputs of the last, linear layer.
    """
    return last_hidden(network, inputs) @ network[-1].weights + network[-1].bias


@dataclass(frozen=True)
class Head:
    """What the outputs for one action stand for: how to read the mean, and what to minimise."""

    #: Name as in the figures.
    name: str
    #: Outputs for each action.
    n_outputs: int
    #: Mean of the predicted return from the outputs, (..., n_outputs) -> (...).
    mean: Callable[[Array], Array]
    #: Loss of one transition: (outputs_tm1, r_t, discount_t, outputs_t, *parameters) -> ().
    loss: Callable[..., Array]
    #: Numbers that the loss takes last. They are data of the compiled loop, so that heads which differ in
    #: them and in name alone share it.
    parameters: tuple[float, ...] = ()


def _midpoints(n: int) -> Array:
    return (jnp.arange(n) + 0.5) / n


def scalar_head(kappa: float = 1.0) -> Head:
    """Return the head of DQN: one output, the mean itself.

    Parameters
    ----------
    kappa : float, default 1
        Huber parameter of the loss, see :func:`~.losses.value_loss`.

    Returns
    -------
    Head
        The head.
    """
    return Head("DQN", 1, _only_output, _scalar_loss, (kappa,))


def _only_output(outputs: Array) -> Array:
    return outputs[..., 0]


def _scalar_loss(outputs_tm1: Array, r_t: Array, discount_t: Array, outputs_t: Array, kappa: Array) -> Array:
    return losses.value_loss(outputs_tm1[0], r_t, discount_t, outputs_t[0], jnp.asarray(kappa))


def categorical_head(low: float, high: float, n_atoms: int = 51) -> Head:
    """Return the head of C51: logits of a distribution on a fixed support.

    Parameters
    ----------
    low, high : float
        Ends of the support, in units of reward; they should cover the returns that occur.
    n_atoms : int, default 51
        Number of atoms.

    Returns
    -------
    Head
        The head.

    Raises
    ------
    ValueError
        If `low` is not below `high` or there are fewer than two atoms.
    """
    if not low < high or n_atoms < 2:
        raise ValueError(
            f"low, high, n_atoms: found {low}, {high}, {n_atoms}; expected low < high and at least two "
            "atoms. Give a support that covers the returns."
        )
    support = jnp.linspace(low, high, n_atoms)

    def mean(outputs: Array) -> Array:
        return jax.nn.softmax(outputs) @ support

    def loss(outputs_tm1: Array, r_t: Array, discount_t: Array, outputs_t: Array) -> Array:
        return losses.categorical_loss(outputs_tm1, support, r_t, discount_t, outputs_t)

    return Head("C51", n_atoms, mean, loss)


def quantile_head(n_quantiles: int = 51, kappa: float = 1.0) -> Head:
    """Return the head of QR-DQN: quantiles at the midpoints of equal steps of probability.

    Parameters
    ----------
    n_quantiles : int, default 51
        Number of quantiles; their levels are (i + 1/2) / n.
    kappa : float, default 1
        Huber parameter of the loss, see :func:`~.losses.quantile_huber_loss`.

    Returns
    -------
    Head
        The head.
    """
    loss = partial(_quantile_loss, taus=_midpoints(n_quantiles), kappa=kappa)
    return Head("QR-DQN", n_quantiles, partial(jnp.mean, axis=-1), loss)


def _quantile_loss(
    outputs_tm1: Array, r_t: Array, discount_t: Array, outputs_t: Array, *, taus: Array, kappa: float
) -> Array:
    return losses.quantile_huber_loss(outputs_tm1, taus, r_t, discount_t, outputs_t, kappa)
