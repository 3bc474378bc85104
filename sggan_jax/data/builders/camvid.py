"""CamVid as its authors release it: 701 photographs and label images in 32 colours."""

import functools
from pathlib import Path

import numpy as np

from sggan_jax.data.builders.base import Pair, PairBuilder, Plan, SourceSpec
from sggan_jax.data.builders.folder import SPLITS, fingerprint, index_files, match
from sggan_jax.data.builders.reading import IMAGE_SUFFIXES, read_image, read_labels
from sggan_jax.data.labels import CAMVID, CAMVID_TO_CITYSCAPES

_IMAGES = "701_StillsRaw_full"
_LABELS = "LabeledApproved_full"
_LABEL_ENDING = "_L"


class Camvid(PairBuilder):
    """CamVid photographs with Cityscapes class ids, cropped to the aspect of the training size."""


def plan_camvid(spec: SourceSpec, height: int, width: int) -> Plan:
    """Pair the files of CamVid's release without reading their pixels.

    Its 32 classes become Cityscapes ids. CamVid's pictures are 4:3 and street scenes are trained
    wider, so the centre is cropped to the aspect of ``height`` x ``width`` before resizing.

    Raises:
        InputError: The folder, its images or its labels are missing.
    """
    root = Path(spec.path).expanduser()
    images = index_files(root, _IMAGES, IMAGE_SUFFIXES)
    found = index_files(root, _LABELS, (".png",))
    labels = {name.removesuffix(_LABEL_ENDING): path for name, path in found.items()}
    names, refused = match(root, images, labels)
    splits: dict[str, list[Pair]] = {split: [] for split in SPLITS}
    for name in names:
        load = functools.partial(_load, images[name], labels[name], width / height)
        splits[split_of(name)].append(Pair(name, load))
    splits = {split: pairs for split, pairs in splits.items() if pairs}
    files = [*images.values(), *labels.values()]
    return Plan(splits, fingerprint(root, files, CAMVID), refused)


def split_of(name: str) -> str:
    """Assign a frame to the customary split: 367 to train, 101 to val, 233 to test.

    >>> [split_of(name) for name in ("0006R0_f00930", "0016E5_07959", "Seq05VD_f00000")]
    ['train', 'val', 'test']
    """
    sequence, _, frame = name.partition("_")
    number = int("".join(letter for letter in frame if letter.isdigit()) or 0)
    if sequence == "0016E5":
        return "val" if number % 2 and number >= 7959 else "train"
    if sequence == "0001TP":
        return "train" if number <= 8520 else "test"
    return "test" if sequence == "Seq05VD" else "train"


def _load(image_path: Path, label_path: Path, aspect: float) -> tuple[np.ndarray, np.ndarray]:
    labels = CAMVID_TO_CITYSCAPES[read_labels(label_path, CAMVID)]
    return crop(read_image(image_path), aspect), crop(labels, aspect)


def crop(array: np.ndarray, aspect: float) -> np.ndarray:
    """Cut the largest centred rectangle of an aspect (width / height) out of [h, w, ...].

    >>> crop(np.zeros((720, 960, 3), np.uint8), 2.0).shape
    (480, 960, 3)
    """
    h, w = array.shape[:2]
    new_h, new_w = min(h, round(w / aspect)), min(w, round(h * aspect))
    top, left = (h - new_h) // 2, (w - new_w) // 2
    return array[top : top + new_h, left : left + new_w]
