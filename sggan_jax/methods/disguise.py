"""Random changes of images that a frozen network is asked about.

A generator that could please the network by a pattern that nobody sees has to please it under
changes that leave what an image shows as it is.
"""

import jax
import jax.numpy as jnp

from sggan_jax.types import Array


def disguise(rng: Array, images: Array, light: float, noise: float) -> Array:
    """Light images unevenly and add noise.

    Brightness changes smoothly across an image, by a factor and colour drawn for each corner: a
    network that subtracts every image's mean and contrast would not notice one factor for all.

    Args:
      rng: random key.
      images: [B, H, W, C] in [-1, 1].
      light: factors are uniform in [1 - light, 1 + light]; 0 for none.
      noise: standard deviation of normal noise of every pixel and channel; 0 for none.

    Returns:
      The same shape; values may leave [-1, 1] a little.
    """
    rng_light, rng_noise = jax.random.split(rng)
    batch, _, _, channels = images.shape
    if light:
        corners = jax.random.uniform(
            rng_light, (batch, 2, 2, channels), images.dtype, 1 - light, 1 + light
        )
        factors = jax.image.resize(corners, images.shape, "linear")
        images = (images + 1) * factors - 1
    if noise:
        images = images + noise * jax.random.normal(rng_noise, images.shape, images.dtype)
    return images


def draw_shift(rng: Array, most: int) -> Array:
    """Draw pixels down and right, int32 [2], each uniform in [-most, most]."""
    return jax.random.randint(rng, (2,), -most, most + 1)


def shift_images(images: Array, pixels: Array, most: int, fill: int | None = None) -> Array:
    """Shift images, or maps of labels, by whole pixels, all of a batch alike.

    Args:
      images: [B, H, W, C].
      pixels: down and right, int32 [2], each in [-most, most]; may be traced.
      most: bound of both.
      fill: value of what was beyond the border; None mirrors the image there.

    Returns:
      The same shape: what stood at (i, j) stands at (i + down, j + right).

    >>> x = jnp.arange(3).reshape(1, 1, 3, 1)
    >>> shift_images(x, jnp.array([0, 1]), 1, fill=9).ravel().tolist()
    [9, 0, 1]
    """
    if not most:
        return images
    around = ((0, 0), (most, most), (most, most), (0, 0))
    if fill is None:
        padded = jnp.pad(images, around, mode="reflect")
    else:
        padded = jnp.pad(images, around, constant_values=jnp.asarray(fill, images.dtype))
    top, left = most - pixels
    zero = jnp.zeros_like(top)
    return jax.lax.dynamic_slice(padded, (zero, top, left, zero), images.shape)


def inner(images: Array, margin: int) -> Array:
    """Cut a margin off every side of images [B, H, W, C]."""
    return images[:, margin : images.shape[1] - margin, margin : images.shape[2] - margin]
