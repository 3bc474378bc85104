"""At what size images are adapted: what may be asked, what is told, what is written."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import ExifTags, Image

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.adapt.dataset import adapt_folder, adapt_labelled
from sggan_jax.adapt.gate import Gate
from sggan_jax.adapt.manifest import check_files, read_manifest
from sggan_jax.adapt.outputs import describe_dataset
from sggan_jax.adapt.provenance import make_record
from sggan_jax.adapt.request import Request, fulfil
from sggan_jax.adapt.size import parse_size, tell_scale
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.data.tables import GTAV
from sggan_jax.data.transforms import resize, resize_image, resize_labels
from sggan_jax.folders import list_images
from sggan_jax.runs.description import read_run, write_run
from sggan_jax.types import InputError

IDS = np.array([7, 11, 23], np.uint8)


def save(folder, name, height, width, seed=0, **options):
    """Write a random image, and labels where the folder is a data set."""
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **options)
    return image


def save_labels(folder, name, height, width, seed=0):
    """Write areas of 4x4 pixels of one class each: pixels of noise would count as smoothed."""
    coarse = np.random.default_rng(seed).choice(IDS, (height // 4, width // 4))
    labels = coarse.repeat(4, 0).repeat(4, 1)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(labels).save(folder / name)
    return labels


def read(path):
    return np.asarray(Image.open(path))


@pytest.mark.parametrize(
    ("text", "size"),
    [("native", None), ("train", (16, 32)), ("24x40", (24, 40)), (" 8X9 ", (8, 9))],
)
def test_what_may_be_asked(tiny_run, text, size):
    assert parse_size(text, tiny_run, read_run(tiny_run)) == size


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("64", "give train, native, or HEIGHTxWIDTH such as 256x512"),
        ("0x64", "give train, native, or HEIGHTxWIDTH"),
        ("-8x64", "give train, native, or HEIGHTxWIDTH"),
        ("1.5", "give train, native, or HEIGHTxWIDTH"),
        ("Train", "give train, native, or HEIGHTxWIDTH"),
        ("64x128x3", "give train, native, or HEIGHTxWIDTH"),
        ("99999x99999", "more than the 67108864 pixels"),
    ],
)
def test_what_is_no_size_is_refused(tiny_run, text, told):
    with pytest.raises(InputError, match=told):
        parse_size(text, tiny_run, read_run(tiny_run))


def test_a_run_that_does_not_know_its_size_cannot_adapt_at_it(tiny_run):
    unknown = dataclasses.replace(read_run(tiny_run), scale=None)
    with pytest.raises(InputError, match=r"does not say at what size it was trained.*HEIGHTxWIDTH"):
        parse_size("train", tiny_run, unknown)


def test_windows_are_adapted_at_the_size_of_the_whole(tiny_run):
    """A run of windows of 16x32 out of 64x128 knows the world at 64 pixels of height."""
    run = dataclasses.replace(read_run(tiny_run), scale=(64, 128))
    assert parse_size("train", tiny_run, run) == (64, 128)


@pytest.mark.parametrize(
    ("height", "width", "told"),
    [
        (256, 512, "256x512 is 16 times the 16x32 that"),
        (25, 32, "25x32 is 1.6 times the 16x32"),
        (16, 60, "16x60 is 1.9 times the 16x32"),
        (4, 8, "4x8 is 0.25 times the 16x32"),
        (32, 16, "32x16 is 2 times the 16x32"),
    ],
    ids=["large", "high", "wide", "small", "upright"],
)
def test_files_of_another_size_are_told(tmp_path, tiny_run, capsys, height, width, told):
    save(tmp_path, "b.png", height, width)
    save(tmp_path, "a.png", 16, 32)
    save(tmp_path, "sub/c.png", 24, 48)  # 1.5 times is near enough
    tell_scale(tmp_path, list_images(tmp_path), tiny_run, (16, 32), None)
    sentence = capsys.readouterr().err
    assert sentence.startswith("warning: 1 of 3 images, such as b.png, are of another size than")
    assert told in sentence
    assert "--size=train adapts at 16x32" in sentence


def test_files_of_the_size_of_training_are_no_matter(tmp_path, tiny_run, capsys):
    save(tmp_path, "a.png", 16, 32)
    (tmp_path / "b.png").write_bytes(b"damaged")  # told when it is its turn
    # As its note says, this one is upright 16x32.
    note = Image.Exif()
    note[ExifTags.Base.Orientation] = 6
    save(tmp_path, "c.jpg", 32, 16, exif=note)
    tell_scale(tmp_path, list_images(tmp_path), tiny_run, (16, 32), None)
    assert capsys.readouterr().err == ""


def test_a_size_that_is_given_is_judged_and_not_the_files(tmp_path, tiny_run, capsys):
    save(tmp_path, "a.png", 256, 512)
    tell_scale(tmp_path, list_images(tmp_path), tiny_run, (16, 32), (16, 32))
    assert capsys.readouterr().err == ""
    tell_scale(tmp_path, list_images(tmp_path), tiny_run, (16, 32), (64, 128))
    assert "64x128 is 4 times the 16x32 that" in capsys.readouterr().err


def test_a_run_of_unknown_size_says_so(tmp_path, tiny_run, capsys):
    save(tmp_path, "a.png", 256, 512)
    tell_scale(tmp_path, list_images(tmp_path), tiny_run, None, None)
    assert "does not say at what size it was trained" in capsys.readouterr().err
    tell_scale(tmp_path, list_images(tmp_path), tiny_run, None, (64, 128))
    assert capsys.readouterr().err == ""


def test_a_plain_folder_at_a_size(negative, tmp_path):
    images = {name: save(tmp_path / "in", name, 32, 48) for name in ("a.png", "sub/b.png")}
    images["c.png"] = save(tmp_path / "in", "c.png", 8, 12, seed=1)  # enlarged
    adapt_folder(negative, tmp_path / "in", tmp_path / "out", size=(16, 24), progress=False)
    for name, image in images.items():
        expected = 255 - resize_image(image, 16, 24)
        np.testing.assert_array_equal(read(tmp_path / "out" / name), expected)


@pytest.fixture
def source(tmp_path):
    """A data set of images larger than in training, one in a sub-folder, one of another shape."""
    root = tmp_path / "source"
    for name, size in {"a": (32, 64), "x/b": (32, 64), "c": (48, 40)}.items():
        save(root / "images", f"{name}.png", *size)
        save_labels(root / "labels", f"{name}.png", *size)
    (root / "train.txt").write_text("a\nx/b\n")
    (root / "test.txt").write_text("c\n")
    return root


def test_labels_come_to_the_size_of_their_images(negative, source, tmp_path):
    out = tmp_path / "out"
    before = (source / "labels/a.png").read_bytes()
    adapt_labelled(negative, source, out, size=(16, 32), table=CITYSCAPES, progress=False)
    for name in ("a", "x/b", "c"):
        parts = read(source / f"images/{name}.png"), read(source / f"labels/{name}.png")
        image, labels = resize(*parts, 16, 32)
        np.testing.assert_array_equal(read(out / f"images/{name}.png"), 255 - image)
        np.testing.assert_array_equal(read(out / f"labels/{name}.png"), labels)
    assert (out / "train.txt").read_text() == "a\nx/b\n"
    assert (source / "labels/a.png").read_bytes() == before


def test_labels_of_colours_become_ids_under_the_same_table(negative, source, tmp_path):
    labels = save_labels(source / "labels", "a.png", 32, 64)
    colours = np.zeros((256, 3), np.uint8)
    for k, number in enumerate(GTAV.ids):
        colours[number] = GTAV.colours[k]
    Image.fromarray(colours[labels]).save(source / "labels/a.png")
    adapt_labelled(negative, source, tmp_path / "out", size=(16, 32), table=GTAV, progress=False)
    written = read(tmp_path / "out/labels/a.png")
    np.testing.assert_array_equal(written, resize_labels(labels, 16, 32))


def test_labels_that_do_not_fit_their_image_are_not_stretched_to_fit(negative, source, tmp_path):
    """Of another size than their image they are somebody's mistake, which the gate tells."""
    save_labels(source / "labels", "a.png", 16, 64)
    out, size = tmp_path / "out", (8, 16)
    adapt_labelled(negative, source, out, size=size, table=CITYSCAPES, progress=False)
    record = make_record(negative, source / "images", size=size)
    made = describe_dataset(source, out, record, Gate(CITYSCAPES), CITYSCAPES, progress=False)
    assert next(iter(made.rejected)) == "images/a.png"
    assert "a.png is 16x64, its image 8x16" in made.rejected["images/a.png"][0].reason
    assert [entry["problem"] is None for entry in made.entries] == [False, True, True]


def test_the_gate_compares_at_the_size_and_the_manifest_names_it(negative, source, tmp_path):
    out, size = tmp_path / "out", (16, 32)
    adapt_labelled(negative, source, out, size=size, table=CITYSCAPES, progress=False)
    record = make_record(negative, source / "images", size=size)
    describe_dataset(source, out, record, Gate(CITYSCAPES), CITYSCAPES, progress=False)
    entries = read_manifest(out)
    assert {(e["size"], e["height"], e["width"], e["problem"]) for e in entries} == {
        ("16x32", 16, 32, None)
    }
    image = resize_image(read(source / "images/a.png"), 16, 32)
    change = np.abs(image.astype(int) - (255 - image)).mean()
    assert entries[0]["scores"]["change"] == pytest.approx(change, abs=1e-4)
    assert 'size = "16x32"' in (out / "dataset.toml").read_text()
    assert check_files(out) == []


def test_a_folder_is_of_one_size(negative, source, tmp_path):
    adapt_labelled(negative, source, tmp_path / "out", progress=False)
    record = json.loads((tmp_path / "out/images/.adapted.json").read_text())
    assert record["size"] == "native"
    with pytest.raises(InputError, match=r"something else \(size native -> 16x32\)"):
        adapt_labelled(negative, source, tmp_path / "out", size=(16, 32), progress=False)
    assert read(tmp_path / "out/labels/a.png").shape == (32, 64)  # refused before anything
    options = {"size": (16, 32), "progress": False, "overwrite": True}
    adapt_labelled(negative, source, tmp_path / "out", **options)
    again = adapt_labelled(negative, source, tmp_path / "out", size=(16, 32), progress=False)
    assert (again.adapted, again.skipped) == (0, 3)


def test_an_image_too_large_for_the_memory_goes_through_at_a_size(tiny_run, tmp_path):
    """In row blocks: the memory is less than one pass takes, too."""
    image, whole = save(tmp_path / "in", "a.png", 64, 128), load_adapter(tiny_run)
    small = load_adapter(tiny_run, memory=1.02 * whole._needs((16, 32)).least)
    assert small.memory < whole._needs((16, 32)).whole
    with pytest.raises(InputError, match="an image of 64x128 takes at least"):
        small(image)
    adapt_folder(small, tmp_path / "in", tmp_path / "out", size=(16, 32), progress=False)
    expected = whole(resize_image(image, 16, 32))
    made = read(tmp_path / "out/a.png").astype(int)
    assert np.abs(made - expected).max() <= 1


def test_a_run_that_labels_takes_no_size(tiny_run, tmp_path):
    write_run(tmp_path, dataclasses.replace(read_run(tiny_run), adapts={"seg": "g_v2r"}))
    request = Request(run=str(tmp_path), output="out", input="in", size="train")
    with pytest.raises(InputError, match=r"labels, always at the size it was trained at"):
        fulfil(request)
