"""Transforms that move an image and its labels together, on uint8 numpy arrays."""

import numpy as np
from PIL import Image


def resize(
    image: np.ndarray, labels: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Resize an image and its labels straight to one size; the aspect is not kept.

    The image is averaged over the area of each new pixel when it shrinks and interpolated linearly
    when it grows; labels take the class under the centre of each new pixel, so no class appears
    that was not there.

    Args:
        image: RGB uint8 [h, w, 3].
        labels: Class ids, uint8 [h, w].
        height: New height in pixels.
        width: New width in pixels.

    Returns:
        uint8 image [height, width, 3] and uint8 labels [height, width].

    Example:
        >>> image, labels = np.zeros((4, 6, 3), np.uint8), np.full((4, 6), 7, np.uint8)
        >>> [a.shape for a in resize(image, labels, 2, 3)]
        [(2, 3, 3), (2, 3)]
    """
    return resize_image(image, height, width), resize_labels(labels, height, width)


def resize_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize an RGB image: area average when it shrinks, linear when it grows.

    >>> resize_image(np.array([[[0] * 3, [100] * 3]], np.uint8), 1, 1).tolist()
    [[[50, 50, 50]]]
    """
    if image.shape[:2] == (height, width):
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(image).resize((width, height), method))


def resize_labels(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize class ids by taking the nearest, with half-pixel centres.

    >>> resize_labels(np.array([[7, 8, 11, 23]], np.uint8), 1, 2).tolist()
    [[8, 23]]
    """
    rows = _centres(labels.shape[0], height)
    columns = _centres(labels.shape[1], width)
    return labels[rows[:, None], columns]


def _centres(old: int, new: int) -> np.ndarray:
    """Old index under the centre of each new pixel, in whole numbers to be exact."""
    return (2 * np.arange(new) + 1) * old // (2 * new)


def flip(image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror an image and its labels left to right.

    Args:
        image: RGB uint8 [H, W, 3].
        labels: Class ids, uint8 [H, W].

    Returns:
        Views of both, mirrored.

    Example:
        >>> flip(np.zeros((1, 2, 3), np.uint8), np.array([[7, 8]], np.uint8))[1].tolist()
        [[8, 7]]
    """
    return image[:, ::-1], labels[:, ::-1]
