"""Pictures for people: columns of images under their titles."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

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
