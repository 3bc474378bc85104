"""How a state is laid out on a device, and how pools are spread over several."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.layout import Format, Layout

from sggan_jax.devices import pick_devices
from sggan_jax.train import parallel
from sggan_jax.train.pool import Pool
from sggan_jax.train.state import TrainState
from sggan_jax.types import InputError


def make_pool(values, count):
    """One number per place, [devices, places]."""
    return Pool((np.array(values, np.float32),), np.array(count, np.int32))


def test_an_unchanged_layout_is_the_same_pool():
    pool = make_pool([[1, 2], [3, 0]], [2, 1])
    assert parallel.redistribute(pool, 2, 2) is pool


def test_stored_items_are_dealt_oldest_first_and_none_invented():
    pool = make_pool([[1, 2, 3], [4, 0, 0]], [3, 1])
    spread_out = parallel.redistribute(pool, 1, 5)
    # Place 0 of every device, then place 1, ...
    np.testing.assert_array_equal(spread_out.items[0], [[1, 4, 2, 3, 0]])
    np.testing.assert_array_equal(spread_out.filled, [4])


def test_a_pool_spreads_over_more_devices_and_drops_what_has_no_place():
    spread_out = parallel.redistribute(make_pool([[1, 2, 3, 4, 5]], [5]), 2, 2)
    np.testing.assert_array_equal(spread_out.items[0], [[1, 3], [2, 4]])
    np.testing.assert_array_equal(spread_out.filled, [2, 2])


@pytest.mark.parametrize(("total", "devices", "places"), [(50, 1, 50), (50, 4, 13), (0, 2, 0)])
def test_a_pool_is_shared_rounded_up(total, devices, places):
    assert parallel.share(total, (None,) * devices) == places


def test_an_uneven_batch_is_refused():
    with pytest.raises(InputError, match="multiple of the 2 devices, got 3"):
        parallel.check_batch_size(3, (None, None))


def test_a_batch_that_does_not_part_evenly_is_refused():
    parallel.check_batch_size(8, (None, None), accumulate=2)
    with pytest.raises(InputError, match=r"= 4 cannot split the 3 images .* multiple of 8"):
        parallel.check_batch_size(6, (None, None), accumulate=4)


def test_a_laid_out_state_is_the_same_state():
    """On a CPU, with layouts that it would not choose: every array of two axes by columns."""
    chosen = []

    class Columns(parallel.LaidOutStep):
        def lower(self, state, batch):
            if not chosen:
                self._formats = jax.tree.map(self._format, state.replace(rng=None))
            chosen.append(batch["x"].shape)
            return super().lower(state, batch)

        def _format(self, x):
            return Format(Layout(tuple(range(x.ndim))[::-1]), self._there)

    def step(state, batch):
        moved = jax.random.uniform(state.rng) + state.params["g"] * jnp.mean(batch["x"])
        return state.replace(step=state.step + 1, params={"g": moved}), {"one": moved[0, :1]}

    rng = np.random.default_rng(0)
    params = {"g": rng.normal(size=(3, 3)).astype(np.float32)}
    state = TrainState(jnp.int32(0), params, {}, {}, {}, {}, jax.random.key(1))
    batches = [{"x": rng.normal(size=(k, 3)).astype(np.float32)} for k in (2, 2, 1)]
    devices = pick_devices(1)
    results = []
    for run in (jax.jit(step), Columns(step, devices[0])):
        moving = parallel.to_devices(state, devices, 0)
        ones = []
        for batch in batches:
            moving, metrics = run(moving, batch)
            ones.append(metrics["one"])
        results.append((parallel.to_host(moving, devices), np.concatenate(ones), moving))
    (plain, plain_ones, _), (laid_out, ones, moving) = results
    assert moving.params["g"].format.layout.major_to_minor == (1, 0)
    assert chosen == [(2, 3), (1, 3)]  # compiled once each
    np.testing.assert_array_equal(ones, plain_ones)
    np.testing.assert_array_equal(laid_out.params["g"], plain.params["g"])
    assert laid_out.params["g"].strides == plain.params["g"].strides
    assert laid_out.rng == plain.rng
    assert laid_out.step == 3
