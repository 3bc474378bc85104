"""Networks as JSON, and in run directories that hold nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sggan_jax.nets.discriminators import PatchGAN, PositionClassifier
from sggan_jax.nets.features import FeatureDiscriminator
from sggan_jax.nets.generators import ResNet, UNet
from sggan_jax.nets.patches import PatchHeads
from sggan_jax.nets.refiner import LocalDiscriminator, Refiner
from sggan_jax.nets.resnet38 import ResNet38
from sggan_jax.nets.segmenters import Light, Segmenter
from sggan_jax.runs.description import Run, write_run
from sggan_jax.runs.networks import KINDS, build, describe, read_network, shapes_of, write_networks
from sggan_jax.types import InputError

HALF = jnp.dtype("bfloat16")
NETWORKS = [
    UNet(4, 3, 0.1, "resize", HALF, pytorch=True, skip_image=True, classes=3),
    ResNet(4, 2, "resize", HALF, pytorch=True),
    Refiner(5, 1, HALF),
    Segmenter(Light(0.5, 0.25, 16, 8, HALF), 7, False, HALF),
    Segmenter(ResNet38(0.5, 0.25, HALF), 7, False, HALF),
    PatchGAN(4, 1, 3, HALF),
    LocalDiscriminator(9, HALF),
    PositionClassifier(5),
    FeatureDiscriminator(6, 3, HALF),
    PatchHeads(7),
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda x: type(x).__name__)
def test_a_network_comes_back_from_json(network):
    described = json.loads(json.dumps(describe(network)))
    assert described["kind"] == type(network).__name__
    assert build(described) == network


def test_a_network_of_before_it_could_be_told_of_classes_is_not_told():
    described = describe(UNet(4, 3))
    del described["classes"]
    assert build(described) == UNet(4, 3)


def test_every_kind_is_tested():
    backbones = {type(x.backbone) for x in NETWORKS if isinstance(x, Segmenter)}
    assert {type(x) for x in NETWORKS} | backbones == set(KINDS.values())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "GPT"}, "is of kind 'GPT', which is none of UNet"),
        ({"kind": ["UNet"]}, "which is none of UNet"),
        ({"depth": 3}, "a UNet of the run has the field 'depth' unknown"),
        ({"levels": None}, "a UNet of the run has levels = None"),
        ({"levels": True}, "levels = True"),
        ({"width": 4.0}, "width = 4.0"),
        ({"upsampling": "magic"}, "upsampling = 'magic'"),
        ({"dtype": "object"}, "dtype = 'object'"),
    ],
)
def test_what_is_no_network_is_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        build(describe(UNet()) | changes)


def test_a_missing_field_is_refused():
    described = describe(UNet())
    del described["levels"]
    with pytest.raises(InputError, match="is of kind None, which is none of"):
        build(3)
    with pytest.raises(InputError, match="a UNet of the run has the field 'levels' missing"):
        build(described)


def describe_run(networks, adapts):
    return Run(
        config={},
        steps_per_epoch=1,
        networks={name: describe(network) for name, network in networks.items()},
        adapts=adapts,
        size=(16, 24),
        tables={},
        class_groups=(0,) * 256,
        group_names=("everything",),
    )


@pytest.mark.parametrize("network", NETWORKS[2:4], ids=lambda x: type(x).__name__)
def test_networks_are_read_as_they_were_written(network, tmp_path):
    rng = np.random.default_rng(0)
    variables = jax.tree.map(
        lambda x: rng.normal(size=x.shape).astype(np.float32), shapes_of(network, (16, 24))
    )
    assert ("batch_stats" in variables) == isinstance(network, Segmenter)
    run = describe_run({"net": network}, {"v2r": "net"})
    write_networks(tmp_path, run, {"net": variables}, 7)
    found = read_network(tmp_path, "v2r")
    assert (found.module, found.step) == (network, 7)
    assert jax.tree.structure(found.variables) == jax.tree.structure(variables)
    jax.tree.map(np.testing.assert_array_equal, found.variables, variables)
    items = {path.name for path in (tmp_path / "checkpoints" / "7").iterdir() if path.is_dir()}
    assert items == {"generators", "checksums"}


def test_a_direction_without_a_network_is_refused(tmp_path):
    write_run(tmp_path, describe_run({}, {"v2r": "g"}))
    with pytest.raises(InputError, match="describes no network 'g'"):
        read_network(tmp_path, "v2r")
    with pytest.raises(InputError, match=r"adapts \['v2r'\], not 'r2v'"):
        read_network(tmp_path, "r2v")


def test_arrays_of_another_network_are_refused(tmp_path):
    refiner = Refiner(4, 1)
    zeros = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), shapes_of(refiner, (16, 24)))
    write_networks(tmp_path, describe_run({"g": refiner}, {"v2r": "g"}), {"g": zeros}, 1)
    write_run(tmp_path, describe_run({"g": Refiner(5, 1)}, {"v2r": "g"}))
    with pytest.raises(
        InputError, match=r"does not fit .*block0_a/bias is float32\[4\], not float32\[5\]"
    ):
        read_network(tmp_path, "v2r")


PROBE = """
import sys
from sggan_jax.adapt.adapter import load_adapter
rooms = [f"sggan_jax.{room}" for room in ("train", "methods", "losses")]
wrong = [x for x in sys.modules if x == "optax" or x.startswith(tuple(rooms))]
sys.exit(f"loaded: {wrong}" if wrong else 0)
"""


def test_adapting_loads_nothing_of_training():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
