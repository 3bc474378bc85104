"""Inception v3 (Szegedy et al., 2016) as FID is measured by it, whose pooling differs from others'.

The weights are those of TensorFlow's network of 2015-12-05, as ``pt_inception-2015-12-05`` holds
them for PyTorch: 1008 classes, averages that do not count the border, and a maximum in the last
block's pooling. Batch norms are folded into the convolutions when weights are read.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.nets.conv import conv
from sggan_jax.nets.initial import bias_init, kernel_init
from sggan_jax.nets.norm import per_channel

SIDE = 299
"""Height and width that whole images are brought to."""

CLASSES = 1008
"""Of the published head, by which the file is known; torchvision's own network has 1000."""

_EPSILON = 1e-3


class Unit(nn.Module):
    """Convolution with a number added to each channel, and ReLU.

    Attributes:
      features: output channels.
      size: height and width of the kernel.
      stride: input pixels per output pixel.
      valid: no padding; otherwise zeros keep the size.
    """

    features: int
    size: tuple[int, int] = (1, 1)
    stride: int = 1
    valid: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Map [B, H, W, I] to [B, h, w, features]."""
        shape = (*self.size, x.shape[-1], self.features)
        kernel = self.param("kernel", kernel_init, shape, jnp.float32)
        bias = self.param("bias", bias_init, (self.features,), jnp.float32)
        x = conv(x, kernel, stride=self.stride, padding="VALID" if self.valid else "SAME")
        return nn.relu(x + per_channel(bias, x))


class InceptionV3(nn.Module):
    """Encoder with features at strides 4, 8, 16 and 32: 64, 192, 768 and 2048 channels.

    Attributes:
      levels: how many of them are computed; small patches are too small for the last.
      width: factor on all channels; 1 is the published network.
    """

    levels: int = 4
    width: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> list[jax.Array]:
        """Encode images.

        Args:
          x: [B, H, W, 3] in [-1, 1]; 299x299 for FID, whose vector is the mean of the last map.

        Returns:
          Features [B, h, w, C] of the levels; borders are cut, so that sides are a little less than
          those of the image over the stride.
        """
        unit = self._unit
        x = unit("Conv2d_1a_3x3", 32, 3, stride=2, valid=True)(x)
        x = unit("Conv2d_2a_3x3", 32, 3, valid=True)(x)
        x = _shrink(unit("Conv2d_2b_3x3", 64, 3)(x))
        levels = [x]
        if self.levels > 1:
            x = unit("Conv2d_3b_1x1", 80, 1)(x)
            x = _shrink(unit("Conv2d_4a_3x3", 192, 3, valid=True)(x))
            levels.append(x)
        if self.levels > 2:
            for name, pooled in (("5b", 32), ("5c", 64), ("5d", 64)):
                x = self._block_a(f"Mixed_{name}", x, pooled)
            x = self._block_b("Mixed_6a", x)
            for name, narrow in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
                x = self._block_c(f"Mixed_{name}", x, narrow)
            levels.append(x)
        if self.levels > 3:
            x = self._block_d("Mixed_7a", x)
            x = self._block_e("Mixed_7b", x, average)
            x = self._block_e("Mixed_7c", x, _largest)
            levels.append(x)
        return levels

    def _unit(
        self,
        name: str,
        features: int,
        size: int | tuple[int, int],
        stride: int = 1,
        valid: bool = False,
    ) -> Unit:
        size = (size, size) if isinstance(size, int) else size
        channels = max(1, round(self.width * features))
        return Unit(channels, size, stride, valid, name=name.replace(".", "_"))

    def _chain(self, block: str, branch: str, x: jax.Array, *units: tuple) -> jax.Array:
        """Apply units one after another, called ``BRANCH_1``, ``BRANCH_2`` and so on."""
        for number, (features, size, *stride) in enumerate(units, 1):
            name, more = f"{block}.{branch}_{number}", (stride[0], True) if stride else ()
            x = self._unit(name, features, size, *more)(x)
        return x

    def _block_a(self, name: str, x: jax.Array, pooled: int) -> jax.Array:
        unit, chain = self._unit, partial(self._chain, name)
        return jnp.concatenate(
            [
                unit(f"{name}.branch1x1", 64, 1)(x),
                chain("branch5x5", x, (48, 1), (64, 5)),
                chain("branch3x3dbl", x, (64, 1), (96, 3), (96, 3)),
                unit(f"{name}.branch_pool", pooled, 1)(average(x)),
            ],
            axis=-1,
        )

    def _block_b(self, name: str, x: jax.Array) -> jax.Array:
        outer = self._unit(f"{name}.branch3x3", 384, 3, stride=2, valid=True)(x)
        inner = self._chain(name, "branch3x3dbl", x, (64, 1), (96, 3), (96, 3, 2))
        return jnp.concatenate([outer, inner, _shrink(x)], axis=-1)

    def _block_c(self, name: str, x: jax.Array, narrow: int) -> jax.Array:
        unit, chain, row, column = self._unit, partial(self._chain, name), (1, 7), (7, 1)
        double = (narrow, 1), (narrow, column), (narrow, row), (narrow, column), (192, row)
        return jnp.concatenate(
            [
                unit(f"{name}.branch1x1", 192, 1)(x),
                chain("branch7x7", x, (narrow, 1), (narrow, row), (192, column)),
                chain("branch7x7dbl", x, *double),
                unit(f"{name}.branch_pool", 192, 1)(average(x)),
            ],
            axis=-1,
        )

    def _block_d(self, name: str, x: jax.Array) -> jax.Array:
        chain = partial(self._chain, name)
        long = (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)
        outer = chain("branch3x3", x, (192, 1), (320, 3, 2))
        return jnp.concatenate([outer, chain("branch7x7x3", x, *long), _shrink(x)], axis=-1)

    def _block_e(self, name: str, x: jax.Array, pool: Any) -> jax.Array:
        unit, chain = self._unit, partial(self._chain, name)

        def fork(branch: str, y: jax.Array) -> list[jax.Array]:
            sides = (("a", (1, 3)), ("b", (3, 1)))
            return [unit(f"{name}.{branch}{letter}", 384, size)(y) for letter, size in sides]

        return jnp.concatenate(
            [
                unit(f"{name}.branch1x1", 320, 1)(x),
                *fork("branch3x3_2", chain("branch3x3", x, (384, 1))),
                *fork("branch3x3dbl_3", chain("branch3x3dbl", x, (448, 1), (384, 3))),
                unit(f"{name}.branch_pool", 192, 1)(pool(x)),
            ],
            axis=-1,
        )


def average(x: jax.Array) -> jax.Array:
    """Average over 3x3 pixels of [B, H, W, C]; what lies beyond the border does not count.

    >>> average(jnp.arange(4.0).reshape(1, 2, 2, 1))[0, :, :, 0].tolist()
    [[1.5, 1.5], [1.5, 1.5]]
    """
    return nn.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False)


def _largest(x: jax.Array) -> jax.Array:
    return nn.max_pool(x, (3, 3), (1, 1), "SAME")


def _shrink(x: jax.Array) -> jax.Array:
    return nn.max_pool(x, (3, 3), (2, 2))


def resize(x: jax.Array) -> jax.Array:
    """Bring images [B, H, W, 3] to 299x299: linear, never averaged, as programs for FID do."""
    return jax.image.resize(x, (len(x), SIDE, SIDE, x.shape[-1]), "linear", antialias=False)


def convert_inception(tensors: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Give the tensors our names and layouts, batch norms folded in; the head is left out.

    Args:
      tensors: by name, ``Mixed_5b.branch1x1.conv.weight`` and so on.

    Returns:
      ``params`` of :class:`InceptionV3`.

    Raises:
      KeyError: if a tensor is missing.
    """
    params = {}
    for name in (key for key in tensors if key.endswith(".conv.weight")):
        unit = name.removesuffix(".conv.weight")
        norm = {part: tensors[f"{unit}.bn.{part}"] for part in ("weight", "bias")}
        mean, variance = (tensors[f"{unit}.bn.running_{part}"] for part in ("mean", "var"))
        scale = norm["weight"] / np.sqrt(variance + _EPSILON)
        params[unit.replace(".", "_")] = {
            "kernel": np.ascontiguousarray(tensors[name].transpose(2, 3, 1, 0) * scale),
            "bias": norm["bias"] - mean * scale,
        }
    return {"params": params}
