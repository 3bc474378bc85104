"""A new run that begins with another run's networks, at another size, batch or method."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from sggan_jax.methods.base import Method
from sggan_jax.runs.best import find_step, split_step
from sggan_jax.runs.checksums import name_arrays
from sggan_jax.runs.description import RUN_FILE, read_run
from sggan_jax.runs.networks import read_parameters
from sggan_jax.train.state import TrainState
from sggan_jax.types import InputError


@dataclasses.dataclass(frozen=True)
class Taken:
    """What a run took over.

    Attributes:
      networks: names of those whose parameters were taken.
      left: name to why a network begins anew.
    """

    networks: tuple[str, ...]
    left: Mapping[str, str]


def find_beginning(init: str, workdir: Path) -> str:
    """Say which checkpoint a run begins from.

    Args:
      init: ``RUN`` or ``RUN:STEP``, STEP a number or ``best``; empty for none.
      workdir: directory of the run, perhaps not there yet; what it began from is written there.

    Returns:
      ``RUN:STEP`` with the number of a step; empty for none.

    Raises:
      InputError: if there is no such checkpoint, or the run has begun otherwise.
    """
    begun = read_run(workdir).begun_from if (workdir / RUN_FILE).exists() else None
    if begun is not None and not init:
        return begun
    if not init:
        return ""
    run, step = split_step(init)
    if begun is None:
        return f"{run}:{read_parameters(run, step).step}"
    named, number = split_step(begun) if begun else ("", None)
    if str(run) != str(named) or (isinstance(step, int) and step != number):
        raise InputError(
            f"{workdir} holds a run that began from {begun or 'nothing'}, not from {init}: leave "
            f"--init out to continue it, or choose another directory"
        )
    return begun


def begin_from(state: TrainState, method: Method, init: str) -> tuple[TrainState, Taken]:
    """Put another run's networks in place of those of a new state.

    Networks are known by their names, those that adapt by their direction too. Of a network that
    was averaged the average is taken.

    Args:
      state: of step 0.
      method: of the run.
      init: of :func:`find_beginning`.

    Returns:
      The state with everything else as it was, and what was taken.

    Raises:
      InputError: if no network fits.
    """
    run, step = split_step(init)
    found = read_parameters(run, find_step(run, step))
    names = _matches(method, read_run(run).adapts)
    params, stats, left = dict(state.params), dict(state.stats), {}
    for name in sorted(params):
        source = names.get(name, name)
        if why := _misfit(found.params.get(source), params[name]):
            left[name] = why
            continue
        params[name] = _like(params[name], found.params[source])
        if name in stats and not _misfit(found.stats.get(source), stats[name]):
            stats[name] = _like(stats[name], found.stats[source])
    taken = Taken(tuple(name for name in sorted(params) if name not in left), left)
    if not taken.networks:
        reasons = "; ".join(f"{name}: {why}" for name, why in left.items())
        raise InputError(
            f"no network of {init} fits this run ({reasons}): give a run whose networks have the "
            f"same widths and levels, or leave --init out"
        )
    ema = {name: jax.tree.map(jnp.copy, params[name]) for name in state.ema}
    return state.replace(params=params, stats=stats, ema=ema), taken


def _matches(method: Method, adapts: Mapping[str, str]) -> dict[str, str]:
    """Name, for networks that adapt, those of the other run that adapt in the same direction."""
    return {name: adapts[way] for way, name in method.adapters.items() if way in adapts}


def _misfit(theirs: Any, mine: Any) -> str:
    """Say why arrays cannot take the place of others; empty where they can."""
    if theirs is None:
        return "not there"
    found, wanted = (
        {name: x.shape for name, x in name_arrays(tree).items()} for tree in (theirs, mine)
    )
    differing = [name for name in sorted(wanted | found) if wanted.get(name) != found.get(name)]
    if not differing:
        return ""
    name = differing[0]
    return f"{name} is {found.get(name, 'not there')}, not {wanted.get(name, 'there')}"


def _like(mine: Any, theirs: Any) -> Any:
    """Put arrays by name into the form, and the types, of others."""
    found = name_arrays(theirs)
    leaves, form = jax.tree_util.tree_flatten(mine)
    named = zip(name_arrays(mine), leaves, strict=True)
    return jax.tree_util.tree_unflatten(
        form, [jnp.asarray(found[name], leaf.dtype) for name, leaf in named]
    )
