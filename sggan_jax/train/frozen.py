"""Frozen networks of a run: read once at its start, known by a checksum ever after."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from sggan_jax.config import Config
from sggan_jax.data.domains import naming
from sggan_jax.images import format_size
from sggan_jax.messages import warn
from sggan_jax.methods.frozen import IMAGENET, Frozen
from sggan_jax.nets.efficientnet import EfficientNetLite0
from sggan_jax.nets.pretrained import find_file, imagenet_encoder
from sggan_jax.nets.sizes import is_far
from sggan_jax.runs.checksums import checksum_tree
from sggan_jax.runs.description import RUN_FILE, read_run
from sggan_jax.runs.networks import read_network
from sggan_jax.types import InputError


def load_frozen(sources: Mapping[str, str]) -> dict[str, Frozen]:
    """Read frozen networks.

    Args:
      sources: name to ``imagenet``, or the run directory of a segmentation network.

    Raises:
      InputError: if one is not there or of another kind.
    """
    return {
        name: _load_encoder() if source == IMAGENET else _load_teacher(Path(source))
        for name, source in sources.items()
    }


def check_there(config: Config, sources: Mapping[str, str]) -> None:
    """Refuse networks that a run is to ask and that are not there, before data are prepared.

    Args:
      config: of the run; ``evaluate.network`` is asked too.
      sources: as :func:`load_frozen` takes them.

    Raises:
      InputError: naming the setting.
    """
    for source in sources.values():
        if source == IMAGENET:
            with naming("discriminators of features and content losses"):
                find_file()
        else:
            with naming("semantic.teacher"):
                read_network(Path(source), "seg")
    if config.evaluate.every and config.evaluate.network:
        with naming("evaluate.network"):
            read_network(Path(config.evaluate.network), "seg")


def tell_scales(sources: Mapping[str, str], scale: tuple[int, int]) -> None:
    """Tell of networks that are asked about images of another scale than they were trained at.

    Args:
      sources: as :func:`load_frozen` takes them.
      scale: height and width of whole images in the training to come.
    """
    for name, run in sources.items():
        known = None if run == IMAGENET else read_run(Path(run)).scale
        if known and is_far(scale, known):
            warn(
                f"the {name} {run} learned images of {format_size(known)} and is asked about parts "
                f"of {format_size(scale)}: it sees little at another scale; train one at this size"
            )


def _load_encoder() -> Frozen:
    return Frozen(_put(imagenet_encoder()), module=EfficientNetLite0())


def _load_teacher(run: Path) -> Frozen:
    module, variables, _ = read_network(run, "seg")
    return Frozen(_put(variables), jnp.array(read_run(run).class_groups, jnp.uint8), module)


def _put(variables: Any) -> Any:
    return jax.tree.map(jnp.asarray, variables)


def digest_frozen(frozen: Mapping[str, Frozen]) -> dict[str, str]:
    """Hash every network's arrays, the same on any machine."""
    return {name: _digest(network) for name, network in frozen.items()}


def _digest(network: Frozen) -> str:
    checksums = checksum_tree(
        {"variables": network.variables, "class_groups": network.class_groups}
    )
    return hashlib.sha256(json.dumps(checksums, sort_keys=True).encode()).hexdigest()[:16]


def check_frozen(workdir: Path, digests: Mapping[str, str], allow: Collection[str] = ()) -> None:
    """Refuse to continue a run with other frozen networks than it began with.

    Args:
      workdir: run directory, perhaps not there yet.
      digests: of the networks to continue with, by name.
      allow: ``semantic.teacher`` or ``semantic`` lets them differ.

    Raises:
      InputError: naming the network.
    """
    if not (workdir / RUN_FILE).exists() or {"semantic", "semantic.teacher"} & set(allow):
        return
    before = read_run(workdir).frozen
    for name in sorted(before.keys() & digests.keys()):
        if before[name] != digests[name]:
            raise InputError(
                f"{workdir} was trained with another {name} ({before[name]}, not "
                f"{digests[name]}): give it the one it began with, or let it continue with this "
                f"one by --allow=semantic.teacher"
            )
