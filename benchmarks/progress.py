"""A picture of a run: scenes as its checkpoints adapt them, above the curves of its measures.

    python -m benchmarks.progress --run runs/a --input renderings --steps 500 2000 6000 \
        --measures agreement grid kid --output progress.png

Scenes are images of ``--input``, shrunk to the run's training size; the first row is they
themselves. Measures are those of the run's ``measures.jsonl``; a line marks every step shown.
"""

import argparse
from pathlib import Path
from typing import Any

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import numpy as np  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from sggan_jax.adapt.adapter import load_adapter  # noqa: E402
from sggan_jax.data.transforms import resize_image  # noqa: E402
from sggan_jax.files import read_json_lines  # noqa: E402
from sggan_jax.folders import image_folder, list_images  # noqa: E402
from sggan_jax.images import read_image  # noqa: E402
from sggan_jax.report.curves import Curve, read_curves  # noqa: E402
from sggan_jax.runs.description import read_run  # noqa: E402

_WIDTH = 2.2  # inches of a column of pictures


def main() -> None:
    arguments = parse()
    data = read_run(arguments.run).settings.data
    folder = image_folder(arguments.input)
    files = {path.stem: folder / path for path in list_images(folder)}
    images = [read_image(files[name]) for name in arguments.names]
    scenes = np.stack([resize_image(image, data.height, data.width) for image in images])
    rows = {"rendered": list(scenes)}
    for step in arguments.steps:
        rows[f"step {step}"] = list(load_adapter(arguments.run, step=step)(scenes))
    if arguments.box:
        rows = {title: [*images, cut(images[0], *arguments.box)] for title, images in rows.items()}
    curves = read_curves(read_json_lines(arguments.run / "measures.jsonl"))
    figure = draw(rows, {name: curves[name] for name in arguments.measures}, arguments.steps)
    figure.savefig(arguments.output)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--input", type=Path, required=True, help="folder of renderings")
    parser.add_argument("--names", nargs="+", required=True, help="images, without endings")
    parser.add_argument("--steps", type=int, nargs="+", required=True, help="checkpoints to show")
    parser.add_argument(
        "--box",
        type=int,
        nargs=4,
        metavar=("TOP", "LEFT", "HEIGHT", "WIDTH"),
        help="one row more: this part of the first scene, in pixels",
    )
    parser.add_argument("--measures", nargs="+", default=["agreement", "grid", "kid"])
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def cut(image: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    """Cut a part out of an image [H, W, 3]."""
    return image[top : top + height, left : left + width]


def draw(rows: dict[str, list[np.ndarray]], curves: dict[str, Curve], steps: list[int]) -> Figure:
    """Draw a column of scenes for every entry of ``rows``, and a panel for every curve below."""
    scenes = len(next(iter(rows.values())))
    height, width = next(iter(rows.values()))[0].shape[:2]
    size = (_WIDTH * len(rows), scenes * _WIDTH * height / width + 2.4)
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(size[1] - 2.4, 2.4))
    panels = parts[0].subplots(scenes, len(rows), squeeze=False)
    for column, (title, images) in enumerate(rows.items()):
        panels[0, column].set_title(title, fontsize=9)
        for panel, image in zip(panels[:, column], images, strict=True):
            panel.imshow(image, interpolation="nearest")
            panel.axis("off")
    for panel, (name, (at, values)) in zip(
        parts[1].subplots(1, len(curves), squeeze=False)[0], curves.items(), strict=True
    ):
        panel.plot(at, values, marker=".")
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("step")
        for step in steps:
            panel.axvline(step, color="0.8", lw=0.8, zorder=0)
    return figure


if __name__ == "__main__":
    main()
