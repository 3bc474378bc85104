"""Refusals shared by the losses: shapes are compared, never broadcast; types are never cast."""

import jax
import jax.numpy as jnp


def check_same_shape(**arrays: jax.Array) -> None:
    """Refuse arrays of different shape, and integers, by name.

    Raises:
      ValueError: naming every array with its shape, when two differ.
      TypeError: naming an array that is not floating point.
    """
    check_floating(**arrays)
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes must be equal, got {shapes}")


def check_floating(**arrays: jax.Array) -> None:
    """Refuse arrays of integers, whose differences would wrap around.

    Raises:
      TypeError: naming the array and its type.

    >>> check_floating(x=jnp.zeros(2), y=jnp.zeros(2, jnp.uint8))
    Traceback (most recent call last):
    TypeError: y must be floating point, got uint8: map images from 0..255 to [-1, 1] first
    """
    for name, array in arrays.items():
        if not jnp.issubdtype(array.dtype, jnp.floating):
            raise TypeError(
                f"{name} must be floating point, got {array.dtype}: map images from 0..255 to "
                f"[-1, 1] first"
            )
