"""Types and precision of a whole step, as it is lowered for GPUs and TPUs."""

import re

import jax
import numpy as np
import optax
import pytest
from jax import export

from configs import sggan as config_sggan
from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.train.step import make_step

SIZE = (16, 32)


@pytest.fixture(scope="module")
def lower():
    """Return a function from changed settings of the networks to the step's text, and its types."""
    made = {}

    def lower(platform, **nets):
        key = (platform, *nets.items())
        if key not in made:
            made[key] = make(platform, nets)
        return made[key]

    return lower


def make(platform, nets):
    config = config_sggan.get_config("paper")
    config.data.height, config.data.width = SIZE
    tiny = {"width": 2, "levels": 3, "dis_width": 2, "dis_downsamplings": 2, "skip_image": True}
    config.nets.update(tiny | nets)
    config.weights.idt_r = 1.0
    config = Config.from_dict(config.to_dict())
    method = make_method(config, np.arange(256, dtype=np.uint8) % 8, steps_per_epoch=10)
    adam = optax.adam(2e-4, b1=0.5)
    recipe = Recipe({"generators": adam, "discriminators": adam}, pool_size=3, ema=0.999)
    image = jax.ShapeDtypeStruct((1, *SIZE, 3), np.uint8)
    labels = jax.ShapeDtypeStruct((1, *SIZE), np.uint8)
    batch = {"v": image, "r": image, "lab_v": labels, "lab_r": labels}
    state = jax.eval_shape(lambda: init_state(method, recipe, 0, batch))
    step = jax.jit(make_step(method, recipe))
    text = export.export(step, platforms=[platform])(state, batch).mlir_module()
    return text, jax.eval_shape(step, state, batch)


def convolutions(text):
    return [line for line in text.splitlines() if "stablehlo.convolution" in line]


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_networks_multiply_as_the_device_does_unless_told(lower, platform):
    lines = convolutions(lower(platform)[0])
    exact = [line for line in lines if "HIGHEST" in line]
    # The losses' own filters and the heads of the discriminators always are exact.
    assert 0 < len(exact) < len(lines) / 2


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_at_the_highest_precision_every_product_is_exact_gradients_too(lower, platform):
    lines = convolutions(lower(platform, precision="highest")[0])
    assert len(lines) == len(convolutions(lower(platform)[0]))
    assert [line for line in lines if line.count("HIGHEST") != 2] == []


def test_in_bfloat16_networks_multiply_in_it(lower):
    lines = convolutions(lower("cuda", dtype="bfloat16")[0])
    half = [line for line in lines if "xbf16>" in line]
    # All but the losses' filters, the heads of the discriminators and the gradients of both.
    assert len(half) == len([line for line in lines if "HIGHEST" not in line])


def test_in_bfloat16_everything_that_lasts_is_float32(lower):
    state, metrics = lower("cuda", dtype="bfloat16")[1]
    kept = {"params": state.params, "opt": state.opt, "ema": state.ema, "metrics": metrics}
    types = {
        (name, str(leaf.dtype)) for name, tree in kept.items() for leaf in jax.tree.leaves(tree)
    }
    # Adam counts its steps in an integer.
    assert types - {("opt", "int32")} == {(name, "float32") for name in kept}


def test_in_bfloat16_every_sum_is_taken_in_float32(lower):
    """Statistics of norms, losses, gradients of biases: bfloat16 stops counting at 256."""
    text = lower("cuda", dtype="bfloat16")[0]
    sums = [line for line in text.splitlines() if "stablehlo.reduce(" in line]
    assert len(sums) > 100
    assert [line for line in sums if re.search(r"xbf16>", line)] == []
