"""EfficientNet-Lite0 (Tan and Le, 2019, in the form without attention) as an encoder."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets.layers import ConvBlock, Dtype, identity

# repeats, kernel size, stride of the first, expansion, output channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Block(nn.Module):
    """Inverted residual: expand 1x1, correlate every channel alone, project 1x1.

    Attributes:
      features: output channels.
      size: height and width of the middle kernel.
      stride: of the middle convolution.
      expansion: middle channels per input channel; 1 leaves the first convolution out.
      dtype: type of the computation.
    """

    features: int
    size: int
    stride: int
    expansion: int
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Map [B, H, W, I] to [B, ceil(H / stride), ceil(W / stride), features]."""
        y, block = x, partial(ConvBlock, dtype=self.dtype)
        if self.expansion != 1:
            y = block(x.shape[-1] * self.expansion, name="expand")(y, train)
        y = block(0, self.size, self.stride, name="middle")(y, train)
        y = block(self.features, activation=identity, name="project")(y, train)
        return x + y if y.shape == x.shape else y


class EfficientNetLite0(nn.Module):
    """Encoder with features at strides 2, 4, 8, 16 and 32; 2,958,848 parameters without the head.

    Attributes:
      width: factor on all channels, which are rounded to multiples of 8; 1 is the published one.
      depth: factor on the blocks of a stage, at least one of each; 1 is the published one.
      dtype: type of the computation; parameters stay float32.
    """

    width: float = 1.0
    depth: float = 1.0
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> list[jax.Array]:
        """Encode images.

        Args:
          x: [B, H, W, 3]; the published weights expect (bytes - 127) / 128.
          train: normalise by the batch; ``batch_stats`` must be mutable.

        Returns:
          Features [B, H / s, W / s, C] for s = 2, 4, 8, 16, 32, rounded up; at width 1 with 16,
          24, 40, 112 and 320 channels.
        """
        x = ConvBlock(self._channels(32), 3, 2, dtype=self.dtype, name="stem")(x, train)
        features, number = [], 0
        for repeats, size, stride, expansion, channels in STAGES:
            if stride == 2:
                features.append(x)
            for repeat in range(max(1, round(self.depth * repeats))):
                block = Block(
                    self._channels(channels),
                    size,
                    stride if repeat == 0 else 1,
                    expansion,
                    self.dtype,
                    name=f"block{number}",
                )
                x, number = block(x, train), number + 1
        return [*features, x]

    def _channels(self, published: int) -> int:
        return max(8, 8 * round(self.width * published / 8))
