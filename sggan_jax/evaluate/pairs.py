"""Scores for scenes whose true adapted image is known, such as the toy city's test split.

Two questions: is the adapted image nearer to the true one than its input was, class by class; and
are the boundaries between classes still there? Counts are summed over a data set and divided once.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import numpy as np

from sggan_jax.data.labels import ClassTable
from sggan_jax.losses.gradient import semantic_boundary, sobel
from sggan_jax.types import InputError

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue (ITU-R BT.601)."""

EDGE_THRESHOLD = 24.0
"""Height in grey levels of a step that counts as an edge."""


@dataclasses.dataclass(frozen=True, eq=False)
class ErrorCounts:
    """Absolute errors by class, as sums that can be added.

    Attributes:
      sums: of |image - true| over pixels and channels, int64 [256], by class id.
      pixels: int64 [256], by class id.
    """

    sums: np.ndarray
    pixels: np.ndarray

    def __add__(self, other: "ErrorCounts") -> "ErrorCounts":
        return ErrorCounts(self.sums + other.sums, self.pixels + other.pixels)

    @property
    def overall(self) -> float:
        """Mean absolute error over all pixels, in grey levels; NaN without any."""
        return _ratio(self.sums.sum(), 3 * self.pixels.sum())

    @property
    def by_class(self) -> dict[int, float]:
        """Mean absolute error by class id, in grey levels; absent classes are left out."""
        present = np.flatnonzero(self.pixels).tolist()
        return {i: _ratio(self.sums[i], 3 * self.pixels[i]) for i in present}


def count_errors(images: np.ndarray, true: np.ndarray, labels: np.ndarray) -> ErrorCounts:
    """Sum absolute differences, mean |image - true| over pixels and channels once divided.

    Args:
      images: uint8 [B, H, W, 3].
      true: what they should look like, the same shape.
      labels: class ids uint8 [B, H, W].

    Returns:
      Counts; add those of several batches before dividing.

    Raises:
      InputError: if shapes or types do not agree.

    >>> image, true = np.zeros((1, 1, 2, 3), np.uint8), np.full((1, 1, 2, 3), 6, np.uint8)
    >>> count_errors(image, true, np.array([[[7, 23]]], np.uint8)).by_class
    {7: 6.0, 23: 6.0}
    """
    check_pairs(labels, images=images, true=true)
    differences = np.abs(images.astype(np.int16) - true.astype(np.int16)).sum(axis=-1)
    flat = labels.ravel()
    sums = np.bincount(flat, weights=differences.ravel(), minlength=256)
    return ErrorCounts(sums.astype(np.int64), np.bincount(flat, minlength=256).astype(np.int64))


@dataclasses.dataclass(frozen=True)
class BoundaryCounts:
    """Boundaries between classes that an image shows and its adaptation still shows.

    Attributes:
      shown: pixels on a boundary of the labels where the input carries an edge.
      kept: those of them within one pixel of an edge of the adapted image.
      pixels: all pixels.
      near_edge: those within one pixel of an edge of the adapted image.
    """

    shown: int
    kept: int
    pixels: int
    near_edge: int

    def __add__(self, other: "BoundaryCounts") -> "BoundaryCounts":
        return BoundaryCounts(
            self.shown + other.shown,
            self.kept + other.kept,
            self.pixels + other.pixels,
            self.near_edge + other.near_edge,
        )

    @property
    def recall(self) -> float:
        """Share of the shown boundary pixels that are kept, in [0, 1]; NaN without any."""
        return _ratio(self.kept, self.shown)

    @property
    def chance(self) -> float:
        """Recall of as many edges anywhere: the share of all pixels near an edge."""
        return _ratio(self.near_edge, self.pixels)


def count_boundaries(
    images: np.ndarray, adapted: np.ndarray, labels: np.ndarray, threshold: float = EDGE_THRESHOLD
) -> BoundaryCounts:
    """Count boundaries between classes that an image shows, and those its adaptation keeps.

    A boundary pixel is one whose left and right, or upper and lower neighbours have different
    classes (:func:`sggan_jax.losses.gradient.semantic_boundary`). An image shows it when it has an
    edge there (:func:`edges`); the adapted image keeps it when it has an edge in the 3x3 pixels
    around. Boundaries that the input does not show are not counted: nobody could keep them.

    Args:
      images: inputs, uint8 [B, H, W, 3].
      adapted: the same shape.
      labels: class ids of the inputs, uint8 [B, H, W].
      threshold: see :func:`edges`.

    Returns:
      Counts; ``recall`` is the score; ``chance`` is what as many edges anywhere would score.

    Raises:
      InputError: if shapes or types do not agree.
    """
    check_pairs(labels, images=images, adapted=adapted)
    shown = find_boundaries(labels) & edges(images, threshold)
    near = widen(edges(adapted, threshold))
    return BoundaryCounts(int(shown.sum()), int((shown & near).sum()), shown.size, int(near.sum()))


def edges(images: np.ndarray, threshold: float = EDGE_THRESHOLD) -> np.ndarray:
    """Mark edges: where the Sobel magnitude of the luminance, divided by 4, reaches a threshold.

    Divided by 4, the magnitude beside a straight step is the height of the step in grey levels.

    Args:
      images: uint8 [B, H, W, 3].
      threshold: in grey levels, in (0, 255].

    Returns:
      bool [B, H, W].

    >>> step = np.zeros((1, 3, 4, 3), np.uint8); step[:, :, 2:] = 30
    >>> edges(step)[0, 1].tolist(), bool(edges(step, threshold=31).any())
    ([False, True, True, False], False)
    """
    check_bytes(images=images)
    luminance = (images.astype(np.float32) @ LUMINANCE)[..., None]
    responses = np.asarray(_sobel(luminance)) / 4
    # A step of exactly the threshold counts, whatever rounding does to its luminance.
    return np.hypot(responses[..., 0], responses[..., 1]) >= threshold - 1e-3


def find_boundaries(labels: np.ndarray) -> np.ndarray:
    """Mark the pixels on a boundary between classes: uint8 [B, H, W] to bool [B, H, W]."""
    return np.asarray(_boundary(labels)) > 0


# Compiled whole: one by one, their steps take longer to start than to run.
_sobel, _boundary = jax.jit(sobel), jax.jit(semantic_boundary)


def widen(mask: np.ndarray) -> np.ndarray:
    """Mark every pixel with a marked one among the 3x3 around it."""
    height, width = mask.shape[1:]
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    shifts = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.logical_or.reduce(shifts)


def format_errors(columns: Mapping[str, ErrorCounts], table: ClassTable) -> str:
    """Write errors as a Markdown table: overall, then each class, the largest first.

    Args:
      columns: title to errors, all on the same scenes; the last is compared with the first.
      table: names the classes.

    Returns:
      Lines of Markdown that are also readable as they are; errors in grey levels.
    """
    pixels = next(iter(columns.values())).pixels
    by_class = [errors.by_class for errors in columns.values()]
    rows = [("all pixels", 1.0, [errors.overall for errors in columns.values()])]
    for i in sorted(by_class[0], key=lambda i: -pixels[i]):
        rows.append((table.name_of(i), pixels[i] / pixels.sum(), [of[i] for of in by_class]))
    cells = [
        (name, f"{share:.1%}", *(f"{value:.1f}" for value in values), _change(values))
        for name, share, values in rows
    ]
    return format_table(("class", "pixels", *columns, "change"), cells)


def _change(values: Sequence[float]) -> str:
    return f"{values[-1] / values[0] - 1:+.0%}" if values[0] else "-"


def format_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Write a Markdown table with aligned columns, words to the left, numbers to the right.

    >>> print(format_table(("class", "error"), [("sky", "3.1"), ("road", "12.0")]))
    | class | error |
    | :---- | ----: |
    | sky   |   3.1 |
    | road  |  12.0 |
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = tuple("-" * (w - 1) + ":" if k else ":" + "-" * (w - 1) for k, w in enumerate(widths))
    lines = []
    for row in (header, rule, *rows):
        cells = [
            cell.rjust(w) if k else cell.ljust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def check_bytes(**images: np.ndarray) -> None:
    """Refuse images of another type than uint8, whose grey levels would mean something else.

    Raises:
      InputError: naming the array, its type and shape.

    >>> check_bytes(images=np.zeros((4, 4, 3)))
    Traceback (most recent call last):
    sggan_jax.types.InputError: images must be uint8 [..., 3] in 0 to 255, got float64 [4, 4, 3]
    """
    for name, image in images.items():
        if image.dtype != np.uint8 or image.shape[-1:] != (3,):
            raise InputError(
                f"{name} must be uint8 [..., 3] in 0 to 255, got {image.dtype} {list(image.shape)}"
            )


def check_pairs(labels: np.ndarray, **images: np.ndarray) -> None:
    """Refuse anything but uint8 images [B, H, W, 3] with labels [B, H, W]."""
    for name, image in images.items():
        if image.dtype != np.uint8 or image.ndim != 4 or image.shape != (*labels.shape, 3):
            raise InputError(
                f"{name} must be uint8 {[*labels.shape, 3]} like the labels, "
                f"got {image.dtype} {list(image.shape)}"
            )
    if labels.dtype != np.uint8:
        raise InputError(f"labels must be uint8 class ids, got {labels.dtype}")
