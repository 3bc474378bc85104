"""Two processes on this machine train one run: as one process with two devices would."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from configs import common
from sggan_jax.files import read_json_lines
from sggan_jax.runs.description import flatten
from sggan_jax.runs.folder import complete_steps
from sggan_jax.train import processes
from sggan_jax.types import InputError


def test_alone_everything_is_agreed():
    assert (processes.count(), processes.index(), processes.is_first()) == (1, 0, True)
    assert processes.tell_all({"a": [1]}) == {"a": [1]}
    assert [processes.any_of(flag) for flag in (True, False)] == [True, False]
    with processes.first_then_others(), processes.guard():
        processes.end(2)
    with pytest.raises(ValueError, match="UNKNOWN: as if"), processes.guard():
        raise ValueError("UNKNOWN: as if")


def test_of_several_the_end_of_another_becomes_a_sentence(monkeypatch):
    monkeypatch.setattr(processes, "count", lambda: 2)
    lost = (
        "process 0 of 2 stops: another one has ended or cannot be reached .UNKNOWN: Gloo AllGather"
    )
    with pytest.raises(processes.Lost, match=lost), processes.guard():
        raise ValueError("UNKNOWN: Gloo AllGather failed: [pair.cc:538] Read error\nstack")
    with pytest.raises(InputError, match="as it is"), processes.guard():
        raise InputError("as it is")


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="process 2 is none of 2 counted from 0"):
        processes.join("localhost:1", 2, 2)


def abort(number):
    """Abort in a process of its own whose first process is expected at a port."""
    code = (
        "import os, sys; from sggan_jax.train import processes;"
        "processes.count = lambda: 2; processes.index = lambda: 1;"
        f"processes.explain_abort('127.0.0.1:{number}'); os.abort()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_an_abort_is_told_apart_by_whether_the_first_process_is_there():
    ended = abort(free_port())
    assert ended.returncode == 75
    assert "process 1 of 2 stops: the first has ended" in ended.stderr
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert abort(listener.getsockname()[1]).returncode == -signal.SIGABRT


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def program(tiny, tmp_path_factory):
    """Return a function that starts the program, as one process or as several."""
    cache = tmp_path_factory.mktemp("compiled")
    defaults = flatten(common.get_config().to_dict())
    settings = {
        "train__batch_size": 4,
        "train__steps": 24,
        "train__checkpoint_every": 8,
        "train__sample_every": 8,
        "train__log_every": 1,
        "data__toycity_train": 40,
        "evaluate__count": 16,
        "evaluate__every": 8,
    }

    def start(workdir, number, **changes):
        devices = {"train__devices": 2 // number}
        config = flatten(tiny(**settings | devices | changes))
        command = [sys.executable, "-m", "launch.train", "--config=configs/common.py"]
        command += [f"--workdir={workdir}"]
        command += [f"--config.{key}={x}" for key, x in config.items() if defaults[key] != x]
        together = [f"--coordinator=127.0.0.1:{free_port()}", f"--processes={number}"]
        started = []
        for index in range(number):
            output = (workdir.parent / f"{workdir.name}_{index}.txt").open("a")
            with output:
                started.append(
                    subprocess.Popen(
                        command + ([*together, f"--process={index}"] if number > 1 else []),
                        stdout=output,
                        stderr=output,
                        env=os.environ
                        | {
                            "JAX_COMPILATION_CACHE_DIR": str(cache),
                            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                        },
                    )
                )
        return started

    return start


@pytest.fixture(scope="module")
def one(program, tmp_path_factory):
    """The run of one process with two devices."""
    workdir = tmp_path_factory.mktemp("one") / "run"
    assert [x.wait() for x in program(workdir, 1)] == [0]
    return workdir


@pytest.fixture(scope="module")
def two(program, tmp_path_factory):
    """The run of two processes with one device each, never stopped."""
    workdir = tmp_path_factory.mktemp("two") / "run"
    assert [x.wait() for x in program(workdir, 2)] == [0, 0], told(workdir, 0) + told(workdir, 1)
    return workdir


def assert_close(runs, run, other):
    """Compare what two runs left, up to the rounding that another order of sums makes."""
    a, b = runs.saved(run), runs.saved(other)
    assert a.data == b.data
    a, b = (jax.tree.leaves(x.state.replace(rng=None)) for x in (a, b))
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-3, atol=2e-5)
    for x, y in zip(runs.lines(run), runs.lines(other), strict=True):
        assert x == pytest.approx(y, rel=1e-5)


def told(workdir, index):
    return (workdir.parent / f"{workdir.name}_{index}.txt").read_text()


def wait_for_step(workdir, step, started):
    path = workdir / "metrics.jsonl"
    while all(x.poll() is None for x in started):
        if path.exists() and path.read_bytes().count(b"\n") >= step:
            return
        time.sleep(0.01)


@pytest.mark.slow
def test_two_processes_do_what_two_devices_of_one_do(two, one, runs):
    assert_close(runs, two, one)
    assert complete_steps(two / "checkpoints") == complete_steps(one / "checkpoints")


@pytest.mark.slow
def test_the_first_process_measures_what_one_alone_would(two, one):
    lines, alone = (list(read_json_lines(run / "measures.jsonl")) for run in (two, one))
    assert [line["step"] for line in lines] == [8, 16, 24]
    for line, other in zip(lines, alone, strict=True):
        assert {"boundary", "colour", "true_error"} <= line.keys()
        del line["seconds"], other["seconds"]
        assert line == pytest.approx(other, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_one_is_killed_the_other_stops_and_both_continue(program, two, runs, tmp_path, victim):
    workdir = tmp_path / "killed"
    started = program(workdir, 2)
    wait_for_step(workdir, 10, started)
    started[victim].kill()
    started[victim].wait()
    since = time.monotonic()
    code = started[1 - victim].wait()
    print(f"process {1 - victim} ended with {code} after {time.monotonic() - since:.1f} s")
    assert code == 75
    # The first holds JAX's service: its end may show by that before it shows in an exchange.
    ended = "another one has ended" if victim else "(another one|the first) has ended"
    assert re.search(f"process {1 - victim} of 2 stops: {ended}", told(workdir, 1 - victim))
    assert [x.wait() for x in program(workdir, 2)] == [0, 0]
    runs.assert_same(workdir, two)


@pytest.mark.slow
def test_a_signal_to_one_stops_both_at_the_same_step(program, one, runs, tmp_path):
    workdir = tmp_path / "stopped"
    started = program(workdir, 2)
    wait_for_step(workdir, 10, started)
    started[1].send_signal(signal.SIGTERM)
    assert [x.wait() for x in started] == [75, 75], told(workdir, 0) + told(workdir, 1)
    (step,) = set(complete_steps(workdir / "checkpoints")) - {8, 16, 24}
    assert f"at step {step} of 24; the same command continues" in told(workdir, 0)
    # One process takes over what two began.
    assert [x.wait() for x in program(workdir, 1)] == [0]
    assert_close(runs, workdir, one)
