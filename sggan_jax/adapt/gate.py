"""The semantic gate: which adapted images no longer mean what their labels say.

An image is measured beside its source (:mod:`sggan_jax.evaluate.meaning`) and rejected where a
class that a network trained on real images saw in the source is gone, where boundaries moved, or
where it stands far out from the rest of its data set.
"""

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from sggan_jax.adapt.strength import ALL
from sggan_jax.data.class_table import ClassTable
from sggan_jax.evaluate.meaning import ClassScores, ImageScores, choose_classes, score_image
from sggan_jax.runs.segmenter import Segmenter

# Fewer images of a class than this say nothing about what is usual.
_FEWEST = 20
# Std of a normal distribution per median absolute deviation.
_STD = 1.4826
# Robust stds are taken to be at least this, or images that are all alike would allow nothing.
_LEAST = {"gradients": 0.01, "change": 0.5, "unseen": 0.05}


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """What is rejected; chosen on rendered streets with spoiled ones among them.

    Attributes:
      drop: a class may be seen in at most this much less of its pixels than in the source.
      known: fraction of its pixels in which the network must see a class in the source to say so.
      pixels: fraction of the image below which a class is not judged.
      boundary_f: least F-score of boundaries.
      outlier: most robust stds from the median of the data set, of the difference of
        gradients at boundaries and in each class, of the change of each class, and of the fraction
        of each class that the network does not see in the adapted image; 0 turns it off.
    """

    drop: float = 0.6
    known: float = 0.5
    pixels: float = 0.02
    boundary_f: float = 0.85
    outlier: float = 6.0


DEFAULT = Thresholds()

Usual = Mapping[str, tuple[float, float]]
"""Median and robust std, by what was measured."""


class Finding(NamedTuple):
    """Why an image is rejected, how far beyond its threshold it is, at least 0, and in which class.

    Where it is not of one class, it is of all.
    """

    reason: str
    excess: float
    blamed: str = ALL


class Gate:
    """Scores adapted images: ``gate(image, adapted, labels)``.

    Attributes:
      classes: of the network; without one, those of the class table.
      evaluation_network: what it is called.
      key: changes with whatever changes scores.
    """

    def __init__(self, table: ClassTable, segmenter: Segmenter | None = None):
        """Prepare to score images.

        Args:
          table: classes of the labels.
          segmenter: network trained on real images; None measures boundaries and change alone.
        """
        self._segmenter = segmenter
        digest = hashlib.sha256(b"3")  # raised when scores come to mean something else
        self.classes, self.evaluation_network = choose_classes(table, segmenter)
        if segmenter is not None:
            for leaf in jax.tree.leaves(segmenter.variables):
                digest.update(np.ascontiguousarray(leaf).tobytes())
            digest.update(repr(segmenter.scale).encode())
        digest.update(repr(self.classes.names).encode() + self.classes.class_groups.tobytes())
        self.key = digest.hexdigest()[:16]

    def __call__(self, image: np.ndarray, adapted: np.ndarray, labels: np.ndarray) -> ImageScores:
        """Measure one adapted image [H, W, 3] beside its source and labels [H, W]."""
        seen = None
        if self._segmenter is not None:
            before, after = self._segmenter(np.stack([image, adapted]))
            seen = before, after
        return score_image(image, adapted, labels, self.classes, seen)


def judge(
    scores: Mapping[str, ImageScores],
    thresholds: Thresholds = DEFAULT,
    usual: Usual | None = None,
) -> dict[str, list[Finding]]:
    """Find what is wrong with each image of a data set.

    Args:
      scores: of every image, by name.
      thresholds: what is rejected.
      usual: from :func:`find_usual`; None for that of these images.

    Returns:
      Findings of the images that are rejected, the worst image first and its worst finding first.
    """
    usual = find_usual(scores, thresholds) if usual is None else usual
    found = {
        name: sorted(_find(image, thresholds, usual), key=lambda finding: -finding.excess)
        for name, image in scores.items()
    }
    rejected = {name: findings for name, findings in found.items() if findings}
    return dict(sorted(rejected.items(), key=lambda item: -item[1][0].excess))


def _find(image: ImageScores, thresholds: Thresholds, usual: Usual) -> Iterator[Finding]:
    for name, drop in _drops(image, thresholds):
        if drop > thresholds.drop:
            one = image.classes[name]
            seen = f"seen in {one.source:.0%} of its pixels before, in {one.adapted:.0%} after"
            yield Finding(f"{name}: {seen}", drop / thresholds.drop - 1, name)
    if image.boundary_f is not None and image.boundary_f < thresholds.boundary_f:
        missing = (1 - image.boundary_f) / (1 - thresholds.boundary_f + 1e-9)
        yield Finding(f"boundaries: F-score {image.boundary_f:.2f}", missing - 1)
    if not thresholds.outlier:
        return
    for what, value, far in _distances(image, thresholds, usual):
        if far > thresholds.outlier:
            yield Finding(
                f"{what}: {value:.3g}, {far:.0f} stds above the usual {usual[what][0]:.3g}",
                far / thresholds.outlier - 1,
                what.partition(" of ")[2] or ALL,
            )


def find_drop(image: ImageScores, thresholds: Thresholds) -> float | None:
    """Find how much less is seen of the class that lost most, of those that are judged by it."""
    return max((drop for _, drop in _drops(image, thresholds)), default=None)


def find_farthest(image: ImageScores, thresholds: Thresholds, usual: Usual) -> float | None:
    """Find by how many robust stds an image is above the usual, where it is so by most."""
    return max((far for _, _, far in _distances(image, thresholds, usual)), default=None)


def _drops(image: ImageScores, thresholds: Thresholds) -> Iterator[tuple[str, float]]:
    """Fraction of its pixels in which each class is seen no more, where that is judged."""
    for name, one in image.classes.items():
        if one.pixels < thresholds.pixels or one.source is None or one.adapted is None:
            continue
        if one.source >= thresholds.known:
            yield name, one.source - one.adapted


def _distances(
    image: ImageScores, thresholds: Thresholds, usual: Usual
) -> Iterator[tuple[str, float, float]]:
    """What is compared with the rest of the data set, its value and how many stds above it is."""
    for what, value in _values(image, thresholds):
        if what in usual:
            median, std = usual[what]
            yield what, value, (value - median) / std


def find_usual(
    scores: Mapping[str, ImageScores], thresholds: Thresholds = DEFAULT
) -> dict[str, tuple[float, float]]:
    """Find median and robust std of everything measured on enough images."""
    columns: dict[str, list[float]] = defaultdict(list)
    for image in scores.values():
        for what, value in _values(image, thresholds):
            columns[what].append(value)
    usual = {}
    for what, values in columns.items():
        median = float(np.median(values))
        std = _STD * float(np.median(np.abs(np.array(values) - median)))
        if len(values) >= _FEWEST:
            usual[what] = median, max(std, _LEAST[what.partition(" ")[0]])
    return usual


def _values(image: ImageScores, thresholds: Thresholds) -> Iterator[tuple[str, float]]:
    """What is compared with the rest of the data set."""
    if image.gradient is not None:
        yield "gradients at boundaries", image.gradient
    for name, one in image.classes.items():
        if one.pixels >= thresholds.pixels:
            yield f"gradients of {name}", one.gradient
            yield f"change of {name}", one.change
            if one.adapted is not None:
                yield f"unseen fraction of {name}", 1 - one.adapted


def to_json(scores: ImageScores) -> dict[str, Any]:
    """Turn scores into what JSON holds, rounded to five digits after the point."""
    return _round(dataclasses.asdict(scores))


def from_json(fields: Mapping[str, Any]) -> ImageScores:
    """Undo :func:`to_json`."""
    classes = {name: ClassScores(**one) for name, one in fields["classes"].items()}
    return ImageScores(**{**fields, "classes": classes})


def _round(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _round(value) for key, value in tree.items()}
    return round(tree, 5) if isinstance(tree, float) else tree
