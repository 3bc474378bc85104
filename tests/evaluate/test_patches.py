"""Patches, their partners, and the features of one class, against loops."""

import numpy as np

from sggan_jax.evaluate import patches
from sggan_jax.evaluate.patches import (
    LEAST_AGREEMENT,
    aligned_distance,
    choose_places,
    class_distance,
    cut,
    match,
)
from sggan_jax.evaluate.realism import kernel_distance_of_subsets

REGIONS = np.full(256, 255, np.uint8)
REGIONS[[7, 23]] = [0, 1]


class Images(list):
    """A source of examples."""

    @property
    def names(self):
        return [example["name"] for example in self]


def make_images(number, size=(64, 96), seed=0):
    rng = np.random.default_rng(seed)
    examples = Images()
    for k in range(number):
        label = np.where(np.arange(size[0])[:, None] < rng.integers(10, 50), 23, 7)
        label = np.broadcast_to(label, size).astype(np.uint8)
        image = rng.integers(0, 256, (*size, 3), np.uint8)
        examples.append({"image": image, "label": label, "name": f"{k}"})
    return examples


def test_places_lie_inside_and_are_spread_evenly():
    places = choose_places(7, (64, 96), 100, 0)
    assert places.side == 16
    assert places.tops.min() >= 0
    assert places.tops.max() <= 48
    assert places.lefts.max() <= 80
    counts = np.bincount(places.images)
    assert (counts.min(), counts.max()) == (14, 15)
    assert choose_places(3, (256, 512), 5, 0).side == 64
    assert choose_places(3, (12, 512), 5, 0).side == 12


def test_patches_are_cut_where_their_places_are():
    source = make_images(3)
    places = choose_places(3, (64, 96), 10, 1)
    images, labels = cut(source, places, REGIONS)
    for k in range(10):
        i, top, left = places.images[k], places.tops[k], places.lefts[k]
        np.testing.assert_array_equal(
            images[k], source[i]["image"][top : top + 16, left : left + 16]
        )
        np.testing.assert_array_equal(
            labels[k], REGIONS[source[i]["label"]][top : top + 16, left : left + 16]
        )


def test_partners_agree_and_serve_once():
    rng = np.random.default_rng(0)
    a = np.repeat(rng.integers(0, 3, (12, 2, 8)), 4, axis=1).astype(np.uint8)
    b = np.repeat(rng.integers(0, 3, (9, 2, 8)), 4, axis=1).astype(np.uint8)
    b[4] = a[5]
    mine, theirs = match(a, b)
    agreement = np.array([[np.mean(one == other) for other in b] for one in a])
    assert len(set(mine)) == len(mine)
    assert len(set(theirs)) == len(theirs)
    assert (agreement[mine, theirs] >= LEAST_AGREEMENT).all()
    left = set(range(9))
    for i, j in zip(mine, theirs, strict=True):  # in the order in which they chose
        assert agreement[i, j] == max(agreement[i, list(left)])
        left.discard(j)
    for i in set(range(12)) - set(mine):
        assert all(agreement[i, j] < LEAST_AGREEMENT for j in left)
    assert match(np.zeros((2, 8, 8), np.uint8), np.ones((2, 8, 8), np.uint8))[0].size == 0


def test_one_class_is_averaged_over_its_own_places():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4, 4, 5)), rng.normal(size=(30, 4, 4, 5))
    labels = np.zeros((30, 16, 16), np.uint8)
    labels[:, :8] = 1
    labels[3] = 0  # without the class: left out
    labels[4, 4:] = 0  # a quarter of it: in
    labels[4, :4] = 1
    kept = [k for k in range(30) if k != 3]

    def average(maps):
        rows = [maps[k, : 1 if k == 4 else 2].reshape(-1, 5).mean(0) for k in kept]
        return np.array(rows)

    distance, pairs = class_distance(x, labels, y, labels, 1)
    assert pairs == 29
    expected = kernel_distance_of_subsets(average(x), average(y))
    np.testing.assert_allclose(distance, expected, rtol=1e-6)
    assert class_distance(x[:20], labels[:20], y[:20], labels[:20], 1) is None
    assert class_distance(x, labels, y, labels, 2) is None


def test_patches_of_one_look_are_nearer_than_those_of_another():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 60, 4, 4, 6))
    assert abs(aligned_distance(one, other).mean) < aligned_distance(one, other + 1).mean


def test_maps_of_patches_do_not_depend_on_the_batch():
    class Every4th:
        def maps(self, images):
            assert len(images) == 64
            return images[:, ::4, ::4].astype(np.float32)

    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 3), np.uint8)
    np.testing.assert_array_equal(patches.encode(Every4th(), images), images[:, ::4, ::4])
