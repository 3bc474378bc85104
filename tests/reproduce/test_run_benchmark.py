"""The order of work, what is left out, and what becomes of an experiment that fails."""

import types

import pytest

from sggan_jax.config import Config, Semantic
from sggan_jax.reproduce import jobs
from sggan_jax.reproduce.experiment import Paths, read_experiments
from sggan_jax.reproduce.jobs import Benchmark
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
NET = {"train": {"steps": 5}, "semantic": {"teacher": ""}}
ASKING = NET | {"semantic": {"teacher": "source"}}


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


def test_a_teacher_is_trained_before_it_is_asked():
    diary = Diary(read(game=fields(adapt=ASKING)))
    run_benchmark(diary, only=("game",))
    assert diary.done[2:4] == [("train_teacher", "game"), ("train_adapter", "game", 3)]
    own = Diary(read(game=fields(adapt=NET | {"semantic": {"teacher": "runs/seg"}})))
    run_benchmark(own, only=("game",))
    assert own.done[2] == ("train_adapter", "game", 3)  # a run directory of the user's own


def test_the_teacher_is_the_first_network_of_its_experiment(tmp_path, monkeypatch):
    benchmark = Benchmark.__new__(Benchmark)
    benchmark.config = CONFIG | {"data": {key: "" for key in jobs._SHARED}}
    benchmark.experiments = read(game=fields(adapt=whole_config("source")))
    benchmark.paths = Paths(tmp_path)
    asked = []
    monkeypatch.setattr(jobs, "train", lambda config, workdir: asked.append((config, workdir)))
    benchmark.train_adapter(benchmark.experiments["game"], 3)
    ((config, workdir),) = asked
    assert config["semantic"]["teacher"] == str(tmp_path / "source" / "segmenter_0_0")
    assert workdir == tmp_path / "game" / "adapter_3"


def whole_config(teacher):
    return Config(semantic=Semantic(teacher=teacher)).to_dict()


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
