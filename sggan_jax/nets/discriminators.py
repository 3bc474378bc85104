"""Discriminators: PatchGAN with one output channel per class group, and the mask-and-sum head.

One class group and a mask of ones is CycleGAN's discriminator; ``s`` groups and a one-hot mask
is the semantic-aware discriminator of section 3.2. Both are the same code.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.nets.layers import Conv, Dtype, InstanceNorm, leaky_relu
from sggan_jax.types import InputError


class PatchGAN(nn.Module):
    """Semantic-aware PatchGAN (section 3.2): each position is scored by its class group's filter.

    With 3 downsamplings every score sees 70x70 pixels, with 2 34x34, with 1 16x16; at width
    64, 3 downsamplings and 8 class groups it has 2,822,912 parameters.

    Attributes:
      width: channels of the first layer; they double per layer up to 8 x width.
      num_downsamplings: number of stride-2 layers.
      class_groups: number of class groups s, the last layer's filters.
      dtype: type of the computation; parameters stay float32.
    """

    width: int = 64
    num_downsamplings: int = 3
    class_groups: int = 8
    dtype: Dtype = jnp.float32

    def map_size(self, height: int, width: int) -> tuple[int, int]:
        """Size (h, w) of the map of scores for images of height x width.

        Raises:
          InputError: if the map would be smaller than 2x2.
        """
        stride = 2**self.num_downsamplings
        h, w = -(-height // stride), -(-width // stride)
        if min(h, w) < 2:
            raise InputError(
                f"a discriminator with {self.num_downsamplings} downsamplings turns "
                f"{height}x{width} into {h}x{w} scores; use fewer downsamplings or a larger size"
            )
        return h, w

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        """Score images at every position.

        Args:
          x: images [B, H, W, C] in [-1, 1].
          mask: class group of every position [B, h, w, s], one-hot, see :func:`semantic_mask`.

        Returns:
          float32 scores [B, h, w, 1]; trained towards 1 for real, 0 for fake.
        """
        for layer in range(self.num_downsamplings + 1):
            width = self.width * min(2**layer, 8)
            stride = 2 if layer < self.num_downsamplings else 1
            x = Conv(width, stride=stride, dtype=self.dtype, name=f"conv{layer}")(x)
            if layer > 0:
                x = InstanceNorm(name=f"conv{layer}_norm")(x)
            x = leaky_relu(x)
        scores = Conv(self.class_groups, dtype=self.dtype, name="scores")(x)
        return mask_and_sum(scores.astype(jnp.float32), mask)


class PositionClassifier(nn.Module):
    """Domain classifier of FCNs in the Wild: two hidden layers 1x1, every position judged alone.

    Attributes:
      width: channels of the hidden layers.
    """

    width: int = 128

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        """Turn features [B, h, w, C] into float32 logits of the source domain [B, h, w, 1]."""
        x = leaky_relu(Conv(self.width, 1, with_bias=True, name="hidden0")(features))
        x = leaky_relu(Conv(self.width, 1, with_bias=True, name="hidden1")(x))
        return Conv(1, 1, with_bias=True, name="logits")(x).astype(jnp.float32)


def mask_and_sum(scores: jax.Array, mask: jax.Array) -> jax.Array:
    """Let each filter judge its own class group: sum over channels of T_k * M (section 3.2).

    Args:
      scores: last feature map T_k [B, h, w, s].
      mask: class groups M, the same shape, one-hot over s; exact in any type.

    Returns:
      [B, h, w, 1]; exactly 0 where the mask is all zero.

    Raises:
      ValueError: if the shapes differ.
      TypeError: if scores are integers.

    >>> mask_and_sum(jnp.array([[[[3.0, 5.0]]]]), jnp.array([[[[0.0, 1.0]]]])).tolist()
    [[[[5.0]]]]
    """
    if not jnp.issubdtype(scores.dtype, jnp.floating):
        raise TypeError(f"scores must be floating point, got {scores.dtype}")
    if scores.shape != mask.shape:
        raise ValueError(f"mask {mask.shape} does not match scores {scores.shape}")
    ones = jnp.ones((1, 1, scores.shape[-1], 1), scores.dtype)
    return lax.conv_general_dilated(
        lax.mul(scores, mask.astype(scores.dtype)),
        ones,
        window_strides=(1, 1),
        padding="SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,
    )


def semantic_mask(
    class_groups: jax.Array, num_groups: int, size: tuple[int, int], *, align_corners: bool = False
) -> jax.Array:
    """Sample class groups at the discriminator's positions, one-hot (the mask M of section 3.2).

    Args:
      class_groups: class group of every pixel [B, H, W], integers in [0, s).
      num_groups: number of class groups s.
      size: (h, w) of the discriminator's map.
      align_corners: nearest on a grid through the corner pixels, as the authors' program
        samples; by default nearest to the centres of the cells.

    Returns:
      float32 [B, h, w, s] of zeros and ones; a class group outside [0, s) gives all zeros.

    Raises:
      TypeError: if class groups are no integers.

    >>> semantic_mask(jnp.array([[[0, 0, 1, 1]] * 4]), 2, (1, 2))[0, 0].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if not jnp.issubdtype(class_groups.dtype, jnp.integer):
        raise TypeError(f"class groups must be integers, got {class_groups.dtype}")
    rows = _nearest(class_groups.shape[1], size[0], align_corners)
    columns = _nearest(class_groups.shape[2], size[1], align_corners)
    return jax.nn.one_hot(class_groups[:, rows][:, :, columns], num_groups, dtype=jnp.float32)


def _nearest(length: int, number: int, align_corners: bool) -> jax.Array:
    positions = jnp.arange(number)
    if align_corners:
        # Rounded half up in integers: floats would put exact halves on either side.
        gaps = max(number - 1, 1)
        return (2 * positions * (length - 1) + gaps) // (2 * gaps)
    return ((2 * positions + 1) * length) // (2 * number)
