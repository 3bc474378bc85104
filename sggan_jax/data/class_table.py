"""Class tables: the classes of a data set, built in or read from a TOML or YAML file."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sggan_jax.types import IGNORE, InputError

TABLE_SUFFIXES = (".toml", ".yaml", ".yml")
_LAST_CITYSCAPES_ID = 33


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
        to_cityscapes: Cityscapes id of each class [n], int, where labels are stored as such; None
            where they are stored as they are.
        in_red: Whether label files of three channels hold ids in the first, as simulators write
            them, unless they hold colours.
    """

    name: str
    ids: np.ndarray
    names: tuple[str, ...]
    colours: np.ndarray
    train_ids: np.ndarray
    groups: np.ndarray
    group_names: tuple[str, ...]
    to_cityscapes: np.ndarray | None = None
    in_red: bool = False

    def name_of(self, class_id: int) -> str:
        """Name the class of an id, or say ``id N`` when the table lacks it."""
        rows = np.flatnonzero(self.ids == class_id)
        return self.names[rows[0]] if rows.size else f"id {class_id}"

    def known(self) -> np.ndarray:
        """Mark the bytes that label images may hold: bool [256]."""
        known = np.zeros(256, bool)
        known[self.ids[self.ids >= 0]] = True
        return known

    def to_stored(self, labels: np.ndarray) -> np.ndarray:
        """Turn ids of label files into those that are stored, Cityscapes' where they are mapped."""
        if self.to_cityscapes is None:
            return labels
        return self.lookup(self.to_cityscapes, 0)[labels]

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


def make_table(
    name: str,
    rows: Sequence[tuple],
    group_names: tuple[str, ...],
    to_cityscapes: Sequence[int] | None = None,
    in_red: bool = False,
) -> ClassTable:
    """Build a table from rows of id, name, train id, colour, group."""
    ids, names, train_ids, colours, groups = zip(*rows, strict=True)
    return ClassTable(
        name,
        np.array(ids),
        tuple(names),
        np.array(colours, np.uint8),
        np.array(train_ids),
        np.array(groups),
        group_names,
        None if to_cityscapes is None else np.array(to_cityscapes),
        in_red,
    )


def load_table(path: str | Path) -> ClassTable:
    """Read a class table from a TOML or YAML file: ``groups``, a list, and ``class``, one of each.

    Each class has ``id`` (0 to 255), ``name``, ``colour`` (red, green, blue) and ``group`` (one of
    ``groups``), and optionally ``train_id`` (255, ignored, when absent). A file whose classes have
    ``cityscapes`` (0 to 33) is stored as Cityscapes ids; it needs no groups. With ``in_red = true``
    ids are read from the first of three channels.

    Raises:
        InputError: The file is missing, is no TOML or YAML, or a class is incomplete or
            contradictory.
    """
    path = Path(path)
    tree = _parse(path)
    rows = tree.get("class")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            f"Class table {path} names no class: give a list called class, of id, name, colour and "
            "group each."
        )
    mapped = any("cityscapes" in row for row in rows)
    groups = tree.get("groups", ["unused"] if mapped else None)
    if not isinstance(groups, list) or not groups or len(groups) > 256:
        raise InputError(f'Class table {path} needs a list of group names: groups = ["road", ...].')
    read = [_read_class(row, groups, mapped, f"{path}, class {k}") for k, row in enumerate(rows, 1)]
    ids = [row[0] for row in read]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise InputError(f"Class table {path} gives id {twice[0]} to more than one class.")
    to_cityscapes = [row["cityscapes"] for row in rows] if mapped else None
    name = str(tree.get("name", path.stem))
    in_red = tree.get("in_red", False) is True
    return make_table(name, read, tuple(map(str, groups)), to_cityscapes, in_red)


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise InputError(f"Class table {path} cannot be read: {error}.") from error
    return tree if isinstance(tree, dict) else {}


def _read_class(row: dict[str, Any], groups: list[str], mapped: bool, where: str) -> tuple:
    needed = ("id", "name", "colour", "cityscapes" if mapped else "group")
    missing = [key for key in needed if key not in row]
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
    if mapped and not (_is_byte(row["cityscapes"]) and row["cityscapes"] <= _LAST_CITYSCAPES_ID):
        raise InputError(f"{where}: cityscapes = {row['cityscapes']} is no Cityscapes id, 0 to 33.")
    group = row.get("group", groups[0])
    if group not in groups:
        raise InputError(f"{where}: group {group!r} is none of {', '.join(groups)}.")
    train_id = row.get("train_id", IGNORE)
    return row["id"], str(row["name"]), train_id, row["colour"], groups.index(group)


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
