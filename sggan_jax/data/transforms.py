"""Transforms that move an image and its labels together, on uint8 numpy arrays."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from sggan_jax.types import InputError

PADDED = 255
"""Label of pixels that are padded in; label sets ignore it."""

NUM_UNIFORMS = 9
"""How many numbers :func:`augment` draws on."""

_LUMINANCE = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Augmentation:
    """How far images may be altered at random; nothing by default.

    Attributes:
        scale_low: Least factor of scale.
        scale_high: Largest.
        colour: Strength in [0, 1): brightness, contrast and saturation change by factors in
            [1 - colour, 1 + colour], each channel by one in [1 - colour / 4, 1 + colour / 4].
        crop_height: Height of the window that is cut out; 0 for the image's own.
        crop_width: Width of the window; 0 for the image's own.
        crop_shift: How much lower, as a share of the image's height, the real domain shows the same
            things: its windows lie as much lower, so that both show the same part of a street.

    Raises:
        InputError: A number is out of range.
    """

    scale_low: float = 1.0
    scale_high: float = 1.0
    colour: float = 0.0
    crop_height: int = 0
    crop_width: int = 0
    crop_shift: float = 0.0

    def __post_init__(self):
        if not 0 < self.scale_low <= self.scale_high:
            raise InputError(
                f"Scales from {self.scale_low} to {self.scale_high} are impossible: the lower one "
                "must be positive and at most the higher one."
            )
        if not 0 <= self.colour < 1:
            raise InputError(f"Strength {self.colour} of colour changes is outside [0, 1).")
        if self.crop_height < 0 or self.crop_width < 0 or not -1 < self.crop_shift < 1:
            raise InputError(
                f"A window of {self.crop_height}x{self.crop_width}, {self.crop_shift} of the "
                "height lower, is impossible: sizes must not be negative, and the shift must lie "
                "within (-1, 1)."
            )

    def cuts(self) -> bool:
        """Say whether images change their scale or are cut."""
        scales = (self.scale_low, self.scale_high) != (1.0, 1.0)
        return scales or bool(self.crop_height or self.crop_width)


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
    # One axis after the other: several times faster than both at once.
    return labels.take(rows, 0).take(columns, 1)


def _centres(old: int, new: int) -> np.ndarray:
    """Old index under the centre of each new pixel, in whole numbers to be exact."""
    return (2 * np.arange(new) + 1) * old // (2 * new)


def flip(image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror an image and its labels left to right.

    Args:
        image: RGB uint8 [H, W, 3].
        labels: Class ids, uint8 [H, W].

    Returns:
        Tensors of both, mirrored.

    Example:
        >>> flip(np.zeros((1, 2, 3), np.uint8), np.array([[7, 8]], np.uint8))[1].tolist()
        [[8, 7]]
    """
    return image[:, ::-1], labels[:, ::-1]


def window(
    image: np.ndarray, labels: np.ndarray, top: int, left: int, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Look at an image and its labels through a window that may reach beyond them.

    Beyond its borders the image is mirrored about its outermost pixels, and labels are ``PADDED``.

    Args:
        image: RGB uint8 [h, w, 3].
        labels: Class ids, uint8 [h, w].
        top: Row of the window's first, negative above the image.
        left: Column of the window's first, negative left of the image.
        height: Height of the window.
        width: Width of the window.

    Returns:
        uint8 image [height, width, 3] and uint8 labels [height, width].

    Example:
        >>> labels = np.array([[7, 8]], np.uint8)
        >>> window(np.zeros((1, 2, 3), np.uint8), labels, 0, -1, 1, 4)[1].tolist()
        [[255, 7, 8, 255]]
    """
    rows, no_row = _indices(labels.shape[0], top, height)
    columns, no_column = _indices(labels.shape[1], left, width)
    labels = labels.take(rows, 0).take(columns, 1)
    labels[no_row], labels[:, no_column] = PADDED, PADDED
    return image.take(rows, 0).take(columns, 1), labels


def cut_middle(
    image: np.ndarray, labels: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the middle out of an image and its labels.

    >>> labels = np.array([[7, 8, 11, 23]], np.uint8)
    >>> cut_middle(np.zeros((1, 4, 3), np.uint8), labels, 1, 2)[1].tolist()
    [[8, 11]]
    """
    top, left = (labels.shape[0] - height) // 2, (labels.shape[1] - width) // 2
    return window(image, labels, top, left, height, width)


def _indices(old: int, start: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """Index seen from each of ``new`` places on, mirrored at the ends; and whether it was."""
    places = np.arange(start, start + new)
    period = max(1, 2 * (old - 1))
    mirrored = places % period
    return np.minimum(mirrored, period - mirrored) % old, (places < 0) | (places >= old)


def rescale(
    image: np.ndarray,
    labels: np.ndarray,
    factor: float,
    row: float,
    column: float,
    size: tuple[int, int] | None = None,
    lower: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Scale an image and its labels, then cut or pad them to a size.

    Args:
        image: RGB uint8 [H, W, 3].
        labels: Class ids, uint8 [H, W].
        factor: Of the scale, positive.
        row: Where the window lies among all rows it could take, in [0, 1).
        column: The same for columns.
        size: Height and width of the window; None for the size they had.
        lower: How much lower the window lies than that of the other domain, as a share of the
            height, as far as there is room.

    Returns:
        uint8 image [*size, 3] and uint8 labels [*size], ``PADDED`` beyond the scaled image.

    Example:
        >>> image, labels = np.zeros((2, 2, 3), np.uint8), np.array([[7, 8], [11, 23]], np.uint8)
        >>> rescale(image, labels, 2.0, row=0.0, column=0.99)[1].tolist()
        [[8, 8], [8, 8]]
    """
    height, width = size or labels.shape
    image, labels = resize(image, labels, *(max(1, round(side * factor)) for side in labels.shape))
    top = _lowered(labels.shape[0] - height, row, round(lower * labels.shape[0]))
    return window(image, labels, top, _place(labels.shape[1] - width, column), height, width)


def _lowered(slack: int, share: float, lower: int) -> int:
    """Choose an offset from 0 to ``slack`` that leaves the other domain room; lower may be < 0."""
    if slack <= 0:
        return _place(slack, share)
    room = max(0, slack - abs(lower))
    return min(slack, max(0, lower)) + _place(room, share)


def _place(slack: int, share: float) -> int:
    """One of the |slack| + 1 offsets from 0 to ``slack``, by a share in [0, 1)."""
    offset = int(share * (abs(slack) + 1))
    return offset if slack > 0 else -offset


def jitter_colour(
    image: np.ndarray, gains: np.ndarray, saturation: float, contrast: float, brightness: float
) -> np.ndarray:
    """Change the colours of an image.

    In this order: channels are multiplied by ``gains``; each pixel moves from its luminance by
    ``saturation``; from the image's mean luminance by ``contrast``; all is multiplied by
    ``brightness``. 1 changes nothing. Rounded and clipped once, at the end.

    Args:
        image: RGB uint8 [H, W, 3].
        gains: Factors of red, green and blue [3].
        saturation: 0 is grey.
        contrast: 0 is the mean luminance everywhere.
        brightness: 0 is black.

    Returns:
        uint8 [H, W, 3].

    Example:
        >>> jitter_colour(np.array([[[10, 20, 30]]], np.uint8), np.ones(3), 1.0, 1.0, 2.0).tolist()
        [[[20, 40, 60]]]
    """
    weights = gains * _LUMINANCE
    matrix = saturation * np.diag(gains) + (1 - saturation) * weights
    # Whole numbers, one axis after the other: ten times faster than a mean over both.
    mean = weights @ image.sum(0, dtype=np.uint32).sum(0) / (image.size // 3)
    offset = np.full((3, 1), (1 - contrast) * mean)
    whole = brightness * np.hstack([contrast * matrix, offset])
    return np.asarray(Image.fromarray(image).convert("RGB", tuple(whole.ravel().tolist())))


def augment(
    image: np.ndarray, labels: np.ndarray, uniforms: np.ndarray, how: Augmentation, domain: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Alter an image and its labels as far as allowed; what is not allowed costs nothing.

    Args:
        image: RGB uint8 [H, W, 3].
        labels: Class ids, uint8 [H, W].
        uniforms: ``NUM_UNIFORMS`` numbers in [0, 1) that decide everything.
        how: What may change.
        domain: 0 for the virtual domain, 1 for the real.

    Returns:
        uint8 image [H, W, 3] and uint8 labels [H, W], or of the window's size; the arguments where
        nothing may change.

    Example:
        >>> image, labels = np.zeros((2, 4, 3), np.uint8), np.full((2, 4), 7, np.uint8)
        >>> augment(image, labels, np.full(NUM_UNIFORMS, 0.5), Augmentation(0.5, 0.5))[1].tolist()
        [[255, 255, 255, 255], [255, 7, 7, 255]]
    """
    if how.cuts():
        factor = how.scale_low + (how.scale_high - how.scale_low) * uniforms[0]
        size = how.crop_height or labels.shape[0], how.crop_width or labels.shape[1]
        lower = how.crop_shift if domain else -how.crop_shift
        image, labels = rescale(image, labels, factor, uniforms[1], uniforms[2], size, lower)
    if how.colour:
        spread = how.colour * (2 * uniforms[3:] - 1)
        image = jitter_colour(image, 1 + spread[:3] / 4, *(1 + spread[3:]).tolist())
    return image, labels
