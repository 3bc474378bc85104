"""Measures of images that ask no segmentation network, and the minutes of a training."""

import json

import numpy as np
import pytest

from sggan_jax.evaluate.held_out import Arrays
from sggan_jax.reproduce.images import ImageMeasures, count_minutes

LABELS = np.zeros((8, 16, 32), np.uint8)
LABELS[:, :, 16:] = 7
BOARDS = np.where(LABELS > 0, 200, 40).astype(np.uint8)[..., None].repeat(3, axis=-1)


class Brightness:
    """Features of an image: its mean and spread."""

    asked = 0

    def vectors(self, batches):
        self.asked += 1
        images = np.concatenate(list(batches)).astype(np.float64)
        return np.stack([images.mean((1, 2, 3)), images.std((1, 2, 3))], axis=1) / 100


def test_images_that_stay_keep_their_boundaries_and_flat_ones_lose_them():
    measure = ImageMeasures(Arrays(BOARDS, LABELS), Arrays(BOARDS, LABELS), None)
    assert measure(Arrays(BOARDS, LABELS)) == {"kid": None, "boundary_f": 1.0}
    assert measure(Arrays(np.full_like(BOARDS, 90), LABELS))["boundary_f"] == 0.0
    flat = ImageMeasures(Arrays(BOARDS, LABELS * 0), Arrays(BOARDS, LABELS), None)
    assert flat(Arrays(BOARDS, LABELS))["boundary_f"] is None  # the labels show none


def test_images_like_photographs_are_nearer_and_these_are_encoded_once():
    noise = np.random.default_rng(0).integers(0, 30, (16, 16, 32, 3)).astype(np.uint8)
    photographs = BOARDS.repeat(2, axis=0) + noise
    features = Brightness()
    measure = ImageMeasures(
        Arrays(BOARDS, LABELS), Arrays(photographs, LABELS.repeat(2, axis=0)), features
    )
    near = measure(Arrays(photographs[::2], LABELS))["kid"]
    far = measure(Arrays(photographs[::2] // 2, LABELS))["kid"]
    assert abs(near) < 0.1 < far
    assert features.asked == 3


def test_minutes_are_those_of_the_steps(tmp_path):
    assert count_minutes(tmp_path) is None
    lines = [{"step": 60, "steps_per_second": 0.5}, {"step": 120, "steps_per_second": 1.0}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert count_minutes(tmp_path) == pytest.approx(2 + 1)
