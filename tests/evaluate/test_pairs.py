import math

import numpy as np
import pytest

from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.evaluate.pairs import count_boundaries, count_errors, edges, format_errors
from sggan_jax.types import InputError

ROAD, SKY, CAR = 7, 23, 26


def scenes(seed, number=2, height=6, width=9):
    """Two noisy looks, and labels in blocks that never hold a car."""
    rng = np.random.default_rng(seed)
    images, true = rng.integers(0, 256, (2, number, height, width, 3), np.uint8)
    labels = np.full((number, height, width), ROAD, np.uint8)
    labels[:, : height // 2] = SKY
    labels[:, :, width // 3] = 11 + seed
    return images, true, labels


def loop_errors(images, true, labels):
    """Mean absolute error by class, one pixel and channel at a time."""
    found = {}
    for place in np.ndindex(labels.shape):
        for channel in range(3):
            difference = abs(int(images[place][channel]) - int(true[place][channel]))
            found.setdefault(int(labels[place]), []).append(difference)
    return {i: sum(values) / len(values) for i, values in found.items()}, found


def test_errors_agree_with_loops():
    images, true, labels = scenes(0)
    errors = count_errors(images, true, labels)
    expected, found = loop_errors(images, true, labels)
    assert errors.by_class == pytest.approx(expected)
    everything = [value for values in found.values() for value in values]
    assert errors.overall == pytest.approx(sum(everything) / len(everything))


def test_batches_add_up_to_the_data_set():
    """Sums are divided once: the mean over two batches is not the mean of two means."""
    parts = [scenes(0, number=1), scenes(1, number=3)]
    whole = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
    added = count_errors(*parts[0]) + count_errors(*parts[1])
    assert added.by_class == count_errors(*whole).by_class
    assert added.overall == count_errors(*whole).overall
    images, true, labels = zip(*parts, strict=True)
    boundaries = [count_boundaries(*part) for part in zip(images, true, labels, strict=True)]
    assert boundaries[0] + boundaries[1] == count_boundaries(*whole)


def test_errors_by_hand():
    image = np.zeros((1, 1, 4, 3), np.uint8)
    true = np.array([[[[0, 0, 0], [255, 255, 255], [1, 2, 3], [9, 0, 0]]]], np.uint8)
    errors = count_errors(image, true, np.array([[[ROAD, ROAD, SKY, SKY]]], np.uint8))
    # Road: (0 + 3 * 255) / 6 = 127.5. Sky: (1 + 2 + 3 + 9) / 6 = 2.5. All: 780 / 12 = 65.
    assert errors.by_class == {ROAD: 127.5, SKY: 2.5}
    assert errors.overall == 65.0
    # |255 - 0| must not wrap around, whichever way it is taken.
    assert count_errors(true, image, np.full((1, 1, 4), SKY, np.uint8)).overall == 65.0


def test_absent_classes_are_left_out_and_nothing_is_nan():
    images, true, labels = scenes(0)
    assert CAR not in count_errors(images, true, labels).by_class
    nothing = count_errors(images[:0], true[:0], labels[:0])
    assert nothing.by_class == {}
    assert math.isnan(nothing.overall)


def loop_edges(image, threshold):
    """Sobel magnitude of the luminance over 4, border mirrored, one pixel at a time."""
    y = image.astype(float) @ [0.299, 0.587, 0.114]
    height, width = y.shape

    def at(i, j):
        i = -i if i < 0 else 2 * (height - 1) - i if i >= height else i
        j = -j if j < 0 else 2 * (width - 1) - j if j >= width else j
        return y[i, j]

    found = np.zeros((height, width), bool)
    for i, j in np.ndindex(height, width):
        right = at(i - 1, j + 1) + 2 * at(i, j + 1) + at(i + 1, j + 1)
        left = at(i - 1, j - 1) + 2 * at(i, j - 1) + at(i + 1, j - 1)
        above = at(i - 1, j - 1) + 2 * at(i - 1, j) + at(i - 1, j + 1)
        below = at(i + 1, j - 1) + 2 * at(i + 1, j) + at(i + 1, j + 1)
        found[i, j] = math.sqrt((right - left) ** 2 + (above - below) ** 2) / 4 >= threshold
    return found


def loop_boundaries(image, adapted, labels, threshold):
    """(shown, kept, near an edge) of one scene, one pixel at a time."""
    height, width = labels.shape
    of_input, of_adapted = loop_edges(image, threshold), loop_edges(adapted, threshold)
    shown = kept = near_edge = 0
    for i, j in np.ndindex(height, width):
        # Beyond the border the map is mirrored, so that both neighbours are the same there.
        across = 0 < j < width - 1 and labels[i, j - 1] != labels[i, j + 1]
        along = 0 < i < height - 1 and labels[i - 1, j] != labels[i + 1, j]
        near = of_adapted[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].any()
        near_edge += near
        if (across or along) and of_input[i, j]:
            shown += 1
            kept += near
    return shown, kept, near_edge


@pytest.mark.parametrize("threshold", [40.0, 90.0])
def test_edges_and_boundaries_agree_with_loops(threshold):
    images, adapted, labels = scenes(2, height=10, width=14)
    expected = [loop_edges(image, threshold) for image in images]
    np.testing.assert_array_equal(edges(images, threshold), expected)
    counts = count_boundaries(images, adapted, labels, threshold)
    triples = zip(images, adapted, labels, strict=True)
    totals = np.sum([loop_boundaries(*triple, threshold) for triple in triples], axis=0)
    assert [counts.shown, counts.kept, counts.near_edge] == totals.tolist()
    assert counts.pixels == 280
    assert counts.recall == totals[1] / totals[0]
    assert counts.chance == totals[2] / 280


def step_image(column, height=30):
    image = np.zeros((1, 8, 12, 3), np.uint8)
    image[:, :, column:] = height
    return image


def test_boundaries_kept_lost_and_moved():
    labels = np.full((1, 8, 12), ROAD, np.uint8)
    labels[:, :, 6:] = SKY
    image = step_image(6)  # an edge in columns 5 and 6 of 8 rows, where the labels change too
    same = count_boundaries(image, image, labels)
    assert (same.shown, same.recall) == (16, 1.0)
    # Contrast turned over or doubled still marks the boundary; columns 4 to 7 of 12 are near it.
    assert count_boundaries(image, 255 - image, labels).recall == 1.0
    assert same.chance == pytest.approx(4 / 12)
    # Moved by 1: edge in columns 6 and 7, within one pixel of both. By 2: 7 and 8, only of 6.
    recalls = [count_boundaries(image, step_image(6 + k), labels).recall for k in (1, 2, 3)]
    assert recalls == [1.0, 0.5, 0.0]
    flat = np.full_like(image, 90)
    assert count_boundaries(image, flat, labels).recall == 0.0
    # A boundary that the input does not show cannot be kept.
    assert math.isnan(count_boundaries(flat, image, labels).recall)


def test_threshold_is_the_height_of_a_step():
    for height in (23, 24, 200):
        assert edges(step_image(6, height)).any() == (height >= 24)


def test_table_lists_classes_by_size():
    true = np.zeros((1, 1, 4, 3), np.uint8)
    labels = np.array([[[SKY, ROAD, ROAD, ROAD]]], np.uint8)
    looks = {"virtual": np.full_like(true, 40), "adapted": np.full_like(true, 30)}
    looks["adapted"][0, 0, 0] = 60
    columns = {name: count_errors(images, true, labels) for name, images in looks.items()}
    # All: (60 + 3 * 30) / 4 = 37.5, 6.25 % less than 40.
    assert format_errors(columns, CITYSCAPES).splitlines() == [
        "| class      | pixels | virtual | adapted | change |",
        "| :--------- | -----: | ------: | ------: | -----: |",
        "| all pixels | 100.0% |    40.0 |    37.5 |    -6% |",
        "| road       |  75.0% |    40.0 |    30.0 |   -25% |",
        "| sky        |  25.0% |    40.0 |    60.0 |   +50% |",
    ]


def test_table_without_error_to_compare_with():
    true = np.zeros((1, 1, 1, 3), np.uint8)
    same = count_errors(true, true, np.full((1, 1, 1), 99, np.uint8))
    lines = format_errors({"a": same, "b": same}, CITYSCAPES).splitlines()
    assert lines[-1].split() == [
        "|",
        "id",
        "99",
        "|",
        "100.0%",
        "|",
        "0.0",
        "|",
        "0.0",
        "|",
        "-",
        "|",
    ]


def test_other_shapes_and_types_are_refused():
    images, true, labels = scenes(0)
    for bad in (true[:1], true[:, :-1], true.astype(np.float32), true[..., :1]):
        for score in (count_errors, count_boundaries):
            with pytest.raises(InputError, match=r"must be uint8 \[2, 6, 9, 3\] like the labels"):
                score(images, bad, labels)
    with pytest.raises(InputError, match="labels must be uint8 class ids, got int32"):
        count_errors(images, true, labels.astype(np.int32))
