"""The page of a run, ``index.html`` in its directory, rewritten while it trains."""

import base64
import io
import math
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sggan_jax.config import Config
from sggan_jax.data.labels import CITYSCAPES, name_colours
from sggan_jax.evaluate.measures import MEASURES, Measure
from sggan_jax.evaluate.score import parse_score
from sggan_jax.files import read_json_lines
from sggan_jax.report.chart import Chart, make_chart
from sggan_jax.report.curves import group_curves, is_schedule, read_curves
from sggan_jax.report.run_page import RunPage, write_run_page
from sggan_jax.runs.best import read_best
from sggan_jax.runs.description import flatten
from sggan_jax.train.best import best_of, read_measured
from sggan_jax.train.faults import EVENTS_FILE
from sggan_jax.train.log import MEASURES_FILE
from sggan_jax.train.plan import Plan
from sggan_jax.train.time_left import Left
from sggan_jax.types import InputError

PAGE_FILE = "index.html"

SECONDS_BETWEEN = 10.0
"""The page is not rewritten more often, nor for more than a twentieth of the time."""

_MOST_SAMPLES, _MOST_EVENTS = 20, 50
_WORDS = {
    "lower": "less is better",
    "higher": "more is better",
    "zero": "nearer to 0 is better",
    "none": "",
}


class LivePage:
    """Writes the page of a run; a disk that fails is told of once and stops nothing."""

    def __init__(
        self, plan: Plan, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ):
        """Prepare to write.

        Args:
          plan: the run.
          tell: called with a sentence when the page cannot be written.
          clock: tells seconds.
        """
        self._plan, self._tell, self._clock = plan, tell, clock
        self._next, self._failing = -math.inf, False
        self._pictures: dict[Path, str] = {}

    def show(self, done: int, left: Left | None = None) -> None:
        """Write the page of a run that goes on, unless it was written a moment ago.

        Args:
          done: steps done.
          left: how long the run still takes; None where that is not known.
        """
        if self._clock() >= self._next:
            self._write(done, "running", live=True, left=left)

    def close(self, done: int, state: str) -> None:
        """Write the page of a run that goes on no more.

        Args:
          done: steps done.
          state: how it ended, in words.
        """
        self._write(done, state, live=False)

    def _write(self, done: int, state: str, live: bool, left: Left | None = None) -> None:
        began = self._clock()
        try:
            write_run_page(self._plan.workdir / PAGE_FILE, self._gather(done, state, live, left))
            self._failing = False
        except (OSError, InputError) as error:
            if not self._failing:
                self._tell(f"the page of the run cannot be written ({error}); training goes on")
            self._failing = True
        self._next = began + max(SECONDS_BETWEEN, 20 * (self._clock() - began))

    def _gather(self, done: int, state: str, live: bool, left: Left | None) -> RunPage:
        plan, workdir = self._plan, self._plan.workdir
        lines = list(read_json_lines(workdir / "metrics.jsonl"))
        return RunPage(
            title=workdir.absolute().name,
            state=state,
            live=live,
            done=done,
            total=plan.num_steps,
            facts=self._facts(lines, left),
            terms=draw_terms(lines),
            measures=[
                *draw_score(plan.config.train.best_metric, workdir),
                *draw_measures(list(read_json_lines(workdir / MEASURES_FILE))),
            ],
            samples=self._samples(),
            classes=name_colours(CITYSCAPES),
            settings=list_settings(plan.config),
            events=_events(workdir),
            written=int(time.time()),
        )

    def _facts(self, lines: Sequence[Mapping[str, Any]], left: Left | None) -> dict[str, str]:
        plan, device = self._plan, self._plan.devices[0]
        facts: dict[str, str] = {"method": plan.config.method}
        facts["device"] = f"{len(plan.devices)} x {device.device_kind}"
        if lines:
            facts["steps per second"] = f"{lines[-1]['steps_per_second']:.3g}"
        if left:
            facts["time left"] = str(left)
        if plan.config.train.keep_best and (best := read_best(plan.workdir)):
            facts["best checkpoint"] = f"step {best.step}: {best.metric} {best.value:.4g}"
        return facts

    def _samples(self) -> dict[str, dict[int, str]]:
        """Read the sample pictures of some steps, evenly spread, the newest among them."""
        found: dict[str, dict[int, Path]] = defaultdict(dict)
        for path in sorted((self._plan.workdir / "samples").glob("*_*.png")):
            if match := re.fullmatch(r"(.+)_(\d+)", path.stem):
                found[match[1]][int(match[2])] = path
        steps = sorted({step for row in found.values() for step in row})
        places = np.linspace(0, len(steps) - 1, min(len(steps), _MOST_SAMPLES)).round().astype(int)
        shown = {steps[place] for place in places}
        chosen = {
            name: {step: row[step] for step in sorted(row.keys() & shown)}
            for name, row in found.items()
        }
        kept = {path for row in chosen.values() for path in row.values()}
        self._pictures = {path: self._pictures.get(path) or embed(path) for path in sorted(kept)}
        return {
            name: {step: self._pictures[path] for step, path in row.items()}
            for name, row in chosen.items()
        }


def embed(path: Path) -> str:
    """Turn a picture into the ``src`` of an image, of no more than a screen's width."""
    buffer = io.BytesIO()
    with Image.open(path) as opened:
        image = opened.convert("RGB")
        image.thumbnail((1400, 10000))
        image.save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def draw_terms(lines: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Chart what was logged, a chart for each kind of term, both domains in it, and of schedule.

    Args:
      lines: of ``metrics.jsonl``.
    """
    return [
        make_chart(kind, curves, smoothed=not any(map(is_schedule, curves)))
        for kind, curves in group_curves(read_curves(lines)).items()
    ]


def draw_measures(lines: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Chart every measure, its best step marked; values of single classes are left out.

    Args:
      lines: of ``measures.jsonl``.
    """
    columns, charts = read_curves(lines), []
    for measure in MEASURES:
        if measure.name in columns and not measure.name.endswith(("_low", "_high")):
            steps, values = columns[measure.name]
            best = None
            if measure.direction != "none":
                best = best_of(measure.name, dict(zip(steps, values, strict=True)))
            note = describe_measure(measure)
            charts.append(make_chart(measure.name, {measure.name: (steps, values)}, note, best))
    return charts


def describe_measure(measure: Measure) -> str:
    """Say what a measure is, its unit and its better side.

    >>> describe_measure(MEASURES[-1])
    'mean absolute difference from the true image; grey levels, less is better'
    """
    words = ", ".join(filter(None, (measure.unit, _WORDS[measure.direction])))
    return f"{measure.meaning}; {words}"


def draw_score(metric: str, workdir: Path) -> list[Chart]:
    """Chart the score that decides which checkpoint is best; nothing for a measure that does."""
    values = read_measured(workdir, metric) if parse_score(metric) else {}
    if not values:
        return []
    curve = list(values), list(values.values())
    note = f"{metric}; {_WORDS['higher']}"
    return [make_chart("score", {"score": curve}, note, best_of(metric, values))]


def list_settings(config: Config) -> list[tuple[str, str, str]]:
    """List the settings that differ from the paper's: key, the paper's, the run's.

    >>> list_settings(Config(seed=3))
    [('seed', '0', '3')]
    """
    usual, here = flatten(Config().to_dict()), flatten(config.to_dict())
    return [
        (key, str(usual[key]), str(here[key])) for key in sorted(here) if here[key] != usual[key]
    ]


def _events(workdir: Path) -> list[tuple[str, str, str]]:
    found = list(read_json_lines(workdir / EVENTS_FILE))[-_MOST_EVENTS:]
    return [_tell_event(entry) for entry in reversed(found)]


def _tell_event(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """Put an event into words: its time, its step, and all else that it holds."""
    rest = {key: x for key, x in entry.items() if key not in ("event", "time", "step", "sentence")}
    details = ", ".join(f"{key} {value}" for key, value in rest.items())
    what = entry.get("sentence") or f"{entry['event']}: {details}"
    return entry["time"].replace("T", " "), str(entry.get("step", "")), what
