import numpy as np
import pytest

from sggan_jax.adapt.colours import (
    Statistics,
    choose_photograph,
    match_classes,
    match_photograph,
    match_statistics,
    measure,
    measure_classes,
    measure_photograph,
    swap_amplitude,
)
from sggan_jax.types import InputError

AXES = (0, 1, 2)


def noise(seed, low=0, high=256, size=(12, 20)):
    return np.random.default_rng(seed).integers(low, high, (*size, 3), np.uint8)


def test_statistics_of_images_of_several_sizes():
    images = [noise(0), noise(1, 90, 140, (3, 5)), noise(2, 10, 20, (1, 7))]
    pixels = np.concatenate([image.reshape(-1, 3) for image in images]).astype(float)
    found = measure(images)
    np.testing.assert_allclose(found.mean, pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.std, pixels.std(0), rtol=1e-12)


def test_matched_colours_have_the_mean_and_spread_of_others():
    rng = np.random.default_rng(0)
    images = rng.integers(100, 140, (2, 40, 50, 3), np.uint8)
    like = rng.integers(30, [200, 90, 60], (3, 40, 50, 3)).astype(np.uint8)
    matched = match_statistics(images, measure(like))
    assert matched.dtype == np.uint8
    np.testing.assert_allclose(matched.mean(AXES), like.mean(AXES), atol=0.5)
    np.testing.assert_allclose(matched.std(AXES), like.std(AXES), atol=0.5)
    flat = np.full_like(images, 77)
    matched = match_statistics(flat, measure(like))
    np.testing.assert_allclose(matched.mean(AXES), like.mean(AXES), atol=0.5)


def test_one_map_for_a_data_set_leaves_dark_images_dark():
    dark, bright = noise(0, 20, 60), noise(1, 160, 220)
    source, target = measure([dark, bright]), measure([noise(2, 60, 200)])
    mapped = [match_statistics(image, target, source) for image in (dark, bright)]
    for image, old in zip(mapped, (dark, bright), strict=True):
        for place in ((0, 0), (5, 7)):
            for c in range(3):
                new = (float(old[place][c]) - source.mean[c]) / source.std[c]
                new = new * target.std[c] + target.mean[c]
                assert abs(float(image[place][c]) - min(max(new, 0), 255)) <= 0.5 + 1e-9
    assert mapped[0].mean() < mapped[1].mean() - 50
    own = [match_statistics(image, target) for image in (dark, bright)]
    assert abs(own[0].mean() - own[1].mean()) < 2


def transform(channel):
    """The discrete Fourier transform, summed as it is defined."""
    height, width = channel.shape
    rows, columns = np.arange(height), np.arange(width)
    left = np.exp(-2j * np.pi * np.outer(rows, rows) / height)
    right = np.exp(-2j * np.pi * np.outer(columns, columns) / width)
    return left @ channel @ right


def signed(index, size):
    """Cycles of the index-th frequency of a transform, from -size / 2 to size / 2."""
    return index if index <= size // 2 else index - size


@pytest.mark.parametrize(
    ("beta", "cycles"),
    [
        (0.01, (1, 1)),  # 0.12 rows and 0.2 columns: at least one cycle
        (0.2, (2, 4)),  # 2.4 and 4.0
        (0.5, (6, 10)),
    ],
)
def test_amplitudes_are_exchanged_at_low_frequencies_only(beta, cycles):
    # Contrast low enough that nothing is clipped: rounding alone separates result and definition.
    image, target = noise(0, 110, 150), noise(1, 100, 140)
    out = swap_amplitude(image, target, beta)
    for channel in range(3):
        old, wanted = (transform(x[..., channel].astype(float)) for x in (image, target))
        mixed = old.copy()
        for row, column in np.ndindex(old.shape):
            low = abs(signed(row, 12)) <= cycles[0] and abs(signed(column, 20)) <= cycles[1]
            if low:
                mixed[row, column] *= abs(wanted[row, column]) / abs(old[row, column])
        expected = np.conj(transform(np.conj(mixed))) / old.size
        assert np.abs(expected.imag).max() < 1e-9
        assert np.abs(out[..., channel] - expected.real).max() <= 0.5 + 1e-9
    changed = (out != image).mean()
    assert changed > 0.5


def test_the_share_of_a_side_is_not_lost_to_rounding():
    # 0.29 * 100 is a hair below 29 in binary: the 29th frequency must still be exchanged.
    wave = np.cos(2 * np.pi * 29 * np.arange(100) / 100)
    target = np.broadcast_to((128 + 100 * wave)[:, None, None], (100, 4, 3))
    image = np.broadcast_to((128 + 20 * wave)[:, None, None], (100, 4, 3))
    image, target = (np.rint(x).astype(np.uint8) for x in (image, target))
    assert swap_amplitude(image, target, 0.29).std() > 60
    assert swap_amplitude(image, target, 0.28).std() < 20


def test_an_image_swapped_with_itself_is_itself():
    np.testing.assert_array_equal(swap_amplitude(noise(3), noise(3), 0.3), noise(3))


def test_impossible_swaps():
    with pytest.raises(InputError, match=r"sizes must be equal, got \(12, 20, 3\) and \(3, 5, 3\)"):
        swap_amplitude(noise(0), noise(0, size=(3, 5)))
    for beta in (0.0, 0.6):
        with pytest.raises(InputError, match="is outside"):
            swap_amplitude(noise(0), noise(1), beta)


def test_a_side_without_spread_makes_flat_images():
    flat, five = Statistics(np.full(3, 5.0), np.zeros(3)), np.full((12, 20, 3), 5)
    np.testing.assert_array_equal(match_statistics(noise(0), flat), five)
    target = Statistics(np.full(3, 5.0), np.full(3, 30.0))
    np.testing.assert_array_equal(match_statistics(noise(0), target, flat), five)


def test_statistics_of_classes_pixel_by_pixel():
    images = [noise(0), noise(1, 90, 140, (3, 5))]
    classes = [np.random.default_rng(k).integers(0, 3, x.shape[:2]) for k, x in enumerate(images)]
    classes[0][:2] = 255
    found = measure_classes(zip(images, classes, strict=True))
    assert sorted(found) == [0, 1, 2]
    for group, statistics in found.items():
        pixels = [x[c == group].astype(float) for x, c in zip(images, classes, strict=True)]
        pixels = np.concatenate(pixels)
        np.testing.assert_allclose(statistics.mean, pixels.mean(0), rtol=1e-12)
        np.testing.assert_allclose(statistics.std, pixels.std(0), rtol=1e-12)


def test_each_class_is_mapped_by_its_own_statistics():
    image, classes = noise(0, 100, 140), np.arange(12)[:, None] % 4 * np.ones((1, 20), int)
    source = {c: measure([noise(c, 90, 150)]) for c in (0, 1, 2)}
    target = {c: measure([noise(10 + c, 40 * c, 40 * c + 70)]) for c in (1, 2, 3)}
    moved = match_classes(image, classes, target, source)
    for place in np.ndindex(classes.shape):
        c = classes[place]
        if c in (0, 3):
            # Either side lacks it: left as it is.
            assert (moved[place] == image[place]).all()
            continue
        z = (image[place] - source[c].mean) / source[c].std
        want = np.clip(z * target[c].std + target[c].mean, 0, 255)
        assert np.abs(moved[place] - want).max() <= 0.5 + 1e-9
    with pytest.raises(InputError, match=r"sizes must be equal, got \(12, 20\) and \(4, 20\)"):
        match_classes(image, classes[:4], target, source)


def test_a_photographs_colours_are_taken_where_both_show_enough_of_a_class():
    classes = np.zeros((16, 64), np.uint8)
    classes[:, 32:], classes[0, 0] = 1, 2  # a single pixel of class 2, of 1024
    image, photograph = noise(0, size=(16, 64)), noise(1, size=(16, 64)) // 2
    own = measure_photograph(photograph, np.where(classes == 1, 3, classes))
    assert set(own) == {0, 3}
    whole = {2: measure([np.full((1, 1, 3), 9, np.uint8)]), 1: measure([np.full(3, 7, np.uint8)])}
    made = match_photograph(image, classes, own, whole, measure_classes([(image, classes)]))
    assert measure([made[classes == 0]]).mean == pytest.approx(own[0].mean, abs=0.5)
    assert measure([made[classes == 0]]).std == pytest.approx(own[0].std, abs=0.5)
    assert (made[classes == 1] == 7).all()  # the photograph has none of it
    assert (made[0, 0] == 9).all()  # too little of it


def test_the_photograph_that_shows_most_of_the_image_is_chosen():
    classes = np.array([[0, 0, 1, 5]])
    photographs = [{1: None}, {0: None}, {5: None, 1: None}]
    chosen = {
        tuple(choose_photograph(classes, photographs, np.random.default_rng(k))) for k in range(20)
    }
    assert (1,) not in chosen
    assert (0,) in chosen
