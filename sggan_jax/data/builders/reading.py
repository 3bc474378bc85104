"""Image and label files to arrays, with Pillow alone: other decoders turn palettes into colours."""

import io
import zipfile
import zlib
from typing import BinaryIO

import numpy as np
from PIL import Image

from sggan_jax.data.builders.files import File, open_file
from sggan_jax.data.labels import ClassTable, check_ids, count_pixels
from sggan_jax.types import InputError

MAX_PIXELS = 1 << 26
"""Larger images are refused: 8192 x 8192."""

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")

# Labels without loss hold tens of colours; smoothed ones hundreds, but between areas of few.
_MANY_COLOURS, _PHOTOGRAPH_SHARE = 40, 0.9

_BLURRED_SHARE, _ENOUGH_EDGES, _SMOOTHED_IDS = 0.18, 1000, 80
"""Sharp labels of street scenes stay below 0.13, resized with smoothing they are above 0.25."""

_NOISE = 0.4
"""Share of neighbours that differ: beyond it there are no areas whose edges could be smooth."""

_BAND = 1 << 20
"""Pixels whose colours are looked up at once."""

_LINES, _NARROW = 256, 2
_END = -1

_DAMAGES = (
    OSError,
    SyntaxError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    zipfile.BadZipFile,
    zlib.error,
)


def _open(path: File, low_bytes: bool = False) -> Image.Image:
    """Decode a file wholly, so that one that is truncated or altered is found here."""
    try:
        with open_file(path) as file:
            with Image.open(file) as image:
                _check_size(image)
                image.verify()  # Pillow decodes a PNG without a look at its checksums
            file.seek(0)
            return _load(file, low_bytes)
    except _DAMAGES as error:
        reason = str(error).replace(str(path), path.name)
        raise InputError(f"{path} cannot be read: {reason}.") from error


def _check_size(image: Image.Image) -> None:
    """Refuse what claims to be huge before memory is taken for it."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"it claims {width}x{height} pixels, more than the {MAX_PIXELS} that are read"
        )


def _load(file: BinaryIO, low_bytes: bool) -> Image.Image:
    with Image.open(file) as image:
        if low_bytes and image.tile and image.tile[0][3] == "RGB;16B":
            # Of 16-bit colours Pillow keeps the high bytes; ids are in the low ones.
            image.tile = [part._replace(args="RGB;16L") for part in image.tile]
        image.load()
        return image


def read_image(path: File) -> np.ndarray:
    """Read an image file as RGB uint8 [H, W, 3].

    Raises:
        InputError: The file is missing, damaged, no image, or has more than 8 bits per channel.
    """
    image = _open(path)
    if image.mode not in _EIGHT_BIT:
        raise InputError(f"{path} is stored as {image.mode!r}: images need 8 bits per channel.")
    return np.asarray(image.convert("RGB"))


def read_labels(path: File, table: ClassTable) -> np.ndarray:
    """Read a label file as class ids.

    One channel means class ids, a palette means that its indices are class ids, and three or four
    channels mean the colours of the table, or ids in the first where the table says so.

    Args:
        path: An image file without loss, usually PNG.
        table: The classes that may occur.

    Returns:
        uint8 [H, W].

    Raises:
        InputError: The file is missing, damaged, lossy or of another kind, holds ids or colours
            outside the table, or was resized with smoothing.
    """
    image = _open(path, low_bytes=table.in_red)
    if image.format == "JPEG":
        raise InputError(
            f"{path} is a JPEG, which alters class ids: labels must be PNG. If it is a photograph, "
            "images and labels are swapped."
        )
    if image.mode in ("RGB", "RGBA"):
        colours = np.asarray(image)[..., :3]
        if not table.in_red or _painted(colours, table):
            return ids_of_colours(colours, table, str(path))
        labels = colours[..., 0]
    elif image.mode.startswith("I"):
        labels = _narrow(np.asarray(image), path)
    elif image.mode in ("L", "P"):
        labels = np.asarray(image)
    else:
        raise InputError(
            f"{path} is stored as {image.mode!r}: labels are class ids in one channel, a palette "
            "whose indices are class ids, or RGB colours of the class table."
        )
    _check_sharp(labels, path)
    check_ids(labels, table, str(path))
    return labels


def _painted(colours: np.ndarray, table: ClassTable) -> bool:
    """Say whether red holds more than ids of the table, which are small: then colours are meant."""
    return bool(colours[..., 0].max() > table.ids.max())


def share_between(labels: np.ndarray) -> tuple[float, int]:
    """Measure how many edges hold a narrow strip of ids between their two sides: smoothing does.

    Args:
        labels: Class ids, uint8 [H, W].

    Returns:
        Of the places where the id changes along rows and columns (some 500 at most are looked at),
        the share that begin one or two pixels of an id strictly between the ids before and after;
        and the number of these places.

    Example:
        >>> share_between(np.array([[7, 7, 7, 11, 11, 11]], np.uint8))
        (0.0, 1)
        >>> share_between(np.array([[7, 7, 8, 10, 11, 11]], np.uint8))
        (0.6666666666666666, 3)
    """
    between = edges = 0
    for ids in (labels, labels.T):
        flat = np.pad(_thin(ids), ((0, 0), (0, 1)), constant_values=_END).ravel()
        starts = np.flatnonzero(np.diff(flat, prepend=_END))
        values, lengths = flat[starts], np.diff(starts, append=flat.size)
        before, here, after = values[:-2], values[1:-1], values[2:]
        inside = (before > _END) & (after > _END) & (lengths[1:-1] <= _NARROW)
        strip = (np.minimum(before, after) < here) & (here < np.maximum(before, after))
        between += int((inside & strip).sum())
        edges += int(((values[:-1] > _END) & (values[1:] > _END)).sum())
    return between / max(edges, 1), edges


def _thin(ids: np.ndarray) -> np.ndarray:
    """Take some rows, evenly spaced, as int16 with room for ends."""
    return ids[:: max(1, ids.shape[0] // _LINES)].astype(np.int16)


def _check_sharp(labels: np.ndarray, path: File) -> None:
    share, edges = share_between(labels)
    photograph = np.count_nonzero(np.bincount(labels.ravel())) > _SMOOTHED_IDS
    noise = edges > _NOISE * (_thin(labels).size + _thin(labels.T).size)
    if share > _BLURRED_SHARE and edges >= _ENOUGH_EDGES and not photograph and not noise:
        raise InputError(
            f"{path} was resized with smoothing: at {share:.0%} of its edges lies a strip of ids "
            "between those of the two sides, which is another class. Resize labels with nearest "
            "neighbour, or give the originals."
        )


def _narrow(labels: np.ndarray, path: File) -> np.ndarray:
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
        _check_size(image)
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
    ids_of_keys = table.ids[drawn][first].astype(np.uint8)
    ids = np.empty(colours.shape[:2], np.uint8)
    counts = None
    rows = max(1, _BAND // colours.shape[1])
    for top in range(0, len(colours), rows):  # what takes many bytes a pixel takes few pixels
        packed = _pack(colours[top : top + rows])
        places = np.minimum(np.searchsorted(keys, packed), keys.size - 1)
        unknown = keys[places] != packed
        if unknown.any():
            counts = np.zeros(1 << 24, np.int32) if counts is None else counts
            values, found = np.unique(packed[unknown], return_counts=True)
            counts[values] += found.astype(np.int32)
        ids[top : top + rows] = ids_of_keys[places]
    if counts is not None:
        raise InputError(_unknown_colours(counts, ids.size, table, where))
    return ids


def _unknown_colours(counts: np.ndarray, pixels: int, table: ClassTable, where: str) -> str:
    values = np.flatnonzero(counts)
    worst = values[np.argsort(-counts[values], kind="stable")[:3]]
    listed = ", ".join(
        f"({v >> 16}, {v >> 8 & 255}, {v & 255}) ({count_pixels(counts[v])})" for v in worst
    )
    return (
        f"{where} holds {values.size} colours outside class table {table.name!r}, most often "
        f"{listed}: {_advice(values.size, counts.sum() / pixels)}"
    )


def _advice(colours: int, share: float) -> str:
    if colours > _MANY_COLOURS and share > _PHOTOGRAPH_SHARE:
        return "this is a photograph. Are images and labels swapped?"
    if colours > _MANY_COLOURS:
        return "so many come from smoothing. Resize colour labels with nearest neighbour."
    return "add them to a class table of your own, or give the table these labels were made with."


def _pack(colours: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue
