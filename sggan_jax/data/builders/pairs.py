"""A source of pairs before anything is read: where it is, and what it offers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sggan_jax.data.builders.files import File
from sggan_jax.types import InputError


@dataclass(frozen=True)
class SourceSpec:
    """Where examples come from.

    Attributes:
      builder: ``folder``, ``toycity`` or one of ``layouts.LAYOUTS``.
      path: directory of the files; toycity has none.
      table: folder: classes of the labels: one of ``tables.TABLES`` or the path of a TOML or YAML
        file.
      look: toycity: ``virtual`` or ``real``.
      train: toycity: number of training scenes.
      test: toycity: number of test scenes.
      seed: toycity: which city; two seeds share no scene.
      accept_labels: take the labels as they are though they make no street.
    """

    builder: str
    path: str = ""
    table: str = "cityscapes"
    look: str = "virtual"
    train: int = 400
    test: int = 50
    seed: int = 0
    accept_labels: bool = False

    def root(self) -> Path:
        """Return the directory of the files.

        Raises:
          InputError: if none is given.
        """
        if not self.path:
            raise InputError(
                f"Builder {self.builder!r} needs the directory of its files: give --source, or "
                "data.virtual_dir and data.real_dir of a configuration."
            )
        return Path(self.path).expanduser()


@dataclass(frozen=True)
class Pair:
    """One example to be.

    Attributes:
        name: Of the example.
        load: Reads its image [h, w, 3] and class ids [h, w].
        files: Its image and label file; None where it has no labels, or is rendered.
    """

    name: str
    load: Callable[[], tuple[np.ndarray, np.ndarray]]
    files: tuple[File, File] | None = None


@dataclass
class Plan:
    """What a source offers before anything is read.

    Attributes:
      splits: pairs by name of the split.
      refused: name and reason of what cannot become a pair.
      fingerprint: changes whenever the source does.
      labelled: False where the source has no labels and every id is 0.
      known: names of pairs that are broken in the release itself.
    """

    splits: Mapping[str, Sequence[Pair]]
    fingerprint: str
    refused: list[tuple[str, str]] = field(default_factory=list)
    labelled: bool = True
    known: tuple[str, ...] = ()
