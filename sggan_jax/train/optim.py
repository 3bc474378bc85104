"""Optimisers and their schedules, from the configuration."""

import jax
import jax.numpy as jnp
import optax
from jax import lax

from sggan_jax.config import Optim
from sggan_jax.methods.base import OptimiserGroup


def make_optimiser(
    config: Optim, num_steps: int, group: OptimiserGroup
) -> optax.GradientTransformation:
    """Build the optimiser of a group; at the paper's settings a constant Adam (section 4.1).

    Args:
      config: its settings.
      num_steps: length of the run, where a decay ends.
      group: its ``rate`` multiplies the learning rate, its ``clip`` bounds its parameters.
    """
    # With what is off as well, so that a run may continue with it on: its state has one form.
    decay = config.weight_decay
    decayed = optax.add_decayed_weights(decay, mask=_kernels) if decay else optax.identity()
    clipped = [clip_params(group.clip)] if group.clip else []
    rate = make_schedule(config, num_steps, group)
    scaled = [_scaling(config), optax.scale_by_learning_rate(rate)]
    usual = optax.chain(decayed, *scaled, *clipped)
    if config.kind != "adam":
        return usual
    on_gpus = optax.chain(decayed, *_adam_apart(config, rate), *clipped)

    def update(updates, state, params=None):
        return lax.platform_dependent(
            updates, state, params, cuda=on_gpus.update, default=usual.update
        )

    return optax.GradientTransformation(usual.init, update)


def clip_params(bound: float) -> optax.GradientTransformation:
    """Keep every parameter within [-bound, bound]: the last link of a chain.

    Weight clipping of Wasserstein critics (Arjovsky et al., 2017).
    """

    def update(updates, state, params):
        clipped = jax.tree.map(lambda u, p: jnp.clip(p + u, -bound, bound) - p, updates, params)
        return clipped, state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def _scaling(config: Optim) -> optax.GradientTransformation:
    if config.kind == "adam":
        return optax.scale_by_adam(b1=config.b1, b2=config.b2, eps=config.eps)
    if config.kind == "rmsprop":
        return optax.scale_by_rms(decay=config.b2, eps=config.eps, eps_in_sqrt=False)
    return optax.trace(decay=config.b1) if config.b1 else optax.identity()


def _adam_apart(config: Optim, rate: optax.Schedule) -> list[optax.GradientTransformation]:
    """Adam and the learning rate, with scalars of its own for every array.

    XLA for GPUs gives arrays that meet the same scalars the same layout in memory, and copies
    kernels that their convolutions want otherwise. The same sums and state as Optax's two links.
    """
    b1, b2 = config.b1, config.b2

    def update(updates, state, params=None):
        del params
        count = optax.safe_increment(state.count)
        numbers = (b1, 1 - b1, b2, 1 - b2, config.eps, 1 - b1**count, 1 - b2**count)
        scalars = [jnp.asarray(x, jnp.float32) for x in (*numbers, -rate(state.count))]
        leaves, tree = jax.tree.flatten(updates)
        done = []
        for g, mu, nu in zip(
            leaves, jax.tree.leaves(state.mu), jax.tree.leaves(state.nu), strict=True
        ):
            scalars = lax.optimization_barrier(scalars)
            keep1, add1, keep2, add2, eps, correct1, correct2, size = scalars
            mu = add1 * g + keep1 * mu
            nu = add2 * jnp.square(g) + keep2 * nu
            done.append((size * (mu / correct1 / (jnp.sqrt(nu / correct2) + eps)), mu, nu))
        updates, mu, nu = (jax.tree.unflatten(tree, x) for x in zip(*done, strict=True))
        return updates, state._replace(count=count, mu=mu, nu=nu)

    def only_count(updates, state, params=None):
        del params
        return updates, state._replace(count=optax.safe_increment(state.count))

    inits = optax.scale_by_adam().init, optax.scale_by_learning_rate(rate).init
    return [
        optax.GradientTransformation(*link)
        for link in zip(inits, (update, only_count), strict=True)
    ]


def make_schedule(config: Optim, num_steps: int, group: OptimiserGroup) -> optax.Schedule:
    """Build the learning rate of a group over the group's own updates."""
    rate = config.learning_rate * group.rate
    first = round(config.decay_from * num_steps)
    if first >= num_steps:
        return optax.constant_schedule(rate)
    return optax.polynomial_schedule(rate, 0.0, config.decay_power, num_steps - first, first)


def _kernels(params):
    """Weight decay is for kernels: scales, offsets and biases have one axis."""
    return jax.tree.map(lambda x: x.ndim > 1, params)
