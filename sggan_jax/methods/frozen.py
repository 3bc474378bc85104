"""Frozen networks: terms ask them about images, no optimiser and no checkpoint holds them.

A method names them with their source (:attr:`sggan_jax.methods.base.Method.frozen`); training
reads them once and puts them among the tensors of every step. Adapting needs none of them.
"""

from typing import Any

import flax.linen as nn
from flax import struct

from sggan_jax.types import Array

IMAGENET = "imagenet"
"""Source of the EfficientNet-Lite0 encoder in the user's installed package."""


class Frozen(struct.PyTreeNode):
    """A network of fixed weights: ``frozen(images)``.

    Attributes:
      variables: parameters, and running statistics where it has any.
      class_groups: class in [0, n) of every class id, uint8 [256], 255 ignored; None for networks
        that know no classes.
      module: the network.
    """

    variables: Any
    class_groups: Array | None = None
    module: nn.Module = struct.field(pytree_node=False, default=None)

    def __call__(self, images: Array) -> Any:
        """Apply the network as in inference.

        Args:
          images: float32 [B, H, W, 3] in [-1, 1].
        """
        return self.module.apply(self.variables, images)
