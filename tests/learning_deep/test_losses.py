"""The losses against values worked out by hand, against rlax, and at their minima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from distributional_dopamine.distributions import expectiles
from distributional_dopamine.learning.deep import losses
from distributional_dopamine.learning.deep.networks import categorical_head, quantile_head, scalar_head

INF = float("inf")


@pytest.mark.parametrize("given", [float, jnp.float32], ids=["number", "array"])
@pytest.mark.parametrize(
    ("kappa", "expected"),
    [(1.0, [2.5, 0.125, 0.0, 0.5]), (0.0, [3.0, 0.5, 0.0, 1.0]), (INF, [4.5, 0.125, 0.0, 0.5])],
)
def test_huber_is_quadratic_then_linear(kappa, expected, given):
    assert_allclose(losses.huber(jnp.array([-3.0, 0.5, 0.0, 1.0]), given(kappa)), expected)


@pytest.mark.parametrize("given", [float, jnp.float32], ids=["number", "array"])
@pytest.mark.parametrize("kappa", [0.5, 1.0, INF])
def test_the_gradient_of_huber_is_the_clipped_error(kappa, given):
    errors = jnp.array([-3.0, -0.2, 0.0, 0.7, 8.0])
    gradient = jax.vmap(jax.grad(lambda x: losses.huber(x, given(kappa))))(errors)
    assert_allclose(gradient, np.clip(errors, -kappa, kappa))


def test_value_loss_by_hand():
    # Target 1 + 0.5 * 4 = 3, error 3 - 1 = 2: beyond 1 the loss is 1 * (2 - 0.5).
    assert losses.value_loss(1.0, 1.0, 0.5, 4.0) == 1.5
    assert losses.value_loss(1.0, 1.0, 0.5, 4.0, kappa=INF) == 2.0
    # A terminal transition forgets what lies beyond.
    assert losses.value_loss(1.0, 1.0, 0.0, 1e6) == 0.0


def test_no_gradient_flows_into_the_target():
    gradient = jax.grad(losses.value_loss, argnums=3)(1.0, 1.0, 0.5, 4.0)
    assert gradient == 0.0
    quantiles = jnp.array([0.0, 1.0])
    taus = jnp.array([0.25, 0.75])
    assert_allclose(
        jax.grad(losses.quantile_huber_loss, argnums=4)(quantiles, taus, 1.0, 0.9, quantiles), 0.0
    )
    support = jnp.linspace(-1, 1, 5)
    logits = jnp.arange(5.0)
    assert_allclose(jax.grad(losses.categorical_loss, argnums=4)(logits, support, 0.1, 0.9, logits), 0.0)


def test_quantile_loss_by_hand():
    # One quantile at 0 with tau = 0.25, targets -2 and 4: (0.75 * 2 + 0.25 * 4) / 2.
    assert losses.quantile_huber_loss([0.0], [0.25], 0.0, 1.0, [-2.0, 4.0], kappa=0) == 1.25
    # The same with kappa = 1: (0.75 * 1.5 + 0.25 * 3.5) / 2.
    assert losses.quantile_huber_loss([0.0], [0.25], 0.0, 1.0, [-2.0, 4.0]) == 1.0


def test_expectile_loss_by_hand():
    # (0.75 * 2^2 / 2 + 0.25 * 4^2 / 2) / 2.
    assert losses.expectile_loss([0.0], [0.25], [-2.0, 4.0]) == 1.75


def test_categorical_projection_shares_by_nearness_and_keeps_mass_and_mean():
    support = jnp.array([0.0, 1.0, 2.0])
    projected = losses.categorical_projection([0.25, 1.5], [0.4, 0.6], support)
    assert_allclose(projected, [0.3, 0.1 + 0.3, 0.3], rtol=1e-6)
    assert_allclose(projected @ support, 0.4 * 0.25 + 0.6 * 1.5, rtol=1e-6)
    assert_allclose(losses.categorical_projection([-5.0, 9.0], [0.4, 0.6], support), [0.4, 0.0, 0.6])


@pytest.mark.filterwarnings("ignore")  # of what rlax imports
@pytest.mark.parametrize("seed", range(2))
def test_against_rlax(seed):
    import rlax

    rng = np.random.default_rng(seed)
    n, n_actions = 7, 3
    tm1, t = (jnp.asarray(rng.normal(size=(n_actions, n)), jnp.float32) for _ in range(2))
    action, reward, discount = int(rng.integers(n_actions)), jnp.float32(rng.normal()), jnp.float32(0.9)
    support = jnp.linspace(-2.0, 2.0, n)

    c51 = categorical_head(-2.0, 2.0, n)
    best = jnp.argmax(c51.mean(t))
    ours = c51.loss(tm1[action], reward, discount, t[best])
    theirs = rlax.categorical_q_learning(support, tm1, action, reward, discount, support, t)
    assert_allclose(ours, theirs, rtol=1e-5)

    for kappa in (0.0, 1.0):
        qr = quantile_head(n, kappa)
        taus = (jnp.arange(n) + 0.5) / n
        best = jnp.argmax(qr.mean(t))
        ours = qr.loss(tm1[action], reward, discount, t[best])
        theirs = rlax.quantile_q_learning(tm1.T, taus, action, reward, discount, t.T, t.T, kappa)
        assert_allclose(ours, theirs, rtol=1e-5)

    dqn = scalar_head()
    error = rlax.q_learning(tm1[:, 0], action, reward, discount, t[:, 0])
    ours = dqn.loss(tm1[action, :1], reward, discount, t[jnp.argmax(dqn.mean(t[:, :1])), :1], *dqn.parameters)
    assert_allclose(ours, rlax.huber_loss(error), rtol=1e-5)


def test_the_minima_are_quantiles_and_expectiles():
    values = np.array([-3.0, -1.0, 0.0, 2.0, 7.0])
    taus = np.array([0.1, 0.5, 0.9])
    grid = jnp.linspace(-4, 8, 2401)

    def best(kappa):
        losses_on_grid = jax.vmap(
            lambda x: jnp.stack(
                [losses.asymmetric_loss(x[None], jnp.array([tau]), values, kappa) for tau in taus]
            )
        )(grid)
        return grid[jnp.argmin(losses_on_grid, axis=0)]

    assert_allclose(best(0.0), [-3.0, 0.0, 7.0], atol=0.006)
    assert_allclose(best(INF), expectiles(values, taus), atol=0.006)


def test_small_errors_make_the_quantile_huber_loss_that_of_expectiles():
    predictions, taus, targets = jnp.array([0.1, 0.2]), jnp.array([0.2, 0.7]), jnp.array([0.0, 0.5, -0.4])
    assert_allclose(
        losses.quantile_huber_loss(predictions, taus, 0.0, 1.0, targets, kappa=1.0),
        losses.expectile_loss(predictions, taus, targets),
    )


@pytest.mark.parametrize(
    "head", [scalar_head(), scalar_head(INF), categorical_head(-3, 3, 9), quantile_head(9)]
)
def test_gradients_agree_with_finite_differences(head):
    rng = np.random.default_rng(3)
    tm1, t = (jnp.asarray(rng.normal(size=head.n_outputs), jnp.float32) for _ in range(2))

    def loss(x):
        return head.loss(x, jnp.float32(0.3), jnp.float32(0.9), t, *head.parameters)

    gradient, step = jax.grad(loss)(tm1), 1e-2
    numeric = [
        (loss(tm1.at[i].add(step)) - loss(tm1.at[i].add(-step))) / (2 * step) for i in range(head.n_outputs)
    ]
    # Single precision, and a kink within one step of some quantiles: hence the width.
    assert_allclose(gradient, np.array(numeric), atol=6e-3)


def test_a_support_must_be_one():
    with pytest.raises(ValueError, match="low, high, n_atoms: found 1, 1, 51"):
        categorical_head(1, 1)
