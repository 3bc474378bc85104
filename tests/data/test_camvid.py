import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.base import SourceSpec
from sggan_jax.data.builders.camvid import plan_camvid, split_of
from sggan_jax.types import InputError

# Colours of CamVid's own list: road, lane marking, bicyclist, truck or bus, void.
ROAD, LANE, BICYCLIST, BUS, VOID = (
    (128, 64, 128),
    (128, 0, 192),
    (0, 128, 192),
    (192, 128, 192),
    (0, 0, 0),
)


@pytest.fixture
def release(tmp_path):
    for folder in ("701_StillsRaw_full", "LabeledApproved_full"):
        (tmp_path / folder).mkdir()
    colours = np.zeros((12, 16, 3), np.uint8)
    colours[:, :4], colours[:, 4:8], colours[:, 8:12], colours[:, 12:] = ROAD, LANE, BICYCLIST, BUS
    colours[0] = VOID
    for name in ("0001TP_006690", "0016E5_07959", "Seq05VD_f00000"):
        image = np.repeat(np.arange(12, dtype=np.uint8)[:, None, None], 16, 1).repeat(3, 2)
        Image.fromarray(image).save(tmp_path / "701_StillsRaw_full" / f"{name}.png")
        Image.fromarray(colours).save(tmp_path / "LabeledApproved_full" / f"{name}_L.png")
    return tmp_path


def plan(root, height=8, width=16):
    return plan_camvid(SourceSpec("camvid", str(root)), height, width)


def test_splits_and_ids(release):
    made = plan(release, 12, 16)
    assert {split: [p.name for p in pairs] for split, pairs in made.splits.items()} == {
        "train": ["0001TP_006690"],
        "val": ["0016E5_07959"],
        "test": ["Seq05VD_f00000"],
    }
    _, labels = made.splits["train"][0].load()
    assert labels[5].tolist() == [7] * 8 + [25] * 4 + [26] * 4
    assert not labels[0].any()


def test_the_centre_is_cropped_to_the_aspect_of_training(release):
    image, labels = plan(release).splits["train"][0].load()
    assert image.shape == (8, 16, 3)
    assert labels.shape == (8, 16)
    # 12 rows, of which the middle 8 stay: the image holds its row numbers.
    assert image[:, 0, 0].tolist() == list(range(2, 10))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("0001TP_008520", "train"),
        ("0001TP_008550", "test"),
        ("0006R0_f03930", "train"),
        ("0016E5_00901", "train"),
        ("0016E5_07980", "train"),
        ("0016E5_08159", "val"),
        ("Seq05VD_f05100", "test"),
    ],
)
def test_split_of_frames_at_the_borders(name, split):
    assert split_of(name) == split


def test_missing_labels_folder(release):
    (release / "LabeledApproved_full").rename(release / "labels")
    with pytest.raises(InputError, match="has no LabeledApproved_full/ inside"):
        plan(release)
