"""Scores of a segmentation: counts are summed over the data set and divided once.

Rows are truth, columns are prediction. Classes that neither occur nor are predicted have no score
(NaN) and are left out of means; a class that is predicted but never occurs has an IoU of 0 and no
accuracy.
"""

import dataclasses

import numpy as np


def count_pixels(
    truth: np.ndarray, predicted: np.ndarray, num_classes: int, ignore: int = 255
) -> np.ndarray:
    """Count pairs of true and predicted classes.

    Args:
      truth: classes, integers of any shape; ``ignore`` is not counted.
      predicted: classes in [0, num_classes), the same shape.
      num_classes: number of classes n.
      ignore: value of pixels without truth.

    Returns:
      int64 [n, n]: pixels of true class (row) and predicted class (column). Add several up.

    Raises:
      ValueError: if shapes differ, or a class is no integer or lies outside [0, num_classes).

    >>> count_pixels(np.array([0, 1, 1, 255]), np.array([0, 0, 1, 1]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"shapes must be equal, got {truth.shape} and {predicted.shape}")
    for what, classes in (("true", truth), ("predicted", predicted)):
        if classes.dtype.kind not in "iu":
            raise ValueError(f"{what} classes must be integers, got {classes.dtype}")
    counted = truth != ignore
    rows, columns = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    for what, classes in (("true", rows), ("predicted", columns)):
        if classes.size and not 0 <= classes.min() <= classes.max() < num_classes:
            raise ValueError(
                f"{what} classes lie in [{classes.min()}, {classes.max()}], "
                f"expected [0, {num_classes})"
            )
    counts = np.bincount(rows * num_classes + columns, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


@dataclasses.dataclass(frozen=True)
class Scores:
    """Scores of a confusion matrix, shares in [0, 1]; NaN where there is none.

    Attributes:
      pixel_accuracy: correct among all counted pixels.
      class_accuracy: mean of ``accuracies`` over the classes that have one.
      mean_iou: mean of ``ious`` over the classes that have one.
      accuracies: correct among the true pixels of each class [n].
      ious: intersection over union of truth and prediction of each class [n].
    """

    pixel_accuracy: float
    class_accuracy: float
    mean_iou: float
    accuracies: np.ndarray
    ious: np.ndarray


def score(confusion: np.ndarray) -> Scores:
    """Turn counts into the three scores of the paper's Table 2 and their parts by class.

    Args:
      confusion: counts [n, n], truth in rows, as :func:`count_pixels` makes them.

    >>> round(score(np.array([[1, 0], [1, 1]])).mean_iou, 3)
    0.5
    """
    correct = np.diag(confusion).astype(np.float64)
    true, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    accuracies = _divide(correct, true)
    ious = _divide(correct, true + predicted - correct)
    return Scores(
        pixel_accuracy=float(_divide(correct.sum(), confusion.sum())),
        class_accuracy=_mean(accuracies),
        mean_iou=_mean(ious),
        accuracies=accuracies,
        ious=ious,
    )


def _divide(part, whole) -> np.ndarray:
    """Divide; NaN where there is nothing to divide by."""
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(values: np.ndarray) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")
