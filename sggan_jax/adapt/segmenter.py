"""A run of a segmentation network as a function from images to classes, of any size."""

import dataclasses
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.adapt.adapter import check_images
from sggan_jax.types import Array, to_float


@dataclasses.dataclass(frozen=True, eq=False)
class Segmenter:
    """The segmentation network of a run, ready to use: ``segmenter(images)``.

    Compiled once for each shape it meets, and kept.

    Attributes:
      run: run directory.
      step: of the checkpoint.
      module: the network, a pure function of parameters and images in [-1, 1].
      variables: its parameters and running statistics.
      names: of the n classes.
      regions: class in [0, n) of every class id, uint8 [256]; 255 is ignored.
      ids: class id that stands for each class, uint8 [n].
      direction: what :func:`sggan_jax.train.checkpoint.restore_network` calls the network.
    """

    run: Path
    step: int
    module: Any
    variables: Mapping[str, Any]
    names: tuple[str, ...]
    regions: np.ndarray
    ids: np.ndarray
    direction: str = "seg"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Predict the class of every pixel, whatever the size of the images.

        Args:
          images: uint8 [H, W, 3] or [B, H, W, 3], RGB in [0, 255].

        Returns:
          Classes in [0, n), uint8 [H, W] or [B, H, W].

        Raises:
          InputError: if the type, rank or channels are others.
        """
        images = np.asarray(images)
        check_images(images)
        batch = images if images.ndim == 4 else images[None]
        return np.asarray(self._compiled(self.variables, batch)).reshape(images.shape[:-1])

    @cached_property
    def _compiled(self):
        return jax.jit(partial(_predict, self.module))


def _predict(module: Any, variables: Mapping[str, Any], images: Array) -> Array:
    return jnp.argmax(module.apply(variables, to_float(images)), axis=-1).astype(jnp.uint8)
