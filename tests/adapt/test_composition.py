"""Regions and objects of photographs in place of a rendering's, worked out by hand."""

import numpy as np
import pytest

from sggan_jax.adapt.composition import CANDIDATES, compose, extend, remember

NAMES = ("road", "sky", "person")
GROUND, SKY, PERSON = range(3)


def flat(colour, size=(16, 24)):
    return np.full((*size, 3), colour, np.uint8)


def horizon(row, size=(16, 24)):
    """Classes of sky above a row and road from it on."""
    return np.where(np.arange(size[0])[:, None] < row, SKY, GROUND) * np.ones(size, np.uint8)


def with_box(classes, top, left, height, width):
    changed = classes.copy()
    changed[top : top + height, left : left + width] = PERSON
    return changed


def rng():
    return np.random.default_rng(0)


def test_a_region_goes_on_mirrored_and_then_with_its_last_pixel():
    image = np.arange(7)[None, :, None]
    got = extend(image, np.array([[0, 0, 0, 1, 1, 0, 0]], bool))[0, :, 0]
    # 3 is next to 0, 1, 2, mirrored at 3 to 6, 5, 4, of which 4 alone is within.
    assert got.tolist() == [3, 3, 4, 3, 4, 3, 4]
    whole = np.arange(24).reshape(2, 4, 3)
    np.testing.assert_array_equal(extend(whole, np.ones((2, 4), bool)), whole)


def test_a_region_is_filled_from_the_photograph_that_shows_most_of_it():
    classes = horizon(6)
    rows = (2, 6, 12)
    memory = remember([(flat(50 + row), horizon(row)) for row in rows], NAMES)
    made = compose(flat(0), classes, memory, rng())
    # All of the road is shown by horizons at 2 and 6, all of the sky by those at 6 and 12.
    assert set(np.unique(made[classes == GROUND])) <= {52, 56}
    assert set(np.unique(made[classes == SKY])) <= {56, 62}


def test_pixels_lie_where_the_photograph_has_them_and_mirrored_where_it_has_none():
    photograph = np.arange(16)[:, None, None] * np.ones((16, 24, 3), np.uint8)
    memory = remember([(photograph.astype(np.uint8), horizon(8))], NAMES)
    made = compose(flat(200), horizon(5), memory, rng())[:, 0, 0]
    # The sky above row 5 is as it is; the road's rows 5 to 7 are rows 11 to 9, mirrored at 8.
    assert made.tolist() == [0, 1, 2, 3, 4, 11, 10, 9, *range(8, 16)]


def test_an_object_comes_from_the_one_whose_outline_fits_best():
    slim, wide = with_box(horizon(6), 4, 4, 8, 3), with_box(horizon(6), 8, 10, 4, 8)
    shown = []
    for classes, colour in ((slim, 100), (wide, 150)):
        image = flat(9)
        image[classes == PERSON] = colour
        shown.append((image, classes))
    memory = remember(shown, NAMES)
    assert [mask.shape for _, mask in memory.objects[PERSON]] == [(8, 3), (4, 8)]
    for box, colour in (((2, 2, 12, 4), 100), ((9, 9, 4, 9), 150)):
        classes = with_box(horizon(6), *box)
        made = compose(flat(0), classes, memory, rng())
        assert (made[classes == PERSON] == colour).all()
        assert (made[classes != PERSON] == 9).all()


def test_what_no_photograph_has_or_is_tiny_or_no_class_keeps_its_pixels():
    memory = remember([(flat(80), np.full((16, 24), SKY, np.uint8))], NAMES)
    classes = with_box(horizon(6), 8, 4, 5, 3)
    classes[0, :12] = 255
    made = compose(flat(7), classes, memory, rng())
    assert (made[classes == SKY] == 80).all()
    assert (made[classes != SKY] == 7).all()
    tiny = np.full((16, 24), GROUND, np.uint8)
    tiny[0, :11] = SKY
    assert (compose(flat(7), tiny, memory, rng()) == 7).all()
    nothing = remember([], NAMES)
    assert (compose(flat(7), classes, nothing, rng()) == 7).all()


def test_an_object_is_not_made_from_a_tiny_one_or_one_of_another_form():
    classes = with_box(horizon(6), 0, 4, 14, 4)
    for box in ((0, 0, 6, 2), (2, 2, 8, 12)):
        memory = remember([(flat(80), with_box(horizon(0), *box))], NAMES)
        made = compose(flat(7), classes, memory, rng())
        assert (made[classes == PERSON] == 7).all()


@pytest.mark.parametrize("number", [CANDIDATES, 2 * CANDIDATES])
def test_chance_chooses_among_more_photographs_than_are_compared(number):
    memory = remember([(flat(k), horizon(6)) for k in range(number)], NAMES)
    made = {
        int(compose(flat(0), horizon(6), memory, np.random.default_rng(seed))[8, 0, 0])
        for seed in range(8)
    }
    assert len(made) > 4
    again = [compose(flat(0), horizon(6), memory, rng()) for _ in range(2)]
    np.testing.assert_array_equal(*again)
