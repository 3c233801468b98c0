"""The probe against another library; the experiment where its answer is known beforehand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.learning.deep.networks import apply_network, init_network
from distributional_dopamine.learning.deep.representation import (
    CONDITIONS,
    DigitImages,
    RepresentationSettings,
    RewardCondition,
    _descend,
    _random_groups,
    learn_representations,
    linear_probe_accuracy,
    load_digit_images,
    readouts,
)


def test_the_conditions_are_what_their_names_say():
    rewards = {name: np.array(condition.rewards) for name, condition in CONDITIONS.items()}
    mean = {name: lists.mean(axis=1) for name, lists in rewards.items()}
    variance = {name: lists.var(axis=1) for name, lists in rewards.items()}
    assert_array_equal(mean["spread"], [0, 0])
    assert_array_equal(variance["spread"], [4, 0])
    assert_allclose(mean["skew"], [0, 0], atol=1e-12)
    assert variance["skew"][0] == variance["skew"][1]
    assert_array_equal(np.sort(rewards["skew"][0]), np.sort(-rewards["skew"][1]))
    assert_array_equal(rewards["same"][0], rewards["same"][1])
    assert_array_equal(mean["mean"], [-1, 1])
    assert variance["mean"][0] == variance["mean"][1]


def test_the_images_are_those_of_scikit_learn():
    images = load_digit_images()
    pixels, digits = load_digits(return_X_y=True)
    assert_array_equal(images.pixels, pixels / 16)
    assert_array_equal(images.digits, digits)
    assert images.pixels.shape == (1797, 64)
    assert (images.pixels.min(), images.pixels.max()) == (0, 1)
    assert_array_equal(np.bincount(images.digits), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


def test_groups_are_halves_of_the_ten_digits():
    groups = _random_groups(np.random.default_rng(0), (50, 2))
    assert (groups.sum(axis=-1) == 5).all()
    assert len(np.unique(groups.reshape(-1, 10), axis=0)) > 60


def test_the_probe_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=300)
    features = rng.normal(size=(300, 6)) + 0.8 * np.eye(3, 6)[labels]
    features[:, 5] = 1.0  # a unit that never varies
    train, test, ridge = slice(200), slice(200, 300), 0.05
    one_hot = np.eye(3)[labels]
    ours = linear_probe_accuracy(
        *(
            jnp.asarray(x, jnp.float32)
            for x in (features[train], one_hot[train], features[test], one_hot[test])
        ),
        ridge,
    )
    scaler = StandardScaler().fit(features[train])
    reference = RidgeClassifier(alpha=ridge * 200).fit(scaler.transform(features[train]), labels[train])
    assert_allclose(ours, reference.score(scaler.transform(features[test]), labels[test]), atol=1e-6)


def test_a_readout_learns_the_expectiles_of_its_rewards():
    rewards, taus = np.array([-1.0, 0.0, 3.0]), (0.2, 0.5, 0.8)
    network = jax.tree.map(lambda x: x[0], init_network(np.random.default_rng(0), (1, 8, 8, 3), 1))
    noise = jnp.asarray(np.tile(rewards, (600, 1)), jnp.float32)
    learned = _descend(
        network,
        lambda batch: (jnp.ones((3, 1)), batch),
        noise,
        jnp.asarray(taus),
        float("inf"),
        1e-2,
    )
    assert_allclose(apply_network(learned, jnp.ones(1)), expectiles(rewards, taus), atol=0.01)


def test_readouts_are_one_family():
    mean, copied, expectile, quantile = readouts(4)
    assert mean.taus == (0.5,)
    assert copied.taus == (0.5,) * 4
    assert expectile.taus == quantile.taus == (0.125, 0.375, 0.625, 0.875)
    assert (expectile.kappa, quantile.kappa) == (float("inf"), 0.0)


@pytest.fixture(scope="module")
def toy():
    """Ten well separated "digits" of ten pixels, and a small design."""
    rng = np.random.default_rng(0)
    digits = np.repeat(np.arange(10), 20)
    images = DigitImages((np.eye(10)[digits] + 0.1 * rng.normal(size=(200, 10))).astype(np.float32), digits)
    design = RepresentationSettings(hidden=(16, 3), step_size=1e-2, n_updates=300, n_transfer_updates=20)
    conditions = {
        "spread": RewardCondition("", ((-1.0, 1.0), (0.0, 0.0))),
        "same": RewardCondition("", ((-1.0, 1.0), (-1.0, 1.0))),
    }
    compared = (readouts(3)[0], readouts(3)[3])
    run = learn_representations(images, compared, conditions, 6, np.random.default_rng(5), design)
    return images, compared, conditions, design, run


def test_the_distribution_teaches_the_groups_only_where_it_differs(toy):
    untrained, mean, quantiles = toy[-1]
    assert [result.readout for result in toy[-1]] == ["untrained", "mean", "quantiles"]
    spread, same = 0, 1
    assert quantiles.group_accuracy[spread].mean() > 0.95
    assert mean.group_accuracy[spread].mean() < 0.85
    assert quantiles.group_accuracy[same].mean() < 0.85
    assert quantiles.transfer_same_groups[spread].mean() > quantiles.transfer_same_groups[same].mean() + 0.2
    assert untrained.transfer_updates.tolist() == [10, 20]


def test_without_training_the_conditions_are_the_same_networks(toy):
    untrained = toy[-1][0]
    for field in ("group_accuracy", "digit_accuracy", "transfer_same_groups", "transfer_new_groups"):
        assert_array_equal(getattr(untrained, field)[0], getattr(untrained, field)[1])


def test_bad_input_is_named(toy):
    images, compared, _, design, _ = toy
    uneven = {"uneven": RewardCondition("", ((0.0,), (0.0, 1.0)))}
    with pytest.raises(ValueError, match=r"lists of \[1, 2\] rewards"):
        learn_representations(images, compared, uneven, 2, np.random.default_rng(0), design)
