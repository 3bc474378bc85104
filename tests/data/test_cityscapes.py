import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.base import SourceSpec
from sggan_jax.data.builders.cityscapes import plan_cityscapes
from sggan_jax.types import InputError


@pytest.fixture
def release(tmp_path, pair):
    for split, city in (("train", "aachen"), ("train", "ulm"), ("val", "munster")):
        frame = f"{city}_000000_000019"
        image, labels = pair(len(city))
        for folder, ending, array in (
            ("leftImg8bit", "leftImg8bit", image),
            ("gtFine", "gtFine_labelIds", labels),
            ("gtFine", "gtFine_labelTrainIds", np.full_like(labels, 255)),
            ("gtFine", "gtFine_color", image),
        ):
            place = tmp_path / folder / split / city
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(place / f"{frame}_{ending}.png")
    return tmp_path


def plan(root):
    return plan_cityscapes(SourceSpec("cityscapes", str(root)), 8, 16)


def test_label_ids_and_no_other_annotation_are_paired(release, pair):
    made = plan(release)
    assert {split: [p.name for p in pairs] for split, pairs in made.splits.items()} == {
        "train": ["aachen/aachen_000000_000019", "ulm/ulm_000000_000019"],
        "val": ["munster/munster_000000_000019"],
    }
    assert made.refused == []
    image, labels = made.splits["train"][1].load()
    np.testing.assert_array_equal(image, pair(3)[0])
    np.testing.assert_array_equal(labels, pair(3)[1])


def test_annotation_without_label_ids(release):
    for path in (release / "gtFine").rglob("*_labelIds.png"):
        path.unlink()
    with pytest.raises(InputError, match=r"train holds no file .* _gtFine_labelIds\.png"):
        plan(release)
