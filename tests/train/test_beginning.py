"""A run that begins with another's networks: which, from where, and what stays its own."""

import dataclasses
import json
import shutil

import jax
import numpy as np
import pytest

from sggan_jax.runs.checksums import name_arrays
from sggan_jax.runs.description import read_run
from sggan_jax.runs.networks import read_parameters, write_networks
from sggan_jax.train import setup
from sggan_jax.types import InputError

STILL = {"train__steps": 1, "optim__learning_rate": 1e-30, "train__ema": 0.0}
"""One step that moves nothing that float32 can show."""


def assert_same(tree, other):
    a, b = name_arrays(tree), name_arrays(other)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_networks_of_another_size_of_image_are_taken_averages_first(whole, tiny, tmp_path, capsys):
    config = tiny(**STILL, data__height=24, seed=3)
    setup.train(config, tmp_path, init=str(whole))
    before, after = read_parameters(whole), read_parameters(tmp_path)
    assert before.step == 8
    assert len(before.params) > 2  # discriminators too
    assert_same(after.params, before.params)
    assert read_run(tmp_path).begun_from == f"{whole}:8"
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["init"]
    assert events[0]["sentence"] in capsys.readouterr().out
    assert events[0]["sentence"].endswith(f" of {whole}:8")


def test_a_step_can_be_named_and_what_does_not_fit_begins_anew(whole, tiny, tmp_path, capsys):
    config = tiny(**STILL, nets__dis_width=4)
    setup.train(config, tmp_path, init=f"{whole}:4")
    before, after = read_parameters(whole, 4), read_parameters(tmp_path)
    assert read_run(tmp_path).begun_from == f"{whole}:4"
    shapes = jax.tree.map(np.shape, after.params)
    for name in ("g_v2r", "g_r2v"):
        assert_same(after.params[name], before.params[name])
    others = set(before.params) - {"g_v2r", "g_r2v"}
    assert all(shapes[name] != jax.tree.map(np.shape, before.params[name]) for name in others)
    told = capsys.readouterr().out
    assert all(f"{name} begins anew (" in told for name in others)


def test_a_run_continues_without_the_one_it_began_from(whole, tiny, runs, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(whole, other)
    setup.train(tiny(train__steps=4), tmp_path / "run", init=str(other))
    shutil.rmtree(other)
    setup.train(tiny(), tmp_path / "run")
    assert runs.saved(tmp_path / "run").state.step == 8
    assert read_run(tmp_path / "run").begun_from == f"{other}:8"
    with pytest.raises(InputError, match="leave --init out to continue it"):
        setup.train(tiny(), tmp_path / "run", init=f"{other}:4")
    with pytest.raises(InputError, match="holds a run that began from nothing"):
        setup.train(tiny(), whole, init=str(other))


def test_a_run_of_which_nothing_fits_is_refused(whole, tiny, tmp_path):
    config = tiny(nets__width=3, nets__dis_width=4)
    with pytest.raises(InputError, match=r"no network of .*whole:8 fits this run"):
        setup.train(config, tmp_path / "run", init=str(whole))
    with pytest.raises(InputError, match="is not a run directory"):
        setup.train(config, tmp_path / "run", init=str(tmp_path))
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_run_of_a_generator_alone_serves_by_its_direction(whole, tiny, tmp_path):
    run, params = read_run(whole), read_parameters(whole).params["g_v2r"]
    alone = dataclasses.replace(
        run, config={}, networks={"pth": run.networks["g_v2r"]}, adapts={"v2r": "pth"}
    )
    write_networks(tmp_path / "imported", alone, {"pth": {"params": params}}, step=0)
    setup.train(tiny(**STILL), tmp_path / "run", init=str(tmp_path / "imported"))
    after = read_parameters(tmp_path / "run").params
    assert_same(after["g_v2r"], params)
    events = (tmp_path / "run" / "events.jsonl").read_text()
    assert f"begins with g_v2r of {tmp_path / 'imported'}:0; d_r begins anew (not there)" in events
