"""A data set written whole: shards of every split, and what tensorflow-datasets reads first."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow_datasets as tfds

from sggan_jax.data.builders.base import VERSION, PairBuilder, add_survey, check_any
from sggan_jax.data.builders.chunks import Chunk
from sggan_jax.data.builders.shards import TEMPLATE, SplitWriter, example_features
from sggan_jax.data.survey import Survey

INFO = "dataset_info.json"
"""The file that tensorflow-datasets reads first: a folder with it is a data set."""


def write_data_set(
    builder: PairBuilder, folder: Path, read: Callable[[str, int], Iterator[Chunk]]
) -> None:
    """Write a data set beside its place and move it there when it is whole.

    Args:
        builder: What to write, and where.
        folder: Directory of what is unfinished; what an earlier call left there is used.
        read: Gives the chunks of a split, in order, without so many of the first.

    Raises:
        InputError: The labels of a split are train ids, or none of its pairs can be used.
        OSError: It cannot be written, or is there already.
    """
    data, plan = folder / "data", builder.plan
    infos, names, surveys = [], {}, {}
    for split in plan.splits:
        survey = surveys[split] = Survey()
        note = functools.partial(add_survey, survey, split=split, class_ids=builder.class_ids)
        writer = SplitWriter(builder.name, split, builder.size, data, folder / split)
        shards = writer.write(functools.partial(read, split), note)
        check_any(survey, split)
        infos.append(writer.info(shards))
        names[split] = [name for shard in shards for name in shard.names]
    refused = [*plan.refused, *(pair for survey in surveys.values() for pair in survey.refused)]
    metadata = {
        "names": names,
        "pixels": {split: survey.pixels() for split, survey in surveys.items()},
        "surveys": {split: survey.to_json() for split, survey in surveys.items()},
        "refused": refused,
        "labelled": plan.labelled,
    }
    tfds.folder_dataset.write_metadata(
        data_dir=data,
        features=example_features(*builder.size),
        split_infos=infos,
        version=VERSION,
        filename_template=TEMPLATE,
        check_data=False,  # which needs TensorFlow
        description=builder.title,
        # Stored in the order of the plan, so that equal plans line up example by example.
        disable_shuffling=True,
        metadata=tfds.core.MetadataDict(metadata),
    )
    _move(data, builder.data_dir)


def _move(data: Path, place: Path) -> None:
    """Move a whole data set to its place, where only another whole one may lie."""
    if not (place / INFO).is_file():
        shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    data.rename(place)
