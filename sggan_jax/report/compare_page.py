"""The page that puts runs beside each other: the same scenes, curves, and settings that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sggan_jax.files import write_text
from sggan_jax.report import chart
from sggan_jax.report.chart import Chart
from sggan_jax.report.page import render


@dataclass(frozen=True)
class Scene:
    """A scene: its name, and title to picture as the ``src`` of an image, the input first."""

    name: str
    pictures: Mapping[str, str]


@dataclass(frozen=True)
class ComparePage:
    """What the page shows.

    Attributes:
      title: of the page.
      intro: how it was made.
      runs: names, at least one; the n-th has the n-th colour in every chart.
      facts: title of a column to what it says of each run.
      scenes: at least one.
      scenes_are: a sentence that says which scenes these are.
      classes: name to colour, where labels are drawn.
      measures: charts, a curve a run.
      terms: the same of terms and schedules.
      settings: key to its value in each run.
    """

    title: str
    intro: str
    runs: Sequence[str]
    facts: Mapping[str, Sequence[str]]
    scenes: Sequence[Scene]
    scenes_are: str
    classes: Mapping[str, str] = field(default_factory=dict)
    measures: Sequence[Chart] = ()
    terms: Sequence[Chart] = ()
    settings: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_compare_page(path: Path, page: ComparePage) -> None:
    """Write the page atomically, as one file that needs no other."""
    write_text(path, render("compare_page.html", page=page, size=chart.FRAME))
