"""Optimisers and their schedules, from the configuration."""

import optax

from sggan_jax.types import Config, InputError


def make_optimiser(config: Config, num_steps: int) -> optax.GradientTransformation:
    """Adam at the paper's settings (section 4.1), constant or with a linear decay to 0.

    Args:
      config: ``config.optim`` of ``configs/common.py``.
      num_steps: length of the run, where a decay ends.

    Raises:
      InputError: if a number cannot work.
    """
    if not 0 < config.learning_rate < float("inf"):
        raise InputError(f"optim.learning_rate must be positive, got {config.learning_rate}")
    if not 0 <= config.decay_from <= 1:
        raise InputError(f"optim.decay_from must lie in [0, 1], got {config.decay_from}")
    first = round(config.decay_from * num_steps)
    schedule = config.learning_rate
    if first < num_steps:
        schedule = optax.linear_schedule(config.learning_rate, 0.0, num_steps - first, first)
    return optax.adam(schedule, b1=config.b1, b2=config.b2, eps=config.eps)
