"""Image files, read and written in one way by every program.

What is read becomes upright 8-bit RGB, so that nothing is used by accident as something it is not:

* the orientation that cameras note in EXIF is applied, in photographs and in label files alike: an
  image and its labels have one geometry, whoever reads them. What is written carries no note;
* grey, palette, CMYK and YCbCr images become RGB;
* an alpha channel is dropped and the colours are kept, even where it says transparent: renderers
  leave other things than transparency there;
* 16 bits per channel become 8: v / 257, rounded;
* floating-point and 32-bit images have no known range and are refused;
* more than ``MAX_PIXELS`` are refused before memory is taken for them.

The values of label files are never scaled: see :mod:`sggan_jax.data.builders.reading`.
"""

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from sggan_jax.files import write_atomically
from sggan_jax.types import InputError

MAX_PIXELS = 1 << 26
"""Larger images are refused: 8192 x 8192."""

_EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
# Of 16 bits Pillow keeps the high bytes; told the other order of bytes, it keeps the low ones.
_ORDERS = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
# Greys of fewer bits, which Pillow stretches to [0, 255]: by how much.
_STRETCHED = {"1": 255, "L;2": 85, "L;4": 17}

# Quality 95 without chroma subsampling: what an adaptation adds must not blur away in its file.
_SETTINGS: dict[str, dict[str, Any]] = {
    ".png": {"compress_level": 3},
    ".jpg": {"quality": 95, "subsampling": 0},
    ".jpeg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True},
}


class File(Protocol):
    """A path, or a file inside an archive."""

    @property
    def name(self) -> str:
        """Name without folders."""

    def open(self, mode: Literal["rb"], /) -> IO[bytes]:
        """Open to read bytes."""


class Decoded(NamedTuple):
    """An upright image as its file holds it.

    Attributes:
      image: of any mode, 8 bits per channel where it has colours.
      deep: uint16 [H, W] or [H, W, 3] where the file has 16 bits per channel, else None.
      stretch: factor on greys of 1, 2 or 4 bits, which fill [0, 255] here; 1 for all else.
      note: how the file is stored: 1 upright, 2 to 8 as EXIF numbers it.
    """

    image: Image.Image
    deep: np.ndarray | None
    stretch: int
    note: int


def read_image(file: File) -> np.ndarray:
    """Read an image file as upright RGB, uint8 [H, W, 3]; the rules stand above.

    Raises:
      InputError: if it is missing, damaged, no image, too large, or of a kind without a known
        range.
    """
    return read_noted(file)[0]


def read_noted(file: File) -> tuple[np.ndarray, int]:
    """Read an image as :func:`read_image` does, and how its file is stored (EXIF, 1 upright)."""
    image, deep, _, note = decode(file)
    if deep is not None:
        # 257 is odd, so that no quotient lies halfway.
        scaled = ((deep.astype(np.uint32) + 128) // 257).astype(np.uint8)
        grey = scaled.ndim == 2
        return (np.repeat(scaled[..., None], 3, axis=-1) if grey else scaled), note
    if image.mode not in _EIGHT_BIT:
        raise InputError(f"{file} is stored as {image.mode!r}: images need 8 or 16 bits a channel")
    return np.asarray(image.convert("RGB")), note


def decode(file: File) -> Decoded:
    """Decode a file wholly, so that one that is truncated or altered is found here.

    Raises:
      InputError: if it is missing, damaged, no image or too large.
    """
    try:
        with file.open("rb") as stream:
            with Image.open(stream) as image:
                _check_size(image)
                raw = _raw_mode(image)
                image.verify()  # Pillow decodes a PNG without a look at its checksums
            upright, note = _load(stream)
            deep = _decode_deep(stream, upright, raw)
            return Decoded(upright, deep, _STRETCHED.get(raw, 1), note)
    except Exception as error:  # decoders meet foreign bytes and raise errors of every kind
        raise InputError(f"{file} cannot be read: {_explain(error, file)}") from error


def _explain(error: Exception, file: File) -> str:
    """Say why a file cannot be decoded."""
    if not isinstance(error, UnidentifiedImageError):
        return str(error).replace(str(file), file.name)
    with file.open("rb") as stream:
        head = stream.read(32)
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS; fetch the file itself (git lfs pull)"
    return "it is no image of a known format" if head else "it is empty"


def read_size(file: File) -> tuple[int, int]:
    """Read the height and width that an image has when upright, without decoding it.

    Raises:
      InputError: if it cannot be read.
    """
    try:
        with file.open("rb") as stream, Image.open(stream) as image:
            size, note = image.size, image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    return size if note > 4 else size[::-1]  # notes from 5 on lay it on its side


def format_size(size: Sequence[int]) -> str:
    """Write a size as it is told everywhere, height first.

    >>> format_size((64, 128))
    '64x128'
    """
    return "x".join(map(str, size))


def write_image(path: Path, image: np.ndarray) -> None:
    """Write uint8 RGB [H, W, 3] or grey [H, W] atomically, in the format of the name.

    JPEG is written at quality 95 without chroma subsampling, all else without loss.

    Raises:
      InputError: if it cannot be written.
    """
    suffix = path.suffix.lower()
    with write_atomically(path) as part, part.open("wb") as file:
        kind = Image.registered_extensions()[suffix]
        Image.fromarray(image).save(file, kind, **_SETTINGS.get(suffix, {}))


def encode_png(array: np.ndarray) -> bytes:
    """Store uint8 [H, W] or [H, W, 3] as PNG, without loss."""
    file = io.BytesIO()
    # The lightest compression is several times faster to write and no slower to read.
    Image.fromarray(array).save(file, "PNG", compress_level=1)
    return file.getvalue()


def decode_png(data: bytes) -> np.ndarray:
    """Undo :func:`encode_png`."""
    with Image.open(io.BytesIO(data)) as image:
        _check_size(image)
        return np.asarray(image)


def _check_size(image: Image.Image) -> None:
    """Refuse what claims to be huge before memory is taken for it."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"it claims {width}x{height} pixels, more than the {MAX_PIXELS} that are read"
        )


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """How the pixels lie in the file, in Pillow's words, such as ``RGB;16B``."""
    arguments = image.tile[0][3] if image.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _load(stream: IO[bytes], raw: str = "") -> tuple[Image.Image, int]:
    """Decode, turn upright, tell the note; ``raw`` replaces the way that pixels are unpacked."""
    stream.seek(0)
    with Image.open(stream) as image:
        if raw:
            image.tile = [
                part._replace(args=(raw, *part[3][1:]) if isinstance(part[3], tuple) else raw)
                for part in image.tile
            ]
        note = image.getexif().get(ExifTags.Base.Orientation, 1)  # first: loading TIFF turns it
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return image, note


def _decode_deep(stream: IO[bytes], image: Image.Image, raw: str) -> np.ndarray | None:
    """Read 16 bits per channel, of which ``image`` has only the high bytes if it has colours."""
    kind, _, order = raw.partition(";")
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if raw == "LA;16B":  # as four channels: high and low byte of grey, then of alpha
        return _join(*np.moveaxis(np.asarray(_load(stream, "RGBA")[0])[..., :2], -1, 0))
    if kind in ("RGB", "RGBA") and order in _ORDERS:
        low, _ = _load(stream, f"{kind};{_ORDERS[order]}")
        return _join(np.asarray(image)[..., :3], np.asarray(low)[..., :3])
    return None


def _join(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return high.astype(np.uint16) << 8 | low
