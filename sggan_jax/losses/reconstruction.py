"""Losses that compare an image with what it should have stayed or come back to."""

import jax
import jax.numpy as jnp

from sggan_jax.losses.checks import check_same_shape


def absolute_error(x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean absolute difference of two images, mean|x - y|.

    One domain's half of the cycle consistency loss of eq. 3, with ``y`` the image after both
    generators; the identity loss, with ``y`` the image after the generator of its own domain.

    Args:
      x: images [B, H, W, C], usually in [-1, 1].
      y: images of the same shape.

    Returns:
      Scalar mean over every element, in the images' unit.

    Raises:
      ValueError: if the shapes differ.

    >>> float(absolute_error(jnp.array([0.0, 1.0]), jnp.array([1.0, 1.0])))
    0.5
    """
    check_same_shape(x=x, y=y)
    return jnp.mean(jnp.abs(x - y))
