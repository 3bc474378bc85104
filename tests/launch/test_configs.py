"""Configurations are complete, locked, and build what the paper says."""

import jax
import pytest

from configs import (
    benchmark,
    bigan,
    common,
    cut,
    cyclegan,
    dualgan,
    segmenter,
    sggan,
    simgan,
)
from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.methods import make_method
from sggan_jax.methods.sggan import WAY_BACK
from sggan_jax.reproduce.experiment import read_experiments
from sggan_jax.types import num_params


@pytest.mark.parametrize("file", [sggan, cyclegan])
@pytest.mark.parametrize("name", sggan.PRESETS)
def test_every_preset_builds_a_method_and_declares_no_key_of_its_own(name, file):
    config = file.get_config(name)
    assert config.is_locked
    if file is sggan and name.startswith("city"):
        config.semantic.teacher = "runs/seg"  # for the user to give
    assert set(config.to_dict()) == set(common.get_config().to_dict())
    make_method(Config.from_dict(config.to_dict()), group_table(config.data.class_groups), 100)


def test_the_paper_is_to_the_letter():
    """METHOD: sections 1 to 3 as numbers."""
    config = sggan.get_config("paper")
    assert (config.data.height, config.data.width) == (256, 512)
    assert (config.weights.cyc_v, config.weights.cyc_r) == (10, 10)
    assert (config.weights.grad_v, config.weights.grad_r) == (5, 5)
    assert (config.weights.idt_v, config.weights.idt_r) == (0, 0)
    assert (config.optim.learning_rate, config.optim.b1, config.optim.b2) == (2e-4, 0.5, 0.999)
    assert (config.train.batch_size, config.train.epochs, config.train.pool_size) == (1, 25, 50)
    assert (config.loss.grad_hard_epochs, config.loss.grad_alpha) == (3, 0.9)
    method = make_method(Config.from_dict(config.to_dict()), group_table("paper8"), 2000)
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert {name: num_params(tree) for name, tree in shapes.items()} == {
        "g_v2r": 54_415_104,
        "g_r2v": 54_415_104,
        "d_r": 2_822_912,
        "d_v": 2_822_912,
    }


def test_what_goes_beyond_the_paper_is_in_the_presets_of_cities_alone():
    beyond = {"adv_feat_r": 1, "dis_feat_r": 1, "r1_r": 0.03, "r1_v": 0.03, "sem_v": 1}
    for name in sggan.PRESETS:
        weights = sggan.get_config(name).weights
        off = {term: 0.0 for term in beyond}
        want = beyond if name.startswith("city") else off
        if name in ("city128_labels", "city128_gpu", "city"):
            want = beyond | {"adv_feat_r": 2}
        if name in ("city128_labels", "city"):
            want |= {"r1_v": 0}  # no way back, and nobody to judge it
        assert {term: weights[term] for term in beyond} == want
        assert {term: cyclegan.get_config(name).weights[term] for term in beyond} == off
    # Beside these terms city128 is camvid128.
    one, other = (sggan.get_config(name).to_dict() for name in ("city128", "camvid128"))
    same = {"loss": one["loss"] | {"r1_every": 1}, "train": other["train"]}
    assert one | {"weights": one["weights"] | off} | same == other


def test_baselines_of_the_preset_with_labels_are_those_without():
    for file in (bigan, cut, cyclegan, dualgan, simgan):
        told, untold = (file.get_config(f"city128{end}").to_dict() for end in ("_labels", ""))
        assert not told["nets"]["labels"]
        told["train"]["steps"] = untold["train"]["steps"]  # as many as SG-GAN's
        assert told == untold, file


def test_with_labels_one_generator_is_trained():
    weights = sggan.get_config("city128_labels").weights
    assert [name for name in WAY_BACK if weights[name]] == []
    # The row of the comparison that has cycles has all else alike.
    rows = benchmark.get_config("cityscapes128").to_dict()["experiments"]
    two_way, one_way = (rows[name]["adapt"] for name in ("labels_with_cycles", "city128_labels"))
    assert set(differing(two_way, one_way)) == {"weights"}
    assert all(two_way["weights"][name] for name in sggan.ONE_WAY)


def test_city_cuts_windows_of_half_the_stored_side():
    data = sggan.get_config("city").data
    assert (data.height, data.width, data.stored_height, data.stored_width) == (256, 512, 512, 1024)


def test_the_segmenter_of_cities_is_light_at_twice_the_side():
    config, light = segmenter.get_config("city128"), segmenter.get_config("light")
    assert (config.data.height, config.data.width, config.train.steps) == (128, 256, 1600)
    assert config.data.class_groups == light.data.class_groups == "ten"
    assert config.seg == light.seg


BEYOND = ["with_features", "with_r1", "with_content", "with_agreement"]
BEYOND += ["with_semantic", "with_semantic_real", "with_semantic_all"]


def test_every_idea_of_the_comparison_is_one_beside_camvid128():
    config = benchmark.get_config("cityscapes128").to_dict()
    first = ("source", "class_statistics", "photograph_statistics", "regions")
    first += ("cyclegan", "cut", "sggan")
    last = (
        "city128",
        "labels_with_cycles",
        "city128_labels",
        "labels_photograph_statistics",
        "harmonised",
        "self_training",
        "adapted_self_training",
        "colours_self_training",
        "regions_self_training",
        "shares",
        "regions_shares",
        "colours_shares",
        "colours_shares_self_training",
    )
    labels = ("few_labels", "few_labels_alone")
    assert config["order"] == (*first, *BEYOND, *last, *labels, "judge", "upper")
    rows = config["experiments"]
    plain = rows["sggan"]["adapt"]
    assert plain == sggan.get_config("camvid128").to_dict()
    for name in BEYOND:
        changed = differing(rows[name]["adapt"], plain)
        assert 1 <= len(changed) <= 2, name
    assert differing(rows["with_semantic"]["adapt"], plain) == {"semantic": "source", "weights": 1}
    assert rows["city128"]["adapt"]["semantic"]["teacher"] == "upper"
    assert rows["harmonised"]["adapt"] == rows["city128"]["adapt"]
    assert rows["harmonised"]["images"] == "regions"
    assert rows["self_training"]["segment"]["method"] == "self_training"
    assert (rows["cut"]["adapt"]["method"], rows["cut"]["adapt"]["data"]["height"]) == ("cut", 128)


def test_the_comparison_for_gpus_feeds_all_alike():
    config = benchmark.get_config("cityscapes128_gpu")
    names = [name for name in config.order if config.experiments[name].adapt]
    assert names == ["cyclegan", "sggan", "city128", "city128_gpu", "harmonised"]
    read = read_experiments(config.to_dict())
    for name in names:
        train = read[name].adapt["train"]
        assert (train["batch_size"], train["steps"]) == (4, 1500), name
    one, other = read["city128"].adapt, read["city128_gpu"].adapt
    assert set(differing(one, other)) == {"nets", "weights", "train"}  # checkpoint_every
    assert read["harmonised"].adapt == one
    assert one["semantic"]["teacher"] == other["semantic"]["teacher"] == "upper"


def test_rows_of_the_winner_learn_from_its_images():
    rows = read_experiments(benchmark.get_config("cityscapes128").to_dict())
    taught, few = rows["adapted_self_training"], rows["few_labels"]
    assert (taught.origin.name, taught.segment["method"]) == ("city128", "self_training")
    assert taught.title == "SG-GAN, features, R1 and semantic loss, self-training"
    assert (few.origin.name, few.real_labels, rows["few_labels_alone"].real_labels) == (
        "city128",
        100,
        100,
    )


def test_rows_of_shares_change_nothing_but_what_the_network_is_told():
    rows = read_experiments(benchmark.get_config("cityscapes128").to_dict())
    pairs = (
        ("shares", "source"),
        ("regions_shares", "regions"),
        ("colours_shares", "labels_photograph_statistics"),
        ("colours_shares_self_training", "colours_self_training"),
    )
    for name, plain in pairs:
        segment, before = rows[name].segment, rows[plain].segment
        # A real domain, to count its labels; self-training has one anyway.
        assert set(differing(segment, before)) | {"data"} == {"seg", "data"}, name
        assert (segment["seg"]["shares"], segment["data"]["real"]) == (0.5, "folder")
        # It learns from the same images.
        own = rows[plain].is_adapted or plain == "source"
        images = rows[plain] if own else rows[plain].images
        assert (rows[name].images or rows["source"]) is images


def test_the_budget_asks_for_no_label_but_those_it_counts():
    config = benchmark.get_config("budget")
    assert config.budget.counts == (0, 25, 100, 400, "all")
    assert config.budget.beside == ("source", "city128_unlabelled")
    unlabelled = config.experiments.city128_unlabelled
    assert (unlabelled.predicted, unlabelled.adapt.semantic.teacher) == (True, "source")


def differing(one, other):
    """Values that differ, by section."""
    return {
        section: value
        for section, values in one.items()
        if isinstance(values, dict)
        for key, value in values.items()
        if value != other[section][key]
    }


def test_cyclegan_is_one_region_and_no_gradient_term():
    """METHOD section 5: ResNet-9, plain PatchGAN, cycle weight 10, identity half of it."""
    config = cyclegan.get_config("paper")
    method = make_method(
        Config.from_dict(config.to_dict()), group_table(config.data.class_groups), 2000
    )
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert num_params(shapes["g_v2r"]) == 11_383_424
    assert shapes["d_r"]["scores"]["kernel"].shape == (4, 4, 512, 1)
    assert (config.weights.grad_v, config.weights.grad_r) == (0, 0)
    assert (config.weights.cyc_v, config.weights.idt_v) == (10, 5)
