"""A run directory as a function from images to adapted images, of any size."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from sggan_jax.adapt.tiles import adapt_in_strips, memory_needs
from sggan_jax.devices import shard
from sggan_jax.nets.generators import is_told
from sggan_jax.nets.sizes import add_labels, check_images, pad_to_fit
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import read_run
from sggan_jax.runs.networks import read_network
from sggan_jax.types import Array, to_float, to_uint8

MEMORY = 4.0
"""GB that adapting takes beside the program, unless told otherwise."""


@dataclasses.dataclass(frozen=True, eq=False)
class Adapter:
    """One generator of a run, ready to use: ``adapter(images)``.

    Compiled once for each padded shape it meets, and kept. What would take more memory than allowed
    goes through the network in row blocks, with the same result up to rounding.

    Attributes:
      run: run directory.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint.
      module: the generator, a pure function of parameters and images in [-1, 1].
      variables: its parameters.
      memory: GB for the activations of the images given at once, beside the program, on each
        device.
      devices: to spread a batch over, or else the rows of its images; one where it is empty.
      class_groups: class group of every class id, [256] uint8, of a network that is told of them;
        None of one that sees images alone.
    """

    run: Path
    direction: str
    step: int
    module: Any
    variables: Mapping[str, Any]
    memory: float = MEMORY
    devices: tuple[Any, ...] = ()
    class_groups: np.ndarray | None = None

    @property
    def needs_labels(self) -> bool:
        """Whether images alone do not suffice."""
        return self.class_groups is not None

    def __call__(self, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Adapt images of any size: mirrored at the borders to a size the network takes, cropped.

        Args:
          images: RGB in [0, 255], uint8 [H, W, 3] or [B, H, W, 3].
          labels: class ids as training stored them, uint8 [H, W] or [B, H, W]; unused unless the
            network is told of them.

        Returns:
          The adapted images, uint8 of the same shape.

        Raises:
          InputError: if the type, rank, channels or size are others, the memory does not suffice,
            or labels are missing.
        """
        images = np.asarray(images)
        check_images(images)
        given = images
        if self.class_groups is not None:
            given = add_labels(images, labels, self.class_groups, str(self.run))
        padded, window = pad_to_fit(self.module, given)
        adapted = self._in_one_pass(padded) if self._fits(padded) else self._in_strips(padded)
        return adapted[window].reshape(images.shape)

    def _fits(self, images: np.ndarray) -> bool:
        """Whether one pass stays within the memory; other networks than ours know one pass only."""
        needs = self._needs(images.shape[1:3])
        if needs is None:
            return True
        number, _ = share_out(images.shape, len(self.devices))
        return needs.whole * len(images) / number <= self.memory

    def _in_one_pass(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self._compiled(*share_out(images.shape, len(self.devices)))(images))

    def _in_strips(self, images: np.ndarray) -> np.ndarray:
        run = functools.partial(adapt_in_strips, self.module, self.variables, memory=self.memory)
        return np.stack([run(image) for image in images])

    @functools.cached_property
    def _compiled(self):
        """Programs by the number of devices and the axis of the images split over them."""

        def compile(number: int, axis: int):
            function = functools.partial(_adapt, self.module)
            if number == 1:
                return functools.partial(jax.jit(function), self.variables)
            return shard(function, self.variables, self.devices[:number], axis)

        return functools.cache(compile)

    @functools.cached_property
    def _needs(self):
        return functools.cache(functools.partial(memory_needs, self.module, self.variables))


def load_adapter(
    run: str | Path,
    direction: str = "v2r",
    step: Step = None,
    memory: float = MEMORY,
) -> Adapter:
    """Load one generator of a run and nothing else: its moving average where the run kept one.

    Args:
      run: run directory, as ``launch.train`` left it.
      direction: ``v2r``, virtual to real, or ``r2v``.
      step: of the checkpoint, or ``best``; None for the newest.
      memory: GB for the activations of the images given at once, beside the program.

    Returns:
      A function on uint8 images.

    Raises:
      InputError: if there is no such run, direction or checkpoint.
    """
    run = Path(run)
    module, variables, step = read_network(run, direction, step)
    groups = np.array(read_run(run).class_groups, np.uint8) if is_told(module) else None
    variables = jax.device_put(variables)
    return Adapter(run, direction, step, module, variables, memory, class_groups=groups)


def share_out(shape: tuple[int, ...], devices: int) -> tuple[int, int]:
    """Choose how many devices share images [B, H, W, 3], and along which axis.

    Whole images where all devices get as many, else rows, over as many devices as divide them.

    Returns:
      Number of devices, and axis 0 (images) or 1 (rows); 1 and 0 where nothing can be shared.

    >>> share_out((4, 64, 128, 3), 2), share_out((1, 64, 128, 3), 3), share_out((1, 64, 64, 3), 0)
    ((2, 0), (2, 1), (1, 0))
    """
    if devices > 1 and shape[0] % devices == 0:
        return devices, 0
    # A row block must be high enough to give its neighbours the rows that their kernels see.
    fitting = [n for n in range(2, devices + 1) if shape[1] % n == 0 and shape[1] // n >= 16]
    return (max(fitting), 1) if fitting else (1, 0)


def _adapt(module: Any, variables: Mapping[str, Any], images: Array) -> Array:
    return to_uint8(module.apply(variables, to_float(images)))
