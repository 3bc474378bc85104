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
    assert f"Report: {tmp_path / 'data'}/report.html" in done.stdout
    assert "train_3" in (tmp_path / "data" / "report.html").read_text()


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


@pytest.mark.slow
def test_both_domains_of_a_configuration_are_checked(make_folder, tmp_path):
    virtual, _ = make_folder("renderings")
    real, _ = make_folder("photos", seed=9)
    page = tmp_path / "page.html"
    done = run(
        "--config=configs/sggan.py:camvid",
        f"--config.data.virtual_dir={virtual}",
        f"--config.data.real_dir={real}",
        f"--config.data.data_dir={tmp_path / 'data'}",
        "--check",
        f"--report={page}",
        f"--lists={tmp_path / 'lists'}",
        "--list_train=4",
        "--list_compare=2",
    )
    assert done.returncode == 0, done.stderr
    lists = {path.stem: path.read_text().split() for path in (tmp_path / "lists").iterdir()}
    assert len(lists["real_train"]) == 4
    assert {*lists["virtual_all"], *lists["virtual_compare"]} == {f"train_{k}" for k in range(6)}
    assert done.stdout.count("folder at 64x128") == 2
    assert done.stdout.count("Checked; nothing was written.") == 2
    assert "How far the domains are apart" in page.read_text()
    assert not (tmp_path / "data").exists()
