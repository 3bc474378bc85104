"""Pictures for people: columns of images under their titles."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sggan_jax.evaluate.pairs import check_bytes
from sggan_jax.types import InputError

_GAP = 8
_TEXT = 22


def draw_columns(columns: Mapping[str, np.ndarray], enlarge: int = 1) -> Image.Image:
    """Draw one column of images for each title, images of one scene beside each other.

    Args:
      columns: title to uint8 images [B, H, W, 3], all of one shape.
      enlarge: pixels drawn for every pixel, on either axis.

    Returns:
      An RGB picture on white.

    >>> draw_columns({"a": np.zeros((2, 10, 20, 3), np.uint8)}, enlarge=2).size
    (56, 94)
    """
    tiles = [images.repeat(enlarge, axis=1).repeat(enlarge, axis=2) for images in columns.values()]
    number, height, width = np.stack(tiles).shape[1:4]
    top = _TEXT + 2 * _GAP
    size = _GAP + len(tiles) * (width + _GAP), top + number * (height + _GAP)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for column, (title, images) in enumerate(zip(columns, tiles, strict=True)):
        left = _GAP + column * (width + _GAP)
        draw.text((left + width // 2, top // 2), title, "black", _font(title, width), anchor="mm")
        for row, image in enumerate(images):
            picture.paste(Image.fromarray(image), (left, top + row * (height + _GAP)))
    return picture


def draw_table(
    titles: Sequence[str], rows: Mapping[str, np.ndarray], enlarge: int = 1
) -> Image.Image:
    """Draw one row of images for each name, under common titles.

    Args:
      titles: of the C columns.
      rows: name to uint8 images [C, H, W, 3], all of one shape.
      enlarge: pixels drawn for every pixel, on either axis.

    Returns:
      An RGB picture on white, the names of the rows on its left.

    >>> draw_table(["a", "b"], {"row": np.zeros((2, 10, 20, 3), np.uint8)}).size
    (104, 56)
    """
    columns = {title: np.stack([row[k] for row in rows.values()]) for k, title in enumerate(titles)}
    picture = draw_columns(columns, enlarge)
    font = ImageFont.load_default(_TEXT - 8)
    left = _GAP + max(int(font.getlength(name)) for name in rows) + _GAP
    table = Image.new("RGB", (left + picture.width, picture.height), "white")
    table.paste(picture, (left, 0))
    draw = ImageDraw.Draw(table)
    top, height = _TEXT + 2 * _GAP, next(iter(columns.values())).shape[1] * enlarge
    for index, name in enumerate(rows):
        middle = top + index * (height + _GAP) + height // 2
        draw.text((_GAP, middle), name, "black", font, anchor="lm")
    return table


def _font(title: str, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest size, up to a line's height, at which a title fits its column."""
    for size in range(_TEXT - 4, 8, -1):
        font = ImageFont.load_default(size)
        if font.getlength(title) <= width:
            break
    return font


def difference_map(a: np.ndarray, b: np.ndarray, gain: float = 4.0) -> np.ndarray:
    """Draw where two images differ: black for nothing, white for much (Figure 6 of the paper).

    Args:
      a: uint8 [..., H, W, 3].
      b: the same shape.
      gain: factor on the mean absolute difference over channels, clipped at 255.

    Returns:
      uint8 [..., H, W, 3], grey.

    Raises:
      InputError: if shapes differ, or images are not uint8.

    >>> difference_map(np.full((1, 1, 3), 9, np.uint8), np.full((1, 1, 3), 4, np.uint8)).tolist()
    [[[20, 20, 20]]]
    """
    check_bytes(a=a, b=b)
    if a.shape != b.shape:
        raise InputError(f"images must have one shape to be compared, got {a.shape} and {b.shape}")
    difference = np.abs(a.astype(np.int16) - b.astype(np.int16)).mean(axis=-1, keepdims=True)
    return np.repeat(np.clip(np.round(gain * difference), 0, 255), 3, axis=-1).astype(np.uint8)


class Box(NamedTuple):
    """Part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


def zoom(images: np.ndarray, box: Box) -> np.ndarray:
    """Cut a part out and enlarge it to the size of the image, pixel by pixel (Figure 5).

    Args:
      images: uint8 [..., H, W, 3].
      box: what is cut out.

    Returns:
      uint8 [..., H, W, 3].

    Raises:
      InputError: if the box is empty or does not lie inside.
    """
    height, width = images.shape[-3:-1]
    inside = box.top >= 0 and box.top + box.height <= height
    inside = inside and box.left >= 0 and box.left + box.width <= width
    if not inside or min(box.height, box.width) < 1:
        raise InputError(f"the box {tuple(box)} does not lie inside images of {height}x{width}")
    rows = box.top + np.arange(height) * box.height // height
    columns = box.left + np.arange(width) * box.width // width
    return images[..., rows[:, None], columns, :]


def frame(images: np.ndarray, box: Box) -> np.ndarray:
    """Draw the border of a box into copies of images, in red, one pixel wide."""
    framed = images.copy()
    inside = framed[..., box.top : box.top + box.height, box.left : box.left + box.width, :]
    for edge in (inside[..., :1, :, :], inside[..., -1:, :, :]):
        edge[...] = 255, 0, 0
    for edge in (inside[..., :, :1, :], inside[..., :, -1:, :]):
        edge[...] = 255, 0, 0
    return framed
