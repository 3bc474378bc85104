"""Training end to end on six tiny scenes: files, resume, refusals."""

import json

import jax
import numpy as np
import pytest
from PIL import Image

from sggan_jax import methods
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods.base import Method, Player
from sggan_jax.train import loop, parallel
from sggan_jax.train.checkpoint import Checkpoints, read_run, restore_network
from sggan_jax.train.log import NonFiniteError
from sggan_jax.train.state import init_state
from sggan_jax.types import InputError, to_float


def saved(workdir):
    """Read the newest checkpoint of a run: state and data position."""
    run = read_run(workdir)
    plan = loop.make_plan(run.config, workdir, run.steps_per_epoch)
    images = {name: jax.ShapeDtypeStruct((1, 16, 32, 3), np.uint8) for name in ("v", "r")}
    labels = {f"lab_{name}": jax.ShapeDtypeStruct((1, 16, 32), np.uint8) for name in ("v", "r")}
    like = jax.eval_shape(lambda: init_state(plan.method, plan.recipe, 0, images | labels))
    with Checkpoints(workdir, plan.method) as checkpoints:
        return checkpoints.restore(like)


def assert_same(a, b):
    a, b = (state.replace(rng=jax.random.key_data(state.rng)) for state in (a, b))
    for (path, x), y in zip(
        jax.tree_util.tree_leaves_with_path(a), jax.tree.leaves(b), strict=True
    ):
        np.testing.assert_array_equal(x, y, err_msg=jax.tree_util.keystr(path))


def read_lines(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "steps_per_second"} for line in lines]


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """Return the directory of a finished run of 8 steps."""
    workdir = tmp_path_factory.mktemp("runs") / "whole"
    loop.train(tiny(), workdir)
    return workdir


def test_a_run_leaves_logs_pictures_and_checkpoints(whole):
    assert [line["step"] for line in read_lines(whole)] == [2, 4, 6, 8]
    terms = {"adv_r", "adv_v", "cyc_v", "cyc_r", "grad_v", "grad_r", "dis_r", "dis_v"}
    assert set(read_lines(whole)[0]) == {"step"} | terms
    names = {path.name for path in (whole / "samples").iterdir()}
    assert {f"v_lab_v_fake_r_rec_v_000000{step}.png" for step in (0, 4, 8)} <= names
    # Two rows of four 16x32 pictures with gaps of two pixels.
    with Image.open(whole / "samples" / "v_lab_v_fake_r_rec_v_0000008.png") as picture:
        assert picture.size == (134, 34)
    assert list((whole / "tensorboard").iterdir())
    assert sorted(int(path.name) for path in (whole / "checkpoints").iterdir()) == [4, 8]
    assert read_run(whole).steps_per_epoch == 6


def test_a_stopped_and_resumed_run_equals_the_uninterrupted_one(whole, tiny, tmp_path, monkeypatch):
    spoil(monkeypatch, after=7, how=_interrupt)
    with pytest.raises(KeyboardInterrupt):
        loop.train(tiny(), tmp_path)
    monkeypatch.undo()
    assert saved(tmp_path)[0].step == 4
    loop.train(tiny(), tmp_path)
    assert_same(saved(tmp_path)[0], saved(whole)[0])
    assert saved(tmp_path)[1] == saved(whole)[1]
    assert read_lines(tmp_path) == read_lines(whole)


def spoil(monkeypatch, after, how):
    """Let something happen to the metrics of the step after so many good ones."""
    make = parallel.make_trainer

    def make_spoiled(*args):
        trainer = make(*args)
        left = iter(range(after))

        def run(state, batch):
            state, metrics = trainer.run(state, batch)
            return state, metrics if next(left, None) is not None else how(metrics)

        return parallel.Trainer(trainer.devices, run)

    monkeypatch.setattr(loop.parallel, "make_trainer", make_spoiled)


def _interrupt(metrics):
    raise KeyboardInterrupt


def test_a_finished_run_is_left_alone(whole, tiny, capsys):
    before = saved(whole)[0]
    loop.train(tiny(), whole)
    assert "finished: 8 of 8" in capsys.readouterr().out
    assert_same(saved(whole)[0], before)


def test_a_directory_with_other_settings_is_refused_by_name(whole, tiny):
    with pytest.raises(InputError, match=r"weights.grad_v 5.0 -> 1.0"):
        loop.train(tiny(weights__grad_v=1.0), whole)


def test_a_run_may_be_prolonged(whole, tiny, tmp_path):
    config = tiny(train__steps=2)
    loop.train(config, tmp_path)
    config["train"]["steps"] = 4
    loop.train(config, tmp_path)
    assert saved(tmp_path)[0].step == 4


def make_repainter(config, regions, steps_per_epoch):
    """A method of one domain: one gain a channel, learnt to give the image back."""

    def observe(batch, rng):
        return {"v": to_float(batch["v"]), "lab_v": batch["lab_v"]}

    def forward(params, views, rng):
        return {"painted": views["v"] * params["gain"].reshape(1, 1, 1, 3)}

    def terms(params, views):
        return {"rec_v": absolute_error(views["v"], views["painted"])}

    return Method(
        modules={},
        init=lambda rng: {"gain": np.full(3, 0.5, np.float32)},
        observe=observe,
        forward=forward,
        makers=("gain",),
        players={"painter": Player(("gain",), terms)},
        weights={"rec_v": 1.0},
        adapters={"v2r": "gain"},
        grids=(("v", "lab_v", "painted"),),
    )


def test_a_method_of_a_single_domain_trains_on_it_alone(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "METHODS", {"repainter": make_repainter})
    single = {"method": "repainter", "data__real": "", "data__virtual_count": 5}
    config = tiny(**single, train__batch_size=2, optim__learning_rate=1e-2, train__steps=4)
    loop.train(config, tmp_path)
    config["train"]["steps"] = 8
    loop.train(config, tmp_path)
    assert read_run(tmp_path).steps_per_epoch == 2
    losses = [line["rec_v"] for line in read_lines(tmp_path)]
    assert losses[-1] < losses[0]
    with Image.open(tmp_path / "samples" / "v_lab_v_painted_0000008.png") as picture:
        assert picture.size == (3 * 32 + 2 * 2, 2 * 16 + 2)


def test_images_are_altered_where_the_configuration_says_so(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "METHODS", {"repainter": make_repainter})
    seen = {}
    for name, change in {"plain": {}, "tinted": {"data__colour": 0.5}}.items():
        config = tiny(method="repainter", data__real="", train__steps=2, **change)
        loop.train(config, tmp_path / name)
        seen[name] = read_lines(tmp_path / name)[0]["rec_v"]
    assert seen["plain"] != seen["tinted"]


@pytest.mark.slow
def test_a_run_on_two_devices_moves_to_one_and_back(tiny, tmp_path):
    """Pools are dealt anew; nothing else depends on the number of devices."""
    both = {"train__batch_size": 2, "train__checkpoint_every": 2}
    for steps, devices in ((2, 2), (4, 1), (6, 2)):
        loop.train(tiny(train__steps=steps, train__devices=devices, **both), tmp_path)
        state = saved(tmp_path)[0]
        assert state.step == steps
        assert state.pools["fake_r"].items[0].shape[:2] == {1: (1, 3), 2: (2, 2)}[devices]


def test_a_term_that_is_not_finite_stops_the_run_and_is_not_saved(tiny, tmp_path, monkeypatch):
    spoil(monkeypatch, after=6, how=lambda metrics: metrics | {"cyc_v": np.array([np.nan])})
    with pytest.raises(NonFiniteError, match="step 7: cyc_v = nan"):
        loop.train(tiny(train__log_every=8, train__sample_every=8), tmp_path)
    assert saved(tmp_path)[0].step == 4


def test_only_the_generator_is_read_for_inference(whole):
    module, variables, step = restore_network(whole, "v2r")
    assert step == 8
    state = saved(whole)[0]
    jax.tree.map(np.testing.assert_array_equal, variables["params"], state.ema["g_v2r"])
    image = module.apply(variables, np.zeros((1, 16, 32, 3), np.float32))
    assert image.shape == (1, 16, 32, 3)
    assert restore_network(whole, "r2v", 4)[2] == 4


def test_what_a_run_does_not_have_is_refused(whole, tmp_path):
    with pytest.raises(InputError, match=r"adapts \['r2v', 'v2r'\], not 'up'"):
        restore_network(whole, "up")
    with pytest.raises(InputError, match=r"steps \[4, 8\], not 5"):
        restore_network(whole, "v2r", 5)
    with pytest.raises(InputError, match="not a run directory"):
        restore_network(tmp_path, "v2r")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"data__height": 18}, "multiples of 4"),
        ({"method": "magic"}, "config.method must be one of"),
        ({"nets__generator": "vit"}, "'unet' or 'resnet', got 'vit'"),
        ({"train__batch_size": 0}, "positive multiple of the 1 devices"),
        ({"train__devices": 9}, "asks for 9, but"),
        ({"train__log_every": 3, "train__steps_per_dispatch": 2}, "train.log_every must be"),
        ({"loss__grad_alpha": 1.5}, r"must lie in \[0, 1\], got 1.5"),
        ({"optim__learning_rate": 0.0}, "must be positive"),
        ({"optim__decay_from": 2.0}, r"must lie in \[0, 1\]"),
        ({"train__steps": -1}, "ask for -1 steps"),
        ({"data__regions": "nine"}, "nine"),
        ({"data__scale_low": 0.7}, "pads images with label 255, which .* as region 1"),
        ({"data__scale_high": 0.5}, "Scales from 1.0 to 0.5 are impossible"),
        ({"data__colour": -0.1}, r"Strength -0.1 of colour changes is outside"),
        ({"data__real": ""}, "data.real is empty, but this method needs a real domain"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(
    tiny, tmp_path, changes, sentence
):
    with pytest.raises(InputError, match=sentence):
        loop.train(tiny(**changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
