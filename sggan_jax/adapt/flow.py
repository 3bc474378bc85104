"""Images of a folder through some work into another: read ahead, worked on, written behind."""

import contextlib
import dataclasses
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from sggan_jax.adapt.provenance import Record, claim
from sggan_jax.adapt.sources import Sources
from sggan_jax.data.transforms import resize_image
from sggan_jax.folders import describe_passed_over, list_images, name_of
from sggan_jax.images import read_image, write_image
from sggan_jax.nets.sizes import fill_batch
from sggan_jax.progress import Progress
from sggan_jax.threads import THREADS, ahead
from sggan_jax.types import InputError

# Images of sizes that do not fill a batch wait for more of their kind; no more than this many
# batches of them, or a folder of all different sizes would end up in memory.
_WAITING_BATCHES = 4

Loaded = tuple[Path, np.ndarray]

Work = Callable[[Sequence[Path], np.ndarray], np.ndarray]
"""Names, and images uint8 [B, H, W, 3] with B at least their number, to what becomes of each."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """What became of a folder.

    Attributes:
      adapted: number of images adapted now.
      skipped: number that an earlier, interrupted run had finished.
      failed: name and reason of every image that could not be read.
      passed_over: what else the folder holds, counted; empty where there is nothing.
      seconds: time taken, compiling or preparing included.
      busy: seconds that ``reading``, ``working`` and ``writing`` took, by themselves. They go on
        beside each other, so that the slowest sets the pace and not their sum.
    """

    adapted: int
    skipped: int
    failed: tuple[tuple[Path, str], ...]
    seconds: float
    busy: Mapping[str, float] = dataclasses.field(default_factory=dict)
    passed_over: str = ""

    @property
    def rate(self) -> float:
        """Images adapted per second."""
        return self.adapted / self.seconds if self.seconds else 0.0


def tell(summary: Summary, done: str = "adapted", included: str = "compilation") -> int:
    """Print what was ``done`` and what its time ``included``; return 1 if files were unreadable."""
    print(
        f"{done} {summary.adapted} images in {summary.seconds:.1f} s "
        f"({summary.rate:.2f} images/s, {included} included), {summary.skipped} were done before"
    )
    if summary.busy:
        spans = (f"{kind} {seconds:.1f} s" for kind, seconds in summary.busy.items())
        print(f"beside each other: {', '.join(spans)}")
    if summary.failed:
        print(f"{len(summary.failed)} could not be read:", file=sys.stderr)
    for _, reason in summary.failed:
        print(f"  {reason}", file=sys.stderr)
    if summary.passed_over:
        print(summary.passed_over, file=sys.stderr)
    return 1 if summary.failed else 0


def map_folder(
    work: Work,
    record: Record,
    input_dir: str | Path,
    output_dir: str | Path,
    *,
    suffix: str = "",
    labels: Mapping[str, Path] | None = None,
    size: tuple[int, int] | None = None,
    batch_size: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> Summary:
    """Make something of every image of a folder and its sub-folders.

    Outputs keep name and sub-folder. Images that an interrupted run finished are skipped, unless
    their content has changed since; outputs are written atomically. Reading and writing go on in
    threads beside the work. What cannot be read is reported and does not stop the rest.

    Args:
      work: what to make of images of one size.
      record: what the output folder is noted to be made by.
      input_dir: folder of images, whose sub-folders count too.
      output_dir: folder to write.
      suffix: of the files written, such as ``.png``; empty keeps that of each image.
      labels: label files by names of images; where one changes, its image is made anew.
      size: height and width that every image is brought to first; None leaves it as it is.
      batch_size: images of one size given to ``work`` at once.
      overwrite: replace images in ``output_dir``, whoever made them.
      progress: whether to tell of progress on standard error.

    Returns:
      Counts, failures and time.

    Raises:
      InputError: if the folders are missing, empty, inside each other, hold other images, or
        cannot be written; or the batch size is not positive.
    """
    input_dir, output_dir = Path(input_dir), Path(output_dir)
    if batch_size < 1:
        raise InputError(f"the batch size must be at least 1, got {batch_size}")
    check_apart(input_dir, output_dir)
    targets = {
        name: name.with_suffix(suffix) if suffix else name for name in list_images(input_dir)
    }
    claim(output_dir, record, list(targets.values()), overwrite)
    sources = Sources(output_dir)

    def origin(name: Path) -> list[Path]:
        return [input_dir / name, *filter(None, [(labels or {}).get(name_of(name))])]

    done = ahead(lambda name: sources.is_done(targets[name], *origin(name)), targets)
    todo = [name for name, is_done in zip(targets, done, strict=True) if not is_done]
    failed: list[tuple[Path, str]] = []
    clock, start = _Clock(), time.perf_counter()
    bar = Progress("adapting", len(todo), shown=progress)
    with bar, sources, _Writer(output_dir, bar, clock, sources) as writer:

        def read(name: Path) -> np.ndarray:
            sources.measure(targets[name], *origin(name))
            image = read_image(input_dir / name)
            return resize_image(image, *size) if size else image

        images = _read_all(read, todo, 2 * batch_size + THREADS, clock)
        compiled: set[tuple[int, ...]] = set()
        for batch in gather(_drop_failed(images, failed, bar), batch_size):
            stacked = stack(batch, batch_size, compiled)
            with clock.measure("working"):
                made = work([name for name, _ in batch], stacked)
            for (name, _), image in zip(batch, made, strict=False):
                writer.put(targets[name], image)
    sources.finish()
    return Summary(
        adapted=len(todo) - len(failed),
        skipped=len(targets) - len(todo),
        failed=tuple(failed),
        seconds=time.perf_counter() - start,
        busy=clock.totals(),
        passed_over=describe_passed_over(input_dir),
    )


def check_apart(input_dir: Path, output_dir: Path) -> None:
    """Refuse an output folder that is, holds or lies in the input folder.

    Raises:
      InputError: naming both.
    """
    source, target = input_dir.resolve(), output_dir.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise InputError(
            f"output folder {output_dir} and input folder {input_dir} must not be the same or lie "
            f"in each other; adapted images would mix with their originals"
        )
    if target.exists() and not target.is_dir():
        raise InputError(f"output {output_dir} is a file; give a folder")


def gather(images: Iterable[Loaded], batch_size: int) -> Iterator[list[Loaded]]:
    """Collect images of equal size into batches.

    Args:
      images: names and images [H, W, 3] of any sizes.
      batch_size: how many make a batch; what is left over at the end makes smaller ones.

    Returns:
      Batches, each of one size; every image once.
    """
    waiting: dict[tuple[int, ...], list[Loaded]] = {}
    for name, image in images:
        batch = waiting.setdefault(image.shape, [])
        batch.append((name, image))
        if len(batch) == batch_size:
            yield waiting.pop(image.shape)
        elif sum(map(len, waiting.values())) > _WAITING_BATCHES * batch_size:
            yield waiting.pop(next(iter(waiting)))
    yield from waiting.values()


def stack(batch: Sequence[Loaded], batch_size: int, compiled: set[tuple[int, ...]]) -> np.ndarray:
    """Stack images of one size, filling up a short batch where that saves a compilation.

    Args:
      batch: names and images [H, W, 3], at most ``batch_size``.
      batch_size: of full batches.
      compiled: sizes that have met a full batch; updated.

    Returns:
      uint8 [B, H, W, 3]; images beyond those of the batch repeat its last one.
    """
    images = np.stack([image for _, image in batch])
    if len(batch) == batch_size:
        compiled.add(images.shape[1:])
    elif images.shape[1:] in compiled:
        images = fill_batch(images, batch_size)
    return images


class _Clock:
    """Adds up what threads spend on each kind of work."""

    def __init__(self):
        self._spans: dict[str, list[float]] = defaultdict(list)

    @contextlib.contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._spans[kind].append(time.perf_counter() - start)

    def totals(self) -> dict[str, float]:
        return {kind: sum(spans) for kind, spans in self._spans.items()}


def _read_all(
    read: Callable[[Path], np.ndarray], names: Sequence[Path], room: int, clock: _Clock
) -> Iterator[tuple[Path, np.ndarray | InputError]]:
    """Read images in order, in threads that stay at most ``room`` images ahead."""

    def attempt(name: Path) -> np.ndarray | InputError:
        try:
            with clock.measure("reading"):
                return read(name)
        except InputError as error:
            return error

    return zip(names, ahead(attempt, names, room=room), strict=True)


def _drop_failed(
    images: Iterable[tuple[Path, np.ndarray | InputError]],
    failed: list[tuple[Path, str]],
    bar: Progress,
) -> Iterator[Loaded]:
    for name, image in images:
        if isinstance(image, InputError):
            failed.append((name, str(image)))
            bar.advance()
        else:
            yield name, image


class _Writer:
    """Writes images in threads; a full queue makes who fills it wait."""

    def __init__(self, output_dir: Path, bar: Progress, clock: _Clock, sources: Sources):
        self._output_dir, self._bar, self._clock, self._sources = output_dir, bar, clock, sources
        self._pool = ThreadPoolExecutor(THREADS)
        self._pending: deque[tuple[Path, Future]] = deque()

    def put(self, name: Path, image: np.ndarray) -> None:
        """Write an image soon.

        Raises:
          InputError: if an earlier one could not be written.
        """
        self._pending.append((name, self._pool.submit(self._write, self._output_dir / name, image)))
        while len(self._pending) > 4 * THREADS:
            self._finish_one()

    def _write(self, path: Path, image: np.ndarray) -> None:
        with self._clock.measure("writing"):
            write_image(path, image)

    def _finish_one(self) -> None:
        name, written = self._pending.popleft()
        written.result()
        self._sources.add(name)
        self._bar.advance()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            # After an interruption, what is adapted already is still written.
            while self._pending and (kind is None or not issubclass(kind, InputError)):
                self._finish_one()
        finally:
            self._pool.shutdown(wait=True)
