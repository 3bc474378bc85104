"""Files of a data set, in folders or still inside the zip archives they were downloaded as."""

import functools
import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from sggan_jax.files import check_inside
from sggan_jax.folders import walk
from sggan_jax.types import InputError

MAX_BYTES = 1 << 28
"""A larger file inside an archive is refused: 256 MB, unpacked."""


@dataclass(frozen=True)
class Member:
    """A file inside a zip archive.

    Attributes:
      archive: the archive.
      name: of the file, inside.
      stamp: size and checksum of its content.
    """

    archive: Path
    name: str
    stamp: str

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open to read bytes.

        Raises:
          OSError: if it is too large.
        """
        archive = _archive(self.archive, os.getpid())
        if (claimed := archive.getinfo(self.name).file_size) > MAX_BYTES:
            raise OSError(
                f"it claims {claimed} bytes unpacked, more than the {MAX_BYTES} that are read"
            )
        return io.BytesIO(archive.read(self.name))

    def __str__(self) -> str:
        return f"{self.archive}/{self.name}"


File = Path | Member


@functools.lru_cache(maxsize=64)
def _archive(path: Path, process: int) -> zipfile.ZipFile:
    """Open an archive once in each process: a descriptor shared by two would be read by turns."""
    return zipfile.ZipFile(path)


def stamp(file: File) -> str:
    """Tell a file's content from another's without reading it."""
    if isinstance(file, Member):
        return file.stamp
    stat = file.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def list_files(root: Path, suffixes: Iterable[str]) -> dict[str, File]:
    """List what a directory and the zip archives in it hold, by path relative to it.

    The content of an archive counts as if it were unpacked beside it, what lies at its top level
    in a folder of the archive's name. An unpacked file comes before the same in an archive.

    Raises:
      InputError: if the directory does not exist or an archive is damaged.
    """
    if not root.is_dir():
        raise InputError(f"Folder {root} does not exist.")
    wanted = tuple(suffixes)
    found: dict[str, File] = {}
    for archive in sorted(root.glob("*.zip")):
        found.update(_list_archive(archive, wanted))
    for name in walk(root):
        if name.name.lower().endswith(wanted):
            found[name.as_posix()] = root / name
    return dict(sorted(found.items()))


def _list_archive(archive: Path, suffixes: tuple[str, ...]) -> dict[str, File]:
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [x for x in opened.infolist() if x.filename.lower().endswith(suffixes)]
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{archive} cannot be read: {error}. Download it again, or move it away."
        ) from error
    for info in infos:
        check_inside(archive, info.filename, str(archive))
    return {
        info.filename if "/" in info.filename else f"{archive.stem}/{info.filename}": Member(
            archive, info.filename, f"{info.file_size} {info.CRC}"
        )
        for info in infos
        if not _hidden(info.filename)
    }


def _hidden(name: str) -> bool:
    """Say whether a file is one that macOS adds to archives or that begins with a dot."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")
