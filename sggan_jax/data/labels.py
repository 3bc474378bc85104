"""Class tables: ids, names, colours, train ids and groups of classes, each written once, as data.

A label image holds one class id per pixel in a byte. Every other module looks classes up here.
The paper sorts the Cityscapes classes into eight groups, one per channel of the semantic-aware
discriminator; ``group_table`` turns ids into these groups. ``tables.py`` holds the label sets of
data sets; other classes come from a small file (:func:`load_table`, ``docs/data.md``).
"""

import numpy as np

from sggan_jax.data.class_table import TABLE_SUFFIXES, ClassTable, load_table
from sggan_jax.data.tables import CITYSCAPES, GTAV, PAPER_GROUPS, TABLES, TRAIN_IDS
from sggan_jax.types import IGNORE, InputError

_LUMINANCE = np.array([0.299, 0.587, 0.114])
_LAST_TRAIN_ID = 18
_MANY = 20

IGNORED = "ignored"
"""Group of a class table whose classes are left out."""

Grouping = tuple[np.ndarray, tuple[str, ...]]
"""Group of each of the 256 id bytes, and the groups' names."""


def class_table(name: str) -> ClassTable:
    """Find a class table by name (one of ``TABLES``) or by path of a TOML or YAML file.

    Raises:
        InputError: Neither a known name nor a readable table.
    """
    if name in TABLES:
        return TABLES[name]
    if name.endswith(TABLE_SUFFIXES):
        return load_table(name)
    raise InputError(
        f"Class table {name!r} is unknown: give one of {', '.join(TABLES)} or the path of a .toml "
        "or .yaml file."
    )


def stored_table(table: ClassTable) -> ClassTable:
    """Find the table whose ids are stored for labels of a table: Cityscapes' where it is mapped.

    >>> stored_table(TABLES["carla"]).name, stored_table(TABLES["gtav"]).name
    ('cityscapes', 'gtav')
    """
    return table if table.to_cityscapes is None else CITYSCAPES


# The ten classes that renderings and CamVid both know, by Cityscapes ids.
_TEN = (
    ("road", (7,)),
    ("sidewalk", (8,)),
    ("building", (11,)),
    ("fence", (13,)),
    ("pole", (17,)),
    ("sign", (19, 20)),
    ("vegetation", (21,)),
    ("sky", (23,)),
    ("person", (24, 25)),
    ("vehicle", (26, 27, 28)),
)


def _one() -> Grouping:
    return np.zeros(256, np.uint8), ("everything",)


def _paper8() -> Grouping:
    # GTA-V writes license plates as 34, Cityscapes as -1: both are vehicles.
    table = np.maximum(CITYSCAPES.lookup(CITYSCAPES.groups, 0), GTAV.lookup(GTAV.groups, 0))
    return table, PAPER_GROUPS


def _cityscapes19() -> Grouping:
    return train_id_table(CITYSCAPES), TRAIN_IDS.names[:-1]


def _ten() -> Grouping:
    table = np.full(256, IGNORE, np.uint8)
    for group, (_, ids) in enumerate(_TEN):
        table[list(ids)] = group
    return table, tuple(name for name, _ in _TEN)


GROUPINGS = {"paper8": _paper8, "one": _one, "cityscapes19": _cityscapes19, "ten": _ten}


def _grouping(name: str) -> Grouping:
    if name in GROUPINGS:
        return GROUPINGS[name]()
    if name.endswith(TABLE_SUFFIXES):
        return _own_grouping(load_table(name))
    raise InputError(
        f"Grouping {name!r} is unknown: give {', '.join(GROUPINGS)} or a path to a .toml or .yaml "
        "file."
    )


def _own_grouping(own: ClassTable) -> Grouping:
    """Number a file's groups; the one called "ignored", if any, is 255 and so is what is no class.

    >>> from sggan_jax.data.class_table import make_table
    >>> _own_grouping(make_table("", [(7, "a", 0, (0, 0, 0), 1)], ("ignored", "road")))[0][[6, 7]]
    array([255,   0], dtype=uint8)
    """
    if own.to_cityscapes is not None:
        raise InputError(
            f"Class table {own.name!r} is stored as Cityscapes ids, its own groups mean nothing: "
            f"give one of {', '.join(GROUPINGS)}, or leave cityscapes out of its classes."
        )
    names = tuple(name for name in own.group_names if name != IGNORED)
    numbers = [IGNORE if name == IGNORED else names.index(name) for name in own.group_names]
    rest = 0 if len(names) == len(own.group_names) else IGNORE
    return own.lookup(np.array(numbers)[own.groups], rest), names


def group_table(name: str) -> np.ndarray:
    """Map each id byte to its group of classes.

    Args:
        name: ``paper8`` (the paper's eight groups of Cityscapes and GTA-V ids), ``one`` (a single
            region: a plain discriminator), ``cityscapes19`` (train ids), ``ten`` (the classes of
            both renderings and CamVid), or the path of a class table of your own.

    Returns:
        uint8 [256]. 255 is no group and counts nowhere: with ``cityscapes19``, ``ten`` and files
        that have a group ``ignored``, bytes that are no class; otherwise these are of group 0.

    Raises:
        InputError: The name is unknown or the file unusable.

    Example:
        >>> group_table("paper8")[[7, 23, 26, 34]].tolist()  # road, sky, car, license plate
        [4, 6, 1, 1]
        >>> group_table("ten")[[7, 27, 22]].tolist()  # road, truck, terrain
        [0, 9, 255]
    """
    return _grouping(name)[0]


def group_names(name: str) -> tuple[str, ...]:
    """Name the groups of a grouping, in order.

    >>> group_names("paper8")[:3]
    ('others', 'vehicles', 'pedestrians')
    """
    return _grouping(name)[1]


def num_groups(name: str) -> int:
    """Count the groups of a grouping.

    >>> num_groups("paper8"), num_groups("one")
    (8, 1)
    """
    return len(group_names(name))


def representative_ids(class_groups: np.ndarray) -> np.ndarray:
    """Find a class id that stands for each class: the lowest of its ids.

    Args:
      class_groups: [256] uint8, the class of every class id; 255 is ignored.

    Returns:
      uint8 [n], for the classes 0 to n - 1.

    Raises:
      InputError: if there are fewer than two classes, or one of them has no id.

    >>> representative_ids(np.array([1, 0, 0] + [255] * 253, np.uint8)).tolist()
    [1, 0]
    """
    classes = np.unique(class_groups[class_groups != IGNORE])
    if len(classes) < 2 or classes[-1] != len(classes) - 1:
        raise InputError(
            f"data.class_groups must name at least two classes, numbered without gaps, to segment; "
            f"it has {classes.tolist()}: use ten, cityscapes19, or a class table of your own"
        )
    return np.array([np.flatnonzero(class_groups == k)[0] for k in classes], np.uint8)


def train_id_table(table: ClassTable) -> np.ndarray:
    """Map each id byte to its train id: uint8 [256], 255 ignored.

    >>> train_id_table(CITYSCAPES)[[7, 33, 0]].tolist()
    [0, 18, 255]
    """
    return table.lookup(table.train_ids, IGNORE)


def check_ids(labels: np.ndarray, table: ClassTable, where: str) -> None:
    """Refuse a label map that holds ids outside the table.

    Args:
        labels: Class ids, uint8, any shape.
        table: The classes that may occur.
        where: What the message calls the labels, usually their path.

    Raises:
        InputError: Ids are unknown; the message counts their pixels.

    Example:
        >>> check_ids(np.array([[7, 99, 99]], np.uint8), CITYSCAPES, "a.png")
        Traceback (most recent call last):
        sggan_jax.types.InputError: a.png holds ids outside class table 'cityscapes': 99 (2 pixels).
    """
    counts = np.bincount(labels.ravel(), minlength=256)
    unknown = np.flatnonzero((counts > 0) & ~table.known())
    if not unknown.size:
        return
    listed = ", ".join(f"{i} ({count_pixels(counts[i])})" for i in unknown[:5])
    more = f" and {unknown.size - 5} more" if unknown.size > 5 else ""
    hint = _hint(unknown, table, labels)
    raise InputError(f"{where} holds ids outside class table {table.name!r}: {listed}{more}.{hint}")


def _hint(unknown: np.ndarray, table: ClassTable, labels: np.ndarray) -> str:
    """Guess how labels came to hold unknown ids, and say what to do; empty where nothing fits."""
    if unknown.tolist() == [IGNORE]:
        return _hint_of_ignored(labels)
    greys, found = np.round(table.colours @ _LUMINANCE), np.unique(labels)
    if unknown.size > 2 and all(np.abs(greys - grey).min() <= 1 for grey in found):
        return (
            " These are the colours of the table turned to grey, which cannot be undone: give the "
            "colour files or class ids."
        )
    if unknown.size > _MANY:
        return " So many are no class ids: is this a photograph? Are images and labels swapped?"
    if unknown.size > 2:
        return (
            " Give the table that these labels were made with, or class ids as they were before a "
            "program stretched or inverted them."
        )
    return ""


def _hint_of_ignored(labels: np.ndarray) -> str:
    """Tell what 255 alone among unknown ids comes from: a mask, train ids, or a border.

    >>> _hint_of_ignored(np.array([[0, 255]]))
    ' A mask of 0 and 255 tells one thing from all else: give label maps of class ids.'
    """
    others = {*np.unique(labels).tolist()} - {IGNORE}
    if others <= {0}:
        return " A mask of 0 and 255 tells one thing from all else: give label maps of class ids."
    if _look_like_train_ids(labels, others):
        return (
            " Train ids write ignored pixels as 255: give the files with class ids, or the table "
            "trainids."
        )
    return (
        " Where 255 marks borders or what counts nowhere, write 0 (unlabeled) in its place, or "
        "give a class table of your own that has 255."
    )


def _look_like_train_ids(labels: np.ndarray, ids: set[int]) -> bool:
    """Whether ids are at most 18, with road (0) in the lower half and below the sky (10)."""
    if 0 not in ids or len(ids) < 3 or max(ids) > _LAST_TRAIN_ID or labels.ndim != 2:
        return False
    road, sky = (np.nonzero(labels == k)[0] for k in (0, 10))
    low = float(road.mean()) > 0.5 * (len(labels) - 1)
    return low and (not sky.size or float(sky.mean()) < float(road.mean()))


def colourise(labels: np.ndarray, table: ClassTable) -> np.ndarray:
    """Paint a label map in its classes' colours, for people to look at.

    Args:
        labels: Class ids, uint8 [..., H, W].
        table: The classes; unknown ids are black.

    Returns:
        RGB uint8 [..., H, W, 3].

    Example:
        >>> colourise(np.array([[23]], np.uint8), CITYSCAPES).tolist()
        [[[70, 130, 180]]]
    """
    return table.lookup(table.colours, 0)[labels]


def name_colours(table: ClassTable) -> dict[str, str]:
    """Name the classes that are trained on, with their colours as CSS writes them.

    >>> name_colours(CITYSCAPES)["sky"]
    '#4682b4'
    """
    return {
        name: "#{:02x}{:02x}{:02x}".format(*colour)
        for name, colour, train_id in zip(
            table.names, table.colours.tolist(), table.train_ids.tolist(), strict=True
        )
        if 0 <= train_id < IGNORE
    }


def count_pixels(count: int) -> str:
    """Say how many pixels, for messages."""
    return "1 pixel" if count == 1 else f"{count} pixels"
