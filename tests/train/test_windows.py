"""From the configuration to the windows that are cut out of images stored larger."""

from sggan_jax.config import Data
from sggan_jax.data.labels import group_table
from sggan_jax.data.transforms import Augmentation
from sggan_jax.train.plan import read_augmentation

REGIONS = tuple(group_table("paper8").tolist())


def test_the_paper_alters_nothing():
    assert read_augmentation(Data(), REGIONS) == Augmentation()


def test_images_stored_larger_are_cut():
    data = Data(stored_height=300, crop_shift=0.125)
    expected = Augmentation(crop_height=256, crop_width=512, crop_shift=0.125)
    assert read_augmentation(data, REGIONS) == expected
