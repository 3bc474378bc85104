"""Runs with random weights, small enough to make in a second: nothing here needs training."""

import dataclasses

import jax
import numpy as np
import optax
import pytest

from configs import common
from sggan_jax.adapt.adapter import Adapter, load_adapter
from sggan_jax.config import Config
from sggan_jax.data.labels import group_table
from sggan_jax.methods import make_method
from sggan_jax.runs.description import write_run
from sggan_jax.train.checkpoints import Checkpoints
from sggan_jax.train.describe import describe_run
from sggan_jax.train.state import Recipe, init_state
from sggan_jax.types import InputError


def write_tiny_run(workdir, seed=0, scale=0.3, **nets):
    """Write checkpoints of steps 1 and 2, with different weights, for images of 16x32."""
    config = common.get_config()
    config.data.height, config.data.width = 16, 32
    config.data.toycity_train, config.data.toycity_test = 1, 3
    config.nets.update({"width": 4, "levels": 2, "dis_width": 4, "dis_downsamplings": 1, **nets})
    settings = Config.from_dict(config.to_dict())
    method = make_method(settings, group_table("paper8"), 8)
    write_run(workdir, describe_run(settings, method, 8))
    recipe = Recipe(dict.fromkeys(method.optimiser_groups, optax.identity()), pool_size=0)
    # Drawn with numpy: initialising networks would compile a program for every layer.
    shapes = jax.eval_shape(lambda: init_state(method, recipe, seed, {}))
    rng = np.random.default_rng(seed)
    with Checkpoints(workdir, method) as checkpoints:
        for step in (1, 2):
            params = jax.tree.map(
                lambda x: rng.normal(0, scale, x.shape).astype(np.float32), shapes.params
            )
            state = shapes.replace(
                step=np.int32(step),
                params=params,
                rng=jax.random.wrap_key_data(np.arange(2, dtype=np.uint32)),
            )
            checkpoints.save(state, {"position": 0})
    return workdir


@pytest.fixture(scope="session")
def make_run():
    """The writer of tiny runs: ``make_run(workdir, seed, scale, **nets)``."""
    return write_tiny_run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """One tiny run for all tests that only read it."""
    return write_tiny_run(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="session")
def tiny_adapter(tiny_run):
    """The newest generator of that run, compiled shapes kept between tests."""
    return load_adapter(tiny_run)


@dataclasses.dataclass(frozen=True)
class Negative:
    """A network that turns every colour over and notes the shapes it is compiled for."""

    seen: list
    multiple: int = 8

    def check_size(self, height, width):
        if height % self.multiple or width % self.multiple or height == width == self.multiple:
            raise InputError(f"{height}x{width}")

    def apply(self, variables, x):
        self.check_size(*x.shape[1:3])
        self.seen.append(x.shape)
        return -x


@pytest.fixture
def negative(tiny_run):
    """An adapter without weights: ``255 - image``, whatever its size."""
    return Adapter(tiny_run, "v2r", 1, Negative([]), {})
