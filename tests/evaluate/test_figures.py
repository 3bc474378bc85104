import numpy as np
import pytest

from sggan_jax.evaluate.figures import (
    Box,
    difference_map,
    draw_columns,
    draw_table,
    frame,
    zoom,
)
from sggan_jax.types import InputError


def test_columns_stand_side_by_side_enlarged_without_blur():
    left, right = np.random.default_rng(0).integers(0, 256, (2, 2, 5, 40, 3), np.uint8)
    picture = np.asarray(draw_columns({"left": left, "right": right}, enlarge=3))
    # Gaps of 8 pixels, a title of 22 between two of them; images of 5x40 drawn as 15x120.
    for column, images in enumerate((left, right)):
        for row, image in enumerate(images):
            top, start = 38 + row * 23, 8 + column * 128
            drawn = picture[top : top + 15, start : start + 120]
            np.testing.assert_array_equal(drawn[1::3, 1::3], image)
            np.testing.assert_array_equal(drawn[::3, ::3], image)
    assert picture.shape == (38 + 2 * 23, 8 + 2 * 128, 3)


def test_titles_are_drawn_within_their_column():
    images = np.zeros((1, 4, 200, 3), np.uint8)
    title = np.asarray(draw_columns({"": images, "a rather long title indeed": images}))[:38]
    dark = np.flatnonzero((title < 128).any(axis=(0, 2)))
    assert dark.size
    assert 216 <= dark.min() <= dark.max() < 416


def test_rows_have_names_on_their_left():
    rows = np.random.default_rng(0).integers(0, 256, (2, 3, 30, 40, 3), np.uint8)
    picture = np.asarray(draw_table(["a", "b", "c"], {"first": rows[0], "no": rows[1]}))
    left = picture.shape[1] - (8 + 3 * 48)  # three columns of 40 with gaps of 8
    for index, row in enumerate(rows):
        top = 38 + index * 38
        for column, image in enumerate(row):
            start = left + 8 + column * 48
            np.testing.assert_array_equal(picture[top : top + 30, start : start + 40], image)
        assert (picture[top : top + 30, :left] < 128).any()  # its name
    assert (picture[:38, :left] == 255).all()


def test_a_difference_map_is_grey_and_clipped():
    a, b = np.zeros((2, 3, 4, 3), np.uint8), np.zeros((2, 3, 4, 3), np.uint8)
    a[0, 1, 2] = 30, 0, 0
    b[1, 0, 0] = 200
    drawn = difference_map(a, b, gain=4.0)
    assert drawn[0, 1, 2].tolist() == [40, 40, 40]  # 4 times the mean of 30, 0 and 0
    assert drawn[1, 0, 0].tolist() == [255, 255, 255]
    assert drawn.sum() == 3 * 40 + 3 * 255
    with pytest.raises(InputError, match="must have one shape"):
        difference_map(a, b[:1])


def test_a_part_is_enlarged_to_the_size_of_the_image():
    images = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)
    zoomed = zoom(images, Box(1, 2, 2, 3))
    expected = images[:, 1:3, 2:5].repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_array_equal(zoomed, expected)
    np.testing.assert_array_equal(zoom(images, Box(0, 0, 4, 6)), images)


@pytest.mark.parametrize("box", [(1, 2, 4, 3), (0, 4, 2, 3), (0, 0, 0, 2), (-1, 0, 2, 2)])
def test_a_box_outside_is_refused(box):
    with pytest.raises(InputError, match="does not lie inside images of 4x6"):
        zoom(np.zeros((4, 6, 3), np.uint8), Box(*box))


def test_a_frame_is_drawn_on_a_copy():
    images = np.zeros((1, 5, 6, 3), np.uint8)
    framed = frame(images, Box(1, 1, 3, 4))
    assert images.sum() == 0
    red = framed[0, :, :, 0] == 255
    expected = np.zeros((5, 6), bool)
    expected[1:4, 1:5] = True
    expected[2, 2:4] = False
    np.testing.assert_array_equal(red, expected)
