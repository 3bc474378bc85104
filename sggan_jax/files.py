"""Files that other programs may read at any moment: written atomically, or line by line.

A file written here is there with its whole content, or as it was before: it is written under
another name beside its own and then renamed. A file of JSON lines grows instead, and a process
that is killed may leave its last line without an end; such a line counts for nothing.
"""

import codecs
import contextlib
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sggan_jax.types import InputError


@contextlib.contextmanager
def told_if_unwritable(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into an :class:`InputError` that names the file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Write to a path beside the file and rename it at the end: ``with ... as part``.

    Nothing is left behind where the writing fails.

    Args:
      path: of the file; its folder is made if absent.

    Raises:
      InputError: if the file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with told_if_unwritable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically; see :func:`write_atomically`."""
    with write_atomically(path) as part:
        part.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8 atomically; see :func:`write_atomically`."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Write a value as JSON atomically; see :func:`write_atomically`."""
    write_text(path, json.dumps(value, indent=indent) + "\n")


_BLANK = " \t\u00a0\ufeff\u200b\x1a"
"""What stands around lines of lists: blanks, and marks that are not seen."""
_QUOTES = "\"'"


def read_names(path: Path) -> list[str]:
    r"""Read a list of names, one a line, whatever system wrote it.

    UTF-8 or UTF-16, with or without a mark; any ends of lines, ``\\`` for ``/``; quotation marks
    around a name are no part of it; letters with accents count as the same however they are
    composed. Empty lines and those that begin with ``#`` are left out; a name that begins so
    stands in quotation marks, as :func:`list_names` puts it.

    Raises:
      InputError: if it cannot be read.
    """
    try:
        content = path.read_bytes()
        text = content.decode(_encoding(content))
    except (OSError, UnicodeError) as error:
        raise InputError(f"the list {path} cannot be read as UTF-8 text: {error}") from error
    lines = (line.strip(_BLANK) for line in text.replace("\r", "\n").split("\n"))
    names = (line.strip(_BLANK + _QUOTES) for line in lines if not line.startswith("#"))
    return [same_name(name) for name in names if name]


def list_names(names: Iterable[str]) -> str:
    r"""Write names as a list that :func:`read_names` reads, one a line.

    >>> list_names(["a", "#b", "'c'"])
    'a\n"#b"\n"\'c\'"\n'
    """
    return "".join(f'"{name}"\n' if name[:1] in "#\"'" else f"{name}\n" for name in names)


def _encoding(content: bytes) -> str:
    """Tell UTF-16, by its mark or by the zeros of its first letter, from UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = content[:1] == b"\0", content[1:2] == b"\0"
    return {(True, False): "utf-16-be", (False, True): "utf-16-le"}.get(zeros, "utf-8-sig")


def same_name(name: str) -> str:
    r"""Write a name of a file in the one form that names are compared in.

    >>> same_name("a\\u\u0308.png") == "a/\xfc.png"
    True
    """
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def write_json_lines(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of JSON lines anew, atomically; see :func:`write_atomically`."""
    write_text(path, "".join(map(_format, entries)))


def read_json_lines(path: Path, allow_cut: bool = True) -> Iterator[dict[str, Any]]:
    """Read the objects of a file of JSON lines; none where there is no file.

    Args:
      path: of the file.
      allow_cut: whether a last line without an end is passed over, and not an error.

    Raises:
      InputError: if the file cannot be read, or a line holds no object.
    """
    try:
        content = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        if not line.endswith(b"\n") and allow_cut:
            return
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            if not isinstance(entry, dict):
                raise ValueError(f"{type(entry).__name__} where an object should be")
        except ValueError as error:
            raise InputError(
                f"{path}, line {number} is damaged ({error}): restore the file, or remove the line"
            ) from error
        yield entry


class JsonLines:
    """Appends to a file of JSON lines: ``with JsonLines(path) as lines: lines.add(entry)``.

    A line that cannot be written waits for the next try.
    """

    def __init__(self, path: Path):
        """Open a file, made if absent; a last line that was cut short is removed.

        Raises:
          OSError: if it cannot be opened.
        """
        # Writing goes straight to the system: what is killed later has left every line.
        self._file = path.open("ab", buffering=0)
        self._size = path.read_bytes().rfind(b"\n") + 1
        self._file.truncate(self._size)
        self._waiting = b""

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, entry: Mapping[str, Any]) -> None:
        """Write a line, after those that wait.

        Raises:
          OSError: if it has to wait.
        """
        self._waiting += _format(entry).encode()
        self._write()

    def sync(self) -> None:
        """Have the disk hold every line."""
        self._write()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._write()
        self._file.close()

    def _write(self) -> None:
        rest = memoryview(self._waiting)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size += len(self._waiting)
        self._waiting = b""


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises:
      InputError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def check_inside(folder: Path, name: str, where: str) -> None:
    """Refuse a path that leaves its folder: absolute, by ``..``, by a drive or behind a link.

    Args:
      folder: that the path is relative to; it need not exist.
      name: the path, with slashes of either kind between its parts.
      where: what names it, for the message.

    Raises:
      InputError: naming it.

    >>> check_inside(Path("a"), "images/b.png", "the list")
    >>> check_inside(Path("a"), "../b.png", "the list")
    Traceback (most recent call last):
    sggan_jax.types.InputError: the list names '../b.png', which is not inside a: do not use it
    """
    path = PurePosixPath(name.replace("\\", "/"))
    strange = not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]
    # Resolved: a link could lead elsewhere even where the words do not.
    if strange or folder.resolve() not in (folder / path).resolve().parents:
        raise InputError(f"{where} names {name!r}, which is not inside {folder}: do not use it")


def _format(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False) + "\n"
