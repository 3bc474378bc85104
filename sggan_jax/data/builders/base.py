"""What all builders share: pairs of image and labels, checked, resized once and stored as PNG."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from sggan_jax.data.builders.reading import encode_png
from sggan_jax.data.transforms import resize
from sggan_jax.types import InputError

_THREADS = 4


@dataclass(frozen=True)
class SourceSpec:
    """Where examples come from.

    Attributes:
        builder: ``folder``, ``toycity`` or one of ``layouts.LAYOUTS``.
        path: Directory of the files; toycity has none.
        table: folder: classes of the labels: one of ``tables.TABLES`` or the path of a TOML or YAML
            file.
        look: toycity: ``virtual`` or ``real``.
        train: toycity: number of training scenes.
        test: toycity: number of test scenes.
        seed: toycity: which city; two seeds share no scene.
    """

    builder: str
    path: str = ""
    table: str = "cityscapes"
    look: str = "virtual"
    train: int = 400
    test: int = 50
    seed: int = 0


@dataclass(frozen=True)
class Pair:
    """One example to be: its name, and how to get its image [h, w, 3] and class ids [h, w]."""

    name: str
    load: Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass
class Plan:
    """What a source offers before anything is read.

    Attributes:
        splits: Pairs by name of the split.
        refused: Name and reason of what cannot become a pair.
        fingerprint: Changes whenever the source does.
        labelled: False where the source has no labels and every id is 0.
        known: Names of pairs that are broken in the release itself.
    """

    splits: Mapping[str, Sequence[Pair]]
    fingerprint: str
    refused: list[tuple[str, str]] = field(default_factory=list)
    labelled: bool = True
    known: tuple[str, ...] = ()


class PairBuilder(tfds.core.GeneratorBasedBuilder):
    """Writes a plan: every pair checked, resized to the training size and stored without loss.

    Args:
        plan: What to write.
        height: Height to store, in pixels.
        width: Width to store, in pixels.
        data_dir: Directory to write under.
    """

    VERSION = tfds.core.Version("1.0.0")

    def __init_subclass__(cls, **kwargs: Any):
        # Builders are made with a plan, never found by name: tfds' register has no use for them.
        super().__init_subclass__(skip_registration=True, **kwargs)  # type: ignore[call-arg]

    def __init__(self, *, plan: Plan, height: int, width: int, data_dir: Path):
        self.plan, self.size = plan, (height, width)
        self.on_pair: Callable[[], None] = lambda: None
        super().__init__(data_dir=data_dir, file_format="array_record")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(*self.size, 3), encoding_format="png"),
            "label": tfds.features.Image(shape=(*self.size, 1), encoding_format="png"),
            "name": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(features),
            metadata=tfds.core.MetadataDict(),
            # Stored in the order of the plan, so that equal plans line up example by example.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
        self.info.metadata.update(
            names={}, pixels={}, refused=list(self.plan.refused), labelled=self.plan.labelled
        )
        return {split: self._generate_examples(split) for split in self.plan.splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        names: list[str] = []
        pixels = np.zeros(256, np.int64)
        refused: list[tuple[str, str]] = []
        pairs = self.plan.splits[split]
        for pair, done in zip(pairs, ahead(self._make, pairs), strict=True):
            self.on_pair()
            if isinstance(done, InputError):
                refused.append((pair.name, str(done)))
                continue
            example, counts = done
            pixels += counts
            names.append(pair.name)
            yield len(names) - 1, example
        if not names:
            raise InputError(refuse_all(split, refused))
        self.info.metadata["refused"] += refused
        self.info.metadata["names"][split] = names
        found = np.flatnonzero(pixels).tolist()
        self.info.metadata["pixels"][split] = {str(i): int(pixels[i]) for i in found}

    def _make(self, pair: Pair) -> tuple[dict[str, Any], np.ndarray] | InputError:
        try:
            image, labels = pair.load()
        except InputError as error:
            return error
        if image.shape[:2] != labels.shape:
            return InputError(
                f"image {image.shape[0]}x{image.shape[1]} and labels "
                f"{labels.shape[0]}x{labels.shape[1]} (height x width) differ in size"
            )
        image, labels = resize(image, labels, *self.size)
        example = {"image": encode_png(image), "label": encode_png(labels), "name": pair.name}
        return example, np.bincount(labels.ravel(), minlength=256)


def refuse_all(split: str, refused: Sequence[tuple[str, str]]) -> str:
    """Say that nothing is left of a split, with the first reason."""
    name, reason = refused[0]
    return f"All {len(refused)} pairs of split {split!r} are unusable, the first, {name}: {reason}"


def ahead(make: Callable, items: Iterable) -> Iterator:
    """Map over items in a few threads, in order, never far ahead of who takes the results."""
    items = iter(items)
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting = deque(pool.submit(make, item) for item in itertools.islice(items, 2 * _THREADS))
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(make, item) for item in itertools.islice(items, 1))
            yield done
