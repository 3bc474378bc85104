"""One process at a time trains in a directory."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sggan_jax.messages import warn
from sggan_jax.types import InputError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_SECONDS = 0.5


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a directory, made if absent, after any other process that does.

    The system lets go of it when the process ends, in whatever way. Where a file system cannot
    hold anything, nothing is held.

    Raises:
      InputError: if the directory cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / ".lock").open("a")
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}") from error
    with opened as file:
        if not _take(file):
            warn(f"another process trains in {folder}; waiting for its end")
            while not _take(file):
                time.sleep(_SECONDS)
        yield


def _take(file: IO[str]) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
