"""The table of what XLA compiles for accelerators; one program compiled where it can be."""

import importlib.util
import json
import subprocess
import sys

import pytest

from benchmarks import accelerators
from benchmarks.hlo import Kernel
from benchmarks.targets import TARGETS, describe


def kernel(kind="elementwise", name="jit(f)/UNet/relu", **more):
    given = {"bytes": 0, "operations": 0, "numbers": "", "times": 1, "cycles": 0}
    return Kernel(name, kind, **(given | more))


def test_the_roofline_takes_arithmetic_or_memory_and_a_launch():
    kernels = [
        kernel("convolution", operations=494_700_000, numbers="f32", bytes=8),  # 1 us on an H100
        kernel("convolution", operations=669_000_000, numbers="f32 highest"),  # 10 us
        kernel("copy", bytes=3_352_320, times=3),  # 1 us each
    ]
    row = accelerators.summarise(kernels, TARGETS["h100"])
    assert (row["kernels"], row["copies"]) == (5, 3)
    assert (row["copied_bytes"], row["moved_bytes"]) == (3 * 3_352_320, 3 * 3_352_320 + 8)
    assert row["operations"] == 1_163_700_000
    assert row["kinds_ms"] == {"launches": 0.0125, "convolution": 0.011, "copy": 0.003}
    assert row["roofline_ms"] == pytest.approx(0.0265, abs=6e-4)


def test_the_largest_layers_are_named():
    kernels = [kernel(name=f"jit(f)/UNet/down{n}/conv/dot", bytes=n * 10**9) for n in range(1, 13)]
    layers = accelerators.summarise(kernels, TARGETS["h100"])["layers_ms"]
    assert list(layers) == [f"f/UNet/down{n}/conv" for n in range(12, 2, -1)]
    assert layers["f/UNet/down12/conv"] == pytest.approx(12e12 / 3_352_320_000_000, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("jit(step)/transpose(jvp(UNet))/down_3/norm/reduce_sum", "UNet/down_3/norm, gradient"),
        ("jit(step)/jvp(UNet)/up0/conv_general_dilated", "UNet/up0"),
        ("jit(step)/jvp(UNet)/up1/cond/branch_0_fun/transpose()/conv", "UNet/up1"),
        ("copy.42", "copy.42"),
    ],
)
def test_names_of_layers(name, short):
    assert accelerators.layer(name) == short


def test_a_gpu_is_described_by_its_facts():
    lines = describe(TARGETS["a100"]).splitlines()
    assert "  cuda_compute_capability { major: 8 }" in lines
    assert "  memory_bandwidth: 2039040000000" in lines
    assert lines[-1] == 'device_description_str: "NVIDIA A100-SXM4-80GB"'


@pytest.mark.skipif(
    importlib.util.find_spec("jax_cuda12_plugin") is None, reason="needs the extra accelerators"
)
def test_a_program_is_compiled_for_a_gpu_that_is_not_here(tmp_path):
    output = tmp_path / "rows.json"
    command = [sys.executable, "-m", "benchmarks.accelerators", "--only", "tiny_step"]
    done = subprocess.run(
        [*command, "--machines", "h100", "--output", str(output)],
        capture_output=True,
        text=True,
        check=True,
    )
    (row,) = json.loads(output.read_text())
    assert 100 < row["kernels"] < 3000
    assert row["kinds_ms"]["convolution"] > 0
    assert "| tiny_step | NVIDIA H100 |" in done.stdout
