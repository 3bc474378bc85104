"""Image and label files to arrays, with Pillow alone: other decoders turn palettes into colours."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.data.labels import ClassTable, check_ids, count_pixels
from sggan_jax.types import InputError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")


def _open(path: Path) -> Image.Image:
    """Decode a file wholly, so that a truncated one is found here."""
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).replace(str(path), path.name)
        raise InputError(f"{path} cannot be read: {reason}.") from error


def read_image(path: Path) -> np.ndarray:
    """Read an image file as RGB uint8 [H, W, 3].

    Raises:
        InputError: The file is missing, damaged, no image, or has more than 8 bits per channel.
    """
    image = _open(path)
    if image.mode not in _EIGHT_BIT:
        raise InputError(f"{path} is stored as {image.mode!r}: images need 8 bits per channel.")
    return np.asarray(image.convert("RGB"))


def read_labels(path: Path, table: ClassTable) -> np.ndarray:
    """Read a label file as class ids.

    One channel means class ids, a palette means that its indices are class ids, and three or four
    channels mean the colours of the table.

    Args:
        path: An image file without loss, usually PNG.
        table: The classes that may occur.

    Returns:
        uint8 [H, W].

    Raises:
        InputError: The file is missing, damaged, lossy or of another kind, or holds ids or colours
            outside the table.
    """
    image = _open(path)
    if image.format == "JPEG":
        raise InputError(f"{path} is a JPEG, which alters class ids: labels must be PNG.")
    if image.mode in ("RGB", "RGBA"):
        return ids_of_colours(np.asarray(image)[..., :3], table, str(path))
    if image.mode.startswith("I"):
        labels = _narrow(np.asarray(image), path)
    elif image.mode in ("L", "P"):
        labels = np.asarray(image)
    else:
        raise InputError(
            f"{path} is stored as {image.mode!r}: labels are class ids in one channel, a palette "
            "whose indices are class ids, or RGB colours of the class table."
        )
    check_ids(labels, table, str(path))
    return labels


def _narrow(labels: np.ndarray, path: Path) -> np.ndarray:
    if labels.min() < 0 or labels.max() > 255:
        raise InputError(f"{path} holds id {labels.max()}: class ids must fit in a byte, 0 to 255.")
    return labels.astype(np.uint8)


def encode_png(array: np.ndarray) -> io.BytesIO:
    """Store uint8 [H, W] or [H, W, 3] as PNG, without loss."""
    file = io.BytesIO()
    # The lightest compression is several times faster to write and no slower to read.
    Image.fromarray(array).save(file, "PNG", compress_level=1)
    file.seek(0)
    return file


def decode_png(data: bytes) -> np.ndarray:
    """Undo :func:`encode_png`."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def ids_of_colours(colours: np.ndarray, table: ClassTable, where: str) -> np.ndarray:
    """Read a label map that was painted in its classes' colours.

    Args:
        colours: RGB uint8 [H, W, 3].
        table: The classes; of two with one colour the first is meant, and negative ids are not.
        where: What the message calls the labels, usually their path.

    Returns:
        Class ids, uint8 [H, W].

    Raises:
        InputError: Colours are unknown; the message counts their pixels.

    Example:
        >>> from sggan_jax.data.labels import CITYSCAPES
        >>> ids_of_colours(np.array([[[70, 130, 180]]], np.uint8), CITYSCAPES, "a.png").tolist()
        [[23]]
    """
    drawn = table.ids >= 0
    keys, first = np.unique(_pack(table.colours[drawn]), return_index=True)
    packed = _pack(colours)
    places = np.minimum(np.searchsorted(keys, packed), keys.size - 1)
    unknown = keys[places] != packed
    if unknown.any():
        values, counts = np.unique(packed[unknown], return_counts=True)
        worst = np.argsort(-counts)[:3]
        listed = ", ".join(
            f"({v >> 16}, {v >> 8 & 255}, {v & 255}) ({count_pixels(c)})"
            for v, c in zip(values[worst], counts[worst], strict=True)
        )
        raise InputError(
            f"{where} holds {values.size} colours outside class table {table.name!r}, most often "
            f"{listed}."
        )
    return table.ids[drawn][first].astype(np.uint8)[places]


def _pack(colours: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue
