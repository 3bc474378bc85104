"""Adversarial losses: the game of eq. 1 in its least-squares form (Mao et al., 2017)."""

import jax
import jax.numpy as jnp

from sggan_jax.losses.checks import check_same_shape


def least_squares(scores: jax.Array, target: float) -> jax.Array:
    """Mean squared distance of a discriminator's scores from a target.

    mean((d - target)^2): the least-squares form of eq. 1. The generator's loss is this with
    target 1 on its fake, without a half.

    Args:
      scores: discriminator output, any shape, usually [B, h, w, 1].
      target: 1 for "real", 0 for "fake".

    Returns:
      Scalar, at least 0.

    >>> float(least_squares(jnp.array([[1.0, 3.0]]), 1.0))
    2.0
    """
    return jnp.mean(jnp.square(scores - target))


def least_squares_discriminator(real: jax.Array, fake: jax.Array) -> jax.Array:
    """Half of the least-squares losses of a discriminator on a real and on a fake image.

    (mean((d(x) - 1)^2) + mean(d(fake)^2)) / 2, the discriminator's side of eq. 1.

    Args:
      real: scores of real images, any shape.
      fake: scores of fakes, the same shape.

    Returns:
      Scalar, at least 0; 0.25 for a discriminator that answers 1/2 everywhere.

    Raises:
      ValueError: if the shapes differ.

    >>> float(least_squares_discriminator(jnp.array([0.5]), jnp.array([0.5])))
    0.25
    """
    check_same_shape(real=real, fake=fake)
    return 0.5 * (least_squares(real, 1.0) + least_squares(fake, 0.0))
