"""The step, compiled as far as this machine can for machines that are not here."""

import re
from collections import Counter

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
def exported():
    """SG-GAN's step in the paper's form at a tiny width, with pools, averages and dropout."""
    config = config_sggan.get_config("paper")
    config.data.height, config.data.width = SIZE
    config.nets.width, config.nets.levels = 2, 3
    config.nets.dis_width, config.nets.dis_downsamplings = 2, 2
    config = Config.from_dict(config.to_dict())
    config = Config.from_dict(config.to_dict())
    method = make_method(config, np.arange(256, dtype=np.uint8) % 8, steps_per_epoch=10)
    adam = optax.adam(2e-4, b1=0.5)
    recipe = Recipe({"generators": adam, "discriminators": adam}, pool_size=3, ema=0.999)
    image = jax.ShapeDtypeStruct((1, *SIZE, 3), np.uint8)
    labels = jax.ShapeDtypeStruct((1, *SIZE), np.uint8)
    batch = {"v": image, "r": image, "lab_v": labels, "lab_r": labels}
    state = jax.eval_shape(lambda: init_state(method, recipe, 0, batch))
    step = jax.jit(make_step(method, recipe))

    def lower(*platforms):
        return export.export(step, platforms=platforms)(state, batch)

    return {name: lower(name) for name in ("cuda", "tpu", "cpu")}


def operations(artefact):
    return Counter(re.findall(r"stablehlo\.(\w+)", artefact.mlir_module()))


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_the_step_lowers_for_other_platforms(exported, platform):
    assert exported[platform].platforms == (platform,)
    assert len(exported[platform].mlir_module_serialized) > 10_000


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_accelerators_get_plain_convolutions(exported, platform):
    found = operations(exported[platform])
    # Four passes through 6 convolutions, eight of discriminators through 4, forwards alone.
    assert found["convolution"] > 4 * 6 + 6 * 4
    assert found["dot_general"] == 0


def test_cpus_get_matrix_products(exported):
    assert operations(exported["cpu"])["dot_general"] > 20


def test_nothing_is_computed_in_double_precision(exported):
    for artefact in exported.values():
        assert "xf64" not in artefact.mlir_module()
