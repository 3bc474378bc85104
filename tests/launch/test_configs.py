"""Configurations are complete, locked, and build what the paper says."""

import jax
import pytest

from configs import common, cyclegan, sggan
from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.methods import make_method
from sggan_jax.types import num_params


@pytest.mark.parametrize("file", [sggan, cyclegan])
@pytest.mark.parametrize("name", sggan.PRESETS)
def test_every_preset_builds_a_method_and_declares_no_key_of_its_own(name, file):
    config = file.get_config(name)
    assert config.is_locked
    assert set(config.to_dict()) == set(common.get_config().to_dict())
    make_method(Config.from_dict(config.to_dict()), group_table(config.data.class_groups), 100)


def test_the_paper_is_to_the_letter():
    """METHOD: sections 1 to 3 as numbers."""
    config = sggan.get_config("paper")
    assert (config.data.height, config.data.width) == (256, 512)
    assert (config.weights.cyc_v, config.weights.cyc_r) == (10, 10)
    assert (config.weights.grad_v, config.weights.grad_r) == (5, 5)
    assert (config.weights.idt_v, config.weights.idt_r) == (0, 0)
    assert (config.optim.learning_rate, config.optim.b1, config.optim.b2) == (2e-4, 0.5, 0.999)
    assert (config.train.batch_size, config.train.epochs, config.train.pool_size) == (1, 25, 50)
    assert (config.loss.grad_hard_epochs, config.loss.grad_alpha) == (3, 0.9)
    method = make_method(Config.from_dict(config.to_dict()), group_table("paper8"), 2000)
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert {name: num_params(tree) for name, tree in shapes.items()} == {
        "g_v2r": 54_415_104,
        "g_r2v": 54_415_104,
        "d_r": 2_822_912,
        "d_v": 2_822_912,
    }


def test_cyclegan_is_one_region_and_no_gradient_term():
    """METHOD section 5: ResNet-9, plain PatchGAN, cycle weight 10, identity half of it."""
    config = cyclegan.get_config("paper")
    method = make_method(
        Config.from_dict(config.to_dict()), group_table(config.data.class_groups), 2000
    )
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert num_params(shapes["g_v2r"]) == 11_383_424
    assert shapes["d_r"]["scores"]["kernel"].shape == (4, 4, 512, 1)
    assert (config.weights.grad_v, config.weights.grad_r) == (0, 0)
    assert (config.weights.cyc_v, config.weights.idt_v) == (10, 5)
