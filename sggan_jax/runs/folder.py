"""Folders of checkpoints on a disk that may fail at any moment."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

CHECKPOINTS = "checkpoints"
"""Folder of a run directory that holds its checkpoints by step."""


def complete_steps(folder: Path) -> list[int]:
    """List the steps of complete checkpoints: unfinished and retired ones have other names."""
    if not folder.is_dir():
        return []
    return [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]


def set_aside(path: Path, folder: Path) -> Path:
    """Move a folder into another without replacing anything there.

    Returns:
      Where it lies now.
    """
    folder.mkdir(exist_ok=True)
    place, number = folder / path.name, 0
    while place.exists():
        number += 1
        place = folder / f"{path.name}-{number}"
    return path.rename(place)


def remove(paths: Iterable[Path]) -> None:
    """Remove folders; one that resists stays for the next time."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def flush(folder: Path) -> None:
    """Have the disk hold all files of a folder, and the folder's own entry in its parent."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
