"""Every published data set in miniature: what is paired, how it is split, what its ids become.

The miniatures are laid out as the data sets are downloaded: names, modes, palettes, traps. Every
label map is 8x16: the left half one class, the right half another, written as its authors do.
"""

import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from configs import common
from sggan_jax.config import Config
from sggan_jax.data.builders import BUILDERS, LAYOUTS, SourceSpec, source_table
from sggan_jax.data.builders.layouts import camvid_split
from sggan_jax.data.domains import open_training
from sggan_jax.data.labels import stored_table
from sggan_jax.data.prepare import check
from sggan_jax.types import InputError

H, W = 8, 16

# Colours and ids by the authors' own lists: of the road and of the sky.
ROAD, SKY = (128, 64, 128), (70, 130, 180)


def halves(left, right, dtype=np.uint8):
    """Two values, or two colours, side by side."""
    labels = np.empty((H, W, *np.shape(left)), dtype)
    labels[:, : W // 2], labels[:, W // 2 :] = left, right
    return labels


def save(root, path, array, **options):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(root / path, **options)


def save_palette(root, path, ids, colours):
    image = Image.fromarray(ids).convert("L")
    image.putpalette(np.array(colours, np.uint8).tobytes())
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    image.save(root / path)


def save_deep(root, path, colours):
    """A PNG of three channels of 16 bits, which Pillow cannot write: rows without a filter."""
    h, w, _ = colours.shape
    rows = np.zeros((h, 1 + 6 * w), np.uint8)
    rows[:, 1:] = colours.astype(">u2").view(np.uint8).reshape(h, -1)

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", w, h, 16, 2, 0, 0, 0)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows.tobytes()))
        + chunk(b"IEND", b"")
    )


def photo(root, path, seed=0):
    save(root, path, np.random.default_rng(seed).integers(0, 256, (H, W, 3), np.uint8))


def cityscapes(root, kind="Fine", splits=("train", "val")):
    for k, split in enumerate(splits):
        city = ("aachen", "munster", "troisdorf")[k]
        frame = f"{split}/{city}/{city}_000000_000019"
        photo(root, f"leftImg8bit/{frame}_leftImg8bit.png")
        label = f"gt{kind}/{frame}_gt{kind}"
        save(root, f"{label}_labelIds.png", halves(7, 23))
        save(root, f"{label}_labelTrainIds.png", halves(0, 10))
        save(root, f"{label}_instanceIds.png", halves(7, 26001, np.uint16))
        save(root, f"{label}_color.png", halves((*ROAD, 255), (*SKY, 255)))
        (root / f"{label}_polygons.json").write_text("{}")


def cityscapes_coarse(root):
    cityscapes(root, "Coarse", ("train", "val", "train_extra"))


def gtav(root):
    palette = np.zeros((256, 3), np.uint8)
    palette[7], palette[34] = ROAD, (0, 0, 142)
    for name in ("00001", "00002", "24966"):
        photo(root, f"images/{name}.png")
        save_palette(root, f"labels/{name}.png", halves(7, 34), palette)


def viper(root):
    for split, name in (("train", "001/001_00001"), ("val", "060/060_00010")):
        photo(root, f"{split}/img/{name}.jpg")
        save(root, f"{split}/cls/{name}.png", halves(3, 2))
        save(root, f"{split}/inst/{name}.png", halves(ROAD, SKY))
    photo(root, "test/img/070/070_00001.jpg")


def synthia(root):
    for name in ("0000000", "0000001"):
        save(root, f"RAND_CITYSCAPES/RGB/{name}.png", np.zeros((H, W, 3), np.uint8))
        # Class, number of the object, nothing: 16 bits each.
        save_deep(
            root,
            f"RAND_CITYSCAPES/GT/LABELS/{name}.png",
            halves((3, 0, 0), (1, 700, 0), np.uint16),
        )
        save(root, f"RAND_CITYSCAPES/GT/COLOR/{name}.png", halves(ROAD, SKY))


def camvid(root):
    for name in ("0001TP_006690", "0016E5_07959", "Seq05VD_f00000"):
        photo(root, f"701_StillsRaw_full/{name}.png")
        # Lane marking, and a truck or bus.
        save(root, f"LabeledApproved_full/{name}_L.png", halves((128, 0, 192), (192, 128, 192)))


def carla(root):
    for name in ("000012", "000013"):
        photo(root, f"rgb/{name}.png")
        # As the camera writes them: the tag in red, nothing else.
        save(root, f"semantic/{name}.png", halves((1, 0, 0, 255), (11, 0, 0, 255)))


def carla_0_9_13(root):
    for episode in ("episode_0000", "episode_0001"):
        photo(root, f"{episode}/CameraRGB/00001.png")
        save(root, f"{episode}/CameraSemSeg/00001.png", halves((7, 0, 0), (13, 0, 0)))


def vkitti2(root):
    for camera in ("Camera_0", "Camera_1"):
        frames = "Scene01/15-deg-left/frames"
        photo(root, f"{frames}/rgb/{camera}/rgb_00001.jpg")
        label = f"{frames}/classSegmentation/{camera}/classgt_00001.png"
        save(root, label, halves((100, 60, 100), (90, 200, 255)))


def bdd100k(root):
    for split, name in (("train", "0000f77c-6257be58"), ("val", "7d06fefd-f7be05a6")):
        photo(root, f"bdd100k/images/10k/{split}/{name}.jpg")
        save(root, f"bdd100k/labels/sem_seg/masks/{split}/{name}.png", halves(0, 255))
        save(root, f"bdd100k/labels/sem_seg/colormaps/{split}/{name}.png", halves(ROAD, SKY))
    photo(root, "bdd100k/images/10k/test/ac517380-00000000.jpg")


def mapillary(root):
    palette = np.zeros((256, 3), np.uint8)
    for split, name in (("training", "_0a1b2c"), ("validation", "zZ9")):
        photo(root, f"{split}/images/{name}.jpg")
        save_palette(root, f"{split}/v1.2/labels/{name}.png", halves(13, 27), palette)
        save(root, f"{split}/v1.2/instances/{name}.png", halves(13 * 256, 27 * 256, np.uint16))
        save_palette(root, f"{split}/v2.0/labels/{name}.png", halves(21, 61), palette)


def pack(root, archives):
    """Put folders into zip archives, as they are downloaded, and remove them."""
    for archive, folders in archives.items():
        with zipfile.ZipFile(root / archive, "w") as packed:
            for path in sorted(p for f in folders for p in (root / f).rglob("*") if p.is_file()):
                packed.write(path, path.relative_to(root).as_posix())
                path.unlink()
            packed.writestr("__MACOSX/._leftImg8bit/x.png", b"")


MINIATURES = {
    make.__name__: make
    for make in (
        cityscapes,
        cityscapes_coarse,
        gtav,
        viper,
        synthia,
        camvid,
        carla,
        carla_0_9_13,
        vkitti2,
        bdd100k,
        mapillary,
    )
}

# Splits with their names, and the Cityscapes ids that the two halves of every label map mean.
EXPECTED = {
    "cityscapes": (
        {"train": ["aachen/aachen_000000_000019"], "val": ["munster/munster_000000_000019"]},
        (7, 23),
    ),
    "cityscapes_coarse": (
        {
            "train": ["aachen/aachen_000000_000019"],
            "train_extra": ["troisdorf/troisdorf_000000_000019"],
            "val": ["munster/munster_000000_000019"],
        },
        (7, 23),
    ),
    "gtav": ({"train": ["00001", "00002", "24966"]}, (7, 34)),
    "viper": ({"train": ["001/001_00001"], "val": ["060/060_00010"]}, (7, 23)),
    "synthia": ({"train": ["0000000", "0000001"]}, (7, 23)),
    "camvid": (
        {"train": ["0001TP_006690"], "val": ["0016E5_07959"], "test": ["Seq05VD_f00000"]},
        (7, 26),
    ),
    "carla": ({"train": ["000012", "000013"]}, (7, 23)),
    "carla_0_9_13": ({"train": ["episode_0000/00001", "episode_0001/00001"]}, (7, 23)),
    "vkitti2": (
        {
            "train": [
                "Scene01/15-deg-left/Camera_0/00001",
                "Scene01/15-deg-left/Camera_1/00001",
            ]
        },
        (7, 23),
    ),
    "bdd100k": ({"train": ["0000f77c-6257be58"], "val": ["7d06fefd-f7be05a6"]}, (7, 0)),
    "mapillary": ({"train": ["_0a1b2c"], "val": ["zZ9"]}, (7, 23)),
}


def plan(name, root, height=H, width=W):
    return BUILDERS[name][1](SourceSpec(name, str(root)), height, width)


def names(made):
    return {split: [pair.name for pair in pairs] for split, pairs in made.splits.items()}


def test_every_layout_has_its_miniature():
    assert set(EXPECTED) == set(LAYOUTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_release_in_miniature(name, tmp_path):
    MINIATURES[name](tmp_path)
    made = plan(name, tmp_path)
    splits, ids = EXPECTED[name]
    assert names(made) == splits
    assert made.refused == []
    for pairs in made.splits.values():
        image, labels = pairs[0].load()
        assert image.shape == (H, W, 3)
        np.testing.assert_array_equal(labels, halves(*ids))
    stored = "gtav" if name == "gtav" else "cityscapes"
    assert stored_table(source_table(SourceSpec(name))).name == stored


@pytest.mark.parametrize(
    ("name", "archives"),
    [
        (
            "cityscapes",
            {
                "leftImg8bit_trainvaltest.zip": ["leftImg8bit"],
                "gtFine_trainvaltest.zip": ["gtFine"],
            },
        ),
        ("gtav", {"01_images.zip": ["images"], "01_labels.zip": ["labels"]}),
        ("mapillary", {"mapillary-vistas-dataset_public_v1.2.zip": ["training", "validation"]}),
    ],
)
def test_archives_count_as_unpacked(name, archives, tmp_path):
    MINIATURES[name](tmp_path)
    unpacked = [pair.load() for pairs in plan(name, tmp_path).splits.values() for pair in pairs]
    pack(tmp_path, archives)
    made = plan(name, tmp_path)
    assert names(made) == EXPECTED[name][0]
    packed = [pair.load() for pairs in made.splits.values() for pair in pairs]
    for one, other in zip(unpacked, packed, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_a_damaged_archive_is_named(tmp_path):
    (tmp_path / "01_images.zip").write_bytes(b"PK but not much more")
    with pytest.raises(InputError, match=r"01_images\.zip cannot be read: .*Download it again"):
        plan("gtav", tmp_path)


def test_colours_of_carla_are_read_too(tmp_path):
    carla(tmp_path)
    save(tmp_path, "semantic/000012.png", halves(ROAD, SKY))
    _, labels = plan("carla", tmp_path).splits["train"][0].load()
    np.testing.assert_array_equal(labels, halves(7, 23))


def test_the_authors_split_of_gtav(tmp_path):
    gtav(tmp_path)
    numbers = {"trainIds": [[2]], "valIds": [[24966]], "testIds": [[1], [77]]}
    savemat(tmp_path / "split.mat", {k: np.array(v, np.uint16) for k, v in numbers.items()})
    made = plan("gtav", tmp_path)
    assert names(made) == {"train": ["00002"], "val": ["24966"], "test": ["00001"]}
    assert made.refused == [("00077", "the list of test names it, but it is not there")]


def test_another_mat_file_is_refused(tmp_path):
    gtav(tmp_path)
    savemat(tmp_path / "split.mat", {"cityscapesMap": np.zeros((3, 3))})
    with pytest.raises(InputError, match=r"split\.mat is not GTA-V's list .* remove it"):
        plan("gtav", tmp_path)


def test_lists_of_names_come_before_the_rule(tmp_path):
    camvid(tmp_path)
    (tmp_path / "train.txt").write_text("Seq05VD_f00000\n")
    assert names(plan("camvid", tmp_path)) == {"train": ["Seq05VD_f00000"]}


def test_other_lists_make_another_data_set(tmp_path):
    camvid(tmp_path)
    prints = [plan("camvid", tmp_path).fingerprint]
    for names in ("Seq05VD_f00000\n", "0001TP_006690\n"):
        (tmp_path / "train.txt").write_text(names)
        prints.append(plan("camvid", tmp_path).fingerprint)
    assert len(set(prints)) == 3


def test_lists_without_any_pair(tmp_path):
    camvid(tmp_path)
    (tmp_path / "train.txt").write_text("another_frame\n")
    with pytest.raises(InputError, match=r"No pair of CamVid in .* is in a list of names"):
        plan("camvid", tmp_path)


def test_camvid_is_cropped_to_the_aspect_of_training(tmp_path):
    camvid(tmp_path)
    rows = np.repeat(np.arange(12, dtype=np.uint8)[:, None, None], 16, 1).repeat(3, 2)
    save(tmp_path, "701_StillsRaw_full/0001TP_006690.png", rows)
    label = np.full((12, 16, 3), (128, 64, 128), np.uint8)
    save(tmp_path, "LabeledApproved_full/0001TP_006690_L.png", label)
    image, labels = plan("camvid", tmp_path, 8, 16).splits["train"][0].load()
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
def test_split_of_camvid_at_the_borders(name, split):
    assert camvid_split(name) == split


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_missing_is_called_by_its_name(name, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty holds no images of .*\. It needs .*(zip|/)"):
        plan(name, tmp_path / "empty")
    with pytest.raises(InputError, match="nowhere does not exist"):
        plan(name, tmp_path / "nowhere")


def test_annotation_without_label_ids(tmp_path):
    cityscapes(tmp_path)
    for path in tmp_path.rglob("*_labelIds.png"):
        path.unlink()
    with pytest.raises(InputError, match=r"no labels of Cityscapes .* gtFine_trainvaltest\.zip"):
        plan("cityscapes", tmp_path)


def test_single_files_are_refused(tmp_path):
    cityscapes(tmp_path)
    photo(tmp_path, "leftImg8bit/train/ulm/ulm_000000_000019_leftImg8bit.png")
    made = plan("cityscapes", tmp_path)
    assert names(made) == EXPECTED["cityscapes"][0]
    assert made.refused == [("train/ulm/ulm_000000_000019", "it has no labels")]


def test_one_image_twice(tmp_path):
    viper(tmp_path)
    photo(tmp_path, "train/img/001/001_00001.png")
    with pytest.raises(InputError, match="both images of '001/001_00001': keep one"):
        plan("viper", tmp_path)


def test_the_fingerprint_follows_the_files(tmp_path):
    gtav(tmp_path)
    first = plan("gtav", tmp_path).fingerprint
    assert plan("gtav", tmp_path).fingerprint == first
    photo(tmp_path, "images/00002.png", seed=1)
    assert plan("gtav", tmp_path).fingerprint != first


def test_a_run_trains_on_published_data_by_name(tmp_path):
    config = common.get_config()
    for domain, name in (("virtual", "gtav"), ("real", "cityscapes")):
        MINIATURES[name](tmp_path / name)
        config.data[domain] = name
        config.data[f"{domain}_dir"] = str(tmp_path / name)
    config.data.data_dir = str(tmp_path / "data")
    config.data.height, config.data.width = 4, 8
    config.data.accept_labels = True  # miniatures are no streets
    config.nets.levels, config.nets.dis_downsamplings = 2, 1
    virtual, real = open_training(Config.from_dict(config.to_dict()))
    assert (virtual.names, real.names) == (
        ("00001", "00002", "24966"),
        tuple(EXPECTED["cityscapes"][0]["train"]),
    )
    assert virtual[2]["label"].tolist() == [[7] * 4 + [34] * 4] * 4
    assert real[0]["label"].tolist() == [[7] * 4 + [23] * 4] * 4
    assert list((tmp_path / "data").glob("gtav_4x8_*/gtav/1.0.0"))


def test_known_broken_pairs_are_refused_as_such(tmp_path):
    gtav(tmp_path)
    for name in ("15188", "00003"):
        photo(tmp_path, f"images/{name}.png")
        save(tmp_path, f"labels/{name}.png", np.full((H + 1, W), 7, np.uint8))
    source = SourceSpec("gtav", str(tmp_path), accept_labels=True)
    refused = dict(check(source, H, W, progress=False).refused)
    reason = (
        "image 8x16 and labels 9x16 (height x width) differ in size: give labels as large as their "
        "image"
    )
    assert refused == {"00003": reason, "15188": f"{reason} (known of this release)"}
