"""Optax mixes types on purpose, so training runs under the standard promotion."""

import dataclasses
import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from sggan_jax import methods
from sggan_jax.losses.reconstruction import absolute_error
from sggan_jax.methods.base import Method, OptimiserGroup
from sggan_jax.runs.description import read_run
from sggan_jax.train import parallel, setup
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.plan import make_plan, make_setup
from sggan_jax.train.state import init_state
from sggan_jax.types import to_float


@pytest.fixture(autouse=True, scope="module")
def _standard_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="session")
def runs():
    """Functions to look at run directories, and to let something happen to a run."""
    return SimpleNamespace(saved=saved, assert_same=assert_same, lines=read_lines, spoil=spoil)


@pytest.fixture(scope="session")
def whole(tiny, tmp_path_factory):
    """The directory of a finished run of 8 steps; not to be changed."""
    workdir = tmp_path_factory.mktemp("runs") / "whole"
    with jax.numpy_dtype_promotion("standard"):
        setup.train(tiny(), workdir)
    return workdir


@pytest.fixture
def repaint(tiny, monkeypatch):
    """Return a function to configurations of a method, for a segmenter's, that compiles quickly."""
    monkeypatch.setattr(methods, "METHODS", {"segmenter": make_repainter})
    base = {"method": "segmenter", "data__real": "", "data__toycity_train": 12}
    base |= {"optim__kind": "sgd", "optim__b1": 0.0, "optim__learning_rate": 0.1}
    return lambda **changes: tiny(**base | changes)


def make_repainter(config, class_groups, steps_per_epoch):
    """A method of one domain: one gain a channel, learnt to give the image back."""

    def preprocess(batch, rng):
        return {"v": to_float(batch["v"]), "lab_v": batch["lab_v"]}

    def forward(params, tensors, rng):
        return {"painted": tensors["v"] * params["gain"].reshape(1, 1, 1, 3)}

    def terms(params, tensors):
        return {"rec_v": absolute_error(tensors["v"], tensors["painted"])}

    return Method(
        modules={},
        init=lambda rng: {"gain": np.full(3, 0.5, np.float32)},
        preprocess=preprocess,
        forward=forward,
        generators=("gain",),
        optimiser_groups={"samples": OptimiserGroup(("gain",), terms)},
        weights={"rec_v": 1.0},
        adapters={"v2r": "gain"},
        grids=(("v", "lab_v", "painted"),),
    )


def saved(workdir):
    """Read the newest checkpoint of a run: state, data position, state of the loop."""
    run = read_run(workdir)
    plan = make_plan(make_setup(run.settings, workdir), workdir, run.steps_per_epoch)
    local = run.config["train"]["batch_size"] // len(plan.devices)
    images = {name: jax.ShapeDtypeStruct((local, 16, 32, 3), np.uint8) for name in ("v", "r")}
    labels = {f"lab_{name}": jax.ShapeDtypeStruct((local, 16, 32), np.uint8) for name in ("v", "r")}
    like = jax.eval_shape(lambda: init_state(plan.method, plan.recipe, 0, images | labels))
    with Checkpoints(workdir, plan.method) as checkpoints:
        return checkpoints.restore(like)


def assert_same(run, other):
    """Compare all that two runs left, save timings."""
    a, b = saved(run), saved(other)
    assert (a.data, a.loop) == (b.data, b.loop)
    a, b = (x.state.replace(rng=jax.random.key_data(x.state.rng)) for x in (a, b))
    for (path, x), y in zip(
        jax.tree_util.tree_leaves_with_path(a), jax.tree.leaves(b), strict=True
    ):
        name = jax.tree_util.keystr(path)
        assert (x.dtype, x.tobytes()) == (y.dtype, y.tobytes()), name
    assert read_lines(run) == read_lines(other)
    pictures = [
        {path.name: path.read_bytes() for path in (x / "samples").iterdir()} for x in (run, other)
    ]
    assert pictures[0] == pictures[1]


def read_lines(workdir):
    """Read what was logged, without timings."""
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "steps_per_second"} for line in lines]


def spoil(monkeypatch, how):
    """Pass the state and metrics of every step through ``how(step, state, metrics, batch)``."""
    make = parallel.make_trainer

    def make_spoiled(*args):
        trainer = make(*args)

        def run(state, batch):
            state, metrics = trainer.run(state, batch)
            return how(int(np.ravel(state.step)[0]), state, metrics, batch)

        return dataclasses.replace(trainer, run=run)

    monkeypatch.setattr(setup.parallel, "make_trainer", make_spoiled)
