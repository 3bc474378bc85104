"""The program in a process of its own: flags of two programs do not fit into one."""

import subprocess
import sys

import pytest


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "launch.prepare_data", *arguments], capture_output=True, text=True
    )


def test_the_summary_names_splits_classes_and_refusals(make_folder, tmp_path, truncate):
    root, _ = make_folder()
    truncate(root / "labels" / "train_3.png")
    done = run(f"--source={root}", f"--data_dir={tmp_path / 'data'}", "--height=12", "--width=20")
    assert done.returncode == 0, done.stderr
    for expected in (
        "train (5)",
        "test (2)",
        "road",
        "%",
        "Refused 1:",
        f"train_3: {root}/labels/train_3.png cannot be read",
        f"Prepared in {tmp_path / 'data'}/photos_12x20_",
    ):
        assert expected in done.stdout
    assert "dataset_info" not in done.stderr


def test_a_mistake_ends_in_one_sentence_and_an_exit_code(tmp_path):
    done = run("--source=nowhere", f"--data_dir={tmp_path}")
    assert done.returncode == 2
    assert done.stderr == "error: Folder nowhere does not exist.\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_missing_source_is_a_mistake_in_the_command():
    done = run("--builder=camvid")
    assert done.returncode != 0
    assert "Builder camvid needs --source" in done.stdout + done.stderr
