"""Sizes of a benchmark: of adaptations, of segmentation networks, and at which they are scored."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sggan_jax.config import Data
from sggan_jax.data.builders.pairs import Pair
from sggan_jax.data.domains import naming
from sggan_jax.data.prepare import PreparedInfo, usable_pairs
from sggan_jax.data.transforms import resize_image, resize_labels
from sggan_jax.evaluate.segmentation import Labeller
from sggan_jax.types import InputError

SIZES = ("height", "width", "stored_height", "stored_width")

SCORES = {"training": "score", "labels": "native"}
"""What ``score_size`` can be, and how records of such scores begin."""


def segment_sizes(config: Mapping[str, Any], data: Data) -> Data:
    """Read the sizes of segmentation networks: those of the adaptations unless they have their own.

    Args:
      config: of the benchmark, with ``segment_data`` and ``score_size``.
      data: of the adaptations.

    Raises:
      InputError: if sizes cannot be, or a side is missing.
    """
    if config["score_size"] not in SCORES:
        raise InputError(
            f"score_size must be one of {', '.join(SCORES)}, got {config['score_size']!r}"
        )
    own = {key: config["segment_data"][key] for key in SIZES}
    if not any(own.values()):
        return data
    for one, other in (SIZES[:2], SIZES[2:]):
        if bool(own[one]) != bool(own[other]):
            raise InputError(
                f"segment_data.{one} and segment_data.{other} must both be given or both be 0, got "
                f"{own[one]} and {own[other]}"
            )
    if not own["height"]:
        own |= {"height": data.height, "width": data.width}
    with naming("segment_data"):
        return dataclasses.replace(data, **own)


def describe_sizes(config: Mapping[str, Any], data: Data, segment: Data) -> dict[str, Any]:
    """Describe the sizes for ``results.json``."""
    return {
        "adaptation": _tell(data),
        "segmentation": _tell(segment),
        "scored": "the labels' own size"
        if config["score_size"] == "labels"
        else "{}x{}".format(*segment.stored_size),
    }


def _tell(data: Data) -> str:
    """Say at which size images are learned from.

    >>> _tell(Data(height=256, width=512, stored_height=512, stored_width=1024))
    'windows of 256x512 out of 512x1024'
    """
    whole = "{}x{}".format(*data.stored_size)
    if data.size == data.stored_size:
        return whole
    return "windows of {}x{} out of {}".format(*data.size, whole)


class OwnSize:
    """Examples of a split as their files are, read from the source one by one.

    Attributes:
      names: name of each example.
    """

    def __init__(self, info: PreparedInfo, split: str):
        """Find the examples that could be prepared.

        Args:
          info: of the data set, as :func:`sggan_jax.data.prepare.prepare` returns it.
          split: ``train``, ``val`` or ``test``.
        """
        self._pairs: Sequence[Pair] = usable_pairs(info, split)
        self.names = tuple(pair.name for pair in self._pairs)

    def __len__(self) -> int:
        """Count the examples."""
        return len(self._pairs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Read an example: ``image`` uint8 [H, W, 3], ``label`` uint8 [H, W] and ``name``."""
        image, labels = self._pairs[index].load()
        return {"image": image, "label": labels, "name": self.names[index]}


@dataclasses.dataclass(frozen=True, eq=False)
class AtScale:
    """A segmentation network that sees images at one size and answers at the size they have.

    Attributes:
      network: predicts classes.
      size: height and width at which it learned.
    """

    network: Labeller
    size: tuple[int, int]

    @property
    def names(self) -> Sequence[str]:
        """Names of the classes."""
        return self.network.names

    @property
    def class_groups(self) -> np.ndarray:
        """Class of every class id, uint8 [256]; 255 is ignored."""
        return self.network.class_groups

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Predict the class of every pixel: uint8 [B, H, W, 3] to uint8 [B, H, W].

        Images are resized as they are for training; every pixel takes the nearest prediction.
        """
        seen = self.network(np.stack([resize_image(image, *self.size) for image in images]))
        return np.stack([resize_labels(classes, *images.shape[1:3]) for classes in seen])
