"""Networks of a run: as JSON, built from it, read and written without a training state."""

import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.messages import warn
from sggan_jax.nets.discriminators import PatchGAN, PositionClassifier
from sggan_jax.nets.features import FeatureDiscriminator
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.patches import PatchHeads
from sggan_jax.nets.refiner import LocalDiscriminator, Refiner
from sggan_jax.nets.resnet38 import ResNet38
from sggan_jax.nets.segmenters import Light, Segmenter
from sggan_jax.runs.best import Step, find_step
from sggan_jax.runs.checksums import fit, name_arrays
from sggan_jax.runs.description import Run, read_run, write_run
from sggan_jax.runs.folder import CHECKPOINTS, complete_steps
from sggan_jax.runs.items import read_newest, write_items
from sggan_jax.types import InputError

KINDS: Mapping[str, type[nn.Module]] = {
    kind.__name__: kind
    for kind in (
        *(UNet, ResNet, Refiner, Segmenter, Light, ResNet38),
        *(PatchGAN, LocalDiscriminator, PositionClassifier, FeatureDiscriminator, PatchHeads),
    )
}
"""Every network that a description may name, backbones too."""

ADDED: Mapping[str, Mapping[str, Any]] = {"UNet": {"classes": 0}}
"""Fields that descriptions by earlier versions lack, and what those networks had."""


class Network(NamedTuple):
    """One network of a run.

    Attributes:
      module: a pure function of its variables and images.
      variables: ``params``, and ``batch_stats`` where it has running statistics.
      step: of the checkpoint.
    """

    module: Any
    variables: dict[str, Any]
    step: int


def describe(module: nn.Module) -> dict[str, Any]:
    """Describe a network as JSON: its kind and its fields, networks within it likewise.

    >>> describe(LocalDiscriminator(12))
    {'kind': 'LocalDiscriminator', 'width': 12, 'dtype': 'float32'}
    """
    fields = {name: getattr(module, name) for name in _fields(type(module))}
    return {"kind": type(module).__name__} | {
        name: _to_json(name, value) for name, value in fields.items()
    }


def build(description: Mapping[str, Any]) -> nn.Module:
    """Build the network that :func:`describe` described; no parameters yet.

    Raises:
      InputError: if its kind is unknown, a field is missing, unknown or of another type.

    >>> build({"kind": "LocalDiscriminator", "width": 12, "dtype": "float32"}).width
    12
    """
    fields = dict(description) if isinstance(description, Mapping) else {}
    name = fields.pop("kind", None)
    kind = KINDS.get(str(name))
    if kind is None:
        raise InputError(
            f"a network of the run is of kind {name!r}, which is none of {', '.join(KINDS)}"
        )
    types, fields = _fields(kind), {**ADDED.get(str(name), {}), **fields}
    if differing := sorted(fields.keys() ^ types.keys()):
        state = "unknown" if differing[0] in fields else "missing"
        raise InputError(f"a {kind.__name__} of the run has the field {differing[0]!r} {state}")
    return kind(**{name: _from_json(kind, name, types[name], fields[name]) for name in types})


class Parameters(NamedTuple):
    """Parameters of all networks of a checkpoint.

    Attributes:
      step: of the checkpoint.
      params: network name to its parameters, averaged ones where they are kept.
      stats: network name to its running statistics.
    """

    step: int
    params: dict[str, Any]
    stats: dict[str, Any]


def read_parameters(workdir: Path, step: Step = None) -> Parameters:
    """Read all networks that a checkpoint has, those that only training needs too.

    Args:
      workdir: run directory, which is left as it is.
      step: of the checkpoint; ``best``, or None for the newest that is sound.

    Raises:
      InputError: if there is no such run or checkpoint, or it is damaged.
    """
    read_run(workdir)
    found, saved = _read_generators(workdir, find_step(workdir, step))
    folder, params = Path(workdir).absolute() / CHECKPOINTS, dict(saved["params"])
    if (folder / str(found) / "train").exists():
        _, items, _ = read_newest(folder, ("train",), (), found)
        params |= items["train"]["params"]
    return Parameters(found, params | saved["ema"], dict(saved["stats"]))


def read_network(workdir: Path, direction: str, step: Step = None) -> Network:
    """Read one network of a run and nothing else: its moving average where the run kept one.

    Args:
      workdir: run directory, which is left as it is.
      direction: ``v2r`` or ``r2v``; ``seg`` for a segmentation network.
      step: of the checkpoint; ``best`` for the one that the run found best, None for the newest
        that is sound.

    Raises:
      InputError: if the run has no such direction, no such checkpoint, or it is damaged.
    """
    run = read_run(workdir)
    if direction not in run.adapts:
        raise InputError(f"{workdir} adapts {sorted(run.adapts)}, not {direction!r}")
    name = run.adapts[direction]
    if name not in run.networks:
        raise InputError(f"{workdir} describes no network {name!r}; restore its run.json")
    module = build(run.networks[name])
    found_step, saved = _read_generators(workdir, find_step(workdir, step))
    params = saved["ema"] or saved["params"]
    if name not in params:
        raise InputError(f"{workdir} keeps {', '.join(sorted(params))} alone, not {direction!r}")
    found = {"params": params[name]}
    if name in saved["stats"]:
        found["batch_stats"] = saved["stats"][name]
    return Network(module, fit(shapes_of(module, run.size), name_arrays(found)), found_step)


def write_networks(
    workdir: Path, run: Run, variables: Mapping[str, Mapping[str, Any]], step: int
) -> None:
    """Write a run directory that adapts and cannot be trained further.

    Args:
      workdir: directory to write, which holds no run.
      run: what it says of itself.
      variables: of its networks, by name: ``params`` and perhaps ``batch_stats``.
      step: number of its one checkpoint.
    """
    write_run(workdir, run)
    numbers = jax.tree.map(np.asarray, dict(variables))
    generators = {
        "params": {name: tree["params"] for name, tree in numbers.items()},
        "ema": {},
        "stats": {
            name: tree["batch_stats"] for name, tree in numbers.items() if "batch_stats" in tree
        },
    }
    folder = Path(workdir).absolute() / CHECKPOINTS
    write_items(folder / str(step), {"generators": generators}, {})


def shapes_of(module: nn.Module, size: tuple[int, int]) -> dict[str, Any]:
    """Find the shapes of a network's variables, for images of ``size`` (H, W)."""
    image = jax.ShapeDtypeStruct((1, *size, 3), jnp.float32)
    return dict(jax.eval_shape(module.init, jax.random.key(0), image))


def _read_generators(workdir: Path, step: int | None) -> tuple[int, dict[str, Any]]:
    folder = Path(workdir).absolute() / CHECKPOINTS
    steps = sorted(complete_steps(folder))
    if not steps:
        raise InputError(f"{workdir} has no checkpoint yet; let launch.train write one")
    if step is not None and step not in steps:
        raise InputError(f"{workdir} has checkpoints of steps {steps}, not {step}")
    step, items, damage = read_newest(folder, ("generators",), (), step)
    for damaged, why in damage.items():
        warn(f"checkpoint {damaged} of {workdir} is damaged ({why}); {step} is used instead")
    return step, items["generators"]


def _fields(kind: type[nn.Module]) -> dict[str, Any]:
    """Name a network's own fields, with their types."""
    types = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    return {name: types[name] for name in names if name not in ("parent", "name")}


def _to_json(name: str, value: Any) -> Any:
    if name == "dtype":
        return np.dtype(value).name
    if isinstance(value, nn.Module):
        return describe(value)
    if not isinstance(value, bool | int | float | str):
        raise TypeError(f"{name} = {value!r} cannot be described")
    return value


def _from_json(kind: type[nn.Module], name: str, wanted: Any, value: Any) -> Any:
    if name == "dtype" and value in ("float32", "bfloat16", "float16"):
        return jnp.dtype(value)
    if wanted is nn.Module and isinstance(value, Mapping):
        return build(value)
    if typing.get_origin(wanted) is Literal and value in typing.get_args(wanted):
        return value
    # JSON does not tell 1 from 1.0, and Python takes True for 1.
    allowed = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}.get(wanted, ())
    if type(value) in allowed:
        return value
    raise InputError(f"a {kind.__name__} of the run has {name} = {value!r}, which it cannot have")
