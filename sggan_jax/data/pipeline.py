"""Two unpaired streams of examples, shuffled anew each epoch, flipped, batched and read ahead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import grain
import numpy as np
import tensorflow_datasets as tfds

from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.builders.reading import decode_png
from sggan_jax.data.prepare import is_built, make_builder
from sggan_jax.data.transforms import flip as flip_pair
from sggan_jax.types import InputError

CACHE_BYTES = 2 << 30
"""Decoded examples stay in memory when those of both domains fit in this."""


class Source(Protocol):
    """Random access to examples of one domain."""

    names: Sequence[str]

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
    """

    def __init__(self, data: Any, names: Sequence[str], labelled: bool):
        self._data = data
        self.names = tuple(names)
        self.labelled = labelled

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
    names = builder.info.metadata["names"]
    if split not in names:
        raise InputError(f"The {what} has no split {split!r}, only {', '.join(names)}.")
    skip = tfds.decode.SkipDecoding()
    # Opened by its files alone: unlike a builder with its plan, that can go to other processes.
    files = tfds.builder_from_directory(builder.data_dir)
    data = files.as_data_source(split, decoders={"image": skip, "label": skip})
    return PreparedSource(data, names[split], builder.info.metadata["labelled"])


def steps_per_epoch(len_v: int, len_r: int, global_batch: int) -> int:
    """Count the steps of an epoch, which is min(|V|, |R|) pairs (section 4 of the paper).

    Args:
        len_v: Number of virtual images.
        len_r: Number of real images.
        global_batch: Pairs per step over all devices and processes.

    Returns:
        Whole batches per epoch.

    Raises:
        InputError: There are fewer pairs than one batch.

    Example:
        >>> steps_per_epoch(24966, 2000, 1)
        2000
    """
    pairs = min(len_v, len_r)
    if global_batch < 1 or pairs < global_batch:
        raise InputError(
            f"{len_v} virtual and {len_r} real images make {pairs} pairs an epoch, which is less "
            f"than one batch of {global_batch}: use a smaller batch or more images."
        )
    return pairs // global_batch


@dataclass(frozen=True)
class _Order:
    """All that decides which examples come in which order."""

    len_v: int
    len_r: int
    seed: int
    flip: float


class Pipeline:
    """An endless iterator over batches whose position can be saved.

    The position counts pairs over all processes, so that a state also fits another batch size or
    number of processes, where whole batches allow it.
    """

    def __init__(
        self,
        pairs: grain.MapDataset,
        order: _Order,
        *,
        batch_size: int,
        process_index: int,
        process_count: int,
        read: grain.ReadOptions,
        workers: int,
    ):
        self._pairs, self._order = pairs, order
        self._batch_size, self._read, self._workers = batch_size, read, workers
        self._process_index, self._process_count = process_index, process_count
        self._start_at(0)

    def _start_at(self, position: int) -> None:
        self._position = position
        # Interleaved shards: the processes together see the pairs that one process would.
        shard = self._pairs[position + self._process_index :: self._process_count]
        batches = shard.batch(self._batch_size, drop_remainder=True).to_iter_dataset(self._read)
        if self._workers:
            batches = batches.mp_prefetch(grain.MultiprocessingOptions(num_workers=self._workers))
        self._iterator = iter(batches)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return self

    def __next__(self) -> dict[str, np.ndarray]:
        batch = next(self._iterator)
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
            if state[key] != value:
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

    def close(self) -> None:
        """Stop threads and worker processes."""
        self._iterator.close()


def make_pipeline(
    virtual: Source,
    real: Source,
    *,
    batch_size: int,
    seed: int,
    flip: float = 0.5,
    process_index: int = 0,
    process_count: int = 1,
    threads: int = 2,
    workers: int = 0,
    prefetch: int = 4,
    cache: bool = True,
) -> Pipeline:
    """Draw from two domains independently, without pairing them, for ever.

    Each domain is shuffled anew for each of its epochs. Order and flips depend on the seed alone,
    neither on threads, workers nor the number of processes.

    Args:
        virtual: The virtual domain.
        real: The real domain.
        batch_size: Pairs per batch and process.
        seed: Decides order and flips, in [0, 2**32).
        flip: Probability of mirroring an image with its labels.
        process_index: Which shard to read, in [0, process_count).
        process_count: Number of shards.
        threads: Threads that read ahead.
        workers: Processes that read ahead; 0 stays in this one.
        prefetch: Batches to hold ready.
        cache: Keep decoded examples in memory if those of both domains fit in ``CACHE_BYTES``.

    Returns:
        An iterator over batches: ``v`` and ``r`` uint8 [B, H, W, 3], ``lab_v`` and ``lab_r`` uint8
        [B, H, W].

    Raises:
        InputError: A domain is empty, the sizes of the domains differ, or a number is out of range.
    """
    _check(virtual, real, batch_size, flip, process_index, process_count)
    if cache and not workers and _decoded_bytes(virtual) + _decoded_bytes(real) <= CACHE_BYTES:
        virtual, real = _Cached(virtual), _Cached(real)
    streams = [_stream(virtual, (seed, 0), flip), _stream(real, (seed, 1), flip)]
    return Pipeline(
        grain.experimental.ZipMapDataset(streams).map(_name_parts),
        _Order(len(virtual), len(real), seed, flip),
        batch_size=batch_size,
        process_index=process_index,
        process_count=process_count,
        read=grain.ReadOptions(num_threads=threads, prefetch_buffer_size=prefetch),
        workers=workers,
    )


def _stream(source: Source, seed: tuple[int, int], flip: float) -> grain.MapDataset:
    number = int(np.random.SeedSequence(seed).generate_state(1)[0])
    data = grain.MapDataset.source(source).seed(number).shuffle().repeat()

    def mirror(example: Mapping[str, Any], rng: np.random.Generator) -> tuple:
        pair = example["image"], example["label"]
        return flip_pair(*pair) if rng.random() < flip else pair

    return data.random_map(mirror)


def _name_parts(pair: tuple) -> dict[str, np.ndarray]:
    (v, lab_v), (r, lab_r) = pair
    return {"v": v, "lab_v": lab_v, "r": r, "lab_r": lab_r}


class _Cached:
    """A source that decodes each example once."""

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


def _decoded_bytes(source: Source) -> int:
    example = source[0]
    return len(source) * (example["image"].nbytes + example["label"].nbytes)


def _check(
    virtual: Source,
    real: Source,
    batch_size: int,
    flip: float,
    process_index: int,
    process_count: int,
) -> None:
    for domain, source in (("virtual", virtual), ("real", real)):
        if not len(source):
            raise InputError(f"The {domain} data set is empty.")
    size_v, size_r = ("{}x{}".format(*source[0]["label"].shape) for source in (virtual, real))
    if size_v != size_r:
        raise InputError(
            f"Virtual images are {size_v}, real ones {size_r} (height x width): prepare both at "
            "one size."
        )
    if batch_size < 1:
        raise InputError(f"Batch size {batch_size} is impossible: it must be at least 1.")
    if not 0 <= flip <= 1:
        raise InputError(f"Flip probability {flip} is outside [0, 1].")
    if not 0 <= process_index < process_count:
        raise InputError(f"Process {process_index} is none of {process_count} counted from 0.")
