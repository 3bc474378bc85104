"""A run that was stopped, in whatever way, ends as the one that was not: in every bit."""

import signal

import jax
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sggan_jax.config import Config
from sggan_jax.devices import pick_devices
from sggan_jax.methods import METHODS
from sggan_jax.train import parallel, setup
from sggan_jax.train.plan import make_plan, make_setup
from sggan_jax.train.signals import Stopped
from sggan_jax.train.state import init_state

# What a method needs beside the tiny configuration to show all it does within eight steps.
SMALL = {"data__class_groups": "ten", "train__pool_size": 0, "seg__width": 0.25}
SETTINGS = {
    "simgan": {"sim__refiner_steps": 2, "sim__dis_steps": 1, "sim__width": 2, "sim__dis_width": 3},
    "segmenter": SMALL | {"data__real": "", "data__scale_low": 0.8, "data__colour": 0.3},
    "self_training": SMALL,
    "cut": {"cut__width": 4, "cut__patches": 8},
    "fcns_in_the_wild": SMALL | {"fcns_in_the_wild__dis_width": 4, "fcns_in_the_wild__history": 3},
}

TRAINED = sorted(METHODS)


def ask_to_stop(at):
    def how(step, state, metrics, batch):
        if step == at:
            signal.raise_signal(signal.SIGTERM)
        return state, metrics

    return how


def break_off(at):
    def how(step, state, metrics, batch):
        if step == at:
            raise RuntimeError("as if killed")
        return state, metrics

    return how


def train_in_parts(config, workdir, runs, monkeypatch):
    """Train eight steps: asked to stop after 3, broken off after 7, and then to the end."""
    with monkeypatch.context() as patch:
        # Between two lines of the log and two checkpoints.
        runs.spoil(patch, ask_to_stop(at=3))
        with pytest.raises(Stopped, match="stopped by SIGTERM at step 3 of 8"):
            setup.train(config, workdir)
    assert [line["step"] for line in runs.lines(workdir)] == [2]
    assert runs.saved(workdir).state.step == 3
    with monkeypatch.context() as patch:
        runs.spoil(patch, break_off(at=7))
        with pytest.raises(RuntimeError, match="as if killed"):
            setup.train(config, workdir)
    assert runs.saved(workdir).state.step == 4
    setup.train(config, workdir)


def test_a_run_that_was_stopped_twice_ends_as_the_one_that_was_not(
    whole, tiny, runs, tmp_path, monkeypatch
):
    train_in_parts(tiny(), tmp_path, runs, monkeypatch)
    runs.assert_same(tmp_path, whole)
    assert points(tmp_path) == points(whole)


def points(workdir):
    """Read what TensorBoard shows of a run, without timings."""
    board = EventAccumulator(str(workdir / "tensorboard")).Reload()
    names = set(board.Tags()["scalars"]) - {"steps_per_second"}
    shown = {name: [(x.step, x.value) for x in board.Scalars(name)] for name in names}
    return shown | {
        name: [(x.step, x.encoded_image_string) for x in board.Images(name)]
        for name in board.Tags()["images"]
    }


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("method", TRAINED)
def test_so_does_a_run_of_every_method_and_on_two_devices(
    method, devices, tiny, runs, tmp_path, monkeypatch
):
    config = tiny(
        method=method,
        train__devices=devices,
        train__batch_size=devices,
        **SETTINGS.get(method, {}),
    )
    setup.train(config, tmp_path / "whole")
    train_in_parts(config, tmp_path / "parts", runs, monkeypatch)
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")


def test_several_steps_per_dispatch_continue_as_well(repaint, runs, tmp_path, monkeypatch):
    config = repaint(train__steps_per_dispatch=2, train__log_every=6, train__sample_every=6)
    setup.train(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        runs.spoil(patch, ask_to_stop(at=2))
        with pytest.raises(Stopped, match="at step 2 of 8"):
            setup.train(config, tmp_path / "parts")
    assert len(runs.saved(tmp_path / "parts").loop["buffer"]) == 2
    setup.train(config, tmp_path / "parts")
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")


@pytest.mark.slow
def test_a_batch_in_parts_continues_as_well(tiny, runs, tmp_path, monkeypatch):
    config = tiny(train__batch_size=4, train__accumulate=2)
    setup.train(config, tmp_path / "whole")
    train_in_parts(config, tmp_path / "parts", runs, monkeypatch)
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")


def test_a_state_of_one_device_fits_four_and_the_reverse(whole, runs):
    state = runs.saved(whole).state
    one, four = pick_devices(1), pick_devices(4)
    shard = parallel.to_host(parallel.to_devices(state, four, 1), four)
    back = parallel.to_host(parallel.to_devices(shard, one, 3), one)
    for other in (shard, back):
        same = jax.tree.map(np.array_equal, other.replace(pools={}), state.replace(pools={}))
        assert all(jax.tree.leaves(same.replace(rng=True)))
        assert jax.random.key_data(other.rng).tolist() == jax.random.key_data(state.rng).tolist()
    for name, pool in state.pools.items():
        np.testing.assert_array_equal(back.pools[name].filled, pool.filled)
        for x, y in zip(back.pools[name].items, pool.items, strict=True):
            np.testing.assert_array_equal(x, y)
        assert shard.pools[name].filled.tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("method", TRAINED)
def test_the_form_of_every_state_is_known_before_it_is_made(method, tiny, tmp_path):
    """A run that continues asks for it, to hold what a checkpoint gives against it."""
    settings = SETTINGS.get(method, {})
    config = Config.from_dict(tiny(method=method, **settings))
    plan = make_plan(make_setup(config, tmp_path), tmp_path, 1)
    letters = "v" if "data__real" in settings else "vr"
    batch = {x: jax.ShapeDtypeStruct((1, 16, 32, 3), np.uint8) for x in letters}
    batch |= {f"lab_{x}": jax.ShapeDtypeStruct((1, 16, 32), np.uint8) for x in letters}
    form = jax.eval_shape(lambda: init_state(plan.method, plan.recipe, 0, batch))
    assert set(form.params) >= set(plan.method.adapters.values())
