"""Signals: remembered while a run can be hurt, obeyed at once while it cannot."""

import signal
import subprocess
import sys

import pytest

from sggan_jax.train import batches, setup
from sggan_jax.train.signals import STOPPED, Stop, Stopped

# Says where it is, and waits there for a signal.
PROGRAM = """
import sys, time
from sggan_jax.train.signals import Stop, exit_on_signals

exit_on_signals()
place, wait = sys.argv[1], len(sys.argv) > 2

def main(_):
    with Stop() as stop:
        if place == "deferred":
            stop.defer()
        print("here", flush=True)
        while not stop.name:
            time.sleep(0.01)
        print("after", stop.name, flush=True)
        time.sleep(60 * wait)

if place == "importing":
    print("here", flush=True)
    time.sleep(60)
from launch import run
del sys.argv[1:]
run(main)
"""


def start(*arguments):
    program = [sys.executable, "-c", PROGRAM, *arguments]
    process = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout.readline() == "here\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("place", ["importing", "preparing"])
def test_before_training_a_signal_ends_the_program_with_its_code(place, number):
    with start(place) as process:
        process.send_signal(number)
        out, err = process.communicate()
        assert (process.returncode, out) == (STOPPED, "") == (75, "")
        told = f"stopped by {number.name} before training began\n" if place == "preparing" else ""
        assert err == told


def test_while_training_the_first_signal_is_remembered():
    with start("deferred") as process:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
        assert (process.returncode, out) == (0, "after SIGTERM\n")
        assert err.startswith("SIGTERM: the step is finished and a checkpoint written")


def test_the_second_signal_ends_the_program_at_once():
    with start("deferred", "wait") as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "after SIGTERM\n"
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == STOPPED


def test_handlers_are_as_before_afterwards():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with pytest.raises(Stopped), Stop():
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_fault_of_the_reading_processes_after_a_signal_is_part_of_it(
    repaint, runs, tmp_path, monkeypatch
):
    """Ctrl-C goes to the processes that read, too."""
    take = batches.BatchStream.take

    def fail(reader, done, k):
        if done == 3:
            signal.raise_signal(signal.SIGINT)
            raise RuntimeError("a reading process has died")
        return take(reader, done, k)

    setup.train(repaint(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(batches.BatchStream, "take", fail)
        with pytest.raises(Stopped, match="stopped by SIGINT at step 3 of 8"):
            setup.train(repaint(), tmp_path / "parts")
    setup.train(repaint(), tmp_path / "parts")
    runs.assert_same(tmp_path / "parts", tmp_path / "whole")
