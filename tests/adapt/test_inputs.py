"""Folders as people give them to launch.adapt: pairs stay pairs, and nothing is lost in silence."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt import request as adapting
from sggan_jax.adapt.dataset import remake
from sggan_jax.adapt.manifest import read_manifest
from sggan_jax.adapt.provenance import make_record
from sggan_jax.adapt.request import Request, fulfil
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.types import InputError
from tests.data.test_upright import STORED, save, street


@pytest.fixture
def source(tmp_path):
    """Three pairs of 32x48."""
    root = tmp_path / "source"
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k in range(3):
        image, labels = street(32, 48, k)
        Image.fromarray(image).save(root / f"images/{k}.png")
        Image.fromarray(labels).save(root / f"labels/{k}.png")
    return root


@pytest.fixture
def adapt(negative, tiny_run, tmp_path, monkeypatch, capsys):
    """Adapt by turning colours over; return status, entries by image and what was told."""
    monkeypatch.setattr(adapting, "load_adapter", lambda *_: negative)

    def run(folder, name="out", **asked):
        out = tmp_path / name
        status = fulfil(Request(run=str(tiny_run), input=str(folder), output=str(out), **asked))
        entries = {entry["image"]: entry for entry in read_manifest(out)}
        told = capsys.readouterr()
        return status, entries, told.out + told.err

    return run


def read(path):
    return np.asarray(Image.open(path))


def link(*paths):
    for path in paths:
        path.symlink_to("/nowhere/at/all")


def in_latin_1(root):
    for part in ("images", "labels"):
        os.rename(root / part / "2.png", os.fsencode(root / part) + b"/caf\xe9.png")


def elsewhere(root):
    """Move a pair to another place, linked as a city's folder is on a cluster."""
    for part in ("images", "labels"):
        place = root.parent / "store" / part
        place.mkdir(parents=True)
        (root / part / "2.png").rename(place / "2.png")
        (root / part / "city").symlink_to(place)


@pytest.mark.parametrize(
    ("spoil", "told", "images"),
    [
        (lambda r: (r / "images/a.heic").touch(), "passed over: 1 .heic", 3),
        (lambda r: link(r / "images/a.png"), "1 that are no files (broken links), such as a", 3),
        (lambda r: link(r / "images/ulm"), "(broken links), such as ulm", 3),
        (in_latin_1, "1 whose names are no UTF-8", 2),
        (lambda r: link(r / "labels/a.png"), "", 3),
        (elsewhere, "", 3),
    ],
)
def test_what_is_passed_over_is_told_and_links_are_followed(adapt, source, spoil, told, images):
    spoil(source)
    status, entries, said = adapt(source)
    assert (status, len(entries)) == (0, images)
    assert all(entry["scores"] for entry in entries.values())  # judged, so with its labels
    assert told in said
    status, entries, said = adapt(source / "images", "plain")
    assert (status, len(entries)) == (0, images)
    assert told in said


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "it is empty"), (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull")],
)
def test_files_without_an_image_end_in_a_status_and_their_cause(adapt, source, content, told):
    (source / "images/1.png").write_bytes(content)
    status, entries, said = adapt(source)
    assert (status, len(entries)) == (1, 2)
    assert f"images/1.png cannot be read: {told}" in said or told in said


def upper_case(root):
    for k in range(3):
        (root / f"labels/{k}.png").rename(root / f"labels/{k}.PNG")


def composed_otherwise(root):
    (root / "images/0.png").rename(root / "images/cafe\u0301.png")
    (root / "labels/0.png").rename(root / "labels/caf\u00e9.png")


@pytest.mark.parametrize("rename", [upper_case, composed_otherwise])
@pytest.mark.parametrize("asked", [{}, {"strength": "road=0,all=1"}, {"size": "16x24"}])
def test_labels_whose_names_are_written_otherwise_are_used(adapt, source, rename, asked):
    rename(source)
    _, entries, _ = adapt(source, **asked)
    assert all(entry["scores"] for entry in entries.values())
    if "strength" in asked:
        for path in entries:
            before, after = read(source / path), read(source.parent / "out" / path)
            np.testing.assert_array_equal(after[-8:], before[-8:])  # road, far from other classes
            np.testing.assert_array_equal(after[:4], 255 - before[:4])
    # A label that changes, whatever its name, makes its image anew.
    first = sorted((source / "labels").iterdir())[0]
    Image.fromarray(np.where(street(32, 48)[1] == 7, 6, 23).astype(np.uint8)).save(first)
    _, _, said = adapt(source, **asked, accept_labels=True)
    assert ("adapted 1 images" if "strength" in asked else "adapted 0 images") in said


@pytest.mark.parametrize("name", ["Labels", "masks", "gtFine/train"])
def test_label_maps_under_another_name_are_not_adapted_as_pictures(adapt, source, name):
    (source / name).parent.mkdir(exist_ok=True)
    (source / "labels").rename(source / name)
    with pytest.raises(
        InputError, match=r"holds 3 \.png: call it labels/; or adapt .*images alone"
    ):
        adapt(source)


@pytest.mark.parametrize("kind", ["broken link", "file"])
def test_labels_that_are_no_folder_are_no_reason_to_adapt_without(adapt, source, kind):
    shutil.rmtree(source / "labels")
    link(source / "labels") if kind == "broken link" else (source / "labels").touch()
    with pytest.raises(InputError, match="labels is no folder, but a file or a broken link"):
        adapt(source)


TRAIN = CITYSCAPES.lookup(CITYSCAPES.train_ids, 0)
ROAD_OR_NOT = np.where(np.arange(256) == 7, 7, 0).astype(np.uint8)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (np.where(TRAIN == 255, 0, TRAIN).astype(np.uint8), "make no street when read as"),
        (np.maximum(np.arange(-1, 255), 0).astype(np.uint8), "make no street when read as"),
        ((33 - np.arange(256)).astype(np.uint8), "make no street when read as"),
        (ROAD_OR_NOT, "1 classes occur, fewer than 3"),
        (np.zeros(256, np.uint8), "in every pixel of all 3 files"),
    ],
)
def test_labels_that_make_no_street_judge_nothing(adapt, source, numbers, told):
    for path in (source / "labels").iterdir():
        Image.fromarray(numbers[read(path)]).save(path)
    with pytest.raises(InputError, match=told):
        adapt(source)
    assert not (source.parent / "out").exists()
    assert len(adapt(source, accept_labels=True)[1]) == 3


def test_images_without_labels_are_counted(adapt, source):
    for k in range(2):
        (source / f"labels/{k}.png").unlink()
    _, entries, said = adapt(source)
    assert "2 of 3 images of" in said
    assert [bool(entry["scores"]) for entry in entries.values()] == [False, False, True]


@pytest.mark.parametrize("note", STORED)
def test_adapted_images_are_upright_and_so_are_their_labels(adapt, source, note):
    image, labels = street(32, 48)
    save(image, source / "images/0.png", note)
    save(labels, source / "labels/1.png", note)  # a label file that is stored turned itself
    _, entries, _ = adapt(source)
    out = source.parent / "out"
    np.testing.assert_array_equal(read(out / "images/0.png"), 255 - image)
    assert Image.open(out / "images/0.png").getexif().get(0x0112) is None
    assert all(entry["problem"] is None and entry["scores"] for entry in entries.values())


@pytest.mark.parametrize("note", [3, 4])
@pytest.mark.parametrize("size", ["native", "16x24"])
def test_labels_as_the_photograph_was_stored_reject_the_image(adapt, source, note, size):
    image, labels = street(32, 48)
    save(image, source / "images/0.png", note)
    Image.fromarray(np.ascontiguousarray(STORED[note](labels))).save(source / "labels/0.png")
    _, entries, _ = adapt(source, size=size)
    problems = [entry["problem"] for entry in entries.values()]
    assert f"images/0.png is stored turned, as its orientation note (EXIF {note})" in problems[0]
    assert problems[1:] == [None, None]
    assert "0\n" in (source.parent / "out/rejected.txt").read_text()


@pytest.mark.parametrize("other", ["0.jpg", "0.PNG", "0.webp"])
def test_two_images_of_one_name_share_no_labels(adapt, negative, source, tmp_path, other):
    Image.fromarray(street(32, 48, 9)[0]).save(source / "images" / other)
    with pytest.raises(InputError, match="share the name '0': keep one of them"):
        adapt(source)
    with pytest.raises(InputError, match="share the name '0': keep one of them"):
        remake(
            lambda _, x: x, make_record(negative, source), source, tmp_path / "out2", part="labels"
        )
    assert len(adapt(source / "images", "plain")[1]) == 4  # where each keeps its own ending


def test_labels_of_another_shape_reject_the_image_and_name_both(adapt, source):
    Image.fromarray(street(32, 32)[1]).save(source / "labels/0.png")
    _, entries, _ = adapt(source)
    problem = "labels/0.png is 32x32, its image 32x48 (height x width)"
    assert entries["images/0.png"]["problem"].startswith(problem)


def test_what_replaces_an_image_with_an_older_date_and_its_size_is_adapted(adapt, source):
    adapt(source)
    path = source / "images/0.png"
    image = street(32, 48, 9)[0]
    Image.fromarray(image).save(path)
    os.utime(path, ns=(0, 0))
    assert "adapted 1 images" in adapt(source)[2]
    np.testing.assert_array_equal(read(source.parent / "out/images/0.png"), 255 - image)
