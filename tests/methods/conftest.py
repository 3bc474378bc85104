"""The smallest setting of a method, and everything of one of its steps."""

from types import SimpleNamespace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.config import Config
from sggan_jax.methods import make_method
from sggan_jax.methods.frozen import Frozen

SIZE = (8, 16)


@pytest.fixture(scope="session")
def configure():
    """Return a function from a configuration file and changed keys to its smallest form."""

    def make(file, name="paper", **changes):
        config = file.get_config(name)
        config.data.height, config.data.width = SIZE
        config.nets.width, config.nets.levels, config.nets.dropout = 2, 2, 0.0
        config.nets.generator, config.nets.dis_width, config.nets.dis_downsamplings = "unet", 2, 1
        config.sim.width, config.sim.blocks, config.sim.dis_width = 3, 1, 6
        config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
        return Config.from_dict(config.to_dict())

    return make


@pytest.fixture(scope="session")
def make_batch():
    """Return a function from a batch size and a seed to random images and labels."""

    def make(size, seed=0):
        rng = np.random.default_rng(seed)
        batch = {name: rng.integers(0, 256, (size, *SIZE, 3)).astype(np.uint8) for name in "vr"}
        labels = {f"lab_{name}": np.full((size, *SIZE), 7, np.uint8) for name in "vr"}
        return batch | labels

    return make


@pytest.fixture(scope="session")
def play(make_batch):
    """Return a function from a configuration to everything of one step of its method."""

    def play(config, rng=None):
        method = make_method(config, np.zeros(256, np.uint8), 10)
        params = method.init(jax.random.key(0))
        # Small kernels give scores near 0, which hide who was asked about what: make them large.
        params = jax.tree.map(lambda x: 6 * x if np.abs(x).max() < 0.1 else x, params)
        batch = make_batch(2)

        @jax.jit
        def run(params, batch):
            tensors = method.preprocess(batch, rng)
            tensors |= method.forward(params, tensors, None)
            # What comes from the history is unlike what is there now.
            names = {name for group in method.pooled for name in group}
            tensors |= {f"old_{name}": jnp.flip(tensors[name], (0, 2)) for name in names}
            optimiser_groups = method.optimiser_groups.items()
            return tensors, {name: group.terms(params, tensors) for name, group in optimiser_groups}

        tensors, terms = jax.device_get(run(params, batch))
        return SimpleNamespace(
            method=method, params=params, batch=batch, tensors=tensors, terms=terms, run=run
        )

    return play


# Class ids 0 to 5 in the discriminators' groups, and in the teacher's classes.
GROUPS = np.zeros(256, np.uint8)
GROUPS[:6] = [0, 1, 2, 1, 0, 2]
CLASSES = np.full(256, 255, np.uint8)
CLASSES[:5] = [2, 0, 1, 1, 2]


class Reader(nn.Module):
    """A teacher of one layer: three logits from the colour of every pixel alone."""

    @nn.compact
    def __call__(self, x):
        return x @ self.param("matrix", nn.initializers.normal(1.0), (3, 3))


class Pyramid(nn.Module):
    """An encoder of five levels: averages of squares of pixels, mixed to as many channels."""

    channels: tuple[int, ...] = (16, 24, 40, 112, 320)

    @nn.compact
    def __call__(self, x):
        levels = []
        for number in self.channels:
            x = jax.lax.reduce_window(x, 0.0, jax.lax.add, *[(1, 2, 2, 1)] * 2, "SAME") / 4
            mix = np.random.default_rng(number).normal(size=(x.shape[-1], number))
            levels.append(jnp.square(x @ mix.astype(np.float32)))
        return levels


MATRIX = np.random.default_rng(1).normal(size=(3, 3)).astype(np.float32)


def frozen():
    reader = Frozen({"params": {"matrix": jnp.asarray(MATRIX)}}, jnp.asarray(CLASSES), Reader())
    return {"teacher": reader, "encoder": Frozen({}, module=Pyramid())}


def labelled_batch(size=2):
    rng = np.random.default_rng(0)
    batch = {name: rng.integers(0, 256, (size, *SIZE, 3)).astype(np.uint8) for name in "vr"}
    labels = {f"lab_{x}": rng.integers(0, 6, (size, *SIZE)).astype(np.uint8) for x in "vr"}
    return batch | labels


@pytest.fixture(scope="session")
def asked():
    """Frozen networks small enough to write out in numpy, and labels to ask them about."""
    return SimpleNamespace(
        groups=GROUPS,
        classes=CLASSES,
        matrix=MATRIX,
        channels=Pyramid.channels,
        frozen=frozen(),
        batch=labelled_batch(),
    )
