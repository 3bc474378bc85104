"""Layers of the generators and discriminators: convolution, up-sampling, instance norm."""

from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets import conv as convolution
from sggan_jax.nets.initial import kernel_init, offset_init, scale_init
from sggan_jax.nets.norm import instance_norm

Dtype = Any
Upsampling = Literal["transpose", "resize"]


def leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky ReLU with slope 0.2, the encoders' and discriminators' activation."""
    return nn.leaky_relu(x, 0.2)


def reflect_pad(x: jax.Array, amount: int) -> jax.Array:
    """Mirror ``x`` [B, H, W, C] beyond its borders, without repeating the border itself."""
    return jnp.pad(x, ((0, 0), (amount, amount), (amount, amount), (0, 0)), mode="reflect")


class Conv(nn.Module):
    """Convolution without bias, zero SAME padding or mirrored borders.

    Maps [B, H, W, I] to [B, ceil(H / stride), ceil(W / stride), features].
    """

    features: int
    size: int = 4
    stride: int = 1
    reflect: bool = False
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolve."""
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", kernel_init, shape, jnp.float32)
        x = x.astype(self.dtype)
        if self.reflect:
            x = reflect_pad(x, self.size // 2)
        padding = "VALID" if self.reflect else "SAME"
        return convolution.conv(x, kernel.astype(self.dtype), stride=self.stride, padding=padding)


class OffsetConv(nn.Module):
    """Convolution plus one number per channel, zero SAME padding.

    Maps [B, H, W, I] to [B, ceil(H / stride), ceil(W / stride), features].
    """

    features: int
    size: int = 3
    stride: int = 1
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolve."""
        x = Conv(self.features, self.size, self.stride, dtype=self.dtype, name="conv")(x)
        offset = self.param("offset", offset_init, (self.features,), jnp.float32)
        return x + offset.astype(x.dtype)[None, None, None, :]


class Upsample(nn.Module):
    """Double height and width, then mix channels: [B, H, W, I] to [B, 2H, 2W, features].

    ``transpose`` is the paper's transposed convolution; ``resize`` repeats every pixel and
    convolves 3x3, which cannot draw checkerboards.
    """

    features: int
    size: int = 4
    mode: Upsampling = "transpose"
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Enlarge."""
        if self.mode == "resize":
            x = jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
            return Conv(self.features, 3, dtype=self.dtype, name="conv")(x)
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", kernel_init, shape, jnp.float32)
        return convolution.conv_transpose(
            x.astype(self.dtype), kernel.astype(self.dtype), stride=2, padding="SAME"
        )


class InstanceNorm(nn.Module):
    """Normalise every channel of every image over H and W, scale and shift."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Normalise."""
        scale = self.param("scale", scale_init, (x.shape[-1],), jnp.float32)
        offset = self.param("offset", offset_init, (x.shape[-1],), jnp.float32)
        return instance_norm(x, scale, offset)
