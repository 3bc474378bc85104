import itertools

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.reading import (
    decode_png,
    encode_png,
    read_image,
    read_labels,
    share_between,
)
from sggan_jax.data.labels import CITYSCAPES, GTAV, colourise
from sggan_jax.types import InputError


def save(array, path, **options):
    Image.fromarray(array).save(path, **options)
    return path


def test_ids_palette_and_colours_mean_the_same(tmp_path, pair):
    _, labels = pair(0)
    ids = save(labels, tmp_path / "ids.png")
    wide = save(labels.astype(np.uint16), tmp_path / "wide.png")
    colours = save(colourise(labels, CITYSCAPES), tmp_path / "colours.png")
    opaque = np.full((*labels.shape, 1), 255, np.uint8)
    rgba = save(np.concatenate([colourise(labels, CITYSCAPES), opaque], -1), tmp_path / "rgba.png")
    image = Image.fromarray(labels).convert("L")
    image.putpalette(colourise(np.arange(256, dtype=np.uint8), CITYSCAPES).tobytes())
    assert image.mode == "P"
    image.save(tmp_path / "palette.png")
    for path in (ids, wide, colours, rgba, tmp_path / "palette.png"):
        read = read_labels(path, CITYSCAPES)
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, labels, err_msg=path.name)


def test_a_shared_colour_means_the_first_class(tmp_path):
    # Car and license plate are both (0, 0, 142); pole and polegroup (153, 153, 153).
    colours = np.array([[[0, 0, 142], [153, 153, 153], [0, 0, 0]]], np.uint8)
    path = save(colours, tmp_path / "a.png")
    assert read_labels(path, CITYSCAPES).tolist() == [[26, 17, 0]]
    assert read_labels(path, GTAV).tolist() == [[26, 17, 0]]


def test_unknown_colours_are_named(tmp_path):
    colours = np.zeros((2, 3, 3), np.uint8)
    colours[0, 0] = (1, 2, 3)
    colours[1] = (255, 255, 255)
    path = save(colours, tmp_path / "a.png")
    expected = r"2 colours outside .* \(255, 255, 255\) \(3 pixels\), \(1, 2, 3\) \(1 pixel\)"
    with pytest.raises(InputError, match=expected):
        read_labels(path, CITYSCAPES)


def test_unknown_ids_are_named_with_the_path(tmp_path):
    path = save(np.array([[7, 77]], np.uint8), tmp_path / "bad.png")
    with pytest.raises(InputError, match=r"bad\.png holds ids outside .* 77 \(1 pixel\)"):
        read_labels(path, CITYSCAPES)


def blocks(size, seed=0):
    """Labels in blocks of 20 of several classes far apart, sharp."""
    drawn = np.random.default_rng(seed).choice([7, 11, 23, 26, 33], (size // 20, size // 10))
    return drawn.astype(np.uint8).repeat(20, 0).repeat(20, 1)


@pytest.mark.parametrize("smoothing", ["BILINEAR", "BICUBIC", "BOX", "LANCZOS"])
def test_labels_resized_with_smoothing(tmp_path, smoothing):
    sharp = Image.fromarray(blocks(400))
    read_labels(save(np.asarray(sharp), tmp_path / "sharp.png"), CITYSCAPES)
    small = sharp.resize((530, 270), Image.Resampling.NEAREST)
    read_labels(save(np.asarray(small), tmp_path / "small.png"), CITYSCAPES)
    sharp.resize((530, 270), Image.Resampling[smoothing]).save(tmp_path / "blurred.png")
    with pytest.raises(
        InputError, match=r"blurred\.png was resized with smoothing: at \d\d% .*nearest"
    ):
        read_labels(tmp_path / "blurred.png", CITYSCAPES)


def test_smoothed_labels_enlarged_again(tmp_path):
    small = Image.fromarray(blocks(400)).resize((530, 270), Image.Resampling.BILINEAR)
    small.resize((800, 400), Image.Resampling.NEAREST).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="was resized with smoothing"):
        read_labels(tmp_path / "a.png", CITYSCAPES)


def test_noise_has_no_edges_to_be_smooth(tmp_path):
    noise = np.random.default_rng(0).choice(np.array([7, 11, 23, 26], np.uint8), (60, 80))
    np.testing.assert_array_equal(read_labels(save(noise, tmp_path / "a.png"), CITYSCAPES), noise)


def test_edges_are_counted_by_loops():
    labels = np.random.default_rng(1).choice([7, 8, 11, 23], (9, 13)).astype(np.uint8)
    labels = labels.repeat(2, 0).repeat(3, 1)
    labels[4:6, 7] = 9
    between = edges = 0
    for ids in (labels, labels.T):
        for line in ids.tolist():
            strips = [(value, len([*same])) for value, same in itertools.groupby(line)]
            edges += len(strips) - 1
            for (left, _), (here, length), (right, _) in zip(
                strips, strips[1:], strips[2:], strict=False
            ):
                between += length <= 2 and min(left, right) < here < max(left, right)
    assert between
    assert share_between(labels) == (between / edges, edges)


def test_colour_labels_resized_with_smoothing(tmp_path):
    painted = Image.fromarray(colourise(blocks(400), CITYSCAPES))
    painted.resize((510, 250), Image.Resampling.BILINEAR).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"so many come from smoothing\. Resize colour labels"):
        read_labels(tmp_path / "a.png", CITYSCAPES)


def test_a_photograph_in_place_of_labels(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    with pytest.raises(InputError, match=r"photograph\. Are images and labels swapped\?"):
        read_labels(save(noise, tmp_path / "a.png"), CITYSCAPES)
    with pytest.raises(InputError, match="images and labels are swapped"):
        read_labels(save(noise, tmp_path / "a.jpg"), CITYSCAPES)


@pytest.mark.parametrize(
    ("array", "name", "message"),
    [
        (np.full((2, 2), 700, np.uint16), "a.png", "id 700: class ids must fit in a byte"),
        (np.full((2, 2), 7, np.uint8), "a.jpg", "JPEG, which alters class ids"),
        (np.full((2, 2, 2), 7, np.uint8), "a.png", "stored as 'LA'"),
    ],
)
def test_labels_of_a_wrong_kind(tmp_path, array, name, message):
    with pytest.raises(InputError, match=message):
        read_labels(save(array, tmp_path / name), CITYSCAPES)


@pytest.mark.parametrize("read", [read_image, lambda path: read_labels(path, CITYSCAPES)])
def test_damaged_files(tmp_path, pair, truncate, read):
    path = save(pair(0)[1], tmp_path / "cut.png")
    truncate(path)
    with pytest.raises(InputError, match=r"cut\.png cannot be read"):
        read(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read"):
        read(path)
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.png")


def test_images_of_every_8_bit_kind_become_rgb(tmp_path, pair):
    image, labels = pair(0)
    np.testing.assert_array_equal(read_image(save(image, tmp_path / "a.png")), image)
    grey = read_image(save(labels, tmp_path / "grey.png"))
    np.testing.assert_array_equal(grey, np.repeat(labels[..., None], 3, -1))
    with pytest.raises(InputError, match="8 bits per channel"):
        read_image(save(labels.astype(np.uint16), tmp_path / "deep.png"))


def test_storing_loses_nothing(pair):
    for array in pair(4):
        np.testing.assert_array_equal(decode_png(encode_png(array).read()), array)
