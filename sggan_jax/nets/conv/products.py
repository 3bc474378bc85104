"""The three maps of a convolution as matrix products, for CPUs; dilation 1 only.

XLA's CPU convolution is good forwards and up to a hundred times too slow backwards, while its
matrix product runs at the machine's rate whatever it is given. Each function below lays out one
operand so that the work is one product, or a few; ``choice.py`` says which is used when. Shapes are
those of ``plain.py``; every function equals its namesake there up to rounding.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.nets.conv import plain
from sggan_jax.nets.conv.plain import Geometry


def correlate_cropped(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate unpadded ``x`` as if it were padded by one more row of outputs, then drop that row.

    XLA sends convolutions without any padding down another path, 4 to 10 times slower.
    """
    (top, bottom), width_pads = geometry.pads
    padded = geometry._replace(pads=((top, bottom + geometry.stride), width_pads))
    return plain.correlate(padded, x, kernel)[:, : geometry.out[0]]


def correlate_columns(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Gather under every output the kh kw I numbers it sees and multiply by the flat kernel.

    For small maps with many channels, where the kernel is larger than the image and a product
    reads it once and in order.
    """
    x = _pad(x, geometry.pads)
    across = jnp.concatenate([_seen(geometry, x, 1, j, axis=2) for j in _side(geometry, 1)], axis=3)
    columns = [_seen(geometry, across, 0, i, axis=1) for i in _side(geometry, 0)]
    return jnp.concatenate(columns, axis=3) @ kernel.reshape(-1, kernel.shape[3])


def correlate_rows(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Gather along the width only, multiply for all kernel rows at once, add the rows shifted.

    For few input channels at stride 1: a kh-th of the copies of :func:`correlate_columns`, and a
    product of depth kw I where XLA's convolution would have depth I.
    """
    x = _pad(x, geometry.pads)
    (h, w), (kh, kw) = geometry.out, geometry.kernel
    columns = jnp.concatenate([x[:, :, j : j + w] for j in range(kw)], axis=3)
    flat = kernel.transpose(1, 2, 0, 3).reshape(columns.shape[3], -1)
    rows = (columns @ flat).reshape(*columns.shape[:3], kh, -1)
    return reduce(add, [rows[:, i : i + h, :, i] for i in range(kh)])


def input_grad_products(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply ``y`` by the flat kernel, then add each tap's image where the tap had looked.

    Taps that meet on the same phase of the stride are added among themselves at the small size;
    the ``stride^2`` sums are interleaved once at the end, so nothing is ever multiplied by the
    zeros of a dilated image. No side of the kernel may be shorter than the stride.
    """
    (kh, kw), flat = geometry.kernel, kernel.reshape(-1, kernel.shape[3])
    taps = lax.dot_general(y, flat, (((3,), (1,)), ((), ())))
    taps = taps.reshape(*y.shape[:3], kh, kw, -1)
    return _add_taps(geometry, lambda i, j: taps[:, :, :, i, j])


def kernel_grad_columns_of_x(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply what every tap sees of every channel plane of ``x`` by ``y``.

    Planes, because a product contracts pixels: they must lie along a row of the left operand.
    """
    planes = _pad(_planes(x), geometry.pads, axis=2)
    flat = y.reshape(-1, y.shape[3])
    kernel = _columns(geometry, planes, axis=2).reshape(-1, flat.shape[0]) @ flat
    return kernel.reshape(*geometry.kernel, x.shape[3], y.shape[3])


def kernel_grad_columns_of_y(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply all shifted planes of ``y`` by ``x``, for few output channels at stride 1."""
    (kh, kw), planes = geometry.kernel, _planes(y)
    columns = jnp.stack(
        [_pad(planes, (_shift(i, kh - 1), _shift(j, kw - 1)), axis=2) for i, j in _taps(geometry)]
    )
    flat = _pad(x, geometry.pads).reshape(-1, x.shape[3])
    kernel = columns.reshape(-1, flat.shape[0]) @ flat
    return kernel.reshape(kh, kw, y.shape[3], x.shape[3]).swapaxes(2, 3)


def kernel_grad_windows(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """For every kernel row, multiply ``y`` shifted along the width by that row's window of ``x``.

    At stride 1 the taps of a kernel row can be shared between both operands: kw copies of ``y`` and
    kh windows of ``x`` (unbroken in memory) instead of kh kw copies of either.
    """
    (h, _), (kh, kw) = geometry.out, geometry.kernel
    x, planes = _pad(x, geometry.pads), _planes(y)
    shifted = jnp.stack([_pad(planes, ((0, 0), _shift(j, kw - 1)), axis=2) for j in range(kw)])
    shifted = shifted.reshape(kw * y.shape[3], -1)
    kernel = jnp.stack([shifted @ x[:, i : i + h].reshape(-1, x.shape[3]) for i in range(kh)])
    return kernel.reshape(kh, kw, y.shape[3], x.shape[3]).swapaxes(2, 3)


def correlate_taps(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply what each tap sees by its slice of a turned kernel, and add the products.

    The three ``taps`` forms take a turned kernel as it lies in memory, one product per tap. On the
    innermost maps of a U-Net, of a few pixels and hundreds of channels, turning the kernel costs
    four times as much as multiplying by it.
    """
    taps = kernel.reshape(-1, *kernel.shape[2:])
    # The kernel on the left: the right operand of a product is laid out anew before it is used.
    y = lax.dot_general(taps, _turned_columns(geometry, x), (((2,), (2,)), ((0,), (0,))))
    return jnp.sum(y, axis=0).T.reshape(x.shape[0], *geometry.out, -1)


def input_grad_taps(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply ``y`` by every slice of a turned kernel, then add as the taps lie."""
    (kh, kw), taps = geometry.kernel, kernel.reshape(-1, *kernel.shape[2:])
    y_of_taps = _for_every_tap(geometry, y.reshape(-1, y.shape[3]))
    x = lax.dot_general(y_of_taps, taps, (((2,), (1,)), ((0,), (0,))))
    x = x.reshape(kh, kw, *y.shape[:3], -1)
    return _add_taps(geometry, lambda i, j: x[kh - 1 - i, kw - 1 - j])


def kernel_grad_taps(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply ``y`` by what each tap sees, the result lying as a turned kernel does."""
    # Turned round here, once, and not by the product for every tap.
    planes = _for_every_tap(geometry, y.reshape(-1, y.shape[3]).T)
    columns = _turned_columns(geometry, x)
    kernel = lax.dot_general(planes, columns, (((2,), (1,)), ((0,), (0,))))
    return kernel.reshape(*geometry.kernel, y.shape[3], x.shape[3])


def _turned_columns(geometry: Geometry, x: jax.Array) -> jax.Array:
    """What every tap sees of ``x``, the last tap first: [kh kw, B h w, I]."""
    columns = _columns(geometry, _pad(x, geometry.pads), axis=1)[::-1, ::-1]
    return columns.reshape(len(_taps(geometry)), -1, x.shape[3])


def _for_every_tap(geometry: Geometry, matrix: jax.Array) -> jax.Array:
    """Repeat a matrix for the batch of products: [kh kw, ..]."""
    return jnp.broadcast_to(matrix, (len(_taps(geometry)), *matrix.shape))


def _add_taps(geometry: Geometry, tap: Callable[[int, int], jax.Array]) -> jax.Array:
    """Add the images ``tap(i, j)`` [B, h, w, I] where tap (i, j) looked in [B, H, W, I]."""
    (kh, kw), stride = geometry.kernel, geometry.stride
    rows, cols = -(-kh // stride) - 1, -(-kw // stride) - 1

    def phase(p: int, q: int) -> jax.Array:
        shifted = [
            _pad(tap(i, j), (_shift(i // stride, rows), _shift(j // stride, cols)))
            for i in range(p, kh, stride)
            for j in range(q, kw, stride)
        ]
        return reduce(add, shifted)

    phases = [jnp.stack([phase(p, q) for q in range(stride)], axis=3) for p in range(stride)]
    grid = jnp.stack(phases, axis=2)
    batch, h, _, w, _, channels = grid.shape
    x = grid.reshape(batch, h * stride, w * stride, channels)
    # Undo the padding: what fell on the zeros is dropped, what no tap had seen is zero.
    undo = [
        (-low, n + low - have)
        for n, (low, _), have in zip(geometry.size, geometry.pads, x.shape[1:3], strict=True)
    ]
    return _pad(x, undo)


def _taps(geometry: Geometry) -> list[tuple[int, int]]:
    """Every position in the kernel, in memory order."""
    return [(i, j) for i in range(geometry.kernel[0]) for j in range(geometry.kernel[1])]


def _planes(x: jax.Array) -> jax.Array:
    """Transpose to channel planes [C, B, H, W], exactly, by a product with the identity.

    The product transposes in registers and costs a third of XLA's own transposition, which the
    compiler would moreover fuse into every slice that follows and repeat there.
    """
    identity = jnp.eye(x.shape[3], dtype=x.dtype)
    return lax.dot_general(identity, x, (((1,), (3,)), ((), ())))


def _side(geometry: Geometry, side: int) -> range:
    """Positions along the kernel's height (0) or width (1)."""
    return range(geometry.kernel[side])


def _columns(geometry: Geometry, x: jax.Array, *, axis: int) -> jax.Array:
    """What every tap sees of padded ``x``, whose height is at ``axis``: [kh, kw, .., h, w, ..].

    In two stages, width then height: kh + kw slices to compile instead of kh kw.
    """
    across = jnp.stack([_seen(geometry, x, 1, j, axis=axis + 1) for j in _side(geometry, 1)])
    return jnp.stack([_seen(geometry, across, 0, i, axis=axis + 1) for i in _side(geometry, 0)])


def _seen(geometry: Geometry, x: jax.Array, side: int, position: int, *, axis: int) -> jax.Array:
    """What one position along a side of the kernel sees of padded ``x``, that side at ``axis``."""
    stop = position + (geometry.out[side] - 1) * geometry.stride + 1
    return lax.slice_in_dim(x, position, stop, geometry.stride, axis=axis)


def _shift(by: int, most: int) -> tuple[int, int]:
    """Padding that moves an axis ``by`` of at most ``most`` places."""
    return by, most - by


def _pad(x: jax.Array, pads: Sequence[tuple[int, int]], *, axis: int = 1) -> jax.Array:
    """Zero-pad height and width, which begin at ``axis``; negative numbers crop."""
    config = [(0, 0, 0)] * x.ndim
    config[axis : axis + 2] = [(low, high, 0) for low, high in pads]
    return lax.pad(x, jnp.zeros((), x.dtype), config)
