"""Units of the segmentation networks: convolution, batch norm, activation; and how they begin."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from sggan_jax.nets import conv as convolution
from sggan_jax.nets.layers import Dtype

PIXELS = (0, 1, 2)
"""Images, height and width of [B, H, W, C]."""

kernel_init = nn.initializers.he_normal()
depthwise_init = nn.initializers.variance_scaling(2.0, "fan_out", "normal", in_axis=3, out_axis=2)


class Kernel(nn.Module):
    """Convolution without bias: [B, H, W, I] to [B, ceil(H / stride), ceil(W / stride), O].

    Attributes:
      features: output channels O; 0 correlates every channel with a kernel of its own.
      size: height and width of the kernel.
      stride: input pixels per output pixel.
      dilation: distance between neighbouring taps.
      dtype: type of the computation; parameters stay float32.
    """

    features: int
    size: int = 1
    stride: int = 1
    dilation: int = 1
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolve, zeros beyond the border."""
        depthwise = self.features == 0
        channels = (1, x.shape[-1]) if depthwise else (x.shape[-1], self.features)
        init = depthwise_init if depthwise else kernel_init
        kernel = self.param("kernel", init, (self.size, self.size, *channels), jnp.float32)
        return convolution.conv(
            x.astype(self.dtype),
            kernel.astype(self.dtype),
            stride=self.stride,
            dilation=self.dilation,
            depthwise=depthwise,
        )


class BatchNorm(nn.Module):
    """Normalise every channel over images and pixels, scale and shift.

    Attributes:
      eps: added to the variance inside the square root.
      keep: share of the running statistics that a training step keeps.
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
        bias = self.param("bias", nn.initializers.zeros, shape, jnp.float32)
        mean = self.variable("batch_stats", "mean", jnp.zeros, shape, jnp.float32)
        variance = self.variable("batch_stats", "variance", jnp.ones, shape, jnp.float32)
        if not train:
            gain = scale * lax.rsqrt(variance.value + self.eps)
            shift = bias - mean.value * gain
            return (x * _lay(gain, x) + _lay(shift, x)).astype(x.dtype)
        y, batch_mean, batch_variance = batch_norm(x, scale, bias, self.eps)
        if not self.is_initializing():
            mean.value = self.keep * mean.value + (1 - self.keep) * batch_mean
            variance.value = self.keep * variance.value + (1 - self.keep) * batch_variance
        return y


class Unit(nn.Module):
    """Convolution, batch norm, activation.

    Attributes:
      features: output channels; 0 correlates every channel with a kernel of its own.
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
        """Convolve, normalise, bend."""
        x = Kernel(self.features, self.size, self.stride, dtype=self.dtype, name="conv")(x)
        return self.activation(BatchNorm(name="norm")(x, train))


Normalised = tuple[jax.Array, jax.Array, jax.Array]


def batch_norm(x: jax.Array, scale: jax.Array, bias: jax.Array, eps: float) -> Normalised:
    """Normalise every channel over images and pixels (Ioffe and Szegedy, 2015).

    ``y = scale * (x - mean) / sqrt(var + eps) + bias`` with mean and biased variance over B, H
    and W, the variance as ``mean((x - mean)^2)``.

    Args:
      x: activations [B, H, W, C] of any float type; statistics are taken in at least float32.
      scale: [C].
      bias: [C].
      eps: added to the variance inside the square root.

    Returns:
      y [B, H, W, C] of the type of ``x``, mean [C] and variance [C]; no gradient passes through
      the last two.

    >>> x = jnp.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    >>> y, mean, variance = batch_norm(x, jnp.ones(1), jnp.zeros(1), 1e-5)
    >>> [round(float(n), 3) for n in (*y.ravel(), mean[0], variance[0])]
    [-1.0, 1.0, 2.0, 1.0]
    """
    return _batch_norm(eps, x, scale, bias)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _batch_norm(eps: float, x: jax.Array, scale: jax.Array, bias: jax.Array) -> Normalised:
    return _forward(eps, x, scale, bias)[0]


def _forward(eps: float, x: jax.Array, scale: jax.Array, bias: jax.Array):
    wide = _wide(x)
    mean = jnp.mean(wide, PIXELS)
    variance = jnp.mean(jnp.square(wide - _lay(mean, wide)), PIXELS)
    inverse = lax.rsqrt(variance + eps)
    y = (wide - _lay(mean, wide)) * _lay(inverse * scale, wide) + _lay(bias, wide)
    return (y.astype(x.dtype), mean, variance), (x, scale, mean, inverse)


def _backward(eps: float, saved, bars: Normalised) -> Normalised:
    """Differentiate by the closed form: a pass of sums, one over the pixels; keeps ``x`` alone."""
    del eps  # within ``inverse`` already
    x, scale, mean, inverse = saved
    y_bar = _wide(bars[0])
    normal = (_wide(x) - _lay(mean, y_bar)) * _lay(inverse, y_bar)
    offset_bar = jnp.sum(y_bar, PIXELS)
    scale_bar = jnp.sum(y_bar * normal, PIXELS)
    number = x.size // x.shape[3]
    centred = y_bar - _lay(offset_bar / number, y_bar) - normal * _lay(scale_bar / number, y_bar)
    x_bar = _lay(scale * inverse, y_bar) * centred
    return x_bar.astype(x.dtype), scale_bar.astype(scale.dtype), offset_bar.astype(scale.dtype)


_batch_norm.defvjp(_forward, _backward)


def _wide(x: jax.Array) -> jax.Array:
    """Cast to at least float32."""
    return x if x.dtype.itemsize >= 4 else x.astype(jnp.float32)


def _lay(numbers: jax.Array, like: jax.Array) -> jax.Array:
    """Lay [C] along the channels of [B, H, W, C]."""
    return numbers.astype(like.dtype)[None, None, None, :]


def init_variables(module: nn.Module, rng: jax.Array, *inputs: Any) -> dict[str, Any]:
    """Draw a network's parameters on the host, which compiles nothing.

    Kernels are normal with variance 2 / (numbers under the kernel) (He et al., 2015), scales and
    variances 1, everything else 0: what the modules declare themselves.

    Args:
      module: built of the layers of this file.
      rng: random key; under a trace the module's own initialisers draw instead.
      *inputs: what the module is called with; shapes suffice.

    Returns:
      ``params`` and ``batch_stats``, float32, in the form of ``module.init(rng, *inputs)``.
    """
    if isinstance(rng, jax.core.Tracer):
        zeros = (jnp.zeros(x.shape, x.dtype) for x in inputs)
        return dict(module.init(rng, *zeros))
    numbers = np.random.default_rng(np.asarray(jax.random.key_data(rng)))

    def draw(path, leaf):
        if path[-1].key != "kernel":
            return np.full(leaf.shape, path[-1].key in ("scale", "variance"), np.float32)
        deviation = np.float32(np.sqrt(2 / np.prod(leaf.shape[:3])))
        return deviation * numbers.standard_normal(leaf.shape, np.float32)

    return jax.tree_util.tree_map_with_path(draw, jax.eval_shape(module.init, rng, *inputs))
