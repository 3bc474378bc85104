"""L*a*b* against published values, and colours of classes against loops."""

import numpy as np
import pytest

from sggan_jax.evaluate.colour import (
    LEAST_PIXELS,
    Colours,
    colour_distances,
    measure_colours,
    to_lab,
)
from sggan_jax.types import InputError


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        # Linear ((119 / 255 + 0.055) / 1.055)^2.4 = 0.18447, its cube root 0.56928.
        ((119, 119, 119), (116 * 0.56928 - 16, 0, 0)),
        # Below the corner: linear 3 / 255 / 12.92 = 0.00091058, L* = 903.30 times that.
        ((3, 3, 3), (0.8225, 0, 0)),
    ],
)
def test_known_colours(rgb, lab):
    np.testing.assert_allclose(to_lab(np.array(rgb, np.uint8)), lab, atol=0.06)


def test_classes_agree_with_loops_and_others_count_nowhere():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 4, 5, 3), np.uint8)
    labels = rng.choice(np.array([0, 1, 3, 255], np.uint8), (3, 4, 5))
    found = measure_colours(images, labels, 4)
    for k in range(4):
        own = [
            to_lab(images[n, i, j])
            for n in range(3)
            for i in range(4)
            for j in range(5)
            if labels[n, i, j] == k
        ]
        assert found.pixels[k] == len(own)
        if own:
            np.testing.assert_allclose(found.mean[k], np.mean(own, axis=0), rtol=1e-5)
            np.testing.assert_allclose(found.std[k], np.std(own, axis=0), rtol=1e-4)
    assert found.pixels[2] == 0
    assert np.isnan(found.mean[2]).all()


def test_distance_is_that_of_means_and_deviations_of_classes_with_enough_pixels():
    zeros = np.zeros((4, 3))
    one = Colours(np.array([LEAST_PIXELS, LEAST_PIXELS, LEAST_PIXELS - 1, 9999]), zeros, zeros)
    mean = np.array([[2, 0, 0], [0, 0, 0], [2, 0, 0], [2, 0, 0]])
    std = np.array([[1, 2, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    other = Colours(np.array([LEAST_PIXELS, LEAST_PIXELS, 9999, LEAST_PIXELS - 1]), mean, std)
    np.testing.assert_array_equal(colour_distances(one, other), [3, 0, np.nan, np.nan])


def test_floats_are_refused():
    with pytest.raises(InputError, match="images must be uint8"):
        measure_colours(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2), np.uint8), 1)
