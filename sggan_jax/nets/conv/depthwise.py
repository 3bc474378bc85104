"""The three maps of a depthwise convolution as sums over shifted images, for CPUs; dilation 1 only.

XLA's CPU convolution treats every channel as a convolution of its own and takes up to a hundred
times as long as reading the image does. Here each output is a sum over taps of whole rows of
channels, which compiles to one vectorised pass. Shapes are those of ``plain.py`` with kernels
[kh, kw, 1, C]; every function equals its namesake there up to rounding.
"""

import math
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.nets.conv.plain import Geometry

UNROLLED = 8
"""Images added in one pass before the reduction over pixels."""


def correlate(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Add, over taps, what each tap sees times its number for every channel."""
    x = _pad(x, geometry.pads)
    (kh, kw), per_tap = geometry.kernel, _per_tap(kernel)
    return reduce(
        add, [_seen(geometry, x, i, j) * per_tap[i, j] for i in range(kh) for j in range(kw)]
    )


def input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate ``y`` with the taps of every phase of the stride, then interleave the phases."""
    (kh, kw), stride = geometry.kernel, geometry.stride
    rows, cols = (-(-k // stride) - 1 for k in (kh, kw))
    (h, w), per_tap = geometry.out, _per_tap(kernel)
    y = _pad(y, ((rows, rows), (cols, cols)))

    def phase(p: int, q: int) -> jax.Array:
        taps = [(i, j) for i in range(p, kh, stride) for j in range(q, kw, stride)]
        starts = [(rows - i // stride, cols - j // stride) for i, j in taps]
        moved = [y[:, i : i + h + rows, j : j + w + cols] for i, j in starts]
        return reduce(add, [m * per_tap[tap] for m, tap in zip(moved, taps, strict=True)])

    phases = [jnp.stack([phase(p, q) for q in range(stride)], axis=3) for p in range(stride)]
    grid = jnp.stack(phases, axis=2)
    x = grid.reshape(y.shape[0], (h + rows) * stride, (w + cols) * stride, y.shape[3])
    # Undo the padding: what fell on the zeros is dropped, what no tap had seen is zero.
    undo = [
        (-low, n + low - have)
        for n, (low, _), have in zip(geometry.size, geometry.pads, x.shape[1:3], strict=True)
    ]
    return _pad(x, undo)


def kernel_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Sum, for every tap, what it sees times ``y`` over images and pixels.

    First over a few images, in one pass that stays vectorised, then over the rest: a reduction
    fused with the shifted reading would go number by number.
    """
    x = _pad(x, geometry.pads)
    (kh, kw), channels = geometry.kernel, y.shape[3]
    groups = math.gcd(y.shape[0], UNROLLED)
    y = y.reshape(groups, -1, *y.shape[1:])

    def tap(i: int, j: int) -> jax.Array:
        seen = _seen(geometry, x, i, j).reshape(y.shape)
        return reduce(add, [seen[k] * y[k] for k in range(groups)]).reshape(-1, channels)

    taps = jnp.stack([tap(i, j) for i in range(kh) for j in range(kw)])
    return jnp.sum(taps, axis=1).reshape(kh, kw, 1, channels)


def _per_tap(kernel: jax.Array) -> jax.Array:
    """[kh, kw, 1, C] to what multiplies an image under each tap: [kh, kw, 1, 1, 1, C]."""
    return kernel[:, :, None, None]


def _seen(geometry: Geometry, x: jax.Array, i: int, j: int) -> jax.Array:
    """What tap (i, j) sees of padded ``x``: [B, h, w, C]."""
    (h, w), stride = geometry.out, geometry.stride
    stop = (i + (h - 1) * stride + 1, j + (w - 1) * stride + 1)
    return x[:, i : stop[0] : stride, j : stop[1] : stride]


def _pad(x: jax.Array, pads) -> jax.Array:
    """Zero-pad height and width; negative numbers crop."""
    config = [(0, 0, 0), *((low, high, 0) for low, high in pads), (0, 0, 0)]
    return lax.pad(x, jnp.zeros((), x.dtype), config)
