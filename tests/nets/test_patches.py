"""Patches of a generator's encoder: which layers, which positions, and heads of length 1."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.initial import init_params
from sggan_jax.nets.patches import PatchHeads, encode, encoder_layers, sample_patches

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 16, 32, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("generator", "shapes"),
    [
        (UNet(2, 3, 0.0), [(16, 32, 3), (8, 16, 2), (4, 8, 4)]),
        (UNet(1, 4, 0.0, skip_image=False), [(16, 32, 3), (8, 16, 1), (4, 8, 2), (2, 4, 4)]),
        (ResNet(2, 1), [(16, 32, 3), (16, 32, 2), (8, 16, 4), (4, 8, 8), (4, 8, 8)]),
    ],
)
def test_levels_are_the_images_and_normalised_maps_from_fine_to_coarse(generator, shapes):
    params = init_params(generator, jax.random.key(0), IMAGES)
    levels = jax.jit(lambda p, x: encode(generator, p, x))(params, IMAGES)
    assert [level.shape for level in levels] == [(2, *shape) for shape in shapes]
    np.testing.assert_array_equal(levels[0], IMAGES)
    for name, level in zip(encoder_layers(generator), levels[1:], strict=True):
        scale, bias = params[name]["scale"], params[name]["bias"]
        level = np.asarray(level)
        np.testing.assert_allclose(level.mean((1, 2)), np.tile(bias, (2, 1)), atol=1e-4)
        # What hardly varied before the norm stays a little below its scale.
        assert (level.std((1, 2)) < 1.001 * np.abs(scale)).all()


def test_the_first_map_is_the_convolution_of_the_image():
    generator = UNet(2, 2, 0.0)
    params = init_params(generator, jax.random.key(1), IMAGES)
    only = jax.jit(lambda p, x: encode(generator, p, x)[1])(params, IMAGES)
    kernel = params["down0"]["kernel"]
    padded = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)))
    raw = np.zeros((2, 8, 16, 2))
    for i, j in np.ndindex(8, 16):
        window = padded[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4]
        raw[:, i, j] = np.einsum("bhwc,hwco->bo", window, kernel)
    centred = raw - raw.mean((1, 2), keepdims=True)
    norm = params["down0_norm"]
    want = centred / np.sqrt((centred**2).mean((1, 2), keepdims=True) + 1e-5) * norm["scale"]
    np.testing.assert_allclose(only, want + norm["bias"], rtol=1e-3, atol=1e-4)


def test_patches_are_drawn_without_repetition_at_the_same_positions_of_every_image():
    levels = [jnp.arange(2 * 6 * 7.0).reshape(2, 6, 7, 1), jnp.arange(12.0).reshape(2, 2, 3, 1)]
    fine, coarse = sample_patches(jax.random.key(0), levels, 10)
    assert (fine.shape, coarse.shape) == ((2, 10, 1), (2, 6, 1))
    assert len(np.unique(fine[0])) == 10
    np.testing.assert_array_equal(fine[1], fine[0] + 42)
    assert sorted(coarse[0, :, 0].tolist()) == [0, 1, 2, 3, 4, 5]
    again, _ = sample_patches(jax.random.key(0), levels, 10)
    np.testing.assert_array_equal(again, fine)
    other, _ = sample_patches(jax.random.key(1), levels, 10)
    assert set(other[0, :, 0].tolist()) != set(fine[0, :, 0].tolist())


def test_heads_are_two_layers_of_matrices_and_give_length_one():
    rng = np.random.default_rng(2)
    levels = [rng.normal(size=(2, 4, 3)).astype(np.float32), rng.normal(size=(2, 5, 6))]
    levels = [jnp.asarray(level, jnp.float32) for level in levels]
    heads = PatchHeads(7)
    params = init_params(heads, jax.random.key(0), levels)
    params = jax.tree.map(lambda x: 20 * x + 0.01, params)
    got = jax.jit(heads.apply)({"params": params}, levels)
    for number, (x, y) in enumerate(zip(levels, got, strict=True)):
        for name in ("enter", "leave"):
            layer = params[f"level{number}_{name}"]
            x = np.asarray(x, np.float64) @ layer["kernel"][0, 0] + layer["bias"]
            x = np.maximum(x, 0) if name == "enter" else x
        want = x / np.linalg.norm(x, axis=-1, keepdims=True)
        np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)
