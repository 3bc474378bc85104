"""What XLA makes of this library for a GPU or TPU that is not here: time, memory and kernels.

    python -m benchmarks.accelerators                     # every program, for H100 and TPU v5e
    python -m benchmarks.accelerators --only generator_f32 --machines h100

Needs the extra ``accelerators`` and Python 3.12 or later. Nothing is run there: XLA's compilers
answer with the optimised program, which is the same whenever the same code is compiled by the same
version. Each program is compiled in a process of its own, and its row is written to ``--output``
as soon as it is known, beside those that are there already. Prints a Markdown table of all rows.

The roofline time lets every kernel take what its arithmetic or its memory takes at the machine's
peak, whichever is more, and on a GPU a launch besides. A real step takes longer.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.hlo import Kernel, read_kernels
from benchmarks.programs import PROGRAMS
from benchmarks.targets import TARGETS, Target, describe

HEADER = (
    "| program | machine | peak memory GB | kernels | copies (GB) | moved GB | GFLOP | roofline ms "
    "| of which | XLA's own estimate | compile s of CPU |\n" + 11 * "|---" + "|"
)


def main() -> None:
    """Compile the programs asked for, or be the process that compiles one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], choices=PROGRAMS)
    parser.add_argument("--machines", nargs="*", default=["h100", "v5e"], choices=TARGETS)
    parser.add_argument("--output", type=Path, default=Path("docs/results/accelerators.json"))
    parser.add_argument("--text", type=Path, help="folder to keep the compiled programs' text in")
    parser.add_argument("--table", action="store_true", help="compile nothing, print the table")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.only[0], args.machines[0], args.text)))
        return
    rows = json.loads(args.output.read_text()) if args.output.is_file() else []
    for machine in [] if args.table else args.machines:
        for program in args.only or [name for name in PROGRAMS if name != "tiny_step"]:
            row = in_own_process(program, machine, args.text)
            same = [(x["program"], x["machine"]) == (program, machine) for x in rows]
            rows = [x for x, is_old in zip(rows, same, strict=True) if not is_old] + [row]
            rows.sort(key=_place)
            args.output.parent.mkdir(parents=True, exist_ok=True)
            args.output.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))


def _place(row: dict[str, Any]) -> tuple[int, int]:
    """Machines and programs in the order in which they are declared."""
    return list(TARGETS).index(row["machine"]), list(PROGRAMS).index(row["program"])


def in_own_process(program: str, machine: str, text: Path | None) -> dict[str, Any]:
    """Compile one program where no other compiler is loaded."""
    command = [sys.executable, "-m", "benchmarks.accelerators", "--one"]
    command += ["--only", program, "--machines", machine]
    command += ["--text", str(text)] if text else []
    # The host computes nothing but shapes; a GPU that is not there cannot be asked anything.
    kept = {"JAX_PLATFORMS": "cpu", "JAX_SKIP_CUDA_CONSTRAINTS_CHECK": "1"}
    kept |= {
        "JAX_ENABLE_COMPILATION_CACHE": "false"
    }  # or the time to compile would be that to read
    kept |= {"ALLOW_MULTIPLE_LIBTPU_LOAD": "1", "TPU_SKIP_MDS_QUERY": "1"}
    kept |= {"TPU_ACCELERATOR_TYPE": "v5litepod-4", "TPU_WORKER_HOSTNAMES": "localhost"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | kept)
    if done.returncode:
        sys.exit(f"{program} could not be compiled for {machine}, see the error above")
    return json.loads(done.stdout.splitlines()[-1])


def measure(program: str, machine: str, keep: Path | None = None) -> dict[str, Any]:
    """Compile one program for one kind of machine and say what came out."""
    import jax

    target = TARGETS[machine]
    lowered = PROGRAMS[program](devices_of(target))
    start = time.process_time()
    compiled = lowered.compile()
    seconds = time.process_time() - start
    text = compiled.as_text()
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{program}_{machine}.txt").write_text(text)
    row = {"program": program, "machine": machine, "jax": jax.__version__}
    row |= {"compile_cpu_seconds": round(seconds, 1), "peak_bytes": peak(compiled)}
    kernels = read_kernels(text)
    return row | summarise(kernels, target) | estimate(compiled, kernels)


def devices_of(target: Target, number: int = 4) -> list[Any]:
    """Return devices that stand for a machine's; programs may be compiled for them, not run."""
    from jax.experimental import topologies

    if target.platform == "tpu":
        return list(topologies.get_topology_desc(target.topology, platform="tpu").devices)
    made = topologies.get_topology_desc(
        target.name, platform="cuda", target_config=describe(target), topology=f"1x1x{number}"
    )
    return list(made.devices)


def peak(compiled: Any) -> int:
    """Bytes of a device's memory: what is given, what comes out elsewhere, and what is between."""
    sizes = compiled.memory_analysis()
    kept = sizes.argument_size_in_bytes + sizes.output_size_in_bytes - sizes.alias_size_in_bytes
    return int(kept + sizes.temp_size_in_bytes)


def estimate(compiled: Any, kernels: Iterable[Kernel]) -> dict[str, Any]:
    """Return what XLA itself expects of a TPU: bytes of all memories, milliseconds, cycles.

    Its milliseconds are those of memory alone, and of some programs it knows none; its cycles count
    what the units do, one kernel after the other.
    """
    costs = compiled.cost_analysis() or {}
    if "optimal_seconds" not in costs:
        return {}
    told: dict[str, Any] = {"xla_bytes": int(costs["bytes accessed"])}
    if costs["optimal_seconds"] > 0:
        told["xla_ms"] = round(1e3 * costs["optimal_seconds"], 3)
    return told | {"xla_cycles": sum(kernel.cycles * kernel.times for kernel in kernels)}


def summarise(kernels: Iterable[Kernel], target: Target) -> dict[str, Any]:
    """Add up kernels and say what takes the time of the roofline.

    Returns:
      Counts, bytes, operations; milliseconds by kind of kernel (``launches`` among them) and of the
      ten layers that take most.
    """
    kinds: dict[str, float] = defaultdict(float)
    layers: dict[str, float] = defaultdict(float)
    total = {"kernels": 0, "copies": 0, "copied_bytes": 0, "moved_bytes": 0, "operations": 0}
    for kernel in kernels:
        rate = target.rates.get(kernel.numbers, target.rates["bf16"])
        seconds = max(kernel.operations / rate, kernel.bytes / target.bandwidth) * kernel.times
        kinds[kernel.kind] += seconds
        layers[layer(kernel.name)] += seconds
        kinds["launches"] += target.launch * kernel.times
        total["kernels"] += kernel.times * (kernel.kind != "prefetch")
        total["moved_bytes"] += kernel.bytes * kernel.times
        total["operations"] += kernel.operations * kernel.times
        if kernel.kind == "copy":
            total["copies"] += kernel.times
            total["copied_bytes"] += kernel.bytes * kernel.times
    return total | {
        "roofline_ms": round(1e3 * sum(kinds.values()), 3),
        "kinds_ms": _largest(kinds, len(kinds)),
        "layers_ms": _largest(layers, 10),
    }


def _largest(seconds: dict[str, float], number: int) -> dict[str, float]:
    ordered = sorted(seconds.items(), key=lambda item: -item[1])[:number]
    return {name: round(1e3 * value, 4) for name, value in ordered if value}


def layer(name: str) -> str:
    """Shorten an operation's path to its network, layer and whether it is a gradient.

    >>> layer("jit(step)/transpose(jvp(UNet))/down_3/norm/reduce_sum")
    'UNet/down_3/norm, gradient'
    """
    words = re.sub(r"\b(?:jit|jvp|transpose|vmap|pmap|closed_call|checkpoint)\b", "", name)
    parts = [part.strip("()") for part in words.split("/")]
    inner = r"<|step|_steps|while|body|cond$|branch_"
    parts = [part for part in parts[:-1] if part and not re.match(inner, part)]
    short = "/".join(parts) or parts[-1] if parts else name.rpartition("/")[2]
    return short + (", gradient" if "transpose(jvp" in name else "")


def table(rows: list[dict[str, Any]]) -> str:
    """Write rows as a Markdown table."""
    lines = [HEADER]
    for x in rows:
        largest = list(x["kinds_ms"].items())[:4]
        own = {"xla_bytes": (1e9, "GB"), "xla_cycles": (1e6, "million cycles")}
        cells = [
            x["program"],
            TARGETS[x["machine"]].name.removesuffix(" 80GB HBM3"),
            f"{x['peak_bytes'] / 1e9:.3g}",
            f"{x['kernels']:,}",
            f"{x['copies']} ({x['copied_bytes'] / 1e9:.2f})",
            f"{x['moved_bytes'] / 1e9:.2f}",
            f"{x['operations'] / 1e9:,.0f}",
            f"{x['roofline_ms']:.2f}",
            ", ".join(f"{kind} {ms:.2f}" for kind, ms in largest),
            ", ".join(f"{x[key] / one:.2f} {unit}" for key, (one, unit) in own.items() if key in x),
            f"{x['compile_cpu_seconds']:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
