"""Styles by class: numbers against loops, noise in training and after, unlabelled pixels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.generators import UNet, with_labels
from sggan_jax.nets.layers import ClassStyle
from sggan_jax.nets.sizes import add_labels
from sggan_jax.types import IGNORE, to_float, to_uint8


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def apply(table, x, labels, **options):
    return np.asarray(
        ClassStyle(len(table)).apply({"params": {"kernel": table}}, x, labels, **options)
    )


def test_every_class_has_a_gain_and_a_shift_of_its_own():
    x, labels = draw(2, 4, 6, 2), np.random.default_rng(1).integers(0, 3, (2, 4, 6))
    table = np.concatenate([draw(3, 4), np.zeros((3, 2), np.float32)], axis=1)
    want = np.empty_like(x)
    for at in np.ndindex(labels.shape):
        gain, shift = 5 * table[labels[at]][:2], 5 * table[labels[at]][2:4]
        want[at] = x[at] * (1 + gain) + shift
    np.testing.assert_allclose(apply(table, x, labels), want, rtol=1e-5, atol=1e-5)


def test_classes_of_one_position_count_by_their_shares():
    labels = np.full((1, 4, 4), IGNORE)
    labels[0, :2, :2] = [[0, 1], [1, IGNORE]]  # a quarter, a half, and a quarter of none
    table = np.array([[0, 8, 0], [0, 16, 0]], np.float32) / 5
    got = apply(table, np.zeros((1, 2, 2, 1), np.float32), labels)
    np.testing.assert_allclose(got[0, ..., 0], [[0.25 * 8 + 0.5 * 16, 0], [0, 0]], rtol=1e-6)


def test_noise_is_fixed_after_training_and_only_where_the_class_is_rough():
    labels = np.zeros((2, 32, 64), np.int32)
    labels[:, :, 32:] = 1
    table = np.array([[0, 0, 0], [0, 0, 0.2]], np.float32)
    x = np.zeros((2, 32, 64, 1), np.float32)
    fixed = apply(table, x, labels)
    np.testing.assert_array_equal(fixed, apply(table, x, labels))
    np.testing.assert_array_equal(fixed[0], fixed[1])
    assert (fixed[:, :, :32] == 0).all()
    assert abs(fixed[0, :, 32:].mean()) < 0.1
    assert 0.9 < fixed[0, :, 32:].std() < 1.1
    rngs = [{"dropout": jax.random.key(k)} for k in (1, 2)]
    drawn = [apply(table, x, labels, train=True, rngs=rng) for rng in rngs]
    noises = [made[k, :, 32:, 0].ravel() for made in drawn for k in (0, 1)]
    assert np.abs(np.corrcoef(noises) - np.eye(4)).max() < 0.15


@pytest.fixture(scope="module")
def told():
    net = UNet(8, 3, 0.0, skip_image=True, classes=3)
    shapes = jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, 16, 32, 3)))
    rng = np.random.default_rng(0)
    return net, jax.tree.map(lambda x: rng.normal(0, 0.3, x.shape).astype(np.float32), shapes)


def test_without_labels_the_network_is_the_one_that_is_not_told(told):
    net, variables = told
    x = jnp.asarray(draw(1, 16, 32, 3)).clip(-1, 1)
    plain = {k: v for k, v in variables["params"].items() if not k.endswith("_style")}
    want = UNet(8, 3, 0.0, skip_image=True).apply({"params": plain}, x)
    assert len(plain) == len(variables["params"]) - 3
    np.testing.assert_array_equal(net.apply(variables, x), want)
    unlabelled = with_labels(x, np.full((1, 16, 32), IGNORE))
    np.testing.assert_array_equal(net.apply(variables, unlabelled), want)


def test_labels_change_the_image_and_every_class_by_itself(told):
    net, variables = told
    x = jnp.asarray(draw(1, 16, 32, 3)).clip(-1, 1)
    made = [net.apply(variables, with_labels(x, np.full((1, 16, 32), k))) for k in (0, 1, 2, 255)]
    for k in range(4):
        for other in made[:k]:
            assert np.abs(made[k] - other).mean() > 0.01


def test_class_groups_of_bytes_are_those_of_floats():
    groups = np.arange(256, dtype=np.uint8)
    labels = np.random.default_rng(1).permutation(groups).reshape(1, 16, 16)
    images = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), np.uint8)
    as_bytes = add_labels(images, labels, groups[::-1], "it")
    as_floats = with_labels(to_float(jnp.asarray(images)), groups[::-1][labels])
    np.testing.assert_allclose(to_float(jnp.asarray(as_bytes)), as_floats, atol=1e-6)
    np.testing.assert_array_equal(to_uint8(as_floats), as_bytes)


def test_the_styles_learn(told):
    net, variables = told
    labels = np.random.default_rng(0).integers(0, 3, (1, 16, 32))
    x = with_labels(jnp.asarray(draw(1, 16, 32, 3)).clip(-1, 1), labels)
    slopes = jax.grad(lambda p: net.apply(p, x).mean())(variables)["params"]
    for name in (f"up{level}_style" for level in range(3)):
        assert (np.abs(slopes[name]["kernel"]).max(1) > 0).all(), name
