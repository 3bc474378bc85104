"""Layers of all networks: convolution, up-sampling, instance norm and batch norm."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.nets import conv as convolution
from sggan_jax.nets.initial import bias_init, he_init, kernel_init, scale_init
from sggan_jax.nets.norm import batch_norm, instance_norm, per_channel

Dtype = Any
Upsampling = Literal["transpose", "resize"]


def leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky ReLU with slope 0.2, the encoders' and discriminators' activation."""
    return nn.leaky_relu(x, 0.2)


def reflect_pad(x: jax.Array, amount: int) -> jax.Array:
    """Mirror ``x`` [B, H, W, C] beyond its borders, without repeating the border itself.

    Its slices begin and end at fixed positions, so that an exporter can leave the size open.
    """
    for axis in (1, 2):
        flipped = lax.rev(x, (axis,))
        before = lax.rev(lax.slice_in_dim(x, 1, amount + 1, axis=axis), (axis,))
        after = lax.slice_in_dim(flipped, 1, amount + 1, axis=axis)
        x = lax.concatenate([before, x, after], axis)
    return x


class Conv(nn.Module):
    """Convolution, zero SAME padding or mirrored borders.

    Maps [B, H, W, I] to [B, ceil(H / stride), ceil(W / stride), features].

    Attributes:
      features: output channels; 0 for a depthwise convolution, whose every channel has a kernel of
        its own.
      size: height and width of the kernel.
      stride: input pixels per output pixel.
      dilation: distance between neighbouring kernel positions.
      reflect: mirror the borders instead of padding with zeros.
      dtype: type of the computation; parameters stay float32.
      with_bias: add one number per channel.
      kernel_init: how the kernel begins.
      pad_before: where padding is uneven, its larger half stands before the image, as in PyTorch,
        and not after it; H and W are multiples of the stride then.
    """

    features: int
    size: int = 4
    stride: int = 1
    dilation: int = 1
    reflect: bool = False
    dtype: Dtype = jnp.float32
    with_bias: bool = False
    kernel_init: nn.initializers.Initializer = kernel_init
    pad_before: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolve."""
        depthwise = self.features == 0
        channels = (1, x.shape[-1]) if depthwise else (x.shape[-1], self.features)
        shape = (self.size, self.size, *channels)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        x = x.astype(self.dtype)
        if self.reflect:
            x = reflect_pad(x, self.size // 2)
        padding: convolution.Padding = "VALID" if self.reflect else "SAME"
        if self.pad_before and not self.reflect:
            padding = [_halves(self.size - self.stride)[::-1]] * 2
        x = convolution.conv(
            x,
            kernel.astype(self.dtype),
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            depthwise=depthwise,
        )
        return _add_bias(self, x) if self.with_bias else x


class Upsample(nn.Module):
    """Double height and width, then mix channels: [B, H, W, I] to [B, 2H, 2W, features].

    ``transpose`` is the paper's transposed convolution; ``resize`` repeats every pixel and
    convolves 3x3, which cannot draw checkerboards.

    Attributes:
      features: output channels.
      size: height and width of the transposed convolution's kernel.
      mode: ``transpose`` or ``resize``.
      dtype: type of the computation; parameters stay float32.
      with_bias: add one number per channel.
      pad_before: as in :class:`Conv`, of which this is the transpose.
    """

    features: int
    size: int = 4
    mode: Upsampling = "transpose"
    dtype: Dtype = jnp.float32
    with_bias: bool = False
    pad_before: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Enlarge."""
        if self.mode == "resize":
            return RepeatConv(self.features, self.dtype, self.with_bias, name="conv")(x)
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", kernel_init, shape, jnp.float32)
        padding = [_halves(self.size)] * 2 if self.pad_before else "SAME"
        x = convolution.conv_transpose(
            x.astype(self.dtype), kernel.astype(self.dtype), stride=2, padding=padding
        )
        return _add_bias(self, x) if self.with_bias else x


class RepeatConv(nn.Module):
    """Repeat every pixel twice each way, then convolve 3x3: [B, H, W, I] to [B, 2H, 2W, features].

    Repeating is itself a transposed convolution, by a 2x2 kernel of ones, so both are one, by a 4x4
    kernel: four products for every number that comes out, where the repeated image takes nine.
    """

    features: int
    dtype: Dtype = jnp.float32
    with_bias: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Enlarge."""
        shape = (3, 3, x.shape[-1], self.features)
        kernel = self.param("kernel", kernel_init, shape, jnp.float32)
        for axis in (0, 1):
            kernel = _spread(kernel, axis)
        x = convolution.conv_transpose(x.astype(self.dtype), kernel.astype(self.dtype), stride=2)
        return _add_bias(self, x) if self.with_bias else x


class InstanceNorm(nn.Module):
    """Normalise every channel of every image over H and W, scale and shift."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Normalise."""
        scale = self.param("scale", scale_init, (x.shape[-1],), jnp.float32)
        bias = self.param("bias", bias_init, (x.shape[-1],), jnp.float32)
        return instance_norm(x, scale, bias)


class ClassStyle(nn.Module):
    """Scale, shift and roughen a map [B, h, w, C] by class: numbers for every class and channel.

    ``y = x * (1 + gain) + shift + roughness * noise``, as class-adaptive norms scale and shift
    (CLADE, Tan et al., 2021), with the noise of StyleGAN (Karras et al., 2019), how much of which
    is up to the class. Where several classes fall on one position each counts by its share.

    Attributes:
      classes: that there are.
    """

    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array, train: bool = False) -> jax.Array:
        """Change a map.

        Args:
          x: [B, h, w, C].
          labels: class of every pixel, int32 [B, n*h, n*w]; pixels of none change nothing.
          train: draw the noise from the ``dropout`` key, else it is the same for all images.
        """
        batch, height, width, channels = x.shape
        size = labels.shape[1] // height
        shares = jax.nn.one_hot(labels, self.classes, dtype=x.dtype)
        shares = shares.reshape(batch, height, size, width, size, self.classes).mean((2, 4))
        # Small at first, as kernels are; the factor lets them get somewhere at a GAN's low rate.
        table = 5 * self.param("kernel", kernel_init, (self.classes, 3 * channels), jnp.float32)
        gain, shift, roughness = jnp.split(shares @ table.astype(x.dtype), 3, axis=-1)
        key = self.make_rng("dropout") if train else jax.random.key(height)
        noise = jax.random.normal(key, (batch if train else 1, height, width, 1), x.dtype)
        return x * (1 + gain) + shift + roughness * noise


class BatchNorm(nn.Module):
    """Normalise every channel over images and pixels, scale and shift.

    Attributes:
      eps: added to the variance inside the square root.
      keep: fraction of the running statistics that a training step keeps.
    """

    eps: float = 1e-3
    keep: float = 0.95

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Normalise [B, H, W, C]: by the batch's own statistics in training, else by the running.

        In training the collection ``batch_stats`` must be mutable; it moves towards the batch's.
        """
        shape = (x.shape[-1],)
        scale = self.param("scale", nn.initializers.ones, shape, jnp.float32)
        bias = self.param("bias", bias_init, shape, jnp.float32)
        mean = self.variable("batch_stats", "mean", jnp.zeros, shape, jnp.float32)
        variance = self.variable("batch_stats", "variance", jnp.ones, shape, jnp.float32)
        if not train:
            gain = scale * lax.rsqrt(variance.value + self.eps)
            shift = bias - mean.value * gain
            return (x * per_channel(gain, x) + per_channel(shift, x)).astype(x.dtype)
        y, batch_mean, batch_variance = batch_norm(x, scale, bias, self.eps)
        if not self.is_initializing():
            mean.value = self.keep * mean.value + (1 - self.keep) * batch_mean
            variance.value = self.keep * variance.value + (1 - self.keep) * batch_variance
        return y


class ConvBlock(nn.Module):
    """Convolution, batch norm, activation: what the segmentation networks are built of.

    Attributes:
      features: output channels; 0 for a depthwise convolution.
      size: height and width of the kernel.
      stride: input pixels per output pixel.
      activation: applied last.
      dtype: type of the computation; parameters stay float32.
    """

    features: int
    size: int = 1
    stride: int = 1
    activation: Callable[[jax.Array], jax.Array] = nn.relu6
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Convolve, normalise, activate."""
        conv = partial(Conv, dtype=self.dtype, kernel_init=he_init, name="conv")
        x = conv(self.features, self.size, self.stride)(x)
        return self.activation(BatchNorm(name="norm")(x, train))


def identity(x: jax.Array) -> jax.Array:
    """No activation."""
    return x


def _spread(kernel: jax.Array, axis: int) -> jax.Array:
    """Convolve a kernel with (1, 1) along an axis, which grows by one."""
    before, after = ([(0, 0)] * kernel.ndim for _ in range(2))
    before[axis], after[axis] = (1, 0), (0, 1)
    return jnp.pad(kernel, before) + jnp.pad(kernel, after)


def _add_bias(layer: nn.Module, x: jax.Array) -> jax.Array:
    """Add a layer's parameter ``bias`` [C] to [B, H, W, C]."""
    bias = layer.param("bias", bias_init, (x.shape[-1],), jnp.float32)
    # Its gradient is a sum over all pixels, for which bfloat16 is too coarse.
    wide = x.astype(jnp.float32) if x.dtype.itemsize < 4 else x
    return (wide + per_channel(bias, wide)).astype(x.dtype)


def _halves(total: int) -> tuple[int, int]:
    """Part padding in two, the larger half after the image."""
    return total // 2, total - total // 2
