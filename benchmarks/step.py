"""One whole training step against the same step in eager PyTorch, on this machine's CPU.

    python -m benchmarks.step                      # the three sizes of docs/results.md
    python -m benchmarks.step --cases unet32 --steps 20

Each side runs in a process of its own, both with the same allocator setting, and the two take
turns: one step here, one step there, so that whatever else the machine does meets both. The losses
of the first step are compared before anything is timed, and again after the last.
Prints a Markdown table: medians with the middle 80 % in brackets; the ratio is the median over
pairs of neighbouring steps; memory is the peak resident size of each process.
"""

import argparse
import dataclasses
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sggan_jax.allocator import tune_allocator

REGIONS = "paper8"
TOLERANCE = 2e-3
"""Of the first losses, relative: two float32 programs that add in different orders."""


@dataclasses.dataclass(frozen=True)
class Case:
    """Generator, width, size in pixels, downsamplings of the U-Net."""

    generator: str
    width: int
    height: int
    levels: int = 8

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.height, 2 * self.height


CASES = {
    "unet32": Case("unet", 32, 128, 7),
    "resnet32": Case("resnet", 32, 128),
    "unet64": Case("unet", 64, 256),
    "resnet64": Case("resnet", 64, 256),
}


def main() -> None:
    """Measure the cases asked for, or be one side of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="*", default=["unet32", "resnet32", "unet64"])
    parser.add_argument("--steps", type=int, default=15, help="timed steps of each side")
    parser.add_argument("--stock-allocator", action="store_true", help="tune neither side")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        serve(args.side, CASES[args.cases[0]], args.folder)
        return
    if args.stock_allocator:
        os.environ["SGGAN_STOCK_ALLOCATOR"] = "1"
    print("| case | PyTorch s | JAX s | JAX / PyTorch | PyTorch MB | JAX MB | first step s |")
    print("|---|---|---|---|---|---|---|")
    for name in args.cases:
        print(measure(name, args.steps), flush=True)


def measure(name: str, steps: int) -> str:
    """Let both sides take turns; return one row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {side: Side(side, name, folder) for side in SIDES}
        first = {side: process.ask() for side, process in sides.items()}
        compare(first)
        times: dict[str, list[float]] = {side: [] for side in SIDES}
        for process in sides.values():
            process.ask()
        for _ in range(steps):
            for side, process in sides.items():
                last = process.ask()
                times[side].append(last["seconds"])
        memory = {side: process.close() for side, process in sides.items()}
    ratio = np.median(np.array(times["jax"]) / np.array(times["torch"]))
    cells = [spread(times["torch"]), spread(times["jax"]), f"{ratio:.2f}"]
    cells += [f"{memory['torch']:.0f}", f"{memory['jax']:.0f}", f"{first['jax']['seconds']:.0f}"]
    return f"| {name} | " + " | ".join(cells) + " |"


class Side:
    """A process that makes one step whenever it is asked."""

    def __init__(self, side: str, case: str, folder: str):
        command = [sys.executable, "-m", "benchmarks.step", "--side", side, "--cases", case]
        self._process = subprocess.Popen(
            [*command, "--folder", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._read()

    def ask(self) -> dict:
        """Return the step's seconds and losses."""
        assert self._process.stdin is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> float:
        """End the process; return its peak resident megabytes."""
        out, _ = self._process.communicate()
        return json.loads(out)["megabytes"]

    def _read(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("one side of the measurement ended early, see its error above")
        return json.loads(line)


def serve(side: str, case: Case, folder: Path) -> None:
    """Answer every line on standard input with one step."""
    tune_allocator()
    step = SIDES[side](case, folder)
    print(json.dumps({"ready": side}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        losses = step()
        print(json.dumps({"seconds": time.perf_counter() - start, "losses": losses}), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"megabytes": peak / 1024}))


def jax_side(case: Case, folder: Path) -> Callable[[], dict]:
    """Build this library's step as the training loop does; leave weights and masks behind."""
    import jax

    from configs.common import get_config
    from sggan_jax.config import Config
    from sggan_jax.data.labels import group_table
    from sggan_jax.devices import pick_devices
    from sggan_jax.methods import make_method
    from sggan_jax.train import parallel
    from sggan_jax.train.optim import make_optimiser
    from sggan_jax.train.state import Recipe, init_state

    config = get_config()
    config.data.height, config.data.width = case.size
    config.nets.generator, config.nets.width = case.generator, case.width
    config.nets.levels, config.nets.dropout = case.levels, 0.0
    settings = Config.from_dict(config.to_dict())
    method = make_method(settings, group_table(REGIONS), steps_per_epoch=1000)
    optimisers = {
        name: make_optimiser(settings.optim, 1000, group)
        for name, group in method.optimiser_groups.items()
    }
    recipe = Recipe(optimisers, pool_size=0)
    batch = make_batch(case)
    state = [init_state(method, recipe, 0, batch)]
    tensors = jax.jit(lambda batch: method.preprocess(batch, None))(batch)
    masks = [np.asarray(tensors[name]) for name in ("mask_v", "mask_r")]
    given = {"params": jax.device_get(state[0].params), "masks": masks}
    (folder / "given.pickle").write_bytes(pickle.dumps(given))
    trainer = parallel.make_trainer(method, recipe, pick_devices(1))
    stacked = {name: x[None] for name, x in batch.items()}

    def step() -> dict:
        state[0], metrics = trainer.run(state[0], stacked)
        return {name: float(value[0]) for name, value in jax.device_get(metrics).items()}

    return step


def torch_side(case: Case, folder: Path) -> Callable[[], dict]:
    """Build the twin with the weights that the other side left."""
    import torch

    from benchmarks.torch_twin import Twin

    given = pickle.loads((folder / "given.pickle").read_bytes())
    batch = make_batch(case)
    masks = [torch.from_numpy(np.moveaxis(mask, 3, 1).copy()) for mask in given["masks"]]
    twin = Twin(case.generator, case.width, case.levels, 9, masks[0].shape[1])
    twin.load(given["params"])

    def planar(x: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.moveaxis(x, 3, 1).astype(np.float32))

    images = [(planar(batch[name]) / 127.5 - 1).contiguous() for name in ("v", "r")]
    labels = [planar(batch[name][..., None]).contiguous() for name in ("lab_v", "lab_r")]
    return lambda: twin.step(*images, labels, masks)


SIDES = {"jax": jax_side, "torch": torch_side}


def make_batch(case: Case) -> dict[str, np.ndarray]:
    """Make the same pair of pictures for both sides: blocks of classes with noise on top."""
    rng = np.random.default_rng(0)
    batch = {}
    for domain in ("v", "r"):
        coarse = rng.integers(0, 34, [n // 16 for n in case.size])
        labels = np.kron(coarse, np.ones((16, 16), int))
        noise = rng.integers(0, 80, (*case.size, 3))
        batch[domain] = (labels[..., None] * 5 + noise).astype(np.uint8)[None]
        batch[f"lab_{domain}"] = labels.astype(np.uint8)[None]
    return batch


def compare(first: dict[str, dict]) -> None:
    """Print both sides' first losses and insist that they agree."""
    jax_losses, torch_losses = (first[side]["losses"] for side in ("jax", "torch"))
    assert jax_losses.keys() == torch_losses.keys()
    for name, ours in jax_losses.items():
        theirs = torch_losses[name]
        print(f"first {name}: JAX {ours:.6f}, PyTorch {theirs:.6f}", file=sys.stderr)
        if abs(ours - theirs) > TOLERANCE * abs(theirs):
            raise RuntimeError(f"the sides compute different things: {name} {ours} and {theirs}")


def spread(times: list[float]) -> str:
    """Median with the middle 80 % in brackets."""
    low, middle, high = np.percentile(times, [10, 50, 90])
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
