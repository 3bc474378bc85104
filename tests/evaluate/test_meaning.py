"""Scores of one adapted image against numbers worked out by hand and against the training loss."""

import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.evaluate.meaning import (
    FARTHEST,
    Classes,
    measure_gradients,
    score_boundaries,
    score_image,
)
from sggan_jax.losses.gradient import semantic_boundary, soft_gradient_loss
from sggan_jax.types import InputError, to_float

REGIONS = np.full(256, 255, np.uint8)
REGIONS[[7, 23, 24, 25]] = [0, 1, 2, 2]
CLASSES = Classes(("road", "sky", "person"), REGIONS)


@pytest.fixture
def scene():
    """Sky over road, each of one colour: the boundary lies between rows 5 and 6 of 12."""
    labels = np.full((12, 16), 23, np.uint8)
    labels[6:] = 7
    image = np.where(labels[..., None] == 23, 200, 80).astype(np.uint8) * np.ones(3, np.uint8)
    return image, labels


def test_nothing_changed(scene):
    image, labels = scene
    seen = np.where(labels == 23, 1, 0).astype(np.uint8)
    scores = score_image(image, image, labels, CLASSES, (seen, seen))
    assert (scores.source, scores.adapted, scores.boundary_f, scores.moved) == (1, 1, 1, 0)
    assert (scores.gradient, scores.change) == (0, 0)
    assert list(scores.classes) == ["road", "sky"]


def test_classes_are_counted_by_their_own_pixels(scene):
    image, labels = scene
    labels[0, :4] = 24, 25, 4, 4  # two people's pixels, and two that are no class
    adapted = image.copy()
    adapted[6:] += 10
    before, after = np.where(labels >= 23, 1, 0), np.zeros((12, 16))
    scores = score_image(
        image, adapted, labels, CLASSES, (before.astype(np.uint8), after.astype(np.uint8))
    )
    # 96 pixels of road and 92 of sky are right before, of 190 with a class; afterwards the road.
    assert scores.source == pytest.approx(188 / 190)
    assert scores.adapted == pytest.approx(96 / 190)
    sky, road, person = (scores.classes[name] for name in ("sky", "road", "person"))
    assert (sky.source, sky.adapted, sky.change) == (1, 0, 0)
    assert sky.pixels == pytest.approx(92 / 192)
    assert (road.source, road.adapted, road.change) == (1, 1, 10)
    assert (person.source, person.adapted) == (0, 0)
    assert scores.change == pytest.approx(5)


def test_without_a_network_nobody_saw_anything(scene):
    scores = score_image(scene[0], scene[0], scene[1], CLASSES)
    assert scores.source is None
    assert scores.classes["sky"].adapted is None


def test_gradients_are_those_of_the_training_loss(scene):
    image, labels = scene
    adapted = np.random.default_rng(0).integers(0, 256, image.shape, np.uint8)
    gradients = measure_gradients(image, adapted)
    x, y, lab = (jnp.asarray(one[None]) for one in (image, adapted, labels))
    boundary = np.asarray(semantic_boundary(lab))[0]
    at_boundary = soft_gradient_loss(to_float(x), to_float(y), lab, 1.0, 0.0)
    everywhere = soft_gradient_loss(to_float(x), to_float(y), lab, 0.0, 1.0)
    np.testing.assert_allclose((gradients * boundary).mean(), at_boundary, rtol=1e-5)
    np.testing.assert_allclose(gradients.mean(), everywhere, rtol=1e-5)
    scores = score_image(image, adapted, labels, CLASSES)
    np.testing.assert_allclose(scores.gradient * boundary.mean(), at_boundary, rtol=1e-5)
    np.testing.assert_allclose(
        (scores.classes["sky"].gradient + scores.classes["road"].gradient) / 2,
        everywhere,
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("rows", "moved", "f"),
    [
        # Edges lie in the two rows beside a step. One row down: one of the two rows is 1 away;
        # all are within 1 of each other. Two down: rows 2 and 1 away, half of all within 1; beyond
        # that none; 3 rows of the band reach the edge 2 and 3 rows down.
        (0, 0.0, 1.0),
        (1, 0.5, 1.0),
        (2, 1.5, 0.5),
        (3, 2.5, 0.0),
        (4, 3.5, 0.0),
        (5, 4.5, 0.0),
    ],
)
def test_boundaries_that_moved(scene, rows, moved, f):
    image, labels = scene
    adapted = np.concatenate([image[:1]] * rows + [image[: 12 - rows]])
    score, distance = score_boundaries(image, adapted, labels)
    assert distance == pytest.approx(moved)
    assert score == pytest.approx(f)


def test_boundaries_that_went_and_boundaries_that_never_showed(scene):
    image, labels = scene
    assert score_boundaries(image, np.full_like(image, 90), labels) == (0.0, FARTHEST)
    assert score_boundaries(np.full_like(image, 90), image, labels) == (None, None)
    flat = np.full_like(labels, 7)
    assert score_image(image, image, flat, CLASSES).gradient is None


def test_texture_far_from_boundaries_does_not_count_as_a_boundary():
    labels = np.full((32, 16), 23, np.uint8)
    labels[16:] = 7
    image = np.where(labels[..., None] == 23, 200, 80).astype(np.uint8) * np.ones(3, np.uint8)
    adapted = image.copy()
    adapted[:6:2] = 0
    assert score_boundaries(image, adapted, labels) == (1.0, 0.0)


def test_shapes_must_agree(scene):
    image, labels = scene
    with pytest.raises(InputError, match="adapted must be uint8"):
        score_image(image, image[:4], labels, CLASSES)
