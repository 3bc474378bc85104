"""Photographs that are stored turned, and labels that were not turned with them."""

import numpy as np
from PIL import Image

from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.street_prior import GROUND, ROAD, SKY, cityscapes_ids, height
from sggan_jax.data.survey import count_bands
from sggan_jax.images import File, format_size
from sggan_jax.types import InputError

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright that is stored as a note of EXIF says."""

_CLEARLY = 0.2


def check_upright(
    labels: np.ndarray, table: ClassTable, file: File, note: int, size: tuple[int, ...]
) -> None:
    """Refuse labels that lie as a photograph is stored, where a note had it turned upright.

    Where both ways have one size, labels lie whose road comes to be clearly farther below the sky
    when they are turned as the image was.

    Args:
      labels: ids of the table, uint8 [H, W].
      table: the classes.
      file: the photograph.
      note: how it is stored, 1 upright.
      size: height and width of the upright photograph.

    Raises:
      InputError: naming the photograph and its note.
    """
    if note not in _UPRIGHT:
        return
    if labels.shape != size:
        seen = f"are {format_size(labels.shape)}"
    elif _lie(labels, table, note):
        seen = "show a street only when they are turned in the same way"
    else:
        return
    raise InputError(
        f"{file} is stored turned, as its orientation note (EXIF {note}) says; upright it is "
        f"{format_size(size)} (height x width), but its labels {seen}: give labels of the upright "
        "image"
    )


def _lie(labels: np.ndarray, table: ClassTable, note: int) -> bool:
    turned = np.asarray(Image.fromarray(labels).transpose(_UPRIGHT[note]))
    ids = cityscapes_ids(table)
    if ids is None or turned.shape != labels.shape:
        return False
    return _drop(ids[turned]) - _drop(ids[labels]) > _CLEARLY


def _drop(ids: np.ndarray) -> float:
    """How far road lies below sky, or below the middle without sky, in heights; NaN without road.

    >>> _drop(np.array([[23], [11], [7], [7]], np.uint8))
    0.625
    """
    bands = count_bands(ids)
    sky = height(bands, SKY)
    return height(bands, (*ROAD, GROUND)) - (0.5 if np.isnan(sky) else sky)
