"""Segmentation networks: a backbone makes features, a classifier logits for every pixel."""

from functools import partial
from typing import Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp

from sggan_jax.nets.efficientnet import EfficientNetLite0
from sggan_jax.nets.initial import he_init
from sggan_jax.nets.layers import Conv, ConvBlock, Dtype, identity


class Backbone(Protocol):
    """Images [B, H, W, 3] to features [B, H / stride, W / stride, C], rounded up.

    Attributes:
      stride: pixels per feature.
      classifier: size and dilation of the kernel that turns features into logits.
    """

    stride: int
    classifier: tuple[int, int]

    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Extract features."""
        ...


class Segmenter(nn.Module):
    """A logit of every class for every pixel.

    Attributes:
      backbone: what features are made by.
      num_classes: number of classes n.
      standardise: subtract every image's own mean and divide by its std, per channel, so
        that exposure and tint do not matter; otherwise images are scaled as ImageNet's were.
      dtype: type of the computation; parameters stay float32.
    """

    backbone: nn.Module
    num_classes: int
    standardise: bool = True
    dtype: Dtype = jnp.float32

    def setup(self) -> None:
        """Declare the classifier."""
        size, dilation = self.backbone.classifier
        self.classifier = Conv(
            self.num_classes, size, dilation=dilation, dtype=self.dtype, kernel_init=he_init
        )
        self.bias = self.param("bias", nn.initializers.zeros, (self.num_classes,), jnp.float32)

    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Classify every pixel.

        Args:
          x: images [B, H, W, 3] in [-1, 1], of any size.
          train: normalise by the batch; ``batch_stats`` must be mutable.

        Returns:
          float32 logits [B, H, W, n].
        """
        return self.logits(self.features(x, train), x.shape[1:3])

    def features(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Extract the features that the classifier sees: [B, H / stride, W / stride, C]."""
        x = standardise(x) if self.standardise else (x * 127.5 + 0.5) / 128.0
        return self.backbone(x, train)

    def logits(self, features: jax.Array, size: tuple[int, ...]) -> jax.Array:
        """Classify features and enlarge the logits linearly to images of ``size`` (H, W)."""
        logits = self.classifier(features).astype(jnp.float32) + self.bias[None, None, None, :]
        return enlarge(logits, self.backbone.stride)[:, : size[0], : size[1]]


class Light(nn.Module):
    """EfficientNet-Lite0 and a pyramid of sums (Lin et al., 2017), for machines without a GPU.

    From the coarsest features to the finest, each level is projected to ``channels``, and the
    coarser sum, repeated to its size, is added; a 3x3 and a 1x1 convolution end it.

    Attributes:
      width: factor on the encoder's channels; weights of ImageNet need 1.
      depth: factor on the encoder's blocks; weights of ImageNet need 1.
      channels: of the pyramid.
      stride: of the finest level, a power of two from 2 on.
      dtype: type of the computation; parameters stay float32.
    """

    width: float = 1.0
    depth: float = 1.0
    channels: int = 64
    stride: int = 4
    dtype: Dtype = jnp.float32

    classifier = (1, 1)

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        """Extract features [B, H / stride, W / stride, channels], rounded up."""
        levels = EfficientNetLite0(self.width, self.depth, self.dtype, name="encoder")(x, train)
        side = partial(ConvBlock, self.channels, activation=identity, dtype=self.dtype)
        (name, coarsest), *finer = [
            (f"side{2**k}", level)
            for k, level in reversed(list(enumerate(levels, 1)))
            if 2**k >= self.stride
        ]
        top = nn.relu(side(name=name)(coarsest, train))
        for name, level in finer:
            seen = side(name=name)(level, train)
            top = nn.relu(seen + _repeat(top, seen.shape[1:3]))
        top = ConvBlock(0, 3, dtype=self.dtype, name="smooth")(top, train)
        return ConvBlock(self.channels, dtype=self.dtype, name="mix")(top, train)


def standardise(images: jax.Array) -> jax.Array:
    """Subtract every image's mean and divide by its standard deviation, channel by channel.

    Args:
      images: [B, H, W, C].

    Returns:
      The same shape; a channel without contrast becomes 0.

    >>> standardise(jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1)).ravel().round(2).tolist()
    [-1.0, 1.0]
    """
    mean = jnp.mean(images, (1, 2), keepdims=True)
    centred = images - mean
    std = jnp.sqrt(jnp.mean(jnp.square(centred), (1, 2), keepdims=True))
    return centred / jnp.maximum(std, 1e-3)


def enlarge(x: jax.Array, factor: int) -> jax.Array:
    """Enlarge [B, h, w, C] linearly to [B, factor * h, factor * w, C], with half-pixel centres.

    >>> enlarge(jnp.array([0.0, 1.0]).reshape(1, 1, 2, 1), 2)[0, 0].ravel().tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    batch, h, w, channels = x.shape
    return jax.image.resize(x, (batch, h * factor, w * factor, channels), "linear")


def _repeat(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    """Repeat every pixel twice each way, cropped to ``size``."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)[:, : size[0], : size[1]]
