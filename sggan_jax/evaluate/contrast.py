"""Local contrast of each class: how rough or how smooth its surfaces are."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter

from sggan_jax.evaluate.pairs import LUMINANCE, check_pairs

SIDE = 7
"""Side of a window in pixels."""

LEAST_WINDOWS = 1000
"""Windows of a class below which nothing is said about it."""

_FLAT = 0.25


class LocalContrast(NamedTuple):
    """Local contrast of n classes: number of windows [n], and mean contrast in grey levels [n]."""

    windows: np.ndarray
    mean: np.ndarray


def measure_contrast(images: np.ndarray, labels: np.ndarray, number: int) -> LocalContrast:
    """Average the standard deviation of luminance in all windows of 7x7 pixels of one class.

    Args:
      images: uint8 [B, H, W, 3].
      labels: classes in [0, number), uint8 [B, H, W]; others count nowhere.
      number: of classes.

    Returns:
      Windows and means; NaN for classes without a window.

    Raises:
      InputError: if shapes or types do not agree.

    >>> stripes = np.zeros((1, 7, 8, 3), np.uint8)
    >>> stripes[:, :, ::2] = 10
    >>> found = measure_contrast(stripes, np.zeros((1, 7, 8), np.uint8), 1)
    >>> found.windows.tolist(), found.mean.round(2).tolist()  # 4 and 3 of 7 columns are bright
    ([2], [4.95])
    """
    check_pairs(labels, images=images)
    windows, sums = np.zeros(256, np.int64), np.zeros(256)
    edge = SIDE // 2
    inside = np.s_[edge : images.shape[1] - edge, edge : images.shape[2] - edge]
    for image, truth in zip(images, labels, strict=True):
        luminance = image.astype(np.float64) @ LUMINANCE
        variance = uniform_filter(luminance**2, SIDE) - uniform_filter(luminance, SIDE) ** 2
        one_class = minimum_filter(truth, SIDE) == maximum_filter(truth, SIDE)
        chosen = truth[inside][one_class[inside]]
        deviation = np.sqrt(np.maximum(variance[inside][one_class[inside]], 0))
        windows += np.bincount(chosen, minlength=256)
        sums += np.bincount(chosen, deviation, 256)
    with np.errstate(invalid="ignore"):
        return LocalContrast(windows[:number], (sums / windows)[:number])


def contrast_ratios(one: LocalContrast, other: LocalContrast) -> np.ndarray:
    """Compare the local contrast of each class in two sets of images.

    Args:
      one: of n classes.
      other: of the same classes.

    Returns:
      float [n]: log2 of the ratio, each plus a quarter of a grey level, which rounding makes; 1
      where ``one`` is twice as rough, 0 where both are alike, -1 where it is half as rough; NaN for
      classes with fewer than ``LEAST_WINDOWS`` windows on either side.

    >>> one = LocalContrast(np.array([2000, 2000, 9]), np.array([7.75, 1.75, 5.0]))
    >>> other = LocalContrast(np.array([2000, 3000, 2000]), np.array([3.75, 3.75, 5.0]))
    >>> contrast_ratios(one, other).tolist()
    [1.0, -1.0, nan]
    """
    ratios = np.log2((one.mean + _FLAT) / (other.mean + _FLAT))
    return np.where(np.minimum(one.windows, other.windows) >= LEAST_WINDOWS, ratios, np.nan)
