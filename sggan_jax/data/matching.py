"""Which photographs belong to a rendering: by their layout, or by their names."""

from collections.abc import Sequence

import numpy as np

from sggan_jax.data.sources import Source, Subset
from sggan_jax.types import IGNORE, InputError

_ROWS, _COLUMNS = 8, 16
"""Positions at which labels are compared."""


def sample_layout(labels: np.ndarray, class_groups: np.ndarray) -> np.ndarray:
    """Look up the class group at 8x16 positions of a label image.

    Args:
        labels: Class ids, uint8 [H, W].
        class_groups: Class group of every class id, uint8 [256].

    Returns:
        uint8 [8, 16].
    """
    height, width = labels.shape
    rows = (2 * np.arange(_ROWS) + 1) * height // (2 * _ROWS)
    columns = (2 * np.arange(_COLUMNS) + 1) * width // (2 * _COLUMNS)
    return class_groups[labels[rows][:, columns]]


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Fraction of positions at which two layouts have the same class group, 255 being none.

    Example:
        >>> agreement(np.array([[0, 1, 255, 3]]), np.array([[0, 2, 255, 3]]))
        0.5
    """
    return float(np.mean((one == other) & (one != IGNORE)))


def choose_best(layout: np.ndarray, candidates: Sequence[np.ndarray]) -> int:
    """Index of the candidate that agrees best with a layout, the first of equals.

    Example:
        >>> choose_best(np.array([[0, 1]]), [np.array([[2, 2]]), np.array([[0, 2]])])
        1
    """
    return int(np.argmax([agreement(layout, candidate) for candidate in candidates]))


def check_candidates(number: int) -> None:
    """Refuse a number of candidates that cannot be.

    Raises:
        InputError: With the number.
    """
    if number < 1:
        raise InputError(f"data.candidates must be at least 1, got {number}.")


def pair_by_name(virtual: Source, real: Source) -> tuple[Subset, Subset]:
    """Keep the images whose name both domains have, in the same order.

    Args:
        virtual: The virtual domain.
        real: Real images of the virtual ones' layouts, such as ``sggan compose`` makes.

    Returns:
        What is left of both, of the same length.

    Raises:
        InputError: No name is in both.
    """
    places = {name: place for place, name in enumerate(real.names)}
    there = [place for place, name in enumerate(virtual.names) if name in places]
    if not there:
        raise InputError(
            f"data.paired asks for real images under the names of the virtual ones, but none is: "
            f"the first virtual one is {virtual.names[0]!r}, the first real one "
            f"{real.names[0]!r}. sggan compose makes such images."
        )
    theirs = [places[virtual.names[place]] for place in there]
    return Subset(virtual, there), Subset(real, theirs)
