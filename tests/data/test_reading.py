import itertools

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.folder import load_pair
from sggan_jax.data.builders.reading import fraction_between, read_ids, read_labels
from sggan_jax.data.labels import CITYSCAPES, GTAV, colourise
from sggan_jax.data.tables import TABLES
from sggan_jax.images import read_image
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
    assert fraction_between(labels) == (between / edges, edges)


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


PHONE = {3: 2, 6: 1, 8: 3}
"""Quarter turns, counter-clockwise, that a camera stores an upright image by, and its note."""


def save_turned(array, path, note):
    exif = Image.Exif()
    exif[0x0112] = note
    return save(np.ascontiguousarray(np.rot90(array, PHONE[note])), path, exif=exif)


@pytest.mark.parametrize("note", PHONE)
@pytest.mark.parametrize("turned", ["labels", "image", "both"])
def test_image_and_labels_have_one_geometry(tmp_path, pair, note, turned):
    image, labels = pair(0)
    files = []
    for array, name in ((image, "image"), (labels, "labels")):
        path = tmp_path / f"{name}.png"
        noted = turned in (name, "both")
        files.append(save_turned(array, path, note) if noted else save(array, path))
    for read, expected in zip(load_pair(*files, CITYSCAPES), (image, labels), strict=True):
        np.testing.assert_array_equal(read, expected)
    np.testing.assert_array_equal(read_ids(files[1]), labels)


def test_labels_of_an_image_as_it_is_stored_are_refused_with_its_note(tmp_path, pair):
    image, labels = pair(0)
    path = save_turned(image, tmp_path / "a.png", 6)
    lying = save(np.rot90(labels).copy(), tmp_path / "b.png")
    h, w = labels.shape
    with pytest.raises(InputError, match=rf"\(EXIF 6\) says; upright it is {h}x{w} .* {w}x{h}: "):
        load_pair(path, lying, CITYSCAPES)


def test_greys_of_few_bits_are_ids_as_stored(tmp_path, write_png):
    ids = np.array([[7, 8, 11, 12]], np.uint8)  # shown as 119, 136, 187, 204, which are no ids
    path = write_png(tmp_path / "a.png", ids, 4)
    assert np.asarray(Image.open(path)).tolist() == [[119, 136, 187, 204]]
    assert read_labels(path, CITYSCAPES).tolist() == ids.tolist()
    zero = write_png(tmp_path / "b.png", np.zeros((1, 8), np.uint8), 1)
    assert read_labels(zero, CITYSCAPES).tolist() == [[0] * 8]


def test_greys_of_few_bits_that_may_mean_two_things_are_refused(tmp_path, write_png):
    path = write_png(tmp_path / "a.png", np.array([[0, 1]], np.uint8), 4)
    with pytest.raises(InputError, match=r"\[0, 1\] as stored, \[0, 17\] as shown"):
        read_labels(path, CITYSCAPES)
    path = write_png(tmp_path / "a.png", np.array([[0, 1]], np.uint8), 1)
    with pytest.raises(InputError, match=r"\[0, 1\] as stored, \[0, 255\] as shown"):
        read_labels(path, TABLES["trainids"])


def test_deep_colours_are_classes_only_as_multiples_of_257(tmp_path, write_png):
    colours = np.array([[[128, 64, 128], [70, 130, 180]]], np.uint16)
    assert read_labels(write_png(tmp_path / "a.png", 257 * colours, 16), CITYSCAPES).tolist() == [
        [7, 23]
    ]
    with pytest.raises(InputError, match="16 bits per channel"):
        read_labels(write_png(tmp_path / "a.png", 256 * colours, 16), CITYSCAPES)


def test_deep_ids_in_red_are_read_whole(tmp_path, write_png):
    synthia = TABLES["synthia"]
    ids = np.array([[[3, 700, 0], [8, 65535, 0]]], np.uint16)  # class, instance
    assert read_labels(write_png(tmp_path / "a.png", ids, 16), synthia).tolist() == [[3, 8]]
    ids[0, 0, 0] = 3 + 256  # whose low byte is an id
    with pytest.raises(InputError, match="16 bits per channel"):
        read_labels(write_png(tmp_path / "a.png", ids, 16), synthia)
