"""A depthwise convolution and its gradients as sums over shifted images, for CPUs; dilation 1.

XLA's CPU convolution treats every channel as a convolution of its own and takes up to a hundred
times as long as reading the image does. Here each output is a sum over kernel positions of rows of
channels, which compiles to one vectorised pass. Shapes are those of ``plain.py`` with kernels
[kh, kw, 1, C]; every function equals that of its name there up to rounding.
"""

import math
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp

from sggan_jax.nets.conv.plain import Geometry
from sggan_jax.nets.conv.shifts import add_positions, pad, reach

UNROLLED = 8
"""Images added in one pass before the reduction over pixels."""


def correlate(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Add, over kernel positions, what each sees times its number for every channel."""
    x = pad(x, geometry.pads)
    (kh, kw), weights = geometry.kernel, _per_position(kernel)
    return reduce(
        add, [_seen(geometry, x, i, j) * weights[i, j] for i in range(kh) for j in range(kw)]
    )


def input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate ``y`` with the positions of every phase of the stride, interleave the phases."""
    (h, w), (rows, cols) = geometry.out, reach(geometry)
    stride, weights = geometry.stride, _per_position(kernel)
    y = pad(y, ((rows, rows), (cols, cols)))

    def image(i: int, j: int) -> jax.Array:
        top, left = rows - i // stride, cols - j // stride
        return y[:, top : top + h + rows, left : left + w + cols] * weights[i, j]

    return add_positions(geometry, image)


def weight_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Sum, for every kernel position, what it sees times ``y`` over images and pixels.

    First over a few images, in one pass that stays vectorised, then over the rest: a reduction
    fused with the shifted reading would go number by number.
    """
    x = pad(x, geometry.pads)
    (kh, kw), channels = geometry.kernel, y.shape[3]
    groups = math.gcd(y.shape[0], UNROLLED)
    y = y.reshape(groups, -1, *y.shape[1:])

    def sums(i: int, j: int) -> jax.Array:
        seen = _seen(geometry, x, i, j).reshape(y.shape)
        return reduce(add, [seen[k] * y[k] for k in range(groups)]).reshape(-1, channels)

    each = jnp.stack([sums(i, j) for i in range(kh) for j in range(kw)])
    return jnp.sum(each, axis=1).reshape(kh, kw, 1, channels)


def _per_position(kernel: jax.Array) -> jax.Array:
    """[kh, kw, 1, C] to what multiplies an image at each position: [kh, kw, 1, 1, 1, C]."""
    return kernel[:, :, None, None]


def _seen(geometry: Geometry, x: jax.Array, i: int, j: int) -> jax.Array:
    """What kernel position (i, j) sees of padded ``x``: [B, h, w, C]."""
    (h, w), stride = geometry.out, geometry.stride
    stop = (i + (h - 1) * stride + 1, j + (w - 1) * stride + 1)
    return x[:, i : stop[0] : stride, j : stop[1] : stride]
