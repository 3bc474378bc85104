"""Least-squares adversarial losses against sums written out and against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.adversarial import least_squares, least_squares_discriminator

SHAPE = (2, 3, 4, 1)


def scores(seed):
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def mean_square(values, target):
    """The definition: add up (d - target)^2 and divide by how many there are."""
    values = [float(value) for value in values.ravel()]
    return sum((value - target) ** 2 for value in values) / len(values)


@pytest.mark.parametrize("target", [0.0, 1.0, 0.9])
def test_mean_of_squared_distances_to_the_target(target):
    got = least_squares(jnp.asarray(scores(0)), target)
    assert got.shape == ()
    np.testing.assert_allclose(got, mean_square(scores(0), target), rtol=1e-6)


def test_generator_loss_by_hand():
    # ((2 - 1)^2 + (-1 - 1)^2 + (1 - 1)^2 + (0 - 1)^2) / 4 = (1 + 4 + 0 + 1) / 4, with no half.
    assert float(least_squares(jnp.array([2.0, -1.0, 1.0, 0.0]), 1.0)) == 1.5


def test_discriminator_loss_by_hand():
    # Half of (3 - 1)^2 on the real image plus half of 2^2 on the fake one.
    assert float(least_squares_discriminator(jnp.array([3.0]), jnp.array([2.0]))) == 4.0


def test_discriminator_is_half_of_both_sides():
    real, fake = scores(1), scores(2)
    want = 0.5 * (mean_square(real, 1.0) + mean_square(fake, 0.0))
    got = least_squares_discriminator(jnp.asarray(real), jnp.asarray(fake))
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_perfect_discriminator_has_no_loss_and_a_fooled_one_has_one():
    ones, zeros = jnp.ones(SHAPE), jnp.zeros(SHAPE)
    assert float(least_squares_discriminator(ones, zeros)) == 0.0
    assert float(least_squares_discriminator(zeros, ones)) == 1.0


def test_gradients_are_those_of_finite_differences():
    real, fake = scores(3).astype(np.float64), scores(4).astype(np.float64)
    with jax.enable_x64(True):
        grads = jax.grad(least_squares_discriminator, argnums=(0, 1))(
            jnp.asarray(real), jnp.asarray(fake)
        )
    for index, step in np.ndindex((2, 5)):
        place = tuple(np.random.default_rng(step).integers(0, SHAPE))
        nudged = [[real.copy(), fake.copy()] for _ in range(2)]
        nudged[0][index][place] += 1e-5
        nudged[1][index][place] -= 1e-5
        high, low = (0.5 * (mean_square(r, 1.0) + mean_square(f, 0.0)) for r, f in nudged)
        np.testing.assert_allclose(grads[index][place], (high - low) / 2e-5, rtol=1e-6, atol=1e-9)


def test_under_jit_and_vmap():
    real, fake = (jnp.asarray(scores(seed)) for seed in (5, 6))
    want = [least_squares_discriminator(r, f) for r, f in zip(real, fake, strict=True)]
    got = jax.jit(jax.vmap(least_squares_discriminator))(real, fake)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_refuses_maps_of_different_size():
    with pytest.raises(ValueError, match=r"real \(1, 4, 4, 1\), fake \(1, 4, 1, 1\)"):
        least_squares_discriminator(jnp.zeros((1, 4, 4, 1)), jnp.zeros((1, 4, 1, 1)))
