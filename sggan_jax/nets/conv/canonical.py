"""Gradients of a convolution as convolutions of the one layout that XLA is fast in on CPUs.

Its pass that brings convolutions to that layout does not enter the bodies of ``lax.cond`` and
``lax.scan``; whatever is not in it there already runs some thirty times slower. The same values as
in ``plain.py``, in the same number of operations.
"""

import jax
from jax import lax

from sggan_jax.nets.conv.plain import NHWC, Geometry, flip


def input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate the spread ``y`` with the kernel flipped: (y, kernel) -> x."""
    pads = []
    for n, m, k, (low, _) in zip(*_sides(geometry), strict=True):
        before = (k - 1) * geometry.dilation - low
        spread = (m - 1) * geometry.stride + 1
        pads.append((before, n + (k - 1) * geometry.dilation - spread - before))
    return lax.conv_general_dilated(
        y,
        kernel if geometry.flipped else flip(kernel),
        (1, 1),
        pads,
        lhs_dilation=(geometry.stride, geometry.stride),
        rhs_dilation=(geometry.dilation, geometry.dilation),
        dimension_numbers=NHWC,
    )


def weight_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Correlate ``x`` with the spread ``y``, images for channels: (x, y) -> kernel."""
    pads = []
    for n, m, k, (low, _) in zip(*_sides(geometry), strict=True):
        reach = (k - 1) * geometry.dilation + (m - 1) * geometry.stride + 1
        pads.append((low, reach - n - low))
    kernel = lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0),
        y.transpose(1, 2, 0, 3),
        (geometry.dilation, geometry.dilation),
        pads,
        rhs_dilation=(geometry.stride, geometry.stride),
        dimension_numbers=NHWC,
    ).transpose(1, 2, 0, 3)
    return flip(kernel) if geometry.flipped else kernel


def _sides(geometry: Geometry):
    """Large image, small image, kernel and pads of each side."""
    return geometry.size, geometry.out, geometry.kernel, geometry.pads
