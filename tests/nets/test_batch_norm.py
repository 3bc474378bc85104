"""Batch norm against numpy and finite differences; how the networks begin."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.initial import init_variables
from sggan_jax.nets.layers import BatchNorm, ConvBlock
from sggan_jax.nets.norm import batch_norm

SHAPE = (3, 4, 5, 2)


def arrays(dtype=np.float32):
    rng = np.random.default_rng(0)
    x = rng.normal(3.0, 2.0, SHAPE)
    return tuple(jnp.asarray(a, dtype) for a in (x, [0.5, 2.0], [-1.0, 4.0]))


def test_batch_norm_against_numpy():
    x, scale, bias = arrays()
    y, mean, variance = batch_norm(x, scale, bias, 1e-3)
    for c in range(2):
        plane = np.asarray(x, np.float64)[..., c].ravel()
        np.testing.assert_allclose(mean[c], plane.mean(), rtol=1e-5)
        np.testing.assert_allclose(variance[c], plane.var(), rtol=1e-5)
        want = float(scale[c]) * (plane - plane.mean()) / np.sqrt(plane.var() + 1e-3)
        np.testing.assert_allclose(np.ravel(y[..., c]), want + float(bias[c]), atol=1e-5)


def test_a_bright_flat_map_keeps_its_contrast():
    x = 1000 + 0.01 * jnp.asarray(np.random.default_rng(1).choice([-1, 1], SHAPE), jnp.float32)
    _, _, variance = batch_norm(x, jnp.ones(2), jnp.zeros(2), 1e-3)
    np.testing.assert_allclose(variance, np.asarray(x, np.float64).var((0, 1, 2)), rtol=0.02)


def test_gradients_match_finite_differences():
    with jax.enable_x64(True):
        given = arrays(np.float64)
        rng = np.random.default_rng(2)
        steps = [jnp.asarray(rng.normal(size=a.shape), jnp.float64) for a in given]

        @jax.jit
        def value(t):
            y, *_ = batch_norm(*(a + t * d for a, d in zip(given, steps, strict=True)), 1e-3)
            return jnp.sum(jnp.sin(y))

        slope = (value(1e-6) - value(-1e-6)) / 2e-6
        np.testing.assert_allclose(jax.grad(value)(0.0), slope, rtol=1e-7)


def test_running_statistics_follow_the_batch():
    """A twentieth of the way in a step, and inference uses them."""
    x, *_ = arrays()
    norm = BatchNorm(eps=0.0, keep=0.95)
    variables = norm.init(jax.random.key(0), x)
    y, new = norm.apply(variables, x, True, mutable=["batch_stats"])
    flat = np.asarray(x, np.float64).reshape(-1, 2)
    np.testing.assert_allclose(np.reshape(y, (-1, 2)).mean(0), 0, atol=1e-5)
    mean, variance = 0.05 * flat.mean(0), 0.95 + 0.05 * flat.var(0)
    np.testing.assert_allclose(new["batch_stats"]["mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(new["batch_stats"]["variance"], variance, rtol=1e-5)
    later = norm.apply({"params": variables["params"], **new}, x, False)
    want = (flat - mean) / np.sqrt(variance)
    np.testing.assert_allclose(np.reshape(later, (-1, 2)), want, rtol=1e-4)


def test_bfloat16_keeps_statistics_in_float32():
    x, scale, bias = arrays()
    y, mean, _ = batch_norm(x.astype(jnp.bfloat16), scale, bias, 1e-3)
    assert (y.dtype, mean.dtype) == (jnp.bfloat16, jnp.float32)


@pytest.mark.parametrize("features", [6, 0])
def test_variables_have_the_form_and_std_of_the_modules_own(features):
    unit, x = ConvBlock(features, 3), jnp.zeros((1, 4, 4, 400))
    own, drawn = (
        unit.init(jax.random.key(0), x),
        init_variables(unit, jax.random.key(0), x),
    )
    assert jax.tree.map(jnp.shape, own) == jax.tree.map(jnp.shape, drawn)
    fan_in = 9 * (400 if features else 1)
    for variables in (own, drawn):
        kernel = np.asarray(variables["params"]["conv"]["kernel"])
        np.testing.assert_allclose(kernel.std(), np.sqrt(2 / fan_in), rtol=0.05)
        norm, stats = variables["params"]["norm"], variables["batch_stats"]["norm"]
        assert (norm["scale"] == 1).all()
        assert (norm["bias"] == 0).all()
        assert (stats["mean"] == 0).all()
        assert (stats["variance"] == 1).all()


def test_the_key_decides():
    unit, x = ConvBlock(6, 3), jnp.zeros((1, 4, 4, 5))
    first, again, other = (init_variables(unit, jax.random.key(k), x) for k in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first, again)
    assert (first["params"]["conv"]["kernel"] != other["params"]["conv"]["kernel"]).any()
