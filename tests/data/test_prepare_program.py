import subprocess
import sys

import pytest
from absl.testing import flagsaver

from launch import prepare_data
from sggan_jax.types import InputError


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "nowhere"}, "Folder nowhere does not exist"),
        ({"builder": "toycity", "train": 0}, "toycity cannot render 0 train scenes"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(arguments, message, tmp_path):
    if not prepare_data.flags.FLAGS.is_parsed():
        prepare_data.flags.FLAGS.mark_as_parsed()
    with (
        flagsaver.flagsaver(data_dir=str(tmp_path), **arguments),
        pytest.raises(InputError, match=message),
    ):
        prepare_data.main(["prepare_data"])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_mistake_ends_in_one_sentence_and_an_exit_code(tmp_path):
    done = run("--source=nowhere", f"--data_dir={tmp_path}")
    assert done.returncode == 2
    assert done.stderr == "error: Folder nowhere does not exist.\n"


@pytest.mark.slow
def test_a_missing_source_is_a_mistake_in_the_command():
    done = run("--builder=camvid")
    assert done.returncode != 0
    assert "Builder camvid needs --source" in done.stdout + done.stderr
