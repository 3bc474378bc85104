"""Discriminators of features: every head judges by class groups, projections are fixed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.features import FeatureDiscriminator, level_masks, project
from sggan_jax.nets.initial import init_params

SHAPES = (2, 4, 8, 3), (2, 2, 4, 5)


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(0)
    features = [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in SHAPES]
    groups = rng.integers(0, 3, (2, 8, 16)).astype(np.uint8)
    groups[0, :4] = 255
    network = FeatureDiscriminator(width=4, class_groups=3)
    masks = level_masks(jnp.asarray(groups), 3, features)
    params = init_params(network, jax.random.key(0), features, masks)
    params = jax.tree.map(lambda x: 5 * x if np.abs(x).max() < 0.1 else x, params)
    return network, params, features, groups, masks


def test_masks_are_those_of_the_centre_of_every_position(judged):
    _, _, features, groups, masks = judged
    for x, mask in zip(features, masks, strict=True):
        step = 8 // x.shape[1]
        for b, i, j in np.ndindex(x.shape[:3]):
            want = np.zeros(3)
            if (group := groups[b, i * step + step // 2, j * step + step // 2]) != 255:
                want[group] = 1
            np.testing.assert_array_equal(mask[b, i, j], want)


def test_every_level_is_scored_by_its_own_head_and_the_filter_of_its_class(judged):
    network, params, features, _, masks = judged
    apply = jax.jit(network.apply)
    scores = apply({"params": params}, features, masks)
    assert [x.shape for x in scores] == [(2, 4, 8, 1), (2, 2, 4, 1)]
    for k in range(3):
        alone = [jnp.zeros_like(mask).at[..., k].set(1.0) for mask in masks]
        by_filter = apply({"params": params}, features, alone)
        for score, one, mask in zip(scores, by_filter, masks, strict=True):
            at = np.asarray(mask[..., k]) == 1
            np.testing.assert_allclose(score[..., 0][at], one[..., 0][at], rtol=1e-5, atol=1e-6)
    assert float(jnp.abs(scores[0][0, :2]).max()) == 0.0  # ignored: no filter judges
    swapped = apply({"params": params}, [2.0 * features[0], features[1]], masks)
    assert not np.allclose(swapped[0], scores[0])
    np.testing.assert_array_equal(swapped[1], scores[1])


def test_projections_mix_channels_and_coarser_levels_by_fixed_matrices(judged):
    _, _, features, _, _ = judged
    mixed = project(features, 6)
    assert [x.shape for x in mixed] == [(2, 4, 8, 6), (2, 2, 4, 6)]
    numbers = np.random.default_rng(0)
    own, down = [], []
    for x in features:
        own.append(numbers.standard_normal((x.shape[-1], 6), np.float32) / np.sqrt(x.shape[-1]))
        down.append(numbers.standard_normal((6, 6), np.float32) / np.sqrt(6))
    coarse = np.einsum("bhwc,cd->bhwd", features[1], own[1])
    np.testing.assert_allclose(mixed[1], coarse, rtol=1e-5, atol=1e-6)
    for b, i, j in np.ndindex(2, 4, 8):
        want = features[0][b, i, j] @ own[0] + coarse[b, i // 2, j // 2] @ down[0]
        np.testing.assert_allclose(mixed[0][b, i, j], want / np.sqrt(2), rtol=1e-4, atol=1e-5)
    again = project(features, 6)
    assert all(np.array_equal(x, y) for x, y in zip(mixed, again, strict=True))


def test_levels_far_apart_are_repeated_as_often_as_it_takes():
    fine, coarse = jnp.zeros((1, 5, 8, 2)), jnp.arange(4.0).reshape(1, 2, 2, 1)
    top = project([fine, coarse], 1)[0][0, :, :, 0]
    assert top.shape == (5, 8)
    assert len(np.unique(np.asarray(top)[:3, :4])) == 1  # 5 rows of 2: three of the first
    assert not np.isclose(top[2, 5], top[3, 5])
