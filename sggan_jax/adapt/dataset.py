"""Folders adapted: plain ones, and data sets of which one part is made anew, the other carried.

A folder data set holds ``images/``, ``labels/`` and lists of names (``docs/data.md``). What is
carried over is hard-linked where the file system allows it, else copied: the same bytes, no room.
"""

import filecmp
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from sggan_jax.adapt.adapter import Adapter
from sggan_jax.adapt.flow import Summary, Work, check_apart, map_folder
from sggan_jax.adapt.provenance import Record, claim, make_record
from sggan_jax.adapt.size import fit_labels
from sggan_jax.adapt.strength import FULL, Strength, make_work
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.folder import SPLITS, index_files
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.data.prepare import make_builder, prepare
from sggan_jax.data.sources import open_source
from sggan_jax.data.unpack import unpack
from sggan_jax.files import write_atomically, write_bytes
from sggan_jax.folders import IMAGE_SUFFIXES, find_labels, list_images, name_of, walk
from sggan_jax.messages import warn
from sggan_jax.runs.segmenter import Segmenter
from sggan_jax.threads import ahead
from sggan_jax.types import InputError


class Options(TypedDict, total=False):
    """How a folder is gone through; see :func:`sggan_jax.adapt.flow.map_folder`."""

    size: tuple[int, int] | None
    batch_size: int
    overwrite: bool
    progress: bool


def adapt_folder(
    adapter: Adapter,
    input_dir: str | Path,
    output_dir: str | Path,
    *,
    strength: Strength = FULL,
    **options: Unpack[Options],
) -> Summary:
    """Adapt every image of a folder; outputs keep name, sub-folder and format.

    Args:
      adapter: from :func:`sggan_jax.adapt.adapter.load_adapter`.
      input_dir: folder of images.
      output_dir: folder to write; it notes what made it, and only that continues it.
      strength: how far to go, for all classes alike.
      **options: see :class:`Options`.

    Returns:
      Counts, failures and time.

    Raises:
      InputError: as :func:`sggan_jax.adapt.flow.map_folder` does.
    """
    record = make_record(adapter, Path(input_dir), size=options.get("size"), strength=str(strength))
    return map_folder(make_work(adapter, strength), record, input_dir, output_dir, **options)


def adapt_labelled(
    adapter: Adapter,
    source_dir: str | Path,
    output_dir: str | Path,
    *,
    strength: Strength = FULL,
    table: ClassTable | None = None,
    repair: str = "",
    **options: Unpack[Options],
) -> Summary:
    """Adapt the images of a folder data set; labels and lists of names come along.

    Labels are unchanged, but for their size where that of the images is.

    Args:
      adapter: from :func:`sggan_jax.adapt.adapter.load_adapter`.
      source_dir: folder data set.
      output_dir: folder data set to write; an interrupted call continues.
      strength: how far to go, by class where it names some.
      table: classes of the labels, for such a strength, for a network that is told of them, and to
        change their size; Cityscapes' where None.
      repair: what decides how images are repaired that the gate rejects; empty if they are not.
      **options: see :class:`Options`.

    Raises:
      InputError: as :func:`remake` does.
    """
    source, size = Path(source_dir), options.get("size")
    record = make_record(
        adapter, source / "images", size=size, strength=str(strength), repair=repair
    )
    work = make_work(adapter, strength, source, table or CITYSCAPES)
    found = find_labels(source) if strength.classes or adapter.needs_labels else {}
    labels = {name: source / path for name, path in found.items()}
    return remake(work, record, source, output_dir, table=table, labels=labels, **options)


def label_folder(
    segmenter: Segmenter, source_dir: str | Path, output_dir: str | Path, **options: Unpack[Options]
) -> Summary:
    """Label the images of a folder data set by a network; images and lists come along unchanged.

    Args:
      segmenter: from :func:`sggan_jax.runs.segmenter.load_segmenter`.
      source_dir: folder data set; its labels are unused and need not be there.
      output_dir: folder data set to write: ``labels/NAME.png`` holds the class id that stands for
        each predicted class. An interrupted call continues.
      **options: see :class:`Options`.

    Raises:
      InputError: as :func:`remake` does.
    """

    def label(names: Sequence[Path], images: np.ndarray) -> np.ndarray:
        return segmenter.ids[segmenter(images)]

    record = make_record(segmenter, Path(source_dir) / "images", size=segmenter.scale)
    return remake(label, record, source_dir, output_dir, part="labels", **options)


def remake(
    work: Work,
    record: Record,
    source_dir: str | Path,
    output_dir: str | Path,
    *,
    part: str = "images",
    table: ClassTable | None = None,
    labels: Mapping[str, Path] | None = None,
    **options: Unpack[Options],
) -> Summary:
    """Make one part of a folder data set from its images, and carry the other over.

    Args:
      work: what to make of images of one size.
      record: what the part is noted to be made by.
      source_dir: folder data set.
      output_dir: folder data set to write.
      part: ``images``, or ``labels`` as PNG.
      table: classes of the labels, needed where images change their size.
      labels: label files by the names of images, whose change makes images anew.
      **options: see :class:`Options`.

    Returns:
      What became of the images.

    Raises:
      InputError: if a folder cannot be used, or holds what something else made.
    """
    source, output = Path(source_dir), Path(output_dir)
    other, suffix = ("labels", "") if part == "images" else ("images", ".png")
    for folder in ("images", other):
        if not (source / folder).is_dir():
            raise InputError(f"{source} has no {folder}/ inside; give a folder data set")
    check_apart(source, output)
    index_files(source, "images", IMAGE_SUFFIXES)  # refuses two images of one name
    if part == "images":
        check_paired(source)
    made = [name.with_suffix(suffix or name.suffix) for name in list_images(source / "images")]
    claim(output / part, record, made, options.pop("overwrite", False))
    # First, so that a data set cut short is short of what is made: its builder then says so, while
    # labels or lists that are missing altogether have a meaning.
    size = options.get("size")
    carry(source, output, *(() if size else (other,)))
    if size:
        carry_labels(source, output, size, table or CITYSCAPES)
    folders = source / "images", output / part
    return map_folder(work, record, *folders, suffix=suffix, labels=labels, **options)


def check_paired(source: Path) -> None:
    """Refuse a folder data set of which no image has labels, and tell of those that have none.

    Raises:
      InputError: naming the first image and the first label file.
    """
    images, labels = list_images(source / "images"), find_labels(source)
    lacking = [name for name in images if name_of(name) not in labels]
    if lacking and len(lacking) == len(images):
        first = f"the first label map is {min(labels)}" if labels else "labels/ holds no .png"
        raise InputError(
            f"no image in {source} has labels of the same name: the first image is {images[0]}, "
            f"{first}. Give an image and its labels one name; or adapt {source / 'images'} alone, "
            f"as a plain folder"
        )
    if lacking:
        warn(
            f"{len(lacking)} of {len(images)} images of {source} have no labels and are adapted "
            f"without being judged, such as {lacking[0]}"
        )


def find_pairs(source: Path) -> list[tuple[Path, Path]]:
    """Pair image and label files of a folder data set, in order, where both are there."""
    images, labels = list_images(source / "images"), find_labels(source)
    return [
        (source / "images" / name, source / labels[name_of(name)])
        for name in images
        if name_of(name) in labels
    ]


def unpack_split(
    spec: SourceSpec, data_dir: str | Path, height: int, width: int, split: str
) -> Path:
    """Write a split of a data set as a folder data set, beside its prepared form.

    Args:
      spec: the data set, prepared first where that is still to do.
      data_dir: directory of prepared data sets.
      height: of every image.
      width: of every image.
      split: ``train``, ``val`` or ``test``.

    Returns:
      The folder; an interrupted call continues.

    Raises:
      InputError: if the data set cannot be used, or has no such split.
    """
    prepare(spec, data_dir, height, width)
    home = Path(data_dir).expanduser().absolute()
    prepared = make_builder(spec, data_dir, height, width).data_dir
    folder = home / "unpacked" / f"{prepared.relative_to(home).parts[0]}_{split}"
    unpack({split: open_source(spec, data_dir, split, height, width)}, folder)
    return folder


def carry(source: Path, output: Path, *parts: str) -> None:
    """Link the files of some parts of a folder data set into another, and copy its lists of names.

    Raises:
      InputError: if the other folder cannot be written.
    """
    files = [Path(part) / name for part in parts for name in sorted(walk(source / part))]
    try:
        for name in files:
            _link(source / name, output / name)
        for split in SPLITS:
            if (source / f"{split}.txt").is_file():
                shutil.copyfile(source / f"{split}.txt", output / f"{split}.txt")
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror or error}") from error


def carry_labels(
    source: Path, output: Path, size: tuple[int, int], table: ClassTable = CITYSCAPES
) -> None:
    """Write the label maps of a folder data set at the size that its images are brought to.

    Those that cannot be brought to it are carried as they are, and the gate tells why.

    Raises:
      InputError: if the other folder cannot be written.
    """
    images = {name_of(name): source / "images" / name for name in list_images(source / "images")}
    names = [name for name in sorted(walk(source / "labels")) if name_of(name) in images]

    def fit(name: Path) -> bytes | None:
        return fit_labels(source / "labels" / name, images[name_of(name)], size, table)

    for name, fitted in zip(names, ahead(fit, names), strict=True):
        if fitted is None:
            _link(source / "labels" / name, output / "labels" / name)
        else:
            write_bytes(output / "labels" / name, fitted)


def _link(source: Path, target: Path) -> None:
    """Link or copy a file atomically, unless the same content is there already."""
    same = target.exists() and target.samefile(source)
    if same or (target.exists() and filecmp.cmp(source, target, shallow=False)):
        return
    with write_atomically(target) as part:
        part.unlink(missing_ok=True)
        try:
            os.link(source.resolve(), part)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, part)
