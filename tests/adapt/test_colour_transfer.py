import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.colour_transfer import KINDS, train_images, transfer_colours
from sggan_jax.adapt.colours import (
    match_classes,
    match_photograph,
    match_statistics,
    measure,
    measure_classes,
    measure_photograph,
    swap_amplitude,
)
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.prepare import prepare
from sggan_jax.images import read_image
from sggan_jax.types import InputError


def noise(seed, low=0, high=256, size=(12, 20)):
    return np.random.default_rng(seed).integers(low, high, (*size, 3), np.uint8)


def labels(seed, size):
    """Roads, skies, and ground, which the ten classes leave out."""
    return np.random.default_rng(seed).choice(np.array([7, 23, 6], np.uint8), size)


@pytest.fixture
def folders(tmp_path):
    """Two folder data sets: 3 virtual images and 4 real ones of another size, each with a test."""

    def write(root, names, low, high, size):
        for k, name in enumerate(names):
            for part in ("images", "labels"):
                (root / part / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(k, low, high, size)).save(root / "images" / f"{name}.png")
            Image.fromarray(labels(k, size)).save(root / "labels" / f"{name}.png")
        (root / "train.txt").write_text("".join(f"{name}\n" for name in names[:-1]))
        (root / "test.txt").write_text(names[-1] + "\n")
        return root

    virtual = write(tmp_path / "virtual", ["a", "x/b", "c"], 90, 160, (12, 20))
    real = write(tmp_path / "real", ["p", "q", "r", "s"], 60, 200, (9, 14))
    return virtual, real


def images_of(root, names=("a", "x/b", "c")):
    return {name: read_image(root / "images" / f"{name}.png") for name in names}


def real_statistics(real):
    return measure(images_of(real, ("p", "q", "r")).values())


def classes_of(root, name):
    ids = np.asarray(Image.open(root / "labels" / f"{name}.png"))
    return np.select([ids == 7, ids == 23], [0, 7], 255)


def class_statistics(virtual, real):
    trained = (real, ("p", "q", "r")), (virtual, ("a", "x/b"))
    return [
        measure_classes((x, classes_of(root, name)) for name, x in images_of(root, names).items())
        for root, names in trained
    ]


def expect(kind, virtual, real, name, image):
    target = real_statistics(real)
    if kind == "identity":
        return image
    if kind == "statistics":
        return match_statistics(image, target)
    if kind == "class_statistics":
        return match_classes(image, classes_of(virtual, name), *class_statistics(virtual, real))
    return match_statistics(image, target, measure(images_of(virtual, ("a", "x/b")).values()))


DRAWING = ("photograph_statistics", "fourier", "regions")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in DRAWING])
def test_a_folder_is_recoloured_and_its_labels_carried_over(kind, folders, tmp_path):
    """Only training images count as the target, and as the source of the map for all."""
    virtual, real = folders
    out = tmp_path / "out"
    summary = transfer_colours(kind, virtual, real, out, progress=False)
    assert (summary.adapted, summary.failed) == (3, ())
    for name, image in images_of(virtual).items():
        np.testing.assert_array_equal(
            images_of(out)[name], expect(kind, virtual, real, name, image)
        )
    for path in ("labels/x/b.png", "labels/c.png", "train.txt", "test.txt"):
        assert (out / path).read_bytes() == (virtual / path).read_bytes()
    counts = prepare(
        SourceSpec("folder", str(out), accept_labels=True), tmp_path / "data", 12, 20, False
    ).counts
    assert counts == {"train": 2, "test": 1}


def test_photographs_are_drawn_for_each_image_and_give_each_class_its_colours(folders, tmp_path):
    virtual, real = folders
    out = tmp_path / "out"
    transfer_colours("photograph_statistics", virtual, real, out, progress=False, seed=1)
    photographs = [
        measure_photograph(image, classes_of(real, name))
        for name, image in images_of(real, ("p", "q", "r")).items()
    ]
    target, source = class_statistics(virtual, real)
    found = set()
    for name, image in images_of(virtual).items():
        classes = classes_of(virtual, name)
        candidates = [match_photograph(image, classes, x, target, source) for x in photographs]
        found |= {k for k, one in enumerate(candidates) if (images_of(out)[name] == one).all()}
    assert len(found) > 1  # not one for all
    transfer_colours("photograph_statistics", virtual, real, tmp_path / "b", progress=False, seed=1)
    for name, image in images_of(out).items():
        np.testing.assert_array_equal(images_of(tmp_path / "b")[name], image)


def test_fourier_draws_a_real_training_image_for_each_image(folders, tmp_path):
    virtual, real = folders
    transfer_colours("fourier", virtual, real, tmp_path / "out", progress=False, seed=1)
    targets = [
        np.asarray(Image.fromarray(image).resize((20, 12), Image.Resampling.BILINEAR))
        for image in images_of(real, ("p", "q", "r")).values()
    ]
    for name, image in images_of(virtual).items():
        candidates = [swap_amplitude(image, target) for target in targets]
        assert any((images_of(tmp_path / "out")[name] == c).all() for c in candidates)


def test_fourier_depends_on_seed_and_names_alone(folders, tmp_path):
    virtual, real = folders

    def colour_transfer(out, **options):
        transfer_colours("fourier", virtual, real, tmp_path / out, progress=False, **options)
        return b"".join(x.tobytes() for x in images_of(tmp_path / out).values())

    first = colour_transfer("first", seed=0)
    assert len({colour_transfer(f"seed{k}", seed=k) for k in range(1, 6)}) > 1
    # Interrupted after one image, then continued.
    (tmp_path / "first" / "images" / "a.png").unlink()
    (tmp_path / "first" / "images" / "c.png").unlink()
    assert colour_transfer("first", seed=0) == first
    assert colour_transfer("wide", seed=0, beta=0.4) != first


@pytest.fixture
def streets(tmp_path):
    """Two folder data sets of a road under a sky; of photographs, numbers in their pixels tell."""

    def write(root, names, size, first):
        ids = np.full(size, 7, np.uint8)
        ids[: size[0] // 2] = 23
        for k, name in enumerate(names):
            for part in ("images", "labels"):
                (root / part).mkdir(parents=True, exist_ok=True)
            image = np.full((*size, 3), first + k, np.uint8)
            Image.fromarray(image).save(root / "images" / f"{name}.png")
            Image.fromarray(ids).save(root / "labels" / f"{name}.png")
        (root / "train.txt").write_text("".join(f"{name}\n" for name in names[:-1]))
        return root

    virtual = write(tmp_path / "virtual", ["a", "b", "c"], (12, 20), 200)
    return virtual, write(tmp_path / "real", [f"p{k}" for k in range(40)], (24, 40), 1)


def test_regions_come_from_training_photographs_by_seed_and_name_alone(streets, tmp_path):
    virtual, real = streets

    def composed(out, **options):
        transfer_colours("regions", virtual, real, tmp_path / out, progress=False, **options)
        return images_of(tmp_path / out, "abc")

    first = composed("first", seed=0)
    sources = {int(x) for image in first.values() for x in np.unique(image)}
    assert sources <= set(range(1, 40))  # the last of 40 is no training image
    assert len(sources) > 2
    others = [composed(f"seed{k}", seed=k)["a"] for k in (1, 2)]
    assert any((x != first["a"]).any() for x in others)
    # Interrupted after one image, then continued.
    for name in "ac":
        (tmp_path / "first" / "images" / f"{name}.png").unlink()
    again = composed("first", seed=0)
    for name in "abc":
        np.testing.assert_array_equal(again[name], first[name])
    with pytest.raises(InputError, match="made by something else"):
        composed("first", seed=1)


def test_what_another_recolouring_made_is_not_continued(folders, tmp_path):
    virtual, real = folders
    transfer_colours("statistics", virtual, real, tmp_path / "out", progress=False)
    assert (
        transfer_colours("statistics", virtual, real, tmp_path / "out", progress=False).skipped == 3
    )
    for kind in ("identity", "dataset_statistics"):
        with pytest.raises(InputError, match=f"direction statistics -> {kind}"):
            transfer_colours(kind, virtual, real, tmp_path / "out", progress=False)
    os.utime(real / "images" / "p.png", (1, 1))
    with pytest.raises(InputError, match="made by something else"):
        transfer_colours("statistics", virtual, real, tmp_path / "out", progress=False)
    transfer_colours("identity", virtual, real, tmp_path / "out", overwrite=True, progress=False)
    for name, image in images_of(virtual).items():
        np.testing.assert_array_equal(images_of(tmp_path / "out")[name], image)


def test_training_images_of_a_folder(folders):
    _, real = folders
    assert [path.name for path in train_images(real)] == ["p.png", "q.png", "r.png"]
    (real / "train.txt").unlink()
    with pytest.raises(InputError, match=r"has test\.txt, but no train\.txt"):
        train_images(real)
    (real / "test.txt").unlink()
    assert len(train_images(real)) == 4
    (real / "train.txt").write_text("gone\n")
    with pytest.raises(InputError, match="names no image that is there, first 'gone'"):
        train_images(real)


def test_unknown_kinds_and_folders_are_refused(folders, tmp_path):
    with pytest.raises(InputError, match=r"kind must be one of identity, statistics, .* got 'lut'"):
        transfer_colours("lut", *folders, tmp_path / "out")
    with pytest.raises(InputError, match="does not exist"):
        transfer_colours("fourier", folders[0], Path("nowhere"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_class_statistics_ask_for_label_ids(folders, tmp_path):
    virtual, real = folders

    def colour_transfer():
        transfer_colours("class_statistics", virtual, real, tmp_path / "out", progress=False)

    Image.fromarray(noise(0)).save(virtual / "labels" / "a.png")
    with pytest.raises(InputError, match=r"a\.png is stored as 'RGB': labels are class ids"):
        colour_transfer()
    (virtual / "labels" / "a.png").unlink()
    with pytest.raises(InputError, match=r"labels has no a\.png"):
        colour_transfer()
