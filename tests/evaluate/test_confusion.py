"""Segmentation scores against hand calculation."""

import numpy as np
import pytest

from sggan_jax.evaluate.confusion import count_pixels, score

TRUTH = np.array([[0, 0, 1], [1, 2, 255]])
PREDICTED = np.array([[0, 1, 1], [1, 1, 0]])


def test_counts_are_truth_by_prediction_without_ignored_pixels():
    expected = [[1, 1, 0], [0, 2, 0], [0, 1, 0]]
    np.testing.assert_array_equal(count_pixels(TRUTH, PREDICTED, 3), expected)


def test_counts_add_up_over_images():
    halves = [count_pixels(TRUTH[k], PREDICTED[k], 3) for k in range(2)]
    np.testing.assert_array_equal(sum(halves), count_pixels(TRUTH, PREDICTED, 3))


def test_scores_by_hand():
    """Class 0: 1 of 2 found, union 2; class 1: 2 of 2, union 4; class 2: 0 of 1, union 1."""
    scores = score(count_pixels(TRUTH, PREDICTED, 3))
    assert scores.pixel_accuracy == pytest.approx(3 / 5)
    np.testing.assert_allclose(scores.accuracies, [1 / 2, 1, 0])
    np.testing.assert_allclose(scores.ious, [1 / 2, 2 / 4, 0])
    assert scores.class_accuracy == pytest.approx(1.5 / 3)
    assert scores.mean_iou == pytest.approx(1 / 3)


def test_absent_classes_have_no_score_and_invented_ones_have_iou_zero():
    """Class 2 neither occurs nor is predicted; class 1 is only predicted."""
    scores = score(count_pixels(np.array([0, 0]), np.array([0, 1]), 3))
    np.testing.assert_array_equal(np.isnan(scores.accuracies), [False, True, True])
    np.testing.assert_array_equal(np.isnan(scores.ious), [False, False, True])
    assert scores.class_accuracy == pytest.approx(1 / 2)
    assert scores.mean_iou == pytest.approx((1 / 2 + 0) / 2)


def test_nothing_counted_has_no_score():
    scores = score(np.zeros((2, 2), np.int64))
    assert np.isnan([scores.pixel_accuracy, scores.class_accuracy, scores.mean_iou]).all()


@pytest.mark.parametrize(
    ("truth", "predicted", "sentence"),
    [
        ([0, 1], [0], "shapes must be equal"),
        ([0, 3], [0, 0], r"true classes lie in \[0, 3\], expected \[0, 3\)"),
        ([0, 0], [0, -1], r"predicted classes lie in \[-1, 0\]"),
    ],
)
def test_refusals(truth, predicted, sentence):
    with pytest.raises(ValueError, match=sentence):
        count_pixels(np.array(truth), np.array(predicted), 3)
