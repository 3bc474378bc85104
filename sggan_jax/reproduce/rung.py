"""A rung of the ladder: one way to come by training images, and where its files lie."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sggan_jax.types import InputError

RECOLOURINGS = ("", "identity", "statistics", "class_statistics", "fourier")


@dataclasses.dataclass(frozen=True)
class Rung:
    """How one row of the table comes about.

    Attributes:
      name: of its directory and its key in the results.
      title: of its row.
      adapt: configuration of the adaptation to train; empty for none.
      recolour: adaptation without learning, one of ``RECOLOURINGS``; empty for none.
      segment: configuration of the segmentation network.
      domain: that the segmentation network learns from: ``virtual``, adapted if there is an
        adaptation, or ``real``, the upper bound.
      predicted: whether the adaptation sees predicted labels of real images, not annotated ones.
      paper: the paper's own figures, in percent; empty where it has none.
    """

    name: str
    title: str
    adapt: Mapping[str, Any]
    recolour: str
    segment: Mapping[str, Any]
    domain: str
    predicted: bool
    paper: str

    @property
    def is_adapted(self) -> bool:
        """Whether the segmentation network sees other images than the rendered ones."""
        return bool(self.adapt or self.recolour)


def read_rungs(config: Mapping[str, Any]) -> dict[str, Rung]:
    """Read the rungs of a ladder's configuration.

    Raises:
      InputError: naming the rung and what is wrong with it.
    """
    rungs = {}
    for name in config["order"]:
        if name not in config["rungs"]:
            raise InputError(f"order names {name!r}, but rungs holds {sorted(config['rungs'])}")
        fields = dict(config["rungs"][name])
        for part, steps in (("adapt", "adapt_steps"), ("segment", "segment_steps")):
            if fields[part] and config[steps]:
                fields[part] = with_values(fields[part], train__steps=config[steps])
        rungs[name] = Rung(name=name, **fields)
    for rung in rungs.values():
        if rung.recolour not in RECOLOURINGS:
            known = ", ".join(RECOLOURINGS[1:])
            raise InputError(f"rung {rung.name}: recolour must be one of {known}, or empty")
        if rung.domain not in ("virtual", "real"):
            raise InputError(f"rung {rung.name}: domain must be virtual or real")
        if (rung.adapt and rung.recolour) or (rung.domain == "real" and rung.is_adapted):
            raise InputError(f"rung {rung.name} asks for more than one source of training images")
    if config["source"] not in rungs or config["upper"] not in rungs:
        raise InputError("source and upper must name rungs: adaptations are compared with them")
    return rungs


@dataclasses.dataclass(frozen=True)
class Paths:
    """Where a ladder keeps things; every file is written whole or not at all."""

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

    def adapter(self, rung: Rung, seed: int) -> Path:
        """Run directory of an adaptation."""
        return self.root / rung.name / f"adapter_{seed}"

    def dataset(self, rung: Rung, seed: int) -> Path:
        """Folder data set that a rung's segmentation network trains on."""
        if rung.domain == "real":
            return self.real
        return self.root / rung.name / f"adapted_{seed}" if rung.is_adapted else self.virtual

    def segmenter(self, rung: Rung, seed: int, segment_seed: int) -> Path:
        """Run directory of a segmentation network."""
        return self.root / rung.name / f"segmenter_{seed}_{segment_seed}"

    def record(self, rung: Rung, what: str) -> Path:
        """JSON file with what was measured of a rung."""
        return self.root / rung.name / f"{what}.json"


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
