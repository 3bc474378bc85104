import dataclasses
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt import flow
from sggan_jax.adapt.dataset import adapt_folder
from sggan_jax.adapt.flow import gather, stack
from sggan_jax.adapt.provenance import RECORD_FILE, Record
from sggan_jax.adapt.sources import SOURCES_FILE
from sggan_jax.types import InputError


def read(path):
    return np.asarray(Image.open(path))


def fill(folder, sizes):
    """Write one image of each size, by name; return them."""
    rng = np.random.default_rng(0)
    images = {}
    for name, (height, width) in sizes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        images[name] = rng.integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(images[name]).save(path)
    return images


KEPT = [RECORD_FILE, SOURCES_FILE]
SIZES = {"b.png": (8, 16), "a.png": (9, 16), "x/c.png": (8, 16), "x/y/d.png": (8, 16)}


@pytest.fixture
def source(tmp_path):
    fill(tmp_path / "in", SIZES)
    return tmp_path / "in"


def outputs(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_folder_keeps_names_and_content(negative, source, tmp_path, batch_size):
    target = tmp_path / "new" / "out"
    summary = adapt_folder(negative, source, target, batch_size=batch_size, progress=False)
    assert outputs(target) == [*KEPT, *sorted(SIZES)]
    for name in SIZES:
        np.testing.assert_array_equal(read(target / name), 255 - read(source / name))
    assert (summary.adapted, summary.skipped, summary.failed) == (4, 0, ())
    assert summary.rate == 4 / summary.seconds


def test_real_generator_fills_a_folder(tiny_adapter, tmp_path):
    images = fill(tmp_path / "in", {"a.png": (16, 32), "b.png": (13, 30)})
    adapt_folder(tiny_adapter, tmp_path / "in", tmp_path / "out", progress=False)
    for name, image in images.items():
        np.testing.assert_array_equal(read(tmp_path / "out" / name), tiny_adapter(image))


def test_unreadable_files_do_not_stop_the_rest(negative, source, tmp_path):
    (source / "a.png").write_bytes(b"broken")
    (source / "zz.jpg").write_bytes(b"")
    summary = adapt_folder(negative, source, tmp_path / "out", progress=False)
    assert summary.adapted == 3
    assert [str(name) for name, _ in summary.failed] == ["a.png", "zz.jpg"]
    assert all("cannot be read" in reason for _, reason in summary.failed)
    assert "a.png" not in outputs(tmp_path / "out")
    # The file repaired, the same call does what is left.
    fill(source, {"a.png": (4, 4)})
    summary = adapt_folder(negative, source, tmp_path / "out", progress=False)
    assert (summary.adapted, summary.skipped, len(summary.failed)) == (1, 3, 1)


def test_interrupted_run_continues(negative, source, tmp_path):
    """Stop within the second image; the next call does what was not finished, and only that."""

    class Stops(type(negative.module)):
        def apply(self, variables, x):
            if x.shape[1] == 8 and len(self.seen) == 1:
                raise KeyboardInterrupt
            return super().apply(variables, x)

    target = tmp_path / "out"
    stopping = dataclasses.replace(negative, module=Stops([]))
    with pytest.raises(KeyboardInterrupt):
        adapt_folder(stopping, source, target, progress=False)
    assert outputs(target) == [RECORD_FILE, SOURCES_FILE, "a.png"]
    (target / ".b.png.part").write_bytes(b"half")  # as a killed process would leave it
    before = (target / "a.png").stat().st_mtime_ns
    summary = adapt_folder(negative, source, target, progress=False)
    assert (summary.adapted, summary.skipped) == (3, 1)
    assert (target / "a.png").stat().st_mtime_ns == before
    assert outputs(target) == [*KEPT, *sorted(SIZES)]
    for name in SIZES:
        np.testing.assert_array_equal(read(target / name), 255 - read(source / name))


@pytest.mark.parametrize("date", [1, 2**32])
def test_changed_image_is_adapted_again_whatever_its_date(negative, source, tmp_path, date):
    adapt_folder(negative, source, tmp_path / "out", progress=False)
    for name in SIZES:
        os.utime(source / name, (2**32, 2**32))  # a later date alone changes nothing
    changed = fill(source, {"a.png": (5, 5)})["a.png"]
    os.utime(source / "a.png", (date, date))
    summary = adapt_folder(negative, source, tmp_path / "out", progress=False)
    assert (summary.adapted, summary.skipped) == (1, 3)
    np.testing.assert_array_equal(read(tmp_path / "out" / "a.png"), 255 - changed)


def test_finished_folder_is_left_alone(negative, source, tmp_path):
    adapt_folder(negative, source, tmp_path / "out", progress=False)
    summary = adapt_folder(negative, source, tmp_path / "out", progress=False)
    assert (summary.adapted, summary.skipped, summary.failed) == (0, 4, ())
    assert summary.rate == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"direction": "r2v"}, "direction v2r -> r2v"),
        ({"step": 2}, "step 1 -> 2"),
        ({"variables": {"w": np.ones(3, np.float32)}}, "the run was trained anew"),
    ],
)
def test_folder_of_another_model_is_refused(negative, source, tmp_path, change, told):
    target = tmp_path / "out"
    adapt_folder(negative, source, target, progress=False)
    before = {name: (target / name).read_bytes() for name in outputs(target)}
    other = dataclasses.replace(negative, **change)
    with pytest.raises(InputError, match=f"made by something else \\({told}\\).*--overwrite"):
        adapt_folder(other, source, target, progress=False)
    assert {name: (target / name).read_bytes() for name in outputs(target)} == before


def test_another_run_and_another_input_are_refused(negative, source, tmp_path, make_run):
    adapt_folder(negative, source, tmp_path / "out", progress=False)
    other = make_run(tmp_path / "other", upsampling="resize")
    with pytest.raises(InputError, match=f"run {negative.run} -> {other}"):
        adapt_folder(
            dataclasses.replace(negative, run=other), source, tmp_path / "out", progress=False
        )
    fill(tmp_path / "in2", SIZES)
    with pytest.raises(InputError, match=f"input {source} -> {tmp_path / 'in2'}"):
        adapt_folder(negative, tmp_path / "in2", tmp_path / "out", progress=False)


def test_moved_or_lengthened_run_continues(negative, source, tmp_path, make_run):
    run = make_run(tmp_path / "before")
    adapt_folder(dataclasses.replace(negative, run=run), source, tmp_path / "out", progress=False)
    moved = run.rename(tmp_path / "after")
    description = json.loads((moved / "run.json").read_text())
    description["config"]["train"]["steps"] = 999
    (moved / "run.json").write_text(json.dumps(description))
    adapter = dataclasses.replace(negative, run=moved)
    assert adapt_folder(adapter, source, tmp_path / "out", progress=False).skipped == 4


def test_overwrite_replaces_everything_even_when_interrupted(negative, source, tmp_path):
    target = tmp_path / "out"
    adapt_folder(negative, source, target, progress=False)

    class Stops(type(negative.module)):
        def apply(self, variables, x):
            raise KeyboardInterrupt

    other = dataclasses.replace(negative, module=Stops([]), step=2)
    with pytest.raises(KeyboardInterrupt):
        adapt_folder(other, source, target, overwrite=True, progress=False)
    # What the first model made must not pass for the second one's.
    assert outputs(target) == KEPT
    second = dataclasses.replace(negative, step=2)
    assert adapt_folder(second, source, target, progress=False).adapted == 4


def test_images_of_unknown_origin_are_refused(negative, source, tmp_path):
    target = tmp_path / "out"
    fill(target, {"a.png": (3, 3), "other.png": (3, 3)})
    with pytest.raises(InputError, match=r"already holds 1 images .* such as a.png, and no"):
        adapt_folder(negative, source, target, progress=False)
    adapt_folder(negative, source, target, overwrite=True, progress=False)
    assert read(target / "a.png").shape == (9, 16, 3)
    assert read(target / "other.png").shape == (3, 3, 3)  # not ours: not touched


def test_damaged_record_is_refused(negative, source, tmp_path):
    adapt_folder(negative, source, tmp_path / "out", progress=False)
    (tmp_path / "out" / RECORD_FILE).write_text("{")
    with pytest.raises(InputError, match=f"{RECORD_FILE} is damaged"):
        adapt_folder(negative, source, tmp_path / "out", progress=False)


@pytest.mark.parametrize("target", ["in", "in/adapted", "."])
def test_folders_in_each_other_are_refused(negative, source, tmp_path, target):
    before = outputs(tmp_path)
    with pytest.raises(InputError, match="must not be the same or lie in each other"):
        adapt_folder(negative, source, tmp_path / target, overwrite=True, progress=False)
    assert outputs(tmp_path) == before


def test_impossible_calls_are_refused_before_anything_is_written(negative, source, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for given, settings, sentence in (
        ("empty", {}, "holds no image"),
        ("nowhere", {}, "is not a directory"),
        ("in", {"batch_size": 0}, "batch size must be at least 1, got 0"),
    ):
        with pytest.raises(InputError, match=sentence):
            adapt_folder(negative, tmp_path / given, tmp_path / "out", progress=False, **settings)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="is a file; give a folder"):
        adapt_folder(negative, source, tmp_path / "file", progress=False)


def test_failed_write_stops_with_its_reason(negative, source, tmp_path, monkeypatch):
    def full(path, image):
        raise InputError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr(flow, "write_image", full)
    with pytest.raises(InputError, match="No space left"):
        adapt_folder(negative, source, tmp_path / "out", progress=False)


def test_gather_keeps_sizes_apart_and_loses_nothing():
    sizes = [4, 6, 4, 6, 4, 8]
    images = [(Path(f"{k}"), np.zeros((size, size, 3), np.uint8)) for k, size in enumerate(sizes)]
    batches = [[str(name) for name, _ in batch] for batch in gather(images, 2)]
    assert batches == [["0", "2"], ["1", "3"], ["4"], ["5"]]


def test_gather_holds_few_images_back():
    images = [(Path(f"{k}"), np.zeros((k + 1, 4, 3), np.uint8)) for k in range(50)]
    taken = iter(images)
    next(gather(taken, 3))
    assert 50 - len(list(taken)) == 13  # four batches of three, and the one too many


def test_short_batches_are_filled_where_that_saves_a_compilation(negative, tmp_path):
    def batch(number, size):
        return [(Path(f"{k}"), np.full((8, size, 3), k, np.uint8)) for k in range(number)]

    compiled: set = set()
    assert stack(batch(2, 16), 3, compiled).shape == (2, 8, 16, 3)
    assert stack(batch(3, 16), 3, compiled).shape == (3, 8, 16, 3)
    filled = stack(batch(2, 16), 3, compiled)
    assert filled[:, 0, 0, 0].tolist() == [0, 1, 1]
    assert stack(batch(2, 24), 3, compiled).shape == (2, 8, 24, 3)

    fill(tmp_path / "in", {f"{k}.png": (8, 16) for k in range(5)})
    adapt_folder(negative, tmp_path / "in", tmp_path / "out", batch_size=2, progress=False)
    assert negative.module.seen == [(2, 8, 16, 3)]
    for k in range(5):
        expected = 255 - read(tmp_path / "in" / f"{k}.png")
        np.testing.assert_array_equal(read(tmp_path / "out" / f"{k}.png"), expected)


def test_reading_working_and_writing_go_on_beside_each_other(source, tmp_path, monkeypatch):
    """Each waits as a disk or a device would; the slowest, and not their sum, sets the pace."""
    fill(source, {f"more{k:02}.png": (8, 16) for k in range(20)})
    wait = 0.02

    def slowly(function):
        return lambda *arguments: (time.sleep(wait), function(*arguments))[1]

    monkeypatch.setattr(flow, "read_image", slowly(flow.read_image))
    monkeypatch.setattr(flow, "write_image", slowly(flow.write_image))
    record = Record("", "v2r", 1, "", "", "")
    work = slowly(lambda names, images: images)
    summary = flow.map_folder(work, record, source, tmp_path / "out", progress=False)
    assert summary.adapted == 24
    assert set(summary.busy) == {"reading", "working", "writing"}
    assert all(seconds >= 24 * wait for seconds in summary.busy.values())
    assert summary.seconds < 0.7 * sum(summary.busy.values())


def test_a_folder_is_continued_by_a_run_of_another_length(negative, source, tmp_path, make_run):
    """Settings of data and length decide nothing about images."""
    run = make_run(tmp_path / "old")
    described = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(described))
    adapter = dataclasses.replace(negative, run=run)
    adapt_folder(adapter, source, tmp_path / "out", progress=False)
    described["config"]["train"]["keep_best"] = 1
    described["config"]["data"]["threads"] = 7
    (run / "run.json").write_text(json.dumps(described))
    assert adapt_folder(adapter, source, tmp_path / "out", progress=False).skipped == 4


@pytest.mark.parametrize("field", ["config", "weights", "step", "input"])
def test_a_folder_of_another_record_is_refused(negative, source, tmp_path, field):
    target = tmp_path / "out"
    adapt_folder(negative, source, target, progress=False)
    record = json.loads((target / RECORD_FILE).read_text())
    (target / RECORD_FILE).write_text(json.dumps(record | {field: "1398b85e6fe88ef5"}))
    with pytest.raises(InputError, match="made by something else"):
        adapt_folder(negative, source, target, progress=False)
