"""The optimiser's schedule at its corners."""

import types

import jax.numpy as jnp
import pytest

from sggan_jax.train.optim import make_optimiser


def rates(decay_from, num_steps):
    """Length of every update of one weight under a constant gradient.

    Adam's update under a constant gradient is the learning rate itself at every step.
    """
    config = types.SimpleNamespace(
        learning_rate=0.5, b1=0.5, b2=0.999, eps=1e-8, decay_from=decay_from
    )
    optimiser = make_optimiser(config, num_steps)
    state = optimiser.init(jnp.zeros(()))
    lengths = []
    for _ in range(num_steps):
        update, state = optimiser.update(jnp.ones(()), state)
        lengths.append(-float(update))
    return lengths


@pytest.mark.parametrize(
    ("decay_from", "expected"),
    [
        (1.0, [0.5] * 4),
        (0.5, [0.5, 0.5, 0.5, 0.25]),
        (0.0, [0.5, 0.375, 0.25, 0.125]),
    ],
)
def test_the_rate_is_constant_then_falls_linearly_to_zero(decay_from, expected):
    assert rates(decay_from, 4) == pytest.approx(expected, rel=1e-4)
