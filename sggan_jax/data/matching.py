"""Which of several photographs shows its classes where a rendering does."""

from collections.abc import Sequence

import numpy as np

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
