r"""What segmentation networks gain from the images of every checkpoint, and which measure tells it.

    python -m benchmarks.downstream train --run runs/a --output gain.jsonl --workdir runs/gain \
        --steps 250 500 1000 --segment_steps 400
    python -m benchmarks.downstream correlate measures.jsonl:gain.jsonl other.jsonl:gain_other.jsonl

``train`` adapts the virtual domain at training size with each checkpoint, trains a segmentation
network on the result and scores it on photographs: a JSON line for each. What is done is not done
again. ``correlate`` joins such lines with those of ``benchmarks.checkpoints`` or a run's
``measures.jsonl`` by step, and prints the rank correlation of every measure with mIoU, signed so
that 1 is a measure whose better values mean more (docs/evaluating.md).
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

from configs import segmenter as presets  # noqa: E402
from sggan_jax.adapt.adapter import load_adapter  # noqa: E402
from sggan_jax.adapt.dataset import adapt_labelled  # noqa: E402
from sggan_jax.data.domains import open_domain  # noqa: E402
from sggan_jax.data.unpack import unpack  # noqa: E402
from sggan_jax.evaluate.correlation import rank_correlation  # noqa: E402
from sggan_jax.evaluate.measures import find_direction  # noqa: E402
from sggan_jax.evaluate.segmentation import describe_scores, score_segmenter  # noqa: E402
from sggan_jax.files import JsonLines, read_json_lines  # noqa: E402
from sggan_jax.runs.description import read_run  # noqa: E402
from sggan_jax.runs.segmenter import load_segmenter  # noqa: E402
from sggan_jax.train.setup import train  # noqa: E402

_BATCH, _FEWEST = 8, 4


def main() -> None:
    arguments = parse()
    if arguments.task == "train":
        measure_gain(arguments)
    else:
        print(format_correlations(arguments.pairs))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    tasks = parser.add_subparsers(dest="task", required=True)
    one = tasks.add_parser("train", help="a segmentation network for every checkpoint")
    one.add_argument("--run", type=Path, required=True)
    one.add_argument("--output", type=Path, required=True, help="file of JSON lines")
    one.add_argument("--workdir", type=Path, required=True, help="for images and networks")
    one.add_argument("--steps", type=int, nargs="+", required=True, help="0: the renderings")
    one.add_argument("--segmenter", default="city128", help="preset of configs/segmenter.py")
    one.add_argument("--segment_steps", type=int, default=400)
    one.add_argument("--seed", type=int, default=0, help="of the segmentation networks")
    one.add_argument("--real_split", default="val", help="of the real domain, to score on")
    other = tasks.add_parser("correlate", help="measures with what was gained")
    other.add_argument("pairs", nargs="+", metavar="MEASURES:GAIN", help="files of JSON lines")
    return parser.parse_args()


def measure_gain(arguments: argparse.Namespace) -> None:
    """Train and score a segmentation network for every checkpoint that has no line yet."""
    data = read_run(arguments.run).settings.data
    renderings = arguments.workdir / "virtual"
    unpack({data.split: open_domain(data, "virtual")}, renderings)
    photographs = open_domain(data, "real", arguments.real_split)
    known = {line["step"] for line in read_json_lines(arguments.output)}
    with JsonLines(arguments.output) as lines:
        for step in arguments.steps:
            if step in known:
                continue
            network = train_on(step, renderings, data.virtual_table, arguments)
            found = describe_scores(score_segmenter(network, photographs), network.names)
            found["iou"] = {name: one["iou"] for name, one in found.pop("classes").items()}
            del found["confusion"]
            lines.add({"step": step, "seed": arguments.seed, **found})
            lines.sync()
            print(f"step {step}: mIoU {100 * found['mean_iou']:.1f}", flush=True)


def train_on(step: int, renderings: Path, table: str, arguments: argparse.Namespace):
    """Adapt the renderings with a checkpoint, at step 0 not at all, and train on the result."""
    place = arguments.workdir / f"{step:06d}"
    images = place / "images" if step else renderings
    if step:
        adapter = load_adapter(arguments.run, step=step)
        adapt_labelled(adapter, renderings, images, batch_size=_BATCH)
    config = presets.get_config(arguments.segmenter)
    config.data.virtual_dir, config.data.virtual_table = str(images), table
    config.data.data_dir = str(place / "data")
    config.train.steps, config.seed = arguments.segment_steps, arguments.seed
    train(config.to_dict(), place / "network")
    network = load_segmenter(place / "network")
    shutil.rmtree(place / "data")  # prepared anew in a minute; every checkpoint has its own
    return network


def format_correlations(pairs: list[str]) -> str:
    """Write the rank correlation of every measure with mIoU as a Markdown table."""
    joined = [row for pair in pairs for row in join(*map(Path, pair.split(":")))]
    rows = []
    for name in sorted({name for goodness, _ in joined for name in goodness}):
        found = [(goodness[name], gain) for goodness, gain in joined if name in goodness]
        if len(found) >= _FEWEST and len(found) == len(joined):
            rows.append((name, rank_correlation(*zip(*found, strict=True))))
    rows.sort(key=lambda row: -row[1].rho)
    head = (
        "| measure | rank correlation | 95 % interval | checkpoints |",
        "| :--- | ---: | ---: | ---: |",
    )
    lines = (
        f"| `{name}` | {x.rho:.2f} | {x.low:.2f} to {x.high:.2f} | {x.pairs} |" for name, x in rows
    )
    return "\n".join([*head, *lines])


def join(measures: Path, gain: Path) -> list[tuple[dict[str, float], float]]:
    """Pair how good the measures of every step are that both files have with its mIoU."""
    gained = {line["step"]: line["mean_iou"] for line in read_json_lines(gain)}
    return [
        (rate(line), gained[line["step"]])
        for line in read_json_lines(measures)
        if line["step"] and line["step"] in gained
    ]


def rate(line: dict[str, Any]) -> dict[str, float]:
    """Turn measures so that more is better; those that are neither stay as they are."""
    turned = {"lower": lambda x: -x, "zero": lambda x: -abs(x)}
    return {
        name: turned.get(find_direction(name), float)(value)
        for name, value in line.items()
        if isinstance(value, float) and name != "seconds"
    }


if __name__ == "__main__":
    main()
