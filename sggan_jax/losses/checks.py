"""Refusals shared by the losses: shapes are compared, never broadcast; types are never cast."""

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.types import IGNORE


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


def check_classes(name: str, classes: jax.Array, number: int = 0) -> None:
    """Refuse classes that are no integers, and, where they are known already, no classes.

    Args:
      name: of the array, for the message.
      classes: of any shape.
      number: they are to lie in [0, number), or be 255; 0 if any integer will do.

    Raises:
      TypeError: if they are floating point: shrunk by averaging, they name classes between classes.
      ValueError: if one lies outside; traced ones are not known yet.

    >>> check_classes("labels", jnp.array([0, 3]), 3)
    Traceback (most recent call last):
    ValueError: labels lie in [0, 3], expected [0, 3) or 255
    """
    if not jnp.issubdtype(classes.dtype, jnp.integer):
        raise TypeError(f"{name} must be integers, got {classes.dtype}")
    if number and classes.size and not isinstance(classes, jax.core.Tracer):
        found = np.asarray(classes)  # with jax these would be traced within a traced function
        low, high = found.min(), np.where(found == IGNORE, 0, found).max()
        if low < 0 or high >= number:
            raise ValueError(f"{name} lie in [{low}, {high}], expected [0, {number}) or 255")


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
