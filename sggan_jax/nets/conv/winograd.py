"""Convolution and gradients at stride 1 with fewer multiplications: Winograd, for CPUs.

An image is cut into tiles of ``TILE`` pixels that overlap by a pixel less than the kernel has. A
tile and a kernel become polynomials' values at ``TILE`` points along each side, where correlating
is multiplying number by number; over all tiles and channels that is one matrix product per pair of
points. A 3x3 kernel takes 36 multiplications for 16 outputs instead of 144, a 4x4 one 36 for 9
instead of 144. Rounding is about three times that of the direct sum.

S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for
Convolutional Neural Networks, 2016 (``Y = A^T [(G g G^T) * (B^T d B)] A``). Shapes are those of
``plain.py``; every function equals that of its name there up to rounding. Kernels are square,
neither dilated nor flipped.
"""

from functools import reduce
from operator import add
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from sggan_jax.nets.conv.plain import Geometry
from sggan_jax.nets.conv.shifts import pad

TILE = 6
"""Pixels of a tile along each side. Larger ones multiply less and round more."""

POINTS = np.array([(0, 1), (1, 0), (1, 1), (-1, 1), (1, 2), (-2, 1)])
"""Where polynomials are evaluated, as (p, q) for p / q: 0, infinity, 1, -1, 1/2, -2. Small numbers
whose differences are far from zero round least."""


class Tiling(NamedTuple):
    """How the outputs of a correlation are divided.

    Attributes:
      out: height and width of the output.
      kernel: positions along a side.
      pads: zeros (before, after) along height and width; negative numbers crop.
      points: where to evaluate, [TILE, 2].
    """

    out: tuple[int, int]
    kernel: int
    pads: tuple[tuple[int, int], tuple[int, int]]
    points: np.ndarray

    @property
    def step(self) -> int:
        """Outputs of a tile along a side, which is how far apart tiles begin."""
        return TILE - self.kernel + 1

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles along height and width; the last may reach beyond the outputs."""
        rows, cols = (-(-n // self.step) for n in self.out)
        return rows, cols


def correlate(geometry: Geometry, x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Multiply the tiles of ``x`` by the kernel's values."""
    tiling = _tiling(geometry)
    products = _tiles(tiling, x) @ _kernel_values(kernel)
    return _join(tiling, products, x.shape[0])


def input_grad(geometry: Geometry, y: jax.Array, kernel: jax.Array) -> jax.Array:
    """Correlate ``y`` with the kernel flipped.

    A polynomial with its coefficients in reverse has at q / p the value that the polynomial has at
    p / q. So the kernel's values serve as they are, and only the points of the tiles change.
    """
    before = [geometry.kernel[0] - 1 - low for low, _ in geometry.pads]
    tiling = _tiling(geometry)._replace(out=geometry.size, points=POINTS[:, ::-1])
    tiling = tiling._replace(pads=_reach(tiling, geometry.out, before))
    values = _kernel_values(kernel)
    products = lax.dot_general(_tiles(tiling, y), values, (((2,), (2,)), ((0,), (0,))))
    return _join(tiling, products, y.shape[0])


def weight_grad(geometry: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """Multiply the tiles of ``x`` by those of ``y``, the outputs' values, over all tiles."""
    tiling = _tiling(geometry)
    products = lax.dot_general(_tiles(tiling, x), _spread(tiling, y), (((1,), (1,)), ((0,), (0,))))
    matrix = _evaluation(tiling.points, tiling.kernel).T
    flat = _both_sides(matrix, x.dtype) @ products.reshape(TILE**2, -1)
    return flat.reshape(*geometry.kernel, x.shape[3], y.shape[3])


def _tiling(geometry: Geometry) -> Tiling:
    """Divide what ``correlate`` puts out."""
    tiling = Tiling(geometry.out, geometry.kernel[0], geometry.pads, POINTS)
    return tiling._replace(pads=_reach(tiling, geometry.size, [low for low, _ in geometry.pads]))


def _reach(tiling: Tiling, size: tuple[int, int], before: list[int]):
    """Pads that begin with ``before`` and end where the last tile does."""
    top, left = before
    bottom, right = (
        (count - 1) * tiling.step + TILE - n - low
        for count, n, low in zip(tiling.grid, size, before, strict=True)
    )
    return (top, bottom), (left, right)


def _tiles(tiling: Tiling, x: jax.Array) -> jax.Array:
    """Cut [B, H, W, C] into tiles and transform each by B^T: [TILE TILE, tiles, C]."""
    return _transform(tiling, _interpolation(tiling.points), pad(x, tiling.pads))


def _spread(tiling: Tiling, y: jax.Array) -> jax.Array:
    """Cut [B, h, w, C] into the outputs of tiles and transform each by A, to the same shape."""
    bottom, right = (
        count * tiling.step - n for count, n in zip(tiling.grid, tiling.out, strict=True)
    )
    matrix = _evaluation(tiling.points, tiling.step)
    return _transform(tiling, matrix, pad(y, ((0, bottom), (0, right))))


def _transform(tiling: Tiling, matrix: np.ndarray, x: jax.Array) -> jax.Array:
    """Multiply a matrix by as many pixels of every tile as it has columns, side after side."""
    for side, count in enumerate(tiling.grid):
        reach, axis = (count - 1) * tiling.step + 1, 2 * side + 1
        seen = [
            lax.slice_in_dim(x, i, i + reach, tiling.step, axis=axis)
            for i in range(matrix.shape[1])
        ]
        # A row of the matrix is half zeros and ones, which a product would not know.
        x = jnp.stack(_mix(matrix, seen), axis=side)
    return x.reshape(TILE**2, -1, x.shape[-1])


def _join(tiling: Tiling, products: jax.Array, batch: int) -> jax.Array:
    """Transform products [TILE TILE, tiles, C] by A^T and lay the outputs out: [B, h, w, C]."""
    matrix = _both_sides(_evaluation(tiling.points, tiling.step).T, products.dtype)
    (rows, cols), (h, w), step = tiling.grid, tiling.out, tiling.step
    outputs = (matrix @ products.reshape(TILE**2, -1)).reshape(step, step, batch, rows, cols, -1)
    outputs = outputs.transpose(2, 3, 0, 4, 1, 5)
    return outputs.reshape(batch, rows * step, cols * step, -1)[:, :h, :w]


def _kernel_values(kernel: jax.Array) -> jax.Array:
    """Transform a kernel by G: [k, k, I, O] -> [TILE TILE, I, O]."""
    matrix = _both_sides(_evaluation(POINTS, kernel.shape[0]), kernel.dtype)
    values = matrix @ kernel.reshape(matrix.shape[1], -1)
    return values.reshape(-1, *kernel.shape[2:])


def _evaluation(points: np.ndarray, coefficients: int) -> np.ndarray:
    """Values of every power at every point: p^k q^(n - 1 - k), [TILE, n]."""
    powers = np.arange(coefficients)
    return points[:, :1] ** powers * points[:, 1:] ** powers[::-1]


def _interpolation(points: np.ndarray) -> np.ndarray:
    """B^T, [TILE, TILE]: from values at the points to coefficients, transposed; exact zeros."""
    matrix = _evaluation(points, TILE).astype(float)
    # The inverse of a matrix of integers is one of integers over its determinant.
    determinant = np.round(np.linalg.det(matrix))
    return np.round(np.linalg.inv(matrix).T * determinant) / determinant


def _both_sides(matrix: np.ndarray, dtype) -> jax.Array:
    """One matrix for height and width together: quickly compiled, fast if it has few columns."""
    return jnp.asarray(np.kron(matrix, matrix), dtype)


def _mix(matrix: np.ndarray, parts: list[jax.Array]) -> list[jax.Array]:
    """Sums of ``parts`` weighted by each row of a matrix."""
    return [
        reduce(add, [_times(n, x) for n, x in zip(row, parts, strict=True) if n])
        for row in matrix.tolist()
    ]


def _times(number: float, x: jax.Array) -> jax.Array:
    return x if number == 1 else x * number
