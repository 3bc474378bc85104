"""A folder of images and labels."""

import functools
import hashlib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

import numpy as np

from sggan_jax.data.builders.files import File, stamp
from sggan_jax.data.builders.pairs import Pair, Plan, SourceSpec
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.builders.upright import check_upright
from sggan_jax.data.labels import ClassTable, class_table
from sggan_jax.data.lists import find_name
from sggan_jax.files import read_names
from sggan_jax.folders import IMAGE_SUFFIXES, describe_passed_over, name_of, walk
from sggan_jax.images import read_noted
from sggan_jax.types import InputError

SPLITS = ("train", "val", "test")
_LIST_SUFFIXES = (".txt", ".lst", ".csv", ".json")


def plan_folder(spec: SourceSpec, height: int, width: int) -> Plan:
    """Pair the files of a folder without reading their pixels.

    ``labels/`` may be absent: every class id is then 0. Without lists of names the folders
    ``train/``, ``val/`` and ``test/`` are the splits where all images lie in these, else every
    image belongs to ``train``. Folders inside ``images/`` are part of a name, ``/`` between them.
    What is not read is counted by ending among the refused. The size plays no part.

    Raises:
      InputError: if the folder, its images or every pair is missing, or a list of names is empty
        or contradicts another.
    """
    root = spec.root()
    table = class_table(spec.table)
    images = index_files(root, "images", IMAGE_SUFFIXES)
    labelled = (root / "labels").is_dir()
    labels = index_files(root, "labels", (".png",)) if labelled else {}
    usable, refused = match(root, images, labels) if labelled else (sorted(images), [])
    pairs = {
        name: Pair(
            name,
            functools.partial(load_pair, images[name], labels.get(name), table),
            (images[name], labels[name]) if name in labels else None,
        )
        for name in usable
    }
    splits: dict[str, list[Pair]] = {}
    lists = read_lists(root, images)
    refused += [
        (f"{folder}/", f"{told} (read: {', '.join(suffixes)})")
        for folder, suffixes in (("images", IMAGE_SUFFIXES), ("labels", (".png",)))
        if (root / folder).is_dir() and (told := describe_passed_over(root / folder, suffixes))
    ]
    if not lists and (alike := _find_unread_lists(root)):
        told = "are not read: lists are called train.txt, val.txt and test.txt, beside images/"
        refused.append((", ".join(alike), told))
    for split, names in (lists or _split_by_folders(usable)).items():
        refused += [
            (name, f"{split}.txt names it, but images/ holds no such file")
            for name in names
            if name not in images
        ]
        splits[split] = [pairs[name] for name in names if name in pairs]
        if not splits[split]:
            raise InputError(
                f"{root / split}.txt names {len(names)} images, none of which is there with its "
                f"labels: the first is {names[0]!r}."
            )
    files = [*images.values(), *labels.values(), *(root / f"{split}.txt" for split in lists)]
    entries = {path.relative_to(root).as_posix(): path for path in files}
    return Plan(splits, fingerprint(entries, table), refused, labelled)


def _find_unread_lists(root: Path) -> list[str]:
    """Find files that are called nearly like lists of names, in a folder or one below it."""
    folders = [root, *(path for path in root.glob("*") if path.name not in ("images", "labels"))]
    return sorted(
        path.relative_to(root).as_posix()
        for folder in folders
        for path in folder.glob("*")  # which passes over what may not be read
        if path.suffix.lower() in _LIST_SUFFIXES and path.name.lower().startswith(SPLITS)
    )


def _split_by_folders(names: Sequence[str]) -> dict[str, list[str]]:
    """Sort names by folders ``train/``, ``val/`` and ``test/`` where these are all there is."""
    folders = [name.partition("/")[0] for name in names]
    if not set(folders) <= set(SPLITS):
        return {"train": list(names)}
    pairs = list(zip(folders, names, strict=True))
    return {s: [name for folder, name in pairs if folder == s] for s in SPLITS if s in folders}


def match(
    root: Path, images: Mapping[str, File], labels: Mapping[str, File]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Find the names that have both image and labels, and say why the others are refused.

    Raises:
      InputError: if no image has labels.
    """
    both = sorted(images.keys() & labels.keys())
    if not both:
        raise InputError(
            f"No image in {root} has labels of the same name: the first image is {min(images)!r}, "
            f"the first label map {min(labels)!r}. Give an image and its labels one name."
        )
    refused = [(name, "it has no labels") for name in sorted(images.keys() - labels.keys())]
    refused += [(name, "it has no image") for name in sorted(labels.keys() - images.keys())]
    return both, refused


def index_files(root: Path, folder: str, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """List the files of a folder by name without suffix.

    Raises:
      InputError: if the folder is missing or empty, or two files share a name.
    """
    if not root.is_dir():
        raise InputError(f"Folder {root} does not exist.")
    if not (root / folder).is_dir():
        raise InputError(f"Folder {root} has no {folder}/ inside: put the {folder} there.")
    found: dict[str, Path] = {}
    for relative in sorted(walk(root / folder)):
        if relative.suffix.lower() not in suffixes:
            continue
        path = root / folder / relative
        name = name_of(relative)
        if name in found:
            raise InputError(f"{found[name]} and {path} share the name {name!r}: keep one of them.")
        found[name] = path
    if not found:
        told = describe_passed_over(root / folder, suffixes)
        raise InputError(
            f"{root / folder} holds no {', '.join(suffixes)} file: put the {folder} there."
            f"{told and f' ({told})'}"
        )
    return found


def read_lists(root: Path, known: Container[str] = ()) -> dict[str, list[str]]:
    """Read those of train.txt, val.txt and test.txt that are there.

    Args:
      root: folder of the data set.
      known: its names; a line that is the path of an image becomes the image's name.

    Raises:
      InputError: if a list names nothing, or a name stands in two lists or twice in one.
    """
    splits: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    for split in SPLITS:
        path = root / f"{split}.txt"
        if not (path.is_file() or path.is_symlink()):
            continue
        splits[split] = [find_name(line, known) for line in read_names(path)]
        if not splits[split]:
            raise InputError(f"{path} names no image: list one name a line, or remove it.")
        for name in splits[split]:
            if name in seen:
                raise InputError(f"{path} names {name!r}, which {seen[name]}.txt already names.")
            seen[name] = split
    return splits


def load_pair(
    image_file: File, label_file: File | None, table: ClassTable
) -> tuple[np.ndarray, np.ndarray]:
    """Read one image and its class ids, both upright; all 0 where it has no labels.

    Raises:
      InputError: if a file cannot be used, or the image was turned upright and its labels lie.
    """
    image, note = read_noted(image_file)
    if label_file is None:
        return image, np.zeros(image.shape[:2], np.uint8)
    labels = read_labels(label_file, table)
    check_upright(labels, table, image_file, note, image.shape[:2])
    return image, table.to_stored(labels)


def fingerprint(files: Mapping[str, File], table: ClassTable) -> str:
    """Hash which files there are, by path, what tells their content, and the class table."""
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.split("/")):
        digest.update(f"{path} {stamp(files[path])}\n".encode())
    digest.update(table.ids.tobytes() + table.colours.tobytes())
    if table.to_cityscapes is not None:
        digest.update(table.to_cityscapes.tobytes())
    return digest.hexdigest()
