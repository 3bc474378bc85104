"""Training on one device or several: the one file that compiles steps with jit and pmap.

On one device a step is jitted; on several it is pmapped: parameters, optimisers and averages are
the same on all, every device has its share of the batch and of the history pools. On the host and
in checkpoints a state has one form whatever the devices: pools carry a leading device axis, and
arrays lie in the usual layout.
"""

import dataclasses
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.layout import Format, Layout
from jax.sharding import SingleDeviceSharding

from sggan_jax.devices import AXIS, own
from sggan_jax.methods.base import Method
from sggan_jax.train.pool import Pool
from sggan_jax.train.processes import gather
from sggan_jax.train.state import Recipe, TrainState
from sggan_jax.train.step import Step, make_step
from sggan_jax.types import Batch, InputError, Metrics

CPU_OPTIONS = {"xla_cpu_copy_insertion_use_region_analysis": True}
"""Let XLA see that a weight is read for the last time before its update overwrites it. Otherwise it
copies all weights and Adam's averages at every step: 6 % of a small network's time."""


ASKED = "asked to stop"
"""Batches of several processes say by it, float32 [k, B], whether their process is asked to stop;
the metric of this name is above 0 where any is."""


@dataclasses.dataclass(frozen=True)
class Trainer:
    """A compiled step and the devices it runs on.

    Attributes:
      devices: on which it runs.
      run: (state on the devices, host batch [k, B, ...]) to (state, metrics [k] each); the state
        given is used up.
      lower: the shapes of what the program of ``run`` is given to that program, not compiled yet;
        on several devices all have the device axis in front, and the random key is its numbers.
    """

    devices: tuple[jax.Device, ...]
    run: Callable[[TrainState, Batch], tuple[TrainState, Metrics]]
    lower: Callable[[TrainState, Batch], Any]


def make_trainer(method: Method, recipe: Recipe, devices: tuple[jax.Device, ...]) -> Trainer:
    """Compile the step of a method for these devices.

    Several steps per call run in one loop on the device: the leading axis k of the batch.
    """
    if len(devices) == 1:
        step = partial(_steps, make_step(method, recipe))
        if devices[0].platform == "cpu":
            jitted = jax.jit(step, donate_argnums=0, compiler_options=CPU_OPTIONS)
            return Trainer(devices, jitted, jitted.lower)
        laid_out = LaidOutStep(step, devices[0])
        return Trainer(devices, laid_out, laid_out.lower)
    mapped = jax.pmap(partial(_on_device, method, recipe), AXIS, devices=devices, donate_argnums=0)

    def run(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        state, metrics = mapped(state, _split(batch, len(devices[own(devices)])))
        # The shard of one device: an index would be a program for all of them, with an exchange.
        return state, {name: _shard(value).reshape(-1) for name, value in metrics.items()}

    return Trainer(devices, run, mapped.lower)


class LaidOutStep:
    """A step on one device, whose state lies in memory as the device's compiler likes it best.

    GPUs and TPUs read kernels in other layouts than arrays usually have. Were the state given in
    the usual one, kernels and Adam's averages would be copied there and back at every step.
    """

    def __init__(self, step: Step, device: jax.Device):
        """Compile nothing yet.

        Args:
          step: (state, batch [k, B, ...]) to (state, metrics).
          device: that it runs on.
        """
        self._step, self._there = step, SingleDeviceSharding(device)
        self._formats: Any = Format(Layout.AUTO, self._there)
        self._programs: dict[tuple[int, ...], Any] = {}
        self._last: Callable[[], TrainState | None] = lambda: None

    def lower(self, state: TrainState, batch: Batch) -> Any:
        """Lower it for these shapes; the first program that is compiled chooses all layouts."""

        def step(state, rng, batch):
            state, metrics = self._step(state.replace(rng=rng), batch)
            return state.replace(rng=None), metrics

        state, batch = jax.eval_shape(lambda *given: given, state, batch)
        there, formats = self._there, self._formats
        # A key is no array of numbers and would have to be given their layout.
        given, returned = (formats, there, there), (formats, there)
        made = jax.jit(step, donate_argnums=0, in_shardings=given, out_shardings=returned)
        return made.lower(state.replace(rng=None), state.rng, batch)

    def __call__(self, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        """Run it; a state that comes from elsewhere is laid out first."""
        shape = jax.tree.leaves(batch)[0].shape
        if shape not in self._programs:
            self._programs[shape] = self.lower(state, batch).compile()
            self._formats = self._programs[shape].input_formats[0][0]
        arrays = state.replace(rng=None)
        if self._last() is not state:
            lay_out = jax.jit(lambda x: x, donate_argnums=0, out_shardings=self._formats)
            arrays = lay_out(arrays)
        arrays, metrics = self._programs[shape](arrays, state.rng, batch)
        state = arrays.replace(rng=state.rng)
        self._last = weakref.ref(state)
        return state, metrics


def _on_device(method, recipe, state, batch):
    """Run the steps of one of several devices; the random key travels as its numbers."""
    asked = batch.get(ASKED)
    batch = {name: x for name, x in batch.items() if name != ASKED}
    step = make_step(method, recipe, AXIS)
    state, metrics = _steps(step, state.replace(rng=jax.random.wrap_key_data(state.rng)), batch)
    if asked is not None:
        metrics |= {ASKED: jax.lax.pmax(jnp.max(asked, axis=1), AXIS)}
    return state.replace(rng=jax.random.key_data(state.rng)), metrics


def _shard(value: jax.Array) -> jax.Array:
    """The part [1, ...] of a pmapped array that lies on this process's first device."""
    return value.addressable_shards[0].data


def _steps(step, state, batch):
    k = jax.tree.leaves(batch)[0].shape[0]
    if k == 1:
        state, metrics = step(state, jax.tree.map(lambda x: x[0], batch))
        return state, jax.tree.map(lambda x: x[None], metrics)
    return jax.lax.scan(step, state, batch)


def _split(batch, number):
    """[k, B, ...] to [devices, k, B / devices, ...]."""

    def split(x):
        x = x.reshape(x.shape[0], number, x.shape[1] // number, *x.shape[2:])
        return np.swapaxes(x, 0, 1)

    return {name: split(np.asarray(x)) for name, x in batch.items()}


def share(total: int, devices: tuple[jax.Device, ...]) -> int:
    """Places of a pool on each device, for ``total`` over all of them, rounded up."""
    return -(-total // len(devices))


def check_batch_size(batch_size: int, devices: tuple[jax.Device, ...], accumulate: int = 1) -> None:
    """Refuse a batch that cannot be split evenly, over devices and then into parts.

    Raises:
      InputError: with the numbers.
    """
    if batch_size < 1 or batch_size % len(devices):
        raise InputError(
            f"train.batch_size must be a positive multiple of the {len(devices)} devices, "
            f"got {batch_size}; set it, or train.devices"
        )
    if batch_size % (len(devices) * accumulate):
        raise InputError(
            f"train.accumulate = {accumulate} cannot split the {batch_size // len(devices)} images "
            f"of a device into equal parts; train.batch_size must be a multiple of "
            f"{len(devices) * accumulate}"
        )


def to_devices(state: TrainState, devices: tuple[jax.Device, ...], pool_size: int) -> TrainState:
    """Put a host state (pools [devices, ...]) onto devices.

    Args:
      state: as :func:`to_host` returns it; its pools may come from another number of devices.
      devices: where it shall live.
      pool_size: places of each pool on each device.
    """
    pools = {
        name: redistribute(pool, len(devices), pool_size) for name, pool in state.pools.items()
    }
    if len(devices) == 1:
        pools = jax.tree.map(lambda x: x[0], pools)
        return jax.device_put(state.replace(pools=pools), devices[0], may_alias=False)
    mine = own(devices)
    copies = len(devices[mine])
    pools = jax.tree.map(lambda x: x[mine], pools)
    rng = np.asarray(jax.random.key_data(state.rng))
    # A view of one copy on the host: each device is sent its own, none ever holds all of them.
    same = jax.tree.map(
        lambda x: np.broadcast_to(np.asarray(x), (copies, *x.shape)),
        state.replace(pools={}, rng=rng),
    )
    # An identity through a pmap of the same axis lays every leaf out as the step wants it;
    # any other layout would compile the step twice.
    return jax.pmap(lambda x: x, AXIS, devices=devices)(same.replace(pools=pools))


def first_copy(state: TrainState, devices: tuple[jax.Device, ...]) -> TrainState:
    """Return the state of this process's first device, on it, without pools and optimisers."""
    state = state.replace(pools={}, opt={})
    if len(devices) == 1:
        return state
    return jax.jit(lambda tree: jax.tree.map(lambda x: x[0], tree))(jax.tree.map(_shard, state))


def to_host(state: TrainState, devices: tuple[jax.Device, ...]) -> TrainState:
    """Copy a state to the host in the one form that checkpoints hold."""
    if len(devices) == 1:
        state = state.replace(pools=jax.tree.map(lambda x: x[None], state.pools))
        return _get(state)
    first = jax.tree.map(lambda x: np.asarray(_shard(x))[0], state.replace(pools={}))
    first = first.replace(rng=jax.random.wrap_key_data(jnp.asarray(first.rng)))
    return _get(first.replace(pools=gather(state.pools)))


def _get(state):
    """Fetch arrays as numpy, rows first whatever their layout on the device.

    A random key stays a key, its numbers are on the host anyway.
    """
    rng = state.rng
    host = jax.device_get(state.replace(rng=None))
    host = jax.tree.map(lambda x: np.asarray(x, order="C"), host)
    return host.replace(
        rng=jax.random.wrap_key_data(jnp.asarray(np.asarray(jax.random.key_data(rng))))
    )


def redistribute(pool: Pool, number: int, capacity: int) -> Pool:
    """Spread stored items over ``number`` pools; an unchanged layout stays as it is.

    Args:
      pool: items [devices, places, ...], count [devices].
      number: devices to use.
      capacity: places on each.
    """
    have, places = pool.items[0].shape[:2]
    if (have, places) == (number, capacity):
        return pool
    counts = np.asarray(pool.filled)
    kept = [
        (device, place)
        for place in range(places)
        for device in range(have)
        if place < counts[device]
    ][: number * capacity]
    items = []
    for column in pool.items:
        new = np.zeros((number, capacity, *column.shape[2:]), column.dtype)
        for index, origin in enumerate(kept):
            new[index % number, index // number] = column[origin]
        items.append(new)
    count = np.array([len(kept[device::number]) for device in range(number)], np.int32)
    return Pool(tuple(items), count)
