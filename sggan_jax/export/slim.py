"""A run directory with one generator and nothing else: what ``launch.adapt`` needs, a few MB."""

import copy
import dataclasses
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from sggan_jax.export.write import compare
from sggan_jax.runs.best import Step
from sggan_jax.runs.description import RUN_FILE, Run, read_run
from sggan_jax.runs.networks import read_network, write_networks
from sggan_jax.types import InputError, to_float, to_uint8

# Settings that name places of the machine a run was trained on; their last names are kept.
_PLACES = {
    "data": ("data_dir", "virtual_dir", "real_dir", "virtual_list", "real_list"),
    "semantic": ("teacher",),
    "evaluate": ("network", "features"),
}


class SlimRun(NamedTuple):
    """What was written: its size, and the difference from the run's own generator."""

    bytes: int
    difference: dict[str, Any]


def write_slim_run(
    run: str | Path,
    folder: str | Path,
    *,
    direction: str = "v2r",
    step: Step = None,
    bits: int = 23,
    most_megabytes: float = 20.0,
) -> SlimRun:
    """Write a run directory that adapts in one direction and cannot be trained further.

    The moving average is taken where the run kept one. Of paths of the machine the configuration
    keeps the last name.

    Args:
      run: run directory.
      folder: to write; must not exist, or be empty.
      direction: ``v2r`` or ``r2v``.
      step: of the checkpoint, or ``best``; None for the newest.
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
    module, variables, step = read_network(run, direction, step)
    kept = jax.tree.map(lambda x: round_fraction(np.asarray(x), bits), variables)
    try:
        described = _keep_one(read_run(run), direction)
        write_networks(folder, described, {described.adapts[direction]: kept}, step)
    except OSError as error:
        raise InputError(f"{folder / RUN_FILE} cannot be written: {error}") from error
    for note in folder.rglob("commit_success.txt"):  # by which Orbax says where it wrote
        note.write_text(note.read_text(encoding="utf-8").replace(f"{folder.resolve()}/", ""))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > most_megabytes * 2**20:
        shutil.rmtree(folder)
        raise InputError(
            f"{folder} would take {size / 2**20:.1f} MB, more than {most_megabytes:g}; keep fewer "
            f"bits, or allow more"
        )
    again, loaded, _ = read_network(folder, direction)
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


def _keep_one(run: Run, direction: str) -> Run:
    """Leave out the other networks of a run, and places of the machine it was trained on."""
    config = copy.deepcopy(run.config)
    for section, keys in _PLACES.items():
        for key in keys:
            if key in config.get(section, {}):
                config[section][key] = Path(config[section][key]).name
    name = run.adapts[direction]
    networks, adapts = {name: run.networks[name]}, {direction: name}
    return dataclasses.replace(run, config=config, networks=networks, adapts=adapts)
