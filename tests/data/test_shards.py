import functools
import json
import subprocess
import sys
from pathlib import Path

import grain
import numpy as np
import pytest
import tensorflow_datasets as tfds

from sggan_jax.data import prepare as prepare_module
from sggan_jax.data.builders import shards
from sggan_jax.data.builders.pairs import Pair, Plan, SourceSpec
from sggan_jax.data.pipeline import open_source
from sggan_jax.data.prepare import prepare
from sggan_jax.types import InputError

SIZE = (6, 8)


def draw(k):
    """Image and labels of pair k, already of the size to store."""
    rng = np.random.default_rng(k)
    return rng.integers(0, 256, (*SIZE, 3), np.uint8), np.full(SIZE, (7, 11, 23)[k % 3], np.uint8)


@pytest.fixture
def source(monkeypatch):
    """A source of 100 + 5 pairs which tells what was read, and fails where it is told to."""
    loads, failures = [], {}

    def load(name):
        loads.append(name)
        if name in failures:
            raise failures[name]
        return draw(int(name))

    def pairs(numbers):
        return [Pair(str(k), functools.partial(load, str(k))) for k in numbers]

    plan = Plan({"train": pairs(range(100)), "test": pairs(range(100, 105))}, "same")
    monkeypatch.setitem(prepare_module.BUILDERS, "tried", ("A trial.", lambda *size: plan))
    return SourceSpec("tried"), loads, failures


def build(spec, folder):
    return prepare(spec, folder, *SIZE, progress=False)


def files(info, split="train"):
    return sorted(info.path.glob(f"tried-{split}.array_record*"))


def test_several_shards_are_read_in_full(source, tmp_path, monkeypatch):
    spec, _, failures = source
    failures["50"] = InputError("broken")
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)  # two or three chunks of 16 pairs
    info = build(spec, tmp_path)
    assert len(files(info)) >= 3
    assert len(files(info, "test")) == 1
    numbers = [k for k in range(100) if k != 50]
    whole = open_source(spec, tmp_path, "train", *SIZE)
    assert whole.names == tuple(map(str, numbers))
    for k, example in zip(numbers, whole, strict=True):
        np.testing.assert_array_equal(example["image"], draw(k)[0])
        np.testing.assert_array_equal(example["label"], draw(k)[1])
    assert info.counts == {"train": 99, "test": 5}
    assert info.refused == (("50", "broken"),)


def test_tensorflow_datasets_and_grain_read_it_by_its_folder(source, tmp_path, monkeypatch):
    spec, _, _ = source
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    info = build(spec, tmp_path)
    builder = tfds.builder_from_directory(info.path)
    described = builder.info.splits["train"]
    assert (described.num_examples, described.num_shards) == (100, len(files(info)))
    sizes = [path.stat().st_size for path in files(info)]
    assert 0 < described.num_bytes < sum(sizes)
    assert builder.info.features["label"].shape == (*SIZE, 1)
    assert (
        tfds.builder("tried", data_dir=info.path.parents[1]).info.splits["test"].num_examples == 5
    )
    data = builder.as_data_source("train")
    stream = grain.MapDataset.source(data).shuffle(3).batch(4)
    seen = [name.decode() for k in range(25) for name in stream[k]["name"]]
    assert sorted(seen, key=int) == [str(k) for k in range(100)]
    first = stream[0]
    np.testing.assert_array_equal(first["image"][0], draw(int(first["name"][0]))[0])
    np.testing.assert_array_equal(first["label"][0][..., 0], draw(int(first["name"][0]))[1])
    # Grain reads the files without tensorflow-datasets, too.
    assert len(grain.sources.ArrayRecordDataSource([str(path) for path in files(info)])) == 100


def test_whole_shards_are_neither_read_nor_written_again(source, tmp_path, monkeypatch):
    spec, loads, failures = source
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    whole = build(spec, tmp_path / "other")
    failures["90"] = KeyboardInterrupt()
    loads.clear()
    with pytest.raises(KeyboardInterrupt):
        build(spec, tmp_path / "data")
    written = {p: p.stat() for p in (tmp_path / "data").rglob("*.array_record-0000?")}
    assert len(written) >= 2
    # Chunks whose shard is whole are gone: little is there twice.
    assert len(list((tmp_path / "data").rglob("train/*.zip"))) <= 3
    before = set(loads)
    failures.clear()
    loads.clear()
    info = build(spec, tmp_path / "data")
    assert len(before) > 80
    assert not set(map(str, range(80))) & set(loads)
    for path, stat in written.items():
        now = (info.path / path.name).stat()
        assert (now.st_ino, now.st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)
    assert [p.name for p in files(info)] == [p.name for p in files(whole)]
    for one, other in zip(files(info), files(whole), strict=True):
        assert one.read_bytes() == other.read_bytes()
    for name in ("metadata.json", "dataset_info.json", "features.json"):
        assert (info.path / name).read_text() == (whole.path / name).read_text()


@pytest.mark.parametrize("damage", ["shard cut", "shard gone", "note cut"])
def test_a_damaged_unfinished_shard_is_written_again(source, tmp_path, monkeypatch, damage):
    spec, _, failures = source
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    failures["90"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        build(spec, tmp_path)
    pattern = "shard-00001.json" if damage == "note cut" else "*.array_record-00001"
    (path,) = tmp_path.rglob(pattern)
    if damage == "shard gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    failures.clear()
    info = build(spec, tmp_path)
    assert [int(x["name"]) for x in open_source(spec, tmp_path, "train", *SIZE)] == [*range(100)]
    assert info.counts == {"train": 100, "test": 5}


def test_refused_pairs_at_the_end_make_no_empty_shard(source, tmp_path, monkeypatch):
    spec, _, failures = source
    failures |= {str(k): InputError("broken") for k in range(96, 100)}
    monkeypatch.setattr(shards, "SHARD_BYTES", 1)  # every chunk is a shard
    info = build(spec, tmp_path)
    assert len(files(info)) == 6
    assert [name for name, _ in info.refused] == ["96", "97", "98", "99"]
    assert len(list(open_source(spec, tmp_path, "train", *SIZE))) == 96
    tree = json.loads((info.path / "dataset_info.json").read_text())
    lengths = {split["name"]: split["shardLengths"] for split in tree["splits"]}
    assert lengths == {"train": ["16"] * 6, "test": ["5"]}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_said_in_a_sentence_and_what_was_read_is_kept(source, tmp_path, monkeypatch):
    spec, loads, _ = source
    real = shards.ArrayRecordWriter
    monkeypatch.setattr(shards, "ArrayRecordWriter", lambda _, options: real("/dev/full", options))
    with pytest.raises(InputError, match=r"cannot be written: .*No space left on device"):
        build(spec, tmp_path)
    kept = list(tmp_path.rglob("train/*.zip"))
    assert kept
    monkeypatch.setattr(shards, "ArrayRecordWriter", real)
    loads.clear()
    assert build(spec, tmp_path).counts == {"train": 100, "test": 5}
    assert len(loads) <= 105 - 16 * (len(kept) - 1)


_WITHOUT = """
import sys

def refuse(event, arguments):
    if event == "import" and arguments[0].partition(".")[0] in ("tensorflow", "cv2"):
        print("imports", arguments[0], flush=True)
        import os
        os._exit(3)

sys.addaudithook(refuse)
from sggan_jax.data.builders import shards
from sggan_jax.data.pipeline import open_source
from sggan_jax.data.prepare import SourceSpec, prepare

shards.SHARD_BYTES = 1
spec = SourceSpec("folder", sys.argv[1])
if len(sys.argv) > 3:
    import tensorflow
info = prepare(spec, sys.argv[2], 12, 20, progress=False)
examples = list(open_source(spec, sys.argv[2], "train", 12, 20))
print(len(list(info.path.glob("*train*"))), len(examples))
"""


@pytest.mark.parametrize("by_mistake", [False, True])
def test_nothing_imports_tensorflow_or_opencv(make_folder, tmp_path, by_mistake):
    root, _ = make_folder(splits={"train": 40, "test": 3})
    command = [sys.executable, "-c", _WITHOUT, str(root), str(tmp_path / "data")]
    done = subprocess.run(
        [*command, *["yes"] * by_mistake], check=False, capture_output=True, text=True
    )
    said = "imports tensorflow\n" if by_mistake else "3 40\n"
    assert (done.returncode, done.stdout) == (3 * by_mistake, said), done.stderr
