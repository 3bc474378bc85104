"""An exported generator as a function on numpy images; neither its code nor its run is needed."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors.numpy
from jax import export

from sggan_jax.export.card import Card, find_file, read_card
from sggan_jax.nets.sizes import add_labels, check_images, pad_to_fit
from sggan_jax.types import InputError

# What jax calls a platform, and what programs are lowered for.
_LOWERED_AS = {"gpu": ("cuda", "rocm")}


NEEDS = "jax reads and writes programs by a package that is missing: pip install flatbuffers"


@dataclasses.dataclass(frozen=True, eq=False)
class Exported:
    """An exported generator: ``exported(images)``; compiled once for each padded shape.

    Attributes:
      card: what it says of itself.
    """

    card: Card
    _program: Any = dataclasses.field(repr=False)
    _weights: Mapping[str, Any] = dataclasses.field(repr=False)

    def __call__(self, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Adapt images of any size: mirrored at the borders to a size it takes, cropped back.

        Args:
          images: uint8 [H, W, 3] or [B, H, W, 3], RGB in [0, 255].
          labels: class ids, uint8 [H, W] or [B, H, W], where the card has ``class_groups``.

        Returns:
          uint8 of the same shape.

        Raises:
          InputError: if the type, rank, channels or size are others, or labels are missing.
        """
        images = np.asarray(images)
        check_images(images)
        groups, given = self.card.images.get("class_groups"), images
        if groups is not None:
            name = str(self.card.run.get("name", "the exported run"))
            given = add_labels(images, labels, np.array(groups, np.uint8), name)
        padded, window = pad_to_fit(self.card.sizes, given)
        return self.run(padded)[window].reshape(images.shape)

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Run the program on [B, H, W, C] of a size it takes, class groups as a fourth channel."""
        return np.asarray(self._compiled(self._weights, batch))

    @functools.cached_property
    def _compiled(self):
        return jax.jit(self._program.call)


def load_exported(folder: str | Path) -> Exported:
    """Load an exported generator.

    Args:
      folder: what ``launch.export`` wrote.

    Returns:
      A function on uint8 images.

    Raises:
      InputError: if the folder holds no export, a damaged one, or one for other platforms, or a
        package is missing.
    """
    folder = Path(folder)
    card = read_card(folder)
    lowered = _LOWERED_AS.get(jax.default_backend(), (jax.default_backend(),))
    if not set(lowered) & set(card.platforms):
        raise InputError(
            f"{folder} was exported for {', '.join(card.platforms)}, and this machine runs "
            f"{' or '.join(lowered)}; export it again with this platform"
        )
    program = find_file(folder, card.program)
    weights = read_weights(find_file(folder, card.weights))
    try:
        return Exported(card, export.deserialize(bytearray(program.read_bytes())), nest(weights))
    except ImportError as error:
        raise InputError(f"{folder} is sound, but {NEEDS}: {error}") from error
    except Exception as error:  # a foreign format can fail in any way
        raise InputError(f"{program} cannot be read: {error}; export it again") from error


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a safetensors file by name.

    Raises:
      InputError: if it is damaged, or not of this format.
    """
    try:
        return safetensors.numpy.load(path.read_bytes())
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise InputError(f"{path} cannot be read: {error}; export it again") from error


def flatten(variables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name every array of nested mappings by its path: ``params/down0/kernel``.

    >>> flatten({"params": {"a": {"kernel": 1}, "b": 2}})
    {'params/a/kernel': 1, 'params/b': 2}
    """
    flat: dict[str, Any] = {}
    for key, value in variables.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}/")
        else:
            flat[prefix + key] = value
    return flat


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Undo :func:`flatten`.

    >>> nest({"params/a/kernel": 1, "params/b": 2})
    {'params': {'a': {'kernel': 1}, 'b': 2}}
    """
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, name = path.split("/")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = value
    return tree
