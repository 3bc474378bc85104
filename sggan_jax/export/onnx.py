"""Generators as ONNX, through the package jax2onnx where it is installed.

The file holds program and weights and maps uint8 ``images`` [b, H, W, 3] to uint8 ``adapted``, with
free batch, height and width. Sizes are not padded here: who calls gives sizes of the card.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from sggan_jax.export.card import Sizes
from sggan_jax.types import Array, InputError, to_float, to_uint8

OPSET = 18
"""The oldest set of operators that means take their axes as an input in, hence the widest read."""


def check_onnx() -> None:
    """Refuse to begin where a package is missing.

    Raises:
      InputError: naming what to install.
    """
    _import()


def write_onnx(path: Path, module: Any, variables: Mapping[str, Any], sizes: Sizes) -> None:
    """Write a generator as ONNX.

    Args:
      path: of the file.
      module: the generator.
      variables: its parameters.
      sizes: that it takes.
    """
    convert, _ = _import()

    def adapt(images: Array) -> Array:
        return to_uint8(module.apply(variables, to_float(images)))

    # Named sizes begin at 1: what a side has beyond its least is what is free.
    beyond = sizes.least_side - sizes.multiple
    height, width = (f"{sizes.multiple}*{side} + {beyond}" for side in "hw")
    images = SimpleNamespace(shape=("b", height, width, 3), dtype=np.dtype(np.uint8))
    convert(
        adapt,
        [images],
        model_name="generator",
        opset=OPSET,
        return_mode="file",
        output_path=str(path),
        input_names=["images"],
        output_names=["adapted"],
    )


def load_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Load an ONNX generator as a function on uint8 batches of sizes that it takes."""
    _, runtime = _import()
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(["adapted"], {"images": images})[0]


def _import() -> tuple[Callable[..., Any], Any]:
    try:
        import onnxruntime
        from jax2onnx import to_onnx
    except ImportError as error:
        raise InputError(
            f"ONNX needs the packages jax2onnx and onnxruntime ({error}); install them with pip"
        ) from error
    return to_onnx, onnxruntime
