"""How many spoiled images the gate of launch.adapt catches, and how many good ones it rejects.

    python -m benchmarks.gate --source renderings --adapted adapted --segmenter runs/real_seg

Of every ten images of an adapted data set one is spoiled, in a different way each time round, and
the whole set is judged. Prints a Markdown row per way: share of the spoiled images rejected, with
the network and without it; and what share of the untouched images was rejected.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from sggan_jax.allocator import tune_allocator

tune_allocator()  # before jax is imported

import numpy as np  # noqa: E402
from PIL import Image, ImageFilter  # noqa: E402

from sggan_jax.adapt.gate import Gate, judge  # noqa: E402
from sggan_jax.data.builders.reading import read_labels  # noqa: E402
from sggan_jax.data.labels import CITYSCAPES  # noqa: E402
from sggan_jax.evaluate.meaning import ImageScores  # noqa: E402
from sggan_jax.folders import list_images  # noqa: E402
from sggan_jax.images import read_image  # noqa: E402
from sggan_jax.runs.segmenter import load_segmenter  # noqa: E402

SKY, TREE, BUILDING = 23, 21, 11
# Ids that may be swapped: road, sidewalk, building, vegetation, sky, car.
LARGE = (7, 8, BUILDING, TREE, SKY, 26)
EVERY = 10
_PATCH = 16

Spoil = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray | None]


def texture_of(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Fill an image with mirrored copies of the patch that lies most within a region."""
    height, width = where.shape
    corners = [
        (where[i : i + _PATCH, j : j + _PATCH].mean(), i, j)
        for i in range(0, height - _PATCH + 1, 4)
        for j in range(0, width - _PATCH + 1, 4)
    ]
    _, i, j = max(corners)
    patch = image[i : i + _PATCH, j : j + _PATCH]
    patch = np.concatenate([patch, patch[:, ::-1]], axis=1)
    patch = np.concatenate([patch, patch[::-1]], axis=0)
    times = height // len(patch) + 1, width // len(patch) + 1, 1
    return np.tile(patch, times)[:height, :width]


def sky_replaced(with_what: int) -> Spoil:
    def spoil(image, labels, _):
        sky, other = labels == SKY, labels == with_what
        if sky.mean() < 0.03 or other.mean() < 0.03:
            return None
        return np.where(sky[..., None], texture_of(image, other), image)

    return spoil


def swap_classes(image, labels, numbers):
    present = [k for k in LARGE if (labels == k).mean() > 0.05]
    if len(present) < 2:
        return None
    one, other = numbers.permutation(present)[:2]
    first, second = texture_of(image, labels == one), texture_of(image, labels == other)
    swapped = np.where((labels == one)[..., None], second, image)
    return np.where((labels == other)[..., None], first, swapped)


def blur(radius: float) -> Spoil:
    def spoil(image, *_):
        return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))

    return spoil


def shift(image, *_):
    """Move everything sideways by a 32nd of the width."""
    return np.roll(image, image.shape[1] // 32, axis=1)


WAYS: dict[str, Spoil] = {
    "sky replaced by the texture of trees": sky_replaced(TREE),
    "sky replaced by the texture of buildings": sky_replaced(BUILDING),
    "two classes swapped": swap_classes,
    "boundaries blurred (radius 2)": blur(2),
    "boundaries blurred (radius 1)": blur(1),
    "moved by a 32nd of the width": shift,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--adapted", type=Path, required=True)
    parser.add_argument("--segmenter", required=True)
    parser.add_argument("--count", type=int, default=0, help="images; 0 takes all")
    arguments = parser.parse_args()
    names = list_images(arguments.adapted / "images")[: arguments.count or None]
    gate, numbers = Gate(CITYSCAPES, load_segmenter(arguments.segmenter)), np.random.default_rng(0)

    def read(name: Path) -> tuple[np.ndarray, ...]:
        labels = arguments.source / "labels" / name.with_suffix(".png")
        folders = arguments.source, arguments.adapted
        return *(read_image(f / "images" / name) for f in folders), read_labels(labels, CITYSCAPES)

    good = {str(name): gate(*read(name)) for name in names}
    print(f"{len(good)} images, network {gate.evaluation_network}\n")
    print("| spoiled | images | caught | without the network | good ones rejected |")
    print("| :--- | ---: | ---: | ---: | ---: |")
    print(_row("nothing", good, ()))
    for way, spoil in WAYS.items():
        scores, spoiled = dict(good), []
        for name in names[::EVERY]:
            image, adapted, labels = read(name)
            made = spoil(adapted, labels, numbers)
            if made is not None:
                scores[str(name)] = gate(image, made, labels)
                spoiled.append(str(name))
        print(_row(way, scores, tuple(spoiled)), flush=True)


def _row(way: str, scores: dict[str, ImageScores], spoiled: tuple[str, ...]) -> str:
    found = judge(scores)
    blind = judge({name: _unseen(image) for name, image in scores.items()})
    wrong = sum(name not in spoiled for name in found)
    number = len(spoiled)
    cells = [
        way,
        str(number),
        f"{sum(name in found for name in spoiled) / number:.0%}" if number else "-",
        f"{sum(name in blind for name in spoiled) / number:.0%}" if number else "-",
        f"{wrong / max(1, len(scores) - number):.1%}",
    ]
    return "| " + " | ".join(cells) + " |"


def _unseen(image: ImageScores) -> ImageScores:
    """Scores as they are where no network looks."""
    classes = {
        name: dataclasses.replace(one, source=None, adapted=None)
        for name, one in image.classes.items()
    }
    return dataclasses.replace(image, source=None, adapted=None, classes=classes)


if __name__ == "__main__":
    main()
