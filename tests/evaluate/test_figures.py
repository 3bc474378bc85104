import numpy as np

from sggan_jax.evaluate.figures import draw_columns, draw_table


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
