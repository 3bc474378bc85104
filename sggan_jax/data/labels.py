"""Class tables: ids, names, colours, train ids and groups of classes, each written once, as data.

A label image holds one class id per pixel in a byte. Every other module looks classes up here.
The paper sorts the Cityscapes classes into eight groups, one per channel of the semantic-aware
discriminator; ``group_table`` turns ids into these groups. Other classes come from a small TOML
file (:func:`load_table`); ``docs/data.md`` describes it.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.types import InputError

IGNORE = 255
"""Train id of what a score leaves out."""

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


@dataclass(frozen=True, eq=False)
class ClassTable:
    """The classes of a data set, one row each.

    A negative id (Cityscapes' license plate) names a class that no label image holds.

    Attributes:
        name: What messages call the table.
        ids: Class ids [n], int.
        names: Class names, n of them.
        colours: RGB uint8 [n, 3]. Where two classes share a colour, colour images mean the first.
        train_ids: Ids that scores use [n], int; 255 is ignored.
        groups: Group of each class [n], int in [0, number of groups).
        group_names: Names of the groups.
    """

    name: str
    ids: np.ndarray
    names: tuple[str, ...]
    colours: np.ndarray
    train_ids: np.ndarray
    groups: np.ndarray
    group_names: tuple[str, ...]

    def name_of(self, class_id: int) -> str:
        """Name the class of an id, or say ``id N`` when the table lacks it."""
        rows = np.flatnonzero(self.ids == class_id)
        return self.names[rows[0]] if rows.size else f"id {class_id}"

    def known(self) -> np.ndarray:
        """Mark the bytes that label images may hold: bool [256]."""
        known = np.zeros(256, bool)
        known[self.ids[self.ids >= 0]] = True
        return known

    def lookup(self, values: np.ndarray, default: int) -> np.ndarray:
        """Spread one value per class over the 256 bytes; an id of -1 is byte 255.

        Args:
            values: One value in [0, 255] per class [n], or per class and channel [n, c].
            default: Value of bytes that are no class.

        Returns:
            uint8 [256] or [256, c].
        """
        table = np.full((256, *values.shape[1:]), default, np.uint8)
        table[self.ids % 256] = values
        return table


def _table(name: str, rows: Sequence[tuple], group_names: tuple[str, ...]) -> ClassTable:
    ids, names, train_ids, colours, groups = zip(*rows, strict=True)
    return ClassTable(
        name,
        np.array(ids),
        tuple(names),
        np.array(colours, np.uint8),
        np.array(train_ids),
        np.array(groups),
        group_names,
    )


CITYSCAPES = _table("cityscapes", (*_CITYSCAPES, (-1, *_PLATE)), PAPER_GROUPS)
GTAV = _table("gtav", (*_CITYSCAPES, (34, *_PLATE)), PAPER_GROUPS)
_BY_ID = {row[0]: row for row in _CITYSCAPES}
CAMVID = _table(
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


def load_table(path: str | Path) -> ClassTable:
    """Read a class table from a TOML file with ``groups = [...]`` and one ``[[class]]`` per class.

    Each class has ``id`` (0 to 255), ``name``, ``colour`` (red, green, blue) and ``group`` (one of
    ``groups``), and optionally ``train_id`` (255, ignored, when absent).

    Raises:
        InputError: The file is missing, is no TOML, or a class is incomplete or contradictory.
    """
    path = Path(path)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Class table {path} cannot be read: {error}.") from error
    groups = tree.get("groups")
    if not isinstance(groups, list) or not groups or len(groups) > 256:
        raise InputError(f'Class table {path} needs a list of group names: groups = ["road", ...].')
    rows = [_read_class(row, groups, f"{path}, class {k}") for k, row in _classes(tree, path)]
    ids = [row[0] for row in rows]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise InputError(f"Class table {path} gives id {twice[0]} to more than one class.")
    return _table(str(tree.get("name", path.stem)), rows, tuple(map(str, groups)))


def _classes(tree: dict[str, Any], path: Path) -> list[tuple[int, dict[str, Any]]]:
    rows = tree.get("class")
    if not isinstance(rows, list) or not rows:
        raise InputError(f"Class table {path} names no class: add one [[class]] block for each.")
    return list(enumerate(rows, 1))


def _read_class(row: dict[str, Any], groups: list[str], where: str) -> tuple:
    missing = [key for key in ("id", "name", "colour", "group") if key not in row]
    if missing:
        raise InputError(f"{where} lacks {', '.join(missing)}.")
    for key, values in (
        ("id", [row["id"]]),
        ("colour", row["colour"]),
        ("train_id", [row.get("train_id", IGNORE)]),
    ):
        if not isinstance(values, list) or not all(_is_byte(value) for value in values):
            raise InputError(f"{where}: {key} = {row[key]} must be made of integers from 0 to 255.")
    if len(row["colour"]) != 3:
        raise InputError(f"{where}: colour = {row['colour']} must be [red, green, blue].")
    if row["group"] not in groups:
        raise InputError(f"{where}: group {row['group']!r} is none of {', '.join(groups)}.")
    train_id = row.get("train_id", IGNORE)
    return row["id"], row["name"], train_id, row["colour"], groups.index(row["group"])


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _grouping(name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if name == "one":
        return np.zeros(256, np.uint8), ("everything",)
    if name == "paper8":
        # GTA-V writes license plates as 34, Cityscapes as -1: both are vehicles.
        table = np.maximum(CITYSCAPES.lookup(CITYSCAPES.groups, 0), GTAV.lookup(GTAV.groups, 0))
        return table, PAPER_GROUPS
    if name.endswith(".toml"):
        own = load_table(name)
        return own.lookup(own.groups, 0), own.group_names
    raise InputError(f"Grouping {name!r} is unknown: give paper8, one or a path to a .toml file.")


def group_table(name: str) -> np.ndarray:
    """Map each id byte to its group of classes.

    Args:
        name: ``paper8`` (the paper's eight groups of Cityscapes and GTA-V ids), ``one`` (a single
            region: a plain discriminator) or the path of a class table in TOML.

    Returns:
        uint8 [256]; bytes that are no class belong to group 0.

    Raises:
        InputError: The name is unknown or the file unusable.

    Example:
        >>> group_table("paper8")[[7, 23, 26, 34]].tolist()  # road, sky, car, license plate
        [4, 6, 1, 1]
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
