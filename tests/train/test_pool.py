"""The history pool against a simulation in Python: filling, swapping, drawing, staying together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.train.pool import exchange, init_pool

NUMBER = jax.ShapeDtypeStruct((), jnp.float32)
run = jax.jit(exchange)


def stream(pool, values, seed=0):
    """Pass numbers through one by one; returns what came back and the pool after each."""
    history = []
    for index, value in enumerate(values):
        current = (jnp.array([value], jnp.float32),)
        pool, (old,) = run(pool, current, jax.random.key(1000 * seed + index))
        history.append((float(old[0]), np.asarray(pool.items[0]).tolist(), int(pool.filled)))
    return pool, history


def test_starts_empty_with_room_for_every_part():
    pool = init_pool(5, (jax.ShapeDtypeStruct((4, 6, 3), jnp.float32), NUMBER))
    assert [item.shape for item in pool.items] == [(5, 4, 6, 3), (5,)]
    assert int(pool.filled) == 0


def test_while_filling_the_current_item_is_kept_and_returned():
    _, history = stream(init_pool(4, (NUMBER,)), [1, 2, 3, 4])
    assert [old for old, _, _ in history] == [1, 2, 3, 4]
    assert [count for _, _, count in history] == [1, 2, 3, 4]
    assert history[-1][1] == [1, 2, 3, 4]


def test_when_full_every_exchange_is_a_swap_or_leaves_all_alone():
    pool, _ = stream(init_pool(3, (NUMBER,)), [1, 2, 3])
    stored, swaps = [1, 2, 3], 0
    _, history = stream(pool, range(4, 64), seed=1)
    for current, (old, items, count) in zip(range(4, 64), history, strict=True):
        if old == current:
            assert items == stored
        else:
            # The simulation: the item that came back is replaced where it was.
            stored[stored.index(old)] = current
            assert items == stored
            swaps += 1
        assert count == 3
    # 60 fair coins: five deviations are 19.
    assert abs(swaps - 30) < 20


def test_swaps_half_of_the_time_and_draws_uniformly():
    draws, capacity = 4000, 5
    pool = init_pool(capacity, (NUMBER,))
    pool = pool._replace(items=(jnp.arange(5.0),), filled=jnp.int32(capacity))
    keys = jax.random.split(jax.random.key(0), draws)
    current = (jnp.array([-1.0]),)
    _, (old,) = jax.jit(jax.vmap(lambda key: exchange(pool, current, key)))(keys)
    counts = {value: int((np.asarray(old) == value).sum()) for value in (-1, *range(capacity))}
    assert sum(counts.values()) == draws
    # Five deviations: sqrt(4000 / 4) = 32 for the coin, sqrt(4000 x 0.1 x 0.9) = 19 per place.
    assert abs(counts[-1] - 2000) < 5 * 32
    for place in range(capacity):
        assert abs(counts[place] - 400) < 5 * 19


def test_two_pools_toss_their_own_coins():
    pool = init_pool(1, (NUMBER,))._replace(items=(jnp.array([7.0]),), filled=jnp.int32(1))
    keys = jax.random.split(jax.random.key(0), (200, 2))
    toss = jax.jit(jax.vmap(jax.vmap(lambda key: exchange(pool, (jnp.zeros(1),), key)[1][0][0])))
    swapped = np.asarray(toss(keys)) == 7
    # Together in a quarter of the cases, apart in half of them; five deviations of 200 coins: 35.
    assert abs((swapped[:, 0] != swapped[:, 1]).sum() - 100) < 35


def test_an_image_keeps_its_mask():
    rng = np.random.default_rng(0)
    parts = (jax.ShapeDtypeStruct((2, 2, 3), jnp.float32), jax.ShapeDtypeStruct((2,), jnp.int32))
    pool = init_pool(4, parts)
    for index in range(40):
        marks = rng.integers(0, 1000, 3)
        images = np.broadcast_to(marks[:, None, None, None], (3, 2, 2, 3)).astype(np.float32)
        masks = np.stack([marks, marks + 1], axis=1).astype(np.int32)
        current = (jnp.asarray(images), jnp.asarray(masks))
        pool, (old, old_mask) = run(pool, current, jax.random.key(index))
        np.testing.assert_array_equal(old[:, 0, 0, 0].astype(int), old_mask[:, 0])
        np.testing.assert_array_equal(pool.items[0][:, 1, 1, 2].astype(int), pool.items[1][:, 0])
        np.testing.assert_array_equal(old_mask[:, 1], old_mask[:, 0] + 1)


def test_a_batch_goes_in_image_by_image():
    pool, history = init_pool(3, (NUMBER,)), []
    for start in (1, 3):
        pool, (old,) = run(pool, (jnp.array([start, start + 1.0]),), jax.random.key(start))
        history.append(np.asarray(old).tolist())
    # Three places: 1, 2 and 3 are stored and returned; 4 comes to a full pool.
    assert history[0] == [1, 2]
    assert history[1][0] == 3
    assert history[1][1] in (1, 2, 3, 4)
    assert int(pool.filled) == 3


def test_the_same_key_does_the_same():
    pool, _ = stream(init_pool(2, (NUMBER,)), [1, 2])
    results = [run(pool, (jnp.arange(8.0),), jax.random.key(5)) for _ in range(2)]
    for first, second in zip(*(jax.tree.leaves(result) for result in results), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("filled", [0, 2])
def test_no_gradient_passes(filled):
    pool = init_pool(2, (NUMBER,))._replace(filled=jnp.int32(filled))
    grad = jax.grad(lambda x: exchange(pool, (x,), jax.random.key(0))[1][0].sum())(jnp.ones(3))
    np.testing.assert_array_equal(grad, np.zeros(3))
