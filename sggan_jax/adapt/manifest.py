"""``manifest.jsonl``: a line for every adapted image, with its origin, hashes and scores.

The file is written line by line, so that a process that is killed leaves what it had finished; a
last line cut short is dropped. Once all images are described it is written anew, in order.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sggan_jax.adapt.provenance import Record
from sggan_jax.files import (
    JsonLines,
    check_inside,
    hash_file,
    read_json_lines,
    told_if_unwritable,
    write_json_lines,
)
from sggan_jax.folders import find_labels, name_of
from sggan_jax.types import InputError

MANIFEST = "manifest.jsonl"

Entry = dict[str, Any]

_MADE_BY = ("direction", "step", "config", "weights", "size", "strength")
# Key of a path in an entry, and the key of the hash of its file.
_FILES = (("image", "sha256"), ("label", "label_sha256"))


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """Where the files of an image are.

    Attributes:
      source: folder of the source data set.
      output: folder of the adapted one.
      image: of the image in both, relative.
      label: of its labels in both; None without.
    """

    source: Path
    output: Path
    image: Path
    label: Path | None


def make_entry(files: ImageFiles, record: Record) -> Entry:
    """Describe an adapted image but for its size and scores.

    Args:
      files: where its files are.
      record: what made it.

    Returns:
      ``image``, ``sha256``; ``label``, ``label_sha256`` (None without labels); ``source``,
      ``source_sha256`` (the path within the source data set); what :func:`describe_maker` says.

    Raises:
      InputError: if a file cannot be read.
    """
    entry = {
        "image": files.image.as_posix(),
        "sha256": hash_file(files.output / files.image),
        "label": files.label.as_posix() if files.label else None,
        "label_sha256": hash_file(files.output / files.label) if files.label else None,
        "source": files.image.as_posix(),
        "source_sha256": hash_file(files.source / files.image),
    }
    return entry | describe_maker(record)


def describe_maker(record: Record) -> Entry:
    """Say what made an image or video, without a path of this machine.

    Returns:
      ``run``, ``direction``, ``step``, ``config`` and ``weights`` (digests), ``strength``.
    """
    return {"run": Path(record.run).name} | {key: getattr(record, key) for key in _MADE_BY}


def read_manifest(folder: str | Path) -> list[Entry]:
    """Read the entries of an adapted data set.

    Args:
      folder: that holds ``manifest.jsonl``.

    Returns:
      Entries as :func:`make_entry` makes them, with ``height``, ``width`` and ``scores``.

    Raises:
      InputError: if the file is missing or damaged, or names a file outside its folder.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder} has no {MANIFEST}; let launch.adapt finish it")
    entries = []
    for number, entry in enumerate(read_json_lines(path, allow_cut=False), 1):
        where = f"{path}, entry {number}"
        for key, _ in _FILES:
            if key not in entry:
                raise InputError(f"{where} has no {key!r}; adapt again to write it anew")
            if entry[key] is not None:
                check_inside(folder, str(entry[key]), where)
        entries.append(entry)
    return entries


def check_files(folder: str | Path) -> list[str]:
    """Compare the files of an adapted data set with its manifest.

    Args:
      folder: that holds ``manifest.jsonl``.

    Returns:
      A sentence for every file that is missing or was changed; empty when all is as it was made.

    Raises:
      InputError: as :func:`read_manifest` does.
    """
    folder, problems = Path(folder), []
    for entry in read_manifest(folder):
        for key, digest in _FILES:
            if entry[key] is None:
                continue
            path = folder / entry[key]
            if not path.is_file():
                problems.append(f"{path} is missing")
            elif hash_file(path) != entry[digest]:
                problems.append(f"{path} was changed since")
    return problems


def same_files(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two entries describe the same bytes, made by the same network."""
    keys = ("image", "sha256", "label", "label_sha256", "source_sha256", *_MADE_BY)
    return all(old.get(key) == new.get(key) for key in keys)


class ManifestWriter:
    """An unfinished manifest: ``with ManifestWriter(path) as manifest: manifest.add(entry)``.

    Attributes:
      entries: by image, what is there already and what was added.
    """

    def __init__(self, path: Path):
        """Read what an earlier process left."""
        self._path = path
        self.entries = {str(entry.get("image")): entry for entry in read_json_lines(path)}

    def __enter__(self) -> "ManifestWriter":
        self._lines = JsonLines(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(self, entry: Entry) -> None:
        """Note an entry at once."""
        self.entries[entry["image"]] = entry
        with told_if_unwritable(self._path):
            self._lines.add(entry)

    def finish(self, images: Sequence[str]) -> list[Entry]:
        """Write the file anew: these images, in order, each once."""
        entries = [self.entries[image] for image in images]
        write_json_lines(self._path, entries)
        return entries


def find_files(
    source: Path, output: Path, prefix: str, names: Iterable[Path]
) -> Iterator[ImageFiles]:
    """Find the files of every image that is there.

    Args:
      source: folder of the source data set.
      output: folder of the adapted one.
      prefix: folder of the images in both, ``images``; empty for plain folders, without labels.
      names: of images in that folder.
    """
    labels = find_labels(output) if prefix else {}
    for name in names:
        image = Path(prefix) / name
        if (output / image).is_file():
            yield ImageFiles(source, output, image, labels.get(name_of(name)))
