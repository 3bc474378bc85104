"""Which form of a convolution and of its gradients a CPU runs: rules by shape, from measurements.

``benchmarks/conv.py`` prints plain against chosen for every layer of the networks. The rules are
few on purpose: a form is listed only where it beats the plain one clearly on many shapes.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from sggan_jax.nets.conv import canonical, depthwise, products, winograd
from sggan_jax.nets.conv.plain import Geometry

Form = Callable[[Geometry, jax.Array, jax.Array], jax.Array]

FEW_CHANNELS = 4
"""An image, or a network's output: too thin for a vector unit as the depth of a product."""

SMALL_MAP = 64
"""Small image's pixels up to which a convolution mostly reads its kernel: it is to be read once, as
it lies, and flipping it would cost more than the product."""

CACHED_BYTES = 2**19
"""Image up to which kernel gradients at stride 1 take one product with all columns: its copies
stay in a core's cache, and a product is the better the more rows it has."""

LARGE_KERNEL = 2**21
"""Kernel's numbers from which on a product that reads them in order pays on maps eight times
``SMALL_MAP``."""

MAX_PRODUCT_BYTES = 48 * 2**20
"""What the product of an input gradient may write before its images are added: beyond it, memory
costs more than the product saves."""

DEEP = 512
"""Output channels from which on that product pays at stride 1, where every number of the input
gradient is a sum over all kernel positions, not over some of them."""

MANY_CHANNELS = 32
"""Channels of both images from which on Winograd's filtering pays: it saves multiplications, which
grow with the product of both, by additions, which grow with their sum."""

MANY_PIXELS = 256
"""Small image's pixels from which on it pays: its products have a row per tile of 9 or 16."""


def keeps_flipped(x: jax.Array) -> bool:
    """Tell whether a transposed convolution of ``x`` uses its kernel as it lies."""
    return x.size // x.shape[3] <= SMALL_MAP


def correlate(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> Form | None:
    """Choose for the convolution itself; None means plain."""
    if geometry.depthwise:
        return depthwise.correlate if _shiftable(geometry, x) else None
    if not _usual(geometry, x):
        return None
    if geometry.flipped:
        return products.correlate_flipped
    if _is_filtered(geometry, x, kernel.shape[3]):
        return winograd.correlate
    pixels = x.shape[0] * geometry.out[0] * geometry.out[1]
    if geometry.stride == 1 and x.shape[3] <= FEW_CHANNELS < max(geometry.kernel):
        return products.correlate_rows
    most = 8 * SMALL_MAP if kernel.size >= LARGE_KERNEL else SMALL_MAP
    if geometry.stride > 1 and pixels <= most:
        return products.correlate_columns
    if geometry.pads == ((0, 0), (0, 0)):
        return products.correlate_cropped
    return None


def input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> Form | None:
    """Choose for the gradient of ``correlate`` in its input, and for transposed convolution."""
    if geometry.depthwise:
        return depthwise.input_grad if _shiftable(geometry, y) else None
    forms = canonical.input_grad, products.input_grad_flipped, winograd.input_grad
    if form := _by_kind(geometry, y, kernel.shape[2], *forms):
        return form
    product_bytes = kernel.size // kernel.shape[3] * y.size // y.shape[3] * y.dtype.itemsize
    # With few output channels the product makes many numbers out of few and only costs memory.
    least = DEEP if geometry.stride == 1 else 4 * FEW_CHANNELS
    if y.shape[3] < least or product_bytes > MAX_PRODUCT_BYTES:
        return canonical.input_grad
    return products.input_grad_products


def weight_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> Form | None:
    """Choose for the gradient of ``correlate`` in its kernel."""
    if geometry.depthwise:
        return depthwise.weight_grad if _shiftable(geometry, x) else None
    if _is_one_product(geometry, x):
        # A product contracts rows of its left operand: the thinner one is cheaper to transpose.
        thin_x = x.shape[3] < y.shape[3]
        return products.weight_grad_columns_of_x if thin_x else products.weight_grad_columns_of_y
    forms = canonical.weight_grad, products.weight_grad_flipped, winograd.weight_grad
    if form := _by_kind(geometry, x, y.shape[3], *forms):
        return form
    if geometry.stride > 1 or x.shape[3] <= FEW_CHANNELS:
        return products.weight_grad_columns_of_x
    if y.shape[3] < 4 * FEW_CHANNELS:
        return products.weight_grad_columns_of_y
    image_bytes = y.size // y.shape[3] * x.shape[3] * x.dtype.itemsize
    small = image_bytes <= CACHED_BYTES
    return products.weight_grad_columns_of_x if small else products.weight_grad_windows


def _by_kind(
    geometry: Geometry, x: jax.Array, other: int, unusual: Form, flipped: Form, filtered: Form
) -> Form | None:
    """Choose by the kind of convolution; None where sizes decide among the products."""
    if not _usual(geometry, x):
        return unusual
    if geometry.flipped:
        return flipped
    return filtered if _is_filtered(geometry, x, other) else None


def _usual(geometry: Geometry, x: jax.Array) -> bool:
    """Tell whether the products apply at all.

    Not in bfloat16, where their partial sums would be rounded; nor where a phase of the stride has
    no kernel position (kernels 1x1 among them, which are a product already).
    """
    dense = geometry.dilation == 1 and min(geometry.kernel) >= max(2, geometry.stride)
    return _is_precise(x) and dense and min(geometry.out) > 0


def _is_filtered(geometry: Geometry, x: jax.Array, other: int) -> bool:
    """Tell whether Winograd's filtering pays between ``x`` and an image of ``other`` channels."""
    pixels = x.shape[0] * geometry.out[0] * geometry.out[1]
    square = geometry.kernel in ((3, 3), (4, 4)) and geometry.stride == 1
    return square and min(x.shape[3], other) >= MANY_CHANNELS and pixels >= MANY_PIXELS


def _shiftable(geometry: Geometry, x: jax.Array) -> bool:
    """Tell whether the sums over shifted images apply to a depthwise convolution."""
    dense = geometry.dilation == 1 and min(geometry.kernel) >= geometry.stride
    return _is_precise(x) and dense and min(geometry.out) > 0


def _is_one_product(geometry: Geometry, x: jax.Array) -> bool:
    """Tell whether the kernel is a matrix that every pixel is multiplied by."""
    whole = geometry.kernel == (1, 1) and geometry.stride == 1
    return whole and _is_precise(x) and geometry.pads == ((0, 0), (0, 0))


def _is_precise(x: jax.Array) -> bool:
    return x.dtype in (jnp.float32, jnp.float64)
