"""Features of patches from a generator's encoder, and the heads that make them comparable."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.layers import Conv


class PatchHeads(nn.Module):
    """A network of two layers for every level of features; its outputs have length 1.

    Attributes:
      width: channels of both layers.
    """

    width: int = 256

    @nn.compact
    def __call__(self, levels: Sequence[jax.Array]) -> list[jax.Array]:
        """Map patches of every level [B, N, C] to [B, N, width]."""
        return [self._head(x, f"level{number}") for number, x in enumerate(levels)]

    def _head(self, x: jax.Array, name: str) -> jax.Array:
        x = nn.relu(Conv(self.width, 1, with_bias=True, name=f"{name}_enter")(x[:, :, None]))
        x = Conv(self.width, 1, with_bias=True, name=f"{name}_leave")(x)[:, :, 0].astype(
            jnp.float32
        )
        return x * jax.lax.rsqrt(jnp.sum(jnp.square(x), axis=-1, keepdims=True) + 1e-7)


def encoder_layers(generator: UNet | ResNet) -> tuple[str, ...]:
    """Name the layers of a generator's encoder whose outputs are compared, from fine to coarse.

    >>> encoder_layers(UNet(levels=5)), encoder_layers(ResNet(blocks=9))[-2:]
    (('down0_norm', 'down1_norm', 'down2_norm', 'down3_norm'), ('block0_a_norm', 'block4_a_norm'))
    """
    if isinstance(generator, UNet):
        # The innermost level has hardly any positions to tell apart.
        return tuple(f"down{level}_norm" for level in range(min(4, generator.levels - 1)))
    entering = ("enter_norm", "down1_norm", "down2_norm")
    return entering + tuple(f"block{k}_a_norm" for k in (0, 4) if k < generator.blocks)


def encode(generator: UNet | ResNet, params: Any, images: jax.Array) -> list[jax.Array]:
    """Encode images [B, H, W, 3]: the images themselves, then :func:`encoder_layers`' outputs.

    The decoder's part of the computation has no use and is left out when compiled.
    """
    layers = encoder_layers(generator)
    _, state = generator.apply(
        {"params": params},
        images,
        capture_intermediates=lambda module, _: module.name in layers,
        mutable=["intermediates"],
    )
    found = state["intermediates"]
    return [images, *(found[name]["__call__"][0] for name in layers)]


def sample_patches(rng: jax.Array, levels: Sequence[jax.Array], number: int) -> list[jax.Array]:
    """Take features at random positions, the same for all images of a batch.

    Args:
      rng: random key; the same key takes the same positions.
      levels: features [B, h, w, C].
      number: of positions, without repetition; all where there are fewer.

    Returns:
      [B, N, C] for every level, with N at most ``number``.
    """
    taken = []
    for x, key in zip(levels, jax.random.split(rng, len(levels)), strict=True):
        flat = x.reshape(x.shape[0], -1, x.shape[-1])
        taken.append(flat[:, jax.random.permutation(key, flat.shape[1])[:number]])
    return taken
