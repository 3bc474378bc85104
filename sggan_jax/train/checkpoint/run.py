"""What a run says of itself: ``run.json`` in its directory, and which settings may change."""

import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sggan_jax.config import Config
from sggan_jax.methods import imported, make_method
from sggan_jax.methods.base import Method
from sggan_jax.types import InputError

RUN_FILE = "run.json"

DIGEST = "a:"
"""How digests of configurations begin; those of earlier versions begin otherwise."""

# Settings that a continued run may change: they alter its length, its reports, its machine or how
# it meets faults, never what a step computes.
FREE = (
    *("data.data_dir", "data.threads", "data.workers", "data.max_bad_fraction"),
    *("train.devices", "train.epochs"),
    *("train.steps", "train.steps_per_dispatch", "train.log_every", "train.sample_every"),
    *("train.sample_count", "train.checkpoint_every", "train.keep", "train.keep_best"),
    *("train.best_metric", "train.on_nonfinite", "train.max_rollbacks"),
)


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run directory says of itself: all that is needed to build its method again.

    Attributes:
      config: the configuration, nested dicts.
      class_groups: region of every class id, 256 integers.
      steps_per_epoch: optimisation steps of an epoch.
    """

    config: dict[str, Any]
    class_groups: tuple[int, ...]
    steps_per_epoch: int

    @property
    def settings(self) -> Config:
        """The configuration.

        Raises:
          InputError: naming what it lacks, what is unknown, or a value that cannot be.
        """
        try:
            return Config.from_dict(self.config)
        except InputError as error:
            raise InputError(
                f"the run's {RUN_FILE} cannot be used: {error}; restore it from a backup, or use "
                f"the version of this program that wrote it"
            ) from error

    def make_method(self) -> Method:
        """Build the run's method.

        Raises:
          InputError: if its settings cannot be used.
        """
        class_groups = np.array(self.class_groups, np.uint8)
        if self.config["method"] == "imported":
            return imported.make(self.config)
        return make_method(self.settings, class_groups, self.steps_per_epoch)


def write_run(workdir: Path, run: Run) -> None:
    """Describe a run in its directory."""
    path = workdir / RUN_FILE
    workdir.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(dataclasses.asdict(run), indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_run(workdir: Path) -> Run:
    """Read the description of a run.

    Raises:
      InputError: if the directory holds none, or it cannot be read.
    """
    path = Path(workdir) / RUN_FILE
    if not path.is_file():
        raise InputError(f"{workdir} is not a run directory: it has no {RUN_FILE}")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Run(fields["config"], tuple(fields["class_groups"]), fields["steps_per_epoch"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup") from error


def check_run(
    workdir: Path,
    config: Mapping[str, Any],
    allow: Collection[str] = (),
) -> list[str]:
    """Refuse a directory that holds another run.

    Args:
      workdir: run directory, perhaps not there yet.
      config: the settings to continue with.
      allow: settings, or whole sections, that may differ: ``optim.learning_rate``, ``optim``.

    Returns:
      Settings that differ and may, as ``optim.learning_rate 0.0002 -> 0.0001``.

    Raises:
      InputError: naming every setting that differs and may not.
    """
    new = flatten(config)
    old = flatten(read_run(workdir).config) if (workdir / RUN_FILE).exists() else new
    unknown = [name for name in allow if not any(_covers((name,), key) for key in old | new)]
    if unknown:
        raise InputError(f"no setting has the name {', '.join(unknown)}, which is to differ")
    differing = compare_configs(old, new)
    refused = {key: change for key, change in differing.items() if not _covers(allow, key)}
    if refused:
        raise InputError(
            f"{workdir} holds a run with other settings ({'; '.join(refused.values())}); choose "
            f"another directory, give the settings it was started with, or let it continue with "
            f"these by --allow={','.join(refused)}"
        )
    return list(differing.values())


def _covers(allow: Collection[str], key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in allow)


def compare_configs(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Find every setting that differs and is not free to.

    Args:
      old: settings by dotted key, see :func:`flatten`.
      new: the same.

    >>> compare_configs({"weights.grad_v": 5.0}, {"weights.grad_v": 0.0, "train.steps": 9})
    {'weights.grad_v': 'weights.grad_v 5.0 -> 0.0'}
    """
    return {
        key: f"{key} {old.get(key)!r} -> {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if key not in FREE and old.get(key) != new.get(key)
    }


def digest_config(workdir: Path) -> str:
    """Hash what a run was made by, the same in every version of this program and on any machine.

    Data and length of training are left out: what they made of a network is in its weights.
    """
    config = json.loads((Path(workdir) / RUN_FILE).read_text(encoding="utf-8"))["config"]
    decisive = {key: value for key, value in config.items() if key not in ("data", "train")}
    text = json.dumps(flatten(decisive), sort_keys=True)
    return DIGEST + hashlib.sha256(text.encode()).hexdigest()[:16]


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to dotted keys.

    >>> flatten({"a": {"b": 1}, "c": (2,)})
    {'a.b': 1, 'c': [2]}
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat
