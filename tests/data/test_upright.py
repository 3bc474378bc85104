"""Photographs that cameras store turned, and labels that were or were not turned with them."""

import os

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.folder import load_pair
from sggan_jax.data.labels import CITYSCAPES
from sggan_jax.data.prepare import check, prepare
from sggan_jax.data.tables import TABLES
from sggan_jax.types import InputError

# How an upright image is stored that EXIF notes so, by the standard.
STORED = {
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: lambda x: np.swapaxes(x, 0, 1),
    6: lambda x: np.rot90(x, 1),
    7: lambda x: np.rot90(np.swapaxes(x, 0, 1), 2),
    8: lambda x: np.rot90(x, -1),
}


def street(height, width, seed=0):
    """A random photograph, and its labels: sky, buildings, a car on the left, road."""
    rows = np.repeat(np.array([23] * 4 + [11] * 4 + [7] * 8, np.uint8), height // 16)
    labels = np.repeat(rows[:, None], width, 1)
    labels[height // 2 : 5 * height // 8, : width // 4] = 26
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return image, labels


def save(array, path, note=1, **options):
    exif = Image.Exif()
    exif[0x0112] = note
    array = STORED.get(note, np.asarray)(array)
    Image.fromarray(np.ascontiguousarray(array)).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("note", STORED)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_labels_of_the_upright_photograph_are_right_of_any_shape(tmp_path, note, suffix):
    options = {"lossless": True} if suffix == ".webp" else {}
    for size in ((32, 48), (32, 32)):
        image, labels = street(*size)
        files = save(image, tmp_path / f"a{suffix}", note, **options), tmp_path / "b.png"
        Image.fromarray(labels).save(files[1])
        for read, wanted in zip(load_pair(*files, CITYSCAPES), (image, labels), strict=True):
            np.testing.assert_array_equal(read, wanted)


@pytest.mark.parametrize(
    ("note", "size"), [(3, (32, 48)), (4, (32, 48)), *((k, (32, 32)) for k in (3, 4, 5, 6, 7, 8))]
)
def test_labels_as_the_photograph_is_stored_are_refused_though_of_its_size(tmp_path, note, size):
    image, labels = street(*size)
    photograph = save(image, tmp_path / "a.png", note)
    for name in ("cityscapes", "trainids"):
        table = TABLES[name]
        ids = CITYSCAPES.lookup(CITYSCAPES.train_ids, 255)[labels] if name == "trainids" else labels
        Image.fromarray(np.ascontiguousarray(STORED[note](ids))).save(tmp_path / "b.png")
        with pytest.raises(InputError, match="only when they are turned in the same way") as told:
            load_pair(photograph, tmp_path / "b.png", table)
        assert f"a.png is stored turned, as its orientation note (EXIF {note})" in str(told.value)


@pytest.mark.parametrize("note", [5, 6, 7, 8])
def test_labels_as_a_photograph_lies_are_refused_by_their_size(tmp_path, note):
    image, labels = street(32, 48)
    photograph = save(image, tmp_path / "a.jpg", note)
    Image.fromarray(np.ascontiguousarray(STORED[note](labels))).save(tmp_path / "b.png")
    with pytest.raises(InputError, match=rf"EXIF {note}\) says; upright it is 32x48 .* are 48x32"):
        load_pair(photograph, tmp_path / "b.png", CITYSCAPES)


def write(root, number=4):
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for k in range(number):
        image, labels = street(32, 48, k)
        Image.fromarray(image).save(root / f"images/{k}.bmp")
        Image.fromarray(labels).save(root / f"labels/{k}.png")
    return root


@pytest.mark.parametrize("number", [1, 4])
def test_one_pair_or_all_of_them_lie(tmp_path, number):
    """A single pair is refused by itself; a whole data set is called upside down."""
    root = write(tmp_path / "set")
    for k in range(number):
        image, labels = street(32, 48, k)
        (root / f"images/{k}.bmp").unlink()
        save(image, root / f"images/{k}.png", 3)
        Image.fromarray(np.ascontiguousarray(labels[::-1, ::-1])).save(root / f"labels/{k}.png")
    spec = SourceSpec("folder", str(root))
    if number == 4:
        with pytest.raises(InputError, match="Upside down they are streets"):
            check(spec, 16, 24, progress=False)
        return
    info = check(spec, 16, 24, progress=False)
    assert (info.counts, [name for name, _ in info.refused]) == ({"train": 3}, ["0"])


@pytest.mark.parametrize("part", ["images/0.bmp", "labels/0.png"])
def test_what_was_replaced_by_the_same_size_and_an_older_date_is_read_again(tmp_path, part):
    root = write(tmp_path / "set")
    spec = SourceSpec("folder", str(root))
    first = prepare(spec, tmp_path / "data", 16, 24, progress=False)
    path = root / part
    old = path.stat()
    if part.startswith("images"):
        Image.fromarray(street(32, 48, 9)[0]).save(path)
    else:
        Image.fromarray(np.where(street(32, 48)[1] == 7, 6, 7).astype(np.uint8)).save(path)
        path.write_bytes(path.read_bytes().ljust(old.st_size, b"\0"))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns - 10**15))
    assert path.stat().st_size == old.st_size or part.startswith("labels")
    second = prepare(spec, tmp_path / "data", 16, 24, progress=False)
    assert not second.reused
    assert second.path != first.path
