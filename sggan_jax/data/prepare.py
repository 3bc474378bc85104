"""Build a data set once at training size, and find it again."""

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tensorflow_datasets as tfds
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sggan_jax.data.builders import BUILDERS, PairBuilder, Plan, SourceSpec, source_table
from sggan_jax.data.labels import stored_table
from sggan_jax.types import InputError


@dataclass(frozen=True)
class PreparedInfo:
    """What was prepared.

    Attributes:
        path: Directory of the data set.
        spec: The source.
        height: Height of every example.
        width: Width of every example.
        counts: Number of examples by split.
        pixels: Number of pixels by split and class id.
        refused: Name and reason of every pair that was left out.
        labelled: False where the source has no labels and every id is 0.
        reused: Whether the data set was there already.
    """

    path: Path
    spec: SourceSpec
    height: int
    width: int
    counts: Mapping[str, int]
    pixels: Mapping[str, Mapping[int, int]]
    refused: tuple[tuple[str, str], ...]
    labelled: bool
    reused: bool

    def shares(self, split: str) -> dict[str, float]:
        """Share of the pixels of each class that occurs in a split, the largest first."""
        pixels, table = self.pixels[split], stored_table(source_table(self.spec))
        total = sum(pixels.values())
        ranked = sorted(pixels.items(), key=lambda item: -item[1])
        return {table.name_of(class_id): count / total for class_id, count in ranked}


def prepare(
    source: SourceSpec, data_dir: str | Path, height: int, width: int, progress: bool = True
) -> PreparedInfo:
    """Build a data set at one size unless it is there, checking every pair.

    A pair that cannot be used is left out and listed. The data set appears whole or not at all, and
    is found again only for the same source, unchanged, at the same size.

    Args:
        source: What to build.
        data_dir: Directory of all data sets.
        height: Height to store, in pixels.
        width: Width to store, in pixels.
        progress: Whether to draw a progress bar on standard error.

    Returns:
        What was built, or had been.

    Raises:
        InputError: The source is missing, empty, or no pair of a split can be used.
    """
    builder = make_builder(source, data_dir, height, width)
    reused = is_built(builder)
    if not reused:
        _build(builder, progress)
    metadata = builder.info.metadata
    return PreparedInfo(
        path=Path(builder.data_dir),
        spec=source,
        height=height,
        width=width,
        counts={split: len(names) for split, names in metadata["names"].items()},
        pixels={
            split: {int(class_id): count for class_id, count in counts.items()}
            for split, counts in metadata["pixels"].items()
        },
        refused=tuple((name, reason) for name, reason in metadata["refused"]),
        labelled=metadata["labelled"],
        reused=reused,
    )


def make_builder(source: SourceSpec, data_dir: str | Path, height: int, width: int) -> PairBuilder:
    """Plan a source and find its place, without reading a pixel.

    Raises:
        InputError: The builder is unknown, the size impossible or the source unusable.
    """
    if source.builder not in BUILDERS:
        known = ", ".join(BUILDERS)
        raise InputError(f"Builder {source.builder!r} is unknown: give one of {known}.")
    if height < 1 or width < 1:
        raise InputError(f"Size {height}x{width} is impossible: height and width must be positive.")
    cls, make_plan = BUILDERS[source.builder]
    plan = make_plan(source, height, width)
    home = Path(data_dir).expanduser().absolute() / _key(source, plan, height, width)
    return cls(plan=plan, height=height, width=width, data_dir=home)


def is_built(builder: PairBuilder) -> bool:
    """Say whether a data set is there, whole."""
    return (Path(builder.data_dir) / "dataset_info.json").is_file()


def _key(source: SourceSpec, plan: Plan, height: int, width: int) -> str:
    """Name a data set after all that decides its content, in words as far as they are safe."""
    place = str(Path(source.path).expanduser().resolve()) if source.path else ""
    digest = hashlib.sha256(f"{place}\n{source.table}\n{plan.fingerprint}".encode()).hexdigest()
    stem = Path(place).name or f"{source.builder}-{source.look}"
    safe = "".join(letter if letter.isalnum() else "-" for letter in stem)
    return f"{safe}_{height}x{width}_{digest[:12]}"


def _build(builder: PairBuilder, progress: bool) -> None:
    total = sum(map(len, builder.plan.splits.values()))
    tfds.disable_progress_bar()
    try:
        with (
            _bar(builder, total, progress),
            contextlib.redirect_stdout(io.StringIO()),
            tempfile.TemporaryDirectory() as downloads,
        ):
            builder.download_and_prepare(download_dir=downloads)
    except OSError as error:
        # Another process may have put the same data set there meanwhile; then its copy serves.
        if not is_built(builder):
            raise InputError(f"Data set {builder.data_dir} cannot be written: {error}.") from error
    builder.info.read_from_directory(builder.data_dir)


@contextlib.contextmanager
def _bar(builder: PairBuilder, total: int, progress: bool) -> Iterator[None]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as bar:
        height, width = builder.size
        task = bar.add_task(f"Preparing {builder.name} at {height}x{width}", total=total)
        builder.on_pair = lambda: bar.advance(task)
        yield
