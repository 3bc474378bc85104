"""Losses of FCNs in the Wild (Hoffman et al., 2016): confused domains and plausible class sizes."""

import jax
import jax.numpy as jnp

from sggan_jax.losses.checks import check_floating

PRESENT = 0.1
"""A class counts as present where its predicted fraction exceeds this part of its lower bound."""


def domain_loss(logits: jax.Array, target: float) -> jax.Array:
    """Logistic loss of a domain classifier: mean of -log P(target) over all positions.

    Hoffman et al., section 3.1: the classifier learns source 1, target 0; the features learn the
    reverse.

    Args:
      logits: of "source" at every position, any shape.
      target: 1 for source, 0 for target.

    >>> round(float(domain_loss(jnp.zeros((1, 2, 2, 1)), 1.0)), 4)
    0.6931
    """
    check_floating(logits=logits)
    sign = 2.0 * target - 1.0
    return jnp.mean(jax.nn.softplus(-sign * logits))


def class_size_loss(
    logits: jax.Array, lower: jax.Array, mean: jax.Array, upper: jax.Array
) -> jax.Array:
    """Keep the predicted fraction of every present class within what source labels show.

    Hoffman et al., section 3.2, as a hinge: for every image and class c with fraction
    s_c = mean over pixels of P(c), present where its fraction of decided pixels exceeds
    0.1 * lower_c, the sum over c of (max(lower_c - s_c, 0) + max(s_c - upper_c, 0)) / mean_c,
    averaged over images. Dividing by the mean fraction lets small classes count like large ones.

    Args:
      logits: [B, H, W, n] of target images.
      lower: [n] lower bounds of fractions, in [0, 1].
      mean: [n] mean fractions; classes of mean 0 are left out.
      upper: [n] upper bounds of fractions.

    Returns:
      Scalar, 0 where every fraction is plausible.

    Raises:
      ValueError: if the shapes do not match.

    >>> bounds = jnp.array([0.6, 0.1]), jnp.array([0.8, 0.2]), jnp.array([0.9, 0.4])
    >>> round(float(class_size_loss(jnp.zeros((1, 2, 2, 2)), *bounds)), 3)  # fractions 1/2, 1/2
    0.125
    """
    check_floating(logits=logits)
    number = logits.shape[-1]
    if not lower.shape == mean.shape == upper.shape == (number,):
        raise ValueError(f"bounds {lower.shape} {mean.shape} {upper.shape} do not fit {number}")
    fractions = jnp.mean(jax.nn.softmax(logits), axis=(1, 2))
    decided = jnp.mean(jax.nn.one_hot(jnp.argmax(logits, -1), number), axis=(1, 2))
    # Not every class is decided somewhere: what is nowhere in an image is not asked to appear.
    present = (decided > PRESENT * lower[None]) & (mean > 0)[None]
    outside = jax.nn.relu(lower[None] - fractions) + jax.nn.relu(fractions - upper[None])
    weighted = outside / jnp.where(mean > 0, mean, 1.0)[None]
    return jnp.mean(jnp.sum(jnp.where(present, weighted, 0.0), axis=-1))
