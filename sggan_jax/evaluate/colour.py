"""Colours of each class: mean and standard deviation in L*a*b*, and how far two sets are apart."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from sggan_jax.evaluate.pairs import check_bytes, check_pairs

LEAST_PIXELS = 1000
"""Pixels of a class below which nothing is said about it."""

# Linear sRGB to CIE XYZ of its white point D65 (IEC 61966-2-1), each row over that white.
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float64
)
_TO_XYZ /= _TO_XYZ.sum(axis=1, keepdims=True)
# L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) - f(Z)) (CIE 1976).
_TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]], np.float64)
_CORNER = 6 / 29

_ENCODED = np.arange(256) / 255
LINEAR = np.where(
    _ENCODED <= 0.04045, _ENCODED / 12.92, np.power((_ENCODED + 0.055) / 1.055, 2.4)
).astype(np.float32)
"""Linear light in [0, 1] of every byte of sRGB (IEC 61966-2-1), float32 [256]."""


class Colours(NamedTuple):
    """Colours of n classes: pixels [n], mean and standard deviation [n, 3] of L*, a* and b*."""

    pixels: np.ndarray
    mean: np.ndarray
    std: np.ndarray


def to_lab(image: np.ndarray) -> np.ndarray:
    """Turn sRGB into CIE 1976 L*a*b* of white D65.

    Args:
      image: uint8 [..., 3].

    Returns:
      float32 [..., 3]: L* in [0, 100], a* (green to red) and b* (blue to yellow) about [-128, 128].

    >>> to_lab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8)).round(1).tolist()[1]
    [53.2..., 80.0..., 67.1...]
    """
    check_bytes(image=image)
    xyz = LINEAR[image] @ _TO_XYZ.T.astype(np.float32)
    bent = np.where(
        xyz > _CORNER**3, np.cbrt(xyz), xyz / np.float32(3 * _CORNER**2) + np.float32(4 / 29)
    )
    lab = bent @ _TO_LAB.T.astype(np.float32)
    lab[..., 0] -= 16
    return lab


def measure_colours(images: np.ndarray, labels: np.ndarray, number: int) -> Colours:
    """Measure the colours of each class over all pixels of all images.

    Args:
      images: uint8 [B, H, W, 3].
      labels: classes in [0, number), uint8 [B, H, W]; others count nowhere.
      number: of classes.

    Returns:
      Pixels, means and standard deviations; NaN for classes without pixels.

    Raises:
      InputError: if shapes or types do not agree.

    >>> grey = np.array([[[[0, 0, 0], [255, 255, 255]]]], np.uint8)
    >>> measure_colours(grey, np.zeros((1, 1, 2), np.uint8), 1).std[0, 0].round(1).tolist()
    50.0
    """
    check_pairs(labels, images=images)
    return sum_colours(zip(images, labels, strict=True), number)


def sum_colours(pairs: Iterable[tuple[np.ndarray, np.ndarray]], number: int) -> Colours:
    """Measure the same over images that are read one after the other.

    Args:
      pairs: image, uint8 [H, W, 3], and its classes, uint8 [H, W].
      number: of classes.
    """
    pixels, sums, squares = np.zeros(256), np.zeros((256, 3)), np.zeros((256, 3))
    for image, truth in pairs:
        flat, lab = truth.ravel(), to_lab(image).reshape(-1, 3).astype(np.float64)
        pixels += np.bincount(flat, minlength=256)
        for channel in range(3):
            own = lab[:, channel]
            sums[:, channel] += np.bincount(flat, own, 256)
            squares[:, channel] += np.bincount(flat, own * own, 256)
    with np.errstate(invalid="ignore"):
        mean = (sums / pixels[:, None])[:number]
        variance = (squares / pixels[:, None])[:number] - np.square(mean)
    return Colours(pixels[:number], mean, np.sqrt(np.maximum(variance, 0)))


def colour_distances(one: Colours, other: Colours) -> np.ndarray:
    """Measure how far the colours of each class are apart in two sets of images.

    The root of the summed squares of the differences of means and of standard deviations: the
    2-Wasserstein distance of two Gaussians with these, channels apart.

    Args:
      one: of n classes.
      other: of the same classes.

    Returns:
      float [n], at least 0, in units of L*a*b* (2 to 3 are just noticed side by side); NaN for
      classes with fewer than ``LEAST_PIXELS`` pixels on either side.

    >>> one = Colours(np.array([2000]), np.array([[50, 0, 0]]), np.array([[5, 1, 1]]))
    >>> other = Colours(np.array([2000]), np.array([[53, 0, 4]]), np.array([[5, 1, 1]]))
    >>> colour_distances(one, other).tolist()
    [5.0]
    """
    squares = np.square(one.mean - other.mean) + np.square(one.std - other.std)
    enough = np.minimum(one.pixels, other.pixels) >= LEAST_PIXELS
    return np.where(enough, np.sqrt(squares.sum(axis=1)), np.nan)
