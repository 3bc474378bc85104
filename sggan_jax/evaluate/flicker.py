"""Flicker of adapted image sequences: what changes where the source stands still."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

import numpy as np

from sggan_jax.data.sources import Source
from sggan_jax.evaluate.pairs import check_bytes

STILL = 4.0
"""Grey levels up to which a pixel of the source counts as standing still."""

_LEAST_STILL = 0.2
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclasses.dataclass(frozen=True)
class Flicker:
    """Sums over pixels that stand still from one image of a sequence to the next.

    Attributes:
      pairs: of images that follow each other.
      pixels: that stand still in them, of one class.
      source: sum of their absolute change in the source, grey levels.
      adapted: in the adapted images.
    """

    pairs: int
    pixels: int
    source: float
    adapted: float

    @property
    def excess(self) -> float:
        """Mean change of still pixels beyond that of the source, grey levels; NaN without any."""
        return (self.adapted - self.source) / self.pixels if self.pixels else float("nan")

    def __add__(self, other: "Flicker") -> "Flicker":
        """Add up what was measured on other pairs."""
        sums = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Flicker(*(one + more for one, more in sums))


NO_FLICKER = Flicker(0, 0, 0.0, 0.0)

Pair = tuple[np.ndarray, np.ndarray]
"""Two images that follow each other, uint8 [H, W, 3]."""


def follow(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Find pairs of images whose names end in numbers that follow each other.

    >>> list(follow(["b/7", "a_01", "a_02", "a_04", "b/8", "sky"]))
    [(0, 4), (1, 2)]
    """
    places = {}
    for index, name in enumerate(names):
        found = _NUMBERED.fullmatch(name)
        if found:
            places[found[1], int(found[2])] = index
    for (stem, number), index in places.items():
        if (stem, number + 1) in places:
            yield index, places[stem, number + 1]


def measure_flicker(source: Source, adapted: Source, most: int = 500) -> Flicker:
    """Measure how much adapted sequences change where their source stands still.

    A pixel stands still where its colour changes by at most 4 grey levels on average over its
    channels and its class not at all. Pairs of which less than a fifth stands still are no
    sequence and are left out.

    Args:
      source: images whose names end in the number of the frame, with labels.
      adapted: the same, adapted.
      most: pairs looked at.
    """
    total = NO_FLICKER
    for first, second in list(follow(source.names))[:most]:
        before, after = source[first], source[second]
        images = before["image"], after["image"]
        made = adapted[first]["image"], adapted[second]["image"]
        total += measure_pair(images, made, before["label"] == after["label"])
    return total


def measure_pair(source: Pair, adapted: Pair, same_class: np.ndarray | None = None) -> Flicker:
    """Measure how much two adapted images differ where their sources do not.

    Args:
      source: two images that follow each other.
      adapted: the same, adapted.
      same_class: where the class stays, bool [H, W]; None where classes are not known.

    Returns:
      The sums; of no pair where less than a fifth stands still.
    """
    check_bytes(source=source[0], adapted=adapted[0])
    change = _difference(*source)
    still = change <= STILL
    if same_class is not None:
        still &= same_class
    if still.mean() < _LEAST_STILL:
        return NO_FLICKER
    made = _difference(*adapted)
    return Flicker(1, int(still.sum()), float(change[still].sum()), float(made[still].sum()))


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(np.int16) - other.astype(np.int16)).mean(axis=-1)
