import numpy as np
import pytest

from sggan_jax.data.transforms import (
    NUM_UNIFORMS,
    Augmentation,
    augment,
    flip,
    jitter_colour,
    rescale,
    resize,
    resize_image,
    resize_labels,
    window,
)
from sggan_jax.types import InputError


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


def mirror(place, size):
    """Walk back and forth between both ends until the place is reached."""
    here, step = 0, 1
    for _ in range(abs(place)):
        if size > 1 and not 0 <= here + step < size:
            step = -step
        here += step if size > 1 else 0
    return here


@pytest.mark.parametrize(
    "box", [(0, 0, 4, 6), (1, 2, 3, 4), (-2, 3, 5, 9), (-9, -20, 30, 40), (2, 5, 1, 1)]
)
def test_a_window_mirrors_the_image_and_ignores_what_is_beyond(pair, box):
    image, labels = (array[:4, :6] for array in pair(4))
    top, left, height, width = box
    out, out_labels = window(image, labels, *box)
    assert out.shape == (height, width, 3)
    for row in range(height):
        for column in range(width):
            y, x = top + row, left + column
            inside = 0 <= y < 4 and 0 <= x < 6
            assert out_labels[row, column] == (labels[y, x] if inside else 255)
            np.testing.assert_array_equal(out[row, column], image[mirror(y, 4), mirror(x, 6)])


def test_a_window_around_a_single_pixel():
    out, labels = window(
        np.full((1, 1, 3), 9, np.uint8), np.full((1, 1), 7, np.uint8), -1, -2, 3, 4
    )
    assert (out == 9).all()
    assert (labels == 7).sum() == 1
    assert labels[1, 2] == 7


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.999, 0.999), (0.5, 0.25)])
def test_an_enlarged_image_is_cut_at_the_share_of_what_is_too_much(pair, shares):
    image, labels = pair(5, 8, 12)
    out, out_labels = rescale(image, labels, 1.5, *shares)
    large, large_labels = resize(image, labels, 12, 18)
    # 12 - 8 and 18 - 12 rows and columns are too many: 5 and 7 places for the window.
    top, left = int(shares[0] * 5), int(shares[1] * 7)
    np.testing.assert_array_equal(out, large[top : top + 8, left : left + 12])
    np.testing.assert_array_equal(out_labels, large_labels[top : top + 8, left : left + 12])


@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.999, 0.999), (0.5, 0.25)])
def test_a_shrunken_image_is_framed_by_its_mirror_image(pair, shares):
    image, labels = pair(6, 8, 12)
    out, out_labels = rescale(image, labels, 0.5, *shares)
    small, small_labels = resize(image, labels, 4, 6)
    top, left = int(shares[0] * 5), int(shares[1] * 7)
    for row in range(8):
        for column in range(12):
            y, x = row - top, column - left
            np.testing.assert_array_equal(out[row, column], small[mirror(y, 4), mirror(x, 6)])
            inside = 0 <= y < 4 and 0 <= x < 6
            assert out_labels[row, column] == (small_labels[y, x] if inside else 255)


def test_a_scale_of_one_changes_nothing(pair):
    image, labels = pair(7)
    out, out_labels = rescale(image, labels, 1.0, 0.3, 0.9)
    np.testing.assert_array_equal(out, image)
    np.testing.assert_array_equal(out_labels, labels)


@pytest.mark.parametrize("factors", [(0.5, 1, 1), (1, 0.4, 1), (1, 1, 1.7), (1.3, 1.2, 0.8)])
def test_recolouring_pixel_by_pixel(pair, factors):
    saturation, contrast, brightness = factors
    image, _ = pair(8, 6, 8)
    gains = np.array([0.9, 1.0, 1.2])
    tinted = image.astype(float) * gains

    def luminance(pixel):  # ITU-R BT.601
        return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]

    mean = np.mean([luminance(pixel) for row in tinted for pixel in row])
    out = jitter_colour(image, gains, *factors)
    for row in range(6):
        for column in range(8):
            grey = luminance(tinted[row, column])
            pixel = grey + saturation * (tinted[row, column] - grey)
            pixel = brightness * (mean + contrast * (pixel - mean))
            # Numbers close to halves may round either way.
            assert np.abs(out[row, column] - np.clip(pixel, 0, 255)).max() <= 0.501


def test_nothing_is_altered_unless_allowed(pair):
    image, labels = pair(9)
    out = augment(image, labels, np.random.default_rng(0).random(NUM_UNIFORMS), Augmentation())
    assert out[0] is image
    assert out[1] is labels


def test_the_ends_of_what_augmentation_may_do(pair):
    image, labels = pair(10)
    how = Augmentation(0.5, 2.0, 0.4)
    low, high = np.zeros(NUM_UNIFORMS), np.full(NUM_UNIFORMS, 1 - 1e-12)
    for uniforms, factor, change in ((low, 0.5, -0.4), (high, 2.0, 0.4)):
        scaled, scaled_labels = rescale(image, labels, factor, uniforms[1], uniforms[2])
        gains, (saturation, contrast, brightness) = 1 + np.full((2, 3), change) * [[0.25], [1]]
        out, out_labels = augment(image, labels, uniforms, how)
        expected = jitter_colour(scaled, gains, saturation, contrast, brightness)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(out_labels, scaled_labels)


def test_rows_and_columns_of_a_window_are_drawn_apart(pair):
    image, labels = pair(12)
    uniforms = np.full(NUM_UNIFORMS, 0.5)
    uniforms[:3] = 1 - 1e-12, 0.1, 0.8
    out, _ = augment(image, labels, uniforms, Augmentation(1.0, 2.0))
    np.testing.assert_array_equal(out, rescale(image, labels, 2.0, 0.1, 0.8)[0])


def test_every_number_has_an_effect_of_its_own(pair):
    image, labels = pair(11, 32, 48)
    base, how = np.full(NUM_UNIFORMS, 0.4), Augmentation(0.5, 2.0, 0.4)
    seen = {augment(image, labels, base, how)[0].tobytes()}
    for k in range(NUM_UNIFORMS):
        uniforms = base.copy()
        uniforms[k] = 0.9
        seen.add(augment(image, labels, uniforms, how)[0].tobytes())
    assert len(seen) == NUM_UNIFORMS + 1


@pytest.mark.parametrize("band", [np.s_[4:11], np.s_[:, 9:23]])
def test_a_scaled_image_and_its_labels_stay_aligned(band):
    labels = np.full((16, 32), 7, np.uint8)
    labels[band] = 23
    image = np.repeat(np.where(labels == 23, 255, 0).astype(np.uint8)[..., None], 3, -1)
    for uniforms in np.random.default_rng(1).random((20, NUM_UNIFORMS)):
        out, out_labels = augment(image, labels, uniforms, Augmentation(0.6, 1.7))
        assert (out[out_labels == 23] > 126).all()
        assert (out[out_labels == 7] < 129).all()


def numbered_rows(height=20, width=12):
    """An image and labels that hold the number of their row."""
    rows = np.arange(height, dtype=np.uint8)[:, None].repeat(width, 1)
    return rows[..., None].repeat(3, -1), rows


def first_rows(how, domain, count=400):
    """First rows of windows drawn at random."""
    image, labels = numbered_rows()
    drawn = np.random.default_rng(2).random((count, NUM_UNIFORMS))
    windows = [augment(image, labels, uniforms, how, domain) for uniforms in drawn]
    for out, out_labels in windows:
        assert out.shape == (how.crop_height, how.crop_width, 3)
        np.testing.assert_array_equal(out_labels[:, 0] - out_labels[0, 0], np.arange(len(out)))
        np.testing.assert_array_equal(out[..., 0], out_labels)
    return [int(out_labels[0, 0]) for _, out_labels in windows]


def test_windows_of_both_domains_lie_at_the_same_heights():
    how = Augmentation(crop_height=14, crop_width=8)
    virtual, real = first_rows(how, 0), first_rows(how, 1)
    assert virtual == real
    # 20 rows leave 7 places for 14, all about equally common.
    counts = np.bincount(virtual, minlength=7)
    assert counts.size == 7
    assert counts.min() > 0.5 * 400 / 7


@pytest.mark.parametrize("shift", [0.1, -0.2, 0.5])
def test_windows_of_the_real_domain_lie_lower_by_the_shift(shift):
    how = Augmentation(crop_height=14, crop_width=8, crop_shift=shift)
    virtual, real = np.array(first_rows(how, 0)), np.array(first_rows(how, 1))
    # As far as there is room: 20 rows, of which 6 are free.
    lower = int(np.sign(shift)) * min(6, round(abs(shift) * 20))
    np.testing.assert_array_equal(real - virtual, lower)
    both = np.concatenate([virtual, real])
    assert (both.min(), both.max()) == (0, 6)


def test_a_window_after_scaling():
    image, labels = numbered_rows(20, 20)
    how = Augmentation(2.0, 2.0, crop_height=14, crop_width=8)
    out, out_labels = augment(image, labels, np.full(NUM_UNIFORMS, 0.0), how)
    assert out.shape == (14, 8, 3)
    assert out_labels[:, 0].tolist() == [row // 2 for row in range(14)]


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((1.0, 1.0, 0.0, -1), "A window of -1x0, 0.0 of the height lower, is impossible"),
        ((1.0, 1.0, 0.0, 8, 8, 1.0), "A window of 8x8, 1.0 of the height lower, is impossible"),
        ((0.0, 1.0), "Scales from 0.0 to 1.0 are impossible"),
        ((1.5, 1.2), "Scales from 1.5 to 1.2 are impossible"),
        ((1.0, 1.0, 1.0), r"Strength 1.0 of colour changes is outside \[0, 1\)"),
    ],
)
def test_impossible_augmentations(numbers, sentence):
    with pytest.raises(InputError, match=sentence):
        Augmentation(*numbers)
