"""What made a folder of adapted images, so that no folder mixes the images of two models."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from sggan_jax.adapt.adapter import Adapter
from sggan_jax.data.sides import RECORD_FILE
from sggan_jax.files import write_json
from sggan_jax.images import format_size
from sggan_jax.runs.description import digest_config
from sggan_jax.runs.segmenter import Segmenter
from sggan_jax.types import InputError

_DECISIVE = ("direction", "step", "config", "weights", "input", "size", "strength")


@dataclasses.dataclass(frozen=True)
class Record:
    """What made a folder of adapted images, or of labels.

    Attributes:
      run: run directory, to be told; a run may move, so it is not compared. Empty without one.
      direction: ``v2r``, ``r2v``, ``seg``, or the kind of an adaptation without learning.
      step: of the checkpoint.
      config: digest of the run's configuration, data and length of training left out.
      weights: digest of the network's parameters, or of what takes their place.
      input: the folder adapted.
      size: height and width at which the network saw the images, as ``64x128``; ``native`` where
        it was that of each file.
      strength: how far images go from source to adapted, as a strength is written.
      repair: what decides how rejected images are repaired; empty where they are left alone.
    """

    run: str
    direction: str
    step: int
    config: str
    weights: str
    input: str
    size: str = "native"
    strength: str = "1"
    repair: str = ""


def make_record(
    adapter: Adapter | Segmenter,
    input_dir: Path,
    *,
    size: tuple[int, int] | None = None,
    strength: str = "1",
    repair: str = "",
) -> Record:
    """Describe what a network of a run makes of a folder, at a size or at that of each file."""
    weights = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(adapter.variables):
        weights.update(jax.tree_util.keystr(path).encode())
        weights.update(np.ascontiguousarray(leaf).tobytes())
    return Record(
        run=str(adapter.run.resolve()),
        direction=adapter.direction,
        step=adapter.step,
        config=digest_config(adapter.run),
        weights=weights.hexdigest()[:16],
        input=str(input_dir.resolve()),
        size=format_size(size) if size else Record.size,
        strength=strength,
        repair=repair,
    )


def claim(output_dir: Path, record: Record, names: Sequence[Path], overwrite: bool) -> None:
    """Make an output folder this record's, or make sure that it is.

    Args:
      output_dir: where adapted images go, made if absent.
      record: what is about to make them.
      names: of the images, relative to the folder.
      overwrite: remove images of these names, whoever made them, and begin anew.

    Raises:
      InputError: if the folder holds images of another record or of unknown origin, or cannot be
        written.
    """
    path = output_dir / RECORD_FILE
    try:
        if overwrite:
            # Removed before the record changes: a run interrupted from here on continues, and must
            # not take images of another model for its own.
            for name in names:
                (output_dir / name).unlink(missing_ok=True)
        else:
            _check(output_dir, record, names)
        write_json(path, dataclasses.asdict(record), indent=1)
    except OSError as error:
        raise InputError(f"{output_dir} cannot be written: {error.strerror or error}") from error


def _check(output_dir: Path, record: Record, names: Sequence[Path]) -> None:
    path = output_dir / RECORD_FILE
    way_out = "give another output folder, or --overwrite to replace them"
    if not path.exists():
        taken = [name for name in names if (output_dir / name).exists()]
        if taken:
            raise InputError(
                f"{output_dir} already holds {len(taken)} images of these names, such as "
                f"{taken[0]}, and no {RECORD_FILE} says what made them; {way_out}"
            )
        return
    try:
        old = Record(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); {way_out}") from error
    # Images that were not repaired may still be; how the others were is decided.
    repairable = old.repair in ("", record.repair)
    if repairable and all(getattr(old, key) == getattr(record, key) for key in _DECISIVE):
        return
    differing = [
        f"{field} {getattr(old, field) or 'none'} -> {getattr(record, field) or 'none'}"
        for field in ("run", "direction", "step", "input", "size", "strength", "repair")
        if getattr(old, field) != getattr(record, field)
    ] or ["the run was trained anew" if record.run else "from other images or settings"]
    raise InputError(
        f"{output_dir} holds images made by something else ({'; '.join(differing)}); {way_out}"
    )
