"""Published data sets, each a table of classes and a layout."""

from collections.abc import Mapping
from pathlib import Path

from sggan_jax.data.builders.layout import Layout
from sggan_jax.data.tables import TABLES
from sggan_jax.types import InputError

_ABOVE = r"(?:.*/)?"


def camvid_split(name: str) -> str:
    """Assign a CamVid frame to the customary split: 367 to train, 101 to val, 233 to test.

    >>> [camvid_split(name) for name in ("0006R0_f00930", "0016E5_07959", "Seq05VD_f00000")]
    ['train', 'val', 'test']
    """
    sequence, _, frame = name.partition("_")
    number = int("".join(letter for letter in frame if letter.isdigit()) or 0)
    if sequence == "0016E5":
        return "val" if number % 2 and number >= 7959 else "train"
    if sequence == "0001TP":
        return "train" if number <= 8520 else "test"
    return "test" if sequence == "Seq05VD" else "train"


def _camvid_splits(names: list[str]) -> dict[str, list[str]]:
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for name in names:
        splits[camvid_split(name)].append(name)
    return splits


def gtav_splits(root: Path) -> Mapping[str, list[str]] | None:
    """Read the authors' split of GTA-V, ``split.mat``: 12,403 train, 6,382 val, 6,181 test.

    Raises:
      InputError: if the file is there but is another.
    """
    path = root / "split.mat"
    if not path.is_file():
        return None
    from scipy.io import loadmat  # slow to import, and needed for this file alone

    try:
        numbers = loadmat(path)
        return {
            split: [f"{number:05d}" for number in numbers[f"{split}Ids"].ravel().tolist()]
            for split in ("train", "val", "test")
        }
    except (KeyError, ValueError, NotImplementedError) as error:
        raise InputError(
            f"{path} is not GTA-V's list of splits: it must hold trainIds, valIds and testIds. "
            "Download it again, or remove it to train on everything."
        ) from error


def _cityscapes(kind: str, splits: str, archives: str, known: tuple[str, ...] = ()) -> Layout:
    return Layout(
        title=f"Cityscapes ({kind} annotation)",
        needs=f"{archives}, unpacked (leftImg8bit/, gt{kind}/) or as downloaded",
        table=TABLES["cityscapes"],
        images=rf"{_ABOVE}leftImg8bit/(?P<split>{splits})/(?P<name>.+)_leftImg8bit\.png",
        labels=rf"{_ABOVE}gt{kind}/(?P<split>{splits})/(?P<name>.+)_gt{kind}_labelIds\.png",
        known=known,
    )


def _carla(table: str, versions: str) -> Layout:
    return Layout(
        title=f"CARLA {versions}",
        needs=(
            "images in images/, rgb/ or CameraRGB/ and the semantic camera's PNG files of the same "
            "names in labels/, semantic/ or CameraSemSeg/"
        ),
        table=TABLES[table],
        images=r"(?:(?P<above>.+)/)?(?:images|rgb|CameraRGB)/(?P<name>.+)\.(?:png|jpg)",
        labels=r"(?:(?P<above>.+)/)?(?:labels|semantic|CameraSemSeg)/(?P<name>.+)\.png",
    )


LAYOUTS = {
    # The labels of Cityscapes' own test split are withheld: its files hold no classes.
    "cityscapes": _cityscapes(
        "Fine", "train|val", "leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip"
    ),
    "cityscapes_coarse": _cityscapes(
        "Coarse",
        "train|train_extra|val",
        "leftImg8bit_trainvaltest.zip, leftImg8bit_trainextra.zip and gtCoarse.zip",
        known=("troisdorf/troisdorf_000000_000073",),
    ),
    "gtav": Layout(
        title="GTA-V (Playing for Data)",
        needs=(
            "01_images.zip to 10_images.zip and 01_labels.zip to 10_labels.zip, unpacked (images/, "
            "labels/) or as downloaded; split.mat from read_mapping.zip is optional"
        ),
        table=TABLES["gtav"],
        images=rf"{_ABOVE}images/(?P<name>\d{{5}})\.png",
        labels=rf"{_ABOVE}labels/(?P<name>\d{{5}})\.png",
        split_file=gtav_splits,
        known=("15188", "17705"),
    ),
    "viper": Layout(
        title="VIPER (Playing for Benchmarks)",
        needs="the img and cls archives of train and val, unpacked (train/img/, train/cls/) or not",
        table=TABLES["viper"],
        images=rf"{_ABOVE}(?P<split>train|val)/img/(?P<name>\d+/\d+_\d+)\.(?:jpg|png)",
        labels=rf"{_ABOVE}(?P<split>train|val)/cls/(?P<name>\d+/\d+_\d+)\.png",
    ),
    "synthia": Layout(
        title="SYNTHIA-RAND-CITYSCAPES",
        needs="SYNTHIA_RAND_CITYSCAPES.rar, unpacked (RGB/, GT/LABELS/)",
        table=TABLES["synthia"],
        images=rf"{_ABOVE}RGB/(?P<name>\d+)\.png",
        labels=rf"{_ABOVE}GT/LABELS/(?P<name>\d+)\.png",
    ),
    "camvid": Layout(
        title="CamVid",
        needs="701_StillsRaw_full.zip and LabeledApproved_full.zip, unpacked in folders so called",
        table=TABLES["camvid"],
        images=rf"{_ABOVE}701_StillsRaw_full/(?P<name>[^/]+)\.png",
        labels=rf"{_ABOVE}LabeledApproved_full/(?P<name>[^/]+)_L\.png",
        split_names=_camvid_splits,
        # CamVid's pictures are 4:3, and street scenes are trained wider.
        crop=True,
    ),
    "carla": _carla("carla", "0.9.14 or later"),
    "carla_0_9_13": _carla("carla_0_9_13", "up to 0.9.13"),
    "vkitti2": Layout(
        title="Virtual KITTI 2",
        needs="vkitti_2.0.3_rgb.tar and vkitti_2.0.3_classSegmentation.tar, unpacked (Scene01/)",
        table=TABLES["vkitti2"],
        images=(
            rf"{_ABOVE}(?P<scene>Scene\d+/[^/]+)/frames/rgb/(?P<camera>Camera_\d)"
            r"/rgb_(?P<frame>\d+)\.jpg"
        ),
        labels=(
            rf"{_ABOVE}(?P<scene>Scene\d+/[^/]+)/frames/classSegmentation/(?P<camera>Camera_\d)"
            r"/classgt_(?P<frame>\d+)\.png"
        ),
    ),
    "bdd100k": Layout(
        title="BDD100K (semantic segmentation)",
        needs=(
            "the 10K images and the segmentation labels, unpacked (images/10k/, "
            "labels/sem_seg/masks/) or as downloaded"
        ),
        table=TABLES["trainids"],
        images=rf"{_ABOVE}images/10k/(?P<split>train|val)/(?P<name>[^/]+)\.jpg",
        labels=rf"{_ABOVE}labels/sem_seg/masks/(?P<split>train|val)/(?P<name>[^/]+)\.png",
    ),
    "mapillary": Layout(
        title="Mapillary Vistas 1.2",
        needs=(
            "its archive, unpacked (training/images/, training/labels/ or training/v1.2/labels/) "
            "or as downloaded"
        ),
        table=TABLES["mapillary"],
        images=rf"{_ABOVE}(?P<split>training|validation)/images/(?P<name>[^/]+)\.jpg",
        labels=rf"{_ABOVE}(?P<split>training|validation)/(?:v1\.2/)?labels/(?P<name>[^/]+)\.png",
        splits={"training": "train", "validation": "val"},
    ),
}
"""Published data sets by the names of their builders."""
