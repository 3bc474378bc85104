"""A prepared data set written as a folder, and read back by the folder builder."""

import numpy as np

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.pipeline import open_source
from sggan_jax.data.prepare import prepare
from sggan_jax.data.unpack import unpack

SIZE = (16, 32)


def open_all(spec, data_dir):
    counts = prepare(spec, data_dir, *SIZE, progress=False).counts
    return {split: open_source(spec, data_dir, split, *SIZE) for split in counts}


def test_a_folder_holds_what_was_prepared(tmp_path):
    splits = open_all(SourceSpec("toycity", train=3, test=2), tmp_path / "data")
    unpack(splits, tmp_path / "city")
    again = open_all(SourceSpec("folder", str(tmp_path / "city")), tmp_path / "data")
    assert {split: len(source) for split, source in again.items()} == {"train": 3, "test": 2}
    for split, source in splits.items():
        for index, name in enumerate(source.names):
            copy = again[split][index]
            assert copy["name"] == name
            np.testing.assert_array_equal(copy["image"], source[index]["image"])
            np.testing.assert_array_equal(copy["label"], source[index]["label"])


def test_what_is_there_is_kept_and_the_rest_is_made(tmp_path):
    splits = open_all(SourceSpec("toycity", train=3, test=1), tmp_path / "data")
    unpack(splits, tmp_path / "city")
    kept, lost = sorted((tmp_path / "city" / "images").glob("train*"))[:2]
    written = kept.stat().st_mtime_ns
    lost.unlink()
    (tmp_path / "city" / "train.txt").unlink()
    unpack(splits, tmp_path / "city")
    assert lost.is_file()
    assert kept.stat().st_mtime_ns == written
    assert (tmp_path / "city" / "train.txt").read_text().split() == list(splits["train"].names)
    assert not list((tmp_path / "city").rglob("*.tmp"))
