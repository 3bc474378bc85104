"""An experiment of the benchmark: one way to come by training images, and where its files lie."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from sggan_jax.adapt.colour_transfer import KINDS
from sggan_jax.types import InputError

RealLabels = int | Literal["all"]


@dataclasses.dataclass(frozen=True)
class Experiment:
    """How one row of the table comes about.

    Attributes:
      name: of its directory and its key in the results.
      title: of its row; ``{images}`` in it stands for the title of ``images``.
      adapt: configuration of the adaptation to train; empty for none.
      colour_transfer: adaptation without learning, one of ``KINDS``; empty for none.
      segment: configuration of the segmentation network.
      images: experiment whose training images the adaptation or colour transfer changes, or
        without either the segmentation network learns from; None for the renderings, or its own.
      real_labels: labelled real images that it learns from beside those, half of every batch, or
        with domain ``real`` from nothing else: their number, or ``all``.
      domain: that the segmentation network learns from: ``virtual``, adapted if there is an
        adaptation, or ``real``.
      predicted: whether the adaptation sees predicted labels of real images, not annotated ones.
      paper: the paper's own figures, in percent; empty where it has none.
    """

    name: str
    title: str
    adapt: Mapping[str, Any]
    colour_transfer: str
    segment: Mapping[str, Any]
    images: "Experiment | None"
    real_labels: RealLabels
    domain: str
    predicted: bool
    paper: str

    @property
    def is_adapted(self) -> bool:
        """Whether the segmentation network sees other images than the rendered ones."""
        return bool(self.adapt or self.colour_transfer)

    @property
    def origin(self) -> "Experiment":
        """The experiment that makes the images: this one, or ``images`` where it adapts none."""
        return self if self.is_adapted or self.images is None else self.images

    @property
    def stages(self) -> "tuple[Experiment, ...]":
        """The experiments that make its images, one from the other's: the origin is the last."""
        origin = self.origin
        return (origin.images, origin) if origin.images else (origin,)

    @property
    def learns(self) -> bool:
        """Whether an adaptation was trained for its images, so that they depend on its seed."""
        return any(stage.adapt for stage in self.stages)

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
    experiments: dict[str, Experiment] = {}
    # Those that adapt another one's images come after it, and then those that only learn.
    for name in sorted(config["order"], key=lambda name: _rank(config, name)):
        fields = dict(config["experiments"][name])
        for part, steps in (("adapt", "adapt_steps"), ("segment", "segment_steps")):
            if fields[part] and config[steps]:
                fields[part] = with_values(fields[part], train__steps=config[steps])
        if images := fields["images"]:
            adapts = bool(fields["adapt"] or fields["colour_transfer"])
            able = [
                name
                for name, one in experiments.items()
                if one.origin is one and not (adapts and one.images)
            ]
            if images not in able:
                raise InputError(
                    f"experiment {name}: images must be one of {', '.join(able)}, which make "
                    f"their own, got {images!r}"
                )
            fields["images"] = experiments[images]
            fields["title"] = fields["title"].replace("{images}", experiments[images].title)
        experiments[name] = Experiment(name=name, **fields | {"images": fields["images"] or None})
        check_experiment(experiments[name])
    experiments = {name: experiments[name] for name in config["order"]}
    if config["source"] not in experiments or config["upper"] not in experiments:
        raise InputError(
            "source and upper must name experiments: adaptations are compared with them"
        )
    if config["judge"] not in {"", *config["experiments"]}:
        raise InputError(f"judge must name an experiment, or be empty; got {config['judge']!r}")
    return experiments


def _rank(config: Mapping[str, Any], name: str) -> int:
    """Rank an experiment: 0 takes no other one's images, 1 changes them, 2 learns from them."""
    if name not in config["experiments"]:
        raise InputError(
            f"order names {name!r}, but experiments holds {sorted(config['experiments'])}"
        )
    fields = config["experiments"][name]
    changes = fields["adapt"] or fields["colour_transfer"]
    return (1 if changes else 2) if fields["images"] else 0


def check_experiment(experiment: Experiment) -> None:
    """Refuse an experiment that makes no sense by itself.

    Raises:
      InputError: naming the experiment and what is wrong with it.
    """
    told = f"experiment {experiment.name}"
    if experiment.colour_transfer not in ("", *KINDS):
        known = ", ".join(KINDS)
        raise InputError(f"{told}: colour_transfer must be one of {known}, or empty")
    if experiment.domain not in ("virtual", "real"):
        raise InputError(f"{told}: domain must be virtual or real")
    virtual = experiment.domain == "virtual"
    kinds = experiment.adapt, experiment.colour_transfer, not virtual
    if sum(map(bool, kinds)) > 1 or (experiment.images and not virtual):
        raise InputError(f"{told} asks for more than one source of training images")
    number = experiment.real_labels
    check_real_labels(f"{told}: real_labels", number, least=0 if virtual else 1)
    if not number:
        return
    method, batch = experiment.segment["method"], experiment.segment["train"]["batch_size"]
    if virtual and (method != "segmenter" or batch % 2):
        raise InputError(
            f"{told}: real_labels = {number} gives the segmentation network half "
            f"of every batch, which asks for method segmenter and an even train.batch_size, got "
            f"{method} and {batch}"
        )
    least = batch // 2 if virtual else batch
    check_real_labels(f"{told}: real_labels, of which a batch holds {least},", number, least)


def check_real_labels(key: str, number: Any, least: int) -> None:
    """Refuse what is no number of labelled images.

    Args:
      key: what it is called.
      number: of images.
      least: the lowest number.

    Raises:
      InputError: naming the key and what is allowed.
    """
    whole = isinstance(number, int) and not isinstance(number, bool) and number >= least
    if number != "all" and not whole:
        raise InputError(f"{key} must be a whole number of at least {least}, or all; got {number}")


@dataclasses.dataclass(frozen=True)
class Paths:
    """Where a benchmark keeps things; every file is written whole or not at all.

    Attributes:
      root: directory of all files.
      segment_size: height and width at which segmentation networks see whole images, where it is
        not that of the adaptations.
    """

    root: Path
    segment_size: tuple[int, int] | None = None

    @property
    def virtual(self) -> Path:
        """The virtual domain as a folder data set."""
        return self.root / "virtual"

    @property
    def real(self) -> Path:
        """The real domain as a folder data set."""
        return self.root / "real"

    @property
    def labelled_real(self) -> Path:
        """The real domain at the size of segmentation networks that learn its labels."""
        own = self.segment_size
        return self.root / "real_{}x{}".format(*own) if own else self.real

    @property
    def predicted(self) -> Path:
        """The real domain with labels predicted by the source-only network."""
        return self.root / "real_predicted"

    def source(self, experiment: Experiment, seed: int) -> Path:
        """Folder data set that an experiment adapts: renderings, or what another made of them."""
        images = experiment.images
        return self.dataset(images, seed if images.learns else 0) if images else self.virtual

    def adapter(self, experiment: Experiment, seed: int) -> Path:
        """Run directory of an adaptation."""
        return self.root / experiment.name / f"adapter_{seed}"

    def dataset(self, experiment: Experiment, seed: int) -> Path:
        """Folder data set that an experiment's segmentation network trains on."""
        if experiment.domain == "real":
            return self.labelled_real
        origin = experiment.origin
        return self.root / origin.name / f"adapted_{seed}" if origin.is_adapted else self.virtual

    def labelled(self, number: int, seed: int) -> Path:
        """List of the labelled real images that an experiment with so many learns from."""
        return self.root / "labelled" / f"{number}_{seed}.txt"

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
