import numpy as np
import pytest

from sggan_jax.data.builders.pairs import SourceSpec
from sggan_jax.data.builders.toycity import first_scene, plan_toycity
from sggan_jax.data.labels import CITYSCAPES, check_ids
from sggan_jax.types import InputError


def plan(look, **options):
    return plan_toycity(SourceSpec("toycity", look=look, train=2, test=2, **options), 32, 64)


def test_test_scenes_are_the_same_in_both_looks_and_training_scenes_are_not():
    virtual, real = plan("virtual").splits, plan("real").splits
    assert [p.name for p in virtual["test"]] == [p.name for p in real["test"]]
    image_v, labels_v = virtual["test"][1].load()
    image_r, labels_r = real["test"][1].load()
    assert image_v.shape == image_r.shape == (32, 64, 3)
    np.testing.assert_array_equal(labels_v, labels_r)
    assert (image_v != image_r).mean() > 0.5
    assert (virtual["train"][0].load()[1] != real["train"][0].load()[1]).any()
    check_ids(labels_v, CITYSCAPES, "toycity")


def test_no_two_splits_share_a_scene():
    starts = {
        first_scene(seed, split, look)
        for seed in range(3)
        for split in ("train", "test")
        for look in ("virtual", "real")
    }
    # Three kinds of split (two trainings and one test) for each of three seeds, far apart.
    assert len(starts) == 9
    assert min(np.diff(sorted(starts))) >= 1_000_000


def test_every_choice_changes_the_fingerprint():
    prints = {
        plan("virtual").fingerprint,
        plan("real").fingerprint,
        plan("real", seed=1).fingerprint,
    }
    assert len(prints) == 3
    assert plan("real").fingerprint in prints


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"look": "unreal"}, "'unreal' of toycity is unknown"),
        ({"train": 0}, "cannot render 0 train scenes"),
        ({"test": 2_000_000}, "cannot render 2000000 test scenes"),
        ({"seed": -1}, "Seed -1"),
    ],
)
def test_impossible_cities(options, message):
    with pytest.raises(InputError, match=message):
        plan_toycity(SourceSpec("toycity", **options), 32, 64)
