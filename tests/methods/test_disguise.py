"""Random changes of images: shifts against loops, light and noise by their statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.methods.disguise import disguise, draw_shift, inner, shift_images

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 6, 8, 3)).astype(np.float32)


def mirrored(index, length):
    return -index if index < 0 else 2 * (length - 1) - index if index >= length else index


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -1), (-2, 2)])
def test_shifts_move_every_pixel_and_mirror_or_fill_the_rest(down, right):
    pixels = jnp.array([down, right])
    shift = jax.jit(shift_images, static_argnums=(2, 3))
    got = np.asarray(shift(IMAGES, pixels, 2, None))
    labels = np.arange(2 * 6 * 8, dtype=np.uint8).reshape(2, 6, 8, 1)
    moved = np.asarray(shift(labels, pixels, 2, 255))
    assert moved.dtype == np.uint8
    for i, j in np.ndindex(6, 8):
        row, column = i - down, j - right
        inside = 0 <= row < 6 and 0 <= column < 8
        np.testing.assert_array_equal(
            got[:, i, j], IMAGES[:, mirrored(row, 6), mirrored(column, 8)]
        )
        want = labels[:, row, column] if inside else np.full((2, 1), 255)
        np.testing.assert_array_equal(moved[:, i, j], want)


def test_no_shift_is_no_work():
    assert shift_images(IMAGES, jnp.zeros(2, jnp.int32), 0) is IMAGES


def test_shifts_reach_their_bounds_and_not_beyond():
    keys = jax.random.split(jax.random.key(0), 400)
    drawn = np.asarray(jax.vmap(lambda key: draw_shift(key, 2))(keys))
    assert drawn.shape == (400, 2)
    for axis in (0, 1):
        values, counts = np.unique(drawn[:, axis], return_counts=True)
        assert values.tolist() == [-2, -1, 0, 1, 2]
        assert counts.min() > 50  # 80 expected of each


def test_a_margin_is_cut_off_every_side():
    np.testing.assert_array_equal(inner(IMAGES, 2), IMAGES[:, 2:4, 2:6])


def test_without_strength_nothing_changes():
    assert disguise(jax.random.key(0), IMAGES, 0.0, 0.0) is IMAGES


def test_light_is_a_smooth_factor_of_its_own_for_every_image_and_channel():
    images = jnp.asarray(IMAGES)
    lit = np.asarray(disguise(jax.random.key(1), images, 0.5, 0.0))
    factors = (lit + 1) / (IMAGES + 1)
    assert factors.min() >= 0.5
    assert factors.max() <= 1.5
    # Between the centres of the corners, factors change by the same amount from row to row.
    steps = np.diff(factors[:, 2:4], axis=1)
    rows = factors[:, 3] - factors[:, 2]
    np.testing.assert_allclose(steps[:, 0], rows, atol=1e-5)
    corners = factors[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert len(np.unique(corners.round(4))) == 2 * 4 * 3


def test_noise_has_its_deviation():
    images = jnp.zeros((1, 64, 64, 3))
    noise = np.asarray(disguise(jax.random.key(2), images, 0.0, 0.1))
    # 12288 numbers: the deviation is known to 0.6 %.
    assert abs(noise.std() - 0.1) < 0.003
    assert abs(noise.mean()) < 0.004
