"""How far images go from the source to the adapted image: all alike, or class by class.

Source and adapted image are mixed in linear light: sRGB is decoded, mixed and encoded again, as
light itself would mix. Where strengths of classes meet, they pass into each other over a few
pixels, so that no seam shows.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter

from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.transforms import resize_labels
from sggan_jax.evaluate.colour import LINEAR
from sggan_jax.folders import find_labels, name_of
from sggan_jax.types import IGNORE, InputError

ALL = "all"
"""Stands for every class that is not named."""

BORDER = 2
"""Pixels on either side of a border over which two strengths pass into each other."""


@dataclasses.dataclass(frozen=True)
class Strength:
    """How far to go: 0 is the source, 1 the adapted image.

    Attributes:
      rest: of every class that is not named, in [0, 1].
      classes: of the named ones.
    """

    rest: float = 1.0
    classes: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        """Write it in the one form in which strengths are compared; a flag takes it.

        >>> str(Strength(0.5, {"sky": 1.0, "car": 0.25, "road": 0.5})), str(Strength(0.7))
        ('all=0.5,car=0.25,sky=1', '0.7')
        """
        named = [(k, v) for k, v in sorted(self.classes.items()) if v != self.rest]
        if not named:
            return f"{self.rest:g}"
        return ",".join(f"{name}={value:g}" for name, value in [(ALL, self.rest), *named])

    def of(self, name: str) -> float:
        """Return the strength of a class."""
        return self.classes.get(name, self.rest)


FULL = Strength()


def parse_strength(text: str, table: ClassTable) -> Strength:
    """Read what a user asks for: ``0.7``, or ``sky=1,car=0.5``, or ``all=0.6,sky=1``.

    Args:
      text: a number, or pairs of class and number; classes not named have that of ``all``, or 1.
      table: the classes there are.

    Raises:
      InputError: if it is no number in [0, 1], or names a class twice or one that is not there.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, sign, value = part.rpartition("=")
        name = name.strip() if sign else ALL
        if name in found:
            raise InputError(f"the strength {text!r} names {name} twice; name each class once")
        found[name] = _read_number(value, text)
    unknown = [name for name in found if name not in (ALL, *table.names)]
    if unknown:
        raise InputError(
            f"the strength {text!r} names {unknown[0]!r}, which is no class of table "
            f"{table.name!r}; its classes are {', '.join(table.names)}"
        )
    return Strength(found.pop(ALL, 1.0), found)


def _read_number(value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:  # which refuses NaN, too
        raise InputError(
            f"the strength {text!r} holds {value.strip()!r}; give a number from 0, the source, "
            f"to 1, the adapted image, such as 0.7 or sky=1,car=0.5"
        )
    return number


def map_strength(strength: Strength, labels: np.ndarray, table: ClassTable) -> np.ndarray:
    """Spread strengths over the pixels of an image, softly where they meet.

    Args:
      strength: by class.
      labels: class ids, uint8 [H, W].
      table: names the classes of the ids.

    Returns:
      [H, W] in [0, 1]: that of the pixel's class, farther than ``BORDER`` pixels from other
      strengths; nearer, the mean of the square around the pixel.
    """
    values = np.full(256, strength.rest)
    for number, name in zip(table.ids.tolist(), table.names, strict=True):
        if number >= 0:  # others name a class that no label image holds
            values[number] = strength.of(name)
    smooth = uniform_filter(values[labels], 2 * BORDER + 1, mode="nearest")
    return smooth.clip(0, 1)


def blend(source: np.ndarray, adapted: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    """Mix images in linear light.

    Args:
      source: sRGB, uint8 [..., H, W, 3].
      adapted: of the same shape.
      weight: of the adapted image in [0, 1], one for all or [..., H, W].

    Returns:
      uint8 of the same shape; exactly the source where the weight is 0, the adapted image where 1.

    >>> black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    >>> blend(black, white, 0.5).tolist()
    [[[188, 188, 188]]]
    """
    weights = np.asarray(weight, np.float32)[..., None]
    linear = LINEAR[source] * (1 - weights) + LINEAR[adapted] * weights
    bent = 1.055 * np.power(linear, 1 / 2.4) - 0.055  # IEC 61966-2-1
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, bent)
    return np.rint(255 * encoded).astype(np.uint8)


def make_work(
    adapt: Callable[..., np.ndarray],
    strength: Strength = FULL,
    source: Path | None = None,
    table: ClassTable | None = None,
) -> Callable[[Sequence[Path], np.ndarray], np.ndarray]:
    """Make the work of :func:`sggan_jax.adapt.flow.map_folder` that adapts at some strength.

    Args:
      adapt: uint8 images [B, H, W, 3] to adapted ones; images and stored class ids [B, H, W] where
        it has ``needs_labels`` set.
      strength: of what it does.
      source: folder data set that has the labels; not needed where nothing asks for them. An
        adapter that asks for labels itself refuses to do without.
      table: its classes.
    """
    told = getattr(adapt, "needs_labels", False)
    found = find_labels(source) if source and (told or strength.classes) else {}

    def read(name: Path, size: tuple[int, ...]) -> np.ndarray | None:
        """Read an image's labels at a size; None where they cannot be, of which the gate tells."""
        if source is None or table is None:
            return None
        try:
            labels = read_labels(source / found.get(name_of(name), Path("labels")), table)
        except InputError:
            return None
        return resize_labels(labels, *size)

    def work(names: Sequence[Path], images: np.ndarray) -> np.ndarray:
        size = images.shape[1:3]
        labels = [read(name, size) for name in names] if told or strength.classes else []
        beside = (_stack(labels, table, images.shape),) if told and source and table else ()
        adapted = adapt(images, *beside)
        if str(strength) == "1":
            return adapted
        if not strength.classes or source is None or table is None:
            return blend(images, adapted, strength.rest)
        weights = [
            np.full(size, strength.rest) if label is None else map_strength(strength, label, table)
            for label in labels
        ]
        return blend(images[: len(names)], adapted[: len(names)], np.stack(weights))

    return work


def _stack(
    labels: Sequence[np.ndarray | None], table: ClassTable, shape: tuple[int, ...]
) -> np.ndarray:
    """Stack labels for a batch of images, as training stores them; none where there are none."""
    stacked = np.full(shape[:3], IGNORE, np.uint8)
    for row, label in zip(stacked, labels, strict=False):
        if label is not None:
            row[:] = table.to_stored(label)
    return stacked
