"""Normalisation over the pixels of an image or of a batch, with one gradient for both."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

IMAGE, BATCH = (1, 2), (0, 1, 2)
"""Axes of [B, H, W, C] that instance norm and batch norm take their statistics over."""

Normalised = tuple[jax.Array, jax.Array, jax.Array]
Moments = tuple[jax.Array, jax.Array]
Saved = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


def instance_norm(x: jax.Array, scale: jax.Array, bias: jax.Array, eps: float = 1e-5) -> jax.Array:
    """Normalise every channel of every image over its own pixels.

    ``y = scale * (x - mean) / sqrt(var + eps) + bias`` with mean and variance over H and W; the
    variance is biased and computed as ``mean((x - mean)^2)``, because ``E[x^2] - E[x]^2`` cancels
    catastrophically on bright flat regions; GPUs take both in one pass, around a pixel. The same
    in training and at test time.

    Args:
      x: activations [B, H, W, C] of any float type; statistics are taken in at least float32.
      scale: [C].
      bias: [C].
      eps: added to the variance inside the square root.

    Returns:
      [B, H, W, C] of the type of ``x``.

    >>> x = jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)
    >>> [round(float(y), 3) for y in instance_norm(x, jnp.ones(1), jnp.zeros(1)).ravel()]
    [-1.0, 1.0]
    """
    return _normalise(IMAGE, eps, x, scale, bias)[0]


def batch_norm(x: jax.Array, scale: jax.Array, bias: jax.Array, eps: float) -> Normalised:
    """Normalise every channel over images and pixels (Ioffe and Szegedy, 2015).

    As :func:`instance_norm`, with mean and variance over B, H and W.

    Returns:
      y [B, H, W, C] of the type of ``x``, mean [C] and variance [C]; no gradient passes through
      the last two.

    >>> x = jnp.array([1.0, 3.0]).reshape(2, 1, 1, 1)
    >>> y, mean, variance = batch_norm(x, jnp.ones(1), jnp.zeros(1), 1e-5)
    >>> [round(float(n), 3) for n in (*y.ravel(), mean[0], variance[0])]
    [-1.0, 1.0, 2.0, 1.0]
    """
    y, mean, variance = _normalise(BATCH, eps, x, scale, bias)
    return y, mean.reshape(-1), variance.reshape(-1)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _normalise(
    axes: tuple[int, ...], eps: float, x: jax.Array, scale: jax.Array, bias: jax.Array
) -> Normalised:
    return _forward(axes, eps, x, scale, bias)[0]


def _forward(
    axes: tuple[int, ...], eps: float, x: jax.Array, scale: jax.Array, bias: jax.Array
) -> tuple[Normalised, Saved]:
    wide = _wide(x)
    mean, variance = lax.platform_dependent(
        wide, cuda=partial(_moments_in_one_pass, axes), default=partial(_moments, axes)
    )
    inverse = lax.rsqrt(variance + eps)
    gain = inverse * per_channel(scale, wide)
    y = (wide - mean) * gain + per_channel(bias, wide)
    return (y.astype(x.dtype), mean, variance), (x, scale, mean, inverse)


def _moments(axes: tuple[int, ...], x: jax.Array) -> Moments:
    """Mean and variance, one after the other."""
    mean = jnp.mean(x, axes, keepdims=True)
    return mean, jnp.mean(jnp.square(x - mean), axes, keepdims=True)


def _moments_in_one_pass(axes: tuple[int, ...], x: jax.Array) -> Moments:
    """Mean and variance by sums of ``x - s`` and of its square: a GPU reads ``x`` once.

    ``s`` is the pixel in the middle. No pixel of n is further from the mean than sqrt(n - 1)
    standard deviations (Samuelson, 1968), so the variance, ``E[(x - s)^2] - E[x - s]^2``, loses
    at worst a factor n of its precision, where the one pixel that differs from all others is ``s``;
    an ordinary one loses none.
    """
    middle = [
        slice(n // 2, n // 2 + 1) if i in axes else slice(None) for i, n in enumerate(x.shape)
    ]
    shift = lax.stop_gradient(x[tuple(middle)])
    near = x - shift
    mean = jnp.mean(near, axes, keepdims=True)
    square = jnp.mean(jnp.square(near), axes, keepdims=True)
    return mean + shift, jnp.maximum(square - jnp.square(mean), 0.0)


def _backward(axes: tuple[int, ...], eps: float, saved: Saved, bars: Normalised) -> Normalised:
    """Differentiate by the closed form, one pass of sums and one over the pixels.

    It keeps ``x`` alone, where differentiating the steps above keeps every one of them. Itself
    differentiable, as a gradient penalty asks.
    """
    del eps  # within ``inverse`` already
    x, scale, mean, inverse = saved
    normal = (_wide(x) - mean) * inverse
    y_bar = _wide(bars[0])
    bias_bar = jnp.mean(y_bar, axes, keepdims=True)
    scale_bar = jnp.mean(y_bar * normal, axes, keepdims=True)
    x_bar = per_channel(scale, mean) * inverse * (y_bar - bias_bar - normal * scale_bar)
    number = x.size // mean.size  # that each mean was taken over
    summed = (jnp.sum(bar, BATCH) * number for bar in (scale_bar, bias_bar))
    scale_sum, bias_sum = (bar.astype(scale.dtype) for bar in summed)
    return x_bar.astype(x.dtype), scale_sum, bias_sum


_normalise.defvjp(_forward, _backward)


def _wide(x: jax.Array) -> jax.Array:
    """Cast to at least float32."""
    return x if x.dtype.itemsize >= 4 else x.astype(jnp.float32)


def per_channel(values: jax.Array, like: jax.Array) -> jax.Array:
    """Lay [C] along the channels of [B, H, W, C]."""
    return values.astype(like.dtype)[None, None, None, :]
