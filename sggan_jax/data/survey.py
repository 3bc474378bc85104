"""What is in a split, counted pair by pair: sums that can be added, so that many can count."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from sggan_jax.types import IGNORE, InputError

BANDS = 16
"""Horizontal bands of an image, from top to bottom, in which classes are counted apart."""

_LAST_TRAIN_ID = 18


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.int64)


@dataclass
class Survey:
    """Sums over the pairs of a split.

    Attributes:
        count: Number of pairs.
        bands: Number of pixels by band and class id [BANDS, 256], int64, as stored.
        sizes: Number of images by their original size, ``HEIGHTxWIDTH``.
        colour: Sum of red, green and blue over all pixels [3], int64.
        squares: Sum of their squares [3], int64.
        refused: Name and reason of every pair that cannot be used.
    """

    count: int = 0
    bands: np.ndarray = field(default_factory=lambda: _zeros(BANDS, 256))
    sizes: dict[str, int] = field(default_factory=dict)
    colour: np.ndarray = field(default_factory=lambda: _zeros(3))
    squares: np.ndarray = field(default_factory=lambda: _zeros(3))
    refused: list[tuple[str, str]] = field(default_factory=list)

    def add(self, image: np.ndarray, labels: np.ndarray, original: tuple[int, int]) -> None:
        """Count one pair: its stored image and labels, and the size it had."""
        self.count += 1
        size = "{}x{}".format(*original)
        self.sizes[size] = self.sizes.get(size, 0) + 1
        self.bands += count_bands(labels)
        values = image.reshape(-1, 3)
        histogram = [np.bincount(values[:, channel], minlength=256) for channel in range(3)]
        self.colour += np.array(histogram) @ np.arange(256)
        self.squares += np.array(histogram) @ np.arange(256) ** 2

    def merge(self, other: "Survey") -> None:
        """Add what another counted."""
        self.count += other.count
        self.bands += other.bands
        for size, count in other.sizes.items():
            self.sizes[size] = self.sizes.get(size, 0) + count
        self.colour += other.colour
        self.squares += other.squares
        self.refused += other.refused

    def is_whole(self) -> bool:
        """Say whether more than classes was counted; data sets of early versions have no more."""
        return bool(self.sizes)

    def pixels(self) -> dict[int, int]:
        """Return the number of pixels of every class id that occurs."""
        total = self.bands.sum(0)
        return {int(i): int(total[i]) for i in np.flatnonzero(total)}

    def mean_colour(self) -> np.ndarray:
        """Return the mean red, green and blue of all pixels, 0 to 255."""
        return self.colour / max(int(self.bands.sum()), 1)

    def deviation(self) -> np.ndarray:
        """Return the standard deviation of red, green and blue over all pixels."""
        mean = self.mean_colour()
        return np.sqrt(np.maximum(self.squares / max(int(self.bands.sum()), 1) - mean**2, 0))

    def to_json(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        found = [np.flatnonzero(band) for band in self.bands]
        bands = [
            {str(i): int(band[i]) for i in ids} for band, ids in zip(self.bands, found, strict=True)
        ]
        plain = {"colour": self.colour.tolist(), "squares": self.squares.tolist()}
        return {**asdict(self), "bands": bands, **plain}

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> "Survey":
        """Undo :meth:`to_json`."""
        survey = cls(
            count=tree["count"],
            sizes=dict(tree["sizes"]),
            colour=np.array(tree["colour"], np.int64),
            squares=np.array(tree["squares"], np.int64),
            refused=[(name, reason) for name, reason in tree["refused"]],
        )
        for band, counts in enumerate(tree["bands"]):
            for class_id, count in counts.items():
                survey.bands[band, int(class_id)] = count
        return survey


def count_bands(labels: np.ndarray) -> np.ndarray:
    """Count the pixels of a label map [H, W] by band, from the top, and class id: [BANDS, 256].

    >>> count_bands(np.array([[7], [23]], np.uint8))[[0, 8], [7, 23]].tolist()
    [1, 1]
    """
    height = labels.shape[0]
    band = (np.arange(height) * BANDS // height).astype(np.int64) * 256
    places = (labels + band[:, None]).ravel()
    return np.bincount(places, minlength=BANDS * 256).reshape(BANDS, 256)


def check_not_train_ids(survey: Survey, where: str) -> None:
    """Refuse labels that are train ids although Cityscapes' class ids are expected.

    Train ids are valid class ids of other meaning, so only all of them together give them away:
    road, sidewalk and building (0, 1, 2) with vegetation, sky or cars (8, 10, 13) and nothing
    beyond 18, where class ids have vegetation, sky and cars.

    Raises:
        InputError: They are train ids.
    """
    ids = {class_id for class_id in survey.pixels() if class_id != IGNORE}
    if {0, 1, 2} <= ids and ids & {8, 10, 13} and max(ids) <= _LAST_TRAIN_ID:
        raise InputError(
            f"The labels of {where} are train ids: they hold 0, 1 and 2, which as class ids are "
            "unlabeled, ego vehicle and rectification border, and none beyond 18, as sky and cars "
            "are. Give the files with class ids (Cityscapes: _labelIds), or the table trainids."
        )


def distance(one: Mapping[int, int], other: Mapping[int, int]) -> float:
    """Measure how far two domains' class shares are apart: the total variation.

    Args:
        one: Number of pixels by class id.
        other: The same of another domain.

    Returns:
        The share of pixels, 0 to 1, that would have to change their class to make the shares equal.

    Example:
        >>> distance({7: 3, 23: 1}, {7: 5, 11: 5})
        0.5
    """
    totals = max(sum(one.values()), 1), max(sum(other.values()), 1)
    return 0.5 * sum(
        abs(one.get(k, 0) / totals[0] - other.get(k, 0) / totals[1]) for k in {*one, *other}
    )
