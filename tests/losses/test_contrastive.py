"""Contrast of patches against loops over pairs, and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.contrastive import patch_contrast

SHAPE = (2, 5, 3)


def contrast_loops(queries, keys, temperature):
    total = 0.0
    for b in range(SHAPE[0]):
        for i in range(SHAPE[1]):
            similar = [np.dot(queries[b, i], keys[b, j]) / temperature for j in range(SHAPE[1])]
            total -= np.log(np.exp(similar[i]) / np.exp(similar).sum())
    return total / (SHAPE[0] * SHAPE[1])


def test_contrast_and_its_gradient_are_those_of_loops():
    queries, keys = np.random.default_rng(0).normal(size=(2, *SHAPE))
    with jax.enable_x64(True):
        arrays = jnp.asarray(queries), jnp.asarray(keys)
        got, grads = jax.value_and_grad(patch_contrast, argnums=(0, 1))(*arrays, 0.5)
    np.testing.assert_allclose(got, contrast_loops(queries, keys, 0.5), rtol=1e-6)
    for place in [(0, 0, 0), (1, 4, 2), (0, 3, 1)]:
        nudge = np.zeros(SHAPE)
        nudge[place] = 1e-5
        high, low = (contrast_loops(queries + sign * nudge, keys, 0.5) for sign in (1, -1))
        np.testing.assert_allclose(grads[0][place], (high - low) / 2e-5, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(grads[1], np.zeros(SHAPE))  # keys do not move


def test_what_cannot_be_told_apart_costs_the_logarithm_of_the_number():
    np.testing.assert_allclose(
        patch_contrast(jnp.ones(SHAPE), jnp.ones(SHAPE)), np.log(5), rtol=1e-5
    )


def test_refusals():
    with pytest.raises(ValueError, match=r"queries \(2, 5, 3\), keys \(2, 4, 3\)"):
        patch_contrast(jnp.ones(SHAPE), jnp.ones((2, 4, 3)))
    with pytest.raises(ValueError, match=r"\[B, N, C\] .* got \(5, 3\) and 0.07"):
        patch_contrast(jnp.ones((5, 3)), jnp.ones((5, 3)))
    with pytest.raises(ValueError, match=r"positive temperature, .* and 0"):
        patch_contrast(jnp.ones(SHAPE), jnp.ones(SHAPE), 0.0)
