"""The first run on a device, with tiny networks on a CPU; and its table."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import first_light, first_light_parts
from benchmarks.first_light import GRAPHS


def test_a_distance_is_relative_to_the_length_of_the_reference():
    reference = {"a": np.array([3.0, 0.0]), "b": np.array(4.0)}  # of length 5
    there = {"a": np.array([3.0, 0.3]), "b": np.array(4.4)}  # half a unit away
    row = first_light_parts._row("gradient", "float32", there, reference, 0.05)
    assert row["distance"] == pytest.approx(0.1)
    assert not row["within"]


def test_a_part_that_fails_is_told_and_the_others_stay():
    found = {
        "machine": {"devices": "1 x CPU, float32", "JAX": "0"},
        "equality": {"rows": [{"what": "terms", "distance": 0.25, "within": False}]},
        "step": {"failed": "took more than 150 s"},
        "torch": {"skipped": "PyTorch is not installed."},
    }
    text = first_light.describe(found)
    assert "## First light: 1 x CPU, float32" in text
    assert "| terms | 0.25 | NO |" in text
    assert "Failed: took more than 150 s" in text
    assert "PyTorch is not installed." in text
    assert "### Adapting" not in text


@pytest.mark.parametrize(
    ("part", "given", "platforms", "preallocate"),
    [
        ("step", {}, None, None),
        ("equality", {"JAX_PLATFORMS": "cuda"}, "cuda,cpu", None),
        ("torch", {"JAX_PLATFORMS": "cuda"}, "cpu", None),
        ("processes", {"JAX_PLATFORMS": "cuda,cpu"}, "cuda,cpu", "false"),
    ],
)
def test_no_part_keeps_the_device_from_another(part, given, platforms, preallocate):
    got = first_light.environment(part, given)
    assert got.get("JAX_PLATFORMS") == platforms
    assert got.get("XLA_PYTHON_CLIENT_PREALLOCATE") == preallocate


@pytest.mark.parametrize(("jaxlib", "flags"), [((0, 10), "--a"), ((0, 12), "--a " + GRAPHS)])
def test_convolutions_are_captured_where_xla_knows_how(jaxlib, flags):
    given = {"XLA_FLAGS": "--a"}
    assert first_light.environment("graphs", given, jaxlib)["XLA_FLAGS"] == flags
    assert first_light.environment("step", given, jaxlib)["XLA_FLAGS"] == "--a"


@pytest.mark.slow
def test_everything_runs_through_on_a_cpu(tmp_path):
    done = subprocess.run(
        ["benchmarks/first_light.sh", "--small", "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHON": sys.executable, "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "first_light.json").read_text())
    assert [part for part, told in found.items() if "failed" in told] == []
    distances = {(x["what"], x["how"]): x["distance"] for x in found["equality"]["rows"]}
    assert distances["gradient of generators", "float32"] == 0  # a CPU beside itself
    assert 0.001 < distances["gradient of generators", "bfloat16"] < 0.3
    assert found["toycity"]["rows"][0]["steps"] == 8
    assert found["processes"] == {"skipped": "Needs two GPUs."}
    assert (tmp_path / "first_light.md").read_text() in done.stdout
