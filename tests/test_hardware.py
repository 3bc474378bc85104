"""What a program runs on, and accelerators that JAX does not see, in machines made of files."""

from types import SimpleNamespace

import jax
import pytest

from sggan_jax.hardware import describe_devices, unused_accelerator

VERSION = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Sun Jun  1 2025\n"
    "GCC version:  gcc version 12.3.0\n"
)
NEITHER = {"installed": lambda module: False}
BOTH = {"installed": lambda module: True}


def device(platform, kind, process=0, **more):
    return SimpleNamespace(platform=platform, device_kind=kind, process_index=process, **more)


H100 = device("gpu", "NVIDIA H100 80GB HBM3", compute_capability="9.0")
V100 = device("gpu", "Tesla V100-SXM2-16GB", compute_capability="7.0")
V5E = device("tpu", "TPU v5 lite")


@pytest.mark.parametrize(
    ("devices", "settings", "text"),
    [
        ([H100], {}, "1 x NVIDIA H100 80GB HBM3, float32 with TF32 products"),
        ([H100] * 8, {"precision": "highest"}, "8 x NVIDIA H100 80GB HBM3, float32"),
        ([V100], {}, "1 x Tesla V100-SXM2-16GB, float32"),
        ([V5E], {}, "1 x TPU v5 lite, float32 with bfloat16 products"),
        ([V5E], {"precision": "highest"}, "1 x TPU v5 lite, float32"),
        (
            [V5E],
            {"dtype": "bfloat16"},
            "1 x TPU v5 lite, bfloat16 with float32 statistics, losses and parameters",
        ),
        ([device("cpu", "cpu")] * 2, {}, "2 x CPU, float32"),
        (
            [H100, V100],
            {},
            "1 x NVIDIA H100 80GB HBM3 and 1 x Tesla V100-SXM2-16GB, float32 with TF32 products",
        ),
    ],
)
def test_devices_in_words(devices, settings, text):
    assert describe_devices(devices, **settings) == text


def test_processes_are_counted():
    devices = [device("tpu", "TPU v4", process) for process in (0, 0, 1, 1)]
    assert describe_devices(devices).startswith("4 x TPU v4 in 2 processes, ")


@pytest.fixture
def machine(tmp_path):
    """Return a function that makes a root folder with these device files and this driver."""

    def make(*files, driver=None):
        for name in ("dev", "proc/driver/nvidia", "bin"):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
        for name in files:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o755)
        if driver:
            (tmp_path / "proc/driver/nvidia/version").write_text(VERSION.format(driver))
        return tmp_path

    return make


def test_nothing_is_said_of_a_machine_without_accelerators(machine):
    root = machine("dev/null", "dev/nvidiactl", "dev/vfio/vfio", "dev/accel/accel0")
    assert unused_accelerator("cpu", root, {"PATH": str(root / "bin")}, **NEITHER) is None
    assert unused_accelerator("cpu", root / "nowhere", {}, **NEITHER) is None


def test_nothing_is_said_where_jax_sees_it_or_the_user_chose(machine):
    root = machine("dev/nvidia0", "dev/accel0")
    assert unused_accelerator("gpu", root, {}, **NEITHER) is None
    assert unused_accelerator("tpu", root, {}, **NEITHER) is None
    assert unused_accelerator("cpu", root, {"JAX_PLATFORMS": "cpu"}, **NEITHER) is None


@pytest.mark.parametrize(
    ("driver", "extra"),
    [(None, "cuda12"), ("535.161.08", "cuda12"), ("580.65.06", "cuda13"), ("590.1", "cuda13")],
)
def test_a_gpu_without_its_plugin(machine, driver, extra):
    root = machine("dev/nvidia0", "dev/nvidiactl", driver=driver)
    text = unused_accelerator("cpu", root, {}, **NEITHER)
    assert text == (
        "this machine has an NVIDIA GPU that JAX does not see: "
        f'`python -m pip install "jax[{extra}]=={jax.__version__}"`'
    )


@pytest.mark.parametrize(
    ("files", "driver", "environ", "end"),
    [
        ((), "470.82.01", {}, "its driver 470 is too old; install 525 or later"),
        ((), "550.54.15", {}, "start it with `docker run --gpus all`"),
        (("dev/nvidia0",), "550.54.15", {}, "says what is wrong"),
        (
            ("dev/nvidia0",),
            None,
            {"CUDA_VISIBLE_DEVICES": ""},
            "CUDA_VISIBLE_DEVICES hides it; `unset CUDA_VISIBLE_DEVICES`",
        ),
        (("dev/nvidia0",), None, {"CUDA_VISIBLE_DEVICES": "-1"}, "`unset CUDA_VISIBLE_DEVICES`"),
        (("dev/nvidia0",), None, {"CUDA_VISIBLE_DEVICES": "GPU-8932"}, "says what is wrong"),
    ],
)
def test_a_gpu_with_its_plugin_that_cannot_start(machine, files, driver, environ, end):
    text = unused_accelerator("cpu", machine(*files, driver=driver), environ, **BOTH)
    assert text.startswith("this machine has an NVIDIA GPU that JAX does not see: ")
    assert text.endswith(end)


def test_a_gpu_known_by_its_program_alone(machine):
    root = machine("bin/nvidia-smi")
    text = unused_accelerator("cpu", root, {"PATH": str(root / "bin")}, **NEITHER)
    assert text.endswith(f'"jax[cuda12]=={jax.__version__}"`')


@pytest.mark.parametrize(
    ("files", "environ"),
    [(("dev/accel0",), {}), (("dev/vfio/0",), {"TPU_WORKER_ID": "0"})],
)
def test_a_tpu(machine, files, environ):
    root = machine(*files)
    assert unused_accelerator("cpu", root, environ, **NEITHER).endswith(
        f'"jax[tpu]=={jax.__version__}"`'
    )
    assert "another process may hold it" in unused_accelerator("cpu", root, environ, **BOTH)


def test_virtual_machines_that_pass_devices_through_are_no_tpu(machine):
    assert unused_accelerator("cpu", machine("dev/vfio/0"), {"PATH": ""}, **NEITHER) is None
