"""R1 against slopes by central differences."""

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.losses.adversarial import real_penalty

IMAGES = (2, 3, 4, 2)


def score(weight, x):
    """Three scores an image [B, 3], each another function of all its pixels."""
    parts = [(weight[None] * x**power).sum(axis=(1, 2, 3)) for power in (1, 2, 3)]
    return (jnp if isinstance(x, jax.Array) else np).stack(parts, axis=1)


def penalty_loops(weight, real):
    total = 0.0
    for image in real:
        for place in np.ndindex(image.shape):
            nudge = np.zeros(image.shape)
            nudge[place] = 1e-5
            high, low = (score(weight, (image + sign * nudge)[None]).sum() for sign in (1, -1))
            total += ((high - low) / 2e-5) ** 2
    return total / (3 * len(real))  # three scores an image


def test_penalty_and_its_gradient_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    weight, real = rng.normal(size=IMAGES[1:]), rng.normal(size=IMAGES)
    with jax.enable_x64(True):
        images = jnp.asarray(real)
        got, grads = jax.value_and_grad(lambda w: real_penalty(lambda x: score(w, x), images))(
            jnp.asarray(weight)
        )
    np.testing.assert_allclose(got, penalty_loops(weight, real), rtol=1e-6)
    for place in [(0, 0, 0), (1, 2, 1), (2, 3, 0)]:
        nudge = np.zeros(weight.shape)
        nudge[place] = 1e-4
        high, low = (penalty_loops(weight + sign * nudge, real) for sign in (1, -1))
        np.testing.assert_allclose(grads[place], (high - low) / 2e-4, rtol=1e-4)


def test_penalty_by_hand():
    # One score an image, 2 times the sum of its 4 pixels: slope 2 in each of 4, squared and added.
    x = jnp.ones((3, 2, 2, 1))
    got = real_penalty(lambda x: 2.0 * jnp.sum(x, axis=(1, 2, 3)), x)
    assert float(got) == 16.0


def test_a_discriminator_that_sees_nothing_is_not_penalised():
    x = jnp.ones((1, 2, 2, 1))
    value, grad = jax.value_and_grad(lambda a: real_penalty(lambda x: a * x, x))(0.0)
    assert (float(value), float(grad)) == (0.0, 0.0)
