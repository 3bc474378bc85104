"""Curves as the numbers of an inline SVG: small, sharp at any width, without a library."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sggan_jax.report.curves import smooth

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 22
FRAME = {
    **{"width": WIDTH, "height": HEIGHT, "left": LEFT},
    **{"right": WIDTH - RIGHT, "bottom": HEIGHT - BOTTOM},
}
"""Places of the drawing that templates ask for."""

_MOST_POINTS = 300
_SMOOTHED = 9


@dataclass(frozen=True)
class Line:
    """One curve: ``points`` and, faint below it, the values as logged, as SVG writes them."""

    name: str
    points: str
    raw: str


@dataclass(frozen=True)
class Tick:
    """A place along an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point that is singled out, and what it is."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Curves over the steps of a run, in units of the drawing.

    Attributes:
      title: of what is drawn.
      note: unit and direction, or nothing.
      lines: the curves.
      columns: ticks of the steps.
      rows: ticks of the values.
      mark: the best point, or None.
    """

    title: str
    note: str
    lines: Sequence[Line]
    columns: Sequence[Tick]
    rows: Sequence[Tick]
    mark: Mark | None = None


def make_chart(
    title: str,
    curves: Mapping[str, tuple[Sequence[int], Sequence[float]]],
    note: str = "",
    best: int | None = None,
    smoothed: bool = False,
) -> Chart:
    """Lay curves out.

    Args:
      title: of what is drawn.
      curves: name to steps and finite values; at least one curve has some.
      note: unit and direction.
      best: step to mark on the first curve.
      smoothed: whether the strong line is a running mean, and the faint one shows the values.

    >>> make_chart("grid", {"grid": ([0, 10], [1.0, 3.0])}).lines[0].points
    '46,168 330,10'
    """
    steps = [step for x, _ in curves.values() for step in x]
    values = [value for _, y in curves.values() for value in y]
    scale = _Scale(min(steps), max(steps), min(values), max(values))
    lines = [_line(name, *curve, scale, smoothed) for name, curve in curves.items()]
    mark = None
    if best is not None:
        x, y = next(iter(curves.values()))
        value = y[list(x).index(best)]
        mark = Mark(*scale.place(best, value), f"best: {value:.4g} at step {best}")
    columns = [Tick(scale.place(x, scale.low)[0], str(x)) for x in (min(steps), max(steps))]
    middle = (scale.low + scale.high) / 2
    rows = [Tick(scale.place(steps[0], y)[1], _short(y)) for y in (scale.low, middle, scale.high)]
    return Chart(title, note, lines, columns[: 1 + (min(steps) < max(steps))], rows, mark)


def _short(value: float) -> str:
    """Write a value in few characters.

    >>> _short(0.04186), _short(12903.0), _short(-2.5e6), _short(0.000103)
    ('0.0419', '12.9k', '-2.5e+06', '1.0e-4')
    """
    if 1000 <= abs(value) < 999500:
        return f"{value / 1000:.3g}k"
    text = f"{value:.3g}"
    return f"{value:.1e}".replace("e-0", "e-") if 0 < abs(value) < 0.01 and len(text) > 6 else text


@dataclass(frozen=True)
class _Scale:
    """From steps and values to places of the drawing."""

    first: float
    last: float
    low: float
    high: float

    def place(self, step: float, value: float) -> tuple[float, float]:
        """Return x and y."""
        across = (step - self.first) / ((self.last - self.first) or 1)
        up = (value - self.low) / ((self.high - self.low) or 1)
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1)


def _line(name, steps, values, scale: _Scale, smoothed: bool) -> Line:
    if not len(steps):  # keeps its place among the colours
        return Line(name, "", "")
    x, y = np.asarray(steps, float), np.asarray(values, float)
    if not smoothed:
        return Line(name, _points(x, y, scale), "")
    return Line(name, _points(*smooth(x, y, _SMOOTHED), scale), _points(x, y, scale))


def _points(x: np.ndarray, y: np.ndarray, scale: _Scale) -> str:
    """Write points as SVG does, not more of them than show."""
    stride = math.ceil(len(x) / _MOST_POINTS)
    kept = sorted({*range(0, len(x), stride), len(x) - 1})
    return " ".join("{:g},{:g}".format(*scale.place(x[k], y[k])) for k in kept)
