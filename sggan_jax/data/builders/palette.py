"""What the indices of a palette mean, as far as its colours tell.

Programs that store label maps write class ids as indices and give them any colours; programs that
make files smaller renumber the indices, and then only the colours say what was meant.
"""

import numpy as np

from sggan_jax.data.class_table import ClassTable
from sggan_jax.types import InputError

_FEWEST = 3
"""Colours of other classes from which on a palette contradicts its indices: fewer may be chance."""


def ids_of_palette(
    index: np.ndarray, palette: np.ndarray, table: ClassTable, where: str
) -> np.ndarray:
    """Find the class id that each index of a label map stands for.

    Of the entries that occur, in this order: where each has the colour of the class of its index,
    the index is the id; where all are different greys (v, v, v), or (v, 0, 0) in tables with ids in
    red, and every v is an id of the table, v is the id; where all are colours of the table, these
    classes are meant; where no more than two are colours of classes of other ids, the index is the
    id, since its colours are of some other kind.

    Args:
      index: of every pixel, uint8 [H, W].
      palette: colours uint8 [n, 3]; indices beyond its end are shown black.
      table: the classes.
      where: what the message calls the labels, usually their path.

    Returns:
      uint8 [256]; whether the ids are in the table is not checked.

    Raises:
      InputError: if the colours contradict the indices and do not say what is meant.

    >>> from sggan_jax.data.labels import CITYSCAPES
    >>> palette = np.array([[11] * 3, [7] * 3, [23] * 3], np.uint8)
    >>> ids_of_palette(np.array([[0, 1, 2]], np.uint8), palette, CITYSCAPES, "a.png")[:3].tolist()
    [11, 7, 23]
    """
    ids = np.arange(256, dtype=np.uint8)
    used = np.flatnonzero(np.bincount(index.ravel(), minlength=256))
    alike = len(palette) > 1 and (palette == palette[0]).all()
    palette = np.pad(palette, ((0, 256 - len(palette)), (0, 0)))
    colours = [tuple(colour) for colour in palette[used].tolist()]
    drawn = np.flatnonzero(table.ids >= 0)
    own = {int(table.ids[row]): tuple(table.colours[row].tolist()) for row in drawn}
    right = [own.get(i) == colour for i, colour in zip(used.tolist(), colours, strict=True)]
    if all(right) or alike:
        return ids
    values = _values(palette[used], table)
    meant = {own[i]: i for i in reversed(own)}  # of two classes with one colour the first
    if values is not None:
        ids[used] = values
    elif all(colour in meant for colour in colours):
        ids[used] = [meant[colour] for colour in colours]
    else:
        plain = {(0, 0, 0), (255, 255, 255)}
        wrong = sum(
            colour in meant and colour not in plain and not good
            for colour, good in zip(colours, right, strict=True)
        )
        if wrong >= _FEWEST and wrong > sum(right):
            unknown = next(colour for colour in colours if colour not in meant)
            raise InputError(
                f"{where} has a palette whose colours contradict its indices: {wrong} of "
                f"{len(used)} are those of other classes of table {table.name!r}, and {unknown} "
                "is that of none. Give the labels as they were before a program made them smaller, "
                "or the table that they were made with."
            )
    return ids


def _values(colours: np.ndarray, table: ClassTable) -> np.ndarray | None:
    """Ids that are written into colours [n, 3] themselves, if they are."""
    values = colours[:, 0]
    grey = (colours == values[:, None]).all()
    red = table.in_red and not colours[:, 1:].any()
    different = len(np.unique(values)) == len(values)
    return values if (grey or red) and different and np.isin(values, table.ids).all() else None
