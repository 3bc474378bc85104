"""Whether labels lie as their images do: classes meet where images have edges.

Images that were mirrored or turned without their labels, and labels that belong to the image before
or after, have right sizes and make streets; only the two together give them away.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sggan_jax.data.builders.files import File
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.one_class import ACCEPT
from sggan_jax.data.transforms import resize_image, resize_labels
from sggan_jax.images import read_image
from sggan_jax.types import InputError

PAIRS = 24
"""Pairs of a data set that are looked at, evenly spaced."""

CLEARLY = 1.25
"""Turned labels of right data fit at most 0.74 times as well, their neighbours' as well at most."""

_HEIGHT, _WIDTH = 128, 256

_TURNS = {
    "mirrored, left for right": np.fliplr,
    "mirrored, top for bottom": np.flipud,
    "turned by half": lambda labels: np.rot90(labels, 2),
}
_NEIGHBOURS = {-1: "taken from the pair before, by name", 1: "taken from the pair after, by name"}


def check_aligned(pairs: Sequence[tuple[File, File]], table: ClassTable, where: str) -> None:
    """Refuse labels that fit their images clearly better in another way.

    Args:
      pairs: image and label file, in the order of their names.
      table: under which labels are read.
      where: what the message calls the data set.

    Raises:
      InputError: naming the way.
    """
    fits: dict[str, list[float]] = defaultdict(list)
    for k in sorted({*np.linspace(0, len(pairs) - 1, PAIRS).astype(int).tolist()}):
        for way, fit in _measure(pairs, k, table).items():
            fits[way].append(fit)
    if not fits:
        return
    means = {way: float(np.mean(values)) for way, values in fits.items()}
    best = max(means, key=lambda way: means[way])
    if means[best] > CLEARLY * means[""]:
        raise InputError(
            f"The labels of {where} do not lie as their images do: {best} they fit better, with "
            f"{means[best]:.1f} times as strong edges where classes meet as elsewhere, and "
            f"{means['']:.1f} as they are. Put images or labels right; or say by {ACCEPT} that "
            "they are"
        )


def _measure(pairs: Sequence[tuple[File, File]], k: int, table: ClassTable) -> dict[str, float]:
    """Measure how well labels fit an image as they are ("") and in other ways; empty if unknown."""
    try:
        image, labels = read_image(pairs[k][0]), read_labels(pairs[k][1], table)
        others = {
            way: read_labels(pairs[k + step][1], table)
            for step, way in _NEIGHBOURS.items()
            if 0 <= k + step < len(pairs)
        }
    except InputError:  # refused where the pair is read
        return {}
    if image.shape[:2] != labels.shape:
        return {}
    ways = {"": labels} | {way: turn(labels) for way, turn in _TURNS.items()} | others
    size = min(len(image), _HEIGHT), min(image.shape[1], _WIDTH)
    small = resize_image(image, *size)
    return {way: measure_fit(small, resize_labels(ids, *size)) for way, ids in ways.items()}


def measure_fit(image: np.ndarray, labels: np.ndarray) -> float:
    """Measure how much stronger edges of an image are where classes meet than elsewhere.

    Args:
      image: uint8 [H, W, 3].
      labels: class ids, uint8 [H, W].

    Returns:
      Ratio of mean differences of neighbouring pixels, one grey level more each so that flat images
      tell little; 1 where there is nothing to tell.

    >>> labels = np.array([[7, 7, 9, 9]] * 3, np.uint8)
    >>> image = np.array([[0, 1, 11, 12]] * 3, np.uint8)[..., None].repeat(3, -1)
    >>> measure_fit(image, labels)
    5.5
    """
    grey = image.astype(np.float32).mean(-1)
    edges = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    meet = (labels[1:] != labels[:-1])[:, :-1] | (labels[:, 1:] != labels[:, :-1])[:-1]
    if not meet.any() or meet.all():
        return 1.0
    return float((1 + edges[meet].mean()) / (1 + edges[~meet].mean()))
