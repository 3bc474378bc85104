"""A run of a segmentation network as a function from images to classes, of any size.

A network knows the world at the scale it was trained at, and sees little of images at another. So
images are brought to that scale first, straight to the size as training does, and the answer is
enlarged to the size they had.
"""

import dataclasses
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.data.class_table import ClassTable
from sggan_jax.data.labels import colourise, representative_ids
from sggan_jax.data.transforms import resize_image, resize_labels
from sggan_jax.nets.sizes import check_images
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import read_run
from sggan_jax.runs.networks import read_network
from sggan_jax.types import Array, to_float


@dataclasses.dataclass(frozen=True, eq=False)
class Segmenter:
    """The segmentation network of a run, ready to use: ``segmenter(images)``.

    Compiled once for each shape it meets, and kept.

    Attributes:
      run: run directory.
      step: of the checkpoint.
      module: the network, a pure function of parameters and images in [-1, 1].
      variables: its parameters and running statistics.
      names: of the n classes.
      class_groups: class in [0, n) of every class id, uint8 [256]; 255 is ignored.
      ids: class id that stands for each class, uint8 [n].
      direction: what :func:`sggan_jax.runs.networks.read_network` calls the network.
      scale: height and width that a whole image had in training; None takes every size as it is.
      given: height and width of whole images at the scale of those it is given, which may be
        windows of them; None where whole images are given.
      table: class table of the labels it learned, by name or file; empty where that is not known.
    """

    run: Path
    step: int
    module: Any
    variables: Mapping[str, Any]
    names: tuple[str, ...]
    class_groups: np.ndarray
    ids: np.ndarray
    direction: str = "seg"
    scale: tuple[int, int] | None = None
    given: tuple[int, int] | None = None
    table: str = ""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Predict the class of every pixel, whatever the size of the images.

        Args:
          images: uint8 [H, W, 3] or [B, H, W, 3], RGB in [0, 255].

        Returns:
          Classes in [0, n), uint8 [H, W] or [B, H, W].

        Raises:
          InputError: if the type, rank or channels are others.
        """
        images = np.asarray(images)
        check_images(images)
        batch = images if images.ndim == 4 else images[None]
        own, size = images.shape[-3:-1], self.size_of(images.shape[-3:-1])
        if size != own:
            batch = np.stack([resize_image(image, *size) for image in batch])
        classes = np.asarray(self._compiled(self.variables, batch))
        if size != own:
            classes = np.stack([resize_labels(seen, *own) for seen in classes])
        return classes.reshape(images.shape[:-1])

    def size_of(self, size: tuple[int, ...]) -> tuple[int, int]:
        """Tell at what height and width the network looks at images of a height and width."""
        whole = self.given or size
        wanted = self.scale or whole
        height, width = (
            max(1, round(side * new / old))
            for side, new, old in zip(size, wanted, whole, strict=True)
        )
        return height, width

    @cached_property
    def _compiled(self):
        return jax.jit(partial(_predict, self.module))


def load_segmenter(run: str | Path, step: Step = None) -> Segmenter:
    """Load the segmentation network of a run and nothing else.

    Its moving average is taken where the run kept one.

    Args:
      run: run directory, as ``launch.train`` left it.
      step: of the checkpoint, or ``best``; None for the newest.

    Returns:
      A function from uint8 images to the run's own class groups.

    Raises:
      InputError: if there is no such run or checkpoint, or it has no segmentation network.
    """
    described = read_run(Path(run))
    module, variables, step = read_network(Path(run), "seg", step)
    class_groups = np.array(described.class_groups, np.uint8)
    names, ids = described.group_names, representative_ids(class_groups)
    variables, scale = jax.device_put(variables), described.scale
    table = described.tables.get("virtual", "")
    about = Path(run), step, module, variables, names, class_groups, ids
    return Segmenter(*about, scale=scale, table=table)


def _predict(module: Any, variables: Mapping[str, Any], images: Array) -> Array:
    return jnp.argmax(module.apply(variables, to_float(images)), axis=-1).astype(jnp.uint8)


def draw_seen(
    columns: Mapping[str, np.ndarray], labels: np.ndarray, segmenter: Segmenter, table: ClassTable
) -> dict[str, np.ndarray]:
    """Put labels, and what a network sees, beside images, in the colours of classes.

    Args:
      columns: title to uint8 images [B, H, W, 3]; ``input`` is followed by the labels.
      labels: class ids uint8 [B, H, W] of the inputs.
      segmenter: the network.
      table: of the classes.

    Returns:
      Title to uint8 images [B, H, W, 3], in the order to draw.
    """
    drawn = {"input": columns["input"], "labels": colourise(labels, table)}
    for title, images in columns.items():
        drawn[title] = images
        drawn[f"seen in {title}"] = colourise(segmenter.ids[segmenter(images)], table)
    return drawn
