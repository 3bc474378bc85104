"""What a picture shows, as frozen networks see it: content loss and readable labels."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from sggan_jax.losses.checks import check_same_shape
from sggan_jax.types import IGNORE

EPS = 1e-3
"""Added to variances, so that a channel that says nothing does not become noise."""


def readable_classes(logits: jax.Array, classes: jax.Array) -> jax.Array:
    """Keep the true class of the pixels that a network reads right; ignore the others.

    Args:
      logits: of the network [..., n], usually on the source image.
      classes: true classes [...], integers in [0, n) or 255.

    Returns:
      [...] of the type of ``classes``: 255 wherever the largest logit is not the true class's.

    Raises:
      ValueError: if the shapes do not belong together.

    >>> logits = jnp.array([[2.0, 1.0], [2.0, 1.0]])
    >>> readable_classes(logits, jnp.array([0, 1], jnp.uint8)).tolist()
    [0, 255]
    """
    if logits.shape[:-1] != classes.shape:
        raise ValueError(
            f"logits {logits.shape} need classes {logits.shape[:-1]}, got {classes.shape}"
        )
    right = jnp.argmax(logits, axis=-1) == classes.astype(jnp.int32)
    return jnp.where(right, classes, jnp.full_like(classes, IGNORE))


def content_distance(x: Sequence[jax.Array], y: Sequence[jax.Array]) -> jax.Array:
    """Mean squared difference of instance-normalised features, the mean over levels.

    mean over levels of mean((N(x) - N(y))^2), where N subtracts a channel's mean over an image and
    divides by its standard deviation: tint and contrast of a whole channel do not matter, where it
    responds does. After the perceptual loss of Johnson et al., 2016, with the normalisation of
    Huang et al., 2018 (MUNIT).

    Args:
      x: features of one image by level [B, h, w, C].
      y: features of the other, the same shapes.

    Returns:
      Scalar in [0, 4).

    Raises:
      ValueError: if shapes or numbers of levels differ, or there is no level.

    >>> x = jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)
    >>> [round(float(content_distance([x], [y])), 2) for y in (-x, 5 * x + 1)]
    [4.0, 0.0]
    """
    if len(x) != len(y) or not x:
        raise ValueError(f"expected as many levels on both sides, got {len(x)} and {len(y)}")
    for one, other in zip(x, y, strict=True):
        check_same_shape(x=one, y=other)
    pairs = zip(x, y, strict=True)
    levels = [jnp.mean(jnp.square(_normalise(one) - _normalise(other))) for one, other in pairs]
    return jnp.mean(jnp.stack(levels))


def _normalise(x: jax.Array) -> jax.Array:
    centred = x - jnp.mean(x, axis=(1, 2), keepdims=True)
    return centred * jax.lax.rsqrt(jnp.mean(jnp.square(centred), (1, 2), keepdims=True) + EPS)
