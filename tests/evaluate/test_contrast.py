"""Local contrast of classes against loops over windows."""

import numpy as np
import pytest

from sggan_jax.evaluate.contrast import (
    LEAST_WINDOWS,
    SIDE,
    LocalContrast,
    contrast_ratios,
    measure_contrast,
)
from sggan_jax.types import InputError


def test_windows_of_one_class_agree_with_loops():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 20, 24, 3), np.uint8)
    labels = np.zeros((2, 20, 24), np.uint8)
    labels[:, :, 10:] = 1
    labels[1, 12:] = 255
    grey = images @ np.array([0.299, 0.587, 0.114])
    deviations = {0: [], 1: [], 255: []}
    for n in range(2):
        for top in range(20 - SIDE + 1):
            for left in range(24 - SIDE + 1):
                window = np.s_[n, top : top + SIDE, left : left + SIDE]
                if len(np.unique(labels[window])) == 1:
                    deviations[labels[window][0, 0]].append(grey[window].std())
    found = measure_contrast(images, labels, 3)
    assert found.windows.tolist() == [len(deviations[0]), len(deviations[1]), 0]
    np.testing.assert_allclose(found.mean[:2], [np.mean(deviations[k]) for k in (0, 1)], rtol=1e-5)
    assert np.isnan(found.mean[2])


def test_edges_between_classes_are_no_contrast():
    labels = np.repeat(np.array([0, 1], np.uint8), 8)[None, None] + np.zeros((1, 16, 1), np.uint8)
    image = np.where(labels[..., None] == 0, 20, 200).astype(np.uint8) * np.ones(3, np.uint8)
    np.testing.assert_allclose(measure_contrast(image, labels, 2).mean, 0, atol=1e-4)


def test_ratios_are_octaves_of_classes_with_enough_windows():
    """(1.75 + 0.25) / (0.25 + 0.25) is 4, two octaves."""
    one = LocalContrast(np.array([LEAST_WINDOWS, LEAST_WINDOWS]), np.array([1.75, 1.75]))
    other = LocalContrast(np.array([LEAST_WINDOWS, LEAST_WINDOWS - 1]), np.array([0.25, 0.25]))
    np.testing.assert_allclose(contrast_ratios(one, other), [2, np.nan])
    np.testing.assert_allclose(contrast_ratios(other, one), [-2, np.nan])


def test_labels_of_another_size_are_refused():
    with pytest.raises(InputError, match="like the labels"):
        measure_contrast(np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 9), np.uint8), 1)
