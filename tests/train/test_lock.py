"""A directory is held by one process at a time, and let go of however it ends."""

import signal
import subprocess
import sys
import threading

import pytest

from sggan_jax.train.lock import hold
from sggan_jax.types import InputError

PROGRAM = """
import sys, time
from pathlib import Path
from sggan_jax.train.lock import hold

with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_waits_until_the_first_was_killed(tmp_path, capsys):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "held\n"
        threading.Timer(0.2, first.send_signal, [signal.SIGKILL]).start()
        with hold(tmp_path):
            assert first.wait() == -signal.SIGKILL
    assert "another process trains in" in capsys.readouterr().err


def test_a_free_directory_is_made_and_held_at_once(tmp_path, capsys):
    for _ in range(2):
        with hold(tmp_path / "new"):
            assert (tmp_path / "new").is_dir()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_directory_that_cannot_be_made_is_refused_in_one_sentence(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=f"cannot write into .*{name}: "), hold(tmp_path / name):
        pass
