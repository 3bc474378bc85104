"""Processes that read a data set end with the program, at whatever they are."""

import multiprocessing
import time
from pathlib import Path

import pytest

from sggan_jax.data.builders.chunks import open_executor


def dawdle(path: str) -> None:
    """Say that work has begun, and finish it much later."""
    Path(f"{path}.begun").touch()
    time.sleep(20)
    Path(path).touch()


def test_ctrl_c_ends_processes_at_whatever_they_are(tmp_path):
    before = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt):
        read_until_ctrl_c(tmp_path)
    assert set(multiprocessing.active_children()) <= before
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".begun"]


def read_until_ctrl_c(folder: Path) -> None:
    """Start two readers, and be interrupted while both are at work."""
    with open_executor(2, 10_000) as executor:
        for k in range(2):
            executor.submit(dawdle, str(folder / str(k)))
        while len(list(folder.glob("*.begun"))) < 2:
            time.sleep(0.05)
        raise KeyboardInterrupt


def test_what_is_finished_in_good_order_is_waited_for(tmp_path):
    with open_executor(2, 10_000) as executor:
        done = executor.submit(Path.touch, tmp_path / "done")
        done.result()
    assert (tmp_path / "done").exists()
