"""Contrastive loss of patches: a patch must resemble its source more than any other patch."""

import jax
import jax.numpy as jnp

from sggan_jax.losses.checks import check_same_shape


def patch_contrast(queries: jax.Array, keys: jax.Array, temperature: float = 0.07) -> jax.Array:
    """Cross-entropy of finding every patch's source among the patches of its image.

    mean over patches i of -log softmax_j(q_i . k_j / t)[i] (Park et al., 2020, eq. 3, the other
    patches of the same image being the negatives). No gradient passes through the keys.

    Args:
      queries: features of patches of the adapted image [B, N, C], usually of length 1.
      keys: features of the same patches of the source [B, N, C].
      temperature: t, positive.

    Returns:
      Scalar, at least 0; log N where nothing is told apart.

    Raises:
      ValueError: if shapes differ or are not of rank 3, or the temperature is not positive.

    >>> x = jnp.eye(2)[None]
    >>> round(float(patch_contrast(x, x, 1.0)), 4)  # log(1 + 1 / e)
    0.3133
    """
    check_same_shape(queries=queries, keys=keys)
    if queries.ndim != 3 or temperature <= 0:
        raise ValueError(
            f"expected [B, N, C] and a positive temperature, got {queries.shape} and {temperature}"
        )
    logits = jnp.einsum("bnc,bmc->bnm", queries, jax.lax.stop_gradient(keys)) / temperature
    own = jnp.diagonal(logits, axis1=1, axis2=2)
    return jnp.mean(jax.nn.logsumexp(logits, axis=2) - own)
