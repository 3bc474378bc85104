"""Curves of a run: every logged term against the step."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

matplotlib.use("Agg")  # files only: no window, whatever the machine has

Curve = tuple[Sequence[int], Sequence[float]]
"""Steps and the finite values at them."""

_UNTOLD = ("step", "seconds", "steps_per_second")


def read_curves(lines: Iterable[Mapping[str, Any]]) -> dict[str, Curve]:
    """Turn the lines of a log into curves by name; a value that is not finite is left out.

    Args:
      lines: of ``metrics.jsonl`` or ``measures.jsonl``.

    >>> read_curves([{"step": 2, "cyc_v": 0.5}, {"step": 4, "cyc_v": 0.25, "cyc_r": 1.0}])
    {'cyc_v': ([2, 4], [0.5, 0.25]), 'cyc_r': ([4], [1.0])}
    """
    curves: dict[str, tuple[list[int], list[float]]] = {}
    for line in lines:
        for name, value in line.items():
            if name not in _UNTOLD and math.isfinite(value):
                steps, values = curves.setdefault(name, ([], []))
                steps.append(line["step"])
                values.append(value)
    return dict(curves)


def group_curves(curves: Mapping[str, Curve]) -> dict[str, dict[str, Curve]]:
    """Part curves by kind: both domains of a term, learning rates of all optimiser groups.

    >>> group_curves({"cyc_v": ([1], [2.0]), "cyc_r": ([1], [3.0]), "rate/d_r": ([1], [0.1])})
    {'cyc': {'cyc_v': ([1], [2.0]), 'cyc_r': ([1], [3.0])}, 'rate': {'rate/d_r': ([1], [0.1])}}
    """
    kinds: dict[str, dict[str, Curve]] = defaultdict(dict)
    for name, curve in curves.items():
        kind = name.partition("/")[0] if is_schedule(name) else name.rsplit("_", 1)[0]
        kinds[kind][name] = curve
    return dict(kinds)


def is_schedule(name: str) -> bool:
    """Whether a curve is of what was set, a learning rate or a factor, and not of a term."""
    return "/" in name


def draw_curves(curves: Mapping[str, Curve], window: int = 9) -> Figure:
    """Draw one panel for each kind of term, both domains in it.

    Args:
      curves: as :func:`read_curves` returns them.
      window: logged values averaged into the strong line; the faint one is as logged.

    Returns:
      A figure; ``figure.savefig(path)`` writes it.
    """
    kinds = group_curves(curves)
    figure = Figure(figsize=(4 * min(len(kinds), 3), 2.6 * -(-len(kinds) // 3)), dpi=110)
    for index, kind in enumerate(kinds.values()):
        panel = figure.add_subplot(-(-len(kinds) // 3), min(len(kinds), 3), index + 1)
        for name, (steps, values) in kind.items():
            width = 1 if is_schedule(name) else window
            (line,) = panel.plot(*smooth(np.array(steps), np.array(values), width), label=name)
            panel.plot(steps, values, color=line.get_color(), alpha=0.25, lw=0.8)
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
