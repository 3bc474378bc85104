"""The input pipeline of this machine: images per second of one core, against what training needs.

    python -m benchmarks.input --source photos                         # a folder data set
    python -m benchmarks.input --source photos --enlarge 1024 2048     # as PNG of that size

Each row is one part, alone, counted in seconds of processor time, which other programs on the
machine do not lengthen much: decoding the originals, preparing a pair (decoding, checking,
resizing, storing), reading a prepared pair, altering it, and whole batches of both domains out of
the pipeline. The last line does the arithmetic for a machine with a GPU: how many cores the
reading takes while the step takes its time.
"""

import argparse
import itertools
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.chunks import Task, make_chunk
from sggan_jax.data.pipeline import make_pipeline
from sggan_jax.data.prepare import make_builder, prepare
from sggan_jax.data.sources import Cached, open_source
from sggan_jax.data.transforms import NUM_UNIFORMS, Augmentation, augment


def main() -> None:
    """Measure every part and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True, help="folder data set to read")
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--pairs", type=int, default=128, help="of the data set that are used")
    parser.add_argument("--enlarge", type=int, nargs=2, help="first turn them into PNG of a size")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--step", type=float, default=0.05, help="seconds of one training step")
    parser.add_argument("--cores", type=int, default=8, help="of the machine with the GPU")
    args = parser.parse_args()
    size = args.height, args.width
    with tempfile.TemporaryDirectory() as data_dir:
        source = copy_pairs(args.source, Path(data_dir) / "originals", args.pairs, args.enlarge)
        rates = measure(SourceSpec("folder", str(source)), size, data_dir, args.seconds)
    print(f"| {args.height}x{args.width}, one core | pairs/s | ms a pair |")
    print("|---|---|---|")
    for name, rate in rates.items():
        print(f"| {name} | {rate:.0f} | {1000 / rate:.2f} |")
    print()
    print(arithmetic(rates["batch of both domains, from disk"], args.step, args.cores))


def copy_pairs(source: str, to: Path, count: int, enlarge: list[int] | None) -> Path:
    """Copy the first pairs of a folder data set, as PNG of another size if one is given."""
    for part in ("images", "labels"):
        (to / part).mkdir(parents=True)
        for path in sorted((Path(source) / part).iterdir())[:count]:
            if not enlarge:
                shutil.copy(path, to / part / path.name)
                continue
            smooth = Image.Resampling.BICUBIC if part == "images" else Image.Resampling.NEAREST
            image = Image.open(path).resize((enlarge[1], enlarge[0]), smooth)
            image.save(to / part / f"{path.stem}.png")
    return to


def measure(
    spec: SourceSpec, size: tuple[int, int], data_dir: str, seconds: float
) -> dict[str, float]:
    """Return pairs per second of every part, the best of three repetitions."""
    planned = make_builder(spec, data_dir, *size).plan.splits["train"]
    prepare(spec, data_dir, *size, progress=False)
    stored = open_source(spec, data_dir, "train", *size)
    cached = Cached(stored)
    for place in range(len(cached)):
        cached[place]
    how = Augmentation(0.8, 1.2, 0.2)
    uniforms = np.full(NUM_UNIFORMS, 0.5)
    originals, places, altered = (itertools.cycle(range(len(stored))) for _ in range(3))
    kept = Path(data_dir) / "chunk.zip"
    task = itertools.cycle([Task([pair], size, kept) for pair in planned])

    def alter() -> None:
        example = cached[next(altered)]
        augment(example["image"], example["label"], uniforms, how)

    rates = {
        "original pair, decoded": rate(lambda: planned[next(originals)].load(), seconds),
        "original pair, prepared": rate(lambda: make_chunk(next(task)), seconds),
        "prepared pair, from disk": rate(lambda: stored[next(places)], seconds),
        "scale, window and colours": rate(alter, seconds),
    }
    for name, keep in (("batch of both domains, from disk", False), ("the same, in memory", True)):
        batches = make_pipeline(stored, stored, batch_size=1, seed=0, threads=1, cache=keep)
        # A batch holds a pair of each domain.
        rates[name] = 2 * rate(lambda batches=batches: next(batches), seconds)
        batches.close()
    return rates


def rate(work: Callable[[], object], seconds: float) -> float:
    """Count how often work is done in a second of all threads, the best of three repetitions."""
    work()
    best = 0.0
    for _ in range(3):
        done, start = 0, time.process_time()
        while (spent := time.process_time() - start) < seconds / 3:
            work()
            done += 1
        best = max(best, done / spent)
    return best


def arithmetic(per_core: float, step: float, cores: int) -> str:
    """Say how much of a machine reading takes: a step of batch 1 reads a pair of each domain."""
    need = 2 / step
    return (
        f"A step of {1000 * step:.0f} ms at batch 1 needs {need:.0f} pairs/s (one of each domain): "
        f"{need / per_core:.2f} cores of {cores}. All {cores} could feed steps of "
        f"{2000 / (per_core * cores):.1f} ms."
    )


if __name__ == "__main__":
    main()
