"""Cityscapes as it is unpacked: ``leftImg8bit/`` and ``gtFine/``, a folder per split and city."""

import functools
from pathlib import Path

from sggan_jax.data.builders.base import Pair, PairBuilder, Plan, SourceSpec
from sggan_jax.data.builders.folder import fingerprint, index_files, load_pair, match
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.types import InputError

_IMAGE_ENDING = "_leftImg8bit"
_LABEL_ENDING = "_gtFine_labelIds"
# The labels of Cityscapes' own test split are withheld: its files hold no classes.
_SPLITS = ("train", "val")


class Cityscapes(PairBuilder):
    """Cityscapes photographs with the class ids of its fine annotation."""


def plan_cityscapes(spec: SourceSpec, height: int, width: int) -> Plan:
    """Pair the photographs and ``labelIds`` files of Cityscapes without reading their pixels.

    A name is city and frame, as in ``aachen/aachen_000000_000019``. The size plays no part.

    Raises:
        InputError: A folder, its images or its labels are missing.
    """
    root = Path(spec.path).expanduser()
    splits: dict[str, list[Pair]] = {}
    refused: list[tuple[str, str]] = []
    files: list[Path] = []
    for split in _SPLITS:
        images = _index(root, f"leftImg8bit/{split}", _IMAGE_ENDING)
        labels = _index(root, f"gtFine/{split}", _LABEL_ENDING)
        names, single = match(root, images, labels)
        splits[split] = [
            Pair(name, functools.partial(load_pair, images[name], labels[name], CITYSCAPES))
            for name in names
        ]
        refused += single
        files += [*images.values(), *labels.values()]
    return Plan(splits, fingerprint(root, files, CITYSCAPES), refused)


def _index(root: Path, folder: str, ending: str) -> dict[str, Path]:
    """List the files with an ending by name without it; colour and instance files lack it."""
    found = index_files(root, folder, (".png",))
    chosen = {n.removesuffix(ending): path for n, path in found.items() if n.endswith(ending)}
    if not chosen:
        raise InputError(f"{root / folder} holds no file whose name ends in {ending}.png.")
    return chosen
