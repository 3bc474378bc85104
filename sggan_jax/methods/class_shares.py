"""Shares of classes in two domains, counted while training, and the logits that they ask for.

A network that learns where trees are rare takes trees for walls where they are frequent, however
right its images look. So it learns from logits to which strength * log(share in v / share in r) is
added: what is left without the sum, in use, answers as if classes were as frequent as in ``r``
(logit adjustment of Menon et al., 2021, "Long-tail learning via logit adjustment", towards the
shares of the other domain instead of equal ones).
"""

import jax.numpy as jnp

from sggan_jax.types import Array

KEEP = 0.99
"""Fraction of what was counted that stays at each step."""

LEAST = 1e-4
"""Share that every class is taken to have at least."""


def start(number: int) -> dict[str, Array]:
    """Counts of nothing yet: float32 [n] for ``v`` and ``r``."""
    return {letter: jnp.zeros(number, jnp.float32) for letter in "vr"}


def count(counts: dict[str, Array], classes: dict[str, Array]) -> dict[str, Array]:
    """Add the pixels of a batch to counts that fade.

    Args:
      counts: by domain, [n].
      classes: by domain, integers in [0, n) of any shape, or 255 for none.

    Returns:
      New counts.
    """
    flat = {letter: classes[letter].ravel().astype(jnp.int32) for letter in counts}
    return {
        letter: KEEP * old + jnp.bincount(flat[letter], length=256)[: len(old)].astype(old.dtype)
        for letter, old in counts.items()
    }


def shift(counts: dict[str, Array], strength: float) -> Array:
    """What is added to logits in training: strength * log(share in v / share in r), [n].

    >>> counts = {"v": jnp.array([3.0, 1.0]), "r": jnp.array([1.0, 1.0])}
    >>> [round(float(x), 4) for x in shift(counts, 1.0)]  # log 3/2 and log 1/2
    [0.4055, -0.6931]
    """
    v, r = (
        jnp.log(jnp.maximum(counts[letter] / jnp.maximum(counts[letter].sum(), 1.0), LEAST))
        for letter in "vr"
    )
    return strength * (v - r)
