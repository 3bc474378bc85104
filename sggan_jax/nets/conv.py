"""The one home of convolution: layout (NHWC, HWIO), zero padding, and the algorithm per platform."""

from collections.abc import Sequence

import jax
from jax import lax

Padding = str | Sequence[tuple[int, int]]


def conv(
    x: jax.Array, kernel: jax.Array, *, stride: int = 1, padding: Padding = "SAME", dilation: int = 1
) -> jax.Array:
    """Correlate ``x`` [B, H, W, I] with ``kernel`` [kh, kw, I, O], zeros beyond the border."""
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        padding,
        rhs_dilation=(dilation, dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def conv_transpose(
    x: jax.Array, kernel: jax.Array, *, stride: int = 2, padding: Padding = "SAME"
) -> jax.Array:
    """Upsample: ``x`` [B, H, W, I] dilated by ``stride``, correlated with ``kernel`` [kh, kw, I, O]."""
    return lax.conv_transpose(
        x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
