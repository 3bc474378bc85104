"""What changes with the step, worked out beside the training step: rates, losses' factors, weights.

Logged like terms, under names with a slash: ``rate/GROUP``, ``schedule/NAME``, ``weight/TERM``.
"""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from sggan_jax.config import Optim
from sggan_jax.methods.base import Method, OptimiserGroup
from sggan_jax.train.optim import make_schedule
from sggan_jax.types import Array


def read_schedules(method: Method, optim: Optim, num_steps: int, step: int) -> Mapping[str, float]:
    """Work out what one step of a run is computed with.

    Args:
      method: of the run.
      optim: its optimisers' settings.
      num_steps: length of the run.
      step: counted from 1, as the log counts.

    Returns:
      Learning rates by optimiser group; (alpha, beta) of the gradient loss where it has a weight,
      and other factors of losses; weights of terms where they change with the step.
    """
    before = jnp.asarray(step - 1, jnp.int32)
    values: dict[str, Array | float] = {
        f"rate/{name}": _rate(optim, num_steps, group, before)
        for name, group in method.optimiser_groups.items()
    }
    for name, schedule in method.scalars.items():
        value = schedule(before)
        if value.dtype != bool and _is_used(method, name):
            values[f"schedule/{name}"] = value
    if (alpha := values.get("schedule/alpha")) is not None:
        values["schedule/beta"] = 1.0 - alpha
    for name, weight in method.weights.items():
        if callable(weight):
            values[f"weight/{name}"] = weight(before)
    return {name: float(f"{float(value):.6g}") for name, value in values.items()}


def _rate(optim: Optim, num_steps: int, group: OptimiserGroup, before: Array) -> Array | float:
    """Learning rate of a group, whose schedule counts the group's own updates."""
    schedule = make_schedule(optim, num_steps, group)
    if group.updates is None:
        return schedule(before)
    moved = np.asarray(group.updates(jnp.arange(int(before), dtype=jnp.int32)))
    return schedule(jnp.asarray(moved.sum(), jnp.int32))


def _is_used(method: Method, name: str) -> bool:
    """Whether a factor is of a term with a weight: alpha is the gradient loss's alone."""
    return name != "alpha" or any(method.weights.get(term) for term in ("grad_v", "grad_r"))
