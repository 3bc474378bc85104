"""Ten minutes on a device that this library has not run on: is it right, and how fast is it?

    benchmarks/first_light.sh                  # on a GPU or TPU
    python -m benchmarks.first_light --small   # tiny networks, to see it run through anywhere

Every part runs in a process of its own within its own time, and one that fails says so in the table
while the others go on. Exit code 1 if a number of the device is not the CPU's within its bounds.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

SECONDS = 600
"""Of everything together."""

LIMITS = {
    "equality": 150,
    "step": 200,
    "graphs": 100,
    "torch": 60,
    "adapt": 60,
    "toycity": 150,
    "processes": 60,
}
"""Seconds that each part may take at most."""

GRAPHS = "--xla_gpu_enable_command_buffer=+convolution"
"""Lets XLA launch convolutions with what is around them as one CUDA graph; since JAX 0.11."""


def main() -> None:
    """Run all parts and write what they say, or be one part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/first_light"))
    parser.add_argument("--small", action="store_true", help="tiny networks and a few steps")
    parser.add_argument("--only", nargs="*", default=list(LIMITS), choices=LIMITS)
    parser.add_argument("--part", choices=["machine", *LIMITS], help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    if args.part:
        from benchmarks.first_light_parts import PARTS

        print(json.dumps(PARTS[args.part](args.small, args.output)))
        return
    until = time.monotonic() + SECONDS
    found = {"machine": run_part("machine", args, until)}
    for part in args.only:
        print(f"{part} ...", file=sys.stderr, flush=True)
        found[part] = run_part(part, args, until)
        (args.output / "first_light.json").write_text(json.dumps(found, indent=1) + "\n")
    text = describe(found)
    (args.output / "first_light.md").write_text(text)
    print(text)
    sys.exit(0 if all(row["within"] for row in rows(found, "equality")) else 1)


def run_part(part: str, args: argparse.Namespace, until: float) -> dict[str, Any]:
    """Run one part for as long as it may take; what goes wrong is its result."""
    command = [sys.executable, "-m", "benchmarks.first_light", "--part", part]
    command += ["--output", str(args.output)] + (["--small"] if args.small else [])
    seconds = min(LIMITS.get(part, 60), until - time.monotonic())
    if seconds <= 0:
        return {"failed": "no time was left"}
    log = args.output / f"{part}.log"
    with log.open("w") as errors:
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=seconds,
                env=environment(part, os.environ, jaxlib_version()),
            )
        except subprocess.TimeoutExpired as stopped:
            told = f"took more than {seconds:.0f} s, see {log}"
            return last_table(stopped.stdout) | {"failed": told}
    if done.returncode:
        last = log.read_text().strip().splitlines()[-1:] or ["no word"]
        told = f"exit code {done.returncode}: {last[0]}"
        return last_table(done.stdout) | {"failed": told}
    return last_table(done.stdout)


def last_table(printed: bytes | str | None) -> dict[str, Any]:
    r"""Read the last whole table that a part printed; it prints one after every row.

    >>> last_table(b'{"rows": [1]}\n{"rows": [1, 2]}\n{"rows": [1, ')
    {'rows': [1, 2]}
    >>> last_table(None)
    {}
    """
    text = printed.decode() if isinstance(printed, bytes) else printed or ""
    whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return json.loads(whole[-1]) if whole else {}


def environment(
    part: str, given: Mapping[str, str], jaxlib: tuple[int, ...] = (0, 10)
) -> dict[str, str]:
    """Leave the device to whom it is for, and let the CPU be asked beside it.

    Args:
      part: that is to run.
      given: this process's own environment.
      jaxlib: its version; earlier ones end at once where they are given a flag that is new.

    >>> environment("torch", {"JAX_PLATFORMS": "cuda"})["JAX_PLATFORMS"]
    'cpu'
    """
    changed = dict(given)
    platforms = given.get("JAX_PLATFORMS", "")
    if part == "torch":
        changed["JAX_PLATFORMS"] = "cpu"
    elif platforms and "cpu" not in platforms:
        changed["JAX_PLATFORMS"] = f"{platforms},cpu"
    if part == "graphs" and jaxlib >= (0, 11):
        changed["XLA_FLAGS"] = f"{given.get('XLA_FLAGS', '')} {GRAPHS}".strip()
    if part == "processes":  # their parent counts the GPUs, and would keep most of one
        changed["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    return changed


def jaxlib_version() -> tuple[int, ...]:
    """Read the version of the installed XLA without loading it."""
    return tuple(int(x) for x in metadata.version("jaxlib").split(".")[:2])


def rows(found: dict[str, Any], part: str) -> list[dict[str, Any]]:
    """Return the rows of a part's table; none where it did not come to its end."""
    return found.get(part, {}).get("rows", [])


def describe(found: dict[str, Any]) -> str:
    """Write everything found as Markdown."""
    machine = found["machine"]
    lines = [f"## First light: {machine.get('devices', machine.get('failed'))}", ""]
    lines += [f"{name}: {value}  " for name, value in machine.items() if name != "devices"]
    for part, title in TITLES.items():
        if part not in found:
            continue
        lines += ["", f"### {title}", ""]
        table = rows(found, part)
        if "failed" in found[part]:
            lines += [f"Failed: {found[part]['failed']}", ""]
        if not table:
            lines += [found[part]["skipped"]] if "skipped" in found[part] else []
            continue
        names = list(dict.fromkeys(name for row in table for name in row))
        lines += [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
        lines += [f"| {' | '.join(_cell(row.get(name)) for name in names)} |" for row in table]
    return "\n".join(lines) + "\n"


TITLES = {
    "equality": "The device against the CPU (float32): distance relative to the CPU's length",
    "step": "A training step",
    "graphs": "The same step, convolutions within CUDA graphs",
    "torch": "The same step in eager PyTorch",
    "adapt": "Adapting one image, uint8 from and to the host",
    "toycity": "Training on the toy city",
    "processes": "Two processes, one GPU each",
}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
