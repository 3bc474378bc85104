"""Examples that cannot be read: named, replaced, counted, and the same after a resume."""

import os

import pytest

from sggan_jax.config import Config
from sggan_jax.data.domains import open_training
from sggan_jax.data.sources import PreparedSource
from sggan_jax.train import setup
from sggan_jax.train.faults import EventLog
from sggan_jax.types import InputError

BUDGET = {"data__max_bad_fraction": 0.25, "train__steps": 24, "train__checkpoint_every": 6}


@pytest.fixture
def unreadable(monkeypatch):
    """A set of indices that cannot be read for as long as they are in it."""
    bad = set()
    read = PreparedSource.__getitem__

    def read_or_fail(source, index):
        if index in bad:
            raise OSError(f"image file {index} is truncated")
        return read(source, index)

    monkeypatch.setattr(PreparedSource, "__getitem__", read_or_fail)
    return bad


def entries(workdir):
    return [x for x in EventLog(workdir).entries if x["event"] == "unreadable"]


def test_an_unreadable_example_is_named_and_replaced_and_the_run_goes_on(
    repaint, runs, tmp_path, unreadable, capsys
):
    unreadable |= {0, 5}
    config = repaint(**BUDGET)
    source, _ = open_training(Config.from_dict(config))
    setup.train(config, tmp_path)
    assert runs.saved(tmp_path).state.step == 24
    expected = {source.names[0]: "image file 0 is truncated", source.names[5]: "image file 5"}
    found = {x["name"]: x["why"] for x in entries(tmp_path)}
    assert found.keys() == expected.keys()
    assert all(found[name].startswith(why) for name, why in expected.items())
    told = capsys.readouterr().err
    assert told.count("of the virtual domain cannot be read (") == 2


def test_more_than_the_budget_stop_the_run_with_their_list(repaint, tmp_path, unreadable):
    unreadable |= {0, 5, 7, 9}
    with pytest.raises(InputError) as refusal:
        setup.train(repaint(**BUDGET), tmp_path)
    told = str(refusal.value)
    assert "4 of 12 examples of the virtual domain cannot be read" in told
    assert "data.max_bad_fraction = 0.25" in told
    for index in (0, 5, 7, 9):
        assert f"image file {index} is truncated" in told


def test_a_run_that_continues_skips_the_same_though_they_can_be_read_again(
    repaint, runs, tmp_path, unreadable, monkeypatch
):
    """A network file system comes back; the run ends as the one that was not stopped."""
    config = repaint(**BUDGET)
    unreadable |= {0, 5}
    setup.train(config, tmp_path / "whole")

    def break_off(step, state, metrics, batch):
        if step == 20:
            raise RuntimeError("as if killed")
        return state, metrics

    with monkeypatch.context() as patch:
        runs.spoil(patch, break_off)
        with pytest.raises(RuntimeError, match="as if killed"):
            setup.train(config, tmp_path / "parts")
    assert len(entries(tmp_path / "parts")) == 2
    unreadable.clear()
    setup.train(config, tmp_path / "parts")
    assert len(entries(tmp_path / "parts")) == 2
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")


def test_a_damaged_file_of_prepared_data_is_found(repaint, tmp_path):
    """Record files have checksums: a flipped bit costs a block of examples, never a wrong pixel."""
    config = repaint(data__data_dir=str(tmp_path / "data"), **BUDGET)
    open_training(Config.from_dict(config))
    (file,) = (tmp_path / "data").rglob("*train*array_record*")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match="Corrupted"):
        setup.train(config, tmp_path / "run")
    assert os.listdir(tmp_path / "run") != []
