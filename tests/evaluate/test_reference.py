"""Scores against the Cityscapes benchmark's own evaluation program, where that is installed."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.labels import CITYSCAPES, train_id_table
from sggan_jax.evaluate.confusion import count_pixels, score

reference = pytest.importorskip(
    "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling",
    reason="the benchmark's program is not installed",
)

TRAIN_IDS = train_id_table(CITYSCAPES)
SCORED = CITYSCAPES.ids[CITYSCAPES.train_ids != 255]


def noise(rng, ids):
    return rng.choice(ids, (24, 40))


def blocks(rng, ids):
    return rng.choice(ids, (4, 5)).repeat(6, 0).repeat(8, 1)


def mostly_right(rng, truth, predicted):
    """Predict the truth where it is scored, but for a tenth of the pixels."""
    wrong = (rng.random(truth.shape) < 0.1) | (TRAIN_IDS[truth] == 255)
    return np.where(wrong, predicted, truth)


def draw_everything(rng):
    """All 34 ids in the truth, ignored ones among them, all 19 classes in the prediction."""
    return noise(rng, np.arange(34)), noise(rng, SCORED)


def draw_few(rng):
    """Classes that are absent altogether, never predicted (26), or only predicted (33)."""
    truth = blocks(rng, np.array([7, 11, 26, 0, 3]))
    return truth, mostly_right(rng, truth, noise(rng, np.array([7, 11, 33])))


def draw_ignored_only(rng):
    return blocks(rng, np.array([0, 9, 29])), noise(rng, SCORED)


@pytest.mark.parametrize("draw", [draw_everything, draw_few, draw_ignored_only])
def test_scores_agree_to_the_last_digit(draw, tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    confusion = np.zeros((19, 19), np.int64)
    files = {"truth": [], "predicted": []}
    for number in range(3):
        pair = dict(zip(files, draw(rng), strict=True))
        for what, labels in pair.items():
            files[what].append(str(tmp_path / f"{what}_{number}.png"))
            Image.fromarray(labels.astype(np.uint8)).save(files[what][-1])
        confusion += count_pixels(*(TRAIN_IDS[labels] for labels in pair.values()), 19)
    for option, value in {"JSONOutput": False, "evalInstLevelScore": False}.items():
        monkeypatch.setattr(reference.args, option, value)
    theirs = reference.evaluateImgLists(files["predicted"], files["truth"], reference.args)

    ours, printed = score(confusion), capsys.readouterr().out
    for class_id in SCORED:
        name, iou = CITYSCAPES.name_of(class_id), ours.ious[TRAIN_IDS[class_id]]
        np.testing.assert_equal(iou, theirs["classScores"][name], err_msg=name)
        assert f"{name:<14}: {iou:5.3f}" in printed
    assert f"{ours.mean_iou:5.3f}" == f"{theirs['averageScoreClasses']:5.3f}"
    np.testing.assert_allclose(ours.mean_iou, theirs["averageScoreClasses"], rtol=1e-15)


def test_our_table_of_classes_is_theirs():
    labels = {label.id: label for label in reference.labels}
    assert set(labels) == set(CITYSCAPES.ids.tolist())
    for row, class_id in enumerate(CITYSCAPES.ids.tolist()):
        label = labels[class_id]
        assert CITYSCAPES.names[row] == label.name
        assert tuple(CITYSCAPES.colours[row]) == label.color
        assert CITYSCAPES.train_ids[row] % 256 == label.trainId % 256
        assert (CITYSCAPES.train_ids[row] == 255) == label.ignoreInEval
