"""Domains without end: which example stands at a position, in which form, and its name."""

import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sggan_jax.data.matching import choose_best, sample_layout
from sggan_jax.data.sources import Source
from sggan_jax.data.transforms import NUM_UNIFORMS, Augmentation, augment
from sggan_jax.data.transforms import flip as flip_pair

_ENDLESS = 1 << 62


@functools.lru_cache(maxsize=8)
def _epoch(
    seed: int, domain: int, epoch: int, length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of an epoch, and numbers in [0, 1) for each place: on flipping, on augmentation."""
    rng = np.random.default_rng((seed, domain, epoch))
    return rng.permutation(length), rng.random(length), rng.random((length, NUM_UNIFORMS))


@dataclass(frozen=True)
class Stream:
    """One domain without end: each epoch shuffled anew, each example altered and mirrored.

    A position holds an image, its labels, and whose place they took, see :class:`WithFallback`.
    """

    source: Source
    seed: int
    domain: int
    flip: float
    augmentation: Augmentation

    def labels(self, position: int) -> np.ndarray:
        """Return the labels at a position, uint8 [H, W]."""
        plain = dataclasses.replace(self.augmentation, colour=0.0)
        return dataclasses.replace(self, augmentation=plain)[position][1]

    def __getitem__(self, position: int) -> tuple[np.ndarray, np.ndarray, int]:
        epoch, place = divmod(position, len(self.source))
        order, chance, uniforms = _epoch(self.seed, self.domain, epoch, len(self.source))
        example = self.source[int(order[place])]
        pair = augment(
            example["image"], example["label"], uniforms[place], self.augmentation, self.domain
        )
        image, label = flip_pair(*pair) if chance[place] < self.flip else pair
        return image, label, example["gap"]

    def name(self, position: int) -> str:
        """Return the name of the example at a position."""
        epoch, place = divmod(position, len(self.source))
        order, *_ = _epoch(self.seed, self.domain, epoch, len(self.source))
        return self.source.names[int(order[place])]


@dataclass(frozen=True)
class Streams:
    """The streams of all domains side by side, by letter.

    Attributes:
        streams: By letter.
        candidates: How many examples of the real domain stand at each position, of which the one
            is taken whose labels agree best with the virtual example's; 1 takes them as they come.
        class_groups: Class group of every class id, by which labels are compared.
    """

    streams: Mapping[str, Stream]
    candidates: int = 1
    class_groups: tuple[int, ...] = ()

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, position: int) -> dict[str, Any]:
        example: dict[str, Any] = {}
        for letter, stream in self.streams.items():
            image, label, gap = stream[self._place(letter, position)]
            example |= {letter: image, f"lab_{letter}": label, f"gap_{letter}": np.int64(gap)}
        return example

    def name(self, letter: str, position: int) -> str:
        """Return the name of a domain's example at a position."""
        return self.streams[letter].name(self._place(letter, position))

    def _place(self, letter: str, position: int) -> int:
        """Position within a domain's stream; real examples are chosen among the candidates."""
        if letter == "v" or self.candidates == 1:
            return position
        groups = np.array(self.class_groups, np.uint8)
        layout = sample_layout(self.streams["v"].labels(position), groups)
        first = position * self.candidates
        places = range(first, first + self.candidates)
        found = [sample_layout(self.streams[letter].labels(place), groups) for place in places]
        return first + choose_best(layout, found)


@dataclass(frozen=True)
class Shard:
    """What one process of several sees: its block of every batch, from a position on.

    Blocks side by side are the batch that one process would see, in its order.
    """

    streams: Streams
    position: int
    block: int
    process_index: int
    process_count: int

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: int) -> dict[str, Any]:
        batch, place = divmod(index, self.block)
        blocks = batch * self.process_count + self.process_index
        return self.streams[self.position + blocks * self.block + place]


def digest(sources: Iterable[Source]) -> str:
    """Shorten the names of all examples of all sources, in their order, to 16 characters."""
    names = "\n\n".join("\n".join(source.names) for source in sources)
    return hashlib.sha256(names.encode()).hexdigest()[:16]
