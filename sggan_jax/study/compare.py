"""Runs beside each other on one page: the same scenes by each, their curves, their settings."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.config import Config
from sggan_jax.data.domains import open_domain, open_held_out
from sggan_jax.data.labels import CITYSCAPES, colourise, name_colours
from sggan_jax.data.sources import Source
from sggan_jax.data.transforms import resize_image
from sggan_jax.evaluate.measures import MEASURES
from sggan_jax.files import read_json_lines
from sggan_jax.folders import list_images, tell_passed_over
from sggan_jax.images import read_image
from sggan_jax.report.chart import Chart, make_chart
from sggan_jax.report.compare_page import ComparePage, Scene, write_compare_page
from sggan_jax.report.curves import Curve, is_schedule, read_curves
from sggan_jax.report.page import embed_image
from sggan_jax.runs.best import split_step
from sggan_jax.runs.description import Run, flatten, read_run
from sggan_jax.runs.segmenter import load_segmenter
from sggan_jax.train.log import MEASURES_FILE
from sggan_jax.train.page import describe_measure
from sggan_jax.types import InputError

MOST_RUNS = 6
"""As many as there are colours of curves."""

_WIDEST = 1400


@dataclasses.dataclass(frozen=True)
class Request:
    """What to compare.

    Attributes:
      runs: ``RUN`` or ``RUN:STEP``, STEP a number or ``best``.
      output: page to write.
      input: folder of scenes, perhaps with ``images/``; empty for images that the runs do not
        train on.
      count: of scenes.
      data_dir: directory of prepared data sets; empty for that of the runs.
    """

    runs: Sequence[str]
    output: str
    input: str = ""
    count: int = 6
    data_dir: str = ""


class Loaded(NamedTuple):
    """A run that is compared.

    Attributes:
      name: by which the page calls it.
      folder: its directory.
      described: what it says of itself.
      step: of its checkpoint.
      size: height and width of whole images as it was trained on them.
      draw: uint8 image [H, W, 3] to what the run makes of it, of the same shape.
    """

    name: str
    folder: Path
    described: Run
    step: int
    size: tuple[int, int]
    draw: Callable[[np.ndarray], np.ndarray]


class Scenes(NamedTuple):
    """Images by name, and a sentence that says which they are."""

    images: Mapping[str, np.ndarray]
    are: str


def compare(request: Request, command: str) -> None:
    """Adapt the same scenes by every run, and write the page.

    Raises:
      InputError: if there are too few or too many runs, one has no checkpoint, or there are no
        scenes.
    """
    if not 2 <= len(request.runs) <= MOST_RUNS:
        raise InputError(f"give 2 to {MOST_RUNS} run directories, got {len(request.runs)}")
    runs = [
        load(run, name) for run, name in zip(request.runs, name_runs(request.runs), strict=True)
    ]
    scenes = read_folder(request) if request.input else read_prepared(request, runs)
    drawn = [
        Scene(name, {"input": _embed(image)} | {run.name: _draw(run, image) for run in runs})
        for name, image in scenes.images.items()
    ]
    page = ComparePage(
        title=f"{len(runs)} runs beside each other",
        intro=f"Made by: {command}",
        runs=[run.name for run in runs],
        facts=list_facts(runs),
        scenes=drawn,
        scenes_are=scenes.are,
        classes=name_colours(CITYSCAPES) if any(_labels(run) for run in runs) else {},
        measures=overlay_measures(_read(runs, MEASURES_FILE)),
        terms=overlay_terms(_read(runs, "metrics.jsonl")),
        settings=list_differences([flatten(run.described.config) for run in runs]),
    )
    write_compare_page(Path(request.output), page)
    print(f"page: {request.output}")


def name_runs(given: Sequence[str]) -> list[str]:
    """Name runs by the ends of their paths, or by all of them where these are alike.

    >>> name_runs(["runs/a", "runs/b:best"]), name_runs(["x/a", "y/a"])
    (['a', 'b:best'], ['x/a', 'y/a'])
    """
    names = [Path(run).name for run in given]
    names = names if len(set(names)) == len(names) else list(given)
    if len(set(names)) < len(names):
        raise InputError(f"each run must be given once, got {', '.join(given)}")
    return names


def load(given: str, name: str) -> Loaded:
    """Load what a run makes of images: adapted ones, or the labels that it sees in them.

    Raises:
      InputError: if there is no such run or checkpoint.
    """
    folder, step = split_step(given)
    described = read_run(folder)
    data = described.config.get("data", {})  # of any version: adapting needs no setting
    height, width = described.size
    size = data.get("stored_height") or height, data.get("stored_width") or width
    about = name, folder, described
    if "seg" in described.adapts:
        segmenter = load_segmenter(folder, step)

        def draw(image: np.ndarray) -> np.ndarray:
            return colourise(segmenter.ids[segmenter(image)], CITYSCAPES)

        return Loaded(*about, segmenter.step, size, draw)
    adapter = load_adapter(folder, "v2r", step)
    return Loaded(*about, adapter.step, size, adapter)


def read_folder(request: Request) -> Scenes:
    """Read scenes of a folder, evenly spread over it."""
    folder = Path(request.input)
    folder = folder / "images" if (folder / "images").is_dir() else folder
    names = _spread(list_images(folder), request.count)
    tell_passed_over(folder)
    images = {name.as_posix(): read_image(folder / name) for name in names}
    return Scenes(images, f"Images of {request.input}, evenly spread.")


def read_prepared(request: Request, runs: Iterable[Loaded]) -> Scenes:
    """Read scenes that the first run with data does not train on.

    Raises:
      InputError: if no run says what it was trained on, or its data are not there.
    """
    runs = [run for run in runs if run.described.config]
    if not runs:
        raise InputError("none of the runs says what it was trained on: give scenes by --input")
    trained, config = runs[0], runs[0].described.settings
    if request.data_dir:
        data = dataclasses.replace(config.data, data_dir=request.data_dir)
        config = dataclasses.replace(config, data=data)
    source, what = _open_unseen(config)
    places = _spread(range(len(source)), request.count)
    images = {source.names[place]: np.asarray(source[place]["image"]) for place in places}
    return Scenes(images, f"Scenes {what} of {trained.name}; other runs may have trained on them.")


def _open_unseen(config: Config) -> tuple[Source, str]:
    """Open what a run does not train on, of the virtual domain: held out, or another split."""
    if config.evaluate.holds_out:
        return open_held_out(config, "virtual"), "held out of the training"
    failed = None
    for split in ("test", "val"):
        if split != config.data.split:
            try:
                size = config.data.stored_size
                return open_domain(config.data, "virtual", split, size=size), f"of the {split} set"
            except InputError as error:
                failed = failed or error
    raise InputError(
        f"there are no scenes that the run was not trained on ({failed}): give --input"
    )


def list_facts(runs: Sequence[Loaded]) -> dict[str, list[str]]:
    """Say of each run what a reader asks first."""
    return {
        "method": [str(run.described.config.get("method", "imported")) for run in runs],
        "checkpoint": [f"step {run.step}" for run in runs],
        "images as in training": ["{}x{}".format(*run.size) for run in runs],
        "directory": [str(run.folder) for run in runs],
    }


def list_differences(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """List the settings that are not the same in all runs.

    >>> list_differences([{"seed": 0, "a": 1}, {"seed": 1, "a": 1}, {}])
    {'a': ['1', '1', '-'], 'seed': ['0', '1', '-']}
    """
    keys = sorted({key for one in settings for key in one})
    rows = {key: [str(one.get(key, "-")) for one in settings] for key in keys}
    return {key: row for key, row in rows.items() if len(set(row)) > 1}


def overlay_terms(curves: Mapping[str, Mapping[str, Curve]]) -> list[Chart]:
    """Chart each term, a curve for every run.

    Args:
      curves: run to curves by name.
    """
    names = dict.fromkeys(name for own in curves.values() for name in own)
    return [
        make_chart(name, _of_runs(curves, name), smoothed=not is_schedule(name)) for name in names
    ]


def overlay_measures(curves: Mapping[str, Mapping[str, Curve]]) -> list[Chart]:
    """Chart each measure that any run took, a curve for every run; single classes are left out.

    Args:
      curves: run to curves by name.
    """
    there = {name for own in curves.values() for name in own}
    return [
        make_chart(measure.name, _of_runs(curves, measure.name), describe_measure(measure))
        for measure in MEASURES
        if measure.name in there and not measure.name.endswith(("_low", "_high"))
    ]


def _of_runs(curves: Mapping[str, Mapping[str, Curve]], name: str) -> dict[str, Curve]:
    """Every run keeps its place, and with it its colour, where it has no such curve."""
    return {run: own.get(name, ((), ())) for run, own in curves.items()}


def _read(runs: Iterable[Loaded], file: str) -> dict[str, dict[str, Curve]]:
    return {run.name: read_curves(read_json_lines(run.folder / file)) for run in runs}


def _draw(run: Loaded, image: np.ndarray) -> str:
    return _embed(run.draw(resize_image(image, *run.size)))


def _embed(image: np.ndarray) -> str:
    picture = Image.fromarray(image)
    picture.thumbnail((_WIDEST, 10 * _WIDEST))
    return embed_image(picture).source


def _labels(run: Loaded) -> bool:
    return "seg" in run.described.adapts


def _spread(found: Sequence[Any], count: int) -> list[Any]:
    places = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [found[place] for place in places]
