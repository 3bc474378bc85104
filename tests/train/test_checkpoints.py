"""Checkpoints that are damaged, half written, half removed, old, or too large for the disk."""

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

from sggan_jax.runs.folder import complete_steps
from sggan_jax.runs.networks import read_network
from sggan_jax.train import setup
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.faults import NonFiniteError
from sggan_jax.train.state import TrainState
from sggan_jax.types import InputError


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


# Orbax leaves coroutines behind when it fails.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
DAMAGES = (truncate, flip_a_bit, Path.unlink)


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of a finished run with checkpoints of steps 4 and 8, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def largest(folder):
    return max((x for x in folder.rglob("*") if x.is_file()), key=lambda x: x.stat().st_size)


def steps(workdir):
    return sorted(path.name for path in (workdir / "checkpoints").iterdir())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_set_aside_and_the_one_before_used(
    copy, runs, capsys, damage
):
    damage(largest(copy / "checkpoints" / "8" / "train"))
    assert runs.saved(copy).state.step == 4
    told = capsys.readouterr().err
    assert "warning: checkpoint 8 is damaged (" in told
    assert f"lies in {copy}/damaged/8, and checkpoint 4 is used instead" in told
    assert (steps(copy), os.listdir(copy / "damaged")) == (["4"], ["8"])


def test_a_run_goes_on_from_the_checkpoint_before_to_the_same_end(copy, whole, tiny, runs):
    flip_a_bit(largest(copy / "checkpoints" / "8" / "train"))
    setup.train(tiny(), copy)
    runs.assert_same(copy, whole)
    # What was set aside stays when the same happens again.
    truncate(largest(copy / "checkpoints" / "8" / "generators"))
    assert runs.saved(copy).state.step == 4
    assert sorted(os.listdir(copy / "damaged")) == ["8", "8-1"]


def test_without_a_sound_checkpoint_all_stay_where_they_are(copy, runs):
    for step in ("4", "8"):
        flip_a_bit(largest(copy / "checkpoints" / step / "generators"))
    with pytest.raises(InputError, match=r"no checkpoint in .* can be used \(8: .*; 4: .*\)"):
        runs.saved(copy)
    with pytest.raises(InputError, match="restore one from a backup"):
        read_network(copy, "v2r")
    assert steps(copy) == ["4", "8"]


def test_inference_verifies_and_moves_nothing(copy, capsys):
    sound = read_network(copy, "v2r", 4)[1]
    flip_a_bit(largest(copy / "checkpoints" / "8" / "generators"))
    _, variables, step = read_network(copy, "v2r")
    assert step == 4
    jax.tree.map(np.testing.assert_array_equal, variables, sound)
    assert "checkpoint 8 of" in capsys.readouterr().err
    with pytest.raises(InputError, match="8: "):
        read_network(copy, "v2r", 8)
    assert steps(copy) == ["4", "8"]


def test_inference_does_not_mind_damage_to_what_it_does_not_read(copy):
    flip_a_bit(largest(copy / "checkpoints" / "8" / "train"))
    assert read_network(copy, "v2r")[2] == 8


def test_networks_alone_adapt_and_are_not_trained_further(copy, tiny):
    before = read_network(copy, "v2r").variables
    for step in ("4", "8"):
        shutil.rmtree(copy / "checkpoints" / step / "train")
    jax.tree.map(np.testing.assert_array_equal, read_network(copy, "v2r").variables, before)
    with pytest.raises(InputError, match=r"checkpoints/8 holds networks alone"):
        setup.train(tiny(train__steps=12), copy)
    assert steps(copy) == ["4", "8"]


def test_a_checkpoint_of_other_networks_is_refused_and_not_taken_for_damaged(copy, tiny):
    with pytest.raises(InputError, match=r"checkpoints do not fit another nets\.width"):
        setup.train(tiny(nets__width=4, train__steps=12), copy, allow=("nets",))
    assert steps(copy) == ["4", "8"]
    assert json.loads((copy / "run.json").read_text())["config"]["nets"]["width"] == 2


# --- Written by hand, with a state of one number. -------------------------------------------------


METHOD = SimpleNamespace(adapters={"v2r": "g"})


def make_state(step, value=0.0, size=1):
    return TrainState(
        step=np.int32(step),
        params={"g": np.full(size, value, np.float32)},
        stats={},
        opt={},
        pools={},
        ema={},
        rng=jax.random.key(0),
    )


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_any_file_is_found_or_changes_nothing(tmp_path, damage):
    """Orbax keeps some files that nobody reads, such as a second copy of where its arrays lie."""
    newest, backup = tmp_path / "checkpoints/2", tmp_path / "backup"
    with Checkpoints(tmp_path, METHOD) as checkpoints:
        for step in (1, 2):
            checkpoints.save(make_state(step, 0.5, 999), {"position": step}, {"logged": {}})
        checkpoints.wait()
        shutil.copytree(newest, backup)
        files = [x.relative_to(newest) for x in newest.rglob("*") if x.is_file()]
        found = set()
        for file in files:
            damage(newest / file)
            state, data, _ = checkpoints.restore(make_state(0, 0.0, 999))
            assert (state.params["g"] == 0.5).all()
            assert data == {"position": int(state.step)}
            found |= {file} if state.step == 1 else set()
            shutil.rmtree(newest, ignore_errors=True)
            shutil.copytree(backup, newest)
    assert {x.parts[0] for x in found} >= {"train", "generators", "data", "loop", "checksums"}
    assert {x.parent.name for x in found} >= {"d", "train", "generators"}


def test_newest_and_best_are_kept(tmp_path):
    values = [5.0, 1.0, 3.0, 2.0, 9.0, 4.0]
    with Checkpoints(tmp_path, METHOD, keep=2, keep_best=2, best_metric="cyc_v") as checkpoints:
        for step, value in enumerate(values):
            checkpoints.save(make_state(step), {}, {"logged": {"cyc_v": value}})
    assert steps(tmp_path) == ["1", "3", "4", "5"]


def test_the_newest_stays_though_it_is_the_worst_and_nothing_was_logged(tmp_path):
    with Checkpoints(tmp_path, METHOD, keep=1, keep_best=1, best_metric="cyc_v") as checkpoints:
        checkpoints.save(make_state(0), {}, {"logged": {}})
        checkpoints.save(make_state(1), {}, {"logged": {"cyc_v": 0.5}})
        checkpoints.save(make_state(2), {}, {"logged": {"cyc_v": 0.7}})
        checkpoints.save(make_state(3), {}, {"logged": {"cyc_v": 0.9}})
    # Another process knows the values from the files.
    with Checkpoints(tmp_path, METHOD, keep=1, keep_best=1, best_metric="cyc_v") as checkpoints:
        checkpoints.save(make_state(4), {}, {})
    assert steps(tmp_path) == ["1", "4"]


def test_what_was_cut_short_does_not_count_and_goes(tmp_path):
    with Checkpoints(tmp_path, METHOD) as checkpoints:
        checkpoints.save(make_state(1), {})
        checkpoints.wait()
        shutil.copytree(tmp_path / "checkpoints/1", tmp_path / "checkpoints/0.retired")
        half = tmp_path / "checkpoints/2.orbax-checkpoint-tmp"
        half.mkdir()
        (half / "manifest.ocdbt").touch()
        assert checkpoints.latest_step() == 1
        checkpoints.save(make_state(3), {})
    assert steps(tmp_path) == ["1", "3"]


def test_a_step_is_not_saved_twice(tmp_path):
    with Checkpoints(tmp_path, METHOD) as checkpoints:
        checkpoints.save(make_state(4), {})
        with pytest.raises(RuntimeError, match="step 4 is not after the newest checkpoint, 4"):
            checkpoints.save(make_state(4), {})


def test_a_state_that_is_not_finite_is_not_saved(tmp_path):
    with Checkpoints(tmp_path, METHOD) as checkpoints:
        checkpoints.save(make_state(1), {})
        checkpoints.save(make_state(2, np.nan), {})
        with pytest.raises(NonFiniteError, match="step 2: generators/params/g is not finite"):
            checkpoints.wait()
    assert steps(tmp_path) == ["1"]


def test_a_failure_to_write_is_told_and_harms_nothing(tmp_path, monkeypatch, capsys):
    def fail(*args, **kwargs):
        (tmp_path / "checkpoints/2.orbax-checkpoint-tmp").mkdir()
        raise OSError(28, "No space left on device")

    with Checkpoints(tmp_path, METHOD, keep=1) as checkpoints:
        checkpoints.save(make_state(1), {})
        checkpoints.wait()
        with monkeypatch.context() as patch:
            patch.setattr(ocp.Checkpointer, "save", fail)
            checkpoints.save(make_state(2), {})
            checkpoints.wait()
        assert "could not be written ([Errno 28] No space left" in capsys.readouterr().err
        assert steps(tmp_path) == ["1"]
        checkpoints.save(make_state(3), {})
    assert steps(tmp_path) == ["3"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB, where the machine allows to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_leaves_the_run_alive_and_checkpoints_whole(
    repaint, runs, small_disk, tmp_path, monkeypatch, capfd
):
    config = repaint(train__log_every=1, train__sample_every=1, train__checkpoint_every=2)
    setup.train(config, tmp_path / "whole")
    workdir, filler = small_disk / "run", small_disk / "filler"
    there, save = [], Checkpoints.save

    def fill(step, state, metrics, batch):
        if step == 5:
            write_until_full(filler)
        if step == 7:
            there.extend(complete_steps(workdir / "checkpoints"))
            filler.unlink()
        return state, metrics

    def save_at_once(self, *args):
        save(self, *args)
        self.wait()

    monkeypatch.setattr(Checkpoints, "save", save_at_once)
    runs.spoil(monkeypatch, fill)
    setup.train(config, workdir)
    told = capfd.readouterr().err
    assert "warning: a checkpoint could not be written (" in told
    assert "No space left on device" in told
    assert "Traceback" not in told
    assert set(there) == {2, 4}
    assert steps(workdir) == ["2", "4", "8"]
    saved, uninterrupted = runs.saved(workdir), runs.saved(tmp_path / "whole")
    assert (saved.data, saved.loop) == (uninterrupted.data, uninterrupted.loop)
    assert runs.lines(workdir) == runs.lines(tmp_path / "whole")
    gains = (x.state.params["gain"] for x in (saved, uninterrupted))
    np.testing.assert_array_equal(*gains, strict=True)


def write_until_full(path):
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_run_whose_last_checkpoint_cannot_be_written_says_so(
    repaint, tmp_path, monkeypatch, runs
):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ocp.Checkpointer, "save", fail)
        with pytest.raises(InputError, match="of step 8, could not be written; the newest is of"):
            setup.train(repaint(), tmp_path)
    setup.train(repaint(), tmp_path)
    assert runs.saved(tmp_path).state.step == 8
