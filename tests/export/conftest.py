"""Exports of tiny generators with random weights; no run behind them was trained."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.export.write import export_generator
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.refiner import Refiner
from sggan_jax.runs.description import Run
from sggan_jax.runs.networks import describe, write_networks

NETS = {
    "unet": UNet(width=4, levels=3),
    "resnet": ResNet(width=4, blocks=1, upsampling="resize"),
    "refiner": Refiner(width=4, blocks=1),
}


@pytest.fixture(scope="session")
def networks():
    """Modules and their variables by name."""
    rng = np.random.default_rng(2)

    def draw(net):
        shapes = jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((1, 16, 24, 3)))
        return jax.tree.map(lambda x: rng.normal(0, 0.3, x.shape).astype(np.float32), shapes)

    return {name: (net, draw(net)) for name, net in NETS.items()}


@pytest.fixture(scope="session")
def network_runs(networks, tmp_path_factory):
    """Run directories of those networks by name, of step 7."""
    root = tmp_path_factory.mktemp("runs")
    for name, (net, variables) in networks.items():
        run = Run(
            config={},
            steps_per_epoch=1,
            networks={"g": describe(net)},
            adapts={"v2r": "g"},
            size=(16, 24),
            tables={},
            class_groups=(0,) * 256,
            group_names=("everything",),
        )
        write_networks(root / name, run, {"g": variables}, 7)
    return {name: root / name for name in networks}


@pytest.fixture(scope="session")
def make_export(network_runs, tmp_path_factory):
    """Return a function from a network's name to the folder of its export, and its card."""

    def make(name, folder=None, **settings):
        folder = folder or tmp_path_factory.mktemp("exported") / name
        return folder, export_generator(network_runs[name], folder, **settings)

    return make


@pytest.fixture(scope="session")
def exported_unet(make_export):
    """Folder and card of one export for all tests that only read it."""
    return make_export("unet", licence="CC0")
