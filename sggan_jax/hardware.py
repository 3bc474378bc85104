"""What a program runs on, in words; and what stands in the machine unused, with the cure.

Nothing here asks JAX for devices: they are given. So the functions are pure but for the files that
tell of hardware, whose root and environment are arguments.
"""

import importlib.util
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

TF32_FROM = 8
"""Major compute capability of the first NVIDIA GPUs that multiply float32 as TF32 (Ampere)."""

CUDA_12_DRIVER, CUDA_13_DRIVER = 525, 580
"""Oldest major driver versions that run CUDA 12 and CUDA 13."""

PRODUCTS = {
    "bfloat16": "bfloat16 with float32 statistics, losses and parameters",
    "float32": "float32",
    "tf32": "float32 with TF32 products",
    "rounded": "float32 with bfloat16 products",
}

Installed = Callable[[str], bool]


def describe_devices(
    devices: Sequence[Any], dtype: str = "float32", precision: str = "default"
) -> str:
    """Say what a program runs on and how it multiplies.

    Args:
      devices: of JAX, of all processes; at least one.
      dtype: of the networks' computations, ``float32`` or ``bfloat16``.
      precision: of products of float32 numbers, ``default`` or ``highest``.

    Returns:
      Such as "1 x NVIDIA H100 80GB HBM3, float32 with TF32 products".

    >>> from types import SimpleNamespace
    >>> describe_devices([SimpleNamespace(platform="tpu", device_kind="TPU v5 lite")] * 4)
    '4 x TPU v5 lite, float32 with bfloat16 products'
    """
    kinds = Counter(_name(device) for device in devices)
    text = " and ".join(f"{number} x {kind}" for kind, number in kinds.items())
    processes = len({getattr(device, "process_index", 0) for device in devices})
    if processes > 1:
        text += f" in {processes} processes"
    return f"{text}, {PRODUCTS[_products(devices[0], dtype, precision)]}"


def _name(device: Any) -> str:
    return "CPU" if device.platform == "cpu" else device.device_kind


def _products(device: Any, dtype: str, precision: str) -> str:
    """Name the key of ``PRODUCTS`` that a device's convolutions follow."""
    if dtype != "float32" or precision != "default" or device.platform == "cpu":
        return dtype
    if device.platform == "tpu":
        return "rounded"
    capability = str(getattr(device, "compute_capability", "0"))
    major = re.match(r"\d+", capability)
    return "tf32" if major and int(major[0]) >= TF32_FROM else "float32"


def unused_accelerator(
    platform: str,
    root: Path = Path("/"),
    environ: Mapping[str, str] = os.environ,
    installed: Installed | None = None,
) -> str | None:
    """Warn of a GPU or TPU that is in the machine while JAX computes on its CPU.

    Args:
      platform: of the devices that JAX gave, such as ``cpu``.
      root: folder that holds ``dev`` and ``proc``.
      environ: environment variables. Who sets ``JAX_PLATFORMS`` has chosen and is not warned.
      installed: tells whether a Python module can be imported; asks Python itself by default.

    Returns:
      One sentence that ends in what cures it, or None where there is nothing to say.
    """
    if platform != "cpu" or environ.get("JAX_PLATFORMS"):
        return None
    installed = installed or (lambda module: importlib.util.find_spec(module) is not None)
    if _has_tpu(root, environ):
        return f"this machine has a TPU that JAX does not see: {_cure_tpu(installed)}"
    if _has_nvidia(root, environ):
        return "this machine has an NVIDIA GPU that JAX does not see: " + _cure_nvidia(
            root, environ, installed
        )
    return None


def _has_tpu(root: Path, environ: Mapping[str, str]) -> bool:
    """Tell by the device files of TPU v2 to v4, or those of later ones beside their environment."""
    if _device_files(root / "dev", r"accel\d+"):
        return True
    told = any(name in environ for name in ("TPU_ACCELERATOR_TYPE", "TPU_WORKER_ID", "TPU_NAME"))
    return told and _device_files(root / "dev/vfio", r"\d+")


def _has_nvidia(root: Path, environ: Mapping[str, str]) -> bool:
    """Tell by device files, the kernel's driver or its program."""
    if _device_files(root / "dev", r"nvidia\d+") or _driver(root):
        return True
    return shutil.which("nvidia-smi", path=environ.get("PATH", "")) is not None


def _device_files(folder: Path, pattern: str) -> bool:
    if not folder.is_dir():
        return False
    return any(re.fullmatch(pattern, name) for name in os.listdir(folder))


def _driver(root: Path) -> int:
    """Read the major version of NVIDIA's driver from the kernel; 0 where it tells none."""
    told = root / "proc/driver/nvidia/version"
    found = re.search(r"\s(\d{3,})\.\d+", told.read_text()) if told.is_file() else None
    return int(found[1]) if found else 0


def _cure_tpu(installed: Installed) -> str:
    if not installed("libtpu"):
        return _install("tpu")
    return (
        "another process may hold it; "
        """`JAX_PLATFORMS=tpu python -c "import jax; jax.devices()"` says what is wrong"""
    )


def _cure_nvidia(root: Path, environ: Mapping[str, str], installed: Installed) -> str:
    hidden = environ.get("CUDA_VISIBLE_DEVICES", "0")
    if not hidden or hidden.startswith("-") or not hidden[0].isalnum():
        return "CUDA_VISIBLE_DEVICES hides it; `unset CUDA_VISIBLE_DEVICES`"
    driver = _driver(root)
    if 0 < driver < CUDA_12_DRIVER:
        return f"its driver {driver} is too old; install {CUDA_12_DRIVER} or later"
    if driver and not _device_files(root / "dev", r"nvidia\d+"):
        return "the container has no access to it; start it with `docker run --gpus all`"
    extra = "cuda13" if driver >= CUDA_13_DRIVER else "cuda12"
    if not (installed("jax_cuda12_plugin") or installed("jax_cuda13_plugin")):
        return _install(extra)
    return """`JAX_PLATFORMS=cuda python -c "import jax; jax.devices()"` says what is wrong"""


def _install(extra: str) -> str:
    return f'`python -m pip install "jax[{extra}]=={version("jax")}"`'
