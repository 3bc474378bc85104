"""Instance normalisation, the same in training and at test time."""

import jax
import jax.numpy as jnp
from jax import lax


def instance_norm(
    x: jax.Array, scale: jax.Array, offset: jax.Array, eps: float = 1e-5
) -> jax.Array:
    """Normalise every channel of every image over its own pixels.

    ``y = scale * (x - mean) / sqrt(var + eps) + offset`` with mean and variance over H and W; the
    variance is biased and computed as ``mean((x - mean)^2)``, because ``E[x^2] - E[x]^2`` cancels
    catastrophically on bright flat regions.

    Args:
        x: Activations [B, H, W, C] of any float type; statistics are taken in at least float32.
        scale: [C].
        offset: [C].
        eps: Added to the variance inside the square root.

    Returns:
        [B, H, W, C] of the type of ``x``.

    >>> x = jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)
    >>> [round(float(y), 3) for y in instance_norm(x, jnp.ones(1), jnp.zeros(1)).ravel()]
    [-1.0, 1.0]
    """
    wide = jnp.float64 if x.dtype == jnp.float64 else jnp.float32
    x_wide = x.astype(wide)
    centred = x_wide - jnp.mean(x_wide, axis=(1, 2), keepdims=True)
    variance = jnp.mean(jnp.square(centred), axis=(1, 2), keepdims=True)
    gain = lax.rsqrt(variance + eps) * scale.astype(wide)[None, None, None, :]
    return (centred * gain + offset.astype(wide)[None, None, None, :]).astype(x.dtype)
