"""Flicker, counted by hand on three frames."""

import numpy as np
import pytest

from sggan_jax.evaluate.flicker import NO_FLICKER, Flicker, measure_flicker, measure_pair


class Frames(list):
    names = ("drive_07", "drive_08", "drive_09")


def frames(levels, labels=None):
    labels = labels or [np.full((4, 8), 7, np.uint8)] * 3
    images = [np.full((4, 8, 3), level, np.uint8) for level in levels]
    return Frames(
        {"image": image, "label": label} for image, label in zip(images, labels, strict=True)
    )


def test_still_pixels_that_change_flicker():
    source, adapted = frames([100, 102, 102]), frames([50, 60, 45])
    flicker = measure_flicker(source, adapted)
    # 32 pixels each time: the source changes by 2 and 0, the adapted images by 10 and 15.
    assert (flicker.pairs, flicker.pixels) == (2, 64)
    assert (flicker.source, flicker.adapted) == (64, 32 * 10 + 32 * 15)
    assert flicker.excess == pytest.approx(12.5 - 1)


def test_moving_pixels_and_changed_classes_do_not_count():
    source = frames([100, 100, 200])
    for k in (0, 1):
        source[k]["image"] = source[k]["image"].copy()
    source[1]["image"][:2] = 150  # half of the first pair moves
    source[1]["label"] = source[1]["label"].copy()
    source[1]["label"][2] = 26  # and a row changes its class
    flicker = measure_flicker(source, frames([0, 9, 99]))
    # One row of 8 stands still in the first pair, a quarter of it; nothing does in the second.
    assert (flicker.pairs, flicker.pixels, flicker.adapted) == (1, 8, 72)


def test_images_that_are_no_sequence_have_no_flicker():
    flicker = measure_flicker(frames([0, 100, 200]), frames([0, 1, 2]))
    assert (flicker.pairs, flicker.pixels) == (0, 0)
    assert np.isnan(flicker.excess)


def test_pairs_without_labels_add_up():
    """Two rows of four stand still; every pixel of the adapted image changes by 7."""
    one, other = np.zeros((4, 8, 3), np.uint8), np.full((4, 8, 3), 7, np.uint8)
    moved = one.copy()
    moved[:2] = 90
    pair = measure_pair((one, moved), (one, other))
    assert pair == Flicker(1, 16, 0.0, 16 * 7.0)
    assert measure_pair((one, moved), (one, other), np.zeros((4, 8), bool)) == NO_FLICKER
    assert pair + pair == Flicker(2, 32, 0.0, 224.0)
