"""Images of any size in bounded memory: the generators, run layer by layer in row blocks.

The result is that of the whole image up to rounding. The networks stand here a second time, as
orders to :class:`sggan_jax.adapt.row_blocks.RowBlocks` in place of calls; tests compare the two.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from sggan_jax.adapt.row_blocks import Function, Map, RowBlocks, make_part
from sggan_jax.nets.generators import ResNet, UNet, is_told
from sggan_jax.nets.layers import Conv, Upsample, leaky_relu
from sggan_jax.nets.refiner import Refiner
from sggan_jax.types import Array, InputError, to_uint8

GIGABYTE = 2**30

# One pass over a whole image takes at most this many times its largest map, measured on a CPU.
_MAPS_IN_ONE_PASS = 12


class Needs(NamedTuple):
    """Memory for the activations of one image, in GB, beside the program and its weights.

    Attributes:
      least: in the lowest row blocks.
      whole: in one pass, at most.
    """

    least: float
    whole: float


def memory_needs(
    module: nn.Module, variables: Mapping[str, Any], size: tuple[int, int]
) -> Needs | None:
    """Tell how much memory an image takes, without computing anything.

    Args:
      module: a generator.
      variables: its parameters.
      size: height and width, which the generator takes.

    Returns:
      GB; None for a generator that is not known here and can only be run whole.
    """
    if not _is_known(module):
        return None
    blocks = RowBlocks(variables["params"], 0.0, dry=True)
    _ORDERS[type(module)](module, blocks, np.broadcast_to(np.uint8(0), (*size, 3)), to_uint8)
    return Needs(blocks.least / GIGABYTE, _MAPS_IN_ONE_PASS * blocks.largest / GIGABYTE)


def adapt_in_strips(
    module: nn.Module,
    variables: Mapping[str, Any],
    image: np.ndarray,
    memory: float,
    finish: Function = to_uint8,
) -> np.ndarray:
    """Run a generator on one image, of which only row blocks are on the device at any time.

    Args:
      module: a generator.
      variables: its parameters.
      image: uint8 [H, W, 3], of a size the generator takes.
      memory: GB for the activations of the image, host and device together.
      finish: what becomes of the generator's image in (-1, 1), pixel by pixel.

    Returns:
      [H, W, 3], uint8 unless ``finish`` makes something else.

    Raises:
      InputError: if the generator is not known here, or the memory does not suffice.
    """
    height, width = image.shape[:2]
    module.check_size(height, width)
    needs = memory_needs(module, variables, (height, width))
    if needs is None:
        known = ", ".join(kind.__name__ for kind in _ORDERS)
        told = " told of labels" if type(module) in _ORDERS else ""
        raise InputError(
            f"{known} run in row blocks, {type(module).__name__}{told} only on whole images"
        )
    if memory < needs.least:
        enough = f"{1.01 * needs.least:.3g}"  # what is told must suffice however it is rounded
        raise InputError(
            f"an image of {height}x{width} takes at least {enough} GB of memory beside "
            f"the program, {memory:g} GB are allowed; allow more, or give smaller images"
        )
    blocks = RowBlocks(variables["params"], memory * GIGABYTE)
    return _ORDERS[type(module)](module, blocks, image, finish)


def _is_known(module: nn.Module) -> bool:
    """Whether a generator can be run in row blocks; one that is told of labels cannot."""
    return type(module) in _ORDERS and not is_told(module)


def _unet(net: UNet, blocks: RowBlocks, image: np.ndarray, finish: Function) -> np.ndarray:
    x = whole = _read_image(image)
    widths = [net.width * min(2**level, 8) for level in range(net.levels)]
    skips = []
    for level, width in enumerate(widths):
        x, bare = x if level == 0 else x.then(leaky_relu), net.is_bare(level)
        down = Conv(width, stride=2, dtype=net.dtype, with_bias=bare)
        x = (blocks.plain if bare else blocks.norm)(f"down{level}", down, x)
        skips.append(x)
    x = skips.pop()
    for level, width in enumerate(reversed(widths[:-1])):
        up = Upsample(width, 4, net.upsampling, net.dtype)
        x = blocks.norm(f"up{level}", up, x.then(nn.relu))
        x = Map(x.parts + skips.pop().parts)
    name, x = f"up{net.levels - 1}", x.then(nn.relu)
    up = Upsample(net.features, 4, net.upsampling, net.dtype, net.pytorch)
    if not net.skip_image:
        return blocks.last(name, up, x, _tanh, finish)
    x = blocks.keep(blocks.norm(name, up, x).then(nn.relu))
    leave = Conv(3, 3, dtype=net.dtype, with_bias=True)
    return blocks.last("leave", leave, Map(x.parts + whole.parts), _tanh, finish)


def _resnet(net: ResNet, blocks: RowBlocks, image: np.ndarray, finish: Function) -> np.ndarray:
    conv = partial(Conv, dtype=net.dtype, pad_before=net.pytorch)
    up = partial(Upsample, dtype=net.dtype, pad_before=net.pytorch)
    x = blocks.norm("enter", conv(net.width, 7, reflect=True), _read_image(image))
    for level in (1, 2):
        x = blocks.norm(f"down{level}", conv(net.width * 2**level, 3, 2), x.then(nn.relu))
    x = blocks.keep(x.then(nn.relu))
    mix = conv(net.width * 4, 3, reflect=True)

    def branch(name: str, x: Map) -> Map:
        return blocks.norm(f"{name}_b", mix, blocks.norm(f"{name}_a", mix, x).then(nn.relu))

    for block in range(net.blocks):
        x = blocks.keep(Map(x.parts + branch(f"block{block}", x).parts, "add"))
    for level in (1, 0):
        x = blocks.norm(f"up{level}", up(net.width * 2**level, 3, net.upsampling), x)
        x = x.then(nn.relu)
    leave = conv(3, 7, reflect=True, with_bias=net.pytorch)
    return blocks.last("leave", leave, x, _tanh, finish)


def _refiner(net: Refiner, blocks: RowBlocks, image: np.ndarray, finish: Function) -> np.ndarray:
    conv = partial(Conv, dtype=net.dtype, with_bias=True)
    mix = conv(net.width, 3)

    def branch(name: str, x: Map) -> Map:
        return blocks.plain(f"{name}_b", mix, blocks.plain(f"{name}_a", mix, x).then(nn.relu))

    x = blocks.keep(blocks.plain("enter", mix, _read_image(image)).then(nn.relu))
    for block in range(net.blocks):
        x = blocks.keep(Map(x.parts + branch(f"block{block}", x).parts, "add", nn.relu))
    return blocks.last("leave", conv(3, 1), x, _tanh, finish)


_ORDERS: Mapping[type, Callable[..., np.ndarray]] = {
    UNet: _unet,
    ResNet: _resnet,
    Refiner: _refiner,
}


def _read_image(image: np.ndarray) -> Map:
    """Lay out uint8 [H, W, 3] to be read in [-1, 1]."""
    return Map((make_part(image, mean=127.5, gain=1 / 127.5),))


def _tanh(x: Array) -> Array:
    return jnp.tanh(x.astype(jnp.float32))
