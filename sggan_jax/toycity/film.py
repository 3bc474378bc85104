"""Air, lens and film: what lies between a lit street and the bytes of a photograph."""

import numpy as np

HAZE = (0.78, 0.80, 0.80)
"""Colour of the air far away, and of its light."""

HAZE_DEPTH = 190.0
"""Metres at which half of what is seen is air."""

SHARE = 0.14
"""What the lens spreads to each of the four neighbours, twice over for the centre."""

NOISE = 2.0
"""Standard deviation of the sensor's noise in grey levels at middle grey."""


def haze(light: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Put the air before colours [3, h, w] at a depth [h, w]; the sky, infinite, has its own."""
    reach = np.where(np.isfinite(depth), depth * np.float32(1 / HAZE_DEPTH), np.float32(0))
    square = reach * reach
    air = 0.25 * reach / (1 + reach) + 0.75 * square / (1 + square)
    return light + (np.array(HAZE, np.float32)[:, None, None] - light) * air


def shrink(fine: np.ndarray, factor: int) -> np.ndarray:
    """Average blocks of samples: [C, h, w] to [h / factor, w / factor, C]."""
    rows = fine[:, ::factor].copy()
    for i in range(1, factor):
        rows += fine[:, i::factor]
    total = rows[:, :, ::factor].copy()
    for i in range(1, factor):
        total += rows[:, :, i::factor]
    return np.ascontiguousarray(np.moveaxis(total, 0, -1)) * np.float32(1 / factor**2)


def blur(image: np.ndarray, share: float) -> np.ndarray:
    """Spread ``share`` of every pixel to either neighbour, down and then across; edges repeat."""
    for axis in (0, 1):
        pad = [(1, 1) if i == axis else (0, 0) for i in range(3)]
        wide = np.pad(image, pad, mode="edge")
        count = image.shape[axis]
        before, after = (np.take(wide, range(i, i + count), axis) for i in (0, 2))
        image = image * np.float32(1 - 2 * share) + (before + after) * np.float32(share)
    return image


def photograph(light: np.ndarray, film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn light [H, W, 3] into uint8: lens blur, vignetting, exposure, colour, curve and noise.

    Args:
        light: Colours after the air, in [0, 1].
        film: This scene's draws in [0, 1); the first three are exposure and white balance.
        rng: Source of the sensor's noise.

    Returns:
        uint8 [H, W, 3].
    """
    height, width, _ = light.shape
    image = blur(light, SHARE)
    y = ((np.arange(height) + 0.5) / height - 0.5)[:, None]
    x = ((np.arange(width) + 0.5) / width - 0.5)[None, :]
    vignette = 1 - 0.42 * (x * x + y * y)
    exposure = 1.06 + 0.10 * (film[0] - 0.5)
    balance = np.array([0.985 + 0.03 * (film[1] - 0.5), 1.0, 0.975 + 0.03 * (film[2] - 0.5)])
    image = image * (vignette[..., None] * exposure * balance).astype(np.float32)
    # A soft shoulder and toe: x (a + b x - c x^2) is steepest in the middle and ends flat.
    image = np.clip(image, 0, 1)
    image = image * (0.92 + image * (0.52 - 0.44 * image))
    draws = rng.integers(0, 256, size=(4, height, width, 3), dtype=np.uint8)
    # Four uniform bytes add up to a bell of standard deviation 147.8.
    bell = draws.astype(np.float32).sum(0) - 510
    grey = 255 * image + bell * (0.6 + 0.8 * image) * np.float32(NOISE / 147.8)
    return np.clip(np.floor(grey + 0.5), 0, 255).astype(np.uint8)
