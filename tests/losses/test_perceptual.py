"""Content distance and readable labels against loops over numbers, and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.losses.perceptual import EPS, content_distance, readable_classes

SHAPES = (2, 4, 6, 3), (2, 2, 3, 5)


def levels(seed):
    rng = np.random.default_rng(seed)
    return [2 * rng.normal(size=shape) + rng.normal(size=shape[-1]) for shape in SHAPES]


def distance_loops(x, y):
    """Normalise every channel of every image by itself, then add up squares."""
    means = []
    for one, other in zip(x, y, strict=True):
        total = 0.0
        for b in range(one.shape[0]):
            for c in range(one.shape[3]):
                normal = []
                for channel in (one[b, :, :, c], other[b, :, :, c]):
                    centred = channel - channel.mean()
                    normal.append(centred / np.sqrt((centred**2).mean() + EPS))
                total += ((normal[0] - normal[1]) ** 2).sum()
        means.append(total / one.size)
    return sum(means) / len(means)


def test_content_distance_and_its_gradient_are_those_of_loops():
    x, y = levels(0), levels(1)
    with jax.enable_x64(True):
        arrays = [jnp.asarray(level) for level in x], [jnp.asarray(level) for level in y]
        got, grads = jax.value_and_grad(content_distance, argnums=1)(*arrays)
    np.testing.assert_allclose(got, distance_loops(x, y), rtol=1e-6)
    for level, place in [(0, (0, 1, 2, 0)), (0, (1, 3, 5, 2)), (1, (1, 0, 1, 4))]:
        values = []
        for step in (1e-5, -1e-5):
            nudged = [level.copy() for level in y]
            nudged[level][place] += step
            values.append(distance_loops(x, nudged))
        want = (values[0] - values[1]) / 2e-5
        np.testing.assert_allclose(grads[level][place], want, rtol=1e-5)


def test_tint_and_contrast_of_a_channel_do_not_matter():
    x = [jnp.asarray(level, jnp.float32) for level in levels(2)]
    assert float(content_distance(x, [3.0 * level + 7.0 for level in x])) < 1e-6


def test_channels_that_say_nothing_cost_nothing():
    x = [jnp.ones((1, 2, 2, 3))]
    value, grad = jax.value_and_grad(content_distance, argnums=1)(x, x)
    assert float(value) == 0.0
    np.testing.assert_array_equal(grad[0], np.zeros((1, 2, 2, 3)))


def test_content_distance_refuses_what_does_not_match():
    x = [jnp.ones((1, 2, 2, 3))]
    with pytest.raises(ValueError, match="on both sides, got 1 and 2"):
        content_distance(x, x * 2)
    with pytest.raises(ValueError, match="got 0 and 0"):
        content_distance([], [])
    with pytest.raises(ValueError, match=r"x \(1, 2, 2, 3\), y \(1, 2, 2, 1\)"):
        content_distance(x, [x[0][..., :1]])


def test_only_pixels_that_are_read_right_keep_their_class():
    logits = np.random.default_rng(3).normal(size=(2, 3, 4, 5)).astype(np.float32)
    classes = np.random.default_rng(4).integers(0, 5, (2, 3, 4)).astype(np.uint8)
    classes[0, 0, 0] = 255
    got = np.asarray(readable_classes(jnp.asarray(logits), jnp.asarray(classes)))
    assert got.dtype == np.uint8
    for place in np.ndindex(classes.shape):
        right = int(np.argmax(logits[place])) == classes[place]
        assert got[place] == (classes[place] if right else 255)
    assert 0 < (got != 255).sum() < got.size


def test_readable_classes_refuse_what_does_not_match():
    with pytest.raises(ValueError, match=r"logits \(1, 2, 3\) need classes \(1, 2\), got \(2,\)"):
        readable_classes(jnp.zeros((1, 2, 3)), jnp.zeros(2, jnp.uint8))
