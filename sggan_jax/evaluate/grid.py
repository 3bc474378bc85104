"""Grids of dots and stripes that up-sampling leaves in adapted images, by their frequencies.

A network that doubles the size of its maps k times may leave a pattern that repeats every 2, 4, ...
2^k pixels. Its energy lies at multiples of one over the period, along rows, along columns or both;
what a scene shows has no reason to prefer these frequencies to those beside them.
"""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from scipy.ndimage import uniform_filter

from sggan_jax.evaluate.pairs import LUMINANCE

PERIODS = (2, 4, 8, 16)
"""Pixels after which a pattern repeats."""

NOISE = 2.0
"""Standard deviation, in grey levels, of the noise under which a pattern does not count."""

_SMALLEST = 32
_NEIGHBOUR = 2

Contrasts = Mapping[int, np.ndarray]
"""Contrast at each frequency of a period, by period."""


def measure_contrasts(images: np.ndarray) -> dict[int, np.ndarray]:
    """Measure how far the frequencies of each period stand out from those beside them.

    Luminance less its mean in a box around, divided by the root of the variance there plus
    ``NOISE`` squared, so that edges weigh no more than flat areas; power spectra of Hann windows of
    4 periods (at least 32 pixels) that overlap by half, the box a quarter of a window; the mean of
    all windows of all images, plus the power of white noise of ``NOISE`` grey levels. The contrast
    of a frequency is its power over the geometric mean of its neighbours' two bins away: those on
    the same axis where it lies on one, else all around.

    Args:
      images: uint8 [B, H, W, 3].

    Returns:
      For each period p whose window fits: float [3 p^2 / 4], the contrasts of the frequencies
      (a / p, b / p) cycles a pixel with a or b odd, which no shorter period has; 1 where a
      frequency holds as much as its neighbours. Their order is that of :func:`frequencies`.

    >>> stripes = np.full((1, 32, 32, 3), 100, np.uint8)
    >>> stripes[:, ::2] += 20
    >>> contrasts = measure_contrasts(stripes)
    >>> frequencies(2), bool(contrasts[2].argmax() == 1), contrasts[4].round(1).max()
    ([(0, 1), (1, 0), (1, 1)], True, 1.0)
    """
    contrasts = {}
    for period in PERIODS:
        window = max(_SMALLEST, 4 * period)
        if min(images.shape[1:3]) >= window:
            power, step = measure_power(images, window), window // period
            bins = [(a * step, b * step) for a, b in frequencies(period)]
            contrasts[period] = np.array([_contrast(power, *at) for at in bins])
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


def measure_power(images: np.ndarray, window: int) -> np.ndarray:
    """Average the power spectra of all windows of locally normalised images.

    Args:
      images: uint8 [B, H, W, 3], at least one window high and wide.
      window: side in pixels, even.

    Returns:
      float [window, window], frequencies in the order of ``np.fft.fft2``.
    """
    hann = np.hanning(window + 1)[:window].astype(np.float32)
    taper = hann[:, None] * hann
    total, count = np.zeros((window, window)), 0
    for image in images:
        normalised, noise = _normalise(image, window // 4)
        for block, below in zip(_cut(normalised, window), _cut(noise, window), strict=True):
            total += np.square(np.abs(np.fft.fft2(block * taper))).sum(axis=0)
            total += (below * np.square(taper)).sum()
            count += len(block)
    return total / count


def _normalise(image: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide a residual by its local deviation; also the variance that noise has after that."""
    luminance = image.astype(np.float32) @ LUMINANCE
    residual = luminance - uniform_filter(luminance, side)
    variance = uniform_filter(np.square(residual), side) + NOISE**2
    return residual / np.sqrt(variance), NOISE**2 / variance


def _cut(image: np.ndarray, window: int) -> Iterator[np.ndarray]:
    """Cut windows that overlap by half, a row of them at a time: [n, window, window]."""
    half = window // 2
    for top in range(0, image.shape[0] - window + 1, half):
        rows = np.lib.stride_tricks.sliding_window_view(image[top : top + window], window, axis=1)
        yield rows[:, ::half].transpose(1, 0, 2)


def _contrast(power: np.ndarray, row: int, column: int) -> float:
    side, far = len(power), _NEIGHBOUR
    if row and column:
        shifts = [at for at in product(range(-far, far + 1), repeat=2) if far in map(abs, at)]
    else:
        shifts = [(far, 0), (-far, 0)] if row else [(0, far), (0, -far)]
    beside = [power[(row + down) % side, (column + across) % side] for down, across in shifts]
    return float(power[row, column] / np.exp(np.mean(np.log(beside))))
