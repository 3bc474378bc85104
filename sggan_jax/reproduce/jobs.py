"""The pieces of work on an experiment; each returns at once where its result is there already."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.adapt.adapter import load_adapter
from sggan_jax.adapt.colour_transfer import transfer_colours
from sggan_jax.adapt.dataset import adapt_labelled, label_folder
from sggan_jax.config import Config, Data, Domain
from sggan_jax.data.builders import SourceSpec
from sggan_jax.data.domains import domain_spec
from sggan_jax.data.labels import class_table
from sggan_jax.data.pipeline import PreparedSource, open_source
from sggan_jax.data.prepare import prepare
from sggan_jax.data.sources import draw
from sggan_jax.data.unpack import unpack
from sggan_jax.evaluate.features import read_features, read_features_if_there
from sggan_jax.evaluate.pairs import ErrorCounts, count_errors
from sggan_jax.evaluate.segmentation import score_segmenter
from sggan_jax.files import list_names, write_json, write_text
from sggan_jax.messages import warn
from sggan_jax.reproduce.experiment import Experiment, Paths, with_values
from sggan_jax.reproduce.images import ImageMeasures, count_minutes
from sggan_jax.reproduce.sizes import SCORES, SIZES, AtScale, OwnSize, segment_sizes
from sggan_jax.runs.segmenter import load_segmenter
from sggan_jax.train.setup import train
from sggan_jax.types import InputError

_BATCH = 8
# What a benchmark decides for every run: the data, their size, and where they are kept.
_SHARED = (
    *("virtual", "real", "virtual_dir", "real_dir", "virtual_table", "real_table"),
    *("toycity_train", "toycity_test", "data_dir", "crop_shift", *SIZES),
)


class Benchmark:
    """A pair of data sets, experiments, and the directory of their results."""

    def __init__(
        self, config: Mapping[str, Any], experiments: Mapping[str, Experiment], root: str | Path
    ):
        """Describe a benchmark; nothing is read or written yet.

        Args:
          config: of ``configs/benchmark.py``, nested dicts.
          experiments: as :func:`sggan_jax.reproduce.experiment.read_experiments` returns them.
          root: directory of all files.

        Raises:
          InputError: if the settings of an experiment cannot work, or ``features`` is no network.
        """
        self.config, self.experiments = config, experiments
        self.data = Data.from_dict(config["data"])
        self.segment_data = segment_sizes(config, self.data)
        own = self.segment_data.stored_size
        self.paths = Paths(Path(root), None if own == self.data.stored_size else own)
        for experiment in experiments.values():
            if experiment.adapt:
                Config.from_dict(self._configure(experiment.adapt, 0, self.data))
            Config.from_dict(self._configure(experiment.segment, 0, self.segment_data))
        if config["features"]:
            read_features(config["features"])  # what is wrong with it is told before hours of work

    def open(self, domain: Domain, data: Data | None = None) -> dict[str, PreparedSource]:
        """Open every split of a domain, prepared first where that is still to do.

        Args:
          domain: ``virtual`` or ``real``.
          data: for the size at which images are stored; None for that of the adaptations.
        """
        return self._open_all(domain_spec(self.data, domain), data or self.data)

    def unpack(self, domain: Domain) -> None:
        """Write a domain as a folder data set; real labels at the segmentation's size as well."""
        folder = self.paths.virtual if domain == "virtual" else self.paths.real
        unpack(self.open(domain), folder)
        if domain == "real" and self.paths.labelled_real != folder:
            unpack(self.open(domain, self.segment_data), self.paths.labelled_real)

    def train_adapter(self, experiment: Experiment, seed: int) -> None:
        """Train the adaptation of an experiment."""
        config = self._configure(experiment.adapt, seed, self.data)
        if experiment.images:
            config = with_values(
                config,
                data__virtual="folder",
                data__virtual_dir=str(self.paths.source(experiment, seed)),
                data__virtual_table=self._table(experiment),
            )
        if experiment.predicted:
            real = str(self.paths.predicted)
            config = with_values(
                config, data__real="folder", data__real_dir=real, data__real_table="cityscapes"
            )
        if experiment.teacher in self.experiments:
            teacher = str(self._first_segmenter(self.experiments[experiment.teacher]))
            config = with_values(config, semantic__teacher=teacher)
        train(config, self.paths.adapter(experiment, seed))

    def predict_labels(self) -> None:
        """Label the real domain by the first network trained without adaptation."""
        source = self.experiments[self.config["source"]]
        run = self._first_segmenter(source)
        label_folder(load_segmenter(run), self.paths.real, self.paths.predicted)

    def list_labelled(self, number: int, seed: int) -> Path:
        """Write which real images are labelled: of one seed, fewer are among more.

        Raises:
          InputError: if there are not so many.
        """
        path = self.paths.labelled(number, seed)
        if not path.is_file():
            source = self.open("real")[self.data.split]
            if number > len(source):
                raise InputError(
                    f"{number} labelled real images are asked for, but {self.data.split} has "
                    f"{len(source)}: ask for fewer, or for all"
                )
            names = draw(source, number, (seed,)).names
            write_text(path, list_names(names))
        return path

    def train_teacher(self, experiment: Experiment) -> None:
        """Train the segmentation network that an adaptation asks: another experiment's first."""
        first = self.config["segment_seeds"][0]
        self.train_segmenter(self.experiments[experiment.teacher], 0, first)

    def make_dataset(self, experiment: Experiment, seed: int) -> None:
        """Adapt the whole virtual domain, or what another made of it; labels are carried over."""
        source, target = self.paths.source(experiment, seed), self.paths.dataset(experiment, seed)
        if experiment.adapt:
            adapter = load_adapter(self.paths.adapter(experiment, seed))
            adapt_labelled(adapter, source, target, batch_size=_BATCH)
        elif experiment.colour_transfer:
            folders = source, self.paths.real, target
            label_set = self.config["label_set"]
            transfer_colours(experiment.colour_transfer, *folders, seed=seed, label_set=label_set)

    def train_segmenter(self, experiment: Experiment, seed: int, segment_seed: int) -> None:
        """Train a segmentation network on what the experiment made."""
        config = with_values(
            self._configure(experiment.segment, segment_seed, self.segment_data),
            data__virtual="folder",
            data__virtual_dir=str(self.paths.dataset(experiment, seed)),
            data__virtual_table=self._table(experiment),
            data__class_groups=self.config["label_set"],
        )
        if not experiment.segment["data"]["real"]:
            config = with_values(config, data__real="", data__real_dir="")
        if experiment.real_labels:
            config = self._with_real_labels(config, experiment, segment_seed)
        train(config, self.paths.segmenter(experiment, seed, segment_seed))

    def score_real(self, experiment: Experiment, seed: int, segment_seed: int, split: str) -> None:
        """Score an experiment's segmentation network on real images of a split."""
        path = self.score_record(experiment, seed, segment_seed, split)
        if path.is_file():
            return
        segmenter = load_segmenter(self.paths.segmenter(experiment, seed, segment_seed))
        source = self.open("real", self.segment_data)[split]
        if self.config["score_size"] == "training":
            confusion = score_segmenter(segmenter, source)
        else:
            size = self.segment_data.stored_size
            info = prepare(domain_spec(self.data, "real"), self.data.data_dir, *size)
            # Files differ in size: one at a time.
            confusion = score_segmenter(AtScale(segmenter, size), OwnSize(info, split), 1)
        write_json(path, confusion.tolist())

    def score_record(
        self, experiment: Experiment, seed: int, segment_seed: int, split: str
    ) -> Path:
        """JSON file with what an experiment's network scores on real images of a split."""
        kind = SCORES[self.config["score_size"]]
        return self.paths.record(experiment, f"{kind}_{seed}_{segment_seed}_{split}")

    def score_kept(self, experiment: Experiment, seed: int, segment_seed: int) -> None:
        """Score what a network trained on real images sees in the experiment's training images."""
        path = self.paths.record(experiment, f"kept_{seed}_{segment_seed}")
        if not path.is_file():
            upper = self.experiments[self.config["upper"]]
            segmenter = load_segmenter(self.paths.segmenter(upper, 0, segment_seed))
            images = self._open_dataset(experiment, seed, self.segment_data)[self.data.split]
            write_json(path, score_segmenter(segmenter, images).tolist())

    def score_judged(self, experiment: Experiment, seed: int) -> None:
        """Score the same by the first network of the judge, which no adaptation asks."""
        path = self.paths.record(experiment, f"judged_{seed}")
        if not path.is_file():
            judge = self._first_segmenter(self.experiments[self.config["judge"]])
            images = self._open_dataset(experiment, seed, self.segment_data)[self.data.split]
            write_json(path, score_segmenter(load_segmenter(judge), images).tolist())

    def measure_images(self, experiment: Experiment, seed: int) -> None:
        """Measure the experiment's training images, and count the minutes of its adaptation."""
        path = self.paths.record(experiment, f"images_{seed}")
        if not path.is_file():
            found = self._measure(self._open_dataset(experiment, seed, self.data)[self.data.split])
            minutes = count_minutes(self.paths.adapter(experiment, seed))
            write_json(path, found | {"minutes": minutes})

    def score_truth(self, experiment: Experiment, seed: int) -> None:
        """Measure the mean difference from the true real look, which only the toy city knows."""
        path = self.paths.record(experiment, f"truth_{seed}")
        if path.is_file():
            return
        adapted = self._open_dataset(experiment, seed, self.data)["test"]
        true = self.open("real")["test"]
        counts = ErrorCounts(np.zeros(256, np.int64), np.zeros(256, np.int64))
        for index in range(len(true)):
            made, wanted = adapted[index], true[index]
            counts += count_errors(
                made["image"][None], wanted["image"][None], wanted["label"][None]
            )
        write_json(path, counts.overall)

    @cached_property
    def _measure(self) -> ImageMeasures:
        source, real = (self.open(domain)[self.data.split] for domain in ("virtual", "real"))
        return ImageMeasures(source, real, read_features_if_there(self.config["features"], warn))

    def _with_real_labels(
        self, config: Mapping[str, Any], experiment: Experiment, seed: int
    ) -> dict[str, Any]:
        """Let a segmentation network learn from labelled real images, chosen by its seed."""
        number = experiment.real_labels
        listing = "" if number == "all" else str(self.list_labelled(number, seed))
        if experiment.domain == "real":
            return with_values(config, data__virtual_list=listing)
        return with_values(
            config,
            data__real="folder",
            data__real_dir=str(self.paths.labelled_real),
            data__real_table=_unpacked(self.data.real_table),
            data__real_list=listing,
            seg__both_domains=True,
            train__batch_size=config["train"]["batch_size"] // 2,
        )

    def _configure(self, config: Mapping[str, Any], seed: int, data: Data) -> dict[str, Any]:
        shared = {f"data__{key}": getattr(data, key) for key in _SHARED}
        return with_values(config, seed=seed, **shared)

    def _first_segmenter(self, experiment: Experiment) -> Path:
        return self.paths.segmenter(experiment, 0, self.config["segment_seeds"][0])

    def _table(self, experiment: Experiment) -> str:
        data = self.data
        return _unpacked(data.real_table if experiment.domain == "real" else data.virtual_table)

    def _open_dataset(
        self, experiment: Experiment, seed: int, data: Data
    ) -> dict[str, PreparedSource]:
        folder = str(self.paths.dataset(experiment, seed))
        return self._open_all(SourceSpec("folder", folder, self._table(experiment)), data)

    def _open_all(self, spec: SourceSpec, data: Data) -> dict[str, PreparedSource]:
        place = data.data_dir, *data.stored_size
        counts = prepare(spec, *place).counts
        directory, *size = place
        return {split: open_source(spec, directory, split, *size) for split in counts}


def _unpacked(table: str) -> str:
    """Class table of labels once they are unpacked: Cityscapes' where they were mapped to it."""
    return table if class_table(table).to_cityscapes is None else "cityscapes"
