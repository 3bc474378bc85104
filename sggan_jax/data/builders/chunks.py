"""Pairs made in chunks, by several processes or threads, each kept on disk until it is stored."""

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sggan_jax.data.builders.pairs import Pair
from sggan_jax.data.survey import Survey
from sggan_jax.data.transforms import resize
from sggan_jax.images import encode_png
from sggan_jax.threads import THREADS, ahead
from sggan_jax.types import InputError

CHUNK = 16
"""Pairs of one chunk: what one worker takes, and what a killed preparation loses at most."""

_PAIRS_PER_PROCESS = 200
"""A process takes seconds to start: below this many pairs for each, threads are faster."""


@dataclass
class Chunk:
    """Some pairs, made.

    Attributes:
        examples: Name, image and class ids of every usable pair, both as PNG.
        survey: What they hold, and which pairs were refused.
    """

    examples: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    survey: Survey = field(default_factory=Survey)


@dataclass(frozen=True)
class Task:
    """Pairs to make, where to keep them, and how.

    Attributes:
        pairs: At most ``CHUNK`` pairs.
        size: Height and width to store.
        path: File to keep them in; None to survey them alone.
        known: Names of pairs that are broken in the release itself.
    """

    pairs: Sequence[Pair]
    size: tuple[int, int]
    path: Path | None = None
    known: tuple[str, ...] = ()


def make_chunk(task: Task) -> Chunk:
    """Read, check, resize and encode the pairs of a task."""
    chunk = Chunk()
    for pair in task.pairs:
        try:
            image, labels, original = make_pair(pair, task.size)
        except InputError as error:
            note = " (known of this release)" if pair.name in task.known else ""
            chunk.survey.refused.append((pair.name, f"{error}{note}"))
            continue
        chunk.survey.add(image, labels, original)
        if task.path is not None:
            coded = encode_png(image), encode_png(labels)
            chunk.examples.append((pair.name, *coded))
    return chunk


def make_pair(pair: Pair, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Read a pair and resize it.

    Returns:
        Image [*size, 3] and class ids [*size], uint8, and the size that the image had.

    Raises:
        InputError: The pair cannot be used.
    """
    image, labels = pair.load()
    if image.shape[:2] != labels.shape:
        raise InputError(
            f"image {image.shape[0]}x{image.shape[1]} and labels "
            f"{labels.shape[0]}x{labels.shape[1]} (height x width) differ in size: give labels "
            "as large as their image"
        )
    original = image.shape[0], image.shape[1]
    return *resize(image, labels, *size), original


def keep_chunk(task: Task) -> Chunk | None:
    """Make a chunk and write it to its file, whole or not at all, unless it is there.

    Returns:
        The chunk itself where it is not to be kept.
    """
    if task.path is None:
        return make_chunk(task)
    if not task.path.is_file():
        write_chunk(make_chunk(task), task.path)
    return None


def write_chunk(chunk: Chunk, path: Path) -> None:
    """Write a chunk as a zip archive that any program can look into."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    with zipfile.ZipFile(temporary, "w") as packed:
        tree = {"names": [name for name, *_ in chunk.examples], "survey": chunk.survey.to_json()}
        packed.writestr("chunk.json", json.dumps(tree))
        for k, (_, image, label) in enumerate(chunk.examples):
            packed.writestr(f"{k}.image.png", image)
            packed.writestr(f"{k}.label.png", label)
    temporary.replace(path)


def read_chunk(path: Path) -> Chunk:
    """Undo :func:`write_chunk`."""
    with zipfile.ZipFile(path) as packed:
        tree = json.loads(packed.read("chunk.json"))
        examples = [
            (name, packed.read(f"{k}.image.png"), packed.read(f"{k}.label.png"))
            for k, name in enumerate(tree["names"])
        ]
    return Chunk(examples, Survey.from_json(tree["survey"]))


def beside(path: Path) -> Path:
    """Name a file to write before it takes a place, other than those of all other processes."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")  # machines may share a disk


def chunk_path(folder: Path, index: int) -> Path:
    """Return the file of a chunk of a split."""
    return folder / f"{index:06d}.zip"


def split_tasks(
    pairs: Sequence[Pair], size: tuple[int, int], folder: Path | None, known: tuple[str, ...] = ()
) -> list[Task]:
    """Cut pairs into tasks, the same whoever does them."""
    return [
        Task(pairs[k : k + CHUNK], size, folder and chunk_path(folder, k // CHUNK), known)
        for k in range(0, len(pairs), CHUNK)
    ]


def chunks(tasks: Sequence[Task], executor: Executor) -> Iterator[Chunk]:
    """Yield the chunks of tasks in their order, whoever makes them."""
    room = 2 * getattr(executor, "_max_workers", THREADS)
    for task, chunk in zip(tasks, ahead(keep_chunk, tasks, executor, room), strict=True):
        if task.path is None or chunk is not None:
            yield chunk or Chunk()
            continue
        try:
            yield read_chunk(task.path)
        except (OSError, zipfile.BadZipFile, KeyError, json.JSONDecodeError):
            # Another program that prepares the same may have finished and tidied up.
            yield make_chunk(task)


@contextlib.contextmanager
def open_executor(workers: int, pairs: int) -> Iterator[Executor]:
    """Start as many processes as are worth starting for so many pairs; else a few threads.

    Work that is not begun when the context is left is given up; when it is left by an exception or
    Ctrl-C, so is what processes are at: a chunk is there whole or not at all.
    """
    others = set(multiprocessing.active_children())
    processes = min(workers, -(-pairs // _PAIRS_PER_PROCESS))
    executor: Executor = (
        # Processes start anew: copies of one that runs threads of JAX may hang.
        ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _die_with_parent)
        if processes > 1
        else ThreadPoolExecutor(THREADS)
    )
    try:
        yield executor
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _die_with_parent() -> None:
    """End this process when the one that started it is gone, and not before: not by Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def count_cores() -> int:
    """Count the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
