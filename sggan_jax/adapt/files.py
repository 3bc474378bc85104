"""Image files: found, read as upright RGB, written whole or not at all.

What is read is converted, so that nothing is adapted by accident as something it is not:

* grey, palette, CMYK and YCbCr images become RGB; an alpha channel is dropped, colours kept;
* 16 bits per channel become 8;
* the orientation that cameras note in EXIF is applied; no metadata are carried over;
* floating-point and 32-bit images have no known range and are refused.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from sggan_jax.data.builders.reading import IMAGE_SUFFIXES
from sggan_jax.types import InputError

_EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")

# Quality 95 without chroma subsampling: what an adaptation adds must not blur away in its file.
_SETTINGS: dict[str, dict[str, Any]] = {
    ".png": {"compress_level": 3},
    ".jpg": {"quality": 95, "subsampling": 0},
    ".jpeg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True},
}


def list_images(directory: Path) -> list[Path]:
    """List the image files of a directory and its sub-folders, relative to it, in order.

    Hidden files are left out.

    Raises:
      InputError: if the directory is missing or holds no image.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} is not a directory; give one that holds images")
    names = sorted(
        path.relative_to(directory)
        for path in directory.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    )
    names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    if not names:
        raise InputError(f"{directory} holds no image; these are read: {', '.join(IMAGE_SUFFIXES)}")
    return names


def read_rgb(path: Path) -> np.ndarray:
    """Read an image file as upright RGB, uint8 [H, W, 3].

    Raises:
      InputError: if it is missing, damaged, no image, or of a kind without a known range.
    """
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
    except Exception as error:  # decoders meet foreign bytes and raise errors of every kind
        reason = str(error).replace(str(path), path.name)
        raise InputError(f"{path} cannot be read: {reason}") from error
    if upright.mode.startswith("I;16"):
        grey = np.round(np.asarray(upright).astype(np.float64) / 257).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)
    if upright.mode not in _EIGHT_BIT:
        raise InputError(
            f"{path} is stored as {upright.mode!r}: images need 8 or 16 bits a channel"
        )
    return np.asarray(upright.convert("RGB"))


def write_rgb(path: Path, image: np.ndarray) -> None:
    """Write uint8 RGB [H, W, 3] in the format of the name; the file appears whole or not at all.

    JPEG is written at quality 95 without chroma subsampling, all else without loss.

    Raises:
      InputError: if it cannot be written.
    """
    suffix = path.suffix.lower()
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            kind = Image.registered_extensions()[suffix]
            Image.fromarray(image).save(file, kind, **_SETTINGS.get(suffix, {}))
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
