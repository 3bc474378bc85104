"""Distances over patches whose labels agree: realism apart from what the scenes show.

Renderings and photographs show different things, which every distance of whole images measures
too. Here patches are compared whose labels agree, as in the sKVD of Richter et al. (2021), and the
features of one class alone, averaged over its own pixels (cKVD).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sggan_jax.data.sources import Source
from sggan_jax.evaluate.features import Features
from sggan_jax.evaluate.realism import Distance, kernel_distance_of_subsets
from sggan_jax.nets.sizes import fill_batch

LEAST_AGREEMENT, LEAST_SHARE = 0.5, 0.2
"""Share of equal labels from which patches match; share of a class from which it is compared."""

_GRID = 8
_FEWEST = 24
_BATCH = 64


class Places(NamedTuple):
    """Where patches lie: index of the image, top and left, each [n], and their side in pixels."""

    images: np.ndarray
    tops: np.ndarray
    lefts: np.ndarray
    side: int


def choose_places(
    number: int, size: tuple[int, int], count: int, seed: Sequence[int] | int
) -> Places:
    """Choose square patches at random, a quarter of the image's height and at least 16 pixels.

    Args:
      number: of images.
      size: height and width of all of them.
      count: of patches, spread evenly over the images.
      seed: decides which.
    """
    height, width = size
    side = min(max(16, height // 4), height, width)
    numbers = np.random.default_rng(seed)
    images = np.sort(numbers.permutation(np.arange(count) % number))
    tops = numbers.integers(0, height - side + 1, count)
    return Places(images, tops, numbers.integers(0, width - side + 1, count), side)


def cut(source: Source, places: Places, class_groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut patches out of images and their labels.

    Args:
      source: images of one size with labels.
      places: of the patches.
      class_groups: class of every class id, uint8 [256].

    Returns:
      uint8 [n, side, side, 3], and classes uint8 [n, side, side].
    """
    images, labels, held = [], [], -1
    for index, top, left in zip(places.images, places.tops, places.lefts, strict=True):
        if index != held:
            example, held = source[int(index)], index
        window = np.s_[top : top + places.side, left : left + places.side]
        images.append(example["image"][window])
        labels.append(class_groups[example["label"][window]])
    return np.stack(images), np.stack(labels)


def match(a: np.ndarray, b: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pair patches whose labels agree in at least half of 8x8 places, each used once at most.

    In random order, every patch of ``a`` takes the one of ``b`` that agrees best among those left.

    Args:
      a: classes uint8 [n, side, side].
      b: classes uint8 [m, side, side].
      seed: of the order.

    Returns:
      Indices into ``a`` and into ``b``, pair by pair.
    """
    grid = np.linspace(0, a.shape[1] - 1, _GRID).round().astype(int)
    a, b = (labels[:, grid][:, :, grid].reshape(len(labels), -1) for labels in (a, b))
    agreement = sum(
        (a == k).astype(np.float32) @ (b == k).astype(np.float32).T for k in np.unique(a)
    ) / (_GRID * _GRID)
    pairs = []
    for i in np.random.default_rng(seed).permutation(len(a)):
        j = int(np.argmax(agreement[i]))
        if agreement[i, j] >= LEAST_AGREEMENT:
            pairs.append((i, j))
            agreement[:, j] = -1
    chosen = np.array(pairs, int).reshape(-1, 2)
    return chosen[:, 0], chosen[:, 1]


def encode(features: Features, images: np.ndarray) -> np.ndarray:
    """Features of patches at stride 4: float32 [n, h, w, C]."""
    maps = []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        maps.append(features.maps(fill_batch(batch, _BATCH))[: len(batch)])
    return np.concatenate(maps)


def aligned_distance(x: np.ndarray, y: np.ndarray) -> Distance:
    """sKVD: kernel distance of matched patches' features, averaged over each patch.

    Args:
      x: maps [n, h, w, C].
      y: maps [n, h, w, C] of their partners.
    """
    return kernel_distance_of_subsets(x.mean(axis=(1, 2)), y.mean(axis=(1, 2)))


def class_distance(
    x: np.ndarray, labels_x: np.ndarray, y: np.ndarray, labels_y: np.ndarray, k: int
) -> tuple[Distance, int] | None:
    """cKVD: kernel distance of one class's features, averaged over its own places in each patch.

    Args:
      x: maps [n, h, w, C].
      labels_x: classes of the patches [n, side, side].
      y: maps [n, h, w, C] of their partners.
      labels_y: classes of these [n, side, side].
      k: the class.

    Returns:
      The distance and the number of pairs in which the class holds a fifth of either patch; None
      where there are fewer than 24 of them.
    """
    (x, share_x), (y, share_y) = _average_class(x, labels_x, k), _average_class(y, labels_y, k)
    both = np.minimum(share_x, share_y) >= LEAST_SHARE
    if both.sum() < _FEWEST:
        return None
    return kernel_distance_of_subsets(x[both], y[both]), int(both.sum())


def _average_class(maps: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Average maps over the places whose centre is of a class: [n, C], and its share [n]."""
    rows, columns = (
        (np.arange(places) + 0.5) * labels.shape[1] / places for places in maps.shape[1:3]
    )
    inside = (labels[:, rows.astype(int)][:, :, columns.astype(int)] == k).astype(np.float32)
    total = inside.sum(axis=(1, 2))
    summed = np.einsum("nhwc,nhw->nc", maps, inside)
    return summed / np.maximum(total, 1)[:, None], inside.mean(axis=(1, 2))
