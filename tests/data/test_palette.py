"""Palettes as label programs write them, and as programs leave them that make files smaller."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.labels import CITYSCAPES, GTAV
from sggan_jax.data.tables import TABLES
from sggan_jax.types import InputError

IDS = np.array([[7, 11], [23, 26], [17, 8]], np.uint8)


def voc():
    """The palette of Pascal VOC, by its definition: bits of the index spread over the colours."""
    colours = np.zeros((256, 3), np.uint8)
    for index in range(256):
        for bit in range(8):
            colours[index, bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
    return colours


def save(index, colours, path):
    image = Image.fromarray(index)
    image.putpalette(np.asarray(colours, np.uint8).tobytes())
    image.save(path)
    return path


def renumber(ids, colour_of, path):
    """Number the ids anew, the greatest first, and keep their colours."""
    values, index = np.unique(-ids.astype(int), return_inverse=True)
    colours = [colour_of(int(-value)) for value in values]
    return save(index.reshape(ids.shape).astype(np.uint8), colours, path)


def own_colour(table):
    return lambda i: table.colours[table.ids.tolist().index(i)]


@pytest.mark.parametrize(
    ("table", "ids", "colour_of"),
    [
        (CITYSCAPES, IDS, lambda i: (i, i, i)),
        (TABLES["trainids"], np.array([[0, 1, 255, 13]], np.uint8), lambda i: (i, i, i)),
        (TABLES["carla_0_9_13"], np.array([[7, 1, 10, 0]], np.uint8), lambda i: (i, 0, 0)),
        (CITYSCAPES, IDS, own_colour(CITYSCAPES)),  # all of different colours
        (CITYSCAPES, np.full((2, 3), 7, np.uint8), lambda i: (i, i, i)),
    ],
)
def test_renumbered_indices_mean_what_their_colours_say(tmp_path, table, ids, colour_of):
    path = renumber(ids, colour_of, tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(path, table), ids)


@pytest.mark.parametrize("table", [GTAV, TABLES["mapillary"], TABLES["trainids"]])
def test_an_index_with_the_colour_of_its_class_is_the_id(tmp_path, table):
    known = table.ids[table.ids >= 0]
    colours = np.zeros((256, 3), np.uint8)
    colours[known] = table.colours[table.ids >= 0]
    for ids in (known[None].astype(np.uint8), *(np.full((1, 2), i, np.uint8) for i in known)):
        path = save(ids, colours, tmp_path / "a.png")
        np.testing.assert_array_equal(read_labels(path, table), ids)


@pytest.mark.parametrize("colours", [voc(), np.zeros((256, 3)), np.full((256, 3), 255)])
def test_colours_of_no_table_leave_the_index(tmp_path, colours):
    path = save(IDS, colours, tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(path, CITYSCAPES), IDS)


def test_greys_that_are_no_ids_leave_the_index(tmp_path):
    ramp = np.repeat(np.arange(256)[:, None] * 7 % 256, 3, axis=1)
    path = save(IDS, ramp, tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(path, CITYSCAPES), IDS)


def test_colours_that_contradict_the_indices_are_refused(tmp_path):
    colour_of = own_colour(CITYSCAPES)
    path = renumber(IDS, lambda i: (1, 2, 3) if i == 8 else colour_of(i), tmp_path / "a.png")
    with pytest.raises(InputError, match=r"contradict its indices: 5 of 6 .* \(1, 2, 3\)"):
        read_labels(path, CITYSCAPES)
