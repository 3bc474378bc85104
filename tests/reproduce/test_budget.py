"""Points of the label budget: which experiments they are, and who saw which label."""

import dataclasses

import pytest

from configs import benchmark
from sggan_jax.reproduce.budget import list_series, tell_labels_seen, with_budget
from sggan_jax.reproduce.experiment import check_experiment, read_experiments
from sggan_jax.types import InputError


def read(counts=(0, 25, "all"), beside=("source", "city128_unlabelled"), order=(), name="budget"):
    config = benchmark.get_config(name)
    config.budget.counts, config.budget.beside = counts, beside
    config.order = (*config.order, *order)
    config = config.to_dict()
    return config, read_experiments(config)


def test_points_that_are_there_already_are_not_trained_twice():
    config, experiments = read()
    points = with_budget(config, experiments)
    new = ["labels_25", "source_labels_25", "city128_unlabelled_labels_25"]
    new += ["source_labels_all", "city128_unlabelled_labels_all"]
    assert list(points) == [*experiments, *new]
    alone, *beside = list_series(config, points)
    assert alone.points == {0: "source", 25: "labels_25", "all": "upper"}
    for name, one in zip(("source", "city128_unlabelled"), beside, strict=True):
        want = {0: name, 25: f"{name}_labels_25", "all": f"{name}_labels_all"}
        assert (one.points, one.note) == (want, "")
    assert [one.title for one in (alone, *beside)] == [
        "real labels alone",
        "renderings and real labels",
        "SG-GAN, features, R1 and semantic loss, no real label and real labels",
    ]


def test_a_point_learns_from_the_images_and_so_many_labels():
    _, points = (pair := read())[0], with_budget(*pair)
    mixed, alone = points["city128_unlabelled_labels_25"], points["labels_25"]
    assert mixed.origin.name == "city128_unlabelled"
    assert (mixed.real_labels, mixed.domain, mixed.adapt) == (25, "virtual", {})
    assert (alone.real_labels, alone.domain, alone.images) == (25, "real", None)
    assert mixed.segment == alone.segment == points["upper"].segment
    assert mixed.title.endswith("no real label and 25 real labels")


def test_without_a_budget_nothing_is_added():
    config, experiments = read(counts=(), beside=(), name="toycity")
    assert with_budget(config, experiments) == experiments
    assert list_series(config, experiments) == []


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("source", ""),
        ("identity", ""),
        ("class_statistics", "all real labels, for the statistics of every class"),
        ("cut", ""),
        ("sggan", "all real labels, in its adaptation"),
        ("predicted", ""),
        ("city128_unlabelled", ""),
        ("with_semantic", "all real labels, in its adaptation"),  # its teacher saw renderings
        ("asks_upper", "those of its teacher"),
    ],
)
def test_it_is_told_which_real_labels_an_adaptation_saw(name, note):
    config = benchmark.get_config("cityscapes128").to_dict()
    asking = config["experiments"]["city128_unlabelled"]
    asking = asking | {"adapt": asking["adapt"] | {"semantic": {"teacher": "upper"}}}
    semantic = config["experiments"]["city128"]["adapt"]["semantic"] | {"teacher": "upper"}
    asking["adapt"] = asking["adapt"] | {"semantic": semantic}
    config["experiments"]["asks_upper"] = asking
    config["order"] = tuple(dict.fromkeys(("source", "upper", name)))
    experiments = read_experiments(config)
    assert tell_labels_seen(experiments[name], experiments) == note


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"counts": (25, 0)}, r"different numbers in order, all the last, got \(25, 0\)"),
        ({"counts": ("all", 5)}, "different numbers in order"),
        ({"counts": (5, 5)}, "different numbers in order"),
        ({"counts": (-1,)}, "budget.counts must be a whole number of at least 0, or all; got -1"),
        ({"beside": ("sggan",)}, r"of upper on them \(source, city128_unlabelled\), got 'sggan'"),
        ({"beside": ("upper",)}, "got 'upper'"),
        ({"counts": (7,)}, "labels_7: real_labels, of which a batch holds 8, must be .* least 8"),
        ({"beside": ("self_training",), "order": ("self_training",)}, "got 'self_training'"),
    ],
)
def test_a_budget_that_cannot_be_done_is_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        with_budget(*read(**changes))


def test_half_of_an_odd_batch_is_refused():
    config, _ = read()
    config["experiments"]["upper"]["segment"]["train"]["batch_size"] = 5
    config["experiments"]["source"]["segment"]["train"]["batch_size"] = 5
    config["budget"]["beside"] = ("source",)
    with pytest.raises(
        InputError, match=r"source_labels_.* an even train.batch_size, got .* and 5"
    ):
        with_budget(config, read_experiments(config))


def test_half_a_batch_may_be_all_that_is_labelled():
    config, experiments = read(counts=(0, 8), beside=("source",))
    assert "source_labels_8" in with_budget(config, experiments)
    few = dataclasses.replace(experiments["source"], images=experiments["source"], real_labels=4)
    check_experiment(few)
    with pytest.raises(InputError, match=r"of which a batch holds 4, .* got 3"):
        check_experiment(dataclasses.replace(few, real_labels=3))
