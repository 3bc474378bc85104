"""Patterns of up-sampling: found by their period, and nothing else taken for them."""

import numpy as np
import pytest

from sggan_jax.evaluate.grid import (
    NOISE,
    PERIODS,
    compare_contrasts,
    frequencies,
    measure_contrasts,
    measure_power,
)


def scenes(number=4, size=(64, 128), seed=0):
    """Images whose power falls with the square of the frequency, as that of scenes does."""
    rng = np.random.default_rng(seed)
    down, across = (np.fft.fftfreq(side)[:, None] for side in size)
    slope = 1 / np.maximum(np.hypot(down, across.T), 0.01)
    waves = np.fft.fft2(rng.normal(size=(number, *size))) * slope
    grey = np.fft.ifft2(waves).real
    grey = 120 + 10 * grey / grey.std()
    return np.repeat(np.clip(grey, 0, 255).round().astype(np.uint8)[..., None], 3, axis=-1)


def add_dots(images, period, height):
    """Add a pattern that repeats every ``period`` pixels down and across."""
    down, across = (np.cos(2 * np.pi * np.arange(side) / period) for side in images.shape[1:3])
    dots = height * (down[:, None] + across)[..., None]
    return np.clip(images + dots, 0, 255).round().astype(np.uint8)


def test_every_multiple_belongs_to_one_period():
    found = [
        (a * 16 // period, b * 16 // period) for period in PERIODS for a, b in frequencies(period)
    ]
    assert sorted(found) == [(a, b) for a in range(16) for b in range(16) if (a, b) != (0, 0)]
    assert [len(frequencies(period)) for period in PERIODS] == [3, 12, 48, 192]


def test_power_agrees_with_a_sum_over_pixels():
    """One window of 32 pixels: residual, local normalisation and transform in loops."""
    image = scenes(1, (32, 32))
    grey = image[0, ..., 0].astype(np.float64)
    padded = np.pad(grey, 12, mode="symmetric")

    def box(values, i, j):  # scipy's even boxes reach one pixel further back
        return values[12 + i - 4 : 12 + i + 4, 12 + j - 4 : 12 + j + 4].mean()

    residual = np.array([[grey[i, j] - box(padded, i, j) for j in range(32)] for i in range(32)])
    squares = np.pad(residual**2, 12, mode="symmetric")
    variance = np.array([[box(squares, i, j) for j in range(32)] for i in range(32)]) + NOISE**2
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(32) / 32)
    taper = hann[:, None] * hann
    normal = residual / np.sqrt(variance) * taper
    power = measure_power(image)
    noise = (taper**2 * NOISE**2 / variance).sum()
    for a, b in [(0, 4), (8, 0), (12, 20)]:
        i, j = np.mgrid[:32, :32]
        wave = np.exp(-2j * np.pi * (a * i + b * j) / 32)
        assert power[a, b] == pytest.approx(abs((normal * wave).sum()) ** 2 + noise, rel=1e-3)


@pytest.mark.parametrize("period", PERIODS)
def test_dots_stand_out_at_their_own_period(period):
    images = scenes(8, (64, 256))
    before = measure_contrasts(images)
    faint, strong = (
        compare_contrasts(measure_contrasts(add_dots(images, period, height)), before)
        for height in (3, 6)
    )
    assert strong[period] > faint[period] > 1.2
    assert all(strong[other] < 1.2 for other in PERIODS if other != period)


def test_what_cameras_do_is_no_pattern():
    """Darker, noisier, or smoother by a binomial kernel: no frequency stands out for that."""
    images, rng = scenes(8, (64, 256)), np.random.default_rng(1)
    noisy = np.clip(images + rng.normal(0, 4, images.shape), 0, 255).astype(np.uint8)
    smooth = images.astype(float)
    for axis in (1, 2):
        smooth = (np.roll(smooth, 1, axis) + 2 * smooth + np.roll(smooth, -1, axis)) / 4
    smooth = smooth.round().astype(np.uint8)
    before = measure_contrasts(images)
    for changed in (images // 2, noisy, smooth):
        found = compare_contrasts(measure_contrasts(changed), before)
        assert max(found.values()) < 1.35


def test_the_same_images_have_no_more_than_themselves():
    contrasts = measure_contrasts(scenes())
    assert compare_contrasts(contrasts, contrasts) == dict.fromkeys(PERIODS, 1.0)


def test_what_sources_or_photographs_hold_already_does_not_count():
    plain, dotted = measure_contrasts(scenes()), measure_contrasts(add_dots(scenes(), 4, 4))
    assert compare_contrasts(dotted, plain)[4] > 2
    assert compare_contrasts(dotted, plain, dotted)[4] == 1


def test_contrast_is_that_over_the_median_of_a_ring(monkeypatch):
    """Power 3 everywhere, 12 at (8, 0): its ring holds no peak but (24, 0) opposite, so 12 / 3."""
    power = np.full((32, 32), 3.0)
    power[8, 0] = power[24, 0] = 12
    power[8, 1] = 1e6  # a direct neighbour, which a peak leaks into, is left out
    monkeypatch.setattr("sggan_jax.evaluate.grid.measure_power", lambda images: power)
    found = measure_contrasts(np.zeros((1, 32, 32, 3), np.uint8))
    assert found[4][frequencies(4).index((1, 0))] == 4
    assert found[4][frequencies(4).index((0, 1))] == 1
    assert set(found[2].tolist()) == {1.0}


def test_flat_images_stand_out_nowhere_and_small_ones_have_no_windows():
    flat = measure_contrasts(np.full((1, 32, 64, 3), 9, np.uint8))
    assert list(flat) == [2, 4, 8, 16]
    for contrasts in flat.values():
        np.testing.assert_allclose(contrasts, 1, rtol=1e-6)
    assert measure_contrasts(np.zeros((1, 16, 64, 3), np.uint8)) == {}
