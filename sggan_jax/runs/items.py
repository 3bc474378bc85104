"""Checkpoints on disk: written beside and moved into place, checksummed, and verified when read."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from sggan_jax.messages import first_line
from sggan_jax.runs.checksums import checksum_json, checksum_tree, find_damage
from sggan_jax.runs.folder import complete_steps, flush, remove
from sggan_jax.types import InputError

CHECKSUMS = "checksums"
TEMPORARY = "*.orbax-checkpoint-tmp*"


def write_items(path: Path, arrays: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write a checkpoint; on return it is on the disk, not only on its way there.

    Args:
      path: of the checkpoint, which appears there whole or not at all.
      arrays: item name to a pytree of arrays.
      values: item name to what is written as JSON.
    """
    checksums = _checksum(arrays, values)
    items = {name: ocp.args.StandardSave(tree) for name, tree in arrays.items()}
    items |= {name: ocp.args.JsonSave(value) for name, value in values.items()}
    items[CHECKSUMS] = ocp.args.JsonSave(checksums)
    names = tuple(arrays), (*values, CHECKSUMS)
    remove(path.parent.glob(TEMPORARY))
    try:
        with _quiet():
            _checkpointer(*names).save(path, args=ocp.args.Composite(**items))
    except BaseException:
        remove(path.parent.glob(TEMPORARY))
        raise
    flush(path)


def read_items(path: Path, arrays: tuple[str, ...], values: tuple[str, ...]) -> dict[str, Any]:
    """Read items of a checkpoint and hold them against their checksums.

    Args:
      path: of the checkpoint.
      arrays: items that are pytrees; they come as mappings and lists of numpy arrays.
      values: items that are JSON.

    Raises:
      ValueError: naming what differs from what was saved; damage can raise much else.
    """
    read = {name: ocp.args.StandardRestore() for name in arrays}
    read |= {name: ocp.args.JsonRestore() for name in (*values, CHECKSUMS)}
    with _quiet():
        reader = _checkpointer(arrays, (*values, CHECKSUMS))
        found = dict(reader.restore(path, args=ocp.args.Composite(**read)).items())
    checksums = _checksum(*({name: found[name] for name in names} for names in (arrays, values)))
    for name in (*arrays, *values):
        if why := find_damage(checksums[name], found[CHECKSUMS].get(name, {})):
            raise ValueError(why)
    return found


def read_newest(
    folder: Path, arrays: tuple[str, ...], values: tuple[str, ...], only: int | None = None
) -> tuple[int, dict[str, Any], dict[int, str]]:
    """Read the newest checkpoint that is sound.

    Args:
      folder: of the checkpoints.
      arrays: as of :func:`read_items`.
      values: the same.
      only: the one step that will do; None for any.

    Returns:
      Its step, its items, and what is wrong with newer ones by step.

    Raises:
      InputError: if there is none, saying what is wrong with each.
    """
    damage: dict[int, str] = {}
    while left := [x for x in complete_steps(folder) if x not in damage and only in (None, x)]:
        path = folder / str(max(left))
        try:
            return max(left), read_items(path, arrays, values), damage
        except MemoryError:
            raise
        except Exception as error:  # a file that is damaged can raise anything
            if path.exists():  # else a running training has just retired it
                damage[max(left)] = first_line(error)
    reasons = "; ".join(f"{step}: {why}" for step, why in damage.items())
    raise InputError(
        f"no checkpoint in {folder} can be used ({reasons or 'none is there'}); restore one from "
        f"a backup, or move them away to begin anew"
    )


def read_value(path: Path, name: str) -> Any:
    """Read one JSON item of a checkpoint, unverified."""
    read = ocp.args.Composite(**{name: ocp.args.JsonRestore()})
    return _checkpointer((), (name,)).restore(path, args=read)[name]


def _checksum(arrays: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    checksums = {name: checksum_tree(tree) for name, tree in arrays.items()}
    return checksums | {name: {name: checksum_json(value)} for name, value in values.items()}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Orbax from logging pages about a failure that becomes one sentence."""
    log = logging.getLogger("absl")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _checkpointer(arrays: tuple[str, ...], values: tuple[str, ...]) -> ocp.Checkpointer:
    """Make a checkpointer that waits for no other process of the run."""
    me = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"process{me}"
    )
    handlers: dict[str, Any] = {
        name: ocp.StandardCheckpointHandler(multiprocessing_options=alone) for name in arrays
    }
    handlers |= {name: ocp.JsonCheckpointHandler(multiprocessing_options=alone) for name in values}
    together = ocp.CompositeOptions(multiprocessing_options=alone)
    composite = ocp.CompositeCheckpointHandler(composite_options=together, **handlers)
    return ocp.Checkpointer(composite, multiprocessing_options=alone)
