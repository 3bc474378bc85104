"""Loss curves of training in float32 and in bfloat16, over seeds.

    python -m benchmarks.loss_curves --workdir runs/curves --steps 300 --seeds 0 1 2

Trains a preset with either type of network (``nets.dtype``) and every seed, and prints for every
term the mean of its last logged values: the lowest and the highest of the seeds in either type. A
finished run is not run again. On a CPU bfloat16 is computed as a GPU would round it, only slower.
"""

import argparse
from pathlib import Path

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import numpy as np  # noqa: E402

from configs import sggan as presets  # noqa: E402
from sggan_jax.files import read_json_lines  # noqa: E402
from sggan_jax.train.setup import train  # noqa: E402

TYPES = ("float32", "bfloat16")


def main() -> None:
    arguments = parse()
    found = {
        dtype: [measure(dtype, seed, arguments) for seed in arguments.seeds] for dtype in TYPES
    }
    print(format_table(found, arguments.last))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--preset", default="toycity", help="of configs/sggan.py")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--last", type=int, default=100, help="steps that count")
    return parser.parse_args()


def measure(dtype: str, seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Train, and take the mean of every term over the last steps."""
    config = presets.get_config(arguments.preset)
    config.nets.dtype, config.seed, config.train.steps = dtype, seed, arguments.steps
    config.data.data_dir = str(arguments.workdir / "data")
    workdir = arguments.workdir / f"{dtype}_{seed}"
    train(config.to_dict(), workdir)
    lines = [
        line
        for line in read_json_lines(workdir / "metrics.jsonl")
        if line["step"] > arguments.steps - arguments.last
    ]
    names = [name for name in lines[0] if name[-2:] in ("_v", "_r")]
    return {name: float(np.mean([line[name] for line in lines])) for name in names}


def format_table(found: dict[str, list[dict[str, float]]], last: int) -> str:
    """Write the range of every term over the seeds as a Markdown table, a column for each type."""
    head = (
        f"| term, mean of the last {last} steps | {' | '.join(TYPES)} |",
        f"| :--- |{' ---: |' * len(TYPES)}",
    )
    ranges = {
        name: [[run[name] for run in found[dtype]] for dtype in TYPES]
        for name in found[TYPES[0]][0]
    }
    rows = (
        f"| `{name}` | {' | '.join(f'{min(x):.4f} to {max(x):.4f}' for x in columns)} |"
        for name, columns in ranges.items()
    )
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    main()
