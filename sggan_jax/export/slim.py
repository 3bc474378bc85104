"""A run directory with one generator and nothing else: what ``launch.adapt`` needs, a few MB."""

import copy
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sggan_jax.export.write import compare
from sggan_jax.train.checkpoint import (
    RUN_FILE,
    Checkpoints,
    Run,
    read_run,
    restore_network,
    write_run,
)
from sggan_jax.train.state import TrainState
from sggan_jax.types import InputError, to_float, to_uint8

# Settings that name places of the machine a run was trained on, and what stands for them.
_PLACES = {"data_dir": "data", "virtual_dir": "", "real_dir": ""}


class SlimRun(NamedTuple):
    """What was written: its size, and the difference from the run's own generator."""

    bytes: int
    difference: dict[str, Any]


def write_slim_run(
    run: str | Path,
    folder: str | Path,
    *,
    direction: str = "v2r",
    step: int | None = None,
    bits: int = 23,
    most_megabytes: float = 20.0,
) -> SlimRun:
    """Write a run directory that adapts in one direction and cannot be trained further.

    The moving average is taken where the run kept one. Paths of the machine are left out of the
    configuration.

    Args:
      run: run directory.
      folder: to write; must not exist, or be empty.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint; None for the newest.
      bits: of each weight's fraction that are kept, 23 for all; the fewer, the smaller the files,
        which are compressed.
      most_megabytes: size beyond which nothing is kept.

    Raises:
      InputError: if there is no such run, the folder is not empty, bits are out of range, or the
        result is too large.
    """
    run, folder = Path(run), Path(folder)
    if not 1 <= bits <= 23:
        raise InputError(f"bits must lie in [1, 23], got {bits}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already; give a new folder")
    module, variables, step = restore_network(run, direction, step)
    kept = jax.tree.map(lambda x: round_fraction(np.asarray(x), bits), variables)
    described = read_run(run)
    name = described.make_method().adapters[direction]
    _write(folder, described, name, kept, step)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > most_megabytes * 2**20:
        shutil.rmtree(folder)
        raise InputError(
            f"{folder} would take {size / 2**20:.1f} MB, more than {most_megabytes:g}; keep fewer "
            f"bits, or allow more"
        )
    again, loaded, _ = restore_network(folder, direction)
    program = jax.jit(lambda x: to_uint8(again.apply(loaded, to_float(x))))
    return SlimRun(size, compare(lambda images: np.asarray(program(images)), module, variables))


def round_fraction(x: np.ndarray, bits: int) -> np.ndarray:
    """Round float32 to fewer bits of fraction, to nearest; the rest are zero and compress away.

    >>> round_fraction(np.float32([1.0, 1.3, -0.1]), 2).tolist()
    [1.0, 1.25, -0.09375]
    """
    drop = 23 - bits
    if drop == 0 or x.dtype != np.float32:
        return x
    words = np.ascontiguousarray(x).view(np.uint32)
    rounded = words + np.uint32(1 << (drop - 1))
    return (rounded & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)).view(np.float32)


def _write(folder: Path, run: Run, name: str, variables: dict[str, Any], step: int) -> None:
    config = copy.deepcopy(run.config)
    for key, value in _PLACES.items():
        if key in config["data"]:
            config["data"][key] = value
    stripped = Run(config, run.class_groups, run.steps_per_epoch)
    try:
        write_run(folder, stripped)
        stats = {name: variables["batch_stats"]} if "batch_stats" in variables else {}
        state = TrainState(
            step=jnp.asarray(step, jnp.int32),
            params={name: variables["params"]},
            stats=stats,
            opt={},
            pools={},
            ema={},
            rng=jax.random.key(0),
        )
        with Checkpoints(folder, stripped.make_method()) as checkpoints:
            checkpoints.save(state, {})
    except OSError as error:
        raise InputError(f"{folder / RUN_FILE} cannot be written: {error}") from error
