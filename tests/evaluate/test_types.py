"""Images in other types than bytes, and features that are no numbers, have no measure."""

import numpy as np
import pytest

from sggan_jax.evaluate.colour import measure_colours, to_lab
from sggan_jax.evaluate.confusion import count_pixels
from sggan_jax.evaluate.contrast import measure_contrast
from sggan_jax.evaluate.figures import difference_map
from sggan_jax.evaluate.flicker import measure_pair
from sggan_jax.evaluate.grid import measure_contrasts
from sggan_jax.evaluate.meaning import measure_gradients
from sggan_jax.evaluate.pairs import count_errors, edges
from sggan_jax.evaluate.realism import frechet_distance, kernel_distance
from sggan_jax.types import InputError

LABELS = np.zeros((2, 32, 32), np.uint8)
MEASURES = {
    "to_lab": to_lab,
    "measure_colours": lambda x: measure_colours(x, LABELS, 1),
    "measure_contrast": lambda x: measure_contrast(x, LABELS, 1),
    "difference_map": lambda x: difference_map(x, x),
    "measure_pair": lambda x: measure_pair((x[0], x[1]), (x[0], x[1])),
    "measure_contrasts": measure_contrasts,
    "measure_gradients": lambda x: measure_gradients(x[0], x[1]),
    "edges": edges,
    "count_errors": lambda x: count_errors(x, x, LABELS),
}


@pytest.mark.parametrize("scale", [1 / 255, 1 / 127.5, 1.0])
@pytest.mark.parametrize("of", MEASURES)
def test_floating_point_images_are_refused(of, scale):
    bytes_ = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    MEASURES[of](bytes_)
    with pytest.raises(InputError, match=r"must be uint8 .*got float32"):
        MEASURES[of]((bytes_ * np.float32(scale)).astype(np.float32))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused(distance, value):
    x = np.arange(12.0).reshape(6, 2)
    spoilt = x.copy()
    spoilt[3, 1] = value
    for pair in ((x, spoilt), (spoilt, x)):
        with pytest.raises(InputError, match="features must be finite"):
            distance(*pair)


def test_classes_between_classes_are_not_rounded():
    truth = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match="predicted classes must be integers, got float64"):
        count_pixels(truth, np.full((2, 2), 0.6), 2)
