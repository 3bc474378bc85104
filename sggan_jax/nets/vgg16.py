"""VGG16 without its head (Simonyan and Zisserman, 2015), as torchvision publishes its weights."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from sggan_jax.nets.layers import Conv

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
"""Convolutions of each block and their channels; every block but the first begins by pooling."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the images of ImageNet in [0, 1], which the published weights expect subtracted, divided."""


class VGG16(nn.Module):
    """Encoder with features at strides 1, 2, 4, 8 and 16: relu1_2 to relu5_3.

    Attributes:
      blocks: number of convolutions and channels of every block.
    """

    blocks: tuple[tuple[int, int], ...] = BLOCKS

    @nn.compact
    def __call__(self, x: jax.Array) -> list[jax.Array]:
        """Encode images.

        Args:
          x: [B, H, W, 3], less ``MEAN``, over ``STD``; sides of at least 16.

        Returns:
          Features [B, H / s, W / s, C] of every block, rounded down.
        """
        levels: list[jax.Array] = []
        number = 0
        for repeats, channels in self.blocks:
            if levels:
                x = nn.max_pool(x, (2, 2), (2, 2))
            for _ in range(repeats):
                x = nn.relu(Conv(channels, 3, with_bias=True, name=f"conv{number}")(x))
                number += 1
            levels.append(x)
        return levels


def convert_vgg16(
    tensors: Mapping[str, np.ndarray], blocks: tuple[tuple[int, int], ...] = BLOCKS
) -> dict[str, Any]:
    """Give torchvision's tensors our names and layouts; the head is left out.

    Args:
      tensors: by name, ``features.0.weight`` and so on.
      blocks: of the network.

    Returns:
      ``params`` of :class:`VGG16`.

    Raises:
      KeyError: if a tensor is missing.
    """
    params, number, place = {}, 0, 0
    for repeats, _ in blocks:
        for _ in range(repeats):
            kernel = tensors[f"features.{place}.weight"].transpose(2, 3, 1, 0)
            params[f"conv{number}"] = {
                "kernel": np.ascontiguousarray(kernel),
                "bias": tensors[f"features.{place}.bias"],
            }
            number, place = number + 1, place + 2  # a ReLU stands after each
        place += 1  # and pooling after the block
    return {"params": params}
