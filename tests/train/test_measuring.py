"""Measures in training: of images never trained on, without a trace in what is trained."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from sggan_jax import toycity
from sggan_jax.config import Config
from sggan_jax.data.builders.toycity import first_scene
from sggan_jax.data.domains import open_held_out, open_training
from sggan_jax.evaluate.features import Features
from sggan_jax.evaluate.measures import find_direction
from sggan_jax.runs.best import Best, read_best
from sggan_jax.runs.networks import read_network
from sggan_jax.runs.segmenter import Segmenter
from sggan_jax.train import measuring, setup
from sggan_jax.types import InputError

HELD = {"data__toycity_train": 24, "evaluate__count": 16}
MEASURED = HELD | {"evaluate__every": 3}


class Colours:
    """A feature network whose maps are the image itself, smaller and smaller."""

    def apply(self, variables, x):
        return [x[:, ::stride, ::stride] for stride in (2, 4, 8, 16, 32)]


@pytest.fixture(autouse=True)
def _features(monkeypatch):
    colours = Features("colours", Colours(), {})
    monkeypatch.setattr(measuring, "read_features_if_there", lambda *_: colours)


@pytest.fixture(scope="module")
def measured(tiny, tmp_path_factory):
    """The directory of a run with measures; not to be changed."""
    workdir = tmp_path_factory.mktemp("runs") / "measured"
    with pytest.MonkeyPatch.context() as patch:
        colours = Features("colours", Colours(), {})
        patch.setattr(measuring, "read_features_if_there", lambda *_: colours)
        setup.train(tiny(**MEASURED), workdir)
    return workdir


def read_measures(workdir):
    """Read the measures of a run, without timings."""
    lines = (workdir / "measures.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert all(entry.pop("seconds") > 0 for entry in entries)
    return entries


def test_held_out_images_are_in_no_batch_and_a_function_of_their_seed(tiny):
    config = Config.from_dict(tiny(**HELD))
    for source, domain in zip(open_training(config), ("virtual", "real"), strict=True):
        held_out = open_held_out(config, domain).names
        assert (len(held_out), len(source.names)) == (16, 8)
        assert not set(held_out) & set(source.names)
        other = Config.from_dict(tiny(**HELD, evaluate__seed=1))
        assert open_held_out(other, domain).names != held_out
        again = Config.from_dict(tiny(**HELD, seed=5))
        assert open_held_out(again, domain).names == held_out


def test_measures_are_taken_at_their_steps_and_at_the_end(measured):
    entries = read_measures(measured)
    assert [entry["step"] for entry in entries] == [3, 6, 8]
    for entry in entries:
        for name in entry.keys() - {"step"}:
            find_direction(name)  # every value is of a measure that is documented
        assert {"kid", "colour", "boundary", "change", "true_error"} <= entry.keys()
        assert 0 < entry["change"] < 255
        assert 0 < entry["true_error"] < 255


def test_a_run_with_measures_ends_as_the_one_without(measured, tiny, runs, tmp_path):
    setup.train(tiny(**HELD), tmp_path)
    assert not (tmp_path / "measures.jsonl").exists()
    runs.assert_same(measured, tmp_path)


def test_a_run_that_was_broken_off_has_the_same_measures(
    measured, tiny, runs, tmp_path, monkeypatch
):
    def break_off(step, state, metrics, batch):
        if step == 7:  # measured at 6, but the last checkpoint is of step 4
            raise RuntimeError("as if killed")
        return state, metrics

    with monkeypatch.context() as patch:
        runs.spoil(patch, break_off)
        with pytest.raises(RuntimeError, match="as if killed"):
            setup.train(tiny(**MEASURED), tmp_path)
    assert [entry["step"] for entry in read_measures(tmp_path)] == [3, 6]
    setup.train(tiny(**MEASURED), tmp_path)
    assert read_measures(tmp_path) == read_measures(measured)
    runs.assert_same(measured, tmp_path)


def test_the_true_error_is_that_of_the_other_look(tiny):
    config = Config.from_dict(tiny(**MEASURED))
    source = open_held_out(config, "virtual")
    name = source.names[3]
    scene = toycity.render(first_scene(0, "train", "virtual") + int(name[-5:]), 16, 32)
    np.testing.assert_array_equal(source[3]["image"], scene.virtual)
    truth = measuring._truth(config, source.names)
    np.testing.assert_array_equal(truth[3], scene.real)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"evaluate__every": 3}, "measures images that are held out, but none are"),
        (MEASURED | {"evaluate__fraction": 0.5}, "set one of them to 0"),
        (MEASURED | {"evaluate__images": 3}, "evaluate.images must be 0 or at least 16"),
        (MEASURED | {"evaluate__every": 3, "train__steps_per_dispatch": 2}, "evaluate.every must"),
    ],
)
def test_settings_that_measure_nothing_are_refused(tiny, changes, sentence):
    with pytest.raises(InputError, match=sentence):
        Config.from_dict(tiny(**changes))


def test_too_few_images_to_hold_out_are_told(tiny, tmp_path):
    with pytest.raises(InputError, match=r"evaluate\.count: 24 of the 24 images of the virtual"):
        setup.train(tiny(**MEASURED | {"evaluate__count": 24}), tmp_path)


def test_a_segmenter_is_scored_on_images_it_never_saw(tiny, tmp_path):
    small = {"data__class_groups": "ten", "train__pool_size": 0, "seg__width": 0.25}
    config = tiny(method="segmenter", data__real="", **MEASURED, **small)
    setup.train(config, tmp_path)
    entries = read_measures(tmp_path)
    assert [entry["step"] for entry in entries] == [3, 6, 8]
    assert all(0 <= entry["iou"] <= entry["agreement"] <= 1 for entry in entries)


@pytest.fixture
def validated(tiny, tmp_path):
    """Settings of a segmenter on a folder of 12 noisy streets, 4 of them in val."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (tmp_path / "data" / part).mkdir(parents=True)
    for k in range(12):
        labels = np.full((16, 32), 7, np.uint8)
        labels[: rng.integers(4, 12)] = 23
        image = np.where(labels[..., None] == 23, 150, 40) + rng.integers(0, 40, (16, 32, 3))
        for part, pixels in (("images", image), ("labels", labels)):
            path = tmp_path / "data" / part / f"{k:02}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    for split, names in (("train", range(8)), ("val", range(8, 12))):
        text = "".join(f"{k:02}\n" for k in names)
        (tmp_path / "data" / f"{split}.txt").write_text(text)
    small = {"data__class_groups": "ten", "train__pool_size": 0, "seg__width": 0.25}
    small |= {"data__virtual": "folder", "data__virtual_dir": str(tmp_path / "data")}
    small |= {"data__data_dir": str(tmp_path / "prepared"), "data__accept_labels": True}
    return tiny(method="segmenter", data__real="", train__sample_every=4, **small)


def test_a_segmenter_is_validated_as_it_trains_without_a_trace_in_it(
    validated, runs, tmp_path, monkeypatch, capsys
):
    setup.train(validated, tmp_path / "a")
    entries = read_measures(tmp_path / "a")
    assert [entry["step"] for entry in entries] == [4, 8]
    assert all(0 <= entry["iou"] <= entry["agreement"] <= 1 for entry in entries)
    told = capsys.readouterr().out
    assert "segmenter: 8 steps at 16x32 on 8 images (folder), to " in told
    assert "measuring on 4 images of the split val" in told
    assert told.index("compiling") < told.index("step 4/8") < told.index("measures at step 4: ")
    with monkeypatch.context() as patch:
        patch.setattr(setup, "make_measuring", lambda plan: None)
        setup.train(validated, tmp_path / "b")
    assert not (tmp_path / "b" / "measures.jsonl").exists()
    runs.assert_same(tmp_path / "a", tmp_path / "b")


def test_the_best_checkpoint_by_a_measure_is_kept_and_found(tiny, tmp_path):
    config = tiny(
        **HELD,
        evaluate__every=2,
        train__checkpoint_every=2,
        train__keep=1,
        train__keep_best=1,
        train__best_metric="boundary",
    )
    setup.train(config, tmp_path)
    values = {entry["step"]: entry["boundary"] for entry in read_measures(tmp_path)}
    best = max(values, key=lambda step: (values[step], step))
    assert read_best(tmp_path) == Best("boundary", values[best], best)
    kept = {int(path.name) for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {best, 8}
    assert read_network(tmp_path, "v2r", "best").step == best
    assert read_network(tmp_path, "v2r").step == 8


def test_a_run_ends_when_measures_no_longer_gain(tiny, tmp_path, monkeypatch, capsys):
    found = iter([{"grid": 3.0}, {"grid": 1.0}, {"grid": 1.0}, {"grid": 2.0}])
    monkeypatch.setattr(measuring.Measuring, "__call__", lambda self, state: next(found))
    settings = {"train__patience": 2, "train__best_metric": "grid", "train__keep_best": 1}
    config = tiny(**HELD, **settings, evaluate__every=1, train__steps=8)
    setup.train(config, tmp_path)
    told = capsys.readouterr().out
    assert "ended at step 4 of 8: grid has not gained for 2 measures" in told
    assert "best checkpoint: step 4, grid 2" in told
    assert f"next: python -m launch.adapt --run {tmp_path} --step=best" in told
    setup.train(config, tmp_path)  # measures nothing more
    assert "is finished: 4 of 8 steps are done" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train__best_metric": "kidd"}, "there is no measure 'kidd'"),
        ({"train__best_metric": "change"}, "describes and is neither better nor worse"),
        ({"train__best_metric": "boundary+grid"}, r"train\.best_metric: more of the score"),
        ({"train__best_metric": "boundary-0.1*grdi"}, "there is no measure 'grdi'"),
        ({"train__best_metric": "grid", "train__checkpoint_every": 4}, "a multiple of evaluate"),
        ({"train__best_metric": "cyc_v", "train__patience": 2}, "counts measures without gain"),
    ],
)
def test_a_choice_by_what_cannot_decide_is_refused(tiny, tmp_path, changes, sentence):
    settings = MEASURED | {"train__keep_best": 1, "train__checkpoint_every": 6} | changes
    with pytest.raises(InputError, match=sentence):
        setup.train(tiny(**settings), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_without_a_best_checkpoint_the_word_best_is_refused(measured):
    with pytest.raises(InputError, match="keeps no best checkpoint: it was trained without"):
        read_network(measured, "v2r", "best")


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("boundary+agreement", "'agreement', but evaluate.network names no segmentation network"),
        ("boundary-colour/unicorn", "'colour/unicorn', but measures are by "),
    ],
)
def test_a_choice_by_what_this_run_cannot_measure_is_refused(tiny, tmp_path, metric, sentence):
    settings = {"train__keep_best": 1, "train__checkpoint_every": 3, "train__best_metric": metric}
    with pytest.raises(InputError, match=sentence):
        setup.train(tiny(**MEASURED | settings), tmp_path / "run")
    assert not (tmp_path / "run" / "run.json").exists()


def test_the_best_checkpoint_by_a_score_is_kept_told_and_drawn(tiny, tmp_path, monkeypatch):
    # boundary - 0.1 grid: 0.3, 0.4, 0.35, 0.2; either alone would choose another step.
    found = [{"boundary": b, "grid": g} for b, g in ((0.4, 1), (0.6, 2), (0.65, 3), (0.7, 5))]
    taken = iter(found)
    monkeypatch.setattr(measuring.Measuring, "__call__", lambda self, state: next(taken))
    score = "boundary - 0.1*grid"
    best = {"train__keep_best": 1, "train__keep": 1, "train__best_metric": score}
    every = {"evaluate__every": 2, "train__checkpoint_every": 2, "train__patience": 3}
    setup.train(tiny(**HELD, **best, **every), tmp_path)
    assert read_best(tmp_path) == Best(score, pytest.approx(0.4), 4)
    html = (tmp_path / "index.html").read_text("utf-8")
    assert "boundary - 0.1*grid; more is better" in html
    assert "best: 0.4 at step 4" in html
    assert f"step 4: {score} 0.4" in html


def test_windows_are_shown_to_a_network_with_the_size_of_the_whole(tiny, monkeypatch):
    """Of images of 64x128 windows of 16x32 are measured: the network may know another scale."""
    names, ids = ("road", "sky"), np.zeros(256, np.uint8)
    network = Segmenter(Path("seg"), 1, None, {}, names, ids, ids[:2], scale=(32, 64))
    given = []
    monkeypatch.setattr(measuring, "load_segmenter", lambda run: network)
    monkeypatch.setattr(measuring, "_truth", lambda config, names: None)
    monkeypatch.setattr(
        measuring, "_read", lambda *_: (np.zeros((1, 16, 32, 3)), np.zeros((1, 16, 32), int), ())
    )
    monkeypatch.setattr(measuring, "read_features_if_there", lambda *_: None)
    monkeypatch.setattr(measuring, "prepare", lambda *arrays: given.append(arrays[6]))
    windows = {"data__stored_height": 64, "data__stored_width": 128, "evaluate__network": "seg"}
    config = Config.from_dict(tiny(**windows, evaluate__count=16))
    measuring._of_adapter(config, None, print, told=False)
    assert given[0].size_of((16, 32)) == (8, 16)


def test_a_network_that_is_told_gets_the_class_groups_of_held_out_images(tiny, monkeypatch):
    images, labels = np.full((1, 16, 32, 3), 9, np.uint8), np.full((1, 16, 32), 7, np.uint8)
    monkeypatch.setattr(measuring, "_read", lambda *_: (images, labels, ()))
    monkeypatch.setattr(measuring, "_truth", lambda config, names: None)
    monkeypatch.setattr(measuring, "read_features_if_there", lambda *_: None)
    monkeypatch.setattr(measuring, "prepare", lambda *_: None)
    groups = (0,) * 7 + (3,) + (0,) * 248
    run = SimpleNamespace(class_groups=groups, group_names=("road",))
    config = Config.from_dict(tiny(evaluate__count=16))
    given, *_ = measuring._of_adapter(config, run, print, told=True)
    np.testing.assert_array_equal(given[..., :3], images)
    assert (given[..., 3] == 3).all()
