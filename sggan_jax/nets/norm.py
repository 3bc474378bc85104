"""Instance normalisation, the same in training and at test time."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

PIXELS = (1, 2)
"""Height and width of [B, H, W, C]."""

Saved = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


def instance_norm(x: jax.Array, scale: jax.Array, bias: jax.Array, eps: float = 1e-5) -> jax.Array:
    """Normalise every channel of every image over its own pixels.

    ``y = scale * (x - mean) / sqrt(var + eps) + bias`` with mean and variance over H and W; the
    variance is biased and computed as ``mean((x - mean)^2)``, because ``E[x^2] - E[x]^2`` cancels
    catastrophically on bright flat class groups.

    Args:
        x: Activations [B, H, W, C] of any float type; statistics are taken in at least float32.
        scale: [C].
        bias: [C].
        eps: Added to the variance inside the square root.

    Returns:
        [B, H, W, C] of the type of ``x``.

    >>> x = jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)
    >>> [round(float(y), 3) for y in instance_norm(x, jnp.ones(1), jnp.zeros(1)).ravel()]
    [-1.0, 1.0]
    """
    return _instance_norm(eps, x, scale, bias)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _instance_norm(eps: float, x: jax.Array, scale: jax.Array, bias: jax.Array) -> jax.Array:
    return _forward(eps, x, scale, bias)[0]


def _forward(
    eps: float, x: jax.Array, scale: jax.Array, bias: jax.Array
) -> tuple[jax.Array, Saved]:
    wide = _wide(x)
    mean = jnp.mean(wide, PIXELS, keepdims=True)
    variance = jnp.mean(jnp.square(wide - mean), PIXELS, keepdims=True)
    inverse = lax.rsqrt(variance + eps)
    gain = inverse * _per_channel(scale, wide)
    y = (wide - mean) * gain + _per_channel(bias, wide)
    return y.astype(x.dtype), (x, scale, mean, inverse)


def _backward(eps: float, saved: Saved, y_bar: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Differentiate by the closed form, one pass of sums and one over the pixels.

    It keeps ``x`` alone, where differentiating the steps above keeps every one of them. Itself
    differentiable, as a gradient penalty asks.
    """
    del eps  # within ``inverse`` already
    x, scale, mean, inverse = saved
    normal = (_wide(x) - mean) * inverse
    y_bar = _wide(y_bar)
    offset_bar = jnp.mean(y_bar, PIXELS, keepdims=True)
    scale_bar = jnp.mean(y_bar * normal, PIXELS, keepdims=True)
    x_bar = _per_channel(scale, mean) * inverse * (y_bar - offset_bar - normal * scale_bar)
    pixels = x.shape[1] * x.shape[2]
    summed = (jnp.sum(bar, (0, 1, 2)) * pixels for bar in (scale_bar, offset_bar))
    scale_sum, offset_sum = (bar.astype(scale.dtype) for bar in summed)
    return x_bar.astype(x.dtype), scale_sum, offset_sum


_instance_norm.defvjp(_forward, _backward)


def _wide(x: jax.Array) -> jax.Array:
    """Cast to at least float32."""
    return x if x.dtype.itemsize >= 4 else x.astype(jnp.float32)


def _per_channel(numbers: jax.Array, like: jax.Array) -> jax.Array:
    """Lay [C] along the channels of [B, H, W, C]."""
    return numbers.astype(like.dtype)[None, None, None, :]
