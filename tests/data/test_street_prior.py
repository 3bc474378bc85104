"""The prior of street scenes: right data pass, the same data read as another label set do not."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax import toycity
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.prepare import check, prepare
from sggan_jax.data.street_prior import height, judge
from sggan_jax.data.survey import BANDS, Survey
from sggan_jax.data.tables import TABLES
from sggan_jax.types import InputError

SCENES = [toycity.render(seed, 64, 128) for seed in range(6)]


def bands_of(*labels):
    survey = Survey()
    for each in labels:
        survey.add(np.zeros((*each.shape, 3), np.uint8), each, each.shape)
    return survey.bands


def rows(*ids):
    """A label map of equal rows, from the top."""
    return np.repeat(np.array(ids, np.uint8)[:, None], 64, axis=1)


def written_as(table, labels):
    """Cityscapes ids in the numbering of another table."""
    numbers = {}
    for own, mapped in zip(table.ids, table.to_cityscapes, strict=True):
        numbers.setdefault(int(mapped), int(own))
    return np.array([numbers.get(k, numbers.get(0, 0)) for k in range(256)], np.uint8)[labels]


def write(root, labels):
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k, (scene, each) in enumerate(zip(SCENES, labels, strict=True)):
        Image.fromarray(scene.virtual).save(root / f"images/{k}.png")
        Image.fromarray(each).save(root / f"labels/{k}.png")
    return root


def test_heights_and_fractions_by_hand():
    """Rows of sky, building, car and road; 16 bands, each a row."""
    labels = rows(*[23] * 4, *[11] * 4, *[26] * 2, *[7] * 6)
    bands = bands_of(labels)
    assert bands.shape == (BANDS, 256)
    assert height(bands, (23,)) == pytest.approx(2 / 16)
    assert height(bands, (7,)) == pytest.approx(13 / 16)
    assert not judge(bands).alarms
    assert judge(bands).penalty == 0


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([23] * 8 + [11] * 8, "road covers 0.0%, of streets at least 2%"),
        ([7] * 8 + [11] * 4 + [26] * 4, "road lies in the upper half"),
        ([11] * 4 + [26] * 2 + [7] * 8 + [23] * 2, "sky lies below the road"),
        ([7] + [11] * 7 + [23] * 3 + [26] + [7] * 4, "sky lies in the lower half"),
        ([0] * 10 + [11] * 2 + [26] + [7] * 3, "62% are no class"),
        ([11] * 8 + [7] * 8, "2 classes occur, fewer than 3"),
    ],
)
def test_what_no_street_shows(ids, sentence):
    assert sentence in judge(bands_of(rows(*ids))).impossible


def test_one_rarity_is_believed_and_two_are_not():
    signs = [11] * 6 + [20] * 3 + [26] + [7] * 6
    assert judge(bands_of(rows(*signs))).unlikely == (
        "traffic sign covers 19%, of streets at most 12%",
    )
    assert not judge(bands_of(rows(*signs))).alarms
    riders = [11] * 4 + [20] * 3 + [25] * 2 + [26] + [7] * 6
    assert judge(bands_of(rows(*riders))).alarms


@pytest.mark.parametrize(
    "ids",
    [
        [16] * 6 + [26] * 2 + [7] * 8,  # tunnel: no sky
        [23] * 5 + [21] * 2 + [14] + [26] + [7] * 7,  # motorway
        [11] * 6 + [17] + [26] * 4 + [9] * 5,  # car park: parking in place of road
        [0] * 7 + [11] * 3 + [26] + [7] * 5,  # night: the dark is unlabeled
        [11] * 8 + [24] + [26] + [8] * 2 + [7] * 4,  # narrow lane without sky
        [23] * 4 + [11] * 4 + [24] * 2 + [6] * 6,  # pedestrian zone: ground in place of road
    ],
)
def test_unusual_streets_pass(ids):
    assert not judge(bands_of(rows(*ids))).alarms


def test_single_scenes_pass():
    assert not any(judge(bands_of(scene.labels)).alarms for scene in SCENES)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sggan_groups", "cityscapes"),
        ("carla_0_9_13", "carla"),
        ("carla", "carla_0_9_13"),
        ("trainids", "carla"),
        ("vkitti2", "camvid"),
        ("camvid", "cityscapes"),
        ("viper", "mapillary"),
        ("carla", "mapillary"),
    ],
)
def test_labels_of_another_table_are_refused_and_the_table_named(tmp_path, written, read):
    table = TABLES[written]
    root = write(tmp_path / "set", [written_as(table, scene.labels) for scene in SCENES])
    with pytest.raises(InputError, match="make no street when read as") as refusal:
        prepare(SourceSpec("folder", str(root), read), tmp_path / "data", 32, 64, progress=False)
    assert f"Read as '{written}' they are streets" in str(refusal.value)
    assert "--accept_labels" in str(refusal.value)
    with Image.open(tmp_path / "data" / "labels_set.png") as picture:
        assert picture.size == (960, 160)
    with pytest.raises(InputError, match="make no street"):
        check(SourceSpec("folder", str(root), read), 32, 64, progress=False)
    info = prepare(
        SourceSpec("folder", str(root), written), tmp_path / "data", 32, 64, progress=False
    )
    assert info.counts == {"train": 6}


def test_labels_can_be_accepted_as_they_are(tmp_path):
    root = write(tmp_path / "set", [np.full((64, 128), 21, np.uint8) for _ in SCENES])
    spec = SourceSpec("folder", str(root))
    with pytest.raises(InputError, match=r"'vegetation' .id 21. in every pixel of all 6 files"):
        check(spec, 32, 64, progress=False)
    accepted = SourceSpec("folder", str(root), accept_labels=True)
    assert check(accepted, 32, 64, progress=False).counts == {"train": 6}


def test_ones_own_table_is_judged_by_the_names_of_its_classes(tmp_path):
    entries = [(1, "road"), (2, "sky"), (3, "building"), (4, "car")]
    text = 'groups = ["all"]\n' + "".join(
        f'[[class]]\nid = {k}\nname = "{name}"\ncolour = [{k}, 0, 0]\ngroup = "all"\n'
        for k, name in entries
    )
    (tmp_path / "own.toml").write_text(text)
    right = np.repeat(np.array([2, 2, 3, 3, 4, 1, 1, 1], np.uint8), 8)[:, None] * np.ones(
        (1, 128), np.uint8
    )
    spec = SourceSpec("folder", str(write(tmp_path / "a", [right] * 6)), str(tmp_path / "own.toml"))
    assert check(spec, 32, 64, progress=False).counts == {"train": 6}
    turned = SourceSpec(
        "folder", str(write(tmp_path / "b", [right[::-1].copy()] * 6)), str(tmp_path / "own.toml")
    )
    with pytest.raises(InputError, match="road lies in the upper half"):
        check(turned, 32, 64, progress=False)
