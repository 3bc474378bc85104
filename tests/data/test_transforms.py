import numpy as np
import pytest

from sggan_jax.data.transforms import flip, resize, resize_image, resize_labels


def test_shrinking_averages_whole_blocks(pair):
    image, _ = pair(0, 8, 12)
    small = resize_image(image, 4, 4)
    for row in range(4):
        for column in range(4):
            block = image[2 * row : 2 * row + 2, 3 * column : 3 * column + 3].astype(float)
            # Pillow rounds after each axis, so a mean may be off by one.
            assert np.abs(small[row, column] - block.mean((0, 1))).max() <= 1


def test_growing_interpolates():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, 1] = 100
    # Half-pixel centres: the four new pixels lie at 0 (edge), 0.25, 0.75, 1 (edge) of the way.
    assert resize_image(image, 1, 4)[0, :, 0].tolist() == [0, 25, 75, 100]


@pytest.mark.parametrize("size", [(4, 4), (3, 5), (8, 12), (16, 7)])
def test_labels_take_the_class_under_the_centre(pair, size):
    _, labels = pair(1, 8, 12)
    out = resize_labels(labels, *size)
    assert out.shape == size
    for row in range(size[0]):
        for column in range(size[1]):
            y = int((row + 0.5) * 8 / size[0])
            x = int((column + 0.5) * 12 / size[1])
            assert out[row, column] == labels[y, x]


def test_resize_keeps_the_same_size_untouched(pair):
    image, labels = pair(2)
    out, out_labels = resize(image, labels, *labels.shape)
    np.testing.assert_array_equal(out, image)
    np.testing.assert_array_equal(out_labels, labels)


def test_image_and_labels_stay_aligned():
    # A vertical edge at three quarters of the width, in image and labels alike.
    labels = np.full((8, 16), 7, np.uint8)
    labels[:, 12:] = 23
    image = np.repeat(np.where(labels == 23, 255, 0).astype(np.uint8)[..., None], 3, -1)
    for size in [(4, 8), (16, 32), (8, 4)]:
        out, out_labels = resize(image, labels, *size)
        inside = out_labels == 23
        assert (out[inside] > 127).all()
        assert (out[~inside] < 128).all()


def test_flip_mirrors_both(pair):
    image, labels = pair(3, 4, 8)
    out, out_labels = flip(image, labels)
    for column in range(8):
        np.testing.assert_array_equal(out[:, column], image[:, 7 - column])
        np.testing.assert_array_equal(out_labels[:, column], labels[:, 7 - column])
