"""What a refusal of label files advises must itself be right."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.labels import CITYSCAPES, check_ids
from sggan_jax.types import InputError

STREET = np.repeat(np.array([23, 11, 8, 7], np.uint8), 8)[:, None].repeat(48, 1)


def refusal(labels):
    with pytest.raises(InputError) as caught:
        check_ids(labels, CITYSCAPES, "a.png")
    return str(caught.value)


@pytest.mark.parametrize(
    "road_as", [255, 0], ids=["road is the mask", "everything else is the mask"]
)
def test_a_mask_is_called_one(road_as):
    told = refusal(np.where(STREET == 7, road_as, 255 - road_as).astype(np.uint8))
    assert "A mask of 0 and 255" in told
    assert "trainids" not in told


def test_borders_of_255_around_class_ids_are_no_train_ids():
    bordered = STREET.copy()
    bordered[:, [0, -1]] = 255
    assert "write 0 (unlabeled) in its place" in refusal(bordered)
    assert "trainids" not in refusal(bordered)


def test_train_ids_are_named_where_road_lies_below_the_sky():
    ids = np.select([STREET == 23, STREET == 11, STREET == 8], [10, 2, 1], 0).astype(np.uint8)
    ids[0] = 255
    assert "the table trainids" in refusal(ids)
    assert "trainids" not in refusal(ids[::-1])


def read(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    with pytest.raises(InputError) as caught:
        read_labels(tmp_path / "a.png", CITYSCAPES)
    return str(caught.value)


def test_ids_in_three_channels_are_told(tmp_path):
    assert "save one channel" in read(tmp_path, STREET[..., None].repeat(3, -1))


def test_swapped_colours_are_told(tmp_path):
    colours = np.zeros((256, 3), np.uint8)
    colours[[23, 11, 8, 7]] = (70, 130, 180), (70, 70, 70), (244, 35, 232), (128, 64, 128)
    told = read(tmp_path, np.ascontiguousarray(colours[STREET][..., ::-1]))
    assert "red and blue swapped: save them as RGB" in told


def test_foreign_colours_still_ask_for_a_table(tmp_path):
    foreign = np.dstack([STREET, STREET + 1, STREET + 2])
    assert "class table of your own" in read(tmp_path, foreign)
