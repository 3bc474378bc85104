"""Which image each output was made from, by content: a replaced file may have an older date."""

from collections.abc import Sequence
from pathlib import Path

from sggan_jax.files import (
    JsonLines,
    hash_file,
    read_json_lines,
    told_if_unwritable,
    write_json_lines,
)

SOURCES_FILE = ".sources.jsonl"


class Sources:
    """Hashes of the images that the outputs of a folder were made from.

    ``with Sources(folder) as sources``; an output is noted once it is written, so that one whose
    process was killed before is made again.
    """

    def __init__(self, folder: Path):
        """Read what earlier processes noted in a folder, which must be there."""
        self._folder, self._path = folder, folder / SOURCES_FILE
        self._known = {entry["output"]: entry["source"] for entry in read_json_lines(self._path)}
        self._hashes: dict[Path, str] = {}

    def __enter__(self) -> "Sources":
        self._lines = JsonLines(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def is_done(self, output: Path, *sources: Path) -> bool:
        """Whether an output, relative to the folder, is there and was made from this content."""
        known = self._known.get(output.as_posix())
        there = known is not None and (self._folder / output).is_file() and sources[0].is_file()
        return there and known == _hash(sources)

    def measure(self, output: Path, *sources: Path) -> None:
        """Hash the files that an output is about to be made from; from any thread.

        Raises:
          InputError: if one cannot be read.
        """
        self._hashes[output] = _hash(sources)

    def add(self, output: Path) -> None:
        """Note that an output is written.

        Raises:
          InputError: if the note cannot be.
        """
        self._known[output.as_posix()] = self._hashes.pop(output)
        with told_if_unwritable(self._path):
            self._lines.add({"output": output.as_posix(), "source": self._known[output.as_posix()]})

    def finish(self) -> None:
        """Write the file anew, each output once, in order."""
        entries = ({"output": name, "source": self._known[name]} for name in sorted(self._known))
        write_json_lines(self._path, entries)


def _hash(paths: Sequence[Path]) -> str:
    """Hash an image, and its labels where they decide and are there."""
    image, *others = paths
    return " ".join([hash_file(image), *(hash_file(path) for path in others if path.is_file())])
