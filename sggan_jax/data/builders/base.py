"""What all builders share: where a plan is written, and which splits are refused as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sggan_jax.data.builders.pairs import Plan
from sggan_jax.data.survey import Survey, check_not_train_ids
from sggan_jax.types import InputError

VERSION = "1.0.0"


@dataclass(frozen=True)
class PairBuilder:
    """A plan, and where it is written.

    Attributes:
        name: Name of the builder, which the data set bears.
        title: What the data set is, for people.
        plan: What to write.
        size: Height and width to store, in pixels.
        home: Directory of one source at one size.
        class_ids: Whether labels are read as Cityscapes' class ids, for which some take train ids.
    """

    name: str
    title: str
    plan: Plan
    size: tuple[int, int]
    home: Path
    class_ids: bool = False

    @property
    def data_dir(self) -> Path:
        """Directory of the data set, which tensorflow-datasets finds below ``home``."""
        return self.home / self.name / VERSION


def add_survey(survey: Survey, part: Survey, split: str, class_ids: bool) -> None:
    """Add a part of a split to the survey of the split.

    Raises:
        InputError: The labels turn out to be train ids.
    """
    survey.merge(part)
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
