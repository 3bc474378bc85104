"""Cross-entropy of a segmentation, on all pixels or on the hard ones."""

import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.losses.checks import check_classes, check_floating, check_same_shape
from sggan_jax.types import IGNORE


def pixel_cross_entropy(logits: jax.Array, classes: jax.Array) -> jax.Array:
    """Cross-entropy of every pixel: -log softmax(logits)[class].

    Args:
      logits: [..., n], usually [B, H, W, n].
      classes: true classes [...], integers in [0, n) or 255.

    Returns:
      [...], at least 0; exactly 0 where the class is 255.

    Raises:
      ValueError: if the shapes do not belong together, or a class is outside.
      TypeError: if logits are integers, or classes are none.

    >>> nats = pixel_cross_entropy(jnp.zeros((2, 4)), jnp.array([1, 255], jnp.uint8))
    >>> [round(float(x), 4) for x in nats]  # log 4 for a guess among four
    [1.3863, 0.0]
    """
    check_floating(logits=logits)
    if logits.shape[:-1] != classes.shape:
        raise ValueError(
            f"logits {logits.shape} need classes {logits.shape[:-1]}, got {classes.shape}"
        )
    check_classes("classes", classes, logits.shape[-1])
    each = lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1)
    true = each == classes.astype(jnp.int32)[..., None]
    picked = jnp.sum(jnp.where(true, logits, jnp.zeros_like(logits)), axis=-1)
    nats = jax.nn.logsumexp(logits, axis=-1) - picked
    return jnp.where(classes == IGNORE, jnp.zeros_like(nats), nats)


def weighted_cross_entropy(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Mean over pixels of the cross-entropy with weighted classes.

    mean over pixels of - sum over classes of target log softmax(logits): one-hot targets times a
    weight count pixels by it; targets of zeros count nothing, though they count as pixels.

    Args:
      logits: before the softmax [..., n].
      targets: at least 0, of the same shape.

    Returns:
      Scalar, at least 0.

    Raises:
      ValueError: if the shapes differ.

    >>> targets = jnp.array([[1.0, 0.0], [0.5, 0.0], [0.0, 0.0]])
    >>> round(float(weighted_cross_entropy(jnp.zeros((3, 2)), targets)), 4)  # half of log 2
    0.3466
    """
    check_same_shape(logits=logits, targets=targets)
    return -jnp.mean(jnp.sum(targets * jax.nn.log_softmax(logits), axis=-1))


def hard_pixel_cross_entropy(
    logits: jax.Array, classes: jax.Array, *, threshold: float = 0.6, at_least: int = 256
) -> jax.Array:
    """Mean cross-entropy over the pixels that are still hard: online bootstrapping.

    Pixels whose true class has a probability of at most ``threshold`` count; when they are fewer
    than ``at_least``, the ``at_least`` least probable ones (and their equals) do. From Wu, Shen
    and van den Hengel, "High-performance semantic segmentation using very deep fully
    convolutional networks" (2016), which their "Wider or Deeper" trains with.

    Args:
      logits: [..., n], usually [B, H, W, n].
      classes: true classes [...], integers in [0, n), or 255 for pixels that never count.
      threshold: probability in (0, 1]; 1 counts every pixel, plain cross-entropy.
      at_least: number of pixels that count in any case, of all given together.

    Returns:
      Scalar, at least 0; 0 without any pixel to count.

    Raises:
      ValueError: if the shapes do not belong together, or a number is out of range.

    >>> logits = jnp.array([[4.0, 0.0], [0.0, 0.0]])  # sure and right, a guess
    >>> classes = jnp.array([0, 1], jnp.uint8)
    >>> round(float(hard_pixel_cross_entropy(logits, classes, at_least=1)), 4)
    0.6931
    """
    if not 0 < threshold <= 1 or at_least < 0:
        raise ValueError(
            f"threshold must lie in (0, 1] and at_least must not be negative, "
            f"got {threshold} and {at_least}"
        )
    nats = pixel_cross_entropy(logits, classes)
    counted = classes != IGNORE
    if threshold < 1:
        counted &= _is_hard(lax.stop_gradient(nats), counted, threshold, at_least)
    total = jnp.sum(jnp.where(counted, nats, jnp.zeros_like(nats)))
    return total / jnp.maximum(jnp.sum(counted, dtype=nats.dtype), 1)


def _is_hard(nats: jax.Array, counted: jax.Array, threshold: float, at_least: int) -> jax.Array:
    """Mark pixels of at least -log(threshold) nats, or the hardest ones."""
    nats = jnp.where(counted, nats, -jnp.ones_like(nats))
    bound = -jnp.log(jnp.asarray(threshold, nats.dtype))
    number = min(at_least, nats.size)
    if number:
        # Pixels are only ranked when too few are hard.
        enough = jnp.sum(nats >= bound) >= number
        bound = lax.cond(enough, lambda: bound, lambda: lax.top_k(nats.ravel(), number)[0][-1])
    return nats >= bound
