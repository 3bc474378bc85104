"""Machines that programs are compiled for without being there: what XLA asks, and what they reach.

Figures are the makers' data sheets: dense products without sparsity, decimal units.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

LAUNCH = 2.5e-6
"""Seconds from one kernel of a GPU to the next when neither has much to do: an assumption."""


@dataclasses.dataclass(frozen=True)
class Target:
    """A kind of device.

    Attributes:
      name: as it calls itself.
      platform: ``cuda`` or ``tpu``.
      topology: name of a slice of TPUs for XLA; empty for GPUs.
      rates: operations per second by the numbers multiplied, see ``hlo.Kernel.numbers``.
      bandwidth: bytes per second of its memory.
      launch: seconds that a kernel costs beside its work.
      facts: what XLA's compiler for GPUs must know of the device.
    """

    name: str
    platform: str
    topology: str
    rates: Mapping[str, float]
    bandwidth: float
    launch: float
    facts: Mapping[str, Any]


def _nvidia(name: str, rates: Mapping[str, float], **facts: Any) -> Target:
    common = {
        "threads_per_block_limit": 1024,
        "threads_per_warp": 32,
        "shared_memory_per_block": 48 * 2**10,
        "threads_per_core_limit": 2048,
        "block_dim_limit_x": 2**31 - 1,
        "block_dim_limit_y": 2**16 - 1,
        "block_dim_limit_z": 2**16 - 1,
        "registers_per_core_limit": 2**16,
        "registers_per_block_limit": 2**16,
        "thread_dim_limit_x": 1024,
        "thread_dim_limit_y": 1024,
        "thread_dim_limit_z": 64,
        "device_vendor": "NVIDIA Corporation",
        "name": name,
    }
    return Target(name, "cuda", "", rates, facts["memory_bandwidth"], LAUNCH, common | facts)


TARGETS = {
    "h100": _nvidia(
        "NVIDIA H100 80GB HBM3",
        {"f32 highest": 66.9e12, "f32": 494.7e12, "bf16": 989.4e12},
        cuda_compute_capability={"major": 9},
        core_count=132,
        fpus_per_core=128,
        clock_rate_ghz=1.98,
        memory_bandwidth=3_352_320_000_000,
        device_memory_size=84_942_979_072,
        l2_cache_size=50 * 2**20,
        shared_memory_per_core=228 * 2**10,
        shared_memory_per_block_optin=227 * 2**10,
    ),
    "a100": _nvidia(
        "NVIDIA A100-SXM4-80GB",
        {"f32 highest": 19.5e12, "f32": 156e12, "bf16": 312e12},
        cuda_compute_capability={"major": 8},
        core_count=108,
        fpus_per_core=64,
        clock_rate_ghz=1.41,
        memory_bandwidth=2_039_040_000_000,
        device_memory_size=85_100_068_864,
        l2_cache_size=40 * 2**20,
        shared_memory_per_core=164 * 2**10,
        shared_memory_per_block_optin=163 * 2**10,
    ),
    # Products of float32 are one pass of bfloat16 by default, six with the highest precision.
    "v5e": Target(
        "TPU v5e",
        "tpu",
        "v5e:2x2",
        {"f32 highest": 197e12 / 6, "f32": 197e12, "bf16": 197e12},
        819e9,
        0.0,
        {},
    ),
}


def describe(target: Target) -> str:
    """Write a GPU's facts as the text protobuf that XLA reads as a target's configuration.

    >>> describe(TARGETS["a100"]).splitlines()[-2]
    'dnn_version_info { major: 9 minor: 10 patch: 0 }'
    """
    facts = "\n".join(f"  {_field(name, value)}" for name, value in target.facts.items())
    lines = [
        f"gpu_device_info {{\n{facts}\n}}",
        'platform_name: "CUDA"',
        "dnn_version_info { major: 9 minor: 10 patch: 0 }",
        f'device_description_str: "{target.name}"',
    ]
    return "\n".join(lines)


def _field(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{name} {{ {' '.join(_field(key, item) for key, item in value.items())} }}"
    return f'{name}: "{value}"' if isinstance(value, str) else f"{name}: {value}"
