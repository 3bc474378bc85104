"""Every field of the configuration: what it takes, and what it refuses in words."""

import ast
import importlib
import inspect
import json
import math
import typing

import numpy as np
import pytest

from configs import (
    bigan,
    cut,
    cyclegan,
    dualgan,
    fcns_in_the_wild,
    segmenter,
    self_training,
    sggan,
    simgan,
)
from configs import common as configs_common
from sggan_jax.config import Config, Data, MethodName, Nets, Segmentation, Term, Train, Weights
from sggan_jax.config.checks import ONE_DOMAIN, WITH_NETS
from sggan_jax.config.fields import LARGEST_INT, NotEmpty, Range, hints, is_section, walk
from sggan_jax.config.weights import TERMS
from sggan_jax.losses.gradient import Padding
from sggan_jax.methods import METHODS
from sggan_jax.methods.segmenter import BACKBONES
from sggan_jax.nets.layers import Upsampling
from sggan_jax.types import InputError

# Values beside which a field may have the lowest of its own.
NEEDED = {"data.scale_high": {"scale_low": 1e-4}, "train.epochs": {"steps": 1}}

FIELDS = {section.key(name): (section, name, hint) for section, name, hint in walk(Config)}


def parts(hint):
    """The bare type of a field and the notes beside it."""
    return (hint.__origin__, hint.__metadata__) if hasattr(hint, "__metadata__") else (hint, ())


def bounds(hint):
    return next((note for note in parts(hint)[1] if isinstance(note, Range)), None)


def refused(hint):
    """Values that a field must not take."""
    kind, notes = parts(hint)
    if typing.get_origin(kind) is typing.Literal:
        return ["adamw!", 1, True, None]
    if kind is str:
        return [1, None, ["a"], *([""] if any(isinstance(x, NotEmpty) for x in notes) else [])]
    if kind is bool:
        return [0, 1, "true", None]
    if typing.get_origin(kind) is tuple:
        return [4, "4", None]
    values = ["1", True, None, [1], math.nan, math.inf, -math.inf]
    values += [1.5, LARGEST_INT + 1] if kind is int else [1e39, -1e39]
    limit = bounds(hint)
    if limit is not None:
        gap = 1 if kind is int else 1e-6
        if limit.low > -math.inf:
            values.append(kind(limit.low) - (0 if limit.above else gap))
        if limit.high < math.inf:
            values.append(kind(limit.high) + (0 if limit.below else gap))
        if limit.multiple:
            values.append(limit.multiple + 1)
    return values


def edges(hint):
    """Values at the ends of what a field takes."""
    kind, _ = parts(hint)
    if typing.get_origin(kind) is typing.Literal:
        return list(typing.get_args(kind))
    if kind is bool:
        return [True, False]
    if kind is str:
        return ["a"]
    if typing.get_origin(kind) is tuple:
        return [(2,), (2, 4, 8, 16, 32)]  # of strides: the only ones there are
    limit, values = bounds(hint), []
    if limit.low > -math.inf:
        values.append(kind(limit.low) if not limit.above else limit.low + 1e-3)
    if limit.high < math.inf:
        values.append(kind(limit.high) if not limit.below else limit.high - 1e-3)
    return values


def with_key(key, value):
    settings = Config().to_dict()
    *sections, name = key.split(".")
    place = settings
    for section in sections:
        place = place[section]
    place[name] = value
    return settings


@pytest.mark.parametrize("key", FIELDS)
def test_every_field_refuses_what_it_cannot_be_by_key_and_value(key):
    for value in refused(FIELDS[key][2]):
        with pytest.raises(InputError) as refusal:
            Config.from_dict(with_key(key, value))
        assert str(refusal.value).startswith(f"{key} must be "), value
        assert str(refusal.value).endswith(f", got {value!r}")


@pytest.mark.parametrize("key", FIELDS)
def test_every_field_takes_the_ends_of_its_range(key):
    section, name, hint = FIELDS[key]
    for value in edges(hint):
        beside = NEEDED.get(key, {})
        kept = getattr(section(**beside | {name: value}), name)
        assert (kept, type(kept)) == (value, type(value))


@pytest.mark.parametrize("key", FIELDS)
def test_every_number_has_bounds_and_every_field_a_line(key):
    section, name, hint = FIELDS[key]
    if parts(hint)[0] in (int, float):
        assert bounds(hint) is not None
    assert name in explained(section)


@pytest.mark.parametrize("section", [x for x in hints(Config).values() if is_section(x)])
def test_every_section_stands_under_its_own_name(section):
    assert hints(Config)[section.section] is section
    assert section.__doc__


def explained(section):
    """Names of the fields that a text follows in the source."""
    (tree,) = ast.parse(inspect.getsource(section)).body
    return {
        node.target.id
        for node, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(node, ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def test_whole_numbers_and_numpy_serve_where_numbers_are_wanted():
    weights = Weights(cyc_v=3, cyc_r=np.float32(0.5))
    assert [(x, type(x)) for x in (weights.cyc_v, weights.cyc_r)] == [(3.0, float), (0.5, float)]
    assert type(Nets(width=np.int64(4)).width) is int


def test_settings_come_back_from_dicts_and_json():
    config = Config.from_dict(with_key("train.ema", 0.5))
    assert config.train.ema == 0.5
    assert Config.from_dict(config.to_dict()) == config
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert Config.from_dict(Config().to_dict()) == Config()


def test_unknown_and_missing_keys_are_named_together():
    settings = Config().to_dict()
    settings["data"]["hieght"] = settings["data"].pop("height")
    del settings["optim"]
    settings["gradloss"] = 1
    sentence = "the configuration does not know gradloss, data.hieght and lacks optim, data.height"
    with pytest.raises(InputError) as refusal:
        Config.from_dict(settings)
    assert str(refusal.value) == sentence


def test_a_section_that_is_none_is_named():
    with pytest.raises(InputError, match="data must be a section of settings, got 3"):
        Config.from_dict(with_key("data", 3))
    with pytest.raises(InputError, match="data must be a section of settings, got None"):
        Config(data=None)


def test_settings_do_not_change():
    with pytest.raises(AttributeError):
        Config().train.steps = 3
    with pytest.raises(AttributeError):
        Config().seed = 3


TEACHER = {"weights.sem_v": 1.0, "semantic.teacher": "runs/seg"}

# What must hold between fields, by section or method.
TOGETHER = [
    ({"data.stored_height": 200}, "200x512, which is smaller than the windows of 256x512"),
    ({"data.stored_width": 500}, "256x500, which is smaller than the windows of 256x512"),
    ({"data.scale_low": 1.5}, "data.scale_low must be at most data.scale_high, got 1.5 and 1.0"),
    ({"data.real": ""}, "data.real is empty, but method sggan needs a real domain"),
    ({"data.real": "", "method": "fcns_in_the_wild"}, "but method fcns_in_the_wild needs"),
    ({"data.height": 100}, "100x512 must be multiples of 256 .2.nets.levels, levels 8"),
    ({"data.width": 256}, "256x256 leave a 1x1 innermost map"),
    ({"data.width": 258, "nets.generator": "resnet"}, "256x258 must be multiples of 4 and at leas"),
    ({"data.height": 4, "nets.generator": "resnet"}, "4x512 must be multiples of 4 and at least 8"),
    ({"nets.dis_downsamplings": 8}, "leave the discriminator 1x2 scores with nets.dis_downsampl"),
    ({"nets.width": 1, "nets.skip_image": True}, "nets.width must be at least 2 with nets.skip_i"),
    ({"nets.labels": True, "method": "cut"}, "nets.labels is for method sggan .* got method cut"),
    ({"nets.labels": True, "nets.generator": "resnet"}, "got method sggan and generator resnet"),
    ({"seg.encoder_weights": "imagenet", "seg.width": 0.5}, "seg.depth = 1, got light, 0.5 and 1"),
    ({"train.epochs": 0}, "train.steps and train.epochs are both 0"),
    ({"train.steps_per_dispatch": 4}, "train.log_every must be a multiple of .* got 50 and 4"),
    ({"train.log_every": 10, "train.steps_per_dispatch": 10, "train.sample_every": 5}, "5 and 10"),
    ({"train.checkpoint_every": 25, "train.steps_per_dispatch": 50}, "checkpoint_every must .* 25"),
    ({"train.keep_best": 1}, "train.best_metric must be one of adv_r, .* when .* is 1, got ''"),
    ({"train.keep_best": 1, "train.best_metric": "idt_r"}, "one of .*, got 'idt_r'"),  # weight 0
    ({"weights.sem_r": 1.0}, "name its run directory in semantic.teacher, .*segmenter.py"),
    (TEACHER | {"semantic.shift": 256}, "shift must be less than the smaller side, 256, got 256"),
    ({"content.strides": (8, 4)}, r"content.strides must name some of 2, .* order, got \(8, 4\)"),
    ({"features.strides": (3,)}, r"features.strides must name some of 2, .* got \(3,\)"),
    ({"features.strides": ()}, r"features.strides must name some of .* got \(\)"),
    ({"weights.equ_v": 1.0, "loss.shift": 128}, "half of the smaller side, 256,.* got 128"),
    ({"weights.pair_v": 1.0}, "weights.pair_v compares .*: set data.paired and give real images"),
    ({"data.paired": True, "data.candidates": 2}, "data.paired pairs .* data.candidates = 2"),
    ({"data.height": 130, "method": "cut"}, "130x512 must be multiples of 256"),
    ({"data.real": "", "method": "self_training"}, "method self_training needs a real domain"),
    ({"seg.both_domains": True, "data.real": "", "method": "segmenter"}, "and data.real ''"),
    ({"seg.shares": 0.5, "data.real": "", "method": "segmenter"}, "and data.real ''"),
    ({"seg.shares": 0.5, "method": "sggan"}, "seg.shares is for methods segmenter and self_trai"),
    ({"seg.both_domains": True, "method": "self_training"}, "got method self_training and data.re"),
]


@pytest.mark.parametrize(("changes", "sentence"), TOGETHER)
def test_settings_that_do_not_go_together_are_refused(changes, sentence):
    config = configs_common.get_config()
    config.update_from_flattened_dict(changes)
    with pytest.raises(InputError, match=sentence):
        Config.from_dict(config.to_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "segmenter", "data.real": "", "data.height": 100},
        {"method": "simgan", "data.height": 33, "data.width": 35},
        {"train.keep_best": 2, "train.best_metric": "cyc_v"},
        {
            "method": "dualgan",
            "loss.penalty": 1.0,
            "train.keep_best": 1,
            "train.best_metric": "pen_r",
        },
        {"train.steps_per_dispatch": 50},
        TEACHER | {"semantic.shift": 255},
        {"semantic.teacher": "runs/seg", "semantic.shift": 256},  # unused
        {"weights.equ_r": 1.0, "loss.shift": 127},
        {"content.strides": (2, 32)},
        {"train.steps": 1, "train.epochs": 0.0},
        {"data.stored_height": 300},
        {
            "nets.generator": "resnet",
            "data.height": 8,
            "data.width": 8,
            "nets.dis_downsamplings": 2,
        },
    ],
)
def test_settings_that_go_together_are_not(changes):
    config = configs_common.get_config()
    config.update_from_flattened_dict(changes)
    Config.from_dict(config.to_dict())


FILES = [sggan, cyclegan, dualgan, simgan, bigan, cut, segmenter, fcns_in_the_wild, self_training]


@pytest.mark.parametrize("file", FILES)
def test_every_preset_can_work(file):
    presets = getattr(file, "PRESETS", None) or {
        "fcns_in_the_wild": segmenter.PRESETS,
        "self_training": segmenter.PRESETS,
    }.get(file.__name__.rpartition(".")[2], sggan.PRESETS)
    for name in presets:
        config = file.get_config(name)
        assert config.is_locked
        if file is sggan and config.weights.sem_v:
            with pytest.raises(InputError, match=r"semantic.teacher, .*:light trains one"):
                Config.from_dict(config.to_dict())
            config.semantic.teacher = "runs/seg"
        assert Config.from_dict(config.to_dict()).to_dict() == config.to_dict()


@pytest.mark.parametrize("name", ["toycity", "camvid", "cityscapes128", "budget", "paper", "gtav"])
def test_every_experiment_of_the_comparison_can_work(name):
    benchmark = importlib.import_module("configs.benchmark").get_config(name).to_dict()
    assert Data.from_dict(benchmark["data"]).height == benchmark["data"]["height"]
    assert set(benchmark["order"]) <= set(benchmark["experiments"])
    for experiment in benchmark["experiments"].values():
        for part in ("adapt", "segment"):
            assert not experiment[part] or Config.from_dict(experiment[part])


def test_choices_are_what_the_library_has():
    assert set(METHODS) == set(typing.get_args(MethodName)) == set(TERMS)
    assert set(ONE_DOMAIN) | set(WITH_NETS) < set(METHODS)
    assert set(typing.get_args(Term)) == set(hints(Weights))
    assert set(BACKBONES) == set(typing.get_args(hints(Segmentation)["network"]))
    assert typing.get_args(hints(Nets)["upsampling"]) == typing.get_args(Upsampling)
    padding = FIELDS["loss.grad_padding"][2]
    assert set(typing.get_args(padding)) == set(typing.get_args(Padding))
    assert set(Train().to_dict()) <= {name for _, name, _ in walk(Train)}
