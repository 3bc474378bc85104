"""What a run says of itself: ``run.json`` in its directory, and which settings may change."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from sggan_jax.config import Config, Data
from sggan_jax.files import write_json
from sggan_jax.types import InputError

RUN_FILE = "run.json"

FORMAT = 1
"""Of ``run.json``; another number is refused."""

# Settings that a continued run may change: they alter its length, its reports, its machine or how
# it meets faults, never what a step computes.
FREE = (
    *("data.data_dir", "data.threads", "data.workers", "data.max_bad_fraction"),
    *("train.devices", "train.epochs"),
    *("train.steps", "train.steps_per_dispatch", "train.log_every", "train.sample_every"),
    *("train.sample_count", "train.checkpoint_every", "train.keep", "train.keep_best"),
    *("train.best_metric", "train.on_nonfinite", "train.max_rollbacks"),
    *("train.patience", "evaluate.every"),
    "semantic.teacher",  # where it lies; which one it is, its checksum says
)

_DECIDE_SCALE = ("height", "width", "stored_height", "stored_width", "scale_low", "scale_high")

_ELSEWHERE = ("data", "train", "evaluate")


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run directory says of itself.

    Attributes:
      config: the configuration it was trained with, nested dicts; empty for imported networks.
      steps_per_epoch: optimisation steps of an epoch.
      networks: name to what :func:`sggan_jax.runs.networks.build` makes the network of.
      adapts: direction (``v2r``, ``r2v``; ``seg``) to the name of the network that inference calls.
      size: height and width of the training images, which may be windows of larger ones.
      tables: domain (``virtual``, ``real``) to its class table, by name or file.
      class_groups: class group of every class id, 256 integers; 255 is none.
      group_names: names of the class groups, in order.
      frozen: checksum of every frozen network that it was trained with, by name.
      begun_from: ``RUN:STEP`` whose networks it began with; empty where it began anew.
      scale: height and width that a whole image had in training, windows of it or not: the pixels
        in which the networks know the world. None where nobody noted it.
    """

    config: dict[str, Any]
    steps_per_epoch: int
    networks: Mapping[str, Mapping[str, Any]]
    adapts: Mapping[str, str]
    size: tuple[int, int]
    tables: Mapping[str, str]
    class_groups: tuple[int, ...]
    group_names: tuple[str, ...]
    frozen: Mapping[str, str] = dataclasses.field(default_factory=dict)
    begun_from: str = ""
    scale: tuple[int, int] | None = None

    @property
    def settings(self) -> Config:
        """The configuration.

        Raises:
          InputError: naming what is unknown, what is missing, or a value that cannot be.
        """
        try:
            return Config.from_dict(self.config)
        except InputError as error:
            raise InputError(
                f"the run's {RUN_FILE} cannot be used: {error}; restore it from a backup, or use "
                f"the version of this program that wrote it"
            ) from error


def write_run(workdir: Path, run: Run) -> None:
    """Describe a run in its directory."""
    write_json(workdir / RUN_FILE, {"format": FORMAT} | dataclasses.asdict(run), indent=1)


def read_run(workdir: Path) -> Run:
    """Read the description of a run.

    Raises:
      InputError: if the directory holds none, or it is of another format or damaged.
    """
    path = Path(workdir) / RUN_FILE
    if not path.is_file():
        raise InputError(f"{workdir} is not a run directory: it has no {RUN_FILE}")
    try:
        fields = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup") from error
    if (found := fields.pop("format", None)) != FORMAT:
        raise InputError(
            f"{path} is of format {found}, this program reads {FORMAT}; use the version of the "
            f"program that wrote it"
        )
    try:
        if "scale" not in fields:
            fields["scale"] = _scale_of(fields["config"])
        return Run(**{name: _KINDS[name](value) for name, value in fields.items()})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup") from error


def _size(value: Any) -> tuple[int, int]:
    height, width = value
    return int(height), int(width)


def _scale_of(config: Mapping[str, Any]) -> tuple[int, int] | None:
    """Find the scale of a run that was described before runs noted it."""
    data = config.get("data", {})
    known = {key: data[key] for key in _DECIDE_SCALE if key in data}
    return Data(**known).scale if {"height", "width"} <= known.keys() else None


def _names(value: Any) -> dict[str, str]:
    return {name: str(other) for name, other in dict(value).items()}


def _groups(value: Any) -> tuple[int, ...]:
    if len(value) != 256 or not all(number in range(256) for number in value):
        raise ValueError("class_groups are not 256 integers in [0, 255]")
    return tuple(value)


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "config": dict,
    "steps_per_epoch": int,
    "networks": dict,
    "adapts": _names,
    "size": _size,
    "tables": _names,
    "class_groups": _groups,
    "group_names": tuple,
    "begun_from": str,
    "frozen": _names,
    "scale": lambda value: None if value is None else _size(value),
}


def check_run(
    workdir: Path,
    config: Mapping[str, Any],
    allow: Collection[str] = (),
    find_unfit: Callable[[Any, Any, Collection[str]], list[str]] = lambda old, new, keys: [],
) -> list[str]:
    """Refuse a directory that holds another run.

    Args:
      workdir: run directory, perhaps not there yet.
      config: the settings to continue with.
      allow: settings, or whole sections, that may differ: ``optim.learning_rate``, ``optim``.
      find_unfit: old settings, new ones and keys that differ to those of them that no run can
        change, allowed or not.

    Returns:
      Settings that differ and may, as ``optim.learning_rate 0.0002 -> 0.0001``.

    Raises:
      InputError: naming every setting that differs and may not.
    """
    new = old = flatten(config)
    if (workdir / RUN_FILE).exists():
        old = flatten(read_run(workdir).config)
        if not old:
            raise InputError(f"{workdir} holds imported networks, which cannot be trained further")
    unknown = [name for name in allow if not any(_covers((name,), key) for key in old | new)]
    if unknown:
        raise InputError(f"no setting has the name {', '.join(unknown)}, which is to differ")
    differing = compare_configs(old, new)
    refused = [key for key in differing if not _covers(allow, key)]
    unfit = find_unfit(old, new, list(differing)) if differing else []
    if refused or unfit:
        told = "; ".join(differing[key] for key in dict.fromkeys([*refused, *unfit]))
        raise InputError(
            f"{workdir} holds a run with other settings ({told}); choose another directory, "
            f"{_advise(workdir, [key for key in refused if key not in unfit], unfit)}"
        )
    return list(differing.values())


def _advise(workdir: Path, offered: list[str], unfit: list[str]) -> str:
    """Say what else there is to do about settings that differ; never what would be refused."""
    give = "give the settings it was started with"
    if not unfit:
        return f"{give}, or let it continue with these by --allow={','.join(offered)}"
    also = f" ({', '.join(offered)} may, by --allow)" if offered else ""
    return (
        f"or {give}: its checkpoints do not fit another {', '.join(unfit)}{also}. A new run "
        f"may begin with its networks, by --init={workdir}"
    )


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
    """Hash the settings that a run's networks were made by, the same on any machine.

    Data, length of training and measures are left out: what they made of a network is in its
    weights.
    """
    config = read_run(workdir).config
    decisive = {key: value for key, value in config.items() if key not in _ELSEWHERE}
    text = json.dumps(flatten(decisive), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
