"""Scores of a segmentation network over a data set, as tables for people and for programs."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from sggan_jax.data.sources import Source
from sggan_jax.evaluate.confusion import count_pixels, score
from sggan_jax.evaluate.pairs import format_table
from sggan_jax.nets.sizes import fill_batch


class Labeller(Protocol):
    """What can be scored, such as :class:`sggan_jax.runs.segmenter.Segmenter`."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the classes, n of them."""
        ...

    @property
    def class_groups(self) -> np.ndarray:
        """Class in [0, n) of every class id, uint8 [256]; 255 is ignored."""
        ...

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Predict the class of every pixel: uint8 [B, H, W, 3] to uint8 [B, H, W]."""
        ...


def score_segmenter(segmenter: Labeller, source: Source, batch_size: int = 8) -> np.ndarray:
    """Compare predictions with the labels of a whole data set.

    Args:
      segmenter: predicts classes and knows which class each class id is.
      source: images of one size with their labels.
      batch_size: images predicted at once.

    Returns:
      Confusion matrix, int64 [n, n], truth in rows; :func:`sggan_jax.evaluate.confusion.score`
      divides it.
    """
    number = len(segmenter.names)
    confusion = np.zeros((number, number), np.int64)
    for start in range(0, len(source), batch_size):
        places = range(start, min(start + batch_size, len(source)))
        examples = [source[place] for place in places]
        images = np.stack([example["image"] for example in examples])
        labels = np.stack([example["label"] for example in examples])
        # Where there was a full batch, the last is filled up.
        predicted = segmenter(fill_batch(images, batch_size) if start else images)[: len(examples)]
        confusion += count_pixels(segmenter.class_groups[labels], predicted, number)
    return confusion


def describe_scores(confusion: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Turn a confusion matrix into what JSON can hold.

    Args:
      confusion: counts [n, n], truth in rows.
      names: of the n classes.

    Returns:
      ``pixel_accuracy``, ``class_accuracy`` and ``mean_iou``; ``classes`` with ``accuracy``,
      ``iou``, ``pixels`` (true ones) and ``predicted`` by name; ``confusion``. Shares lie in
      [0, 1]; a class without a score has None.

    >>> described = describe_scores(np.array([[3, 1], [0, 0]]), ("road", "sky"))
    >>> described["pixel_accuracy"], described["classes"]["sky"]
    (0.75, {'accuracy': None, 'iou': 0.0, 'pixels': 0, 'predicted': 1})
    """
    scores = score(confusion)
    return {
        "pixel_accuracy": _plain(scores.pixel_accuracy),
        "class_accuracy": _plain(scores.class_accuracy),
        "mean_iou": _plain(scores.mean_iou),
        "classes": {
            name: {
                "accuracy": _plain(scores.accuracies[k]),
                "iou": _plain(scores.ious[k]),
                "pixels": int(confusion[k].sum()),
                "predicted": int(confusion[:, k].sum()),
            }
            for k, name in enumerate(names)
        },
        "confusion": confusion.tolist(),
    }


def _plain(share: float) -> float | None:
    return None if math.isnan(share) else float(share)


def format_scores(confusion: np.ndarray, names: Sequence[str]) -> str:
    """Write scores as a Markdown table in percent: each class, the largest first, then the means.

    Args:
      confusion: counts [n, n], truth in rows.
      names: of the n classes.

    Returns:
      Lines of Markdown that are also readable as they are.

    >>> print(format_scores(np.array([[3, 1], [0, 0]]), ("road", "sky")))
    | class | pixels | accuracy |  IoU |
    | :---- | -----: | -------: | ---: |
    | road  |  100.0 |     75.0 | 75.0 |
    | sky   |    0.0 |        - |  0.0 |
    | mean  |        |     75.0 | 37.5 |
    <BLANKLINE>
    pixel accuracy 75.0 %, class accuracy 75.0 %, mean IoU 37.5 %
    """
    scores, pixels = score(confusion), confusion.sum(axis=1)
    rows = [
        (
            names[k],
            _percent(pixels[k] / max(1, pixels.sum())),
            _percent(scores.accuracies[k]),
            _percent(scores.ious[k]),
        )
        for k in np.argsort(-pixels, kind="stable")
    ]
    means = _percent(scores.class_accuracy), _percent(scores.mean_iou)
    table = format_table(("class", "pixels", "accuracy", "IoU"), [*rows, ("mean", "", *means)])
    return (
        f"{table}\n\npixel accuracy {_percent(scores.pixel_accuracy)} %, "
        f"class accuracy {means[0]} %, mean IoU {means[1]} %"
    )


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f}"
