"""Which state of a run is best, by a term or a measure, and when it no longer gains."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path

from sggan_jax.config import Config
from sggan_jax.data.domains import naming
from sggan_jax.evaluate.score import find_score, find_side, list_measures
from sggan_jax.files import read_json_lines
from sggan_jax.train.log import MEASURES_FILE
from sggan_jax.types import InputError


def check_metric(config: Config) -> None:
    """Refuse to choose by a measure that there is none of, or that has no better side.

    Raises:
      InputError: naming it.
    """
    metric = config.train.best_metric
    if not _is_asked(config) or metric in config.term_weights:
        return
    with naming("train.best_metric"):
        if find_side(metric) == "none":
            raise InputError(
                f"{metric!r} describes and is neither better nor worse for being higher: choose "
                f"another measure (docs/evaluating.md)"
            )


def check_measurable(config: Config, classes: Collection[str], lacking: Mapping[str, str]) -> None:
    """Refuse to choose by a measure that this run cannot take.

    Args:
      config: of the run.
      classes: names that measures by class know.
      lacking: measure to why it cannot be taken.

    Raises:
      InputError: naming the measure and why.
    """
    if not _is_asked(config) or config.train.best_metric in config.term_weights:
        return
    for name in list_measures(config.train.best_metric):
        title, _, part = name.partition("/")
        if title in lacking:
            raise InputError(f"train.best_metric asks for {name!r}, but {lacking[title]}")
        if part and title != "grid" and part not in classes:
            raise InputError(
                f"train.best_metric asks for {name!r}, but measures are by {', '.join(classes)}"
            )


def _is_asked(config: Config) -> bool:
    return bool(config.train.keep_best or config.train.patience)


def cost(metric: str, value: float) -> float:
    """Turn a value into one of which less is better.

    >>> cost("agreement", 0.75), cost("grid", 2.0), cost("contrast/road", -0.5), cost("cyc_v", 3.0)
    (-0.75, 2.0, 0.5, 3.0)
    >>> cost("agreement-0.1*grid", 0.75)
    -0.75
    """
    try:
        direction = find_side(metric)
    except InputError:  # a term
        return value
    return {"higher": -value, "zero": abs(value)}.get(direction, value)


def read_measured(workdir: Path, metric: str) -> dict[int, float]:
    """Read every value of a measure, or of a score, that was logged, by step."""
    entries = read_json_lines(Path(workdir) / MEASURES_FILE)
    values = {entry["step"]: find_score(metric, entry) for entry in entries}
    return {step: value for step, value in values.items() if value is not None}


def count_without_gain(metric: str, values: Mapping[int, float]) -> int:
    """Count the measures since the best one.

    Args:
      metric: that the values are of.
      values: by step.

    >>> count_without_gain("agreement", {10: 0.5, 20: 0.75, 30: 0.7, 40: 0.75})
    2
    """
    costs = [cost(metric, values[step]) for step in sorted(values)]
    return len(costs) - 1 - costs.index(min(costs)) if costs else 0


def gains_no_more(config: Config, workdir: Path, step: int) -> bool:
    """Whether a run is to end at a step because its measures up to there no longer gain."""
    train = config.train
    if not train.patience:
        return False
    found = read_measured(workdir, train.best_metric)
    values = {at: value for at, value in found.items() if at <= step}
    return count_without_gain(train.best_metric, values) >= train.patience


def best_of(metric: str, values: Mapping[int, float]) -> int | None:
    """Find the step of the best value, the later of equal ones; None without any.

    >>> best_of("grid", {1: 2.0, 2: 1.0, 3: 1.0, 4: math.inf})
    3
    """
    known = {step: value for step, value in values.items() if math.isfinite(value)}
    return min(known, key=lambda step: (cost(metric, known[step]), -step), default=None)
