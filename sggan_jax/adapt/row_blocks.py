"""Layers over images too large for one pass: a row block of rows at a time, maps kept on the host.

Instance norm looks at the whole image, so pieces adapted on their own would differ and show seams.
Here a layer runs over the whole image before the next begins. Its input lies in the host's memory;
row blocks of it, with the rows around them that the kernel sees, go through the
device. Every block also gives its mean and variance, which add up exactly to those of the whole
map; the norm itself is applied when the next layer reads.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.nets.layers import Upsample
from sggan_jax.types import Array

Function = Callable[[Array], Array]

# A block takes this many times its numbers: read, normalised, padded, convolved. Measured on a CPU.
_COPIES = 5


class Part(NamedTuple):
    """Numbers on the host [H, W, C], read as ``(numbers - mean) * gain + bias``, each [C]."""

    numbers: np.ndarray
    mean: np.ndarray
    gain: np.ndarray
    bias: np.ndarray


class Map(NamedTuple):
    """Activations of a whole image: parts side by side along the channels, or added."""

    parts: tuple[Part, ...]
    join: Literal["concatenate", "add"] = "concatenate"
    activation: Function | None = None

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.parts[0].numbers.shape[0]

    def then(self, activation: Function) -> "Map":
        """The same map under an activation."""
        return self._replace(activation=activation)


class Task(NamedTuple):
    """What is done to every row block of a map.

    Attributes:
      layer: of ``nets/layers.py``, or of its kind; None passes on what is read.
      join: of the map's parts.
      activation: of the map.
      finish: functions that follow the layer.
    """

    layer: nn.Module | None
    join: Literal["concatenate", "add"]
    activation: Function | None
    finish: tuple[Function, ...] = ()

    @property
    def unit(self) -> tuple[int, int]:
        """Fewest rows that can be read and made: (1, 2) where a layer doubles the height."""
        if isinstance(self.layer, Upsample):
            return 1, 2
        return getattr(self.layer, "stride", 1), 1

    @property
    def halo(self) -> int:
        """Units read on either side beyond those made: enough that no made row sees the end."""
        if self.layer is None:
            return 0
        return 1 if isinstance(self.layer, Upsample) else -(-(self.layer.size // 2) // self.unit[0])

    def rows(self, height: int) -> np.ndarray:
        """Row of the map behind every row read, halo included; -1 for a row of zeros."""
        beyond = self.halo * self.unit[0]
        if getattr(self.layer, "reflect", False):
            return np.pad(np.arange(height), beyond, mode="reflect")
        return np.pad(np.arange(height), beyond, constant_values=-1)


class RowBlocks:
    """Runs layers over whole images within a bound of memory.

    Attributes:
      held: bytes of the maps alive.
      largest: bytes of the largest map so far.
      least: the most bytes that a layer so far could not have done without.
    """

    def __init__(self, params: Mapping[str, Any], memory: float, dry: bool = False):
        """Prepare to run layers.

        Args:
          params: of the network, by the names of its layers.
          memory: bytes to fill with maps and row blocks; where they do not suffice, blocks are as
            low as can be.
          dry: compute nothing, only see how much memory it would take.
        """
        self.held = self.largest = self.least = 0
        self._params, self._memory, self._dry = params, memory, dry

    def norm(self, name: str, layer: nn.Module, x: Map, eps: float = 1e-5) -> Map:
        """Run a layer and the instance norm after it, whose parameters are at ``NAME_norm``."""
        numbers, mean, variance = self._run(name, Task(layer, x.join, x.activation), x)
        scale, bias = (np.asarray(self._params[f"{name}_norm"][key]) for key in ("scale", "bias"))
        return Map((make_part(numbers, mean, scale / np.sqrt(variance + eps), bias),))

    def plain(self, name: str, layer: nn.Module, x: Map) -> Map:
        """Run a layer without a norm."""
        return Map((make_part(self._run(name, Task(layer, x.join, x.activation), x)[0]),))

    def keep(self, x: Map) -> Map:
        """Do the arithmetic of reading a map once, for a map that is read more than once."""
        return Map((make_part(self._run("", Task(None, x.join, x.activation), x)[0]),))

    def last(self, name: str, layer: nn.Module, x: Map, *finish: Function) -> np.ndarray:
        """Run the last layer, then one function after the other on what it makes."""
        return self._run(name, Task(layer, x.join, x.activation, finish), x)[0]

    def _run(self, name: str, task: Task, x: Map) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Run a task over a whole map: what it makes, its mean and its variance."""
        (step, makes), rows = task.unit, task.rows(x.height)
        params = self._params.get(name, {})
        units = x.height // step

        def read(start: int, stop: int) -> tuple[Any, ...]:
            return _read(x, rows[start * step : (stop + 2 * task.halo) * step])

        first, *_ = _run_strip.eval_shape(task, params, *read(0, 1))
        made = self._hold((units * makes, *first.shape[1:]), first.dtype)
        height = self._height(task, x, made, units)
        moments = []
        for start, stop in () if self._dry else _split(units, height):
            block, mean, variance = _run_strip(task, params, *read(start, stop))
            made[start * makes : stop * makes] = block
            moments.append((stop - start, np.asarray(mean), np.asarray(variance)))
        return made, *_join_moments(moments, made.shape[-1])

    def _hold(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Make room for a map and count it until it is let go."""
        zeros = np.zeros((), dtype)
        made = np.broadcast_to(zeros, shape) if self._dry else np.empty(shape, dtype)
        size = made.size * made.itemsize
        self.held, self.largest = self.held + size, max(self.largest, size)
        weakref.finalize(made, self._release, size).atexit = False
        return made

    def _release(self, size: int) -> None:
        self.held -= size

    def _height(self, task: Task, x: Map, made: np.ndarray, units: int) -> int:
        """Choose the height of a row block in units, so that all is within the memory."""
        step, makes = task.unit
        read = 4 * step * sum(part.numbers[0].size for part in x.parts)
        unit = _COPIES * (read + makes * made[0].size * made.itemsize)
        around = _COPIES * 2 * task.halo * read
        self.least = max(self.least, self.held + around + unit)
        fitting = (self._memory - self.held - around) // unit
        return int(min(max(fitting, 1), units))


def make_part(numbers: np.ndarray, mean: Any = 0.0, gain: Any = 1.0, bias: Any = 0.0) -> Part:
    """Lay numbers [H, W, C] out for reading; single values stand for all channels."""
    channels = numbers.shape[-1:]
    wide = (
        np.broadcast_to(np.asarray(value, np.float32), channels) for value in (mean, gain, bias)
    )
    return Part(numbers, *wide)


@partial(jax.jit, static_argnames="task")
def _run_strip(task: Task, params: Any, inside: Array, *parts: Part) -> tuple[Array, Array, Array]:
    """Read a row block [h, W, C], run the layer on it, drop the halo, take mean and variance."""
    read = [_normalise(part) for part in parts]
    x = jnp.concatenate(read, axis=-1) if task.join == "concatenate" else sum(read[1:], read[0])
    x = x if task.activation is None else task.activation(x)
    if task.layer is not None:
        x = jnp.where(inside[:, None, None], x, jnp.zeros((), x.dtype))[None]
        crop = task.halo * task.unit[1]
        x = task.layer.apply({"params": params}, x)[0]
        x = x[crop : x.shape[0] - crop]
    for function in task.finish:
        x = function(x)
    wide = x.astype(jnp.float32)
    mean = jnp.mean(wide, (0, 1), keepdims=True)
    return x, mean[0, 0], jnp.mean(jnp.square(wide - mean), (0, 1))


def _normalise(part: Part) -> Array:
    numbers, *norm = part
    mean, gain, bias = (value[None, None] for value in norm)
    y = (numbers.astype(jnp.float32) - mean) * gain + bias
    return y.astype(numbers.dtype) if jnp.issubdtype(numbers.dtype, jnp.floating) else y


def _read(x: Map, rows: np.ndarray) -> tuple[Any, ...]:
    """Which rows are inside the image, and those rows of every part; any row for those outside."""
    inside = rows >= 0
    if (np.diff(rows) == 1).all() and inside.all():
        at: Any = slice(rows[0], rows[-1] + 1)  # a view; only row blocks at the border need a copy
    else:
        at = np.where(inside, rows, 0)
    return inside, *(part._replace(numbers=part.numbers[at]) for part in x.parts)


def _split(units: int, height: int) -> Iterator[tuple[int, int]]:
    """Cut units into row blocks of nearly equal height, at most two heights to compile for.

    >>> list(_split(10, 4))
    [(0, 4), (4, 8), (8, 10)]
    """
    height = -(-units // -(-units // height))
    for start in range(0, units, height):
        yield start, min(start + height, units)


def _join_moments(
    moments: list[tuple[int, np.ndarray, np.ndarray]], channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the whole from those of its row blocks and their heights.

    ``var = sum_k n_k (var_k + (mean_k - mean)^2) / n``: exact, and without the cancellation of
    ``E[x^2] - E[x]^2``.
    """
    if not moments:
        return np.zeros(channels), np.ones(channels)
    heights, means, variances = (
        np.asarray(column, np.float64) for column in zip(*moments, strict=True)
    )
    mean = np.average(means, axis=0, weights=heights)
    return mean, np.average(variances + np.square(means - mean), axis=0, weights=heights)
