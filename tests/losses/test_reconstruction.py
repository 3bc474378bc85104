"""The absolute error of cycle and identity against loops and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.reconstruction import absolute_error

SHAPE = (2, 3, 4, 3)


def images(dtype=np.float32):
    rng = np.random.default_rng(0)
    return tuple(rng.uniform(-1, 1, SHAPE).astype(dtype) for _ in range(2))


def mean_distance(x, y):
    """The definition, number by number."""
    total = 0.0
    for place in np.ndindex(x.shape):
        total += abs(float(x[place]) - float(y[place]))
    return total / x.size


def test_mean_of_absolute_differences():
    x, y = images()
    got = absolute_error(jnp.asarray(x), jnp.asarray(y))
    assert got.shape == ()
    np.testing.assert_allclose(got, mean_distance(x, y), rtol=1e-6)


def test_a_batch_is_averaged_not_summed():
    x, y = (jnp.asarray(image) for image in images())
    doubled = absolute_error(jnp.concatenate([x, x]), jnp.concatenate([y, y]))
    np.testing.assert_allclose(doubled, absolute_error(x, y), rtol=1e-6)


def test_gradient_is_that_of_finite_differences():
    x, y = images(np.float64)
    with jax.enable_x64(True):
        grad = jax.grad(absolute_error, argnums=1)(jnp.asarray(x), jnp.asarray(y))
    for place in [(0, 0, 0, 0), (1, 2, 3, 2), (0, 1, 2, 1)]:
        nudge = np.zeros(SHAPE)
        nudge[place] = 1e-6
        slope = (mean_distance(x, y + nudge) - mean_distance(x, y - nudge)) / 2e-6
        np.testing.assert_allclose(grad[place], slope, rtol=1e-6)


def test_both_images_receive_gradients():
    x, y = (jnp.asarray(image) for image in images())
    grads = jax.grad(absolute_error, argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(grads[0], -grads[1])
    np.testing.assert_allclose(np.abs(grads[0]), 1 / x.size, rtol=1e-6)


def test_under_jit_and_vmap():
    x, y = (jnp.asarray(image) for image in images())
    want = [absolute_error(a, b) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(jax.jit(jax.vmap(absolute_error))(x, y), want, rtol=1e-6)


def test_refuses_different_shapes_where_numpy_would_broadcast():
    with pytest.raises(ValueError, match=r"x \(2, 3, 4, 3\), y \(1, 3, 4, 3\)"):
        absolute_error(jnp.zeros(SHAPE), jnp.zeros((1, 3, 4, 3)))
