"""SimGAN's networks (Shrivastava et al., 2017): a refiner at full size, a discriminator of patches.

Neither has norms, so that their convolutions have biases.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets.layers import Conv, Dtype
from sggan_jax.types import InputError


class Refiner(nn.Module):
    """SimGAN's generator: residual blocks at full resolution, no down-sampling.

    3x3 to ``width``, blocks of two 3x3 with identity, 1x1 to 3 and tanh. With 4 blocks and width
    64 it has 297,411 parameters; an output pixel sees 19x19 input pixels.

    Attributes:
      width: channels of every layer but the last.
      blocks: number of residual blocks.
      dtype: type of the computation; parameters stay float32.
    """

    width: int = 64
    blocks: int = 4
    dtype: Dtype = jnp.float32

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 1

    def check_size(self, height: int, width: int) -> None:
        """Refuse a size the network cannot take.

        Raises:
          InputError: if a side is not positive.
        """
        if height < 1 or width < 1:
            raise InputError(f"the refiner needs sides of at least 1, got {height}x{width}")

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Refine images [B, H, W, 3] in [-1, 1] to float32 images of the same size in (-1, 1)."""
        del train  # no layer of this network behaves differently in training
        self.check_size(*x.shape[1:3])
        conv = partial(Conv, dtype=self.dtype, with_bias=True)
        x = nn.relu(conv(self.width, 3, name="enter")(x))
        for block in range(self.blocks):
            y = nn.relu(conv(self.width, 3, name=f"block{block}_a")(x))
            y = conv(self.width, 3, name=f"block{block}_b")(y)
            x = nn.relu(x + y)
        x = conv(3, 1, name="leave")(x)
        return jnp.tanh(x.astype(jnp.float32))


class LocalDiscriminator(nn.Module):
    """SimGAN's discriminator: is each position, of 23x23 pixels, real or refined?

    3x3 stride 2 to ``width``, 3x3 stride 2 to 2/3 of it, largest of 3x3, 3x3 to 1/3, 1x1 to 1/3,
    1x1 to 2 classes; ReLU between. At width 96 it has 77,634 parameters.

    Attributes:
      width: channels of the first layer, a multiple of 3.
      dtype: type of the computation; parameters stay float32.
    """

    width: int = 96
    dtype: Dtype = jnp.float32

    def map_size(self, height: int, width: int) -> tuple[int, int]:
        """Size (h, w) of the map of logits for images of height x width.

        Raises:
          InputError: if the width of the network is no positive multiple of 3.
        """
        if self.width < 1 or self.width % 3:
            raise InputError(
                f"the local discriminator's width must be a positive multiple of 3, "
                f"got {self.width}"
            )
        return -(-height // 4), -(-width // 4)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Judge images [B, H, W, 3] in [-1, 1] at every position.

        Returns:
          float32 logits [B, h, w, 2] of fake (0) and real (1).
        """
        self.map_size(*x.shape[1:3])
        third, conv = self.width // 3, partial(Conv, dtype=self.dtype, with_bias=True)
        x = nn.relu(conv(3 * third, 3, 2, name="conv0")(x))
        x = nn.relu(conv(2 * third, 3, 2, name="conv1")(x))
        x = nn.max_pool(x, (3, 3), padding="SAME")
        x = nn.relu(conv(third, 3, name="conv2")(x))
        x = nn.relu(conv(third, 1, name="conv3")(x))
        return conv(2, 1, name="logits")(x).astype(jnp.float32)
