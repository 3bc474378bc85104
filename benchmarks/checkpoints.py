"""Measures of every checkpoint of a run on images held out of training, as JSON lines.

    python -m benchmarks.checkpoints --run runs/a --output measures.jsonl --segmenter runs/real_seg

Adapts ``--count`` images of the virtual domain's ``--split`` with each checkpoint and measures them
(docs/evaluating.md) beside as many photographs of the real domain's ``--real_split``. The first
line is that of the sources themselves (step null). Steps that the file holds already are left out,
so that the same command follows a run that is still training. ``--pictures`` takes a folder for
some scenes of every step: source, adapted, a photograph.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from sggan_jax.adapt.adapter import load_adapter  # noqa: E402
from sggan_jax.data.domains import open_domain  # noqa: E402
from sggan_jax.data.held_out import choose_held_out  # noqa: E402
from sggan_jax.data.labels import group_names, group_table  # noqa: E402
from sggan_jax.evaluate.checkpoint import measure  # noqa: E402
from sggan_jax.evaluate.features import load_features  # noqa: E402
from sggan_jax.evaluate.held_out import HeldOut, prepare  # noqa: E402
from sggan_jax.runs.description import read_run  # noqa: E402
from sggan_jax.runs.segmenter import load_segmenter  # noqa: E402

_BATCH = 8
_SHOWN = 5


def main() -> None:
    arguments = parse()
    settings = read_run(arguments.run).settings
    scenes = read_domain(settings, "virtual", arguments.split, arguments)
    photographs = read_domain(settings, "real", arguments.real_split, arguments)
    segmenter = load_segmenter(arguments.segmenter) if arguments.segmenter else None
    names, start = group_names(arguments.groups), time.monotonic()
    held = prepare(*scenes, *photographs, names, load_features(), segmenter)
    print(f"prepared in {time.monotonic() - start:.1f} s", flush=True)
    known = read_steps(arguments.output)
    if None not in known:
        write(arguments.output, {"step": None, **measure(held.sources, held)})
    for step in find_steps(arguments):
        if step not in known:
            measure_step(step, held, photographs[0], arguments)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="file of JSON lines")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of every step")
    parser.add_argument("--segmenter", help="run of a segmentation network of photographs")
    parser.add_argument("--groups", default="ten", help="grouping of the classes measured")
    parser.add_argument("--split", default="test", help="of the virtual domain")
    parser.add_argument("--real_split", default="val", help="of the real domain")
    parser.add_argument("--count", type=int, default=64, help="images of either side")
    parser.add_argument("--seed", type=int, default=0, help="decides which images")
    parser.add_argument("--steps", type=int, nargs="*", help="all checkpoints if not given")
    return parser.parse_args()


def read_domain(settings, domain, split, arguments) -> tuple[np.ndarray, np.ndarray]:
    """Read images and classes of a domain, as they are chosen by name."""
    source = open_domain(settings.data, domain, split)
    count = min(arguments.count, len(source) - 1)
    chosen = set(choose_held_out(source.names, arguments.seed, domain, count=count))
    examples = [source[k] for k, name in enumerate(source.names) if name in chosen]
    labels = np.stack([example["label"] for example in examples])
    return np.stack([one["image"] for one in examples]), group_table(arguments.groups)[labels]


def read_steps(path: Path) -> list[int | None]:
    """List the steps that the file holds."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["step"] for line in lines]


def find_steps(arguments: argparse.Namespace) -> list[int]:
    """List the steps to measure."""
    folders = (arguments.run / "checkpoints").iterdir()
    found = sorted(int(folder.name) for folder in folders if folder.name.isdecimal())
    return [step for step in found if arguments.steps is None or step in arguments.steps]


def measure_step(step: int, held: HeldOut, photographs: np.ndarray, arguments) -> None:
    """Adapt, measure and draw with one checkpoint."""
    adapter = load_adapter(arguments.run, step=step)
    start = time.monotonic()
    adapted = np.concatenate([adapter(batch) for batch in batches(held.sources)])
    between = time.monotonic()
    values = measure(adapted, held)
    seconds = {"adapting": between - start, "measuring": time.monotonic() - between}
    write(arguments.output, {"step": step, **values, "seconds": seconds})
    if arguments.pictures:
        draw(arguments.pictures / f"{step:06d}.png", held.sources, adapted, photographs)


def batches(images: np.ndarray) -> Iterator[np.ndarray]:
    """Split images into batches."""
    yield from (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))


def write(path: Path, values: dict) -> None:
    """Add a line to the file and print the measures that have one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values) + "\n")
    whole = {k: v for k, v in values.items() if "/" not in k and isinstance(v, float)}
    print(values["step"], " ".join(f"{k} {v:.4g}" for k, v in whole.items()), flush=True)


def draw(path: Path, *columns: np.ndarray) -> None:
    """Draw some scenes, a row each, spread over the images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.linspace(0, min(map(len, columns)) - 1, _SHOWN).round().astype(int)
    sheet = np.concatenate([np.concatenate([c[row] for c in columns], axis=1) for row in rows])
    Image.fromarray(sheet).save(path)


if __name__ == "__main__":
    main()
