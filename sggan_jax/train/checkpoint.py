"""Checkpoints of a run, and the files that make its directory describe itself.

A run directory holds ``run.json`` (configuration, regions, epoch length), ``checkpoints/STEP/``
(separate items, so that inference reads the generators alone), ``metrics.jsonl``, ``samples/``
and ``tensorboard/``.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from sggan_jax.methods import make_method
from sggan_jax.methods.base import Method
from sggan_jax.train.state import TrainState
from sggan_jax.types import Config, InputError, namespace

RUN_FILE = "run.json"

# Settings that a continued run may change: they alter its length, its reports or its machine,
# never what a step computes.
FREE = (
    *("data.data_dir", "data.threads", "data.workers", "train.devices", "train.epochs"),
    *("train.steps", "train.steps_per_dispatch", "train.log_every", "train.sample_every"),
    *("train.sample_count", "train.checkpoint_every", "train.keep"),
)


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run directory says of itself: all that is needed to build its method again.

    Attributes:
      config: the configuration, nested dicts.
      regions: region of every class id, 256 integers.
      steps_per_epoch: optimisation steps of an epoch.
    """

    config: dict[str, Any]
    regions: tuple[int, ...]
    steps_per_epoch: int

    @property
    def settings(self) -> Config:
        """The configuration with attribute access."""
        return namespace(self.config)

    def make_method(self) -> Method:
        """Build the run's method."""
        regions = np.array(self.regions, np.uint8)
        return make_method(self.settings, regions, self.steps_per_epoch)


def write_run(workdir: Path, run: Run) -> None:
    """Describe a run in its directory, after :func:`check_run`."""
    check_run(workdir, run.config)
    path = workdir / RUN_FILE
    workdir.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(dataclasses.asdict(run), indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def check_run(workdir: Path, config: dict[str, Any]) -> None:
    """Refuse a directory that holds another run.

    Raises:
      InputError: naming every setting that differs.
    """
    if not (workdir / RUN_FILE).exists():
        return
    differing = compare_configs(read_run(workdir).config, config)
    if differing:
        raise InputError(
            f"{workdir} holds a run with other settings ({'; '.join(differing)}); "
            f"choose another directory, or give the settings it was started with"
        )


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
        return Run(fields["config"], tuple(fields["regions"]), fields["steps_per_epoch"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a backup") from error


def compare_configs(old: dict, new: dict) -> list[str]:
    """Name every setting that differs and is not free to: ``weights.grad_v 5.0 -> 0.0``."""
    old, new = flatten(old), flatten(new)
    return [
        f"{key} {old.get(key)!r} -> {new.get(key)!r}"
        for key in sorted(old.keys() | new.keys())
        if key not in FREE and old.get(key) != new.get(key)
    ]


def flatten(tree: dict, prefix: str = "") -> dict[str, Any]:
    """Flatten nested dicts to dotted keys.

    >>> flatten({"a": {"b": 1}, "c": (2,)})
    {'a.b': 1, 'c': [2]}
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat


class Checkpoints:
    """The checkpoints of one run: ``with Checkpoints(workdir, method) as checkpoints``."""

    def __init__(self, workdir: Path, method: Method, keep: int | None = None):
        """Open a run's checkpoints.

        Args:
          workdir: run directory.
          method: tells which networks inference needs.
          keep: newest checkpoints kept when saving; None keeps all.
        """
        policy = ocp.checkpoint_managers.LatestN(keep)
        options = ocp.CheckpointManagerOptions(preservation_policy=policy)
        self._adapting = frozenset(method.adapters.values())
        self._manager = ocp.CheckpointManager(
            (Path(workdir) / "checkpoints").absolute(), options=options
        )

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.close()

    def latest_step(self) -> int | None:
        """Step of the newest complete checkpoint, None without any."""
        return self._manager.latest_step()

    def save(self, state: TrainState, data: dict[str, Any]) -> None:
        """Begin to write a checkpoint of a host state; files are finished in the background.

        Args:
          state: in the form of ``parallel.to_host``.
          data: position of the input pipeline, JSON.
        """
        numbers = np.asarray(jax.random.key_data(state.rng))
        generators, rest = self._split(state.replace(rng=numbers))
        saved = self._manager.save(
            int(state.step),
            args=ocp.args.Composite(
                generators=ocp.args.StandardSave(generators),
                train=ocp.args.StandardSave(rest),
                data=ocp.args.JsonSave(data),
            ),
        )
        if not saved:
            raise RuntimeError(f"no checkpoint was written for step {int(state.step)}")

    def restore(self, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """Read the newest checkpoint.

        Args:
          like: a host state of the same method, to give the tree its form.

        Returns:
          The state, host arrays as they were saved, and the position of the input pipeline.
        """
        numbers = jax.eval_shape(jax.random.key_data, like.rng)
        generators, rest = self._split(like.replace(rng=numbers))
        saved = self._manager.restore(
            self.latest_step(),
            args=ocp.args.Composite(
                generators=ocp.args.StandardRestore(generators),
                train=ocp.args.StandardRestore(rest),
                data=ocp.args.JsonRestore(),
            ),
        )
        fields = saved["train"] | {name: saved["generators"][name] for name in ("ema", "stats")}
        fields["params"] = saved["train"]["params"] | saved["generators"]["params"]
        fields["rng"] = jax.random.wrap_key_data(fields["rng"])
        return TrainState(**fields), saved["data"]

    def _split(self, state):
        """Separate what inference reads from the rest."""
        generators = {"params": {}, "ema": state.ema, "stats": state.stats}
        rest = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
        del rest["ema"], rest["stats"]
        rest["params"] = {}
        for name, params in state.params.items():
            (generators if name in self._adapting else rest)["params"][name] = params
        return generators, rest


def restore_network(workdir: Path, direction: str, step: int | None = None) -> tuple[Any, Any, int]:
    """Read one network of a run and nothing else: its moving average where the run kept one.

    Args:
      workdir: run directory.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint; None for the newest.

    Returns:
      The network's module, its variables (``params``, and ``batch_stats`` where it has running
      statistics), and the step.

    Raises:
      InputError: if the run has no such direction, or no such checkpoint.
    """
    run = read_run(workdir)
    method = run.make_method()
    if direction not in method.adapters:
        raise InputError(f"{workdir} adapts {sorted(method.adapters)}, not {direction!r}")
    name = method.adapters[direction]
    directory = (Path(workdir) / "checkpoints").absolute()
    with ocp.CheckpointManager(directory, options=_READ_ONLY) as manager:
        steps = manager.all_steps()
        if not steps:
            raise InputError(f"{workdir} has no checkpoint yet; let launch.train write one")
        if step is not None and step not in steps:
            raise InputError(f"{workdir} has checkpoints of steps {sorted(steps)}, not {step}")
        step = max(steps) if step is None else step
        shapes = jax.eval_shape(method.init, jax.random.key(0))
        params = {net: shapes[net] for net in set(method.adapters.values())}
        item = {
            "params": params,
            "ema": params if run.settings.train.ema else {},
            "stats": jax.eval_shape(method.init_stats),
        }
        saved = manager.restore(
            step, args=ocp.args.Composite(generators=ocp.args.StandardRestore(item))
        )["generators"]
    variables = {"params": (saved["ema"] or saved["params"])[name]}
    if name in saved["stats"]:
        variables["batch_stats"] = saved["stats"][name]
    return method.modules[name], variables, step


_READ_ONLY = ocp.CheckpointManagerOptions(read_only=True, save_interval_steps=0, create=False)
