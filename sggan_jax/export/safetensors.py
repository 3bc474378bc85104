"""Arrays in a file, in the safetensors format: a JSON header, then the numbers; nothing to execute.

Eight bytes hold the length of the header, little-endian. The header names every array with its
type, its shape and where its bytes begin and end after the header.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.types import InputError

_TYPES: Mapping[str, np.dtype] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "U8": np.dtype("u1"),
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}

_MOST_HEADER_BYTES = 2**22


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a file.

    Args:
      path: of the file, replaced if there.
      arrays: by name; floating point, int32, int64 or uint8.
    """
    header: dict[str, Any] = {}
    end = 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a file; it cannot make this read or reserve more than its own length.

    Raises:
      InputError: if it is damaged, or not of this format.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(_MOST_HEADER_BYTES, path.stat().st_size - 8):
                raise ValueError(f"its header claims {length} bytes")
            header = json.loads(file.read(length))
            numbers = file.read()
        return dict(_cut(header, numbers))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path} cannot be read: {error}; export it again") from error


def _cut(header: Mapping[str, Any], numbers: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Cut the numbers into arrays, which must follow each other without gap or overlap."""
    expected = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, shape = _TYPES[entry["dtype"]], tuple(entry["shape"])
        start, end = entry["data_offsets"]
        if not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ValueError(f"{name} has the shape {shape}")
        if start != expected or end - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} is at {start} to {end}, which does not fit its shape")
        expected = end
        if end > len(numbers):
            break
        yield name, np.frombuffer(numbers[start:end], dtype).reshape(shape)
    if expected != len(numbers):
        raise ValueError(f"it holds {len(numbers)} bytes of numbers, its header {expected}")
