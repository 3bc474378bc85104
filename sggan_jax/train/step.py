"""The training step: one pure function of (state, batch) for every method."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from sggan_jax.methods.base import Method, OptimiserGroup, weighted_sum
from sggan_jax.train.pool import Pool, exchange
from sggan_jax.train.state import Recipe, TrainState
from sggan_jax.types import Batch, Metrics, Params

GRADIENT = "gradient/"
"""Prefix of gradient norms: ``gradient/generators/g_v2r``, by optimiser group and network."""

Differentiate = Callable[[str, Mapping[str, Params]], tuple[Params, Metrics]]
"""A group's name and all parameters to the gradients of its own, and its unweighted terms."""

Step = Callable[[TrainState, Batch], tuple[TrainState, Metrics]]


def make_step(method: Method, recipe: Recipe, axis_name: str | None = None) -> Step:
    """Build the step of a method.

    Args:
      method: what is trained, see :mod:`sggan_jax.methods.base`.
      recipe: optimisers, pools, averaging.
      axis_name: of the mapped device axis over which gradients and metrics are averaged; None
        on a single device.

    Returns:
      (state, batch) to (state, unweighted terms by name, and norms of gradients if the recipe asks
      for them). Pure; compile it with :mod:`sggan_jax.train.parallel`.
    """

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        rng = jax.random.fold_in(state.rng, state.step)
        if axis_name is not None:
            rng = jax.random.fold_in(rng, jax.lax.axis_index(axis_name))
        look = _look if recipe.accumulate == 1 else _look_in_parts
        differentiate, stats, pools = look(method, recipe, state, batch, rng)
        params, opt = dict(state.params), dict(state.opt)
        metrics: dict[str, jax.Array] = {}
        for name, group in method.optimiser_groups.items():
            grads, terms = differentiate(name, params)
            if axis_name is not None:
                grads, terms, stats = jax.lax.pmean((grads, terms, stats), axis_name)
            own = {net: params[net] for net in group.nets}
            own, opt[name] = _update(recipe.optimisers[name], group, grads, own, opt[name], state)
            params |= own
            metrics |= terms
            if recipe.watch:
                metrics |= {f"{GRADIENT}{name}/{net}": optax.tree.norm(grads[net]) for net in own}
        ema = _average(recipe.ema, params, state) if state.ema else {}
        state = state.replace(
            step=state.step + 1, params=params, stats=stats, opt=opt, pools=pools, ema=ema
        )
        return state, metrics

    return step


def _look(
    method: Method, recipe: Recipe, state: TrainState, batch: Batch, rng: jax.Array
) -> tuple[Differentiate, dict[str, Any], dict[str, Pool]]:
    """Adapt a batch; return what differentiates a group's terms of it, new statistics and pools."""
    rng_preprocess, rng_forward, rng_pool = jax.random.split(rng, 3)
    tensors = (
        method.preprocess(batch, rng_preprocess) | {"stats": state.stats} | dict(recipe.frozen)
    )
    tensors |= {name: schedule(state.step) for name, schedule in method.scalars.items()}
    generators = {name: state.params[name] for name in method.generators}
    forward = partial(_forward, method, tensors, rng_forward)
    outputs, pull_back, stats = jax.vjp(forward, generators, has_aux=True)
    pools, old = _pass_pools(method, state.pools, tensors | outputs, rng_pool)
    tensors |= old

    def differentiate(name: str, params: Mapping[str, Params]) -> tuple[Params, Metrics]:
        group = method.optimiser_groups[name]
        return _gradients(method, group, params, tensors, outputs, pull_back, state.step)

    return differentiate, stats, pools


def _look_in_parts(
    method: Method, recipe: Recipe, state: TrainState, batch: Batch, rng: jax.Array
) -> tuple[Differentiate, dict[str, Any], dict[str, Pool]]:
    """Do the same part by part, each forgotten but for its gradients: the memory of one part.

    Every group is differentiated at the weights before the step.
    """
    number = recipe.accumulate
    parts = jax.tree.map(lambda x: x.reshape(number, -1, *x.shape[1:]), batch)

    def look(carried, part):
        state, total = carried
        differentiate, stats, pools = _look(method, recipe, state, *part)
        found = {name: differentiate(name, state.params) for name in method.optimiser_groups}
        return (state.replace(stats=stats, pools=pools), jax.tree.map(jnp.add, total, found)), None

    def shapes(state):
        first = jax.tree.map(lambda x: x[0], parts)
        differentiate = _look(method, recipe, state, first, rng)[0]
        return {name: differentiate(name, state.params) for name in method.optimiser_groups}

    zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(shapes, state))
    rngs = jax.random.split(rng, number)
    (state, total), _ = jax.lax.scan(look, (state, zeros), (parts, rngs))
    mean = jax.tree.map(lambda x: x / number, total)
    return lambda name, params: mean[name], state.stats, state.pools


def _average(decay, params, state):
    """Move averages on: weights count ``decay`` of those a step later, initial ones nothing."""
    steps = (state.step + 1).astype(jnp.float32)
    newest = (1.0 - decay) / -jnp.expm1(steps * math.log(decay))
    return {
        net: optax.incremental_update(params[net], average, newest)
        for net, average in state.ema.items()
    }


def _forward(method, tensors, rng, generators):
    outputs = dict(method.forward(generators, tensors, rng))
    return outputs, outputs.pop("stats", tensors["stats"])


def _pass_pools(method, pools, tensors, rng):
    """Put fakes in, take old ones out; without pools the current ones are the old ones."""
    new_pools = dict(pools)
    old: dict[str, jax.Array] = {}
    for group, key in zip(
        method.pooled, jax.random.split(rng, len(method.pooled) + 1), strict=False
    ):
        items = tuple(jax.lax.stop_gradient(tensors[name]) for name in group)
        if group[0] in pools:
            new_pools[group[0]], items = exchange(pools[group[0]], items, key)
        old |= {f"old_{name}": item for name, item in zip(group, items, strict=True)}
    return new_pools, old


def _gradients(method: Method, group: OptimiserGroup, params, tensors, outputs, pull_back, step):
    """Gradient of a group's weighted terms in its own networks, through what they made."""

    def objective(own, outputs):
        terms = group.terms(params | own, tensors | outputs)
        return weighted_sum(method.weights, terms, step), terms

    def differentiate():
        if not set(group.nets) & set(method.generators):
            return jax.grad(objective, has_aux=True)(own, outputs)
        (grads, output_grads), terms = jax.grad(objective, argnums=(0, 1), has_aux=True)(
            own, outputs
        )
        (through,) = pull_back(output_grads)
        grads = {
            net: jax.tree.map(jnp.add, grads[net], through[net]) if net in through else grads[net]
            for net in group.nets
        }
        return grads, terms

    def look_on():
        return jax.tree.map(jnp.zeros_like, own), objective(own, outputs)[1]

    own = {net: params[net] for net in group.nets}
    if group.updates is None:
        return differentiate()
    return jax.lax.cond(group.updates(step), differentiate, look_on)


def _update(optimiser, group, grads, own, opt, state):
    def apply():
        updates, new_opt = optimiser.update(grads, opt, own)
        return optax.apply_updates(own, updates), new_opt

    if group.updates is None:
        return apply()
    return jax.lax.cond(group.updates(state.step), apply, lambda: (own, opt))
