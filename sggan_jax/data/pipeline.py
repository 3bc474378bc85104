"""Unpaired streams of examples, shuffled anew each epoch, flipped, batched and read ahead."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import grain
import numpy as np

from sggan_jax.data.fallback import WHOLE, WithFallback
from sggan_jax.data.matching import check_candidates
from sggan_jax.data.sources import Cached, PreparedSource, Source, decoded_bytes, open_source
from sggan_jax.data.streams import Shard, Stream, Streams, digest
from sggan_jax.data.transforms import Augmentation
from sggan_jax.types import InputError

__all__ = [
    "CACHE_BYTES",
    "Pipeline",
    "PreparedSource",
    "Source",
    "make_pipeline",
    "open_source",
    "steps_per_epoch",
]

CACHE_BYTES = 2 << 30
"""Decoded examples stay in memory when those of both domains fit in this."""

_UNALTERED = Augmentation()
_NONE: Mapping[str, Collection[str]] = {}
_DOMAINS = {"v": "virtual", "r": "real"}


def steps_per_epoch(len_v: int, len_r: int | None, global_batch: int) -> int:
    """Count the steps of an epoch, which is min(|V|, |R|) pairs (section 4 of the paper).

    Args:
        len_v: Number of virtual images.
        len_r: Number of real images; None without a second domain, an epoch is then |V| images.
        global_batch: Pairs per step over all devices and processes.

    Returns:
        Whole batches per epoch.

    Raises:
        InputError: There are fewer pairs than one batch.

    Example:
        >>> steps_per_epoch(24966, 2000, 1)
        2000
    """
    pairs = len_v if len_r is None else min(len_v, len_r)
    if global_batch < 1 or pairs < global_batch:
        there = (
            f"{len_v} images are there"
            if len_r is None
            else f"{len_v} virtual and {len_r} real images make {pairs} pairs an epoch"
        )
        raise InputError(
            f"{there}, which is less than one batch of {global_batch}: use a smaller batch or more "
            "images."
        )
    return pairs // global_batch


@dataclass(frozen=True)
class _Order:
    """All that decides which examples come in which order; ``len_r`` 0 means no second domain.

    ``names`` is a digest of the examples' names.
    """

    len_v: int
    len_r: int
    seed: int
    flip: float
    scale_low: float
    scale_high: float
    colour: float
    crop_height: int
    crop_width: int
    crop_shift: float
    candidates: int
    paired: bool
    names: str


class Pipeline:
    """An endless iterator over batches whose position can be saved.

    The position counts pairs over all processes, so that a state also fits another batch size or
    number of processes, where whole batches allow it.

    Attributes:
        sources: The domains by letter; examples that cannot be read are replaced in them.
    """

    def __init__(
        self,
        sources: Mapping[str, WithFallback],
        streams: Streams,
        order: _Order,
        *,
        batch_size: int,
        process_index: int,
        process_count: int,
        read: grain.ReadOptions,
        workers: int,
    ):
        self._streams = streams
        self.sources, self._order = sources, order
        self._gaps: dict[str, set[int]] = {letter: set() for letter in sources}
        self._batch_size, self._read, self._workers = batch_size, read, workers
        self._process_index, self._process_count = process_index, process_count
        self._start_at(0)

    def _start_at(self, position: int) -> None:
        self._position = position
        processes = self._process_index, self._process_count
        shard = Shard(self._streams, position, self._batch_size, *processes)
        batches = grain.MapDataset.source(shard).batch(
            self._batch_size, drop_remainder=True, batch_fn=_stack
        )
        ahead = batches.to_iter_dataset(self._read)
        if self._workers:
            ahead = ahead.mp_prefetch(grain.MultiprocessingOptions(num_workers=self._workers))
        self._iterator = iter(ahead)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return self

    def __next__(self) -> dict[str, np.ndarray]:
        batch = next(self._iterator)
        for letter, gaps in self._gaps.items():
            gaps.update(batch.pop(f"gap_{letter}").tolist())
        self._position += self._batch_size * self._process_count
        return batch

    def get_state(self) -> dict[str, Any]:
        """Return the position and what it belongs to, fit for JSON."""
        return {"position": self._position, **asdict(self._order)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue where a state was taken.

        Raises:
            InputError: The state belongs to other data, another seed, or a part of a batch.
        """
        for key, value in asdict(self._order).items():
            # Positions of earlier versions do not hold every key.
            if state.get(key, value) != value:
                raise InputError(
                    f"The saved data position has {key} = {state[key]}, this run {value}: "
                    "a run can only resume on the data and seed it began with."
                )
        if state["position"] % (self._batch_size * self._process_count):
            raise InputError(
                f"The saved data position {state['position']} is no multiple of the global batch "
                f"{self._batch_size * self._process_count}: resume with the batch it began with."
            )
        self.close()
        self._start_at(int(state["position"]))

    def name_batch(self, position: int) -> dict[str, list[str]]:
        """Name the examples that the batch of all processes at a position holds, by domain."""
        places = range(position, position + self._batch_size * self._process_count)
        return {
            letter: [self._streams.name(letter, place) for place in places]
            for letter in self._streams.streams
        }

    def take_unreadable(self) -> dict[str, list[int]]:
        """Return which examples others stood in for since the last call, by domain."""
        found = {letter: sorted(gaps - {WHOLE}) for letter, gaps in self._gaps.items()}
        for gaps in self._gaps.values():
            gaps.clear()
        return found

    def close(self) -> None:
        """Stop threads and worker processes."""
        self._iterator.close()


def make_pipeline(
    virtual: Source,
    real: Source | None,
    *,
    batch_size: int,
    seed: int,
    flip: float = 0.5,
    augmentation: Augmentation = _UNALTERED,
    process_index: int = 0,
    process_count: int = 1,
    threads: int = 2,
    workers: int = 0,
    prefetch: int = 4,
    cache: bool = True,
    unreadable: Mapping[str, Collection[str]] = _NONE,
    candidates: int = 1,
    paired: bool = False,
    class_groups: Sequence[int] = (),
) -> Pipeline:
    """Draw from two domains for ever, independently unless they are paired.

    Each domain is shuffled anew for each of its epochs; all depends on the seed alone.

    Args:
        virtual: The virtual domain.
        real: The real domain; None for a single domain.
        batch_size: Pairs per batch and process.
        seed: Decides order and flips; not negative.
        flip: Probability of mirroring an image with its labels.
        augmentation: What else may change at random; nothing by default.
        process_index: Which shard to read, in [0, process_count).
        process_count: Number of shards.
        threads: Threads that read ahead.
        workers: Processes that read ahead; 0 stays in this one.
        prefetch: Batches to hold ready, at least one for each thread.
        cache: Keep decoded examples in memory if those of both domains fit in ``CACHE_BYTES``.
        unreadable: Names of examples that are not to be read, by domain.
        candidates: Real images drawn for each virtual one, of which one is taken, see ``Streams``.
        paired: Whether examples belong together, see :func:`sggan_jax.data.matching.pair_by_name`.
        class_groups: Class group of every class id, for more candidates than one.

    Returns:
        An iterator over batches: ``v``, ``r`` uint8 [B, H, W, 3], ``lab_v``, ``lab_r`` [B, H, W].

    Raises:
        InputError: A domain is empty, the sizes of the domains differ, or a number is out of range.
    """
    if seed < 0:
        raise InputError(f"Seed {seed} is negative.")
    check_candidates(candidates)
    domains = {"v": virtual} if real is None else {"v": virtual, "r": real}
    _check(domains, batch_size, flip, process_index, process_count)
    repaired = {k: WithFallback(x, unreadable.get(k, ())) for k, x in domains.items()}
    _check_sizes(repaired)
    sources: Mapping[str, Source] = repaired
    if cache and not workers and sum(map(decoded_bytes, repaired.values())) <= CACHE_BYTES:
        sources = {letter: Cached(source) for letter, source in sources.items()}
    streams = {
        letter: Stream(source, seed, 0 if paired else domain, flip, augmentation)
        for domain, (letter, source) in enumerate(sources.items())
    }
    return Pipeline(
        repaired,
        Streams(streams, candidates, tuple(class_groups)),
        _Order(
            len(virtual),
            len(real or ()),
            seed,
            flip,
            **asdict(augmentation),
            candidates=candidates,
            paired=paired,
            names=digest(domains.values()),
        ),
        batch_size=batch_size,
        process_index=process_index,
        process_count=process_count,
        read=grain.ReadOptions(num_threads=threads, prefetch_buffer_size=max(threads, prefetch, 1)),
        workers=workers,
    )


def _stack(pairs: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    # Always a copy: what is handed out must not share memory with the cache.
    return {key: np.stack([pair[key] for pair in pairs]) for key in pairs[0]}


def _check(
    sources: Mapping[str, Source],
    batch_size: int,
    flip: float,
    process_index: int,
    process_count: int,
) -> None:
    for letter, source in sources.items():
        if not len(source):
            raise InputError(f"The {_DOMAINS[letter]} data set is empty.")
    if batch_size < 1:
        raise InputError(f"Batch size {batch_size} is impossible: it must be at least 1.")
    if not 0 <= flip <= 1:
        raise InputError(f"Flip probability {flip} is outside [0, 1].")
    if not 0 <= process_index < process_count:
        raise InputError(f"Process {process_index} is none of {process_count} counted from 0.")


def _check_sizes(sources: Mapping[str, WithFallback]) -> None:
    sizes = ["{}x{}".format(*source.size) for source in sources.values()]
    if len(set(sizes)) > 1:
        raise InputError(
            f"Virtual images are {sizes[0]}, real ones {sizes[1]} (height x width): prepare both "
            "at one size."
        )
