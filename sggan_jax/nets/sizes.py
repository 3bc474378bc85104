"""Images of any size for networks that take only some sizes: mirrored at the borders, cropped back.

No network library is imported here: what serves an exported network need not load one.
"""

import itertools
from typing import Protocol

import numpy as np

from sggan_jax.types import InputError

Window = tuple[slice, slice, slice]
"""Where the images are within padded ones: all of the batch, rows, columns."""


FAR = 1.5
"""Sides may be so many times as long or short as in training without a word."""


class Sized(Protocol):
    """Whatever takes only some sizes: a network, or what is known of one."""

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""

    def check_size(self, height: int, width: int) -> None:
        """Refuse a size with an :class:`InputError`."""


def is_far(size: tuple[int, int], scale: tuple[int, int]) -> bool:
    """Whether a size is so far from that of training that a user should know.

    >>> is_far((96, 192), (64, 128)), is_far((97, 192), (64, 128)), is_far((64, 64), (64, 128))
    (False, True, True)
    """
    ratios = [side / known for side, known in zip(size, scale, strict=True)]
    return max(*ratios, *(1 / ratio for ratio in ratios)) > FAR


def check_images(images: np.ndarray) -> None:
    """Refuse what is not a uint8 RGB image or a batch of them.

    Raises:
      InputError: with the type and shape found.

    >>> check_images(np.zeros((4, 4), np.float32))
    Traceback (most recent call last):
    sggan_jax.types.InputError: images must be uint8 [H, W, 3] or [B, H, W, 3], got float32 [4, 4]
    """
    sound = images.dtype == np.uint8 and images.ndim in (3, 4) and images.shape[-1] == 3
    if not sound or 0 in images.shape:
        raise InputError(
            f"images must be uint8 [H, W, 3] or [B, H, W, 3], got {images.dtype} "
            f"{list(images.shape)}"
        )


def add_labels(
    images: np.ndarray, labels: np.ndarray | None, class_groups: np.ndarray, who: str
) -> np.ndarray:
    """Put class groups beside images as a fourth channel, for a network that is told of them.

    Args:
      images: uint8 [H, W, 3] or [B, H, W, 3].
      labels: class ids of their pixels, uint8 [H, W] or [B, H, W].
      class_groups: class group of every id, [256].
      who: needs the labels, for the error.

    Raises:
      InputError: if there are no labels, or they do not fit.

    >>> image, labels = np.zeros((1, 1, 3), np.uint8), np.uint8([[7]])
    >>> add_labels(image, labels, np.arange(256) * 2, "it").tolist()
    [[[0, 0, 0, 14]]]
    """
    if labels is None:
        raise InputError(
            f"{who} was trained with nets.labels: its generator needs the labels of every image; "
            f"give a folder of images/ and labels/"
        )
    if labels.shape != images.shape[:-1]:
        raise InputError(
            f"labels of shape {list(labels.shape)} do not fit images of {list(images.shape)}"
        )
    groups = class_groups[labels][..., None].astype(np.uint8)
    return np.concatenate([images, groups], axis=-1)


def pad_to_fit(network: Sized, images: np.ndarray) -> tuple[np.ndarray, Window]:
    """Mirror images at their borders up to the next size that a network takes.

    Args:
      network: tells which sizes it takes.
      images: [H, W, 3] or [B, H, W, 3], of any type and size.

    Returns:
      A batch [B, h, w, 3] of a size the network takes, and the window of it that holds the images.
    """
    batch = images if images.ndim == 4 else images[None]
    height, width = batch.shape[1:3]
    top, left, rows, columns = centre(height, width, *padded_size(network, height, width))
    padded = np.pad(batch, ((0, 0), rows, columns, (0, 0)), mode="reflect")
    return padded, (slice(None), slice(top, top + height), slice(left, left + width))


def fill_batch(images: np.ndarray, size: int) -> np.ndarray:
    """Fill a short batch up by repeating its last image, since networks compile for each shape.

    >>> fill_batch(np.array([3, 5]).reshape(2, 1, 1, 1), 4).ravel().tolist()
    [3, 5, 5, 5]
    """
    return np.pad(images, ((0, size - len(images)), (0, 0), (0, 0), (0, 0)), mode="edge")


def padded_size(network: Sized, height: int, width: int) -> tuple[int, int]:
    """Find the smallest size from ``height`` x ``width`` on that a network takes.

    >>> from sggan_jax.nets.generators import UNet
    >>> padded_size(UNet(levels=5), 60, 128), padded_size(UNet(levels=5), 32, 32)
    ((64, 128), (32, 64))
    """
    multiple = network.multiple
    height, width = (-(-side // multiple) * multiple for side in (height, width))
    # One multiple more on either side is enough for a network that needs more than one cell.
    for extra_height, extra_width in itertools.product((0, multiple), repeat=2):
        size = height + extra_height, width + extra_width
        try:
            network.check_size(*size)
        except InputError:
            continue
        return size
    network.check_size(height, width)
    raise AssertionError("a size was refused and accepted")


def centre(
    height: int, width: int, padded_height: int, padded_width: int
) -> tuple[int, int, tuple[int, int], tuple[int, int]]:
    """Centre an image in a larger one.

    Returns:
      Top and left of the image, and the pixels to add (before, after) to its rows and columns.

    >>> centre(60, 125, 64, 128)
    (2, 1, (2, 2), (1, 2))
    """
    rows, columns = padded_height - height, padded_width - width
    top, left = rows // 2, columns // 2
    return top, left, (top, rows - top), (left, columns - left)
