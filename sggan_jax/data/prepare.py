"""Build a data set once at training size, and find it again."""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sggan_jax.data.alignment import check_aligned
from sggan_jax.data.builders import BUILDERS, PairBuilder, Plan, SourceSpec, source_table
from sggan_jax.data.builders.base import add_survey, check_any
from sggan_jax.data.builders.chunks import Chunk, chunks, open_executor, split_tasks
from sggan_jax.data.builders.pairs import Pair
from sggan_jax.data.builders.writing import INFO, write_data_set
from sggan_jax.data.label_check import check_streets
from sggan_jax.data.labels import CITYSCAPES, GTAV, stored_table
from sggan_jax.data.survey import Survey
from sggan_jax.progress import Progress
from sggan_jax.types import InputError


@dataclass(frozen=True)
class PreparedInfo:
    """What is in a source, and where it was prepared.

    Attributes:
        path: Directory of the data set; None where it was checked only.
        spec: The source.
        height: Height of every example.
        width: Width of every example.
        surveys: What is in each split; of data sets of early versions the classes alone.
        refused: Name and reason of every pair that was left out.
        labelled: False where the source has no labels and every id is 0.
        reused: Whether the data set was there already.
    """

    path: Path | None
    spec: SourceSpec
    height: int
    width: int
    surveys: Mapping[str, Survey]
    refused: tuple[tuple[str, str], ...]
    labelled: bool
    reused: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Number of examples by split."""
        return {split: survey.count for split, survey in self.surveys.items()}

    @property
    def pixels(self) -> dict[str, dict[int, int]]:
        """Number of pixels by split and class id."""
        return {split: survey.pixels() for split, survey in self.surveys.items()}

    def shares(self, split: str) -> dict[str, float]:
        """Share of the pixels of each class that occurs in a split, the largest first."""
        pixels, table = self.surveys[split].pixels(), stored_table(source_table(self.spec))
        total = sum(pixels.values())
        ranked = sorted(pixels.items(), key=lambda item: -item[1])
        return {table.name_of(class_id): count / total for class_id, count in ranked}


def prepare(
    source: SourceSpec,
    data_dir: str | Path,
    height: int,
    width: int,
    progress: bool = True,
    workers: int = 1,
) -> PreparedInfo:
    """Build a data set at one size unless it is there, checking every pair.

    A pair that cannot be used is left out and listed. The data set is written atomically, and
    is found again only for the same source, unchanged, at the same size. What a killed preparation
    had done is not done again. The result does not depend on the number of processes.

    Args:
        source: What to build.
        data_dir: Directory of all data sets.
        height: Height to store, in pixels.
        width: Width to store, in pixels.
        progress: Whether to draw a progress bar on standard error.
        workers: Processes to use at most; a program that asks for more than 1 must not start work
            when it is imported.

    Returns:
        What was built, or had been.

    Raises:
        InputError: The source is missing, empty, holds train ids, or no pair of a split can be
            used.
    """
    builder = make_builder(source, data_dir, height, width)
    reused = is_built(builder)
    if not reused:
        _check_labels(source, builder.plan, Path(data_dir))
        _build(builder, progress, workers)
    metadata = read_metadata(builder)
    return PreparedInfo(
        path=builder.data_dir,
        spec=source,
        height=height,
        width=width,
        surveys={split: _survey_of(metadata, split) for split in metadata["names"]},
        refused=tuple((name, reason) for name, reason in metadata["refused"]),
        labelled=metadata["labelled"],
        reused=reused,
    )


def check(
    source: SourceSpec, height: int, width: int, progress: bool = True, workers: int = 1
) -> PreparedInfo:
    """Read and check every pair of a source as :func:`prepare` would, and write nothing.

    Raises:
        InputError: As :func:`prepare`.
    """
    builder = make_builder(source, tempfile.gettempdir(), height, width)
    plan, surveys = builder.plan, {}
    _check_labels(source, plan, None)
    with _reading(builder, None, progress, workers) as read:
        for split in plan.splits:
            surveys[split] = Survey()
            for chunk in read(split, 0):
                add_survey(surveys[split], chunk.survey, split, builder.class_ids)
            check_any(surveys[split], split)
    refused = [*plan.refused, *(pair for survey in surveys.values() for pair in survey.refused)]
    return PreparedInfo(
        path=None,
        spec=source,
        height=height,
        width=width,
        surveys=surveys,
        refused=tuple(refused),
        labelled=plan.labelled,
    )


def _check_labels(source: SourceSpec, plan: Plan, data_dir: Path | None) -> None:
    """Refuse labels that make no street or lie otherwise than their images, unless accepted."""
    files = [pair.files for pairs in plan.splits.values() for pair in pairs if pair.files]
    if files and not source.accept_labels:
        picture = data_dir and data_dir / f"labels_{Path(source.path).name}.png"
        check_streets(files, source_table(source), source.path, picture)
        check_aligned(files, source_table(source), source.path)


def usable_pairs(info: PreparedInfo, split: str) -> list[Pair]:
    """List the pairs of a split that were not refused, to be read again from the source."""
    pairs = make_builder(info.spec, ".", info.height, info.width).plan.splits[split]
    refused = {name for name, _ in info.surveys[split].refused}
    return [pair for pair in pairs if pair.name not in refused]


def _survey_of(metadata: Mapping, split: str) -> Survey:
    if split in metadata.get("surveys", {}):
        return Survey.from_json(metadata["surveys"][split])
    survey = Survey(count=len(metadata["names"][split]))
    for class_id, count in metadata["pixels"][split].items():
        survey.bands[0, int(class_id)] = count
    return survey


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
    title, make_plan = BUILDERS[source.builder]
    plan = make_plan(source, height, width)
    home = Path(data_dir).expanduser().absolute() / _key(source, plan, height, width)
    class_ids = source_table(source) in (CITYSCAPES, GTAV)
    return PairBuilder(source.builder, title, plan, (height, width), home, class_ids)


def is_built(builder: PairBuilder) -> bool:
    """Say whether a data set is there, whole."""
    return (builder.data_dir / INFO).is_file()


def read_metadata(builder: PairBuilder) -> dict[str, Any]:
    """Read what was counted while a data set was built: names, surveys, what was refused."""
    return json.loads((builder.data_dir / "metadata.json").read_text("utf-8"))


def _key(source: SourceSpec, plan: Plan, height: int, width: int) -> str:
    """Name a data set after all that decides its content, in words as far as they are safe."""
    place = str(Path(source.path).expanduser().resolve()) if source.path else ""
    digest = hashlib.sha256(f"{place}\n{source.table}\n{plan.fingerprint}".encode()).hexdigest()
    stem = Path(place).name or f"{source.builder}-{source.look}"
    safe = "".join(letter if letter.isalnum() else "-" for letter in stem)
    return f"{safe}_{height}x{width}_{digest[:12]}"


def _build(builder: PairBuilder, progress: bool, workers: int = 1) -> None:
    unfinished = builder.home / "unfinished"
    try:
        with _reading(builder, unfinished, progress, workers) as read:
            write_data_set(builder, unfinished, read)
    except InputError:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    except OSError as error:
        # Another process may have put the same data set there meanwhile; then its copy serves.
        if not is_built(builder):
            raise InputError(f"Data set {builder.data_dir} cannot be written: {error}.") from error
    shutil.rmtree(unfinished, ignore_errors=True)


@contextlib.contextmanager
def _reading(
    builder: PairBuilder, folder: Path | None, progress: bool, workers: int
) -> Iterator[Callable[[str, int], Iterator[Chunk]]]:
    """Give, while the context lasts, the chunks of a split after so many; a folder keeps them."""
    plan = builder.plan
    total = sum(map(len, plan.splits.values()))
    with _bar(builder, total, progress) as advance, open_executor(workers, total) as executor:

        def read(split: str, skip: int) -> Iterator[Chunk]:
            place = folder and folder / split
            tasks = split_tasks(plan.splits[split], builder.size, place, plan.known)
            if skip:
                advance(sum(len(task.pairs) for task in tasks[:skip]))
            tasks = tasks[skip:]
            for task, chunk in zip(tasks, chunks(tasks, executor), strict=True):
                advance(len(task.pairs))
                yield chunk

        yield read


@contextlib.contextmanager
def _bar(builder: PairBuilder, total: int, progress: bool) -> Iterator[Callable[[int], None]]:
    title = "Reading {} at {}x{}".format(builder.name, *builder.size)
    with Progress(title, total, "pairs", shown=progress) as bar:
        yield bar.advance
