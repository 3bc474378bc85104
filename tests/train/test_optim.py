"""Optimisers against their definitions worked out in numpy, and schedules at their corners."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from sggan_jax.config import Optim
from sggan_jax.methods.base import OptimiserGroup
from sggan_jax.train.optim import _adam_apart, make_optimiser, make_schedule


def make(num_steps=100, rate=1.0, clip=0.0, **settings):
    config = Optim(learning_rate=0.5, **settings)
    group = OptimiserGroup((), lambda params, tensors: {}, rate=rate, clip=clip)
    return make_optimiser(config, num_steps, group)


def walk(optimiser, gradients, start=0.0):
    """Positions of one parameter, a 1x1 kernel, under given gradients."""
    place = jnp.full((1, 1), start)
    state, places = optimiser.init(place), []
    for gradient in gradients:
        update, state = optimiser.update(jnp.full((1, 1), float(gradient)), state, place)
        place = place + update
        places.append(float(place[0, 0]))
    return places


@pytest.mark.parametrize(
    ("decay_from", "power", "expected"),
    [
        (1.0, 1.0, [0.5] * 4),
        (0.5, 1.0, [0.5, 0.5, 0.5, 0.25]),
        (0.0, 1.0, [0.5, 0.375, 0.25, 0.125]),
        (0.0, 2.0, [0.5, 0.28125, 0.125, 0.03125]),
    ],
)
def test_the_rate_is_constant_then_falls_to_zero(decay_from, power, expected):
    # Adam's update under a constant gradient is the learning rate itself at every step.
    places = walk(make(4, decay_from=decay_from, decay_power=power), [1] * 4)
    assert -np.diff([0.0, *places]) == pytest.approx(expected, rel=1e-4)


def test_a_player_has_a_rate_of_its_own():
    assert walk(make(rate=0.25), [1, 1]) == pytest.approx([-0.125, -0.25], rel=1e-4)


def test_sgd_with_momentum_and_weight_decay():
    # m = 0.9 m + (g + 0.1 p); p -= 0.5 m
    place, momentum, expected = 1.0, 0.0, []
    for gradient in (1.0, -2.0, 0.5):
        momentum = 0.9 * momentum + gradient + 0.1 * place
        place -= 0.5 * momentum
        expected.append(place)
    optimiser = make(kind="sgd", b1=0.9, weight_decay=0.1)
    assert walk(optimiser, [1.0, -2.0, 0.5], start=1.0) == pytest.approx(expected, rel=1e-6)


def test_weight_decay_leaves_scales_and_offsets_alone():
    optimiser = make(kind="sgd", b1=0.0, weight_decay=0.1)
    params = {"kernel": jnp.ones((1, 1)), "scale": jnp.ones((1,))}
    zeros = {name: jnp.zeros_like(x) for name, x in params.items()}
    updates, _ = optimiser.update(zeros, optimiser.init(params), params)
    assert float(updates["kernel"][0, 0]) == pytest.approx(-0.05)
    assert float(updates["scale"][0]) == 0.0


def test_rmsprop():
    # n = 0.9 n + 0.1 g^2; p -= 0.5 g / (sqrt(n) + eps)
    place, square, expected = 0.0, 0.0, []
    for gradient in (1.0, -2.0, 0.5):
        square = 0.9 * square + 0.1 * gradient**2
        place -= 0.5 * gradient / (np.sqrt(square) + 1e-8)
        expected.append(place)
    got = walk(make(kind="rmsprop", b2=0.9), [1.0, -2.0, 0.5])
    assert got == pytest.approx(expected, rel=1e-5)


def test_clipping_bounds_parameters_not_gradients():
    places = walk(make(kind="sgd", b1=0.0, clip=0.3), [0.2, 4.0, -0.2], start=0.1)
    assert places == pytest.approx([0.0, -0.3, -0.2], abs=1e-6)


def test_adam_on_gpus_equals_optax():
    """The same steps up to rounding, and the state that checkpoints hold."""
    config = Optim(decay_from=0.5)
    params = {"kernel": jnp.ones((3, 4)), "bias": jnp.ones(4)}
    rate = make_schedule(config, 6, OptimiserGroup((), lambda params, tensors: {}))
    usual = optax.chain(
        optax.scale_by_adam(config.b1, config.b2, config.eps), optax.scale_by_learning_rate(rate)
    )
    apart = optax.chain(*_adam_apart(config, rate))
    (want, want_state), (got, got_state) = ((params, x.init(params)) for x in (usual, apart))
    for key in jax.random.split(jax.random.key(0), 6):
        grads = {name: jax.random.normal(key, x.shape) for name, x in params.items()}
        updates, want_state = jax.jit(usual.update)(grads, want_state)
        want = optax.apply_updates(want, updates)
        updates, got_state = jax.jit(apart.update)(grads, got_state)
        got = optax.apply_updates(got, updates)
    assert jax.tree.structure(want_state) == jax.tree.structure(got_state)
    for ours, theirs in zip(
        jax.tree.leaves((got, got_state)), jax.tree.leaves((want, want_state)), strict=True
    ):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)
