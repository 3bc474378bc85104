"""Adapting with a generator that is told of labels: what it is told, and who is refused."""

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.adapt.dataset import adapt_folder, adapt_labelled
from sggan_jax.adapt.request import Request, fulfil
from sggan_jax.data.labels import class_table, group_table
from sggan_jax.export.load import load_exported
from sggan_jax.export.slim import write_slim_run
from sggan_jax.export.write import export_generator
from sggan_jax.nets.generators import with_labels
from sggan_jax.types import IGNORE, InputError, to_float, to_uint8

SIZE = (16, 32)


@pytest.fixture(scope="module")
def run(make_run, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("told") / "run", labels=True, upsampling="resize")


@pytest.fixture
def source(tmp_path):
    """Two images; the labels of the second, a whole car, are smaller than it."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (tmp_path / "source" / part).mkdir(parents=True)
    for name, size in (("a", SIZE), ("b", (8, 16))):
        image = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        Image.fromarray(image).save(tmp_path / f"source/images/{name}.png")
        labels = (
            rng.choice(np.array([7, 11, 23], np.uint8), size) if name == "a" else np.full(size, 26)
        )
        Image.fromarray(labels.astype(np.uint8)).save(tmp_path / f"source/labels/{name}.png")
    return tmp_path / "source"


def read(path):
    return np.asarray(Image.open(path))


def test_an_adapter_tells_its_network_the_groups_of_ids(run):
    adapter = load_adapter(run)
    images = np.random.default_rng(0).integers(0, 256, (2, *SIZE, 3), np.uint8)
    labels = np.random.default_rng(1).choice(np.array([7, 23, 26, 0], np.uint8), (2, *SIZE))
    x = with_labels(to_float(images), group_table("paper8")[labels])
    want = np.asarray(to_uint8(adapter.module.apply(adapter.variables, x)), int)
    # One program and the same layer by layer round differently.
    assert np.abs(adapter(images, labels) - want).max() <= 1
    np.testing.assert_array_equal(adapter(images, labels)[0], adapter(images[0], labels[0]))
    assert np.abs(adapter(images, labels[:, ::-1]) - want).mean() > 1


def test_an_adapter_mirrors_labels_with_images(run):
    adapter = load_adapter(run)
    images = np.random.default_rng(0).integers(0, 256, (13, 30, 3), np.uint8)
    labels = np.random.default_rng(1).choice(np.array([7, 23, 26], np.uint8), (13, 30))
    padded = [
        np.pad(x, ((1, 2), (1, 1), (0, 0))[: x.ndim], mode="reflect") for x in (images, labels)
    ]
    want = adapter(*padded)[1:14, 1:31]
    np.testing.assert_array_equal(adapter(images, labels), want)


def test_an_adapter_refuses_what_it_cannot_tell(run):
    adapter, image = load_adapter(run), np.zeros((*SIZE, 3), np.uint8)
    with pytest.raises(InputError, match=r"trained with nets\.labels: its generator needs the"):
        adapter(image)
    with pytest.raises(
        InputError, match=r"labels of shape \[4, 4\] do not fit images of \[16, 32, 3"
    ):
        adapter(image, np.zeros((4, 4), np.uint8))


def test_a_data_set_is_adapted_with_its_labels(run, source, tmp_path):
    adapter = load_adapter(run)
    adapt_labelled(adapter, source, tmp_path / "out", batch_size=2, progress=False)
    images = np.stack([read(source / f"images/{name}.png") for name in "ab"])
    labels = np.stack([read(source / "labels/a.png"), np.full(SIZE, 26, np.uint8)])
    want = adapter(images, labels)
    for name, image in zip("ab", want, strict=True):
        np.testing.assert_array_equal(read(tmp_path / f"out/images/{name}.png"), image)


def test_labels_that_cannot_be_read_are_told_as_none(run, source, tmp_path):
    (source / "labels/b.png").write_bytes(b"broken")
    adapt_labelled(load_adapter(run), source, tmp_path / "out", progress=False)
    image = read(source / "images/b.png")
    want = load_adapter(run)(image, np.full(SIZE, IGNORE, np.uint8))
    np.testing.assert_array_equal(read(tmp_path / "out/images/b.png"), want)


def test_ids_of_other_tables_are_told_as_training_stores_them(run, source, tmp_path):
    half = np.broadcast_to(np.arange(32) < 16, SIZE)
    for name in "ab":  # CARLA's roads and buildings
        Image.fromarray(np.where(half, 1, 3).astype(np.uint8)).save(source / f"labels/{name}.png")
    table = class_table("carla")
    adapt_labelled(load_adapter(run), source, tmp_path / "out", table=table, progress=False)
    image = read(source / "images/a.png")
    want = load_adapter(run)(image, np.where(half, 7, 11).astype(np.uint8))
    np.testing.assert_array_equal(read(tmp_path / "out/images/a.png"), want)


def test_a_changed_label_makes_its_image_anew(run, source, tmp_path):
    adapter = load_adapter(run)
    adapt_labelled(adapter, source, tmp_path / "out", progress=False)
    Image.fromarray(np.full(SIZE, 23, np.uint8)).save(source / "labels/a.png")
    summary = adapt_labelled(adapter, source, tmp_path / "out", progress=False)
    assert (summary.adapted, summary.skipped) == (1, 1)
    want = adapter(read(source / "images/a.png"), np.full(SIZE, 23, np.uint8))
    np.testing.assert_array_equal(read(tmp_path / "out/images/a.png"), want)


def test_a_folder_of_images_alone_is_not_adapted_as_if_nothing_had_a_class(run, source, tmp_path):
    with pytest.raises(InputError, match="needs the labels of every image"):
        adapt_folder(load_adapter(run), source / "images", tmp_path / "out", progress=False)


def test_images_without_labels_are_refused_before_anything_starts(run, source, tmp_path):
    request = Request(str(run), str(tmp_path / "out"), str(source / "images"))
    with pytest.raises(InputError, match=r"the labels of every image, but .*images has none"):
        fulfil(request)
    assert not (tmp_path / "out").exists()


def test_an_export_is_told_as_the_run_is(run, tmp_path):
    card = export_generator(run, tmp_path / "out", platforms=("cpu",))
    assert card.difference["max"] <= 1
    exported, image = load_exported(tmp_path / "out"), np.zeros((13, 30, 3), np.uint8)
    labels = np.random.default_rng(1).choice(np.array([7, 23, 26], np.uint8), image.shape[:2])
    near = exported(image, labels).astype(int) - load_adapter(run)(image, labels)
    assert np.abs(near).max() <= 1
    with pytest.raises(
        InputError, match=r"^run was trained with nets\.labels: .* needs the labels"
    ):
        exported(image)
    with pytest.raises(InputError, match="is not written as ONNX"):
        export_generator(run, tmp_path / "onnx", onnx=True)


def test_a_slim_run_is_told_as_the_run_is(run, tmp_path):
    assert write_slim_run(run, tmp_path / "slim", bits=23).difference["max"] == 0
    image, labels = np.zeros((16, 32, 3), np.uint8), np.full(SIZE, 26, np.uint8)
    slim, whole = (load_adapter(folder)(image, labels) for folder in (tmp_path / "slim", run))
    np.testing.assert_array_equal(slim, whole)
