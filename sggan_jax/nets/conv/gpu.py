"""Transposed convolution on GPUs where it mostly reads its kernel: images flipped, not the kernel.

cuDNN wants the kernel flipped, and its gradient comes out flipped. Correlating with a flipped
kernel is correlating flipped images with the kernel as it lies and flipping what comes out: the
same products, and on small maps much less to move. The kernel is [kh, kw, O, I] here, see
:func:`sggan_jax.nets.conv.plain.flip`.
"""

import jax
from jax import lax

from sggan_jax.nets.conv.plain import Geometry

HWOI = ("NHWC", "HWOI", "NHWC")


def correlate_flipped(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate ``x`` with the kernel flipped: (x, kernel) -> y."""
    sides = zip(geometry.size, geometry.out, geometry.kernel, geometry.pads, strict=True)
    y = lax.conv_general_dilated(
        _flip_images(x),
        kernel,
        (geometry.stride, geometry.stride),
        # As many zeros as the last position needs stand before the first one now.
        [((m - 1) * geometry.stride + k - n - low, low) for n, m, k, (low, _) in sides],
        dimension_numbers=HWOI,
        precision=geometry.precision,
    )
    return _flip_images(y)


def input_grad_flipped(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Transpose of :func:`correlate_flipped` in ``x``: (y, kernel) -> x."""
    x = jax.ShapeDtypeStruct((y.shape[0], *geometry.size, kernel.shape[3]), y.dtype)
    (x_bar,) = jax.linear_transpose(lambda x: correlate_flipped(geometry, x, kernel), x)(y)
    return x_bar


def weight_grad_flipped(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Transpose of :func:`correlate_flipped` in the kernel: (x, y) -> kernel."""
    kernel = jax.ShapeDtypeStruct((*geometry.kernel, y.shape[3], x.shape[3]), x.dtype)
    (kernel_bar,) = jax.linear_transpose(lambda k: correlate_flipped(geometry, x, k), kernel)(y)
    return kernel_bar


def _flip_images(x: jax.Array) -> jax.Array:
    return lax.rev(x, (1, 2))
