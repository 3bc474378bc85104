"""Scoring of a network over a data set, with one whose mistakes are known."""

import json

import numpy as np
import pytest

from sggan_jax.evaluate.confusion import score
from sggan_jax.evaluate.segmentation import describe_scores, format_scores, score_segmenter

NAMES = ("road", "sky", "car")
REGIONS = np.full(256, 255, np.uint8)
REGIONS[[7, 23, 26, 27]] = [0, 1, 2, 2]


class RedChannel:
    """Predicts the class that the red channel names; notes how many images it was given."""

    names, class_groups = NAMES, REGIONS

    def __init__(self):
        self.seen = []

    def __call__(self, images):
        self.seen.append(len(images))
        return images[..., 0] % 3


class Noise:
    """Images of noise, labels of five ids of which 0 is ignored."""

    def __init__(self, number):
        rng = np.random.default_rng(0)
        self.images = rng.integers(0, 3, (number, 4, 6, 3)).astype(np.uint8)
        self.labels = rng.choice(np.array([0, 7, 23, 26, 27], np.uint8), (number, 4, 6))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return {"image": self.images[index], "label": self.labels[index], "name": str(index)}


@pytest.mark.parametrize(
    ("number", "sizes"), [(7, [3, 3, 3]), (8, [3, 3, 3]), (6, [3, 3]), (2, [2])]
)
def test_counts_of_a_whole_data_set(number, sizes):
    """Every pixel is counted once, whatever fills up the last batch."""
    source, segmenter = Noise(number), RedChannel()
    confusion = score_segmenter(segmenter, source, batch_size=3)
    assert segmenter.seen == sizes
    expected = np.zeros((3, 3), int)
    classes = {7: 0, 23: 1, 26: 2, 27: 2}
    for place in np.ndindex(source.labels.shape):
        if source.labels[place] in classes:
            expected[classes[source.labels[place]], source.images[place][0]] += 1
    np.testing.assert_array_equal(confusion, expected)


# Truth in rows: 8 of 10 road pixels found, 3 of 4 sky pixels; cars never occur, one is predicted.
CONFUSION = np.array([[8, 1, 1], [1, 3, 0], [0, 0, 0]])


def test_the_description_fits_json_and_agrees_with_the_scores():
    described = json.loads(json.dumps(describe_scores(CONFUSION, NAMES), allow_nan=False))
    scores = score(CONFUSION)
    assert described["pixel_accuracy"] == scores.pixel_accuracy == 11 / 14
    assert described["class_accuracy"] == scores.class_accuracy == (8 / 10 + 3 / 4) / 2
    assert described["mean_iou"] == scores.mean_iou == pytest.approx((8 / 11 + 3 / 5 + 0) / 3)
    assert described["classes"] == {
        "road": {"accuracy": 8 / 10, "iou": 8 / 11, "pixels": 10, "predicted": 9},
        "sky": {"accuracy": 3 / 4, "iou": 3 / 5, "pixels": 4, "predicted": 4},
        "car": {"accuracy": None, "iou": 0.0, "pixels": 0, "predicted": 1},
    }
    assert described["confusion"] == CONFUSION.tolist()


def test_the_table_lists_classes_by_size():
    swapped = CONFUSION[::-1, ::-1]
    # 8 of 11 are 72.7 %, and (72.7 + 60.0 + 0) / 3 = 44.2.
    assert format_scores(swapped, NAMES[::-1]).splitlines() == [
        "| class | pixels | accuracy |  IoU |",
        "| :---- | -----: | -------: | ---: |",
        "| road  |   71.4 |     80.0 | 72.7 |",
        "| sky   |   28.6 |     75.0 | 60.0 |",
        "| car   |    0.0 |        - |  0.0 |",
        "| mean  |        |     77.5 | 44.2 |",
        "",
        "pixel accuracy 78.6 %, class accuracy 77.5 %, mean IoU 44.2 %",
    ]


def test_nothing_to_score():
    empty = np.zeros((3, 3), np.int64)
    assert describe_scores(empty, NAMES)["mean_iou"] is None
    assert "mean IoU - %" in format_scores(empty, NAMES)
