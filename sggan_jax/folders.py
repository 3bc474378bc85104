"""Folders of images and labels: which files are in them, and what is passed over."""

from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path, PurePath

from sggan_jax.files import same_name
from sggan_jax.messages import warn
from sggan_jax.types import InputError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")

_SYSTEM_FILES = ("thumbs.db", "desktop.ini")


def walk(directory: Path, lost: list[Path] | None = None) -> Iterator[Path]:
    """List the files of a directory and its sub-folders, links followed, relative to it.

    Hidden files and folders are left out, and a folder that a link leads back into.

    Args:
      directory: where to begin.
      lost: takes what is there and is no file: links that lead nowhere, names that are no UTF-8.

    Raises:
      InputError: if a folder cannot be read.
    """
    lost = [] if lost is None else lost
    pending: list[tuple[Path, tuple[Path, ...]]] = [(directory, (directory.resolve(),))]
    while pending:
        folder, above = pending.pop()
        try:
            paths = list(folder.iterdir())
        except OSError as error:
            raise InputError(f"{folder} cannot be read: {error.strerror or error}") from error
        for path in paths:
            if path.name.startswith("."):
                continue
            if not _is_utf8(path.name):
                lost.append(path.relative_to(directory))
            elif path.is_file():
                yield path.relative_to(directory)
            elif not path.is_dir():
                lost.append(path.relative_to(directory))
            elif (real := path.resolve()) not in above:
                pending.append((path, (*above, real)))


def _is_utf8(name: str) -> bool:
    """Whether a name is text that other programs and files can hold."""
    try:
        name.encode()
    except UnicodeEncodeError:  # Python keeps bytes of other encodings as lone surrogates
        return False
    return True


def list_images(directory: Path) -> list[Path]:
    """List the image files of a directory and its sub-folders, relative to it, in order.

    Links are followed; hidden files are left out.

    Raises:
      InputError: if the directory is missing or holds no image.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} is not a directory; give one that holds images")
    names = sorted(name for name in walk(directory) if is_image(name))
    if not names:
        told = describe_passed_over(directory)
        raise InputError(
            f"{directory} holds no image; these are read: {', '.join(IMAGE_SUFFIXES)}"
            f"{told and f' ({told})'}"
        )
    return names


def image_folder(directory: Path) -> Path:
    """Find where the images of a folder are: in ``images/`` of a data set, else in the folder.

    A data set's other files, such as label maps and contact sheets, are no images of it.
    """
    inner = directory / "images"
    return inner if inner.is_dir() else directory


def is_image(name: PurePath) -> bool:
    """Whether a file has the ending of a format that is read."""
    return name.suffix.lower() in IMAGE_SUFFIXES


def name_of(file: PurePath) -> str:
    """Name that an image shares with its labels: its path in its folder, without the ending.

    >>> name_of(PurePath("ulm/0001.png"))
    'ulm/0001'
    """
    return same_name(file.with_suffix("").as_posix())


def find_labels(root: Path) -> dict[str, Path]:
    """Find the label files of a folder data set: paths in it, by the names of their images."""
    folder = root / "labels"
    names = sorted(walk(folder)) if folder.is_dir() else []
    return {name_of(name): "labels" / name for name in names if name.suffix.lower() == ".png"}


def describe_passed_over(
    directory: Path,
    suffixes: tuple[str, ...] = IMAGE_SUFFIXES,
    within: Container[Path] | None = None,
) -> str:
    """Count by ending the files of a directory that are not read; empty where there is none.

    Files that operating systems leave in every folder do not count.

    Args:
      directory: with its sub-folders.
      suffixes: of files that are read.
      within: sub-folders whose files count, relative; None for all.
    """
    lost: list[Path] = []
    names = [name for name in walk(directory, lost) if name.name.lower() not in _SYSTEM_FILES]
    counts = Counter(n.suffix.lower() for n in names if within is None or n.parent in within)
    left = [(k or "without an ending", n) for k, n in counts.items() if k not in suffixes]
    told = [f"{n} {k}" for k, n in sorted(left, key=lambda item: (-item[1], item[0]))]
    foreign = [name for name in lost if not _is_utf8(name.name)]
    if foreign:
        shown = str(foreign[0]).encode(errors="backslashreplace").decode()
        told.append(f"{len(foreign)} whose names are no UTF-8, such as {shown} (rename them)")
    if nowhere := sorted(set(lost) - set(foreign)):
        told.append(f"{len(nowhere)} that are no files (broken links), such as {nowhere[0]}")
    return f"passed over: {', '.join(told)}" if told else ""


def tell_passed_over(folder: Path) -> None:
    """Tell a person what a folder of images holds that is not read, if there is anything."""
    if told := describe_passed_over(folder):
        warn(f"{folder}: {told}")
