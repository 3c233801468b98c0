"""Does learning a distribution shape what a network sees? Images, rewards, and a probe of a hidden layer.

An experiment in the spirit of Extended Data Fig. 3 of Dabney et al. (2020), with handwritten digits for birds
and dogs. The ten digits are split at random into two groups of five; the group decides which of two reward
distributions an image is paid from. A network with two hidden layers learns to predict the reward, never the
digit. Then its hidden layers are frozen and a linear classifier reads the group from them; and the network
goes on learning, with a new output, after the rewards have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

from distributional_dopamine.learning.deep import compile_lanes
from distributional_dopamine.learning.deep.losses import asymmetric_loss
from distributional_dopamine.learning.deep.networks import (
    Layer,
    Network,
    apply_network,
    init_network,
    last_hidden,
)

__all__ = [
    "CONDITIONS",
    "DigitImages",
    "Readout",
    "RepresentationResult",
    "RepresentationSettings",
    "RewardCondition",
    "learn_representations",
    "linear_probe_accuracy",
    "load_digit_images",
    "readouts",
]


@dataclass(frozen=True)
class DigitImages:
    """Handwritten digits."""

    #: Pixels, 0 (paper) to 1 (ink), shape (images, 64).
    pixels: NDArray[np.float32]
    #: Which digit, 0-9, shape (images,).
    digits: NDArray[np.int64]


def load_digit_images() -> DigitImages:
    """Load the 1,797 images of 8 x 8 pixels that ship inside scikit-learn.

    Returns
    -------
    DigitImages
        The images.

    Raises
    ------
    ModuleNotFoundError
        If scikit-learn is not installed.

    References
    ----------
    Alpaydin, E. & Kaynak, C. (1998). Optical recognition of handwritten digits. UCI Machine Learning
    Repository (the test part of it).
    """
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(
            "the images of digits come with scikit-learn, which is not installed: pip install scikit-learn"
        )
    # Not by sklearn.datasets.load_digits, since importing that takes two seconds; reading the file, none.
    file = Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    rows = np.loadtxt(file, delimiter=",", dtype=np.int64)
    return DigitImages((rows[:, :-1] / 16).astype(np.float32), rows[:, -1])


@dataclass(frozen=True)
class RewardCondition:
    """The two reward distributions, each of two equally long lists of equally likely rewards."""

    #: What sets the groups apart, in words.
    name: str
    #: Equally likely rewards of the first and of the second group, shape (2, k).
    rewards: tuple[tuple[float, ...], tuple[float, ...]]


#: The conditions of the experiment. Where the distributions differ but the means do not, only a network that
#: learns a distribution has a reason to tell the groups apart; where nothing differs, none has; where the
#: means differ, all have.
CONDITIONS: Mapping[str, RewardCondition] = {
    "spread": RewardCondition("same mean, different spread", ((-2.0,) * 4 + (2.0,) * 4, (0.0,) * 8)),
    "skew": RewardCondition("same mean and variance, mirrored", ((-0.5,) * 7 + (3.5,), (0.5,) * 7 + (-3.5,))),
    "same": RewardCondition("same distribution", ((-2.0,) * 4 + (2.0,) * 4,) * 2),
    "mean": RewardCondition(
        "different means, same spread", ((-3.0,) * 4 + (1.0,) * 4, (-1.0,) * 4 + (3.0,) * 4)
    ),
}


@dataclass(frozen=True)
class Readout:
    """What the outputs of the network stand for while it learns from rewards."""

    #: Name as in the figures.
    name: str
    #: Asymmetry of each output, shape (outputs,).
    taus: tuple[float, ...]
    #: Where the loss turns from quadratic to linear: 0 for quantiles, infinity for expectiles and the mean.
    kappa: float


def readouts(n_outputs: int) -> tuple[Readout, ...]:
    """Return the four readouts that are compared.

    Parameters
    ----------
    n_outputs : int
        Outputs of all but the first.

    Returns
    -------
    tuple of Readout
        The mean; the mean in `n_outputs` copies (as many weights as the next two, but nothing more to learn);
        `n_outputs` expectiles; `n_outputs` quantiles, with tau at the midpoints of equal steps.
    """
    taus = tuple(((np.arange(n_outputs) + 0.5) / n_outputs).tolist())
    half = (0.5,) * n_outputs
    return (
        Readout("mean", (0.5,), float("inf")),
        Readout("mean, copied", half, float("inf")),
        Readout("expectiles", taus, float("inf")),
        Readout("quantiles", taus, 0.0),
    )


@dataclass(frozen=True)
class RepresentationSettings:
    """The design, the same for every readout and condition."""

    #: Units in each of the two hidden layers.
    hidden: tuple[int, int] = (32, 16)
    #: Step size of Adam.
    step_size: float = 3e-3
    #: Images in a minibatch, each with one freshly drawn reward.
    batch_size: int = 32
    #: Updates before the probe.
    n_updates: int = 500
    #: Updates after the rewards have changed.
    n_transfer_updates: int = 100
    #: Updates between two tests after the change.
    test_period: int = 10
    #: Share of the images that are never trained on.
    held_out: float = 0.4
    #: Penalty of the linear probe, per training image.
    ridge: float = 1e-3


@dataclass(frozen=True)
class RepresentationResult:
    """What the probe found, and how fast the network learned something new, for one readout."""

    #: Name of the readout.
    readout: str
    #: Names of the conditions, in the order of the first axis below.
    conditions: tuple[str, ...]
    #: Share of held-out images whose group (of two) the linear probe names, shape (conditions, seeds).
    group_accuracy: NDArray[np.float64]
    #: Share of held-out images whose digit (of ten) the linear probe names, shape (conditions, seeds).
    digit_accuracy: NDArray[np.float64]
    #: Updates since the rewards changed, at each test, shape (tests,).
    transfer_updates: NDArray[np.int64]
    #: Share of the variance of the new rewards over held-out images that is predicted when the two old groups
    #: are now paid 1 and -1: 1 - mean squared error / variance; shape (conditions, seeds, tests).
    transfer_same_groups: NDArray[np.float64]
    #: The same when 1 and -1 are paid to two new random groups of digits.
    transfer_new_groups: NDArray[np.float64]


class _Lane(NamedTuple):
    """What differs between the networks that learn in lockstep, besides their weights."""

    #: A fresh output layer to one number for each of the two transfers, leading axis 2.
    new_output: Layer
    #: Which image stands at each place: the first are trained on, the others held out.
    order: Array
    #: Group (0 or 1) of each digit, at first and for the new groups, shape (2, 10).
    groups: Array
    #: Equally likely rewards of each group, shape (2, k).
    rewards: Array
    #: Which image and which reward, uniform in [0, 1), shape (updates, 2, batch).
    noise: Array
    #: Which image, shape (tests, updates, 1, batch).
    transfer_noise: Array


def linear_probe_accuracy(
    train_features: Array, train_labels: Array, test_features: Array, test_labels: Array, ridge: float
) -> Array:
    """Fit a linear classifier by ridge regression on one-hot labels and score it on other images.

    Parameters
    ----------
    train_features, test_features : Array, shape (n, features)
        Activities. They are standardised by the training images first; units that never vary count for
        nothing.
    train_labels, test_labels : Array, shape (n, classes)
        One-hot labels.
    ridge : float
        Penalty per training image on the squared weights, not on the intercept.

    Returns
    -------
    Array, shape ()
        Share of the test images whose largest output is the right class.
    """
    centre, scale = train_features.mean(axis=0), train_features.std(axis=0)
    scale = jnp.where(scale > 1e-6, scale, jnp.inf)
    z = (train_features - centre) / scale
    labels_mean = train_labels.mean(axis=0)
    n = z.shape[0]
    gram = z.T @ z / n + ridge * jnp.eye(z.shape[1])
    weights = jax.scipy.linalg.solve(gram, z.T @ (train_labels - labels_mean) / n, assume_a="pos")
    guess = ((test_features - centre) / scale) @ weights + labels_mean
    return jnp.mean(jnp.argmax(guess, axis=1) == jnp.argmax(test_labels, axis=1))


def _descend(
    network: Network,
    draw: Callable[[Array], tuple[Array, Array]],
    noise: Array,
    taus: Array,
    kappa: float,
    step_size: Array,
) -> Network:
    """Minimise a readout's loss with Adam; `draw` makes a minibatch (images, rewards) from `noise`."""
    optimiser = optax.flatten(optax.scale_by_adam())

    def loss(network: Network, images: Array, rewards: Array) -> Array:
        outputs = apply_network(network, images)
        each = jax.vmap(partial(asymmetric_loss, kappa=kappa), in_axes=(0, None, 0))
        return jnp.mean(each(outputs, taus, rewards[:, None]))

    def update(
        carry: tuple[Network, optax.OptState], noise: Array
    ) -> tuple[tuple[Network, optax.OptState], None]:
        network, state = carry
        change, state = optimiser.update(jax.grad(loss)(network, *draw(noise)), state)
        return (jax.tree.map(lambda x, d: x - step_size * d, network, change), state), None

    (network, _), _ = jax.lax.scan(update, (network, optimiser.init(network)), noise)
    return network


def _split(order: Array, settings: RepresentationSettings) -> tuple[Array, Array]:
    """Return which images are trained on and which are held out."""
    n_train = order.size - round(settings.held_out * order.size)
    return order[:n_train], order[n_train:]


def _train_lanes(
    networks: Network,
    lanes: _Lane,
    pixels: Array,
    digits: Array,
    taus: Array,
    step_size: Array,
    kappa: float,
    settings: RepresentationSettings,
) -> Network:
    """Let networks learn from rewards."""

    def train_one(network: Network, lane: _Lane) -> Network:
        train, _ = _split(lane.order, settings)

        def draw(noise: Array) -> tuple[Array, Array]:
            chosen = train[jnp.int32(noise[0] * train.size)]
            which = jnp.int32(noise[1] * lane.rewards.shape[1])
            return pixels[chosen], lane.rewards[lane.groups[0, digits[chosen]], which]

        return _descend(network, draw, lane.noise, taus, kappa, step_size)

    return jax.vmap(train_one)(networks, lanes)


def _test_lanes(
    hidden: Network,
    lanes: _Lane,
    pixels: Array,
    digits: Array,
    step_size: Array,
    settings: RepresentationSettings,
) -> tuple[Array, Array, Array]:
    """Probe hidden layers and re-train them; apart from the training, since it is the same after any."""

    def test_one(hidden: Network, lane: _Lane) -> tuple[Array, Array, Array]:
        train, test = _split(lane.order, settings)
        features = last_hidden((*hidden, lane.new_output), pixels)

        def probe(labels: Array, n_classes: int) -> Array:
            one_hot = jax.nn.one_hot(labels, n_classes)
            return linear_probe_accuracy(
                features[train], one_hot[train], features[test], one_hot[test], settings.ridge
            )

        def transfer(output: Layer, groups: Array) -> Array:
            new_rewards = 1.0 - 2.0 * groups[digits]

            def draw(noise: Array) -> tuple[Array, Array]:
                chosen = train[jnp.int32(noise[0] * train.size)]
                return pixels[chosen], new_rewards[chosen]

            def until_test(network: Network, noise: Array) -> tuple[Network, Array]:
                mean, infinity = jnp.array([0.5]), float("inf")
                network = _descend(network, draw, noise, mean, infinity, step_size)
                error = apply_network(network, pixels[test])[:, 0] - new_rewards[test]
                return network, 1.0 - jnp.mean(error**2) / jnp.var(new_rewards[test])

            return jax.lax.scan(until_test, (*hidden, output), lane.transfer_noise)[1]

        transfers = jax.vmap(transfer)(lane.new_output, lane.groups)
        return probe(lane.groups[0, digits], 2), probe(digits, 10), transfers

    return jax.vmap(test_one)(hidden, lanes)


_trained = compile_lanes(_train_lanes, static=(6, 7))
_tested = compile_lanes(_test_lanes, static=(5,))


def _random_groups(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Split the ten digits into two groups of five, at random."""
    halves = np.broadcast_to(np.repeat(np.arange(2, dtype=np.int32), 5), (*shape, 10))
    return rng.permuted(halves, axis=-1)


def learn_representations(
    images: DigitImages,
    compared: Sequence[Readout],
    conditions: Mapping[str, RewardCondition],
    n_seeds: int,
    rng: np.random.Generator,
    settings: RepresentationSettings | None = None,
) -> tuple[RepresentationResult, ...]:
    """Train every readout under every reward condition, probe the last hidden layer, change the rewards.

    Parameters
    ----------
    images : DigitImages
        From :func:`load_digit_images`.
    compared : sequence of Readout
        From :func:`readouts`.
    conditions : mapping of str to RewardCondition
        For example :data:`CONDITIONS`; the lists of rewards must all be equally long.
    n_seeds : int
        Seeds, in lockstep. A seed fixes the split of the images, the groups of digits, the first hidden
        layers and the order of images; all readouts and conditions share it.
    rng : numpy.random.Generator
        Source of randomness.
    settings : RepresentationSettings, optional
        The design. None for the defaults.

    Returns
    -------
    tuple of RepresentationResult
        One for each readout, after one called "untrained": the same networks before any reward.

    Raises
    ------
    ValueError
        If there is no seed, or the conditions' lists of rewards differ in length.
    """
    settings = RepresentationSettings() if settings is None else settings
    lengths = {len(group) for condition in conditions.values() for group in condition.rewards}
    if n_seeds < 1 or len(lengths) != 1:
        raise ValueError(
            f"n_seeds, conditions: found {n_seeds} seeds and lists of {sorted(lengths)} rewards; expected at "
            "least one seed and lists of one length. Repeat rewards to make the lists equally long."
        )
    seeds = rng.integers(2**63, size=2)
    names, n_conditions = tuple(conditions), len(conditions)

    n_tests = settings.n_transfer_updates // settings.test_period
    pixels, digits = images.pixels, images.digits.astype(np.int32)
    # The step size is a number like others, so that another one needs no other program.
    step_size, design = np.float32(settings.step_size), replace(settings, step_size=0.0)

    def repeated(drawn: object) -> Any:
        """Hand what was drawn for the seeds, an array or a tuple of them, to every condition."""
        return jax.tree.map(lambda x: np.concatenate([x] * n_conditions), drawn)

    shared = np.random.default_rng(seeds[0])
    order = np.stack([shared.permutation(digits.size) for _ in range(n_seeds)]).astype(np.int32)
    groups = _random_groups(shared, (n_seeds, 2))
    noise = shared.random((n_seeds, settings.n_updates, 2, settings.batch_size), dtype=np.float32)
    transfer_noise = shared.random(
        (n_seeds, n_tests, settings.test_period, 1, settings.batch_size), dtype=np.float32
    )
    new_output = init_network(shared, (settings.hidden[1], 1), 2 * n_seeds)[0]
    rewards = np.array([condition.rewards for condition in conditions.values()], dtype=np.float32)
    lanes = _Lane(
        new_output=repeated(Layer(*(x.reshape(n_seeds, 2, *x.shape[1:]) for x in new_output))),
        order=repeated(order),
        groups=repeated(groups),
        rewards=jnp.asarray(np.repeat(rewards, n_seeds, axis=0)),
        noise=repeated(noise),
        transfer_noise=repeated(transfer_noise),
    )

    def fresh_networks(n_outputs: int) -> Network:
        # The same generator for every readout: only the output layer differs between them.
        first = np.random.default_rng(seeds[1])
        sizes = (pixels.shape[1], *settings.hidden, n_outputs)
        networks: Network = repeated(init_network(first, sizes, n_seeds))
        return networks

    def trained(readout: Readout) -> Network:
        taus = np.array(readout.taus, dtype=np.float32)
        networks: Network = _trained(
            fresh_networks(taus.size), lanes, pixels, digits, taus, step_size, readout.kappa, design
        )
        return networks

    def tested(name: str, networks: Network) -> RepresentationResult:
        results = _tested(networks[:-1], lanes, pixels, digits, step_size, design)
        group, digit, transfer = (
            np.asarray(x, dtype=np.float64).reshape(n_conditions, n_seeds, *x.shape[1:]) for x in results
        )
        updates = settings.test_period * np.arange(1, n_tests + 1)
        return RepresentationResult(name, names, group, digit, updates, transfer[:, :, 0], transfer[:, :, 1])

    untrained = tested("untrained", fresh_networks(1))
    return (untrained, *(tested(readout.name, trained(readout)) for readout in compared))
