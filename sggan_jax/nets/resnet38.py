"""ResNet-38, model A1 of "Wider or Deeper" (Wu, Shen and van den Hengel, 2016), at stride 8."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets.initial import he_init
from sggan_jax.nets.layers import BatchNorm, Conv, Dtype

# Units, their convolutions as (size, channels), stride and dilation. Classification halves the
# image in the last three-by-three stage and in the first bottleneck too; here dilation takes over.
STAGES = (
    (3, ((3, 128), (3, 128)), 2, 1),
    (3, ((3, 256), (3, 256)), 2, 1),
    (6, ((3, 512), (3, 512)), 2, 1),
    (3, ((3, 512), (3, 1024)), 1, 2),
    (1, ((1, 512), (3, 1024), (1, 2048)), 1, 4),
    (1, ((1, 1024), (3, 2048), (1, 4096)), 1, 4),
)
EPS = 1e-5


class Residual(nn.Module):
    """Pre-activation unit: batch norm, ReLU, convolution, each in turn, added to its input.

    Attributes:
      convolutions: kernel size and channels of each.
      stride: of the first.
      dilations: of each.
      dtype: type of the computation; parameters stay float32.
    """

    convolutions: tuple[tuple[int, int], ...]
    stride: int
    dilations: tuple[int, ...]
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Map [B, H, W, I] to [B, ceil(H / stride), ceil(W / stride), O].

        Where the shape changes, a 1x1 convolution of the first activation stands for the input.
        """
        conv = partial(Conv, dtype=self.dtype, kernel_init=he_init)
        y, shortcut, stride = x, x, self.stride
        layers = zip(self.convolutions, self.dilations, strict=True)
        for number, ((size, channels), dilation) in enumerate(layers):
            y = nn.relu(BatchNorm(EPS, name=f"norm{number}")(y, train))
            if number == 0 and (stride > 1 or x.shape[-1] != self.convolutions[-1][1]):
                shortcut = conv(self.convolutions[-1][1], 1, stride, name="shortcut")(y)
            y = conv(channels, size, stride, dilation, name=f"conv{number}")(y)
            stride = 1
        return shortcut + y


class ResNet38(nn.Module):
    """Backbone of ResNet-38 A1: 38 layers with the classifier's two, features at stride 8.

    At width 1 it has 123,945,792 parameters, the classifier's last layer not counted.

    Attributes:
      width: factor on all channels; 1 is the published one.
      depth: factor on the units of a stage, at least one of each; 1 is the published one.
      dtype: type of the computation; parameters stay float32.
    """

    width: float = 1.0
    depth: float = 1.0
    dtype: Dtype = jnp.float32

    stride = 8
    classifier = (3, 12)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Extract features [B, H / 8, W / 8, 512 width], rounded up."""
        conv = partial(Conv, dtype=self.dtype, kernel_init=he_init)
        x = conv(self._channels(64), 3, name="enter")(x)
        before = 1
        for stage, (units, convolutions, stride, dilation) in enumerate(STAGES, 2):
            own = tuple((size, self._channels(channels)) for size, channels in convolutions)
            for number in range(max(1, round(self.depth * units))):
                # The convolution that would have halved the image still sees the finer grid.
                first, stride = (before, stride) if number == 0 else (dilation, 1)
                dilations = (first, *[dilation] * (len(own) - 1))
                unit = Residual(own, stride, dilations, self.dtype, name=f"b{stage}_{number}")
                x = unit(x, train)
            before = dilation
        x = nn.relu(BatchNorm(EPS, name="norm")(x, train))
        leave = conv(self._channels(512), 3, dilation=12, with_bias=True, name="leave")
        return nn.relu(leave(x))

    def _channels(self, published: int) -> int:
        return max(4, round(self.width * published))
