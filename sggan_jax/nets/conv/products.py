"""A convolution and its gradients as matrix products, for CPUs; dilation 1 only.

XLA's CPU convolution is good forwards and up to a hundred times too slow backwards, while its
matrix product runs at the machine's rate whatever it is given. Each function below lays out one
operand so that the work is one product, or a few; ``choice.py`` says which is used when. Shapes are
those of ``plain.py``; every function equals that of its name there up to rounding.
"""

from collections.abc import Callable
from functools import reduce
from operator import add

import jax
import jax.numpy as jnp
from jax import lax

from sggan_jax.nets.conv import plain
from sggan_jax.nets.conv.plain import Geometry
from sggan_jax.nets.conv.shifts import add_positions, pad, reach


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
    x = pad(x, geometry.pads)
    across = jnp.concatenate([_seen(geometry, x, 1, j, axis=2) for j in _side(geometry, 1)], axis=3)
    columns = [_seen(geometry, across, 0, i, axis=1) for i in _side(geometry, 0)]
    return jnp.concatenate(columns, axis=3) @ kernel.reshape(-1, kernel.shape[3])


def correlate_rows(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Gather along the width only, multiply for all kernel rows at once, add the rows shifted.

    For few input channels at stride 1: a kh-th of the copies of :func:`correlate_columns`, and a
    product of depth kw I where XLA's convolution would have depth I.
    """
    x = pad(x, geometry.pads)
    (h, w), (kh, kw) = geometry.out, geometry.kernel
    columns = jnp.concatenate([x[:, :, j : j + w] for j in range(kw)], axis=3)
    flat = kernel.transpose(1, 2, 0, 3).reshape(columns.shape[3], -1)
    rows = (columns @ flat).reshape(*columns.shape[:3], kh, -1)
    return reduce(add, [rows[:, i : i + h, :, i] for i in range(kh)])


def input_grad_products(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply ``y`` by the flat kernel, then add each position's image where it had looked.

    No side of the kernel may be shorter than the stride.
    """
    (kh, kw), flat = geometry.kernel, kernel.reshape(-1, kernel.shape[3])
    images = lax.dot_general(y, flat, (((3,), (1,)), ((), ())))
    images = images.reshape(*y.shape[:3], kh, kw, -1)
    return _add_shifted(geometry, lambda i, j: images[:, :, :, i, j])


def weight_grad_columns_of_x(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply what every position sees of every channel plane of ``x`` by ``y``.

    Planes, because a product contracts pixels: they must lie along a row of the left operand.
    """
    planes = pad(_planes(x), geometry.pads, axis=2)
    flat = y.reshape(-1, y.shape[3])
    kernel = _columns(geometry, planes, axis=2).reshape(-1, flat.shape[0]) @ flat
    return kernel.reshape(*geometry.kernel, x.shape[3], y.shape[3])


def weight_grad_columns_of_y(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply all shifted planes of ``y`` by ``x``, for few output channels at stride 1."""
    (kh, kw), planes = geometry.kernel, _planes(y)
    columns = jnp.stack(
        [
            pad(planes, (_shift(i, kh - 1), _shift(j, kw - 1)), axis=2)
            for i, j in _positions(geometry)
        ]
    )
    flat = pad(x, geometry.pads).reshape(-1, x.shape[3])
    kernel = columns.reshape(-1, flat.shape[0]) @ flat
    return kernel.reshape(kh, kw, y.shape[3], x.shape[3]).swapaxes(2, 3)


def weight_grad_windows(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """For every kernel row, multiply ``y`` shifted along the width by that row's window of ``x``.

    At stride 1 the positions of a kernel row can be shared between both operands: kw copies of
    ``y`` and kh windows of ``x`` (unbroken in memory) instead of kh kw copies of either.
    """
    (h, _), (kh, kw) = geometry.out, geometry.kernel
    x, planes = pad(x, geometry.pads), _planes(y)
    shifted = jnp.stack([pad(planes, ((0, 0), _shift(j, kw - 1)), axis=2) for j in range(kw)])
    shifted = shifted.reshape(kw * y.shape[3], -1)
    kernel = jnp.stack([shifted @ x[:, i : i + h].reshape(-1, x.shape[3]) for i in range(kh)])
    return kernel.reshape(kh, kw, y.shape[3], x.shape[3]).swapaxes(2, 3)


def correlate_flipped(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply what each position sees by its slice of a flipped kernel, and add the products.

    The three ``flipped`` forms take a flipped kernel as it lies in memory, one product per
    position. On the innermost maps of a U-Net, of a few pixels and hundreds of channels, flipping
    the kernel costs four times as much as multiplying by it.
    """
    slices = kernel.reshape(-1, *kernel.shape[2:])
    # The kernel on the left: the right operand of a product is laid out anew before it is used.
    y = lax.dot_general(slices, _flipped_columns(geometry, x), (((2,), (2,)), ((0,), (0,))))
    return jnp.sum(y, axis=0).T.reshape(x.shape[0], *geometry.out, -1)


def input_grad_flipped(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply ``y`` by every slice of a flipped kernel, then add as the positions lie."""
    (kh, kw), slices = geometry.kernel, kernel.reshape(-1, *kernel.shape[2:])
    repeated = _for_every_position(geometry, y.reshape(-1, y.shape[3]))
    x = lax.dot_general(repeated, slices, (((2,), (1,)), ((0,), (0,))))
    x = x.reshape(kh, kw, *y.shape[:3], -1)
    return _add_shifted(geometry, lambda i, j: x[kh - 1 - i, kw - 1 - j])


def weight_grad_flipped(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply ``y`` by what each position sees, the result lying as a flipped kernel does."""
    # Transposed here, once, and not by the product for every position.
    planes = _for_every_position(geometry, y.reshape(-1, y.shape[3]).T)
    columns = _flipped_columns(geometry, x)
    kernel = lax.dot_general(planes, columns, (((2,), (1,)), ((0,), (0,))))
    return kernel.reshape(*geometry.kernel, y.shape[3], x.shape[3])


def _flipped_columns(geometry: Geometry, x: jax.Array) -> jax.Array:
    """What every position sees of ``x``, the last position first: [kh kw, B h w, I]."""
    columns = _columns(geometry, pad(x, geometry.pads), axis=1)[::-1, ::-1]
    return columns.reshape(len(_positions(geometry)), -1, x.shape[3])


def _for_every_position(geometry: Geometry, matrix: jax.Array) -> jax.Array:
    """Repeat a matrix for the batch of products: [kh kw, ..]."""
    return jnp.broadcast_to(matrix, (len(_positions(geometry)), *matrix.shape))


def _add_shifted(geometry: Geometry, image: Callable[[int, int], jax.Array]) -> jax.Array:
    """Add the images [B, h, w, I] of all positions where each had looked in [B, H, W, I]."""
    rows, cols = reach(geometry)

    def shifted(i: int, j: int) -> jax.Array:
        by = i // geometry.stride, j // geometry.stride
        return pad(image(i, j), (_shift(by[0], rows), _shift(by[1], cols)))

    return add_positions(geometry, shifted)


def _positions(geometry: Geometry) -> list[tuple[int, int]]:
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
    """What all positions see of padded ``x``, its height at ``axis``: [kh, kw, .., h, w, ..].

    In two stages, width then height: kh + kw slices to compile instead of kh kw.
    """
    across = jnp.stack([_seen(geometry, x, 1, j, axis=axis + 1) for j in _side(geometry, 1)])
    return jnp.stack([_seen(geometry, across, 0, i, axis=axis + 1) for i in _side(geometry, 0)])


def _seen(geometry: Geometry, x: jax.Array, side: int, position: int, *, axis: int) -> jax.Array:
    """What one position along a side of the kernel sees of padded ``x``, that side at ``axis``."""
    stop = position + (geometry.out[side] - 1) * geometry.stride + 1
    return lax.slice_in_dim(x, position, stop, geometry.stride, axis=axis)


def _shift(by: int, most: int) -> tuple[int, int]:
    """Padding that moves an axis ``by`` of at most ``most`` pixels."""
    return by, most - by
