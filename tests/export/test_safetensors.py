"""The format byte by byte, from its published description."""

import json

import numpy as np
import pytest

from sggan_jax.export.safetensors import read_arrays, write_arrays
from sggan_jax.types import InputError

ARRAYS = {
    "a/kernel": np.arange(6, dtype=np.float32).reshape(1, 2, 3),
    "empty": np.zeros((0, 4), np.float32),
    "b": np.array(7, np.uint8),
}


def pack(header, numbers, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + numbers


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "arrays"
    write_arrays(path, ARRAYS)
    read = read_arrays(path)
    assert list(read) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


def test_bytes_are_those_of_the_format(tmp_path):
    path = tmp_path / "arrays"
    write_arrays(path, {"x": np.array([1.0, -2.0], np.float32), "y": np.array([3], np.int64)})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    assert json.loads(content[8 : 8 + length]) == {
        "x": entry("F32", (2,), (0, 8)),
        "y": entry("I64", (1,), (8, 16)),
    }
    # 1.0 is 0x3f800000 and -2.0 is 0xc0000000, the low byte first.
    assert content[8 + length :] == bytes.fromhex("0000803f 000000c0 0300000000000000")


def test_metadata_are_skipped(tmp_path):
    path = tmp_path / "arrays"
    path.write_bytes(pack({"__metadata__": {"format": "pt"}, "x": entry()}, bytes(8)))
    assert read_arrays(path)["x"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "claims 0 bytes"),
        (pack({}, b"", length=2**40), "claims 1099511627776 bytes"),
        (pack(b"[1]", b""), "items"),
        (pack(b"{", b""), "Expecting"),
        (pack({"x": entry()}, bytes(7)), "holds 7 bytes of numbers, its header 8"),
        (pack({"x": entry()}, bytes(9)), "holds 9 bytes of numbers, its header 8"),
        (pack({"x": entry(shape=(2**40,))}, bytes(8)), "does not fit its shape"),
        (pack({"x": entry(shape=(-1, -2))}, bytes(8)), "has the shape"),
        (pack({"x": entry(offsets=(-8, 0))}, bytes(8)), "-8 to 0"),
        (pack({"x": entry(), "y": entry()}, bytes(8)), "y is at 0 to 8"),
        (pack({"x": entry(dtype="OBJECT")}, bytes(8)), "OBJECT"),
        (pack({"x": {}}, bytes(8)), "dtype"),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, reason):
    path = tmp_path / "arrays"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"arrays cannot be read: .*{reason}.*export it again"):
        read_arrays(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="nothing cannot be read"):
        read_arrays(tmp_path / "nothing")
