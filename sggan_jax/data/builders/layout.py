"""What published data sets have in common: patterns tell where their pairs lie."""

import functools
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sggan_jax.data.builders.files import File, list_files
from sggan_jax.data.builders.folder import fingerprint, load_pair, match, read_lists
from sggan_jax.data.builders.pairs import Pair, Plan, SourceSpec
from sggan_jax.data.class_table import ClassTable
from sggan_jax.folders import IMAGE_SUFFIXES, describe_passed_over
from sggan_jax.types import InputError


def _one_split(names: list[str]) -> dict[str, list[str]]:
    return {"train": names}


@dataclass(frozen=True)
class Layout:
    """How a data set lies on disk, in folders or in the archives it comes as.

    Attributes:
      title: what people call it.
      needs: archives to download and folders to find in them.
      table: its classes.
      images: regular expression of images' paths below the source. What its groups match is the
        name of a pair; a group ``split``, where there is one, names the split instead.
      labels: the same of label files; both name a pair alike.
      splits: names of splits by what the group matched, where they are called otherwise.
      split_names: without a group ``split`` and without lists of names: sorts names into splits.
      split_file: the same by a file of the release, None where it is not there.
      crop: whether to cut the centre to the aspect of the training size.
      known: names of pairs that are broken in the release itself.
    """

    title: str
    needs: str
    table: ClassTable
    images: str
    labels: str
    splits: Mapping[str, str] = field(default_factory=dict)
    split_names: Callable[[list[str]], Mapping[str, list[str]]] = _one_split
    split_file: Callable[[Path], Mapping[str, list[str]] | None] = lambda root: None
    crop: bool = False
    known: tuple[str, ...] = ()


def plan_layout(layout: Layout, spec: SourceSpec, height: int, width: int) -> Plan:
    """Pair the files of a published data set without reading their pixels.

    Raises:
      InputError: if the directory, all images, all labels or every pair is missing.
    """
    root = spec.root()
    files = list_files(root, IMAGE_SUFFIXES)
    images = _index(files, layout.images, layout, root, "images")
    labels = _index(files, layout.labels, layout, root, "labels")
    load = functools.partial(
        _load, table=layout.table, aspect=width / height if layout.crop else None
    )
    paired, refused = match(root, _flat(images), _flat(labels))
    splits: dict[str, list[Pair]] = {}
    for split, names in _sort(layout, root, images, paired).items():
        key = split if split in images else ""
        refused += [
            (name, f"the list of {split} names it, but it is not there")
            for name in names
            if name not in images[key]
        ]
        both = [name for name in names if name in images[key] and name in labels.get(key, {})]
        splits[split] = [
            Pair(
                name,
                functools.partial(load, images[key][name], labels[key][name]),
                (images[key][name], labels[key][name]),
            )
            for name in both
        ]
    splits = {split: pairs for split, pairs in splits.items() if pairs}
    if not splits:
        raise InputError(f"No pair of {layout.title} in {root} is in a list of names.")
    within = {x.parent.relative_to(root) for x in _flat(images).values() if isinstance(x, Path)}
    if told := describe_passed_over(root, within=within):
        refused.append((f"{root}/", f"{told} (read: {', '.join(IMAGE_SUFFIXES)})"))
    files = _flat(images) | {f"label {name}": file for name, file in _flat(labels).items()}
    return Plan(splits, _fingerprint(files, layout, splits), refused, known=layout.known)


def _fingerprint(
    files: Mapping[str, File], layout: Layout, splits: Mapping[str, Sequence[Pair]]
) -> str:
    """Hash the files, the classes, and which pair belongs to which split."""
    order = "".join(f"{split} {pair.name}\n" for split, pairs in splits.items() for pair in pairs)
    return hashlib.sha256(f"{fingerprint(files, layout.table)}\n{order}".encode()).hexdigest()


def _index(
    files: Mapping[str, File], pattern: str, layout: Layout, root: Path, what: str
) -> dict[str, dict[str, File]]:
    """Sort the files that match a pattern by split (empty where there is none) and by name."""
    found: dict[str, dict[str, File]] = {}
    expression = re.compile(pattern)
    for path, file in files.items():
        matched = expression.fullmatch(path)
        if matched is None:
            continue
        groups = matched.groupdict()
        split = groups.pop("split", "") or ""
        split = layout.splits.get(split, split)
        name = "/".join(part for part in groups.values() if part)
        if name in found.setdefault(split, {}):
            other = found[split][name]
            raise InputError(f"{other} and {file} are both {what} of {name!r}: keep one of them.")
        found[split][name] = file
    if not found:
        raise InputError(f"{root} holds no {what} of {layout.title}. It needs {layout.needs}.")
    return found


def _flat(by_split: Mapping[str, Mapping[str, File]]) -> dict[str, File]:
    """Name files by split and name."""
    return {
        f"{split}/{name}" if split else name: file
        for split, files in by_split.items()
        for name, file in files.items()
    }


def _sort(
    layout: Layout, root: Path, images: Mapping[str, Mapping[str, File]], paired: list[str]
) -> Mapping[str, list[str]]:
    """List the names of every split: by folders, by lists, by a file of the release, by rule."""
    if "" not in images:
        return {split: sorted(files) for split, files in sorted(images.items())}
    return read_lists(root) or layout.split_file(root) or layout.split_names(paired)


def _load(
    image: File, label: File, table: ClassTable, aspect: float | None
) -> tuple[np.ndarray, np.ndarray]:
    pair = load_pair(image, label, table)
    return pair if aspect is None else (crop(pair[0], aspect), crop(pair[1], aspect))


def crop(array: np.ndarray, aspect: float) -> np.ndarray:
    """Cut the largest centred rectangle of an aspect (width / height) out of [h, w, ...].

    >>> crop(np.zeros((720, 960, 3), np.uint8), 2.0).shape
    (480, 960, 3)
    """
    h, w = array.shape[:2]
    new_h, new_w = min(h, round(w / aspect)), min(w, round(h * aspect))
    top, left = (h - new_h) // 2, (w - new_w) // 2
    return array[top : top + new_h, left : left + new_w]
