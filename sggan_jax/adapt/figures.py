"""Figures of the kinds of the paper, from runs and a folder data set."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.adapt.size import tell_scale
from sggan_jax.data.builders.reading import read_labels
from sggan_jax.data.domains import check_ids_learned
from sggan_jax.data.labels import class_table, stored_table
from sggan_jax.data.lists import find_name
from sggan_jax.evaluate.figures import Box, difference_map, draw_columns, frame, zoom
from sggan_jax.files import same_name
from sggan_jax.folders import find_labels, image_folder, list_images, name_of, tell_passed_over
from sggan_jax.images import read_image
from sggan_jax.runs.description import read_run
from sggan_jax.runs.segmenter import draw_seen, load_segmenter
from sggan_jax.types import InputError

KINDS = ("comparison", "zoom", "difference", "segmentation")


@dataclasses.dataclass(frozen=True)
class Figure:
    """What to draw.

    Attributes:
      kind: one of ``KINDS``: Figures 4, 5, 6, and 7 and 8 of the paper.
      input: folder of images, or with ``images/``, and ``labels/`` for a segmentation.
      runs: title to run directory.
      names: images to draw, with or without their endings; some spread over the folder if there
        are none.
      count: of images without names.
      box: zoom: top, left, height and width in pixels.
      gain: difference: factor on differences.
      segmenter: segmentation: run of the network.
      table: classes of the labels, and their colours.
      enlarge: pixels drawn for each pixel.
    """

    kind: str
    input: Path
    runs: Mapping[str, str]
    names: tuple[str, ...] = ()
    count: int = 4
    box: tuple[str, ...] = ()
    gain: float = 4.0
    segmenter: str = ""
    table: str = "cityscapes"
    enlarge: int = 1

    def check(self) -> None:
        """Refuse what cannot become the figure that was asked for.

        Raises:
          InputError: saying what is missing.
        """
        needed = 2 if self.kind == "difference" else 1
        if len(self.runs) < needed or (needed == 2 and len(self.runs) > 2):
            raise InputError(f"--kind={self.kind} needs {needed} --run, got {len(self.runs)}")
        if self.kind == "segmentation" and not self.segmenter:
            raise InputError("--kind=segmentation needs --segmenter, the run of a network")
        if self.kind == "zoom" and not (len(self.box) == 4 and all(map(str.isdigit, self.box))):
            raise InputError("--kind=zoom needs --box=top,left,height,width in pixels")


def draw_figure(figure: Figure) -> Image.Image:
    """Read, adapt and draw.

    Raises:
      InputError: if the figure cannot be drawn from what is given.
    """
    figure.check()
    folder = image_folder(figure.input)
    names = choose(figure, folder)
    images = stack([read_image(folder / name) for name in names])
    for path in map(Path, figure.runs.values()):
        tell_scale(folder, names, path, read_run(path).scale, None)
    adapted = {title: load_adapter(path)(images) for title, path in figure.runs.items()}
    columns = {"input": images, **adapted}
    if figure.kind == "zoom":
        columns = draw_zoom(columns, Box(*map(int, figure.box)))
    elif figure.kind == "difference":
        one, other = adapted.values()
        columns["difference"] = difference_map(one, other, figure.gain)
    elif figure.kind == "segmentation":
        truth, table = read_truth(figure, names), class_table(figure.table)
        segmenter = load_segmenter(figure.segmenter)
        check_ids_learned(table, segmenter.table)
        columns = draw_seen(columns, truth, segmenter, stored_table(table))
    return draw_columns(columns, figure.enlarge)


def choose(figure: Figure, folder: Path) -> list[Path]:
    """Choose the images of a folder to draw.

    Raises:
      InputError: if one that is named is not there.
    """
    found = list_images(folder)
    if figure.names:
        known = {of(name): name for of in (name_of, Path.as_posix) for name in found}
        named = [find_name(same_name(name), known) for name in figure.names]
        if lacking := [name for name in named if name not in known]:
            raise InputError(f"{folder} holds no image {lacking[0]!r}; the first is {found[0]}")
        return [known[name] for name in named]
    tell_passed_over(folder)
    chosen = np.unique(np.linspace(0, len(found) - 1, figure.count).astype(int))
    return [found[k] for k in chosen]


def stack(images: list[np.ndarray]) -> np.ndarray:
    """Put images of one size into an array.

    Raises:
      InputError: if their sizes differ.
    """
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise InputError(f"the images of a figure must have one size, got {sorted(sizes)}")
    return np.stack(images)


def draw_zoom(columns: dict[str, np.ndarray], box: Box) -> dict[str, np.ndarray]:
    """Put the enlarged part of each image under the image, framed."""
    pairs = {title: (frame(images, box), zoom(images, box)) for title, images in columns.items()}
    return {
        title: np.stack(pair, axis=1).reshape(-1, *pair[0].shape[1:])
        for title, pair in pairs.items()
    }


def read_truth(figure: Figure, names: list[Path]) -> np.ndarray:
    """Read the labels of images by their names: class ids as they are stored, uint8 [B, H, W]."""
    table, folder = class_table(figure.table), figure.input / "labels"
    if not folder.is_dir():
        raise InputError(
            f"--kind=segmentation draws labels, and {figure.input} has no labels/; give a folder "
            f"with images/ and labels/"
        )
    files = find_labels(figure.input)
    if lacking := [name for name in names if name_of(name) not in files]:
        raise InputError(f"{folder} holds no labels of {lacking[0]}: a PNG of the image's name")
    labels = [read_labels(figure.input / files[name_of(name)], table) for name in names]
    return table.to_stored(np.stack(labels))
