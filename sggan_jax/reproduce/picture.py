"""One picture of a ladder: a row for each rung, from the rendered image to what it taught."""

from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.adapt.segmenter import load_segmenter
from sggan_jax.data.labels import CITYSCAPES, colourise
from sggan_jax.evaluate.figures import draw_table
from sggan_jax.reproduce.rung import Rung
from sggan_jax.reproduce.work import Ladder


def draw_ladder(ladder: Ladder, width: int = 256) -> Path:
    """Draw input, training image, photograph, prediction and truth of every finished rung.

    Args:
      ladder: rungs and paths.
      width: of one image in pixels, roughly.

    Returns:
      Path of the picture.
    """
    split = ladder.config["splits"][0]
    virtual, real = ladder.open("virtual")[ladder.data.split], ladder.open("real")[split]
    rendered, photograph = virtual[len(virtual) // 2], real[len(real) // 2]
    truth = colourise(photograph["label"][None], CITYSCAPES)[0]
    rows = {}
    for rung in ladder.rungs.values():
        predicted = _predict(ladder, rung, split, photograph["image"])
        if predicted is not None:
            shown = photograph if rung.domain == "real" else rendered
            made = _read_image(ladder, rung, shown["name"])
            rows[rung.title] = [shown["image"], made, photograph["image"], predicted, truth]
    titles = ["input", "trained on", "photograph", "prediction", "truth"]
    path = ladder.paths.root / "ladder.png"
    enlarge = max(1, round(width / ladder.data.width))
    draw_table(titles, {title: np.stack(row) for title, row in rows.items()}, enlarge).save(path)
    return path


def _predict(ladder: Ladder, rung: Rung, split: str, image: np.ndarray) -> np.ndarray | None:
    """Colours of what the rung's first finished network sees; None when none is finished."""
    for seed in ladder.config["segment_seeds"]:
        if ladder.paths.record(rung, f"score_0_{seed}_{split}").is_file():
            segmenter = load_segmenter(ladder.paths.segmenter(rung, 0, seed))
            return colourise(segmenter.ids[segmenter(image)][None], CITYSCAPES)[0]
    return None


def _read_image(ladder: Ladder, rung: Rung, name: str) -> np.ndarray:
    path = ladder.paths.dataset(rung, 0) / "images" / f"{name}.png"
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
