"""Fixed tiles of noise, sampled at world coordinates so that a texture stays on its surface."""

import functools

import numpy as np

SIZE = 256
"""Side of a tile in cells; tiles repeat without a seam."""


@functools.cache
def white() -> np.ndarray:
    """Independent cells, uniform in [-1, 1): float32 [SIZE * SIZE]."""
    rng = np.random.Generator(np.random.PCG64(1))
    return (2 * rng.random(SIZE * SIZE) - 1).astype(np.float32)


@functools.cache
def fractal() -> np.ndarray:
    """Five octaves of smooth noise about 0, nearly all within [-1, 1]: float32 [SIZE * SIZE]."""
    rng = np.random.Generator(np.random.PCG64(2))
    total, cells, weight = np.zeros((SIZE, SIZE)), 8, 1.0
    for _ in range(5):
        total += weight * _stretch(2 * rng.random((cells, cells)) - 1)
        cells, weight = 2 * cells, 0.58 * weight
    return (total / 1.2).astype(np.float32).ravel()


def _stretch(coarse: np.ndarray) -> np.ndarray:
    """Interpolate a small periodic grid to a whole tile, along one axis and then the other."""
    for axis in (0, 1):
        cells = coarse.shape[axis]
        at = np.arange(SIZE) * cells / SIZE
        low = np.floor(at).astype(int)
        part = at - low
        part = part * part * (3 - 2 * part)
        part = part[:, None] if axis == 0 else part[None, :]
        first, second = (np.take(coarse, (low + i) % cells, axis) for i in (0, 1))
        coarse = first + (second - first) * part
    return coarse


def cell(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Random number in [-1, 1) of the unit cell that (u, v) falls in."""
    return white()[_wrap(np.floor(u), np.floor(v))]


def cloud(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Smooth noise at (u, v), bilinear between cells; its largest features span 32 cells."""
    low_u, low_v = np.floor(u), np.floor(v)
    s, t, tile = u - low_u, v - low_v, fractal()
    upper = tile[_wrap(low_u, low_v)] * (1 - s) + tile[_wrap(low_u + 1, low_v)] * s
    lower = tile[_wrap(low_u, low_v + 1)] * (1 - s) + tile[_wrap(low_u + 1, low_v + 1)] * s
    return upper * (1 - t) + lower * t


def _wrap(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (v.astype(np.int32) & (SIZE - 1)) * SIZE + (u.astype(np.int32) & (SIZE - 1))
