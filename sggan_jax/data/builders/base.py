"""What all builders share: pairs are made in chunks, and what was made is stored as PNG."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from sggan_jax.data.builders.chunks import Chunk
from sggan_jax.data.builders.pairs import Plan
from sggan_jax.data.survey import Survey, check_not_train_ids
from sggan_jax.types import InputError


class PairBuilder(tfds.core.GeneratorBasedBuilder):
    """Writes a plan: every pair checked, resized to the training size and stored without loss.

    Args:
        plan: What to write.
        height: Height to store, in pixels.
        width: Width to store, in pixels.
        data_dir: Directory to write under.
        class_ids: Whether labels are read as Cityscapes' class ids, for which some take train ids.

    Attributes:
        chunks: Gives the chunks of a split, in order; set before building.
    """

    VERSION = tfds.core.Version("1.0.0")

    def __init_subclass__(cls, **kwargs: Any):
        # Builders are made with a plan, never found by name: tfds' register has no use for them.
        super().__init_subclass__(skip_registration=True, **kwargs)  # type: ignore[call-arg]

    def __init__(
        self,
        *,
        plan: Plan,
        height: int,
        width: int,
        data_dir: Path,
        class_ids: bool = False,
    ):
        self.plan, self.size, self.class_ids = plan, (height, width), class_ids
        self.chunks: Callable[[str], Iterator[Chunk]] = lambda split: iter(())
        super().__init__(data_dir=data_dir, file_format="array_record")

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(*self.size, 3), encoding_format="png"),
            "label": tfds.features.Image(shape=(*self.size, 1), encoding_format="png"),
            "name": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(features),
            metadata=tfds.core.MetadataDict(),
            # Stored in the order of the plan, so that equal plans line up example by example.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
        self.info.metadata.update(
            names={},
            pixels={},
            surveys={},
            refused=list(self.plan.refused),
            labelled=self.plan.labelled,
        )
        return {split: self._generate_examples(split) for split in self.plan.splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        names: list[str] = []
        survey = Survey()
        for chunk in self.chunks(split):
            add_chunk(survey, chunk, split, self.class_ids)
            for name, image, label in chunk.examples:
                names.append(name)
                coded = {"image": io.BytesIO(image), "label": io.BytesIO(label), "name": name}
                yield len(names) - 1, coded
        check_any(survey, split)
        metadata = self.info.metadata
        metadata["refused"] += survey.refused
        metadata["names"][split] = names
        metadata["pixels"][split] = {str(i): count for i, count in survey.pixels().items()}
        metadata["surveys"][split] = survey.to_json()


def add_chunk(survey: Survey, chunk: Chunk, split: str, class_ids: bool) -> None:
    """Add what a chunk holds to the survey of its split.

    Raises:
        InputError: The labels turn out to be train ids.
    """
    survey.merge(chunk.survey)
    if class_ids:
        check_not_train_ids(survey, f"split {split!r}")


def check_any(survey: Survey, split: str) -> None:
    """Refuse a split of which nothing is left.

    Raises:
        InputError: No pair can be used; the message tells the first reason.
    """
    if not survey.count:
        raise InputError(refuse_all(split, survey.refused))


def refuse_all(split: str, refused: Sequence[tuple[str, str]]) -> str:
    """Say that nothing is left of a split, with the first reason."""
    name, reason = refused[0]
    return f"All {len(refused)} pairs of split {split!r} are unusable, the first, {name}: {reason}"
