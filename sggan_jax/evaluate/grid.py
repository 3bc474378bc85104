"""Grids of dots and stripes that up-sampling leaves in adapted images, by their frequencies.

A network that doubles the size of its maps k times may leave a pattern that repeats every 2, 4, ...
2^k pixels. Its energy lies at multiples of one over the period, along rows, along columns or both;
what a scene shows has no reason to prefer these to other directions and the frequencies beside.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

import numpy as np
from scipy.ndimage import uniform_filter

from sggan_jax.evaluate.pairs import LUMINANCE, check_bytes

PERIODS = (2, 4, 8, 16)
"""Pixels after which a pattern repeats."""

WINDOW = 32
"""Side in pixels of the windows whose spectra are taken; smaller images have none."""

NOISE = 2.0
"""Standard deviation, in grey levels, of the noise under which a pattern does not count."""

_BOX = 8
_RING = 2.0

Contrasts = Mapping[int, np.ndarray]
"""Contrast at each frequency of a period, by period."""


def measure_contrasts(images: np.ndarray) -> dict[int, np.ndarray]:
    """Measure how far the frequencies of each period stand out from others as high.

    Luminance less its mean in a box of 8x8 pixels, divided by the root of the variance there plus
    ``NOISE`` squared, so that edges weigh no more than flat areas; power spectra of Hann windows of
    32x32 pixels that overlap by half; their mean over all windows of all images, plus the power of
    white noise of ``NOISE`` grey levels. The contrast of a frequency is its power over the median
    power of the ring of frequencies that are as high, within 2 / 32 cycles a pixel, without those
    up to 1 / 32 away from it.

    Args:
      images: uint8 [B, H, W, 3].

    Returns:
      For each period p: float [3 p^2 / 4], the contrasts of the frequencies (a / p, b / p) cycles a
      pixel with a or b odd, which no shorter period has, in the order of :func:`frequencies`; 1
      where a frequency holds as much as others. Empty for images smaller than a window.

    >>> stripes = np.full((1, 32, 32, 3), 100, np.uint8)
    >>> stripes[:, ::2] += 20
    >>> contrasts = measure_contrasts(stripes)
    >>> frequencies(2)[contrasts[2].argmax()], bool(contrasts[4].max() < 1.2)
    ((1, 0), True)
    """
    check_bytes(images=images)
    if min(images.shape[1:3]) < WINDOW:
        return {}
    power = measure_power(images).ravel()
    contrasts = {}
    for period in PERIODS:
        places, rings = _rings(period)
        around = np.array([np.median(power[ring]) for ring in rings])
        contrasts[period] = power[places] / around
    return contrasts


def compare_contrasts(adapted: Contrasts, *others: Contrasts) -> dict[int, float]:
    """Find the frequency of each period that stands out most, beyond what other images hold there.

    Args:
      adapted: of :func:`measure_contrasts`.
      others: of images that no network made, such as sources and photographs.

    Returns:
      For each period, the largest contrast over the largest of the others' at the same frequency;
      about 1 where no pattern was added.

    >>> compare_contrasts({2: np.array([3.0, 4.0])}, {2: np.array([1.0, 8.0])})
    {2: 3.0}
    """
    return {
        period: float(np.max(found / np.maximum.reduce([other[period] for other in others])))
        for period, found in adapted.items()
    }


def frequencies(period: int) -> list[tuple[int, int]]:
    """List the multiples (down, across) of 1 / period that belong to no shorter period.

    >>> len(frequencies(4)), (0, 2) in frequencies(4), (3, 2) in frequencies(4)
    (12, False, True)
    """
    return [(a, b) for a, b in product(range(period), repeat=2) if a % 2 or b % 2]


def measure_power(images: np.ndarray) -> np.ndarray:
    """Average the power spectra of all windows of locally normalised images.

    Args:
      images: uint8 [B, H, W, 3], at least a window high and wide.

    Returns:
      float [32, 32], frequencies in the order of ``np.fft.fft2``.
    """
    hann = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)
    taper = hann[:, None] * hann
    total, count = np.zeros((WINDOW, WINDOW)), 0
    for image in images:
        normalised, noise = _normalise(image)
        for block, below in zip(_cut(normalised), _cut(noise), strict=True):
            total += np.square(np.abs(np.fft.fft2(block * taper))).sum(axis=0)
            total += (below * np.square(taper)).sum()
            count += len(block)
    return total / count


def _normalise(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide a residual by its local deviation; also the variance that noise has after that."""
    luminance = image.astype(np.float32) @ LUMINANCE
    residual = luminance - uniform_filter(luminance, _BOX)
    variance = uniform_filter(np.square(residual), _BOX) + NOISE**2
    return residual / np.sqrt(variance), NOISE**2 / variance


def _cut(image: np.ndarray) -> Iterator[np.ndarray]:
    """Cut windows that overlap by half, a row of them at a time: [n, 32, 32]."""
    half = WINDOW // 2
    for top in range(0, image.shape[0] - WINDOW + 1, half):
        rows = np.lib.stride_tricks.sliding_window_view(image[top : top + WINDOW], WINDOW, axis=1)
        yield rows[:, ::half].transpose(1, 0, 2)


@cache
def _rings(period: int) -> tuple[np.ndarray, np.ndarray]:
    """Place of each frequency in a flat spectrum [n], and which others it is compared with."""
    bins = np.array(frequencies(period)) * (WINDOW // period)
    down, across = np.mgrid[:WINDOW, :WINDOW].reshape(2, 1, -1)
    apart = [
        np.abs((side - own[:, None] + WINDOW // 2) % WINDOW - WINDOW // 2)
        for side, own in ((down, bins[:, 0]), (across, bins[:, 1]))
    ]
    signed = np.fft.fftfreq(WINDOW, 1 / WINDOW)
    height = np.hypot(signed[:, None], signed).ravel()
    places = bins[:, 0] * WINDOW + bins[:, 1]
    near = np.abs(height - height[places][:, None]) <= _RING
    return places, near & (np.maximum(*apart) > 1)
