"""Class tables: ids, names, colours, train ids and groups of classes, each written once, as data.

A label image holds one class id per pixel in a byte. Every other module looks classes up here.
The paper sorts the Cityscapes classes into eight groups, one per channel of the semantic-aware
discriminator; ``group_table`` turns ids into these groups. Other classes come from a small TOML
file (:func:`load_table`); ``docs/data.md`` describes it.
"""

import numpy as np

from sggan_jax.data.class_table import ClassTable, load_table, make_table
from sggan_jax.types import IGNORE, InputError

IGNORED = "ignored"
"""Group of a class table whose classes are left out."""

Grouping = tuple[np.ndarray, tuple[str, ...]]
"""Group of each of the 256 id bytes, and the groups' names."""

PAPER_GROUPS = (
    "others",
    "vehicles",
    "pedestrians",
    "cyclist",
    "roads",
    "construction",
    "sky",
    "tree",
)

# id, name, train id (255: ignored), colour, group of the paper
_CITYSCAPES = (
    (0, "unlabeled", 255, (0, 0, 0), 0),
    (1, "ego vehicle", 255, (0, 0, 0), 0),
    (2, "rectification border", 255, (0, 0, 0), 0),
    (3, "out of roi", 255, (0, 0, 0), 0),
    (4, "static", 255, (0, 0, 0), 0),
    (5, "dynamic", 255, (111, 74, 0), 0),
    (6, "ground", 255, (81, 0, 81), 0),
    (7, "road", 0, (128, 64, 128), 4),
    (8, "sidewalk", 1, (244, 35, 232), 4),
    (9, "parking", 255, (250, 170, 160), 4),
    (10, "rail track", 255, (230, 150, 140), 4),
    (11, "building", 2, (70, 70, 70), 5),
    (12, "wall", 3, (102, 102, 156), 5),
    (13, "fence", 4, (190, 153, 153), 5),
    (14, "guard rail", 255, (180, 165, 180), 5),
    (15, "bridge", 255, (150, 100, 100), 5),
    (16, "tunnel", 255, (150, 120, 90), 5),
    (17, "pole", 5, (153, 153, 153), 0),
    (18, "polegroup", 255, (153, 153, 153), 0),
    (19, "traffic light", 6, (250, 170, 30), 0),
    (20, "traffic sign", 7, (220, 220, 0), 0),
    (21, "vegetation", 8, (107, 142, 35), 7),
    (22, "terrain", 9, (152, 251, 152), 0),
    (23, "sky", 10, (70, 130, 180), 6),
    (24, "person", 11, (220, 20, 60), 2),
    (25, "rider", 12, (255, 0, 0), 2),
    (26, "car", 13, (0, 0, 142), 1),
    (27, "truck", 14, (0, 0, 70), 1),
    (28, "bus", 15, (0, 60, 100), 1),
    (29, "caravan", 255, (0, 0, 90), 1),
    (30, "trailer", 255, (0, 0, 110), 1),
    (31, "train", 16, (0, 80, 100), 0),
    (32, "motorcycle", 17, (0, 0, 230), 3),
    (33, "bicycle", 18, (119, 11, 32), 3),
)
_PLATE = ("license plate", 255, (0, 0, 142), 1)

# CamVid's 32 classes: name, colour in the label images, Cityscapes id. The ids follow the customary
# 11-class reduction: lights count as signs, buses and trucks as cars, a bicyclist is one class.
_CAMVID = (
    ("Void", (0, 0, 0), 0),
    ("Animal", (64, 128, 64), 24),
    ("Archway", (192, 0, 128), 11),
    ("Bicyclist", (0, 128, 192), 25),
    ("Bridge", (0, 128, 64), 11),
    ("Building", (128, 0, 0), 11),
    ("Car", (64, 0, 128), 26),
    ("CartLuggagePram", (64, 0, 192), 24),
    ("Child", (192, 128, 64), 24),
    ("Column_Pole", (192, 192, 128), 17),
    ("Fence", (64, 64, 128), 13),
    ("LaneMkgsDriv", (128, 0, 192), 7),
    ("LaneMkgsNonDriv", (192, 0, 64), 7),
    ("Misc_Text", (128, 128, 64), 20),
    ("MotorcycleScooter", (192, 0, 192), 25),
    ("OtherMoving", (128, 64, 64), 26),
    ("ParkingBlock", (64, 192, 128), 8),
    ("Pedestrian", (64, 64, 0), 24),
    ("Road", (128, 64, 128), 7),
    ("RoadShoulder", (128, 128, 192), 8),
    ("Sidewalk", (0, 0, 192), 8),
    ("SignSymbol", (192, 128, 128), 20),
    ("Sky", (128, 128, 128), 23),
    ("SUVPickupTruck", (64, 128, 192), 26),
    ("TrafficCone", (0, 0, 64), 17),
    ("TrafficLight", (0, 64, 64), 20),
    ("Train", (192, 64, 128), 26),
    ("Tree", (128, 128, 0), 21),
    ("Truck_Bus", (192, 128, 192), 26),
    ("Tunnel", (64, 0, 64), 11),
    ("VegetationMisc", (192, 192, 0), 21),
    ("Wall", (64, 192, 0), 11),
)


CITYSCAPES = make_table("cityscapes", (*_CITYSCAPES, (-1, *_PLATE)), PAPER_GROUPS)
GTAV = make_table("gtav", (*_CITYSCAPES, (34, *_PLATE)), PAPER_GROUPS)
_BY_ID = {row[0]: row for row in _CITYSCAPES}
CAMVID = make_table(
    "camvid",
    [(k, name, _BY_ID[i][2], colour, _BY_ID[i][4]) for k, (name, colour, i) in enumerate(_CAMVID)],
    PAPER_GROUPS,
)
CAMVID_TO_CITYSCAPES = np.array([row[2] for row in _CAMVID], np.uint8)
"""Cityscapes id of each of CamVid's 32 classes, which number from 0 in the order of CAMVID."""

TABLES = {table.name: table for table in (CITYSCAPES, GTAV)}


def class_table(name: str) -> ClassTable:
    """Find a class table by name (``cityscapes``, ``gtav``) or by path of a TOML file.

    Raises:
        InputError: Neither a known name nor a readable table.
    """
    if name in TABLES:
        return TABLES[name]
    if name.endswith(".toml"):
        return load_table(name)
    raise InputError(
        f"Class table {name!r} is unknown: give one of {', '.join(TABLES)} or the path of a .toml "
        "file."
    )


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
    scored = {row[2]: row[1] for row in _CITYSCAPES if row[2] != IGNORE}
    return train_id_table(CITYSCAPES), tuple(scored[k] for k in range(len(scored)))


def _ten() -> Grouping:
    table = np.full(256, IGNORE, np.uint8)
    for group, (_, ids) in enumerate(_TEN):
        table[list(ids)] = group
    return table, tuple(name for name, _ in _TEN)


GROUPINGS = {"paper8": _paper8, "one": _one, "cityscapes19": _cityscapes19, "ten": _ten}


def _grouping(name: str) -> Grouping:
    if name in GROUPINGS:
        return GROUPINGS[name]()
    if name.endswith(".toml"):
        return _own_grouping(load_table(name))
    raise InputError(
        f"Grouping {name!r} is unknown: give {', '.join(GROUPINGS)} or a path to a .toml file."
    )


def _own_grouping(own: ClassTable) -> Grouping:
    """Number a file's groups; the one called "ignored", if any, is 255 and so is what is no class.

    >>> _own_grouping(make_table("", [(7, "a", 0, (0, 0, 0), 1)], ("ignored", "road")))[0][[6, 7]]
    array([255,   0], dtype=uint8)
    """
    names = tuple(name for name in own.group_names if name != IGNORED)
    numbers = [IGNORE if name == IGNORED else names.index(name) for name in own.group_names]
    rest = 0 if len(names) == len(own.group_names) else IGNORE
    return own.lookup(np.array(numbers)[own.groups], rest), names


def group_table(name: str) -> np.ndarray:
    """Map each id byte to its group of classes.

    Args:
        name: ``paper8`` (the paper's eight groups of Cityscapes and GTA-V ids), ``one`` (a single
            region: a plain discriminator), ``cityscapes19`` (train ids), ``ten`` (the classes of
            both renderings and CamVid), or the path of a class table in TOML.

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
    hint = ""
    if IGNORE in unknown and unknown.size == 1:
        hint = " Train ids write ignored pixels as 255: give the files with class ids instead."
    raise InputError(f"{where} holds ids outside class table {table.name!r}: {listed}{more}.{hint}")


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


def count_pixels(count: int) -> str:
    """Say how many pixels, for messages."""
    return "1 pixel" if count == 1 else f"{count} pixels"
