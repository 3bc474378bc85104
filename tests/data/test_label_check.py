"""Label maps that people really have, in the numberings of others: none is read in silence."""

import io

import numpy as np
import pytest
from PIL import Image

from sggan_jax import toycity
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.data.prepare import check
from sggan_jax.data.tables import TABLES
from sggan_jax.types import InputError

SCENES = [toycity.render(seed, 64, 128) for seed in range(6)]


def numbering(**ids):
    """Own number of each Cityscapes class, by names with ``_`` for spaces; 0 for all others."""
    table = np.zeros(256, np.uint8)
    for name, number in ids.items():
        table[CITYSCAPES.names.index(name.replace("_", " "))] = number
    return table


# Published numberings of the same classes.
ADE20K = numbering(
    road=7, sidewalk=12, building=2, wall=1, fence=33, vegetation=5, sky=3, person=13, car=21
)
ADE20K_OF_LARGE_THINGS = np.where(ADE20K == 33, 2, ADE20K).astype(np.uint8)
WAYMO = numbering(
    road=20, sidewalk=23, building=19, pole=15, traffic_sign=17, vegetation=24, sky=25, person=9,
    car=2, truck=3, fence=28,
)  # fmt: skip
IDD = numbering(
    sidewalk=2, building=22, fence=15, pole=20, traffic_sign=18, vegetation=24, sky=25, person=4,
    car=9, truck=10,
)  # fmt: skip
CAMVID_11 = numbering(
    building=1, pole=2, road=3, sidewalk=4, vegetation=5, traffic_sign=6, fence=7, car=8, truck=8,
    person=9,
)  # fmt: skip
VOC = numbering(car=7, person=15)
TRAIN = CITYSCAPES.lookup(CITYSCAPES.train_ids, 0)
TRAIN = np.where(TRAIN == 255, 0, TRAIN).astype(np.uint8)
TRAIN_AND_19 = CITYSCAPES.lookup(CITYSCAPES.train_ids, 0)
TRAIN_AND_19 = np.where(TRAIN_AND_19 == 255, 19, TRAIN_AND_19).astype(np.uint8)


def write(root, encode, turn=1):
    """Write the scenes; ``encode(ids, k)`` is the label file of the k-th."""
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k, scene in enumerate(SCENES):
        Image.fromarray(scene.virtual).save(root / f"images/{k}.png")
        Image.fromarray(encode(scene.labels[::turn], k)).save(root / f"labels/{k}.png")
    return root


def refusal(root, table="cityscapes"):
    with pytest.raises(InputError) as caught:
        check(SourceSpec("folder", str(root), table), 32, 64, progress=False)
    return str(caught.value)


@pytest.mark.parametrize(
    ("own", "table", "told"),
    [
        (ADE20K_OF_LARGE_THINGS, "cityscapes", "make no street"),
        (WAYMO, "cityscapes", "make no street"),
        (WAYMO, "mapillary", "make no street"),
        (IDD, "cityscapes", "make no street"),
        (IDD, "carla", "make no street"),
        (CAMVID_11, "cityscapes", "make no street"),
        (CAMVID_11, "camvid", "make no street"),
        (VOC, "cityscapes", "make no street"),
        (TRAIN_AND_19, "cityscapes", "make no street"),
        (np.maximum(np.arange(-1, 255), 0).astype(np.uint8), "cityscapes", "make no street"),
        ((33 - np.arange(256)).astype(np.uint8), "cityscapes", "make no street"),
        ((np.arange(256) // 2).astype(np.uint8), "cityscapes", "make no street"),
    ],
)
def test_numberings_of_others_make_no_street(tmp_path, own, table, told):
    assert told in refusal(write(tmp_path / "set", lambda ids, _: own[ids]), table)


@pytest.mark.parametrize(
    ("table", "written", "named"),
    [
        ("cityscapes", TABLES["mapillary"], "mapillary"),  # cars are 55
        ("trainids", CITYSCAPES, "cityscapes"),  # sky is 23
        ("sggan_groups", CITYSCAPES, "cityscapes"),
    ],
)
def test_ids_outside_the_table_name_the_table_that_has_them(tmp_path, table, written, named):
    own = np.arange(256, dtype=np.uint8)
    if written.to_cityscapes is not None:
        for number, mapped in zip(written.ids[::-1], written.to_cityscapes[::-1], strict=True):
            own[mapped] = number
    told = refusal(write(tmp_path / "set", lambda ids, _: own[ids]), table)
    assert f"cannot be read as '{table}' in " in told
    assert "holds ids outside class table" in told
    assert f"Read as '{named}' they are streets" in told


def test_colours_of_another_table_name_it(tmp_path):
    root = write(tmp_path / "set", lambda ids, _: colourise(ids, CITYSCAPES))
    assert "Read as 'cityscapes' they are streets" in refusal(root, "camvid")


def test_labels_upside_down_are_called_so(tmp_path):
    told = refusal(write(tmp_path / "set", lambda ids, _: ids.copy(), turn=-1))
    assert "Upside down they are streets: turn them" in told
    assert "Read as" not in told


@pytest.mark.parametrize("odd", [TRAIN, ADE20K, WAYMO, VOC])
def test_two_numberings_in_one_data_set_are_told_apart(tmp_path, odd):
    """Half of the files, or a third, are of another numbering, and their sum is a street."""
    for part in (2, 3):
        root = write(
            tmp_path / str(part), lambda ids, k, part=part: odd[ids] if k % part == 1 else ids
        )
        number = len(range(1, 6, part))
        told = f"are of two kinds: {number} of 6 files looked at, such as {root}/labels/1.png, "
        assert told in refusal(root)
        accepted = SourceSpec("folder", str(root), accept_labels=True)
        assert check(accepted, 32, 64, progress=False).counts == {"train": 6}


def test_the_few_files_that_a_wrong_numbering_leaves_readable_are_not_stored(tmp_path):
    """One more than each id: every image with a bicycle (33) is refused, the others are not."""
    own = np.arange(1, 257).astype(np.uint8)
    told = refusal(write(tmp_path / "set", lambda ids, _: own[ids]))
    assert "cannot be read as 'cityscapes' in 5 of 6 files looked at" in told
    assert "34 (20 pixels)" in told


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    root = write(tmp_path / "set", lambda ids, _: TRAIN[ids])
    (root / "labels/0.png").write_bytes(b"")
    Image.fromarray(np.full((64, 128), 99, np.uint8)).save(root / "labels/1.png")
    assert "make no street" in refusal(root)
    for k in range(2, 6):
        Image.fromarray(np.full((64, 128), 7, np.uint8)).save(root / f"labels/{k}.png")
    assert "'road' (id 7) in every pixel of all 4 files looked at" in refusal(root)


def through_jpeg(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def stretch(ids):
    """Spread to 0 to 255, as drawing programs show them."""
    return (255.0 * (ids - ids.min()) / (ids.max() - ids.min())).astype(np.uint8)


def wide(ids, factor, things=0):
    values = ids.astype(np.uint16)
    return np.where(ids >= things, factor * values + bool(things), values).astype(np.uint16)


@pytest.mark.parametrize(
    ("encode", "told"),
    [
        (lambda ids: wide(ids, 257), "bytes times 257"),
        (lambda ids: wide(ids, 256), "bytes times 256"),
        (lambda ids: wide(ids, 1000, 24), "class id times 1000 and instance"),
        (lambda ids: wide(ids, 256) + 1, "class id times 256 and instance"),
        (lambda ids: wide(ids, 1000) + 40_000, "depths, distances and instances"),
        (lambda ids: 255 - ids, "stretched or inverted"),
        (lambda ids: ids * 7, "stretched or inverted"),
        (lambda ids: stretch(ids)[..., None].repeat(3, -1), "hold no class ids: a program stretch"),
        (lambda ids: np.dstack([ids, ids * 0, ids * 0]), "ids are in red alone"),
        (lambda ids: through_jpeg(ids, 75), "resized with smoothing"),
        (lambda ids: through_jpeg(colourise(ids, CITYSCAPES), 95), "so many come from smoothing"),
    ],
)
def test_values_that_a_program_altered_are_refused_with_what_to_do(tmp_path, encode, told):
    Image.fromarray(encode(SCENES[0].labels)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a\.png") as caught:
        read_labels(tmp_path / "a.png", CITYSCAPES)
    assert told in str(caught.value)


def test_ids_that_happen_to_lie_near_greys_of_colours_are_not_called_so(tmp_path):
    """Mapillary's 66 colours have nearly all greys; its table of version 2.0 has ids up to 123."""
    ids = np.array([[7, 21, 27, 61, 83, 95, 108, 123]], np.uint8)
    Image.fromarray(ids).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="Give the table that these labels were made with"):
        read_labels(tmp_path / "a.png", TABLES["mapillary"])
