"""Label files to class ids: what each way of storing means, and what is refused.

One channel means class ids, a palette what :mod:`sggan_jax.data.builders.palette` says of it, and
three or four channels mean the colours of the class table, or ids in the first where the table says
so; an alpha channel is dropped. The orientation that a file notes is applied, as in photographs.
Values are never scaled: 16 bits must hold ids, or 8-bit colours times 257; greys of 1, 2 or 4
bits must mean one thing only.
"""

import numpy as np
from PIL import Image

from sggan_jax.data.builders.palette import ids_of_palette
from sggan_jax.data.labels import CITYSCAPES, ClassTable, check_ids, count_pixels
from sggan_jax.images import Decoded, File, decode
from sggan_jax.types import InputError

# Labels without loss hold tens of colours; smoothed ones hundreds, but between areas of few.
_MANY_COLOURS, _PHOTOGRAPH_FRACTION = 40, 0.9

_BLURRED_FRACTION, _ENOUGH_EDGES, _SMOOTHED_IDS = 0.18, 1000, 80
"""Sharp labels of street scenes stay below 0.13, resized with smoothing they are above 0.25."""

_NOISE = 0.4
"""Fraction of neighbours that differ: beyond it there are no areas whose edges could be smooth."""

_BAND = 1 << 20
"""Pixels whose colours are looked up at once."""

_LINES, _NARROW = 256, 2
_FIRST_THING, _LAST_ID = 24, 33
_END = -1


def read_labels(file: File, table: ClassTable) -> np.ndarray:
    """Read a label file as class ids.

    Args:
      file: an image file without loss, usually PNG.
      table: the classes that may occur.

    Returns:
      uint8 [H, W].

    Raises:
      InputError: if the file is missing, damaged, lossy or of another kind, holds ids or colours
        outside the table, or was resized with smoothing.
    """
    decoded = _decode(file)
    if decoded.image.mode in ("RGB", "RGBA"):
        colours = decoded.deep if decoded.deep is not None else _channels(decoded.image)
        # Ids are small; greater values in red are colours.
        if not table.in_red or colours[..., 0].max() > table.ids.max():
            return ids_of_colours(_narrow_colours(colours, file), table, str(file))
        labels = colours[..., 0].astype(np.uint8)
    elif decoded.image.mode == "P":
        labels = _read_palette(decoded.image, table, file)
    elif decoded.stretch > 1:
        labels = _unstretch(np.asarray(decoded.image.convert("L")), decoded.stretch, table, file)
    else:
        labels = _read_one_channel(decoded, file)
    _check_sharp(labels, file)
    check_ids(labels, table, str(file))
    return labels


def read_ids(file: File) -> np.ndarray:
    """Read a label file of class ids as they stand, uint8 [H, W].

    For data sets that a program of this project wrote, whose ids are mostly those of Cityscapes: by
    its table palettes are judged; which ids occur is not checked.

    Raises:
      InputError: if the file is missing, damaged, or holds anything but ids.
    """
    decoded = _decode(file)
    if decoded.image.mode == "P":
        return _read_palette(decoded.image, CITYSCAPES, file)
    return _read_one_channel(decoded, file)


def _decode(file: File) -> Decoded:
    decoded = decode(file)
    if decoded.image.format == "JPEG":
        raise InputError(
            f"{file} is a JPEG, which alters class ids: labels must be PNG. If it is a photograph, "
            "images and labels are swapped."
        )
    return decoded


def _read_one_channel(decoded: Decoded, file: File) -> np.ndarray:
    image = decoded.image
    if image.mode.startswith("I"):
        labels = np.asarray(image)
        if labels.min() < 0 or labels.max() > 255:
            raise InputError(
                f"{file} holds id {labels.max()}: class ids must fit in a byte, 0 to 255. "
                f"{_advise_wide(np.unique(labels))}"
            )
        return labels.astype(np.uint8)
    if image.mode != "L" or decoded.stretch > 1:
        raise InputError(
            f"{file} is stored as {image.mode!r}: labels are class ids in one channel, a palette, "
            "or RGB colours of the class table."
        )
    return np.asarray(image)


def _advise_wide(values: np.ndarray) -> str:
    """Say what values beyond a byte seem to be.

    >>> _advise_wide(np.array([7, 26001]))
    'These seem to be class id times 1000 and instance: give the file of class ids (_labelIds).'
    """
    for factor in (257, 256):
        if not (values % factor).any():
            return f"These are bytes times {factor}, as programs stretch them: divide them by it."
    instances = values[values > _LAST_ID] // 1000
    factor = 1000 if instances.min() >= _FIRST_THING and instances.max() <= _LAST_ID else 256
    if (values // factor).max() <= _LAST_ID:
        return (
            f"These seem to be class id times {factor} and instance: give the file of class ids "
            f"(_labelIds)."
        )
    return "Give label maps of class ids; depths, distances and instances are none."


def _channels(image: Image.Image) -> np.ndarray:
    return np.asarray(image)[..., :3]


def _read_palette(image: Image.Image, table: ClassTable, file: File) -> np.ndarray:
    index, palette = np.asarray(image), np.array(image.getpalette("RGB"), np.uint8)
    return ids_of_palette(index, palette.reshape(-1, 3), table, str(file))[index]


def _narrow_colours(colours: np.ndarray, file: File) -> np.ndarray:
    """Take colours of 16 bits that are colours of 8 bits times 257 as these."""
    if colours.dtype == np.uint8:
        return colours
    if (colours % 257).any():
        raise InputError(
            f"{file} has 16 bits per channel, and they are no 8-bit colours times 257: store "
            "labels with 8 bits."
        )
    return (colours // 257).astype(np.uint8)


def _unstretch(labels: np.ndarray, factor: int, table: ClassTable, file: File) -> np.ndarray:
    """Undo what a decoder did to few bits, unless both values mean classes.

    A writer may have put ids into 4 bits, or an optimiser ids that happen to be multiples of 17.
    """
    stored = labels // factor
    possible = [x for x in (stored, labels) if np.isin(np.unique(x), table.ids).all()]
    if len(possible) == 2 and stored.any():
        raise InputError(
            f"{file} holds greys of fewer than 8 bits: {np.unique(stored).tolist()} as stored, "
            f"{np.unique(labels).tolist()} as shown, and both are ids of class table "
            f"{table.name!r}. Store it with 8 bits."
        )
    return possible[0] if possible else stored


def fraction_between(labels: np.ndarray) -> tuple[float, int]:
    """Measure how many edges hold a narrow strip of ids between their two sides: smoothing does.

    Args:
      labels: class ids, uint8 [H, W].

    Returns:
      Of the edges, where the id changes along rows and columns (some 500 of each at most),
      the fraction that begin one or two pixels of an id strictly between the ids before and
      after; and the number of edges.

    >>> fraction_between(np.array([[7, 7, 7, 11, 11, 11]], np.uint8))
    (0.0, 1)
    >>> fraction_between(np.array([[7, 7, 8, 10, 11, 11]], np.uint8))
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


def _check_sharp(labels: np.ndarray, file: File) -> None:
    fraction, edges = fraction_between(labels)
    photograph = np.count_nonzero(np.bincount(labels.ravel())) > _SMOOTHED_IDS
    noise = edges > _NOISE * (_thin(labels).size + _thin(labels.T).size)
    if fraction > _BLURRED_FRACTION and edges >= _ENOUGH_EDGES and not photograph and not noise:
        raise InputError(
            f"{file} was resized with smoothing: at {fraction:.0%} of its edges lies a strip of "
            "ids between those of the two sides, which is another class. Resize labels with "
            "nearest neighbour, or give the originals."
        )


def ids_of_colours(colours: np.ndarray, table: ClassTable, where: str) -> np.ndarray:
    """Read a label map that was painted in its classes' colours.

    Args:
      colours: RGB uint8 [H, W, 3].
      table: the classes; of two with one colour the first is meant, and negative ids are not.
      where: what the message calls the labels, usually their path.

    Returns:
      Class ids, uint8 [H, W].

    Raises:
      InputError: if colours are unknown; the message counts their pixels.

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
        rows_of_table = np.minimum(np.searchsorted(keys, packed), keys.size - 1)
        unknown = keys[rows_of_table] != packed
        if unknown.any():
            counts = np.zeros(1 << 24, np.int32) if counts is None else counts
            values, found = np.unique(packed[unknown], return_counts=True)
            counts[values] += found.astype(np.int32)
        ids[top : top + rows] = ids_of_keys[rows_of_table]
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
        f"{listed}: {_advice(values, counts.sum() / pixels, table)}"
    )


def _advice(values: np.ndarray, fraction: float, table: ClassTable) -> str:
    """Say what to do about unknown colours, packed."""
    colours, channels = values.size, (values >> 16, values >> 8 & 255, values & 255)
    red, green, blue = channels
    if colours <= len(table.ids) and (np.ptp(channels, axis=0) == 0).all():
        if np.isin(red, table.ids).all():
            return (
                "its three channels are equal, so that these are class ids written three times: "
                "save one channel."
            )
        return (
            "its three channels are equal, and hold no class ids: a program stretched these, or "
            "turned colours to grey. Give the labels as they were."
        )
    if not (green.any() or blue.any()) and np.isin(red, table.ids).all():
        return (
            "ids are in red alone: save red as the only channel, or read them by a table that has "
            "its ids in red (carla, or one of your own with in_red = true)."
        )
    if np.isin(blue << 16 | green << 8 | red, _pack(table.colours)).all():
        return "these are the table's colours with red and blue swapped: save them as RGB."
    if colours > _MANY_COLOURS and fraction > _PHOTOGRAPH_FRACTION:
        return "this is a photograph. Are images and labels swapped?"
    if colours > _MANY_COLOURS:
        return "so many come from smoothing. Resize colour labels with nearest neighbour."
    return "add them to a class table of your own, or give the table these labels were made with."


def _pack(colours: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue
