"""Convolutions of a training step on this machine's CPU: XLA's own form against the chosen one.

    python -m benchmarks.conv                     # the layers of the 128x256 networks
    python -m benchmarks.conv --nets unet64 patch256

One Markdown row per layer and function, milliseconds, the two forms taking turns: "plain" is
``sggan_jax.nets.conv.plain``; where ``choice.py`` chooses nothing else, the row is left out.
The lowest of many repetitions is shown, which says most where other programs run beside.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import jax  # noqa: E402
import numpy as np  # noqa: E402

from sggan_jax.nets.conv import choice, plain  # noqa: E402
from sggan_jax.nets.conv.plain import Geometry  # noqa: E402

Layer = tuple[str, Geometry, int, int]
"""Name, geometry, channels of the large and of the small image."""

FUNCTIONS = {"correlate": "xk", "input_grad": "yk", "weight_grad": "xy"}


def main() -> None:
    """Measure the networks asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", nargs="*", default=["unet32", "resnet32", "patch128"])
    parser.add_argument("--repeat", type=int, default=30)
    args = parser.parse_args()
    print("| layer | map | form | plain ms | chosen ms | plain / chosen |")
    print("|---|---|---|---|---|---|")
    for net in args.nets:
        for layer in NETS[net]():
            for row in measure(net, layer, args.repeat):
                print(row, flush=True)


def measure(net: str, layer: Layer, repeat: int) -> Iterator[str]:
    """Yield a row for each function of a layer that has a form of its own."""
    name, geometry, large, small = layer
    channels = (small, large) if geometry.flipped else (large, small)
    shapes = {
        "x": (1, *geometry.size, large),
        "k": (*geometry.kernel, *channels),
        "y": (1, *geometry.out, small),
    }
    rng = np.random.default_rng(0)
    arrays = {key: jax.numpy.asarray(rng.normal(size=s), "float32") for key, s in shapes.items()}
    for which, operands in FUNCTIONS.items():
        given = [arrays[key] for key in operands]
        form = getattr(choice, which)(geometry, *given)
        if form is None:
            continue
        forms = [jax.jit(partial(f, geometry)) for f in (getattr(plain, which), form)]
        slow, fast = take_turns([partial(f, *given) for f in forms], repeat)
        cells = [f"{net} {name}", which, form.__name__, f"{slow:.2f}", f"{fast:.2f}"]
        yield "| " + " | ".join([*cells, f"{slow / fast:.1f}"]) + " |"


def take_turns(calls: list[Callable[[], jax.Array]], repeat: int) -> list[float]:
    """Lowest milliseconds of each call, called alternately."""
    for call in calls:
        jax.block_until_ready(call())
    times = np.empty((repeat, len(calls)))
    for row in times:
        for index, call in enumerate(calls):
            start = time.perf_counter()
            jax.block_until_ready(call())
            row[index] = time.perf_counter() - start
    return [float(lowest) * 1e3 for lowest in times.min(axis=0)]


def unet(width: int, height: int, levels: int) -> Iterator[Layer]:
    """Yield the U-Net's layers, downwards and then upwards."""
    widths = [3, *(width * min(2**level, 8) for level in range(levels))]
    num_downsamplings = [
        Geometry((height >> level, height >> level << 1), (4, 4), 2, ((1, 1), (1, 1)))
        for level in range(levels)
    ]
    for level, geometry in enumerate(num_downsamplings):
        yield f"down{level}", geometry, widths[level], widths[level + 1]
    for level, geometry in enumerate(reversed(num_downsamplings)):
        small = widths[levels] if level == 0 else 2 * widths[levels - level]
        flipped = choice.keeps_flipped(np.empty((1, *geometry.out, small)))
        yield f"up{level}", geometry._replace(flipped=flipped), widths[levels - level - 1], small


def resnet(width: int, height: int) -> Iterator[Layer]:
    """Yield the ResNet's layers, the blocks' once."""
    size = (height, 2 * height)
    halves, quarters = ((height // n, 2 * height // n) for n in (2, 4))
    mirrored = ((0, 0), (0, 0))
    yield "enter", Geometry((size[0] + 6, size[1] + 6), (7, 7), 1, mirrored), 3, width
    for name, side, channels in (("down1, up0", size, width), ("down2, up1", halves, 2 * width)):
        yield name, Geometry(side, (3, 3), 2, ((0, 1), (0, 1))), channels, 2 * channels
    block = Geometry((quarters[0] + 2, quarters[1] + 2), (3, 3), 1, mirrored)
    yield "block", block, 4 * width, 4 * width
    yield "leave", Geometry((size[0] + 6, size[1] + 6), (7, 7), 1, mirrored), width, 3


def patch(height: int) -> Iterator[Layer]:
    """Yield the discriminator's layers, width 64 and 8 class groups."""
    channels = [3, 64, 128, 256, 512, 8]
    for level in range(5):
        size = (height >> min(level, 3), height >> min(level, 3) << 1)
        stride, pad = (2, (1, 1)) if level < 3 else (1, (1, 2))
        geometry = Geometry(size, (4, 4), stride, (pad, pad))
        yield f"conv{level}", geometry, channels[level], channels[level + 1]


NETS: dict[str, Callable[[], Iterator[Layer]]] = {
    "unet32": partial(unet, 32, 128, 7),
    "resnet32": partial(resnet, 32, 128),
    "patch128": partial(patch, 128),
    "unet64": partial(unet, 64, 256, 8),
    "resnet64": partial(resnet, 64, 256),
    "patch256": partial(patch, 256),
}

if __name__ == "__main__":
    main()
