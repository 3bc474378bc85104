"""History of fakes (section 4.1, after Shrivastava et al.): a pool in the state, on the device.

A fake is stored with whatever belongs to it, such as the mask it is judged by.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Pool(NamedTuple):
    """Stored items: arrays [capacity, ...], and how many places are filled (int32 scalar)."""

    items: tuple[jax.Array | np.ndarray, ...]
    filled: jax.Array | np.ndarray


def init_pool(capacity: int, examples: tuple[jax.ShapeDtypeStruct, ...]) -> Pool:
    """Make an empty pool.

    Args:
      capacity: number of places, at least 1.
      examples: shapes and types of one stored item's arrays, without a batch axis.
    """
    items = tuple(jnp.zeros((capacity, *x.shape), x.dtype) for x in examples)
    return Pool(items, jnp.zeros((), jnp.int32))


def exchange(
    pool: Pool, current: tuple[jax.Array, ...], rng: jax.Array
) -> tuple[Pool, tuple[jax.Array, ...]]:
    """Pass a batch through the pool, image by image.

    While the pool fills, the current item is stored and returned. When it is full, with
    probability 1/2 a uniformly drawn stored item is returned and the current one takes its place;
    else the current one is returned.

    Args:
      pool: history so far.
      current: arrays [B, ...] that belong together, no gradient passes.
      rng: random key.

    Returns:
      The new pool, and what the discriminator learns from, shaped as ``current``.

    >>> pool = init_pool(1, (jax.ShapeDtypeStruct((), jnp.float32),))
    >>> pool, (old,) = exchange(pool, (jnp.array([3.0]),), jax.random.key(0))
    >>> float(old[0]), int(pool.filled)
    (3.0, 1)
    """
    current = jax.lax.stop_gradient(current)
    keys = jax.random.split(rng, current[0].shape[0])
    old = []
    for index, key in enumerate(keys):
        pool, item = _exchange_one(pool, tuple(x[index] for x in current), key)
        old.append(item)
    return pool, tuple(jnp.stack(column) for column in zip(*old, strict=True))


def _exchange_one(pool, current, key):
    capacity = pool.items[0].shape[0]
    coin, draw = jax.random.split(key)
    filling = pool.filled < capacity
    swap = jnp.logical_and(~filling, jax.random.bernoulli(coin))
    place = jnp.where(filling, pool.filled, jax.random.randint(draw, (), 0, capacity))
    store = jnp.logical_or(filling, swap)
    items, old = [], []
    for stored, x in zip(pool.items, current, strict=True):
        there = jax.lax.dynamic_index_in_dim(stored, place, keepdims=False)
        old.append(jnp.where(swap, there, x))
        kept = jnp.where(store, x, there)
        items.append(jax.lax.dynamic_update_index_in_dim(stored, kept, place, 0))
    return Pool(tuple(items), pool.filled + filling.astype(jnp.int32)), tuple(old)
