"""The order of work, what is left out, and what becomes of an experiment that fails."""

import types

import pytest

from sggan_jax.reproduce.experiment import Paths, read_experiments
from sggan_jax.reproduce.run_benchmark import run_benchmark
from sggan_jax.types import InputError

CONFIG = {
    "source": "source",
    "upper": "upper",
    "adapt_steps": 7,
    "segment_steps": 0,
    "adapt_seeds": (3, 4),
    "segment_seeds": (0,),
    "splits": ("val",),
}
NET = {"train": {"steps": 5}}


def fields(**changes):
    empty = {"adapt": {}, "colour_transfer": "", "segment": NET, "domain": "virtual"}
    return {"title": "", "predicted": False, "paper": ""} | empty | changes


def read(**experiments):
    experiments = {"source": fields(), "upper": fields(domain="real")} | experiments
    return read_experiments(CONFIG | {"experiments": experiments, "order": tuple(experiments)})


class Diary:
    """A benchmark that notes what is asked of it."""

    def __init__(self, experiments, breaks=()):
        self.config, self.experiments, self.breaks, self.done = CONFIG, experiments, breaks, []
        self.paths = Paths(None)
        self.data = types.SimpleNamespace(virtual="folder", real="folder")

    def __getattr__(self, work):
        def note(*args):
            entry = (work, *(getattr(x, "name", x) for x in args))
            if entry[:2] in self.breaks:
                raise InputError("no luck")
            self.done.append(entry)

        return note


def test_upper_bound_first_then_every_rung_one_seed_then_the_next():
    diary = Diary(read(game=fields(adapt=NET), tint=fields(colour_transfer="fourier")))
    assert run_benchmark(diary) == {}
    assert diary.done == [
        *[("unpack", "virtual"), ("unpack", "real")],
        *[("train_segmenter", "upper", 0, 0), ("score_real", "upper", 0, 0, "val")],
        *[("train_segmenter", "source", 0, 0), ("score_real", "source", 0, 0, "val")],
        *[("train_adapter", "game", 3), ("make_dataset", "game", 3)],
        *[("train_segmenter", "game", 3, 0), ("score_real", "game", 3, 0, "val")],
        *[("make_dataset", "tint", 0)],
        *[("train_segmenter", "tint", 0, 0), ("score_real", "tint", 0, 0, "val")],
        *[("train_adapter", "game", 4), ("make_dataset", "game", 4)],
        *[("train_segmenter", "game", 4, 0), ("score_real", "game", 4, 0, "val")],
        *[("score_kept", "source", 0, 0), ("score_kept", "game", 3, 0)],
        *[("score_kept", "tint", 0, 0), ("score_kept", "game", 4, 0)],
    ]


def test_a_failed_rung_says_why_and_the_others_go_on():
    experiments = read(game=fields(adapt=NET), tint=fields(colour_transfer="fourier"))
    diary = Diary(experiments, breaks=[("train_adapter", "game")])
    assert run_benchmark(diary) == {"game": "train adaptation, seed 3: no luck"}
    assert not [entry for entry in diary.done if entry[1] == "game"]
    assert ("score_kept", "tint", 0, 0) in diary.done


def test_only_some_experiments():
    diary = Diary(read(game=fields(adapt=NET)))
    run_benchmark(diary, only=("game",))
    assert {entry[1] for entry in diary.done} == {"virtual", "real", "game"}
    with pytest.raises(InputError, match=r"no experiment \['gmae'\]; there are"):
        run_benchmark(diary, only=("gmae",))


def test_predicted_labels_are_made_before_they_are_used():
    diary = Diary(read(game=fields(adapt=NET, predicted=True)))
    run_benchmark(diary, only=("game",))
    assert diary.done[2:4] == [("predict_labels",), ("train_adapter", "game", 3)]


def test_steps_of_the_ladder_are_those_of_every_rung():
    game = read(game=fields(adapt=NET))["game"]
    assert game.adapt["train"]["steps"] == 7  # adapt_steps
    assert game.segment["train"]["steps"] == 5  # segment_steps is 0: its own


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"colour_transfer": "sepia"},
            "experiment odd: colour_transfer must be one of identity, statistics, "
            "class_statistics, fourier",
        ),
        ({"colour_transfer": "fourier", "adapt": NET}, "more than one source"),
        ({"colour_transfer": "fourier", "domain": "real"}, "more than one source"),
        ({"domain": "moon"}, "experiment odd: domain must be"),
    ],
)
def test_refuses_rungs_that_make_no_sense(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        read(odd=fields(**changes))
