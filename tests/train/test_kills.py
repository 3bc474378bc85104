"""Runs of the training program that are killed or stopped from outside."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from configs import common
from sggan_jax.runs.description import flatten
from sggan_jax.runs.folder import complete_steps
from sggan_jax.train.faults import EventLog

pytestmark = pytest.mark.slow

KILLS = 50
STEPS = 3000


@pytest.fixture(scope="module")
def program(tiny, tmp_path_factory):
    """Return a function that starts the training program; what it compiles is kept."""
    cache = tmp_path_factory.mktemp("compiled")
    defaults = flatten(common.get_config().to_dict())

    def start(workdir, **changes):
        every = {"train__log_every": 1, "train__checkpoint_every": 10, "train__sample_every": 500}
        config = flatten(tiny(**every | changes))
        settings = [
            f"--config.{key}={value}" for key, value in config.items() if defaults[key] != value
        ]
        command = [sys.executable, "-m", "launch.train", "--config=configs/common.py"]
        output = (workdir.parent / f"{workdir.name}.txt").open("a")
        with output:
            return subprocess.Popen(
                [*command, f"--workdir={workdir}", *settings],
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ
                | {
                    "JAX_COMPILATION_CACHE_DIR": str(cache),
                    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
                },
            )

    return start


def lines_of(workdir):
    path = workdir / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def unfinished(workdir):
    return list((workdir / "checkpoints").glob("*tmp*")) + list(
        (workdir / "checkpoints").glob("*.retired")
    )


def wait_for(process, condition):
    while process.poll() is None and not condition():
        time.sleep(0.002)


def kill_somewhere(process, workdir, rng):
    """Wait for a random moment of a random kind, then kill; return the kind.

    All but a few wait for a new checkpoint first: a run that never gets so far gets nowhere.
    """
    kind = rng.choice(["starting", "training", "training", "writing", "writing"])
    if kind == "starting":
        time.sleep(rng.uniform(0, 10))
    else:
        before = complete_steps(workdir / "checkpoints")
        wait_for(process, lambda: complete_steps(workdir / "checkpoints") != before)
    if kind == "training":
        goal = lines_of(workdir) + rng.randrange(10)
        wait_for(process, lambda: lines_of(workdir) >= goal)
    if kind == "writing":
        wait_for(process, lambda: unfinished(workdir))
        time.sleep(rng.uniform(0, 0.1))
    assert process.poll() is None, "the run came to its end before it was killed"
    process.kill()
    process.wait()
    return kind


def test_a_run_killed_again_and_again_ends_as_the_one_that_was_not(program, runs, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert program(whole, train__steps=STEPS).wait() == 0
    rng = random.Random(0)
    kinds, cut_short, lost = [], 0, 0
    for _ in range(KILLS):
        process = program(killed, train__steps=STEPS)
        kinds.append(kill_somewhere(process, killed, rng))
        cut_short += bool(unfinished(killed))
        lost += lines_of(killed) - max(complete_steps(killed / "checkpoints"), default=0)
    assert program(killed, train__steps=STEPS).wait() == 0
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    print(f"{KILLS} kills: {counts}; {cut_short} while files moved; {lost} steps done again")
    assert cut_short > 0
    runs.assert_same(killed, whole)
    assert "damaged" not in (tmp_path / "killed.txt").read_text()
    checksums = [
        path / "checkpoints" / str(STEPS) / "checksums" / "metadata" for path in (whole, killed)
    ]
    assert checksums[0].read_bytes() == checksums[1].read_bytes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_step_end_and_the_same_command_continues(program, runs, tmp_path, number):
    """A terminal's Ctrl-C and many a scheduler reach the processes that read, too."""
    settings = {"train__steps": 300, "train__checkpoint_every": 1000, "data__workers": 1}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert program(whole, **settings).wait() == 0
    process = program(stopped, **settings)
    wait_for(process, lambda: lines_of(stopped) > 3)
    os.killpg(process.pid, number)
    assert process.wait() == 75
    done = lines_of(stopped)
    assert complete_steps(stopped / "checkpoints") == [done]
    told = (tmp_path / "stopped.txt").read_text()
    assert f"stopped by {number.name} at step {done} of 300; the same command continues" in told
    assert "Traceback" not in told
    assert EventLog(stopped).entries[-1]["event"] == "stop"
    assert program(stopped, **settings).wait() == 0
    runs.assert_same(stopped, whole)
