"""Shifted images: what the forms for CPUs add up and put together."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.nets.conv.plain import Geometry


def pad(x: jax.Array, pads: Sequence[tuple[int, int]], *, axis: int = 1) -> jax.Array:
    """Zero-pad height and width, which begin at ``axis``; negative numbers crop."""
    config = [(0, 0, 0)] * x.ndim
    config[axis : axis + 2] = [(low, high, 0) for low, high in pads]
    return lax.pad(x, jnp.zeros((), x.dtype), config)


def add_positions(geometry: Geometry, image: Callable[[int, int], jax.Array]) -> jax.Array:
    """Add up an input gradient from the part that each kernel position (i, j) has in it.

    Parts of one phase of the stride are added at the size of the small image; the ``stride^2`` sums
    are interleaved once at the end, so that nothing meets the zeros of a dilated image.

    Args:
      geometry: of the convolution.
      image: part of a position, [B, h + r, w + c, I] with ``r, c = ceil(k / stride) - 1``, moved
        within it by (i // stride, j // stride).

    Returns:
      [B, H, W, I].
    """
    (kh, kw), stride = geometry.kernel, geometry.stride

    def phase(p: int, q: int) -> jax.Array:
        return reduce(
            add, [image(i, j) for i in range(p, kh, stride) for j in range(q, kw, stride)]
        )

    phases = [jnp.stack([phase(p, q) for q in range(stride)], axis=3) for p in range(stride)]
    grid = jnp.stack(phases, axis=2)
    batch, h, _, w, _, channels = grid.shape
    x = grid.reshape(batch, h * stride, w * stride, channels)
    # Undo the padding: what fell on the zeros is dropped, what no position had seen is zero.
    undo = [
        (-low, n + low - have)
        for n, (low, _), have in zip(geometry.size, geometry.pads, x.shape[1:3], strict=True)
    ]
    return pad(x, undo)


def reach(geometry: Geometry) -> tuple[int, int]:
    """Rows and columns by which the parts of a phase are moved at most."""
    rows, cols = (-(-k // geometry.stride) - 1 for k in geometry.kernel)
    return rows, cols
