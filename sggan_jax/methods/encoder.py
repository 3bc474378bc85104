"""The frozen ImageNet encoder as terms see it: levels of features by stride."""

from collections.abc import Sequence

from sggan_jax.methods.frozen import Frozen
from sggan_jax.types import Array

CHANNELS = {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}
"""Channels of EfficientNet-Lite0's levels, by stride."""


def encode_levels(encoder: Frozen, images: Array, strides: Sequence[int]) -> list[Array]:
    """Encode images to features at these strides.

    Args:
      encoder: EfficientNet-Lite0 with weights of ImageNet.
      images: float32 [B, H, W, 3] in [-1, 1].
      strides: of 2, 4, 8, 16 and 32.

    Returns:
      Features [B, H / stride, W / stride, C], rounded up.
    """
    levels = encoder((images * 127.5 + 0.5) / 128.0)  # as ImageNet's images were scaled
    return [levels[list(CHANNELS).index(stride)] for stride in strides]
