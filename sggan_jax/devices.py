"""Devices: which there are, which a program uses, and a function of images shared by several."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from sggan_jax.hardware import describe_devices, unused_accelerator
from sggan_jax.messages import warn
from sggan_jax.types import InputError

AXIS = "devices"
"""Name of the axis along which work is shared."""


def pick_devices(number: int) -> tuple[jax.Device, ...]:
    """Return the first ``number`` devices of every process, all for 0.

    Raises:
      InputError: if there are fewer.
    """
    local = tuple(jax.local_devices())
    if not 0 <= number <= len(local):
        raise InputError(
            f"train.devices asks for {number}, but {len(local)} {local[0].platform} devices exist"
        )
    owners = range(jax.process_count())
    return tuple(x for i in owners for x in jax.local_devices(i)[: number or len(local)])


def own(devices: tuple[jax.Device, ...]) -> slice:
    """Say which of a run's devices belong to this process."""
    number = len(devices) // jax.process_count()
    return slice(jax.process_index() * number, (jax.process_index() + 1) * number)


def allow_virtual_devices(number: int) -> None:
    """Let a CPU stand for ``number`` devices; without effect elsewhere or after the first use."""
    if number > 1:
        jax.config.update("jax_num_cpu_devices", number)


def keep_compiled(directory: Path) -> None:
    """Keep compiled programs in a directory, for runs that compile the same ones again."""
    jax.config.update("jax_compilation_cache_dir", str(directory.absolute()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1.0)


def shard(
    function: Callable[[Any, jax.Array], jax.Array],
    constants: Any,
    devices: tuple[jax.Device, ...],
    axis: int,
) -> Callable[[np.ndarray], jax.Array]:
    """Compile a function of images whose work is shared by several devices.

    XLA cuts every map along the same axis; kernels get the rows they need from the neighbours, and
    means are taken over all devices. The result is that of one device up to rounding.

    Args:
      function: (constants, images [B, H, W, C]) to images of the same batch and height.
      constants: parameters, put on every device once.
      devices: which share the work.
      axis: 0 for whole images, 1 for rows; the number of devices must divide it.

    Returns:
      A function of images.
    """
    mesh = Mesh(np.array(devices), (AXIS,))
    cut = NamedSharding(mesh, PartitionSpec(*[None] * axis, AXIS))
    everywhere = NamedSharding(mesh, PartitionSpec())
    compiled = jax.jit(function, in_shardings=(everywhere, cut), out_shardings=cut)
    return partial(compiled, jax.device_put(constants, everywhere))


def tell_devices(
    devices: tuple[jax.Device, ...], dtype: str = "float32", precision: str = "default"
) -> str:
    """Say what a program runs on; warn where the machine has better than JAX sees.

    Args:
      devices: that it uses.
      dtype: of the networks' computations.
      precision: of products of float32 numbers.

    Returns:
      Such as "1 x CPU, float32".
    """
    if unused := unused_accelerator(devices[0].platform):
        warn(unused)
    return describe_devices(devices, dtype, precision)
