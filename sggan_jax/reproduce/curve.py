"""The curve of a label budget: scores against labelled real images, as a table and as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from sggan_jax.reproduce.table import draw_up


def format_budget(results: Mapping[str, Any], split: str) -> str:
    """Draw up the table of the curves on one split: mIoU in percent with intervals.

    Args:
      results: as :func:`sggan_jax.reproduce.results.write_results` returns them.
      split: of the real data set.

    Returns:
      Markdown; below every series how much more it has than real labels alone.
    """
    budget = results["budget"]
    first, *others = budget["series"]
    counts = [count for count, _ in first["points"]]
    header = ["mIoU; labelled real images", *(_tell_count(count, budget) for count in counts)]
    rows = [[first["title"], *map(_cell, _values(results, first, split))]]
    for one in others:
        values = _values(results, one, split)
        more = map(_subtract, values, _values(results, first, split))
        rows.append([one["title"], *map(_cell, values)])
        rows.append(["more than alone", *(_cell(x, sign="+") for x in more)])
    steps = results["experiments"][first["points"][-1][1]]["segment_steps"]
    told = [
        f"Every network learns for {steps} steps of {budget['batch']} images; where images stand "
        f"beside real labels, half of every batch is either. Without any label, {first['title']} "
        f"are the renderings alone. In brackets 95 % intervals of the mean (Student's t over seeds "
        f"of the segmentation network, each with labelled images of its own, after averaging over "
        f"adaptations); differences are taken seed by seed.",
        *(f"{one['title']}: the images saw {one['note']}." for one in others if one["note"]),
    ]
    return "\n\n".join([draw_up(header, rows), *told]) + "\n"


def draw_budget(results: Mapping[str, Any], split: str, path: Path) -> None:
    """Draw the curves on one split with their intervals as PNG."""
    budget = results["budget"]
    figure = Figure(figsize=(6.4, 4.2), dpi=150)
    panel = figure.add_subplot()
    shift = 0.0
    for one in budget["series"]:
        bounds = [interval(list(values.values())) for values in _values(results, one, split)]
        known = [k for k, found in enumerate(bounds) if found]
        means, lows, highs = np.array([found for found in bounds if found]).reshape(-1, 3).T
        note = f"\n(made with {one['note']})" if one["note"] else ""
        panel.errorbar(
            np.array(known) + shift,
            means,
            np.nan_to_num([means - lows, highs - means]),
            marker="o",
            capsize=3,
            label=f"{one['title']}{note}",
        )
        shift += 0.06
    counts = [count for count, _ in budget["series"][0]["points"]]
    panel.set_xticks(range(len(counts)), [_tell_count(count, budget) for count in counts])
    panel.set_xlabel("labelled real images")
    panel.set_ylabel(f"mIoU on real images ({split}), %")
    panel.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path)


def interval(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Mean and its 95 % interval by Student's t; NaN bounds for one value, None for none.

    >>> [round(x, 2) for x in interval([1.0, 2.0, 3.0])]  # 2 ± 4.303 / sqrt(3)
    [2.0, -0.48, 4.48]
    """
    if not len(values):
        return None
    mean, number = float(np.mean(values)), len(values)
    if number == 1:
        return mean, np.nan, np.nan
    half = float(stats.t.ppf(0.975, number - 1) * np.std(values, ddof=1) / np.sqrt(number))
    return mean, mean - half, mean + half


def _values(
    results: Mapping[str, Any], series: Mapping[str, Any], split: str
) -> list[dict[int, float]]:
    """Find the mean IoU of every point, see :func:`average_by_seed`."""
    return [
        average_by_seed(results["experiments"][name]["real"].get(split, []))
        for _, name in series["points"]
    ]


def average_by_seed(entries: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Average mean IoUs over the seeds of the adaptation, by that of the segmentation network."""
    found: dict[int, list[float]] = {}
    for entry in entries:
        if entry["mean_iou"] is not None:
            found.setdefault(entry["segment_seed"], []).append(entry["mean_iou"])
    return {seed: float(np.mean(values)) for seed, values in found.items()}


def _subtract(one: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    return {seed: one[seed] - other[seed] for seed in one.keys() & other.keys()}


def _cell(values: Mapping[int, float], sign: str = "") -> str:
    found = interval(list(values.values()))
    if found is None:
        return ""
    mean, low, high = found
    told = f"{mean:{sign}.1f}"
    return told if len(values) == 1 else f"{told} [{low:{sign}.1f}, {high:{sign}.1f}]"


def _tell_count(count: str, budget: Mapping[str, Any]) -> str:
    return f"all {budget['images']}" if count == "all" else count
