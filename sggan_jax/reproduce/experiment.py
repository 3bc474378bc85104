"""An experiment of the benchmark: one way to come by training images, and where its files lie."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sggan_jax.types import InputError

COLOUR_TRANSFERS = ("", "identity", "statistics", "class_statistics", "fourier")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """How one row of the table comes about.

    Attributes:
      name: of its directory and its key in the results.
      title: of its row.
      adapt: configuration of the adaptation to train; empty for none.
      colour_transfer: adaptation without learning, one of ``COLOUR_TRANSFERS``; empty for none.
      segment: configuration of the segmentation network.
      domain: that the segmentation network learns from: ``virtual``, adapted if there is an
        adaptation, or ``real``, the upper bound.
      predicted: whether the adaptation sees predicted labels of real images, not annotated ones.
      paper: the paper's own figures, in percent; empty where it has none.
    """

    name: str
    title: str
    adapt: Mapping[str, Any]
    colour_transfer: str
    segment: Mapping[str, Any]
    domain: str
    predicted: bool
    paper: str

    @property
    def is_adapted(self) -> bool:
        """Whether the segmentation network sees other images than the rendered ones."""
        return bool(self.adapt or self.colour_transfer)

    @property
    def teacher(self) -> str:
        """Whose first segmentation network the adaptation asks: an experiment, or empty.

        ``semantic.teacher`` of the adaptation names it, or a run directory of the user's own.
        """
        return self.adapt["semantic"]["teacher"] if self.adapt else ""


def read_experiments(config: Mapping[str, Any]) -> dict[str, Experiment]:
    """Read the experiments of a benchmark's configuration.

    Raises:
      InputError: naming the experiment and what is wrong with it.
    """
    experiments = {}
    for name in config["order"]:
        if name not in config["experiments"]:
            raise InputError(
                f"order names {name!r}, but experiments holds {sorted(config['experiments'])}"
            )
        fields = dict(config["experiments"][name])
        for part, steps in (("adapt", "adapt_steps"), ("segment", "segment_steps")):
            if fields[part] and config[steps]:
                fields[part] = with_values(fields[part], train__steps=config[steps])
        experiments[name] = Experiment(name=name, **fields)
    for experiment in experiments.values():
        if experiment.colour_transfer not in COLOUR_TRANSFERS:
            known = ", ".join(COLOUR_TRANSFERS[1:])
            raise InputError(
                f"experiment {experiment.name}: colour_transfer must be one of {known}, or empty"
            )
        if experiment.domain not in ("virtual", "real"):
            raise InputError(f"experiment {experiment.name}: domain must be virtual or real")
        if (experiment.adapt and experiment.colour_transfer) or (
            experiment.domain == "real" and experiment.is_adapted
        ):
            raise InputError(
                f"experiment {experiment.name} asks for more than one source of training images"
            )
    if config["source"] not in experiments or config["upper"] not in experiments:
        raise InputError(
            "source and upper must name experiments: adaptations are compared with them"
        )
    return experiments


@dataclasses.dataclass(frozen=True)
class Paths:
    """Where a benchmark keeps things; every file is written whole or not at all."""

    root: Path

    @property
    def virtual(self) -> Path:
        """The virtual domain as a folder data set."""
        return self.root / "virtual"

    @property
    def real(self) -> Path:
        """The real domain as a folder data set."""
        return self.root / "real"

    @property
    def predicted(self) -> Path:
        """The real domain with labels predicted by the source-only network."""
        return self.root / "real_predicted"

    def adapter(self, experiment: Experiment, seed: int) -> Path:
        """Run directory of an adaptation."""
        return self.root / experiment.name / f"adapter_{seed}"

    def dataset(self, experiment: Experiment, seed: int) -> Path:
        """Folder data set that an experiment's segmentation network trains on."""
        if experiment.domain == "real":
            return self.real
        return (
            self.root / experiment.name / f"adapted_{seed}"
            if experiment.is_adapted
            else self.virtual
        )

    def segmenter(self, experiment: Experiment, seed: int, segment_seed: int) -> Path:
        """Run directory of a segmentation network."""
        return self.root / experiment.name / f"segmenter_{seed}_{segment_seed}"

    def record(self, experiment: Experiment, what: str) -> Path:
        """JSON file with what was measured of an experiment."""
        return self.root / experiment.name / f"{what}.json"


def with_values(config: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """Copy a configuration with some keys set, ``a.b`` written ``a__b``.

    >>> with_values({"a": {"b": 1, "c": 2}}, a__b=3)
    {'a': {'b': 3, 'c': 2}}
    """
    changed = copy.deepcopy(dict(config))
    for key, value in values.items():
        *parents, leaf = key.split("__")
        place = changed
        for parent in parents:
            place = place[parent]
        if leaf not in place:
            raise KeyError(key)
        place[leaf] = value
    return changed
