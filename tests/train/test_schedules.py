"""Schedules in the log are those that the step is computed with."""

import jax
import numpy as np
import optax
import pytest

from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.train.optim import make_optimiser
from sggan_jax.train.schedules import read_schedules


def make(tiny, **changes):
    config = Config.from_dict(tiny(**changes))
    return config, make_method(config, np.zeros(256, np.uint8), 4)


def test_alpha_and_beta_change_after_the_hard_epochs(tiny):
    config, method = make(tiny, loss__grad_hard_epochs=0.5)  # of 4 steps each
    found = [read_schedules(method, config.optim, 8, step) for step in (1, 2, 3)]
    assert [x["schedule/alpha"] for x in found] == [1.0, 1.0, 0.9]
    assert [x["schedule/beta"] for x in found] == [0.0, 0.0, 0.1]
    assert not any("r1_due" in name for name in found[0])


def test_without_a_gradient_loss_there_is_no_alpha(tiny):
    config, method = make(tiny, weights__grad_v=0.0, weights__grad_r=0.0)
    assert set(read_schedules(method, config.optim, 8, 3)) == {
        "rate/generators",
        "rate/discriminators",
    }


def test_each_group_has_a_rate_that_decays(tiny):
    config, method = make(tiny, optim__dis_rate=0.5, optim__decay_from=0.5)
    found = [read_schedules(method, config.optim, 8, step) for step in (1, 5, 7)]
    assert [x["rate/generators"] for x in found] == [2e-4, 2e-4, 1e-4]
    assert [x["rate/discriminators"] for x in found] == [1e-4, 1e-4, 5e-5]


def test_weights_that_change_are_told(tiny):
    config, method = make(tiny, method="simgan", sim__refiner_steps=2, weights__adv_r=1.0)
    found = [read_schedules(method, config.optim, 8, step) for step in (2, 3)]
    assert [x["weight/adv_r"] for x in found] == [0.0, 1.0]


@pytest.mark.parametrize("method", ["sggan", "simgan"])
def test_rates_are_those_of_the_optimiser_that_moves_by_turns(tiny, method):
    # Sgd without momentum moves a parameter by its rate times the gradient, here 1.
    sgd = {"optim__kind": "sgd", "optim__b1": 0.0, "optim__decay_from": 0.0}
    turns = {"sim__refiner_steps": 2, "sim__dis_steps": 3, "sim__ratio": 2}
    config, method = make(tiny, method=method, **sgd, **turns)
    for name, group in method.optimiser_groups.items():
        optimiser = make_optimiser(config.optim, 12, group)
        state, params = optimiser.init({"x": np.zeros(())}), {"x": np.zeros(())}
        for step in range(1, 13):
            if group.updates is None or bool(group.updates(jax.numpy.int32(step - 1))):
                updates, state = optimiser.update({"x": jax.numpy.ones(())}, state, params)
                moved = -float(optax.tree.sum(updates))
                told = read_schedules(method, config.optim, 12, step)[f"rate/{name}"]
                assert told == pytest.approx(moved, rel=1e-5)
