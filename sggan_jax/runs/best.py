"""The best checkpoint of a run: ``best.json`` in its directory says which it is and by what."""

import json
from pathlib import Path
from typing import Literal, NamedTuple

from sggan_jax.files import write_json
from sggan_jax.types import InputError

BEST_FILE = "best.json"

Step = int | Literal["best"] | None
"""Which checkpoint: of a step, the best, or None for the newest."""


class Best(NamedTuple):
    """The best checkpoint of a run so far.

    Attributes:
      metric: term or measure that decides.
      value: of it.
      step: of the checkpoint.
    """

    metric: str
    value: float
    step: int


def write_best(workdir: Path, best: Best) -> None:
    """Say which checkpoint is the best, atomically."""
    write_json(workdir / BEST_FILE, best._asdict())


def read_best(workdir: Path) -> Best | None:
    """Read which checkpoint is the best; None where the run keeps none.

    Raises:
      InputError: if the file is damaged.
    """
    path = Path(workdir) / BEST_FILE
    if not path.is_file():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Best(str(held["metric"]), float(held["value"]), int(held["step"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} is damaged ({error}); give the step itself") from error


def split_step(text: str) -> tuple[Path, Step]:
    """Part a run from its step: ``RUN`` or ``RUN:STEP``, STEP a number or ``best``.

    >>> split_step("runs/a:20")[1], split_step("runs/a:best")[1], split_step("runs/a")[1]
    (20, 'best', None)
    """
    run, _, step = text.rpartition(":")
    if run and step.isdecimal():
        return Path(run), int(step)
    return (Path(run), "best") if run and step == "best" else (Path(text), None)


def find_step(workdir: Path, step: Step) -> int | None:
    """Turn the best checkpoint into its step; other steps, and None, stay as they are.

    Raises:
      InputError: if the run keeps no best checkpoint.
    """
    if step != "best":
        return step
    best = read_best(workdir)
    if best is None:
        raise InputError(
            f"{workdir} keeps no best checkpoint: it was trained without train.keep_best; give a "
            f"step, or leave it out for the newest"
        )
    return best.step
