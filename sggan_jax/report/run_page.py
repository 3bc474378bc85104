"""The page of one run: how far it is, its curves, its samples through the steps, its warnings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sggan_jax.files import write_text
from sggan_jax.report import chart
from sggan_jax.report.chart import Chart
from sggan_jax.report.page import render


@dataclass(frozen=True)
class RunPage:
    """What the page of a run shows.

    Attributes:
      title: name of the run.
      state: in words: running, finished, or why it ended.
      live: whether the run goes on, so that the page reloads itself.
      done: steps done.
      total: steps of the whole run.
      facts: name to what is said beside it: device, steps per second, time left, best checkpoint.
      terms: charts of what is trained on.
      measures: charts of what is measured.
      samples: row of pictures to step to picture, as the ``src`` of an image.
      classes: name to colour, as CSS writes it, of the labels in samples.
      settings: key, default and value of what differs from the defaults.
      events: time, step and sentence of what happened, the newest first.
      written: seconds since 1970.
    """

    title: str
    state: str
    live: bool
    done: int
    total: int
    facts: Mapping[str, str] = field(default_factory=dict)
    terms: Sequence[Chart] = ()
    measures: Sequence[Chart] = ()
    samples: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    settings: Sequence[tuple[str, str, str]] = ()
    events: Sequence[tuple[str, str, str]] = ()
    written: int = 0


def write_run_page(path: Path, page: RunPage) -> None:
    """Write the page of a run atomically, as one file that needs no other."""
    steps = sorted({step for row in page.samples.values() for step in row})
    samples = {name: [row.get(step, "") for step in steps] for name, row in page.samples.items()}
    text = render("run_page.html", page=page, steps=steps, samples=samples, size=chart.FRAME)
    write_text(path, text)
