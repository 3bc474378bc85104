"""What a benchmark has measured so far: one JSON file from the records of its experiments."""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.data.labels import group_names
from sggan_jax.evaluate.confusion import score
from sggan_jax.files import write_json
from sggan_jax.reproduce.budget import describe_budget
from sggan_jax.reproduce.experiment import Experiment, Paths
from sggan_jax.reproduce.jobs import Benchmark
from sggan_jax.reproduce.sizes import SCORES, describe_sizes


def write_results(benchmark: Benchmark, failed: Mapping[str, str], command: str) -> dict[str, Any]:
    """Gather every record into ``results.json``, scores in percent.

    Args:
      benchmark: experiments and paths.
      failed: why an experiment failed, by its name.
      command: that made them, to be told beside the figures.
    """
    config = benchmark.config
    names = group_names(config["label_set"])
    results: dict[str, Any] = {
        "command": command,
        "machine": describe_machine(),
        "data": dict(config["data"]),
        "sizes": describe_sizes(config, benchmark.data, benchmark.segment_data),
        "classes": list(names),
        "large": list(config["large"]),
        "experiments": {
            name: _gather(benchmark.paths, experiment, names, config)
            | {"failed": failed.get(name, "")}
            for name, experiment in benchmark.experiments.items()
        },
    }
    if config["budget"]["counts"]:
        images = len(benchmark.open("real")[benchmark.data.split])
        results["budget"] = describe_budget(config, benchmark.experiments, images)
    write_json(benchmark.paths.root / "results.json", results)
    return results


def describe_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Tell cores, processor and architecture; where no file names the processor, without it."""
    found = None
    if cpuinfo.is_file():
        found = re.search(
            r"^model name\s*: (.+)", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE
        )
    cores = f"{os.cpu_count()} cores" + (f" of {found[1]}" if found else "")
    return f"{cores}, {platform.machine()}"


def _gather(
    paths: Paths, experiment: Experiment, names: Sequence[str], config: Mapping[str, Any]
) -> dict[str, Any]:
    def scores(pattern: str) -> list[dict[str, Any]]:
        found = sorted(paths.record(experiment, pattern).parent.glob(f"{pattern}.json"))
        return [_seeds(path) | summarise(_read(path), names, config["large"]) for path in found]

    kind = SCORES[config["score_size"]]
    folder = paths.record(experiment, "").parent
    truth, images = (sorted(folder.glob(f"{what}_*.json")) for what in ("truth", "images"))
    return {
        "title": experiment.title,
        "paper": experiment.paper,
        "adapt_steps": experiment.adapt["train"]["steps"] if experiment.adapt else 0,
        "segment_steps": experiment.segment["train"]["steps"],
        "real": {split: scores(f"{kind}_*_{split}") for split in config["splits"]},
        "kept": scores("kept_*"),
        "judged": scores("judged_*"),
        "images": [_seeds(path) | _read(path) for path in images],
        "truth": [_seeds(path) | {"difference": _read(path)} for path in truth],
    }


def summarise(
    confusion: Sequence[Sequence[int]], names: Sequence[str], large: Sequence[str]
) -> dict[str, Any]:
    """Turn a confusion matrix into scores in percent, two digits after the point.

    >>> summarise([[1, 0], [1, 1]], ["a", "b"], ["a"])["large_iou"]
    50.0
    """
    scores = score(np.array(confusion))
    ious = dict(zip(names, scores.ious.tolist(), strict=True))
    return {
        "pixel_accuracy": _percent(scores.pixel_accuracy),
        "class_accuracy": _percent(scores.class_accuracy),
        "mean_iou": _percent(scores.mean_iou),
        "large_iou": _percent(float(np.nanmean([ious[name] for name in large]))),
        "ious": {name: _percent(iou) for name, iou in ious.items()},
    }


def _percent(share: float) -> float | None:
    """JSON knows no NaN: a class that is absent has None."""
    return None if np.isnan(share) else round(100 * share, 2)


def _seeds(path: Path) -> dict[str, int]:
    """Seeds from a record's name: ``score_0_2_val``, ``kept_0_2``, ``judged_0``."""
    numbers = [int(part) for part in path.stem.split("_") if part.isdigit()]
    return dict(zip(("adapt_seed", "segment_seed"), numbers, strict=False))


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
