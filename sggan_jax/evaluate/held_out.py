"""What every checkpoint of a run is measured against: held-out images and what is known of them."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sggan_jax.config.evaluate import LEAST_IMAGES
from sggan_jax.evaluate import patches
from sggan_jax.evaluate.colour import Colours, measure_colours
from sggan_jax.evaluate.contrast import LocalContrast, measure_contrast
from sggan_jax.evaluate.features import Features
from sggan_jax.evaluate.grid import Contrasts, measure_contrasts
from sggan_jax.evaluate.pairs import check_pairs
from sggan_jax.evaluate.segmentation import Labeller
from sggan_jax.types import InputError

PATCHES = 1000
"""Patches cut out of either side, of which those with like labels are compared."""

SAME = np.arange(256, dtype=np.uint8)
"""Class of every class where labels hold classes already."""

_BATCH = 16


@dataclasses.dataclass(frozen=True, eq=False)
class HeldOut:
    """What adapted images are measured against: all that is the same for every checkpoint.

    Attributes:
      names: of the n classes.
      sources: uint8 [B, H, W, 3].
      labels: classes of the sources in [0, n), 255 for none, uint8 [B, H, W].
      features: network that realism is measured by, or None.
      segmenter: network trained on photographs, or None.
      truth: what the adapted images should look like, or None.
      vectors: features of the photographs [P, C].
      places: of patches in the sources, those with a partner among the photographs' patches.
      patch_labels: classes of these patches, and of their partners, [n, side, side] each.
      partners: maps of the partners [n, h, w, C].
      colours: of the photographs.
      contrast: of the photographs.
      grids: of the sources and of the photographs.
    """

    names: Sequence[str]
    sources: np.ndarray
    labels: np.ndarray
    features: Features | None
    segmenter: Labeller | None
    truth: np.ndarray | None
    vectors: np.ndarray
    places: patches.Places
    patch_labels: tuple[np.ndarray, np.ndarray]
    partners: np.ndarray
    colours: Colours
    contrast: LocalContrast
    grids: tuple[Contrasts, Contrasts]


def prepare(
    sources: np.ndarray,
    labels: np.ndarray,
    photographs: np.ndarray,
    photo_labels: np.ndarray,
    names: Sequence[str],
    features: Features | None,
    segmenter: Labeller | None = None,
    truth: np.ndarray | None = None,
) -> HeldOut:
    """Work out what is the same for every checkpoint of a run.

    Args:
      sources: uint8 [B, H, W, 3].
      labels: classes of the sources in [0, n), 255 for none, uint8 [B, H, W].
      photographs: uint8 [P, H, W, 3], of other scenes.
      photo_labels: classes of the photographs, uint8 [P, H, W].
      names: of the n classes.
      features: network that realism is measured by; None leaves kid, skvd and ckvd out.
      segmenter: network trained on photographs; None leaves agreement and IoU out.
      truth: what adapted images should look like; None leaves the true error out.

    Raises:
      InputError: if shapes, types or classes do not agree, or a side has fewer than 16 images.
    """
    _check(sources, labels, photographs, photo_labels, names, segmenter, truth)
    number, size = len(names), sources.shape[1:3]
    places, partners = patches.choose_places(len(sources), size, 0, (0, 1)), np.zeros((0, 1, 1, 1))
    patch_labels, vectors = (labels[:0], labels[:0]), np.zeros((0, 1))
    if features is not None:
        places, found, patch_labels = _pair_patches(sources, labels, photographs, photo_labels)
        partners = patches.encode(features, found) if len(found) else partners
        vectors = encode_images(features, photographs)
    return HeldOut(
        names=tuple(names),
        sources=sources,
        labels=labels,
        features=features,
        segmenter=segmenter,
        truth=truth,
        vectors=vectors,
        places=places,
        patch_labels=patch_labels,
        partners=partners,
        colours=measure_colours(photographs, photo_labels, number),
        contrast=measure_contrast(photographs, photo_labels, number),
        grids=(measure_contrasts(sources), measure_contrasts(photographs)),
    )


class Arrays:
    """Images and their classes as a source of examples."""

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        self._images, self._labels = images, labels
        self.names = tuple(map(str, range(len(images))))

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        return {"image": self._images[index], "label": self._labels[index]}


def _pair_patches(
    sources: np.ndarray, labels: np.ndarray, photographs: np.ndarray, photo_labels: np.ndarray
) -> tuple[patches.Places, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Find patches of the sources with partners: their places, the partners, labels of both."""
    size = sources.shape[1:3]
    places = patches.choose_places(len(sources), size, PATCHES, (0, 1))
    _, mine = patches.cut(Arrays(sources, labels), places, SAME)
    others = patches.choose_places(len(photographs), size, PATCHES, (0, 2))
    images, theirs = patches.cut(Arrays(photographs, photo_labels), others, SAME)
    first, second = patches.match(mine, theirs)
    order = np.argsort(first)  # so that patches of one image follow each other
    first, second = first[order], second[order]
    images_of, tops, lefts = (one[first] for one in (places.images, places.tops, places.lefts))
    kept = patches.Places(images_of, tops, lefts, places.side)
    return kept, images[second], (mine[first], theirs[second])


def make_batches(images: np.ndarray) -> list[np.ndarray]:
    """Split images into batches of one size, the last filled up: a network compiles for each."""
    padded = np.pad(images, ((0, -len(images) % _BATCH), (0, 0), (0, 0), (0, 0)), mode="edge")
    return np.split(padded, len(padded) // _BATCH)


def encode_images(features: Features, images: np.ndarray) -> np.ndarray:
    """Features of whole images: [n, C]."""
    return features.vectors(make_batches(images))[: len(images)]


def _check(sources, labels, photographs, photo_labels, names, segmenter, truth) -> None:
    check_pairs(labels, sources=sources)
    check_pairs(photo_labels, photographs=photographs)
    if truth is not None:
        check_pairs(labels, truth=truth)
    if sources.shape[1:] != photographs.shape[1:]:
        raise InputError(
            f"sources and photographs must be of one size, got {list(sources.shape[1:3])} and "
            f"{list(photographs.shape[1:3])}"
        )
    if min(len(sources), len(photographs)) < LEAST_IMAGES:
        raise InputError(
            f"a checkpoint is measured on at least {LEAST_IMAGES} held-out images of either side, "
            f"got {len(sources)} sources and {len(photographs)} photographs"
        )
    if segmenter is not None and tuple(segmenter.names) != tuple(names):
        raise InputError(
            f"the network's classes must be those that images are measured by: it knows "
            f"{', '.join(segmenter.names)}, measured are {', '.join(names)}"
        )
