"""Refusals shared by the losses: shapes are compared, never broadcast."""

import jax


def check_same_shape(**arrays: jax.Array) -> None:
    """Refuse arrays of different shape, by name.

    Raises:
      ValueError: naming every array with its shape, when two differ.
    """
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes must be equal, got {shapes}")
