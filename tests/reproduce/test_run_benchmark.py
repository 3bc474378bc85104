"""The order of work, what is left out, and what becomes of an experiment that fails."""

import types
from pathlib import Path

import pytest

from sggan_jax.config import Config, Data, Semantic, Train
from sggan_jax.data.lists import read_list
from sggan_jax.reproduce import jobs
from sggan_jax.reproduce.experiment import Paths, read_experiments
from sggan_jax.reproduce.jobs import Benchmark
from sggan_jax.reproduce.run_benchmark import run_benchmark
from sggan_jax.types import InputError

CONFIG = {
    "source": "source",
    "upper": "upper",
    "judge": "",
    "adapt_steps": 7,
    "segment_steps": 0,
    "adapt_seeds": (3, 4),
    "segment_seeds": (0,),
    "splits": ("val",),
    "score_size": "training",
}
NET = {"method": "segmenter", "train": {"steps": 5, "batch_size": 8}, "semantic": {"teacher": ""}}
ASKING = NET | {"semantic": {"teacher": "source"}}


def fields(**changes):
    empty = {"adapt": {}, "colour_transfer": "", "segment": NET, "images": "", "real_labels": 0}
    plain = {"title": "", "domain": "virtual", "predicted": False, "paper": ""}
    return empty | plain | changes


def read(**experiments):
    upper = fields(domain="real", real_labels="all")
    experiments = {"source": fields(), "upper": upper} | experiments
    return read_experiments(CONFIG | {"experiments": experiments, "order": tuple(experiments)})


class Diary:
    """A benchmark that notes what is asked of it."""

    def __init__(self, experiments, breaks=()):
        self.config, self.experiments, self.breaks, self.done = CONFIG, experiments, breaks, []
        self.paths = Paths(Path("runs"))
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
        *[("score_kept", "source", 0, 0), ("measure_images", "source", 0)],
        *[("score_kept", "game", 3, 0), ("measure_images", "game", 3)],
        *[("score_kept", "tint", 0, 0), ("measure_images", "tint", 0)],
        *[("score_kept", "game", 4, 0), ("measure_images", "game", 4)],
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
    # The network of real labels says what the images kept: it is trained before all else.
    assert {entry[1] for entry in diary.done} == {"virtual", "real", "game", "upper"}
    assert diary.done[2] == ("train_segmenter", "upper", 0, 0)
    with pytest.raises(InputError, match=r"no experiment \['gmae'\]; there are"):
        run_benchmark(diary, only=("gmae",))


def test_a_judge_is_trained_and_says_what_images_keep():
    judge = fields(domain="real", real_labels="all")
    diary = Diary(read(game=fields(adapt=NET), judge=judge))
    diary.config = CONFIG | {"judge": "judge"}
    run_benchmark(diary, only=("game",))
    trained = diary.done.index(("train_segmenter", "judge", 0, 0))
    assert trained < diary.done.index(("score_judged", "game", 3))
    assert [entry for entry in diary.done if entry[0] == "score_judged"] == [
        *[("score_judged", "game", 3), ("score_judged", "game", 4)]
    ]
    with pytest.raises(InputError, match="judge must name an experiment, or be empty; got 'jugde'"):
        read_experiments(
            CONFIG
            | {"experiments": {"source": fields(), "upper": judge}, "order": ("source", "upper")}
            | {"judge": "jugde"}
        )


def test_predicted_labels_are_made_before_they_are_used():
    diary = Diary(read(game=fields(adapt=NET, predicted=True)))
    run_benchmark(diary, only=("game",))
    work = [entry[:2] for entry in diary.done]
    turn = work.index(("predict_labels",))
    assert work[turn + 1] == ("train_adapter", "game")
    assert ("train_segmenter", "source") in work[:turn]


def test_a_teacher_is_trained_before_it_is_asked():
    diary = Diary(read(game=fields(adapt=ASKING)))
    run_benchmark(diary, only=("game",))
    assert diary.done[4:6] == [("train_teacher", "game"), ("train_adapter", "game", 3)]
    own = Diary(read(game=fields(adapt=NET | {"semantic": {"teacher": "runs/seg"}})))
    run_benchmark(own, only=("game",))
    assert own.done[4] == ("train_adapter", "game", 3)  # a run directory of the user's own


def test_the_teacher_is_the_first_network_of_its_experiment(tmp_path, monkeypatch):
    benchmark = Benchmark.__new__(Benchmark)
    benchmark.data = Data()
    benchmark.config = CONFIG
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


def test_images_of_another_experiment_are_made_once_and_learned_from():
    experiments = read(
        few=fields(images="game", real_labels=25, title="{images}, 25"),
        game=fields(adapt=NET, title="a game"),
        again=fields(images="game"),
    )
    assert list(experiments) == ["source", "upper", "few", "game", "again"]
    assert experiments["few"].title == "a game, 25"
    paths = Paths(Path("runs"))
    assert paths.dataset(experiments["few"], 4) == Path("runs/game/adapted_4")
    assert paths.dataset(experiments["game"], 4) == Path("runs/game/adapted_4")
    diary = Diary(experiments)
    run_benchmark(diary, only=("few", "again"))
    first = [entry for entry in diary.done if entry[-1] != 4 and 4 not in entry]
    assert first == [
        *[("unpack", "virtual"), ("unpack", "real"), ("list_labelled", 25, 0)],
        *[("train_adapter", "game", 3), ("make_dataset", "game", 3)],
        *[("train_segmenter", "few", 3, 0), ("score_real", "few", 3, 0, "val")],
        *[("train_segmenter", "again", 3, 0), ("score_real", "again", 3, 0, "val")],
    ]
    assert diary.done.count(("make_dataset", "game", 4)) == 1


def test_an_adaptation_adapts_what_another_experiment_made():
    experiments = read(
        again=fields(images="game"),
        game=fields(adapt=NET, images="tint", title="{images}, then a game"),
        tint=fields(colour_transfer="fourier", title="a tint"),
    )
    assert experiments["game"].title == "a tint, then a game"
    assert [one.name for one in experiments["again"].stages] == ["tint", "game"]
    paths = Paths(Path("runs"))
    assert paths.source(experiments["game"], 4) == Path("runs/tint/adapted_0")
    assert paths.dataset(experiments["again"], 4) == Path("runs/game/adapted_4")
    diary = Diary(experiments)
    run_benchmark(diary, only=("again", "game"))
    made = [entry for entry in diary.done if entry[0] in ("make_dataset", "train_adapter")]
    assert made == [
        *[("make_dataset", "tint", 0), ("train_adapter", "game", 3), ("make_dataset", "game", 3)],
        *[("train_adapter", "game", 4), ("make_dataset", "game", 4)],
    ]
    # What its images keep of their labels is scored, once for those that make them.
    kept = [entry[1:3] for entry in diary.done if entry[0] == "score_kept"]
    assert kept == [("game", 3), ("game", 4)]
    with pytest.raises(InputError, match="experiment more: images must be one of source, upper"):
        read(game=fields(adapt=NET, images="source"), more=fields(adapt=NET, images="game"))


def test_colours_are_moved_of_what_an_adaptation_made_for_every_seed_of_it(tmp_path, monkeypatch):
    experiments = read(
        game=fields(adapt=NET, title="a game"),
        lit=fields(colour_transfer="photograph_statistics", images="game", title="{images}, lit"),
        again=fields(images="lit"),
    )
    assert experiments["lit"].title == "a game, lit"
    paths = Paths(Path("runs"))
    assert paths.source(experiments["lit"], 4) == Path("runs/game/adapted_4")
    assert paths.dataset(experiments["again"], 4) == Path("runs/lit/adapted_4")
    diary = Diary(experiments)
    run_benchmark(diary, only=("again",))
    made = [entry for entry in diary.done if entry[0] in ("make_dataset", "train_segmenter")]
    assert made == [
        *[("make_dataset", "game", 3), ("make_dataset", "lit", 3)],
        *[("train_segmenter", "again", 3, 0)],
        *[("make_dataset", "game", 4), ("make_dataset", "lit", 4)],
        *[("train_segmenter", "again", 4, 0)],
    ]
    benchmark = Benchmark.__new__(Benchmark)
    benchmark.config, benchmark.paths = CONFIG | {"label_set": "ten"}, Paths(tmp_path)
    moved = []
    monkeypatch.setattr(jobs, "transfer_colours", lambda *args, **_: moved.append(args))
    benchmark.make_dataset(experiments["lit"], 4)
    folders = tmp_path / "game" / "adapted_4", tmp_path / "real", tmp_path / "lit" / "adapted_4"
    assert moved == [("photograph_statistics", *folders)]


def test_an_adaptation_trains_on_what_another_experiment_made(tmp_path, monkeypatch):
    benchmark = Benchmark.__new__(Benchmark)
    benchmark.data = Data(virtual="folder", virtual_dir="mine", virtual_table="gtav")
    benchmark.config = CONFIG
    tint = fields(colour_transfer="fourier")
    benchmark.experiments = read(tint=tint, game=fields(adapt=whole_config(""), images="tint"))
    benchmark.paths = Paths(tmp_path)
    asked = []
    monkeypatch.setattr(jobs, "train", lambda config, workdir: asked.append(config["data"]))
    monkeypatch.setattr(jobs, "load_adapter", lambda run: run)
    monkeypatch.setattr(jobs, "adapt_labelled", lambda *args, batch_size: asked.append(args))
    game = benchmark.experiments["game"]
    benchmark.train_adapter(game, 3)
    benchmark.make_dataset(game, 3)
    data, (adapter, source, target) = asked
    composed = tmp_path / "tint" / "adapted_0"
    assert (data["virtual"], data["virtual_dir"]) == ("folder", str(composed))
    assert data["virtual_table"] == "gtav"  # its ids are kept as they are
    assert (adapter, source) == (tmp_path / "game" / "adapter_3", composed)
    assert target == tmp_path / "game" / "adapted_3"


def segmenter_config(tmp_path, monkeypatch, experiment, **files):
    """What the segmentation network of an experiment is trained with."""
    benchmark = Benchmark.__new__(Benchmark)
    benchmark.data = benchmark.segment_data = Data(split="train", **files)
    benchmark.config = CONFIG | {"label_set": "ten"}
    segment = Config(method="segmenter", data=Data(real=""), train=Train(batch_size=8)).to_dict()
    benchmark.experiments = read(game=fields(adapt=NET), odd=fields(segment=segment, **experiment))
    benchmark.paths = Paths(tmp_path)
    names = [f"{k:02}" for k in range(40)]
    monkeypatch.setattr(Benchmark, "open", lambda self, domain: {"train": Names(names)})
    asked = []
    monkeypatch.setattr(jobs, "train", lambda config, workdir: asked.append(config))
    benchmark.train_segmenter(benchmark.experiments["odd"], 3, 1)
    return asked[0], benchmark


class Names(list):
    """A source of which nothing but the names is asked."""

    @property
    def names(self):
        return self


def test_real_labels_take_half_of_every_batch(tmp_path, monkeypatch):
    config, benchmark = segmenter_config(
        tmp_path, monkeypatch, {"images": "game", "real_labels": 25}, real_table="camvid"
    )
    Config.from_dict(config)
    data = config["data"]
    assert data["virtual_dir"] == str(tmp_path / "game" / "adapted_3")
    assert (data["real"], data["real_dir"]) == ("folder", str(tmp_path / "real"))
    assert data["real_table"] == "cityscapes"  # CamVid's ids are stored as Cityscapes'
    assert (config["seg"]["both_domains"], config["train"]["batch_size"]) == (True, 4)
    named = read_list(data["real_list"])
    assert len(set(named)) == 25
    # Of one seed fewer are among more; of another seed they are others.
    assert set(read_list(benchmark.list_labelled(10, 1))) < set(named)
    assert set(read_list(benchmark.list_labelled(25, 0))) != set(named)
    with pytest.raises(InputError, match="41 labelled real images are asked for, but train has 40"):
        benchmark.list_labelled(41, 0)


def test_real_labels_alone_take_the_whole_batch_and_are_the_same_images(tmp_path, monkeypatch):
    config, benchmark = segmenter_config(
        tmp_path, monkeypatch, {"domain": "real", "real_labels": 25}
    )
    assert (config["data"]["virtual_dir"], config["data"]["real"]) == (str(tmp_path / "real"), "")
    assert config["data"]["virtual_list"] == str(benchmark.list_labelled(25, 1))
    assert (config["seg"]["both_domains"], config["train"]["batch_size"]) == (False, 8)
    config, _ = segmenter_config(tmp_path, monkeypatch, {"domain": "real", "real_labels": "all"})
    assert config["data"]["virtual_list"] == ""


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
            "dataset_statistics, class_statistics, photograph_statistics, fourier",
        ),
        ({"colour_transfer": "fourier", "adapt": NET}, "more than one source"),
        ({"colour_transfer": "fourier", "domain": "real"}, "more than one source"),
        ({"domain": "moon"}, "experiment odd: domain must be"),
        ({"adapt": NET, "colour_transfer": "fourier", "images": "source"}, "more than one source"),
        ({"images": "upper", "domain": "real"}, "more than one source"),
        ({"images": "odd"}, "experiment odd: images must be one of source, upper, which make"),
        (
            {"domain": "real"},
            "real_labels must be a whole number of at least 1, or all; got 0",
        ),
        ({"real_labels": -3}, "odd: real_labels must be a whole number of at least 0, or all; got"),
        ({"real_labels": 2, "segment": NET | {"train": {"batch_size": 5}}}, "got segmenter and 5"),
        ({"real_labels": 2, "segment": NET | {"method": "simgan"}}, "even .* got simgan and 8"),
    ],
)
def test_refuses_rungs_that_make_no_sense(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        read(odd=fields(**changes))
