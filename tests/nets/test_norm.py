"""Instance norm against numpy, with its gradients and gradients of gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets import norm
from sggan_jax.nets.norm import instance_norm


def arrays(dtype=np.float32, shape=(2, 3, 5, 4)):
    rng = np.random.default_rng(0)
    shapes = (shape, shape[3:], shape[3:], shape)
    return [jnp.asarray(rng.normal(size=s), dtype) for s in shapes]


def stepwise(x, scale, bias):
    """The definition, left to automatic differentiation."""
    centred = x - x.mean((1, 2), keepdims=True)
    variance = (centred**2).mean((1, 2), keepdims=True)
    gain = scale[None, None, None, :] / jnp.sqrt(variance + 1e-5)
    return centred * gain + bias[None, None, None, :]


def test_equals_numpy_channel_by_channel():
    x, scale, bias, _ = arrays()
    got = instance_norm(x, scale, bias)
    for b in range(2):
        for c in range(4):
            plane = np.asarray(x[b, :, :, c], np.float64)
            wanted = (plane - plane.mean()) / np.sqrt(plane.var() + 1e-5) * scale[c] + bias[c]
            np.testing.assert_allclose(got[b, :, :, c], wanted, atol=2e-6)


def test_eps_is_inside_the_square_root():
    # Plane (-1, 1): mean 0, variance 1; eps 3 gives 1 / sqrt(4).
    x = jnp.array([-1.0, 1.0]).reshape(1, 1, 2, 1)
    got = instance_norm(x, jnp.ones(1), jnp.zeros(1), eps=3.0)
    np.testing.assert_allclose(got.ravel(), [-0.5, 0.5], rtol=1e-6)


def test_bright_flat_planes_keep_their_contrast():
    # Mean 100, deviation 0.01: E[x^2] - E[x]^2 has no correct digit here in float32.
    x = 100.0 + 0.01 * jnp.asarray(np.random.default_rng(0).normal(size=(1, 32, 32, 1)), "float32")
    plane = np.asarray(x, np.float64)
    wanted = (plane - plane.mean()) / np.sqrt(plane.var() + 1e-5)
    np.testing.assert_allclose(instance_norm(x, jnp.ones(1), jnp.zeros(1)), wanted, atol=2e-2)


def test_gradients_equal_automatic_ones():
    with jax.enable_x64(True):
        *operands, y_bar = arrays(np.float64)
        got, want = (jax.vjp(f, *operands)[1](y_bar) for f in (instance_norm, stepwise))
        for ours, theirs in zip(got, want, strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_gradients_of_gradients_equal_automatic_ones():
    with jax.enable_x64(True):
        *operands, y_bar = arrays(np.float64)

        def penalty(f, *operands):
            slope = jax.grad(lambda x: jnp.sum(jnp.sin(f(x, *operands[1:])) * y_bar))(operands[0])
            return jnp.sum(slope**2)

        def gradients(f):
            return jax.jit(jax.grad(lambda *a: penalty(f, *a), argnums=(0, 1, 2)))(*operands)

        for ours, theirs in zip(gradients(instance_norm), gradients(stepwise), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("parameters", [jnp.float32, jnp.bfloat16])
def test_bfloat16_takes_its_statistics_in_float32(parameters):
    x, scale, bias, y_bar = arrays()
    half = (x + 8).astype(jnp.bfloat16)
    operands = (half, scale.astype(parameters), bias.astype(parameters))
    got, pull_back = jax.vjp(instance_norm, *operands)
    assert got.dtype == jnp.bfloat16
    wanted = instance_norm(*(z.astype(jnp.float32) for z in operands))
    # One rounding, of the result: half a step of 2^-8, relative.
    np.testing.assert_allclose(got.astype(jnp.float32), wanted, rtol=2**-8, atol=1e-6)
    bars = pull_back(y_bar.astype(jnp.bfloat16))
    assert [bar.dtype for bar in bars] == [z.dtype for z in operands]


def test_images_of_a_batch_do_not_see_each_other():
    x, scale, bias, _ = arrays()
    alone = instance_norm(x[:1], scale, bias)
    np.testing.assert_allclose(instance_norm(x, scale, bias)[:1], alone, atol=1e-6)


@pytest.mark.parametrize("axes", [norm.IMAGE, norm.BATCH])
def test_one_pass_equals_two_with_gradients(axes):
    x = 3.0 + arrays(shape=(2, 16, 24, 4))[0]
    forms = norm._moments, norm._moments_in_one_pass
    for got, want in zip(*(form(axes, x) for form in forms[::-1]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)

    def slope(form):
        return jax.grad(lambda x: sum(jnp.sum(jnp.sin(y)) for y in form(axes, x)))(x)

    np.testing.assert_allclose(slope(forms[1]), slope(forms[0]), atol=1e-7)


def test_one_pass_keeps_the_contrast_of_bright_flat_planes():
    x = 100.0 + 0.01 * jnp.asarray(np.random.default_rng(0).normal(size=(1, 32, 32, 1)), "float32")
    _, variance = norm._moments_in_one_pass(norm.IMAGE, x)
    np.testing.assert_allclose(variance.ravel(), np.asarray(x, np.float64).var(), rtol=1e-5)


def test_one_pass_around_the_one_pixel_that_differs():
    # The worst case: 1024 pixels, 1023 of them equal; variance 1023 / 1024^2 of the distance's
    # square, which is 1024 times that of ``E[x - s]^2``.
    x = jnp.full((1, 32, 32, 1), 100.0).at[0, 16, 16].set(200.0)
    _, variance = norm._moments_in_one_pass(norm.IMAGE, x)
    np.testing.assert_allclose(variance.ravel(), 1023 / 1024**2 * 1e4, rtol=1024 * 2**-23)


def test_one_pass_of_a_flat_plane_has_no_variance():
    mean, variance = norm._moments_in_one_pass(norm.IMAGE, jnp.full((1, 4, 6, 1), 0.1))
    assert float(variance[0, 0, 0, 0]) == 0.0
    np.testing.assert_allclose(mean.ravel(), 0.1, rtol=1e-7)
