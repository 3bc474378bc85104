"""What an adaptation did to the meaning of one image: classes seen, boundaries, amount of change.

A network trained on real images looks at an image before and after. Where it sees less of what the
labels say than before, something grew that does not belong there, or something went missing.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.domains import check_ids_learned
from sggan_jax.evaluate.pairs import (
    EDGE_THRESHOLD,
    check_bytes,
    check_pairs,
    edges,
    find_boundaries,
    widen,
)
from sggan_jax.images import format_size
from sggan_jax.losses.gradient import sobel
from sggan_jax.runs.segmenter import Segmenter
from sggan_jax.types import IGNORE, to_float

FARTHEST = 5
"""Pixels beyond which a boundary counts as moved no farther."""

_BAND = 3


class Classes(NamedTuple):
    """Names of n classes, and the class in [0, n) of every class id, uint8 [256]; 255 is none."""

    names: Sequence[str]
    class_groups: np.ndarray


def choose_classes(table: ClassTable, segmenter: Segmenter | None) -> tuple[Classes, str]:
    """Take the classes of a network, or those of a class table without one; name the network.

    Args:
      table: ids of the labels that are to be measured. Where these are mapped to Cityscapes', so
        are the network's classes; give the table that is stored for labels that are prepared.
      segmenter: the network; None for none.

    Raises:
      InputError: if the network learned other ids.
    """
    if segmenter is not None:
        check_ids_learned(table, segmenter.table)
        ids = table.to_stored(np.arange(256, dtype=np.uint8))
        classes = Classes(segmenter.names, segmenter.class_groups[ids])
        at = f", at {format_size(segmenter.scale)}" if segmenter.scale else ""
        return classes, f"{segmenter.run.resolve().name}, step {segmenter.step}{at}"
    rows = np.flatnonzero(table.ids >= 0)
    class_groups = np.full(256, IGNORE, np.uint8)
    class_groups[table.ids[rows]] = np.arange(len(rows))
    return Classes([table.names[row] for row in rows], class_groups), "no network"


@dataclasses.dataclass(frozen=True)
class ClassScores:
    """What became of one class in one image.

    Attributes:
      pixels: its share of the image by the labels, in (0, 1].
      source: share of its pixels where the network saw it in the source; None without a network.
      adapted: the same in the adapted image.
      change: mean absolute difference of its pixels, in grey levels.
      gradient: mean difference of gradient magnitudes, see :func:`measure_gradients`: texture that
        it gained or lost.
    """

    pixels: float
    source: float | None
    adapted: float | None
    change: float
    gradient: float


@dataclasses.dataclass(frozen=True)
class ImageScores:
    """What became of one image; None where there is nothing to measure or nobody to look.

    Attributes:
      source: share of the labelled pixels where the network saw in the source what labels say.
      adapted: the same in the adapted image.
      boundary_f: F-score of the edges at class boundaries, see :func:`score_boundaries`.
      moved: mean distance of boundaries from the nearest edge of the adapted image, in pixels.
      gradient: mean of :func:`measure_gradients` over the boundaries of classes.
      change: mean absolute difference, in grey levels.
      classes: by name, those that occur.
    """

    source: float | None
    adapted: float | None
    boundary_f: float | None
    moved: float | None
    gradient: float | None
    change: float
    classes: dict[str, ClassScores]


def score_image(
    image: np.ndarray,
    adapted: np.ndarray,
    labels: np.ndarray,
    classes: Classes,
    seen: tuple[np.ndarray, np.ndarray] | None = None,
) -> ImageScores:
    """Measure what an adaptation did to one image.

    Args:
      image: source, uint8 [H, W, 3].
      adapted: uint8 [H, W, 3].
      labels: class ids of the source, uint8 [H, W].
      classes: what to call them, and which ids belong together.
      seen: classes that a network saw in the source and in the adapted image, uint8 [H, W] each.

    Raises:
      InputError: if shapes or types do not agree.
    """
    check_pairs(labels[None], images=image[None], adapted=adapted[None])
    truth = classes.class_groups[labels]
    difference = np.abs(image.astype(np.int16) - adapted).mean(axis=-1)
    gradients = measure_gradients(image, adapted)
    boundary = find_boundaries(labels[None])[0]
    right = [prediction == truth for prediction in seen] if seen else [None, None]
    scores = {
        classes.names[k]: ClassScores(
            pixels=float(np.mean(truth == k)),
            source=_share(right[0], truth == k),
            adapted=_share(right[1], truth == k),
            change=float(difference[truth == k].mean()),
            gradient=float(gradients[truth == k].mean()),
        )
        for k in np.unique(truth[truth != IGNORE]).tolist()
    }
    boundary_f, moved = score_boundaries(image, adapted, labels)
    return ImageScores(
        source=_share(right[0], truth != IGNORE),
        adapted=_share(right[1], truth != IGNORE),
        boundary_f=boundary_f,
        moved=moved,
        gradient=float(gradients[boundary].mean()) if boundary.any() else None,
        change=float(difference.mean()),
        classes=scores,
    )


def score_boundaries(
    image: np.ndarray, adapted: np.ndarray, labels: np.ndarray, threshold: float = EDGE_THRESHOLD
) -> tuple[float | None, float | None]:
    """Measure whether boundaries between classes are where they were.

    Recall is the share of the boundary pixels that the source shows as edges with an edge of the
    adapted image within one pixel. Precision is the share of the adapted image's edges, within 3
    pixels of a boundary of the labels, that have an edge of the source within one pixel: texture
    far from boundaries does not count.

    Args:
      image: source, uint8 [H, W, 3].
      adapted: uint8 [H, W, 3].
      labels: class ids, uint8 [H, W].
      threshold: of :func:`sggan_jax.evaluate.pairs.edges`, in grey levels.

    Returns:
      Harmonic mean of precision and recall, in [0, 1], and the mean distance of shown boundaries
      from the nearest edge of the adapted image in pixels (the larger of rows and columns), 5 at
      most; None, None where the source shows no boundary.
    """
    boundary = find_boundaries(labels[None])
    before, after = edges(image[None], threshold), edges(adapted[None], threshold)
    shown = boundary & before
    if not shown.any():
        return None, None
    distances, reach = [], after
    for _ in range(FARTHEST):
        distances.append(1 - float(reach[shown].mean()))
        reach = widen(reach)
    recall = 1 - distances[1]
    band = boundary
    for _ in range(_BAND):
        band = widen(band)
    near = after & band
    precision = float(widen(before)[near].mean()) if near.any() else 0.0
    total = precision + recall
    return (2 * precision * recall / total if total else 0.0), sum(distances)


def measure_gradients(image: np.ndarray, adapted: np.ndarray) -> np.ndarray:
    """Difference of gradient magnitudes at every pixel, mean of ||S*x| - |S*y|| over responses.

    The soft gradient-sensitive loss (eq. 6, alpha = 1) is the mean over all pixels of this times
    the boundaries of classes; the mean over the pixels of a class is the texture it gained or lost.

    Args:
      image: source, uint8 [H, W, 3].
      adapted: uint8 [H, W, 3].

    Returns:
      float32 [H, W], at least 0, of images in [-1, 1].

    >>> flat, step = np.zeros((3, 4, 3), np.uint8), np.zeros((3, 4, 3), np.uint8)
    >>> step[:, 2:] = 255
    >>> measure_gradients(flat, step)[1].round(3).tolist()
    [0.0, 4.0, 4.0, 0.0]
    """
    check_bytes(image=image, adapted=adapted)
    return np.asarray(_gradients(image[None], adapted[None]))[0]


@jax.jit
def _gradients(image: jax.Array, adapted: jax.Array) -> jax.Array:
    x, y = (jnp.abs(sobel(to_float(one))) for one in (image, adapted))
    return jnp.abs(x - y).mean(axis=-1)


def _share(right: np.ndarray | None, where: np.ndarray) -> float | None:
    return float(right[where].mean()) if right is not None and where.any() else None
