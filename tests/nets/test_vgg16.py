"""VGG16 against the same network written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.vgg16 import BLOCKS, VGG16, convert_vgg16

SMALL = tuple((repeats, max(3, channels // 64)) for repeats, channels in BLOCKS)
# torchvision's numbers of the convolutions among its layers.
PLACES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def tensors_of(blocks):
    rng, before, tensors = np.random.default_rng(0), 3, {}
    channels = [c for repeats, c in blocks for _ in range(repeats)]
    for place, number in zip(PLACES, channels, strict=True):
        scale = np.sqrt(2 / (9 * before))
        kernel = rng.normal(0, scale, (number, before, 3, 3))
        tensors[f"features.{place}.weight"] = kernel.astype(np.float32)
        tensors[f"features.{place}.bias"] = rng.uniform(-0.3, 0.3, number).astype(np.float32)
        before = number
    return tensors


def by_hand(tensors, x):
    """Levels of [B, H, W, 3]; every block begins at these layers of torchvision."""
    levels, x = [], x.astype(np.float64)
    for place in PLACES:
        if place in (5, 10, 17, 24):
            height, width = (n // 2 for n in x.shape[1:3])
            x = x[:, : 2 * height, : 2 * width].reshape(len(x), height, 2, width, 2, -1)
            x = x.max((2, 4))
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        kernel = tensors[f"features.{place}.weight"]
        (_, height, width, _), total = x.shape, tensors[f"features.{place}.bias"]
        for i, j in np.ndindex(3, 3):
            total = total + padded[:, i : i + height, j : j + width] @ kernel[:, :, i, j].T
        x = np.maximum(total, 0)
        if place in (2, 7, 14, 21, 28):
            levels.append(x)
    return levels


def test_every_level_is_the_oracles():
    tensors = tensors_of(SMALL)
    images = np.random.default_rng(1).normal(size=(2, 21, 34, 3)).astype(np.float32)
    network = VGG16(SMALL)
    found = jax.jit(network.apply)(convert_vgg16(tensors, SMALL), images)
    assert [x.shape[1:3] for x in found] == [(21, 34), (10, 17), (5, 8), (2, 4), (1, 2)]
    for level, want in zip(found, by_hand(tensors, images), strict=True):
        np.testing.assert_allclose(level, want, rtol=1e-4, atol=1e-5)


def test_the_published_network_has_as_many_parameters():
    image = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
    params = jax.eval_shape(VGG16().init, jax.random.key(0), image)
    # 138,357,544 less a head of 25088 x 4096, 4096 x 4096 and 4096 x 1000 with biases.
    assert sum(x.size for x in jax.tree.leaves(params)) == 14_714_688


def test_a_missing_tensor_is_named():
    tensors = tensors_of(SMALL)
    del tensors["features.19.bias"]
    with pytest.raises(KeyError, match=r"features\.19\.bias"):
        convert_vgg16(tensors, SMALL)
