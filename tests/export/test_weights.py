"""Weights of an export, in the safetensors format: read whole or refused."""

import json

import numpy as np
import pytest

from sggan_jax.export.load import read_weights
from sggan_jax.types import InputError


def pack(header, numbers, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + numbers


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_the_bytes_of_the_format_are_read(tmp_path):
    path = tmp_path / "arrays"
    # 1.0 is 0x3f800000 and -2.0 is 0xc0000000, the low byte first.
    header = {"__metadata__": {"format": "pt"}, "x": entry()}
    path.write_bytes(pack(header, bytes.fromhex("0000803f 000000c0")))
    (read,) = read_weights(path).values()
    assert (read.dtype, read.tolist()) == (np.float32, [1.0, -2.0])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pack({}, b"", length=2**40),
        pack(b"[1]", b""),
        pack(b"{", b""),
        pack({"x": entry()}, bytes(7)),
        pack({"x": entry()}, bytes(9)),
        pack({"x": entry(shape=(2**40,))}, bytes(8)),
        pack({"x": entry(shape=(-1, -2))}, bytes(8)),
        pack({"x": entry(offsets=(-8, 0))}, bytes(8)),
        pack({"x": entry(), "y": entry()}, bytes(8)),
        pack({"x": entry(dtype="OBJECT")}, bytes(8)),
        pack({"x": {}}, bytes(8)),
    ],
)
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "arrays"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"arrays cannot be read: .*export it again"):
        read_weights(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nothing cannot be read"):
        read_weights(tmp_path / "nothing")
