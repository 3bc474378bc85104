"""Generators: the paper's U-Net and CycleGAN's ResNet, images in [-1, 1] to images in [-1, 1]."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets.layers import (
    ClassStyle,
    Conv,
    Dtype,
    InstanceNorm,
    Upsample,
    Upsampling,
    leaky_relu,
)
from sggan_jax.types import IGNORE, InputError, to_float, to_uint8


class UNet(nn.Module):
    """U-Net generator (section 4.1): strided 4x4 convolutions down, transposed ones up, skips.

    With 8 levels and width 64 it has 54,415,104 parameters. Skips carry normalised maps before
    their activation; the first three up-sampling levels drop half of their activations in
    training.

    Attributes:
      width: channels of the first level; they double per level up to 8 x width.
      levels: number of downsamplings; sides must be multiples of 2^levels.
      dropout: rate in the first three decoder levels, only in training.
      upsampling: ``transpose`` or ``resize``.
      dtype: type of the computation; parameters stay float32.
      pytorch: as in the PyTorch program of CycleGAN and pix2pix: the outermost and the innermost
        level of the encoder have biases instead of norms, and the output has an bias.
      skip_image: one more skip, which the paper's network lacks: a 3x3 convolution at full
        resolution has the last word, on the decoder's width / 2 maps and the image itself.
      classes: that the network is told of, see :func:`with_labels`; 0 for the paper's, which sees
        images alone. The decoder's maps then have a style by class.
    """

    width: int = 64
    levels: int = 8
    dropout: float = 0.5
    upsampling: Upsampling = "transpose"
    dtype: Dtype = jnp.float32
    pytorch: bool = False
    skip_image: bool = False
    classes: int = 0

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 2**self.levels

    def check_size(self, height: int, width: int) -> None:
        """Refuse a size the network cannot take.

        Raises:
          InputError: if a side is no multiple of 2^levels, or the innermost map is one pixel,
            which instance norm would turn into zeros.
        """
        _check_multiple(
            "U-Net",
            height,
            width,
            self.multiple,
            f"{self.multiple} (two to its {self.levels} levels)",
        )
        if height == width == self.multiple and not self.pytorch:
            raise InputError(
                f"a {self.levels}-level U-Net turns {height}x{width} into a 1x1 innermost map, "
                f"which instance norm erases; use fewer levels or a larger size"
            )

    @property
    def features(self) -> int:
        """Maps that the decoder's last level makes."""
        return self.width // 2 if self.skip_image else 3

    def is_bare(self, level: int) -> bool:
        """Whether a level of the encoder has an bias instead of a norm."""
        return self.pytorch and level in (0, self.levels - 1)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Adapt images.

        Args:
          x: images [B, H, W, 3] in [-1, 1], or [B, H, W, 4] of :func:`with_labels` where there are
            classes; without labels no pixel has one.
          train: drop activations, draw noise; needs a ``dropout`` random key.

        Returns:
          float32 images [B, H, W, 3] in (-1, 1).
        """
        self.check_size(*x.shape[1:3])
        x, labels = _split_labels(x) if self.classes else (x, None)
        widths = [self.width * min(2**level, 8) for level in range(self.levels)]
        skips, image = [], x
        for level, width in enumerate(widths):
            x = x if level == 0 else leaky_relu(x)
            bare = self.is_bare(level)
            name = f"down{level}"
            x = Conv(width, stride=2, dtype=self.dtype, with_bias=bare, name=name)(x)
            x = x if bare else InstanceNorm(name=f"{name}_norm")(x)
            skips.append(x)
        x = skips.pop()
        for level, width in enumerate(reversed([self.features, *widths[:-1]])):
            bare = self.pytorch and not skips
            up = Upsample(width, 4, self.upsampling, self.dtype, bare, name=f"up{level}")
            x = up(nn.relu(x))
            if not skips:
                break
            if level < 3:
                x = nn.Dropout(self.dropout, deterministic=not train)(x)
            x = self._style(InstanceNorm(name=f"up{level}_norm")(x), labels, train, level)
            x = jnp.concatenate([x, skips.pop()], axis=-1)
        if self.skip_image:
            x = InstanceNorm(name=f"up{self.levels - 1}_norm")(x)
            x = nn.relu(self._style(x, labels, train, self.levels - 1))
            x = jnp.concatenate([x, image.astype(x.dtype)], axis=-1)
            x = Conv(3, 3, dtype=self.dtype, with_bias=True, name="leave")(x)
        return jnp.tanh(x.astype(jnp.float32))

    def _style(self, x, labels, train, level):
        if labels is None:
            return x
        return ClassStyle(self.classes, name=f"up{level}_style")(x, labels, train)


def is_told(generator: nn.Module) -> bool:
    """Whether a generator is told of class groups."""
    return isinstance(generator, UNet) and generator.classes > 0


def with_labels(images: jax.Array, labels: jax.Array) -> jax.Array:
    """Put labels beside images, for a generator that is told of classes.

    Args:
      images: [B, H, W, 3] in [-1, 1].
      labels: class groups [B, H, W], integers; ``IGNORE`` is none.

    Returns:
      [B, H, W, 4] of the images' type: what is made of uint8 images with class groups as a fourth
      channel, too.

    >>> with_labels(jnp.zeros((1, 1, 1, 3)), jnp.array([[[255]]])).tolist()
    [[[[0.0, 0.0, 0.0, 1.0]]]]
    """
    channel = to_float(labels[..., None].astype(jnp.uint8)).astype(images.dtype)
    return jnp.concatenate([images, channel], axis=-1)


def _split_labels(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Take images and labels apart again; labels [B, H, W], ``IGNORE`` where there are none."""
    if x.shape[-1] == 3:
        return x, jnp.full(x.shape[:3], IGNORE, jnp.int32)
    return x[..., :3], to_uint8(x[..., 3]).astype(jnp.int32)


class ResNet(nn.Module):
    """CycleGAN's generator: down twice, residual blocks, up twice; mirrored borders.

    With 9 blocks and width 64 it has 11,383,424 parameters.

    Attributes:
      width: channels at full resolution; 4 x width in the blocks.
      blocks: number of residual blocks.
      upsampling: ``transpose`` or ``resize``.
      dtype: type of the computation; parameters stay float32.
      pytorch: as in the PyTorch program of CycleGAN and pix2pix: uneven padding stands before the
        image, and the output has an bias.
    """

    width: int = 64
    blocks: int = 9
    upsampling: Upsampling = "transpose"
    dtype: Dtype = jnp.float32
    pytorch: bool = False

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 4

    def check_size(self, height: int, width: int) -> None:
        """Refuse a size the network cannot take.

        Raises:
          InputError: if a side is no multiple of 4 or below 8, too small to mirror.
        """
        _check_multiple("ResNet generator", height, width, self.multiple, "4")
        if height < 8 or width < 8:
            raise InputError(
                f"the ResNet generator needs sides of at least 8, got {height}x{width}"
            )

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Adapt images [B, H, W, 3] in [-1, 1] to float32 images of the same size in (-1, 1)."""
        del train  # no layer of this network behaves differently in training
        self.check_size(*x.shape[1:3])
        conv = partial(Conv, dtype=self.dtype, pad_before=self.pytorch)
        up = partial(Upsample, dtype=self.dtype, pad_before=self.pytorch)
        x = self._unit(x, conv(self.width, 7, reflect=True, name="enter"))
        for level in (1, 2):
            x = self._unit(x, conv(self.width * 2**level, 3, 2, name=f"down{level}"))
        for block in range(self.blocks):
            x = x + self._block(x, f"block{block}")
        for level in (1, 0):
            x = self._unit(x, up(self.width * 2**level, 3, self.upsampling, name=f"up{level}"))
        x = conv(3, 7, reflect=True, with_bias=self.pytorch, name="leave")(x)
        return jnp.tanh(x.astype(jnp.float32))

    def _unit(self, x, layer):
        return nn.relu(InstanceNorm(name=f"{layer.name}_norm")(layer(x)))

    def _block(self, x, name):
        width = x.shape[-1]
        x = self._unit(x, Conv(width, 3, reflect=True, dtype=self.dtype, name=f"{name}_a"))
        x = Conv(width, 3, reflect=True, dtype=self.dtype, name=f"{name}_b")(x)
        return InstanceNorm(name=f"{name}_b_norm")(x)


def _check_multiple(what: str, height: int, width: int, multiple: int, why: str) -> None:
    if height % multiple or width % multiple or height <= 0 or width <= 0:
        raise InputError(
            f"the {what} needs height and width that are multiples of {why}, got {height}x{width}"
        )
