"""Sources of examples: random access to one split of one prepared data set."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow_datasets as tfds

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.prepare import is_built, make_builder, read_metadata
from sggan_jax.images import decode_png
from sggan_jax.types import InputError


class Source(Protocol):
    """Random access to examples of one domain."""

    @property
    def names(self) -> Sequence[str]:
        """Name of each example."""
        ...

    def __len__(self) -> int:
        """Count the examples."""
        ...

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """Return ``image`` uint8 [H, W, 3], ``label`` uint8 [H, W] and ``name``."""
        ...


class PreparedSource:
    """A split of a prepared data set.

    Attributes:
        names: Name of each example.
        labelled: False where every class id is 0 for lack of labels.
        elsewhere: Names of the examples of the data set's other splits.
    """

    def __init__(
        self, data: Any, names: Sequence[str], labelled: bool, elsewhere: Sequence[str] = ()
    ):
        self._data = data
        self.names = tuple(names)
        self.labelled = labelled
        self.elsewhere = tuple(elsewhere)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> dict[str, Any]:
        name = self.names[index]
        record = self._data[index % len(self)]
        return {
            "image": decode_png(record["image"]),
            "label": decode_png(record["label"]),
            "name": name,
        }


def open_source(
    spec: SourceSpec, data_dir: str | Path, split: str, height: int, width: int
) -> PreparedSource:
    """Open a split of a data set that :func:`sggan_jax.data.prepare.prepare` built.

    Args:
        spec: The source it was built from.
        data_dir: Directory of all data sets.
        split: ``train``, ``val`` or ``test``.
        height: Height it was built at.
        width: Width it was built at.

    Returns:
        Random access; an example holds ``image`` uint8 [H, W, 3], ``label`` uint8 [H, W] (class
        ids) and ``name``.

    Raises:
        InputError: It was not built at this size from this source as it is now, or has no such
            split.
    """
    builder = make_builder(spec, data_dir, height, width)
    what = f"{spec.builder} data set {spec.path or spec.look!r}"
    if not is_built(builder):
        raise InputError(
            f"The {what} is not prepared at {height}x{width} in {data_dir}, or its files have "
            "changed since: run launch.prepare_data first."
        )
    metadata = read_metadata(builder)
    names = metadata["names"]
    if split not in names:
        raise InputError(f"The {what} has no split {split!r}, only {', '.join(names)}.")
    skip = tfds.decode.SkipDecoding()
    files = tfds.builder_from_directory(builder.data_dir)
    data = files.as_data_source(split, decoders={"image": skip, "label": skip})
    elsewhere = [name for other in names if other != split for name in names[other]]
    return PreparedSource(data, names[split], metadata["labelled"], elsewhere)


class Subset:
    """Some examples of a source.

    Attributes:
        names: Name of each example.
    """

    def __init__(self, source: Source, places: Sequence[int]):
        self._source, self._places = source, tuple(places)
        self.names = tuple(source.names[place] for place in self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        return self._source[self._places[index]]


def draw(source: Source, count: int, seed: Sequence[int]) -> Subset:
    """Draw examples of a source at random, without repetition.

    Args:
        source: To draw from.
        count: How many, at most the length of the source.
        seed: Decides which; of one seed, a smaller draw is part of a larger one.

    Returns:
        The examples drawn, in the order of the source.
    """
    places = np.random.default_rng(seed).permutation(len(source))[:count]
    return Subset(source, np.sort(places).tolist())


class Cached:
    """A source that decodes each example once and keeps it."""

    def __init__(self, source: Source):
        self._source = source
        self._examples: list[Mapping[str, Any] | None] = [None] * len(source)
        self.names = source.names

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        example = self._examples[index]
        if example is None:
            # Two threads may decode the same example once each: harmless, and needs no lock.
            example = self._examples[index] = self._source[index]
        return example


def decoded_bytes(source: Source) -> int:
    """Count the bytes of all examples once decoded."""
    example = source[0]
    return len(source) * (example["image"].nbytes + example["label"].nbytes)
