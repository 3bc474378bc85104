"""Label sets against the lists their authors publish.

Run as a program, this writes docs/classes.md.
"""

from pathlib import Path

import numpy as np
import pytest

from sggan_jax.data.labels import (
    CITYSCAPES,
    GTAV,
    PAPER_GROUPS,
    TABLES,
    group_table,
    train_id_table,
)
from sggan_jax.types import IGNORE

PAGE = Path(__file__).parents[2] / "docs" / "classes.md"


def render_page():
    """The page of all label sets: a row for each class of Cityscapes, a column for each set."""
    mapped = {name: table for name, table in TABLES.items() if table.to_cityscapes is not None}
    head = ["id", "Cityscapes", "train id", "group", *(n for n in mapped if n != "trainids")]
    lines = [
        "# Classes of every label set",
        "",
        "What each class becomes when it is prepared: the Cityscapes class at the left of its row,",
        "with its train id (of 19 scored classes) and its group of the paper's eight. GTA-V has",
        "the classes of Cityscapes, and 34 for license plates. BDD100K is labelled with train ids,",
        "255 unlabeled. Numbers are ids in label files; CamVid and Virtual KITTI 2 are colours.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    for k, class_id in enumerate(CITYSCAPES.ids.tolist()):
        train_id = CITYSCAPES.train_ids[k]
        cells = [
            str(class_id),
            CITYSCAPES.names[k],
            "" if train_id == IGNORE else str(train_id),
            PAPER_GROUPS[CITYSCAPES.groups[k]],
        ]
        for name, table in mapped.items():
            if name != "trainids":
                rows = np.flatnonzero(table.to_cityscapes == class_id)
                cells.append(", ".join(f"{table.names[r]} {table.ids[r]}" for r in rows))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_page_of_classes_is_true():
    if not PAGE.is_file():
        pytest.skip("the documentation is not beside the tests")
    assert PAGE.read_text(encoding="utf-8") == render_page(), f"run {Path(__file__).name} to renew"


def test_cityscapes_is_what_its_authors_publish():
    official = pytest.importorskip("cityscapesscripts.helpers.labels")
    rows = {label.id: label for label in official.labels}
    assert set(CITYSCAPES.ids.tolist()) == set(rows)
    for k, class_id in enumerate(CITYSCAPES.ids.tolist()):
        label = rows[class_id]
        assert CITYSCAPES.names[k] == label.name
        assert tuple(CITYSCAPES.colours[k].tolist()) == label.color
        train_id = label.trainId if 0 <= label.trainId < IGNORE else IGNORE
        assert CITYSCAPES.train_ids[k] == train_id


# GTA-V's palette as far as it was read off its label files: index and colour.
GTAV_PALETTE = {
    0: (0, 0, 0),
    4: (0, 0, 0),
    5: (111, 74, 0),
    6: (81, 0, 81),
    7: (128, 64, 128),
    8: (244, 35, 232),
    9: (250, 170, 160),
    10: (230, 150, 140),
    11: (70, 70, 70),
    12: (102, 102, 156),
    13: (190, 153, 153),
    14: (180, 165, 180),
    15: (150, 100, 100),
    16: (150, 120, 90),
    17: (153, 153, 153),
    19: (250, 170, 30),
    20: (220, 220, 0),
    21: (107, 142, 35),
    22: (152, 251, 152),
    23: (70, 130, 180),
    24: (220, 20, 60),
    25: (255, 0, 0),
    26: (0, 0, 142),
    27: (0, 0, 70),
    28: (0, 60, 100),
    29: (0, 0, 90),
    30: (0, 0, 110),
    31: (0, 80, 100),
    32: (0, 0, 230),
    33: (119, 11, 32),
    34: (0, 0, 142),
}


def test_gtav_has_the_palette_of_its_label_files():
    colours = {i: tuple(c) for i, c in zip(GTAV.ids.tolist(), GTAV.colours.tolist(), strict=True)}
    for index, colour in GTAV_PALETTE.items():
        assert colours[index] == colour


# Number of classes as published, and some of them: id and Cityscapes id.
PUBLISHED = {
    "trainids": (20, {0: 7, 10: 23, 13: 26, 18: 33, 255: 0}),
    "camvid": (32, {17: 24, 18: 7, 22: 23}),
    "synthia": (23, {1: 23, 3: 7, 8: 26, 10: 24, 17: 25, 21: 12, 22: 7}),
    "viper": (32, {2: 23, 3: 7, 7: 21, 20: 24, 24: 26, 25: 26, 27: 27}),
    "carla": (30, {1: 7, 3: 11, 11: 23, 12: 24, 14: 26, 19: 33, 24: 7, 28: 14}),
    "carla_0_9_13": (23, {1: 11, 4: 24, 6: 7, 7: 7, 10: 26, 13: 23, 18: 19, 22: 22}),
    "vkitti2": (15, {1: 22, 2: 23, 6: 7, 13: 26, 14: 26}),
    "sggan_groups": (8, {0: 0, 1: 26, 4: 7, 6: 23, 7: 21}),
    "mapillary": (66, {2: 8, 13: 7, 17: 11, 19: 24, 27: 23, 30: 21, 50: 20, 55: 26, 65: 0}),
}


def test_every_mapped_table_is_checked():
    mapped = {name for name, table in TABLES.items() if table.to_cityscapes is not None}
    assert mapped == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_classes_become_those_of_cityscapes(name):
    count, some = PUBLISHED[name]
    table = TABLES[name]
    assert len(table.ids) == count
    mapping = dict(zip(table.ids.tolist(), table.to_cityscapes.tolist(), strict=True))
    assert {i: mapping[i] for i in some} == some
    # Groups and train ids are those of the class it becomes.
    assert set(mapping.values()) <= set(range(34))
    np.testing.assert_array_equal(table.groups, group_table("paper8")[table.to_cityscapes])
    np.testing.assert_array_equal(table.train_ids, train_id_table(CITYSCAPES)[table.to_cityscapes])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_class_is_called_as_in_cityscapes_or_says_why(name):
    """Where both have a class of one name, it is that class."""
    table = TABLES[name]
    cityscapes = dict(zip(CITYSCAPES.names, CITYSCAPES.ids.tolist(), strict=True))
    for called, target in zip(table.names, table.to_cityscapes.tolist(), strict=True):
        same = cityscapes.get(called.lower())
        # CamVid's customary reduction knows fewer classes.
        if same is not None and name != "camvid":
            assert target == same, called


@pytest.mark.parametrize("name", ["camvid", "vkitti2", "mapillary", "carla"])
def test_colours_tell_the_classes_apart(name):
    colours = {tuple(colour) for colour in TABLES[name].colours.tolist()}
    assert len(colours) == len(TABLES[name].ids)


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
