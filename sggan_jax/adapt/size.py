"""At what size images are adapted: their own, that of training, or one that is given.

A generator knows the world at the scale it was trained at. At its own size the paper adapts what it
was trained on at that size; files of another size are told of, since what becomes of them looks
like adapted images and is not as good.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.transforms import resize_labels
from sggan_jax.images import MAX_PIXELS, encode_png, format_size, read_size
from sggan_jax.messages import warn
from sggan_jax.nets.sizes import FAR, is_far
from sggan_jax.runs.description import Run
from sggan_jax.threads import ahead
from sggan_jax.types import InputError

NATIVE, TRAIN = "native", "train"

Size = tuple[int, int]
"""Height and width."""


def parse_size(text: str, run: Path, described: Run) -> Size | None:
    """Read what a user asks for: ``native``, ``train``, or height and width as ``256x512``.

    Args:
      text: what was given.
      run: run directory, for the message.
      described: what it says of itself.

    Returns:
      Height and width; None for every file's own.

    Raises:
      InputError: if it is none of these, too large, or the size of training is not known.
    """
    if text == NATIVE:
        return None
    if text == TRAIN:
        if described.scale is None:
            raise InputError(
                f"--size=train: {run} does not say at what size it was trained, as an imported run "
                f"does not unless launch.import_generator was told by --size; give HEIGHTxWIDTH"
            )
        return described.scale
    return read_sides(text, "train, native, or ")


def read_sides(text: str, others: str = "") -> Size:
    """Read height and width as ``256x512``.

    Args:
      text: what was given by ``--size``.
      others: what else may be given, for the message.

    Raises:
      InputError: if it is something else, or larger than images may be.

    >>> read_sides("256x512")
    (256, 512)
    """
    match = re.fullmatch(r"([1-9]\d{0,8})[xX]([1-9]\d{0,8})", text.strip())
    if not match:
        raise InputError(f"--size={text}: give {others}HEIGHTxWIDTH such as 256x512")
    height, width = int(match[1]), int(match[2])
    if height * width > MAX_PIXELS:
        raise InputError(f"--size={text} has more than the {MAX_PIXELS} pixels that are read")
    return height, width


def tell_scale(
    folder: Path, names: Sequence[Path], run: Path, scale: Size | None, size: Size | None
) -> None:
    """Tell in a sentence where images are adapted at another scale than that of training.

    Args:
      folder: of images.
      names: of these images.
      run: run directory.
      scale: of whole images in its training; None where it is not known.
      size: that images are brought to; None for their own.
    """
    if size is not None:
        if scale and is_far(size, scale):
            warn(f"{_describe(size, scale, run)}: --size=train adapts as it learned")
        return
    if scale is None:
        warn(
            f"{run} does not say at what size it was trained, and images of another size adapt "
            f"worse: where yours are, give --size=HEIGHTxWIDTH"
        )
        return
    sizes = ahead(lambda name: _size_of(folder / name), names)
    far = [(name, size) for name, size in zip(names, sizes, strict=True) if size]
    far = [(name, size) for name, size in far if is_far(size, scale)]
    if far:
        name, first = far[0]
        warn(
            f"{len(far)} of {len(names)} images, such as {name}, are of another size than in "
            f"training: {_describe(first, scale, run)}. They are adapted at their own size, as the "
            f"paper does; launch.adapt --size=train adapts at {format_size(scale)}"
        )


def _describe(size: Size, scale: Size, run: Path) -> str:
    """Say how much larger or smaller a size is than that of training."""
    ratios = [side / known for side, known in zip(size, scale, strict=True)]
    ratio = max(ratios) if max(ratios) > FAR else min(ratios)
    return f"{format_size(size)} is {ratio:.2g} times the {format_size(scale)} that {run} learned"


def _size_of(path: Path) -> Size | None:
    """Size of an image; None where it cannot be read, which is told when it is its turn."""
    try:
        return read_size(path)
    except InputError:
        return None


def fit_labels(label: Path, image: Path, size: Size, table: ClassTable) -> bytes | None:
    """Bring a label map to the size of its adapted image.

    Args:
      label: its file.
      image: file of the image before it was brought to the size.
      size: height and width wanted.
      table: of the classes.

    Returns:
      PNG of class ids; None where the file has to stay as it is: it cannot be read, or is not of
      the size of its image, which the gate tells.
    """
    try:
        labels = read_labels(label, table)
        if labels.shape != read_size(image):
            return None
    except InputError:
        return None
    return encode_png(resize_labels(labels, *size))
