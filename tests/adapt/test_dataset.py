"""Folder data sets of which one part is made anew: what is made, what is carried, what is safe."""

import dataclasses
import os

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt import dataset
from sggan_jax.adapt.dataset import adapt_labelled, label_folder
from sggan_jax.adapt.provenance import RECORD_FILE
from sggan_jax.adapt.sources import SOURCES_FILE
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.folder import load_pair
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.data.pipeline import open_source
from sggan_jax.data.prepare import prepare
from sggan_jax.runs.segmenter import Segmenter
from sggan_jax.types import InputError

NAMES = ("a", "x/b", "x/c", "d")


@pytest.fixture
def source(tmp_path):
    """A folder data set of three training images, of which one is a JPEG, and a test image."""
    root, rng = tmp_path / "source", np.random.default_rng(0)
    for name in NAMES:
        for part in ("images", "labels"):
            (root / part / name).parent.mkdir(parents=True, exist_ok=True)
        suffix = "jpg" if name == "x/c" else "png"
        image = rng.integers(0, 256, (8, 16, 3), np.uint8)
        Image.fromarray(image).save(root / "images" / f"{name}.{suffix}")
        labels = rng.choice(np.array([7, 11, 23], np.uint8), (8, 16))
        Image.fromarray(labels).save(root / "labels" / f"{name}.png", optimize=True)
    (root / "train.txt").write_text("a\nx/b\nx/c\n")
    (root / "test.txt").write_text("d\n")
    return root


def read(path):
    return np.asarray(Image.open(path))


def content(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_adapted_images_keep_their_labels(negative, source, tmp_path):
    out = tmp_path / "out"
    before = content(source)
    summary = adapt_labelled(negative, source, out, batch_size=2, progress=False)
    assert (summary.adapted, summary.skipped, summary.failed) == (4, 0, ())
    for name in ("a", "x/b", "d"):
        path = f"images/{name}.png"
        np.testing.assert_array_equal(read(out / path), 255 - read(source / path))
    made = content(out)
    assert set(made) == set(before) | {f"images/{RECORD_FILE}", f"images/{SOURCES_FILE}"}
    for path in before:
        assert path.startswith("images/") or made[path] == before[path]
    assert content(source) == before
    counts = prepare(
        SourceSpec("folder", str(out), accept_labels=True), tmp_path / "data", 8, 16, False
    ).counts
    assert counts == {"train": 3, "test": 1}


def test_labels_take_no_room_where_links_are_possible(negative, source, tmp_path):
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert (tmp_path / "out/labels/a.png").samefile(source / "labels/a.png")
    # Lists are for editing, and must not change those of the source.
    assert not (tmp_path / "out/train.txt").samefile(source / "train.txt")


def test_labels_are_copied_where_links_are_not_possible(negative, source, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(dataset.os, "link", refuse)
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    copied, original = (root / "labels/x/b.png" for root in (tmp_path / "out", source))
    assert not copied.samefile(original)
    assert copied.read_bytes() == original.read_bytes()
    assert not list((tmp_path / "out").rglob("*.part"))
    number = copied.stat().st_ino
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert copied.stat().st_ino == number


def test_an_interrupted_call_continues(negative, source, tmp_path):
    out = tmp_path / "out"
    adapt_labelled(negative, source, out, progress=False)
    whole = content(out)
    for path in ("images/a.png", "labels/x/b.png", "train.txt"):
        (out / path).unlink()
    kept = (out / "images/d.png").stat().st_mtime_ns
    summary = adapt_labelled(negative, source, out, progress=False)
    assert (summary.adapted, summary.skipped) == (1, 3)
    assert content(out) == whole
    assert (out / "images/d.png").stat().st_mtime_ns == kept


def test_what_is_short_is_short_of_images(negative, source, tmp_path):
    """Stopped at its first image, a folder has all lists and labels: its builder refuses it."""

    class Stops(type(negative.module)):
        def apply(self, variables, x):
            raise KeyboardInterrupt

    out = tmp_path / "out"
    stopping = dataclasses.replace(negative, module=Stops([]))
    with pytest.raises(KeyboardInterrupt):
        adapt_labelled(stopping, source, out, progress=False)
    assert {path for path in content(out) if not path.startswith("images/")} == {
        path for path in content(source) if not path.startswith("images/")
    }
    with pytest.raises(InputError, match=r"holds no .* file"):
        prepare(SourceSpec("folder", str(out), accept_labels=True), tmp_path / "data", 8, 16, False)


def test_changed_labels_replace_older_ones(negative, source, tmp_path):
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    (source / "labels/a.png").unlink()
    Image.fromarray(np.full((8, 16), 24, np.uint8)).save(source / "labels/a.png")
    assert read(tmp_path / "out/labels/a.png").max() < 24
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert (read(tmp_path / "out/labels/a.png") == 24).all()


def test_replaced_labels_of_the_same_size_and_date_are_carried(negative, source, tmp_path):
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    path = source / "labels/a.png"
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert (tmp_path / "out/labels/a.png").read_bytes() == bytes(data)


def test_adapted_images_and_labels_keep_one_geometry(negative, source, tmp_path):
    """A camera's note turns the image; its labels are those of the upright one."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = read(source / "images/a.png")
    lying = Image.fromarray(np.ascontiguousarray(np.rot90(upright)))
    lying.save(source / "images/a.png", exif=exif)
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    np.testing.assert_array_equal(read(tmp_path / "out/images/a.png"), 255 - upright)
    pair = load_pair(tmp_path / "out/images/a.png", tmp_path / "out/labels/a.png", CITYSCAPES)
    assert pair[0].shape[:2] == pair[1].shape


def test_a_folder_that_something_else_made_is_left_alone(negative, source, tmp_path):
    (tmp_path / "out/images").mkdir(parents=True)
    (tmp_path / "out/images/a.png").write_bytes(b"precious")
    before = content(tmp_path / "out")
    with pytest.raises(InputError, match="already holds 1 images of these names"):
        adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert content(tmp_path / "out") == before
    adapt_labelled(negative, source, tmp_path / "out", overwrite=True, progress=False)
    np.testing.assert_array_equal(
        read(tmp_path / "out/images/a.png"), 255 - read(source / "images/a.png")
    )


@pytest.mark.parametrize("part", ["images", "labels"])
def test_a_folder_without_a_part_is_refused(negative, source, tmp_path, part):
    (source / part).rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=f"has no {part}/ inside"):
        adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_source_and_output_must_be_apart(negative, source):
    with pytest.raises(InputError, match="must not be the same"):
        adapt_labelled(negative, source, source, progress=False)


class Brightest:
    """A network whose scores of three classes are the three channels."""

    def apply(self, variables, x):
        return jnp.asarray(x)


@pytest.fixture
def segmenter(tiny_run):
    class_groups = np.full(256, 255, np.uint8)
    class_groups[[7, 23, 26, 27]] = [0, 1, 2, 2]
    ids = np.array([7, 23, 26], np.uint8)
    return Segmenter(tiny_run, 1, Brightest(), {}, ("road", "sky", "car"), class_groups, ids)


@pytest.mark.parametrize("shape", [(16, 24), (2, 16, 24), (5, 9), (3, 13, 7)])
def test_a_segmenter_takes_images_of_any_size(segmenter, shape):
    images = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    classes = segmenter(images)
    assert classes.dtype == np.uint8
    np.testing.assert_array_equal(classes, images.argmax(-1))


def test_a_segmenter_refuses_what_is_no_image(segmenter):
    with pytest.raises(InputError, match=r"images must be uint8 \[H, W, 3\]"):
        segmenter(np.zeros((4, 4), np.uint8))


def test_predicted_labels_make_a_data_set(segmenter, source, tmp_path):
    """Labels of any suffix become PNG of class ids; images are the very files."""
    out = tmp_path / "out"
    summary = label_folder(segmenter, source, out, batch_size=3, progress=False)
    assert (summary.adapted, summary.failed) == (4, ())
    for name, suffix in (("a", "png"), ("x/b", "png"), ("x/c", "jpg"), ("d", "png")):
        image = out / f"images/{name}.{suffix}"
        assert image.samefile(source / f"images/{name}.{suffix}")
        expected = np.array([7, 23, 26])[read(image).argmax(-1)]
        np.testing.assert_array_equal(read(out / f"labels/{name}.png"), expected)
    spec = SourceSpec("folder", str(out), accept_labels=True)
    counts = prepare(spec, tmp_path / "data", 8, 16, False).counts
    assert counts == {"train": 3, "test": 1}
    example = open_source(spec, tmp_path / "data", "test", 8, 16)[0]
    assert set(np.unique(example["label"])) == {7, 23, 26}


def test_labelling_needs_no_labels_and_continues(segmenter, source, tmp_path):
    (source / "labels").rename(tmp_path / "elsewhere")
    out = tmp_path / "out"
    label_folder(segmenter, source, out, progress=False)
    (out / "labels/a.png").unlink()
    os.remove(out / "images/d.png")
    summary = label_folder(segmenter, source, out, progress=False)
    assert (summary.adapted, summary.skipped) == (1, 3)
    assert (out / "images/d.png").samefile(source / "images/d.png")
    other = dataclasses.replace(segmenter, step=2)
    with pytest.raises(InputError, match="step 1 -> 2"):
        label_folder(other, source, out, progress=False)


def test_a_data_set_of_which_no_image_has_labels_is_refused_before_the_first(
    negative, source, tmp_path
):
    for path in list((source / "labels").rglob("*.png")):
        path.rename(path.with_name(f"{path.stem}_labelIds.png"))
    with pytest.raises(InputError, match=r"has labels of the same name: the first image is a\.png"):
        adapt_labelled(negative, source, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    assert not negative.module.seen


def test_images_without_labels_are_counted(negative, source, tmp_path, capsys):
    (source / "labels/a.png").unlink()
    assert adapt_labelled(negative, source, tmp_path / "out", progress=False).adapted == 4
    assert "1 of 4 images of" in capsys.readouterr().err
