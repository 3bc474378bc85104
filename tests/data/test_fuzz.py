"""Files that were damaged or are not what their name says: refused in words, or read rightly."""

import io
import math
import os
import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.images import MAX_PIXELS, decode_png, read_image
from sggan_jax.types import InputError

IDS = [7, 8, 11, 21, 23, 24, 26]
QUICK, SLOW = 1000, 20_000


@pytest.fixture(scope="module")
def labels():
    """Class ids of 40x56 in blocks, as streets are."""
    rng = np.random.default_rng(0)
    return rng.choice(np.array(IDS, np.uint8), (10, 7)).repeat(4, 0).repeat(8, 1)


@pytest.fixture(scope="module")
def picture(labels):
    """A photograph of those."""
    noise = np.random.default_rng(1).integers(0, 60, (*labels.shape, 3))
    return (colourise(labels, CITYSCAPES) // 2 + noise).astype(np.uint8)


def encode(array, form, mode=None, **options):
    file, image = io.BytesIO(), Image.fromarray(array)
    (image.convert(mode) if mode else image).save(file, form, **options)
    return file.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def claim(width, height, depth=8, colour=0, held=1000):
    """A sound PNG that claims to be of a size and holds so many bytes, all zero."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(held)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def truncate(data, rng):
    return data[: rng.integers(0, len(data))]


def flip(data, rng):
    data = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, 5)):
        data[place] ^= 1 << rng.integers(0, 8)
    return bytes(data)


def blank(data, rng):
    start, length = rng.integers(0, len(data)), rng.integers(1, 200)
    return data[:start] + bytes(min(length, len(data) - start)) + data[start + length :]


def cut_out(data, rng):
    start = rng.integers(0, len(data))
    return data[:start] + data[start + rng.integers(1, 100) :]


def repeat(data, rng):
    start, end = sorted(rng.integers(0, len(data), 2))
    return data[:end] + data[start:end] + data[end:]


def empty(data, rng):
    return bytes(rng.integers(0, 2) * len(data))


def noise(data, rng):
    return rng.bytes(len(data))


DAMAGES = (truncate, flip, flip, blank, cut_out, repeat, empty, noise)


def bases(labels, picture):
    """Sound files by name, and what they hold: ids where they are labels, else None."""
    drawn = colourise(labels, CITYSCAPES)
    wide = labels.astype(np.uint16)
    return {
        "ids.png": (encode(labels, "PNG"), labels),
        "wide.png": (encode(wide, "PNG"), labels),
        "colours.png": (encode(drawn, "PNG"), labels),
        "alpha.png": (encode(drawn, "PNG", "RGBA"), labels),
        "palette.png": (encode(labels, "PNG", "P"), labels),
        "image.png": (encode(picture, "PNG"), None),
        "image.jpg": (encode(picture, "JPEG", quality=90), None),
        "grey.jpg": (encode(picture, "JPEG", "L"), None),
        "image.jpg.png": (encode(picture, "JPEG"), None),
    }


def mutate(labels, picture, number):
    """Yield names, bytes and what they may be read as."""
    rng = np.random.default_rng(number)
    sound = list(bases(labels, picture).items())
    for index in range(number):
        name, (data, ids) = sound[index % len(sound)]
        damage = DAMAGES[rng.integers(len(DAMAGES))]
        yield f"{damage.__name__}_{name}", damage(data, rng), ids


def read_all(folder, cases):
    """Read every file as an image and as labels; count what came of it."""
    counts = {"refused": 0, "read": 0}
    for name, data, ids in cases:
        path = folder / name
        path.write_bytes(data)
        for read in (read_image, lambda path: read_labels(path, CITYSCAPES)):
            try:
                array = read(path)
            except InputError:
                counts["refused"] += 1
                continue
            counts["read"] += 1
            assert array.dtype == np.uint8
            assert array.size <= 3 * MAX_PIXELS
            if read is read_image:
                assert array.shape[2:] == (3,)
            else:
                assert ids is not None, f"{name}: a photograph became labels"
                np.testing.assert_array_equal(array, ids, err_msg=name)
    return counts


@pytest.mark.parametrize("number", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_refused_or_read_rightly(labels, picture, tmp_path, number):
    counts = read_all(tmp_path, mutate(labels, picture, number))
    print(f"{number} files: {counts}")
    assert counts["refused"] > number
    assert counts["read"] > 0


def test_every_sound_file_is_read(labels, picture, tmp_path):
    """The fuzz above would pass if nothing were ever read."""
    for name, (data, ids) in bases(labels, picture).items():
        path = tmp_path / name
        path.write_bytes(data)
        if name != "wide.png":  # 16 bits are refused as an image
            assert read_image(path).shape == (40, 56, 3)
        if ids is not None:
            np.testing.assert_array_equal(read_labels(path, CITYSCAPES), ids)


def test_no_flipped_bit_of_a_label_map_goes_unseen(labels, tmp_path):
    """Decoders that trust a PNG's checksums to others return wrong ids for some of them."""
    data, path = encode(labels[:24, :32], "PNG"), tmp_path / "ids.png"
    refused, flips = 0, range(0, 8 * len(data), 3)
    for bit in flips:
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        path.write_bytes(altered)
        try:
            np.testing.assert_array_equal(read_labels(path, CITYSCAPES), labels[:24, :32])
        except InputError:
            refused += 1
    # The end of the file and the bits of names that say nothing may change.
    assert refused > 0.9 * len(flips)


PEAK = Path("/proc/self/clear_refs")
"""Linux resets the peak of a process's memory on a 5 written here."""


def peak_bytes():
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(line)


@pytest.mark.slow
@pytest.mark.skipif(not os.access(PEAK, os.W_OK), reason="needs Linux's peak of resident memory")
@pytest.mark.filterwarnings("ignore")
def test_memory_is_bounded_by_the_largest_image_that_is_read(labels, picture, tmp_path):
    """Among damaged files, some of few bytes that are as large as may be, or claim to be."""
    side = math.isqrt(MAX_PIXELS)
    kinds = {"grey": (8, 0, 1), "wide": (16, 0, 2), "colour": (8, 2, 3), "alpha": (8, 6, 4)}
    zeros = np.broadcast_to(np.uint8(0), (side, side))
    claims = [
        (f"{share}_{name}.png", claim(side, side, depth, kind, int(share * held)), zeros)
        for name, (depth, kind, size) in kinds.items()
        for held in (side * (size * side + 1),)
        for share in (0.01, 1)
    ]
    PEAK.write_text("5")
    before = peak_bytes()
    read_all(tmp_path, [*mutate(labels, picture, 200), *claims])
    grown = peak_bytes() - before
    print(f"{grown / MAX_PIXELS:.1f} bytes for each pixel of the largest image")
    assert grown < 20 * MAX_PIXELS


@pytest.mark.parametrize("side", [8193, 9500, 20_000, 2**31 - 1])
def test_huge_claims_are_refused_before_memory_is_taken(side, tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(claim(side, side))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as outside of tests
        for read in (read_image, lambda path: read_labels(path, CITYSCAPES)):
            with pytest.raises(InputError, match=r"huge\.png cannot be read"):
                read(path)


def test_a_record_that_claims_to_be_huge_is_refused():
    with pytest.raises(ValueError, match="claims 8193x8193 pixels, more than"):
        decode_png(claim(8193, 8193))
