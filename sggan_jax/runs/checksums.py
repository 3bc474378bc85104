"""Arrays by name, with a checksum each: how a checkpoint is known to be what was saved.

A name is the path through the tree: ``params/g_v2r/down0/kernel``, ``opt/generators/0/mu/...``.
It is the same for a named tuple and for the mapping that a file gives back in its place.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from sggan_jax.types import InputError

_SHOWN = 3


def name_arrays(tree: Any) -> dict[str, np.ndarray]:
    """List the arrays of a pytree by name.

    >>> list(name_arrays({"opt": ({"mu": np.zeros(2)}, None)}))
    ['opt/0/mu']
    """
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {_name(path): np.asarray(leaf) for path, leaf in leaves}


def checksum(array: np.ndarray) -> str:
    """Describe an array so that any change of type, shape or a single bit shows.

    >>> checksum(np.zeros((2, 3), np.float32))
    'float32[2,3] crc32 a3c1ca20'
    """
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    shape = ",".join(map(str, array.shape))
    return f"{array.dtype}[{shape}] crc32 {zlib.crc32(flat.data):08x}"


def checksum_tree(tree: Any) -> dict[str, str]:
    """Checksum every array of a pytree by name."""
    return {name: checksum(array) for name, array in name_arrays(tree).items()}


def checksum_json(value: Any) -> str:
    """Checksum what is written as JSON.

    >>> checksum_json({"b": 0.1, "a": (1,)}) == checksum_json({"a": [1], "b": 0.1})
    True
    """
    text = json.dumps(value, sort_keys=True)
    return f"json crc32 {zlib.crc32(text.encode()):08x}"


def find_damage(found: Mapping[str, str], expected: Mapping[str, str]) -> str | None:
    """Say in words how checksums by name differ; None where they are the same.

    >>> find_damage({"step": "int32[] crc32 00000000"}, {"step": "int32[] crc32 ffffffff"})
    'step is int32[] crc32 00000000, but was saved as int32[] crc32 ffffffff'
    """
    differing = [
        f"{name} is {found.get(name, 'missing')}, but was saved as {expected.get(name, 'nothing')}"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]
    return _shorten(differing) if differing else None


def fit(like: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Put arrays back into the form of a pytree.

    Args:
      like: arrays or their shapes; the numbers of devices and places of its ``pools`` may differ.
      arrays: by name, as :func:`name_arrays` lists them.

    Raises:
      InputError: naming arrays that are missing, too many, or of another type or shape.
    """
    leaves, treedef = jax.tree_util.tree_flatten_with_path(like)
    wanted = {_name(path): leaf for path, leaf in leaves}
    wrong = [f"{name} is not there" for name in sorted(wanted.keys() - arrays.keys())]
    wrong += [f"{name} has no use" for name in sorted(arrays.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & arrays.keys()):
        have, want = arrays[name], wanted[name]
        if have.dtype != want.dtype or not _same_shape(name, have.shape, want.shape):
            found = f"{have.dtype}{list(have.shape)}"
            wrong.append(f"{name} is {found}, not {want.dtype}{list(want.shape)}")
    if wrong:
        raise InputError(
            f"the checkpoint does not fit these settings: {_shorten(wrong)}; give the settings "
            f"it was trained with"
        )
    return jax.tree_util.tree_unflatten(treedef, [arrays[name] for name in wanted])


def find_non_finite(tree: Any) -> list[str]:
    """Name the arrays of a pytree that hold infinities or what is not a number.

    >>> find_non_finite({"a": np.array([1.0, np.inf]), "b": np.array([1.0]), "c": np.array([7])})
    ['a']
    """
    return [name for name, array in name_arrays(tree).items() if not _is_finite(array)]


def _is_finite(array: np.ndarray) -> bool:
    if not jax.numpy.issubdtype(array.dtype, np.floating):
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum(dtype=np.float32)
    # A sum is quicker than a test of each, and finite only if all are; it may also overflow.
    return bool(np.isfinite(total) or np.isfinite(array).all())


def _same_shape(name, have, want):
    if not name.startswith("pools/"):
        return have == want
    return len(have) == len(want) + 1 and have[2:] == want[1:]


def _shorten(sentences: list[str]) -> str:
    more = len(sentences) - _SHOWN
    return "; ".join(sentences[:_SHOWN]) + (f"; {more} more" if more > 0 else "")


def _name(path) -> str:
    return "/".join(str(_key(entry)) for entry in path)


def _key(entry):
    for attribute in ("key", "name", "idx"):
        if hasattr(entry, attribute):
            return getattr(entry, attribute)
    raise TypeError(f"no name for {entry!r} in the path to an array")
