"""Weights that PyTorch saved, read without PyTorch and without running what a file asks for.

Both forms of ``torch.save`` are read: a zip archive (since 1.6) and the older row of pickles. A
pickle can call any function that it names; here the names of tensors, their storages and ordered
dictionaries are known, and any other is refused. No file makes this reserve more than its length.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from sggan_jax.types import InputError

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

_STORAGES = {
    "DoubleStorage": np.dtype(np.float64),
    "FloatStorage": np.dtype(np.float32),
    "HalfStorage": np.dtype(np.float16),
    "BFloat16Storage": np.dtype(jnp.bfloat16),
    "LongStorage": np.dtype(np.int64),
    "IntStorage": np.dtype(np.int32),
    "ShortStorage": np.dtype(np.int16),
    "CharStorage": np.dtype(np.int8),
    "ByteStorage": np.dtype(np.uint8),
    "BoolStorage": np.dtype(np.bool_),
}


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Read a state dictionary.

    Args:
      path: what ``torch.save(network.state_dict(), path)`` wrote.

    Returns:
      Arrays by name; floating point as float32.

    Raises:
      InputError: if it is missing, damaged, or holds anything but tensors by name.
    """
    try:
        content = path.read_bytes()
        read = _read_zip if zipfile.is_zipfile(io.BytesIO(content)) else _read_pickles
        tree, storages = read(content)
        if not isinstance(tree, Mapping):
            raise ValueError(f"it holds a {type(tree).__name__}, not tensors by name")
        return {str(name): _cut(name, tensor, storages) for name, tensor in tree.items()}
    except Exception as error:  # a foreign file can fail in any way
        raise InputError(
            f"{path} cannot be read as a PyTorch state dictionary: {error or type(error).__name__}"
        ) from error


class _Unpickler(pickle.Unpickler):
    """Knows tensors, storages and ordered dictionaries; nothing else can be named, so called."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        raise pickle.UnpicklingError(
            f"it asks for {module}.{name}, which no state dictionary needs"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, length, *view = pid
        if kind != "storage" or not isinstance(dtype, np.dtype) or any(view):
            raise pickle.UnpicklingError(f"it refers to {pid}")
        return _Storage(str(key), dtype, _count(length))


def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor has no storage")
    return _Tensor(storage, _count(offset), tuple(map(_count, shape)), tuple(map(_count, strides)))


_KNOWN: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
}


def _count(number: Any) -> int:
    if not isinstance(number, int) or number < 0:
        raise pickle.UnpicklingError(f"{number!r} is no size")
    return number


def _read_zip(content: bytes) -> tuple[Any, dict[str, bytes]]:
    """Read an archive of NAME/data.pkl and NAME/data/KEY, none of them compressed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        pickles = [name for name in entries if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"it holds {len(pickles)} pickles")
        root = pickles[0].removesuffix("data.pkl")
        for name, entry in entries.items():
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(content):
                raise ValueError(f"{name} in it is compressed")
        if entries.get(f"{root}byteorder") and archive.read(f"{root}byteorder") != b"little":
            raise ValueError("its numbers are big-endian")
        tree = _Unpickler(io.BytesIO(archive.read(pickles[0]))).load()
        data = f"{root}data/"
        keys = [name.removeprefix(data) for name in entries if name.startswith(data)]
        return tree, {key: archive.read(data + key) for key in keys}


def _read_pickles(content: bytes) -> tuple[Any, dict[str, bytes]]:
    """Read magic number, protocol, machine, tree and keys, then every storage after its length."""
    file = io.BytesIO(content)
    if _Unpickler(file).load() != _MAGIC or _Unpickler(file).load() != _PROTOCOL:
        raise ValueError("it is of another format")
    if not _Unpickler(file).load().get("little_endian", True):
        raise ValueError("its numbers are big-endian")
    tree = _Unpickler(file).load()
    tensors = tree.values() if isinstance(tree, Mapping) else ()
    used = {t.storage.key: t.storage for t in tensors if isinstance(t, _Tensor)}
    storages = {}
    for key in map(str, _Unpickler(file).load()):
        length = int.from_bytes(file.read(8), "little")
        if key not in used or length != used[key].length:
            raise ValueError(f"storage {key} holds {length} numbers that no tensor has")
        storages[key] = file.read(length * used[key].dtype.itemsize)
    return tree, storages


def _cut(name: Any, tensor: Any, storages: Mapping[str, bytes]) -> np.ndarray:
    """Take a tensor out of its storage, never reading beyond it."""
    if not isinstance(name, str) or not isinstance(tensor, _Tensor):
        raise ValueError(f"{name!r} is a {type(tensor).__name__}, not a tensor")
    storage, offset, shape, strides = tensor
    if len(strides) != len(shape):
        raise ValueError(f"{name} has shape {shape} and strides {strides}")
    numbers = np.frombuffer(storages[storage.key], storage.dtype)
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    size = math.prod(shape, start=1)
    if size > len(numbers) or (size and last >= len(numbers)):
        raise ValueError(f"{name} of shape {shape} is larger than its storage")
    steps = [stride * numbers.itemsize for stride in strides]
    array = np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps)
    floating = jnp.issubdtype(array.dtype, jnp.floating)
    return array.astype(np.float32) if floating else array.copy()
