"""Discriminators of frozen features: the mask-and-sum head at several strides.

The paper's semantic-aware head (section 3.2) on what an ImageNet encoder sees, after the feature
discriminators of EPE (Richter et al., 2021) and Projected GAN (Sauer et al., 2021).
"""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.nets.discriminators import mask_and_sum, semantic_mask
from sggan_jax.nets.layers import Conv, Dtype, InstanceNorm, leaky_relu


class FeatureDiscriminator(nn.Module):
    """One semantic-aware head for every level: a score for every position from its class's filter.

    A head is a 1x1 and a 3x3 convolution and one filter for each class group.

    Attributes:
      width: channels of the hidden layers.
      class_groups: number of class groups s, the last layer's filters.
      dtype: type of the computation; parameters stay float32.
    """

    width: int = 64
    class_groups: int = 8
    dtype: Dtype = jnp.float32

    @nn.compact
    def __call__(
        self, features: Sequence[jax.Array], masks: Sequence[jax.Array]
    ) -> list[jax.Array]:
        """Score features position by position.

        Args:
          features: of the levels [B, h, w, C].
          masks: class group of every position of each level [B, h, w, s], one-hot.

        Returns:
          float32 scores of every level [B, h, w, 1]; trained towards 1 for real, 0 for fake.
        """
        levels = enumerate(zip(features, masks, strict=True))
        return [self._score(x, mask, f"level{level}") for level, (x, mask) in levels]

    def _score(self, x: jax.Array, mask: jax.Array, name: str) -> jax.Array:
        x = leaky_relu(
            Conv(self.width, 1, dtype=self.dtype, with_bias=True, name=f"{name}_enter")(x)
        )
        x = Conv(self.width, 3, dtype=self.dtype, with_bias=True, name=f"{name}_look")(x)
        x = leaky_relu(InstanceNorm(name=f"{name}_norm")(x))
        x = Conv(self.class_groups, 1, dtype=self.dtype, with_bias=True, name=f"{name}_scores")(x)
        return mask_and_sum(x.astype(jnp.float32), mask)


def level_masks(
    class_groups: jax.Array, number: int, features: Sequence[jax.Array]
) -> list[jax.Array]:
    """Sample a map of class groups [B, H, W] at the positions of every level, one-hot.

    >>> [mask.shape for mask in level_masks(jnp.zeros((1, 4, 8), int), 3, [jnp.ones((1, 2, 4, 5))])]
    [(1, 2, 4, 3)]
    """
    return [semantic_mask(class_groups, number, (x.shape[1], x.shape[2])) for x in features]


def project(features: Sequence[jax.Array], width: int, seed: int = 0) -> list[jax.Array]:
    """Mix features at random, by fixed matrices, across channels and down across levels.

    Every level is projected to ``width`` channels, and the sum of all coarser levels, each repeated
    to its size and projected once more, is added: a discriminator of a level then cannot leave
    out of account what only coarser levels know. After Projected GAN.

    Args:
      features: from fine to coarse [B, h, w, C].
      width: channels of every level.
      seed: of the matrices, normal with variance 1 / inputs; never learned, never stored.

    Returns:
      Levels [B, h, w, width].
    """
    rng = np.random.default_rng(seed)

    def matrix(channels: int) -> np.ndarray:
        drawn = rng.standard_normal((channels, width), np.float32)
        return drawn / np.float32(np.sqrt(channels))

    own, down = zip(*[(matrix(x.shape[-1]), matrix(width)) for x in features], strict=True)
    mixed = [features[-1] @ own[-1].astype(features[-1].dtype)]
    for x, enter, pass_on in reversed(list(zip(features[:-1], own[:-1], down[:-1], strict=True))):
        coarser = _repeat(mixed[0], x.shape[1:3])
        both = x @ enter.astype(x.dtype) + coarser @ pass_on.astype(x.dtype)
        mixed.insert(0, both * np.float32(np.sqrt(0.5)))
    return mixed


def _repeat(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    """Repeat every position as often as it takes to fill ``size``, and crop to it."""
    for axis, length in enumerate(size, 1):
        x = jnp.repeat(x, -(-length // x.shape[axis]), axis=axis)
    return x[:, : size[0], : size[1]]
