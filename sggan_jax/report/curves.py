"""Curves of a run: every logged term against the step."""

from collections import defaultdict
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from sggan_jax.files import read_json_lines
from sggan_jax.types import InputError

matplotlib.use("Agg")  # files only: no window, whatever the machine has

_HIDDEN = ("step", "steps_per_second")


def read_curves(run: str | Path) -> dict[str, np.ndarray]:
    """Read what a run logged.

    Args:
      run: run directory, as ``launch.train`` left it.

    Returns:
      ``step`` and every term by name: arrays [n].

    Raises:
      InputError: if the run has logged nothing.
    """
    path = Path(run) / "metrics.jsonl"
    entries = list(read_json_lines(path))
    if not entries:
        raise InputError(f"{path} holds no metrics: {run} has not been trained yet")
    columns: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        for name, value in entry.items():
            columns[name].append(value)
    return {name: np.array(values) for name, values in columns.items()}


def draw_curves(curves: dict[str, np.ndarray], window: int = 9) -> Figure:
    """Draw one panel for each kind of term, both domains in it.

    Args:
      curves: as :func:`read_curves` returns them.
      window: logged values averaged into the strong line; the faint one is as logged.

    Returns:
      A figure; ``figure.savefig(path)`` writes it.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in curves:
        if name not in _HIDDEN:
            kinds[name.rsplit("_", 1)[0]].append(name)
    figure = Figure(figsize=(4 * min(len(kinds), 3), 2.6 * -(-len(kinds) // 3)), dpi=110)
    for index, names in enumerate(kinds.values()):
        panel = figure.add_subplot(-(-len(kinds) // 3), min(len(kinds), 3), index + 1)
        for name in names:
            steps, values = smooth(curves["step"], curves[name], window)
            (line,) = panel.plot(steps, values, label=name)
            panel.plot(curves["step"], curves[name], color=line.get_color(), alpha=0.25, lw=0.8)
        panel.set_ylim(bottom=0)
        panel.set_xlabel("step")
        panel.legend(frameon=False)
    figure.tight_layout()
    return figure


def smooth(steps: np.ndarray, values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Average over a sliding window, shorter where there are fewer values than it is wide.

    >>> [x.tolist() for x in smooth(np.arange(4), np.array([0.0, 2.0, 4.0, 6.0]), 2)]
    [[0.5, 1.5, 2.5], [1.0, 3.0, 5.0]]
    """
    width = min(window, len(values))
    weights = np.full(width, 1 / width)
    return np.convolve(steps, weights, "valid"), np.convolve(values, weights, "valid")
