"""The label budget: what adapted images are worth beside so many labelled real ones.

A series of points for real labels alone and one for the images of every experiment of
``budget.beside``. All points learn for the same number of steps of the same number of images. Which
images are labelled follows from the segmentation network's seed, the same ones in every series, so
that series can be compared seed by seed; of one seed, fewer are among more.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from sggan_jax.adapt.composition import PHOTOGRAPHS
from sggan_jax.config import Config
from sggan_jax.data.needs import who_needs_labels
from sggan_jax.reproduce.experiment import (
    Experiment,
    RealLabels,
    check_experiment,
    check_real_labels,
)
from sggan_jax.types import InputError

ALONE = "real labels alone"


@dataclasses.dataclass(frozen=True)
class Series:
    """Points of one curve.

    Attributes:
      title: of the curve.
      note: which real labels its adaptation saw; empty for none.
      points: name of the experiment at every number of labelled images.
    """

    title: str
    note: str
    points: Mapping[RealLabels, str]


def with_budget(
    config: Mapping[str, Any], experiments: Mapping[str, Experiment]
) -> dict[str, Experiment]:
    """Add the points of the curve that are not there already to the experiments.

    Without labels a point is ``source``, or the experiment itself; with all and nothing beside them
    it is ``upper``.

    Args:
      config: of the benchmark, with ``budget``.
      experiments: as :func:`sggan_jax.reproduce.experiment.read_experiments` returns them.

    Raises:
      InputError: if ``budget`` cannot be done.
    """
    _check(config, experiments)
    added = dict(experiments)
    plain = experiments[config["upper"]]
    for count in config["budget"]["counts"]:
        told = f"{count} real labels" if count != "all" else "all real labels"
        if count not in (0, "all"):
            alone = {"name": f"labels_{count}", "title": told, "real_labels": count}
            added[alone["name"]] = dataclasses.replace(plain, **alone)
        for name in config["budget"]["beside"] if count else ():
            images = experiments[name]
            added[_name(name, count)] = dataclasses.replace(
                images,
                name=_name(name, count),
                title=f"{_title(images)} and {told}",
                adapt={},
                colour_transfer="",
                images=images,
                real_labels=count,
                predicted=False,
                paper="",
            )
    for name, point in added.items():
        if name not in experiments:
            check_experiment(point)
    return added


def list_series(config: Mapping[str, Any], experiments: Mapping[str, Experiment]) -> list[Series]:
    """List the curves, real labels alone first; none without a budget."""
    counts, beside = config["budget"]["counts"], config["budget"]["beside"]
    if not counts:
        return []
    fixed = {0: config["source"], "all": config["upper"]}
    alone = {count: fixed.get(count, f"labels_{count}") for count in counts}
    return [
        Series(ALONE, "", alone),
        *(
            Series(
                f"{_title(experiments[name])} and real labels",
                tell_labels_seen(experiments[name], experiments),
                {count: _name(name, count) if count else name for count in counts},
            )
            for name in beside
        ),
    ]


def tell_labels_seen(experiment: Experiment, experiments: Mapping[str, Experiment]) -> str:
    """Say which real labels an experiment's images were made with; empty for none."""
    before = tell_labels_seen(experiment.images, experiments) if experiment.images else ""
    seen = [before] if before else []
    if experiment.colour_transfer in ("class_statistics", "photograph_statistics"):
        seen.append("all real labels, for the statistics of every class")
    if experiment.colour_transfer == "regions":
        seen.append(f"up to {PHOTOGRAPHS} real labels, whose regions it shows")
    if not experiment.adapt:
        return " and ".join(seen)
    config = Config.from_dict(experiment.adapt)
    needed = "real" in who_needs_labels(config) or config.data.candidates > 1
    if needed and not experiment.predicted:
        seen.append("all real labels, in its adaptation")
    asked = config.term_weights.get("sem_v") or config.term_weights.get("sem_r")
    teacher = experiments.get(experiment.teacher)
    if asked and (teacher is None or teacher.real_labels):
        seen.append("those of its teacher")
    return " and ".join(seen)


def describe_budget(
    config: Mapping[str, Any], experiments: Mapping[str, Experiment], images: int
) -> dict[str, Any]:
    """Describe the curves for ``results.json``.

    Args:
      config: of the benchmark.
      experiments: with the points.
      images: labelled real images in all.
    """
    return {
        "images": images,
        "batch": experiments[config["upper"]].segment["train"]["batch_size"],
        "series": [
            {
                "title": one.title,
                "note": one.note,
                "points": [[str(count), name] for count, name in one.points.items()],
            }
            for one in list_series(config, experiments)
        ],
    }


def _title(experiment: Experiment) -> str:
    """What an experiment's images are called."""
    return experiment.title if experiment.is_adapted else "renderings"


def _name(experiment: str, count: RealLabels) -> str:
    return f"{experiment}_labels_{count}"


def _check(config: Mapping[str, Any], experiments: Mapping[str, Experiment]) -> None:
    """Refuse a budget that cannot be done."""
    counts, beside = config["budget"]["counts"], config["budget"]["beside"]
    for count in counts:
        check_real_labels("budget.counts", count, least=0)
    numbers = [count for count in counts if count != "all"]
    ordered = [*sorted(set(numbers)), *(["all"] if "all" in counts else [])]
    if list(counts) != ordered:
        raise InputError(
            f"budget.counts must be different numbers in order, all the last, got {counts}"
        )
    plain = experiments[config["upper"]].segment
    able = [
        name
        for name, one in experiments.items()
        if one.domain == "virtual" and one.origin is one and not one.real_labels
        if one.segment == plain
    ]
    for name in beside if counts else ():
        if name not in able:
            raise InputError(
                f"budget.beside must name experiments of order that make images and train the "
                f"segmentation network of {config['upper']} on them ({', '.join(able)}), got "
                f"{name!r}"
            )
