"""The state of a run: arrays only, keyed by the names of networks, optimiser groups and tensors."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from sggan_jax.methods.base import Method
from sggan_jax.methods.frozen import Frozen
from sggan_jax.train.pool import Pool, init_pool
from sggan_jax.types import Batch


class TrainState(struct.PyTreeNode):
    """Everything that a step changes.

    Attributes:
      step: steps done, int32 scalar.
      params: network name to parameters.
      stats: network name to running statistics, such as batch norm's; often empty.
      opt: optimiser group name to optimiser state.
      pools: first view's name to its history pool.
      ema: network name to the moving average of its parameters; empty without averaging.
      rng: the run's random key; never changes, steps fold themselves in.
    """

    step: jax.Array
    params: dict[str, Any]
    stats: dict[str, Any]
    opt: dict[str, Any]
    pools: dict[str, Pool]
    ema: dict[str, Any]
    rng: jax.Array


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What turns a method into a training step, beside the method itself.

    Attributes:
      optimisers: optimiser group name to its optimiser.
      pool_size: places of each history pool on each device; 0 for none.
      ema: decay of the generators' moving average; 0 for none.
      accumulate: parts in which a device's share of a batch goes through, one after another.
      watch: whether a step tells the norm of every network's gradient.
      frozen: networks that terms ask, by name; constants of the step, no part of the state.
    """

    optimisers: Mapping[str, optax.GradientTransformation]
    pool_size: int = 50
    ema: float = 0.0
    accumulate: int = 1
    watch: bool = False
    frozen: Mapping[str, Frozen] = dataclasses.field(default_factory=dict)


def init_state(method: Method, recipe: Recipe, seed: int, batch: Batch) -> TrainState:
    """Make the state of step 0.

    Args:
      method: networks and optimiser groups.
      recipe: optimisers, pool size, averaging.
      seed: of the run; the same seed gives the same state.
      batch: one device's batch or its shapes, for the pools.
    """
    rng_init, rng_run = jax.random.split(jax.random.key(seed))
    params = method.init(rng_init)
    opt = {
        name: recipe.optimisers[name].init({net: params[net] for net in group.nets})
        for name, group in method.optimiser_groups.items()
    }
    averaged = set(method.adapters.values()) if recipe.ema else set()
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        params=params,
        stats=method.init_stats(),
        opt=opt,
        pools=_init_pools(method, recipe, params, batch),
        ema={name: jax.tree.map(jnp.copy, params[name]) for name in sorted(averaged)},
        rng=rng_run,
    )


def _init_pools(method, recipe, params, batch):
    if recipe.pool_size == 0:
        return {}

    def everything(params, batch):
        tensors = method.preprocess(batch, None) | {"stats": method.init_stats()}
        return tensors | method.forward(params, tensors, None)

    tensors = jax.eval_shape(everything, params, batch)
    items = {
        group: tuple(
            jax.ShapeDtypeStruct(tensors[name].shape[1:], tensors[name].dtype) for name in group
        )
        for group in method.pooled
    }
    return {group[0]: init_pool(recipe.pool_size, items[group]) for group in method.pooled}
