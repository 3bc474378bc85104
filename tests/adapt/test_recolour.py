import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.adapt.files import read_rgb
from sggan_jax.adapt.recolour import (
    KINDS,
    Statistics,
    match_statistics,
    measure,
    recolour_folder,
    swap_amplitude,
    train_images,
)
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.prepare import prepare
from sggan_jax.types import InputError

AXES = (0, 1, 2)


def noise(seed, low=0, high=256, size=(12, 20)):
    return np.random.default_rng(seed).integers(low, high, (*size, 3), np.uint8)


def test_statistics_of_images_of_several_sizes():
    images = [noise(0), noise(1, 90, 140, (3, 5)), noise(2, 10, 20, (1, 7))]
    pixels = np.concatenate([image.reshape(-1, 3) for image in images]).astype(float)
    found = measure(images)
    np.testing.assert_allclose(found.mean, pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, pixels.std(0), rtol=1e-12)


def test_matched_colours_have_the_mean_and_spread_of_others():
    rng = np.random.default_rng(0)
    images = rng.integers(100, 140, (2, 40, 50, 3), np.uint8)
    like = rng.integers(30, [200, 90, 60], (3, 40, 50, 3)).astype(np.uint8)
    matched = match_statistics(images, measure(like))
    assert matched.dtype == np.uint8
    np.testing.assert_allclose(matched.mean(AXES), like.mean(AXES), atol=0.5)
    np.testing.assert_allclose(matched.std(AXES), like.std(AXES), atol=0.5)
    flat = np.full_like(images, 77)
    matched = match_statistics(flat, measure(like))
    np.testing.assert_allclose(matched.mean(AXES), like.mean(AXES), atol=0.5)


def test_one_map_for_a_data_set_leaves_dark_images_dark():
    dark, bright = noise(0, 20, 60), noise(1, 160, 220)
    source, target = measure([dark, bright]), measure([noise(2, 60, 200)])
    mapped = [match_statistics(image, target, source) for image in (dark, bright)]
    for image, old in zip(mapped, (dark, bright), strict=True):
        for place in ((0, 0), (5, 7)):
            for c in range(3):
                new = (float(old[place][c]) - source.mean[c]) / source.deviation[c]
                new = new * target.deviation[c] + target.mean[c]
                assert abs(float(image[place][c]) - min(max(new, 0), 255)) <= 0.5 + 1e-9
    assert mapped[0].mean() < mapped[1].mean() - 50
    own = [match_statistics(image, target) for image in (dark, bright)]
    assert abs(own[0].mean() - own[1].mean()) < 2


def transform(channel):
    """The discrete Fourier transform, summed as it is defined."""
    height, width = channel.shape
    rows, columns = np.arange(height), np.arange(width)
    left = np.exp(-2j * np.pi * np.outer(rows, rows) / height)
    right = np.exp(-2j * np.pi * np.outer(columns, columns) / width)
    return left @ channel @ right


def signed(index, size):
    """Cycles of the index-th frequency of a transform, from -size / 2 to size / 2."""
    return index if index <= size // 2 else index - size


@pytest.mark.parametrize(
    ("beta", "cycles"),
    [
        (0.01, (1, 1)),  # 0.12 rows and 0.2 columns: at least one cycle
        (0.2, (2, 4)),  # 2.4 and 4.0
        (0.5, (6, 10)),
    ],
)
def test_amplitudes_are_exchanged_at_low_frequencies_only(beta, cycles):
    # Contrast low enough that nothing is clipped: rounding alone separates result and definition.
    image, target = noise(0, 110, 150), noise(1, 100, 140)
    out = swap_amplitude(image, target, beta)
    for channel in range(3):
        old, wanted = (transform(x[..., channel].astype(float)) for x in (image, target))
        mixed = old.copy()
        for row, column in np.ndindex(old.shape):
            low = abs(signed(row, 12)) <= cycles[0] and abs(signed(column, 20)) <= cycles[1]
            if low:
                mixed[row, column] *= abs(wanted[row, column]) / abs(old[row, column])
        expected = np.conj(transform(np.conj(mixed))) / old.size
        assert np.abs(expected.imag).max() < 1e-9
        assert np.abs(out[..., channel] - expected.real).max() <= 0.5 + 1e-9
    changed = (out != image).mean()
    assert changed > 0.5


def test_the_share_of_a_side_is_not_lost_to_rounding():
    # 0.29 * 100 is a hair below 29 in binary: the 29th frequency must still be exchanged.
    wave = np.cos(2 * np.pi * 29 * np.arange(100) / 100)
    target = np.broadcast_to((128 + 100 * wave)[:, None, None], (100, 4, 3))
    image = np.broadcast_to((128 + 20 * wave)[:, None, None], (100, 4, 3))
    image, target = (np.rint(x).astype(np.uint8) for x in (image, target))
    assert swap_amplitude(image, target, 0.29).std() > 60
    assert swap_amplitude(image, target, 0.28).std() < 20


def test_an_image_swapped_with_itself_is_itself():
    np.testing.assert_array_equal(swap_amplitude(noise(3), noise(3), 0.3), noise(3))


def test_impossible_swaps():
    with pytest.raises(InputError, match=r"sizes must be equal, got \(12, 20, 3\) and \(3, 5, 3\)"):
        swap_amplitude(noise(0), noise(0, size=(3, 5)))
    for beta in (0.0, 0.6):
        with pytest.raises(InputError, match="is outside"):
            swap_amplitude(noise(0), noise(1), beta)


@pytest.fixture
def folders(tmp_path):
    """Two folder data sets: 3 virtual images and 4 real ones of another size, each with a test."""

    def write(root, names, low, high, size):
        for k, name in enumerate(names):
            for part in ("images", "labels"):
                (root / part / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(k, low, high, size)).save(root / "images" / f"{name}.png")
            Image.fromarray(np.full(size, 7, np.uint8)).save(root / "labels" / f"{name}.png")
        (root / "train.txt").write_text("".join(f"{name}\n" for name in names[:-1]))
        (root / "test.txt").write_text(names[-1] + "\n")
        return root

    virtual = write(tmp_path / "virtual", ["a", "x/b", "c"], 90, 160, (12, 20))
    real = write(tmp_path / "real", ["p", "q", "r", "s"], 60, 200, (9, 14))
    return virtual, real


def images_of(root, names=("a", "x/b", "c")):
    return {name: read_rgb(root / "images" / f"{name}.png") for name in names}


def real_statistics(real):
    return measure(images_of(real, ("p", "q", "r")).values())


def expect(kind, virtual, real, name, image):
    target = real_statistics(real)
    if kind == "identity":
        return image
    if kind == "statistics":
        return match_statistics(image, target)
    return match_statistics(image, target, measure(images_of(virtual, ("a", "x/b")).values()))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "fourier"])
def test_a_folder_is_recoloured_and_its_labels_carried_over(kind, folders, tmp_path):
    """Only training images count as the target, and as the source of the map for all."""
    virtual, real = folders
    out = tmp_path / "out"
    summary = recolour_folder(kind, virtual, real, out, progress=False)
    assert (summary.adapted, summary.failed) == (3, ())
    for name, image in images_of(virtual).items():
        np.testing.assert_array_equal(
            images_of(out)[name], expect(kind, virtual, real, name, image)
        )
    for path in ("labels/x/b.png", "labels/c.png", "train.txt", "test.txt"):
        assert (out / path).read_bytes() == (virtual / path).read_bytes()
    counts = prepare(SourceSpec("folder", str(out)), tmp_path / "data", 12, 20, False).counts
    assert counts == {"train": 2, "test": 1}


def test_fourier_draws_a_real_training_image_for_each_image(folders, tmp_path):
    virtual, real = folders
    recolour_folder("fourier", virtual, real, tmp_path / "out", progress=False, seed=1)
    targets = [
        np.asarray(Image.fromarray(image).resize((20, 12), Image.Resampling.BILINEAR))
        for image in images_of(real, ("p", "q", "r")).values()
    ]
    for name, image in images_of(virtual).items():
        candidates = [swap_amplitude(image, target) for target in targets]
        assert any((images_of(tmp_path / "out")[name] == c).all() for c in candidates)


def test_fourier_depends_on_seed_and_names_alone(folders, tmp_path):
    virtual, real = folders

    def recolour(out, **options):
        recolour_folder("fourier", virtual, real, tmp_path / out, progress=False, **options)
        return b"".join(x.tobytes() for x in images_of(tmp_path / out).values())

    first = recolour("first", seed=0)
    assert len({recolour(f"seed{k}", seed=k) for k in range(1, 6)}) > 1
    # Interrupted after one image, then continued.
    (tmp_path / "first" / "images" / "a.png").unlink()
    (tmp_path / "first" / "images" / "c.png").unlink()
    assert recolour("first", seed=0) == first
    assert recolour("wide", seed=0, beta=0.4) != first


def test_what_another_recolouring_made_is_not_continued(folders, tmp_path):
    virtual, real = folders
    recolour_folder("statistics", virtual, real, tmp_path / "out", progress=False)
    assert (
        recolour_folder("statistics", virtual, real, tmp_path / "out", progress=False).skipped == 3
    )
    for kind in ("identity", "dataset_statistics"):
        with pytest.raises(InputError, match=f"direction statistics -> {kind}"):
            recolour_folder(kind, virtual, real, tmp_path / "out", progress=False)
    os.utime(real / "images" / "p.png", (1, 1))
    with pytest.raises(InputError, match="made by something else"):
        recolour_folder("statistics", virtual, real, tmp_path / "out", progress=False)
    recolour_folder("identity", virtual, real, tmp_path / "out", overwrite=True, progress=False)
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
        recolour_folder("lut", *folders, tmp_path / "out")
    with pytest.raises(InputError, match="does not exist"):
        recolour_folder("fourier", folders[0], Path("nowhere"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_side_without_spread_makes_flat_images():
    flat, five = Statistics(np.full(3, 5.0), np.zeros(3)), np.full((12, 20, 3), 5)
    np.testing.assert_array_equal(match_statistics(noise(0), flat), five)
    target = Statistics(np.full(3, 5.0), np.full(3, 30.0))
    np.testing.assert_array_equal(match_statistics(noise(0), target, flat), five)
