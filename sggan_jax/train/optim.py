"""Optimisers and their schedules, from the configuration."""

import jax
import jax.numpy as jnp
import optax

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
    links = [
        optax.add_decayed_weights(decay, mask=_kernels) if decay else optax.identity(),
        _scaling(config),
        optax.scale_by_learning_rate(make_schedule(config, num_steps, group)),
    ]
    if group.clip:
        links.append(clip_params(group.clip))
    return optax.chain(*links)


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
