"""One picture of a benchmark: a row for each experiment, from rendered image to prediction."""

from pathlib import Path

import numpy as np

from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.data.transforms import resize_image, resize_labels
from sggan_jax.evaluate.figures import draw_table
from sggan_jax.images import read_image
from sggan_jax.reproduce.experiment import Experiment
from sggan_jax.reproduce.jobs import Benchmark
from sggan_jax.runs.segmenter import load_segmenter


def draw_benchmark(benchmark: Benchmark, width: int = 256) -> Path:
    """Draw input, training image, photograph, prediction and truth of every finished experiment.

    Args:
      benchmark: experiments and paths.
      width: of one image in pixels, roughly.

    Returns:
      Path of the picture.
    """
    split = benchmark.config["splits"][0]
    virtual, real = benchmark.open("virtual")[benchmark.data.split], benchmark.open("real")[split]
    rendered, photograph = virtual[len(virtual) // 2], real[len(real) // 2]
    seen = benchmark.open("real", benchmark.segment_data)[split][len(real) // 2]["image"]
    truth = colourise(photograph["label"][None], CITYSCAPES)[0]
    rows, size = {}, photograph["image"].shape[:2]
    for experiment in map(benchmark.experiments.__getitem__, benchmark.config["order"]):
        predicted = _predict(benchmark, experiment, split, seen)
        if predicted is not None:
            predicted = colourise(resize_labels(predicted, *size)[None], CITYSCAPES)[0]
            shown = photograph if experiment.domain == "real" else rendered
            images = benchmark.paths.dataset(experiment, 0) / "images"
            made = resize_image(read_image(images / f"{shown['name']}.png"), *size)
            rows[experiment.title] = [shown["image"], made, photograph["image"], predicted, truth]
    titles = ["input", "trained on", "photograph", "prediction", "truth"]
    path = benchmark.paths.root / "benchmark.png"
    enlarge = max(1, round(width / size[1]))
    draw_table(titles, {title: np.stack(row) for title, row in rows.items()}, enlarge).save(path)
    return path


def _predict(
    benchmark: Benchmark, experiment: Experiment, split: str, image: np.ndarray
) -> np.ndarray | None:
    """Class ids that the experiment's first finished network sees; None when none is finished."""
    for seed in benchmark.config["segment_seeds"]:
        if benchmark.score_record(experiment, 0, seed, split).is_file():
            segmenter = load_segmenter(benchmark.paths.segmenter(experiment, 0, seed))
            return segmenter.ids[segmenter(image)]
    return None
