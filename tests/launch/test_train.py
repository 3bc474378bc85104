"""The training program refuses what cannot work: one sentence, exit code 2, nothing written."""

import subprocess
import sys

import pytest


def run(workdir, *settings):
    return subprocess.run(
        [
            *(sys.executable, "-m", "launch.train", "--config", "configs/sggan.py:toycity"),
            *("--workdir", str(workdir), f"--config.data.data_dir={workdir}_data", *settings),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("--config.train.stepz=3", 'has no key stepz. Did you mean "steps"'),
        ("--config.data.height=65", "multiples of 32"),
        ("--config.data.virtual=folder", "error: "),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path, setting, sentence):
    told = run(tmp_path / "run", setting)
    assert told.returncode == 2
    lines = [line for line in told.stderr.splitlines() if line.strip()]
    assert sentence in lines[-1]
    assert "Traceback" not in told.stderr
    assert not list(tmp_path.iterdir())


def test_an_unknown_preset_is_told_with_the_known_ones(tmp_path):
    told = subprocess.run(
        [
            *(sys.executable, "-m", "launch.train", "--config", "configs/sggan.py:papr"),
            *("--workdir", str(tmp_path / "run")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stderr.count("\n") == 1
    assert (
        "paper, toycity, camvid, camvid128, city128, city128_labels, city128_gpu, city; got 'papr'"
        in told.stderr
    )
