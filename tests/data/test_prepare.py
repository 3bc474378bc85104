import functools
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data import prepare as prepare_module
from sggan_jax.data.builders import chunks as chunks_module
from sggan_jax.data.builders.chunks import ahead
from sggan_jax.data.builders.pairs import Pair, Plan, SourceSpec
from sggan_jax.data.pipeline import open_source
from sggan_jax.data.prepare import check, is_built, make_builder, prepare, read_metadata
from sggan_jax.data.transforms import resize
from sggan_jax.types import InputError


def build(root, tmp_path, size=(12, 20), **options):
    spec = SourceSpec("folder", str(root), **options)
    return prepare(spec, tmp_path / "data", *size, progress=False)


def test_what_is_stored_is_what_the_files_hold(make_folder, tmp_path):
    root, drawn = make_folder()
    info = build(root, tmp_path)
    assert info.counts == {"train": 6, "test": 2}
    assert (info.refused, info.labelled, info.reused) == ((), True, False)
    for split, count in info.counts.items():
        source = open_source(info.spec, tmp_path / "data", split, 12, 20)
        assert source.names == tuple(f"{split}_{k}" for k in range(count))
        assert len(source) == count
        for example in source:
            image, labels = resize(*drawn[example["name"]], 12, 20)
            np.testing.assert_array_equal(example["image"], image)
            np.testing.assert_array_equal(example["label"], labels)
            assert example["label"].shape == (12, 20)


def test_class_shares_sum_the_pixels(make_folder, tmp_path):
    root, drawn = make_folder(splits={"train": 3})
    info = build(root, tmp_path)
    labels = np.stack([resize(*drawn[f"train_{k}"], 12, 20)[1] for k in range(3)])
    shares = info.shares("train")
    assert shares["road"] == pytest.approx((labels == 7).mean())
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_an_unchanged_source_is_reused_at_its_size_only(make_folder, tmp_path):
    root, _ = make_folder()
    first = build(root, tmp_path)
    again = build(root, tmp_path)
    assert again.reused
    assert (again.path, again.counts, again.pixels) == (first.path, first.counts, first.pixels)
    other = build(root, tmp_path, size=(6, 10))
    assert not other.reused
    assert other.path != first.path
    twin = tmp_path / "elsewhere" / root.name
    shutil.copytree(root, twin)  # keeps the files' times
    assert build(twin, tmp_path).path != first.path


def test_what_an_early_version_prepared_is_read(make_folder, tmp_path):
    root, _ = make_folder()
    first = build(root, tmp_path)
    metadata = first.path / "metadata.json"
    tree = json.loads(metadata.read_text())
    del tree["surveys"]
    metadata.write_text(json.dumps(tree))
    again = build(root, tmp_path)
    assert again.reused
    assert (again.counts, again.pixels) == (first.counts, first.pixels)
    assert first.surveys["train"].is_whole()
    assert not again.surveys["train"].is_whole()


def test_a_changed_source_is_built_anew(make_folder, tmp_path, pair):
    root, _ = make_folder()
    first = build(root, tmp_path)
    image, _ = pair(99)
    Image.fromarray(image).save(root / "images" / "train_0.png")
    with pytest.raises(InputError, match=r"have changed since: run launch\.prepare_data"):
        open_source(first.spec, tmp_path / "data", "train", 12, 20)
    second = build(root, tmp_path)
    assert not second.reused
    source = open_source(second.spec, tmp_path / "data", "train", 12, 20)
    np.testing.assert_array_equal(source[0]["image"], resize(image, image[..., 0], 12, 20)[0])


def test_unusable_pairs_are_listed_and_the_rest_is_kept(make_folder, tmp_path, pair, truncate):
    root, _ = make_folder()
    truncate(root / "images" / "train_0.png")
    truncate(root / "labels" / "train_1.png")
    Image.fromarray(pair(5, 24, 44)[1]).save(root / "labels" / "train_2.png")
    Image.fromarray(np.full((24, 40), 88, np.uint8)).save(root / "labels" / "train_3.png")
    (root / "labels" / "train_4.png").unlink()
    info = build(root, tmp_path)
    assert info.counts == {"train": 1, "test": 2}
    reasons = dict(info.refused)
    assert list(reasons) == ["train_4", "train_0", "train_1", "train_2", "train_3"]
    assert "images/train_0.png cannot be read" in reasons["train_0"]
    assert "labels/train_1.png cannot be read" in reasons["train_1"]
    assert "image 24x40 and labels 24x44 (height x width) differ in size" in reasons["train_2"]
    assert "88 (960 pixels)" in reasons["train_3"]
    assert open_source(info.spec, tmp_path / "data", "train", 12, 20).names == ("train_5",)
    assert build(root, tmp_path).refused == info.refused


def test_nothing_usable_is_an_error_and_leaves_nothing(make_folder, tmp_path, truncate):
    root, _ = make_folder()
    for path in (root / "images").glob("test_*"):
        truncate(path)
    with pytest.raises(InputError, match=r"All 2 pairs of split 'test' are unusable, .*test_0"):
        build(root, tmp_path)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_a_source_without_labels(make_folder, tmp_path):
    root, _ = make_folder(labelled=False)
    info = build(root, tmp_path)
    assert not info.labelled
    source = open_source(info.spec, tmp_path / "data", "train", 12, 20)
    assert not source.labelled
    assert not source[0]["label"].any()


def test_open_source_says_what_is_missing(make_folder, tmp_path):
    root, _ = make_folder()
    spec = SourceSpec("folder", str(root))
    with pytest.raises(InputError, match="is not prepared at 12x20"):
        open_source(spec, tmp_path / "data", "train", 12, 20)
    build(root, tmp_path)
    with pytest.raises(InputError, match="has no split 'val', only train, test"):
        open_source(spec, tmp_path / "data", "val", 12, 20)


@pytest.mark.parametrize(
    ("spec", "size", "message"),
    [
        (
            SourceSpec("floder", "."),
            (4, 4),
            "'floder' is unknown: give one of folder, toycity, cityscapes, ",
        ),
        (SourceSpec("folder", "."), (0, 4), "Size 0x4 is impossible"),
        (SourceSpec("folder", "nowhere"), (4, 4), "Folder nowhere does not exist"),
        (SourceSpec("folder"), (4, 4), r"needs the directory .* data\.virtual_dir"),
        (SourceSpec("gtav"), (4, 4), r"'gtav' needs the directory .* --source"),
        (SourceSpec("folder", ".", table="none"), (4, 4), "Class table 'none' is unknown"),
    ],
)
def test_impossible_sources(spec, size, message, tmp_path):
    with pytest.raises(InputError, match=message):
        prepare(spec, tmp_path, *size, progress=False)


def test_a_data_directory_that_cannot_be_written(make_folder, tmp_path):
    root, _ = make_folder()
    (tmp_path / "data").write_text("a file")
    with pytest.raises(InputError, match=r"cannot be written: .*data"):
        build(root, tmp_path)


def test_another_process_may_finish_first(make_folder, tmp_path):
    root, _ = make_folder()
    spec = SourceSpec("folder", str(root))
    slow = make_builder(spec, tmp_path / "data", 12, 20)
    first = build(root, tmp_path)
    prepare_module._build(slow, progress=False)
    assert is_built(slow)
    assert len(read_metadata(slow)["names"]["train"]) == first.counts["train"]
    assert not list((tmp_path / "data").rglob("unfinished"))


def test_sources_can_be_sent_to_other_processes(make_folder, tmp_path):
    root, _ = make_folder()
    info = build(root, tmp_path)
    source = open_source(info.spec, tmp_path / "data", "train", 12, 20)
    copy = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(copy[3]["image"], source[3]["image"])


def test_work_ahead_keeps_the_order_and_stays_near():
    started = []

    def make(item):
        started.append(item)
        return -item

    results = ahead(make, range(1000))
    assert [next(results) for _ in range(10)] == [-k for k in range(10)]
    results.close()
    assert len(started) < 50


def plan_of(names, load, monkeypatch):
    """Make a builder of pairs that one function loads, and return its source."""
    plan = Plan({"train": [Pair(name, functools.partial(load, name)) for name in names]}, "same")
    monkeypatch.setitem(prepare_module.BUILDERS, "tried", ("A trial.", lambda *size: plan))
    return SourceSpec("tried")


def test_a_mistake_in_the_builder_is_not_a_refusal(tmp_path, monkeypatch):
    def load(name):
        raise RuntimeError("a bug")

    spec = plan_of(["a"], load, monkeypatch)
    with pytest.raises(RuntimeError, match="a bug"):
        prepare(spec, tmp_path, 4, 4, progress=False)
    assert not is_built(make_builder(spec, tmp_path, 4, 4))


def records(path):
    """Every byte of the examples and every number of the surveys of a data set."""
    files = {p.name: p.read_bytes() for p in path.rglob("*.array_record*")}
    return files, (path / "metadata.json").read_text()


def test_what_was_done_before_a_kill_is_not_done_again(tmp_path, monkeypatch):
    loads = []

    def load(name):
        loads.append(name)
        if name == "45" and loads.count("45") == 1:
            raise KeyboardInterrupt
        rng = np.random.default_rng(int(name))
        return rng.integers(0, 256, (6, 8, 3), np.uint8), np.full((6, 8), 7, np.uint8)

    spec = plan_of([str(k) for k in range(50)], load, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        prepare(spec, tmp_path / "data", 4, 8, progress=False)
    assert list((tmp_path / "data").rglob("unfinished"))
    before = len(loads)
    info = prepare(spec, tmp_path / "data", 4, 8, progress=False)
    assert info.counts == {"train": 50}
    # Three chunks of 16 were done; only the last two pairs and the chunk of the kill remain.
    assert len(loads) - before <= 18
    assert not list((tmp_path / "data").rglob("unfinished"))
    again = prepare(spec, tmp_path / "other", 4, 8, progress=False)
    assert records(again.path) == records(info.path)


def test_checking_finds_the_same_and_writes_nothing(make_folder, tmp_path, truncate):
    root, _ = make_folder()
    truncate(root / "images" / "train_0.png")
    (root / "labels" / "train_4.png").unlink()
    spec = SourceSpec("folder", str(root))
    before = sorted(tmp_path.rglob("*"))
    checked = check(spec, 12, 20, progress=False)
    assert sorted(tmp_path.rglob("*")) == before
    assert checked.path is None
    info = build(root, tmp_path)
    assert (checked.counts, checked.pixels) == (info.counts, info.pixels)
    assert checked.refused == info.refused
    for split, survey in info.surveys.items():
        assert checked.surveys[split].to_json() == survey.to_json()


def test_a_survey_counts_what_is_stored(make_folder, tmp_path):
    root, drawn = make_folder(splits={"train": 3})
    survey = build(root, tmp_path, size=(16, 20)).surveys["train"]
    pairs = [resize(*drawn[f"train_{k}"], 16, 20) for k in range(3)]
    images = np.stack([image for image, _ in pairs]).astype(float)
    np.testing.assert_allclose(survey.mean_colour(), images.mean((0, 1, 2)))
    np.testing.assert_allclose(survey.deviation(), images.std((0, 1, 2)))
    assert survey.sizes == {"24x40": 3}
    labels = np.stack([labels for _, labels in pairs])
    for row in range(16):  # 16 bands of one row each
        for class_id in (7, 11, 23, 26):
            assert survey.bands[row, class_id] == (labels[:, row] == class_id).sum()


TRAIN_ID_ROWS = np.array([10, 8, 2, 1, 0, 0], np.uint8)


def test_train_ids_in_place_of_class_ids(make_folder, tmp_path):
    root, _ = make_folder(splits={"train": 3})
    for k in range(3):
        labels = TRAIN_ID_ROWS.repeat(4)[:, None].repeat(40, 1)
        Image.fromarray(labels).save(root / "labels" / f"train_{k}.png")
    expected = r"make no street when read as 'cityscapes': .* Read as 'trainids' they are streets"
    with pytest.raises(InputError, match=expected):
        build(root, tmp_path)
    with pytest.raises(InputError, match=expected):
        check(SourceSpec("folder", str(root)), 12, 20, progress=False)
    info = build(root, tmp_path, table="trainids")
    assert set(info.shares("train")) == {"road", "sidewalk", "building", "vegetation", "sky"}


def test_swapped_folders(make_folder, tmp_path):
    root, _ = make_folder(splits={"train": 2})
    (root / "images").rename(root / "swap")
    (root / "labels").rename(root / "images")
    (root / "swap").rename(root / "labels")
    with pytest.raises(InputError, match=r"All 2 pairs .* Are images and labels swapped\?"):
        build(root, tmp_path)


@pytest.mark.slow
def test_processes_make_what_threads_make(make_folder, tmp_path, monkeypatch):
    root, _ = make_folder(splits={"train": 40, "test": 3})
    spec = SourceSpec("folder", str(root))
    alone = prepare(spec, tmp_path / "one", 12, 20, progress=False)
    monkeypatch.setattr(chunks_module, "_PAIRS_PER_PROCESS", 10)
    several = prepare(spec, tmp_path / "two", 12, 20, progress=False, workers=2)
    assert records(alone.path) == records(several.path)


_STOPPED = """
import sys, time
from sggan_jax.data.builders import folder
from sggan_jax.data.prepare import SourceSpec, prepare
read = folder.read_noted
def slow(path):
    if path.stem == "train_4":
        print("half way", flush=True)
        time.sleep(600)
    return read(path)
folder.read_noted = slow
prepare(SourceSpec("folder", sys.argv[1]), sys.argv[2], 12, 20, progress=False)
"""


@pytest.mark.slow
def test_a_killed_build_is_not_taken_for_a_whole_one(make_folder, tmp_path):
    root, _ = make_folder()
    command = [sys.executable, "-c", _STOPPED.replace('"half way"', '"half way", file=sys.stderr')]
    process = subprocess.Popen(
        [*command, str(root), str(tmp_path / "data")], stderr=subprocess.PIPE, text=True
    )
    while "half way" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not list((tmp_path / "data").rglob("dataset_info.json"))
    info = build(root, tmp_path)
    assert (info.reused, info.counts) == (False, {"train": 6, "test": 2})


_POOL = """
import os, time
from sggan_jax.data.builders.chunks import open_executor
def pid(_):
    return os.getpid()
if __name__ == "__main__":
    with open_executor(2, 400) as executor:
        print(*{*executor.map(pid, range(9))}, flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
def test_processes_end_with_the_one_that_started_them(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(_POOL)
    process = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
    workers = [int(pid) for pid in process.stdout.readline().split()]
    assert workers
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    while any(is_running(pid) for pid in workers):
        time.sleep(0.1)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
