"""A convolution, its input gradient and its weight gradient as XLA has them: the reference.

A convolution joins a large image ``x`` [B, H, W, I], a kernel [kh, kw, I, O] and a small image
``y`` [B, h, w, O] by one trilinear form, so there are three linear functions, each a gradient of
the others: ``correlate`` (x, kernel) -> y, ``input_grad`` (y, kernel) -> x and ``weight_grad``
(x, y) -> kernel. A transposed convolution is ``input_grad`` with its kernel flipped.
"""

from typing import NamedTuple

import jax
from jax import lax

NHWC = ("NHWC", "HWIO", "NHWC")


class Geometry(NamedTuple):
    """Everything about a convolution that is not an array.

    Attributes:
      size: height and width (H, W) of the large image.
      kernel: height and width (kh, kw) of the kernel.
      stride: pixels of the large image per pixel of the small one.
      pads: zeros ((top, bottom), (left, right)) around the large image; negative ones crop.
      dilation: distance between neighbouring kernel positions.
      flipped: the kernel is given as :func:`flip` leaves it, [kh, kw, O, I].
      depthwise: every channel has a kernel of its own, [kh, kw, 1, C], and meets no other.
      precision: of products of float32 numbers on GPUs and TPUs, in the words of ``lax``; the
        device's default for None. Part of the geometry so that gradients multiply alike.
    """

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: int
    pads: tuple[tuple[int, int], tuple[int, int]]
    dilation: int = 1
    flipped: bool = False
    depthwise: bool = False
    precision: str | None = None

    @property
    def out(self) -> tuple[int, int]:
        """Height and width (h, w) of the small image."""
        h, w = (
            (n + sum(pad) - (k - 1) * self.dilation - 1) // self.stride + 1
            for n, k, pad in zip(self.size, self.kernel, self.pads, strict=True)
        )
        return h, w


def flip(kernel: jax.Array) -> jax.Array:
    """Flip a kernel along both sides, exchange its channels: [kh, kw, I, O] -> [kh, kw, O, I]."""
    return kernel[::-1, ::-1].swapaxes(2, 3)


def correlate(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """``y[p] = sum_t x[stride * p + dilation * t - pad] kernel[t]``, zeros beyond the border."""
    return lax.conv_general_dilated(
        x,
        flip(kernel) if geometry.flipped else kernel,
        (geometry.stride, geometry.stride),
        geometry.pads,
        rhs_dilation=(geometry.dilation, geometry.dilation),
        dimension_numbers=NHWC,
        feature_group_count=x.shape[3] if geometry.depthwise else 1,
        precision=geometry.precision,
    )


def input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Transpose of :func:`correlate` in ``x``: ``y`` [B, h, w, O] -> [B, H, W, I]."""
    channels = kernel.shape[3 if geometry.flipped or geometry.depthwise else 2]
    x = jax.ShapeDtypeStruct((y.shape[0], *geometry.size, channels), y.dtype)
    (x_bar,) = jax.linear_transpose(lambda x: correlate(geometry, x, kernel), x)(y)
    return x_bar


def weight_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Transpose of :func:`correlate` in the kernel: x, y -> [kh, kw, I, O]."""
    channels = (1 if geometry.depthwise else x.shape[3], y.shape[3])
    channels = channels[::-1] if geometry.flipped else channels
    kernel = jax.ShapeDtypeStruct((*geometry.kernel, *channels), x.dtype)
    (kernel_bar,) = jax.linear_transpose(lambda kernel: correlate(geometry, x, kernel), kernel)(y)
    return kernel_bar
